"""Volumes: what numpy and torchvision make of each one, and what is drawn for them."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F  # noqa: N812

from chances import assert_count, assert_equally_likely
from medfast import transforms
from medfast.errors import ConfigError, ShapeError
from medfast.transforms import (
    D4,
    AugMix,
    CenterCrop,
    ColorJitter,
    Compose,
    CubicSymmetry,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    Normalize,
    Pad,
    PerImage,
    RandAugment,
    RandomAdjustSharpness,
    RandomAffine,
    RandomApply,
    RandomAutocontrast,
    RandomChoice,
    RandomCrop,
    RandomDepthFlip,
    RandomEqualize,
    RandomErasing,
    RandomGamma,
    RandomHorizontalFlip,
    RandomInvert,
    RandomOrder,
    RandomPosterize,
    RandomResizedCrop,
    RandomRotate90,
    RandomRotation,
    RandomSolarize,
    RandomVerticalFlip,
    Resize,
    ToDtype,
    Transform,
    TrivialAugmentWide,
)
from medfast.transforms import functional as ours
from noise_field import noised
from torch_grids import grid_is_unfused

N = 12
AXES = {"D": 1, "H": 2, "W": 3}
SHAPES = [(6, 5, 7, 1), (4, 4, 4, 3), (1, 3, 2, 1), (28, 28, 28, 1)]
PLANES = ["".join(axes) for axes in itertools.permutations("DHW", 2)]


def volumes(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (N, *shape), dtype=np.uint8)


def tall(function: Callable[..., Any], volume: np.ndarray, *parameters: Any) -> np.ndarray:
    """Give torchvision a volume (D, H, W, C) as one image, its slices one below the other."""
    depth, height, width, channels = volume.shape
    planes = volume.transpose(3, 0, 1, 2).reshape(channels, depth * height, width)
    found = function(torch.from_numpy(planes.copy()), *parameters).numpy()
    return found.reshape(-1, depth, height, width).transpose(1, 2, 3, 0)


def sliced(function: Callable[..., Any], volume: np.ndarray, *parameters: Any) -> np.ndarray:
    """Give torchvision each slice of a volume (D, H, W, C) alone."""
    tensors = torch.from_numpy(volume.transpose(0, 3, 1, 2).copy())
    found = torch.stack([function(tensor, *parameters) for tensor in tensors])
    return found.numpy().transpose(0, 2, 3, 1)


def cubic(volume: np.ndarray, number: float) -> np.ndarray:
    """The symmetry as the documentation has it."""
    order = list(itertools.permutations(range(3)))[int(number) // 8]
    backwards = [axis for axis, bit in enumerate((4, 2, 1)) if int(number) & bit]
    return np.flip(volume.transpose(*order, 3), backwards)


def cut(volume: np.ndarray, *window: float) -> np.ndarray:
    numbers = [int(number) for number in window]
    if len(numbers) == 4:
        numbers = [0, *numbers[:2], len(volume), *numbers[2:]]
    slices = [slice(s, s + length) for s, length in zip(numbers[:3], numbers[3:], strict=True)]
    return volume[tuple(slices)]


def middle(volume: np.ndarray, *sides: float) -> np.ndarray:
    """Crop and pad as torchvision does along each axis, the depth turned to where it can."""
    height, width = (int(side) for side in sides[-2:])
    found = sliced(F.center_crop, volume, [height, width])
    if len(sides) == 3:
        turned = found.transpose(1, 0, 2, 3)
        found = sliced(F.center_crop, turned, [int(sides[0]), width]).transpose(1, 0, 2, 3)
    return found


MODES = ["nearest", "bilinear"]


def sampling(mode: float, x: float | None, y: float | None, *fill: float) -> dict[str, Any]:
    center = None if x is None else [x, y]
    modes = F.InterpolationMode.NEAREST, F.InterpolationMode.BILINEAR
    return {"interpolation": modes[int(mode)], "center": center, "fill": list(fill) or None}


# What numpy and torchvision make of one volume (D, H, W, C), by the name of the op.
ORACLES: dict[str, Callable[..., np.ndarray]] = {
    "horizontal_flip": lambda v: np.flip(v, 2),
    "vertical_flip": lambda v: np.flip(v, 1),
    "depth_flip": lambda v: np.flip(v, 0),
    "rot90": lambda v, k, *plane: np.rot90(v, int(k), tuple(map(int, plane)) or (1, 2)),
    "cubic_symmetry": cubic,
    "crop": cut,
    "center_crop": middle,
    "erase": lambda v, i, j, h, w, *value: sliced(
        lambda t: F.erase(t, int(i), int(j), int(h), int(w), torch.tensor(value)[:, None, None]), v
    ),
    "rotate": lambda v, angle, *rest: sliced(lambda t: F.rotate(t, angle, **sampling(*rest)), v),
    "affine": lambda v, angle, x, y, scale, *rest: sliced(
        lambda t: F.affine(
            t, angle, [int(x), int(y)], scale, list(rest[:2]), **sampling(*rest[2:])
        ),
        v,
    ),
    "adjust_brightness": lambda v, factor: tall(F.adjust_brightness, v, factor),
    "adjust_contrast": lambda v, factor: tall(F.adjust_contrast, v, factor),
    "adjust_saturation": lambda v, factor: tall(F.adjust_saturation, v, factor),
    "adjust_hue": lambda v, factor: tall(F.adjust_hue, v, factor),
    "adjust_gamma": lambda v, gamma, gain: tall(F.adjust_gamma, v, gamma, gain),
    "gaussian_noise": lambda v, *values: tall(noised, v, *values),
    "invert": lambda v: tall(F.invert, v),
    "posterize": lambda v, bits: tall(F.posterize, v, int(bits)),
    "solarize": lambda v, threshold: tall(F.solarize, v, threshold),
    "autocontrast": lambda v: tall(F.autocontrast, v),
    "equalize": lambda v: tall(F.equalize, v),
    "rgb_to_grayscale": lambda v, channels: tall(F.rgb_to_grayscale, v, int(channels)),
}


def each(function: Callable[..., np.ndarray], batch: np.ndarray, *columns: Any) -> np.ndarray:
    lists = [np.broadcast_to(column, len(batch)) for column in columns]
    return np.array([function(volume, *row) for volume, *row in zip(batch, *lists, strict=True)])


# Functions


@pytest.mark.parametrize("shape", SHAPES)
def test_flips(shape: tuple[int, ...]) -> None:
    batch = volumes(shape)
    for name, axis in (("depth_flip", 1), ("vertical_flip", 2), ("horizontal_flip", 3)):
        np.testing.assert_array_equal(getattr(ours, name)(batch), np.flip(batch, axis))


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("shape", SHAPES)
def test_rot90(shape: tuple[int, ...], plane: str) -> None:
    batch = volumes(shape)
    axes = (AXES[plane[0]], AXES[plane[1]])
    for k in range(-2, 6):
        found = ours.rot90(batch, k, plane)
        np.testing.assert_array_equal(found, np.rot90(batch, k, axes))
    even = np.arange(N) % 2 * 2
    mixed = ours.rot90(batch, even, plane)
    expected = [
        np.rot90(v, k, (axes[0] - 1, axes[1] - 1)) for v, k in zip(batch, even, strict=True)
    ]
    np.testing.assert_array_equal(mixed, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_cubic_symmetries(channels: int) -> None:
    batch = np.repeat(volumes((5, 5, 5, channels)), 4, axis=0)
    numbers = np.arange(48)
    found = ours.cubic_symmetry(batch, numbers)
    np.testing.assert_array_equal(found, each(cubic, batch, numbers))
    assert len({ours.cubic_symmetry(batch[:1], number).tobytes() for number in range(48)}) == 48


@pytest.mark.parametrize("shape", [(6, 5, 7, 1), (4, 4, 4, 3)])
def test_crop(shape: tuple[int, ...]) -> None:
    batch = volumes(shape)
    np.testing.assert_array_equal(ours.crop(batch, 1, 2, 3, 2), batch[:, :, 1:4, 2:4])
    fronts, lefts = np.arange(N) % 3, np.arange(N) % 2
    found = ours.crop(batch, 1, lefts, 3, 2, front=fronts, depth=2)
    windows = (fronts, 1, lefts, 2, 3, 2)
    np.testing.assert_array_equal(found, each(cut, batch, *windows))
    padded = np.pad(batch, [(0, 0), (9, 9), (9, 9), (9, 9), (0, 0)])
    for front, top, left in itertools.product((-9, -2, 0, 3, 9), (-3, 1), (-1, 2)):
        found = ours.crop(batch, top, left, 5, 6, front=front, depth=4)
        corner = (slice(None), slice(front + 9, front + 13), slice(top + 9, top + 14))
        expected = padded[(*corner, slice(left + 9, left + 15))]
        expected = np.pad(expected, [(0, 0), (0, 4 - expected.shape[1]), *[(0, 0)] * 3])
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [3, (3, 4), (2, 3, 4), (9, 2, 8), (5, 5, 5), (1, 1, 1)])
@pytest.mark.parametrize("shape", [(6, 5, 7, 1), (4, 4, 4, 3)])
def test_center_crop(shape: tuple[int, ...], size: Any) -> None:
    batch = volumes(shape)
    sides = (size, size) if isinstance(size, int) else size
    np.testing.assert_array_equal(ours.center_crop(batch, size), each(middle, batch, *sides))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("adjust_brightness", [np.linspace(0.2, 2, N)]),
        ("adjust_contrast", [np.linspace(0.0, 3, N)]),
        ("adjust_gamma", [np.linspace(0.3, 2, N), 1]),
        ("invert", []),
        ("posterize", [np.arange(N) % 9]),
        ("solarize", [np.linspace(0, 255, N)]),
        ("autocontrast", []),
        ("equalize", []),
        ("rgb_to_grayscale", [1]),
        ("adjust_saturation", [np.linspace(0, 2, N)]),
        ("adjust_hue", [np.linspace(-0.5, 0.5, N)]),
        ("erase", [1, np.arange(N) % 3, 2, 2, 77]),
    ],
)
@pytest.mark.parametrize("shape", [(6, 5, 7, 1), (9, 8, 7, 3), (28, 28, 28, 1)])
def test_values(name: str, parameters: list[Any], shape: tuple[int, ...]) -> None:
    """Of a whole volume: its mean, its histogram, its pixels."""
    batch = volumes(shape)
    batch[1::3] //= 3
    found = getattr(ours, name)(batch, *parameters)
    np.testing.assert_array_equal(found, each(ORACLES[name], batch, *parameters))


def test_fills_of_channels() -> None:
    batch = volumes((3, 9, 9, 3))
    found = ours.erase(batch, 2, 3, 4, 5, [1, 2, 3])
    np.testing.assert_array_equal(
        found, each(lambda v: ORACLES["erase"](v, 2, 3, 4, 5, 1, 2, 3), batch)
    )
    if grid_is_unfused():
        turned = ours.rotate(batch, 30, "bilinear", fill=[1, 2, 3])
        expected = each(lambda v: ORACLES["rotate"](v, 30, 1, None, None, 1, 2, 3), batch)
        np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda v: ours.pad(v, 1), ShapeError, "pad is of images, got volumes"),
        (lambda v: ours.resize(v, (3, 3)), ShapeError, "resize is of images, got volumes"),
        (
            lambda v: ours.resized_crop(v, 0, 0, 2, 2, (3, 3)),
            ShapeError,
            "resized_crop is of images, got volumes",
        ),
        (lambda v: ours.gaussian_blur(v, 3), ShapeError, "gaussian_blur is of images"),
        (lambda v: ours.adjust_sharpness(v, 2), ShapeError, "adjust_sharpness is of images"),
        (lambda v: ours.cubic_symmetry(v, 0), ConfigError, "three sides are equal, got 6 x 5 x 7"),
        (lambda v: ours.cubic_symmetry(v[..., 0], 0), ShapeError, "cubic_symmetry is of volumes"),
        (
            lambda v: ours.cubic_symmetry(v, 48),
            ConfigError,
            "number as a whole number from 0 to 47",
        ),
        (lambda v: ours.rot90(v, [0, 1] * 6, "DH"), ConfigError, "all images one size"),
        (lambda v: ours.rot90(v, 1, "HH"), ConfigError, "plane as two of the axes .* got 'HH'"),
        (lambda v: ours.rot90(v, 1, (1, 2)), ConfigError, "plane as two of the axes"),
        (lambda v: ours.rot90(v[:, 0], 1, "DH"), ShapeError, "rot90 of a plane is of volumes"),
        (lambda v: ours.depth_flip(v[:, 0]), ShapeError, "depth_flip is of volumes, got images"),
        (lambda v: ours.crop(v[:, 0], 0, 0, 1, 1, depth=1), ShapeError, "is of volumes"),
        (lambda v: ours.crop(v, 0, 0, 1, 1, depth=0), ConfigError, "depth as a whole number of 1"),
        (lambda v: ours.center_crop(v[:, 0], (1, 1, 1)), ShapeError, "is of volumes, got images"),
        (lambda v: ours.crop(v, 0, 0, 2**20, 2**20, depth=2**20), ConfigError, "fewer than"),
        (lambda v: ours.invert(v[:, :0]), ShapeError, "at least one voxel, got shape"),
        (lambda v: ours.invert(v[..., np.newaxis]), ShapeError, r"or volumes of shape \(N, D, H"),
    ],
)
def test_what_has_no_meaning(
    call: Callable[[np.ndarray], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(volumes((6, 5, 7, 1)))


# Pipelines

STEPS: list[Transform] = [
    RandomHorizontalFlip(),
    RandomVerticalFlip(),
    RandomDepthFlip(),
    RandomCrop((3, 4, 2)),
    RandomCrop((4, 5)),
    CenterCrop((9, 3, 4)),
    CenterCrop(4),
    ColorJitter(0.5, 0.5),
    ColorJitter(0.5, 0.5, 0.5, 0.2),
    RandomErasing(0.9),
    RandomRotation(40, "bilinear", fill=9),
    RandomAffine(20, (0.2, 0.2), (0.7, 1.3), 10),
    RandomInvert(),
    RandomGamma(),
    RandomPosterize(3),
    RandomSolarize(99),
    RandomAutocontrast(),
    RandomEqualize(),
    GaussianNoise(),
    Grayscale(),
    RandomApply([RandomDepthFlip(), GaussianNoise(), RandomRotation(9)], 0.8),
    RandomChoice([RandomDepthFlip(1.0), ColorJitter(0.3), RandomErasing(1.0)]),
    RandomOrder([RandomDepthFlip(), ColorJitter(0.9, 0.9), RandomGamma()]),
]
CUBES: list[Transform] = [
    RandomRotate90(),
    RandomRotate90("DH"),
    RandomRotate90("WD"),
    D4(),
    CubicSymmetry(),
    CubicSymmetry(reflect=False),
]


def replay(pipeline: Compose, volume: np.ndarray, row: int, **key: int) -> np.ndarray:
    """Do with numpy and torchvision what was drawn for one volume (D, H, W, C)."""
    shape = volume.shape
    names = ("brightness", "contrast", "saturation", "hue")
    flips = {"RandomHorizontalFlip": "horizontal_flip", "RandomVerticalFlip": "vertical_flip"}
    for step, drawn in zip(
        pipeline.transforms, pipeline.parameters(row, **key, shape=shape), strict=True
    ):
        ops = drawn.get("ops", [])
        if "fn_idx" in drawn:
            factors = [(f"adjust_{names[i]}", drawn[f"{names[i]}_factor"]) for i in drawn["fn_idx"]]
            ops = [(name, [factor]) for name, factor in factors if factor is not None]
        elif drawn.get("applied"):
            ops = [(flips[drawn["transform"]], [])]
        for name, values in ops:
            volume = ORACLES[name](volume, *values)
        if isinstance(step, ToDtype):
            volume = F.to_dtype(torch.from_numpy(volume.copy()), torch.float32, scale=True).numpy()
        elif isinstance(step, Normalize):
            planes = torch.from_numpy(
                volume.transpose(3, 0, 1, 2).reshape(volume.shape[3], 1, -1).copy()
            )
            planes = F.normalize(planes, list(step.mean), list(step.std)).numpy()
            depth, height, width, channels = volume.shape
            volume = planes.reshape(channels, depth, height, width).transpose(1, 2, 3, 0)
    return volume


@pytest.mark.parametrize("layout", ["NCDHW", "NDHWC"])
@pytest.mark.parametrize(
    ("step", "shape"),
    [
        *((step, shape) for step in STEPS for shape in ((6, 5, 7, 1), (8, 9, 9, 3))),
        *((step, (5, 5, 5, channels)) for step in CUBES for channels in (1, 3)),
    ],
    ids=str,
)
def test_what_is_drawn_done_by_numpy_and_torchvision(
    step: Transform, shape: tuple[int, ...], layout: str
) -> None:
    if not grid_is_unfused() and ("Rotation" in str(step) or "Affine" in str(step)):
        pytest.skip("torch's own grids are others here")
    batch = volumes(shape)
    one = shape[3] == 1 or isinstance(step, Grayscale)
    statistics = Normalize([0.4], [0.2]) if one else Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.4])
    for floats in ([], [ToDtype("float32", scale=True), statistics]):
        pipeline = Compose([step, *floats], layout)
        key = {"seed": 6, "epoch": 1}
        found = pipeline(batch, **key)
        assert found.shape == pipeline.output_shape(batch, N)
        expected = np.array([replay(pipeline, v, row, **key) for row, v in enumerate(batch)])
        assert found.dtype == expected.dtype
        expected = expected if layout == "NDHWC" else expected.transpose(0, 4, 1, 2, 3)
        np.testing.assert_array_equal(found, expected)
        if shape[3] == 1:
            np.testing.assert_array_equal(pipeline(batch[..., 0], **key), found)
        for threads in (1, 2, 7):
            index = [7, 2, 2, 11]
            np.testing.assert_array_equal(
                pipeline(batch, index=index, **key, threads=threads), found[index]
            )


def test_one_after_the_other_into_a_buffer() -> None:
    batch = volumes((9, 9, 9, 1))
    pipeline = Compose(
        [
            CubicSymmetry(),
            RandomCrop((6, 7, 8)),
            RandomDepthFlip(),
            ColorJitter(0.4, 0.4),
            RandomHorizontalFlip(),
            CenterCrop((6, 6, 6)),
            RandomRotate90("DW"),
            GaussianNoise(0, 0.02),
            ToDtype("float32", scale=True),
            Normalize([0.5], [0.5]),
        ],
        "NCDHW",
    )
    out = np.full((N, 1, 6, 6, 6), 7, np.float32)
    assert pipeline(batch[..., 0], seed=8, out=out) is out
    expected = np.array([replay(pipeline, v, row, seed=8) for row, v in enumerate(batch)])
    np.testing.assert_array_equal(out, expected.transpose(0, 4, 1, 2, 3))
    tensor = pipeline(torch.from_numpy(batch[..., 0]), seed=8)
    np.testing.assert_array_equal(tensor.numpy(), out)
    with pytest.raises(ShapeError, match=r"expected out of shape \(12, 1, 6, 6, 6\)"):
        pipeline(batch, out=np.empty((N, 1, 36, 6), np.float32))
    assert json.loads(json.dumps(drawn := pipeline.parameters(3, shape=(9, 9, 9)))) == drawn


@pytest.mark.parametrize("layout", ["NCDHW", "NDHWC"])
def test_strides(layout: str) -> None:
    pipeline = Compose([RandomDepthFlip(), RandomCrop((4, 3, 5)), ColorJitter(0.5, 0.5)], layout)
    batch = volumes((6, 5, 7, 3))
    expected = pipeline(batch, seed=9)
    planes = np.ascontiguousarray(batch.transpose(0, 4, 1, 2, 3)).transpose(0, 2, 3, 4, 1)
    wide = np.zeros((N, 12, 10, 14, 3), np.uint8)
    wide[:, ::2, ::2, ::2] = batch
    backwards = batch[:, ::-1].copy()[:, ::-1]
    for same in (planes, wide[:, ::2, ::2, ::2], backwards, np.asfortranarray(batch)):
        np.testing.assert_array_equal(same, batch)
        np.testing.assert_array_equal(pipeline(same, seed=9), expected)


def test_empty_batches() -> None:
    batch = volumes((6, 5, 7, 1))
    for step in STEPS:
        full = Compose([step], "NDHWC")(batch)
        for empty in (
            Compose([step], "NDHWC")(batch[:0]),
            Compose([step], "NDHWC")(batch, index=[]),
        ):
            assert (empty.shape, empty.dtype) == ((0, *full.shape[1:]), np.uint8)


def test_depth_flips_and_places_are_as_likely_as_said() -> None:
    samples = 4000
    pipeline = Compose([RandomDepthFlip(0.3), CubicSymmetry(), RandomCrop((20, 26, 27))], "NCDHW")
    drawn = [[step["ops"] for step in pipeline.parameters(row, seed=10)] for row in range(samples)]
    assert_count(sum(bool(flip) for flip, _, _ in drawn), samples, 0.3)
    assert_equally_likely([number for _, [[_, [number]]], _ in drawn], range(48))
    places = [values[:3] for _, _, [[_, values]] in drawn]
    for axis, count in enumerate((9, 3, 2)):
        assert_equally_likely([place[axis] for place in places], range(count))


def test_rotations_are_the_24_that_keep_left_and_right() -> None:
    pipeline = Compose([CubicSymmetry(reflect=False)], "NCDHW")
    drawn = {pipeline.parameters(row)[0]["ops"][0][1][0] for row in range(1500)}
    corner = np.arange(27).reshape(3, 3, 3, 1)
    turns = {corner.tobytes(): corner}
    for _ in range(6):
        for volume in list(turns.values()):
            for plane in ((0, 1), (1, 2)):
                turned = np.ascontiguousarray(np.rot90(volume, 1, plane))
                turns[turned.tobytes()] = turned
    assert len(turns) == 24
    assert {np.ascontiguousarray(cubic(corner, n)).tobytes() for n in drawn} == set(turns)


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (Pad(1), ShapeError, "Pad is of images, got volumes"),
        (Resize(4), ShapeError, "Resize is of images, got volumes"),
        (RandomResizedCrop(4), ShapeError, "RandomResizedCrop is of images, got volumes"),
        (GaussianBlur(3), ShapeError, "GaussianBlur is of images, got volumes"),
        (RandomAdjustSharpness(2), ShapeError, "RandomAdjustSharpness is of images, got volumes"),
        (TrivialAugmentWide(), ShapeError, "TrivialAugmentWide is of images, got volumes"),
        (RandAugment(), ShapeError, "RandAugment is of images, got volumes"),
        (AugMix(), ShapeError, "AugMix is of images, got volumes"),
        (RandomCrop(3, 1), ShapeError, "RandomCrop is of images, got volumes"),
        (RandomOrder([D4(), GaussianBlur(3)]), ConfigError, "images of one shape"),
        (RandomCrop((7, 3, 3)), ShapeError, "RandomCrop: .* at least 7 pixels deep, got 6"),
        (RandomCrop((3, 6, 3)), ShapeError, "RandomCrop: .* at least 6 pixels high, got 5"),
        (RandomApply([RandomCrop((3, 3, 3))]), ConfigError, "RandomApply: .*6 x 5 x 7 of 1 "),
        (CubicSymmetry(), ConfigError, "cubic_symmetry: .*three sides are equal, got 6 x 5 x 7"),
        (RandomRotate90("DH"), ConfigError, "RandomRotate90: .*one shape.* 6 x 5 x 7 .* 5 x 6 x 7"),
        (D4(), ConfigError, "D4: expected images of one shape"),
    ],
    ids=str,
)
def test_volumes_that_do_not_fit(step: Transform, error: type[Exception], message: str) -> None:
    out = np.full((N, 1, 6, 5, 7), 99, np.uint8)
    pipeline = Compose([step], "NCDHW")
    with pytest.raises(error, match=message):
        pipeline(volumes((6, 5, 7, 1)), out=out)
    with pytest.raises(error, match=message):
        pipeline.parameters(0, shape=(6, 5, 7))
    assert (out == 99).all()


@pytest.mark.parametrize(
    "step", [RandomDepthFlip(), CubicSymmetry(), RandomRotate90("DW"), CenterCrop((1, 2, 3))]
)
def test_images_are_no_volumes(step: Transform) -> None:
    with pytest.raises(ShapeError, match=rf"{type(step).__name__} is of volumes, got images"):
        Compose([step])(volumes((6, 5, 7, 1))[:, 0])
    with pytest.raises(ShapeError, match=r"got \(12, 6, 5, 7, 1\); a Compose of layout \"NCDHW\""):
        Compose([step])(volumes((6, 5, 7, 1)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: p(volumes((6, 5, 7, 1))[:, 0, ..., 0]),
            ShapeError,
            r"expected volumes of shape",
        ),
        (lambda p: p(volumes((6, 0, 7, 1))), ShapeError, "at least one voxel"),
        (lambda p: p(volumes((6, 5, 7, 1)).astype(np.int16)), ShapeError, "of uint8, got int16"),
        (lambda p: p.parameters(0, shape=(28, 28)), ShapeError, "shape as the 3 sides"),
        (lambda p: p.parameters(0, shape=(0, 28, 28)), ShapeError, "shape as the 3 sides"),
        (lambda p: p.parameters(0, shape=(1.5, 28, 28)), ShapeError, "shape as the 3 sides"),
        (lambda p: RandomRotate90("HX"), ConfigError, "RandomRotate90: expected plane as two"),
        (lambda p: RandomRotate90(1), ConfigError, "RandomRotate90: expected plane as two"),
        (lambda p: CubicSymmetry("no"), ConfigError, "CubicSymmetry: expected reflect=True or"),
        (lambda p: RandomDepthFlip(2), ConfigError, r"RandomDepthFlip: .*p in \[0, 1\], got 2"),
        (lambda p: Compose([], "NDCHW"), ConfigError, "unknown layout 'NDCHW'; did you mean"),
    ],
)
def test_wrong_calls(call: Callable[[Compose], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(Compose([RandomDepthFlip()], "NCDHW"))


@pytest.mark.parametrize("step", CUBES + STEPS[:6], ids=str)
def test_repr_pickle_equality(step: Transform) -> None:
    again = eval(repr(step), vars(transforms))  # noqa: S307
    through_pickle = pickle.loads(pickle.dumps(step))  # noqa: S301
    for twin in (again, through_pickle, copy.copy(step), copy.deepcopy(step)):
        assert twin == step
        assert hash(twin) == hash(step)
    pipeline = Compose([step], "NCDHW")
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline  # noqa: S301


def test_one_volume_at_a_time() -> None:
    volume = volumes((6, 5, 7, 1))[0, ..., 0]
    transform = PerImage(Compose([RandomDepthFlip(1.0)], "NCDHW"), seed=0)
    np.testing.assert_array_equal(transform(volume)[0], volume[::-1])
    tensor = transform(torch.from_numpy(volume)[None])
    assert isinstance(tensor, torch.Tensor)
    np.testing.assert_array_equal(tensor[0].numpy(), volume[::-1])
