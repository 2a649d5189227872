"""Transforms that draw the parameters of ops, and transforms that choose among others."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, nearest
from medfast.transforms._apply import INTERPOLATIONS, PADDING_MODES, filter_code
from medfast.transforms._steps import Transform, read_number

# How a parameter comes about: a kind of the native code, and its numbers.
Drawn = tuple[str, list[float]]

_HEIGHT, _WIDTH = 0.0, 1.0


def fixed(*values: float) -> list[Drawn]:
    """Say of parameters that they are always the same."""
    return [("fixed", [float(value)]) for value in values]


def uniform(ends: tuple[float, float]) -> Drawn:
    """Say of a parameter that it is uniform between two ends."""
    return ("uniform", [*ends])


class _Random(Transform):
    """What has a native form made of an op with drawn parameters."""

    def _op(self, op: str, parameters: Sequence[Drawn] = (), p: float = 1.0) -> _native.Transform:
        return _native.Transform.random_op(type(self).__name__, op, list(parameters), p)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._native()


@dataclass(frozen=True, init=False)
class RandomApply(_Random):
    """Apply all of some transforms, or none.

    Parameters
    ----------
    transforms : sequence of Transform
        Of bytes: neither `ToDtype` nor `Normalize`.
    p : float, default=0.5
        The probability that they are applied.

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1], or a step is no transform of bytes.
    """

    transforms: tuple[Transform, ...]
    p: float

    def __init__(self, transforms: Sequence[Transform], p: float = 0.5) -> None:
        self._set(transforms=_transforms("RandomApply", transforms), p=_p("RandomApply", p))

    def _native(self) -> _native.Transform:
        return _native.Transform.random_apply(_natives(self.transforms), self.p)


@dataclass(frozen=True, init=False)
class RandomChoice(_Random):
    """Apply one of some transforms.

    Parameters
    ----------
    transforms : sequence of Transform
        Of bytes: neither `ToDtype` nor `Normalize`.
    p : sequence of float, optional
        The weight of each; equal by default.

    Raises
    ------
    ConfigError
        If the weights do not fit, or a step is no transform of bytes.
    """

    transforms: tuple[Transform, ...]
    p: tuple[float, ...]

    def __init__(self, transforms: Sequence[Transform], p: Sequence[float] | None = None) -> None:
        steps = _transforms("RandomChoice", transforms)
        weights = (1.0,) * len(steps) if p is None else _numbers("RandomChoice", "p", p)
        self._set(transforms=steps, p=weights)

    def _native(self) -> _native.Transform:
        return _native.Transform.random_choice(_natives(self.transforms), list(self.p))


@dataclass(frozen=True, init=False)
class RandomOrder(_Random):
    """Apply all of some transforms, in an order drawn anew for every sample.

    Parameters
    ----------
    transforms : sequence of Transform
        Of bytes: neither `ToDtype` nor `Normalize`.

    Raises
    ------
    ConfigError
        If a step is no transform of bytes.
    """

    transforms: tuple[Transform, ...]

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self._set(transforms=_transforms("RandomOrder", transforms))

    def _native(self) -> _native.Transform:
        return _native.Transform.random_order(_natives(self.transforms))


@dataclass(frozen=True, init=False)
class RandomRotation(_Random):
    """Turn by a random angle about the centre.

    Parameters
    ----------
    degrees : float or (float, float)
        The angle is uniform in ``[-degrees, degrees]``, or in the given ``[min, max]``; against
        the clock.
    interpolation : {"nearest", "bilinear"}, default="nearest"
        Or torchvision's members of these names.
    expand : bool, default=False
        Only False: all images of a batch have one size.
    center : (float, float), optional
        Horizontal and vertical place of the centre in pixels; the middle by default.
    fill : float, sequence of float or None, default=0
        The value outside the image, one for all channels or one each.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    degrees: tuple[float, float]
    interpolation: str
    center: tuple[float, ...] | None
    fill: tuple[float, ...] | None

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Any = "nearest",
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: float | Sequence[float] | None = 0,
    ) -> None:
        if expand:
            raise ConfigError("RandomRotation: expected expand=False: a batch has one size")
        self._set(
            degrees=_symmetric("RandomRotation", "degrees", degrees),
            interpolation=_interpolation("RandomRotation", interpolation),
            center=_center("RandomRotation", center),
            fill=_fill("RandomRotation", fill),
        )

    def _native(self) -> _native.Transform:
        rest = _sampling(self.interpolation, self.center, self.fill)
        return self._op("rotate", [uniform(self.degrees), *rest])


