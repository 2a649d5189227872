"""A document as one HTML file, and as Markdown with pictures beside it."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from medfast.data.storage import storage_error, write_files
from medfast.results.tables import escape_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jinja2 import Environment

    from medfast.results.document.blocks import Document, Picture


def write_document(
    document: Document, page: Path, others: Mapping[Path, bytes] = MappingProxyType({})
) -> None:
    """Write ``NAME.html``, ``NAME.md``, and the pictures of the latter into ``NAME_files``.

    All is made before the first file is touched, and replaces earlier files at the end.

    Parameters
    ----------
    document : Document
    page : Path
        Of the HTML; its folder is made if it is not there.
    others : mapping of Path to bytes
        What belongs to them.

    Raises
    ------
    StorageError
        If the operating system refuses to write; earlier files are as they were.
    """
    beside = page.with_name(f"{page.stem}_files")
    contents = {beside / f"{picture.name}.png": picture.png for picture in document.pictures}
    contents[page.with_suffix(".md")] = markdown_page(document, beside.name).encode("utf-8")
    contents[page] = html_page(document).encode("utf-8")
    try:
        beside.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("created", beside, error) from error
    try:
        write_files({**contents, **others})
    except BaseException:
        with suppress(OSError):  # it holds pictures of an earlier document
            beside.rmdir()
        raise


def html_page(document: Document) -> str:
    """Write a page that opens without a network and without scripts.

    Parameters
    ----------
    document : Document

    Returns
    -------
    str
    """
    return _environment("html").get_template("page.html.j2").render(document=document)


def markdown_page(document: Document, folder: str) -> str:
    """Write the same in Markdown, its pictures in a folder beside it.

    Parameters
    ----------
    document : Document
    folder : str
        The name of that folder, which holds ``{name}.png`` of every `Document.pictures`.

    Returns
    -------
    str
    """
    page = (
        _environment("markdown").get_template("page.md.j2").render(document=document, folder=folder)
    )
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
    return files("medfast.results.document").joinpath(name).read_text("utf-8")


def _finalize(value: object) -> str:
    return value if isinstance(value, _Raw) else escape_markdown(str(value))


def _fenced(text: str) -> _Raw:
    """Fence code, with more backticks than it has."""
    longest = max((len(ticks) for ticks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return _Raw(f"{fence}\n{text}\n{fence}")


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"
