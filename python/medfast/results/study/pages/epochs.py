"""AUC against epoch, the best epoch, and overfitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from medfast.results.study.histories import mean_curve, spaced
from medfast.results.study.page import Page, answers, basic_tables, mean_and_std
from medfast.results.study.pictures import losses
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medfast.results.study.evidence import ArmResult, Evidence, SetEvidence

_MOST_ROWS = 12
_CURVES = ("lr", "train_loss", "val_loss", "val_auc", "val_acc")


def page(evidence: Evidence) -> Page:
    """Write the page."""
    longest = {one.flag: _longest(one) for one in evidence.sets if one.arms}
    return Page(
        evidence,
        answers=(
            *answers(evidence.contrasts),
            *(sentence for flag, arm in longest.items() for sentence in _course(flag, arm)),
        ),
        tables=(
            *basic_tables(evidence, ("epochs", "epoch chosen"), _epochs),
            *(_table_of_curves(flag, arm) for flag, arm in longest.items()),
        ),
        notes=(
            "The epoch is chosen on validation, so that its AUC there is better than new images' "
            "would be. That the loss ends above its minimum holds by construction: its size is "
            "told, and no test is made of it.",
            "The training loss is the mean over the epoch, as trained with; the validation loss is "
            "that of the weights at its end.",
        ),
        panels=tuple(losses(evidence.question.letter, longest)),
        numbers={
            "curves": {
                flag: {name: mean_curve(arm.runs, name) for name in _CURVES}
                for flag, arm in longest.items()
            },
        },
    )


def _longest(one: SetEvidence) -> ArmResult:
    return max(one.arms, key=lambda arm: len(arm.runs[0].history))


def _epochs(arm: ArmResult) -> tuple[str, str]:
    chosen = mean_and_std([run.summary["chosen_epoch"] for run in arm.runs], 1)
    return str(len(arm.runs[0].history)), chosen


def _course(flag: str, arm: ArmResult) -> Iterator[str]:
    runs, epochs = arm.runs, len(arm.runs[0].history)
    chosen = [run.summary["chosen_epoch"] for run in runs]
    best = [run.history[epoch - 1].val_auc for run, epoch in zip(runs, chosen, strict=True)]
    last = [run.history[-1].val_auc for run in runs]
    yield (
        f"{flag}: of {epochs} epochs, {', '.join(map(str, chosen))} "
        f"{'is' if len(chosen) == 1 else 'are'} the best on validation (one for each run), with an "
        f"AUC of {mean_and_std(best)} there and {mean_and_std(last)} after the last."
    )
    losses = [[row.val_loss for row in run.history] for run in runs]
    lowest = [int(np.argmin(values)) + 1 for values in losses]
    rise = [values[-1] - min(values) for values in losses]
    trained = [run.history[-1].train_loss for run in runs]
    yield (
        f"{flag}: the validation loss is lowest after epoch {', '.join(map(str, lowest))}, and "
        f"ends {mean_and_std(rise)} above that; the training loss ends at {mean_and_std(trained)}."
    )


def _table_of_curves(flag: str, arm: ArmResult) -> Table:
    names = ("epoch", "learning rate", "train loss", "val loss", "val AUC", "val ACC")
    curves = [mean_curve(arm.runs, name) for name in _CURVES]
    rows = [
        (
            str(epoch),
            f"{curves[0][epoch - 1]:.2g}",
            *(f"{curve[epoch - 1]:.3f}" for curve in curves[1:]),
        )
        for epoch in spaced(len(arm.runs[0].history), _MOST_ROWS)
    ]
    title = f"{flag}, {arm.label}: mean over {len(arm.runs)} run(s)"
    return Table(title, headings((), names), rows)
