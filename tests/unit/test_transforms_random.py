"""Random transforms: what they draw how often, and which arguments and images they take.

The bounds, of the module `chances`, hold for the seeds here.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import pickle
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import beta
from torchvision.transforms import v2

from chances import (
    assert_chances,
    assert_count,
    assert_equally_likely,
    assert_uncorrelated,
    assert_uniform,
)
from medfast import transforms
from medfast.errors import ConfigError, ShapeError
from medfast.transforms import (
    D4,
    AugMix,
    CenterCrop,
    ColorJitter,
    Compose,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    Normalize,
    Pad,
    RandAugment,
    RandomAdjustSharpness,
    RandomAffine,
    RandomApply,
    RandomAutocontrast,
    RandomChoice,
    RandomCrop,
    RandomEqualize,
    RandomErasing,
    RandomGamma,
    RandomGrayscale,
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

SAMPLES = 8_000
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 12, 10, 3), dtype=np.uint8)


def drawn_ops(
    step: Transform, *, samples: int = SAMPLES, shape: tuple[int, ...] = (28, 28), seed: int = 21
) -> list[list[tuple[str, list[Any]]]]:
    """List the ops that a transform comes to, for many samples."""
    pipeline = Compose([step])
    found = (pipeline.parameters(row, seed=seed, shape=shape)[0] for row in range(samples))
    return [[(name, values) for name, values in drawn["ops"]] for drawn in found]


def only_values(step: Transform, **options: Any) -> np.ndarray:
    """Return the numbers of the one op that a transform always comes to; None as NaN."""
    return np.array([values for [(_, values)] in drawn_ops(step, **options)], dtype=float)


# What is drawn


@pytest.mark.parametrize(
    "kind",
    [
        RandomInvert,
        RandomAutocontrast,
        RandomEqualize,
        RandomGrayscale,
        lambda p: RandomPosterize(3, p),
        lambda p: RandomSolarize(99, p),
        lambda p: RandomAdjustSharpness(2, p),
        lambda p: RandomGamma(p=p),
        lambda p: RandomErasing(p, scale=(0.1, 0.2)),
        lambda p: RandomApply([Pad(1), CenterCrop(28)], p),
    ],
)
def test_probabilities(kind: Callable[[float], Transform]) -> None:
    for p in (0.1, 0.7):
        applied = sum(bool(ops) for ops in drawn_ops(kind(p)))
        assert_count(applied, SAMPLES, p)
    assert not any(drawn_ops(kind(0.0), samples=500))
    assert all(drawn_ops(kind(1.0), samples=500))


def test_choices_have_their_weights() -> None:
    among = [RandomInvert(1.0), RandomAutocontrast(1.0), RandomEqualize(1.0), D4()]
    names = ["invert", "autocontrast", "equalize"]
    chosen = [ops[0][0] for ops in drawn_ops(RandomChoice(among, [1, 2.5, 0.5, 0]))]
    assert_chances(chosen, dict(zip(names, (0.25, 0.625, 0.125), strict=True)))
    chosen = [ops[0][0] for ops in drawn_ops(RandomChoice(among[:3]), seed=22)]
    assert_equally_likely(chosen, names)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_all_orders_are_as_likely(count: int) -> None:
    step = RandomOrder([Pad(0, fill=place) for place in range(count)])
    orders = [tuple(values[-1] for _, values in ops) for ops in drawn_ops(step)]
    assert_equally_likely(orders, itertools.permutations(range(count)))


@pytest.mark.parametrize(
    ("degrees", "low", "high"), [(20, -20, 20), ((10, 30.5), 10, 30.5), ((-7, -7), -7, -7)]
)
def test_angles_are_uniform(degrees: Any, low: float, high: float) -> None:
    angles = only_values(RandomRotation(degrees))[:, 0]
    if low == high:
        assert (angles == low).all()
    else:
        assert_uniform(angles, low, high)


def test_affine_maps() -> None:
    step = RandomAffine((-5, 40), (0.1, 0.25), (0.5, 1.5), (-3, 6, 10, 20))
    values = only_values(step, shape=(40, 28))
    for column, low, high in [(0, -5, 40), (3, 0.5, 1.5), (4, -3, 6), (5, 10, 20)]:
        assert_uniform(values[:, column], low, high)
    for column, reach in [(1, 2.8), (2, 10.0)]:
        # Whole pixels: what rounds to each, of the numbers up to the reach on either side.
        whole = round(reach)
        share = {
            move: (min(reach, move + 0.5) - max(-reach, move - 0.5)) / (2 * reach)
            for move in range(-whole, whole + 1)
        }
        assert_chances(values[:, column].tolist(), share)
    for one, other in itertools.combinations(range(6), 2):
        assert_uncorrelated(values[:, one], values[:, other])


def test_affine_maps_without_more_than_an_angle() -> None:
    values = only_values(RandomAffine(0), samples=500)
    assert (values[:, 0] == 0).all()
    np.testing.assert_array_equal(values[:, 1:6], np.tile([0, 0, 1, 0, 0], (500, 1)))
    values = only_values(RandomAffine(0, shear=5))
    assert_uniform(values[:, 4], -5, 5)
    assert (values[:, 5] == 0).all()


def test_crops_are_anywhere() -> None:
    values = only_values(RandomCrop((20, 25)), shape=(28, 28))
    places = zip(values[:, 0], values[:, 1], strict=True)
    assert_equally_likely(places, itertools.product(range(9), range(4)))
    padded = [ops[1][1] for ops in drawn_ops(RandomCrop(28, (1, 2, 3, 4)))]
    places = ((top, left) for top, left, *_ in padded)
    assert_equally_likely(places, itertools.product(range(7), range(5)))
    assert (only_values(RandomCrop(28), samples=200) == [0, 0, 28, 28]).all()


LARGE = (40_000, 40_000)  # Where a window's rounded sides are as good as not rounded.


def assert_about_uniform(values: np.ndarray, low: float, high: float) -> None:
    rounding = 1e-3 * (high - low)
    assert low - rounding <= values.min()
    assert values.max() <= high + rounding
    assert_uniform(np.clip(values, low, high), low, high)


def test_resized_crops_have_uniform_areas_ratios_and_places() -> None:
    step = RandomResizedCrop(7, scale=(0.1, 0.3), ratio=(0.5, 3))
    values = only_values(step, shape=LARGE)
    top, left, height, width = values[:, :4].T
    assert_about_uniform(height * width / 40_000**2, 0.1, 0.3)
    assert_about_uniform(np.log(width / height), math.log(0.5), math.log(3))
    assert_uniform((top + 0.5) / (40_000 - height + 1), 0, 1)
    assert_uniform((left + 0.5) / (40_000 - width + 1), 0, 1)
    assert_uncorrelated(height * width, width / height)
    assert_uncorrelated(top / (40_000 - height), left / (40_000 - width))
    assert (values[:, 4:6] == 7).all()


@pytest.mark.parametrize("shape", [(28, 28), (13, 40), (1, 1), (3, 2)])
def test_resized_crops_lie_in_the_image(shape: tuple[int, int]) -> None:
    top, left, height, width = only_values(RandomResizedCrop(9), shape=shape)[:, :4].T
    for start, length, side in [(top, height, shape[0]), (left, width, shape[1])]:
        assert start.min() >= 0
        assert length.min() >= 1
        assert (start + length).max() <= side


@pytest.mark.parametrize(
    ("shape", "ratio"),
    [((1, 100), (1, 1)), ((100, 1), (1, 1)), ((7, 50), (0.9, 2)), ((50, 9), (1, 2))],
)
def test_a_crop_that_never_fits_is_torchvisions_in_the_middle(
    shape: tuple[int, int], ratio: tuple[float, float]
) -> None:
    theirs = v2.RandomResizedCrop(5, scale=(1, 1), ratio=ratio)
    window = theirs.make_params([torch.zeros(1, *shape)])
    ours = only_values(RandomResizedCrop(5, (1, 1), ratio), samples=300, shape=shape)[:, :4]
    expected = [window[key] for key in ("top", "left", "height", "width")]
    assert (ours == expected).all()


def test_a_crop_that_seldom_fits_is_the_whole_image_if_its_ratio_is_allowed() -> None:
    ours = only_values(RandomResizedCrop(5, (1, 1), (1e-9, 1e9)), samples=300)[:, :4]
    assert Counter(map(tuple, ours)).most_common(1)[0][0] == (0, 0, 28, 28)


def test_erased_windows_have_uniform_areas_ratios_and_places() -> None:
    step = RandomErasing(1.0, scale=(0.1, 0.3), ratio=(0.5, 3), value=9)
    top, left, height, width, value = only_values(step, shape=LARGE).T
    assert_about_uniform(height * width / 40_000**2, 0.1, 0.3)
    assert_about_uniform(np.log(height / width), math.log(0.5), math.log(3))
    assert_uniform((top + 0.5) / (40_000 - height + 1), 0, 1)
    assert_uniform((left + 0.5) / (40_000 - width + 1), 0, 1)
    assert_uncorrelated(top / (40_000 - height), left / (40_000 - width))
    assert (value == 9).all()


@pytest.mark.parametrize("shape", [(28, 28), (9, 31), (2, 2)])
def test_erased_windows_are_smaller_than_the_image(shape: tuple[int, int]) -> None:
    found = drawn_ops(RandomErasing(1.0, scale=(0.0, 1.0)), shape=shape)
    top, left, height, width, _ = np.array([ops[0][1] for ops in found if ops]).T
    for start, length, side in [(top, height, shape[0]), (left, width, shape[1])]:
        assert start.min() == 0
        assert length.max() < side
        assert (start + length).max() == side


def test_nothing_is_erased_where_no_window_fits() -> None:
    assert not any(drawn_ops(RandomErasing(1.0, scale=(1.0, 1.0)), samples=300))


def test_blurs_have_one_uniform_width_and_gammas_are_uniform() -> None:
    values = only_values(GaussianBlur((3, 5), (0.5, 4)))
    assert (values[:, :2] == [3, 5]).all()
    assert_uniform(values[:, 2], 0.5, 4)
    assert (values[:, 2] == values[:, 3]).all()
    values = only_values(RandomGamma((0.5, 2), gain=1.5, p=1.0))
    assert_uniform(values[:, 0], 0.5, 2)
    assert (values[:, 1] == 1.5).all()


def test_quarter_turns_are_as_likely() -> None:
    assert_equally_likely(only_values(RandomRotate90())[:, 0], range(4))


def test_the_eight_symmetries_are_as_likely() -> None:
    square = np.arange(9, dtype=np.uint8).reshape(3, 3)
    turned = [np.rot90(square, quarters) for quarters in range(4)]
    symmetries = [image.tobytes() for turn in turned for image in (turn, turn[:, ::-1])]
    assert len(set(symmetries)) == 8
    found = Compose([D4()])(np.broadcast_to(square, (SAMPLES, 3, 3)), seed=23)
    assert_equally_likely((image.tobytes() for image in found), symmetries)


Outcome = tuple[str, tuple[Any, ...]]


def theirs(name: str, magnitude: float) -> Outcome:
    """Say what op an entry of torchvision's space comes to, and with which numbers."""
    degrees, whole = math.degrees(math.atan(magnitude)), math.trunc(magnitude)
    corner, middle = (0.0, 0.0, 0.0), (0.0, None, None)
    return {
        "Identity": ("", ()),
        "ShearX": ("affine", (0.0, 0.0, 0.0, 1.0, degrees, 0.0, *corner)),
        "ShearY": ("affine", (0.0, 0.0, 0.0, 1.0, 0.0, degrees, *corner)),
        "TranslateX": ("affine", (0.0, whole, 0.0, 1.0, 0.0, 0.0, *middle)),
        "TranslateY": ("affine", (0.0, 0.0, whole, 1.0, 0.0, 0.0, *middle)),
        "Rotate": ("rotate", (magnitude, *middle)),
        "Brightness": ("adjust_brightness", (1.0 + magnitude,)),
        "Color": ("adjust_saturation", (1.0 + magnitude,)),
        "Contrast": ("adjust_contrast", (1.0 + magnitude,)),
        "Sharpness": ("adjust_sharpness", (1.0 + magnitude,)),
        "Posterize": ("posterize", (whole,)),
        "Solarize": ("solarize", (255.0 * magnitude,)),
        "AutoContrast": ("autocontrast", ()),
        "Equalize": ("equalize", ()),
    }[name]


