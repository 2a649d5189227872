"""Figures with their intervals, below each other on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from medfast.results.document.drawing import COLOURS, WIDTH, draw
from medfast.results.document.lines import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from medfast.results.document.blocks import Picture

_WIDE, _LONGEST = 40, 60  # letters


class Row(NamedTuple):
    """A figure on the scale; the ends of its interval are NaN where it has none."""

    name: str
    value: float
    low: float
    high: float
    strong: bool = False
    """Whether it stands out: by its colour, a diamond, and bold letters."""


def rows_panel(
    name: str, alt: str, rows: Sequence[Row], xlabel: str, paint_more: Callable[[Axes], None]
) -> Picture:
    """Plot figures with their intervals.

    Parameters
    ----------
    name, alt : str
        See `Picture`.
    rows : sequence of Row
        The first is at 0, those below at 1, 2, ...
    xlabel : str
    paint_more : callable
        Draws what else there is on the axes, and sets their limits.
    """

    def paint(axes: Axes) -> None:
        for place, row in enumerate(rows):
            colour = COLOURS[1] if row.strong else COLOURS[0]
            if row.low < row.high:
                axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2.2)
            marker = "D" if row.strong else "o"
            axes.plot([row.value], [place], color=colour, marker=marker, markersize=5)
            axes.annotate(
                shorten(row.name, _LONGEST),
                (0, place),
                (0, 7),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=8,
                fontweight="bold" if row.strong else "normal",
            )
        axes.set(ylim=(len(rows) - 0.5, -0.7), yticks=[], xlabel=xlabel)
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        paint_more(axes)

    longest = max(len(row.name) for row in rows)
    width = WIDTH * (1 if longest <= _WIDE else 1.3)
    return draw(name, alt, paint, width=width, height=0.75 + 0.34 * len(rows))