@dataclass(frozen=True, init=False)
class RandomAffine(_Random):
    """Turn, move, scale and shear at random about the centre.

    Parameters
    ----------
    degrees : float or (float, float)
        As for `RandomRotation`.
    translate : (float, float), optional
        The largest moves, as shares of the width and the height; whole pixels are drawn.
    scale : (float, float), optional
        The factor is uniform between these.
    shear : float, (float, float) or (float, float, float, float), optional
        Degrees of shear along x: uniform in ``[-shear, shear]`` or in the first pair; along y: 0,
        or uniform in the second pair.
    interpolation, fill, center
        As for `RandomRotation`.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    degrees: tuple[float, float]
    translate: tuple[float, ...] | None
    scale: tuple[float, ...] | None
    shear: tuple[float, ...] | None
    interpolation: str
    fill: tuple[float, ...] | None
    center: tuple[float, ...] | None

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: Any = "nearest",
        fill: float | Sequence[float] | None = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        name = "RandomAffine"
        if translate is not None:
            translate = _numbers(name, "translate", translate, length=2)
            if not all(0 <= share <= 1 for share in translate):
                raise ConfigError(f"{name}: expected translate in [0, 1], got {translate}")
        if scale is not None:
            scale = _numbers(name, "scale", scale, length=2)
            if not 0 < scale[0] <= scale[1]:
                raise ConfigError(f"{name}: expected scale as 0 < min <= max, got {scale}")
        if shear is not None:
            four = isinstance(shear, Sequence) and len(shear) == 4
            shear = _numbers(name, "shear", shear) if four else _symmetric(name, "shear", shear)
        self._set(
            degrees=_symmetric(name, "degrees", degrees),
            translate=translate,
            scale=scale,
            shear=shear,
            interpolation=_interpolation(name, interpolation),
            fill=_fill(name, fill),
            center=_center(name, center),
        )

    def _native(self) -> _native.Transform:
        right, down = self.translate or (0.0, 0.0)
        shear = (*(self.shear or (0.0, 0.0)), 0.0, 0.0)
        return self._op(
            "affine",
            [
                uniform(self.degrees),
                ("share", [-right, right, _WIDTH]),
                ("share", [-down, down, _HEIGHT]),
                uniform((self.scale[0], self.scale[1]) if self.scale else (1.0, 1.0)),
                uniform((shear[0], shear[1])),
                uniform((shear[2], shear[3])),
                *_sampling(self.interpolation, self.center, self.fill),
            ],
        )


@dataclass(frozen=True, init=False)
class RandomCrop(_Random):
    """Cut out a window at a random place.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the window, not larger than the (padded) image.
    padding : int or sequence of 2 or 4 int, optional
        Pixels added before: on all sides; left and right, top and bottom; left, top, right, bottom.
    pad_if_needed : bool, default=False
        Only False.
    fill : float or sequence of float, default=0
        The value of the padding, one for all channels or one each.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}, default="constant"

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    size: tuple[int, int]
    padding: tuple[int, ...] | None
    fill: tuple[float, ...] | None
    padding_mode: str

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float | Sequence[float] | None = 0,
        padding_mode: str = "constant",
    ) -> None:
        if pad_if_needed:
            raise ConfigError("RandomCrop: expected pad_if_needed=False; give the padding itself")
        self._set(
            size=_size("RandomCrop", size),
            padding=None if padding is None else _padding("RandomCrop", padding),
            fill=_fill("RandomCrop", fill),
            padding_mode=_padding_mode("RandomCrop", padding_mode),
        )

    def _native(self) -> _native.Transform:
        height, width = self.size
        places: list[Drawn] = [("place", [height, _HEIGHT]), ("place", [width, _WIDTH])]
        crop = self._op("crop", [*places, *fixed(height, width)])
        if self.padding is None:
            return crop
        pad = self._op("pad", _pad(self.padding, self.padding_mode, self.fill))
        return _native.Transform.random_apply([pad, crop], 1.0)


