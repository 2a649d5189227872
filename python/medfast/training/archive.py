"""Tensors and facts in one safetensors file: checked on the way in, whole on the way out.

safetensors finds a truncated file; a CRC-32 over tensors and facts finds altered bytes.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from medfast.data.storage import replacing, storage_error
from medfast.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_FACTS = "medfast"


def save(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors, and facts that JSON can hold, replacing ``path`` at once.

    Raises
    ------
    StorageError
        If the operating system refuses.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({"crc32": _crc32(plain, facts), "facts": facts})
    with replacing(path) as temporary:
        temporary.write_bytes(serialize(plain, {_FACTS: text}))


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
        path.open("rb").close()  # for errors that safetensors would not tell apart
        with safe_open(path, framework="pt") as archive:
            header = json.loads((archive.metadata() or {})[_FACTS])
            tensors = {name: archive.get_tensor(name) for name in archive.keys()}  # noqa: SIM118
        facts, expected = header["facts"], header["crc32"]
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint at {path}; give the folder of a run") from None
    except OSError as error:
        raise storage_error("read", path, error) from error
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a whole checkpoint of medfast ({type(error).__name__}: {error}); "
            "restore the file, or start the run again"
        ) from error
    if _crc32(tensors, facts) != expected:
        raise CheckpointError(
            f"{path} has been altered: its CRC-32 is not the one recorded; "
            "restore the file, or start the run again"
        )
    return tensors, facts


def _crc32(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> int:
    crc = zlib.crc32(json.dumps(facts).encode())
    for name, tensor in sorted(tensors.items()):
        crc = zlib.crc32(f"{name} {tensor.dtype} {list(tensor.shape)}".encode(), crc)
        crc = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, crc)
    return crc
