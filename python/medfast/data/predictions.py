"""Files of scores, in MedMNIST's format and under its names."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.data.catalog import file_stem
from medfast.data.storage import storage_error, write_text
from medfast.errors import CorruptDatasetError, DatasetNotFoundError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray


def prediction_file_name(
    flag: str, size: int, split: str, *, auc: float, acc: float, run: str
) -> str:
    """Name a file of scores as MedMNIST's evaluator does.

    Parameters
    ----------
    flag, size, split : str, int, str
        Of what set and split the scores are.
    auc, acc : float
        What they come to.
    run : str
        What tells this file from others; see `run_label`.

    Examples
    --------
    >>> prediction_file_name("breastmnist", 28, "test", auc=0.9012, acc=0.8639, run="first")
    'breastmnist_test_[AUC]0.901_[ACC]0.864@first.csv'
    >>> prediction_file_name("breastmnist", 64, "val", auc=1.0, acc=0.5, run=run_label("v1.2"))
    'breastmnist_64_val_[AUC]1.000_[ACC]0.500@v1-2.csv'
    """
    return f"{file_stem(flag, size)}_{split}_[AUC]{auc:.3f}_[ACC]{acc:.3f}@{run}.csv"


def run_label(name: str) -> str:
    """Rid a run's name of what ends it in the name of a file of scores.

    MedMNIST takes the run from between the last ``@`` and the next ``.``.

    Examples
    --------
    >>> run_label("first run, v1.2")
    'first-run-v1-2'
    """
    return re.sub(r"[^\w-]+", "-", name)


def write_scores(path: Path, scores: NDArray[Any]) -> None:
    """Write rows ``index,score,...``, each score with all its digits.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    scores : ndarray of shape (n_samples, n_columns)

    Raises
    ------
    StorageError
        If the operating system refuses; nothing is left behind.
    """
    rows = (f"{index},{','.join(map(repr, row))}\n" for index, row in enumerate(scores.tolist()))
    write_text(path, "".join(rows))


@dataclass(frozen=True)
class Predictions:
    """What a file of scores holds, in the order of the samples' numbers.

    Attributes
    ----------
    scores : ndarray of shape (n_samples, n_columns)
        float64.
    labels : ndarray of shape (n_samples, n_labels), or None
        int64; None where the file has no column of labels.
    """

    scores: NDArray[np.float64]
    labels: NDArray[np.int64] | None


def read_predictions(path: str | os.PathLike[str]) -> Predictions:
    """Read a file of scores in either of MedMNIST's two formats.

    Without a heading, rows ``number,score,...``, as the evaluator writes them. With one, columns
    ``id``, ``true_0``, ... (if there are labels) and ``score_0``, ..., as the authors published
    theirs. Samples are numbered from 0, in any order; commas stand between the columns.

    Parameters
    ----------
    path : path

    Returns
    -------
    Predictions

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    CorruptDatasetError
        If it is no such table, or numbers a sample twice or not at all; the message names the line.
    """
    path = Path(path)
    heading, table = _read_table(path)
    if heading is None:
        if table.shape[1] < 2:
            raise CorruptDatasetError(
                f"{path}: expected rows number,score,..., came a single column; write the number "
                "of each sample before its scores"
            )
        return Predictions(_in_order(path, table[:, 0], table[:, 1:]), None)
    names = {name: column for column, name in enumerate(heading)}
    truth = _numbered(names, "true_")
    scores = _numbered(names, "score_")
    unknown = sorted(set(names) - {"id"} - {heading[column] for column in (*truth, *scores)})
    if "id" not in names or not scores or unknown or len(names) < len(heading):
        raise CorruptDatasetError(
            f"{path}: the heading is {','.join(heading)!r}; expected the columns id, true_0, ... "
            "(if any) and score_0, ..., each once; rename the columns, or leave the heading out "
            "for rows of number,score,..."
        )
    ids = table[:, names["id"]]
    labels = None
    if truth:
        labels = _whole(path, _in_order(path, ids, table[:, truth]), "label")
    return Predictions(_in_order(path, ids, table[:, scores]), labels)


def read_labels(path: str | os.PathLike[str]) -> NDArray[np.int64]:
    """Read the labels of a split from a ``.npy``, or from a table in text.

    A ``.npy`` has the shape (n_samples,), (n_samples, 1) or (n_samples, n_labels). A table has a
    column for each label, and before them, if there are several columns, the number of the sample;
    or a heading with the columns ``id`` and ``true_0``, ....

    Parameters
    ----------
    path : path

    Returns
    -------
    ndarray of int64 of shape (n_samples, n_labels)

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    CorruptDatasetError
        If it cannot be read, or a label is no whole number.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        return _read_npy(path)
    heading, table = _read_table(path)
    if heading is None:
        if table.shape[1] > 1:
            table = _in_order(path, table[:, 0], table[:, 1:])
        return _whole(path, table, "label")
    names = {name: column for column, name in enumerate(heading)}
    truth = _numbered(names, "true_")
    if not truth or "id" not in names:
        raise CorruptDatasetError(
            f"{path}: the heading is {','.join(heading)!r}; expected the columns id and true_0, ..."
        )
    return _whole(path, _in_order(path, table[:, names["id"]], table[:, truth]), "label")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Word what the operating system refuses."""
    try:
        yield
    except FileNotFoundError as error:
        raise DatasetNotFoundError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise storage_error("read", path, error) from error


def _read_npy(path: Path) -> NDArray[np.int64]:
    try:
        with _reading(path):
            array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CorruptDatasetError(f"{path} is no .npy of numbers: {error}") from error
    if (
        not isinstance(array, np.ndarray)
        or array.ndim not in (1, 2)
        or array.dtype.kind not in "biuf"
    ):
        found = (
            f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "a zip"
        )
        raise CorruptDatasetError(
            f"{path}: expected labels, numbers of shape (n,), (n, 1) or (n, n_labels), came {found}"
        )
    if array.size == 0:
        raise CorruptDatasetError(f"{path} holds no labels: its shape is {array.shape}")
    return _whole(path, array.reshape(len(array), -1).astype(np.float64), "label")


def _read_table(path: Path) -> tuple[list[str] | None, NDArray[np.float64]]:
    try:
        with _reading(path):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptDatasetError(
            f"{path} is no table in text ({error}); expected rows of numbers with commas between"
        ) from error
    # Blank lines count in what is said of a line, and for nothing else.
    lines = [line if line.strip() else "" for line in text.splitlines()]
    start = next((number for number, line in enumerate(lines) if line), 0)
    heading = None
    if lines and "," not in lines[start] and set(lines[start]) & set(";\t"):
        separator = "semicolons" if ";" in lines[start] else "tabs"
        raise CorruptDatasetError(
            f"{path}, line {start + 1}: expected commas between the columns, came {separator}; "
            "write the table again with commas"
        )
    if lines and any(_number(cell) is None for cell in lines[start].split(",")):
        heading = [cell.strip().strip('"') for cell in lines[start].split(",")]
        start += 1
    rows = lines[start:]
    if not any(rows):
        raise CorruptDatasetError(f"{path} holds no rows of numbers")
    try:
        table = np.loadtxt(rows, dtype=np.float64, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        raise CorruptDatasetError(f"{path}, {_first_fault(rows, start)}") from None
    if heading is not None and len(heading) != table.shape[1]:
        raise CorruptDatasetError(
            f"{path}: the heading has {len(heading)} columns, the rows have {table.shape[1]}"
        )
    return heading, table


def _number(cell: str) -> float | None:
    try:
        # Python reads more than numbers of a table: digits with underscores, or of other scripts.
        return float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        return None


def _first_fault(rows: list[str], before: int) -> str:
    """Find what is wrong in rows that are no table of numbers."""
    width = 0
    for line, row in enumerate(rows, before + 1):
        if not row.strip():
            continue
        cells = row.split(",")
        width = width or len(cells)
        if len(cells) != width:
            return f"line {line}: expected {width} columns as above, came {len(cells)}"
        for column, cell in enumerate(cells, 1):
            if _number(cell) is None:
                return f"line {line}, column {column}: expected a number, came {cell.strip()!r}"
    return "a number in it cannot be read"


def _numbered(names: Mapping[str, int], prefix: str) -> list[int]:
    """Find the columns with this prefix and the numbers from 0 on, in their order."""
    columns: list[int] = []
    while f"{prefix}{len(columns)}" in names:
        columns.append(names[f"{prefix}{len(columns)}"])
    return columns


def _in_order(
    path: Path, ids: NDArray[np.float64], table: NDArray[np.float64]
) -> NDArray[np.float64]:
    numbers = _whole(path, ids[:, np.newaxis], "sample number")[:, 0]
    order = np.argsort(numbers, kind="stable")
    expected = np.arange(len(numbers))
    if not np.array_equal(numbers[order], expected):
        place = int(np.flatnonzero(numbers[order] != expected)[0])
        found = int(numbers[order[place]])
        if place and found == place - 1:
            raise CorruptDatasetError(f"{path}: sample {found} is there twice; leave one row")
        raise CorruptDatasetError(
            f"{path}: {len(numbers)} rows must number samples from 0 to {len(numbers) - 1}, but "
            f"sample {place} is missing (the first column is read as the number)"
        )
    return table[order]


def _whole(path: Path, table: NDArray[np.float64], what: str) -> NDArray[np.int64]:
    with np.errstate(invalid="ignore"):
        whole = (np.trunc(table) == table) & (np.abs(table) < 2.0**53)
    if not whole.all():
        row, column = np.argwhere(~whole)[0].tolist()
        raise CorruptDatasetError(
            f"{path}: expected whole numbers, but {what} {row} is {table[row, column]}"
        )
    return table.astype(np.int64)
