"""The cache behind ``load_npz(..., mmap=True)``: members of archives, decoded once, as ``.npy``.

Each archive has a folder, named by a hash of its directory: the names, sizes and CRC-32s of its
members. An archive with other content has another folder, so nothing in the cache is ever stale,
and a copy of an archive shares the folder of the original. A file appears in the folder under its
name only once it is whole, agrees with its CRC-32, and is flushed to the disk.

Of the processes that open an archive at once one decodes, and the others wait for it. One that is
killed leaves its lock to the next; one that makes no progress for a minute is not waited for any
longer, and the next decodes for itself.

A CRC-32 tells apart what was damaged, not what was forged: an archive made to have the directory of
another is taken for it. The cache is therefore private to a user, and archives from strangers are
better loaded without `mmap`.
"""

from __future__ import annotations

import os
import shutil
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from medfast.errors import StorageError
from medfast.npz._archive import Archive
from medfast.npz._cache_folder import (
    ARRAY_SUFFIX,
    FORMAT,
    LOCK,
    cache_root,
    folder_of,
    is_own,
    read_facts,
)
from medfast.npz._locks import try_lock

__all__ = ["Entry", "cache_root", "clear", "entries", "entries_of_gone", "entry_of", "verify"]


@dataclass(frozen=True)
class Entry:
    """What the cache holds of one archive.

    Attributes
    ----------
    folder : Path
        Of its files.
    source : str
        The archive, as it was called when it was first decoded; empty if that is not known.
    arrays : int
        Arrays that are decoded.
    members : int
        Arrays and other members of the archive, but for arrays without elements, of which there is
        nothing to keep.
    size : int
        Bytes on the disk.
    used : float
        When it was last opened, in seconds since 1970.
    """

    folder: Path
    source: str
    arrays: int
    members: int
    size: int
    used: float


def entries() -> list[Entry]:
    """List what the cache holds, the latest used first.

    Raises
    ------
    StorageError
        If the cache's folder is a link, another user's, or cannot be read.
    """
    root, found = cache_root(), []
    try:
        folders = []
        if is_own(root) and is_own(root / FORMAT):
            folders = [each for each in (root / FORMAT).iterdir() if is_own(each)]
        for folder in folders:
            with suppress(FileNotFoundError):  # cleared meanwhile
                found.append(_entry(folder))
    except StorageError:
        raise
    except OSError as error:
        raise _unreadable(root, error) from error
    return sorted(found, key=lambda entry: (-entry.used, entry.folder.name))


def entry_of(path: str | os.PathLike[str]) -> Entry | None:
    """Find what the cache holds of the archive at a path; None if nothing.

    Raises
    ------
    DatasetNotFoundError, CorruptDatasetError, LimitExceededError, UnsupportedError, StorageError
        If the archive cannot be opened, or the cache's folder is a link or another user's.
    """
    folder = folder_of(Archive(path, None))
    try:
        if not all(map(is_own, (folder.parent.parent, folder.parent, folder))):
            return None
        return _entry(folder)
    except StorageError:
        raise
    except FileNotFoundError:  # cleared meanwhile
        return None
    except OSError as error:
        raise _unreadable(cache_root(), error) from error


def entries_of_gone(path: str | os.PathLike[str]) -> list[Entry]:
    """Find what the cache holds of an archive that was at a path where there is no file any more.

    Raises
    ------
    StorageError
        As for `entries`.
    """
    source = os.fspath(Path(path).resolve())
    return [entry for entry in entries() if entry.source == source]


def _entry(folder: Path) -> Entry:
    files = list(folder.iterdir())
    facts = read_facts(folder)
    return Entry(
        folder=folder,
        source=facts.source,
        arrays=sum(file.suffix == ARRAY_SUFFIX for file in files),
        members=len(facts.members) - facts.hollow,
        size=sum(file.stat().st_size for file in files),
        used=folder.stat().st_mtime,
    )


def _unreadable(root: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{root} cannot be read: {error.strerror or error}; set MEDFAST_CACHE to another folder"
    )


def clear(entry: Entry) -> bool:
    """Remove what the cache holds of an archive; arrays that are mapped stay as they are.

    Returns
    -------
    bool
        False if a process is decoding it at the moment, so that it was left.

    Raises
    ------
    StorageError
        If the operating system refuses.
    """
    try:
        lock = try_lock(entry.folder / LOCK)
        if lock is None:
            return False
        with lock:
            # At once for all who look for it: nobody puts a file into a folder that is going.
            gone = entry.folder.with_name(f"{entry.folder.name}.{os.urandom(4).hex()}")
            entry.folder.rename(gone)
            shutil.rmtree(gone)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StorageError(
            f"{entry.folder} could not be removed: {error.strerror or error}; "
            "end the processes that use it, or remove it by hand"
        ) from error
    return True


def verify(entry: Entry) -> list[str]:
    """Compare the decoded arrays with the sizes and CRC-32s that their archive stated.

    Returns
    -------
    list of str
        Every file that is damaged, and what is wrong with it.

    Raises
    ------
    StorageError
        If a file cannot be read.
    """
    members = read_facts(entry.folder).members
    known = {f"{index}{ARRAY_SUFFIX}": member for index, member in enumerate(members)}
    damaged = []
    for file in sorted(entry.folder.glob(f"*{ARRAY_SUFFIX}")):
        if file.name not in known:
            damaged.append(f"{file}: is of no member of the archive")
            continue
        name, size, crc32 = known[file.name]
        found = _size_and_crc32(file)
        if found != (size, crc32):
            damaged.append(
                f"{file} ({name!r}): expected {size} bytes with CRC-32 {crc32:08x}, "
                f"found {found[0]} with {found[1]:08x}"
            )
    return damaged


def _size_and_crc32(file: Path) -> tuple[int, int]:
    size = crc32 = 0
    try:
        with file.open("rb") as stream:
            while part := stream.read(1 << 20):
                size, crc32 = size + len(part), zlib.crc32(part, crc32)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be read: {error.strerror or error}; clear the cache"
        ) from error
    return size, crc32
