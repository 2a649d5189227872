"""Plots of lines, and of figures by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from medfast.results.document.drawing import HEIGHT, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from medfast.results.document.blocks import Picture

_LONGEST = 34
_Place = Literal["best", "lower right", "upper right"]
_FEW_EPOCHS, _FEW_NAMES, _SHORT_NAME = 15, 4, 24


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

        plot_lines(axes, lines, marker="." if len(lines[0].x) <= _FEW_EPOCHS else None)
        for epoch, colour in dict.fromkeys(chosen):
            axes.axvline(epoch, color=colour, linewidth=0.8, linestyle=":")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlabel="epoch", title=title)

    return lines_panel(name, alt, lines, paint)


def lines_panel(
    name: str,
    alt: str,
    lines: Sequence[Line],
    paint: Callable[[Axes], None],
    place: _Place = "best",
) -> Picture:
    """Plot lines and name them: on the axes, or below them if the names are many or long.

    Parameters
    ----------
    name, alt : str
        See `Picture`.
    lines : sequence of Line
    paint : callable
        Draws all but the names on the axes; the lines by `plot_lines`.
    place : str
        Of the names on the axes.
    """

    def paint_and_name(axes: Axes) -> None:
        paint(axes)
        columns, rows = _legend_below(lines)
        if rows:
            axes.figure.legend(loc="outside lower left", ncols=columns)
        elif any(line.label for line in lines):
            axes.legend(loc=place)

    return draw(name, alt, paint_and_name, height=HEIGHT + below(lines))


def below(lines: Sequence[Line]) -> float:
    """Return the inches that the names of lines take below the axes."""
    return 0.18 * _legend_below(lines)[1]


def _legend_below(lines: Sequence[Line]) -> tuple[int, int]:
    names = [line.label for line in lines if line.label]
    longest = max(map(len, names), default=0)
    if len(names) <= _FEW_NAMES and longest <= _SHORT_NAME:
        return 0, 0
    columns = 2 if longest <= _SHORT_NAME else 1
    return columns, -(-len(names) // columns)


def plot_lines(axes: Axes, lines: Sequence[Line], **how: Any) -> None:
    """Draw lines, those that stand out above the others."""
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
