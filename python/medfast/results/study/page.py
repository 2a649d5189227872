"""A page of findings: the sentences and tables that every question has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medfast.results.study.evidence import LEVEL
from medfast.results.tables import Table, ends, headings, p_said, p_value, signed, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from medfast.results.document.blocks import Panels
    from medfast.results.study.evidence import ArmResult, Contrast, Evidence

    Cells = Callable[[ArmResult], tuple[str, ...]]

PERCENT = f"{100 * LEVEL:g} % interval"


@dataclass(frozen=True)
class Page:
    """The findings on a question.

    Attributes
    ----------
    evidence : Evidence
    answers : tuple of str
        Sentences with their numbers.
    tables : tuple of Table
    notes : tuple of str
    panels : tuple of Panels
        Pictures beyond those that every question has.
    numbers : mapping
        What the tables show beyond the evidence, for programs.
    """

    evidence: Evidence
    answers: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    panels: tuple[Panels, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


def answers(contrasts: Sequence[Contrast], of: str = "AUC") -> Iterator[str]:
    """Say of each set which differences are shown, and which are not."""
    for flag in dict.fromkeys(contrast.dataset for contrast in contrasts):
        here = [contrast for contrast in contrasts if contrast.dataset == flag]
        for one in here:
            if one.shown:
                word = "higher" if one.difference.difference > 0 else "lower"
                single = " (these two networks; other seeds may say otherwise)"
                yield (
                    f"{flag}: {of} is {word} with {one.first} than with {one.second}, by "
                    f"{signed(one.difference.difference)} {ends(one.difference.interval)}, "
                    f"{p_said(one.p_holm)}{single if one.difference.test == 'DeLong' else ''}."
                )
        rest = [one for one in here if not one.shown and not math.isnan(one.p_holm)]
        if rest:
            yield f"{flag}: no difference in {of} shown for {'; '.join(map(_not_shown, rest))}."
        for one in here:
            if math.isnan(one.p_holm):
                yield f"{flag}: {one.first} and {one.second} could not be compared in {of}."


def _not_shown(one: Contrast) -> str:
    figures = f"{signed(one.difference.difference)} ± {one.half_width:.3f}"
    return f"{one.first} against {one.second} ({figures}, {p_said(one.p_holm)})"


def table_of_arms(
    evidence: Evidence, columns: Sequence[str] = (), cells: Cells = lambda _: ()
) -> Table:
    """Show the test figures of each arm on each set, and what else there is to say of it."""
    names = ("AUC", PERCENT, "ACC", PERCENT)
    rows = []
    for one in evidence.sets:
        for arm in one.arms:
            figures = (spread(arm.auc), ends(arm.auc.interval), spread(arm.acc))
            seeds, more = str(len(arm.seeds)), cells(arm)
            rows.append((one.flag, arm.label, *more, seeds, *figures, ends(arm.acc.interval)))
    blank = ("",) * len(columns)
    for label, mean in evidence.means.items():
        figures = (f"{mean.mean:.4f}", ends(mean.interval), "")
        rows.append((f"mean of {len(evidence.sets)} sets", label, *blank, "", *figures, ""))
    heads = headings(["set", "arm"], [*columns, "runs", *names])
    return Table("On the test split", heads, rows)


def table_of_contrasts(contrasts: Sequence[Contrast], title: str) -> Table:
    """Show differences with their tests."""
    figures = ("difference", PERCENT, "p", "p (Holm)")
    columns = headings(["set", "of", "first", "second"], figures, ["test"])
    rows = [
        (
            one.dataset,
            one.of,
            one.first,
            one.second,
            signed(one.difference.difference),
            ends(one.difference.interval),
            p_value(one.difference.p_value),
            p_value(one.p_holm),
            one.difference.test,
        )
        for one in contrasts
    ]
    return Table(title, columns, rows)


def basic_tables(
    evidence: Evidence, columns: Sequence[str] = (), cells: Cells = lambda _: ()
) -> tuple[Table, ...]:
    """Show what every question has: its arms, and the tests between them."""
    title = "First less second, on the same images"
    return (
        table_of_arms(evidence, columns, cells),
        table_of_contrasts(evidence.contrasts, title),
        table_of_contrasts(evidence.secondary, f"{title}; secondary"),
    )


def mean_and_std(values: Sequence[float], digits: int = 3) -> str:
    """Write a mean over runs, and their standard deviation if there are several.

    Examples
    --------
    >>> mean_and_std([1.0, 3.0], 1), mean_and_std([0.25])
    ('2.0 ± 1.4', '0.250')
    """
    import numpy as np

    mean = float(np.mean(values))
    if math.isnan(mean):
        return "undefined"
    std = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{std}"
