"""What ``load_npz(..., mmap=True)`` promises: real maps, never stale, never half-written."""

from __future__ import annotations

import copy
import io
import os
import pickle
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.errors import (
    CacheUnavailableWarning,
    CorruptDatasetError,
    DatasetNotFoundError,
    LimitExceededError,
    MissingKeyError,
    StorageError,
    UnsupportedError,
)
from medfast.npz import Limits, _cache_maps, cache, load_npz

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs owners and modes of files")

ARRAYS: dict[str, np.ndarray] = {
    "images": np.arange(10_000, dtype=np.uint8).reshape(100, 10, 10) * 7,
    "fortran": np.asfortranarray(np.arange(600.0).reshape(20, 30)),
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 3), np.float32),
    "dates": np.array(["2020-01-01", "2021-02-03"], "M8[D]"),
    "big": np.arange(9, dtype=">i4"),
    "fields": np.array([(1, b"ab"), (2, b"c")], [("a", "<i4"), ("b", "S3")]),
    "words": np.array(["größe", "x"]),
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MEDFAST_CACHE", str(folder))
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "set.npz"
    np.savez_compressed(path, **ARRAYS)
    return path


def same(ours: np.ndarray, expected: np.ndarray) -> bool:
    return (
        ours.dtype == expected.dtype
        and ours.shape == expected.shape
        and ours.flags.f_contiguous == expected.flags.f_contiguous
        and ours.tobytes() == expected.tobytes()
    )


def test_arrays_are_maps_with_numpys_values(archive: Path) -> None:
    for _ in range(2):
        arrays = load_npz(archive, mmap=True)
        assert list(arrays) == list(ARRAYS)
        for key, expected in ARRAYS.items():
            assert same(arrays[key], expected)
            assert not arrays[key].flags.writeable
            # An array without elements has nothing to map.
            assert isinstance(arrays[key], np.memmap) == (expected.size > 0)
    with pytest.raises(ValueError, match="read-only"):
        arrays["images"][0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        arrays["images"].flags.writeable = True


def test_the_files_are_numpys_own(archive: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    np.testing.assert_array_equal(np.load(images.filename), ARRAYS["images"])


def test_only_what_was_asked_for_is_decoded(archive: Path) -> None:
    load_npz(archive, ["images"], mmap=True)
    assert [entry.arrays for entry in cache.entries()] == [1]
    load_npz(archive, ["images.npy", "big"], mmap=True)
    (entry,) = cache.entries()
    # Of the array without elements there is nothing to keep.
    assert (entry.arrays, entry.members, entry.source) == (2, len(ARRAYS) - 1, str(archive))


def test_nothing_is_decoded_twice(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_npz(archive, mmap=True)
    monkeypatch.setattr(_cache_maps, "_decode", lambda *_: pytest.fail("decoded again"))
    second = load_npz(archive, mmap=True)
    assert first["images"].filename == second["images"].filename
    # By its content, not by its path.
    assert load_npz(archive.read_bytes(), ["images"], mmap=True)["images"].filename


def test_another_content_is_another_entry(archive: Path) -> None:
    old = load_npz(archive, ["images"], mmap=True)["images"]
    np.savez_compressed(archive, images=ARRAYS["images"] + 1)
    new = load_npz(archive, ["images"], mmap=True)["images"]
    np.testing.assert_array_equal(new, ARRAYS["images"] + 1)
    np.testing.assert_array_equal(old, ARRAYS["images"])


def test_errors_are_those_of_loading(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError):
        load_npz(archive, ["imagse"], mmap=True)
    with pytest.raises(LimitExceededError):
        load_npz(archive, mmap=True, limits=Limits(max_inflated_bytes=10))
    with pytest.raises(DatasetNotFoundError):
        load_npz(tmp_path / "no.npz", mmap=True)
    np.savez(tmp_path / "objects.npz", a=np.array([None]))
    with pytest.raises(UnsupportedError, match="Python objects"):
        load_npz(tmp_path / "objects.npz", mmap=True)


def test_a_damaged_member_leaves_nothing(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        place = file.getinfo("images.npy").header_offset + 200
    content[place] ^= 0x10
    archive.write_bytes(content)
    for _ in range(2):
        with pytest.raises(CorruptDatasetError, match=r'member "images.npy"'):
            load_npz(archive, mmap=True)
    (entry,) = cache.entries()
    assert entry.arrays == 0
    assert {file.name for file in entry.folder.iterdir()} == {"archive.json", "lock"}


# Arrays that travel


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a,
        lambda a: a[3:50:7, ::-1],
        lambda a: a[5],
        lambda a: a.T,
        lambda a: a[..., np.newaxis],
        lambda a: a.view("<u2"),
        lambda a: a[4, 4, 4:5],
    ],
)
def test_maps_and_their_views_are_pickled_by_path(archive: Path, view: Any) -> None:
    image = view(load_npz(archive, ["images"], mmap=True)["images"])
    sent = pickle.dumps(image)
    assert b"0.npy" in sent
    assert len(sent) < 600
    back = pickle.loads(sent)  # noqa: S301
    assert isinstance(back, np.memmap)
    assert not back.flags.writeable
    assert (back.strides, back.dtype) == (image.strides, image.dtype)
    np.testing.assert_array_equal(back, image)


def test_what_is_computed_is_an_ordinary_array(archive: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    for made in (images[[3, 1]], images[images > 9], images + 1, images.sum(0), np.sqrt(images)):
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(made)), made)  # noqa: S301
    assert type(images[0, 0, 0]) is np.uint8
    assert type(images.sum()) is np.uint64
    copied = copy.deepcopy(images)
    assert b".npy" not in pickle.dumps(copied)
    copied[0] = 3
    mine = images.copy()
    mine[0] = 3
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mine)), mine)  # noqa: S301


