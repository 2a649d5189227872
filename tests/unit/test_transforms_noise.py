"""`GaussianNoise`: its distribution, and that every value, image, epoch and seed has its own.

The bounds, of the module `chances`, hold for the seeds here.
"""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np

from chances import DEVIATIONS, assert_chances, assert_uncorrelated, assert_uniform
from medfast.transforms import Compose, GaussianNoise, ToDtype
from medfast.transforms import functional as F  # noqa: N812
from noise_field import normal_field

GREY = np.full((20, 30, 40, 3), 128, np.uint8)


def noise(sigma: float = 0.2, seed: int = 41, epoch: int = 0, place: int = 0) -> np.ndarray:
    before = [ToDtype("uint8")] * place
    pipeline = Compose([*before, GaussianNoise(0.0, sigma)], "NHWC")
    return pipeline(GREY, seed=seed, epoch=epoch).astype(np.int64) - 128


def test_values_are_normal() -> None:
    mean, sigma = 0.05, 0.1
    found = F.gaussian_noise(GREY, mean, sigma, seed=42).astype(np.int64) - 128
    normal = NormalDist(mean * 255, sigma * 255)

    def chance(value: int) -> float:
        """Of what has its fraction dropped to the value."""
        upper = value + 1 if value >= 0 else value
        lower = value if value > 0 else value - 1
        return normal.cdf(upper) - normal.cdf(lower)

    low, high = -60, 85
    chances = {value: chance(value) for value in range(low + 1, high)}
    chances |= {low: normal.cdf(low), high: 1 - normal.cdf(high)}
    assert_chances(np.clip(found, low, high).ravel().tolist(), chances)
    deviation = sigma * 255 / math.sqrt(found.size)
    # Dropping a fraction moves the mean towards 0, by a half where the sign is sure.
    centre = sum(value * chance(value) for value in range(-127, 128))
    assert abs(found.mean() - centre) <= DEVIATIONS * deviation


def test_numbers_are_normal_in_the_tails_too() -> None:
    numbers = normal_field(43, 0, 200_000).astype(np.float64)
    cdf = np.array([NormalDist().cdf(number) for number in numbers])
    assert_uniform(cdf, 0.0, 1.0)
    for reach in (2.0, 3.0, 4.0):
        beyond = 2 * NormalDist().cdf(-reach)
        bound = DEVIATIONS * math.sqrt(len(numbers) * beyond)
        assert abs(np.count_nonzero(abs(numbers) > reach) - len(numbers) * beyond) <= bound


def test_neighbours_are_unrelated() -> None:
    found = noise()
    for axis in range(4):
        for step in (1, 2, 4):
            if step < found.shape[axis]:
                length = found.shape[axis] - step
                one = found.take(range(length), axis).ravel()
                other = found.take(range(step, length + step), axis).ravel()
                assert_uncorrelated(one, other)
                assert_uncorrelated(one**2, other**2)


def test_other_keys_give_unrelated_noise() -> None:
    keys = [{}, {"seed": 40}, {"seed": 41 + 2**32}, {"epoch": 1}, {"place": 1}]
    for one, other in itertools.combinations([noise(**key) for key in keys], 2):
        assert_uncorrelated(one.ravel(), other.ravel())


def test_the_same_key_gives_the_same_noise() -> None:
    pipeline = Compose([GaussianNoise()], "NHWC")
    whole = pipeline(GREY, seed=44, threads=1)
    index = [7, 3, 19, 3]
    for threads in (1, 2, 7):
        np.testing.assert_array_equal(
            pipeline(GREY, index=index, seed=44, threads=threads), whole[index]
        )
