"""Fetching the official files, over lines that break.

The transfer goes through requests and urllib3. (pooch, the usual choice for data files, starts a
broken transfer again from the first byte, and the largest file has 12.6 GB.)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from medfast import _native
from medfast.data.root import data_root
from medfast.errors import (
    ConfigError,
    CorruptDatasetError,
    DatasetNotFoundError,
    DownloadError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from medfast.data.catalog import DatasetInfo

_CHUNK = 1 << 15
_HASH_CHUNK = 1 << 20


class Progress(Protocol):
    """What `download` calls as bytes arrive."""

    def __call__(self, done_bytes: int, total_bytes: int | None, /) -> None:
        """Take note.

        Parameters
        ----------
        done_bytes : int
            Bytes on disk by now, those of an earlier, broken transfer among them. It falls back to
            0 when the transfer must start again.
        total_bytes : int or None
            Bytes of the whole file, when the server says.
        """


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, and how often to ask again.

    Attributes
    ----------
    connect_timeout : float
        Seconds to wait for a connection, for each address of the server.
    read_timeout : float
        Seconds without a byte after which a transfer counts as broken.
    retries : int
        How often a transfer is resumed that brought nothing new since the last time, and how often
        a server is asked again that answers 429 or 5xx. A connection is tried once more only, so
        that being offline is known soon.
    backoff : float
        Seconds before the second retry; doubled for each one after it.
    longest_wait : float
        Upper bound in seconds on the wait before a retry, ``Retry-After`` included.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    retries: int = 5
    backoff: float = 0.5
    longest_wait: float = 60.0


def download(
    info: DatasetInfo,
    *,
    size: int = 28,
    root: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Path:
    """Fetch the file of a set into the root, unless it is there with the right MD5.

    The bytes are collected in ``<file>.part``, which outlives an interruption: the next call goes
    on where this one stopped. The file appears under its own name only when its MD5 is right.
    Processes that ask for it at the same time take turns (``<file>.lock``), so that it is fetched
    once.

    Parameters
    ----------
    info : DatasetInfo
        The set.
    size : int
        Size of its images in pixels.
    root : path, optional
        See `medfast.data.root.data_root`. Made when missing.
    progress : Progress, optional
        Called with ``(done_bytes, total_bytes)``.
    patience : Patience, optional
        Timeouts and retries.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError
        If the set has no such size, or requests is not installed.
    CorruptDatasetError
        If a file of that name is there with another MD5. It is left alone: it may be the user's.
    DownloadError
        If the file could not be fetched, or what came has another MD5.
    StorageError
        If the root cannot be written, or has no space.
    """
    name = info.file_name(size)
    md5 = info.md5[size]
    progress = _silent if progress is None else progress
    patience = Patience() if patience is None else patience
    target = data_root(root) / name
    if _is_present(target, md5):
        return target
    with _alone(target):
        # Another process may have fetched it while this one waited for its turn.
        if _is_present(target, md5):
            return target
        with contextlib.closing(_Part(target.with_name(f"{name}.part"))) as part:
            try:
                _fill(part, info.url(size), md5, progress, patience)
            except DownloadError as error:
                kept = f"; {part.length:,} bytes are kept for the next try" if part.length else ""
                hint = by_hand(info, size, target)
                raise DownloadError(f"cannot fetch {name}: {error}{kept}; {hint}") from error
            part.rename(target)
    return target


def by_hand(info: DatasetInfo, size: int, target: Path) -> str:
    """Say how to do without `download`.

    Parameters
    ----------
    info : DatasetInfo
        The set.
    size : int
        Size of its images in pixels.
    target : Path
        Where the file belongs.
    """
    return f"to do it by hand, save {info.url(size)} as {target} (MD5 {info.md5[size]})"


def md5_of(path: Path) -> str:
    """Compute the MD5 of a file, in hexadecimal.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DatasetNotFoundError
        If there is no such file.
    StorageError
        If it cannot be read.
    """
    md5 = hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_HASH_CHUNK):
                md5.update(chunk)
    except (FileNotFoundError, NotADirectoryError):
        raise DatasetNotFoundError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise StorageError(
            f"cannot read {path}: {error.strerror or error}; check its permissions"
        ) from error
    return md5.hexdigest()


def _is_present(target: Path, md5: str) -> bool:
    try:
        came = md5_of(target)
    except DatasetNotFoundError:
        return False
    if came != md5:
        raise CorruptDatasetError(
            f"{target}: expected MD5 {md5}, came {came}; move it away to fetch the official file, "
            "or open it by its path as a set of your own"
        )
    return True


def _silent(_done_bytes: int, _total_bytes: int | None, /) -> None:
    pass


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep other processes out while one of them writes beside `target`."""
    try:
        import filelock
        import requests  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"downloading needs {error.name}: pip install 'medfast[cli]'") from error
    path = target.with_name(f"{target.name}.lock")
    lock = filelock.FileLock(path)
    with _storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
        # Whoever still waits on the removed file finds `target` complete, so no harm comes of it.
        path.unlink(missing_ok=True)
    finally:
        lock.release()


@contextlib.contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; "
            "make room there, or choose another root with MEDMNIST_ROOT"
        ) from error


