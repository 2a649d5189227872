"""Runs that differ in their seeds alone, taken together."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from medfast.data.catalog import CATALOG
from medfast.task import Task
from medfast.training.run_folder import stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from medfast.data.catalog import DatasetInfo
    from medfast.results.runs import FinishedRun, Outcome

    # A flag, the MD5 of a file that is not official, and the task.
    _Key = tuple[str, str | None, str]

# What does not tell recipes apart in a label that has the name, the network and the size already.
_NAMED = {"name", "model", "resize", "seed"}


@dataclass(frozen=True, eq=False)
class Group:
    """Runs of one set, network and recipe.

    Attributes
    ----------
    runs : tuple of FinishedRun
    label : str
        Network, size of the images, recipe; and the settings in which recipes of one name differ.
    set_name : str
        The set; and the start of its MD5, or its task, where another of that name differs in it.
    """

    runs: tuple[FinishedRun, ...]
    label: str
    set_name: str

    @property
    def first(self) -> FinishedRun:
        """A run for all that they have in common."""
        return self.runs[0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seed of each run."""
        return tuple(run.seed for run in self.runs)

    @property
    def official(self) -> bool:
        """Whether the file is, by its MD5, one that MedMNIST published."""
        return _is_official(self.first)

    @property
    def published_as(self) -> str | None:
        """The flag of the official set that this is, or is named after."""
        info = _catalog_entry(self.first)
        return None if info is None else info.flag

    def outcomes(self, split: str, root: str | PathLike[str] | None) -> tuple[Outcome, ...]:
        """Read labels and scores of every run; see `medfast.results.runs.FinishedRun.outcome`."""
        return tuple(run.outcome(split, root=root) for run in self.runs)

    def repeated_seeds(self) -> tuple[int, ...]:
        """Return the seeds of more than one run."""
        return tuple(seed for seed, runs in Counter(self.seeds).items() if runs > 1)


def conditions(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """Return the precisions and kinds of device that runs were trained in, each pair once."""
    return tuple(
        sorted(
            {
                f"{stage['precision']} on {stage['device'].partition(':')[0]}"
                for run in runs
                for stage in stages(run.environment)
            }
        )
    )


def group_runs(runs: Sequence[FinishedRun]) -> list[Group]:
    """Put runs together that differ in their seeds alone.

    Official files of one set in several sizes are one set: their splits have the same images.

    Parameters
    ----------
    runs : sequence of FinishedRun

    Returns
    -------
    list of Group
        Set by set, each in the order of their first runs.
    """
    groups: dict[tuple[_Key, int, str], list[FinishedRun]] = {}
    for run in runs:
        alike = (_set_key(run), run.size, json.dumps(_settings(run)))
        groups.setdefault(alike, []).append(run)
    members = [(key[0], tuple(found)) for key, found in groups.items()]
    labels, names = _labels(members), _set_names(key for key, _ in members)
    order = list(names)
    made = [
        (order.index(key), Group(found, label, names[key]))
        for (key, found), label in zip(members, labels, strict=True)
    ]
    return [group for _, group in sorted(made, key=lambda pair: pair[0])]


def _settings(run: FinishedRun) -> dict[str, Any]:
    return {key: value for key, value in asdict(run.recipe).items() if key != "seed"}


def _set_key(run: FinishedRun) -> _Key:
    info = _catalog_entry(run)
    if info is not None and _is_official(run):
        return info.flag, None, info.task.value
    return run.flag, str(run.environment["dataset"].get("md5")), run.task.value


def _set_names(keys: Iterable[_Key]) -> dict[_Key, str]:
    unique = dict.fromkeys(keys)
    names = {}
    for flag, md5, task in unique:
        others = [key for key in unique if key[0] == flag]
        marks = []
        if md5 is not None and any(other[1] != md5 for other in others):
            marks.append(f"MD5 {md5[:8]}")
        if any(other[2] != task for other in others):
            marks.append(task)
        names[flag, md5, task] = _one_line(f"{flag} ({', '.join(marks)})" if marks else flag)
    return names


def _labels(members: Sequence[tuple[_Key, tuple[FinishedRun, ...]]]) -> list[str]:
    """Name groups by network, size and recipe, and by what else tells those of one set apart."""
    plain = [_plain_label(runs[0]) for _, runs in members]
    settings = [_settings(runs[0]) for _, runs in members]
    differing: dict[str, dict[str, None]] = {label: {} for label in plain}
    for n, label in enumerate(plain):
        for m in range(n):
            if plain[m] == label and members[m][0] == members[n][0]:
                keys = (key for key in settings[n] if settings[m][key] != settings[n][key])
                differing[label].update(dict.fromkeys(keys))
    return [
        ", ".join(
            [label, *(f"{key}={found[key]}" for key in differing[label] if key not in _NAMED)]
        )
        for label, found in zip(plain, settings, strict=True)
    ]


def _plain_label(run: FinishedRun) -> str:
    enlarged = f" enlarged to {run.input_size}" if run.input_size != run.size else ""
    stem = f"{run.other_stem}, " if run.other_stem else ""
    return _one_line(f"{run.model}, {run.size} px{enlarged}, {stem}{run.recipe.name}")


def _one_line(name: str) -> str:
    """Make a name fit a row of a table: a file's, and a recipe's, may hold line breaks."""
    return " ".join(name.split())


def _is_official(run: FinishedRun) -> bool:
    info, md5 = _catalog_entry(run), run.environment["dataset"].get("md5")
    return run.official or (info is not None and md5 in info.md5.values())


def _catalog_entry(run: FinishedRun) -> DatasetInfo | None:
    """Find the set of the catalog that a run's set is, or is a part of by its name."""
    info = CATALOG.get(run.flag.partition("_")[0])
    if info is None:
        return None
    identity = run.environment["dataset"]
    ours = (Task.parse(identity["task"]), identity["channels"], len(identity["label_names"]))
    return info if ours == (info.task, info.channels, info.n_classes) else None
