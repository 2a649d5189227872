"""`gaussian_noise`: torchvision's values, given the same normal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from medfast.errors import ConfigError
from medfast.transforms import Compose, GaussianNoise, RandomInvert
from medfast.transforms import functional as ours
from noise_field import box_muller, noised, normal_field

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28, 3), dtype=np.uint8)
SETTINGS = [
    (0.0, 0.1, True),
    (0.0, 0.1, False),
    (0.25, 0.5, True),
    (-1.5, 2.0, False),
    (0.1, 0.0, True),
    (16.0, 16.0, False),
    (-16.0, 16.0, True),
    (0.0, 1e-30, True),
]


def theirs(images: Any, *parameters: float) -> np.ndarray:
    """Give each image to torchvision alone, channels first; parameters one for each."""
    found = []
    for image, *values in zip(images, *parameters, strict=True):
        planes = image.reshape(*image.shape[:2], -1).transpose(2, 0, 1)
        noisy = noised(torch.from_numpy(np.ascontiguousarray(planes)), *values).numpy()
        found.append(noisy.transpose(1, 2, 0).reshape(image.shape))
    return np.array(found)


@pytest.mark.parametrize(("mean", "sigma", "clip"), SETTINGS)
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (1, 1), (5, 13), (9, 7, 2), (3, 43, 3)])
def test_values(shape: tuple[int, ...], mean: float, sigma: float, clip: bool) -> None:
    images = np.random.default_rng(1).integers(0, 256, (6, *shape), dtype=np.uint8)
    found = ours.gaussian_noise(images, mean, sigma, clip, seed=2**53 - 1)
    expected = theirs(images, *([v] * 6 for v in (mean, sigma, clip, 2**53 - 1)), range(6))
    np.testing.assert_array_equal(found, expected)


def test_parameters_of_each_image() -> None:
    rng = np.random.default_rng(2)
    mean, sigma = rng.normal(0, 0.2, 7), rng.uniform(0, 0.3, 7)
    seeds = rng.integers(0, 2**53, 7)
    found = ours.gaussian_noise(IMAGES, mean, sigma, seed=seeds)
    np.testing.assert_array_equal(found, theirs(IMAGES, mean, sigma, [True] * 7, seeds, [0] * 7))
    for threads in (1, 2, 7):
        again = ours.gaussian_noise(IMAGES, mean, sigma, seed=seeds, threads=threads)
        np.testing.assert_array_equal(again, found)
    for image, *one, alone in zip(IMAGES, mean, sigma, seeds, found, strict=True):
        noisy = ours.gaussian_noise(image[np.newaxis], one[0], one[1], seed=one[2])
        np.testing.assert_array_equal(noisy[0], alone)


def test_strides_and_volumes() -> None:
    noisy = ours.gaussian_noise(IMAGES, seed=3)
    planes = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(ours.gaussian_noise(planes, seed=3), noisy)
    volumes = IMAGES.reshape(7, 4, 7, 28, 3)
    np.testing.assert_array_equal(
        ours.gaussian_noise(volumes, seed=3), noisy.reshape(volumes.shape)
    )


def test_what_a_pipeline_draws_is_the_functions_noise() -> None:
    pipeline = Compose([RandomInvert(1.0), GaussianNoise(0.05, 0.2, clip=False)], "NHWC")
    found = pipeline(IMAGES, seed=4, epoch=5)
    seeds = set()
    for row, image in enumerate(IMAGES):
        [[name, values]] = pipeline.parameters(row, seed=4, epoch=5, shape=image.shape)[1]["ops"]
        mean, sigma, clip, seed, place = values
        assert (name, mean, sigma, clip, place) == ("gaussian_noise", 0.05, 0.2, 0.0, 0.0)
        seeds.add(seed)
        inverted = ours.invert(image[np.newaxis])
        expected = ours.gaussian_noise(inverted, mean, sigma, bool(clip), seed=int(seed))
        np.testing.assert_array_equal(found[row], expected[0])
    assert len(seeds) == len(IMAGES)


def test_the_map_is_that_of_box_and_muller() -> None:
    """The oracle above against float64, at the ends of its ranges too."""
    words = np.random.default_rng(5).integers(0, 2**32, (2, 4000), dtype=np.uint64)
    words[0, :4] = [0, 255, 2**32 - 1, 256]
    words[1, :16] = [*(n << 29 for n in range(8)), *((n << 29) - 1 for n in range(1, 9))]
    radius, angle = words
    r = np.sqrt(-2 * np.log(((radius >> np.uint64(8)) + np.uint64(1)) / 2**24))
    turn = 2 * np.pi * angle / 2**32
    found = box_muller(radius, angle)
    np.testing.assert_allclose(found[0], r * np.cos(turn), atol=2e-6)
    np.testing.assert_allclose(found[1], r * np.sin(turn), atol=2e-6)
    assert normal_field(0, 0, 5).shape == (5,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sigma": -0.1}, "gaussian_noise: expected a sigma from 0 to 16, got -0.1"),
        ({"sigma": 17}, "sigma from 0 to 16, got 17"),
        ({"sigma": float("nan")}, "sigma from 0 to 16, got NaN"),
        ({"mean": -16.5}, "gaussian_noise: expected a mean from -16 to 16, got -16.5"),
        ({"mean": [0, 1]}, "expected mean as a number or 7 numbers"),
        ({"clip": "yes"}, "gaussian_noise: expected clip=True or clip=False, got 'yes'"),
        (
            {"seed": -1},
            "gaussian_noise: expected seed as a whole number from 0 to 9007199254740991",
        ),
        ({"seed": 2**53}, "expected seed as a whole number from 0 to"),
        ({"seed": 10**400}, "expected seed as a whole number from 0 to"),
        ({"seed": 0.5}, "expected seed as a whole number"),
        ({"seed": [1, 2]}, "or 7, one for each image"),
        ({"threads": 0}, "gaussian_noise: expected threads as a whole number of 1 up, got 0"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ours.gaussian_noise(IMAGES, **{"seed": 0, **parameters})
