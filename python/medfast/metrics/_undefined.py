"""One policy for areas that are not defined, because a class has no samples or all of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from medfast.errors import ConfigError, InvalidValueError, UndefinedMetricWarning, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Undefined = Literal["nan", "skip", "raise"]

_POLICIES = ("nan", "skip", "raise")
_SHOWN = 10


def check_policy(undefined: str) -> None:
    """Raise unless `undefined` is a policy."""
    if undefined not in _POLICIES:
        raise ConfigError(f"undefined={undefined!r}; {nearest(str(undefined), _POLICIES)}")


def combine(
    areas: NDArray[np.float64],
    weights: NDArray[Any] | None,
    undefined: str,
    subject: str,
    names: Sequence[Any] | None = None,
    *,
    stacklevel: int,
) -> float:
    """Average areas, of which the undefined ones are NaN.

    Parameters
    ----------
    areas : ndarray of shape (n,)
    weights : ndarray of shape (n,) or None
        An area of weight 0 counts for nothing, defined or not.
    undefined : {"nan", "skip", "raise"}
    subject : str
        What an area is of: ``"class"``, ``"column"``, ``"row"``.
    names : sequence of length n, optional
        The names of the areas; their places by default.
    stacklevel : int
        The distance to the frame that a warning points to, from the caller of this function.

    Returns
    -------
    float
    """
    report(areas, undefined, subject, names, stacklevel=stacklevel + 1)
    use = np.ones(len(areas), np.bool_) if weights is None else weights != 0
    if undefined == "skip":
        use &= ~np.isnan(areas)
    if not use.any():
        return float("nan")
    if weights is None:
        return float(np.mean(areas[use]))
    total = np.sum(weights[use])
    if total == 0:
        raise InvalidValueError("the weights of the averaged areas sum to 0; no average is defined")
    return float(np.sum(areas[use] * weights[use]) / total)


def report(
    areas: NDArray[np.float64],
    undefined: str,
    subject: str,
    names: Sequence[Any] | None = None,
    *,
    stacklevel: int,
) -> None:
    """Raise or warn about the NaN among `areas`, as the policy wants.

    Skipping is silent, unless nothing is left.
    """
    missing = np.flatnonzero(np.isnan(areas))
    if len(missing) == 0 or (undefined == "skip" and len(missing) < len(areas)):
        return
    shown = [str(place if names is None else names[place]) for place in missing[:_SHOWN]]
    rest = len(missing) - len(shown)
    listed = ", ".join(shown) + (f" and {rest} more" if rest else "")
    subjects = f"{subject} {listed}".rstrip()
    message = f"ROC AUC is not defined for {subjects}: positives or negatives are missing"
    if undefined == "raise":
        raise InvalidValueError(f"{message}; undefined='skip' leaves them out of an average")
    warnings.warn(message, UndefinedMetricWarning, stacklevel=stacklevel + 1)
