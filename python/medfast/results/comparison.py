"""Finished runs beside what was published, and beside each other."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medfast.data.dataset import SPLITS
from medfast.errors import ConfigError, nearest
from medfast.results.groups import Group, conditions, group_runs
from medfast.results.published import PublishedScore, published_scores
from medfast.results.repeats import (
    Difference,
    Figure,
    acc_figure,
    auc_figure,
    compare_acc,
    compare_auc,
    mean_over_sets,
)
from medfast.results.runs import STEM_WORDS
from medfast.task import Task
from medfast.training.recipe import stem_for_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from medfast.results.runs import FinishedRun, Outcome

# Of which version of MedMNIST the files of the catalog are.
_SPLITS_OF_OURS = "v2"
# Side in pixels of the images that published results with larger input were made from.
_ENLARGED_FROM = 28


@dataclass(frozen=True)
class Verdict:
    """Where a figure of ours stands to a published one.

    Attributes
    ----------
    difference : float
        Ours minus the published one.
    in_intervals : float
        `difference` in units of the distance from our figure to that end of its interval which lies
        towards the published one: 1 at the end, more beyond it.
    word : {"within", "above", "below", "undefined"}
        Whether the published figure lies within our interval, or ours is above or below it by more;
        undefined where there is no interval, or one without width.
    """

    difference: float
    in_intervals: float
    word: str


@dataclass(frozen=True)
class Against:
    """A published result beside ours.

    Attributes
    ----------
    published : PublishedScore
    auc, acc : Verdict or None
        None where the published figures cannot be right.
    unlike : tuple of str
        In what the two are not alike.
    """

    published: PublishedScore
    auc: Verdict | None
    acc: Verdict | None
    unlike: tuple[str, ...]


@dataclass(frozen=True)
class Ours:
    """Runs that differ in their seeds alone, or their mean over sets.

    Attributes
    ----------
    label : str
        See `medfast.results.groups.Group`.
    seeds : tuple of int
        Of each run; empty for a mean over sets.
    official : bool
        Whether the files are, by their MD5, those that MedMNIST published.
    runs : tuple of str
        Their folders.
    auc, acc : Figure
    against : tuple of Against
    """

    label: str
    seeds: tuple[int, ...]
    official: bool
    runs: tuple[str, ...]
    auc: Figure
    acc: Figure
    against: tuple[Against, ...]


@dataclass(frozen=True)
class PairTest:
    """Two of ours on the same images.

    Attributes
    ----------
    first, second : str
        Their labels.
    auc, acc : Difference
        The first minus the second.
    """

    first: str
    second: str
    auc: Difference
    acc: Difference


@dataclass(frozen=True)
class Part:
    """A set, or the mean over several.

    Attributes
    ----------
    sets : tuple of str
        One name, or several.
    images : int
        In the split; in all of them together.
    ours : tuple of Ours
    tests : tuple of PairTest
        Empty for a mean.
    """

    sets: tuple[str, ...]
    images: int
    ours: tuple[Ours, ...]
    tests: tuple[PairTest, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Runs beside what was published, and beside each other.

    Attributes
    ----------
    split : str
        The split that ours were scored on.
    level : float
        The confidence level of the intervals.
    sets, means : tuple of Part
        Each set; then what several have in common, on average.
    notes : tuple of str
        What is to be known of these figures.
    """

    split: str
    level: float
    sets: tuple[Part, ...]
    means: tuple[Part, ...]
    notes: tuple[str, ...]