@dataclass(frozen=True, init=False)
class CenterCrop(_Random):
    """Cut out the middle, padded with 0 where the image is smaller.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the window.

    Raises
    ------
    ConfigError
        If `size` is no such number.
    """

    size: tuple[int, int]

    def __init__(self, size: int | Sequence[int]) -> None:
        self._set(size=_size("CenterCrop", size))

    def _native(self) -> _native.Transform:
        return self._op("center_crop", fixed(*self.size))


@dataclass(frozen=True, init=False)
class Pad(_Random):
    """Add pixels around the image.

    Parameters
    ----------
    padding : int or sequence of 2 or 4 int
        On all sides; left and right, top and bottom; left, top, right, bottom.
    fill : float or sequence of float, default=0
        The value, one for all channels or one each.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}, default="constant"

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    padding: tuple[int, ...]
    fill: tuple[float, ...] | None
    padding_mode: str

    def __init__(
        self,
        padding: int | Sequence[int],
        fill: float | Sequence[float] | None = 0,
        padding_mode: str = "constant",
    ) -> None:
        self._set(
            padding=_padding("Pad", padding),
            fill=_fill("Pad", fill),
            padding_mode=_padding_mode("Pad", padding_mode),
        )

    def _native(self) -> _native.Transform:
        return self._op("pad", _pad(self.padding, self.padding_mode, self.fill))


@dataclass(frozen=True, init=False)
class Resize(_Random):
    """Resize to a fixed size.

    Parameters
    ----------
    size : int or (int, int)
        Height and width; a single number is that of the shorter side, in proportion.
    interpolation : {"nearest", "bilinear"}, default="bilinear"
        Or torchvision's members of these names.
    antialias : bool, default=True
        Whether bilinear interpolation averages over what a smaller image leaves out.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    size: tuple[int, ...]
    interpolation: str
    antialias: bool

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: Any = "bilinear",
        *,
        antialias: bool = True,
    ) -> None:
        single = not isinstance(size, Sequence) or len(size) == 1
        pair = _size("Resize", size)
        self._set(
            size=pair[:1] if single else pair,
            interpolation=_interpolation("Resize", interpolation),
            antialias=bool(antialias),
        )

    def _native(self) -> _native.Transform:
        if len(self.size) == 1:
            sides: list[Drawn] = [("edge", [self.size[0], axis]) for axis in (_HEIGHT, _WIDTH)]
        else:
            sides = fixed(*self.size)
        return self._op("resize", [*sides, *fixed(filter_code(self.interpolation, self.antialias))])


