"""A comparison as text for a terminal, Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, NamedTuple

from medfast.errors import ConfigError, nearest
from medfast.results.tables import (
    Table,
    ends,
    escape_markdown,
    headings,
    p_value,
    signed,
    spread,
)
from medfast.training.plain import plain

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from medfast.results.comparison import Comparison, Ours, Part, Verdict
    from medfast.results.repeats import Difference, Ends, Figure

_ENDINGS = {".md": "markdown", ".tex": "latex", ".csv": "csv", ".json": "json"}
_DAGGER = "†"

_INTERVALS = (
    "Intervals: over the images of the split where there is one run (DeLong on the logit scale for "
    "the AUC, Wilson for ACC), which knows nothing of other seeds; over images and seeds where "
    "there are several (Obuchowski and Rockette). ± is the standard deviation over the runs."
)
_VERDICTS = (
    "difference: ours less the published figure. ours is within: the published figure lies in our "
    "interval; above, below: it does not. In brackets, the difference in units of our interval, "
    "from our figure to its end. This is no test: the published figure has an uncertainty of its "
    "own, which is not stated."
)
_TESTS = (
    "p: of no difference, each test for itself. Seeds and images: about the recipes, whatever the "
    "seed. DeLong, McNemar, sign: about these very networks, on other images."
)


def choose_format(format: str | None, out: str | os.PathLike[str] | None) -> str:  # noqa: A002
    """Settle the format, before any work is done for it.

    Parameters
    ----------
    format : str or None
        One of ``"terminal"``, ``"markdown"``, ``"latex"``, ``"csv"`` and ``"json"``; by default
        what the file's ending says, or else ``"terminal"``.
    out : path or None
        The file to be written.

    Raises
    ------
    ConfigError
        If there is no such format, or `out` is a folder.

    Examples
    --------
    >>> choose_format(None, "thesis/table.tex")
    'latex'
    """
    if out is not None and Path(out).is_dir():
        raise ConfigError(f"{out} is a folder; name a file in it")
    chosen = format or _ENDINGS.get(Path(out or "").suffix.lower(), "terminal")
    if chosen not in _RENDERERS:
        raise ConfigError(f"unknown format {chosen!r}; {nearest(chosen, _RENDERERS)}")
    return chosen


def render(comparison: Comparison, format: str = "terminal") -> str:  # noqa: A002
    """Write a comparison out.

    Parameters
    ----------
    comparison : Comparison
        Of `medfast.results.comparison.compare_runs`.
    format : str
        See `choose_format`. LaTeX needs the package ``booktabs``. CSV has a line for each figure of
        ours, each published one beside it and each test, all in the same columns.

    Returns
    -------
    str
        Ends with a new line.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    return _RENDERERS[choose_format(format, None)](comparison)


class _Document(NamedTuple):
    sections: list[tuple[str, list[Table]]]
    notes: list[str]


