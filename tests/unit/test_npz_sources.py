"""Where `load_npz` and `open_npz` read from: bytes and file objects, as `numpy.load` does."""

from __future__ import annotations

import bz2
import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.errors import (
    CorruptDatasetError,
    DatasetNotFoundError,
    InvalidValueError,
    LimitExceededError,
    StorageError,
    UnsupportedError,
)
from medfast.npz import Limits, load_npz, open_npz

ARRAYS = {"a": np.arange(1000).reshape(10, 100), "b": np.array("text")}


def content() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **ARRAYS)
    return stream.getvalue()


def check(arrays: Any) -> None:
    assert list(arrays) == list(ARRAYS)
    for key, expected in ARRAYS.items():
        np.testing.assert_array_equal(arrays[key], expected)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_content_in_memory(kind: Any) -> None:
    check(load_npz(kind(content())))
    with open_npz(kind(content())) as arrays:
        check(arrays)


def test_arrays_do_not_depend_on_the_bytes() -> None:
    held = bytearray(content())
    with open_npz(held) as arrays:
        held[:] = bytes(len(held))
        check(arrays)


@pytest.mark.parametrize("buffering", [-1, 0])
def test_an_open_file(tmp_path: Path, buffering: int) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content())
    with path.open("rb", buffering=buffering) as file:
        check(load_npz(file))
        assert not file.closed


def test_a_file_is_read_from_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"before" + content())
    with path.open("rb") as file:
        file.seek(6)
        check(load_npz(file))
        file.seek(0)
        with pytest.raises(CorruptDatasetError, match=r"a\.npz: expected a zip archive"):
            load_npz(file)


def test_a_file_whose_name_is_of_another(tmp_path: Path) -> None:
    """The name of an open file may be that of another one by now."""
    path = tmp_path / "a.npz"
    path.write_bytes(content())
    with path.open("rb") as file:
        path.unlink()
        np.savez(path, other=np.arange(3))
        check(load_npz(file))


@pytest.mark.parametrize("make", [tempfile.TemporaryFile, tempfile.SpooledTemporaryFile])
def test_a_file_without_a_name(make: Any) -> None:
    with make() as file:
        file.write(content())
        file.seek(0)
        check(load_npz(file))


@pytest.mark.parametrize("compress", [gzip, bz2])
def test_a_stream_that_inflates(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "a.npz.compressed"
    path.write_bytes(compress.compress(content()))
    with compress.open(path) as file:
        check(load_npz(file))


class Dribble(io.RawIOBase):
    """Gives a byte at a time, and then fails or goes on for ever."""

    def __init__(self, ending: bytes | None) -> None:
        self.left, self.ending = io.BytesIO(content()), ending

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = self.left.read(min(size, 7))
        if part or self.ending == b"":
            return part
        if self.ending is None:
            raise OSError("the line is dead")
        return self.ending


def test_a_stream_that_comes_in_parts() -> None:
    check(load_npz(Dribble(b"")))


def test_a_stream_that_breaks() -> None:
    with pytest.raises(StorageError, match="<Dribble>: cannot be read: the line is dead"):
        load_npz(Dribble(None))


def test_a_stream_without_an_end() -> None:
    with pytest.raises(LimitExceededError, match="<Dribble>: a stream of more than 100000 bytes"):
        load_npz(Dribble(b"x" * 1000), limits=Limits(max_inflated_bytes=100_000))


def test_a_file_of_text() -> None:
    with pytest.raises(UnsupportedError, match=r'expected a file of bytes.*open it with mode "rb"'):
        load_npz(io.StringIO("text"))


def test_a_file_of_text_that_is_an_archive(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content())
    with (
        (tmp_path / "a.npz").open(encoding="utf-8") as file,
        tempfile.NamedTemporaryFile("w+", encoding="utf-8") as wrapped,
    ):
        wrapped.buffer.write(content())
        wrapped.seek(0)
        for text in (file, wrapped):
            with pytest.raises(
                UnsupportedError, match=r'found one of text; open it with mode "rb"'
            ):
                load_npz(text)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [None, 3, object(), ["a.npz"]])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(InvalidValueError, match="expected a path, bytes or a file") as caught:
        load_npz(source)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("path", ["a\0b", Path("a\0b"), "\ud800"])
def test_paths_that_make_no_sense(path: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"path: expected one .*; check where it comes"):
        load_npz(path)


def test_an_empty_path() -> None:
    with pytest.raises(DatasetNotFoundError, match=r"found ''; name the .npz file"):
        load_npz("")


@pytest.mark.parametrize("buffering", [-1, 0])
@pytest.mark.parametrize("mode", ["wb", "ab", "xb"])
def test_a_file_that_is_open_for_writing(tmp_path: Path, mode: Any, buffering: int) -> None:
    with (
        (tmp_path / "a.npz").open(mode, buffering) as file,
        pytest.raises(InvalidValueError, match=r'a\.npz: .*for writing only; .*mode "rb"'),
    ):
        load_npz(file)


def test_a_file_that_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content())
    with (tmp_path / "a.npz").open("rb") as file, io.BytesIO(content()) as stream:
        pass
    for closed in (file, stream):
        with pytest.raises(InvalidValueError, match="found a closed one; open it again"):
            load_npz(closed)
