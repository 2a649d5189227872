"""Archives made to do harm: each is a typed error that names the member and its place, or harmless.

`tests/support/zip_bytes.py` makes them byte by byte. Every attack is read in every way there is.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.errors import (
    CorruptDatasetError,
    InternalError,
    LimitExceededError,
    MedfastError,
    UnsupportedError,
)
from medfast.npz import Limits, load_npz, open_npz
from medfast.npz.inspection import inspect_npz
from zip_bytes import Bits, Member, archive, array, deflate, dynamic_block, npy

Corrupt, Limit, Unsupported = CorruptDatasetError, LimitExceededError, UnsupportedError
MEMBER = 'member "a.npy" at byte 0: '


class Evil:
    """Leaves a trace if it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([Evil()], object), allow_pickle=True)
    return stream.getvalue()


def stream(bits: Bits, **lies: Any) -> bytes:
    return archive(array(stream=bits.done() + bytes(40), **lies))


def fixed(*symbols: tuple[int, int]) -> Bits:
    bits = Bits().put(1, 1).put(1, 2)
    for value, width in symbols:
        bits.code(value, width)
    return bits


def of_zeros(size: int) -> Member:
    content = npy(bytes(size), shape=f"({size},)")
    return array(content, stream=deflate(content, 9))


END64 = struct.Struct("<4sQHHIIQQQQ")
LOCATOR64 = struct.Struct("<4sIQI")


def with_zip64(at: Callable[[int], int], count: int = 1, size: int | None = None) -> bytes:
    """Say what the end of an archive says again in zip64's records, with a lie."""
    plain = archive(array())
    body, end = plain[:-22], plain[-22:]
    start = struct.unpack_from("<I", end, 16)[0]
    length = len(body) - start if size is None else size
    record = END64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
    return body + record + LOCATOR64.pack(b"PK\6\7", 0, at(len(body)), 1) + end


