"""Augmentation by policies: ops chosen at random from a space of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import ConfigError
from medfast.transforms import _settings as settings
from medfast.transforms._random import Drawn, Random, fixed
from medfast.transforms._random_geometry import HEIGHT, WIDTH, sampling

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, init=False)
class TrivialAugmentWide(Random):
    """Apply one op of random strength, of the wide space of TrivialAugment.

    Parameters
    ----------
    num_magnitude_bins : int, default=31
        Strengths of an op, 2 or more.
    interpolation : {"nearest", "bilinear"}, default="nearest"
        Or torchvision's members of these names.
    fill : float, sequence of float or None, default=None
        The value outside the image, one for all channels or one each; None is 0 too.

    Raises
    ------
    ConfigError
        If an argument is none of these.

    References
    ----------
    S. Müller and F. Hutter, "TrivialAugment: Tuning-free yet state-of-the-art data augmentation",
    ICCV 2021.
    """

    num_magnitude_bins: int
    interpolation: str
    fill: tuple[float, ...] | None

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: Any = "nearest",
        fill: float | Sequence[float] | None = None,
    ) -> None:
        name = "TrivialAugmentWide"
        self._set(
            num_magnitude_bins=settings.whole(
                name, "num_magnitude_bins", num_magnitude_bins, 2, _BINS
            ),
            interpolation=settings.interpolation(name, interpolation),
            fill=settings.fill(name, fill),
        )

    def _native(self) -> _native.Transform:
        bins = self.num_magnitude_bins
        wide = linspace(0.0, 0.99, bins)
        bits = np.rint(8 - np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / 6)).tolist()
        moves = [math.trunc(move) for move in linspace(0.0, 32.0, bins)]
        across: Drawn = ("one_of", _signed(moves))
        space = _space(
            self,
            shear=("one_of", _signed(wide)),
            across=across,
            down=across,
            angle=("one_of", _signed(linspace(0.0, 135.0, bins))),
            factor=("one_of", [1 + value for value in _signed(wide)]),
            bits=("one_of", bits),
            threshold=("one_of", [255.0 * share for share in linspace(1.0, 0.0, bins)]),
        )
        return _one_of([op for _, op in space])


@dataclass(frozen=True, init=False)
class RandAugment(Random):
    """Apply some ops one after the other, each chosen at random and all of one strength.

    Parameters
    ----------
    num_ops : int, default=2
        How many, 0 or more; one may come twice.
    magnitude : int, default=9
        The strength, below `num_magnitude_bins`.
    num_magnitude_bins : int, default=31
        Strengths of an op, 2 or more.
    interpolation, fill
        As for `TrivialAugmentWide`.

    Raises
    ------
    ConfigError
        If an argument is none of these.

    References
    ----------
    E. Cubuk, B. Zoph, J. Shlens and Q. Le, "RandAugment: Practical automated data augmentation with
    a reduced search space", CVPR workshops 2020.
    """

    num_ops: int
    magnitude: int
    num_magnitude_bins: int
    interpolation: str
    fill: tuple[float, ...] | None

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = "nearest",
        fill: float | Sequence[float] | None = None,
    ) -> None:
        name = "RandAugment"
        bins = settings.whole(name, "num_magnitude_bins", num_magnitude_bins, 2, _BINS)
        chosen = settings.whole(name, "magnitude", magnitude, 0)
        if chosen >= bins:
            raise ConfigError(f"{name}: expected magnitude below {bins}, got {chosen}")
        self._set(
            num_ops=settings.whole(name, "num_ops", num_ops, 0, _LINKS),
            magnitude=chosen,
            num_magnitude_bins=bins,
            interpolation=settings.interpolation(name, interpolation),
            fill=settings.fill(name, fill),
        )

    def _native(self) -> _native.Transform:
        def strength(low: float, high: float) -> float:
            return linspace(low, high, self.num_magnitude_bins)[self.magnitude]

        bins, chosen = self.num_magnitude_bins, self.magnitude
        bits = float(np.rint(8 - np.float32(chosen) / np.float32((bins - 1) / 4)))
        space = _space(
            self,
            shear=("one_of", _signed([strength(0.0, 0.3)])),
            across=("step", [WIDTH, 150.0 / 331.0, chosen, chosen, bins]),
            down=("step", [HEIGHT, 150.0 / 331.0, chosen, chosen, bins]),
            angle=("one_of", _signed([strength(0.0, 30.0)])),
            factor=("one_of", [1 + value for value in _signed([strength(0.0, 0.9)])]),
            bits=("fixed", [bits]),
            threshold=("fixed", [255.0 * strength(1.0, 0.0)]),
        )
        choice = _one_of([op for _, op in space])
        return _native.Transform.random_apply([choice] * self.num_ops, 1.0)


@dataclass(frozen=True, init=False)
class AugMix(Random):
    """Mix the image with what chains of ops, each chosen at random, make of it.

    Parameters
    ----------
    severity : int, default=3
        The strength of an op is one of so many weakest of ten; 1 to 10.
    mixture_width : int, default=3
        The number of chains, 1 or more.
    chain_depth : int, default=-1
        The number of ops in a chain; 0 or less for one, two or three, drawn for each chain.
    alpha : float, default=1.0
        The weights are of the Dirichlet distribution with this parameter, above 0.
    all_ops : bool, default=True
        Whether ops on brightness, contrast, saturation and sharpness are among those chosen from.
    interpolation : {"nearest", "bilinear"}, default="bilinear"
        Or torchvision's members of these names.
    fill : float, sequence of float or None, default=None
        The value outside the image, one for all channels or one each; None is 0 too.

    Raises
    ------
    ConfigError
        If an argument is none of these.

    Notes
    -----
    What `Compose.parameters` tells of it is an op ``augmix`` and then the ops of all chains, one
    chain after the other. The numbers of ``augmix`` are the weight of the image, that of all
    chains, the share of each chain in the latter, and the number of ops of each chain.

    References
    ----------
    D. Hendrycks, N. Mu, E. Cubuk, B. Zoph, J. Gilmer and B. Lakshminarayanan, "AugMix: A simple
    data processing method to improve robustness and uncertainty", ICLR 2020.
    """

    severity: int
    mixture_width: int
    chain_depth: int
    alpha: float
    all_ops: bool
    interpolation: str
    fill: tuple[float, ...] | None

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Any = "bilinear",
        fill: float | Sequence[float] | None = None,
    ) -> None:
        name = "AugMix"
        self._set(
            severity=settings.whole(name, "severity", severity, 1, _STRENGTHS),
            mixture_width=settings.whole(name, "mixture_width", mixture_width, 1),
            chain_depth=settings.whole(name, "chain_depth", chain_depth, -(2**31)),
            alpha=settings.number(name, "alpha", alpha),
            all_ops=settings.flag(name, "all_ops", all_ops),
            interpolation=settings.interpolation(name, interpolation),
            fill=settings.fill(name, fill),
        )

    def _native(self) -> _native.Transform:
        depth = self.chain_depth if self.chain_depth > 0 else _RANDOM_DEPTH
        if self.mixture_width * depth > _LINKS:
            raise ConfigError(
                f"AugMix: expected mixture_width times chain_depth of at most {_LINKS}, got "
                f"{self.mixture_width} x {depth}"
            )

        def weakest(low: float, high: float) -> list[float]:
            return linspace(low, high, _STRENGTHS)[: self.severity]

        bits = np.rint(4 - np.arange(_STRENGTHS, dtype=np.float32) / np.float32(9 / 4))
        space = _space(
            self,
            shear=("one_of", _signed(weakest(0.0, 0.3))),
            across=("step", [WIDTH, 1 / 3, 0, self.severity - 1, _STRENGTHS]),
            down=("step", [HEIGHT, 1 / 3, 0, self.severity - 1, _STRENGTHS]),
            angle=("one_of", _signed(weakest(0.0, 30.0))),
            factor=("one_of", [1 + value for value in _signed(weakest(0.0, 0.9))]),
            bits=("one_of", bits[: self.severity].tolist()),
            threshold=("one_of", [255.0 * share for share in weakest(1.0, 0.0)]),
        )
        left_out = ("identity", *(() if self.all_ops else _ADJUSTING))
        chosen = [op for name, op in space if name not in left_out]
        links = [_one_of(chosen)] * (self.mixture_width * depth)
        return _native.Transform.aug_mix(
            links, self.mixture_width, self.chain_depth <= 0, self.alpha
        )


# The strengths of AugMix's ops, and the ops of its longest chain whose length is drawn.
_STRENGTHS = 10
_RANDOM_DEPTH = 3
# As many ops as have draws of their own in one pipeline, and no strengths that none tells apart.
_LINKS = 256
_BINS = 2**16

_ADJUSTING = ("adjust_brightness", "adjust_saturation", "adjust_contrast", "adjust_sharpness")


def _space(
    step: TrivialAugmentWide | RandAugment | AugMix,
    *,
    shear: Drawn,
    across: Drawn,
    down: Drawn,
    angle: Drawn,
    factor: Drawn,
    bits: Drawn,
    threshold: Drawn,
) -> list[tuple[str, _native.Transform]]:
    """Build the fourteen ops of TrivialAugment and RandAugment, in torchvision's order."""
    kind, numbers = shear
    degrees: Drawn = (kind, [math.degrees(math.atan(value)) for value in numbers])
    none = fixed(0.0)[0]
    whole = fixed(1.0)[0]
    corner = sampling(step.interpolation, (0.0, 0.0), step.fill)
    middle = sampling(step.interpolation, None, step.fill)

    def op(name: str, *parameters: Drawn) -> tuple[str, _native.Transform]:
        transform = type(step).__name__
        return name, _native.Transform.random_op(transform, name, list(parameters), 1.0)

    return [
        ("identity", _native.Transform.random_apply([], 1.0)),
        op("affine", none, none, none, whole, degrees, none, *corner),
        op("affine", none, none, none, whole, none, degrees, *corner),
        op("affine", none, across, none, whole, none, none, *middle),
        op("affine", none, none, down, whole, none, none, *middle),
        op("rotate", angle, *middle),
        op("adjust_brightness", factor),
        op("adjust_saturation", factor),
        op("adjust_contrast", factor),
        op("adjust_sharpness", factor),
        op("posterize", bits),
        op("solarize", threshold),
        op("autocontrast"),
        op("equalize"),
    ]


def _one_of(ops: list[_native.Transform]) -> _native.Transform:
    return _native.Transform.random_choice(ops, [1.0] * len(ops))


def linspace(low: float, high: float, count: int) -> list[float]:
    """Divide a range evenly in float32, from both ends to the middle, as torch does.

    torch fuses each product and sum: float64 holds the product, so there is one rounding here too.
    """
    start, end = np.float32(low), np.float32(high)
    step = float((end - start) / np.float32(count - 1))
    places = np.arange(count)
    below, above = start + step * places, end - step * (count - 1 - places)
    values = np.where(places < count // 2, below, above)
    found: list[float] = values.astype(np.float32).astype(np.float64).tolist()
    return found


def _signed(values: Sequence[float]) -> list[float]:
    return [*values, *(-value for value in values)]
