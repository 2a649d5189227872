"""The plots of a report that are not of epochs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from medfast.results.document.drawing import COLOURS, INK, draw
from medfast.results.document.lines import Line, lines_panel, plot_lines
from medfast.results.document.rows import rows_panel
from medfast.results.report.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from medfast.results.document.blocks import Picture
    from medfast.results.document.rows import Row
    from medfast.results.report.calibration import Calibration
    from medfast.results.report.curves import RocBand


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
        plot_lines(axes, lines)
        _unit_square(axes)
        axes.set(
            xlabel="false positive rate (false alarms)",
            ylabel="true positive rate (found)",
            title=title,
        )

    return lines_panel(name, alt, lines, paint, "lower right")


def precision_recall_panel(
    name: str, alt: str, title: str, lines: Sequence[Line], prevalence: float
) -> Picture:
    """Plot precision-recall curves as the steps that they are."""

    def paint(axes: Axes) -> None:
        axes.axhline(prevalence, color=INK, linewidth=0.8, linestyle=":")
        # From the highest recall on, a step keeps its precision down to the next recall.
        plot_lines(axes, lines, drawstyle="steps-post")
        _unit_square(axes)
        axes.set(xlabel="recall (found)", ylabel="precision (right when named)", title=title)

    # Where the curve is not: that of a rare class is low.
    return lines_panel(
        name, alt, lines, paint, "upper right" if prevalence < 0.5 else "lower right"
    )


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


def area_panel(name: str, alt: str, rows: Sequence[Row], published: float | None) -> Picture:
    """Plot areas with their intervals on the scale from guessing to perfect."""

    def paint_more(axes: Axes) -> None:
        ends = [end for row in rows for end in row[1:4] if not math.isnan(end)]
        if published is not None:
            axes.plot([published] * 2, [-0.3, 0.4], color=INK, linewidth=1, linestyle="--")
            ends.append(published)
        axes.set(xlim=(min(0.45, math.floor(20 * min(ends)) / 20 - 0.02), 1.01))

    return rows_panel(name, alt, rows, "AUC: 0.5 is guessing, 1 is perfect", paint_more)


def _unit_square(axes: Axes) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
