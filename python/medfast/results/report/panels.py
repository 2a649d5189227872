"""The plots of the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast.results.report.drawing import COLOURS, INK, draw
from medfast.results.report.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from medfast.results.report.calibration import Calibration
    from medfast.results.report.curves import RocBand
    from medfast.results.report.document import Picture
    from medfast.results.report.intervals import Estimate

_LONGEST = 34
_FEW_EPOCHS = 15


class Line(NamedTuple):
    """A line of a plot.

    Attributes
    ----------
    x, y : sequence of float
    colour : str
    label : str
        In the legend; empty for none.
    bold : bool
        Whether it stands out from the others.
    dashed : bool
    """

    x: Any
    y: Any
    colour: str
    label: str = ""
    bold: bool = True
    dashed: bool = False


class Mark(NamedTuple):
    """A figure on the scale of `area_panel`."""

    name: str
    estimate: Estimate
    whole: bool = False
    """Whether it is of the set, and not of a class."""


def shorten(name: str, longest: int = _LONGEST) -> str:
    """Cut what is too long for a plot.

    Examples
    --------
    >>> shorten("immature granulocytes(myelocytes, metamyelocytes)", 24)
    'immature granulocytes(m…'
    """
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def epoch_panel(
    name: str, alt: str, title: str, lines: Sequence[Line], chosen: Sequence[tuple[int, str]]
) -> Picture:
    """Plot something against the epoch, the chosen epochs marked in their colours."""

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        _plot(axes, lines, marker="." if len(lines[0].x) <= _FEW_EPOCHS else None)
        for epoch, colour in dict.fromkeys(chosen):
            axes.axvline(epoch, color=colour, linewidth=0.8, linestyle=":")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlabel="epoch", title=title)
        if any(line.label for line in lines):
            axes.legend()

    return draw(name, alt, paint)


def roc_panel(
    name: str,
    alt: str,
    title: str,
    lines: Sequence[Line],
    bands: Sequence[tuple[RocBand, str]],
) -> Picture:
    """Plot ROC curves over the bands of some of them."""

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        for band, colour in bands:
            axes.fill_between(band.fpr, band.low, band.high, color=colour, alpha=0.18, linewidth=0)
        _plot(axes, lines)
        _unit_square(axes)
        axes.set(
            xlabel="false positive rate (false alarms)",
            ylabel="true positive rate (found)",
            title=title,
        )
        if any(line.label for line in lines):
            axes.legend(loc="lower right")

    return draw(name, alt, paint)


def precision_recall_panel(
    name: str, alt: str, title: str, lines: Sequence[Line], prevalence: float
) -> Picture:
    """Plot precision-recall curves as the steps that they are."""

    def paint(axes: Axes) -> None:
        axes.axhline(prevalence, color=INK, linewidth=0.8, linestyle=":")
        # From the highest recall on, a step keeps its precision down to the next recall.
        _plot(axes, lines, drawstyle="steps-post")
        _unit_square(axes)
        axes.set(xlabel="recall (found)", ylabel="precision (right when named)", title=title)
        if any(line.label for line in lines):
            # Where the curve is not: that of a rare class is low.
            axes.legend(loc="upper right" if prevalence < 0.5 else "lower right")

    return draw(name, alt, paint)


def reliability_panel(
    name: str, alt: str, found: Calibration, stated: str, observed: str
) -> Picture:
    """Plot observed shares against stated probabilities, each with its interval."""

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        shares = [
            wilson_interval(int(k), int(n)) for k, n in zip(found.hits, found.counts, strict=True)
        ]
        reach = np.abs([[share.value - share.low, share.high - share.value] for share in shares])
        axes.errorbar(
            found.stated,
            found.observed,
            yerr=reach.T,
            color=COLOURS[0],
            ecolor=COLOURS[0],
            elinewidth=1,
            capsize=2.5,
            marker="o",
            markersize=4,
            linewidth=1,
        )
        _unit_square(axes)
        axes.set(xlabel=stated, ylabel=observed)

    return draw(name, alt, paint)


def count_panel(name: str, alt: str, found: Calibration, stated: str, ylabel: str) -> Picture:
    """Plot how often probabilities of each size were stated."""

    def paint(axes: Axes) -> None:
        axes.bar(found.centres, found.counts, width=0.09, color=COLOURS[0], alpha=0.75)
        axes.set(xlabel=stated, ylabel=ylabel, xlim=(-0.02, 1.02))

    return draw(name, alt, paint)


def area_panel(name: str, alt: str, marks: Sequence[Mark], published: float | None) -> Picture:
    """Plot areas with their intervals on the scale from guessing to perfect."""

    def paint(axes: Axes) -> None:
        ends = [end for mark in marks for end in mark.estimate if not math.isnan(end)]
        for row, mark in enumerate(marks):
            colour = COLOURS[1] if mark.whole else COLOURS[0]
            value, low, high = mark.estimate
            if mark.estimate.has_interval:
                axes.plot([low, high], [row, row], color=colour, linewidth=2.2)
            axes.plot([value], [row], color=colour, marker="D" if mark.whole else "o", markersize=5)
            axes.annotate(
                shorten(mark.name, 48),
                (0, row),
                (0, 7),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=8,
                fontweight="bold" if mark.whole else "normal",
            )
        if published is not None:
            axes.plot([published] * 2, [-0.3, 0.4], color=INK, linewidth=1, linestyle="--")
            ends.append(published)
        low = min(0.45, math.floor(20 * min(ends)) / 20 - 0.02)
        axes.set(
            xlim=(low, 1.01),
            ylim=(len(marks) - 0.5, -0.7),
            yticks=[],
            xlabel="AUC: 0.5 is guessing, 1 is perfect",
        )
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)

    return draw(name, alt, paint, height=0.75 + 0.34 * len(marks))


def _plot(axes: Axes, lines: Sequence[Line], **how: Any) -> None:
    for line in lines:
        axes.plot(
            line.x,
            line.y,
            color=line.colour,
            label=line.label or None,
            linestyle="--" if line.dashed else "-",
            linewidth=1.6 if line.bold else 0.8,
            alpha=1 if line.bold else 0.7,
            zorder=3 if line.bold else 2,
            **how,
        )


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
