"""Random transforms that change what pixels hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medfast.errors import ConfigError
from medfast.transforms import _settings as settings
from medfast.transforms._random import Chance, Random, fixed, uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast import _native


class RandomInvert(Chance):
    """Turn every value into 255 minus it, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    _name = "invert"


@dataclass(frozen=True, init=False)
class RandomPosterize(Random):
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
        self._set(
            bits=settings.whole("RandomPosterize", "bits", bits, 0),
            p=settings.number("RandomPosterize", "p", p),
        )

    def _native(self) -> _native.Transform:
        return self._op("posterize", fixed(self.bits), self.p)


@dataclass(frozen=True, init=False)
class RandomSolarize(Random):
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
        self._set(
            threshold=settings.number(name, "threshold", threshold), p=settings.number(name, "p", p)
        )

    def _native(self) -> _native.Transform:
        return self._op("solarize", fixed(self.threshold), self.p)


class RandomAutocontrast(Chance):
    """Stretch the values of each channel to 0..255, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    _name = "autocontrast"


class RandomEqualize(Chance):
    """Even out the histogram of each channel, with probability `p`.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    _name = "equalize"


@dataclass(frozen=True, init=False)
class RandomAdjustSharpness(Random):
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
        factor = settings.number(name, "sharpness_factor", sharpness_factor)
        self._set(sharpness_factor=factor, p=settings.number(name, "p", p))

    def _native(self) -> _native.Transform:
        return self._op("adjust_sharpness", fixed(self.sharpness_factor), self.p)


@dataclass(frozen=True, init=False)
class RandomGamma(Random):
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

    gamma: tuple[float, float]
    gain: float
    p: float

    def __init__(
        self, gamma: float | Sequence[float] = (0.8, 1.25), gain: float = 1.0, p: float = 0.5
    ) -> None:
        self._set(
            gamma=settings.ends("RandomGamma", "gamma", gamma),
            gain=settings.number("RandomGamma", "gain", gain),
            p=settings.number("RandomGamma", "p", p),
        )

    def _native(self) -> _native.Transform:
        return self._op("adjust_gamma", [uniform(self.gamma), *fixed(self.gain)], self.p)


@dataclass(frozen=True, init=False)
class Grayscale(Random):
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
        channels = settings.whole("Grayscale", "num_output_channels", num_output_channels, 0)
        if channels not in (1, 3):
            raise ConfigError(f"Grayscale: expected num_output_channels=1 or 3, got {channels}")
        self._set(num_output_channels=channels)

    def _native(self) -> _native.Transform:
        return self._op("rgb_to_grayscale", fixed(self.num_output_channels))


@dataclass(frozen=True, init=False)
class RandomGrayscale(Random):
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
        self._set(p=settings.number("RandomGrayscale", "p", p))

    def _native(self) -> _native.Transform:
        return self._op("rgb_to_grayscale", [("channels", [])], self.p)


@dataclass(frozen=True, init=False)
class GaussianBlur(Random):
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
    sigma: tuple[float, float]

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        self._set(
            kernel_size=settings.size("GaussianBlur", kernel_size, "kernel_size"),
            sigma=settings.ends("GaussianBlur", "sigma", sigma),
        )

    def _native(self) -> _native.Transform:
        sigma = uniform(self.sigma)
        return self._op("gaussian_blur", [*fixed(*self.kernel_size), sigma, ("again", [2.0])])


@dataclass(frozen=True, init=False)
class GaussianNoise(Random):
    """Add normal noise, drawn anew for every value of every image.

    Parameters
    ----------
    mean : float, default=0.0
        Of the noise, where 1 is the whole range of values; from -16 to 16.
    sigma : float, default=0.1
        The standard deviation on the same scale, from 0 to 16.
    clip : bool, default=True
        Whether values beyond 0 and 255 become these; else they are taken modulo 256.

    Raises
    ------
    ConfigError
        If an argument is none of these.

    Notes
    -----
    The noise of an image is a function of a seed that is drawn for it, as
    `functional.gaussian_noise` makes it. torchvision's transform, given the same normal numbers,
    comes to the same values.
    """

    mean: float
    sigma: float
    clip: bool

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        name = "GaussianNoise"
        self._set(
            mean=settings.number(name, "mean", mean),
            sigma=settings.number(name, "sigma", sigma),
            clip=settings.flag(name, "clip", clip),
        )

    def _native(self) -> _native.Transform:
        noise = fixed(self.mean, self.sigma, self.clip)
        return self._op("gaussian_noise", [*noise, ("seed", []), *fixed(0)])