def chances_of_theirs(
    entries: Any, bins: int, shape: tuple[int, int], magnitudes: Iterable[int]
) -> dict[Hashable, float]:
    """Add up the chances of what torchvision draws: an op, one of the magnitudes, a sign."""
    chances: dict[Hashable, float] = Counter()
    chosen = [*magnitudes]
    for name, (space, signed) in entries.items():
        numbers = space(bins, *shape)
        for place in chosen:
            for sign in (1, -1) if signed else (1,):
                number = 0.0 if numbers is None else sign * float(numbers[place])
                share = 1 / len(entries) / len(chosen) / (2 if signed else 1)
                chances[theirs(name, number)] += share
    assert math.isclose(sum(chances.values()), 1)
    return chances


def outcomes(step: Transform, shape: tuple[int, int]) -> list[Hashable]:
    found = drawn_ops(step, samples=20_000, shape=shape)
    return [(ops[0][0], tuple(ops[0][1])) if ops else ("", ()) for ops in found]


@pytest.mark.parametrize("bins", [2, 10, 31])
def test_trivial_augment_has_their_space(bins: int) -> None:
    """The fourteen ops as likely, their magnitudes to the last bit, signs half and half."""
    shape = (28, 35)
    chances = chances_of_theirs(v2.TrivialAugmentWide._AUGMENTATION_SPACE, bins, shape, range(bins))
    assert_chances(outcomes(TrivialAugmentWide(bins), shape), chances)


