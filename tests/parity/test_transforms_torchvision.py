"""Values equal to torchvision.transforms.v2 on each image alone, given the same draws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
    Transform,
)

pytestmark = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="without AVX2, torch blends without fused multiply-add",
)

SIZES = [(1, 1), (1, 7), (5, 1), (2, 3), (15, 16), (17, 33), (28, 28), (31, 64), (97, 61)]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def as_tensor(image: np.ndarray) -> torch.Tensor:
    """Turn (H, W) or (H, W, C) into torch's (C, H, W)."""
    planes = image[np.newaxis] if image.ndim == 2 else image.transpose(2, 0, 1)
    return torch.from_numpy(planes.copy(order="C"))


def replay(
    transforms: tuple[Transform, ...], parameters: list[dict[str, Any]], image: np.ndarray
) -> np.ndarray:
    """Apply what was drawn with torchvision's functions."""
    tensor = as_tensor(image)
    for transform, drawn in zip(transforms, parameters, strict=True):
        assert drawn["transform"] == type(transform).__name__
        match transform:
            case ColorJitter():
                factors = drawn["brightness_factor"], drawn["contrast_factor"]
                for function in drawn["fn_idx"]:
                    if function == 0 and factors[0] is not None:
                        tensor = F.adjust_brightness(tensor, factors[0])
                    elif function == 1 and factors[1] is not None:
                        tensor = F.adjust_contrast(tensor, factors[1])
            case RandomHorizontalFlip():
                tensor = F.horizontal_flip(tensor) if drawn["applied"] else tensor
            case RandomVerticalFlip():
                tensor = F.vertical_flip(tensor) if drawn["applied"] else tensor
            case ToDtype(dtype, scale):
                tensor = F.to_dtype(tensor, getattr(torch, dtype), scale=scale)
            case Normalize(mean, std):
                tensor = F.normalize(tensor, list(mean), list(std))
            case _:
                raise NotImplementedError(transform)
    return tensor.numpy()


