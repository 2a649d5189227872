"""The parts in curves: learning, ROC, precision against recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.document.blocks import Block, Panels, Part, Text
from medfast.results.document.drawing import COLOURS
from medfast.results.document.lines import Line, epoch_panel, shorten
from medfast.results.report.curves import precision_recall_points, roc_band, roc_points
from medfast.results.report.panels import precision_recall_panel, roc_panel
from medfast.results.report.wording import PERCENT, digits, quoted, with_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from medfast.results.document.blocks import Picture
    from medfast.results.report.answers import Answers
    from medfast.results.report.measures import Measures
    from medfast.results.runs import FinishedRun


def learning_curves(prefix: str, groups: Sequence[Measures]) -> Part:
    """Plot loss and validation AUC against the epoch, a line for each run."""
    losses: list[Line] = []
    areas: list[Line] = []
    chosen: list[tuple[int, str]] = []
    for run, _, style in _runs(groups):
        epochs = [row.epoch for row in run.history]
        names = ("", "") if losses else ("train", "val")
        train, val = ([getattr(row, f"{s}_loss") for row in run.history] for s in ("train", "val"))
        losses.append(Line(epochs, train, style.colour, names[0], bold=style.bold))
        losses.append(Line(epochs, val, style.colour, names[1], bold=style.bold, dashed=True))
        areas.append(style._replace(x=epochs, y=[row.val_auc for row in run.history]))
        chosen.append((run.summary["chosen_epoch"], style.colour))
    shown = groups[0].group.shown
    first, last = shown.history[0], shown.history[-1]
    alt = "; ".join(
        f"{split} from {digits(getattr(first, split))} to {digits(getattr(last, split))}"
        for split in ("train_loss", "val_loss", "val_auc")
    )
    pictures = (
        epoch_panel(f"{prefix}-loss", f"By epoch: {alt}", "loss", losses, chosen),
        epoch_panel(f"{prefix}-val-auc", f"By epoch: {alt}", "AUC on val", areas, chosen),
    )
    caption = (
        "Loss of the images learned from (train) and of others (val), and AUC on val, after each "
        "epoch. The dotted line is the epoch whose weights were kept. A val loss that rises while "
        "the train loss falls is learning by heart."
    )
    recipes = [found.group.shown.recipe for found in groups]
    if any(recipe.label_smoothing or recipe.mixup or recipe.cutmix for recipe in recipes):
        caption += (
            " Smoothed labels and mixed images raise the train loss: it is not on val's scale."
        )
    return Part(f"{prefix}-learning", "Learning curves", (Panels(caption, pictures),))


def roc_curves(prefix: str, groups: Sequence[Measures]) -> Part:
    """Plot a ROC curve for each class, with its band."""
    areas = groups[0].areas_shown.per_class
    pictures: list[Picture] = []
    for column, name in _curved(groups[0]):
        lines, bands = [], []
        for _, answers, style in _runs(groups):
            truth, scores = answers.truth[:, column], answers.scores[:, column]
            fpr, tpr = roc_points(truth, scores)
            lines.append(style._replace(x=fpr, y=tpr, label=_key(groups, style)))
            if style.bold:
                bands.append((roc_band(truth, scores), style.colour))
        alt = f"ROC curve of {name}: AUC {with_interval(areas[column])}"
        title = _title(groups, name, f"AUC {digits(areas[column].value)}")
        pictures.append(roc_panel(f"{prefix}-roc-{column}", alt, title, lines, bands))
    caption = (
        "For every threshold: the share of the images of a class that are found, against the share "
        "of the others that are taken for it. The dotted line is guessing. The band holds the true "
        f"curve with 95{PERCENT} confidence at each threshold: exact binomial intervals of both "
        f"rates (Clopper-Pearson, each at the root of 95{PERCENT}), after Hilgers (1991). It "
        f"assumes nothing of the scores, and is wide where images are few.{_bold(groups)}"
        f"{_banded(groups)}"
    )
    return Part(f"{prefix}-roc", "ROC curves", _blocks(caption, pictures, groups[0]))


def precision_recall_curves(prefix: str, groups: Sequence[Measures]) -> Part:
    """Plot a precision-recall curve for each class."""
    pictures: list[Picture] = []
    for column, name in _curved(groups[0]):
        lines, average, prevalence = [], 0.0, 0.0
        for run, answers, style in _runs(groups):
            curve = precision_recall_points(answers.truth[:, column], answers.scores[:, column])
            key = _key(groups, style)
            lines.append(style._replace(x=curve.recall, y=curve.precision, label=key))
            prevalence = curve.prevalence
            if run is groups[0].group.shown:
                average = curve.average_precision
        note = f"AP {digits(average)}"
        alt = f"Precision-recall curve of {name}: {note}, {digits(prevalence)} by guessing"
        title = _title(groups, name, note)
        pictures.append(
            precision_recall_panel(f"{prefix}-pr-{column}", alt, title, lines, prevalence)
        )
    caption = (
        "For every threshold: of the images named as a class, the share that is of it (precision), "
        "against the share of the class that is found (recall). AP, the average precision, is the "
        f"area under the steps; the dotted line is guessing.{_bold(groups)}"
    )
    return Part(f"{prefix}-pr", "Precision-recall curves", _blocks(caption, pictures, groups[0]))


def _runs(groups: Sequence[Measures]) -> Iterator[tuple[FinishedRun, Answers, Line]]:
    """Give every run, its answers, and a line of its style without points."""
    for place, found in enumerate(groups):
        for number, run in enumerate(found.group.runs):
            bold, label = run is found.group.shown, ""
            if len(groups) > 1:
                label = found.group.name if bold else ""
            elif 1 < len(found.group.runs) <= len(COLOURS):
                label = f"seed {run.seed}"
            colour = COLOURS[(place if len(groups) > 1 else number) % len(COLOURS)]
            yield run, found.answers[number], Line((), (), colour, label, bold=bold)


def _title(groups: Sequence[Measures], name: str, figure: str) -> str:
    """Add the figure to the name of a class, where there is one recipe."""
    return f"{shorten(name)}\n{figure}" if len(groups) == 1 else shorten(name)


def _key(groups: Sequence[Measures], style: Line) -> str:
    """Name recipes in every plot, seeds in that of learning alone."""
    return style.label if len(groups) > 1 else ""


def _curved(found: Measures) -> list[tuple[int, str]]:
    shown = found.shown
    return [(column, shown.names[column]) for column in shown.ranked if shown.is_defined(column)]


def _blocks(caption: str, pictures: Sequence[Picture], found: Measures) -> tuple[Block, ...]:
    blocks: list[Block] = [Panels(caption, tuple(pictures))] if pictures else []
    absent = [found.shown.names[column] for column in found.areas.absent]
    if absent:
        none = f"no image of {found.split} is of it, or every image is"
        blocks.append(Text(f"No curve of {quoted(absent)}: {none}."))
    return tuple(blocks)


def _bold(groups: Sequence[Measures]) -> str:
    if not any(found.group.repeated for found in groups):
        return ""
    return " A line for each run; that of the run with the median AUC on val is bold."


def _banded(groups: Sequence[Measures]) -> str:
    return " The band is that of the bold line." if _bold(groups) else ""