@dataclass(frozen=True, init=False)
class RandomResizedCrop(_Random):
    """Cut out a window of random area and shape, and resize it.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the result.
    scale : (float, float), default=(0.08, 1.0)
        The share of the area is uniform between these.
    ratio : (float, float), default=(3/4, 4/3)
        The ratio of width to height lies between these, its logarithm uniform.
    interpolation, antialias
        As for `Resize`.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    size: tuple[int, int]
    scale: tuple[float, ...]
    ratio: tuple[float, ...]
    interpolation: str
    antialias: bool

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        interpolation: Any = "bilinear",
        antialias: bool = True,
    ) -> None:
        self._set(
            size=_size("RandomResizedCrop", size),
            scale=_numbers("RandomResizedCrop", "scale", scale, length=2),
            ratio=_numbers("RandomResizedCrop", "ratio", ratio, length=2),
            interpolation=_interpolation("RandomResizedCrop", interpolation),
            antialias=bool(antialias),
        )

    def _native(self) -> _native.Transform:
        rest = [filter_code(self.interpolation, self.antialias)]
        return _native.Transform.random_resized_crop(
            self.size, _two(self.scale), _two(self.ratio), rest
        )


@dataclass(frozen=True, init=False)
class RandomErasing(_Random):
    """Overwrite a window of random place, area and shape.

    Parameters
    ----------
    p : float, default=0.5
        The probability.
    scale : (float, float), default=(0.02, 0.33)
        The share of the area is uniform between these.
    ratio : (float, float), default=(0.3, 3.3)
        The ratio of height to width lies between these, its logarithm uniform.
    value : int or sequence of int, default=0
        What is written, one for all channels or one each, in 0..255.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    p: float
    scale: tuple[float, ...]
    ratio: tuple[float, ...]
    value: tuple[float, ...]

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: float | Sequence[float] = 0,
    ) -> None:
        values = _fill("RandomErasing", value, "value")
        if values is None:
            raise ConfigError("RandomErasing: expected value as numbers in 0..255, got None")
        self._set(
            p=_p("RandomErasing", p),
            scale=_numbers("RandomErasing", "scale", scale, length=2),
            ratio=_numbers("RandomErasing", "ratio", ratio, length=2),
            value=values,
        )

    def _native(self) -> _native.Transform:
        return _native.Transform.random_erasing(
            self.p, _two(self.scale), _two(self.ratio), list(self.value)
        )


@dataclass(frozen=True, init=False)
class RandomInvert(_Random):
    """Turn every value into 255 minus it, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    p: float

    def __init__(self, p: float = 0.5) -> None:
        self._set(p=_p("RandomInvert", p))

    def _native(self) -> _native.Transform:
        return self._op("invert", p=self.p)


@dataclass(frozen=True, init=False)
class RandomPosterize(_Random):
    """Keep the highest bits of every value, with probability `p`.

    Parameters
    ----------
    bits : int
        0 to 8.
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    bits: int
    p: float

    def __init__(self, bits: int, p: float = 0.5) -> None:
        self._set(bits=_whole("RandomPosterize", "bits", bits, 0), p=_p("RandomPosterize", p))

    def _native(self) -> _native.Transform:
        return self._op("posterize", fixed(self.bits), self.p)


@dataclass(frozen=True, init=False)
class RandomSolarize(_Random):
    """Invert the values from a threshold on, with probability `p`.

    Parameters
    ----------
    threshold : float
        0 to 255.
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    threshold: float
    p: float

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        name = "RandomSolarize"
        self._set(threshold=read_number(f"{name}: threshold", threshold), p=_p(name, p))

    def _native(self) -> _native.Transform:
        return self._op("solarize", fixed(self.threshold), self.p)


@dataclass(frozen=True, init=False)
class RandomAutocontrast(_Random):
    """Stretch the values of each channel to 0..255, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    p: float

    def __init__(self, p: float = 0.5) -> None:
        self._set(p=_p("RandomAutocontrast", p))

    def _native(self) -> _native.Transform:
        return self._op("autocontrast", p=self.p)


@dataclass(frozen=True, init=False)
class RandomEqualize(_Random):
    """Even out the histogram of each channel, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    p: float

    def __init__(self, p: float = 0.5) -> None:
        self._set(p=_p("RandomEqualize", p))

    def _native(self) -> _native.Transform:
        return self._op("equalize", p=self.p)


@dataclass(frozen=True, init=False)
class RandomAdjustSharpness(_Random):
    """Blend with a blurred copy, with probability `p`.

    Parameters
    ----------
    sharpness_factor : float
        0 blurs, 1 leaves the image as it is, 2 sharpens.
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    sharpness_factor: float
    p: float

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        name = "RandomAdjustSharpness"
        factor = read_number(f"{name}: sharpness_factor", sharpness_factor)
        self._set(sharpness_factor=factor, p=_p(name, p))

    def _native(self) -> _native.Transform:
        return self._op("adjust_sharpness", fixed(self.sharpness_factor), self.p)


