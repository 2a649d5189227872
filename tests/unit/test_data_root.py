"""Where the files are looked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from medfast.data.root import data_root
from medfast.errors import ConfigError


def test_the_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDMNIST_ROOT", "/from/environment")
    assert data_root("/from/argument") == Path("/from/argument")
    assert data_root() == Path("/from/environment")


@pytest.mark.parametrize("empty", [True, False])
def test_the_default_is_medmnists(monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    if empty:
        monkeypatch.setenv("MEDMNIST_ROOT", "")
    else:
        monkeypatch.delenv("MEDMNIST_ROOT", raising=False)
    assert data_root() == Path("/home/somebody/.medmnist")
    assert data_root("~/elsewhere") == Path("/home/somebody/elsewhere")


def test_no_home_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("MEDMNIST_ROOT", raising=False)
    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(ConfigError, match="set MEDMNIST_ROOT or pass a root"):
        data_root()


def test_importing_makes_no_folder(tmp_path: Path) -> None:
    code = (
        "import medfast.data, medfast.data.download, medfast.data.digits\n"
        "from medfast.data.root import data_root\n"
        "assert not data_root().exists()\n"
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
