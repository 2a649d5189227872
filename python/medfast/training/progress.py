"""What a run tells while it goes on: nothing, lines, or a bar on a terminal."""

from __future__ import annotations

import math
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from medfast.training.history import EpochRow


class Progress(Protocol):
    """What `train` calls as it goes."""

    def start(self, *, epochs: int, images: int) -> None:
        """Begin: the number of epochs in all, and of images in each."""

    def note(self, text: str) -> None:
        """Tell a fact once."""

    def batch(self, epoch: int, images: int, loss: float) -> None:
        """Count the images of a training step; NaN stands for a loss not known yet."""

    def epoch(self, row: EpochRow, *, best: bool) -> None:
        """Tell what an epoch gave, and whether it is the best one so far."""

    def stop(self) -> None:
        """End, in whatever way the run ended."""


class Silent:
    """Tells nothing."""

    def start(self, *, epochs: int, images: int) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""

    def batch(self, epoch: int, images: int, loss: float) -> None:
        """Do nothing."""

    def epoch(self, row: EpochRow, *, best: bool) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class Lines(Silent):
    """One line per epoch, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._epochs = 0

    def start(self, *, epochs: int, images: int) -> None:  # noqa: ARG002
        """Remember the number of epochs."""
        self._epochs = epochs

    def note(self, text: str) -> None:
        """Write a line; a stream that nobody reads any more does not end a run."""
        with suppress(OSError):
            print(text, file=self._stream, flush=True)

    def epoch(self, row: EpochRow, *, best: bool) -> None:
        """Write a line."""
        self.note(describe_epoch(row, self._epochs, best=best))


class Bar(Silent):
    """A bar for the epoch at hand, under one line for each finished one."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console

        self._console = Console(file=stream or sys.stderr, highlight=False)
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None
        self._epochs = 0
        self._images = 0

    def start(self, *, epochs: int, images: int) -> None:
        """Draw the bar."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs, self._images = epochs, images
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            TextColumn("{task.fields[speed]} img/s  loss {task.fields[loss]}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._progress.start()

    def note(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(text, markup=False)

    def batch(self, epoch: int, images: int, loss: float) -> None:
        """Move the bar."""
        progress = self._progress
        if progress is None:
            return
        if self._task is None:
            self._task = progress.add_task("", total=self._images, epoch="", speed="", loss="")
        task = progress.tasks[0]
        progress.update(
            self._task,
            advance=images,
            epoch=f"{epoch}/{self._epochs}",
            speed=f"{task.speed:,.0f}" if task.speed else "...",
            loss="..." if math.isnan(loss) else f"{loss:.4f}",
        )

    def epoch(self, row: EpochRow, *, best: bool) -> None:
        """Write a line above the bar and start the bar anew."""
        self.note(describe_epoch(row, self._epochs, best=best))
        if self._progress is not None and self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def progress_on(stream: TextIO | None = None) -> Progress:
    """Choose a bar for a terminal, lines for anything else.

    Parameters
    ----------
    stream : text file, optional
        Standard error by default, so that standard output holds results alone.
    """
    stream = stream or sys.stderr
    return Bar(stream) if stream.isatty() else Lines(stream)


def describe_epoch(row: EpochRow, epochs: int, *, best: bool) -> str:
    """Put an epoch on one line.

    Examples
    --------
    >>> from medfast.training.history import EpochRow
    >>> row = EpochRow(7, 1e-3, .51234, 1, .6, .9, .8, 1234.5, .002, 9.87)
    >>> describe_epoch(row, 10, best=True).split("  ")
    ['epoch', '7/10', 'loss 0.5123', 'val loss 0.6000 AUC 0.9000 ACC 0.8000',
     '1,234 img/s', 'stall 0.2 %', '9.9 s', 'best']
    """
    auc = "undefined" if math.isnan(row.val_auc) else f"{row.val_auc:.4f}"
    line = (
        f"epoch {row.epoch:>{len(str(epochs))}}/{epochs}  loss {row.train_loss:.4f}  "
        f"val loss {row.val_loss:.4f} AUC {auc} ACC {row.val_acc:.4f}  "
        f"{row.train_images_per_second:,.0f} img/s  stall {100 * row.stall:.1f} %  "
        f"{row.seconds:.1f} s"
    )
    return f"{line}  best" if best else line
