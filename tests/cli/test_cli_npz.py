"""``medfast info`` and ``medfast cache``."""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from medfast.npz import load_npz, save_npz


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDFAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "set.npz"
    save_npz(path, {"images": np.zeros((1000, 28, 28), np.uint8), "labels": np.arange(1000)})
    return path


# info


def test_info_tells_members_shapes_sizes_and_limits(cli, archive):
    done = cli("info", archive)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[1].split()[:5] == ["images", "uint8", "(1000,", "28,", "28)"]
    assert "784,128" in lines[1]
    assert lines[1].split()[-1] == "right"
    assert "within   max_members 65,536: takes 2" in lines
    assert "within   max_inflated_bytes 68,719,476,736: takes 792,256" in lines


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("columns", [30, 80, 300])
def test_info_leaves_nothing_out(cli, tmp_path, monkeypatch, terminal, columns):
    path = tmp_path / "wide.npz"
    fields = [(f"a_long_name_of_a_field_{index}", "<f4") for index in range(30)]
    name = "a_name_of_an_array_that_takes_half_a_line"
    save_npz(path, {"images": np.zeros((2, 3), np.uint8), name: np.zeros((1,) * 30, fields)})
    monkeypatch.setenv("COLUMNS", str(columns))
    if terminal:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("NO_COLOR", "1")
    lines = cli("info", path).out.splitlines()
    first = next(line for line in lines if line.startswith("images"))
    assert first.split()[0] == "images"
    assert first.split()[-1] == "right"
    second = next(line for line in lines if line.startswith(name))
    assert second.split()[-1] == "right"
    assert "(1, 1" in second
    if not terminal:
        assert lines.index(second) + 1 == next(
            row for row, line in enumerate(lines) if line.startswith("within")
        )


def test_info_as_json(cli, archive):
    found = json.loads(cli("info", archive, "--no-crc", "--json").out)
    assert found["file_bytes"] == archive.stat().st_size
    first = found["members"][0]
    assert (first["name"], first["shape"], first["dtype"]) == (
        "images.npy",
        [1000, 28, 28],
        "uint8",
    )
    assert first["crc_state"] == "not checked"
    assert {limit["name"]: limit["exceeded"] for limit in found["limits"]}["max_ratio"] is False


def test_info_of_a_damaged_member(cli, archive):
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as file:
        at = file.getinfo("labels.npy").header_offset + 300
    content[at] ^= 0x20
    archive.write_bytes(content)
    done = cli("info", archive)
    assert done.code == 1
    assert done.out.splitlines()[1].split()[-1] == "right"
    assert done.out.splitlines()[2].split()[-1] == "wrong"
    assert 'member "labels.npy" at byte' in done.out


def test_info_of_members_that_are_no_arrays(cli, tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, objects=np.array([None]))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("\x1b[31m[red]README", "hello")
    done = cli("info", path)
    assert done.code == 1
    assert "\\x1b[31m[red]README" in done.out
    assert "\x1b" not in done.out
    assert "holds Python objects" in done.out
    assert "is not a .npy array" in done.out


def test_info_of_a_bomb_takes_no_memory(cli, tmp_path, monkeypatch):
    from medfast.npz import Limits, inspection

    path = tmp_path / "bomb.npz"
    save_npz(path, {"zeros": np.zeros(10_000_000, np.uint8)}, level=9)
    monkeypatch.setattr(inspection, "Limits", lambda: Limits(max_inflated_bytes=10**6, max_ratio=9))
    done = cli("info", path)
    assert done.code == 1
    assert "EXCEEDED max_inflated_bytes 1,000,000: takes 10,000,128" in done.out
    assert "EXCEEDED max_ratio 9: takes " in done.out
    assert done.out.splitlines()[1].split()[-1] == "right"


def test_info_of_what_is_no_archive(cli, tmp_path):
    (tmp_path / "page.npz").write_text("<!DOCTYPE html>")
    done = cli("info", tmp_path / "page.npz")
    assert done.code == 1
    assert "expected a zip archive" in done.err
    assert cli("info", tmp_path / "absent.npz").code == 1
    assert cli("info").code == 2


# cache


def test_an_empty_cache(cli, root):
    done = cli("cache", "list")
    assert (done.code, done.out.split()) == (0, ["0", "bytes", "in", str(root)])
    assert cli("cache", "verify").out == "0 arrays, 0 damaged\n"
    assert cli("cache", "clear").out == "0 bytes freed\n"
    assert not root.exists()


