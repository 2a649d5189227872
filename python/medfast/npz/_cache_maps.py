"""From members of an archive to memory maps, decoding those that the cache does not hold yet."""

from __future__ import annotations

import errno
import math
import os
import stat
import sys
import warnings
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medfast.errors import CacheUnavailableWarning, MedfastError, StorageError
from medfast.npz._cache_folder import (
    ARRAY_SUFFIX,
    LOCK,
    TEMPORARY_SUFFIX,
    folder_of,
    make_folder,
    temporary_beside,
    write_facts,
)
from medfast.npz._locks import Lock, try_lock, wait_for_lock
from medfast.npz._mapped import map_file, view_as

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from medfast.npz._archive import Archive, Header

# Seconds for which a process that makes no progress is waited for.
PATIENCE = 60.0

_ATTEMPTS = 3
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def map_members(
    archive: Archive, members: Mapping[str, int], threads: int | None
) -> dict[str, npt.NDArray[Any]]:
    """Map members of an archive into memory, read-only.

    Raises
    ------
    StorageError
        If the cache's folder is a link or another user's.

    Warns
    -----
    CacheUnavailableWarning
        If the cache cannot be written; the arrays are then in memory.
    """
    headers = dict(zip(members.values(), archive.headers(list(members.values())), strict=True))
    # An array without elements has nothing to map.
    wanted = {
        m: header for m, header in headers.items() if header.inflated_bytes > header.data_offset
    }
    folder, refusal, step = folder_of(archive), "it is cleared again and again", ""
    maps: dict[int, npt.NDArray[Any]] = {}
    try:
        maps = _map_what_is_there(folder, wanted)
        for _ in range(_ATTEMPTS):
            if len(maps) == len(wanted):
                break
            missing = {m: header for m, header in wanted.items() if m not in maps}
            with suppress(FileNotFoundError):  # the cache was cleared: try again
                _decode(archive, folder, missing, threads)
            maps = _map_what_is_there(folder, wanted)
    except MedfastError:
        raise
    except OSError as error:
        refusal = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            step = "free some space, or "

    rest = {key: member for key, member in members.items() if member not in maps}
    arrays = archive.read(rest, threads)
    for array in arrays.values():
        array.flags.writeable = False
    if any(member in wanted for member in rest.values()):
        warnings.warn(
            f"{archive.name} is decoded into memory, since the cache {folder} cannot be used: "
            f"{refusal}; {step}set MEDFAST_CACHE to another folder",
            CacheUnavailableWarning,
            stacklevel=3,
        )
    return {key: maps[member] if member in maps else arrays[key] for key, member in members.items()}


def _map_what_is_there(folder: Path, wanted: Mapping[int, Header]) -> dict[int, npt.NDArray[Any]]:
    make_folder(folder)
    maps = {}
    for member, header in wanted.items():
        path = os.fspath(folder / f"{member}{ARRAY_SUFFIX}")
        descriptor = _open(path, header.inflated_bytes)
        if descriptor is not None:
            whole = map_file(descriptor, path)
            flat = view_as(whole, (math.prod(header.shape),), header.dtype, header.data_offset)
            shape = header.shape
            maps[member] = (
                flat.reshape(shape[::-1]).T if header.fortran_order else flat.reshape(shape)
            )
    with suppress(OSError):
        os.utime(folder)  # "used", as the list of the cache has it
    return maps


def _open(path: str, size: int) -> int | None:
    """Open a decoded array; None if there is none, or one that is not whole."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise StorageError(f"{path}: expected a file, found a link; clear the cache") from None
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size == size:
        return descriptor
    os.close(descriptor)
    return None


def _decode(
    archive: Archive, folder: Path, missing: Mapping[int, Header], threads: int | None
) -> None:
    """Decode members into files, unless another process has meanwhile.

    Raises
    ------
    OSError
        If the files cannot be written; FileNotFoundError if the folder is gone.
    """
    with ExitStack() as held:
        lock = wait_for_lock(folder / LOCK, lambda: _sizes(folder), PATIENCE)
        if lock is not None:
            held.enter_context(lock)
            missing = {m: h for m, h in missing.items() if not _is_there(folder, m, h)}
            _remove_what_the_dead_left(folder)
            write_facts(folder, archive)
        if not missing:
            return
        _check_space(folder, sum(header.inflated_bytes for header in missing.values()))
        temporaries: dict[int, Path] = {}
        try:
            for member in missing:
                temporaries[member], own = _temporary(folder, member)
                held.enter_context(own)
            files = [(member, os.fspath(path)) for member, path in temporaries.items()]
            archive.native.extract(files, threads)
            for member, path in temporaries.items():
                path.chmod(0o400)
                path.replace(folder / f"{member}{ARRAY_SUFFIX}")
            _flush_folder(folder)
        finally:
            for path in temporaries.values():
                with suppress(OSError):
                    path.unlink()


def _is_there(folder: Path, member: int, header: Header) -> bool:
    descriptor = _open(os.fspath(folder / f"{member}{ARRAY_SUFFIX}"), header.inflated_bytes)
    if descriptor is None:
        return False
    os.close(descriptor)
    return True


def _sizes(folder: Path) -> list[tuple[str, int]]:
    """Tell what changes as long as a process decodes into a folder."""
    try:
        with os.scandir(folder) as files:
            return sorted((file.name, file.stat().st_size) for file in files)
    except OSError:
        return []


def _temporary(folder: Path, member: int) -> tuple[Path, Lock]:
    """Make an empty file of this process, which is locked as long as the process lives."""
    while True:
        path = temporary_beside(folder / f"{member}{ARRAY_SUFFIX}")
        path.touch(0o600, exist_ok=False)
        with suppress(FileNotFoundError):  # taken for a dead one's before it was locked
            lock = try_lock(path, create=False)
            if lock is not None:
                return path, lock


def _remove_what_the_dead_left(folder: Path) -> None:
    for path in folder.glob(f"*.*{TEMPORARY_SUFFIX}"):
        with suppress(OSError):
            lock = try_lock(path, create=False)
            if lock is not None:
                with lock:
                    path.unlink()


def _check_space(folder: Path, size: int) -> None:
    """Find out before hours of decoding that a disk is too small."""
    if sys.platform != "win32":
        status = os.statvfs(folder)
        if status.f_bavail * status.f_frsize < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(folder))


def _flush_folder(folder: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
