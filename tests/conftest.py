"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def medmnist_root() -> Path:
    """The folder of real files; tests that need it are skipped, with the reason, without it."""
    root = os.environ.get("MEDMNIST_ROOT")
    if not root:
        pytest.skip("MEDMNIST_ROOT is not set: no real MedMNIST files")
    if not Path(root, "breastmnist.npz").is_file():
        pytest.skip(f"no breastmnist.npz in MEDMNIST_ROOT={root}")
    return Path(root)