class _Marks(dict[str, str]):
    """A letter for each remark, in the order in which they come up."""

    def __missing__(self, remark: str) -> str:
        number, letters = len(self), len(ascii_lowercase)
        self[remark] = ascii_lowercase[number % letters] * (number // letters + 1)
        return self[remark]


def _lay_out(comparison: Comparison) -> _Document:
    """Put the numbers in tables, and what explains them in notes."""
    marks, sections = _Marks(), []
    percent = f"{100 * comparison.level:g} % interval"
    for part in (*comparison.sets, *comparison.means):
        tables = [_table_of_ours(part, percent)]
        tables += [_table_against(ours, marks) for ours in part.ours if ours.against]
        if part.tests:
            tables.append(_table_of_tests(part, percent))
        sections.append((_heading(part, comparison.split), tables))
    return _Document(sections, list(_notes(comparison, marks)))


def _heading(part: Part, split: str) -> str:
    if len(part.sets) == 1:
        return f"{part.sets[0]}, {split}, {part.images:,} images"
    return f"mean over {len(part.sets)} sets, {split}: {', '.join(part.sets)}"


def _table_of_ours(part: Part, percent: str) -> Table:
    names = ("runs", "AUC", percent, "ACC", percent)
    columns = headings(["ours"], names)
    rows = [
        (
            ours.label,
            str(len(ours.runs)),
            spread(ours.auc),
            ends(ours.auc.interval),
            spread(ours.acc),
            ends(ours.acc.interval),
        )
        for ours in part.ours
    ]
    return Table("", columns, rows)


def _table_against(ours: Ours, marks: _Marks) -> Table:
    figures = ("AUC", "difference", "ours is", "ACC", "difference", "ours is")
    columns = headings(["published in", "method"], figures, ["unlike"])
    rows, before = [], ""
    for row in ours.against:
        published = row.published
        rows.append(
            (
                published.table if published.table != before else "",
                published.method,
                f"{published.auc:.3f}",
                *_stand(row.auc),
                f"{published.acc:.3f}",
                *_stand(row.acc),
                " ".join(sorted(marks[remark] for remark in row.unlike)),
            )
        )
        before = published.table
    return Table(f"{ours.label}, beside what was published", columns, rows)


def _table_of_tests(part: Part, percent: str) -> Table:
    columns = headings(["first", "second", "of"], ["difference", percent, "p"], ["test"])
    rows = [
        (
            *((pair.first, pair.second) if metric == "AUC" else ("", "")),
            metric,
            signed(found.difference),
            ends(found.interval),
            p_value(found.p_value),
            found.test,
        )
        for pair in part.tests
        for metric, found in (("AUC", pair.auc), ("ACC", pair.acc))
    ]
    return Table("first less second, on the same images", columns, rows)


def _notes(comparison: Comparison, marks: _Marks) -> Iterator[str]:
    yield _INTERVALS
    parts = (*comparison.sets, *comparison.means)
    rows = [(part, row.published) for part in parts for ours in part.ours for row in ours.against]
    if rows:
        yield _VERDICTS
    if any(part.tests for part in parts):
        yield _TESTS
    for remark, mark in marks.items():
        yield f"{mark}: {remark}."
    for note in dict.fromkeys(
        f"{_DAGGER} {row.table}, {row.method} on {part.sets[0]} cannot be right: {row.impossible}."
        for part, row in rows
        if row.impossible
    ):
        yield note
    for note in dict.fromkeys(f"{row.table}: {row.source}." for _, row in rows):
        yield note
    for note in comparison.notes:
        yield f"{note}."


def _stand(verdict: Verdict | None) -> tuple[str, str]:
    if verdict is None:
        return _DAGGER, ""
    difference = signed(verdict.difference)
    if math.isnan(verdict.in_intervals):
        return difference, "undefined"
    return difference, f"{verdict.word} ({verdict.in_intervals:+.2f})"


def _to_terminal(comparison: Comparison) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # Wide enough that nothing is cut; a terminal wraps lines itself.
    console = Console(file=io.StringIO(), width=1000, highlight=False, color_system=None)
    document = _lay_out(comparison)
    for heading, tables in document.sections:
        console.print(heading, markup=False)
        for one in tables:
            if one.title:
                console.print(f"\n  {one.title}", markup=False)
            table = Table(box=None)
            for column in one.columns:
                justify = "right" if column.right else "left"
                table.add_column(escape(column.name), justify=justify, no_wrap=True)  # type: ignore[arg-type]
            for row in one.rows:
                table.add_row(*map(escape, row))
            console.print(table)
        console.print()
    for note in document.notes:
        console.print(note, markup=False, soft_wrap=True)
    assert isinstance(console.file, io.StringIO)  # noqa: S101
    lines = console.file.getvalue().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _to_markdown(comparison: Comparison) -> str:
    document, text = _lay_out(comparison), []
    for heading, tables in document.sections:
        text.append(f"## {escape_markdown(heading)}\n\n")
        for table in tables:
            text.append(table.markdown())
            text.append("\n")
    text += [f"- {escape_markdown(note)}\n" for note in document.notes]
    return "".join(text)


def _to_latex(comparison: Comparison) -> str:
    document, text = _lay_out(comparison), ["% \\usepackage{booktabs}\n"]
    for heading, tables in document.sections:
        for table in tables:
            caption = f"{heading}: {table.title}" if table.title else heading
            kinds = "".join("r" if column.right else "l" for column in table.columns)
            text += [
                "\\begin{table}[htbp]\n\\centering\\footnotesize\\setlength{\\tabcolsep}{4pt}\n",
                f"\\caption{{{_latex(caption)}}}\n",
                f"\\begin{{tabular}}{{{kinds}}}\n\\toprule\n",
                _latex_line([column.name for column in table.columns]),
                "\\midrule\n",
                *map(_latex_line, table.rows),
                "\\bottomrule\n\\end{tabular}\n\\end{table}\n\n",
            ]
    text.append("\\begin{itemize}\\footnotesize\n")
    text += [f"\\item {_latex(note)}\n" for note in document.notes]
    text.append("\\end{itemize}\n")
    return "".join(text)


def _latex_line(cells: Sequence[str]) -> str:
    # An opening bracket after the end of a line would be read as its argument.
    shown = [f"{{}}{cell}" if cell.startswith("[") else cell for cell in map(_latex, cells)]
    return f"{' & '.join(shown)} \\\\\n"


_LATEX = {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    "`": "\\textasciigrave{}",
    "±": "$\\pm$",
    _DAGGER: "$\\dagger$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def _latex(text: str) -> str:
    escaped = "".join(_LATEX.get(sign, sign) for sign in text)
    minus = re.sub(r"(?<![\w-])-(?=\d)", "$-$", escaped)
    # Two hyphens would be set as a dash, two apostrophes as a quotation mark.
    return re.sub(r"([-'])(?=\1)", r"\1{}", minus)


_CSV = (
    "kind",
    "set",
    "images",
    "split",
    "ours",
    "runs",
    "metric",
    "value",
    "std",
    "low",
    "high",
    "images_low",
    "images_high",
    "seeds_low",
    "seeds_high",
    "other",
    "other_value",
    "difference",
    "in_intervals",
    "verdict",
    "difference_low",
    "difference_high",
    "p_value",
    "test",
    "unlike",
)


def _to_csv(comparison: Comparison) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV, restval="", lineterminator="\n")
    writer.writeheader()
    for row in _csv_rows(comparison):
        writer.writerow({key: _csv_cell(value) for key, value in row.items()})
    return text.getvalue()


def _csv_rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for part in (*comparison.sets, *comparison.means):
        where = {
            "set": " + ".join(part.sets),
            "images": part.images,
            "split": comparison.split,
        }
        for ours in part.ours:
            for metric in ("auc", "acc"):
                figure: Figure = getattr(ours, metric)
                own = {
                    **where,
                    "ours": ours.label,
                    "runs": len(ours.runs),
                    "metric": metric.upper(),
                    "value": figure.mean,
                    "std": figure.std,
                    **_csv_ends("", figure.interval),
                    **_csv_ends("images_", figure.of_images),
                    **_csv_ends("seeds_", figure.of_seeds),
                }
                yield {"kind": "ours", **own}
                for row in ours.against:
                    verdict: Verdict | None = getattr(row, metric)
                    judged: dict[str, Any] = {"verdict": "impossible"}
                    if verdict is not None:
                        judged = {
                            "difference": verdict.difference,
                            "in_intervals": verdict.in_intervals,
                            "verdict": verdict.word,
                        }
                    yield {
                        "kind": "published",
                        **own,
                        "other": f"{row.published.table}, {row.published.method}",
                        "other_value": getattr(row.published, metric),
                        **judged,
                        "unlike": "; ".join(row.unlike),
                    }
        for pair in part.tests:
            for metric in ("auc", "acc"):
                found: Difference = getattr(pair, metric)
                yield {
                    "kind": "test",
                    **where,
                    "ours": pair.first,
                    "other": pair.second,
                    "metric": metric.upper(),
                    "difference": found.difference,
                    **_csv_ends("difference_", found.interval),
                    "p_value": found.p_value,
                    "test": found.test,
                }


def _csv_ends(of: str, ends: Ends) -> dict[str, float]:
    return {f"{of}low": ends[0], f"{of}high": ends[1]}


def _csv_cell(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _to_json(comparison: Comparison) -> str:
    return json.dumps(plain(comparison), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


_RENDERERS: dict[str, Callable[[Comparison], str]] = {
    "terminal": _to_terminal,
    "markdown": _to_markdown,
    "latex": _to_latex,
    "csv": _to_csv,
    "json": _to_json,
}
