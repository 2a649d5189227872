"""What finished runs say of a question: figures of its arms, and tests between them.

Everything is of the test split, which a run scores once. Where an arm has several treatments, that
of the highest mean AUC on validation stands for it, and what test says of the others is not looked
at. The p-values of a question's comparisons of the AUC are corrected together, by Holm's method;
those of the ACC, which is secondary, among themselves.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from medfast.results.repeats import (
    Difference,
    Figure,
    acc_figure,
    auc_figure,
    compare_acc,
    compare_auc,
    mean_over_sets,
)
from medfast.results.runs import open_runs
from medfast.results.study.plan import arms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from medfast.results.runs import FinishedRun, Outcome
    from medfast.results.study.questions import Question
    from medfast.results.study.runner import Study

LEVEL = 0.95


@dataclass(frozen=True)
class ArmResult:
    """An arm on a set.

    Attributes
    ----------
    label : str
    treatment : str
        That stands for it.
    candidates : mapping of str to float
        Where it has several: the mean AUC of each on validation.
    seeds : tuple of int
        Of its finished runs.
    auc, acc : Figure
        On test.
    runs : tuple of FinishedRun
    outcomes : tuple of Outcome
        Of test.
    """

    label: str
    treatment: str
    candidates: Mapping[str, float]
    seeds: tuple[int, ...]
    auc: Figure
    acc: Figure
    runs: tuple[FinishedRun, ...] = field(repr=False)
    outcomes: tuple[Outcome, ...] = field(repr=False)


@dataclass(frozen=True)
class Contrast:
    """A test between two arms on a set.

    Attributes
    ----------
    dataset, first, second : str
    of : str
        What is compared.
    difference : Difference
        The first minus the second.
    p_holm : float
        Corrected for the tests that belong together; NaN where there is no p-value.
    """

    dataset: str
    first: str
    second: str
    of: str
    difference: Difference
    p_holm: float = math.nan

    @property
    def shown(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.p_holm < 1 - LEVEL

    @property
    def half_width(self) -> float:
        """Half of the interval's width: what a difference had to be to stand out of it."""
        low, high = self.difference.interval
        return (high - low) / 2


@dataclass(frozen=True)
class SetEvidence:
    """A question on a set.

    Attributes
    ----------
    flag : str
    images : mapping of str to int
        In each split.
    whole : int
        How many training images the set has, of which a quick study takes a part.
    arms : tuple of ArmResult
        Those with a finished run.
    missing : tuple of str
        The arms without one.
    """

    flag: str
    images: Mapping[str, int]
    whole: int
    arms: tuple[ArmResult, ...]
    missing: tuple[str, ...]

    def arm(self, label: str) -> ArmResult | None:
        """Return an arm, if it has a finished run."""
        return next((arm for arm in self.arms if arm.label == label), None)


@dataclass(frozen=True)
class Evidence:
    """A question on every set.

    Attributes
    ----------
    question : Question
    sets : tuple of SetEvidence
    contrasts : tuple of Contrast
        Of the AUC.
    secondary : tuple of Contrast
        The same of the ACC, corrected among themselves.
    means : mapping of str to Figure
        The AUC of each arm on average, where all sets have it, and there are several.
    left_out : tuple of str
        The arms that are left to the full study.
    notes : tuple of str
    """

    question: Question
    sets: tuple[SetEvidence, ...]
    contrasts: tuple[Contrast, ...]
    secondary: tuple[Contrast, ...]
    means: Mapping[str, Figure]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


class FinishedRuns:
    """The finished runs of a study, opened once.

    Parameters
    ----------
    study : Study
    root : path or None
        The folder of official files; see `medfast.results.runs.FinishedRun.dataset`.

    Raises
    ------
    MedfastError
        As `medfast.results.runs.open_runs`.
    """

    def __init__(self, study: Study, root: str | PathLike[str] | None) -> None:
        rows = [row for row in study.rows if study.folder.state(row) == "finished"]
        runs = open_runs([study.folder.run(row).path for row in rows]) if rows else []
        self._runs: dict[tuple[str, str], list[FinishedRun]] = {}
        for row, run in zip(rows, runs, strict=True):
            self._runs.setdefault((row.dataset, row.treatment), []).append(run)
        self._root, self._parts = root, study.folder.data
        self._outcomes: dict[str, Outcome] = {}

    def of(self, flag: str, treatment: str) -> tuple[FinishedRun, ...]:
        """Return the runs of a treatment on a set."""
        return tuple(self._runs.get((flag, treatment), ()))

    def all(self) -> tuple[FinishedRun, ...]:
        """Return every run."""
        return tuple(run for runs in self._runs.values() for run in runs)

    def outcome(self, run: FinishedRun) -> Outcome:
        """Read what a run says of test."""
        if run.name not in self._outcomes:
            part = run.environment["dataset"]["source"] == "file"
            root = self._parts if part else self._root
            self._outcomes[run.name] = run.outcome("test", root=root)
        return self._outcomes[run.name]