def test_list_and_clear(cli, archive, tmp_path):
    other = tmp_path / "other.npz"
    save_npz(other, {"a": np.arange(9)})
    load_npz(archive, ["labels"], mmap=True)
    load_npz(other, mmap=True)
    done = cli("cache", "list")
    assert f"1 of 2     0.0 days ago  {archive}" in done.out
    assert f"1 of 1     0.0 days ago  {other}" in done.out
    entries = json.loads(cli("cache", "list", "--json").out)
    assert {entry["source"] for entry in entries} == {str(archive), str(other)}
    assert cli("cache", "clear", other).code == 0
    (left,) = json.loads(cli("cache", "list", "--json").out)
    assert left["source"] == str(archive)
    done = cli("cache", "clear")
    assert done.out == f"{left['bytes']:,} bytes freed\n"
    assert json.loads(cli("cache", "list", "--json").out) == []


def test_clear_of_what_was_not_used_for_long(cli, archive):
    load_npz(archive, mmap=True)
    assert cli("cache", "clear", "--older-than", 2).out == "0 bytes freed\n"
    (entry,) = json.loads(cli("cache", "list", "--json").out)
    old = time.time() - 3 * 86_400
    os.utime(entry["folder"], (old, old))
    assert cli("cache", "clear", "--older-than", 4).out == "0 bytes freed\n"
    assert cli("cache", "clear", "--older-than", 2).out != "0 bytes freed\n"


@pytest.mark.parametrize("days", ["nan", "NaN", "-nan", "-1", "x"])
def test_clear_of_no_number_of_days(cli, archive, days):
    load_npz(archive, mmap=True)
    done = cli("cache", "clear", f"--older-than={days}")
    assert done.code == 2
    assert "--older-than" in done.err
    assert len(json.loads(cli("cache", "list", "--json").out)) == 1
    assert cli("cache", "clear", "--older-than", "inf").out == "0 bytes freed\n"


def test_clear_of_a_file_that_is_gone(cli, archive, tmp_path, monkeypatch):
    other = tmp_path / "other.npz"
    save_npz(other, {"a": np.arange(9)})
    load_npz(archive, mmap=True)
    load_npz(other, mmap=True)
    archive.unlink()
    monkeypatch.chdir(tmp_path)
    assert cli("cache", "clear", archive.name).out != "0 bytes freed\n"
    (left,) = json.loads(cli("cache", "list", "--json").out)
    assert left["source"] == str(other)
    done = cli("cache", "clear", archive.name)
    assert done.code == 1
    assert "no such file" in done.err


def test_arrays_without_elements_are_not_missed(cli, tmp_path):
    path = tmp_path / "a.npz"
    save_npz(path, {"a": np.arange(9), "none": np.zeros((0, 3)), "hollow": np.zeros((3, 0), "U0")})
    load_npz(path, mmap=True)
    assert "1 of 1 " in cli("cache", "list").out


@pytest.mark.skipif(os.name != "posix", reason="the error is another")
def test_a_cache_below_a_file(cli, archive, monkeypatch):
    monkeypatch.setenv("MEDFAST_CACHE", str(archive / "below"))
    for words in (("list",), ("clear",), ("clear", archive), ("verify",)):
        done = cli("cache", *words)
        assert done.code == 1
        assert "cannot be read: Not a directory; set MEDFAST_CACHE to another" in done.err


def test_clear_tells_what_it_left(cli, archive):
    from medfast.npz import _locks

    load_npz(archive, mmap=True)
    (entry,) = json.loads(cli("cache", "list", "--json").out)
    with _locks.try_lock(Path(entry["folder"], "lock")):
        done = cli("cache", "clear")
    assert done.code == 1
    assert f"left, since it is being decoded: {archive}" in done.err


def test_verify_finds_damage(cli, archive):
    file = Path(load_npz(archive, mmap=True)["images"].filename)
    assert cli("cache", "verify").out == "2 arrays, 0 damaged\n"
    file.chmod(0o600)
    with file.open("r+b") as stream:
        stream.seek(500)
        stream.write(b"\1")
    done = cli("cache", "verify")
    assert done.code == 1
    assert "('images.npy'): expected 784128 bytes with CRC-32" in done.out
    assert "2 arrays, 1 damaged" in done.out
    assert "medfast cache clear" in done.err


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_cache_that_is_a_link(cli, root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    root.symlink_to(tmp_path / "elsewhere")
    for words in (("list",), ("clear",), ("verify",)):
        done = cli("cache", *words)
        assert done.code == 1
        assert "found a link; set MEDFAST_CACHE" in done.err
