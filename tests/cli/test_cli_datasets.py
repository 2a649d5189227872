"""``medfast datasets`` and ``medfast download``."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest

from loopback import Loopback
from medfast.data import catalog


def test_the_table_has_the_18_sets_in_80_columns(cli, tmp_path):
    done = cli("datasets", "--root", tmp_path)
    assert done.code == 0
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    for info in catalog.CATALOG.values():
        (line,) = [line for line in lines if line.startswith(info.flag + " ")]
        for fact in (info.task.value, info.n_classes, f"{info.n_samples['train']:,}"):
            assert str(fact) in line.split()


def test_files_on_disk_are_marked(cli, tmp_path):
    (tmp_path / "breastmnist_64.npz").touch()
    done = cli("datasets", "--root", tmp_path)
    (line,) = [line for line in done.out.splitlines() if line.startswith("breastmnist")]
    assert line.split()[-4:] == ["28", "64*", "128", "224"]
    (breast,) = [s for s in json.loads(cli("datasets", "--root", tmp_path, "--json").out)
                 if s["flag"] == "breastmnist"]  # fmt: skip
    assert [file["on_disk"] for file in breast["files"]] == [False, True, False, False]


def test_one_set_by_an_old_name_carries_the_note(cli):
    done = cli("datasets", "OrganMNIST_Axial")
    assert done.code == 0
    assert done.out.startswith("OrganAMNIST")
    assert "v1" in done.out
    assert "0 bladder" in done.out


def test_an_unknown_name_is_a_wrong_call(cli):
    done = cli("datasets", "octmist")
    assert done.code == 2
    assert "did you mean 'octmnist'" in done.err


@pytest.fixture
def served(monkeypatch):
    """Serve made-up bytes as the file of breastmnist."""
    body = b"an archive, in a manner of speaking" * 1000
    with Loopback(body).running() as server:
        info = dataclasses.replace(
            catalog.lookup("breastmnist"),
            md5={28: hashlib.md5(body).hexdigest()},  # noqa: S324
            record_url=server.url,
        )
        monkeypatch.setattr(catalog, "lookup", lambda _: info)
        yield body


def test_download_prints_where_the_file_is(cli, tmp_path, served):
    done = cli("download", "breastmnist", "--root", tmp_path)
    assert done.code == 0
    assert done.out.strip() == str(tmp_path / "breastmnist.npz")
    assert (tmp_path / "breastmnist.npz").read_bytes() == served
    assert [path.name for path in tmp_path.iterdir()] == ["breastmnist.npz"]


def test_download_of_an_unknown_size_is_a_wrong_call(cli, tmp_path):
    done = cli("download", "adrenalmnist3d", "--size", 128, "--root", tmp_path)
    assert done.code == 2
    assert "its sizes are 28, 64" in done.err


def test_offline_names_the_file_the_address_and_the_place(cli, tmp_path):
    done = cli("train", "--dataset", "pathmnist", "--offline", "--root", tmp_path)
    assert done.code == 1
    assert "https://zenodo.org/records/10519652/files/pathmnist.npz" in done.err
    assert str(tmp_path / "pathmnist.npz") in done.err
