"""Downloads over lines, servers and disks that fail."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from loopback import Answer, Loopback
from medfast.data.catalog import DatasetInfo, lookup
from medfast.data.download import Patience, download
from medfast.errors import ConfigError, CorruptDatasetError, DownloadError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = np.random.default_rng(7).bytes(400_000)
QUICK = Patience(connect_timeout=2, read_timeout=0.3, retries=3, backoff=0.01, longest_wait=0.05)


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


MD5 = md5_of(BODY)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Loopback(BODY).running() as server:
        yield server


@pytest.fixture
def info(server: Loopback) -> DatasetInfo:
    return dataclasses.replace(lookup("breastmnist"), record_url=server.url, md5={28: MD5})


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()}


def assert_complete(root: Path) -> None:
    assert (root / "breastmnist.npz").read_bytes() == BODY
    assert names(root) == {"breastmnist.npz"}


class Calls(list[tuple[int, "int | None"]]):
    def __call__(self, done: int, total: int | None, /) -> None:
        self.append((done, total))


class Stopper:
    """A progress callback that ends the download, as Ctrl-C would, after some bytes."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, done: int, _total: int | None, /) -> None:
        if done >= self.after:
            raise KeyboardInterrupt


def interrupt(info: DatasetInfo, root: Path, after: int = 100_000) -> int:
    with pytest.raises(KeyboardInterrupt):
        download(info, root=root, progress=Stopper(after), patience=QUICK)
    held = (root / "breastmnist.npz.part").stat().st_size
    assert after <= held < len(BODY)
    return held


def test_a_file_comes_whole_and_alone(info: DatasetInfo, tmp_path: Path) -> None:
    calls = Calls()
    root = tmp_path / "new" / "root"
    assert download(info, root=root, progress=calls) == root / "breastmnist.npz"
    assert_complete(root)
    assert calls[0] == (0, len(BODY))
    assert calls[-1] == (len(BODY), len(BODY))
    assert calls == sorted(calls)


def test_a_right_file_is_not_fetched_again(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    (tmp_path / "breastmnist.npz").write_bytes(BODY)
    download(info, root=tmp_path)
    assert server.requests == []


def test_a_wrong_file_is_left_alone(server: Loopback, info: DatasetInfo, tmp_path: Path) -> None:
    target = tmp_path / "breastmnist.npz"
    target.write_bytes(b"my own")
    came = md5_of(b"my own")
    with pytest.raises(CorruptDatasetError, match=f"expected MD5 {MD5}, came {came}"):
        download(info, root=tmp_path)
    assert target.read_bytes() == b"my own"
    assert server.requests == []


@pytest.mark.parametrize("reset", [False, True])
def test_a_broken_connection_is_resumed(
    server: Loopback, info: DatasetInfo, tmp_path: Path, reset: bool
) -> None:
    server.script = [Answer(cut=100_000, reset=reset)] * 3
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert server.sent < 1.3 * len(BODY)
    assert "Range" not in server.requests[0]
    for request in server.requests[1:]:
        assert request["Range"] > "bytes=0"
        assert request["If-Range"] == server.etag


def test_a_line_may_break_more_often_than_retries_while_bytes_come(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(cut=70_000)] * (QUICK.retries + 1)
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)


