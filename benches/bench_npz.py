"""Reading `.npz` archives, against `numpy.load`.

The files are in the page cache, as after the first reading on any machine with enough memory. The
tiled set is the real images of PneumoniaMNIST forty times over, 122 MB that compress no better
than they did once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from medfast.npz import load_npz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PEERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    "medfast": load_npz,
    "medfast, 1 thread": partial(load_npz, threads=1),
    "numpy": lambda path: dict(np.load(path)),
}
REAL = ["breastmnist", "bloodmnist", "mednist_28"]
TILED = ["pneumoniamnist x40, deflated", "pneumoniamnist x40, stored"]


@pytest.fixture(scope="session")
def tiled(medmnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with np.load(medmnist_root / "pneumoniamnist.npz") as file:
        arrays = {key: np.tile(file[key], (40, *(1,) * (file[key].ndim - 1))) for key in file.files}
    folder = tmp_path_factory.mktemp("tiled")
    paths = {name: folder / f"{name[-8:]}.npz" for name in TILED}
    for save, path in zip((np.savez_compressed, np.savez), paths.values(), strict=True):
        save(path, **arrays)
    return paths


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("name", [*REAL, *TILED])
def bench_load(
    benchmark: Any, medmnist_root: Path, request: pytest.FixtureRequest, name: str, peer: str
) -> None:
    if name in TILED:
        path = request.getfixturevalue("tiled")[name]
    else:
        path = medmnist_root / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {medmnist_root}")
    read = PEERS[peer]
    reference = PEERS["numpy"](path)
    arrays = read(path)
    assert arrays.keys() == reference.keys()
    for key, array in reference.items():
        np.testing.assert_array_equal(arrays[key], array)
    size = sum(array.nbytes for array in reference.values())
    del arrays, reference

    benchmark.group = (
        f"load {name}: {path.stat().st_size / 1e6:.1f} MB of file, {size / 1e6:.1f} MB"
    )
    benchmark.extra_info.update(peer=peer, items=size, unit="bytes")
    benchmark(read, path)
