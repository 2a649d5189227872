"""Files are whole or not there, whatever ends the writing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from medfast.data.storage import replacing, write_files, write_text
from medfast.errors import StorageError


def test_a_file_is_replaced_and_nothing_is_left_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")
    write_text(path, "new\n")
    assert path.read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~current_umask()


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    for target in (tmp_path / "real" / "file", Path("real/beside")):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        write_text(link, "one")
        write_files({link: b"two"})
        assert link.is_symlink()
        assert link.read_text() == "two"
    assert {path.name for path in (tmp_path / "real").iterdir()} == {"file", "beside"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_an_exception_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "file"
    write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if step == "fsync" else (Path, "replace")), full)
    with pytest.raises(StorageError) as error:
        write_text(path, "new")
    monkeypatch.undo()
    assert "No space left on device" in str(error.value)
    assert str(path) in str(error.value)
    assert error.value.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "write_bytes"])
def test_files_that_belong_together_stay_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    paths = [tmp_path / name for name in ("one", "two", "three")]
    write_files(dict.fromkeys(paths, b"old"))
    place, calls = (os, "fsync") if step == "fsync" else (Path, "write_bytes"), []
    real = getattr(*place)

    def full(*given: object) -> object:
        calls.append(given)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given)

    monkeypatch.setattr(*place, full)
    with pytest.raises(StorageError, match="three could not be written: No space left"):
        write_files(dict.fromkeys(paths, b"new"))
    monkeypatch.undo()
    assert [path.read_bytes() for path in paths] == [b"old"] * 3
    write_files(dict.fromkeys(paths, b"new"))
    assert [path.read_bytes() for path in paths] == [b"new"] * 3
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for path in (tmp_path / "missing" / "file", file / "below"):
        with pytest.raises(StorageError, match="could not be written"):
            write_text(path, "text")


def current_umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
