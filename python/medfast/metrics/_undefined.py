"""One policy for what is not defined, because a class has no samples or all of them."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from medfast.errors import ConfigError, InvalidValueError, UndefinedMetricWarning, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Undefined = Literal["nan", "skip", "raise"]

_POLICIES = ("nan", "skip", "raise")
_SHOWN = 10


class Metric(NamedTuple):
    """What a metric that is not defined is said to be."""

    message: str
    """With a place for what it is not defined for."""
    otherwise: float
    """What scikit-learn returns in its place."""


ROC_AUC = Metric("ROC AUC is not defined for {}: positives or negatives are missing", math.nan)
AVERAGE_PRECISION = Metric(
    "Average precision is not defined for {}. No positive class found in y_true", 0.0
)


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
    metric: Metric = ROC_AUC,
) -> float:
    """Average areas, of which the undefined ones are NaN.

    Parameters
    ----------
    areas : ndarray of shape (n,)
    weights : ndarray of shape (n,) or None
        An area of weight 0 counts for nothing, defined or not.
    undefined : {"nan", "skip", "raise"}
        With ``"skip"``, a warning names what is left out.
    subject : str
        What an area is of: ``"class"``, ``"column"``, ``"row"``.
    names : sequence of length n, optional
        The names of the areas; their places by default.
    stacklevel : int
        The distance to the frame that a warning points to, from the caller of this function.
    metric : Metric, default=ROC_AUC
        What the areas are.

    Returns
    -------
    float
    """
    areas = report(
        areas,
        undefined,
        subject,
        names,
        stacklevel=stacklevel + 1,
        metric=metric,
        averaged=True,
    )
    use = np.ones(len(areas), np.bool_) if weights is None else weights != 0
    if undefined == "skip":
        use &= ~np.isnan(areas)
    if not use.any():
        return math.nan
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
    metric: Metric = ROC_AUC,
    averaged: bool = False,
) -> NDArray[np.float64]:
    """Raise or warn about the NaN among `areas`, as the policy wants.

    Skipping is silent where something is left and the areas are not `averaged`: where they are
    returned one by one, their NaN says which are missing.

    Returns
    -------
    ndarray of shape (n,)
        With ``undefined="nan"``, what scikit-learn returns; otherwise `areas`.
    """
    missing = np.isnan(areas)
    left = undefined == "skip" and not missing.all()
    if not missing.any() or (left and not averaged):
        return areas
    message = _message(missing, subject, names, metric)
    if undefined == "raise" and averaged and not missing.all():
        message += "; undefined='skip' leaves them out of the average"
    elif undefined == "raise":
        message += "; take other samples, or undefined='nan' for NaN in its place"
    elif left:
        message += "; left out of the average"
    tell(message, undefined, stacklevel=stacklevel + 1)
    return np.where(missing, metric.otherwise, areas) if undefined == "nan" else areas


def tell(message: str, undefined: str, *, stacklevel: int) -> None:
    """Raise or warn about what is not defined."""
    if undefined == "raise":
        raise InvalidValueError(message)
    warnings.warn(message, UndefinedMetricWarning, stacklevel=stacklevel + 1)


def _message(
    missing: NDArray[np.bool_], subject: str, names: Sequence[Any] | None, metric: Metric
) -> str:
    places = np.flatnonzero(missing)
    shown = [str(place if names is None else names[place]) for place in places[:_SHOWN]]
    rest = len(places) - len(shown)
    listed = ", ".join(shown) + (f" and {rest} more" if rest else "")
    return metric.message.format(f"{subject} {listed}".rstrip())
