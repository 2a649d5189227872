"""Opening an archive, finding its members, and making arrays of their bytes."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast import _native
from medfast.errors import (
    DatasetNotFoundError,
    InvalidValueError,
    LimitExceededError,
    MissingKeyError,
    StorageError,
    UnsupportedError,
    nearest,
)
from medfast.npz._limits import Limits, check_limits, check_threads
from medfast.npz._paths import SourceTypeError, check_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO, TypeAlias

    import numpy.typing as npt

    Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

_READ_AT_A_TIME = 1 << 24
# Of a dtype out of a file, which may be of any length.
_MOST_SHOWN = 200


class Header(NamedTuple):
    """What a member's ``.npy`` header says, and how large the member is."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool
    data_offset: int
    """Where the data starts in the inflated bytes."""
    inflated_bytes: int
    """The header and the data."""


class Archive:
    """An open archive: what the native one does, in terms of numpy."""

    def __init__(self, source: Source, limits: Limits | None) -> None:
        self.limits = check_limits(limits)
        self.name, self.native = _open(source, self.limits)

    def find(self, keys: Iterable[str] | None) -> dict[str, int]:
        """Map every key that was asked for, or all, to the index of its member."""
        if isinstance(keys, (str, bytes)) or not (keys is None or isinstance(keys, Iterable)):
            raise InvalidValueError(
                f"keys: expected a list of names, found {keys!r}; write it in brackets"
            )
        members: dict[str, int] = {}
        for key in self.native.keys() if keys is None else keys:
            if not isinstance(key, str):
                raise InvalidValueError(f"keys: expected names, found {key!r}; write them as str")
            member = self.index(key)
            if member is None:
                known = nearest(key, self.native.keys())
                raise MissingKeyError(f"{self.name}: no array {key!r}; {known}")
            members[key] = member
        return members

    def index(self, key: str) -> int | None:
        """Find the member that numpy would read for a key."""
        try:
            return self.native.find(key)
        except UnicodeEncodeError:  # no archive can have such a name
            return None

    def headers(self, members: Sequence[int]) -> list[Header]:
        """Read the headers of members, which is all that is inflated of them."""
        headers = []
        parts = self.native.headers(list(members))
        for member, (descr, fortran_order, shape, offset, size) in zip(members, parts, strict=True):
            try:
                dtype = np.lib.format.descr_to_dtype(descr)
            except (TypeError, ValueError) as error:
                raise self._unsupported(member, shape, descr, error) from error
            headers.append(Header(dtype, shape, fortran_order, offset, size))
        return headers

    def read(self, members: Mapping[str, int], threads: int | None) -> dict[str, npt.NDArray[Any]]:
        """Read arrays into memory of their own."""
        threads = check_threads(threads)
        arrays: dict[str, npt.NDArray[Any]] = {}
        reads: list[tuple[int, npt.NDArray[np.uint8]]] = []
        headers = self.headers(list(members.values()))
        for (key, member), header in zip(members.items(), headers, strict=True):
            buffer = np.empty(header.inflated_bytes, np.uint8)
            arrays[key] = self.array(member, header, buffer, header.data_offset)
            reads.append((member, buffer))
        self.native.read_into(reads, threads)
        # Every numpy since 1.14 aligns the data; others wrote files where it needs a copy. Strings
        # without width need none: a copy would give them one, in memory that no limit was asked
        # about.
        return {
            key: array if array.flags.aligned or not array.nbytes else array.copy("K")
            for key, array in arrays.items()
        }

    def array(
        self, member: int, header: Header, buffer: npt.NDArray[np.uint8], offset: int
    ) -> npt.NDArray[Any]:
        """View the bytes from `offset` of a buffer as the array that a header describes."""
        dtype, shape = header.dtype, header.shape
        try:
            flat: npt.NDArray[Any] = np.ndarray((math.prod(shape),), dtype, buffer, offset)
            return flat.reshape(shape[::-1]).T if header.fortran_order else flat.reshape(shape)
        except (TypeError, ValueError) as error:
            raise self._unsupported(member, shape, dtype.descr, error) from error

    def _unsupported(
        self, member: int, shape: tuple[int, ...], descr: object, error: Exception
    ) -> UnsupportedError:
        key, written = self.native.keys()[member], repr(descr)
        if len(written) > _MOST_SHOWN:
            written = f"{written[:_MOST_SHOWN]}..."
        return UnsupportedError(
            f"{self.name}: {key!r}: numpy cannot make an array of shape {shape} and dtype "
            f"{written} ({error}); save it again with numpy.savez_compressed"
        )


def _open(source: Source, limits: Limits) -> tuple[str, _native.NpzArchive]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        name = f"<{len(source)} bytes>"
        return name, _native.NpzArchive.from_bytes(name, bytes(source), limits)
    if not isinstance(source, (str, os.PathLike)):
        if not hasattr(source, "read"):
            raise SourceTypeError(
                f"expected a path, bytes or a file to read from, found {source!r}; "
                "give the archive's path"
            )
        name = str(getattr(source, "name", f"<{type(source).__name__}>"))
        _check_file(source, name)
        path = _path_of(source)
        if path is None:
            content = _read_all(source, name, limits.max_inflated_bytes)
            return name, _native.NpzArchive.from_bytes(name, content, limits)
        source = path
    path = check_path(source, "a path, bytes or a file to read from")
    if not path:
        raise DatasetNotFoundError("path: expected that of a file, found ''; name the .npz file")
    return path, _native.NpzArchive(path, limits)


def _check_file(file: object, name: str) -> None:
    """Refuse an open file that gives no bytes."""
    if getattr(file, "closed", False):
        raise InvalidValueError(f"{name}: expected an open file, found a closed one; open it again")
    if isinstance(file, io.TextIOBase):
        raise _of_text(name, "text")
    readable = getattr(file, "readable", None)
    if readable is not None and not readable():
        raise InvalidValueError(
            f"{name}: expected a file to read from, found one that is open for writing only; "
            'open it with mode "rb"'
        )


def _of_text(name: str, found: str) -> UnsupportedError:
    return UnsupportedError(
        f'{name}: expected a file of bytes, found one of {found}; open it with mode "rb"'
    )


def _path_of(file: BinaryIO) -> str | None:
    """Find the path of an open file that was not read from yet, to read it without a copy."""
    # Not what inflates another file, which may be known by that one's name.
    if not isinstance(getattr(file, "raw", file), io.FileIO):
        return None
    name = getattr(file, "name", None)
    try:
        if (
            isinstance(name, (str, bytes))
            and os.path.samestat(os.stat(name), os.fstat(file.fileno()))  # noqa: PTH116 - pathlib is slow to import
            and file.tell() == 0
        ):
            return os.fsdecode(name)
    except (AttributeError, OSError, ValueError):
        pass
    return None


def _read_all(file: BinaryIO, name: str, limit: int) -> bytes:
    """Read a stream to its end, and not much further than the limit."""
    parts, size = [], 0
    try:
        while part := file.read(_READ_AT_A_TIME):
            if not isinstance(part, bytes):
                raise _of_text(name, type(part).__name__)
            size += len(part)
            if size > limit:
                raise LimitExceededError(
                    f"{name}: a stream of more than {limit} bytes, the limit on inflated ones; "
                    "give its path, or raise max_inflated_bytes"
                )
            parts.append(part)
    except UnicodeDecodeError as error:
        raise _of_text(name, "text") from error
    except OSError as error:
        raise StorageError(f"{name}: cannot be read: {error}; check where it comes from") from error
    return b"".join(parts)
