"""Settings that every suite of benchmarks shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def medmnist_root() -> Path:
    """Find the real files; benchmarks that need them are skipped, with the reason, without."""
    root = os.environ.get("MEDMNIST_ROOT")
    if not root:
        pytest.skip("MEDMNIST_ROOT is not set: no real files to time on")
    return Path(root)
