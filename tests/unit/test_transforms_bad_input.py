"""Anything may be given to any transform and function: it works, or an error of ours says why."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from medfast import transforms
from medfast.errors import ConfigError, InvalidValueError, MedfastError, ShapeError
from medfast.transforms import Compose, RandomInvert, Transform, functional

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 3), dtype=np.uint8)
VOLUMES = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 6, 1), dtype=np.uint8)

# A right call of each, by the names of its arguments; the others have defaults.
REQUIRED: dict[str, dict[str, Any]] = {
    "CenterCrop": {"size": 9},
    "GaussianBlur": {"kernel_size": 3},
    "Normalize": {"mean": [0.5], "std": [0.5]},
    "Pad": {"padding": 1},
    "RandomAdjustSharpness": {"sharpness_factor": 2},
    "RandomAffine": {"degrees": 9},
    "RandomApply": {"transforms": [RandomInvert()]},
    "RandomChoice": {"transforms": [RandomInvert()]},
    "RandomCrop": {"size": 9},
    "RandomOrder": {"transforms": [RandomInvert()]},
    "RandomPosterize": {"bits": 3},
    "RandomResizedCrop": {"size": 9},
    "RandomRotation": {"degrees": 9},
    "RandomSolarize": {"threshold": 99},
    "Resize": {"size": 9},
    "ToDtype": {"dtype": "uint8"},
    "adjust_brightness": {"brightness_factor": 1.5},
    "adjust_contrast": {"contrast_factor": 1.5},
    "adjust_gamma": {"gamma": 1.5},
    "adjust_hue": {"hue_factor": 0.1},
    "adjust_saturation": {"saturation_factor": 1.5},
    "adjust_sharpness": {"sharpness_factor": 1.5},
    "affine": {"angle": 9, "translate": (1, 2), "scale": 1.1, "shear": 3},
    "center_crop": {"output_size": 9},
    "crop": {"top": 1, "left": 2, "height": 3, "width": 4},
    "cubic_symmetry": {"number": 5},
    "erase": {"i": 1, "j": 2, "h": 3, "w": 4, "v": 5},
    "gaussian_blur": {"kernel_size": 3},
    "gaussian_noise": {"seed": 1},
    "pad": {"padding": 1},
    "posterize": {"bits": 3},
    "resize": {"size": 9},
    "resized_crop": {"top": 1, "left": 2, "height": 3, "width": 4, "size": 9},
    "rot90": {"k": 1},
    "rotate": {"angle": 9},
    "solarize": {"threshold": 99},
}
OF_VOLUMES = {"CubicSymmetry", "RandomDepthFlip", "cubic_symmetry", "depth_flip"}
CLASSES = {
    name: kind
    for name in transforms.__all__
    if inspect.isclass(kind := getattr(transforms, name))
    and issubclass(kind, Transform)
    and kind is not Transform
}
FUNCTIONS = {name: getattr(functional, name) for name in functional.__all__}
JUNK: list[Any] = [
    None,
    True,
    "",
    "x",
    b"x",
    -1,
    0,
    7,
    0.5,
    -0.5,
    1e300,
    -1e300,
    math.nan,
    math.inf,
    2**31,
    2**64,
    10**400,
    1j,
    object(),
    [],
    [1],
    (2, 3),
    (1, 2, 3),
    (1, 2, 3, 4),
    (3, 1),
    [math.nan] * 2,
    [[1, 2], [3]],
    ["x", "y"],
    {},
    {1: 2},
    {1, 2},
    np.zeros((2, 2)),
    np.zeros(0),
    np.array(["x"]),
    np.array([None]),
    np.float64(0.5),
    np.int8(3),
    iter([1, 2]),
    abs,
    Transform,
    RandomInvert,
]


def right(name: str) -> dict[str, Any]:
    return dict(REQUIRED.get(name, {}))


def images_for(name: str) -> np.ndarray:
    return VOLUMES if name in OF_VOLUMES else IMAGES


def layout_for(name: str) -> str:
    return "NDHWC" if name in OF_VOLUMES else "NHWC"


def attempt(call: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return what a call gives, or what our error says; any other error is a failure."""
    try:
        return call(), None
    except MedfastError as error:
        return None, str(error)


