"""Reading ``.npz`` archives: as `numpy.load` does, several times as fast, and distrustfully."""

from __future__ import annotations

import math
import os
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import InvalidValueError, MissingKeyError, UnsupportedError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

__all__ = ["Limits", "load_npz"]

_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Limits:
    """What a caller is willing to spend on a file; checked before memory is taken.

    The defaults are generous for MedMNIST, whose largest file (PathMNIST at 224 pixels) has six
    members and inflates to 16.1 GB.

    Parameters
    ----------
    max_header_bytes : int
        Bytes of one array's ``.npy`` header. 64 KiB by default, the most that version 1.0 of the
        format can state.
    max_members : int
        Members of an archive. 65,536 by default.
    max_inflated_bytes : int
        Bytes, once inflated, of all the arrays that are asked for together. 64 GiB by default.

    Raises
    ------
    InvalidValueError
        If a limit is not an integer from 0.

    Examples
    --------
    >>> Limits(max_inflated_bytes=1_000_000).max_members
    65536
    """

    max_header_bytes: int = _native.NPZ_MAX_HEADER_BYTES
    max_members: int = _native.NPZ_MAX_MEMBERS
    max_inflated_bytes: int = _native.NPZ_MAX_INFLATED_BYTES

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_integer(field.name, getattr(self, field.name), least=0)


def load_npz(
    path: str | os.PathLike[str],
    keys: Iterable[str] | None = None,
    *,
    threads: int | None = None,
    limits: Limits | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of an ``.npz`` archive.

    The arrays are those of `numpy.load`: bit for bit, with the same dtype, shape and memory order,
    writeable, and independent of the file. Each is inflated straight into its own memory, the
    largest first, as many at a time as there are threads, and is checked against its CRC-32.

    The file is mapped into memory while it is read and must not be cut short meanwhile by another
    process, or the operating system ends this one (SIGBUS). Replacing a file by renaming another
    over it is safe. Ctrl-C is answered between two arrays, not within one.

    Parameters
    ----------
    path : str or os.PathLike
        The archive.
    keys : iterable of str, optional
        The arrays to read, with or without ``.npy``; all of them by default. Nothing else is
        inflated.
    threads : int, optional
        How many arrays to inflate at a time; by default, as many as there are processors. The
        result does not depend on it.
    limits : Limits, optional
        What the file may cost; ``Limits()`` by default.

    Returns
    -------
    dict of str to ndarray
        In the order of `keys`, or of the archive. Of several arrays with one name, the last is
        read, as in numpy.

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    MissingKeyError
        If the archive has no array of a name in `keys`.
    CorruptDatasetError
        If the file is not an ``.npz`` archive, or is damaged.
    LimitExceededError
        If a limit would be exceeded.
    UnsupportedError
        If a member holds Python objects, which are refused always, or is encrypted, compressed by
        another method than deflate, or not an array.
    StorageError
        If the operating system refuses to read the file.
    InvalidValueError
        If `threads` or `keys` make no sense.
    MemoryError
        If the arrays are within the limits, but not within this machine's memory.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "set.npz")
    ...     np.savez_compressed(path, train_labels=np.zeros((3, 1), np.uint8), note=np.arange(2))
    ...     arrays = load_npz(path, ["train_labels"])
    >>> arrays
    {'train_labels': array([[0],
           [0],
           [0]], dtype=uint8)}
    """
    if threads is not None:
        threads = min(_check_integer("threads", threads, least=1), _LARGEST)
    bounds = (min(limit, _LARGEST) for limit in astuple(limits or Limits()))
    name = os.fsdecode(path)
    archive = _native.NpzArchive(name, *bounds)
    members = _find(archive, name, keys)

    arrays: dict[str, npt.NDArray[Any]] = {}
    reads: list[tuple[int, npt.NDArray[np.uint8]]] = []
    headers = archive.headers(list(members.values()))
    for (key, member), (descr, fortran_order, shape, offset, size) in zip(
        members.items(), headers, strict=True
    ):
        buffer = np.empty(size, np.uint8)
        try:
            dtype = np.lib.format.descr_to_dtype(descr)
            flat = np.ndarray((math.prod(shape),), dtype, buffer, offset)
            arrays[key] = flat.reshape(shape[::-1]).T if fortran_order else flat.reshape(shape)
        except (TypeError, ValueError) as error:
            raise UnsupportedError(
                f"{name}: {key!r}: numpy cannot make an array of shape {shape} and dtype "
                f"{descr!r} ({error}); save it again with numpy.savez_compressed"
            ) from error
        reads.append((member, buffer))
    archive.read_into(reads, threads)
    # Every numpy since 1.14 aligns the data; others wrote files where it needs a copy. Strings
    # without width need none: a copy would give them one, in memory that no limit was asked about.
    return {key: a if a.flags.aligned or not a.nbytes else a.copy("K") for key, a in arrays.items()}


def _find(archive: _native.NpzArchive, path: str, keys: Iterable[str] | None) -> dict[str, int]:
    """Map every key that was asked for to the index of its member."""
    if isinstance(keys, (str, bytes)):
        raise InvalidValueError(
            f"keys: expected a list of names, found {keys!r}; write it in brackets"
        )
    members: dict[str, int] = {}
    for key in archive.keys() if keys is None else keys:
        if not isinstance(key, str):
            raise InvalidValueError(f"keys: expected names, found {key!r}; write them as str")
        member = archive.find(key)
        if member is None:
            raise MissingKeyError(f"{path}: no array {key!r}; {nearest(key, archive.keys())}")
        members[key] = member
    return members


def _check_integer(name: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidValueError(
            f"{name}: expected an integer from {least}, found {value!r}; "
            "leave it out for the default"
        )
    return int(value)
