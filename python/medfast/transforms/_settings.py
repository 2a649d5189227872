"""Settings as transforms and functions take them: read, checked, in one form."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

import numpy as np

from medfast.errors import ConfigError, nearest

# The places of these words are what the native code knows them by.
INTERPOLATIONS = ("nearest", "bilinear")
PADDING_MODES = ("constant", "edge", "reflect", "symmetric")
AXES = "DHW"
_ANTIALIASED = 2
_LARGEST = 2**31
_COUNTS = {(1, 2): "one or two", (1, 2, 3): "one, two or three", (1, 2, 4): "one, two or four"}


def number(name: str, key: str, value: Any) -> float:
    """Read one number."""
    if not isinstance(value, Real):
        raise ConfigError(f"{name}: {key}: expected a number, got {value!r}")
    return to_float(value)


def to_float(value: Any) -> float:
    """Convert to float; what is too large for one becomes infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def numbers(name: str, key: str, values: Any, *, length: int | None = None) -> tuple[float, ...]:
    """Read finite numbers, as many as `length` says."""
    try:
        found = () if isinstance(values, str) else tuple(map(to_float, values))
    except (TypeError, ValueError):
        found = ()
    fits = bool(found) if length is None else len(found) == length
    if not (fits and all(map(math.isfinite, found))):
        count = "" if length is None else f"{length} "
        raise ConfigError(f"{name}: expected {key} as {count}numbers, got {values!r}")
    return found


def ends(name: str, key: str, value: Any) -> tuple[float, float]:
    """Read the two ends of a range; a single number is both."""
    low, high = numbers(name, key, (value, value) if isinstance(value, Real) else value, length=2)
    return low, high


def reach(name: str, key: str, value: Any) -> tuple[float, float]:
    """Read the two ends of a range; a single number is the upper one and, negated, the lower."""
    if isinstance(value, Real):
        end = to_float(value)
        if not 0 <= end < math.inf:
            raise ConfigError(f"{name}: expected {key} of 0 or more, or (min, max), got {value!r}")
        return -end, end
    return ends(name, key, value)


def whole(name: str, key: str, value: Any, least: int, most: int = _LARGEST) -> int:
    """Read one whole number."""
    try:
        found = operator.index(value)
    except TypeError:
        found = least - 1
    if not least <= found <= most:
        bound = f"of {least} up" if most == _LARGEST else f"from {least} to {most}"
        raise ConfigError(f"{name}: expected {key} as a whole number {bound}, got {value!r}")
    return found


def wholes(name: str, key: str, value: Any, counts: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Read as many whole numbers as one of `counts` says."""
    try:
        given = (value,) if isinstance(value, Real) else tuple(value)
    except TypeError:
        given = ()
    if isinstance(value, str) or len(given) not in counts:
        raise ConfigError(
            f"{name}: expected {key} as {_COUNTS[counts]} whole numbers, got {value!r}"
        )
    return tuple(whole(name, key, each, least) for each in given)


def size(name: str, value: Any, key: str = "size") -> tuple[int, int]:
    """Read a height and a width; a single number is both."""
    sides = wholes(name, key, value, (1, 2), 1)
    return sides[0], sides[-1]


def volume_size(name: str, value: Any, key: str = "size") -> tuple[int, ...]:
    """Read a height and a width, or a depth before them."""
    sides = wholes(name, key, value, (1, 2, 3), 1)
    return sides * 2 if len(sides) == 1 else sides


def padding(name: str, value: Any) -> tuple[int, ...]:
    """Read one, two or four margins."""
    return wholes(name, "padding", value, (1, 2, 4), 0)


def padding_mode(name: str, mode: Any) -> str:
    """Read what is written around an image."""
    if not isinstance(mode, str) or mode not in PADDING_MODES:
        raise ConfigError(f"{name}: padding_mode={mode!r}; {nearest(str(mode), PADDING_MODES)}")
    return str(mode)


def interpolation(name: str, mode: Any) -> str:
    """Read how values are found, a word or torchvision's member of that name."""
    chosen = getattr(mode, "value", mode)
    if not isinstance(chosen, str) or chosen not in INTERPOLATIONS:
        known = nearest(str(chosen), INTERPOLATIONS)
        raise ConfigError(f"{name}: interpolation={mode!r}; {known}")
    return str(chosen)


def antialias(name: str, value: Any) -> bool:
    """Read whether resizing averages; None, which torchvision takes too, is no."""
    return flag(name, "antialias", False if value is None else value)


def filter_code(interpolation: str, antialias: bool) -> int:
    """Give the number by which the native code knows a way to resize."""
    if interpolation == "bilinear" and antialias:
        return _ANTIALIASED
    return INTERPOLATIONS.index(interpolation)


def fill(name: str, value: Any, key: str = "fill") -> tuple[float, ...] | None:
    """Read a value for all channels, or one for each."""
    if value is None:
        return None
    return numbers(name, key, (value,) if isinstance(value, Real) else value)


def plane(name: str, axes: Any) -> str:
    """Read two different axes of a volume."""
    if not (isinstance(axes, str) and len({*axes} & {*AXES}) == len(axes) == 2):
        raise ConfigError(f"{name}: expected plane as two of the axes D, H and W, got {axes!r}")
    return axes


def plane_codes(plane: str) -> tuple[int, ...]:
    """Give the numbers by which the native code knows a plane, none for that of every image."""
    return () if plane == "HW" else tuple(map(AXES.index, plane))


def flag(name: str, key: str, value: Any) -> bool:
    """Read a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(f"{name}: expected {key}=True or {key}=False, got {value!r}")
    return bool(value)
