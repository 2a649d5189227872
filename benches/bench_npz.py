"""Reading `.npz` archives, against `numpy.load` and the decoders that one could put in its place.

The files are in the page cache, as after the first reading on any machine with enough memory. The
tiled sets are real images forty times over, which compress no better than they did once.

The decoders (libdeflate through `deflate`, ISA-L, zlib-ng, rapidgzip) are given the same members:
found with `zipfile`, inflated at once, checked against their CRC-32, and made arrays in place.
Each is skipped where it is not installed. rapidgzip knows gzip alone, so each member is given a
gzip header and trailer beforehand, in a file of its own.
"""

from __future__ import annotations

import importlib
import io
import struct
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from medfast.npz import load_npz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Arrays = dict[str, np.ndarray]

REAL = ["breastmnist", "pneumoniamnist", "bloodmnist", "mednist_28"]
TILED = {
    "pneumoniamnist x40, deflated": ("pneumoniamnist", np.savez_compressed),
    "chestmnist_subset x40, deflated": ("chestmnist_subset", np.savez_compressed),
    "pneumoniamnist x40, stored": ("pneumoniamnist", np.savez),
}
THREADS = [2, 1]


def members(path: Path) -> dict[str, tuple[zipfile.ZipInfo, bytes]]:
    """Read the compressed bytes of every member."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        found = {}
        for info in archive.infolist():
            file.seek(info.header_offset)
            name, extra = struct.unpack("<26x2H", file.read(30))
            file.seek(name + extra, io.SEEK_CUR)
            found[info.filename.removesuffix(".npy")] = (info, file.read(info.compress_size))
    return found


def as_array(npy: bytes | bytearray) -> np.ndarray:
    """Make an array of a `.npy` file's bytes, in place."""
    head = io.BytesIO(bytes(npy[:1024]))
    version = np.lib.format.read_magic(head)
    assert version == (1, 0)
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(head)
    flat = np.frombuffer(npy, dtype, offset=head.tell())
    return flat.reshape(shape, order="F" if fortran_order else "C")


def load_with(inflate: Callable[[bytes, int], Any], crc32: Any, path: Path) -> Arrays:
    """Read every array with another decoder of raw deflate."""
    arrays = {}
    for key, (info, raw) in members(path).items():
        npy = raw
        if info.compress_type == zipfile.ZIP_DEFLATED:
            npy = inflate(raw, info.file_size)
        assert crc32(npy) == info.CRC
        arrays[key] = as_array(npy)
    return arrays


def gzip_members(path: Path, folder: Path) -> dict[str, Path]:
    """Write every member as a gzip file, its deflated bytes as they are."""
    files = {}
    for key, (info, raw) in members(path).items():
        files[key] = folder / f"{path.stem}-{key}.gz"
        head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
        files[key].write_bytes(
            head + raw + struct.pack("<2I", info.CRC, info.file_size & 2**32 - 1)
        )
    return files


def load_gzip(open_gzip: Any, files: dict[str, Path], threads: int) -> Arrays:
    """Read every array with rapidgzip."""
    arrays = {}
    for key, file in files.items():
        with open_gzip(str(file), parallelization=threads) as stream:
            arrays[key] = as_array(stream.read())
    return arrays


def peer(name: str, path: Path, folder: Path) -> Callable[[Path], Arrays]:
    """Find what reads an archive under the name of a row."""
    if name == "medfast":
        return load_npz
    if name == "medfast, 1 thread":
        return partial(load_npz, threads=1)
    if name == "numpy":
        return lambda path: dict(np.load(path))
    library, _, rest = name.partition(", ")
    module = pytest.importorskip({"libdeflate": "deflate"}.get(library, library.replace("-", "_")))
    if library == "libdeflate":
        return partial(load_with, module.deflate_decompress, module.crc32)
    if library == "rapidgzip":
        with zipfile.ZipFile(path) as archive:
            if any(info.compress_type != zipfile.ZIP_DEFLATED for info in archive.infolist()):
                pytest.skip("rapidgzip reads deflated members alone")
        files = gzip_members(path, folder)
        return lambda _: load_gzip(module.open, files, int(rest[0]))
    zlib = importlib.import_module(
        {"isal": "isal.isal_zlib", "zlib-ng": "zlib_ng.zlib_ng"}[library]
    )
    return partial(load_with, lambda raw, size: zlib.decompress(raw, -15, size), zlib.crc32)


PEERS = [
    "medfast",
    "medfast, 1 thread",
    "numpy",
    "libdeflate, 1 thread",
    "isal, 1 thread",
    "zlib-ng, 1 thread",
    *(f"rapidgzip, {threads} thread{'s' * (threads > 1)}" for threads in THREADS),
]


@pytest.fixture(scope="session")
def tiled(medmnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("tiled")

    def make(name: str) -> Path:
        source, save = TILED[name]
        path, made = medmnist_root / f"{source}.npz", folder / f"{name.replace(' ', '-')}.npz"
        if path.is_file() and not made.is_file():
            with np.load(path) as file:
                times = {key: (40, *(1,) * (file[key].ndim - 1)) for key in file.files}
                save(made, **{key: np.tile(file[key], times[key]) for key in file.files})
        return made

    return make


@pytest.mark.parametrize("peer_name", PEERS)
@pytest.mark.parametrize("name", [*REAL, *TILED])
def bench_load(
    benchmark: Any,
    medmnist_root: Path,
    tiled: Callable[[str], Path],
    tmp_path: Path,
    name: str,
    peer_name: str,
) -> None:
    path = tiled(name) if name in TILED else medmnist_root / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"{name} needs files that are not in {medmnist_root}")
    read = peer(peer_name, path, tmp_path)
    reference = dict(np.load(path))
    arrays = read(path)
    assert arrays.keys() == reference.keys()
    for key, array in reference.items():
        np.testing.assert_array_equal(arrays[key], array)
    size = sum(array.nbytes for array in reference.values())
    del arrays, reference

    benchmark.group = (
        f"load {name}: {path.stat().st_size / 1e6:.1f} MB of file, {size / 1e6:.1f} MB"
    )
    benchmark.extra_info.update(peer=peer_name, items=size, unit="bytes")
    benchmark(read, path)