@pytest.mark.parametrize(("bins", "magnitude"), [(31, 9), (31, 0), (31, 30), (10, 4), (2, 1)])
def test_rand_augment_has_their_space(bins: int, magnitude: int) -> None:
    shape = (28, 35)
    chances = chances_of_theirs(v2.RandAugment._AUGMENTATION_SPACE, bins, shape, [magnitude])
    assert_chances(outcomes(RandAugment(1, magnitude, bins), shape), chances)


def test_rand_augment_draws_its_ops_independently() -> None:
    found = drawn_ops(RandAugment(2))
    lengths = {0: 1 / 14**2, 1: 2 * 13 / 14**2, 2: 13**2 / 14**2}
    assert_chances(map(len, found), lengths)
    pairs = [ops for ops in found if len(ops) == 2]
    same = sum(one[0] == other[0] for one, other in pairs)
    assert_count(same, len(pairs), (4**2 + 9) / 13**2)
    assert drawn_ops(RandAugment(0), samples=50) == [[]] * 50


@pytest.mark.parametrize("severity", [1, 3, 10])
@pytest.mark.parametrize("all_ops", [True, False])
def test_augmix_has_their_space(severity: int, all_ops: bool) -> None:
    shape = (28, 35)
    spaces = v2.AugMix._AUGMENTATION_SPACE, v2.AugMix._PARTIAL_AUGMENTATION_SPACE
    chances = chances_of_theirs(spaces[not all_ops], 10, shape, range(severity))
    step = AugMix(severity, 4, 8, all_ops=all_ops, interpolation="nearest")
    found = drawn_ops(step, samples=1_000, shape=shape)
    assert_chances(((name, tuple(values)) for ops in found for name, values in ops[1:]), chances)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.5, 40.0])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_weights_of_augmix_are_of_the_dirichlet_distribution(alpha: float, width: int) -> None:
    numbers = np.array([ops[0][1] for ops in drawn_ops(AugMix(1, width, 1, alpha))])
    assert numbers.shape == (SAMPLES, 2 + 2 * width)
    sides, shares, depths = numbers[:, :2], numbers[:, 2 : 2 + width], numbers[:, 2 + width :]
    np.testing.assert_allclose(sides.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert (depths == 1).all()
    for side in sides.T:
        assert_uniform(beta.cdf(side, alpha, alpha), 0, 1)
    if width == 1:
        assert (shares == 1).all()
        return
    for share in shares.T:
        assert_uniform(beta.cdf(share, alpha, (width - 1) * alpha), 0, 1)
    # Of three, what a share is of it and another is independent of their sum.
    if width > 2:
        both = shares[:, 0] + shares[:, 1]
        assert_uncorrelated(shares[:, 0] / both, both)
    assert_uncorrelated(sides[:, 0], shares[:, 0])


@pytest.mark.parametrize("alpha", [1e-300, 1e-3, 1e30])
def test_weights_of_augmix_at_the_ends_of_alpha(alpha: float) -> None:
    for ops in drawn_ops(AugMix(1, 3, 1, alpha), samples=500):
        image, chains, *shares = ops[0][1][:5]
        assert math.isclose(image + chains, 1, abs_tol=1e-6)
        assert math.isclose(sum(shares), 1, abs_tol=1e-6)
        if alpha > 1:
            assert math.isclose(image, 0.5, rel_tol=1e-6)


def test_chains_of_augmix_have_one_to_three_ops_or_as_many_as_told() -> None:
    for ops in (found := drawn_ops(AugMix())):
        assert sum(ops[0][1][5:]) == len(ops) - 1
    depths = (tuple(ops[0][1][5:]) for ops in found)
    assert_equally_likely(depths, itertools.product((1, 2, 3), repeat=3))
    assert all(len(ops) == 1 + 2 * 5 for ops in drawn_ops(AugMix(3, 2, 5), samples=50))


def test_trivial_augment_fills_and_samples_as_told() -> None:
    step = TrivialAugmentWide(interpolation="bilinear", fill=[1, 2, 3])
    for ops in drawn_ops(step, samples=500, shape=(28, 28, 3)):
        for name, values in ops:
            if name in ("affine", "rotate"):
                assert values[-6] == 1.0
                assert values[-3:] == [1.0, 2.0, 3.0]


def test_transforms_inside_others_draw_independently() -> None:
    angle = RandomRotation(20)
    for step in (
        RandomApply([angle, angle, RandomApply([angle], 1.0), RandomRotation(5)], 1.0),
        RandomApply([RandomChoice([angle]), RandomApply([angle, angle], 1.0), angle], 1.0),
    ):
        angles = np.array([[values[0] for _, values in ops] for ops in drawn_ops(step)])
        for one, other in itertools.combinations(range(4), 2):
            assert_uncorrelated(angles[:, one], angles[:, other])


def test_what_chooses_and_what_is_chosen_are_independent() -> None:
    flips = RandomChoice([RandomInvert(0.5), RandomEqualize(0.5)])
    names = [ops[0][0] if ops else "" for ops in drawn_ops(flips)]
    assert_chances(names, {"": 0.5, "invert": 0.25, "equalize": 0.25})
    applied = RandomApply([RandomInvert(0.5), RandomEqualize(0.5)], 0.5)
    found = [tuple(name for name, _ in ops) for ops in drawn_ops(applied)]
    assert_chances(
        found, {(): 0.625, ("invert",): 0.125, ("equalize",): 0.125, ("invert", "equalize"): 0.125}
    )
    order = drawn_ops(RandomOrder([RandomRotation(9), RandomSolarize(0, 1.0)]))
    first = np.array([ops[0][0] == "rotate" for ops in order])
    angles = np.array([dict(ops)["rotate"][0] for ops in order])
    assert_uncorrelated(first, angles)


def test_a_transform_draws_the_same_wherever_a_random_order_puts_it() -> None:
    one, other = RandomRotation(9), RandomRotation((10, 19))
    ordered = drawn_ops(RandomOrder([one, other]), samples=300)
    applied = drawn_ops(RandomApply([one, other], 1.0), samples=300)
    assert [sorted(ops, key=repr) for ops in ordered] == [sorted(ops, key=repr) for ops in applied]


@pytest.mark.parametrize("step", [TrivialAugmentWide(), RandomRotation(5), RandomErasing(), D4()])
def test_parameters_are_ready_for_json(step: Transform) -> None:
    for row in range(30):
        drawn = Compose([step]).parameters(row)
        assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn


# Arguments

FLOAT = ToDtype("float32", scale=True)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RandomApply([]), r"RandomApply: expected a list of one or more .* got \[\]"),
        (lambda: RandomOrder([]), r"RandomOrder: expected a list of one or more .* got \[\]"),
        (lambda: RandomChoice([]), r"RandomChoice: expected a list of one or more .* got \[\]"),
        (lambda: RandomApply(D4()), r"RandomApply: expected a list of .*, got D4\(\)"),
        (lambda: RandomApply([abs]), "RandomApply: expected a list of .*<built-in function abs>"),
        (lambda: RandomApply([D4()], 1.5), r"RandomApply: .*p in \[0, 1\], got 1\.5"),
        (lambda: RandomApply([D4()], "x"), "RandomApply: p: expected a number, got 'x'"),
        (lambda: RandomApply([FLOAT]), "RandomApply: .*transforms of bytes inside, got ToDtype"),
        (
            lambda: RandomOrder([RandomApply([Normalize([0.5], [0.5])])]),
            "RandomApply: .*transforms of bytes inside, got Normalize",
        ),
        (lambda: RandomChoice([FLOAT]), "RandomChoice: .*transforms of bytes inside"),
        (
            lambda: RandomChoice([D4()], [1, 2]),
            r"RandomChoice: expected 1 weights .*\[1\.0, 2\.0\]",
        ),
        (lambda: RandomChoice([D4()], [0]), "RandomChoice: expected 1 weights .* not all 0"),
        (lambda: RandomChoice([D4(), D4()], [-1, 2]), r"2 weights of 0 or more.*\[-1\.0, 2\.0\]"),
        (lambda: RandomChoice([D4()], 3), "RandomChoice: expected p as numbers, got 3"),
        (lambda: RandomChoice([D4()], [math.nan]), "expected p as numbers"),
        (lambda: RandomRotation(-3), r"RandomRotation: .*degrees of 0 or more.* got -3"),
        (lambda: RandomRotation(math.nan), "RandomRotation: .*degrees .* got nan"),
        (lambda: RandomRotation((3, 1)), "RandomRotation: .*each range as min <= max"),
        (lambda: RandomRotation((1, 2, 3)), r"degrees as 2 numbers, got \(1, 2, 3\)"),
        (lambda: RandomRotation("9"), "degrees as 2 numbers, got '9'"),
        (lambda: RandomRotation(9, "bicubic"), "RandomRotation: interpolation='bicubic'; "),
        (lambda: RandomRotation(9, "bilinaer"), "did you mean 'bilinear'"),
        (lambda: RandomRotation(9, v2.InterpolationMode.BICUBIC), "interpolation=<.*BICUBIC"),
        (lambda: RandomRotation(9, expand=True), "RandomRotation: expected expand=False"),
        (
            lambda: RandomRotation(9, center=3),
            "RandomRotation: expected center as 2 numbers, got 3",
        ),
        (lambda: RandomRotation(9, fill="white"), "RandomRotation: expected fill as numbers"),
        (lambda: RandomAffine(-1), "RandomAffine: .*degrees of 0 or more"),
        (lambda: RandomAffine(0, (0.5, 1.5)), r"RandomAffine: .*translate in \[0, 1\]"),
        (lambda: RandomAffine(0, 0.5), "RandomAffine: expected translate as 2 numbers, got 0.5"),
        (lambda: RandomAffine(0, scale=(0, 1)), "RandomAffine: expected scale as 0 < min <= max"),
        (lambda: RandomAffine(0, scale=(2, 1)), "RandomAffine: expected scale as 0 < min <= max"),
        (lambda: RandomAffine(0, shear=(1, 2, 3)), "RandomAffine: expected shear as 2 numbers"),
        (lambda: RandomAffine(0, shear=-1), "RandomAffine: expected shear of 0 or more"),
        (lambda: RandomAffine(0, shear=(3, 1, 0, 0)), "RandomAffine: .*each range as min <= max"),
        (lambda: RandomCrop(0), "RandomCrop: expected size as a whole number of 1 up, got 0"),
        (lambda: RandomCrop(2.5), "RandomCrop: expected size as a whole number of 1 up, got 2.5"),
        (
            lambda: RandomCrop((1, 2, 3, 4)),
            "RandomCrop: expected size as one, two or three whole numbers",
        ),
        (lambda: RandomCrop((1, 2, 3), 4), "RandomCrop: expected padding=None with a size of vol"),
        (lambda: RandomCrop(9, -1), "RandomCrop: expected padding as a whole number of 0 up"),
        (lambda: RandomCrop(9, (1, 2, 3)), "RandomCrop: expected padding as one, two or four"),
        (lambda: RandomCrop(9, pad_if_needed=True), "RandomCrop: expected pad_if_needed=False"),
        (
            lambda: RandomCrop(9, 1, padding_mode="edges"),
            "padding_mode='edges'; did you mean 'edge'",
        ),
        (lambda: CenterCrop(-3), "CenterCrop: expected size as a whole number of 1 up, got -3"),
        (lambda: Pad("3"), "Pad: expected padding as one, two or four whole numbers, got '3'"),
        (lambda: Pad(3, padding_mode=1), "Pad: padding_mode=1; "),
        (lambda: Resize("big"), "Resize: expected size as one or two whole numbers, got 'big'"),
        (lambda: Resize(0), "Resize: expected size as a whole number of 1 up, got 0"),
        (lambda: Resize(9, "lanczos"), "Resize: interpolation='lanczos'"),
        (lambda: RandomResizedCrop(9, (0.5, 1.5)), "RandomResizedCrop: expected scale as 0 <= min"),
        (lambda: RandomResizedCrop(9, (0.9, 0.5)), "RandomResizedCrop: expected scale as 0 <= min"),
        (
            lambda: RandomResizedCrop(9, ratio=(0, 1)),
            "RandomResizedCrop: .*ratio as 0 < min <= max",
        ),
        (lambda: RandomResizedCrop(9, 0.5), "RandomResizedCrop: expected scale as 2 numbers"),
        (lambda: RandomErasing(2), r"RandomErasing: .*p in \[0, 1\], got 2"),
        (lambda: RandomErasing(scale=(-0.1, 1)), "RandomErasing: expected scale as 0 <= min"),
        (lambda: RandomErasing(ratio=(2, 1)), "RandomErasing: .*ratio as 0 < min <= max"),
        (lambda: RandomErasing(value=None), "RandomErasing: expected value as numbers in 0..255"),
        (lambda: RandomErasing(value="random"), "RandomErasing: expected value as numbers"),
        (lambda: RandomInvert(-0.1), r"RandomInvert: .*p in \[0, 1\], got -0\.1"),
        (lambda: RandomAutocontrast(math.nan), r"RandomAutocontrast: .*p in \[0, 1\], got NaN"),
        (lambda: RandomEqualize(7), r"RandomEqualize: .*p in \[0, 1\], got 7"),
        (lambda: RandomGrayscale(7), r"RandomGrayscale: .*p in \[0, 1\], got 7"),
        (lambda: RandomPosterize(-1), "RandomPosterize: expected bits as a whole number of 0 up"),
        (lambda: RandomPosterize(1.5), "RandomPosterize: expected bits as a whole number"),
        (
            lambda: RandomSolarize("high"),
            "RandomSolarize: threshold: expected a number, got 'high'",
        ),
        (lambda: RandomAdjustSharpness(None), "RandomAdjustSharpness: sharpness_factor: expected"),
        (lambda: RandomGamma((1, 2, 3)), r"RandomGamma: expected gamma as 2 numbers"),
        (lambda: RandomGamma((2, 1)), "RandomGamma: .*each range as min <= max"),
        (lambda: RandomGamma(gain="x"), "RandomGamma: gain: expected a number, got 'x'"),
        (lambda: Grayscale(2), "Grayscale: expected num_output_channels=1 or 3, got 2"),
        (lambda: GaussianBlur(0), "GaussianBlur: expected kernel_size as a whole number of 1 up"),
        (lambda: GaussianBlur(3, "x"), "GaussianBlur: expected sigma as 2 numbers, got 'x'"),
        (lambda: GaussianBlur(3, (2, 1)), "GaussianBlur: .*each range as min <= max"),
        (
            lambda: TrivialAugmentWide(1),
            "TrivialAugmentWide: .*num_magnitude_bins .* from 2 to 65536, got 1",
        ),
        (lambda: TrivialAugmentWide(fill="x"), "TrivialAugmentWide: expected fill as numbers"),
        (
            lambda: TrivialAugmentWide(interpolation="area"),
            "TrivialAugmentWide: interpolation='area'",
        ),
        (
            lambda: RandAugment(-1),
            "RandAugment: expected num_ops as a whole number from 0 to 256, got -1",
        ),
        (lambda: AugMix(0), "AugMix: expected severity as a whole number from 1 to 10, got 0"),
        (lambda: AugMix(11), "AugMix: expected severity as a whole number from 1 to 10, got 11"),
        (lambda: AugMix(mixture_width=0), "AugMix: expected mixture_width as a whole number of 1"),
        (lambda: AugMix(chain_depth=1.5), "AugMix: expected chain_depth as a whole number"),
        (lambda: AugMix(3, 100, 3), "mixture_width times chain_depth of at most 256, got 100 x 3"),
        (lambda: AugMix(alpha=0), "AugMix: expected an alpha above 0, finite in float32, got 0"),
        (lambda: AugMix(alpha=-1), "AugMix: expected an alpha above 0"),
        (lambda: AugMix(alpha=math.nan), "AugMix: expected an alpha above 0, .* got NaN"),
        (lambda: AugMix(alpha=math.inf), "AugMix: expected an alpha above 0"),
        (lambda: AugMix(alpha="x"), "AugMix: alpha: expected a number, got 'x'"),
        (lambda: AugMix(all_ops=None), "AugMix: expected all_ops=True or all_ops=False, got None"),
        (lambda: AugMix(interpolation="area"), "AugMix: interpolation='area'"),
        (lambda: AugMix(fill="x"), "AugMix: expected fill as numbers, got 'x'"),
        (lambda: GaussianNoise("x"), "GaussianNoise: mean: expected a number, got 'x'"),
        (lambda: GaussianNoise(sigma=None), "GaussianNoise: sigma: expected a number, got None"),
        (lambda: GaussianNoise(clip=2), "GaussianNoise: expected clip=True or clip=False, got 2"),
        (lambda: RandAugment(magnitude=31), "RandAugment: expected magnitude below 31, got 31"),
        (lambda: RandAugment(magnitude=1.5), "RandAugment: expected magnitude as a whole number"),
        (lambda: RandAugment(num_magnitude_bins=1), "RandAugment: .*num_magnitude_bins"),
        (lambda: Compose([FLOAT, RandomRotation(9)]), "RandomRotation at position 1 .* position 0"),
        (lambda: Compose([FLOAT, RandomApply([D4()])]), "RandomApply at position 1 expects uint8"),
        (lambda: Compose([FLOAT, D4()]), " at position 1 expects uint8"),
        (lambda: Compose([RandomApply([D4()] * 1400)]), "at most 4096 transforms .* got 4201"),
    ],
)
def test_wrong_settings_say_what_is_wrong(build: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        (
            RandomCrop(13),
            ShapeError,
            "RandomCrop: expected images of at least 13 pixels high, got 12",
        ),
        (RandomCrop((12, 11)), ShapeError, "at least 11 pixels wide, got 10; crop less, or pad"),
        (RandomCrop((12, 13), (0, 1)), ShapeError, "at least 13 pixels wide, got 10"),
        (RandomApply([RandomCrop(13)], 0.0), ShapeError, "at least 13 pixels high"),
        (RandomCrop(9), None, None),
        (RandomApply([RandomCrop(9)]), ConfigError, "RandomApply: expected images of one shape"),
        (RandomChoice([Pad(1), Pad(2)]), ConfigError, "RandomChoice: expected images of one shape"),
        (RandomOrder([Pad(1), Pad(2)]), ConfigError, "RandomOrder: expected images of one shape"),
        (D4(), ConfigError, "D4: expected images of one shape"),
        (RandomRotate90(), ConfigError, "RandomRotate90: expected images of one shape"),
        (RandomRotation(9, fill=(1, 2)), ConfigError, "fill as one number, or 3 for the channels"),
        (RandomRotation(9, fill=256), ConfigError, "rotate: expected fill from 0 to 255, got 256"),
        (RandomAffine(9, fill=-1), ConfigError, "affine: expected fill from 0 to 255, got -1"),
        (RandomErasing(value=[1, 2]), ConfigError, "erase: expected v as one number, or 3"),
        (RandomErasing(value=300), ConfigError, "erase: expected v from 0 to 255, got 300"),
        (Pad(10, padding_mode="reflect"), ConfigError, "pad: expected a padding .* to reflect it"),
        (
            RandomPosterize(9),
            ConfigError,
            r"posterize: expected bits as a whole number in \[0, 8\]",
        ),
        (
            RandomSolarize(256),
            ConfigError,
            "solarize: expected a threshold of at most 255, got 256",
        ),
        (
            RandomAdjustSharpness(-1),
            ConfigError,
            "adjust_sharpness: expected a factor of 0 or more",
        ),
        (RandomGamma(-1), ConfigError, "adjust_gamma: expected a gamma of 0 or more"),
        (
            GaussianBlur(4),
            ConfigError,
            "gaussian_blur: expected a kernel_size of odd numbers, got 4",
        ),
        (GaussianBlur(3, (0, 1)), ConfigError, "gaussian_blur: expected a sigma above 0"),
        (GaussianNoise(sigma=-1), ConfigError, "gaussian_noise: expected a sigma from 0 to 16"),
        (GaussianNoise(sigma=math.nan), ConfigError, "gaussian_noise: expected a sigma from 0 to"),
        (GaussianNoise(17), ConfigError, "gaussian_noise: expected a mean from -16 to 16, got 17"),
        (AugMix(fill=300), ConfigError, "affine: expected fill from 0 to 255, got 300"),
        (AugMix(fill=(1, 2)), ConfigError, "fill as one number, or 3 for the channels"),
        (GaussianBlur(25), ConfigError, "gaussian_blur: expected a kernel_size below twice"),
    ],
    ids=str,
)
def test_images_that_do_not_fit(
    step: Transform, error: type[Exception] | None, message: str
) -> None:
    out = np.full((5, 3, 12, 10), 99, np.uint8)
    if error is None:
        assert Compose([step])(IMAGES).shape == (5, 3, 9, 9)
        return
    with pytest.raises(error, match=message):
        Compose([step])(IMAGES, out=out)
    with pytest.raises(error, match=message):
        Compose([step]).parameters(0, shape=(12, 10, 3))
    assert (out == 99).all()