class _Part:
    """The bytes that have come so far, and their MD5, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.length = 0
        self.validator: str | None = None
        """What to send as If-Range: a name for the version that the bytes are of."""
        self._md5 = hashlib.md5(usedforsecurity=False)
        with _storing(path):
            # Unbuffered: what is written survives a kill, and closing cannot fail a second time.
            self._file = path.open("a+b", buffering=0)
            self._file.seek(0)
            while chunk := self._file.read(_HASH_CHUNK):
                self._md5.update(chunk)
                self.length += len(chunk)
        self.pieced = self.length > 0
        """Whether the bytes come from more than one answer."""

    def close(self) -> None:
        self._file.close()
        if self.length == 0:
            self.path.unlink(missing_ok=True)

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        with _storing(self.path):
            while rest:
                rest = rest[self._file.write(rest) :]
        self._md5.update(chunk)
        self.length += len(chunk)

    def restart(self) -> None:
        """Forget every byte."""
        with _storing(self.path):
            self._file.truncate(0)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.length = 0
        self.pieced = False
        self.validator = None

    def make_sure_of_room(self, total: int) -> None:
        with _storing(self.path):
            free = shutil.disk_usage(self.path.parent).free
        if total - self.length > free:
            raise StorageError(
                f"{self.path.parent} has {free:,} bytes free and needs {total - self.length:,}; "
                "make room there, or choose another root with MEDMNIST_ROOT"
            )

    def rename(self, target: Path) -> None:
        with _storing(target):
            os.fsync(self._file.fileno())
            self._file.close()
            self.path.replace(target)
            if os.name == "posix":
                folder = os.open(target.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)


class _BrokenTransferError(Exception):
    """The bytes stopped coming before the last one; asking for the rest may help."""


def _fill(part: _Part, url: str, md5: str, progress: Progress, patience: Patience) -> None:
    """Make the bytes of `part` those of the wanted MD5."""
    if part.md5 == md5:
        return
    _transfer(part, url, progress, patience)
    if part.md5 != md5 and part.pieced:
        # The pieces may be of two versions, or the disk lost some of the first in a crash.
        part.restart()
        _transfer(part, url, progress, patience)
    if part.md5 != md5:
        came = part.md5
        part.restart()
        raise DownloadError(f"expected MD5 {md5}, came {came}")


def _transfer(part: _Part, url: str, progress: Progress, patience: Patience) -> None:
    """Fetch all bytes that `part` lacks, in as many pieces as the line needs."""
    idle = 0
    with _session(patience) as session:
        while True:
            held = part.length
            try:
                return _receive(part, session, url, progress, patience)
            except _BrokenTransferError as error:
                idle = 0 if part.length > held else idle + 1
                if idle > patience.retries:
                    raise DownloadError(str(error)) from error
            time.sleep(min(patience.backoff * 2**idle, patience.longest_wait))


def _receive(
    part: _Part, session: requests.Session, url: str, progress: Progress, patience: Patience
) -> None:
    """Ask once for what `part` lacks and take what comes."""
    import requests

    headers = {}
    if part.length:
        headers["Range"] = f"bytes={part.length}-"
        if part.validator:
            headers["If-Range"] = part.validator
    timeout = (patience.connect_timeout, patience.read_timeout)
    try:
        response = session.get(url, headers=headers, stream=True, timeout=timeout)
    except requests.RequestException as error:
        raise DownloadError(_reason(error)) from error
    with response:
        total = _align(part, response)
        if total is not None:
            part.make_sure_of_room(total)
        progress(part.length, total)
        try:
            for chunk in response.iter_content(_CHUNK):
                part.write(chunk)
                progress(part.length, total)
        except requests.RequestException as error:
            raise _BrokenTransferError(_reason(error)) from error
    if total is not None and part.length != total:
        raise _BrokenTransferError(f"{part.length:,} of {total:,} bytes came")


def _align(part: _Part, response: requests.Response) -> int | None:
    """Bring `part` to the byte where the answer begins; return the length of the whole file."""
    if response.status_code == 200:
        part.restart()
        part.validator = _validator(response)
        # The length of an encoded body says nothing about the file.
        encoded = "Content-Encoding" in response.headers
        return None if encoded else _number(response.headers.get("Content-Length"))
    if response.status_code == 206:
        answer = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "")
        )
        if answer and _number(answer[1]) == part.length:
            part.pieced = True
            part.validator = part.validator or _validator(response)
            return _number(answer[2])
    elif not (response.status_code == 416 and part.length):
        raise DownloadError(f"the server answered {response.status_code} {response.reason}")
    part.restart()
    raise _BrokenTransferError("the server does not send the missing bytes")


def _validator(response: requests.Response) -> str | None:
    etag = response.headers.get("ETag", "")
    # RFC 9110, 13.1.5: a weak tag is no promise of equal bytes.
    strong = etag if etag.startswith('"') else None
    return strong or response.headers.get("Last-Modified")


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,18}", text) else None


def _session(patience: Patience) -> requests.Session:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import BaseHTTPResponse, Retry

    class CappedRetry(Retry):
        def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, patience.longest_wait)

    retry = CappedRetry(
        total=None,
        connect=1,
        read=patience.retries,
        status=patience.retries,
        other=1,
        status_forcelist=(429, 500, 502, 503, 504),
        backoff_factor=patience.backoff,
        backoff_max=patience.longest_wait,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = f"medfast/{_native.build_info()['version']}"
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _reason(error: requests.RequestException) -> str:
    """Dig the last cause out of the layers that requests and urllib3 wrap around it."""
    cause: object = error
    while isinstance(cause, Exception):
        inner = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        if not isinstance(inner, Exception):
            break
        cause = inner
    return re.sub(r"^<?HTTPS?Connection\w*\(.*?\)>?: ", "", str(cause))
