"""A report as one HTML file, and as Markdown with pictures beside it."""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from medfast.results.tables import escape_markdown

if TYPE_CHECKING:
    from jinja2 import Environment

    from medfast.results.report.document import Picture, Report


def html_page(report: Report) -> str:
    """Write a page that opens without a network and without scripts.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    return _environment("html").get_template("page.html.j2").render(report=report)


def markdown_page(report: Report, folder: str) -> str:
    """Write the same in Markdown, its pictures in a folder beside it.

    Parameters
    ----------
    report : Report
    folder : str
        The name of that folder, which holds ``{name}.png`` of every `Report.pictures`.

    Returns
    -------
    str
    """
    page = _environment("markdown").get_template("page.md.j2").render(report=report, folder=folder)
    return re.sub(r"\n{3,}", "\n\n", page)


class _Raw(str):
    """Markdown that is not escaped."""

    __slots__ = ()


@cache
def _environment(kind: str) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    shared: Any = {
        "loader": FunctionLoader(_template),
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
    }
    if kind == "html":
        environment = Environment(autoescape=True, **shared)
        environment.filters["data_uri"] = _data_uri
        return environment
    # Every expression goes through `finalize`, as every expression of HTML is escaped.
    environment = Environment(autoescape=False, finalize=_finalize, **shared)  # noqa: S701
    environment.filters["raw"] = _Raw
    environment.filters["fenced"] = _fenced
    environment.filters["href"] = lambda name: _Raw(quote(name))
    return environment


def _template(name: str) -> str:
    return files("medfast.results.report").joinpath(name).read_text("utf-8")


def _finalize(value: object) -> str:
    return value if isinstance(value, _Raw) else escape_markdown(str(value))


def _fenced(text: str) -> _Raw:
    """Fence code, with more backticks than it has."""
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return _Raw(f"{fence}\n{text}\n{fence}")


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"