@pytest.mark.parametrize(
    "step", [RandomGrayscale(), RandomAutocontrast(), TrivialAugmentWide(), RandAugment(), AugMix()]
)
def test_two_channels_are_refused_where_colours_are_meant(step: Transform) -> None:
    with pytest.raises(ShapeError, match="images of 1 or 3 channels, got 2"):
        Compose([step])(IMAGES[..., :2])


EVERY: list[Transform] = [
    RandomApply([RandomInvert(), D4()], 0.3),
    RandomChoice([RandomInvert(), RandomRotation(9)], [1, 2]),
    RandomOrder([RandomInvert(), ColorJitter(0.1)]),
    RandomRotation(9, "bilinear", center=(1, 2), fill=(1, 2, 3)),
    RandomAffine(9, (0.1, 0.2), (0.5, 2), 7, fill=None),
    RandomCrop(9, 2, padding_mode="edge"),
    CenterCrop((9, 8)),
    Pad((1, 2)),
    Resize(9),
    Resize((9, 7), "nearest", antialias=False),
    RandomResizedCrop(9),
    RandomErasing(value=[1, 2, 3]),
    RandomInvert(0.2),
    RandomPosterize(3),
    RandomSolarize(99),
    RandomAutocontrast(),
    RandomEqualize(),
    RandomAdjustSharpness(2),
    RandomGamma(2.0),
    Grayscale(3),
    RandomGrayscale(),
    GaussianBlur((3, 5), 1.0),
    RandomRotate90(),
    D4(),
    TrivialAugmentWide(),
    RandAugment(3, 5),
    AugMix(2, 4, 2, 0.5, False, "nearest", (1, 2, 3)),
    AugMix(),
    GaussianNoise(0.1, 0.2, clip=False),
    RandomHorizontalFlip(),
    RandomVerticalFlip(0.2),
    ColorJitter(0.1, hue=0.1),
]


