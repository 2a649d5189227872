"""Arrays equal to those of `numpy.load`, and every agreed difference."""

from __future__ import annotations

import io
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.errors import CorruptDatasetError
from medfast.npz import Limits, load_npz

Reader = Callable[[Path], "dict[str, np.ndarray]"]


@pytest.fixture
def read(assert_same_arrays: Callable[..., None]) -> Reader:
    """Read a file after checking that numpy reads the same."""

    def read_both(path: Path) -> dict[str, np.ndarray]:
        ours = load_npz(path)
        with np.load(path) as theirs:
            assert_same_arrays(ours, dict(theirs))
        return ours

    return read_both


SCALARS = [
    *("?", "i1", "u1", "<i2", ">i2", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"),
    *("<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "g", "<c8", ">c8", "<c16", ">c16", "G"),
    *("S1", "S7", "<U1", ">U3", "V5", "<M8[ns]", ">M8[D]", "<M8[25s]", "<m8[us]", "M8", "m8"),
]
STRUCTURES: list[Any] = [
    [("a", "<i4"), ("b", ">f8")],
    [("a", "u1"), ("b", "<f4", (2, 3)), ("c", "S3", (2,))],
    [("a", [("b", "<i2"), ("c", [("d", "<U2"), ("e", "?")])]), ("f", "<M8[s]")],
    [(("title", "name"), "<i4"), ("größe", "<f8")],
    [("Σ", "<i4"), ("'quoted' \"twice\" \\ \n", "<f8")],
    np.dtype([("a", "u1"), ("b", "<f8"), ("c", "u1")], align=True),
    np.dtype({"names": ["a", "b"], "formats": ["<f4", "u1"], "offsets": [4, 12], "itemsize": 20}),
    [("a", np.dtype((np.dtype(("<f4", (2,))), (3,))))],
    [(f"field_{index:04d}", "<f4") for index in range(300)],
    [],
]


def array_of(dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Make an array of bytes that are random, yet valid for every dtype."""
    dtype = np.dtype(dtype)
    array = np.zeros(shape, dtype)
    if dtype.itemsize and array.size:
        bits = np.random.default_rng(0).integers(0, 2, (array.size, dtype.itemsize), np.uint8)
        if dtype.kind == "U":
            bits = bits.reshape(array.size, -1, 4) * np.array([1, 0, 0, 0], np.uint8)
            bits = bits if dtype.str[0] == "<" else bits[:, :, ::-1]
        array = np.frombuffer(bits.tobytes(), dtype).reshape(shape).copy()
    return array


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", SCALARS)
def test_scalar_dtypes(tmp_path: Path, read: Reader, dtype: str, save: Any) -> None:
    shapes = [(), (1,), (7,), (3, 5), (0,), (2, 0, 3), (1, 4, 1), (2,) * 8]
    arrays = [array_of(dtype, shape) for shape in shapes]
    save(tmp_path / "a.npz", *arrays, *(np.asfortranarray(array) for array in arrays))
    read(tmp_path / "a.npz")


@pytest.mark.parametrize("dtype", STRUCTURES)
def test_structured_dtypes(tmp_path: Path, read: Reader, dtype: Any) -> None:
    shapes = [(), (4,), (2, 3), (0, 2)]
    arrays = [array_of(dtype, shape) for shape in shapes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Names beyond Latin-1 make numpy speak of version 3.0.
        np.savez_compressed(tmp_path / "a.npz", *arrays)
    read(tmp_path / "a.npz")


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_of_the_header(tmp_path: Path, read: Reader, version: tuple[int, int]) -> None:
    stream = io.BytesIO()
    array = np.arange(6, dtype="<i4").view([("é", "<i4")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(stream, array, version)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("a.npy", stream.getvalue())
    read(tmp_path / "a.npz")


@pytest.mark.parametrize("width", [117, 118])
@pytest.mark.parametrize("descr", ["<U0", "|S0", "|V0"])
def test_strings_of_no_width(tmp_path: Path, descr: str, width: int) -> None:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (3,), }}".ljust(width) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("a.npy", content)
    ours = load_npz(tmp_path / "a.npz")["a"]
    with np.load(tmp_path / "a.npz") as theirs:
        assert (ours.dtype, ours.shape) == (theirs["a"].dtype, theirs["a"].shape)


def test_headers_of_python_2(tmp_path: Path, read: Reader) -> None:
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00\x76\x00" + text.encode() + bytes(range(6))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("a.npy", content)
    with pytest.warns(UserWarning, match="created on Python 2"):
        read(tmp_path / "a.npz")


def test_names(tmp_path: Path) -> None:
    names = ["a", "a.b", "folder/inner", "größe", "画像", "😀", "with space", "x.npy", "..", "a\tb"]
    np.savez(tmp_path / "a.npz", **{name: np.array(index) for index, name in enumerate(names)})
    ours = load_npz(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as theirs:
        assert list(ours) == theirs.files
        assert {k: int(v) for k, v in ours.items()} == {k: int(theirs[k]) for k in theirs.files}
    # A name in full comes before one without .npy, in numpy as here.
    assert load_npz(tmp_path / "a.npz", ["x.npy"]).keys() == {"x.npy"}


def test_names_without_the_utf8_flag(tmp_path: Path, read: Reader) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, ABCDEFGH=np.arange(3))
    names = bytes(range(0x80, 0x100))
    for start in range(0, 128, 8):
        content = path.read_bytes().replace(b"ABCDEFGH", names[start : start + 8])
        (tmp_path / "old.npz").write_bytes(content)
        read(tmp_path / "old.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_duplicate_names(tmp_path: Path, read: Reader) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        for name, value in [("a.npy", 1), ("b.npy", 2), ("a.npy", 3), ("b", 4)]:
            stream = io.BytesIO()
            np.save(stream, np.array(value))
            file.writestr(name, stream.getvalue())
    assert {k: int(v) for k, v in read(tmp_path / "a.npz").items()} == {"a": 3, "b": 4}


class Pipe(io.RawIOBase):
    """A stream that cannot seek, so that `zipfile` writes data descriptors."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)


@pytest.mark.parametrize("force_zip64", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_data_descriptors(tmp_path: Path, read: Reader, method: int, force_zip64: bool) -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as file:
        for name in ("a.npy", "b.npy"):
            with file.open(name, "w", force_zip64=force_zip64) as member:
                np.save(member, np.arange(100))
    (tmp_path / "a.npz").write_bytes(pipe.content)
    read(tmp_path / "a.npz")


@pytest.mark.parametrize("comment", [b"x", b"made by hand" * 1000, b"y" * 65_535])
def test_archive_comments(tmp_path: Path, read: Reader, comment: bytes) -> None:
    np.savez(tmp_path / "a.npz", a=np.arange(3))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as file:
        file.comment = comment
    read(tmp_path / "a.npz")


def test_zip64_end_records(tmp_path: Path, read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    np.savez_compressed(tmp_path / "a.npz", a=np.arange(300), b=np.arange(3))
    assert b"PK\x06\x06" in (tmp_path / "a.npz").read_bytes()
    read(tmp_path / "a.npz")


def test_many_members(tmp_path: Path, read: Reader) -> None:
    np.savez(tmp_path / "a.npz", *(np.array(index) for index in range(1000)))
    read(tmp_path / "a.npz")


def test_an_empty_archive(tmp_path: Path, read: Reader) -> None:
    np.savez(tmp_path / "a.npz")
    assert read(tmp_path / "a.npz") == {}


def test_a_header_longer_than_numpy_reads(tmp_path: Path) -> None:
    dtype = [(f"a_long_name_of_field_{index:04d}", "<f4") for index in range(500)]
    np.savez(tmp_path / "a.npz", a=np.zeros(2, dtype))
    with np.load(tmp_path / "a.npz") as file, pytest.raises(ValueError, match="max_header_size"):
        file["a"]
    assert load_npz(tmp_path / "a.npz")["a"].dtype == np.dtype(dtype)
    with pytest.raises(ValueError, match="limit of 10000"):
        load_npz(tmp_path / "a.npz", limits=Limits(max_header_bytes=10_000))


def rewrite(path: Path, change: Any) -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(10, dtype=np.uint8))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", change(stream.getvalue()))


def test_data_beyond_the_shape_is_corrupt_here_and_ignored_by_numpy(tmp_path: Path) -> None:
    rewrite(tmp_path / "a.npz", lambda npy: npy + b"more")
    with np.load(tmp_path / "a.npz") as file:
        np.testing.assert_array_equal(file["a"], np.arange(10))
    with pytest.raises(CorruptDatasetError, match="need 10 bytes of data, found 14"):
        load_npz(tmp_path / "a.npz")


def test_bytes_behind_the_archive_are_corrupt_here_and_ignored_by_numpy(tmp_path: Path) -> None:
    rewrite(tmp_path / "a.npz", bytes)
    with (tmp_path / "a.npz").open("ab") as file:
        file.write(b"more")
    with np.load(tmp_path / "a.npz") as theirs:
        np.testing.assert_array_equal(theirs["a"], np.arange(10))
    with pytest.raises(CorruptDatasetError, match="comment of 0 bytes, but 4 bytes follow"):
        load_npz(tmp_path / "a.npz")


def test_longdouble_is_that_of_this_machine(tmp_path: Path) -> None:
    other = {16: "<f12", 12: "<f16"}.get(np.dtype("g").itemsize)
    if other is None or sys.byteorder != "little":
        pytest.skip("long double is double here")
    text = f"{{'descr': '{other}', 'fortran_order': False, 'shape': (0,), }}".ljust(117) + "\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("a.npy", b"\x93NUMPY\x01\x00\x76\x00" + text.encode())
    with pytest.raises(ValueError, match="numpy cannot make an array"):
        load_npz(tmp_path / "a.npz")