def random_images(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Images of noise, and some of few values and of one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    images[::5] = rng.choice(np.array([0, 1, 127, 254, 255], np.uint8), images[::5].shape)
    images[3::7] = rng.integers(0, 256, dtype=np.uint8)
    return images


def assert_same(pipeline: Compose, images: np.ndarray, seed: int = 0) -> None:
    channels_last = pipeline.layout == "NHWC"
    ours = pipeline(images, seed=seed, epoch=3)
    for row, image in enumerate(images):
        drawn = pipeline.parameters(row, seed=seed, epoch=3)
        theirs = replay(pipeline.transforms, drawn, image)
        theirs = theirs.transpose(1, 2, 0) if channels_last else theirs
        assert ours[row].dtype == theirs.dtype
        np.testing.assert_array_equal(ours[row], theirs, err_msg=f"row {row}: {drawn}")


FLIPS = [RandomHorizontalFlip(), RandomVerticalFlip()]
FLOAT = ToDtype("float32", scale=True)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("channels", [0, 1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_the_whole_pipeline(size: tuple[int, int], channels: int, layout: str) -> None:
    images = random_images((24, *size, channels) if channels else (24, *size))
    statistics = (MEAN, STD) if channels == 3 else ([0.5], [0.5])
    jitter = ColorJitter(0.7, (0.2, 1.9))
    assert_same(Compose([jitter, *FLIPS, FLOAT, Normalize(*statistics)], layout), images, seed=1)
    assert_same(Compose([*FLIPS, jitter], layout), images, seed=2)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [ToDtype("uint8")],
        [ToDtype("float32")],
        [FLOAT],
        [FLOAT, Normalize([0.5], [0.25]), Normalize([-1.0], [3.0])],
        [FLOAT, RandomVerticalFlip(), Normalize(MEAN, STD), RandomHorizontalFlip()],
        [ToDtype("float32", scale=False), Normalize([127.5], [127.5])],
        [ColorJitter(brightness=(0.0, 3.0))],
        [ColorJitter(contrast=(0.0, 3.0))],
        [ColorJitter(0.4, 0.4), ColorJitter(0.4, 0.4), FLOAT],
        [ColorJitter((0.0, 0.0), (0.0, 0.0))],
        [ColorJitter((1e30, 1e38), (1e30, 1e38))],
        [RandomHorizontalFlip(1.0), RandomHorizontalFlip(1.0), RandomVerticalFlip(0.0)],
    ],
    ids=repr,
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_order_of_steps(steps: list[Transform], channels: int) -> None:
    if channels == 1:
        steps = [
            Normalize([0.4], [0.2]) if step == Normalize(MEAN, STD) else step for step in steps
        ]
    images = random_images((30, 19, 23, channels), seed=5)
    assert_same(Compose(steps), images)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_224_by_224_pixels(channels: int) -> None:
    images = random_images((6, 224, 224, channels), seed=6)
    assert_same(Compose([ColorJitter(0.5, 0.5), *FLIPS, FLOAT, Normalize([0.5], [0.5])]), images)


def test_the_largest_square_whose_sum_is_exact_in_float32() -> None:
    images = np.full((1, 256, 256), 255, np.uint8)
    images[0, ::3, ::5] = 254
    assert_same(Compose([ColorJitter(contrast=(0.5, 0.5))]), images)


def test_contrast_rounds_as_the_fused_operation_does() -> None:
    """Two-digit factors put many sums next to a whole number, where one rounding less shows."""
    images = random_images((300, 13, 11), seed=7)
    for factor in np.arange(1, 250, 7) / 100:
        pipeline = Compose([ColorJitter(contrast=(factor, factor))])
        theirs = [F.adjust_contrast(as_tensor(image), float(factor)).numpy() for image in images]
        np.testing.assert_array_equal(pipeline(images), np.stack(theirs))


def test_every_colour_turns_to_torchvisions_grey() -> None:
    """Contrast 0 leaves the mean grey of an image; of a 1x1 image, the grey of its colour."""
    levels = np.r_[0:256:9, 253:256].astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 1, 1, 3)
    grey = F.rgb_to_grayscale(torch.from_numpy(colours.transpose(3, 0, 1, 2).reshape(3, -1, 1)))
    ours = Compose([ColorJitter(contrast=(0.0, 0.0))])(colours)
    np.testing.assert_array_equal(ours[:, 0, 0, 0], grey.numpy().reshape(-1))


STRIDED = {
    "reversed": lambda images: images[::-1, ::-1, ::-1],
    "every other pixel": lambda images: images[:, ::2, 1::2],
    "channels first": lambda images: np.ascontiguousarray(images.transpose(0, 3, 1, 2)).transpose(
        0, 2, 3, 1
    ),
    "Fortran order": np.asfortranarray,
    "one image repeated": lambda images: np.broadcast_to(images[:1], images.shape),
    "channels backwards": lambda images: images[..., ::-1],
    "rows and columns exchanged": lambda images: images.transpose(0, 2, 1, 3),
    "one channel of the image": lambda images: images[..., :1],
    "a window": lambda images: images[1:, 3:-2, 1:-4],
    "read-only": lambda images: np.frombuffer(images.tobytes(), np.uint8).reshape(images.shape),
}


@pytest.mark.parametrize("view", STRIDED)
@pytest.mark.parametrize("channels", [1, 3])
def test_any_memory_order(view: str, channels: int) -> None:
    images = STRIDED[view](random_images((7, 21, 18, channels), seed=8))
    pipeline = Compose([ColorJitter(0.5, 0.5), *FLIPS, FLOAT])
    assert_same(pipeline, images)
    np.testing.assert_array_equal(pipeline(images), pipeline(np.ascontiguousarray(images)))


@pytest.mark.parametrize("argument", [None, 0, 0.3, 1.7, (0.5, 0.5), (1.0, 1.0), (0, 2), [0.1, 3]])
def test_jitter_arguments_mean_what_they_mean_there(argument: Any) -> None:
    ours, theirs = ColorJitter(argument, argument), v2.ColorJitter(argument, argument)
    assert (ours.brightness, ours.contrast) == (theirs.brightness, theirs.contrast)


@pytest.mark.parametrize("argument", [-0.1, (2.0, 1.0), (-1.0, 1.0), (1.0,), (1, 2, 3), "1"])
def test_jitter_arguments_refused_there_are_refused_here(argument: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        v2.ColorJitter(argument)
    with pytest.raises(ValueError, match="brightness"):
        ColorJitter(argument)


def test_signatures_and_defaults_are_theirs() -> None:
    assert RandomHorizontalFlip().p == v2.RandomHorizontalFlip().p
    assert RandomVerticalFlip().p == v2.RandomVerticalFlip().p
    assert ToDtype("float32").scale == v2.ToDtype(torch.float32).scale
    assert ToDtype(torch.float32).dtype == "float32"
    assert ColorJitter() == ColorJitter(None, None)


@pytest.mark.real_data
@pytest.mark.parametrize("flag", ["breastmnist", "bloodmnist"])
def test_real_images(medmnist_root: Path, flag: str) -> None:
    with np.load(medmnist_root / f"{flag}.npz") as file:
        images = file["val_images"][:300]
    assert_same(Compose([ColorJitter(0.2, 0.2), *FLIPS, FLOAT, Normalize([0.5], [0.5])]), images)


def test_a_tensors_memory_is_written_in_place() -> None:
    images = random_images((5, 28, 28))
    pipeline = Compose([ColorJitter(0.2), FLOAT])
    tensor = torch.full((5, 1, 28, 28), torch.nan)
    address = tensor.data_ptr()
    written = pipeline(images, out=tensor.numpy())
    assert tensor.data_ptr() == address == written.ctypes.data
    np.testing.assert_array_equal(tensor.numpy(), pipeline(images))
    assert torch.from_numpy(written).data_ptr() == address