@dataclass(frozen=True, init=False)
class RandomGamma(_Random):
    """Raise the values, on the scale 0 to 1, to a random power.

    Not in torchvision; its function `adjust_gamma` is.

    Parameters
    ----------
    gamma : float or (float, float), default=(0.8, 1.25)
        The power is uniform between these.
    gain : float, default=1
        What the result is multiplied by.
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    gamma: tuple[float, ...]
    gain: float
    p: float

    def __init__(
        self, gamma: float | Sequence[float] = (0.8, 1.25), gain: float = 1.0, p: float = 0.5
    ) -> None:
        ends = (gamma, gamma) if isinstance(gamma, Real) else gamma
        self._set(
            gamma=_numbers("RandomGamma", "gamma", ends, length=2),
            gain=read_number("RandomGamma: gain", gain),
            p=_p("RandomGamma", p),
        )

    def _native(self) -> _native.Transform:
        return self._op("adjust_gamma", [uniform(_two(self.gamma)), *fixed(self.gain)], self.p)


@dataclass(frozen=True, init=False)
class Grayscale(_Random):
    """Turn RGB into gray.

    Parameters
    ----------
    num_output_channels : {1, 3}, default=1

    Raises
    ------
    ConfigError
        If it is another number.
    """

    num_output_channels: int

    def __init__(self, num_output_channels: int = 1) -> None:
        if num_output_channels not in (1, 3):
            raise ConfigError(
                f"Grayscale: expected num_output_channels=1 or 3, got {num_output_channels!r}"
            )
        self._set(num_output_channels=int(num_output_channels))

    def _native(self) -> _native.Transform:
        return self._op("rgb_to_grayscale", fixed(self.num_output_channels))


@dataclass(frozen=True, init=False)
class RandomGrayscale(_Random):
    """Make the channels equal, with probability `p`.

    Parameters
    ----------
    p : float, default=0.1

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    p: float

    def __init__(self, p: float = 0.1) -> None:
        self._set(p=_p("RandomGrayscale", p))

    def _native(self) -> _native.Transform:
        return self._op("rgb_to_grayscale", [("channels", [])], self.p)


@dataclass(frozen=True, init=False)
class GaussianBlur(_Random):
    """Blur with a Gaussian of random width.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Odd: the width and the height of the kernel.
    sigma : float or (float, float), default=(0.1, 2.0)
        The standard deviation in pixels is uniform between these, the same along both axes.

    Raises
    ------
    ConfigError
        If an argument is none of these.
    """

    kernel_size: tuple[int, int]
    sigma: tuple[float, ...]

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        ends = (sigma, sigma) if isinstance(sigma, Real) else sigma
        self._set(
            kernel_size=_size("GaussianBlur", kernel_size, "kernel_size"),
            sigma=_numbers("GaussianBlur", "sigma", ends, length=2),
        )

    def _native(self) -> _native.Transform:
        sigma = uniform(_two(self.sigma))
        return self._op("gaussian_blur", [*fixed(*self.kernel_size), sigma, ("again", [2.0])])


@dataclass(frozen=True, init=False)
class RandomRotate90(_Random):
    """Turn by no, one, two or three quarters, each as likely. Images must be square.

    Not in torchvision.
    """

    def __init__(self) -> None:
        self._set()

    def _native(self) -> _native.Transform:
        return self._op("rot90", [("one_of", [0.0, 1.0, 2.0, 3.0])])


