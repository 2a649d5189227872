"""From runs to the sections of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from medfast.data.dataset import SPLITS
from medfast.errors import ConfigError, nearest
from medfast.results.document.blocks import Chapter, Document, Section
from medfast.results.report.measures import Measures, measure
from medfast.results.report.parts.again import reproduction
from medfast.results.report.parts.curves import (
    learning_curves,
    precision_recall_curves,
    roc_curves,
)
from medfast.results.report.parts.decisions import decisions, per_class
from medfast.results.report.parts.figures import class_balance, figures
from medfast.results.report.parts.photographs import augmentations, samples
from medfast.results.report.parts.reliability import reliability
from medfast.results.report.parts.words import plain_words
from medfast.results.report.sets import Variant, runs_by_set
from medfast.results.report.wording import INTERVAL, NONE, digits, images, interval
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from medfast.results.document.blocks import Part
    from medfast.results.runs import FinishedRun


def describe(
    runs: Sequence[FinishedRun], *, split: str = "test", root: str | os.PathLike[str] | None = None
) -> Document:
    """Put together all that is to be said of runs.

    Parameters
    ----------
    runs : sequence of FinishedRun
    split : {"train", "val", "test"}
        Whose answers are shown in detail.
    root : path, optional
        See `medfast.results.runs.FinishedRun.dataset`.

    Returns
    -------
    Document

    Raises
    ------
    ConfigError
        If `split` is no split.
    MedfastError
        If scores or data are missing, or are not those of the run.
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}; {nearest(str(split), SPLITS)}")
    sets = runs_by_set(runs)
    measured = [[_measure(group, root) for group in groups] for groups in sets]
    sections = tuple(
        _section(_anchor(place, groups[0][split].dataset.flag), groups, split)
        for place, groups in enumerate(measured, 1)
    )
    titles = list(dict.fromkeys(section.title for section in sections))
    number = f"{len(runs)} run{'' if len(runs) == 1 else 's'}"
    return Document(
        title=f"{', '.join(titles)}: {number}",
        overview=_overview([groups[split] for each in measured for groups in each], split),
        sections=sections,
    )


def _measure(group: Variant, root: str | os.PathLike[str] | None) -> dict[str, Measures]:
    return {split: measure(group, split, root) for split in SPLITS}


def _anchor(place: int, flag: str) -> str:
    return f"{place}-{re.sub(r'[^A-Za-z0-9]+', '-', flag).strip('-').lower() or 'set'}"


def _overview(groups: Sequence[Measures], split: str) -> Table | None:
    if len(groups) < 2:
        return None
    rows = []
    for found in groups:
        published = found.published
        rows.append(
            (
                f"{_title(found)}, {found.dataset.size} px: {found.group.name}",
                str(len(found.answers)),
                digits(found.areas.mean.value),
                interval(found.areas.mean),
                digits(found.acc.value),
                interval(found.acc),
                NONE if published is None else f"{published.auc:.3f} / {published.acc:.3f}",
            )
        )
    figures = ("runs", "AUC", INTERVAL, "ACC", INTERVAL, "published")
    return Table(f"All runs, {split}", headings(["set and recipe"], figures), rows)


def _section(anchor: str, groups: list[dict[str, Measures]], split: str) -> Section:
    chosen = [group[split] for group in groups]
    curves = (learning_curves, roc_curves, precision_recall_curves)
    of_all = [curve(anchor, chosen) for curve in curves]
    balance = class_balance(anchor, chosen[0])
    if len(groups) == 1:
        words, details, again = _of_group(anchor, groups[0], split)
        chapters = [Chapter(anchor, "", (*words, *of_all, *details, balance, again))]
    else:
        chapters = [Chapter(f"{anchor}-together", "All runs together", (*of_all, balance))]
        for place, group in enumerate(groups, 1):
            prefix = f"{anchor}-{place}"
            words, details, again = _of_group(prefix, group, split)
            chapters.append(Chapter(prefix, group[split].group.name, (*words, *details, again)))
    return Section(anchor, _title(chosen[0]), _lead(chosen, split), tuple(chapters))


def _of_group(
    prefix: str, group: dict[str, Measures], split: str
) -> tuple[list[Part], list[Part], Part]:
    """Describe the repeats of a recipe: what comes before the curves, after them, and last."""
    found = group[split]
    details = (decisions, per_class, reliability, samples, augmentations)
    return (
        [plain_words(prefix, found, group["train"]), figures(prefix, group)],
        [part(prefix, found) for part in details],
        reproduction(prefix, found),
    )


def _title(found: Measures) -> str:
    info = found.dataset.info
    return found.group.set_name if info is None else info.class_name


def _lead(groups: list[Measures], split: str) -> str:
    dataset = groups[0].dataset
    what = "" if dataset.info is None else f"{dataset.info.description} "
    colour = "colour" if dataset.channels == 3 else "gray"
    kind = "labels" if groups[0].shown.multi_label else "classes"
    trained = "; ".join(f"{found.group.name}, {_seeds(found.group)}" for found in groups)
    return (
        f"{what}{dataset.n_classes} {kind}, {colour} images of {dataset.size} x {dataset.size} "
        f"pixels. Network and recipe: {trained}. Figures and plots are of {split} "
        f"({images(len(groups[0].shown))}) unless they say otherwise."
    )


def _seeds(group: Variant) -> str:
    return f"{len(group.runs)} seeds" if group.repeated else f"seed {group.shown.seed}"
