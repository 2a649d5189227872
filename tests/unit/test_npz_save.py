"""`save_npz`: read by everyone, the same bytes every time, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medfast.errors import InvalidValueError, StorageError, UnsupportedError
from medfast.npz import load_npz, save_npz


def check(path: Path, arrays: dict[str, Any]) -> None:
    """Compare what numpy and medfast read with what was written."""
    with np.load(path) as theirs:
        assert theirs.files == list(arrays)
        ours = load_npz(path)
        assert list(ours) == list(arrays)
        for key, written in arrays.items():
            expected = np.asarray(written)
            for read in (theirs[key], ours[key]):
                assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
                assert read.flags.fnc == expected.flags.fnc
                np.testing.assert_array_equal(read, expected)
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_arrays_of_many_kinds(tmp_path: Path, level: int) -> None:
    grid = np.arange(24.0).reshape(2, 3, 4)
    arrays = {
        "images": np.random.default_rng(0).integers(0, 99, (3000, 28, 28), np.uint8),
        "fortran": np.asfortranarray(grid),
        "strided": grid[:, ::2, ::-1],
        "both": np.arange(3),
        "scalar": np.array(2.5),
        "list": [1, 2, 3],
        "empty": np.zeros((3, 0, 2), ">i2"),
        "dates": np.array(["2020-01-01T10"], "M8[s]"),
        "text": np.array(["größe", ""]),
        "nothing": np.zeros(3, "V0"),
        "fields": np.zeros(3, np.dtype([("a", "u1"), ("größe", "<f8")], align=True)),
        "no fields": np.zeros(2, []),
        "a.npy": np.array([True]),
        "folder/größe 画像": np.array(1 + 2j),
        "": np.array(0),
    }
    save_npz(tmp_path / "a.npz", arrays, level=level)
    arrays.pop("nothing")
    with np.load(tmp_path / "a.npz") as file:
        assert file["nothing"].shape == (3,)
    kept = {key: array for key, array in arrays.items() if key != "nothing"}
    save_npz(tmp_path / "a.npz", kept, level=level)
    check(tmp_path / "a.npz", kept)


def test_many_fields_and_names_beyond_latin_1(tmp_path: Path) -> None:
    arrays = {
        "many": np.zeros(2, [(f"a_long_name_of_field_{index:04d}", "<f4") for index in range(200)]),
        "more": np.zeros(
            2, [(f"a_long_name_of_field_{index:04d}", "<f4") for index in range(2500)]
        ),
        "wide": np.zeros(2, [("画", "<f4")]),
    }
    save_npz(tmp_path / "a.npz", arrays)
    with np.load(tmp_path / "a.npz", allow_pickle=True) as file:  # lifts numpy's limit on headers
        for key, array in arrays.items():
            assert file[key].dtype == array.dtype
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        versions = [file.read(f"{key}.npy")[6] for key in arrays]
    assert versions == [1, 2, 3]


@settings(max_examples=80)
@given(
    array=hnp.arrays(
        dtype=st.one_of(hnp.scalar_dtypes(), hnp.array_dtypes(max_size=3)).filter(
            lambda dtype: np.dtype(dtype).itemsize > 0
        ),
        shape=hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    ),
    level=st.integers(0, 9),
)
def test_any_array(tmp_path_factory: pytest.TempPathFactory, array: Any, level: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    save_npz(path, {"a": array}, level=level)
    ours = load_npz(path)["a"]
    with np.load(path) as file:
        theirs = file["a"]
    assert ours.dtype == theirs.dtype == array.dtype
    assert ours.shape == theirs.shape == array.shape
    assert ours.tobytes() == theirs.tobytes() == array.tobytes()


def test_medmnist_reads_it(tmp_path: Path) -> None:
    medmnist = pytest.importorskip("medmnist")
    rng = np.random.default_rng(0)
    counts = medmnist.INFO["breastmnist"]["n_samples"]
    arrays = {}
    for split, count in counts.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"{split}_labels"] = rng.integers(0, 2, (count, 1), np.uint8)
    save_npz(tmp_path / "breastmnist.npz", arrays)
    dataset = medmnist.BreastMNIST("val", root=str(tmp_path))
    np.testing.assert_array_equal(dataset.imgs, arrays["val_images"])
    np.testing.assert_array_equal(dataset.labels, arrays["val_labels"])


def test_bytes_depend_on_names_arrays_and_level_alone(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 99, (9000, 28, 28), np.uint8)
    digests = set()
    for index, threads in enumerate([1, 2, 7, None]):
        path = tmp_path / f"{index}.npz"
        save_npz(path, {"images": images.copy(), "labels": np.arange(3)}, threads=threads)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    os.utime(tmp_path / "0.npz", (0, 0))
    code = (
        "import sys, numpy as np\nfrom medfast.npz import load_npz, save_npz\n"
        "save_npz(sys.argv[2], load_npz(sys.argv[1]))"
    )
    again = tmp_path / "again.npz"
    subprocess.run([sys.executable, "-c", code, tmp_path / "0.npz", again], check=True)
    digests.add(hashlib.sha256(again.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_an_empty_archive(tmp_path: Path) -> None:
    save_npz(tmp_path / "a.npz", {})
    check(tmp_path / "a.npz", {})


def test_more_members_than_16_bits_count(tmp_path: Path) -> None:
    arrays = {str(index): np.empty(0, np.uint8) for index in range(65_536)}
    save_npz(tmp_path / "a.npz", arrays, level=0)
    assert b"PK\x06\x06" in (tmp_path / "a.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as file:
        assert len(file.files) == 65_536
    assert len(load_npz(tmp_path / "a.npz")) == 65_536


# Whole or not at all


def test_a_file_is_replaced_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"old")
    save_npz(path, {"a": np.arange(3)})
    check(path, {"a": np.arange(3)})
    assert list(tmp_path.iterdir()) == [path]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.skipif(os.name != "posix", reason="needs links and limits of POSIX")
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    save_npz(tmp_path / "real" / "a.npz", {"a": np.arange(2)})
    (tmp_path / "link.npz").symlink_to(tmp_path / "real" / "a.npz")
    save_npz(tmp_path / "link.npz", {"a": np.arange(5)})
    assert (tmp_path / "link.npz").is_symlink()
    check(tmp_path / "real" / "a.npz", {"a": np.arange(5)})


@pytest.mark.skipif(os.name != "posix", reason="needs links and limits of POSIX")
@pytest.mark.parametrize("level", [0, 6])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, level: int) -> None:
    path = tmp_path / "a.npz"
    save_npz(path, {"a": np.arange(3)})
    before = path.read_bytes()
    code = (
        "import resource, sys, numpy as np\nfrom medfast.npz import save_npz\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "noise = np.random.default_rng(0).bytes(3_000_000)\n"
        "try:\n    save_npz(sys.argv[1], {'a': np.frombuffer(noise, np.uint8)}, level="
        f"{level})\nexcept OSError as error:\n    print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"StorageError {path}: could not be written: File too large")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, step in (
        (tmp_path / "no" / "a.npz", "make its folder first"),
        (tmp_path / "file" / "a.npz", "choose another place"),
        (tmp_path / ("x" * 300), "choose another place"),
    ):
        with pytest.raises(StorageError, match=f"could not be written: .*; {step}$"):
            save_npz(path, {"a": np.arange(3)})
    with pytest.raises(UnsupportedError, match=r"found a directory; name the .npz file itself"):
        save_npz(tmp_path, {"a": np.arange(3)})
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name != "posix", reason="needs pipes with names")
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(UnsupportedError, match="expected a regular file, found a device or a"):
            save_npz(tmp_path / name, {"a": np.arange(3)})
    assert (tmp_path / "pipe").is_fifo()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(os.name != "posix", reason="needs modes of files")
@pytest.mark.parametrize("mode", [0o600, 0o666, 0o440])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.npz"
    path.touch()
    path.chmod(mode)
    save_npz(path, {"a": np.arange(3)})
    assert path.stat().st_mode & 0o777 == mode
    check(path, {"a": np.arange(3)})


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys, numpy as np\nfrom medfast.npz import save_npz\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "for number in range(3):\n"
        "    path.with_name(f'.{path.name}.{os.getpid()}-{number}.tmp').write_bytes(b'left')\n"
        "save_npz(path, {'a': np.arange(3)})"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.npz"], check=True)
    check(tmp_path / "a.npz", {"a": np.arange(3)})
    assert [file.read_bytes() for file in tmp_path.glob(".*.tmp")] == [b"left"] * 3


# What is refused


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({1: np.arange(3)}, "expected names, found 1"),
        ({"\ud800": np.arange(3)}, r"expected names in Unicode, found '\\ud800'"),
        ({"a\0b": np.arange(3)}, "without null bytes"),
        ({"x" * 70_000: np.arange(3)}, "65,535 bytes at most"),
    ],
)
def test_names_that_make_no_sense(tmp_path: Path, arrays: Any, words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        save_npz(tmp_path / "a.npz", arrays)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arrays", [[np.arange(3)], np.arange(3), None, "a"])
def test_arrays_without_names(tmp_path: Path, arrays: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"arrays: expected a mapping .*; write {"):
        save_npz(tmp_path / "a.npz", arrays)


def test_lists_that_make_no_array(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="'a': expected what makes an array, found a list"):
        save_npz(tmp_path / "a.npz", {"a": [[1], [1, 2]]})


@pytest.mark.parametrize("path", [io.BytesIO(), None, 3])
def test_what_is_no_path(path: Any) -> None:
    with pytest.raises(InvalidValueError, match=r"expected the path of a file, found") as caught:
        save_npz(path, {"a": np.arange(3)})
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("path", "words"),
    [("", "found ''; name the file"), ("a\0b", "null bytes"), ("\ud800", "can be encoded")],
)
def test_paths_that_make_no_sense(path: str, words: str) -> None:
    with pytest.raises(InvalidValueError, match=f"path: expected .*{words}"):
        save_npz(path, {"a": np.arange(3)})


@pytest.mark.parametrize("level", [-1, 10, 1.5, None, True])
def test_levels_that_make_no_sense(tmp_path: Path, level: Any) -> None:
    with pytest.raises(InvalidValueError, match="level: expected"):
        save_npz(tmp_path / "a.npz", {"a": np.arange(3)}, level=level)


@pytest.mark.parametrize("array", [np.array([None]), np.zeros(2, [("a", "O")]), object()])
def test_objects_are_refused(tmp_path: Path, array: Any) -> None:
    with pytest.raises(UnsupportedError, match="holds Python objects"):
        save_npz(tmp_path / "a.npz", {"a": array})
    assert not list(tmp_path.iterdir())
