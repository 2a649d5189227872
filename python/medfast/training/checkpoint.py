"""The two checkpoints of a run: ``last``, to go on from, and ``best``, to use."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from medfast.errors import CheckpointError
from medfast.training import archive
from medfast.training.history import EpochRow, best_row
from medfast.training.identity import refuse_another

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn
    from torch.optim import Optimizer

    from medfast.training.run_folder import RunFolder

Identity = dict[str, dict[str, Any]]


def save(
    folder: RunFolder,
    model: nn.Module,
    optimizer: Optimizer,
    history: list[EpochRow],
    identity: Identity,
) -> None:
    """Write what the newest epoch changed.

    ``last`` comes first: should the process be killed here, the other files follow from it.
    """
    facts = {**identity, "kind": "last", "history": [asdict(row) for row in history]}
    archive.save(folder.last, _pack(model, optimizer), facts)
    _save_what_follows(folder, model, history, identity)


def restore(
    folder: RunFolder, model: nn.Module, optimizer: Optimizer, identity: Identity
) -> list[EpochRow]:
    """Be again where ``last`` was written, or at the beginning if it never was.

    Returns
    -------
    list of EpochRow
        The epochs that are finished.

    Raises
    ------
    CheckpointError
        If ``last`` or ``best`` is damaged, or of another recipe, set or model.
    """
    if not folder.last.exists():
        return []
    tensors, facts = archive.load(folder.last)
    _refuse_others(folder.last, facts, "last", identity)
    _unpack(tensors, model, optimizer)
    history = [EpochRow(**row) for row in facts["history"]]
    _save_what_follows(folder, model, history, identity)
    load_best(folder, identity, epoch=best_row(history)[0].epoch)
    return history


def load_best(folder: RunFolder, identity: Identity, *, epoch: int) -> dict[str, Tensor]:
    """Read the weights of the best epoch.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, of another recipe or set, or not of `epoch`.
    """
    weights, facts = archive.load(folder.best)
    _refuse_others(folder.best, facts, "best", identity)
    if epoch != facts["epoch"]:
        raise CheckpointError(
            f"{folder.best} holds epoch {facts['epoch']}, but the best one is {epoch}; "
            "restore the file, or start the run again"
        )
    return weights


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights into a model of the same architecture.

    Raises
    ------
    CheckpointError
        If names or shapes differ.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"the checkpoint is another model's: {error}") from error


def _save_what_follows(
    folder: RunFolder, model: nn.Module, history: list[EpochRow], identity: Identity
) -> None:
    newest = history[-1]
    if best_row(history)[0] is newest:
        facts = {**identity, "kind": "best", "epoch": newest.epoch}
        archive.save(folder.best, model.state_dict(), facts)
    folder.write_metrics(history)


def _refuse_others(path: Path, facts: dict[str, Any], kind: str, identity: Identity) -> None:
    if facts.get("kind") != kind:
        raise CheckpointError(
            f"{path} is not a {kind!r} checkpoint but {facts.get('kind')!r}; restore the file, or "
            "start the run again"
        )
    for what, present in identity.items():
        refuse_another(path, what, facts.get(what, {}), present)


def _pack(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, tensor in state.items():
            tensors[f"optimizer.{index}.{name}"] = tensor
    return tensors


def _unpack(tensors: Mapping[str, Tensor], model: nn.Module, optimizer: Optimizer) -> None:
    weights: dict[str, Tensor] = {}
    states: dict[int, dict[str, Tensor]] = {}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for key, tensor in tensors.items():
        part, name = key.split(".", 1)
        if part == "model":
            weights[name] = tensor
            continue
        index, name = name.split(".", 1)
        parameter, value = parameters[int(index)], tensor
        if tensor.shape == parameter.shape:
            # With the strides of the parameter: in another order of elements, other ones go through
            # scalar instead of vector arithmetic, and their last bits change.
            value = torch.empty_like(parameter, dtype=tensor.dtype).copy_(tensor)
        states.setdefault(int(index), {})[name] = value
    load_weights(model, weights)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
