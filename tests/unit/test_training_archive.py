"""Checkpoint files: what goes in comes out, and nothing else does."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from medfast.errors import CheckpointError, StorageError
from medfast.training import archive

TENSORS = {
    "weight": torch.arange(6, dtype=torch.float32).reshape(1, 2, 1, 3),
    "steps": torch.tensor(7),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "empty": torch.zeros(0, 3),
    "strided": torch.arange(16.0).reshape(1, 4, 2, 2).to(memory_format=torch.channels_last),
}
FACTS = {"epoch": 3, "auc": 0.1 + 0.2, "missing": float("nan"), "names": ["ä", "b"]}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "last.safetensors"
    archive.save(path, TENSORS, FACTS)
    return path


def test_round_trip(saved: Path) -> None:
    tensors, facts = archive.load(saved)
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)
    assert repr(facts) == repr(FACTS)


def test_other_tools_read_it(saved: Path) -> None:
    assert torch.equal(load_file(saved)["strided"], TENSORS["strided"])


def test_the_same_content_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    archive.save(tmp_path / "again", TENSORS, FACTS)
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_every_truncation_is_found(saved: Path) -> None:
    data = saved.read_bytes()
    for length in range(len(data)):
        saved.write_bytes(data[:length])
        with pytest.raises(CheckpointError):
            archive.load(saved)


def test_every_altered_byte_is_found(saved: Path) -> None:
    data = saved.read_bytes()
    padding = 0
    for position in range(len(data)):
        saved.write_bytes(data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :])
        try:
            tensors, facts = archive.load(saved)
        except CheckpointError:
            continue
        # Blanks that fill up the header, of whose bits nothing depends.
        padding += 1
        assert repr(facts) == repr(FACTS)
        assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    assert padding < 8


def test_files_that_are_no_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        archive.load(path)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="is not a whole checkpoint of medfast"):
        archive.load(path)
    save_file({"weight": torch.zeros(2)}, path, {"medfast": "[1]"})
    with pytest.raises(CheckpointError, match="is not a whole checkpoint of medfast"):
        archive.load(path)
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="is not a whole checkpoint of medfast"):
        archive.load(path)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "attacked",)  # type: ignore[return-value]

    path = tmp_path / "last.safetensors"
    path.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(CheckpointError):
        archive.load(path)
    assert not (tmp_path / "attacked").exists()


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be read"):
        archive.load(tmp_path)
