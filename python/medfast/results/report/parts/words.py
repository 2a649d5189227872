"""The part that says in words how good a network is, with its area on a scale beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from medfast.results.document.blocks import Block, Panels, Part, Text
from medfast.results.report.panels import Mark, area_panel
from medfast.results.report.parts.reading import read_aloud
from medfast.results.report.wording import INTERVAL, images, with_interval
from medfast.task import Task

if TYPE_CHECKING:
    from medfast.results.report.measures import Measures


def plain_words(prefix: str, found: Measures, train: Measures) -> Part:
    """Say what the figures mean."""
    blocks: list[Block] = [Text(_headline(found), strong=True)]
    marks = _marks(found)
    if marks:
        blocks.append(_scale(prefix, found, marks))
    blocks.append(read_aloud(found, None if found.split == "train" else train.shown))
    return Part(f"{prefix}-words", "In plain words", tuple(blocks))


def _headline(found: Measures) -> str:
    figures = f"AUC {with_interval(found.areas.mean)} and ACC {with_interval(found.acc)}"
    means = f", means of {len(found.answers)} runs" if found.group.repeated else ""
    return f"{figures} on {images(len(found.shown))} of {found.split}{means}."


def _marks(found: Measures) -> list[Mark]:
    areas, names = found.areas, found.shown.names
    defined = [
        Mark(name, area)
        for name, area in zip(names, areas.per_class, strict=True)
        if not math.isnan(area.value)
    ]
    if found.dataset.task is Task.BINARY:
        name = f"{names[0]} against {names[1]}"
        return [Mark(name, areas.mean, whole=True)] if defined else []
    return [Mark(f"mean of {len(defined)}", areas.mean, whole=True), *defined] if defined else []


def _scale(prefix: str, found: Measures, marks: list[Mark]) -> Panels:
    published = found.published
    alt = "; ".join(f"{mark.name}: AUC {with_interval(mark.estimate)}" for mark in marks)
    caption = f"AUC with its {INTERVAL}. A point without a line: the images do not tell it."
    if published is not None:
        caption += " The dashed line is what the MedMNIST paper has."
    line = None if published is None else published.auc
    return Panels(caption, (area_panel(f"{prefix}-auc", alt, marks, line),), aside=True)