def compare_runs(
    runs: Sequence[FinishedRun],
    *,
    split: str = "test",
    root: str | PathLike[str] | None = None,
    level: float = 0.95,
) -> Comparison:
    """Set finished runs beside the published results on their sets, and beside each other.

    Runs of the same set that differ in their seeds alone are one line: their mean, with an interval
    over images and seeds (see `medfast.results.repeats`), by which each published figure is judged.
    A file of one's own that is named after an official set, as ``chestmnist_subset.npz`` is, and
    has its task, channels and number of classes, stands beside that set's results, with a warning;
    it is no part of a mean that is set beside published ones.

    Parameters
    ----------
    runs : sequence of FinishedRun
        See `medfast.results.runs.open_runs`.
    split : {"train", "val", "test"}
        Of ours. What was published is of test.
    root : path, optional
        See `medfast.results.runs.FinishedRun.dataset`.
    level : float
        The confidence level of the intervals.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        If there are no runs, `split` is no split, or `level` is not between 0 and 1.
    MedfastError
        As `medfast.results.runs.FinishedRun.outcome`.
    """
    if not runs:
        raise ConfigError("no runs to compare; give the folders of finished runs")
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}; {nearest(str(split), SPLITS)}")
    if not 0 < level < 1:
        raise ConfigError(f"level={level!r}; it must lie between 0 and 1")
    notes: list[str] = []
    parts = []
    for name, groups in groupby(group_runs(runs), key=lambda group: group.set_name):
        scored = [_score(group, split, root, level, notes) for group in groups]
        parts.append(_part(name, scored, notes))
    if split == "val":
        notes.append(
            "epochs were chosen on val, so its figures are better than new images' would be"
        )
    elif split == "train":
        notes.append("the networks were fitted to train: its figures say nothing of new images")
    return Comparison(split, level, tuple(parts), tuple(_means(parts)), tuple(dict.fromkeys(notes)))


class _Scored(NamedTuple):
    group: Group
    outcomes: tuple[Outcome, ...]
    ours: Ours


def _score(
    group: Group,
    split: str,
    root: str | PathLike[str] | None,
    level: float,
    notes: list[str],
) -> _Scored:
    outcomes = group.outcomes(split, root)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        auc, acc = auc_figure(outcomes, level=level), acc_figure(outcomes, level=level)
    where = f"{group.set_name}, {group.label}"
    notes.extend(f"{where}: {warning.message}" for warning in caught)
    notes.extend(
        f"{where}: several runs have seed {seed}, and are no independent repeats"
        for seed in group.repeated_seeds()
    )
    trained = conditions(group.runs)
    if len(trained) > 1:
        notes.append(f"{where}: taken together, though trained in {' and '.join(trained)}")
    absent = group.first.figures(split)["absent_classes"]
    if absent and not math.isnan(auc.mean):
        names = ", ".join(map(str, absent))
        notes.append(
            f"{group.set_name}: {split} cannot rank {names}; AUC is the mean of the others"
        )
    rows = published_scores(group.published_as or "")
    if not rows:
        notes.append(f"{group.set_name} has no published row")
    ours = Ours(
        label=group.label,
        seeds=group.seeds,
        official=group.official,
        runs=tuple(str(run.folder.path) for run in group.runs),
        auc=auc,
        acc=acc,
        against=tuple(_against(row, auc, acc, _unlike(row, group, split)) for row in rows),
    )
    return _Scored(group, outcomes, ours)


def _against(
    published: PublishedScore, auc: Figure, acc: Figure, unlike: tuple[str, ...]
) -> Against:
    if published.impossible:
        return Against(published, None, None, unlike)
    return Against(published, _verdict(auc, published.auc), _verdict(acc, published.acc), unlike)


def _verdict(figure: Figure, published: float) -> Verdict:
    difference = figure.mean - published
    low, high = figure.interval
    reach = figure.mean - low if difference > 0 else high - figure.mean
    if math.isnan(difference) or not reach > 0:  # an interval without width judges nothing
        return Verdict(difference, math.nan, "undefined")
    units = difference / reach
    word = "within" if abs(units) <= 1 else "above" if units > 0 else "below"
    return Verdict(difference, units, word)


