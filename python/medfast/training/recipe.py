"""What a run is asked to do: a YAML file, checked, with what the caller changed laid over it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from medfast import transforms
from medfast.errors import ConfigError, MedfastError, StorageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

_BUILT_IN = resources.files("medfast.training") / "recipes"

# Part of every pipeline already, so not an augmentation.
_NOT_AUGMENTATIONS = {
    "Compose",
    "Normalize",
    "PerBatch",
    "PerImage",
    "ToDtype",
    "Transform",
    "functional",
}

# What a run may choose without departing from its recipe.
_FREE_KEYS = {"name", "model", "stem", "seed"}


def _integer(low: int) -> Any:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise ValueError(f"an integer >= {low}")
        return value

    return _checked(read)


def _number(low: float, high: float = math.inf, *, above: bool = False) -> Any:
    return _checked(lambda value: _read_number(value, low, high, above=above))


def _read_number(value: object, low: float, high: float, *, above: bool) -> float:
    bounds = f"a number {'>' if above else '>='} {low:g}"
    if high < math.inf:
        bounds += f" and <= {high:g}"
    try:
        # YAML 1.1 reads 1e-3, without a point, as text.
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high) or (above and number == low):
        raise ValueError(bounds)
    return number


def _numbers(low: float, high: float = math.inf, *, above: bool = False) -> Any:
    def read(value: object) -> tuple[float, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list of numbers")  # noqa: TRY004
        return tuple(_read_number(number, low, high, above=above) for number in value)

    return _checked(read)


def _word(*known: str) -> Any:
    def read(value: object) -> str:
        if not isinstance(value, str) or not value or (known and value not in known):
            if not known:
                raise ValueError("a word")
            hint = nearest(str(value), known)
            near = f"; {hint}" if hint.startswith("did you mean") else ""
            raise ValueError(f"one of {', '.join(known)}{near}")
        return value

    return _checked(read)


def _switch() -> Any:
    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("true or false")  # noqa: TRY004
        return value

    return _checked(read)


def _augmentations() -> Any:
    def read(value: object) -> tuple[dict[str, dict[str, Any]], ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list of transforms")  # noqa: TRY004
        steps = tuple({step: {}} if isinstance(step, str) else step for step in value)
        for step in steps:
            _build_transform(step)
        return steps

    return _checked(read)


def _checked(read: Callable[[object], object]) -> Any:
    return field(metadata={"read": read})


def _build_transform(step: object) -> Any:
    if not (isinstance(step, dict) and len(step) == 1):
        raise ValueError("a list whose items are {transform: {argument: value}}")
    (name, arguments), known = *step.items(), set(transforms.__all__) - _NOT_AUGMENTATIONS
    if name not in known:
        raise ValueError(f"transforms that exist; {name!r} does not, {nearest(str(name), known)}")
    arguments = dict(arguments or {})
    if isinstance(arguments.get("transforms"), list | tuple):  # RandomApply and its like
        inner = [{step: {}} if isinstance(step, str) else step for step in arguments["transforms"]]
        arguments["transforms"] = [_build_transform(step) for step in inner]
    try:
        return getattr(transforms, name)(**arguments)
    except (TypeError, MedfastError) as error:
        raise ValueError(f"arguments that {name} takes ({error})") from None


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run but its data and its device; see ``recipes/official.yaml``.

    Raises
    ------
    ConfigError
        If a value has the wrong type or lies outside its range, or two values contradict.
    """

    name: str = _word()
    model: str = _word()
    stem: Literal["auto", "small", "imagenet"] = _word("auto", "small", "imagenet")
    epochs: int = _integer(1)
    batch_size: int = _integer(2)
    optimizer: Literal["adam", "sgd"] = _word("adam", "sgd")
    lr: float = _number(0, above=True)
    momentum: float = _number(0, 1)
    nesterov: bool = _switch()
    weight_decay: float = _number(0)
    schedule: Literal["constant", "multistep", "cosine"] = _word("constant", "multistep", "cosine")
    milestones: tuple[float, ...] = _numbers(0, 1, above=True)
    gamma: float = _number(0, 1, above=True)
    augment: tuple[dict[str, dict[str, Any]], ...] = _augmentations()
    mean: tuple[float, ...] = _numbers(0, 1)
    std: tuple[float, ...] = _numbers(0, above=True)
    seed: int = _integer(0)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            try:
                object.__setattr__(self, item.name, item.metadata["read"](value))
            except ValueError as error:
                raise ConfigError(
                    f"recipe {self.name!r}: {item.name} must be {error}; got {value!r}"
                ) from None
        if self.optimizer != "sgd" and (self.momentum or self.nesterov):
            raise ConfigError(
                f"recipe {self.name!r}: momentum and nesterov are sgd's; "
                f"set optimizer to sgd, or momentum to 0 and nesterov to false"
            )
        if self.nesterov and not self.momentum:
            raise ConfigError(f"recipe {self.name!r}: nesterov needs a momentum above 0")
        if not self.mean or len(self.mean) != len(self.std):
            raise ConfigError(
                f"recipe {self.name!r}: mean and std must have the same number of values, "
                f"1 or one per channel; got {len(self.mean)} and {len(self.std)}"
            )
        if self.seed >= 2**64:
            raise ConfigError(f"recipe {self.name!r}: seed must be below 2**64; got {self.seed}")

    def learning_rate(self, epoch: int) -> float:
        """Return the rate of an epoch, counted from 0.

        Equal to torch's ``MultiStepLR`` with milestones ``share * epochs`` (rounded up, where
        torch would skip a milestone that is no integer) and ``CosineAnnealingLR`` over all epochs,
        both stepped once per epoch.

        Examples
        --------
        >>> recipe = load_recipe("official")
        >>> [recipe.learning_rate(epoch) for epoch in (0, 49, 50)]
        [0.001, 0.001, 0.0001]
        """
        if self.schedule == "multistep":
            passed = sum(epoch >= share * self.epochs for share in self.milestones)
            return self.lr * self.gamma**passed
        if self.schedule == "cosine":
            return self.lr * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return self.lr

    def pipeline(self, channels: int, *, train: bool) -> transforms.Compose:
        """Build what turns uint8 images into the network's float32 input, channels last.

        Parameters
        ----------
        channels : int
            Of an image.
        train : bool
            Whether to augment.

        Raises
        ------
        ConfigError
            If mean and std are for another number of channels.
        """
        if len(self.mean) not in (1, channels):
            raise ConfigError(
                f"recipe {self.name!r}: mean and std have {len(self.mean)} values, "
                f"but the images have {channels} channel(s); give one value, or one per channel"
            )
        steps = [_build_transform(step) for step in self.augment] if train else []
        steps.append(transforms.ToDtype("float32", scale=True))
        steps.append(transforms.Normalize(self.mean, self.std))
        return transforms.Compose(steps, layout="NHWC")

    def to_yaml(self) -> str:
        """Write every value; `load_recipe` reads the same recipe back."""
        values = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }
        return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=100)


def recipe_names() -> tuple[str, ...]:
    """Return the recipes that come with medfast.

    Examples
    --------
    >>> recipe_names()
    ('official', 'report')
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
        Values by key; None stands for no change. Other than ``model``, ``stem`` and ``seed`` they
        are added to the recipe's name, since it is no longer the recipe of that name.

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
