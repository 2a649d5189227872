"""From folders of runs to the files of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medfast.errors import ConfigError
from medfast.results.document.writing import write_document
from medfast.results.report.sections import describe
from medfast.results.runs import open_runs

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

_NAME = "report.html"
# Names that nobody gives a folder.
_OTHER_PAGES = {".md", ".markdown", ".htm", ".pdf"}


def write_report(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    split: str = "test",
    root: str | os.PathLike[str] | None = None,
) -> Path:
    """Report finished runs on one self-contained HTML page, and in Markdown beside it.

    ``NAME.html`` needs no network and no scripts. ``NAME.md`` says the same, with its pictures in
    the folder ``NAME_files``. The same runs give the same bytes. All is made before the first file
    is touched, and replaces earlier files at the end.

    Parameters
    ----------
    paths : sequence of path
        Folders of finished runs, or of repeats; see `medfast.results.runs.open_runs`. Runs on one
        set share a section.
    out : path, optional
        A file that ends in ``.html``, or a folder for ``report.html``. By default the folder of the
        run or of the repeats if there is one, and the working folder if there are several.
    split : {"train", "val", "test"}
        Whose answers are shown in detail.
    root : path, optional
        The folder of the data, if it is not where it was.

    Returns
    -------
    Path
        The HTML page.

    Raises
    ------
    ConfigError
        If there is no run, `split` is no split, or `out` cannot be a page.
    CheckpointError
        If a folder is no finished run's, or a file of it is missing or damaged.
    DatasetNotFoundError
        If the data are missing.
    StorageError
        If the operating system refuses to write; earlier files are as they were.
    """
    page = _page_path([Path(path) for path in paths], None if out is None else Path(out))
    write_document(describe(open_runs(paths), split=split, root=root), page)
    return page


def _page_path(paths: list[Path], out: Path | None) -> Path:
    if out is None:
        return (paths[0] if len(paths) == 1 else Path()) / _NAME
    if out.suffix.lower() == ".html":
        if out.is_dir():
            raise ConfigError(f"{out} is a folder; name a file in it, or a folder without .html")
        return out
    if out.is_file() or (out.suffix.lower() in _OTHER_PAGES and not out.is_dir()):
        raise ConfigError(
            f"{out} is no page of HTML; give a file that ends in .html, beside which Markdown is "
            "written, or a folder"
        )
    return out / _NAME