def test_a_map_reaches_another_process(archive: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    code = (
        "import pickle, sys\narray = pickle.load(sys.stdin.buffer)\n"
        "print(type(array).__mro__[1].__name__, int(array.sum()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(images[2:]),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().split() == ["memmap", str(images[2:].sum())]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_map_survives_a_fork(archive: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    child = os.fork()
    if child == 0:
        os._exit(0 if int(images.sum()) == int(ARRAYS["images"].sum()) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_map_whose_file_is_gone_says_so(archive: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    sent = pickle.dumps(images)
    assert cache.clear(cache.entries()[0])
    np.testing.assert_array_equal(images, ARRAYS["images"])
    with pytest.raises(DatasetNotFoundError, match=r"load it again with load_npz"):
        pickle.loads(sent)  # noqa: S301


# A cache that cannot be used


def test_a_folder_that_cannot_be_made(archive: Path, root: Path) -> None:
    root.parent.joinpath("file").touch()
    os.environ["MEDFAST_CACHE"] = str(root.parent / "file" / "cache")
    words = "decoded into memory, .*: Not a directory; set MEDFAST_CACHE to another folder"
    with pytest.warns(CacheUnavailableWarning, match=words if os.name == "posix" else "") as caught:
        arrays = load_npz(archive, mmap=True)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    for key, expected in ARRAYS.items():
        assert same(arrays[key], expected)
        assert not arrays[key].flags.writeable


@pytest.mark.skipif(sys.platform == "win32", reason="needs statvfs")
def test_a_full_disk_is_seen_before_decoding(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs

    class Full:
        f_frsize, f_bavail = 4096, 2

    monkeypatch.setattr(os, "statvfs", lambda path: real(path) and Full)
    with pytest.warns(
        CacheUnavailableWarning, match="No space left on device; free some"
    ) as caught:
        arrays = load_npz(archive, mmap=True)
    assert len(caught) == 1
    assert same(arrays["images"], ARRAYS["images"])


@POSIX
def test_a_disk_that_is_full_while_decoding(archive: Path, root: Path) -> None:
    code = (
        "import resource, sys, warnings\nfrom medfast.npz import load_npz\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    arrays = load_npz(sys.argv[1], ['images', 'big'], mmap=True)\n"
        "print(len(caught), caught[0].category.__name__, int(arrays['images'].sum()))\n"
        "print(caught[0].message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, archive], capture_output=True, text=True, check=True
    )
    expected = ["1", "CacheUnavailableWarning", str(ARRAYS["images"].sum())]
    assert done.stdout.splitlines()[0].split() == expected
    assert "File too large" in done.stdout
    assert not list(root.rglob("*.tmp"))
    assert not list(root.rglob("*.npy"))


# A cache that is not ours


@POSIX
def test_folders_are_private(archive: Path, root: Path) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    folder = Path(images.filename).parent
    for each in (root, folder.parent, folder):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(images.filename).stat().st_mode) == 0o400


@POSIX
@pytest.mark.parametrize("which", ["root", "entry"])
def test_a_link_is_refused(archive: Path, root: Path, tmp_path: Path, which: str) -> None:
    images = load_npz(archive, ["images"], mmap=True)["images"]
    target = root if which == "root" else Path(images.filename).parent
    target.rename(tmp_path / "elsewhere")
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match=r"found a link; set MEDFAST_CACHE"):
        load_npz(archive, mmap=True)
    with pytest.raises(StorageError, match="found a link"):
        cache.entries()


@POSIX
def test_an_array_that_is_a_link_is_refused(archive: Path, tmp_path: Path) -> None:
    file = Path(load_npz(archive, ["images"], mmap=True)["images"].filename)
    file.rename(tmp_path / "elsewhere.npy")
    file.symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(StorageError, match="expected a file, found a link"):
        load_npz(archive, mmap=True)


@POSIX
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_may_write_is_refused(archive: Path, root: Path, mode: int) -> None:
    root.mkdir()
    root.chmod(mode)
    with pytest.raises(StorageError, match=r"writable by other users \(mode"):
        load_npz(archive, mmap=True)


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_folder_of_another_user_is_refused(archive: Path, root: Path) -> None:
    root.mkdir(0o700)
    os.chown(root, 12345, 12345)
    with pytest.raises(StorageError, match="found the folder of user 12345"):
        load_npz(archive, mmap=True)


def test_a_file_in_the_place_of_the_folder_is_refused(archive: Path, root: Path) -> None:
    root.touch()
    with pytest.raises(StorageError, match="found no folder"):
        load_npz(archive, mmap=True)


def test_names_of_members_name_no_files(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "evil.npz"
    stream = io.BytesIO()
    np.save(stream, np.arange(5))
    names = ["../../../evil", "/etc/evil", "..", "a\\..\\b", "lock", "archive.json"]
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(f"{name}.npy", stream.getvalue())
    arrays = load_npz(path, mmap=True)
    assert list(arrays) == names
    written = {file.name for file in root.rglob("*") if file.is_file()}
    assert written == {*(f"{index}.npy" for index in range(len(names))), "lock", "archive.json"}


# Keeping house


def test_verify_finds_what_is_damaged(archive: Path) -> None:
    file = Path(load_npz(archive, mmap=True)["images"].filename)
    (entry,) = cache.entries()
    assert cache.verify(entry) == []
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    (line,) = cache.verify(entry)
    assert f"{file} ('images.npy'): expected 10128 bytes with CRC-32" in line
    file.write_bytes(content[:-1])
    (line,) = cache.verify(entry)
    assert "found 10127 with" in line
    # A file that is not whole is not mapped.
    assert same(load_npz(archive, mmap=True)["images"], ARRAYS["images"])
    assert cache.verify(entry) == []


def test_clear_leaves_what_is_being_decoded(archive: Path) -> None:
    load_npz(archive, mmap=True)
    (entry,) = cache.entries()
    lock = _cache_maps.try_lock(entry.folder / "lock")
    assert lock is not None
    with lock:
        assert not cache.clear(entry)
    assert cache.clear(entry)
    assert cache.clear(entry)
    assert cache.entries() == []


def test_an_entry_is_found_by_its_archive(archive: Path) -> None:
    assert cache.entry_of(archive) is None
    load_npz(archive, mmap=True)
    assert cache.entry_of(archive) == cache.entries()[0]


def test_facts_that_are_no_facts_are_left_out(archive: Path) -> None:
    load_npz(archive, mmap=True)
    (entry,) = cache.entries()
    for text in ("", "[]", "{}", '{"source": 1, "members": [[1]]}', "\udcff"):
        (entry.folder / "archive.json").write_text(text, errors="surrogateescape")
        (found,) = cache.entries()
        assert found.source == ""
        assert "is of no member" in cache.verify(found)[0]


def test_the_folder_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache.cache_root() == tmp_path / "cache"
    monkeypatch.delenv("MEDFAST_CACHE")
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    monkeypatch.setenv(variable, str(tmp_path / "xdg"))
    assert cache.cache_root() == tmp_path / "xdg" / "medfast"
