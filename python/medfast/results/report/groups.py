"""Which runs are shown together: those on one set, and of these the repeats of one recipe."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.runs import FinishedRun


@dataclass(frozen=True, eq=False)
class Group:
    """Runs that differ in their seeds alone.

    Attributes
    ----------
    name : str
        The network and the recipe.
    runs : tuple of FinishedRun
    shown : FinishedRun
        The one of which single images and decisions are shown: that with the median AUC on the
        validation split (the lower one of two), so that it is neither the best nor the worst.
    """

    name: str
    runs: tuple[FinishedRun, ...]
    shown: FinishedRun

    @property
    def repeated(self) -> bool:
        """Whether there are several runs."""
        return len(self.runs) > 1


def group_by_set(runs: Sequence[FinishedRun]) -> list[list[Group]]:
    """Put runs on the same file of data together, and of these the repeats.

    Parameters
    ----------
    runs : sequence of FinishedRun

    Returns
    -------
    list of list of Group
        A list for each set, both in the order in which they first come.
    """
    sets: dict[str, dict[str, list[FinishedRun]]] = {}
    for run in runs:
        identity = json.dumps(run.environment["dataset"], sort_keys=True)
        recipe = json.dumps({**asdict(run.recipe), "seed": None}, sort_keys=True)
        sets.setdefault(identity, {}).setdefault(recipe, []).append(run)
    return [_name_groups(list(recipes.values())) for recipes in sets.values()]


def _name_groups(groups: list[list[FinishedRun]]) -> list[Group]:
    names = [f"{runs[0].model}, {runs[0].recipe.name}" for runs in groups]
    found = []
    for runs, name in zip(groups, names, strict=True):
        # Two files of one's own may share a name.
        own = name if names.count(name) == 1 else f"{name} ({runs[0].name})"
        found.append(Group(own, tuple(runs), _median(runs)))
    return found


def _median(runs: list[FinishedRun]) -> FinishedRun:
    def on_validation(run: FinishedRun) -> float:
        area = run.figures("val").get("auc")
        return -math.inf if area is None else float(area)

    return sorted(runs, key=on_validation)[(len(runs) - 1) // 2]
