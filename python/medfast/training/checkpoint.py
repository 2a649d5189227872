"""Tensors and facts in one safetensors file: checked on the way in, whole on the way out.

safetensors finds a truncated file; a CRC-32 over the tensors finds altered bytes.
"""

from __future__ import annotations

import errno
import json
import zlib
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from medfast.errors import CheckpointError
from medfast.training.storage import replacing, storage_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn
    from torch.optim import Optimizer

_FACTS = "medfast"


def save(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors, and facts that JSON can hold, replacing ``path`` at once.

    Raises
    ------
    StorageError
        If the operating system refuses.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({**facts, "crc32": _crc32(plain)})
    with replacing(path) as temporary:
        try:
            save_file(plain, temporary, {_FACTS: text})
        except SafetensorError as error:
            # safetensors reports a full disk as text.
            full = "os error 28" in str(error)
            raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save` wrote.

    Returns
    -------
    tensors : dict of str to torch.Tensor
        On the CPU.
    facts : dict

    Raises
    ------
    CheckpointError
        If the file is missing, truncated, altered, or not medfast's.
    StorageError
        If the operating system refuses to read it.
    """
    try:
        # Read first: safetensors maps the file, and one that shrinks while mapped ends the process.
        with path.open("rb") as file:
            file.read(1)
        with safe_open(path, framework="pt") as archive:
            facts = json.loads((archive.metadata() or {})[_FACTS])
            tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
        expected = facts.pop("crc32")
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint at {path}; give the folder of a run") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a whole checkpoint of medfast ({type(error).__name__}: {error}); "
            "restore the file, or start the run again"
        ) from error
    if _crc32(tensors) != expected:
        raise CheckpointError(
            f"{path} has been altered: the CRC-32 of its tensors is not the one recorded; "
            "restore the file, or start the run again"
        )
    return tensors, facts


def pack(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Name every tensor that the next step of training depends on."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, tensor in state.items():
            if tensor is not None:
                tensors[f"optimizer.{index}.{name}"] = tensor
    return tensors


def unpack(tensors: Mapping[str, Tensor], model: nn.Module, optimizer: Optimizer) -> None:
    """Restore what `pack` named.

    Raises
    ------
    CheckpointError
        If the tensors are another model's.
    """
    weights, states = {}, {}
    for key, tensor in tensors.items():
        part, _, name = key.partition(".")
        if part == "model":
            weights[name] = tensor
        else:
            index, _, name = name.partition(".")
            states.setdefault(int(index), {})[name] = tensor
    load_weights(model, weights)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, state in states.items():
        for name, tensor in state.items():
            if tensor.shape == parameters[index].shape:
                # The strides of the parameter: another order of the elements would also be
                # another order of vector and scalar arithmetic, and so other last bits.
                state[name] = torch.empty_like(parameters[index], dtype=tensor.dtype).copy_(tensor)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": states})


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


def _crc32(tensors: Mapping[str, Tensor]) -> int:
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        crc = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy(), crc)
    return crc
