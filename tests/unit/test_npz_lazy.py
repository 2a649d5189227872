"""`open_npz`: shapes without data, arrays when they are asked for, rows without the rest."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medfast.errors import (
    CorruptDatasetError,
    DatasetNotFoundError,
    InvalidValueError,
    LimitExceededError,
    MissingKeyError,
    UnsupportedError,
)
from medfast.npz import Limits, _lazy, cache, load_npz, open_npz, save_npz

NOISE = np.random.default_rng(0).integers(0, 50, (90_000, 10, 10), np.uint8)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MEDFAST_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Arrays of which one is worth an index."""
    path = tmp_path_factory.mktemp("lazy") / "set.npz"
    small = np.arange(60.0).reshape(5, 3, 4)
    np.savez_compressed(
        path,
        noise=NOISE,
        small=small,
        fortran=np.asfortranarray(small),
        scalar=np.array(7),
        empty=np.zeros((0, 3)),
        words=np.array(["a", "größe", ""]),
        hollow=np.zeros((4, 0, 2)),
    )
    return path


def test_it_is_a_mapping(path: Path) -> None:
    with open_npz(path) as arrays, np.load(path) as theirs:
        assert isinstance(arrays, Mapping)
        assert list(arrays) == list(arrays.keys()) == arrays.files == theirs.files
        assert len(arrays) == 7
        assert "noise" in arrays
        assert "noise.npy" in arrays
        assert "nose" not in arrays
        assert 3 not in arrays
        assert "\ud800" not in arrays
        for key, array in arrays.items():
            np.testing.assert_array_equal(array, theirs[key])
        assert arrays.get("absent") is None
        assert arrays["noise"] is not arrays["noise"]
        with pytest.raises(MissingKeyError, match="did you mean 'noise'"):
            arrays["nois"]
        with pytest.raises(MissingKeyError, match="the names are str"):
            arrays[3]  # type: ignore[index]


