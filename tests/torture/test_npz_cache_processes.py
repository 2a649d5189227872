"""The cache under many processes at once, killed ones, stopped ones, and too little memory."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from medfast.npz import _cache_maps, cache, load_npz, save_npz

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")

KEYS = ("train_images", "train_labels", "test_images")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MEDFAST_CACHE", str(folder))
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "set.npz"
    arrays = {key: rng.integers(0, 9, (2000, 28, 28), np.uint8) for key in KEYS}
    save_npz(path, arrays, level=1)
    return path


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def expected(archive: Path) -> list[int]:
    return [int(array.sum()) for array in load_npz(archive).values()]


LOAD = """
import sys
from medfast.npz import _cache_maps, load_npz
make = _cache_maps._temporary
def told(folder, member):
    print("decodes", member, flush=True)
    return make(folder, member)
_cache_maps._temporary = told
print("sums", [int(array.sum()) for array in load_npz(sys.argv[1], mmap=True).values()])
"""


@pytest.mark.parametrize("_again", range(3))
def test_one_decodes_and_all_read(archive: Path, _again: int) -> None:
    children = [python(LOAD, archive) for _ in range(8)]
    outputs = [child.communicate()[0].splitlines() for child in children]
    sums = f"sums {expected(archive)}"
    assert [lines[-1] for lines in outputs] == [sums] * len(children)
    decoded = [len(lines) - 1 for lines in outputs]
    assert sorted(decoded) == [0] * 7 + [len(KEYS)]
    (entry,) = cache.entries()
    assert cache.verify(entry) == []
    assert not list(entry.folder.glob("*.tmp"))


# A process that stops at a step of decoding, after saying so.
STUCK = """
import os, sys, time
from medfast.npz import _cache_maps, load_npz
def stop(*_):
    print("there", flush=True)
    time.sleep(1000)
{where} = stop
load_npz(sys.argv[1], mmap=True)
"""
STEPS = {
    "locked": "_cache_maps._check_space",
    "with files": "_cache_maps.Path.chmod",
    "one renamed": "_cache_maps._flush_folder",
}


@contextmanager
def stuck(archive: Path, step: str) -> Iterator[subprocess.Popen[str]]:
    child = python(STUCK.format(where=STEPS[step]), archive)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "there\n"
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_process_leaves_its_lock_and_its_litter_is_removed(
    archive: Path, step: str
) -> None:
    with stuck(archive, step) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        arrays = load_npz(archive, mmap=True)
    assert [int(array.sum()) for array in arrays.values()] == expected(archive)
    (entry,) = cache.entries()
    assert (entry.arrays, cache.verify(entry)) == (len(KEYS), [])
    assert not list(entry.folder.glob("*.tmp"))


def test_one_that_makes_no_progress_is_not_waited_for(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_cache_maps, "PATIENCE", 0.2)
    with stuck(archive, "with files") as child:
        os.kill(child.pid, signal.SIGSTOP)
        arrays = load_npz(archive, mmap=True)
        assert [int(array.sum()) for array in arrays.values()] == expected(archive)
        # What it still holds is left to it.
        (entry,) = cache.entries()
        assert len(list(entry.folder.glob("*.tmp"))) == len(KEYS)


def test_a_waiter_can_be_interrupted(archive: Path) -> None:
    with stuck(archive, "locked"):
        waiter = python(
            "import sys\nfrom medfast.npz import _cache_maps, load_npz\n"
            "wait = _cache_maps.wait_for_lock\n"
            "def told(*arguments):\n    print('waits', flush=True)\n    return wait(*arguments)\n"
            "_cache_maps.wait_for_lock = told\n"
            "try:\n    load_npz(sys.argv[1], mmap=True)\n"
            "except KeyboardInterrupt:\n    print('interrupted')",
            archive,
        )
        assert waiter.stdout is not None
        assert waiter.stdout.readline() == "waits\n"
        waiter.send_signal(signal.SIGINT)
        assert waiter.communicate(timeout=60)[0] == "interrupted\n"


def test_a_cache_that_is_cleared_all_the_time(archive: Path) -> None:
    code = (
        "import sys, warnings\nfrom medfast.npz import load_npz\nwarnings.simplefilter('ignore')\n"
        "print({tuple(int(array.sum()) for array in load_npz(sys.argv[1], mmap=True).values())\n"
        "       for _ in range(20)})"
    )
    children = [python(code, archive) for _ in range(3)]
    while any(child.poll() is None for child in children):
        for entry in cache.entries():
            cache.clear(entry)
    sums = f"{{{tuple(expected(archive))}}}\n"
    assert [child.communicate()[0] for child in children] == [sums] * 3
    assert [child.returncode for child in children] == [0] * 3


def test_a_process_forked_while_another_thread_decodes_does_not_keep_the_lock(
    archive: Path,
) -> None:
    code = """
