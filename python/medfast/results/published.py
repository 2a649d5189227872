"""Figures that others published, each with its source and its conditions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PAPER = "MedMNIST v2"


@dataclass(frozen=True)
class PublishedScore:
    """A published test result, and under what conditions it came about.

    Attributes
    ----------
    auc, acc : float
        As printed, to three decimals.
    source : str
        Where it was printed.
    table : str
        The short name of the source.
    method : str
        As the table calls it: ``"ResNet-18 (28)"``.
    splits : {"v1", "v2"}
        Of which version of MedMNIST the files were.
    size : int
        Side of the input in pixels.
    model : str or None
        medfast's name of the network; None for other methods.
    runs : int or None
        How many runs it is the mean of; None where the source does not say.
    enlarged : str or None
        What the input was made of, where it was not the files' own images.
    impossible : str or None
        Why it cannot be right, where it cannot.
    """

    auc: float
    acc: float
    source: str
    table: str
    method: str
    splits: str
    size: int
    model: str | None = None
    runs: int | None = None
    enlarged: str | None = None
    impossible: str | None = None


def published_scores(flag: str) -> tuple[PublishedScore, ...]:
    """Look up everything published on a set.

    Parameters
    ----------
    flag : str
        A set, such as ``"breastmnist"``.

    Returns
    -------
    tuple of PublishedScore
        The MedMNIST v2 paper's, then the v1 paper's, then the course report's; empty for a set
        that none of them has.

    Examples
    --------
    >>> rows = published_scores("chestmnist")
    >>> rows[0].table, rows[0].method, rows[0].auc
    ('MedMNIST v2', 'ResNet-18 (28)', 0.768)
    >>> [row.method for row in rows if row.impossible]
    ['ResNet-50']
    """
    return _scores().get(flag, ())


def published_score(flag: str, model: str, size: int) -> PublishedScore | None:
    """Look up what the MedMNIST v2 paper reports for a network on a set.

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
    for score in published_scores(flag):
        if (score.table, score.model, score.size) == (PAPER, model, size):
            return score
    return None


@cache
def _scores() -> dict[str, tuple[PublishedScore, ...]]:
    import yaml

    text = files("medfast.results").joinpath("published.yaml").read_text("utf-8")
    found: dict[str, tuple[PublishedScore, ...]] = {}
    for table in yaml.safe_load(text):
        conditions = {key: table[key] for key in ("table", "source", "splits")}
        for flag, cells in table["rows"].items():
            rows = (
                PublishedScore(method=name, **_cell(cell), **method, **conditions)
                for (name, method), cell in zip(table["methods"].items(), cells, strict=True)
            )
            found[flag] = (*found.get(flag, ()), *rows)
    return found


def _cell(cell: Any) -> dict[str, Any]:
    return cell if isinstance(cell, dict) else dict(zip(("auc", "acc"), cell, strict=True))
