"""What the study asks, and which ways to train it sets against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from medfast.errors import ConfigError, nearest
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_JITTER: dict[str, Any] = {"ColorJitter": {"brightness": 0.2, "contrast": 0.2}}
_ROTATION: dict[str, Any] = {"RandomRotation": {"degrees": 15, "interpolation": "bilinear"}}
_FLIPS = ("RandomHorizontalFlip", "RandomVerticalFlip")
_SGD = {"optimizer": "sgd", "momentum": 0.9, "nesterov": True}
_MUON = {"optimizer": "muon", "momentum": 0.95, "nesterov": True, "weight_decay": 0.01}
_ADAMW = {"optimizer": "adamw", "weight_decay": 0.01}


class Treatment(NamedTuple):
    """A way to train.

    Attributes
    ----------
    changes : mapping
        Of keys of the study's recipe.
    size : int
        Of the images in the file, in pixels.
    """

    changes: Mapping[str, Any]
    size: int = 28


@dataclass(frozen=True)
class Arm:
    """One of the ways that a question sets against each other.

    Attributes
    ----------
    label : str
    treatments : tuple of str
        See `treatments`. Of several, the best on validation stands for the arm.
    quick : tuple of str
        Those of the quick study; none where the arm is left to the full one.
    tasks : tuple of Task
        Of the sets that it can be trained on.
    """

    label: str
    treatments: tuple[str, ...]
    quick: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = tuple(Task)


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes
    ----------
    letter, name : str
        Either is taken on the command line.
    title, asked : str
    arms : tuple of Arm
    pairs : tuple of (str, str)
        Labels of two arms: the first is compared with the second.
    """

    letter: str
    name: str
    title: str
    asked: str
    arms: tuple[Arm, ...]
    pairs: tuple[tuple[str, str], ...]


