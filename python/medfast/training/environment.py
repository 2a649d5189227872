"""The conditions of a run: what it ran, where, on which data."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from importlib import metadata
from typing import TYPE_CHECKING, Any

import torch

import medfast

if TYPE_CHECKING:
    from medfast.training.device import Compute

_PACKAGES = ("numpy", "torch", "safetensors", "PyYAML", "scikit-learn")


def describe_environment(compute: Compute, *, checkpoint_every: int = 0) -> dict[str, Any]:
    """Collect versions, machine, device, git state of the working folder, and the command."""
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv),
        "versions": {
            "medfast": medfast.__version__,
            "python": platform.python_version(),
            **{package.lower(): _version(package) for package in _PACKAGES},
            "cuda": torch.version.cuda if compute.device.type == "cuda" else None,
        },
        "platform": platform.platform(),
        "device": str(compute.device),
        "device_name": compute.device_name,
        "precision": compute.precision,
        "deterministic": compute.deterministic,
        "compile": compute.compile,
        "torch_threads": compute.threads,
        "checkpoint_every": checkpoint_every,
        "git": _git_state(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git_state() -> dict[str, Any] | None:
    """Name the commit checked out in the working folder; None outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        changes = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "modified": bool(changes)}


def _git(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.strip()
