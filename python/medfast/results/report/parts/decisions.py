"""The parts that count decisions: for pairs of classes, for labels, for each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.document.blocks import Part, Text
from medfast.results.report.classes import confusion_counts, label_counts
from medfast.results.report.wording import INTERVAL, NONE, digits, interval, percent
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    from medfast.results.report.measures import Measures


def decisions(prefix: str, found: Measures) -> Part:
    """Count right and wrong decisions: for each pair of classes, or for each label."""
    if found.shown.multi_label:
        return Part(f"{prefix}-counts", "Decisions by label", (_by_label(found),))
    return Part(f"{prefix}-confusion", "Confusion matrix", (_by_pair(found),))


def _by_pair(found: Measures) -> Table:
    names = found.shown.names
    rows, shares = [], []
    for name, counts in zip(names, confusion_counts(found.shown).tolist(), strict=True):
        total = sum(counts)
        of_row = [count / total if total else 0.0 for count in counts]
        cells = (
            f"{count:,} ({percent(share)})" if total else "0"
            for count, share in zip(counts, of_row, strict=True)
        )
        rows.append((name, *cells))
        shares.append((0.0, *of_row))
    columns = headings(["true class"], [f"named: {name}" for name in names])
    title = "Images of each class (row) by the class named (column); shares are of the row"
    return Table(f"{title}; {found.shown_name}", columns, rows, shares)


def _by_label(found: Measures) -> Table:
    rows, shares = [], []
    for name, counts in zip(found.shown.names, label_counts(found.shown).tolist(), strict=True):
        (rejected, alarms), (missed, hits) = counts
        numbers = (hits, missed, alarms, rejected)
        pairs = ((hits, hits + missed), (rejected, rejected + alarms))
        rows.append(
            (
                name,
                *(f"{count:,}" for count in numbers),
                *(percent(k / n) if n else NONE for k, n in pairs),
            )
        )
        unshaded = [0.0] * (1 + len(numbers))
        shares.append((*unshaded, *(k / n if n else 0.0 for k, n in pairs)))
    figures = (
        "there, found",
        "there, missed",
        "not there, false alarm",
        "not there, rejected",
        "sensitivity: found, of those there",
        "specificity: rejected, of those not there",
    )
    title = "Images by label, which is named at a probability of more than 0.5"
    return Table(f"{title}; {found.shown_name}", headings(["label"], figures), rows, shares)


def per_class(prefix: str, found: Measures) -> Part:
    """Give AUC, precision, recall, F1 and support of each class."""
    classes = found.classes
    rows = []
    for column, area in enumerate(found.areas_shown.per_class):
        row = [found.shown.names[column], f"{int(classes.support[column]):,}"]
        row += [digits(area.value), interval(area)]
        for values in (classes.precision, classes.recall, classes.f1):
            row.append(digits(float(values[column])))
        rows.append(tuple(row))
    what = "label" if found.shown.multi_label else "class"
    columns = headings([what], ["images", "AUC", INTERVAL, "precision", "recall", "F1"])
    text = Text(
        "Precision: of the images named as it, the share that is. Recall: of the images that are "
        f"it, the share that was named. F1: their harmonic mean. A dash ({NONE}): not defined, as "
        "nothing is of it or nothing was named as it; of an interval: the images do not tell it."
    )
    table = Table(f"Each {what} against the rest; {found.shown_name}", columns, rows)
    return Part(f"{prefix}-classes", f"By {what}", (table, text))