def treatments(epochs: int) -> dict[str, Treatment]:
    """Name every way to train that a question needs.

    Parameters
    ----------
    epochs : int
        Of those that say nothing of epochs.
    """
    enlarged = {
        f"{size}-{stem}": Treatment({"resize": size, "stem": stem})
        for size in (56, 112, 224)
        for stem in ("small", "imagenet")
    }
    real = {f"real-64-{stem}": Treatment({"stem": stem}, 64) for stem in ("small", "imagenet")}
    augmented = {
        "jitter": [_JITTER],
        "horizontal-flip": [_FLIPS[0]],
        "vertical-flip": [_FLIPS[1]],
        "rotation": [_ROTATION],
        "all-augmentations": [_JITTER, *_FLIPS, _ROTATION],
        "trivial-augment": ["TrivialAugmentWide"],
    }
    rates = {
        f"{optimizer}-{lr}": Treatment({**settings, "lr": lr})
        for optimizer, settings, choices in (
            ("adam", {}, (0.0003, 0.003)),
            ("sgd", _SGD, (0.01, 0.03, 0.1)),
            ("adamw", _ADAMW, (0.0003, 0.001, 0.003)),
            ("muon", _MUON, (0.0003, 0.001, 0.003)),
        )
        for lr in choices
    }
    return {
        "baseline": Treatment({}),
        "resnet34": Treatment({"model": "resnet34"}),
        "resnet50": Treatment({"model": "resnet50"}),
        "28-imagenet": Treatment({"stem": "imagenet"}),
        **enlarged,
        **real,
        "third": Treatment({"epochs": max(1, epochs // 3)}),
        "thrice": Treatment({"epochs": 3 * epochs}),
        **{name: Treatment({"augment": steps}) for name, steps in augmented.items()},
        **rates,
        "one-vs-rest": Treatment({"multi_class": "one_vs_rest"}),
        "corn": Treatment({"ordinal": "corn"}),
    }


def _arm(label: str, *names: str, quick: bool = False, tasks: Iterable[Task] = Task) -> Arm:
    return Arm(label, names, names if quick else (), tuple(tasks))


def _against(reference: str, arms: tuple[Arm, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((arm.label, reference) for arm in arms if arm.label != reference)


_DEPTH = (
    _arm("ResNet-18", "baseline", quick=True),
    _arm("ResNet-34", "resnet34"),
    _arm("ResNet-50", "resnet50", quick=True),
)
_NATIVE, _STRIDED = "28, small stem", "28, ImageNet stem"
_RESOLUTION = (
    _arm(_NATIVE, "baseline", quick=True),
    _arm(_STRIDED, "28-imagenet", quick=True),
    _arm("56, small stem", "56-small"),
    _arm("56, ImageNet stem", "56-imagenet"),
    _arm("112, small stem", "112-small"),
    _arm("112, ImageNet stem", "112-imagenet", quick=True),
    _arm("224, small stem", "224-small"),
    _arm("224, ImageNet stem", "224-imagenet"),
    _arm("real 64, small stem", "real-64-small"),
    _arm("real 64, ImageNet stem", "real-64-imagenet"),
)
_EPOCHS = (
    _arm("as many epochs as elsewhere", "baseline", quick=True),
    Arm("a third of the epochs", ("third",)),
    Arm("three times the epochs", (), ("thrice",)),
)
_AUGMENTATION = (
    _arm("none", "baseline", quick=True),
    _arm("brightness and contrast jitter", "jitter"),
    _arm("horizontal flip", "horizontal-flip", quick=True),
    _arm("vertical flip", "vertical-flip", quick=True),
    _arm("rotation by up to 15 degrees", "rotation"),
    _arm("jitter, both flips, rotation", "all-augmentations", quick=True),
    _arm("TrivialAugmentWide", "trivial-augment"),
)
# The quick study has no time to search: on validation, 0.01 was better there than 0.03.
_OPTIMIZER = (
    Arm("Adam", ("adam-0.0003", "baseline", "adam-0.003"), ("baseline",)),
    Arm("SGD, Nesterov", ("sgd-0.01", "sgd-0.03", "sgd-0.1"), ("sgd-0.01",)),
    Arm("AdamW", ("adamw-0.0003", "adamw-0.001", "adamw-0.003")),
    Arm("Muon", ("muon-0.0003", "muon-0.001", "muon-0.003")),
)
_CLASSES = tuple(task for task in Task if task is not Task.MULTI_LABEL)
_LOSS = (
    _arm("cross-entropy", "baseline", quick=True, tasks=_CLASSES),
    _arm("binary cross-entropy per class", "one-vs-rest", quick=True, tasks=_CLASSES),
    _arm("CORN", "corn", quick=True, tasks=[Task.ORDINAL]),
)

QUESTIONS = (
    Question(
        "a",
        "depth",
        "Depth",
        "Is a deeper ResNet better, and why not?",
        _DEPTH,
        _against("ResNet-18", _DEPTH),
    ),
    Question(
        "b",
        "resolution",
        "Resolution",
        "What does the size of the input do, and what does the ImageNet stem throw away?",
        _RESOLUTION,
        (
            *_against(_NATIVE, _RESOLUTION),
            ("112, ImageNet stem", _STRIDED),
            ("real 64, ImageNet stem", "56, ImageNet stem"),
        ),
    ),
    Question(
        "c",
        "epochs",
        "Epochs",
        "How does the AUC go with the epochs, which is best, and when does the network overfit?",
        _EPOCHS,
        _against("as many epochs as elsewhere", _EPOCHS),
    ),
    Question(
        "d",
        "augmentation",
        "Augmentation",
        "Which augmentation helps, and is a flip valid for the anatomy?",
        _AUGMENTATION,
        _against("none", _AUGMENTATION),
    ),
    Question(
        "e",
        "optimizer",
        "Optimizer",
        "Is SGD better than Adam, each at a rate of its own?",
        _OPTIMIZER,
        _against("Adam", _OPTIMIZER),
    ),
    Question(
        "f",
        "loss",
        "Loss",
        "Does another loss than cross-entropy rank better?",
        _LOSS,
        _against("cross-entropy", _LOSS),
    ),
)


def find_questions(words: Iterable[str]) -> tuple[Question, ...]:
    """Look questions up by name or letter; all of them if there is no word.

    Returns
    -------
    tuple of Question
        Each once, in the order of `QUESTIONS`.

    Raises
    ------
    ConfigError
        If there is no such question.

    Examples
    --------
    >>> [question.name for question in find_questions(["f", "depth"])]
    ['depth', 'loss']
    """
    known = {key: question for question in QUESTIONS for key in (question.name, question.letter)}
    found = []
    for word in words:
        if word.casefold() not in known:
            names = [question.name for question in QUESTIONS]
            raise ConfigError(f"unknown question {word!r}; {nearest(word.casefold(), names)}")
        found.append(known[word.casefold()])
    return tuple(question for question in QUESTIONS if question in found or not found)
