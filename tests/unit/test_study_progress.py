"""The time left of a study, and the lines that tell of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from medfast.results.study.plan import PlannedRun
from medfast.results.study.progress import Pace, StudyProgress
from medfast.training.run import Result


def row(name: str, cost: float) -> PlannedRun:
    return PlannedRun(name, ("depth",), "breastmnist", 28, "baseline", {}, 0, cost)


def test_the_time_left_follows_from_the_work_done() -> None:
    pace = Pace(100)
    assert pace.seconds_left() is None
    pace.add(20)
    assert pace.seconds_left(pace._began + 5) == pytest.approx(20)
    pace.skip(40)  # of a run that was begun in an earlier call, or failed
    assert pace.seconds_left(pace._began + 5) == pytest.approx(10)
    pace.add(100)
    assert pace.seconds_left(pace._began + 5) == 0


def test_only_what_is_done_here_counts() -> None:
    stream = io.StringIO()
    progress = StudyProgress(stream)
    rows = [row("one", 100), row("two", 300), row("three", 100)]
    progress.start(rows, rows[1:])
    assert progress.pace.remaining == 400
    told = progress.run(rows[1])
    told.start(epochs=3, images=50)
    told.batch(2, 25, 0.5)  # it goes on after its first epoch
    assert progress.pace.remaining == 400 - 100 - 50
    assert told.left == 150
    summary = {"splits": {"val": {"auc": None}}, "train_seconds": 3.2}
    progress.done(rows[1], Result(Path("two"), summary), told.left)
    assert progress.pace.remaining == pytest.approx(100)
    told = progress.run(rows[2])
    progress.done(rows[2], "the disk is full", told.left)
    progress.stop()
    first, second, third = stream.getvalue().splitlines()
    assert first.startswith("3 runs, 2 to be trained: as much work as ResNet-18 on 400 images")
    assert second.startswith("2/3  two  val AUC undefined, 3 s  ")
    assert second.endswith(" left")
    assert third == "3/3  three  failed: the disk is full"


def test_a_terminal_has_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = StudyProgress(stream)
    rows = [row("one", 100)]
    progress.start(rows, rows)
    told = progress.run(rows[0])
    told.start(epochs=1, images=50)
    told.batch(1, 25, 0.5)
    progress._bar.refresh()
    progress.stop()
    assert "1/1 one" in stream.getvalue()