import os, sys, time
from medfast.npz import _cache_maps, load_npz
check = _cache_maps._check_space
def fork(*arguments):
    if os.fork() == 0:
        time.sleep(1000)
    check(*arguments)
_cache_maps._check_space = fork
load_npz(sys.argv[1], ["test_images"], mmap=True)
print("done", flush=True)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code, archive],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        (entry,) = cache.entries()
        lock = _cache_maps.try_lock(entry.folder / "lock")
        assert lock is not None
        with lock:
            pass
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


# Larger than memory

MIB = 1 << 20
LARGE = 400 * MIB
# What decoding into the cache may take beyond what the process has, for an archive of any size.
MOST = 64 * MIB


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    piece = rng.integers(0, 24, MIB, np.uint8)
    path = tmp_path_factory.mktemp("large") / "large.npz"
    save_npz(path, {"images": np.tile(piece, LARGE // MIB)}, level=1)
    return path


BOUNDED = """
import gc, pickle, resource, sys
import numpy as np
from medfast.npz import load_npz
limit, most = getattr(resource, sys.argv[2]), int(sys.argv[3])
status = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("Vm"))
has = {"RLIMIT_AS": "VmSize", "RLIMIT_DATA": "VmData"}[sys.argv[2]]
bound = int(status[has].split()[0]) * 1024 + most
def peak():
    # Not getrusage's, which a process has from the one that started it.
    status = open("/proc/self/status").read()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
before = peak()
resource.setrlimit(limit, (bound, bound))
try:
    image = load_npz(sys.argv[1], mmap=True)["images"]
    print("mapped", int(image[-1]), end=" ")
except MemoryError:
    print("not mapped 0", end=" ")
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and Linux's limits")
def test_a_file_larger_than_memory_is_decoded_in_bounded_memory(large: Path) -> None:
    """`RLIMIT_DATA` counts what a process has for itself, which maps of files are not."""
    child = python(BOUNDED, large, "RLIMIT_DATA", MOST)
    state, value, peak = child.communicate()[0].rsplit(maxsplit=2)
    assert state == "mapped"
    assert int(peak) < MOST
    (image,) = load_npz(large, mmap=True).values()
    assert int(value) == int(image[-1])
    assert image.nbytes == LARGE
    assert cache.verify(cache.entries()[0]) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and Linux's limits")
def test_a_file_larger_than_the_address_space_is_decoded_all_the_same(large: Path) -> None:
    """No map fits, of the archive or of the array; the cache is filled for others."""
    assert large.stat().st_size > MOST
    child = python(BOUNDED, large, "RLIMIT_AS", MOST)
    state, _, peak = child.communicate()[0].rsplit(maxsplit=2)
    assert state == "not mapped"
    assert int(peak) < MOST
    (entry,) = cache.entries()
    assert (entry.arrays, cache.verify(entry)) == (1, [])


def test_pickled_maps_need_no_decoding(archive: Path) -> None:
    sent = pickle.dumps(load_npz(archive, mmap=True))
    assert len(sent) < 2000
    arrays = pickle.loads(sent)  # noqa: S301
    assert [int(array.sum()) for array in arrays.values()] == expected(archive)
