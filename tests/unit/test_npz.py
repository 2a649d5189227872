"""What `load_npz` promises beyond numpy's answer: names, limits, errors, memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast import _native
from medfast.errors import (
    CorruptDatasetError,
    DatasetNotFoundError,
    InvalidValueError,
    LimitExceededError,
    MedfastError,
    MissingKeyError,
    StorageError,
    UnsupportedError,
)
from medfast.npz import Limits, load_npz, open_npz
from medfast.npz.inspection import inspect_npz


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "set.npz"
    np.savez_compressed(
        path,
        train_images=np.arange(60, dtype=np.uint8).reshape(5, 3, 4),
        train_labels=np.arange(5, dtype=np.uint8).reshape(5, 1),
    )
    return path


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


# Names


def test_all_arrays_come_in_the_order_of_the_archive(archive: Path) -> None:
    assert list(load_npz(archive)) == ["train_images", "train_labels"]


def test_only_the_keys_asked_for_come_in_their_order(archive: Path) -> None:
    arrays = load_npz(archive, iter(["train_labels.npy", "train_images", "train_images"]))
    assert list(arrays) == ["train_labels.npy", "train_images"]
    np.testing.assert_array_equal(arrays["train_labels.npy"], np.arange(5).reshape(5, 1))


def test_no_keys_give_no_arrays(archive: Path) -> None:
    assert load_npz(archive, []) == {}


def test_nothing_else_is_touched(archive: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.npz"
    content = bytearray(archive.read_bytes())
    content[content.index(b"train_images.npy") + 40] ^= 0xFF
    broken.write_bytes(content)
    assert load_npz(broken, ["train_labels"])["train_labels"].shape == (5, 1)
    with pytest.raises(
        CorruptDatasetError, match=r'broken.npz: member "train_images.npy" at byte 0: '
    ):
        load_npz(broken)


def test_a_missing_key_names_the_nearest(archive: Path) -> None:
    with pytest.raises(MissingKeyError) as caught:
        load_npz(archive, ["train_image"])
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == f"{archive}: no array 'train_image'; did you mean 'train_images'?"


def test_a_key_that_no_archive_can_have(archive: Path) -> None:
    with pytest.raises(MissingKeyError, match=r"no array '\\ud800'; known: "):
        load_npz(archive, ["\ud800"])


@pytest.mark.parametrize("limits", [{}, {"max_members": 3}, 5, 0, False])
def test_limits_that_are_none(archive: Path, limits: Any) -> None:
    for use in (load_npz, open_npz, inspect_npz):
        with pytest.raises(
            InvalidValueError, match=r"limits: expected medfast\.npz\.Limits or None"
        ):
            use(archive, limits=limits)


@pytest.mark.parametrize("mmap", ["r", "", None, 1, 0])
def test_mmap_that_is_neither_true_nor_false(archive: Path, mmap: Any) -> None:
    with pytest.raises(InvalidValueError, match="mmap: expected True or False, found"):
        load_npz(archive, mmap=mmap)


@pytest.mark.parametrize("keys", ["train_images", b"train_images", [1], [None], 5, 1.5])
def test_keys_that_are_no_list_of_names(archive: Path, keys: Any) -> None:
    with pytest.raises(InvalidValueError, match="keys: expected"):
        load_npz(archive, keys)


# Paths


@pytest.mark.parametrize("form", [str, Path])
def test_a_path_in_any_form(archive: Path, form: Any) -> None:
    assert len(load_npz(form(archive))) == 2


def test_a_path_that_is_not_unicode(archive: Path) -> None:
    odd = os.fsencode(archive.parent) + b"/\xff.npz"
    try:
        os.link(archive, odd)
    except OSError:
        pytest.skip("this file system takes Unicode names alone")
    assert len(load_npz(os.fsdecode(odd))) == 2


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"absent.npz: no such file; check the path"):
        load_npz(tmp_path / "absent.npz")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="expected a regular file, found a directory"):
        load_npz(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(UnsupportedError, match="expected a regular file"):
        load_npz(tmp_path / "pipe.npz")


@pytest.mark.parametrize("tail", ["/" + "x" * 5000, "/below"])
def test_a_path_that_the_system_refuses(archive: Path, tail: str) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        load_npz(str(archive) + tail)


# Files that are something else


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.npz"
    path.touch()
    with pytest.raises(CorruptDatasetError, match=r"empty.npz: the file is empty"):
        load_npz(path)


def test_a_web_page(tmp_path: Path) -> None:
    path = tmp_path / "page.npz"
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(CorruptDatasetError, match=r'expected a zip archive.*found "<!DOCTYP"'):
        load_npz(path)


def test_a_single_array(tmp_path: Path) -> None:
    path = tmp_path / "single.npz"
    path.write_bytes(npy(np.arange(3)))
    with pytest.raises(UnsupportedError, match=r"single \.npy array.*numpy\.load reads it"):
        load_npz(path)


def test_a_member_that_is_no_array(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "mixed.npz", {"a.npy": npy(np.arange(3)), "README": b"hello"})
    with pytest.raises(
        UnsupportedError, match=r'member "README" at byte \d+: is not a \.npy array'
    ):
        load_npz(path)
    assert list(load_npz(path, ["a"])) == ["a"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression(tmp_path: Path, method: int) -> None:
    path = write_zip(tmp_path / "other.npz", {"a.npy": npy(np.arange(3))}, method)
    with pytest.raises(UnsupportedError, match=r"is compressed with zip method (12|14)"):
        load_npz(path)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}, None], dtype=object),
        np.zeros(3, [("a", "i4"), ("b", [("c", "O")])]),
    ],
)
def test_objects_are_refused_always(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "objects.npz"
    np.savez(path, fine=np.arange(3), objects=array)
    with pytest.raises(
        UnsupportedError, match=r'member "objects.npy" at byte \d+: holds Python objects'
    ):
        load_npz(path)


def test_a_dtype_that_numpy_refuses(tmp_path: Path) -> None:
    content = npy(np.zeros(2, [("a", "u1"), ("b", "u1")])).replace(b"'b'", b"'a'")
    path = write_zip(tmp_path / "twice.npz", {"a.npy": content})
    with pytest.raises(UnsupportedError, match="numpy cannot make an array"):
        load_npz(path)


# Threads and limits


@pytest.mark.parametrize("threads", [1, 2, 7, np.int64(3), 10**30])
def test_threads(archive: Path, threads: int) -> None:
    arrays = load_npz(archive, threads=threads)
    np.testing.assert_array_equal(arrays["train_images"].ravel(), np.arange(60))


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2"])
def test_threads_that_make_no_sense(archive: Path, threads: Any) -> None:
    with pytest.raises(InvalidValueError, match="threads: expected an integer from 1"):
        load_npz(archive, threads=threads)


@pytest.mark.parametrize("value", [-1, 0.5, None, False])
def test_limits_that_make_no_sense(value: Any) -> None:
    with pytest.raises(InvalidValueError, match="max_members: expected an integer from 0"):
        Limits(max_members=value)


def test_the_default_limits_are_those_stated() -> None:
    assert Limits() == Limits(65_536, 65_536, 64 * 2**30, 16 * 2**20, 64, 64 * 2**20, 1032)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        (Limits(max_header_bytes=118), Limits(max_header_bytes=117)),
        (Limits(max_members=2), Limits(max_members=1)),
        (Limits(max_inflated_bytes=128 * 2 + 65), Limits(max_inflated_bytes=128 * 2 + 64)),
        (Limits(max_total_header_bytes=256), Limits(max_total_header_bytes=255)),
        (Limits(max_dims=3), Limits(max_dims=2)),
        (Limits(max_directory_bytes=124), Limits(max_directory_bytes=123)),
        (Limits(max_ratio=1), Limits(max_ratio=0)),
    ],
)
def test_limits_hold_at_their_value_and_not_below(
    archive: Path, within: Limits, beyond: Limits
) -> None:
    assert len(load_npz(archive, limits=within)) == 2
    with pytest.raises(LimitExceededError, match=r"limit.*raise the limit"):
        load_npz(archive, limits=beyond)


def test_the_limit_on_bytes_counts_what_was_asked_for(archive: Path) -> None:
    limits = Limits(max_inflated_bytes=133)
    assert list(load_npz(archive, ["train_labels"], limits=limits)) == ["train_labels"]


def test_limits_beyond_64_bits(archive: Path) -> None:
    assert len(load_npz(archive, limits=Limits(*[10**30] * 7))) == 2


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, zeros=np.zeros(50_000_000, np.uint8))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceededError):
            load_npz(path, limits=Limits(max_inflated_bytes=10_000_000))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# Memory


def test_an_array_is_a_view_of_what_was_inflated(archive: Path) -> None:
    images = load_npz(archive)["train_images"]
    assert images.base is not None
    assert images.base.nbytes == 128 + 60


def test_an_array_does_not_depend_on_the_file(archive: Path) -> None:
    first, second = load_npz(archive)["train_images"], load_npz(archive)["train_images"]
    archive.unlink()
    first[:] = 0
    np.testing.assert_array_equal(second.ravel(), np.arange(60))


def test_data_behind_a_header_of_odd_length_is_copied_into_place(tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    aligned = npy(array)
    content = aligned[:8] + b"\x77\x00" + aligned[10:127] + b" \n" + aligned[128:]
    path = write_zip(tmp_path / "odd.npz", {"a.npy": content})
    loaded = load_npz(path)["a"]
    assert loaded.flags.aligned
    assert loaded.flags.f_contiguous
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_no_second_copy_is_made(tmp_path: Path) -> None:
    path, size = tmp_path / "large.npz", 100_000_000
    np.savez_compressed(path, zeros=np.zeros(size, np.uint8))
    code = (
        "import sys; from medfast.npz import load_npz\n"
        # Not getrusage's, which a process has from the one that started it.
        "status = lambda: open('/proc/self/status').read()\n"
        "peak = lambda: int(status().partition('VmHWM:')[2].split()[0])\n"
        "before = peak(); array = load_npz(sys.argv[1])['zeros']; print(peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert size < int(done.stdout) * 1024 < 1.2 * size


# The native layer


def test_the_native_layer_checks_what_it_is_given(archive: Path) -> None:
    native = _native.NpzArchive(str(archive), Limits(max_members=10))
    with pytest.raises(IndexError, match="member 2 of an archive of 2"):
        native.headers([0, 2])
    with pytest.raises(IndexError):
        native.read_into([(9, np.empty(3, np.uint8))], 1)
    with pytest.raises(MedfastError, match="expected a buffer of 188 bytes, found 3"):
        native.read_into([(0, np.empty(3, np.uint8))], 1)
    read_only = np.empty(188, np.uint8)
    read_only.flags.writeable = False
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        native.read_into([(0, read_only)], 1)
    twice = np.empty(188, np.uint8)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        native.read_into([(0, twice), (0, twice)], 1)