def _unlike(published: PublishedScore, group: Group, split: str) -> tuple[str, ...]:
    """Say in what a published result and ours are not alike."""
    run, found = group.first, []
    if published.splits != _SPLITS_OF_OURS:
        found.append(f"splits of MedMNIST {published.splits}, ours of {_SPLITS_OF_OURS}")
    if split != "test":
        found.append(f"test, ours is {split}")
    if not group.official:
        found.append(f"ours is not the official file, but other images ({group.set_name})")
    absent = run.figures(split)["absent_classes"]
    if absent:
        found.append(f"mean over all classes, ours without {', '.join(map(str, absent))}")
    ours = f"ours of {run.size}"
    if run.input_size != run.size:
        ours += f" enlarged to {run.input_size}"
    if published.enlarged is not None:
        if (run.size, run.input_size) != (_ENLARGED_FROM, published.size):
            found.append(f"{published.enlarged} to {published.size}, {ours}")
    elif not published.size == run.size == run.input_size:
        found.append(f"input of {published.size} pixels, {ours}")
    if published.model is not None and run.other_stem:
        theirs = STEM_WORDS[stem_for_size(published.size)]
        if theirs != run.other_stem:
            found.append(f"{theirs}, ours the {run.other_stem}")
    if published.runs is None:
        found.append("number of runs not stated")
    elif published.runs != len(group.runs):
        found.append(f"mean of {published.runs} runs, ours of {len(group.runs)}")
    return tuple(found)


def _part(name: str, scored: Sequence[_Scored], notes: list[str]) -> Part:
    labels = scored[0].outcomes[0].labels
    frequent = _trivial_acc(scored[0].outcomes[0])
    notes.append(f"{name}: always giving the most frequent answer has ACC {frequent:.3f}")
    tests = []
    for first, second in combinations(scored, 2):
        a, b = first.outcomes, second.outcomes
        if not np.array_equal(a[0].labels, b[0].labels):
            notes.append(
                f"{name}: no paired test of {first.ours.label} and {second.ours.label}, "
                "whose labels differ"
            )
            continue
        tests.append(
            PairTest(
                first=first.ours.label,
                second=second.ours.label,
                auc=compare_auc(a, b, (first.ours.auc, second.ours.auc)),
                acc=compare_acc(a, b, (first.ours.acc, second.ours.acc)),
            )
        )
    return Part((name,), len(labels), tuple(one.ours for one in scored), tuple(tests))


def _trivial_acc(outcome: Outcome) -> float:
    if outcome.task is Task.MULTI_LABEL:
        share = outcome.labels.mean(axis=0)
        return float(np.maximum(share, 1 - share).mean())
    return float(np.bincount(outcome.labels[:, 0]).max()) / len(outcome.labels)


def _means(parts: Sequence[Part]) -> list[Part]:
    """Average over the sets that have ours, and over those that a published method has too."""
    by_label: dict[str, dict[str, Ours]] = {}
    for part in parts:
        for one in part.ours:
            by_label.setdefault(one.label, {})[part.sets[0]] = one
    found: dict[tuple[str, ...], list[Ours]] = {}
    for own in by_label.values():
        by_sets: dict[tuple[str, ...], list[Sequence[Against]]] = {tuple(own): []}
        for rows in _by_method(own):
            by_sets.setdefault(tuple(rows), []).append(list(rows.values()))
        for sets, methods in by_sets.items():
            if len(sets) > 1:
                mean = _mean_of_ours([own[name] for name in sets], methods)
                found.setdefault(sets, []).append(mean)
    images = {part.sets[0]: part.images for part in parts}
    return [
        Part(sets, sum(images[name] for name in sets), tuple(ours)) for sets, ours in found.items()
    ]


def _by_method(own: Mapping[str, Ours]) -> Iterable[dict[str, Against]]:
    """Gather what a published method gives for each official file, if it can be right."""
    found: dict[tuple[str, str], dict[str, Against]] = {}
    for name, one in own.items():
        for row in one.against if one.official else ():
            if not row.published.impossible:
                found.setdefault((row.published.table, row.published.method), {})[name] = row
    return found.values()


def _mean_of_ours(ours: Sequence[Ours], methods: Sequence[Sequence[Against]]) -> Ours:
    auc, acc = mean_over_sets([one.auc for one in ours]), mean_over_sets([one.acc for one in ours])
    against = []
    for rows in methods:
        published = replace(
            rows[0].published,
            auc=float(np.mean([row.published.auc for row in rows])),
            acc=float(np.mean([row.published.acc for row in rows])),
        )
        unlike = dict.fromkeys(reason for row in rows for reason in row.unlike)
        against.append(_against(published, auc, acc, tuple(unlike)))
    runs = tuple(run for one in ours for run in one.runs)
    official = all(one.official for one in ours)
    return Ours(ours[0].label, (), official, runs, auc, acc, tuple(against))