ATTACKS: dict[str, tuple[bytes, type[MedfastError], str]] = {
    # Sizes that lie
    "size smaller": (
        archive(array(npy(shape="(3,)"), size=71)), Corrupt, MEMBER + "inflates to more or fewer",
    ),
    "size larger": (
        archive(array(npy(shape="(5,)"), size=73)), Corrupt, MEMBER + "inflates to more or fewer",
    ),
    "size of half a header": (archive(array(size=20)), Corrupt, MEMBER + "ends inside its .npy"),
    "size of more than the shape": (archive(array(size=500)), Corrupt, MEMBER + "shape and dtype"),
    "size beyond deflate": (
        archive(array(size=10**8)), Corrupt, MEMBER + r"\d+ deflated bytes cannot hold",
    ),
    "size of 4 GB stored": (
        archive(array(method=0, size=4 * 10**9, compressed=4 * 10**9)),
        Corrupt, MEMBER + "its bytes reach into the archive's directory",
    ),
    "compressed size larger": (
        archive(array(compressed=10**6)), Corrupt, MEMBER + "its bytes reach into",
    ),
    "stored sizes differ": (
        archive(array(method=0, size=50)), Corrupt, MEMBER + "is stored, but in 72 bytes",
    ),
    # The local header against the directory
    **{
        f"local {field}": (
            archive(array(local={field: lie})), Corrupt, MEMBER + "its local header and .*" + word
        )
        for field, lie, word in (
            ("size", 7, "size"), ("compressed", 3, "compressed size"), ("crc32", 1, "CRC-32"),
            ("name", b"b.npy", "name"), ("method", 0, "method"),
        )
    },
    "no local header": (archive(array(offset=9)), Corrupt, "at byte 9: "),
    "local header beyond the end": (archive(array(offset=10**9)), Corrupt, "at byte 1000000000: "),
    # Members over each other
    "overlap": (
        archive(array(), array(name=b"b.npy", offset=5)), Corrupt, "overlap those of",
    ),
    "one member a thousand times": (
        archive(of_zeros(10**6), copies=1000), Corrupt, "its bytes overlap those of",
    ),
    "nested in another's data": (
        archive(array(archive(array()), method=0), array(name=b"b.npy", offset=35)),
        Corrupt, "overlap",
    ),
    # The end records
    "more members than there are": (archive(array(), count=2), Corrupt, "states 2 members"),
    "fewer members than there are": (archive(array(), count=0), Corrupt, "states 0 members"),
    "65,535 members": (archive(array(), count=65_535), Corrupt, "states 65535 members"),
    "directory elsewhere": (archive(array(), start=3), Corrupt, "directory is stated at bytes 3"),
    "end record in the comment": (
        archive(array(), comment=b"PK\5\6" + bytes(18)), Corrupt, "directory is stated at",
    ),
    "zip64 record of itself": (with_zip64(lambda at: at + 56), Corrupt, "zip64 locator points"),
    "zip64 record far away": (with_zip64(lambda at: 2**63), Corrupt, "zip64 locator points"),
    "zip64 of 2^60 members": (with_zip64(lambda at: at, count=2**60), Corrupt, "disagree"),
    "zip64 of a larger directory": (with_zip64(lambda at: at, size=2**63), Corrupt, "disagree"),
    "something before it": (b"MZ" + archive(array()), Corrupt, "expected a zip archive"),
    "something behind it": (archive(array()) + b"more", Corrupt, "comment of 0 bytes, but 4"),
    # Checksums and deflate
    "wrong CRC-32": (archive(array(crc32=7)), Corrupt, MEMBER + "expected CRC-32 00000007"),
    "wrong CRC-32, stored": (archive(array(method=0, crc32=7)), Corrupt, MEMBER + "expected CRC"),
    "block of type 3": (stream(Bits().put(7, 3)), Corrupt, MEMBER + "the deflated bytes"),
    "stored block of two lengths": (
        stream(Bits().put(1, 8).put(5, 16).put(5, 16)), Corrupt, MEMBER + "the deflated bytes",
    ),
    "distance before the start": (
        stream(fixed((0b0000001, 7), (4, 5))), Corrupt, MEMBER + "the deflated bytes",
    ),
    "distance symbol 31": (
        stream(fixed((0b01111000, 8), (0b0000001, 7), (31, 5))), Corrupt, MEMBER,
    ),
    "length symbol 287": (stream(fixed((0b11000111, 8))), Corrupt, MEMBER),
    "no codes for lengths": (stream(dynamic_block({})), Corrupt, MEMBER),
    "too many codes for lengths": (
        stream(dynamic_block(dict.fromkeys(range(19), 1))), Corrupt, MEMBER,
    ),
    "too few codes for lengths": (stream(dynamic_block({1: 2, 2: 2})), Corrupt, MEMBER),
    "a repeat of nothing": (
        stream(dynamic_block({16: 1, 1: 1}).code(1, 1).put(0, 2)), Corrupt, MEMBER,
    ),
    "a repeat beyond the codes": (
        stream(dynamic_block({18: 1, 1: 1}).code(1, 1).put(127, 7).code(1, 1).put(127, 7)
               .code(1, 1).put(127, 7)), Corrupt, MEMBER,
    ),
    "no code for the end": (
        stream(dynamic_block({18: 1, 1: 1}).code(0, 1).code(0, 1).code(1, 1).put(127, 7)
               .code(1, 1).put(106, 7)), Corrupt, MEMBER,
    ),
    "286 and more literals": (stream(dynamic_block({0: 1, 1: 1}, literals=288)), Corrupt, MEMBER),
    "endless empty blocks": (
        archive(array(stream=bytes([0, 0, 0, 255, 255]) * 1000)), Corrupt, MEMBER,
    ),
    "a stream that ends": (archive(array(stream=deflate(npy())[:20])), Corrupt, MEMBER),
    "encrypted": (archive(array(flags=1)), Unsupported, MEMBER + "is encrypted"),
    # Headers of arrays
    "pickled objects": (archive(array(pickled())), Unsupported, MEMBER + "holds Python objects"),
    "objects in a field": (
        archive(array(npy(descr="[('a', '|O'), ('b', '<f4')]"))), Unsupported, "Python objects",
    ),
    "code": (
        archive(array(npy(text="{'descr': __import__('os').mkdir('ran'), 'shape': ()}\n"))),
        Corrupt, MEMBER + "expected .* at character 10",
    ),
    "a product of numbers": (
        archive(array(npy(shape="(2**2**2**2**2**2,)"))), Corrupt, MEMBER + "expected",
    ),
    "negative": (archive(array(npy(shape="(-4,)"))), Corrupt, MEMBER + "expected"),
    "negative twice": (archive(array(npy(shape="(-2, -2)"))), Corrupt, MEMBER + "expected"),
    "overflow": (
        archive(array(npy(shape="(4294967296, 4294967297)"))), Corrupt, MEMBER + ".*overflow",
    ),
    "overflow to the right size": (
        archive(array(npy(shape="(4611686018427387904, 4, 4, 4)"))), Corrupt, MEMBER + ".*overflow",
    ),
    "overflow beside a zero": (
        archive(array(npy(b"", shape="(0, 4294967296, 4294967297)"))), Corrupt, ".*overflow",
    ),
    "a number of many digits": (
        archive(array(npy(shape=f"({'9' * 60_000},)"))), Corrupt, MEMBER + "expected a number",
    ),
    "many axes": (archive(array(npy(shape=f"({'1, ' * 100})"))), Corrupt, MEMBER + "expected"),
    "deep": (archive(array(npy(descr="[" * 30_000))), Unsupported, MEMBER + ".*nests deeper"),
    "deep tuples": (archive(array(npy(shape="(" * 30_000))), Unsupported, ".*nests deeper"),
    "unterminated": (archive(array(npy(text="{'descr': '|u1"))), Corrupt, MEMBER),
    "keys twice": (
        archive(array(npy(text="{'descr': '|u1', 'descr': '|u1', 'shape': (4,)}\n"))),
        Corrupt, MEMBER + ".*once each",
    ),
    "nulls": (archive(array(npy(text="\0" * 100))), Corrupt, MEMBER),
    "header longer than the file": (archive(array(npy(length=60_000))), Corrupt, MEMBER),
    "header of 4 GB": (
        archive(array(npy(version=2, length=2**32 - 1))), Limit, MEMBER + "a .npy header of 429496",
    ),
    "strings of 2^60 bytes": (
        archive(array(npy(descr="'|S1152921504606846976'"))), Corrupt, MEMBER,
    ),
    "a sub-array of 2^62": (
        archive(array(npy(descr="[('a', '|u1', (2147483648, 2147483648))]"))), Corrupt, MEMBER,
    ),
    "more data than the shape": (archive(array(npy(shape="(3,)"))), Corrupt, "found 4"),
    "less data than the shape": (archive(array(npy(shape="(5,)"))), Corrupt, "found 4"),
}  # fmt: skip

