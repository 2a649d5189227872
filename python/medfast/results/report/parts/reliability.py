"""The part that sets stated probabilities beside what came true."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from medfast.results.document.blocks import Panels, Part, Text
from medfast.results.report.calibration import BINS
from medfast.results.report.panels import count_panel, reliability_panel
from medfast.results.report.wording import INTERVAL, NONE, digits, percent, quoted
from medfast.results.tables import Table, headings
from medfast.task import Task

if TYPE_CHECKING:
    from medfast.results.report.measures import Measures


class _Words(NamedTuple):
    whose: str
    stated: str
    observed: str
    counted: str
    brier: str


def reliability(prefix: str, found: Measures) -> Part:
    """Plot what was stated against what came true, and give ECE and Brier score."""
    calibration, words = found.calibration, _words(found)
    pairs = zip(calibration.stated, calibration.observed, calibration.counts, strict=True)
    alt = "; ".join(f"stated {percent(s)}, true {percent(o)}, of {n:,}" for s, o, n in pairs)
    pictures = (
        reliability_panel(f"{prefix}-reliability", alt, calibration, words.stated, words.observed),
        count_panel(f"{prefix}-stated", alt, calibration, words.stated, words.counted),
    )
    caption = (
        f"Probabilities {words.whose}, in {BINS} steps of equal width: the share that came true, "
        f"with Wilson's {INTERVAL}, and how often each was stated. On the dotted line they mean "
        "what they say; below it, more was stated than came true."
    )
    rows = (
        ("ECE", digits(calibration.ece), NONE),
        ("Brier score", digits(calibration.brier), digits(calibration.brier_of_shares)),
    )
    table = Table(
        f"Calibration, 0 is best; {found.shown_name}",
        headings(["measure"], ["value", "of always stating the shares of the classes"]),
        rows,
    )
    note = Text(
        "ECE: the mean distance of what was stated from what came true, over the steps, weighted "
        f"by how often it was stated. Brier score: {words.brier}."
    )
    return Part(
        f"{prefix}-calibration",
        "Calibration",
        (Panels(caption, pictures), table, note),
    )


def _words(found: Measures) -> _Words:
    squares = "the mean squared distance of probabilities from the truth"
    if found.shown.multi_label:
        return _Words(
            "of all labels together",
            "probability of a label",
            "share that is there",
            "labels",
            f"{squares}, the mean over the labels",
        )
    if found.dataset.task is Task.BINARY:
        return _Words(
            f"of {quoted(found.shown.names[1:])}, the positive class",
            "probability of the positive class",
            "share that is of it",
            "images",
            squares,
        )
    return _Words(
        "of the class named (top label)",
        "probability of the class named",
        "share that is right",
        "images",
        f"{squares}, summed over the classes",
    )
