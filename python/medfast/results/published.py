"""Figures that others published, each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_ENLARGED_SIZE = 224


@dataclass(frozen=True)
class PublishedScore:
    """A published test result.

    Attributes
    ----------
    auc, acc : float
        As printed, to three decimals.
    source : str
        Where it was printed.
    """

    auc: float
    acc: float
    source: str


def published_score(flag: str, model: str, size: int) -> PublishedScore | None:
    """Look up what the MedMNIST paper reports for a network on a set.

    Parameters
    ----------
    flag : str
        A set, such as ``"breastmnist"``.
    model : str
        A network, such as ``"resnet18"``.
    size : int
        Side of the images in pixels.

    Returns
    -------
    PublishedScore or None
        None where the paper has no such row.

    Examples
    --------
    >>> published_score("breastmnist", "resnet18", 28).auc
    0.901
    >>> published_score("digits", "resnet18", 28) is None
    True
    """
    table = _table()
    row = table["rows"].get(flag, {}).get(f"{model}@{size}")
    if row is None:
        return None
    source = table["source"]
    if size == _ENLARGED_SIZE:
        source += "; there 28-pixel images were enlarged by nearest neighbour"
    return PublishedScore(row["auc"], row["acc"], source)


@cache
def _table() -> dict[str, Any]:
    import yaml

    text = files("medfast.results").joinpath("published.yaml").read_text("utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table
