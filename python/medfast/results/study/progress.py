"""How far a study is, and how much time is left."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

from medfast.training.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.study.plan import PlannedRun
    from medfast.training.history import EpochRow
    from medfast.training.run import Result


class Pace:
    """Tells the time left from the work done so far.

    Work is counted as `medfast.results.study.plan.run_cost` counts it, and only what is done here:
    a run that goes on began elsewhere.

    Attributes
    ----------
    remaining : float
        Work.
    """

    def __init__(self, remaining: float) -> None:
        self.remaining = remaining
        self._done = 0.0
        self._began = time.monotonic()

    def add(self, work: float) -> None:
        """Count work that was done."""
        self._done += work
        self.remaining -= work

    def skip(self, work: float) -> None:
        """Leave out work that need not be done."""
        self.remaining -= work

    def seconds_left(self, now: float | None = None) -> float | None:
        """Return the seconds left; None before any work is done."""
        if self._done <= 0:
            return None
        passed = (time.monotonic() if now is None else now) - self._began
        return max(0.0, self.remaining) * passed / self._done


class StudyProgress:
    """A line for each run, and a bar where the stream is a terminal.

    Parameters
    ----------
    stream : text file, optional
        Standard error by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(file=stream or sys.stderr, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, left="")
        self.pace = Pace(0)
        self._number = self._count = 0
        self._cost = 0.0

    def start(self, rows: Sequence[PlannedRun], left: Sequence[PlannedRun]) -> None:
        """Begin: all runs, and those that are not finished."""
        total, work = sum(row.cost for row in rows), sum(row.cost for row in left)
        self.pace = Pace(work)
        self._count, self._number = len(rows), len(rows) - len(left)
        self.note(
            f"{len(rows)} runs, {len(left)} to be trained: as much work as ResNet-18 on "
            f"{work:,.0f} images of 28 pixels"
        )
        self._bar.update(self._task, total=total, completed=total - work)
        self._bar.start()

    def run(self, row: PlannedRun) -> RunProgress:
        """Begin a run, and return what is told how it goes."""
        self._number += 1
        self._cost = row.cost
        self._bar.update(self._task, description=f"{self._number}/{self._count} {row.name}")
        return RunProgress(self, row.cost)

    def done(self, row: PlannedRun, result: Result | str, work: float) -> None:
        """End a run: what it gave, or why it failed; and the work of it that is not counted yet."""
        if isinstance(result, str):
            self.pace.skip(work)
            outcome = f"failed: {result}"
        else:
            self.pace.add(work)
            auc, summary = result.summary["splits"]["val"]["auc"], result.summary
            figure = "undefined" if auc is None else f"{auc:.3f}"
            outcome = f"val AUC {figure}, {summary['train_seconds']:.0f} s"
        self.note(f"{self._number}/{self._count}  {row.name}  {outcome}  {self._left()}".rstrip())
        self.draw()

    def draw(self) -> None:
        """Move the bar to where the pace says."""
        total = self._bar.tasks[0].total or 0.0
        completed = total - self.pace.remaining
        self._bar.update(self._task, completed=completed, left=self._left())

    def note(self, text: str) -> None:
        """Write a line."""
        self._console.print(text, markup=False)

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _left(self) -> str:
        seconds = self.pace.seconds_left()
        return (
            "" if seconds is None or self.pace.remaining < 1 else f"{describe_time(seconds)} left"
        )


class RunProgress(Silent):
    """Passes the images of a run on to the study's pace.

    Attributes
    ----------
    left : float
        The work of the run that is not counted yet.
    """

    def __init__(self, study: StudyProgress, cost: float) -> None:
        self._study, self._cost, self.left = study, cost, cost
        self._epochs = self._images = 1
        self._begun = False

    def start(self, *, epochs: int, images: int) -> None:
        """Take the size of the run."""
        self._epochs, self._images = epochs, images

    def batch(self, epoch: int, images: int, loss: float) -> None:  # noqa: ARG002
        """Count the images of a step."""
        if not self._begun:  # whatever came before this epoch was done in an earlier call
            self._begun = True
            earlier = self._cost * (epoch - 1) / self._epochs
            self._study.pace.skip(earlier)
            self.left -= earlier
        work = self._cost * images / (self._epochs * self._images)
        self._study.pace.add(work)
        self.left -= work
        self._study.draw()

    def epoch(self, row: EpochRow, *, best: bool) -> None:
        """Do nothing: the study has a line for each run."""


def describe_time(seconds: float) -> str:
    """Put a time in the unit that suits it.

    Examples
    --------
    >>> [describe_time(seconds) for seconds in (8, 200, 3600 * 30)]
    ['8 s', '3 min', '30 h']
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
