"""What is drawn: its distribution, and the words of the generator that it is made of.

The bounds, of the module `chances`, hold for the seeds here.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from chances import assert_count, assert_uniform
from medfast.transforms import (
    ColorJitter,
    Compose,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
)

SAMPLES = 20_000


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox4x32-10 as its paper states it, to check the layout of the words from outside."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (p1 >> 32) ^ c1 ^ k0,
            p1 & 0xFFFFFFFF,
            (p0 >> 32) ^ c3 ^ k1,
            p0 & 0xFFFFFFFF,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def halves(number: int) -> tuple[int, int]:
    return number & 0xFFFFFFFF, number >> 32


def draws(pipeline: Compose, **options: Any) -> list[list[dict[str, Any]]]:
    return [pipeline.parameters(sample, **options) for sample in range(SAMPLES)]


def test_the_reference_philox_gives_a_published_answer() -> None:
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert philox(pi, (0xA4093822, 0x299F31D0)) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**64 - 1])
@pytest.mark.parametrize("epoch", [0, 7, 2**32 - 1])
@pytest.mark.parametrize("sample", [0, 5, 2**40 + 3])
def test_draws_are_the_documented_words(seed: int, epoch: int, sample: int) -> None:
    pipeline = Compose([RandomVerticalFlip(0.3), ColorJitter((0.5, 2.5), (0.1, 0.2))])
    flip, jitter = pipeline.parameters(sample, seed=seed, epoch=epoch)
    flip_word, *_ = philox((*halves(sample), epoch, 0), halves(seed))
    order, brightness, contrast, _ = philox((*halves(sample), epoch, 1 << 20), halves(seed))
    assert flip["applied"] == (flip_word / 2**32 < 0.3)
    assert jitter["brightness_factor"] == 0.5 + (2.5 - 0.5) * (brightness / 2**32)
    assert jitter["contrast_factor"] == 0.1 + (0.2 - 0.1) * (contrast / 2**32)
    permutations = list(itertools.permutations(range(4)))
    assert tuple(jitter["fn_idx"]) == permutations[order * 24 >> 32]


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.9])
def test_flips_come_with_their_probability(p: float) -> None:
    drawn = draws(Compose([RandomHorizontalFlip(p), RandomVerticalFlip(p)]), seed=11)
    horizontal, vertical = (np.array([row[place]["applied"] for row in drawn]) for place in (0, 1))
    assert_count(horizontal.sum(), SAMPLES, p)
    assert_count(vertical.sum(), SAMPLES, p)
    assert_count((horizontal & vertical).sum(), SAMPLES, p * p)


def test_flips_that_never_or_always_come() -> None:
    drawn = draws(Compose([RandomHorizontalFlip(0.0), RandomVerticalFlip(1.0)]))
    assert not any(row[0]["applied"] for row in drawn)
    assert all(row[1]["applied"] for row in drawn)


def test_factors_are_uniform_and_independent_and_all_orders_as_likely() -> None:
    drawn = [row[0] for row in draws(Compose([ColorJitter(0.2, (0.5, 3.0))]), seed=12, epoch=4)]
    brightness = np.array([row["brightness_factor"] for row in drawn])
    contrast = np.array([row["contrast_factor"] for row in drawn])
    assert_uniform(brightness, 0.8, 1.2)
    assert_uniform(contrast, 0.5, 3.0)
    quadrants = Counter(zip(brightness > 1.0, contrast > 1.75, strict=True))
    orders = Counter(tuple(row["fn_idx"]) for row in drawn)
    for count in quadrants.values():
        assert_count(count, SAMPLES, 1 / 4)
    assert set(orders) == set(itertools.permutations(range(4)))
    for count in orders.values():
        assert_count(count, SAMPLES, 1 / 24)
    first = sum(row["fn_idx"].index(0) < row["fn_idx"].index(1) for row in drawn)
    assert_count(first, SAMPLES, 1 / 2)


@pytest.mark.parametrize("other", [{"seed": 14}, {"seed": 13 + 2**32}, {"epoch": 1}, {"place": 1}])
def test_another_key_gives_unrelated_draws(other: dict[str, int]) -> None:
    here = draws(Compose([RandomHorizontalFlip()]), seed=13, epoch=0)
    before = [ToDtype("uint8")] * other.get("place", 0)
    options = {"seed": 13, "epoch": 0, **{key: other[key] for key in other if key != "place"}}
    there = draws(Compose([*before, RandomHorizontalFlip()]), **options)
    pairs = zip(here, there, strict=True)
    assert_count(sum(a[-1] == b[-1] for a, b in pairs), SAMPLES, 1 / 2)


def test_neighbouring_samples_are_unrelated() -> None:
    applied = [row[0]["applied"] for row in draws(Compose([RandomHorizontalFlip()]), seed=15)]
    assert_count(sum(a == b for a, b in itertools.pairwise(applied)), SAMPLES - 1, 1 / 2)


def test_what_comes_after_a_transform_does_not_change_its_draws() -> None:
    jitter = ColorJitter(0.5, 0.5)
    alone = Compose([jitter]).parameters(3, seed=16)
    longer = Compose([jitter, RandomHorizontalFlip(), ToDtype("float32")]).parameters(3, seed=16)
    assert longer[:1] == alone


def test_parameters_are_ready_for_json() -> None:
    pipeline = Compose([ColorJitter(contrast=0.5), RandomHorizontalFlip(), ToDtype("float32")])
    drawn = pipeline.parameters(np.int64(3), seed=np.uint64(17))
    assert json.loads(json.dumps(drawn)) == drawn
    assert [step["transform"] for step in drawn] == [
        "ColorJitter",
        "RandomHorizontalFlip",
        "ToDtype",
    ]
    assert drawn[0]["brightness_factor"] is None
