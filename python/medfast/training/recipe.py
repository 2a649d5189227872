"""What a run is asked to do: a YAML file, checked, with what the caller changed laid over it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from medfast import transforms
from medfast.data.anatomy import flips_of
from medfast.errors import ConfigError, StorageError, nearest
from medfast.training.recipe_values import (
    augmentations,
    build_transform,
    integer,
    number,
    numbers,
    switch,
    word,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

_BUILT_IN = resources.files("medfast.training") / "recipes"

# What a run may choose without departing from its recipe.
_FREE_KEYS = {"name", "model", "stem", "resize", "seed"}

# Of MixUp and CutMix; beyond, torch's Beta distribution fails.
_LOWEST_ALPHA, _HIGHEST_ALPHA = 1e-3, 1e3


def stem_for_size(size: int) -> Literal["small", "imagenet"]:
    """Choose the stem, where a recipe leaves it to the side of the input in pixels.

    The ImageNet stem divides the side by 4, which leaves the last stage 2x2 positions at 64
    pixels and one at 28; the small stem leaves 8x8 and 4x4.

    Examples
    --------
    >>> stem_for_size(28), stem_for_size(64), stem_for_size(224)
    ('small', 'small', 'imagenet')
    """
    return "small" if size <= 64 else "imagenet"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run but its data and its device; see ``recipes/official.yaml``.

    Raises
    ------
    ConfigError
        If a value has the wrong type or lies outside its range, or two values contradict.
    """

    name: str = word()
    model: str = word()
    stem: Literal["auto", "small", "imagenet"] = word("auto", "small", "imagenet")
    resize: int = integer(0)
    epochs: int = integer(1)
    batch_size: int = integer(2)
    optimizer: Literal["adam", "adamw", "sgd", "muon"] = word("adam", "adamw", "sgd", "muon")
    lr: float = number(0, above=True)
    momentum: float = number(0, 1)
    nesterov: bool = switch()
    weight_decay: float = number(0)
    schedule: Literal["constant", "multistep", "cosine", "one_cycle"] = word(
        "constant", "multistep", "cosine", "one_cycle"
    )
    warmup: float = number(0, 1, below=True)
    milestones: tuple[float, ...] = numbers(0, 1, above=True)
    gamma: float = number(0, 1, above=True)
    label_smoothing: float = number(0, 1, below=True)
    class_weights: Literal["none", "balanced"] = word("none", "balanced")
    multi_class: Literal["cross_entropy", "one_vs_rest"] = word("cross_entropy", "one_vs_rest")
    ordinal: Literal["cross_entropy", "corn"] = word("cross_entropy", "corn")
    ema_epochs: float = number(0)
    swa_start: float = number(0, 1, above=True)
    flips: Literal["none", "valid"] = word("none", "valid")
    augment: tuple[dict[str, dict[str, Any]], ...] = augmentations()
    mixup: float = number(0, _HIGHEST_ALPHA)
    cutmix: float = number(0, _HIGHEST_ALPHA)
    test_flips: Literal["none", "horizontal", "both"] = word("none", "horizontal", "both")
    mean: tuple[float, ...] | Literal["auto"] = numbers(0, 1, auto=True)
    std: tuple[float, ...] | Literal["auto"] = numbers(0, above=True, auto=True)
    seed: int = integer(0)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            try:
                object.__setattr__(self, item.name, item.metadata["read"](value))
            except ValueError as error:
                raise ConfigError(
                    f"recipe {self.name!r}: {item.name} must be {error}; got {value!r}"
                ) from None
        for wrong, what in self._contradictions():
            if wrong:
                raise ConfigError(f"recipe {self.name!r}: {what}")

    def _contradictions(self) -> Iterator[tuple[bool, str]]:
        with_momentum = self.optimizer in ("sgd", "muon")
        yield (
            not with_momentum and bool(self.momentum or self.nesterov),
            "momentum and nesterov are sgd's and muon's; set optimizer to one of them, or momentum "
            "to 0 and nesterov to false",
        )
        yield self.nesterov and not self.momentum, "nesterov needs a momentum above 0"
        yield (
            self.optimizer == "muon" and not self.momentum,
            "muon orthogonalises a running mean of gradients: give it a momentum, such as 0.95",
        )
        yield (
            self.schedule == "one_cycle" and not self.warmup,
            "one_cycle rises before it falls: give warmup, the share of the run that it rises in",
        )
        yield (
            self.schedule in ("constant", "multistep") and bool(self.warmup),
            "warmup goes with cosine or one_cycle; choose one of them, or set warmup to 0",
        )
        yield (
            bool(self.ema_epochs) and self.swa_start < 1,
            "ema_epochs and swa_start both average the weights; set ema_epochs to 0, or "
            "swa_start to 1",
        )
        yield (
            any(0 < alpha < _LOWEST_ALPHA for alpha in (self.mixup, self.cutmix)),
            f"mixup and cutmix must be 0, or at least {_LOWEST_ALPHA:g}; "
            f"got {self.mixup:g} and {self.cutmix:g}",
        )
        yield (
            self.flips == "valid" and self.test_flips != "none",
            "flips: valid decides which flips to score with; leave test_flips at none, or set "
            "flips to none",
        )
        yield (
            (self.mean == "auto") != (self.std == "auto"),
            "mean and std come from the images together; set both to auto, or neither",
        )
        yield (
            not self.mean or len(self.mean) != len(self.std),
            "mean and std must have the same number of values, 1 or one per channel; "
            f"got {len(self.mean)} and {len(self.std)}",
        )
        yield self.seed >= 2**64, f"seed must be below 2**64; got {self.seed}"

    def with_flips_of(self, flag: str) -> Recipe:
        """Put the flips that a set's anatomy allows in the place of ``flips: valid``.

        They come ahead of the other augmentations, each for half of the images, and the scores are
        of the mean logits of an image and its flips. A set of which `medfast.data.anatomy` states
        nothing has none.

        Examples
        --------
        >>> recipe = load_recipe("medfast").with_flips_of("breastmnist")
        >>> recipe.augment[0], recipe.test_flips
        ({'RandomHorizontalFlip': {}}, 'horizontal')
        """
        if self.flips == "none":
            return self
        valid = flips_of(flag)
        names = []
        if valid is not None and valid.horizontal:
            names.append("RandomHorizontalFlip")
            if valid.vertical:
                names.append("RandomVerticalFlip")
        steps: list[dict[str, dict[str, Any]]] = [{name: {}} for name in names]
        return replace(
            self,
            flips="none",
            augment=(*steps, *self.augment),
            test_flips=("none", "horizontal", "both")[len(names)],
        )

    def input_size(self, size: int) -> int:
        """Return the side in pixels of what the network takes in, given that of the set's images.

        Examples
        --------
        >>> load_recipe("official", {"resize": 224}).input_size(28)
        224
        """
        return self.resize or size

    def learning_rate(self, epoch: float) -> float:
        """Return the rate at a point of the run, in epochs from its beginning.

        ``multistep`` is torch's ``MultiStepLR`` with milestones ``share * epochs`` (rounded up,
        where torch would skip a milestone that is no integer). ``cosine`` is its
        ``CosineAnnealingLR`` over all epochs, after ``warmup`` if it has any, in which the rate
        rises from 0 in proportion. ``one_cycle`` is its ``OneCycleLR`` with ``pct_start=warmup``:
        from ``lr / 25`` up to ``lr`` and down to ``lr / 25e4`` along cosines.

        Examples
        --------
        >>> recipe = load_recipe("official")
        >>> [recipe.learning_rate(epoch) for epoch in (0, 49.9, 50)]
        [0.001, 0.001, 0.0001]
        """
        if self.schedule == "multistep":
            passed = sum(epoch >= self._first_epoch_after(share) for share in self.milestones)
            return self.lr * self.gamma**passed
        if self.schedule == "constant":
            return self.lr
        rise = self.warmup * self.epochs
        if self.schedule == "cosine":
            if epoch < rise:
                return self.lr * epoch / rise
            return _along_cosine(self.lr, 0.0, (epoch - rise) / (self.epochs - rise))
        first = self.lr / 25
        if epoch < rise:
            return _along_cosine(first, self.lr, epoch / rise)
        return _along_cosine(self.lr, first / 1e4, (epoch - rise) / (self.epochs - rise))

    def averages_after(self, epoch: int) -> bool:
        """Tell whether the even mean of the weights takes those at the end of an epoch, from 0.

        The last epoch's it takes in any case, however few there are.
        """
        first = min(self._first_epoch_after(self.swa_start), self.epochs - 1)
        return self.swa_start < 1 and epoch >= first

    def _first_epoch_after(self, share: float) -> int:
        # 0.55 * 100 is a little more than 55.
        return math.ceil(round(share * self.epochs, 9))

    def pipeline(self, channels: int, *, train: bool, normalize: bool = True) -> transforms.Compose:
        """Build what turns uint8 images into the network's float32 input, channels last.

        Images are brought to the recipe's size by nearest neighbour, then augmented.

        Parameters
        ----------
        channels : int
            Of an image.
        train : bool
            Whether to augment.
        normalize : bool
            Whether to scale and normalise; the device does, where it is given bytes.

        Raises
        ------
        ConfigError
            If mean and std are for another number of channels or still ``auto``, or flips still
            ``valid``.
        """
        if self.flips != "none":
            raise ConfigError(
                f"recipe {self.name!r}: which flips are valid depends on the set; ask "
                "with_flips_of for them, or let medfast.training.setup.resolve do it"
            )
        steps: list[Any] = []
        if self.resize:
            steps.append(transforms.Resize((self.resize, self.resize), interpolation="nearest"))
        if train:
            steps += [build_transform(step) for step in self.augment]
        if normalize:
            steps += [transforms.ToDtype("float32", scale=True), self._normalize(channels)]
        return transforms.Compose(steps, layout="NHWC")

    def _normalize(self, channels: int) -> transforms.Normalize:
        mean, std = self.mean, self.std
        if mean == "auto" or std == "auto":
            raise ConfigError(
                f"recipe {self.name!r}: mean and std are auto, which needs a set to count; "
                "give numbers, or let medfast.training.setup.resolve count them"
            )
        if len(mean) not in (1, channels):
            raise ConfigError(
                f"recipe {self.name!r}: mean and std have {len(mean)} values, "
                f"but the images have {channels} channel(s); give one value, or one per channel"
            )
        return transforms.Normalize(mean, std)

    def to_yaml(self) -> str:
        """Write every value; `load_recipe` reads the same recipe back."""
        values = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }
        return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=100)


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def recipe_names() -> tuple[str, ...]:
    """Return the recipes that come with medfast.

    Examples
    --------
    >>> recipe_names()
    ('medfast', 'official', 'report')
    """
    names = (Path(entry.name) for entry in _BUILT_IN.iterdir())
    return tuple(sorted(name.stem for name in names if name.suffix == ".yaml"))