@dataclass(frozen=True, init=False)
class D4(_Random):
    """Apply one of the eight symmetries of the square, each as likely. Images must be square.

    Not in torchvision.
    """

    def __init__(self) -> None:
        self._set()

    def _native(self) -> _native.Transform:
        turn = self._op("rot90", [("one_of", [0.0, 1.0, 2.0, 3.0])])
        flip = self._op("horizontal_flip", p=0.5)
        return _native.Transform.random_apply([turn, flip], 1.0)


@dataclass(frozen=True, init=False)
class TrivialAugmentWide(_Random):
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
            num_magnitude_bins=_whole(name, "num_magnitude_bins", num_magnitude_bins, 2),
            interpolation=_interpolation(name, interpolation),
            fill=_fill(name, fill),
        )

    def _native(self) -> _native.Transform:
        bins = self.num_magnitude_bins
        wide = linspace(0.0, 0.99, bins)
        bits = np.rint(8 - np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / 6)).tolist()
        moves = [math.trunc(move) for move in linspace(0.0, 32.0, bins)]
        across: Drawn = ("one_of", _signed(moves))
        names_and_draws = _space(
            self,
            shear=("one_of", _signed(wide)),
            across=across,
            down=across,
            angle=("one_of", _signed(linspace(0.0, 135.0, bins))),
            factor=("one_of", [1 + value for value in _signed(wide)]),
            bits=("one_of", bits),
            threshold=("one_of", [255.0 * share for share in linspace(1.0, 0.0, bins)]),
        )
        return _native.Transform.random_choice(names_and_draws, [1.0] * len(names_and_draws))


@dataclass(frozen=True, init=False)
class RandAugment(_Random):
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
        bins = _whole(name, "num_magnitude_bins", num_magnitude_bins, 2)
        chosen = _whole(name, "magnitude", magnitude, 0)
        if chosen >= bins:
            raise ConfigError(f"{name}: expected magnitude below {bins}, got {chosen}")
        self._set(
            num_ops=_whole(name, "num_ops", num_ops, 0),
            magnitude=chosen,
            num_magnitude_bins=bins,
            interpolation=_interpolation(name, interpolation),
            fill=_fill(name, fill),
        )

    def _native(self) -> _native.Transform:
        def strength(low: float, high: float) -> float:
            return linspace(low, high, self.num_magnitude_bins)[self.magnitude]

        bins, chosen = self.num_magnitude_bins, self.magnitude
        bits = float(np.rint(8 - np.float32(chosen) / np.float32((bins - 1) / 4)))
        space = _space(
            self,
            shear=("one_of", _signed([strength(0.0, 0.3)])),
            across=("step", [_WIDTH, 150.0 / 331.0, chosen, bins]),
            down=("step", [_HEIGHT, 150.0 / 331.0, chosen, bins]),
            angle=("one_of", _signed([strength(0.0, 30.0)])),
            factor=("one_of", [1 + value for value in _signed([strength(0.0, 0.9)])]),
            bits=("fixed", [bits]),
            threshold=("fixed", [255.0 * strength(1.0, 0.0)]),
        )
        choice = _native.Transform.random_choice(space, [1.0] * len(space))
        return _native.Transform.random_apply([choice] * self.num_ops, 1.0)


