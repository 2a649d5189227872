"""Plots of lines, and of figures by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from medfast.results.document.drawing import HEIGHT, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from medfast.results.document.blocks import Picture

_LONGEST = 34
_FEW_EPOCHS, _FEW_LABELS = 15, 4


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
    labels = sum(bool(line.label) for line in lines)

    def paint(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        plot_lines(axes, lines, marker="." if len(lines[0].x) <= _FEW_EPOCHS else None)
        for epoch, colour in dict.fromkeys(chosen):
            axes.axvline(epoch, color=colour, linewidth=0.8, linestyle=":")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set(xlabel="epoch", title=title)
        if labels <= _FEW_LABELS:
            if labels:
                axes.legend()
        else:
            axes.figure.legend(loc="outside lower left", ncols=2)

    below = 0.17 * -(-labels // 2) if labels > _FEW_LABELS else 0.0
    return draw(name, alt, paint, height=HEIGHT + below)


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
