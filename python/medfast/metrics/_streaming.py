"""Areas under the ROC curve of samples that come in batches, from one process or several."""

from __future__ import annotations

import copy
import math
import operator
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, ShapeError, nearest
from medfast.metrics._for_task import TaskProblem, read_for_task
from medfast.metrics._problem import TOGETHER
from medfast.metrics._resampling import as_float64, refuse_nan
from medfast.metrics._undefined import check_policy, combine, report
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

    from medfast.metrics._undefined import Undefined

StreamingAverage = Literal["macro", "weighted", "micro"]

_AVERAGES = ("macro", "weighted", "micro")
_MOST_BINS = 2**24
# Rows that do not fit make the store grow to this multiple of what is needed.
_GROWTH = 1.125


class _Streaming(ABC):
    """What the classes share: reading batches, averaging, merging."""

    def __init__(
        self,
        task: Task | str = "binary",
        *,
        num_classes: int | None = None,
        average: StreamingAverage | None = "macro",
        undefined: Undefined = "nan",
    ) -> None:
        self.task = Task.parse(task)
        if average is not None and average not in _AVERAGES:
            raise ConfigError(f"average={average!r}; {nearest(str(average), _AVERAGES)} (or None)")
        check_policy(undefined)
        self.average = average
        self.undefined = undefined
        self.num_classes = self._read_classes(num_classes)
        self._expected_classes = self.num_classes
        self.reset()

    def _read_classes(self, num_classes: int | None) -> int | None:
        least = 2
        if self.task is Task.BINARY:
            if num_classes not in (None, 1, 2):
                raise ConfigError(
                    f"num_classes={num_classes!r} with task='binary'; leave it out, or name the "
                    "task: 'multi-class' or 'multi-label'"
                )
            return 1
        if num_classes is None:
            return None
        if self.task is Task.MULTI_LABEL:
            least = 1
        try:
            count = operator.index(num_classes)
        except TypeError:
            count = 0
        if count < least:
            raise ConfigError(f"num_classes={num_classes!r}; it must be an integer of {least} up")
        return count

    def __repr__(self) -> str:
        classes = "" if self.task is Task.BINARY else f", num_classes={self.num_classes}"
        return f"{type(self).__name__}({self.task.value!r}{classes}, n_samples={self.n_samples})"

    @property
    @abstractmethod
    def n_samples(self) -> int:
        """Number of samples so far."""

    @abstractmethod
    def _add(self, batch: TaskProblem) -> None: ...

    @abstractmethod
    def _areas(self, *, micro: bool) -> NDArray[np.float64]:
        """Compute the area of every class, or the one of all entries together."""

    @abstractmethod
    def _support(self) -> NDArray[np.int64]:
        """Count the positives of every class."""

    @abstractmethod
    def _clear(self) -> None: ...

    @abstractmethod
    def state_dict(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, ArrayLike], /) -> None: ...

    @abstractmethod
    def _absorb(self, other: Self) -> None: ...

    @abstractmethod
    def _empty_copy(self) -> Self: ...

    def update(self, y_true: ArrayLike, y_score: ArrayLike) -> None:
        """Take a batch of samples: all of it, or none if it is refused.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,), (n_samples, 1) or (n_samples, num_classes)
            0 or 1 (binary; multi-label: for each label), or the class number.
        y_score : array-like of shape (n_samples,), (n_samples, 1), (n_samples, 2) or \
                (n_samples, num_classes)
            Scores: of the positive class, or of both (binary); of every label or class otherwise.

        Raises
        ------
        ShapeError
            If the shapes are not those of the task, or not those of the samples so far.
        InvalidValueError
            If a score is NaN, or a label is no class.
        """
        batch = read_for_task(y_true, y_score, self.task)
        columns = batch.scores.shape[1]
        if self.num_classes not in (None, columns):
            raise ShapeError(
                f"y_score has {columns} columns, but {type(self).__name__} is of "
                f"{self.num_classes} classes; a score for each is expected"
            )
        refuse_nan(batch.scores, "y_score")
        self._add(batch)
        self.num_classes = columns

    def compute(self) -> float | NDArray[np.float64]:
        """Return the area under the ROC curve of all samples so far.

        Returns
        -------
        float, or ndarray of shape (num_classes,) with ``average=None``

        Raises
        ------
        ShapeError
            If there are no samples.
        InvalidValueError
            With ``undefined="raise"``, if an area is not defined.

        Warns
        -----
        UndefinedMetricWarning
            If an area is not defined.
        """
        if self.n_samples == 0:
            raise ShapeError(f"{type(self).__name__} holds no samples; call update() first")
        if self.task is Task.BINARY:
            areas = self._areas(micro=False)
            report(areas, self.undefined, "class", [1], stacklevel=2)
            return float(areas[0])
        subject = "column" if self.task is Task.MULTI_LABEL else "class"
        if self.average == "micro":
            area = self._areas(micro=True)
            return combine(area, None, self.undefined, TOGETHER, [""], stacklevel=2)
        areas = self._areas(micro=False)
        if self.average is None:
            report(areas, self.undefined, subject, stacklevel=2)
            return areas
        support = self._support() if self.average == "weighted" else None
        return combine(areas, support, self.undefined, subject, stacklevel=2)

    def reset(self) -> None:
        """Forget all samples."""
        self.num_classes = self._expected_classes
        self._clear()

    def merge(self, *others: Self) -> None:
        """Take the samples of others, which keep theirs.

        The result does not depend on the order of merging, not in its last bit.

        Parameters
        ----------
        *others : object of the same class
            Of the same task and number of classes.

        Raises
        ------
        ConfigError
            If one is of another class, task, or number of classes; then nothing is taken.
        """
        known = {getattr(metric, "num_classes", None) for metric in (self, *others)} - {None}
        for other in others:
            if not isinstance(other, _Streaming) or not self._measures_as(other):
                raise ConfigError(f"{self!r} cannot merge {other!r}: they measure different things")
            if len(known) > 1:
                raise ConfigError(f"{self!r} cannot merge {other!r}: their classes differ")
        full = [other for other in others if other.n_samples]
        self._prepare(full)
        for other in full:
            self._absorb(other)
            self.num_classes = other.num_classes

    def _prepare(self, others: Sequence[Self]) -> None:  # noqa: B027 - nothing to do by default
        """Raise for what cannot be absorbed."""

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def _measures_as(self, other: Self) -> bool:
        return type(other) is type(self) and other.task is self.task

    def all_gather(self, group: Any = None) -> Self:
        """Return one with the samples of every process of a `torch.distributed` group.

        Every process of the group must call it; each gets the same. Without torch, or before
        ``torch.distributed.init_process_group``, it is a copy. A sampler that repeats samples to
        make the shares of all processes equal (as torch's ``DistributedSampler`` does) makes them
        count twice.

        Parameters
        ----------
        group : torch.distributed.ProcessGroup, optional
            All processes by default. With NCCL, set each process's device first.

        Returns
        -------
        object of the same class
        """
        mine = self.state_dict()
        states: list[Any] = [mine]
        # If torch.distributed is in use, it has been imported.
        distributed: Any = sys.modules.get("torch.distributed")
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            states = [None] * distributed.get_world_size(group)
            distributed.all_gather_object(states, mine, group=group)
        gathered = self._empty_copy()
        for state in states:
            part = self._empty_copy()
            part.load_state_dict(state)
            gathered.merge(part)
        return gathered


