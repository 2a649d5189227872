"""Arguments, shapes and buffers: what is taken, and what is refused before anything is written."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from medfast.errors import ConfigError, InvalidValueError, ShapeError
from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
    functional,
)

FLOAT = ToDtype("float32", scale=True)
FLIP = RandomHorizontalFlip()
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ColorJitter(brightness=-0.1), r"brightness >= 0, got -0\.1"),
        (lambda: ColorJitter(contrast=float("nan")), "contrast >= 0, got nan"),
        (lambda: ColorJitter(contrast="much"), r"a number or a pair \(min, max\), got 'much'"),
        (lambda: ColorJitter(brightness=(1, 2, 3)), r"a pair \(min, max\), got \(1, 2, 3\)"),
        (lambda: ColorJitter(brightness=(1.5, 0.5)), r"0 <= min <= max.*got \(1\.5, 0\.5\)"),
        (lambda: ColorJitter(contrast=float("inf")), r"contrast as .*finite in float32, got \(0"),
        (lambda: RandomHorizontalFlip(1.5), r"RandomHorizontalFlip: .*p in \[0, 1\], got 1\.5"),
        (lambda: RandomVerticalFlip(-1), r"RandomVerticalFlip: .*p in \[0, 1\], got -1"),
        (
            lambda: RandomVerticalFlip("half"),
            "RandomVerticalFlip: p: expected a number, got 'half'",
        ),
        (lambda: ToDtype("float23"), "'float23'; did you mean 'float32'"),
        (lambda: ToDtype(np.int64), "int64"),
        (lambda: ToDtype("float32", scale=1), "scale=True or scale=False, got 1"),
        (lambda: Normalize(0.5, 0.5), "mean as a list of one number per channel, got 0.5"),
        (lambda: Normalize([0.5], ["x"]), "std as a list"),
        (lambda: Normalize([0.5, 0.5], [0.5]), "got 2 means and 1 stds"),
        (lambda: Normalize([], []), "got 0 means and 0 stds"),
        (lambda: Normalize([0.5, 0.5], [0.5, 0.0]), "not zero in float32, got 0 for channel 1"),
        (lambda: Normalize([float("inf")], [1.0]), "mean that is finite"),
        (lambda: Compose([FLIP], layout="NWHC"), "layout 'NWHC'; did you mean"),
        (
            lambda: Compose(FLIP),
            "a list of transforms, got medfast.transforms.RandomHorizontalFlip",
        ),
        (lambda: Compose([FLIP, abs]), "at position 1, got builtins.builtin_function_or_method"),
        (lambda: Compose([FLIP, Compose([])]), "at position 1, got medfast.transforms.Compose"),
        (lambda: Compose([FLIP, Normalize([0.5], [0.5])]), "Normalize at position 1 .*ToDtype"),
        (lambda: Compose([ToDtype("uint8"), Normalize([0.5], [0.5])]), "Normalize at position 1"),
        (lambda: Compose([FLOAT, ColorJitter(0.1)]), "ColorJitter at position 1 .* position 0"),
        (lambda: Compose([FLOAT, FLIP, FLOAT]), "one at position 0 and one at position 2"),
        (
            lambda: Compose(
                [FLOAT, Normalize([0.0] * 3, [1.0] * 3), Normalize([0.0] * 2, [1.0] * 2)]
            ),
            "position 2: expected 3 values",
        ),
        (lambda: Compose([FLIP] * 5000), "at most 4096 transforms in a pipeline, got 5000"),
    ],
)
def test_wrong_settings_say_what_is_wrong(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES.tolist(), "numpy array or a torch tensor, got builtins.list"),
        (IMAGES.astype(np.float32), "uint8, got float32"),
        (IMAGES > 7, "uint8, got bool"),
        (IMAGES[0, 0], r"\(N, H, W, C\), got \(4, 3\)"),
        (IMAGES[np.newaxis], r"got \(1, 6, 5, 4, 3\)"),
        (IMAGES[..., :2], "1 or 3 channels, got 2"),
    ],
)
def test_wrong_images(images: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        Compose([ColorJitter(0.1)])(images)


def test_a_normalisation_for_other_channels() -> None:
    pipeline = Compose([FLOAT, Normalize([0.5] * 3, [0.5] * 3)])
    with pytest.raises(ShapeError, match="values for 3 channels, the images have 1"):
        pipeline(IMAGES[..., 0])


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ([0, 6], InvalidValueError, "index 6 at position 1 is outside the 6 images"),
        ([0, 2, -1], InvalidValueError, "index -1 at position 2"),
        ([0, 1.0], ShapeError, "integers, got 1-D of float64"),
        (np.ones(6, bool), ShapeError, "1-D of bool; numpy.flatnonzero"),
        ([[0, 1]], ShapeError, "got 2-D"),
        (3, ShapeError, "sequence of integers, got 3"),
        ([[0], [1, 2]], ShapeError, "sequence of integers"),
        ("012", ShapeError, "integers"),
        ([2**64], ShapeError, "integers"),
    ],
)
def test_wrong_index(index: Any, error: type[Exception], message: str) -> None:
    out = np.full((len(index) if hasattr(index, "__len__") else 1, 3, 5, 4), 99, np.uint8)
    with pytest.raises(error, match=message):
        Compose([FLIP])(IMAGES, index=index, out=out)
    assert (out == 99).all()


@pytest.mark.parametrize(
    "index",
    [
        [4, 0, 4],
        (4, 0, 4),
        np.array([4, 0, 4], np.uint8),
        np.array([4, 9, 0, 9, 4])[::2],
        np.array([4, 0, 4], ">i4"),
        iter([4, 0, 4]),
    ],
)
def test_any_sequence_of_rows(index: Any) -> None:
    pipeline = Compose([ColorJitter(0.5, 0.5), FLIP])
    np.testing.assert_array_equal(pipeline(IMAGES, index=index), pipeline(IMAGES)[[4, 0, 4]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed as an integer from 0 to 18446744073709551615, got -1"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1.0}, "seed .* got 1.0"),
        ({"epoch": 2**32}, "epoch as an integer from 0 to 4294967295"),
        ({"threads": 0}, "threads as an integer from 1 to 1024, got 0"),
        ({"threads": "all"}, "threads"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Compose([FLIP])(IMAGES, **options)


def test_the_largest_seed_and_epoch_are_taken() -> None:
    largest = {"seed": np.uint64(2**64 - 1), "epoch": 2**32 - 1}
    assert Compose([FLIP])(IMAGES, **largest).shape == (6, 3, 5, 4)
    assert Compose([FLIP]).parameters(2**63 - 1, **largest)[0]["applied"] in (False, True)
    with pytest.raises(InvalidValueError, match=r"index as an integer from 0 .* got -1"):
        Compose([FLIP]).parameters(-1)


def misaligned(shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape)) * 4
    return np.zeros(size + 1, np.uint8)[1:].view(np.float32).reshape(shape)


def read_only(shape: tuple[int, ...]) -> np.ndarray:
    array = np.zeros(shape, np.float32)
    array.flags.writeable = False
    return array


SHAPE = (6, 3, 5, 4)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ([], "numpy array or a torch tensor, got builtins.list"),
        (np.zeros((5, 3, 5, 4), np.float32), r"shape \(6, 3, 5, 4\) and dtype float32, got \(5, 3"),
        (np.zeros((6, 5, 4, 3), np.float32), r"got \(6, 5, 4, 3\)"),
        (np.zeros(SHAPE, np.uint8), "and uint8"),
        (np.zeros(SHAPE, ">f4"), "and >f4"),
        (np.zeros(SHAPE, np.float32, order="F"), "C-contiguous"),
        (np.zeros((6, 3, 5, 8), np.float32)[..., ::2], "C-contiguous"),
        (misaligned(SHAPE), "aligned"),
        (read_only(SHAPE), "writeable"),
    ],
)
def test_wrong_out(out: Any, message: str) -> None:
    before = copy.deepcopy(out)
    with pytest.raises(ShapeError, match=message):
        Compose([FLOAT])(IMAGES, out=out)
    np.testing.assert_array_equal(out, before)


def test_out_must_be_apart_from_the_images() -> None:
    buffer = np.random.default_rng(0).integers(0, 256, 8 * 25, dtype=np.uint8)
    before = buffer.copy()
    images, out = buffer[: 4 * 25].reshape(4, 5, 5), buffer[3 * 25 : 7 * 25].reshape(4, 1, 5, 5)
    with pytest.raises(ShapeError, match="overlap"):
        Compose([FLIP])(images, out=out)
    np.testing.assert_array_equal(buffer, before)
    beside = buffer[4 * 25 :].reshape(4, 1, 5, 5)
    assert Compose([])(images, out=beside) is beside
    np.testing.assert_array_equal(beside[:, 0], images)


def test_images_are_left_as_they_are() -> None:
    before = IMAGES.copy()
    Compose([ColorJitter(0.9, 0.9), FLIP, FLOAT])(IMAGES)
    Compose([ColorJitter(0.9, 0.9), FLIP])(IMAGES[..., 0])
    np.testing.assert_array_equal(IMAGES, before)


def test_out_is_written_where_it_lies_and_nowhere_else() -> None:
    whole = np.full((8, 3, 5, 4), np.nan, np.float32)
    pipeline = Compose([FLIP, FLOAT])
    written = pipeline(IMAGES, out=whole[1:7])
    assert written.ctypes.data == whole[1:7].ctypes.data
    np.testing.assert_array_equal(written, pipeline(IMAGES))
    assert np.isnan(whole[[0, 7]]).all()


@pytest.mark.parametrize(
    ("images", "layout", "shape"),
    [
        (IMAGES, "NCHW", (6, 3, 5, 4)),
        (IMAGES, "NHWC", (6, 5, 4, 3)),
        (IMAGES[..., 0], "NCHW", (6, 1, 5, 4)),
        (IMAGES[..., 0], "NHWC", (6, 5, 4, 1)),
        (IMAGES[..., :2], "NCHW", (6, 2, 5, 4)),
        (IMAGES[:0], "NCHW", (0, 3, 5, 4)),
        (IMAGES[:, :0], "NHWC", (6, 0, 4, 3)),
        (IMAGES[..., :0], "NCHW", (6, 0, 5, 4)),
    ],
)
def test_shapes_and_layouts(images: np.ndarray, layout: str, shape: tuple[int, ...]) -> None:
    gathered = Compose([], layout)(images)
    assert (gathered.shape, gathered.dtype) == (shape, np.uint8)
    channels_last = images.reshape(*images.shape[:3], -1) if images.size else images
    if images.size:
        expected = channels_last if layout == "NHWC" else channels_last.transpose(0, 3, 1, 2)
        np.testing.assert_array_equal(gathered, expected)
    assert Compose([FLIP, FLOAT], layout)(images).shape == shape


def test_no_rows_are_fine() -> None:
    empty = Compose([FLOAT])(IMAGES, index=[])
    assert (empty.shape, empty.dtype) == ((0, 3, 5, 4), np.float32)


def test_the_repr_says_the_pipeline() -> None:
    pipeline = Compose([ColorJitter(0.25), FLIP, FLOAT, Normalize([0.5], [0.5])], layout="NHWC")
    assert repr(pipeline) == (
        "Compose([\n"
        "    ColorJitter(brightness=(0.75, 1.25)),\n"
        "    RandomHorizontalFlip(p=0.5),\n"
        "    ToDtype(dtype='float32', scale=True),\n"
        "    Normalize(mean=(0.5,), std=(0.5,)),\n"
        "], layout='NHWC')"
    )
    assert eval(repr(pipeline)) == pipeline  # noqa: S307
    assert repr(Compose([])) == "Compose([], layout='NCHW')"


def through_pickle(pipeline: Compose) -> Compose:
    return pickle.loads(pickle.dumps(pipeline))  # noqa: S301


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, through_pickle])
def test_copies_are_equal_and_work(duplicate: Callable[[Compose], Compose]) -> None:
    pipeline = Compose([ColorJitter(0.5, 0.5), FLIP, FLOAT], layout="NHWC")
    twin = duplicate(pipeline)
    assert twin == pipeline
    assert hash(twin) == hash(pipeline)
    assert twin != Compose(pipeline.transforms)
    np.testing.assert_array_equal(twin(IMAGES, seed=5), pipeline(IMAGES, seed=5))


def test_transforms_cannot_change_under_a_pipeline() -> None:
    with pytest.raises(AttributeError):
        FLIP.p = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Compose([]).layout = "NHWC"  # type: ignore[misc]


def test_many_threads_may_share_a_pipeline_and_images() -> None:
    images = np.random.default_rng(1).integers(0, 256, (200, 28, 28), dtype=np.uint8)
    pipeline = Compose([ColorJitter(0.5, 0.5), FLIP, FLOAT])
    expected = pipeline(images, seed=1)
    found: list[np.ndarray] = []

    def work() -> None:
        found.extend(pipeline(images, seed=1, threads=2) for _ in range(5))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 20
    assert all(np.array_equal(batch, expected) for batch in found)


def test_tensors_give_tensors() -> None:
    torch = pytest.importorskip("torch")
    images = np.random.default_rng(0).integers(0, 256, (5, 6, 7), np.uint8)
    pipeline = Compose([RandomHorizontalFlip(), ToDtype("float32", scale=True)])
    expected = pipeline(images, seed=3)
    found = pipeline(torch.from_numpy(images), seed=3)
    assert isinstance(found, torch.Tensor)
    assert np.array_equal(found.numpy(), expected)
    out = torch.empty(expected.shape)
    assert pipeline(images, seed=3, out=out) is out
    assert np.array_equal(out.numpy(), expected)
    flipped = functional.horizontal_flip(torch.from_numpy(images))
    assert np.array_equal(flipped.numpy(), images[:, :, ::-1])
    with pytest.raises(ShapeError, match="without gradient"):
        pipeline(images, out=torch.empty(expected.shape, requires_grad=True))
    with pytest.raises(ShapeError, match=r"uint8, got float32"):
        pipeline(torch.zeros(5, 6, 7))