@pytest.mark.parametrize("name", CLASSES)
def test_any_setting_of_a_transform(name: str) -> None:
    before = [transforms.ToDtype("float32")] if name == "Normalize" else []
    for key in inspect.signature(CLASSES[name]).parameters:
        for junk in JUNK:
            case = (key, junk)
            step, error = attempt(lambda: CLASSES[name](**{**right(name), key: junk}))  # noqa: B023
            if error is not None:
                assert name in error, case
                continue
            again = eval(repr(step), {**vars(transforms), "inf": math.inf, "nan": math.nan})  # noqa: S307
            assert repr(again) == repr(step), case
            pipeline, error = attempt(lambda: Compose([*before, step], layout_for(name)))  # noqa: B023
            if error is None:
                found, error = attempt(lambda: pipeline(images_for(name)))  # noqa: B023
            assert error or len(found) == 3, case


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_parameter_of_a_function(name: str) -> None:
    images = images_for(name)
    for key in [*inspect.signature(FUNCTIONS[name]).parameters][1:]:
        for junk in JUNK:
            found, error = attempt(lambda: FUNCTIONS[name](images, **{**right(name), key: junk}))  # noqa: B023
            if error is None:
                assert (len(found), found.dtype) == (3, np.uint8), (key, junk)
            else:
                assert name in error, (key, junk)


WRONG_IMAGES: list[tuple[Any, str]] = [
    (None, "expected images as a numpy array or a torch tensor, got builtins.NoneType"),
    ([[[1]]], "got builtins.list; numpy.stack"),
    (IMAGES.astype(np.int8), "of uint8, got int8"),
    (IMAGES.astype(np.float32), "of uint8, got float32"),
    (IMAGES > 7, "of uint8, got bool"),
    (IMAGES[0, 0, :, 0], r"of shape .*, got \(12,\)"),
    (IMAGES[0, :, :, 0], r"of shape .*, got \(12, 12\)"),
    (IMAGES.reshape(3, 2, 6, 2, 6, 3), "of shape"),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_wrong_images_of_a_function(name: str) -> None:
    for images, message in WRONG_IMAGES:
        with pytest.raises(ShapeError, match=message):
            FUNCTIONS[name](images, **right(name))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NCDHW", "NDHWC"])
def test_wrong_images_of_a_pipeline(layout: str) -> None:
    for images, message in WRONG_IMAGES:
        with pytest.raises(ShapeError, match=message):
            Compose([RandomInvert()], layout)(images)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_channels_that_a_function_is_not_defined_for(name: str) -> None:
    images = np.repeat(images_for(name)[..., :1], 5, axis=-1)
    found, error = attempt(lambda: FUNCTIONS[name](images, **right(name)))
    if error is None:
        assert found.shape[-1] == 5
    else:
        assert error == f"{name} expects images of 1 or 3 channels, got 5"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_batches_of_a_function(name: str) -> None:
    images = images_for(name)
    full = FUNCTIONS[name](images, **right(name))
    empty = FUNCTIONS[name](images[:0], **right(name))
    assert (empty.shape, empty.dtype) == ((0, *full.shape[1:]), np.uint8)


WITH_PROBABILITY = [
    name
    for name, kind in CLASSES.items()
    if "p" in inspect.signature(kind).parameters and name != "RandomChoice"
]


@pytest.mark.parametrize("name", WITH_PROBABILITY)
def test_probabilities_outside_0_and_1(name: str) -> None:
    for p in (-1e-9, 1 + 1e-9, math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError, match=rf"{name}: expected a probability p in \[0, 1\]"):
            CLASSES[name](**right(name), p=p)


def test_rows_beyond_every_image_are_named_as_they_were_given() -> None:
    images = np.zeros((2, 4, 4), np.uint8)
    with pytest.raises(InvalidValueError, match=f"row {2**63} at position 1"):
        Compose([])(images, index=np.array([0, 2**63], np.uint64))


def test_masked_images_are_refused() -> None:
    images = np.ma.masked_equal(np.zeros((2, 4, 4), np.uint8), 0)
    with pytest.raises(ShapeError, match="without a mask"):
        Compose([])(images)
