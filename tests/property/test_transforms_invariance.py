"""A sample's result depends on its row, the seed and the epoch: on nothing else about the call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medfast.transforms import (
    AugMix,
    CenterCrop,
    ColorJitter,
    Compose,
    GaussianNoise,
    Grayscale,
    Normalize,
    Pad,
    RandAugment,
    RandomAdjustSharpness,
    RandomAffine,
    RandomApply,
    RandomChoice,
    RandomCrop,
    RandomEqualize,
    RandomErasing,
    RandomGamma,
    RandomHorizontalFlip,
    RandomInvert,
    RandomOrder,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
    Resize,
    ToDtype,
    Transform,
    TrivialAugmentWide,
)

ROWS = 23
JITTERS = st.builds(ColorJitter, st.floats(0, 2), st.none() | st.floats(0, 2))
FLIPS = st.sampled_from([RandomHorizontalFlip(), RandomVerticalFlip(0.7)])
# For images of any size, which they keep.
KEEPING = st.sampled_from(
    [
        ColorJitter(0.5, 0.5, 0.5, 0.2),
        RandomRotation(40, "bilinear"),
        RandomAffine(20, (0.2, 0.2), (0.7, 1.3), 10),
        RandomErasing(0.7),
        RandomInvert(),
        RandomEqualize(),
        RandomGamma(),
        RandomAdjustSharpness(2.0),
        TrivialAugmentWide(),
        RandAugment(),
        AugMix(),
        GaussianNoise(),
    ]
)
NESTED = st.recursive(
    KEEPING | FLIPS,
    lambda inner: st.one_of(
        st.builds(RandomApply, st.lists(inner, min_size=1, max_size=3), st.floats(0, 1)),
        st.builds(RandomChoice, st.lists(inner, min_size=1, max_size=3)),
        st.builds(RandomOrder, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)
SIZING = st.sampled_from(
    [
        RandomCrop(9, 4),
        RandomResizedCrop(7),
        Resize(6),
        Resize((11, 8), "nearest"),
        Pad((1, 2)),
        CenterCrop((9, 12)),
        Grayscale(3),
    ]
)
RANDOM = NESTED | SIZING
FLOATS: list[list[Transform]] = [
    [],
    [ToDtype("float32", scale=True), Normalize([0.4], [0.3])],
    [ToDtype("float32"), RandomVerticalFlip()],
]


@st.composite
def pipelines(draw: st.DrawFn) -> Compose:
    # Jitter and flips alone take a way of their own.
    steps = draw(st.lists(draw(st.sampled_from([JITTERS | FLIPS, FLIPS | RANDOM])), max_size=4))
    return Compose(
        [*steps, *draw(st.sampled_from(FLOATS))], draw(st.sampled_from(["NCHW", "NHWC"]))
    )


@st.composite
def batches(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 18)), draw(st.integers(1, 18))
    channels = draw(st.sampled_from([1, 3]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.integers(0, 256, (ROWS, height, width, channels), dtype=np.uint8)


keys = st.fixed_dictionaries(
    {"seed": st.integers(0, 2**64 - 1), "epoch": st.integers(0, 2**32 - 1)}
)


@given(pipelines(), batches(), keys, st.permutations(range(ROWS)), st.integers(1, ROWS))
def test_order_split_and_threads_do_not_matter(
    pipeline: Compose, images: np.ndarray, key: dict[str, int], order: list[int], split: int
) -> None:
    whole = pipeline(images, **key, threads=1)
    for threads in (2, 7):
        shuffled = pipeline(images, index=order, **key, threads=threads)
        np.testing.assert_array_equal(shuffled, whole[order])
    parts = [pipeline(images, index=rows, **key) for rows in np.split(np.array(order), [split])]
    np.testing.assert_array_equal(np.concatenate(parts), shuffled)


@given(pipelines(), batches(), keys, st.lists(st.integers(0, ROWS - 1), max_size=60))
def test_a_row_that_comes_again_is_the_same_again(
    pipeline: Compose, images: np.ndarray, key: dict[str, int], index: list[int]
) -> None:
    np.testing.assert_array_equal(
        pipeline(images, index=index, **key), pipeline(images, **key)[index]
    )


@given(pipelines(), batches(), keys, st.data())
def test_strides_do_not_matter(
    pipeline: Compose, images: np.ndarray, key: dict[str, int], data: st.DataObject
) -> None:
    axes = data.draw(st.permutations(range(4)))
    steps = data.draw(st.tuples(*[st.sampled_from([1, -1, 2, -3])] * 3))
    moved = np.ascontiguousarray(images.transpose(axes)).transpose(np.argsort(axes))
    view = moved[tuple(slice(None, None, step) for step in steps)]
    np.testing.assert_array_equal(
        pipeline(view, **key), pipeline(np.ascontiguousarray(view), **key)
    )


@pytest.mark.parametrize("threads", [2, 7])
@pytest.mark.parametrize(
    "steps",
    [
        [ColorJitter(0.4, 0.4), RandomHorizontalFlip(), ToDtype("float32")],
        [RandomCrop(28, 4), RandomRotation(20, "bilinear"), RandomErasing()],
        [TrivialAugmentWide(), RandomResizedCrop(24), ToDtype("float32", scale=True)],
    ],
    ids=str,
)
def test_batches_of_many_chunks(steps: list[Transform], threads: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), dtype=np.uint8)
    pipeline = Compose(steps)
    alone = pipeline(images, seed=3, threads=1)
    np.testing.assert_array_equal(pipeline(images, seed=3, threads=threads), alone)
    np.testing.assert_array_equal(pipeline(images, seed=3), alone)


@given(st.lists(FLIPS | RANDOM, max_size=4), st.lists(FLIPS | RANDOM, max_size=3), keys)
def test_what_comes_later_does_not_change_what_is_drawn(
    steps: list[Transform], later: list[Transform], key: dict[str, int]
) -> None:
    for row in (0, 5, 2**40):
        alone = Compose(steps).parameters(row, **key, shape=(28, 26, 3))
        longer = Compose([*steps, *later]).parameters(row, **key, shape=(28, 26, 3))
        assert longer[: len(steps)] == alone


@given(NESTED, keys, st.sampled_from(["seed", "epoch", "row", "position"]))
def test_another_key_changes_what_is_drawn(
    step: Transform, key: dict[str, int], changed: str
) -> None:
    """An angle after it, drawn from 2**32, shows that its position has moved on as well."""
    pipeline = Compose([step, RandomRotation(180)])
    other = {**key}
    if changed == "position":
        moved = Compose([ToDtype("uint8"), *pipeline.transforms])
    else:
        moved = pipeline
        if changed != "row":
            other[changed] = (key[changed] + 1) % 2**32
    rows = range(5, 9)
    before = [pipeline.parameters(row, **key)[-1] for row in rows]
    after = [moved.parameters(row + 10 * (changed == "row"), **other)[-1] for row in rows]
    assert all(one != two for one, two in zip(before, after, strict=True))


@given(NESTED, keys)
def test_the_same_key_draws_the_same_again(step: Transform, key: dict[str, int]) -> None:
    pipeline, twin = Compose([step]), Compose([step])
    for row in range(5):
        assert pipeline.parameters(row, **key) == twin.parameters(row, **key)


def test_the_ranks_of_a_distributed_run_agree_with_one_process() -> None:
    images = np.random.default_rng(1).integers(0, 256, (50, 9, 9, 3), dtype=np.uint8)
    pipeline = Compose([ColorJitter(0.4, 0.4), RandomVerticalFlip(), TrivialAugmentWide()])
    order = np.random.default_rng(2).permutation(50)
    whole = pipeline(images, index=order, seed=4, epoch=9)
    for rank in range(3):
        mine = pipeline(images, index=order[rank::3], seed=4, epoch=9)
        np.testing.assert_array_equal(mine, whole[rank::3])