def load_recipe(
    source: str | PathLike[str] = "official", changes: Mapping[str, object] | None = None
) -> Recipe:
    """Read a recipe and lay the caller's changes over it.

    Parameters
    ----------
    source : str or path
        One of `recipe_names`, or a YAML file (with ``.yaml``, ``.yml`` or a folder in its name).
        What a file leaves out is as in ``official``. ``epochs`` may be a mapping from model names.
    changes : mapping, optional
        Values by key; None stands for no change. Other than ``model``, ``stem``, ``resize`` and
        ``seed`` they are added to the recipe's name, since it is no longer the recipe of that name.

    Returns
    -------
    Recipe

    Raises
    ------
    ConfigError
        If the recipe or a key is unknown, the file is missing or no YAML, or a value is wrong.
    StorageError
        If the file cannot be read.

    Examples
    --------
    >>> recipe = load_recipe("report", {"model": "resnet50"})
    >>> recipe.name, recipe.epochs
    ('report', 20)
    >>> load_recipe("official", {"epochs": 5}).name
    'official, epochs=5'
    """
    values = _read_built_in("official")
    if str(source) in recipe_names():
        values.update(_read_built_in(str(source)))
    elif Path(source).suffix in {".yaml", ".yml"} or len(Path(source).parts) > 1:
        values["name"] = Path(source).stem
        values.update(_read_file(Path(source)))
    else:
        raise ConfigError(
            f"unknown recipe {str(source)!r}; {nearest(str(source), recipe_names())} "
            "(a file of one's own ends in .yaml)"
        )
    changes = {key: value for key, value in (changes or {}).items() if value is not None}
    _refuse_unknown(changes, "the changes")
    if isinstance(values["epochs"], dict):
        values["epochs"] = _epochs_of_model(values, changes)
    departures = [
        f"{key}={value}"
        for key, value in changes.items()
        if key not in _FREE_KEYS and value != values[key]
    ]
    values.update(changes)
    values["name"] = ", ".join([str(values["name"]), *departures])
    return Recipe(**values)


