"""Patients, seeds and models of more than one kind, as the native code takes them."""

from __future__ import annotations

import operator
import secrets
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import ConfigError, InvalidValueError, ShapeError
from medfast.metrics._inputs import read_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from medfast.metrics._problem import Problem

_SEEDS = 2**64


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
    try:
        # NaN and NaT alone differ from themselves.
        missing = np.flatnonzero(array != array)
        numbers = np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        raise ShapeError(f"groups must hold values of one type: {error}") from error
    if missing.size:
        raise InvalidValueError(
            f"groups is {array[missing[0]]} at row {missing[0]}; give samples of unknown groups "
            "one of their own"
        )
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


def read_count(name: str, value: Any) -> int:
    """Read a number of resamples."""
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if not 2 <= count < 2**32:
        raise ConfigError(f"{name}={value!r}; it must be an integer from 2 to 2**32 - 1")
    return count


def read_level(level: Any) -> float:
    """Read a confidence level."""
    try:
        value = float(level)
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 < value < 1:
        raise ConfigError(f"level={level!r}; it must lie between 0 and 1, as 0.95 does")
    return value


def tables_of(*problems: Problem) -> list[NDArray[Any]]:
    """Give the scores of problems one dtype and two dimensions."""
    scores = [problem.scores for problem in problems]
    dtypes = {table.dtype for table in scores}
    if len(dtypes) > 1:
        if any(dtype.kind != "f" for dtype in dtypes):
            names = " and ".join(sorted(map(str, dtypes)))
            raise ShapeError(
                f"score_a and score_b are of {names}; give both as floats, or as integers"
            )
        scores = [table.astype(np.float64) for table in scores]
    return [table.reshape(len(table), -1) for table in scores]


def truth_of(problem: Problem) -> NDArray[Any]:
    """Give the labels of the binary case the column that its scores have."""
    return problem.truth.reshape(-1, 1) if problem.kind == "binary" else problem.truth
