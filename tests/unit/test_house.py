"""The rules of the house: which way imports run, and what an import may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import medfast

HEAVY = ("torch", "sklearn", "pandas", "PIL", "requests", "click", "rich", "yaml", "scipy")


def modules_loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import medfast; medfast.load_npz; medfast.roc_auc_score",
        "import medfast.data.catalog, medfast.data.dataset, medfast.data.loader",
    ],
)
def test_the_engines_and_the_data_need_numpy_alone(statement: str) -> None:
    assert not modules_loaded_by(statement).intersection(HEAVY)


def test_help_does_not_load_torch() -> None:
    loaded = modules_loaded_by(
        "from medfast.cli.app import run\n"
        "for args in (['--help'], ['train', '--help']): assert run(args) == 0"
    )
    assert "torch" not in loaded


def test_imports_run_one_way() -> None:
    from importlinter.cli import lint_imports

    root = Path(__file__).parents[2]
    assert lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True) == 0


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert medfast.__version__ == version("medfast") == medfast.build_info()["version"]
