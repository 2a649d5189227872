"""Random transforms that change where pixels are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medfast import _native
from medfast.errors import ConfigError
from medfast.transforms import _settings as settings
from medfast.transforms._random import Chance, Drawn, Random, fixed, uniform

# The numbers by which the native code knows axes of what it is drawn for.
HEIGHT, WIDTH, DEPTH = 0.0, 1.0, 2.0


@dataclass(frozen=True, init=False)
class RandomRotation(Random):
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
        if settings.flag("RandomRotation", "expand", expand):
            raise ConfigError("RandomRotation: expected expand=False: a batch has one size")
        self._set(
            degrees=settings.reach("RandomRotation", "degrees", degrees),
            interpolation=settings.interpolation("RandomRotation", interpolation),
            center=_center("RandomRotation", center),
            fill=settings.fill("RandomRotation", fill),
        )

    def _native(self) -> _native.Transform:
        rest = sampling(self.interpolation, self.center, self.fill)
        return self._op("rotate", [uniform(self.degrees), *rest])


@dataclass(frozen=True, init=False)
class RandomAffine(Random):
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
            translate = settings.numbers(name, "translate", translate, length=2)
            if not all(0 <= share <= 1 for share in translate):
                raise ConfigError(f"{name}: expected translate in [0, 1], got {translate}")
        if scale is not None:
            scale = settings.numbers(name, "scale", scale, length=2)
            if not 0 < scale[0] <= scale[1]:
                raise ConfigError(f"{name}: expected scale as 0 < min <= max, got {scale}")
        if shear is not None:
            four = isinstance(shear, Sequence) and len(shear) == 4
            shear = (
                settings.numbers(name, "shear", shear)
                if four
                else settings.reach(name, "shear", shear)
            )
        self._set(
            degrees=settings.reach(name, "degrees", degrees),
            translate=translate,
            scale=scale,
            shear=shear,
            interpolation=settings.interpolation(name, interpolation),
            fill=settings.fill(name, fill),
            center=_center(name, center),
        )

    def _native(self) -> _native.Transform:
        right, down = self.translate or (0.0, 0.0)
        shear = (*(self.shear or (0.0, 0.0)), 0.0, 0.0)
        return self._op(
            "affine",
            [
                uniform(self.degrees),
                ("share", [-right, right, WIDTH]),
                ("share", [-down, down, HEIGHT]),
                uniform((self.scale[0], self.scale[1]) if self.scale else (1.0, 1.0)),
                uniform((shear[0], shear[1])),
                uniform((shear[2], shear[3])),
                *sampling(self.interpolation, self.center, self.fill),
            ],
        )


@dataclass(frozen=True, init=False)
class RandomCrop(Random):
    """Cut out a window at a random place.

    Parameters
    ----------
    size : int, (int, int) or (int, int, int)
        Height and width of the window, not larger than the (padded) image; of every slice, where
        there are volumes. Or depth, height and width, of volumes.
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

    size: tuple[int, ...]
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
        if settings.flag("RandomCrop", "pad_if_needed", pad_if_needed):
            raise ConfigError("RandomCrop: expected pad_if_needed=False; give the padding itself")
        sides = settings.volume_size("RandomCrop", size)
        if len(sides) == 3 and padding is not None:
            raise ConfigError(
                f"RandomCrop: expected padding=None with a size of volumes, got {padding!r}"
            )
        self._set(
            size=sides,
            padding=None if padding is None else settings.padding("RandomCrop", padding),
            fill=settings.fill("RandomCrop", fill),
            padding_mode=settings.padding_mode("RandomCrop", padding_mode),
        )

    def _native(self) -> _native.Transform:
        axes = (DEPTH, HEIGHT, WIDTH)[-len(self.size) :]
        places: list[Drawn] = [
            ("place", [side, axis]) for side, axis in zip(self.size, axes, strict=True)
        ]
        crop = self._op("crop", [*places, *fixed(*self.size)])
        if self.padding is None:
            return crop
        pad = self._op("pad", _pad(self.padding, self.padding_mode, self.fill))
        return _native.Transform.random_apply([pad, crop], 1.0)


@dataclass(frozen=True, init=False)
class CenterCrop(Random):
    """Cut out the middle, padded with 0 where the image is smaller.

    Parameters
    ----------
    size : int, (int, int) or (int, int, int)
        Height and width of the window; of every slice, where there are volumes. Or depth, height
        and width, of volumes.

    Raises
    ------
    ConfigError
        If `size` is no such number.
    """

    size: tuple[int, ...]

    def __init__(self, size: int | Sequence[int]) -> None:
        self._set(size=settings.volume_size("CenterCrop", size))

    def _native(self) -> _native.Transform:
        return self._op("center_crop", fixed(*self.size))


@dataclass(frozen=True, init=False)
class Pad(Random):
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
            padding=settings.padding("Pad", padding),
            fill=settings.fill("Pad", fill),
            padding_mode=settings.padding_mode("Pad", padding_mode),
        )

    def _native(self) -> _native.Transform:
        return self._op("pad", _pad(self.padding, self.padding_mode, self.fill))


@dataclass(frozen=True, init=False)
class Resize(Random):
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
        self._set(
            size=settings.wholes("Resize", "size", size, (1, 2), 1),
            interpolation=settings.interpolation("Resize", interpolation),
            antialias=settings.antialias("Resize", antialias),
        )

    def _native(self) -> _native.Transform:
        if len(self.size) == 1:
            sides: list[Drawn] = [("edge", [self.size[0], axis]) for axis in (HEIGHT, WIDTH)]
        else:
            sides = fixed(*self.size)
        return self._op(
            "resize", [*sides, *fixed(settings.filter_code(self.interpolation, self.antialias))]
        )


