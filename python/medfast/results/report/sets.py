"""Which runs share a section, and which of them is shown in detail."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medfast.results.groups import group_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from medfast.results.runs import FinishedRun


@dataclass(frozen=True, eq=False)
class Variant:
    """Runs that differ in their seeds alone.

    Attributes
    ----------
    name : str
        Network and recipe.
    set_name : str
        See `medfast.results.groups.Group`.
    runs : tuple of FinishedRun
    shown : FinishedRun
        The one of which single images and decisions are shown: that with the median AUC on the
        validation split (the lower one of two), so that it is neither the best nor the worst.
    """

    name: str
    set_name: str
    runs: tuple[FinishedRun, ...]
    shown: FinishedRun

    @property
    def repeated(self) -> bool:
        """Whether there are several runs."""
        return len(self.runs) > 1


def runs_by_set(runs: Sequence[FinishedRun]) -> list[list[Variant]]:
    """Put runs on the same images together, and of these the repeats.

    Parameters
    ----------
    runs : sequence of FinishedRun

    Returns
    -------
    list of list of Variant
        A list for each set and size.
    """
    sets: dict[str, list[Variant]] = {}
    for group in group_runs(runs):
        identity = json.dumps(group.first.environment["dataset"], sort_keys=True)
        # All of a section have one size, which its title tells.
        name = group.label.replace(f", {group.first.size} px", "", 1)
        variant = Variant(name, group.set_name, group.runs, _median(group.runs))
        sets.setdefault(identity, []).append(variant)
    return list(sets.values())


def _median(runs: Sequence[FinishedRun]) -> FinishedRun:
    def on_validation(run: FinishedRun) -> float:
        area = run.figures("val")["auc"]
        return -math.inf if area is None else float(area)

    return sorted(runs, key=on_validation)[(len(runs) - 1) // 2]
