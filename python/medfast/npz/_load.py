"""`load_npz`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import InvalidValueError
from medfast.npz._archive import Archive
from medfast.npz._limits import check_threads

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from medfast.npz._archive import Source
    from medfast.npz._limits import Limits


def load_npz(
    path: Source,
    keys: Iterable[str] | None = None,
    *,
    mmap: bool = False,
    threads: int | None = None,
    limits: Limits | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of an ``.npz`` archive.

    The arrays are those of `numpy.load`: bit for bit, with the same dtype, shape and memory order,
    writeable, and independent of the file. Each is inflated straight into its own memory, the
    largest first, and is checked against its CRC-32.

    A file of more than 4 MiB is mapped into memory while it is read. It must not be cut short
    meanwhile by another process, or the operating system ends this one (SIGBUS); a file that was
    cut short between opening and reading is an error. Replacing a file by renaming another over it
    is safe. Ctrl-C is answered between two arrays, and within one that is large.

    Parameters
    ----------
    path : str, os.PathLike, bytes or file object
        The archive: its path, its content, or a file open for reading bytes, which is read from
        where it stands to its end.
    keys : iterable of str, optional
        The arrays to read, with or without ``.npy``; all of them by default. Nothing else is
        inflated.
    mmap : bool
        Whether to answer with read-only memory maps of files in a cache, which takes neither time
        nor memory once the arrays are there; see `medfast.npz.cache`.
    threads : int, optional
        How many threads inflate; by default, as many as there are processors. The result does not
        depend on it.
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
        If the operating system refuses to read the file, or, with `mmap`, the folder of the cache
        is not this user's own.
    InvalidValueError
        If an argument makes no sense: `keys` that are no names, a path with a null byte, a file
        that is closed or open for writing only. It is a TypeError too where `path` is nothing that
        can be opened.
    MemoryError
        If the arrays are within the limits, but not within this machine's memory.

    Warns
    -----
    CacheUnavailableWarning
        With `mmap`, if the cache cannot be written, for lack of space or permission. The arrays
        are then in memory, read-only as the maps would be.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "set.npz")
    ...     np.savez_compressed(path, train_labels=np.zeros((3, 1), np.uint8), note=np.arange(2))
    ...     arrays = load_npz(path, ["train_labels"])
    >>> arrays
    {'train_labels': array([[0],
           [0],
           [0]], dtype=uint8)}
    """
    threads = check_threads(threads)
    if not isinstance(mmap, (bool, np.bool_)):
        raise InvalidValueError(
            f"mmap: expected True or False, found {mmap!r}; maps are read-only always"
        )
    archive = Archive(path, limits)
    members = archive.find(keys)
    if mmap:
        from medfast.npz._cache_maps import map_members

        return map_members(archive, members, threads)
    return archive.read(members, threads)