def gather(question: Question, study: Study, finished: FinishedRuns) -> Evidence:
    """Collect what the finished runs of a study say of a question.

    Raises
    ------
    MedfastError
        As `medfast.results.runs.FinishedRun.outcome`.
    """
    notes: list[str] = []
    sets = tuple(_on_set(question, study, finished, flag, notes) for flag in study.sets)
    contrasts, secondary = [], []
    for one in sets:
        for first, second in question.pairs:
            a, b = one.arm(first), one.arm(second)
            if a is None or b is None:
                continue
            if not np.array_equal(a.outcomes[0].labels, b.outcomes[0].labels):
                notes.append(f"{one.flag}: {first} and {second} are of other images: not compared")
                continue
            auc = compare_auc(a.outcomes, b.outcomes, (a.auc, b.auc))
            acc = compare_acc(a.outcomes, b.outcomes, (a.acc, b.acc))
            contrasts.append(Contrast(one.flag, first, second, "AUC", auc))
            secondary.append(Contrast(one.flag, first, second, "ACC", acc))
    quick = study.settings.quick
    return Evidence(
        question,
        sets,
        corrected(contrasts),
        corrected(secondary),
        _means(question, sets),
        tuple(arm.label for arm in question.arms if quick and not arm.quick),
        tuple(dict.fromkeys(notes)),
    )


def corrected(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """Correct the p-values of tests that belong together."""
    values = holm([contrast.difference.p_value for contrast in contrasts])
    return tuple(
        replace(contrast, p_holm=value) for contrast, value in zip(contrasts, values, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values so that the chance of any false alarm among them stays below the level.

    Parameters
    ----------
    p_values : sequence of float
        NaN where nothing was tested, which does not count.

    Returns
    -------
    list of float
        In the same order.

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979).

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    known = sorted((value, n) for n, value in enumerate(p_values) if not math.isnan(value))
    found, largest = [math.nan] * len(p_values), 0.0
    for rank, (value, n) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        found[n] = largest
    return found


def _on_set(
    question: Question, study: Study, finished: FinishedRuns, flag: str, notes: list[str]
) -> SetEvidence:
    facts, whole = study.sets[flag].facts, study.sets[flag].whole
    planned = {row.treatment for row in study.rows if row.dataset == flag}
    arms, missing = [], []
    for arm, names in arms_of(question, facts.task, quick=study.settings.quick):
        known = [name for name in names if name in planned]
        runs = {name: finished.of(flag, name) for name in known}
        if any(runs.values()):
            arms.append(_arm_result(flag, arm.label, runs, finished, notes))
        elif known:
            missing.append(arm.label)
    return SetEvidence(flag, facts.images, whole, tuple(arms), tuple(missing))


def _arm_result(
    flag: str,
    label: str,
    runs: Mapping[str, tuple[FinishedRun, ...]],
    finished: FinishedRuns,
    notes: list[str],
) -> ArmResult:
    on_validation = {
        name: _mean([_known(run.figures("val")["auc"]) for run in some])
        for name, some in runs.items()
        if some
    }
    chosen = max(on_validation, key=lambda name: np.nan_to_num(on_validation[name], nan=-1.0))
    outcomes = tuple(finished.outcome(run) for run in runs[chosen])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        auc, acc = auc_figure(outcomes, level=LEVEL), acc_figure(outcomes, level=LEVEL)
    notes.extend(f"{flag}, {label}: {warning.message}" for warning in caught)
    return ArmResult(
        label=label,
        treatment=chosen,
        candidates=on_validation if len(runs) > 1 else {},
        seeds=tuple(run.seed for run in runs[chosen]),
        auc=auc,
        acc=acc,
        runs=runs[chosen],
        outcomes=outcomes,
    )


def _means(question: Question, sets: Sequence[SetEvidence]) -> dict[str, Figure]:
    if len(sets) < 2:
        return {}
    found = {}
    for arm in question.arms:
        results = [one.arm(arm.label) for one in sets]
        known = [result.auc for result in results if result is not None]
        if len(known) == len(sets):
            found[arm.label] = mean_over_sets(known)
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _known(value: float | None) -> float:
    return math.nan if value is None else value
