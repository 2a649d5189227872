"""`open_npz`: the arrays of an archive, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast.errors import CorruptDatasetError, InvalidValueError, MissingKeyError
from medfast.npz._archive import Archive
from medfast.npz._limits import check_threads
from medfast.npz._seek import stored_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import numpy.typing as npt

    from medfast import _native
    from medfast.npz._archive import Header, Source
    from medfast.npz._limits import Limits

_MOST_SHOWN = 20


# Less is inflated sooner than an index is found.
_WORTH_AN_INDEX = 1 << 22


class ArrayInfo(NamedTuple):
    """What is known of an array before it is read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    nbytes: int
    stored_bytes: int
    """In the archive, the header included."""


class NpzFile(Mapping[str, "npt.NDArray[Any]"]):
    """The arrays of an open archive by name, each read whenever it is asked for.

    Made by `open_npz`. Shapes and dtypes are known without inflating the data. Nothing is kept: to
    use an array twice, keep it. Any number of threads may read from one object.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "set.npz")
    >>> np.savez_compressed(path, images=np.zeros((1000, 28, 28), np.uint8), labels=np.arange(9))
    >>> with open_npz(path) as arrays:
    ...     list(arrays), arrays.info("images").shape, arrays.rows("images", slice(-3, None)).shape
    (['images', 'labels'], (1000, 28, 28), (3, 28, 28))
    >>> folder.cleanup()
    """

    def __init__(self, archive: Archive, threads: int | None) -> None:
        self._archive: Archive | None = archive
        self._name = archive.name
        self._threads = threads
        self._seek: dict[int, _native.NpzSeekIndex | None] = {}

    def __enter__(self) -> NpzFile:  # noqa: PYI034 - Self is in no typing of Python 3.10
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive; arrays that were read stay as they are."""
        self._archive = None

    @property
    def files(self) -> list[str]:
        """The names of the arrays, under the name that numpy gives the list."""
        return list(self)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._open.native.keys()))

    def __len__(self) -> int:
        return len(set(self._open.native.keys()))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._open.index(key) is not None

    def __getitem__(self, key: str) -> npt.NDArray[Any]:
        if not isinstance(key, str):
            raise MissingKeyError(f"{self._name}: no array {key!r}; the names are str")
        return self._open.read(self._open.find([key]), self._threads)[key]

    def info(self, key: str) -> ArrayInfo:
        """Say what is known of an array before it is read.

        Raises
        ------
        MissingKeyError
            If there is no such array.
        CorruptDatasetError, LimitExceededError, UnsupportedError
            As for `load_npz`.
        """
        member, header = self._header(key)
        stored = self._open.native.members()[member][1]
        nbytes = header.inflated_bytes - header.data_offset
        return ArrayInfo(header.shape, header.dtype, header.fortran_order, nbytes, stored)

    def rows(self, key: str, rows: slice | int) -> npt.NDArray[Any]:
        """Read some rows of an array, and little more of it than they need.

        The first call for a deflated array of 4 MiB or more inflates it once, to note every MiB
        how to begin reading there. The notes (3 % of the array) are kept in the cache of
        `medfast.npz.cache`, where that can be written, for the next time.

        What is read is checked: arrays below 4 MiB, and all rows at once, against the CRC-32 of the
        archive; parts of larger deflated arrays against the CRC-32s of the notes. Of a larger array
        that is stored, not deflated, some rows alone have nothing to be checked against.

        Parameters
        ----------
        key : str
            The array, which has an axis at least. One in Fortran's order or below 4 MiB is read
            whole.
        rows : slice or int
            Of the first axis, as in ``array[rows]``.

        Returns
        -------
        ndarray
            Equal to ``self[key][rows]``, in memory of its own.

        Raises
        ------
        MissingKeyError
            If there is no such array.
        InvalidValueError
            If `rows` is neither, or out of range.
        CorruptDatasetError, LimitExceededError, UnsupportedError
            As for `load_npz`.
        """
        member, header = self._header(key)
        if not header.shape:
            raise InvalidValueError(f"{self._name}: {key!r} has no rows: its shape is ()")
        wanted = _as_slice(rows, header.shape[0], f"{self._name}: {key!r}")
        taken = range(*wanted.indices(header.shape[0]))
        row_bytes = (header.inflated_bytes - header.data_offset) // max(header.shape[0], 1)
        found: npt.NDArray[Any]
        if header.fortran_order or not row_bytes:
            found = self[key][wanted]
        elif not taken:
            found = np.empty((0, *header.shape[1:]), header.dtype)
        elif (
            header.inflated_bytes < _WORTH_AN_INDEX
            or abs(taken[-1] - taken[0]) + 1 == header.shape[0]
        ):
            # Read whole, it is compared with its CRC-32.
            whole = self[key]
            found = whole if taken == range(len(whole)) else whole[wanted].copy()
        else:
            first, last = min(taken[0], taken[-1]), max(taken[0], taken[-1])
            buffer = np.empty((last - first + 1) * row_bytes, np.uint8)
            start = header.data_offset + first * row_bytes
            self._read_range(member, start, buffer)
            between = header._replace(shape=(last - first + 1, *header.shape[1:]))
            read = self._open.array(member, between, buffer, 0)
            found = (
                read
                if len(read) == len(taken) and wanted.step in (None, 1)
                else (read[:: abs(taken.step)][:: 1 if taken.step > 0 else -1].copy())
            )
        return found if isinstance(rows, slice) else found[0]

    def _read_range(self, member: int, start: int, buffer: npt.NDArray[np.uint8]) -> None:
        archive = self._open
        if member not in self._seek:
            self._seek[member] = stored_index(archive, member)
        seek = self._seek[member]
        try:
            archive.native.read_range(member, start, buffer, seek)
        except CorruptDatasetError:
            if seek is None:
                raise
            # The archive may be damaged, or the index that the cache kept.
            self._seek[member] = stored_index(archive, member, anew=True)
            archive.native.read_range(member, start, buffer, self._seek[member])

    def _header(self, key: str) -> tuple[int, Header]:
        member = self._open.find([key])[key]
        return member, self._open.headers([member])[0]

    @property
    def _open(self) -> Archive:
        if self._archive is None:
            raise InvalidValueError(f"{self._name} is closed; open it again with open_npz")
        return self._archive

    def __repr__(self) -> str:
        if self._archive is None:
            return f"NpzFile({self._name!r}, closed)"
        keys = list(self)
        lines = [f"NpzFile({self._name!r}, {len(keys)} arrays)"]
        width = max(map(len, keys[:_MOST_SHOWN]), default=0)
        for key in keys[:_MOST_SHOWN]:
            try:
                info = self.info(key)
                facts = f"{info.dtype!s:<8} {info.shape}"
            except ValueError as error:
                facts = f"({type(error).__name__})"
            lines.append(f"  {key:<{width}}  {facts}")
        if len(keys) > _MOST_SHOWN:
            lines.append(f"  ... {len(keys) - _MOST_SHOWN} more")
        return "\n".join(lines)


def open_npz(path: Source, *, threads: int | None = None, limits: Limits | None = None) -> NpzFile:
    """Open an ``.npz`` archive without reading its arrays.

    Parameters
    ----------
    path : str, os.PathLike, bytes or file object
        As for `load_npz`. A file must not be cut short while it is open; see there.
    threads, limits
        As for `load_npz`, whenever an array is read.

    Returns
    -------
    NpzFile
        A mapping from names to arrays, and a context manager.

    Raises
    ------
    DatasetNotFoundError, CorruptDatasetError, LimitExceededError, UnsupportedError, StorageError
        As for `load_npz`.
    """
    return NpzFile(Archive(path, limits), check_threads(threads))


def _as_slice(rows: object, count: int, where: str) -> slice:
    """Take a slice as it is, and one row as a slice of one."""
    if isinstance(rows, slice):
        try:
            rows.indices(count)
        except (TypeError, ValueError) as error:
            raise InvalidValueError(f"{where}: {error}; write slice(start, stop)") from error
        return rows
    if isinstance(rows, bool) or not isinstance(rows, (int, np.integer)):
        raise InvalidValueError(
            f"{where}: expected a slice or a number of a row, found {rows!r}; "
            "for other rows, load the array or map it with load_npz(..., mmap=True)"
        )
    row = int(rows) + (count if rows < 0 else 0)
    if not 0 <= row < count:
        raise InvalidValueError(f"{where}: there is no row {rows}; it has {count} rows")
    return slice(row, row + 1)
