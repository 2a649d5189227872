"""Locks on files, which the operating system takes from a process that ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_LONGEST_NAP = 0.05


class Lock:
    """A lock that is held; it ends with the block."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Lock:  # noqa: PYI034 - Self is in no typing of Python 3.10
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            # Said, not left to closing: a child that was forked meanwhile has the file open too.
            _unlock(self._descriptor)
        finally:
            os.close(self._descriptor)


def try_lock(path: str | os.PathLike[str], *, create: bool = True) -> Lock | None:
    """Lock the file at `path`, or answer None if another process or thread holds it.

    Raises
    ------
    OSError
        If the file cannot be made or opened, was removed meanwhile, or cannot be locked there.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags | (os.O_CREAT if create else 0), 0o600)
    try:
        if _lock(descriptor):
            # Who removes a file locks it first, so that one of the same name may be another.
            if not os.path.samestat(os.fstat(descriptor), Path(path).lstat()):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
            lock, descriptor = Lock(descriptor), -1
            return lock
        return None
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def wait_for_lock(
    path: str | os.PathLike[str], progress: Callable[[], object], patience: float
) -> Lock | None:
    """Lock the file at `path` as soon as its holder lets go.

    Returns
    -------
    Lock or None
        None if `progress` has answered the same for `patience` seconds, or if files cannot be
        locked there.

    Raises
    ------
    OSError
        As for `try_lock`.
    """
    nap, seen, since = 0.001, progress(), time.monotonic()
    while True:
        try:
            lock = try_lock(path)
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                return None
            raise
        if lock is not None:
            return lock
        time.sleep(nap)
        nap = min(2 * nap, _LONGEST_NAP)
        now = progress()
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            return None


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