def test_every_transform_is_here() -> None:
    other = {"Compose", "Normalize", "PerBatch", "PerImage", "ToDtype", "Transform", "functional"}
    of_volumes = {"CubicSymmetry", "RandomDepthFlip"}  # in test_volumes
    assert {type(step).__name__ for step in EVERY} == {*transforms.__all__} - other - of_volumes


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_repr_pickle_equality(step: Transform) -> None:
    again = eval(repr(step), vars(transforms))  # noqa: S307
    through_pickle = pickle.loads(pickle.dumps(step))  # noqa: S301
    for twin in (again, through_pickle, copy.copy(step), copy.deepcopy(step)):
        assert twin == step
        assert hash(twin) == hash(step)
        assert repr(twin) == repr(step)
    images = IMAGES[:, :10]
    np.testing.assert_array_equal(Compose([again])(images), Compose([step])(images))
    assert all(step != other for other in EVERY if other is not step)
    with pytest.raises(AttributeError):
        step.p = 1.0  # type: ignore[attr-defined]


def test_a_repr_names_the_arguments_as_torchvision_does() -> None:
    assert repr(RandomRotation(20, v2.InterpolationMode.BILINEAR)) == (
        "RandomRotation(degrees=(-20.0, 20.0), interpolation='bilinear', center=None, fill=(0.0,))"
    )
    assert repr(RandomApply([D4()])) == "RandomApply(transforms=(D4(),), p=0.5)"
    assert repr(RandomCrop(28, 4)) == (
        "RandomCrop(size=(28, 28), padding=(4,), fill=(0.0,), padding_mode='constant')"
    )


