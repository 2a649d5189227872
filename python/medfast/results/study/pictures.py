"""The pictures of a question: differences with their intervals, and the course of training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from medfast.results.document.blocks import Panels
from medfast.results.document.drawing import COLOURS, INK
from medfast.results.document.lines import Line, epoch_panel
from medfast.results.document.rows import Row, rows_panel
from medfast.results.study.histories import mean_curve
from medfast.results.study.page import PERCENT
from medfast.results.tables import ends, signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    from medfast.results.document.blocks import Picture
    from medfast.results.study.evidence import ArmResult, Contrast, Evidence, SetEvidence


def pictures_of(evidence: Evidence) -> Iterator[Panels]:
    """Plot the differences in AUC, and the AUC on validation by epoch.

    Parameters
    ----------
    evidence : Evidence

    Yields
    ------
    Panels
    """
    letter = evidence.question.letter
    known = [one for one in evidence.contrasts if not math.isnan(one.difference.difference)]
    if known:
        caption = (
            f"Differences in AUC on test, each with its {PERCENT}; left of the dotted line the "
            "first is worse. A diamond: shown. A circle: not shown, once the p-values are "
            "corrected."
        )
        yield Panels(caption, (_differences(f"{letter}-differences", known),))
    courses = [_course(letter, one) for one in evidence.sets if one.arms]
    if courses:
        yield Panels("AUC on validation after each epoch: mean over runs.", tuple(courses))


def losses(letter: str, longest: Mapping[str, ArmResult]) -> Iterator[Panels]:
    """Plot the loss in training and on validation by epoch, of an arm of each set."""
    pictures = []
    for flag, arm in longest.items():
        epochs = range(1, len(arm.runs[0].history) + 1)
        train, val = (mean_curve(arm.runs, f"{split}_loss") for split in ("train", "val"))
        lines = (
            Line(epochs, train, COLOURS[0], "train"),
            Line(epochs, val, COLOURS[0], "val", dashed=True),
        )
        alt = "; ".join(
            f"{split} loss from {values[0]:.3f} to {values[-1]:.3f}, lowest {min(values):.3f}"
            for split, values in (("train", train), ("val", val))
        )
        chosen = [(int(run.summary["chosen_epoch"]), COLOURS[0]) for run in arm.runs]
        title = f"{flag}: loss"
        pictures.append(epoch_panel(f"{letter}-{flag}-loss", alt, title, lines, chosen))
    if pictures:
        caption = (
            "Loss of the longest training, mean over runs. Dotted: the epochs that validation "
            "chose."
        )
        yield Panels(caption, tuple(pictures))


def _differences(name: str, contrasts: Sequence[Contrast]) -> Picture:
    said = [
        f"{_words(one)}: {signed(one.difference.difference)} {ends(one.difference.interval)}, "
        f"{'shown' if one.shown else 'not shown'}"
        for one in contrasts
    ]
    rows = [
        Row(_words(one), one.difference.difference, *one.difference.interval, strong=one.shown)
        for one in contrasts
    ]
    xlabel = f"difference in AUC, with its {PERCENT}"
    return rows_panel(name, "; ".join(said), rows, xlabel, _mark_zero)


def _mark_zero(axes: Axes) -> None:
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")


def _words(one: Contrast) -> str:
    return f"{one.dataset}: {one.first} less {one.second}"


def _course(letter: str, one: SetEvidence) -> Picture:
    lines, said = [], []
    for place, arm in enumerate(one.arms):
        values = mean_curve(arm.runs, "val_auc")
        around, colour = divmod(place, len(COLOURS))
        epochs = range(1, len(values) + 1)
        lines.append(Line(epochs, values, COLOURS[colour], arm.label, dashed=around > 0))
        said.append(f"{arm.label} from {values[0]:.3f} to {values[-1]:.3f}")
    return epoch_panel(
        f"{letter}-{one.flag}-val-auc", "; ".join(said), f"{one.flag}: AUC on val", lines, ()
    )
