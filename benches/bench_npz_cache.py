"""Memory maps of archives, batches out of them, a cold process, and writing.

The batches come out of a file of 256 MB whose pages are in memory, as they are once an epoch has
been seen; the first visit costs both peers the same reads of the disk.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from medfast.npz import load_npz, save_npz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REAL = ["breastmnist", "bloodmnist", "mednist_28"]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDFAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> int:
    assert ours.keys() == theirs.keys()
    for key, array in theirs.items():
        np.testing.assert_array_equal(ours[key], array)
    return sum(array.nbytes for array in theirs.values())


@pytest.mark.parametrize("peer", ["medfast", "numpy"])
@pytest.mark.parametrize("name", REAL)
def bench_open_again(benchmark: Any, medmnist_root: Path, name: str, peer: str) -> None:
    path = medmnist_root / f"{name}.npz"
    size = same(load_npz(path, mmap=True), dict(np.load(path)))
    read: Callable[[], object] = {
        "medfast": lambda: load_npz(path, mmap=True),
        "numpy": lambda: dict(np.load(path)),
    }[peer]
    benchmark.group = f"open {name} again with mmap=True, {size / 1e6:.1f} MB"
    benchmark.extra_info.update(peer=peer, items=size, unit="bytes")
    benchmark(read)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("maps")
    images = np.random.default_rng(0).integers(0, 256, (5100, 224, 224), np.uint8)
    np.save(folder / "a.npy", images)
    np.savez(folder / "a.npz", images=images)
    return {
        "medfast": load_npz(folder / "a.npz", mmap=True)["images"],
        "numpy.memmap": np.load(folder / "a.npy", mmap_mode="r"),
    }


@pytest.mark.parametrize("peer", ["medfast", "numpy.memmap"])
def bench_batch(benchmark: Any, maps: dict[str, np.ndarray], peer: str) -> None:
    rows = np.random.default_rng(1).integers(0, 5100, (40, 128))
    for batch in rows:
        np.testing.assert_array_equal(maps["medfast"][batch], maps["numpy.memmap"][batch])
    images = maps[peer]
    benchmark.group = "40 batches of 128 random rows of 224x224 out of a map of 256 MB"
    benchmark.extra_info.update(peer=peer, items=rows.size, unit="images")
    benchmark(lambda: [images[batch] for batch in rows])


COLD = {
    "medfast": "from medfast.npz import load_npz; load_npz(sys.argv[1])",
    "numpy": "import numpy as np; dict(np.load(sys.argv[1]))",
}


@pytest.mark.parametrize("peer", COLD)
def bench_cold_process(benchmark: Any, medmnist_root: Path, peer: str) -> None:
    path = medmnist_root / "breastmnist.npz"
    command = [sys.executable, "-c", f"import sys; {COLD[peer]}", str(path)]
    benchmark.group = "open breastmnist in a new process, the imports included"
    benchmark.extra_info.update(peer=peer, items=1, unit="files")
    benchmark.pedantic(
        partial(subprocess.run, command, check=True), rounds=30, iterations=1, warmup_rounds=3
    )


SAVERS: dict[str, Callable[..., None]] = {
    "medfast": save_npz,
    "medfast, 1 thread": partial(save_npz, threads=1),
    "numpy": lambda path, arrays: np.savez_compressed(path, **arrays),
}


@pytest.mark.parametrize("peer", SAVERS)
def bench_save(benchmark: Any, medmnist_root: Path, tmp_path: Path, peer: str) -> None:
    arrays = load_npz(medmnist_root / "bloodmnist.npz")
    path = tmp_path / "a.npz"
    SAVERS[peer](path, arrays)
    size = same(dict(np.load(path)), arrays)
    benchmark.group = f"save bloodmnist, {size / 1e6:.1f} MB"
    benchmark.extra_info.update(peer=peer, items=size, unit="bytes", file_bytes=path.stat().st_size)
    benchmark.pedantic(SAVERS[peer], (path, arrays), rounds=3, iterations=1)
