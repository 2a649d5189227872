"""`transforms.functional` equal to torchvision's functions on each image alone, value for value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast.transforms import functional as ours

pytestmark = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="without AVX2, torch blends without fused multiply-add",
)

SIZES = [(1, 1), (1, 7), (5, 1), (2, 3), (15, 16), (17, 33), (28, 28), (31, 64), (97, 61)]
N = 6


def random_images(height: int, width: int, channels: int, seed: int = 0) -> Any:
    """Images of noise, one of few values and one of one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (N, height, width, channels), dtype=np.uint8)
    images[-2] = rng.choice(np.array([0, 1, 127, 254, 255], np.uint8), images[-2].shape)
    images[-1] = 77
    return images


def theirs(function: Any, images: Any, per_image: list[tuple[Any, ...]]) -> Any:
    """Apply a function of torchvision to each image alone."""
    found = []
    for image, parameters in zip(images, per_image, strict=True):
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy(order="C"))
        found.append(function(tensor, *parameters).numpy().transpose(1, 2, 0))
    return np.stack(found)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["adjust_brightness", "adjust_contrast"])
def test_factors(name: str, size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    factors = [0.0, 0.3, 0.999, 1.0, 1.7, 12.5]
    expected = theirs(getattr(F, name), images, [(factor,) for factor in factors])
    assert np.array_equal(getattr(ours, name)(images, factors), expected)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["horizontal_flip", "vertical_flip"])
def test_flips(name: str, size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    expected = theirs(getattr(F, name), images, [()] * N)
    assert np.array_equal(getattr(ours, name)(images), expected)
