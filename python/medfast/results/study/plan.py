"""From questions to runs, and what they cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from medfast.results.study.questions import Arm, Question, find_questions, treatments
from medfast.training.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from medfast.task import Task
    from medfast.training.recipe import Recipe

# Sides of the images that treatments are trained on, where there is a file of them.
REAL_SIZE = 64


class Scale(NamedTuple):
    """How large a study is, where its caller does not say.

    Attributes
    ----------
    datasets : tuple of str
    seeds : tuple of int
    epochs : int
    changes : mapping
        To the recipe ``official``, for all runs.
    train_images : int
        How many images of a train split are trained on at most; 0 for all.
    """

    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int
    changes: Mapping[str, Any]
    train_images: int


# Multistep would leave half of so few epochs to a tenth of the rate, and batches of 128 would be
# one step each. The rate is that of 0.0001, 0.0003 and 0.001 with the best mean AUC on validation.
QUICK = Scale(
    datasets=("breastmnist", "retinamnist"),
    seeds=(0, 1),
    epochs=4,
    changes={"batch_size": 16, "lr": 0.0003, "schedule": "constant"},
    train_images=112,
)
FULL = Scale(
    datasets=("breastmnist", "pneumoniamnist", "retinamnist", "bloodmnist"),
    seeds=(0, 1, 2),
    epochs=100,
    changes={},
    train_images=0,
)


@dataclass(frozen=True)
class Settings:
    """What a study is of.

    Attributes
    ----------
    quick : bool
    questions : tuple of str
        Their names.
    datasets : tuple of str
        Flags.
    seeds : tuple of int
    epochs : int
        Of a run, where its treatment does not say.
    """

    quick: bool
    questions: tuple[str, ...]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    epochs: int

    @property
    def scale(self) -> Scale:
        """The scale that the settings began with."""
        return QUICK if self.quick else FULL

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions."""
        return find_questions(self.questions)


@dataclass(frozen=True)
class SetFacts:
    """What a plan needs to know of a set.

    Attributes
    ----------
    flag : str
    task : Task
    images : mapping of str to int
        In each split, as it is trained on.
    sizes : tuple of int
        Of the files at hand, in pixels.
    """

    flag: str
    task: Task
    images: Mapping[str, int]
    sizes: tuple[int, ...] = (28,)


@dataclass(frozen=True)
class PlannedRun:
    """A row of the table of runs.

    Attributes
    ----------
    name : str
        Of its folder; tells it apart from every other run of the study.
    questions : tuple of str
        That it serves.
    dataset : str
    size : int
        Of the images in the file.
    treatment : str
    changes : mapping
        To the recipe ``official``, but for the seed.
    seed : int
    cost : float
        See `run_cost`.
    """

    name: str
    questions: tuple[str, ...]
    dataset: str
    size: int
    treatment: str
    changes: Mapping[str, Any]
    seed: int
    cost: float

    def recipe(self) -> Recipe:
        """Make the recipe to train with."""
        return load_recipe("official", {**self.changes, "seed": self.seed})


def arms_of(
    question: Question, task: Task, *, quick: bool
) -> Iterator[tuple[Arm, tuple[str, ...]]]:
    """Yield the arms that a study has on a set of a task, with their treatments."""
    for arm in question.arms:
        names = arm.quick if quick else arm.treatments
        if names and task in arm.tasks:
            yield arm, names


def plan_runs(settings: Settings, sets: Sequence[SetFacts]) -> tuple[PlannedRun, ...]:
    """List the runs that answer the questions, each once however many it serves.

    Returns
    -------
    tuple of PlannedRun
        All of the first seed come first: they answer every question once, if with wider intervals.
    """
    known, rows = treatments(settings.epochs), []
    for seed in settings.seeds:
        for facts in sets:
            served: dict[str, list[str]] = {}
            for question in settings.asked:
                for _, names in arms_of(question, facts.task, quick=settings.quick):
                    for name in names:
                        served.setdefault(name, []).append(question.name)
            for name, questions in served.items():
                changes, size = known[name]
                if size not in facts.sizes:
                    continue
                changes = {**settings.scale.changes, "epochs": settings.epochs, **changes}
                row = PlannedRun(
                    name=f"{facts.flag}_{name}_seed-{seed}",
                    questions=tuple(questions),
                    dataset=facts.flag,
                    size=size,
                    treatment=name,
                    changes=changes,
                    seed=seed,
                    cost=run_cost(load_recipe("official", changes), facts.images, size),
                )
                rows.append(row)
    return tuple(rows)


# Relative to training ResNet-18 with the small stem on an image of 28 pixels, on one core of an
# AMD EPYC with bfloat16 instructions. A step changes the weights, whatever the batch.
_NETWORKS = {"resnet18": 1.0, "resnet34": 2.4, "resnet50": 3.2}
_STEP = 6.0
_STEP_OF_MUON = 48.0
_FORWARD = 1 / 3
_CHECKPOINT = 60.0


def run_cost(recipe: Recipe, images: Mapping[str, int], size: int) -> float:
    """Estimate the cost of a run, in images that ResNet-18 is trained on at 28 pixels.

    Networks cost in proportion to the positions that the stem leaves. Counted are training, the
    scoring of validation after each epoch and of all splits at the end, and checkpoints.

    Parameters
    ----------
    recipe : Recipe
    images : mapping of str to int
        In each split.
    size : int
        Of the set's images.

    Examples
    --------
    >>> images = {"train": 128, "val": 0, "test": 0}
    >>> recipe = load_recipe("official", {"epochs": 3})
    >>> cost = run_cost(recipe, images, 28)
    >>> round(cost)  # 3 * (128 + a step + a checkpoint) + scoring
    625
    """
    network = _NETWORKS.get(recipe.model, 1.0)
    positions = stem_positions(recipe.input_size(size), recipe.stem) ** 2 / 28**2
    image = network * positions
    steps = math.ceil(images["train"] / recipe.batch_size)
    step = network * (_STEP_OF_MUON if recipe.optimizer == "muon" else _STEP)
    epoch = image * (images["train"] + _FORWARD * images["val"]) + steps * step + _CHECKPOINT
    return recipe.epochs * epoch + image * _FORWARD * sum(images.values())


def stem_positions(size: int, stem: str) -> int:
    """Return the side of what the stem leaves of an image; ``auto`` is as for a small one.

    Examples
    --------
    >>> [stem_positions(28, stem) for stem in ("small", "imagenet")]
    [28, 7]
    """
    return math.ceil(math.ceil(size / 2) / 2) if stem == "imagenet" else size
