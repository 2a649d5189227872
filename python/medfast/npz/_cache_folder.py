"""The folders of the cache: where they are, that they are this user's, and what they say."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from medfast.errors import ConfigError, MedfastError, StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from medfast.npz._archive import Archive

    Member: TypeAlias = tuple[str, int, int]
    """Name, inflated size and CRC-32 of a member of an archive."""

FORMAT = "npz-1"
LOCK = "lock"
ARRAY_SUFFIX = ".npy"
TEMPORARY_SUFFIX = ".tmp"

_FACTS = "archive.json"


class Facts(NamedTuple):
    """Which archive a folder belongs to."""

    source: str
    """As it was called when it was first decoded; empty if that is not known."""
    members: Sequence[Member]
    hollow: int
    """How many of the members are arrays without elements, of which there is nothing to keep."""


_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache_root() -> Path:
    """Say where the cache is, without touching the disk.

    Returns
    -------
    Path
        ``$MEDFAST_CACHE``; else ``medfast`` in ``$XDG_CACHE_HOME`` or ``~/.cache``, on Windows in
        ``%LOCALAPPDATA%``.

    Raises
    ------
    ConfigError
        If there is neither a variable nor a home folder.
    """
    chosen = os.environ.get("MEDFAST_CACHE")
    shared = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        if chosen:
            return Path(chosen).expanduser().absolute()
        return Path(shared or "~/.cache").expanduser().absolute() / "medfast"
    except RuntimeError as error:
        raise ConfigError(f"no folder for the cache: {error}; set MEDFAST_CACHE") from error


def folder_of(archive: Archive) -> Path:
    """Name the folder of an archive: by the names, sizes and CRC-32s of its directory."""
    digest = hashlib.sha256(FORMAT.encode())
    for name, compressed, inflated, crc32, _ in archive.native.members():
        digest.update(repr((name, compressed, inflated, crc32)).encode())
    return cache_root() / FORMAT / digest.hexdigest()[:32]


def make_folder(folder: Path) -> None:
    """Make the folder of an archive and those above it, for this user alone.

    Raises
    ------
    StorageError
        If one of them is a link, no folder, another user's, or writable by others.
    OSError
        If one cannot be made.
    """
    root = folder.parent.parent
    for each in (root, folder.parent, folder):
        if not is_own(each):
            if each is root:
                root.parent.mkdir(parents=True, exist_ok=True)
            # Another process may have made it since.
            each.mkdir(0o700, exist_ok=True)
            is_own(each)


def is_own(folder: Path) -> bool:
    """Tell whether a folder exists.

    Raises
    ------
    StorageError
        If it does but is a link, no folder, another user's, or writable by others: what is read
        from it would be theirs.
    """
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    wrong = None
    if stat.S_ISLNK(status.st_mode):
        wrong = "a link"
    elif not stat.S_ISDIR(status.st_mode):
        wrong = "no folder"
    elif os.name == "posix":
        if status.st_uid != os.geteuid():
            wrong = f"the folder of user {status.st_uid}"
        elif status.st_mode & _WRITABLE_BY_OTHERS:
            wrong = f"writable by other users (mode {stat.S_IMODE(status.st_mode):o})"
    if wrong is None:
        return True
    raise StorageError(
        f"{folder}: expected a folder of this user alone for the cache, found {wrong}; "
        "set MEDFAST_CACHE to another folder, which need not exist"
    )


def write_facts(folder: Path, archive: Archive) -> None:
    """Note which archive a folder belongs to.

    Raises
    ------
    OSError
        If that cannot be written.
    """
    if (folder / _FACTS).exists():
        return
    members = [(name, size, crc) for name, _, size, crc, _ in archive.native.members()]
    source = Path(archive.name)
    name = os.fspath(source.resolve()) if source.exists() else archive.name
    text = json.dumps({"source": name, "members": members, "hollow": _hollow(archive)})
    # Names that are no Unicode come from the file system as surrogates.
    replace_file(folder / _FACTS, text.encode(errors="surrogateescape"))


def _hollow(archive: Archive) -> int:
    """Count the arrays without elements."""
    count = 0
    for member in range(len(archive.native.members())):
        with suppress(MedfastError):  # not an array, or one that is refused
            (header,) = archive.headers([member])
            count += header.inflated_bytes == header.data_offset
    return count


def replace_file(path: Path, content: bytes) -> None:
    """Write a small file beside `path` and rename it.

    Raises
    ------
    OSError
        If that cannot be done; nothing is left beside it.
    """
    temporary = temporary_beside(path)
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_beside(path: Path) -> Path:
    """Choose a name in the folder of `path` that nobody else has."""
    unique = f"{os.getpid()}-{os.urandom(4).hex()}"
    return path.with_name(f"{path.stem}.{unique}{TEMPORARY_SUFFIX}")


def read_facts(folder: Path) -> Facts:
    """Say which archive a folder belongs to; no members if that is not known."""
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8", errors="surrogateescape"))
        members = [(str(name), int(size), int(crc)) for name, size, crc in facts["members"]]
        return Facts(str(facts["source"]), members, int(facts.get("hollow", 0)))
    except (OSError, ValueError, TypeError, KeyError):
        return Facts("", [], 0)
