"""What docs/RESULTS.md tells is what the runs kept in benches/record/runs come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from medfast.cli.app import run
from medfast.results.runs import open_runs

pytestmark = pytest.mark.real_data

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("benches/record/runs/*/seed-*/summary.json"))


def test_runs_are_kept() -> None:
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_scores_of_a_run_come_to_its_figures(folder: Path, medmnist_root: Path) -> None:
    [kept] = open_runs([folder])
    for split in kept.summary["splits"]:
        kept.outcome(split, root=medmnist_root)  # refuses other figures


def test_the_tables_are_those_of_compare(
    medmnist_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = map(str, FOLDERS)
    assert run(["compare", *folders, "--root", str(medmnist_root), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.strip() in (ROOT / "docs/RESULTS.md").read_text("utf-8")
