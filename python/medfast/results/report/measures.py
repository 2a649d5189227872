"""All figures of the repeats of one recipe on one split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from medfast.errors import CheckpointError
from medfast.results.published import PublishedScore, published_score
from medfast.results.report.answers import Answers
from medfast.results.report.calibration import Calibration, calibrate
from medfast.results.report.classes import ClassFigures, class_figures
from medfast.results.report.intervals import Areas, Estimate, accuracy_interval, area_intervals
from medfast.task import Task

if TYPE_CHECKING:
    import os

    from medfast.data.dataset import Dataset
    from medfast.results.report.sets import Variant
    from medfast.results.runs import FinishedRun


@dataclass(frozen=True, eq=False)
class Measures:
    """What a group of runs comes to.

    Attributes
    ----------
    group : Variant
    dataset : Dataset
    split : str
    answers : tuple of Answers
        Of every run, in their order.
    """

    group: Variant
    dataset: Dataset
    split: str
    answers: tuple[Answers, ...]

    @property
    def shown(self) -> Answers:
        """The answers of the run that is shown."""
        return self.answers[self.group.runs.index(self.group.shown)]

    @property
    def shown_name(self) -> str:
        """Of what split and run the details are."""
        return f"{self.split}, run {self.group.shown.name}"

    @cached_property
    def areas(self) -> Areas:
        """Over all runs."""
        return area_intervals(self.answers)

    @cached_property
    def acc(self) -> Estimate:
        """Over all runs."""
        return accuracy_interval(self.answers)

    @cached_property
    def areas_of_runs(self) -> tuple[Areas, ...]:
        """The same of each run by itself."""
        if not self.group.repeated:
            return (self.areas,)
        return tuple(area_intervals([answers]) for answers in self.answers)

    @property
    def areas_shown(self) -> Areas:
        """The same of the run that is shown."""
        return self.areas_of_runs[self.group.runs.index(self.group.shown)]

    @cached_property
    def classes(self) -> ClassFigures:
        """Of the run that is shown."""
        return class_figures(self.shown)

    @cached_property
    def calibration(self) -> Calibration:
        """Of the run that is shown."""
        return calibrate(self.shown)

    @cached_property
    def guess(self) -> tuple[str, float]:
        """What is best to answer unseen, by the training images, and how often it is right.

        For a multi-label set that is "no" for every label that fewer than half of them have.
        """
        counts = self.dataset.class_counts("train")
        truth = self.shown.truth
        if self.dataset.task is Task.MULTI_LABEL:
            usual = 2 * counts > len(self.dataset.splits["train"])
            return "no" if not usual.any() else "", float((truth == usual).mean())
        best = int(counts.argmax())
        return self.dataset.label_names[best], float(truth[:, best].mean())

    @property
    def published(self) -> PublishedScore | None:
        """What the MedMNIST paper has for this network, set and size of the input."""
        run = self.group.shown
        if not run.official or self.split != "test":
            return None
        return published_score(run.flag, run.model, run.input_size)


def measure(group: Variant, split: str, root: str | os.PathLike[str] | None) -> Measures:
    """Read the scores of a group of runs, and the labels.

    Parameters
    ----------
    group : Variant
    split : {"train", "val", "test"}
    root : path, optional
        See `medfast.results.runs.FinishedRun.dataset`.

    Raises
    ------
    MedfastError
        As `medfast.results.runs.FinishedRun.outcome`.
    """
    dataset = group.shown.dataset(root=root)
    answers = tuple(_answers(run, dataset, split, root) for run in group.runs)
    return Measures(group, dataset, split, answers)


def _answers(
    run: FinishedRun, dataset: Dataset, split: str, root: str | os.PathLike[str] | None
) -> Answers:
    labels, scores, task = run.outcome(split, root=root)
    if scores.min() < 0 or scores.max() > 1:
        raise CheckpointError(
            f"{run.folder.path / run.figures(split)['predictions']}: scores lie between "
            f"{scores.min():g} and {scores.max():g}, and probabilities between 0 and 1; train the "
            "run again"
        )
    return Answers(task, dataset.label_names, labels, scores)
