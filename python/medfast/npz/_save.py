"""`save_npz`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import InvalidValueError, UnsupportedError
from medfast.npz._limits import check_integer, check_threads
from medfast.npz._paths import check_path

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import numpy.typing as npt

_MAGIC = b"\x93NUMPY"
_ALIGNMENT = 64
_HIGHEST_LEVEL = 9


def save_npz(
    path: str | os.PathLike[str],
    arrays: Mapping[str, npt.ArrayLike],
    *,
    level: int = 6,
    threads: int | None = None,
) -> None:
    """Write arrays to an ``.npz`` archive that `numpy.load` and medmnist read.

    The file is written beside `path`, flushed to the disk and renamed: whatever ends the writing
    early, `path` is as it was before. A file that is replaced leaves its permissions to the new
    one. The bytes depend on the names, the arrays and the level
    alone: not on the day, the machine or the threads.

    Parameters
    ----------
    path : str or os.PathLike
        The file; unlike `numpy.savez`, nothing is appended to its name.
    arrays : mapping of str to array_like
        The arrays by name, written in this order.
    level : int
        0 to store, 1 (fast) to 9 (small) to deflate.
    threads : int, optional
        How many pieces of 1 MiB to deflate at a time; by default, as many as there are processors.

    Raises
    ------
    InvalidValueError
        If a name is no str, too long, no Unicode or has a null byte, if a value makes no array, or
        if another argument makes no sense. It is a TypeError too where `path` is no path.
    UnsupportedError
        If an array holds Python objects, or `path` is a directory, a device or a pipe.
    StorageError
        If the operating system refuses: no space, no permission, no such folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "set.npz")
    ...     save_npz(path, {"train_labels": np.zeros((3, 1), np.uint8)})
    ...     np.load(path)["train_labels"].shape
    (3, 1)
    """
    level = check_integer("level", level, least=0)
    if level > _HIGHEST_LEVEL:
        raise InvalidValueError(f"level: expected 0 to {_HIGHEST_LEVEL}, found {level}; 6 is usual")
    threads = check_threads(threads)
    name = check_path(path, "the path of a file")
    if not name:
        raise InvalidValueError("path: expected that of a file, found ''; name the file")
    if not hasattr(arrays, "items"):
        raise InvalidValueError(
            f"arrays: expected a mapping of names to arrays, found a {type(arrays).__name__}; "
            'write {"images": images}'
        )
    parts = [_part(name, key, value) for key, value in arrays.items()]
    _native.save_npz(name, parts, level, threads)


def _part(path: str, key: object, value: npt.ArrayLike) -> tuple[str, bytes, npt.NDArray[Any]]:
    if not isinstance(key, str):
        raise InvalidValueError(f"{path}: expected names, found {key!r}; write them as str")
    try:
        key.encode()
    except UnicodeEncodeError as error:
        raise InvalidValueError(
            f"{path}: expected names in Unicode, found {key!r} with surrogates; choose another name"
        ) from error
    try:
        array = np.asanyarray(value)
    except (TypeError, ValueError) as error:
        raise InvalidValueError(
            f"{path}: {key!r}: expected what makes an array, found a {type(value).__name__} that "
            f"does not ({error}); make it one of equally long rows"
        ) from error
    if array.dtype.hasobject:
        raise UnsupportedError(
            f"{path}: {key!r} has dtype {array.dtype}, which holds Python objects, and those are "
            "neither written nor read; convert it to a numeric or string dtype"
        )
    header = _header(array)
    # As numpy orders the data: Fortran's order where the array has it, and only it.
    in_order = array.T if _is_fortran(array) else array
    flat = np.ascontiguousarray(in_order).reshape(-1)
    data = flat.view(np.uint8) if flat.nbytes else np.empty(0, np.uint8)
    return f"{key}.npy", header, data


def _is_fortran(array: npt.NDArray[Any]) -> bool:
    return array.flags.f_contiguous and not array.flags.c_contiguous


def _header(array: npt.NDArray[Any]) -> bytes:
    """Write what stands before the data in a ``.npy`` file, as `numpy.lib.format` documents it."""
    facts = np.lib.format.header_data_from_array_1_0(array)
    text = (
        f"{{'descr': {facts['descr']!r}, 'fortran_order': {facts['fortran_order']!r}, "
        f"'shape': {facts['shape']!r}, }}"
    )
    latin1 = text.isascii() or max(text) <= "\xff"
    content = text.encode("latin1" if latin1 else "utf8")
    # The length is of two bytes in version 1, of four in the others.
    for version, width in ((1, 2), (2, 4)) if latin1 else ((3, 4),):
        before = len(_MAGIC) + 2 + width
        length = len(content) + 1 + -(before + len(content) + 1) % _ALIGNMENT
        start = _MAGIC + bytes([version, 0])
        if length < 1 << 8 * width:
            return start + length.to_bytes(width, "little") + content.ljust(length - 1) + b"\n"
    raise UnsupportedError(
        f"a dtype that takes {len(content)} bytes to write; give its fields shorter names"
    )
