"""Patients, seeds and models of more than one kind, as the native code takes them."""

from __future__ import annotations

import operator
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import (
    ConfigError,
    InvalidValueError,
    LimitExceededError,
    ShapeError,
    UnsupportedError,
)
from medfast.metrics._inputs import is_missing, read_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._problem import Problem

_SEEDS = 2**64
# 1 GiB of them.
_MOST_AREAS = 2**27


def read_groups(groups: ArrayLike | None, rows: int) -> NDArray[np.uintp] | None:
    """Read which group each of `rows` samples is of, as numbers from 0 on."""
    if groups is None:
        return None
    array = read_array(groups, "groups")
    if array.shape not in ((rows,), (rows, 1)):
        raise ShapeError(
            f"groups has shape {array.shape}, but y_true has {rows} samples: expected ({rows},), "
            "the patient of each sample"
        )
    array = array.reshape(-1)
    if array.dtype.kind == "O":
        missing = np.array([row for row, label in enumerate(array) if is_missing(label)], np.intp)
    else:
        # NaN and NaT alone differ from themselves.
        missing = np.flatnonzero(array != array)
    if missing.size:
        raise InvalidValueError(
            f"groups is {array[missing[0]]} at row {missing[0]}; give samples of unknown groups "
            "one of their own"
        )
    try:
        numbers = np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        raise ShapeError(f"groups must hold values of one type: {error}") from error
    return numbers.reshape(-1).astype(np.uintp)


def read_seed(random_state: Any) -> int:
    """Draw a seed from what scikit-learn calls a random state."""
    if random_state is None:
        return secrets.randbelow(_SEEDS)
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(_SEEDS, dtype=np.uint64, endpoint=False))
    if isinstance(random_state, np.random.RandomState):
        high, low = random_state.randint(0, 2**32, size=2, dtype=np.uint64)
        return int(high) << 32 | int(low)
    try:
        seed = operator.index(random_state)
    except TypeError:
        seed = -1
    if not 0 <= seed < _SEEDS:
        raise ConfigError(
            f"random_state={random_state!r}; it must be None, an integer from 0 to 2**64 - 1, a "
            "numpy Generator or a RandomState"
        )
    return seed


def read_count(name: str, value: Any, classes: int) -> int:
    """Read a number of resamples, each of which keeps an area for every one of `classes`."""
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 2:
        raise ConfigError(f"{name}={value!r}; it must be an integer of 2 up")
    if count * classes > _MOST_AREAS:
        raise LimitExceededError(
            f"{name}={count} with {classes} class(es) would keep {count * classes:,} areas; the "
            f"limit is {_MOST_AREAS:,}: ask for {_MOST_AREAS // classes:,} at most"
        )
    return count


def read_level(level: Any) -> float:
    """Read a confidence level."""
    try:
        value = float(level)
    except (TypeError, ValueError):
        value = float("nan")
    # The normal quantile of half of what lies above must exist.
    if not (0 < value < 1 and (1 + value) / 2 < 1):
        raise ConfigError(f"level={level!r}; it must lie between 0 and 1, as 0.95 does")
    return value


def tables_of(*problems: Problem) -> list[NDArray[Any]]:
    """Give the scores of problems one dtype and two dimensions."""
    scores = [problem.scores for problem in problems]
    dtypes = {table.dtype for table in scores}
    if len(dtypes) > 1:
        scores = [as_float64(table) for table in scores]
    return [table.reshape(len(table), -1) for table in scores]


def refuse_nan(scores: NDArray[Any], name: str) -> None:
    """Raise if a score is NaN, and say of which array."""
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        place = np.argwhere(np.isnan(scores))[0].tolist()
        place = place[:1] if scores.ndim == 1 or scores.shape[1] == 1 else place
        raise InvalidValueError(
            f"{name}{place} is NaN, which has no rank; look for a division by zero or an overflow "
            "in the model"
        )


def as_float64(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Convert scores that float64 holds exactly."""
    largest = 2**53
    if scores.dtype.kind != "f" and ((scores > largest).any() or (scores < -largest).any()):
        raise UnsupportedError(
            f"scores of {scores.dtype} beyond 2**53 are compared with floats, which do not hold "
            "them exactly; give all as integers of one dtype"
        )
    return scores.astype(np.float64)


def truth_of(problem: Problem) -> NDArray[Any]:
    """Give the labels of the binary case the column that its scores have."""
    return problem.truth.reshape(-1, 1) if problem.kind == "binary" else problem.truth
