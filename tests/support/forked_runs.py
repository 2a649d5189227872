"""``medfast`` in processes of its own that are killed, or run out of disk, at a chosen moment.

Each is forked from a server that has trained once, since importing torch and training for the first
time take seconds. The server has one thread and no GPU, so that a fork of it may train.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from medfast.training.checkpoint import State, Writer

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Done:
    """How a process ended: its exit code, or minus the signal; and all that it printed."""

    code: int
    printed: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class ForkedRuns:
    """Calls the command line in forks.

    Parameters
    ----------
    folder : Path
        Where the processes work, and their output is kept.
    warm_up : str
        The arguments of a call of the server itself.
    """

    def __init__(self, folder: Path, *warm_up: object) -> None:
        self._printed = folder / "printed"
        self._server = subprocess.Popen(
            [sys.executable, "-W", "error", __file__, self._printed, *map(str, warm_up)],
            cwd=folder,
            env={
                **os.environ,
                **_ONE_THREAD,
                "CUDA_VISIBLE_DEVICES": "",
                "MEDFAST_DEBUG": "0",
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._server.communicate()

    def __call__(
        self,
        folder: Path,
        *arguments: object,
        kill_at: int = 0,
        full_at: int = 0,
        seconds: float | None = None,
    ) -> Done:
        """Call ``medfast`` with arguments.

        Parameters
        ----------
        folder : Path
            Of the run, whose changes are counted.
        arguments : str
            The words after ``medfast``.
        kill_at : int
            The number, from 1, of the change before which the process is killed; a write is first
            half done.
        full_at : int
            The number of the change from which on the disk is full.
        seconds : float, optional
            After which the process is killed. Only with it does training go on while a checkpoint
            is written: otherwise the changes would not come in the same number each time.
        """
        request = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder),
            "kill_at": kill_at,
            "full_at": full_at,
            "seconds": seconds,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        code = self._server.stdout.readline()
        assert code, self._printed.read_text()
        return Done(int(code), self._printed.read_text())


class Faults:
    """Counts what this process changes in a folder, and lets one change come to grief.

    A change is the making, renaming or removing of a file, the making of a folder, or a write. For
    a disk that gets full it is a flush too, but no removal; nothing is really flushed, since what
    SIGKILL leaves is what was written, flushed or not.
    """

    def __init__(self, folder: str, kill_at: int, full_at: int) -> None:
        self._folder, self._kill_at, self._full_at = folder, kill_at, full_at
        self._changes = 0

    def install(self) -> None:
        """Watch this process from now on, until its end."""
        open_, faults = Path.open, self

        def watched_open(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
            file = open_(path, mode, *rest, **named)
            if "r" not in mode and faults.concerns(path):
                file.write = partial(faults.write, file, file.write)  # type: ignore[method-assign]
            return file

        Path.open = watched_open  # type: ignore[method-assign,assignment]
        os.fsync = self._flush  # type: ignore[assignment]
        sys.addaudithook(self._hear)

    def concerns(self, path: object) -> bool:
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self._folder)

    def change(self) -> bool:
        """Count a change, and tell whether it shall fail."""
        self._changes += 1
        return 0 < self._kill_at <= self._changes or 0 < self._full_at <= self._changes

    def write(self, file: IO[Any], write: Callable[[Any], int], data: Any) -> int:
        if self.change():
            write(data[: len(data) // 2])
            file.flush()
            self.fail()
        return write(data)

    def fail(self) -> NoReturn:
        if self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changes = arguments[2] & os.O_CREAT
        elif event == "os.remove":
            changes = not self._full_at and os.path.lexists(arguments[0])
        else:
            changes = event in ("os.rename", "os.mkdir")
        if changes and self.concerns(arguments[0]) and self.change():
            self.fail()

    def _flush(self, _descriptor: int) -> None:
        if self._full_at and self.change():
            self.fail()


def _serve(printed: str, warm_up: list[str]) -> None:
    import scipy.stats  # noqa: F401 - takes a second, and is imported by a run of several seeds

    import tiny_runs  # noqa: F401 - it registers the tiny network
    from medfast.cli.app import run

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    _print_to(printed)
    assert run(warm_up) == 0
    gc.freeze()  # what the collector does not touch is not copied in a fork
    for line in sys.stdin:
        request = json.loads(line)
        assert len(list(Path("/proc/self/task").iterdir())) == 1
        child = os.fork()
        if child == 0:
            _print_to(printed)
            _be_a_run(request)
        answers.write(f"{_wait(child, request['seconds'])}\n")


def _print_to(path: str) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def _be_a_run(request: dict[str, Any]) -> None:
    from medfast.cli.app import run

    code = 99
    try:
        if request["seconds"] is None:
            _write_every_checkpoint()
        Faults(request["folder"], request["kill_at"], request["full_at"]).install()
        code = run(request["arguments"])
    except BaseException:  # noqa: BLE001 - nothing of the server may run in its fork
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _write_every_checkpoint() -> None:
    """Have training wait for each, so that none is left out for a newer one."""
    from medfast.training.checkpoint import Writer

    save = Writer.save

    def save_and_wait(writer: Writer, state: State) -> None:
        save(writer, state)
        wait(writer._writes)

    Writer.save = save_and_wait  # type: ignore[method-assign]


def _wait(child: int, seconds: float | None) -> int:
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, 0 if deadline is None else os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline = None
        time.sleep(0.001)


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
