"""Damaged and hostile archives: numpy's answer or a `MedfastError`, never anything else."""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medfast.errors import InternalError, MedfastError
from medfast.npz import Limits, load_npz

CheckFile = Callable[[Path], bool]
CheckArray = Callable[[bytes], bool]


@pytest.fixture(scope="session")
def numpys_answer_or_an_error(assert_same_arrays: Callable[..., None]) -> CheckFile:
    """Tell whether a file is read; if it is, numpy must read the same."""

    def check(path: Path) -> bool:
        try:
            ours = load_npz(path, threads=2)
        except InternalError:
            raise
        except MedfastError as error:
            if str(path) not in str(error):
                raise
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.load(path) as theirs:
                assert_same_arrays(ours, dict(theirs))
        return True

    return check


@pytest.fixture(scope="session")
def numpys_answer_for(numpys_answer_or_an_error: CheckFile) -> CheckArray:
    """Tell the same of an archive whose only fault can be in its one array."""

    def check(npy: bytes) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "set.npz")
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr("a.npy", npy)
            return numpys_answer_or_an_error(path)

    return check


def small_archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, method, array in [
            ("a.npy", zipfile.ZIP_DEFLATED, np.arange(40, dtype=">u2").reshape(8, 5).T),
            ("b.npy", zipfile.ZIP_STORED, np.zeros(2, [("x", "<f4"), ("y", "S3", (2,))])),
        ]:
            npy = io.BytesIO()
            np.save(npy, array)
            file.writestr(name, npy.getvalue(), method)
        file.comment = b"a comment"
    return stream.getvalue()


def test_the_archive_itself_is_read(numpys_answer_or_an_error: CheckFile, tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    path.write_bytes(small_archive())
    assert numpys_answer_or_an_error(path)


def test_every_truncation_is_an_error(numpys_answer_or_an_error: CheckFile, tmp_path: Path) -> None:
    content, path = small_archive(), tmp_path / "set.npz"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert not numpys_answer_or_an_error(path)


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_flipped_byte(
    numpys_answer_or_an_error: CheckFile, tmp_path: Path, mask: int
) -> None:
    content, path = bytearray(small_archive()), tmp_path / "set.npz"
    for at in range(len(content)):
        content[at] ^= mask
        path.write_bytes(content)
        numpys_answer_or_an_error(path)
        content[at] ^= mask


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(small_archive()) - 1),
            st.binary(min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_overwritten_bytes(
    numpys_answer_or_an_error: CheckFile, changes: list[tuple[int, bytes]]
) -> None:
    content = bytearray(small_archive())
    for at, new in changes:
        content[at : at + len(new)] = new[: len(content) - at]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "set.npz")
        path.write_bytes(content)
        numpys_answer_or_an_error(path)


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                b"PK\1\2",
                b"PK\3\4",
                b"PK\5\6",
                b"PK\6\6",
                b"PK\6\7",
                b"\0" * 16,
                b"\xff" * 8,
                b"\x93NUMPY\1\0",
                small_archive(),
                b"a.npy",
            ]
        )
    )
)
def test_archives_of_loose_parts(numpys_answer_or_an_error: CheckFile, parts: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "set.npz")
        path.write_bytes(b"".join(parts))
        numpys_answer_or_an_error(path)


# Headers in archives that are otherwise right, their CRC-32 too

DESCRS = [
    "'<f4'",
    "'|u1'",
    "'>i2'",
    "'<U2'",
    "'|S3'",
    "'<M8[ns]'",
    "'|O'",
    "'|b1'",
    "'f4'",
    "'<f16'",
]
descr = st.recursive(
    st.sampled_from(DESCRS),
    lambda inner: st.one_of(
        st.lists(
            st.tuples(st.sampled_from(["'x'", "'y'", "''", "('t', 'z')"]), inner).map(
                lambda field: f"({field[0]}, {field[1]})"
            ),
            max_size=3,
        ).map(lambda fields: f"[{', '.join(fields)}]"),
        inner.map(lambda item: f"[('s', {item}, (2,))]"),
        inner.map(lambda item: f"({item}, (2,))"),
    ),
    max_leaves=4,
)
shapes = st.sampled_from(
    ["()", "(4,)", "(2, 2)", "(0,)", "(0, 5)", "4", "(4)", "[4]", "(-4,)", "(4.0,)", "(True,)",
     "(2**2,)", "(4L,)", "(9223372036854775807,)", "(4611686018427387904, 4)", "(0x4,)", "(1_0,)"]
)  # fmt: skip


@settings(max_examples=300)
@given(
    descr=descr,
    order=st.sampled_from(["True", "False", "1", "None"]),
    shape=shapes,
    length=st.integers(0, 40),
    version=st.sampled_from([1, 2, 3, 4]),
)
def test_headers(
    numpys_answer_for: CheckArray,
    descr: str,
    order: str,
    shape: str,
    length: int,
    version: int,
) -> None:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    numpys_answer_for(b"\x93NUMPY" + bytes([version, 0]) + size + text + bytes(length))


@settings(max_examples=300)
@given(at=st.integers(0, 127), new=st.binary(min_size=1, max_size=4))
def test_headers_with_bytes_changed(numpys_answer_for: CheckArray, at: int, new: bytes) -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(6, dtype="<i4").reshape(2, 3))
    content = bytearray(stream.getvalue())
    content[at : at + len(new)] = new
    numpys_answer_for(bytes(content))


@pytest.mark.parametrize("depth", [10, 100, 30_000])
def test_nesting(numpys_answer_for: CheckArray, depth: int) -> None:
    nested = "[('x', " * depth + "'|u1'" + ")]" * depth
    text = f"{{'descr': {nested[:65_000]}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    npy = b"\x93NUMPY\x02\x00" + len(text).to_bytes(4, "little") + text + b"\x07"
    assert numpys_answer_for(npy) == (depth == 10)


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """Many directory entries for the same bytes: a bomb that no ratio shows."""
    path = tmp_path / "set.npz"
    np.savez_compressed(path, a=np.zeros(1_000_000, np.uint8))
    content = path.read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry, copies = content[start:end], 50
    record = bytearray(content[end:])
    record[8:12] = copies.to_bytes(2, "little") * 2
    record[12:16] = (copies * len(entry)).to_bytes(4, "little")
    path.write_bytes(content[:start] + entry * copies + record)
    with pytest.raises(MedfastError, match="its bytes overlap"):
        load_npz(path)


def test_strings_without_width_take_no_memory(tmp_path: Path) -> None:
    """Behind a header of odd length, where a copy would give each of them four bytes."""
    path = tmp_path / "set.npz"
    text = b"{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)} \n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    array = load_npz(path, limits=Limits(max_inflated_bytes=1000))["a"]
    assert (array.dtype, array.shape, array.nbytes) == (np.dtype("<U0"), (10**12,), 0)


def test_code_in_a_header_is_not_run(numpys_answer_for: CheckArray, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    text = f"{{'descr': open({str(trace)!r}, 'w'), 'fortran_order': False, 'shape': ()}}\n".encode()
    assert not numpys_answer_for(
        b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\x07"
    )
    assert not trace.exists()
