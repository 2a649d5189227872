"""The steps of a pipeline that are compiled into one pass: jitter, flips, conversion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, nearest
from medfast.transforms import _settings as settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_DTYPES = ("float32", "float16", "bfloat16", "uint8")


class Transform(ABC):
    """One step of a `Compose`. Immutable, comparable, picklable."""

    @abstractmethod
    def _native(self) -> _native.Transform:
        """Build the native form, which checks the settings."""


@dataclass(frozen=True, init=False)
class ColorJitter(Transform):
    """Change brightness, contrast, saturation and hue by random factors, in random order.

    Parameters
    ----------
    brightness : float or (float, float), optional
        The factor is uniform in ``[max(0, 1 - brightness), 1 + brightness]``, or in the given
        ``[min, max]``. 1 leaves the image as it is, 0 makes it black.
    contrast : float or (float, float), optional
        The same for contrast; 0 makes the image its mean grey.
    saturation : float or (float, float), optional
        The same for saturation; 0 makes the image gray.
    hue : float or (float, float), optional
        The part of a turn of the hue is uniform in ``[-hue, hue]``, or in the given ``[min, max]``,
        within ``[-0.5, 0.5]``.

    Raises
    ------
    ConfigError
        If a number is negative, not finite or too large, or a range decreases.

    Notes
    -----
    As ``torchvision.transforms.v2.ColorJitter`` with the same arguments, on uint8 images of 1 or 3
    channels. The factors and their order are drawn for every sample. A factor is
    ``min + (max - min) * w / 2**32`` in float64, where ``w`` is a 32-bit word of the generator.

    Examples
    --------
    >>> ColorJitter(brightness=0.2, contrast=(0.5, 1.0))
    ColorJitter(brightness=(0.8, 1.2), contrast=(0.5, 1.0))
    """

    brightness: tuple[float, float] | None
    contrast: tuple[float, float] | None
    saturation: tuple[float, float] | None
    hue: tuple[float, float] | None

    def __init__(
        self,
        brightness: float | Sequence[float] | None = None,
        contrast: float | Sequence[float] | None = None,
        saturation: float | Sequence[float] | None = None,
        hue: float | Sequence[float] | None = None,
    ) -> None:
        object.__setattr__(self, "brightness", _factor_range("brightness", brightness))
        object.__setattr__(self, "contrast", _factor_range("contrast", contrast))
        object.__setattr__(self, "saturation", _factor_range("saturation", saturation))
        object.__setattr__(self, "hue", _factor_range("hue", hue, middle=0.0))
        self._native()

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={value}" for k, value in vars(self).items() if value is not None)
        return f"ColorJitter({given})"

    def _native(self) -> _native.Transform:
        return _native.Transform.color_jitter(
            self.brightness, self.contrast, self.saturation, self.hue
        )


@dataclass(frozen=True)
class _Flip(Transform):
    p: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", settings.number(type(self).__name__, "p", self.p))
        self._native()


class RandomHorizontalFlip(_Flip):
    """Exchange left and right with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
        0 never flips, 1 always does.

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    def _native(self) -> _native.Transform:
        return _native.Transform.random_horizontal_flip(self.p)


class RandomVerticalFlip(_Flip):
    """Exchange top and bottom with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
        0 never flips, 1 always does.

    Raises
    ------
    ConfigError
        If `p` is outside [0, 1].
    """

    def _native(self) -> _native.Transform:
        return _native.Transform.random_vertical_flip(self.p)


@dataclass(frozen=True, init=False)
class ToDtype(Transform):
    """Convert the bytes, once in a pipeline.

    Parameters
    ----------
    dtype : {"float32", "float16", "bfloat16", "uint8"} or dtype
        The type to convert to, by name or as numpy's or torch's dtype. Conversion to uint8 changes
        nothing. Halves are computed in float32, with what follows, and rounded once.
    scale : bool, default False
        Whether 255 becomes 1.0.

    Raises
    ------
    ConfigError
        If `dtype` is another type.

    Examples
    --------
    >>> import numpy as np
    >>> ToDtype(np.float32, scale=True)
    ToDtype(dtype='float32', scale=True)
    """

    dtype: str
    scale: bool

    def __init__(self, dtype: object, scale: bool = False) -> None:
        object.__setattr__(self, "dtype", _dtype_name(dtype))
        object.__setattr__(self, "scale", settings.flag("ToDtype", "scale", scale))

    def _native(self) -> _native.Transform:
        return _native.Transform.to_dtype(self.dtype, self.scale)


@dataclass(frozen=True, init=False)
class Normalize(Transform):
    """Subtract `mean` and divide by `std`, in float32; after `ToDtype`.

    Parameters
    ----------
    mean, std : sequence of float
        One value per channel, or one for all, on the scale that `ToDtype` left.

    Raises
    ------
    ConfigError
        If the two differ in length or are empty, a value is not finite, or a `std` is zero in
        float32.

    Examples
    --------
    >>> Normalize([0.5], [0.25])
    Normalize(mean=(0.5,), std=(0.25,))
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        object.__setattr__(self, "mean", _numbers("mean", mean))
        object.__setattr__(self, "std", _numbers("std", std))
        self._native()

    def _native(self) -> _native.Transform:
        return _native.Transform.normalize(self.mean, self.std)


def _factor_range(name: str, value: Any, *, middle: float = 1.0) -> tuple[float, float] | None:
    """Read a jitter argument as torchvision does; None if it leaves the image as it is."""
    if value is None:
        return None
    if isinstance(value, Real):
        spread = settings.to_float(value)
        if not spread >= 0:
            raise ConfigError(f"ColorJitter: expected {name} >= 0, got {value!r}")
        low, high = middle - spread, middle + spread
        if middle:
            low = max(0.0, low)
    else:
        try:
            bounds: Any = () if isinstance(value, str) else value
            low, high = map(settings.to_float, bounds)
        except (TypeError, ValueError):
            raise ConfigError(
                f"ColorJitter: expected {name} as a number or a pair (min, max), got {value!r}"
            ) from None
    return None if low == high == middle else (low, high)


def _dtype_name(dtype: object) -> str:
    name = dtype if isinstance(dtype, str) else str(dtype).removeprefix("torch.")
    if name not in _DTYPES:
        try:
            name = np.dtype(dtype).name  # type: ignore[call-overload]
        except TypeError:
            name = str(dtype)
    if name not in _DTYPES:
        raise ConfigError(f"ToDtype: unknown dtype {dtype!r}; {nearest(name, _DTYPES)}")
    return name


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        return tuple(map(settings.to_float, () if isinstance(values, str) else values))
    except (TypeError, ValueError):
        raise ConfigError(
            f"Normalize: expected {name} as a list of one number per channel, got {values!r}"
        ) from None