def _epochs_of_model(values: Mapping[str, Any], changes: Mapping[str, object]) -> object:
    epochs, model = values["epochs"], changes.get("model", values["model"])
    if not epochs:
        raise ConfigError(
            f"recipe {values['name']!r}: epochs must be an integer, or one for each model; got {{}}"
        )
    if model not in epochs and "epochs" not in changes:
        raise ConfigError(
            f"recipe {values['name']!r} states epochs for {', '.join(map(str, epochs))}, "
            f"not for {model}; give epochs"
        )
    return epochs.get(model)


def _refuse_unknown(values: Mapping[Any, object], where: str) -> None:
    known = [item.name for item in fields(Recipe)]
    for key in values:
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; {nearest(str(key), known)}")


def _read_built_in(name: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((_BUILT_IN / f"{name}.yaml").read_text("utf-8"))
    return values


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values = yaml.load(file, _Loader)  # noqa: S506 (derived from SafeLoader)
    except FileNotFoundError:
        raise ConfigError(
            f"no recipe at {path}; give a YAML file, or one of {', '.join(recipe_names())}"
        ) from None
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must map keys to values; got {type(values).__name__}")
    _refuse_unknown(values, str(path))
    return values


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"the key {key.value!r} is given twice; keep one",
                        problem_mark=key.start_mark,
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)