def test_shapes_and_dtypes_are_known_without_the_data(path: Path, tmp_path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(content)
    with open_npz(damaged) as arrays:
        info = arrays.info("noise")
        assert (info.shape, info.dtype, info.nbytes) == (NOISE.shape, NOISE.dtype, NOISE.nbytes)
        assert not info.fortran_order
        assert info.stored_bytes < info.nbytes
        assert arrays.info("fortran").fortran_order
        np.testing.assert_array_equal(arrays["words"], ["a", "größe", ""])
        with pytest.raises(CorruptDatasetError, match=r'member "noise.npy" at byte 0'):
            arrays["noise"]


def test_the_repr_tells_what_is_there(path: Path, tmp_path: Path) -> None:
    lines = repr(open_npz(path)).splitlines()
    assert lines[0] == f"NpzFile({str(path)!r}, 7 arrays)"
    assert lines[1] == "  noise    uint8    (90000, 10, 10)"
    assert lines[4] == "  scalar   int64    ()"
    np.savez(tmp_path / "objects.npz", fine=np.arange(2), bad=np.array([None]))
    assert "bad   (UnsupportedError)" in repr(open_npz(tmp_path / "objects.npz"))
    np.savez(tmp_path / "many.npz", *range(30))
    assert repr(open_npz(tmp_path / "many.npz")).splitlines()[-1] == "  ... 10 more"


def test_a_closed_archive_says_so(path: Path) -> None:
    with open_npz(path) as arrays:
        array = arrays["small"]
    assert repr(arrays).endswith(", closed)")
    assert array.sum() == 1770
    for use in (lambda: arrays["small"], lambda: list(arrays), lambda: arrays.rows("small", 1)):
        with pytest.raises(InvalidValueError, match="is closed; open it again"):
            use()


def test_limits_and_faults_are_those_of_loading(path: Path, tmp_path: Path) -> None:
    with open_npz(path, limits=Limits(max_inflated_bytes=1000)) as arrays:
        assert arrays["small"].shape == (5, 3, 4)
        with pytest.raises(LimitExceededError):
            arrays["noise"]
    with pytest.raises(DatasetNotFoundError):
        open_npz(tmp_path / "absent.npz")
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as file:
        file.writestr("README", "hello")
    with open_npz(tmp_path / "text.npz") as arrays, pytest.raises(UnsupportedError):
        arrays["README"]


ROWS: list[Any] = [
    *(slice(None), slice(3), slice(-2, None), slice(1, 4, 2), slice(None, None, -1)),
    *(slice(4, 1, -2), slice(3, 3), slice(9, 12), slice(-99, 99), slice(None, None, 99)),
    *(0, 1, -1, np.int64(2)),
]


@pytest.mark.parametrize("key", ["noise", "small", "fortran", "words", "hollow"])
@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_rows_are_those_of_the_array(path: Path, key: str, rows: Any) -> None:
    whole = np.load(path)[key]
    with open_npz(path) as arrays:
        ours, expected = arrays.rows(key, rows), whole[rows]
    assert (ours.dtype, ours.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(ours, expected)


def test_rows_of_no_rows(path: Path) -> None:
    with open_npz(path) as arrays:
        assert arrays.rows("empty", slice(None)).shape == (0, 3)
        with pytest.raises(InvalidValueError, match="there is no row 0; it has 0 rows"):
            arrays.rows("empty", 0)
        with pytest.raises(InvalidValueError, match="has no rows"):
            arrays.rows("scalar", slice(None))


@pytest.mark.parametrize("rows", [[1, 2], 1.0, True, None, "1", slice(None, None, 0), slice("a")])
def test_rows_that_make_no_sense(path: Path, rows: Any) -> None:
    with open_npz(path) as arrays, pytest.raises(InvalidValueError, match="small"):
        arrays.rows("small", rows)


@pytest.mark.parametrize("row", [5, -6, 10**30])
def test_a_row_that_is_not_there(path: Path, row: int) -> None:
    with open_npz(path) as arrays, pytest.raises(InvalidValueError, match=f"no row {row}"):
        arrays.rows("small", row)


@pytest.fixture(scope="module")
def opened(path: Path) -> Any:
    with open_npz(path) as arrays:
        yield arrays


@settings(max_examples=60)
@given(st.integers(0, 90_000), st.integers(0, 3000))
def test_any_rows_of_a_large_array(opened: Any, start: int, count: int) -> None:
    rows = slice(start, start + count)
    np.testing.assert_array_equal(opened.rows("noise", rows), NOISE[rows])


def test_an_index_is_built_once_and_kept(
    path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_npz(path) as arrays:
        arrays.rows("noise", 5)
        arrays.rows("small", 1)
    (kept,) = root.rglob("*.seek")
    assert kept.stat().st_size < NOISE.nbytes / 20
    (entry,) = cache.entries()
    assert (entry.source, entry.arrays) == (str(path), 0)
    stored_index, asked = _lazy.stored_index, []

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return stored_index(*arguments)

    monkeypatch.setattr(_lazy, "stored_index", counted)
    with open_npz(path) as arrays:
        for _ in range(3):
            np.testing.assert_array_equal(arrays.rows("noise", -1), NOISE[-1])
    assert len(asked) == 1


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_an_index_that_is_damaged_gives_no_wrong_rows(
    path: Path, root: Path, tmp_path: Path, damage: str
) -> None:
    with open_npz(path) as arrays:
        arrays.rows("noise", 5)
    (kept,) = root.rglob("*.seek")
    content = bytearray(kept.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 0x55
    if damage == "other":
        save_npz(tmp_path / "other.npz", {"noise": NOISE[::-1]}, level=1)
        with open_npz(tmp_path / "other.npz") as arrays:
            arrays.rows("noise", 5)
        (other,) = set(root.rglob("*.seek")) - {kept}
        content = bytearray(other.read_bytes())
    kept.write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(damage, len(content))])
    for row in (5, 45_000, -1):
        with open_npz(path) as arrays:
            np.testing.assert_array_equal(arrays.rows("noise", row), NOISE[row])


def test_rows_need_no_cache(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "file" / "below"))
    with open_npz(path) as arrays:
        np.testing.assert_array_equal(arrays.rows("noise", 77), NOISE[77])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("rows", [slice(2), slice(None, None, 7), -1, slice(None)], ids=str)
def test_rows_of_a_small_array_are_checked(tmp_path: Path, save: Any, rows: Any) -> None:
    path = tmp_path / "a.npz"
    save(path, a=NOISE[:2000])
    with zipfile.ZipFile(path) as file:
        crc32 = file.getinfo("a.npy").CRC.to_bytes(4, "little")
    # What is decoded is what was written, and differs from what the archive says of it.
    other = (int.from_bytes(crc32, "little") ^ 1).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(crc32, other))
    with open_npz(path) as arrays, pytest.raises(CorruptDatasetError, match="CRC-32"):
        arrays.rows("a", rows)


def test_all_rows_of_a_large_stored_array_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=NOISE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with open_npz(path) as arrays:
        np.testing.assert_array_equal(arrays.rows("a", slice(9)), NOISE[:9])
        for rows in (slice(None), slice(None, None, -1)):
            with pytest.raises(CorruptDatasetError, match="CRC-32"):
                arrays.rows("a", rows)


def test_rows_of_a_stored_array_need_no_index(tmp_path: Path, root: Path) -> None:
    np.savez(tmp_path / "stored.npz", noise=NOISE)
    with open_npz(tmp_path / "stored.npz") as arrays:
        np.testing.assert_array_equal(arrays.rows("noise", slice(5, 9)), NOISE[5:9])
    assert not list(root.rglob("*.seek"))


def test_arrays_that_were_read_are_ordinary(path: Path) -> None:
    with open_npz(path) as arrays:
        for array in (arrays["small"], arrays.rows("noise", slice(3))):
            array[0] = 1
            np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)), array)  # noqa: S301
    assert load_npz(path, ["small"])["small"][0, 0, 1] == 1