class RocAuc(_Streaming):
    """Exact area under the ROC curve of samples that come in batches.

    It keeps all scores and labels, and computes what `roc_auc_score` computes of them together
    (for several classes, each against the rest). Scores of a sample need not sum to 1.

    Parameters
    ----------
    task : {"binary", "multi-class", "multi-label", "ordinal"} or Task, default="binary"
        Or in MedMNIST's words.
    num_classes : int, optional
        The columns of the scores; those of the first batch by default.
    average : {"macro", "weighted", "micro"} or None, default="macro"
        As for `roc_auc_score`. Ignored in the binary case.
    undefined : {"nan", "skip", "raise"}, default="nan"
        As for `roc_auc_score`.

    Raises
    ------
    ConfigError
        If an option is unknown.

    Notes
    -----
    Memory is that of the scores (float32 as float32) and labels (a byte each), and up to an eighth
    more. Pickles, and so can be sent between processes.

    Examples
    --------
    >>> from medfast.metrics import RocAuc
    >>> metric = RocAuc()
    >>> metric.update([0, 1], [0.2, 0.9])
    >>> metric.update([1, 0], [0.4, 0.6])
    >>> metric.compute()
    0.75

    What else is computed of all samples takes its state, here an interval; name the classes with
    ``labels=`` if there are several:

    >>> from medfast.metrics import roc_auc_interval
    >>> print(roc_auc_interval(**metric.state_dict()))
    AUC 0.750 [0.069, 0.992]
    """

    _truth: NDArray[Any]
    _scores: NDArray[Any]
    _used: int

    @property
    def n_samples(self) -> int:
        """Number of samples so far."""
        return self._used

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return a copy of all samples, which `load_state_dict` reads and `numpy.savez` writes.

        Returns
        -------
        dict
            ``y_true`` of shape (n_samples,) or, if multi-label, (n_samples, num_classes), and
            ``y_score`` of shape (n_samples,) or (n_samples, num_classes).
        """
        truth, scores = self._filled()
        if self.task is Task.BINARY:
            truth, scores = truth.reshape(-1), scores.reshape(-1)
        return {"y_true": truth.copy(), "y_score": scores.copy()}

    def load_state_dict(self, state: Mapping[str, ArrayLike], /) -> None:
        """Replace all samples by those that `state_dict` returned.

        Raises
        ------
        ConfigError
            If an entry is missing or unknown.
        ShapeError, InvalidValueError
            As `update`. What was there before stays.
        """
        _read_keys(state, ("y_true", "y_score"))
        fresh = self._empty_copy()
        if np.size(state["y_true"]) or np.size(state["y_score"]):
            fresh.update(state["y_true"], state["y_score"])
        self.reset()
        self.merge(fresh)

    def _empty_copy(self) -> Self:
        return type(self)(
            self.task,
            num_classes=self._expected_classes,
            average=self.average,
            undefined=self.undefined,
        )

    def _clear(self) -> None:
        columns = self.num_classes or 0
        self._truth = np.empty((0, columns) if self._is_table else 0, np.uint8)
        self._scores = np.empty((0, columns), np.float32)
        self._used = 0

    @property
    def _is_table(self) -> bool:
        return self.task in (Task.BINARY, Task.MULTI_LABEL)

    def _filled(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return self._truth[: self._used], self._scores[: self._used]

    def _add(self, batch: TaskProblem) -> None:
        self._append(batch.truth, batch.scores)

    def _prepare(self, others: Sequence[Self]) -> None:
        held = [metric._filled()[1] for metric in (self, *others)]  # noqa: SLF001 - of this class
        held = [scores for scores in held if len(scores)]
        if len({scores.dtype for scores in held}) > 1:
            for scores in held:
                as_float64(scores)

    def _absorb(self, other: Self) -> None:
        self._append(*other._filled())

    def _append(self, truth: NDArray[Any], scores: NDArray[Any]) -> None:
        if self._used == 0:
            self._truth, self._scores = truth.copy(), np.array(scores, order="C")
            self._used = len(truth)
            return
        if self._scores.dtype != scores.dtype:
            scores = as_float64(scores)
            if self._scores.dtype != np.float64:
                self._scores = as_float64(self._scores[: self._used])
                self._truth = self._truth[: self._used].copy()
        rows = self._used + len(truth)
        if rows > len(self._truth):
            self._grow(math.ceil(rows * _GROWTH))
        self._truth[self._used : rows] = truth
        self._scores[self._used : rows] = scores
        self._used = rows

    def _grow(self, rows: int) -> None:
        for name in ("_truth", "_scores"):
            shape = (rows, *getattr(self, name).shape[1:])
            try:
                # In place: large memory is moved by its page table. Refused where a view exists,
                # as that of another thread which is computing.
                getattr(self, name).resize(shape)
            except ValueError:
                grown = np.empty(shape, getattr(self, name).dtype)
                grown[: self._used] = getattr(self, name)[: self._used]
                setattr(self, name, grown)

    def _areas(self, *, micro: bool) -> NDArray[np.float64]:
        truth, scores = self._filled()
        if micro:
            return np.array([_native.roc_auc_micro(truth, scores, None, 1.0)])
        return _native.roc_auc_per_class(truth, scores, None, 1.0, None)

    def _support(self) -> NDArray[np.int64]:
        truth, scores = self._filled()
        if self._is_table:
            support: NDArray[np.int64] = truth.sum(axis=0, dtype=np.int64)
            return support
        return np.bincount(truth, minlength=scores.shape[1]).astype(np.int64)


class BinnedRocAuc(_Streaming):
    """Area under the ROC curve of an unbounded stream, from counts in bins of equal width.

    Memory is ``2 * num_classes * bins`` integers whatever the number of samples. Scores of one bin
    count as ties: `compute` is exact if no bin holds both positives and negatives that differ, and
    `error_bound` says how far from the exact area it can be at most.

    Parameters
    ----------
    task : {"binary", "multi-class", "multi-label", "ordinal"} or Task, default="binary"
        Or in MedMNIST's words.
    num_classes : int, optional
        The columns of the scores; those of the first batch by default.
    bins : int, default=65536
        The number of bins.
    low, high : float, default=0.0 and 1.0
        The scores between which the bins lie. Those outside count in the first or last bin.
    average : {"macro", "weighted", "micro"} or None, default="macro"
        As for `roc_auc_score`. Ignored in the binary case.
    undefined : {"nan", "skip", "raise"}, default="nan"
        As for `roc_auc_score`.

    Raises
    ------
    ConfigError
        If an option is unknown or out of its range.

    Notes
    -----
    With P positives and N negatives, of which p and n lie in a bin, their p * n pairs count half,
    but may have counted nothing or one each. So the area is at most ``sum(p * n) / (2 * P * N)``
    off.

    Examples
    --------
    >>> from medfast.metrics import BinnedRocAuc
    >>> metric = BinnedRocAuc(bins=10)
    >>> metric.update([0, 1, 1, 0], [0.2, 0.9, 0.42, 0.48])
    >>> metric.compute(), metric.error_bound()
    (0.875, 0.125)
    """

    _counts: NDArray[np.int64]
    """Negatives and positives of every class in every bin, of shape (2, num_classes, bins)."""

    def __init__(
        self,
        task: Task | str = "binary",
        *,
        num_classes: int | None = None,
        bins: int = 65536,
        low: float = 0.0,
        high: float = 1.0,
        average: StreamingAverage | None = "macro",
        undefined: Undefined = "nan",
    ) -> None:
        try:
            self.bins = operator.index(bins)
        except TypeError:
            self.bins = 0
        if not 2 <= self.bins <= _MOST_BINS:
            raise ConfigError(f"bins={bins!r}; it must be an integer from 2 to {_MOST_BINS}")
        try:
            self.low, self.high = float(low), float(high)
        except (TypeError, ValueError):
            self.low = self.high = math.nan
        width = self.high - self.low
        if not (math.isfinite(width) and width > 0 and math.isfinite(self.bins / width)):
            raise ConfigError(
                f"low={low!r}, high={high!r}; both must be finite numbers, and low the less"
            )
        super().__init__(task, num_classes=num_classes, average=average, undefined=undefined)

    @property
    def n_samples(self) -> int:
        """Number of samples so far."""
        return int(self._counts[:, 0].sum()) if self._counts.size else 0

    def error_bound(self) -> float | NDArray[np.float64]:
        """Return how far `compute` can be from the exact area, with the same average.

        Returns
        -------
        float, or ndarray of shape (num_classes,) with ``average=None``
            NaN where no area is defined.
        """
        if self.n_samples == 0:
            raise ShapeError("BinnedRocAuc holds no samples; call update() first")
        bounds = self._ratios(_tied, micro=self.average == "micro")
        if self.task is Task.BINARY or self.average == "micro":
            return float(bounds[0])
        if self.average is None:
            return bounds
        weights = self._support() if self.average == "weighted" else np.ones(len(bounds))
        used = weights != 0
        if self.undefined == "skip":
            used &= ~np.isnan(bounds)
        return float(bounds[used] @ (weights[used] / weights[used].sum())) if used.any() else np.nan

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the counts, which `load_state_dict` reads and `numpy.savez` writes.

        Returns
        -------
        dict
            ``counts``, int64 of shape (2, num_classes, bins): negatives, positives; ``range``,
            float64 of shape (2,): low, high.
        """
        return {"counts": self._counts.copy(), "range": np.array([self.low, self.high])}

    def load_state_dict(self, state: Mapping[str, ArrayLike], /) -> None:
        """Replace the counts by those that `state_dict` returned.

        Raises
        ------
        ConfigError
            If an entry is missing or unknown, or of other bins or classes.
        """
        _read_keys(state, ("counts", "range"))
        counts, limits = np.asarray(state["counts"]), np.asarray(state["range"])
        if limits.shape != (2,) or limits.dtype.kind not in "fiu":
            raise ConfigError(f"the state's range must be two numbers, but is {limits!r}")
        columns = counts.shape[1] if counts.ndim == 3 else 0
        fits = counts.shape == (2, columns, self.bins) and counts.dtype == np.int64
        if not fits or (columns and self._expected_classes not in (None, columns)):
            classes = self._expected_classes or "num_classes"
            raise ConfigError(
                f"counts are {counts.dtype} of shape {counts.shape}; expected int64 of shape "
                f"(2, {classes}, {self.bins})"
            )
        if limits.tolist() != [self.low, self.high]:
            raise ConfigError(
                f"counts are of bins from {limits[0]} to {limits[1]}, not from {self.low} to "
                f"{self.high}"
            )
        # Sums in floats do not overflow; counts of classes are all of the same samples.
        totals = counts.sum(axis=(0, 2), dtype=np.float64)
        damaged = (counts < 0).any() or (totals >= 2.0**62).any() or len(set(totals.tolist())) > 1
        if damaged:
            raise ConfigError(
                "counts must not be negative, nor beyond 2**62, and as many for every class; the "
                "state is damaged"
            )
        self.reset()
        if columns:
            self._counts, self.num_classes = counts.copy(), columns

    def _measures_as(self, other: Self) -> bool:
        mine = (self.bins, self.low, self.high)
        return super()._measures_as(other) and mine == (other.bins, other.low, other.high)

    def _empty_copy(self) -> Self:
        return type(self)(
            self.task,
            num_classes=self._expected_classes,
            bins=self.bins,
            low=self.low,
            high=self.high,
            average=self.average,
            undefined=self.undefined,
        )

    def _clear(self) -> None:
        self._counts = np.zeros((2, self.num_classes or 0, self.bins), np.int64)

    def _absorb(self, other: Self) -> None:
        self._counts = self._counts + other._counts if self._counts.size else other._counts.copy()

    def _add(self, batch: TaskProblem) -> None:
        rows, columns = batch.scores.shape
        if self._counts.shape[1] == 0:
            self._counts = np.zeros((2, columns, self.bins), np.int64)
        with np.errstate(over="ignore"):
            place = (batch.scores.astype(np.float64) - self.low) * (
                self.bins / (self.high - self.low)
            )
        bins = np.clip(place, 0, self.bins - 1).astype(np.intp)
        positive = batch.truth
        if positive.ndim == 1:
            positive = positive[:, np.newaxis] == np.arange(columns)
        classes = np.broadcast_to(np.arange(columns), (rows, columns))
        np.add.at(self._counts, (positive.astype(np.intp), classes, bins), 1)

    def _areas(self, *, micro: bool) -> NDArray[np.float64]:
        return self._ratios(_ordered, micro=micro)

    def _support(self) -> NDArray[np.int64]:
        support: NDArray[np.int64] = self._counts[1].sum(axis=1)
        return support

    def _ratios(self, pairs: Any, *, micro: bool) -> NDArray[np.float64]:
        """Divide twice the pairs that `pairs` counts by twice all pairs, correctly rounded."""
        counts = self._counts.sum(axis=1, keepdims=True) if micro else self._counts
        ratios = np.full(counts.shape[1], np.nan)
        for column, (negatives, positives) in enumerate(counts.transpose(1, 0, 2)):
            total = 2 * int(negatives.sum()) * int(positives.sum())
            if total == 0:
                continue
            # Integers of Python where those of 64 bits would not do.
            dtype = np.int64 if total < 2**63 else object
            ratios[column] = int(pairs(negatives.astype(dtype), positives.astype(dtype))) / total
        return ratios


def _ordered(negatives: NDArray[Any], positives: NDArray[Any]) -> Any:
    """Count pairs in order twice, and tied ones once."""
    return (positives * (2 * np.cumsum(negatives) - negatives)).sum()


def _tied(negatives: NDArray[Any], positives: NDArray[Any]) -> Any:
    return (positives * negatives).sum()


def _read_keys(state: Mapping[str, Any], expected: Sequence[str]) -> None:
    """Raise unless a state has these entries and no others."""
    if not hasattr(state, "keys"):
        raise ConfigError(
            f"expected a state as state_dict() returns it, got {type(state).__name__}"
        )
    if set(state) != set(expected):
        raise ConfigError(
            f"the state has entries {sorted(map(str, state))}; expected {sorted(expected)}, as "
            "state_dict() returns them"
        )