def _space(
    step: TrivialAugmentWide | RandAugment,
    *,
    shear: Drawn,
    across: Drawn,
    down: Drawn,
    angle: Drawn,
    factor: Drawn,
    bits: Drawn,
    threshold: Drawn,
) -> list[_native.Transform]:
    """Build the fourteen ops of TrivialAugment and RandAugment, in torchvision's order."""
    kind, numbers = shear
    degrees: Drawn = (kind, [math.degrees(math.atan(value)) for value in numbers])
    none = fixed(0.0)[0]
    whole = fixed(1.0)[0]
    corner = _sampling(step.interpolation, (0.0, 0.0), step.fill)
    middle = _sampling(step.interpolation, None, step.fill)

    def op(name: str, *parameters: Drawn) -> _native.Transform:
        return _native.Transform.random_op(type(step).__name__, name, list(parameters), 1.0)

    return [
        _native.Transform.random_apply([], 1.0),
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


def _sampling(
    interpolation: str, center: Sequence[float] | None, fill: Sequence[float] | None
) -> list[Drawn]:
    x, y = (math.nan, math.nan) if center is None else center
    return fixed(INTERPOLATIONS.index(interpolation), x, y, *(fill or ()))


def _pad(padding: tuple[int, ...], mode: str, fill: Sequence[float] | None) -> list[Drawn]:
    sides = padding * (4 // len(padding))
    filled = (fill or (0.0,)) if mode == "constant" else ()
    return fixed(*sides, PADDING_MODES.index(mode), *filled)


def _natives(transforms: Sequence[Transform]) -> list[_native.Transform]:
    return [step._native() for step in transforms]  # noqa: SLF001


def _transforms(name: str, transforms: Any) -> tuple[Transform, ...]:
    listed = isinstance(transforms, Sequence) and len(transforms) > 0
    if listed and all(isinstance(step, Transform) for step in transforms):
        return tuple(transforms)
    raise ConfigError(
        f"{name}: expected a list of one or more transforms of medfast, got {transforms!r}"
    )


def _p(name: str, p: Any) -> float:
    return read_number(f"{name}: p", p)


def _numbers(name: str, key: str, values: Any, *, length: int | None = None) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        numbers = (math.nan,)
    wrong = length is not None and len(numbers) != length
    if wrong or not all(map(math.isfinite, numbers)):
        count = "" if length is None else f"{length} "
        raise ConfigError(f"{name}: expected {key} as {count}numbers, got {values!r}")
    return numbers


def _two(numbers: tuple[float, ...]) -> tuple[float, float]:
    return numbers[0], numbers[1]


def _symmetric(name: str, key: str, value: Any) -> tuple[float, float]:
    if isinstance(value, Real):
        reach = float(value)
        if not 0 <= reach < math.inf:
            raise ConfigError(f"{name}: expected {key} of 0 or more, or (min, max), got {value!r}")
        return -reach, reach
    low, high = _numbers(name, key, value, length=2)
    return low, high


def _whole(name: str, key: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ConfigError(f"{name}: expected {key} as a whole number of {least} up, got {value!r}")
    return number


def _size(name: str, size: Any, key: str = "size") -> tuple[int, int]:
    sides = (size,) if isinstance(size, Real) else size
    if not isinstance(sides, Sequence) or len(sides) not in (1, 2):
        raise ConfigError(f"{name}: expected {key} as one or two whole numbers, got {size!r}")
    found = [_whole(name, key, side, 1) for side in sides]
    return found[0], found[-1]


def _padding(name: str, padding: Any) -> tuple[int, ...]:
    sides = (padding,) if isinstance(padding, Real) else padding
    if not isinstance(sides, Sequence) or len(sides) not in (1, 2, 4):
        raise ConfigError(
            f"{name}: expected padding as one, two or four whole numbers, got {padding!r}"
        )
    return tuple(_whole(name, "padding", side, 0) for side in sides)


def _padding_mode(name: str, mode: Any) -> str:
    if mode not in PADDING_MODES:
        raise ConfigError(f"{name}: padding_mode={mode!r}; {nearest(str(mode), PADDING_MODES)}")
    return str(mode)


def _interpolation(name: str, interpolation: Any) -> str:
    chosen = getattr(interpolation, "value", interpolation)
    if chosen not in INTERPOLATIONS:
        known = nearest(str(chosen), INTERPOLATIONS)
        raise ConfigError(f"{name}: interpolation={interpolation!r}; {known}")
    return str(chosen)


def _center(name: str, center: Any) -> tuple[float, ...] | None:
    return None if center is None else _numbers(name, "center", center, length=2)


def _fill(name: str, fill: Any, key: str = "fill") -> tuple[float, ...] | None:
    if fill is None:
        return None
    return _numbers(name, key, (fill,) if isinstance(fill, Real) else fill)
