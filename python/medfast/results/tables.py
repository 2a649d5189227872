"""Tables of figures, and how a figure is written in them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.repeats import Ends, Figure


class Column(NamedTuple):
    """The heading of a column, and on which side its cells align."""

    name: str
    right: bool = False


def headings(
    words: Sequence[str], figures: Sequence[str] = (), more_words: Sequence[str] = ()
) -> tuple[Column, ...]:
    """Head columns of words, which align at the left, and of figures, which do at the right.

    Examples
    --------
    >>> headings(["set"], ["AUC"])
    (Column(name='set', right=False), Column(name='AUC', right=True))
    """
    right = (Column(name, right=True) for name in figures)
    return (*map(Column, words), *right, *map(Column, more_words))


@dataclass(frozen=True)
class Table:
    """Cells under headings, and what they are about.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : sequence of tuple of str
    shares : sequence of sequence of float
        How strongly each cell is shaded, 0 to 1, where cells are.
    """

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[str, ...]]
    shares: Sequence[Sequence[float]] = ()

    def markdown(self) -> str:
        """Write the table in Markdown, under its title if it has one."""
        heads = [escape_markdown(column.name) for column in self.columns]
        sides = ["---:" if column.right else "---" for column in self.columns]
        text = [f"{escape_markdown(self.title)}:\n\n"] if self.title else []
        text += [_line(heads), _line(sides)]
        return "".join([*text, *(_line([*map(escape_markdown, row)]) for row in self.rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


# What Markdown gives a meaning to: wherever it stands; tags, entities and emphasis by what is
# beside them; quotes and headings at the start. An interval of numbers is no link.
_MARKS = re.compile(
    r"(?P<plain>\[[-+\d., ]+\](?![(\[:]))"
    r"|[\\`*|~$\[\]]|<(?=[\w/!?])|&(?=[\w#])|(?<![^\W_])_|_(?![^\W_])|^(?:>|#)"
)
_STARTS = re.compile(r"^([-+=]|\d+[.)])(?=\s|$)")


def escape_markdown(text: str) -> str:
    r"""Make text mean itself in Markdown, in a line or in a cell of a table.

    Examples
    --------
    >>> print(escape_markdown("<b>a|b_c*, [0.1, 0.2], p < 0.1"))
    \<b>a\|b_c\*, [0.1, 0.2], p < 0.1
    """
    escaped = _MARKS.sub(
        lambda mark: mark["plain"] or f"\\{mark[0]}", re.sub(r"[ \t\r\n]+", " ", text)
    )
    return _STARTS.sub(lambda start: f"{start[0][:-1]}\\{start[0][-1]}", escaped)


def spread(figure: Figure) -> str:
    """Write a mean over runs, and their standard deviation if there are several."""
    if math.isnan(figure.mean):
        return "undefined"
    return f"{figure.mean:.4f}" + ("" if math.isnan(figure.std) else f" ± {figure.std:.4f}")


def ends(ends: Ends) -> str:
    """Write an interval.

    Examples
    --------
    >>> ends((0.8512, 0.9)), ends((math.nan, math.nan))
    ('[0.851, 0.900]', 'undefined')
    """
    return "undefined" if math.isnan(ends[0]) else f"[{ends[0]:.3f}, {ends[1]:.3f}]"


def signed(value: float) -> str:
    """Write a difference.

    Examples
    --------
    >>> signed(0.01), signed(math.nan)
    ('+0.010', 'undefined')
    """
    return "undefined" if math.isnan(value) else f"{value:+.3f}"


def p_value(value: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_value(0.04219), p_value(1e-9)
    ('0.0422', '< 0.0001')
    """
    if math.isnan(value):
        return "undefined"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def p_said(value: float) -> str:
    """Write a p-value in a sentence.

    Examples
    --------
    >>> p_said(0.04219), p_said(1e-9)
    ('p = 0.0422', 'p < 0.0001')
    """
    text = p_value(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"
