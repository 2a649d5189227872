"""The part that says in words how good a network is, with its area on a scale beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from medfast.results.document.blocks import Block, Panels, Part, Text
from medfast.results.document.rows import Row
from medfast.results.report.panels import area_panel
from medfast.results.report.parts.reading import read_aloud
from medfast.results.report.wording import INTERVAL, images, with_interval
from medfast.task import Task

if TYPE_CHECKING:
    from medfast.results.report.intervals import Estimate
    from medfast.results.report.measures import Measures


def plain_words(prefix: str, found: Measures, train: Measures) -> Part:
    """Say what the figures mean."""
    blocks: list[Block] = [Text(_headline(found), strong=True)]
    areas = _areas(found)
    if areas:
        blocks.append(_scale(prefix, found, areas))
    blocks.append(read_aloud(found, None if found.split == "train" else train.shown))
    return Part(f"{prefix}-words", "In plain words", tuple(blocks))


def _headline(found: Measures) -> str:
    figures = f"AUC {with_interval(found.areas.mean)} and ACC {with_interval(found.acc)}"
    means = f", means of {len(found.answers)} runs" if found.group.repeated else ""
    return f"{figures} on {images(len(found.shown))} of {found.split}{means}."


def _areas(found: Measures) -> list[tuple[str, Estimate]]:
    """Name the areas: the mean or only one, and those of the classes."""
    areas, names = found.areas, found.shown.names
    defined = [
        (name, area)
        for name, area in zip(names, areas.per_class, strict=True)
        if not math.isnan(area.value)
    ]
    if not defined:
        return []
    if found.dataset.task is Task.BINARY:
        return [(f"{names[0]} against {names[1]}", areas.mean)]
    return [(f"mean of {len(defined)}", areas.mean), *defined]


def _scale(prefix: str, found: Measures, areas: list[tuple[str, Estimate]]) -> Panels:
    published = found.published
    alt = "; ".join(f"{name}: AUC {with_interval(area)}" for name, area in areas)
    caption = f"AUC with its {INTERVAL}. A point without a line: the images do not tell it."
    if published is not None:
        caption += " The dashed line is what the MedMNIST paper has."
    rows = [Row(name, *area, strong=place == 0) for place, (name, area) in enumerate(areas)]
    line = None if published is None else published.auc
    return Panels(caption, (area_panel(f"{prefix}-auc", alt, rows, line),), aside=True)
