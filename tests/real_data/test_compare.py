"""Runs on official files beside the published rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from made_runs import make_run
from medfast.data.dataset import open_dataset, open_file
from medfast.results.comparison import compare_runs
from medfast.results.runs import open_runs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


def test_three_runs_on_the_official_file_are_like_the_paper(
    medmnist_root: Path, tmp_path: Path
) -> None:
    breast = open_dataset("breastmnist", root=medmnist_root, offline=True)
    own = open_file(
        medmnist_root / "breastmnist.npz", task="binary", label_names=breast.label_names
    )
    # Opened by its path, it is the official file all the same: its MD5 says so.
    paths = [
        make_run(tmp_path / str(seed), data, seed=seed, official=data is breast)
        for seed, data in enumerate((breast, breast, own))
    ]
    (part,) = compare_runs(open_runs(paths)).sets
    (ours,) = part.ours
    assert (part.sets, part.images, ours.seeds) == (("breastmnist",), 156, (0, 1, 2))
    alike = [row.published.method for row in ours.against if not row.unlike]
    assert alike == ["ResNet-18 (28)", "ResNet-50 (28)"]
