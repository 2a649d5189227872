"""The rules of the house: which way imports run, what an import may load, what is kept twice."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import medfast

ROOT = Path(__file__).parents[2]
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


def test_a_score_needs_nothing_of_training() -> None:
    loaded = modules_loaded_by("import medfast.results.score, medfast.results.table")
    assert loaded.isdisjoint(("torch", "sklearn", "safetensors", "yaml", "scipy"))


def test_help_does_not_load_torch() -> None:
    loaded = modules_loaded_by(
        "from medfast.cli.app import run\n"
        "for args in (['--help'], ['train', '--help']): assert run(args) == 0"
    )
    assert "torch" not in loaded


def test_imports_run_one_way() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


# What runs the code that it finds in a file; `marshal` crashes on one that was altered.
UNPICKLERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def test_nothing_unpickles() -> None:
    for path in (ROOT / "python").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported = {(node.module or "").partition(".")[0]}
            else:
                imported = set()
            assert not imported & UNPICKLERS, path
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                options = {option.arg: ast.unparse(option.value) for option in node.keywords}
                assert called not in ("eval", "exec", "yaml.unsafe_load", "yaml.full_load"), path
                assert called != "torch.load" or options.get("weights_only") == "True", path
                assert options.get("allow_pickle", "False") == "False", path


def test_the_rust_of_the_readme_is_in_that_of_the_crate() -> None:
    """The doctests of the crate run the Rust in its own README alone."""
    crate = (ROOT / "rust/core/README.md").read_text(encoding="utf-8")
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```rust\n")[1:]
    assert blocks
    for block in blocks:
        assert block.split("```")[0] in crate


def test_the_crate_holds_the_same_licence() -> None:
    assert (ROOT / "rust/core/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert medfast.__version__ == version("medfast") == medfast.build_info()["version"]
