"""The arrays of a file, which every set of this process that is opened from it shares."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from medfast.npz import load_npz

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Version: TypeAlias = tuple[str, int, int, int, int]

# Forgotten with the last set that uses them.
_in_use: WeakValueDictionary[tuple[Version, bool, str], NDArray[Any]] = WeakValueDictionary()


def read_arrays(path: Path, keys: Sequence[str], *, mmap: bool) -> dict[str, NDArray[Any]]:
    """Read arrays, read-only, unless this process has them already.

    A file that was changed or replaced since is read again, by its time, its size and its inode.

    Parameters
    ----------
    path : Path
        The file.
    keys : sequence of str
        Names of arrays.
    mmap : bool
        As for `medfast.npz.load_npz`.

    Returns
    -------
    dict of str to ndarray
        In the order of `keys`.

    Raises
    ------
    MedfastError
        As for `medfast.npz.load_npz`.
    """
    version = _version(path)
    found = {}
    if version is not None:
        for key in keys:
            array = _in_use.get((version, mmap, key))
            if array is not None:
                found[key] = array
    missing = [key for key in keys if key not in found]
    if missing:
        for key, array in load_npz(path, missing, mmap=mmap).items():
            array.flags.writeable = False
            found[key] = array
            if version is not None:
                _in_use[version, mmap, key] = array
    return {key: found[key] for key in keys}


def _version(path: Path) -> Version | None:
    try:
        status = path.stat()
    except OSError:
        return None  # `load_npz` says what is wrong
    where = str(path.absolute())
    return where, status.st_mtime_ns, status.st_size, status.st_dev, status.st_ino