FIELDS = "[" + "".join(f"('{number:05}', '|u1'), " for number in range(2500)) + "]"

LIMITED: dict[str, tuple[bytes, Limits, str]] = {
    "bomb": (archive(of_zeros(10**7)), Limits(max_inflated_bytes=10**6), "10000075 bytes in all"),
    "bomb, by its ratio": (archive(of_zeros(10**7)), Limits(max_ratio=100), "would inflate to 10"),
    "bomb in parts": (
        archive(*(array(npy(bytes(10**5), shape="(100000,)"), name=b"%d.npy" % number)
                  for number in range(20))),
        Limits(max_inflated_bytes=10**6), "in all, more than the limit of 1000000",
    ),
    "members": (
        archive(array(method=0, content=b""), copies=1000), Limits(max_members=999), "1000 members",
    ),
    "names": (
        archive(*(Member(name=b"%060000d" % number) for number in range(20))),
        Limits(max_directory_bytes=10**6), "a directory of 12",
    ),
    "headers": (
        archive(*(array(npy(b"", descr=FIELDS, shape="(0,)"), name=b"%d.npy" % number)
                  for number in range(3))),
        Limits(max_total_header_bytes=100_000), r".npy headers of \d+ bytes in all, more than",
    ),
    "axes": (archive(array(npy(shape="(1, 1, 1, 4)"))), Limits(max_dims=3), "4 axes, more than"),
}  # fmt: skip


def read_whole(path: Path, limits: Limits) -> None:
    load_npz(path, limits=limits, threads=2)


def read_bytes(path: Path, limits: Limits) -> None:
    load_npz(path.read_bytes(), limits=limits)


def read_stream(path: Path, limits: Limits) -> None:
    load_npz(io.BytesIO(path.read_bytes()), limits=limits)


def read_lazily(path: Path, limits: Limits) -> None:
    with open_npz(path, limits=limits) as arrays:
        for key in arrays:
            arrays[key]


def read_mapped(path: Path, limits: Limits) -> None:
    load_npz(path, mmap=True, limits=limits)


WAYS = [read_whole, read_bytes, read_stream, read_lazily, read_mapped]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_a_typed_error(name: str, way: Any, tmp_path: Path) -> None:
    content, error, words = ATTACKS[name]
    path = tmp_path / "evil.npz"
    path.write_bytes(content)
    with pytest.raises(error, match=words) as caught:
        way(path, Limits())
    assert "; " in str(caught.value)
    assert {file.name for file in tmp_path.iterdir()} <= {"evil.npz", "cache"}
    assert not list(tmp_path.rglob("*.npy"))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_told_by_info(name: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    path.write_bytes(ATTACKS[name][0])
    try:
        report = inspect_npz(path)
    except InternalError:
        raise
    except MedfastError:
        return
    assert not report.is_sound
    assert report.members[0].crc_state == "wrong"
    assert report.members[0].fault is not None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LIMITED)
