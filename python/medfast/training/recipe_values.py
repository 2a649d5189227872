"""Reading one value of a recipe: its type, its range, and what to say when it is wrong."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any

from medfast import transforms
from medfast.errors import MedfastError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

# Part of every pipeline already, so not an augmentation.
_NOT_AUGMENTATIONS = {
    "Compose",
    "Normalize",
    "PerBatch",
    "PerImage",
    "ToDtype",
    "Transform",
    "functional",
}


def integer(low: int) -> Any:
    """Take an integer of at least `low`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"an integer >= {low}")
        return value

    return _checked(read)


def number(low: float, high: float = math.inf, *, above: bool = False, below: bool = False) -> Any:
    """Take a number from `low` to `high`, without `low` if `above`, without `high` if `below`."""
    return _checked(lambda value: _read_number(value, low, high, above=above, below=below))


def numbers(low: float, high: float = math.inf, *, above: bool = False, auto: bool = False) -> Any:
    """Take a list of such numbers, or the word auto."""

    def read(value: object) -> tuple[float, ...] | str:
        if auto and value == "auto":
            return "auto"
        if not isinstance(value, list | tuple):
            raise ValueError("a list of numbers" + (", or auto" if auto else ""))  # noqa: TRY004
        return tuple(_read_number(item, low, high, above=above) for item in value)

    return _checked(read)


def word(*known: str) -> Any:
    """Take one of the words known; any word if none is."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not value or (known and value not in known):
            if not known:
                raise ValueError("a word")
            hint = nearest(str(value), known)
            near = f"; {hint}" if hint.startswith("did you mean") else ""
            raise ValueError(f"one of {', '.join(known)}{near}")
        return value

    return _checked(read)


def switch() -> Any:
    """Take true or false."""

    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("true or false")  # noqa: TRY004
        return value

    return _checked(read)


def augmentations() -> Any:
    """Take a list of transforms, each a name or a mapping from its name to its arguments."""

    def read(value: object) -> tuple[dict[str, dict[str, Any]], ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list of transforms")  # noqa: TRY004
        steps = tuple({step: {}} if isinstance(step, str) else step for step in value)
        for step in steps:
            build_transform(step)
        return steps

    return _checked(read)


def build_transform(step: object) -> Any:
    """Make the transform that a recipe names.

    Raises
    ------
    ValueError
        Saying what was expected.
    """
    if not (isinstance(step, dict) and len(step) == 1):
        raise ValueError("a list whose items are {transform: {argument: value}}")
    (name, arguments), known = *step.items(), set(transforms.__all__) - _NOT_AUGMENTATIONS
    if name not in known:
        raise ValueError(f"transforms that exist; {name!r} does not, {nearest(str(name), known)}")
    if not isinstance(arguments, dict | None):
        raise ValueError("a list whose items are {transform: {argument: value}}")  # noqa: TRY004
    arguments = dict(arguments or {})
    if isinstance(arguments.get("transforms"), list | tuple):  # RandomApply and its like
        inner = [{step: {}} if isinstance(step, str) else step for step in arguments["transforms"]]
        arguments["transforms"] = [build_transform(step) for step in inner]
    try:
        return getattr(transforms, name)(**arguments)
    except (TypeError, MedfastError) as error:
        raise ValueError(f"arguments that {name} takes ({error})") from None


def _read_number(
    value: object, low: float, high: float, *, above: bool, below: bool = False
) -> float:
    bounds = f"a number {'>' if above else '>='} {low:g}"
    if high < math.inf:
        bounds += f" and {'<' if below else '<='} {high:g}"
    try:
        # YAML 1.1 reads 1e-3, without a point, as text.
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    inside = math.isfinite(number) and low <= number <= high
    if not inside or (above and number == low) or (below and number == high):
        raise ValueError(bounds)
    return number


def _checked(read: Callable[[object], object]) -> Any:
    return field(metadata={"read": read})
