"""Models by name: a decorated function is all it takes to add one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from medfast.errors import ConfigError, nearest

if TYPE_CHECKING:
    from torch import nn

Stem = Literal["small", "imagenet"]


class ModelFactory(Protocol):
    """What `register_model` takes: a function that builds a network with fresh weights.

    The network maps float images ``(N, in_channels, H, W)`` to logits ``(N, n_classes)``.
    """

    __name__: str
    __module__: str

    def __call__(self, *, in_channels: int, n_classes: int, stem: Stem) -> nn.Module:
        """Build the network."""


_Factory = TypeVar("_Factory", bound=ModelFactory)
_FACTORIES: dict[str, ModelFactory] = {}


def register_model(factory: _Factory) -> _Factory:
    """Make a network available by the name of the function that builds it.

    Defining the function again in the same module (a notebook cell run twice) replaces it.

    Parameters
    ----------
    factory : callable
        ``factory(*, in_channels, n_classes, stem) -> nn.Module``; see `ModelFactory`.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    ConfigError
        If another module has registered the name.

    Examples
    --------
    >>> from torch import nn
    >>> @register_model
    ... def linear28(*, in_channels, n_classes, stem):
    ...     return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * 28 * 28, n_classes))
    >>> create_model("linear28", in_channels=1, n_classes=2)[1]
    Linear(in_features=784, out_features=2, bias=True)
    """
    name = factory.__name__
    known = _FACTORIES.get(name)
    if known is not None and known.__module__ != factory.__module__:
        raise ConfigError(
            f"model {name!r} is registered by {known.__module__}; "
            f"give the function of {factory.__module__} another name"
        )
    _FACTORIES[name] = factory
    return factory


def model_names() -> tuple[str, ...]:
    """Return the names that `create_model` takes, in the order of registration.

    Examples
    --------
    >>> model_names()[:2]
    ('resnet18', 'resnet34')
    """
    return tuple(_FACTORIES)


def check_model(name: str) -> None:
    """Refuse a name that `create_model` does not take.

    Raises
    ------
    ConfigError
        If the name is unknown; the message names the nearest one.
    """
    if name not in _FACTORIES:
        raise ConfigError(f"unknown model {name!r}; {nearest(name, _FACTORIES)}")


def create_model(name: str, *, in_channels: int, n_classes: int, stem: Stem = "small") -> nn.Module:
    """Build a registered network with fresh weights, drawn from torch's global generator.

    Parameters
    ----------
    name : str
        One of `model_names`.
    in_channels : int
        Channels of an image: 1 for gray, 3 for RGB.
    n_classes : int
        Number of logits: the classes, or the labels of a multi-label set.
    stem : {"small", "imagenet"}
        First layers for small images, or those of the ImageNet networks.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    ConfigError
        If the name or the stem is unknown, or a number is not positive.

    Examples
    --------
    >>> model = create_model("resnet18", in_channels=1, n_classes=2)
    >>> sum(parameter.numel() for parameter in model.parameters())
    11168706
    """
    check_model(name)
    if stem not in ("small", "imagenet"):
        raise ConfigError(f"unknown stem {stem!r}; {nearest(stem, ('small', 'imagenet'))}")
    if in_channels < 1 or n_classes < 1:
        raise ConfigError(
            "a model needs at least one input channel and one class; "
            f"got in_channels={in_channels}, n_classes={n_classes}"
        )
    return _FACTORIES[name](in_channels=in_channels, n_classes=n_classes, stem=stem)