def test_a_limit_holds(name: str, way: Any, tmp_path: Path) -> None:
    content, limits, words = LIMITED[name]
    path = tmp_path / "large.npz"
    path.write_bytes(content)
    if (name, way) in {("headers", read_lazily), ("bomb in parts", read_lazily)}:
        way(path, limits)  # one after another none is too large
        return
    with pytest.raises(LimitExceededError, match=words):
        way(path, limits)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_attacks_take_no_memory(tmp_path: Path) -> None:
    """All of them one after another, in every way, in a process that is told its peak."""
    files = [(content, Limits(max_inflated_bytes=10**6)) for content, _, _ in ATTACKS.values()]
    files += [(content, limits) for content, limits, _ in LIMITED.values()]
    (tmp_path / "files").write_bytes(pickle.dumps(files))
    code = """
import pickle, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from medfast.errors import MedfastError, InternalError
import io, numpy
from medfast.npz import load_npz, open_npz
files = pickle.loads(Path(sys.argv[1], "files").read_bytes())
path = Path(sys.argv[1], "evil.npz")
def ways(limits):
    yield lambda: load_npz(path, limits=limits)
    yield lambda: load_npz(path, limits=limits, mmap=True)
    yield lambda: [open_npz(path, limits=limits).info(key) for key in open_npz(path, limits=limits)]
def all_of_them():
    failed = 0
    for content, limits in files:
        path.write_bytes(content)
        for way in ways(limits):
            try:
                way()
            except InternalError:
                raise
            except MedfastError:
                failed += 1
    return failed
def peak():
    # Not getrusage's, which a process has from the one that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
before = peak()
all_of_them()
first = peak()
failed = all_of_them()
print(failed, peak() - first, first - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    failed, second, first = map(int, done.stdout.split())
    assert failed >= 2 * len(files)
    assert second < 8 << 20
    # The headers that are allowed for, and the threads.
    assert first < 64 << 20


# Files that change while they are open

LARGE = np.random.default_rng(0).integers(0, 256, 6 << 20, np.uint8)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """An archive that is mapped, since it is too large to be read at once."""
    path = tmp_path / "large.npz"
    np.savez(path, first=np.arange(3), large=LARGE)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="a mapped file cannot be cut short there")
@pytest.mark.parametrize("length", [0, 100, 3 << 20])
def test_a_file_that_shrinks_is_an_error(large: Path, length: int) -> None:
    with open_npz(large) as arrays:
        assert arrays.info("large").shape == LARGE.shape
        os.truncate(large, length)
        for use in (
            lambda: arrays["large"],
            lambda: arrays["first"],
            lambda: arrays.info("first"),
            lambda: arrays.rows("large", 3),
        ):
            with pytest.raises(CorruptDatasetError, match=f"bytes when .* has {length} now"):
                use()


def test_a_small_file_that_shrinks_was_read_before(tmp_path: Path) -> None:
    path = tmp_path / "small.npz"
    np.savez(path, a=np.arange(1000))
    with open_npz(path) as arrays:
        path.write_bytes(b"")
        np.testing.assert_array_equal(arrays["a"], np.arange(1000))


def test_a_file_that_is_replaced_stays_what_it_was(large: Path, tmp_path: Path) -> None:
    with open_npz(large) as arrays:
        np.savez(tmp_path / "other.npz", large=LARGE[::-1])
        (tmp_path / "other.npz").replace(large)
        np.testing.assert_array_equal(arrays["large"], LARGE)


def test_a_file_that_is_overwritten_is_an_error(large: Path) -> None:
    with open_npz(large) as arrays:
        with large.open("r+b") as file:
            file.seek(1 << 20)
            file.write(bytes(1000))
        with pytest.raises(CorruptDatasetError, match="CRC-32"):
            arrays["large"]


def test_of_members_with_one_name_the_last_is_read(tmp_path: Path) -> None:
    path = tmp_path / "twice.npz"
    path.write_bytes(archive(array(), array(npy(b"\7\7\7\7"))))
    assert load_npz(path)["a"].tolist() == [7, 7, 7, 7]
    assert load_npz(path, mmap=True)["a"].tolist() == [7, 7, 7, 7]
