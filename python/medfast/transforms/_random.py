"""Transforms that draw ops: what they are made of, and those that choose among others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from medfast import _native
from medfast.errors import ConfigError
from medfast.transforms import _settings as settings
from medfast.transforms._steps import Transform

# How a parameter comes about: a kind of the native code, and its numbers.
Drawn = tuple[str, list[float]]


def fixed(*values: float) -> list[Drawn]:
    """Say of parameters that they are always the same."""
    return [("fixed", [float(value)]) for value in values]


def uniform(ends: tuple[float, float]) -> Drawn:
    """Say of a parameter that it is uniform between two ends."""
    return ("uniform", [*ends])


class Random(Transform):
    """What has a native form made of an op with drawn parameters."""

    def _op(self, op: str, parameters: Sequence[Drawn] = (), p: float = 1.0) -> _native.Transform:
        return _native.Transform.random_op(type(self).__name__, op, list(parameters), p)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._native()


@dataclass(frozen=True, init=False)
class Chance(Random):
    """An op without parameters, with probability `p`."""

    _name: ClassVar[str]
    p: float

    def __init__(self, p: float = 0.5) -> None:
        self._set(p=settings.number(type(self).__name__, "p", p))

    def _native(self) -> _native.Transform:
        return self._op(self._name, p=self.p)


@dataclass(frozen=True, init=False)
class RandomApply(Random):
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
        self._set(
            transforms=_transforms("RandomApply", transforms),
            p=settings.number("RandomApply", "p", p),
        )

    def _native(self) -> _native.Transform:
        return _native.Transform.random_apply(_natives(self.transforms), self.p)


@dataclass(frozen=True, init=False)
class RandomChoice(Random):
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
        weights = (1.0,) * len(steps) if p is None else settings.numbers("RandomChoice", "p", p)
        self._set(transforms=steps, p=weights)

    def _native(self) -> _native.Transform:
        return _native.Transform.random_choice(_natives(self.transforms), list(self.p))


@dataclass(frozen=True, init=False)
class RandomOrder(Random):
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


def _natives(transforms: Sequence[Transform]) -> list[_native.Transform]:
    return [step._native() for step in transforms]  # noqa: SLF001


def _transforms(name: str, transforms: Any) -> tuple[Transform, ...]:
    listed = isinstance(transforms, Sequence) and len(transforms) > 0
    if listed and all(isinstance(step, Transform) for step in transforms):
        return tuple(transforms)
    raise ConfigError(
        f"{name}: expected a list of one or more transforms of medfast, got {transforms!r}"
    )
