"""Run folders from an enemy: nothing in them is executed, or reaches memory that is not its own."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from medfast.errors import CheckpointError, ConfigError
from medfast.training import archive
from medfast.training.evaluation import evaluate_run
from medfast.training.run import resume, train
from tiny_runs import StopAt, tiny_dataset, tiny_recipe


class Evil:
    """Leaves a trace if it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("executed",)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was stopped in its second epoch, with the best one behind it."""
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"device": "cpu", "precision": "fp32", "checkpoint_every": 2}
    with pytest.raises(KeyboardInterrupt):
        train(
            tiny_recipe(epochs=2),
            tiny_dataset(),
            tmp_path / "run",
            progress=StopAt(2, in_batch=4),
            **options,
        )
    return tmp_path / "run"


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil()))


def saved_by_torch(path: Path) -> None:
    torch.save({"model.0.weight": Evil()}, path)


def saved_by_torch_long_ago(path: Path) -> None:
    torch.save(Evil(), path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize("write", [pickled, saved_by_torch, saved_by_torch_long_ago])
def test_no_checkpoint_is_unpickled(write: Callable[[Path], None], folder: Path) -> None:
    whole = (folder / "last.safetensors").read_bytes()
    write(folder / "last.safetensors")
    with pytest.raises(CheckpointError, match="is not a whole checkpoint"):
        resume(folder, dataset=tiny_dataset())
    (folder / "last.safetensors").write_bytes(whole)
    resume(folder, dataset=tiny_dataset())
    write(folder / "best.safetensors")
    with pytest.raises(CheckpointError, match="is not a whole checkpoint"):
        evaluate_run(folder, "test", dataset=tiny_dataset())
    assert not Path("executed").exists()


def test_no_recipe_makes_objects(folder: Path) -> None:
    tag = "!!python/object/apply:os.mkdir [executed]"
    (folder / "recipe.yaml").write_text(f"lr: {tag}\n")
    with pytest.raises(ConfigError, match="is not YAML"):
        resume(folder, dataset=tiny_dataset())
    assert not Path("executed").exists()


Forge = Callable[[dict[str, torch.Tensor], dict[str, Any]], object]


def fact(key: str, value: object) -> Forge:
    return lambda _, facts: facts.update({key: value})


def no_fact(key: str) -> Forge:
    return lambda _, facts: facts.pop(key)


def step(key: str, value: object) -> Forge:
    return lambda _, facts: facts["steps"].update({key: value})


def nothing(_: object, facts: dict[str, Any]) -> None:
    facts["steps"]["images"] = [0] * len(facts["steps"]["images"])


def tensor(name: str, *shape: int, dtype: torch.dtype = torch.float32) -> Forge:
    return lambda tensors, _: tensors.update({name: torch.zeros(shape, dtype=dtype)})


def no_tensor(name: str) -> Forge:
    return lambda tensors, _: tensors.pop(name)


MEAN, COUNT = "optimizer0.0.exp_avg", "optimizer0.0.step"
# What an enemy, or another version, may put into `last` under the right CRC-32.
FORGED = {
    "no history": (no_fact("history"), "lacks 'history'"),
    "a history of numbers": (fact("history", [3]), "must be a list, each an object, came [3]"),
    "an epoch of other columns": (fact("history", [{"epoch": 1}]), "lacks 'lr' of epoch 1"),
    "no steps": (no_fact("steps"), "lacks 'steps'"),
    "other steps": (fact("steps", {"epoch": 1, "speed": 2}), "lacks 'losses' of the steps"),
    "one more column": (step("speed", 2.0), "TypeError"),
    "losses that are text": (step("losses", ["a"]), "'losses' of the steps must be a list, each a"),
    "a loss too many": (step("losses", [0.5] * 9), "not as many losses, norms and batches"),
    "batches of nothing": (nothing, "a batch without images"),
    "a batch beyond counting": (step("images", [10**400] * 2), "must be a list, each an integer"),
    "no batches": (step("images", []), "not as many losses, norms and batches"),
    "the steps of another epoch": (step("epoch", 7), "the steps of epoch 1, came 7"),
    "seconds that are none": (step("seconds", None), "'seconds' of the steps must be a number"),
    "a recipe that is none": (fact("recipe", 3), "TypeError"),
    "a set that is none": (fact("set", []), "AttributeError"),
    "another kind": (fact("kind", "best"), "is not a 'last' checkpoint but 'best'"),
    "a name without a part": (tensor("a", 1), "ValueError"),
    "an unknown part": (tensor("a.b", 1), "it has a besides"),
    "a second optimizer": (tensor("optimizer1.0.step"), "it has optimizer1 besides"),
    "no weight": (no_tensor("model.0.weight"), "Missing key"),
    "one more weight": (tensor("model.9.weight", 1), "Unexpected key"),
    "a weight of another shape": (tensor("model.0.weight", 8), "size mismatch"),
    "no best weight": (no_tensor("best.0.weight"), "weights of its best epoch are not of the run"),
    "a best weight of another shape": (tensor("best.0.weight", 8), "weights of its best epoch are"),
    "a best weight of bytes": (tensor("best.0.weight", 8, 1, 3, 3, dtype=torch.uint8), "its best"),
    "the state of no parameter": (tensor("optimizer0.99.step"), "IndexError"),
    "a parameter without a number": (tensor("optimizer0.a.step"), "ValueError"),
    # torch's fused steps would write on behind these, as far as the parameter is long.
    "a state too short": (tensor(MEAN, 1), "[8, 1, 3, 3], came torch.float32 of shape [1]"),
    "a state of nothing": (tensor(MEAN, 0), "[8, 1, 3, 3], came torch.float32 of shape [0]"),
    "a state of bytes": (tensor(MEAN, 8, 1, 3, 3, dtype=torch.uint8), "came torch.uint8"),
    "three counts of steps": (tensor(COUNT, 3), "of shape [], came torch.float32 of shape [3]"),
}


@pytest.mark.parametrize(("forge", "words"), FORGED.values(), ids=FORGED)
def test_a_forged_checkpoint_is_refused(forge: Forge, words: str, folder: Path) -> None:
    path = folder / "last.safetensors"
    tensors, facts = archive.load(path)
    forge(tensors, facts)
    archive.save(path, tensors, facts)
    forged = path.read_bytes()
    with pytest.raises(CheckpointError, match=re.escape(words)):
        resume(folder, dataset=tiny_dataset())
    assert path.read_bytes() == forged