def test_a_silent_server_is_left_and_asked_again(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    stall = threading.Event()
    server.script = [Answer(cut=100_000, stall=stall)]
    download(info, root=tmp_path, patience=QUICK)
    stall.set()
    assert_complete(tmp_path)
    assert server.requests[1]["Range"] > "bytes=0"


def test_an_interrupted_download_goes_on_in_the_next_call(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    held = interrupt(info, tmp_path)
    calls = Calls()
    download(info, root=tmp_path, progress=calls)
    assert_complete(tmp_path)
    assert server.requests[1]["Range"] == f"bytes={held}-"
    assert calls[0] == (held, len(BODY))


def test_a_killed_process_leaves_its_bytes_and_no_lock(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    stall = threading.Event()
    server.script = [Answer(cut=200_000, stall=stall)]
    part = tmp_path / "breastmnist.npz.part"
    process = start_download(info, tmp_path)
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 100_000):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    stall.set()
    held = part.stat().st_size
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert server.requests[1]["Range"] == f"bytes={held}-"


def test_a_server_without_ranges_starts_again(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(cut=100_000, ranges=False), Answer(ranges=False)]
    calls = Calls()
    download(info, root=tmp_path, progress=calls, patience=QUICK)
    assert_complete(tmp_path)
    assert calls.count((0, len(BODY))) == 2


def test_a_file_that_changes_between_two_pieces_starts_again(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    old = b"\0" * len(BODY)
    server.script = [Answer(cut=100_000, body=old, headers={"ETag": '"old"'})]
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert server.requests[1]["If-Range"] == '"old"'
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ETag": 'W/"weak"'}, None),
        (
            {"ETag": "", "Last-Modified": "Mon, 02 Jan 2023 03:04:05 GMT"},
            "Mon, 02 Jan 2023 03:04:05 GMT",
        ),
    ],
)
def test_only_a_strong_validator_is_sent(
    server: Loopback,
    info: DatasetInfo,
    tmp_path: Path,
    headers: dict[str, str],
    expected: str | None,
) -> None:
    server.script = [Answer(cut=100_000, headers=headers)]
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert server.requests[1].get("If-Range") == expected


def test_old_bytes_that_do_not_fit_are_thrown_away(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    (tmp_path / "breastmnist.npz.part").write_bytes(b"\0" * 1000)
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert [request.get("Range") for request in server.requests] == ["bytes=1000-", None]


def test_old_bytes_that_are_complete_need_no_server(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    (tmp_path / "breastmnist.npz.part").write_bytes(BODY)
    download(info, root=tmp_path)
    assert_complete(tmp_path)
    assert server.requests == []


def test_old_bytes_that_are_too_many_are_thrown_away(info: DatasetInfo, tmp_path: Path) -> None:
    (tmp_path / "breastmnist.npz.part").write_bytes(BODY + b"\0")
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)


def test_an_answer_that_begins_elsewhere_is_not_appended(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    elsewhere = {"Content-Range": f"bytes 5-{len(BODY) - 1}/{len(BODY)}"}
    server.script = [Answer(cut=100_000), Answer(headers=elsewhere)]
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert "Range" not in server.requests[2]


def test_wrong_bytes_are_thrown_away(server: Loopback, info: DatasetInfo, tmp_path: Path) -> None:
    server.body = b"<html>Please log in</html>"
    came = md5_of(server.body)
    with pytest.raises(DownloadError, match=f"expected MD5 {MD5}, came {came}"):
        download(info, root=tmp_path, patience=QUICK)
    assert names(tmp_path) == {"breastmnist.npz.lock"}
    assert len(server.requests) == 1


def test_a_busy_server_is_asked_again(server: Loopback, info: DatasetInfo, tmp_path: Path) -> None:
    server.script = [
        Answer(status=503),
        Answer(status=429, headers={"Retry-After": "3600"}),
        Answer(status=500),
    ]
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)


def test_a_server_that_stays_busy_is_named(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(status=503)] * 20
    with pytest.raises(DownloadError, match="answered 503 Service Unavailable"):
        download(info, root=tmp_path, patience=QUICK)
    assert len(server.requests) == 1 + QUICK.retries


def test_a_missing_file_is_not_asked_for_again(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(status=404)]
    with pytest.raises(DownloadError, match="answered 404 Not Found"):
        download(info, root=tmp_path, patience=QUICK)
    assert len(server.requests) == 1
    assert "breastmnist.npz" not in names(tmp_path)


def test_a_line_that_stays_broken_is_given_up_and_its_bytes_are_kept(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(cut=100_000), *[Answer(cut=0)] * 20]
    with pytest.raises(DownloadError, match=r"[\d,]+ bytes are kept for the next try"):
        download(info, root=tmp_path, patience=QUICK)
    assert len(server.requests) == 2 + QUICK.retries
    assert "breastmnist.npz" not in names(tmp_path)
    server.script = []
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)


def test_an_answer_without_a_length_is_taken(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    server.script = [Answer(headers={"Content-Length": ""})]
    calls = Calls()
    download(info, root=tmp_path, progress=calls, patience=QUICK)
    assert_complete(tmp_path)
    assert calls[-1] == (len(BODY), None)


def test_an_answer_may_be_compressed_on_the_way(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    packed = gzip.compress(BODY, 1)
    server.script = [Answer(body=packed, headers={"Content-Encoding": "gzip"})]
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)
    assert server.requests[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "http://nowhere.invalid"])
def test_being_offline_is_known_soon_and_says_what_to_do(
    info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    info = dataclasses.replace(info, record_url=url.format(port=port))
    begin = time.monotonic()
    with pytest.raises(DownloadError) as caught:
        download(info, root=tmp_path)
    assert time.monotonic() - begin < 10
    message = str(caught.value)
    assert info.url(28) in message
    assert str(tmp_path / "breastmnist.npz") in message
    assert MD5 in message
    assert "HTTPConnection" not in message


def test_a_disk_without_room_is_known_before_the_transfer(
    info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=1000))
    with pytest.raises(StorageError, match="1,000 bytes free and needs 400,000"):
        download(info, root=tmp_path, patience=QUICK)
    assert "breastmnist.npz" not in names(tmp_path)


def test_a_disk_that_fills_up_leaves_nothing_under_the_name(
    info: DatasetInfo, tmp_path: Path
) -> None:
    # A file that may not grow fails where a full disk does: in write().
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(StorageError, match=r"breastmnist\.npz\.part"):
            download(info, root=tmp_path, patience=QUICK)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "breastmnist.npz" not in names(tmp_path)
    download(info, root=tmp_path, patience=QUICK)
    assert_complete(tmp_path)


def test_a_file_that_cannot_be_read(info: DatasetInfo, tmp_path: Path) -> None:
    (tmp_path / "breastmnist.npz").mkdir()
    with pytest.raises(StorageError, match=r"cannot read .*: Is a directory"):
        download(info, root=tmp_path)


def test_a_root_that_cannot_be_made(info: DatasetInfo, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="MEDMNIST_ROOT"):
        download(info, root=tmp_path / "file" / "root")


def test_processes_at_once_fetch_the_file_once(
    server: Loopback, info: DatasetInfo, tmp_path: Path
) -> None:
    stall = threading.Event()
    server.script = [Answer(cut=100_000, stall=stall)]
    processes = [start_download(info, tmp_path, read_timeout=20) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "start\n"
    time.sleep(0.3)
    stall.set()
    for process in processes:
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
    assert_complete(tmp_path)
    assert server.sent < 1.2 * len(BODY)


@pytest.mark.parametrize("package", ["requests", "filelock"])
def test_a_missing_package_is_named(
    info: DatasetInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"{package}: pip install 'medfast\[cli\]'"):
        download(info, root=tmp_path / "root")
    assert names(tmp_path) == set()


def test_an_unknown_size(info: DatasetInfo, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="its sizes are 28"):
        download(info, size=30, root=tmp_path)


def start_download(
    info: DatasetInfo, root: Path, *, read_timeout: float = 5
) -> subprocess.Popen[str]:
    code = (
        "import dataclasses, sys\n"
        "from medfast.data.catalog import lookup\n"
        "from medfast.data.download import Patience, download\n"
        "url, md5, root, timeout = sys.argv[1:]\n"
        "info = dataclasses.replace(lookup('breastmnist'), record_url=url, md5={28: md5})\n"
        "print('start', flush=True)\n"
        "download(info, root=root, patience=Patience(read_timeout=float(timeout)))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, info.record_url, MD5, str(root), str(read_timeout)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
