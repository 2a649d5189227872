"""A study that trains in a blink: the tiny network under the ResNets' names, on tiny sets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from medfast.data.dataset import open_file
from medfast.models import registry
from medfast.results.study.findings import write_findings
from medfast.results.study.progress import StudyProgress
from medfast.results.study.runner import Request, Study, open_study, run_study
from medfast.task import Task
from tiny_runs import save_six_keys, tiny, tiny_dataset

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from medfast.data.dataset import Dataset

SETS = {"breastmnist": Task.BINARY, "retinamnist": Task.ORDINAL}


def make_resnets_tiny(patch: pytest.MonkeyPatch) -> None:
    for name in ("resnet18", "resnet34", "resnet50"):
        patch.setitem(registry._FACTORIES, name, tiny)


class TinySets:
    """Opens tiny files that are named as official sets are."""

    def __init__(
        self, folder: Path, sizes: tuple[int, int, int] = (41, 30, 40), **labels: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        for flag, task in SETS.items():
            dataset = tiny_dataset(task, n_classes=3, sizes=sizes, **labels)
            save_six_keys(dataset, folder / f"{flag}.npz")

    def __call__(self, flag: str, size: int) -> Dataset:
        assert size == 28
        return open_file(self.folder / f"{flag}.npz", task=SETS[flag])


def study(out: Path, sets: TinySets, *questions: str, train: bool = True, **wanted: Any) -> Study:
    """Do as the command does."""
    request = Request(questions, **{"quick": True, **wanted})
    found = open_study(out, request, root=None, open_set=sets, existing=not train)
    if train:
        found = run_study(found, device="cpu", progress=StudyProgress(sys.stderr))
    write_findings(found)
    return found
