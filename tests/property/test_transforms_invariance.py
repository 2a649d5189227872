"""A sample's result depends on its row, the seed and the epoch: on nothing else about the call."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
    Transform,
)

ROWS = 23
JITTERS = st.builds(ColorJitter, st.floats(0, 2), st.none() | st.floats(0, 2))
FLIPS = st.sampled_from([RandomHorizontalFlip(), RandomVerticalFlip(0.7)])
FLOATS: list[list[Transform]] = [
    [],
    [ToDtype("float32", scale=True), Normalize([0.4], [0.3])],
    [ToDtype("float32"), RandomVerticalFlip()],
]


@st.composite
def pipelines(draw: st.DrawFn) -> Compose:
    steps = draw(st.lists(JITTERS | FLIPS, max_size=4))
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


@settings(deadline=None)
@given(pipelines(), batches(), keys, st.permutations(range(ROWS)), st.integers(1, ROWS))
def test_order_split_and_threads_do_not_matter(
    pipeline: Compose, images: np.ndarray, key: dict[str, int], order: list[int], split: int
) -> None:
    whole = pipeline(images, **key, threads=1)
    shuffled = pipeline(images, index=order, **key, threads=7)
    np.testing.assert_array_equal(shuffled, whole[order])
    parts = [pipeline(images, index=rows, **key) for rows in np.split(np.array(order), [split])]
    np.testing.assert_array_equal(np.concatenate(parts), shuffled)


@settings(deadline=None)
@given(pipelines(), batches(), keys, st.lists(st.integers(0, ROWS - 1), max_size=60))
def test_a_row_that_comes_again_is_the_same_again(
    pipeline: Compose, images: np.ndarray, key: dict[str, int], index: list[int]
) -> None:
    np.testing.assert_array_equal(
        pipeline(images, index=index, **key), pipeline(images, **key)[index]
    )


@settings(deadline=None)
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
def test_batches_of_many_chunks(threads: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), dtype=np.uint8)
    pipeline = Compose([ColorJitter(0.4, 0.4), RandomHorizontalFlip(), ToDtype("float32")])
    alone = pipeline(images, seed=3, threads=1)
    np.testing.assert_array_equal(pipeline(images, seed=3, threads=threads), alone)
    np.testing.assert_array_equal(pipeline(images, seed=3), alone)


def test_the_ranks_of_a_distributed_run_agree_with_one_process() -> None:
    images = np.random.default_rng(1).integers(0, 256, (50, 9, 9, 3), dtype=np.uint8)
    pipeline = Compose([ColorJitter(0.4, 0.4), RandomVerticalFlip()])
    order = np.random.default_rng(2).permutation(50)
    whole = pipeline(images, index=order, seed=4, epoch=9)
    for rank in range(3):
        mine = pipeline(images, index=order[rank::3], seed=4, epoch=9)
        np.testing.assert_array_equal(mine, whole[rank::3])