@dataclass(frozen=True, init=False)
class RandomResizedCrop(Random):
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
    scale: tuple[float, float]
    ratio: tuple[float, float]
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
            size=settings.size("RandomResizedCrop", size),
            scale=_pair("RandomResizedCrop", "scale", scale),
            ratio=_pair("RandomResizedCrop", "ratio", ratio),
            interpolation=settings.interpolation("RandomResizedCrop", interpolation),
            antialias=settings.antialias("RandomResizedCrop", antialias),
        )

    def _native(self) -> _native.Transform:
        rest = [settings.filter_code(self.interpolation, self.antialias)]
        return _native.Transform.random_resized_crop(self.size, self.scale, self.ratio, rest)


@dataclass(frozen=True, init=False)
class RandomErasing(Random):
    """Overwrite a window of random place, area and shape; the same in every slice of a volume.

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
    scale: tuple[float, float]
    ratio: tuple[float, float]
    value: tuple[float, ...]

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: float | Sequence[float] = 0,
    ) -> None:
        values = settings.fill("RandomErasing", value, "value")
        if values is None:
            raise ConfigError("RandomErasing: expected value as numbers in 0..255, got None")
        self._set(
            p=settings.number("RandomErasing", "p", p),
            scale=_pair("RandomErasing", "scale", scale),
            ratio=_pair("RandomErasing", "ratio", ratio),
            value=values,
        )

    def _native(self) -> _native.Transform:
        return _native.Transform.random_erasing(self.p, self.scale, self.ratio, list(self.value))


@dataclass(frozen=True, init=False)
class RandomRotate90(Random):
    """Turn by no, one, two or three quarters, each as likely.

    Not in torchvision. The two sides along which it turns must be equal.

    Parameters
    ----------
    plane : str, default="HW"
        Two of the axes D, H and W. Images have the default alone.

    Raises
    ------
    ConfigError
        If `plane` is none.
    """

    plane: str

    def __init__(self, plane: str = "HW") -> None:
        self._set(plane=settings.plane("RandomRotate90", plane))

    def _native(self) -> _native.Transform:
        axes = fixed(*settings.plane_codes(self.plane))
        return self._op("rot90", [("one_of", [0.0, 1.0, 2.0, 3.0]), *axes])


@dataclass(frozen=True, init=False)
class D4(Random):
    """Apply one of the eight symmetries of the square, each as likely. Images must be square.

    Not in torchvision.
    """

    def __init__(self) -> None:
        self._set()

    def _native(self) -> _native.Transform:
        turn = self._op("rot90", [("one_of", [0.0, 1.0, 2.0, 3.0])])
        flip = self._op("horizontal_flip", p=0.5)
        return _native.Transform.random_apply([turn, flip], 1.0)


class RandomDepthFlip(Chance):
    """Exchange front and back of volumes, with probability `p`.

    Not in torchvision; `RandomHorizontalFlip` and `RandomVerticalFlip` flip volumes too, along
    their width and their height.

    Parameters
    ----------
    p : float, default=0.5

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    _name = "depth_flip"


@dataclass(frozen=True, init=False)
class CubicSymmetry(Random):
    """Apply one of the symmetries of the cube, each as likely. Sides of volumes must be equal.

    Not in torchvision; what `D4` is to images.

    Parameters
    ----------
    reflect : bool, default=True
        Whether all 48 are meant, or the 24 rotations alone, which keep left from becoming right.

    Raises
    ------
    ConfigError
        If `reflect` is no bool.

    Notes
    -----
    Number ``8 * order + reversed``: the axes (D, H, W) in the order of this place in
    ``itertools.permutations``, and then backwards for each bit, 4 for the first axis, 2 for the
    second, 1 for the third.
    """

    reflect: bool

    def __init__(self, reflect: bool = True) -> None:
        self._set(reflect=settings.flag("CubicSymmetry", "reflect", reflect))

    def _native(self) -> _native.Transform:
        numbers = [float(n) for n in range(48) if self.reflect or not _reflects(n)]
        return self._op("cubic_symmetry", [("one_of", numbers)])


def _reflects(number: int) -> bool:
    """Whether a symmetry of the cube is no rotation."""
    odd_order = number // 8 in (1, 2, 5)
    odd_reversals = (number % 8).bit_count() % 2 == 1
    return odd_order != odd_reversals


def sampling(
    interpolation: str, center: Sequence[float] | None, fill: Sequence[float] | None
) -> list[Drawn]:
    """Give the parameters of ops that find values between pixels."""
    x, y = (math.nan, math.nan) if center is None else center
    return fixed(settings.INTERPOLATIONS.index(interpolation), x, y, *(fill or ()))


def _pad(padding: tuple[int, ...], mode: str, fill: Sequence[float] | None) -> list[Drawn]:
    sides = padding * (4 // len(padding))
    filled = (fill or (0.0,)) if mode == "constant" else ()
    return fixed(*sides, settings.PADDING_MODES.index(mode), *filled)


def _center(name: str, center: Any) -> tuple[float, ...] | None:
    return None if center is None else settings.numbers(name, "center", center, length=2)


def _pair(name: str, key: str, value: Any) -> tuple[float, float]:
    first, second = settings.numbers(name, key, value, length=2)
    return first, second
