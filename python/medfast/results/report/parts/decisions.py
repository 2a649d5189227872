"""The parts that count decisions: for pairs of classes, for labels, for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.report.classes import confusion_counts, label_counts
from medfast.results.report.document import Cell, Part, Table, Text
from medfast.results.report.wording import INTERVAL, NONE, digits, interval, percent

if TYPE_CHECKING:
    from medfast.results.report.measures import Measures


def decisions(prefix: str, found: Measures) -> Part:
    """Count right and wrong decisions: for each pair of classes, or for each label."""
    if found.shown.multi_label:
        return Part(f"{prefix}-counts", "Decisions by label", (_by_label(found),))
    return Part(f"{prefix}-confusion", "Confusion matrix", (_by_pair(found),))


def _by_pair(found: Measures) -> Table:
    names = found.shown.names
    rows = []
    for name, counts in zip(names, confusion_counts(found.shown).tolist(), strict=True):
        total = sum(counts)
        shares = [count / total if total else 0.0 for count in counts]
        cells = (
            Cell(f"{count:,} ({percent(share)})" if total else "0", share)
            for count, share in zip(counts, shares, strict=True)
        )
        rows.append((Cell(name), *cells))
    columns = ("true class", *(f"named: {name}" for name in names))
    caption = "Images of each class (row) by the class named (column); shares are of the row"
    return Table(f"{caption}; {found.shown_name}", columns, tuple(rows))


def _by_label(found: Measures) -> Table:
    rows = []
    for name, counts in zip(found.shown.names, label_counts(found.shown).tolist(), strict=True):
        (rejected, alarms), (missed, hits) = counts
        shares = [(hits, hits + missed), (rejected, rejected + alarms)]
        rows.append(
            (
                Cell(name),
                *(Cell(f"{count:,}") for count in (hits, missed, alarms, rejected)),
                *(Cell(percent(k / n) if n else NONE, k / n if n else 0.0) for k, n in shares),
            )
        )
    columns = (
        "label",
        "there, found",
        "there, missed",
        "not there, false alarm",
        "not there, rejected",
        "sensitivity: found, of those there",
        "specificity: rejected, of those not there",
    )
    caption = "Images by label, which is named at a probability of more than 0.5"
    return Table(f"{caption}; {found.shown_name}", columns, tuple(rows))


def per_class(prefix: str, found: Measures) -> Part:
    """Give AUC, precision, recall, F1 and support of each class."""
    classes = found.classes
    rows = []
    for column, area in enumerate(found.areas_shown.per_class):
        row = [found.shown.names[column], f"{int(classes.support[column]):,}"]
        row += [digits(area.value), interval(area)]
        for values in (classes.precision, classes.recall, classes.f1):
            row.append(digits(float(values[column])))
        rows.append(tuple(map(Cell, row)))
    what = "label" if found.shown.multi_label else "class"
    columns = (what, "images", "AUC", INTERVAL, "precision", "recall", "F1")
    text = Text(
        "Precision: of the images named as it, the share that is. Recall: of the images that are "
        f"it, the share that was named. F1: their harmonic mean. A dash ({NONE}): not defined, as "
        "nothing is of it or nothing was named as it; of an interval: the images do not tell it."
    )
    table = Table(f"Each {what} against the rest; {found.shown_name}", columns, tuple(rows))
    return Part(f"{prefix}-classes", f"By {what}", (table, text))