# Images


@pytest.mark.parametrize("step", EVERY, ids=lambda step: type(step).__name__)
def test_an_empty_batch_stays_empty(step: Transform) -> None:
    images = IMAGES[:, :10]
    full = Compose([step])(images)
    for empty in (Compose([step])(images[:0]), Compose([step])(images, index=[])):
        assert (empty.shape, empty.dtype) == ((0, *full.shape[1:]), np.uint8)


@pytest.mark.parametrize(
    ("step", "shape"),
    [
        (CenterCrop((20, 7)), (3, 20, 7)),
        (Pad((1, 2, 3, 4)), (3, 18, 14)),
        (RandomCrop((12, 13), (2, 0)), (3, 12, 13)),
        (Resize(5), (3, 6, 5)),
        (Resize((3, 4)), (3, 3, 4)),
        (RandomResizedCrop(7), (3, 7, 7)),
        (Grayscale(), (1, 12, 10)),
        (Grayscale(3), (3, 12, 10)),
        (RandomGrayscale(), (3, 12, 10)),
        (RandomApply([Pad(1), Grayscale()], 1.0), (1, 14, 12)),
        (RandomChoice([Pad(1), Resize((14, 12))]), (3, 14, 12)),
    ],
    ids=str,
)
def test_shapes(step: Transform, shape: tuple[int, ...]) -> None:
    channels, height, width = shape
    assert Compose([step])(IMAGES).shape == (5, channels, height, width)
    assert Compose([step], "NHWC")(IMAGES).shape == (5, height, width, channels)
    assert Compose([step, FLOAT, Normalize([0.5], [0.5])])(IMAGES).shape == (5, *shape)


def test_statistics_fit_the_channels_that_arrive() -> None:
    three = Normalize([0.1, 0.2, 0.3], [1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="values for 3 channels, the images have 1"):
        Compose([Grayscale(), FLOAT, three])(IMAGES)
    assert Compose([Grayscale(3), FLOAT, three])(IMAGES[..., 0]).shape == (5, 3, 12, 10)


def test_images_are_left_as_they_are() -> None:
    before = IMAGES.copy()
    for step in EVERY:
        Compose([step])(IMAGES[:, :10])
    np.testing.assert_array_equal(IMAGES, before)
