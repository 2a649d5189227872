"""Files that are either whole or not there: written beside, flushed to the disk, renamed."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from medfast.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEXT_STEPS = {
    errno.ENOSPC: "free some space, or choose another disk",
    errno.EDQUOT: "free some space, or choose another disk",
    errno.EFBIG: "lift the limit on the size of files, or choose another disk",
    errno.EACCES: "choose a folder that can be written",
    errno.EPERM: "choose a folder that can be written",
    errno.EROFS: "choose a folder that can be written",
    errno.ENOENT: "make its folder first",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, which becomes ``path`` when the block ends.

    Whatever ends the block early, ``path`` is as it was before and nothing is left beside it. A
    symbolic link stays one: the file that it leads to is replaced.

    Raises
    ------
    StorageError
        If the operating system refuses: no space, no permission, no such folder.
    """
    place = _followed(path)
    temporary = _beside(place)
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(place)
        _flush(place.parent)
    except OSError as error:
        raise storage_error("written", path, error) from error
    finally:
        with suppress(OSError):  # where it cannot be removed, the write has failed and said so
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a small file whole, as UTF-8."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write files that belong together: none is replaced before all are written beside.

    Parameters
    ----------
    contents : mapping of Path to bytes
        A symbolic link stays one, as with `replacing`.

    Raises
    ------
    StorageError
        If the operating system refuses. Where it refuses to write, every file is as it was before.
    """
    places = {path: _followed(path) for path in contents}
    temporaries = {path: _beside(place) for path, place in places.items()}
    path = Path()
    try:
        for path, temporary in temporaries.items():
            temporary.write_bytes(contents[path])
            _flush(temporary)
        for path, temporary in temporaries.items():
            temporary.replace(places[path])
        for folder in dict.fromkeys(place.parent for place in places.values()):
            _flush(folder)
    except OSError as error:
        raise storage_error("written", path, error) from error
    finally:
        for temporary in temporaries.values():
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def next_step(error: OSError) -> str:
    """Say what helps against a refusal of the operating system."""
    return _NEXT_STEPS.get(error.errno or 0, "choose another place")


def storage_error(action: str, path: Path, error: OSError) -> StorageError:
    """Word a refusal of the operating system."""
    failure = StorageError(
        f"{path} could not be {action}: {error.strerror or error}; {next_step(error)}"
    )
    failure.errno = error.errno
    return failure


def _followed(path: Path) -> Path:
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def _flush(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
