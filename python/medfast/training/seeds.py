"""The same run from several seeds: a folder for each, and what they come to together."""

from __future__ import annotations

import math
import re
import shlex
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import ConfigError, InvalidValueError
from medfast.training.device import choose_compute
from medfast.training.environment import describe_environment
from medfast.training.identity import reopen_dataset
from medfast.training.loop import Loop
from medfast.training.progress import Silent
from medfast.training.run import Result, resume, train
from medfast.training.run_folder import RunFolder
from medfast.training.setup import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from medfast.data.dataset import Dataset
    from medfast.training.progress import Progress
    from medfast.training.recipe import Recipe

LEVEL = 0.95
# The greatest value that each can have; the least is 0.
FIGURES = {"auc": 1.0, "acc": 1.0, "loss": math.inf}


@dataclass(frozen=True)
class Repeats:
    """Where the runs of several seeds are, and what ``seeds.json`` says of them together."""

    folder: Path
    runs: tuple[Result, ...]
    summary: dict[str, Any]


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read ``0..4``, ``7,8,11`` or a mixture.

    Raises
    ------
    ConfigError
        If it is none of these, or a seed is named twice.

    Examples
    --------
    >>> parse_seeds("0..2,7")
    (0, 1, 2, 7)
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < 2**64 or last - first >= 10_000:
            raise ConfigError(f"seeds must be like 0..4 or 3,5,8; got {text!r}")
        seeds += range(first, last + 1)
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"each seed is to be named once; got {text!r}")
    return tuple(seeds)


def train_seeds(
    recipe: Recipe,
    dataset: Dataset,
    seeds: Sequence[int],
    out: str | PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> Repeats:
    """Train once from each seed, in ``<out>/seed-<n>``, and sum up in ``<out>/seeds.json``.

    Parameters
    ----------
    recipe : Recipe
        Its own seed is replaced.
    dataset : Dataset
    seeds : sequence of int
    out : path, optional
        A folder that is new or empty; ``runs/<set>-<model>-<time>`` by default.
    progress : Progress, optional
    **settings
        Of `medfast.training.run.train`: device, precision, deterministic, compile, threads,
        checkpoint_every.

    Returns
    -------
    Repeats

    Raises
    ------
    ConfigError
        If a setting is unknown or does not fit the set, there is no seed, or `out` is not empty.
    InvalidValueError
        If the loss or a logit of a seed becomes NaN or infinite; told when the others are trained.
    """
    if not seeds:
        raise ConfigError("seeds must name at least one seed")
    every = settings.get("checkpoint_every", 0)
    compute = choose_compute(**{k: v for k, v in settings.items() if k != "checkpoint_every"})
    recipe = resolve(replace(recipe, seed=seeds[0]), dataset)
    Loop(recipe, dataset, compute, Silent())  # refuses what does not fit before there is a folder
    RunFolder(Path(f"seed-{max(seeds)}")).check_names(dataset)
    if out is None:
        folder = RunFolder.create_default(dataset, recipe.model)
    else:
        folder = RunFolder.create(out)
    with folder.exclusive():
        environment = describe_environment(compute, checkpoint_every=every)
        folder.begin(recipe, environment, dataset, seeds)
        told = progress or Silent()
        told.note(f"a run from each seed, {len(seeds)} in all, {compute}")
        return _go_on(folder, dataset, told)


def resume_seeds(
    path: str | PathLike[str],
    *,
    dataset: Dataset | None = None,
    data: str | PathLike[str] | None = None,
    root: str | PathLike[str] | None = None,
    offline: bool = False,
    mmap: bool = False,
    device: str | None = None,
    precision: str | None = None,
    progress: Progress | None = None,
) -> Repeats:
    """Go on with the seeds that are not finished; arguments as in `medfast.training.run.resume`.

    Raises
    ------
    CheckpointError
        If the folder is not that of several seeds, or the set has changed.
    """
    folder = RunFolder.open(path)
    dataset = reopen_dataset(
        folder.environment,
        folder.read_environment(),
        dataset=dataset,
        data=data,
        root=root,
        offline=offline,
        mmap=mmap,
    )
    with folder.exclusive():
        folder.note_place(dataset)
        return _go_on(folder, dataset, progress or Silent(), device, precision)


def _go_on(
    folder: RunFolder,
    dataset: Dataset,
    progress: Progress,
    device: str | None = None,
    precision: str | None = None,
) -> Repeats:
    recipe, environment = folder.read_recipe(), folder.read_environment()
    seeds = folder.read_seeds()
    settings = {key: environment[key] for key in ("deterministic", "compile", "checkpoint_every")}
    settings["threads"] = environment["torch_threads"]
    settings["device"] = device or environment["device"]
    # The precision of the first seeds, which a machine might choose otherwise now.
    settings["precision"] = precision or environment["precision"]
    runs, failures = [], []
    for number, seed in enumerate(seeds, start=1):
        run = RunFolder(folder.path / f"seed-{seed}")
        progress.note(f"seed {seed}, {number} of {len(seeds)}")
        if run.has_begun:
            how = partial(resume, run.path, dataset=dataset, device=device, precision=precision)
        else:
            how = partial(train, replace(recipe, seed=seed), dataset, run.path, **settings)
        try:
            runs.append(how(progress=progress))
        except InvalidValueError as error:  # of this seed's weights; another's may do well
            progress.note(str(error))
            failures.append(f"seed {seed}: {error}")
    if failures:
        finished = " ".join(shlex.quote(str(result.folder)) for result in runs)
        then = f"; compare the others by themselves: medfast compare {finished}" if runs else ""
        raise InvalidValueError(
            f"{len(failures)} of {len(seeds)} seeds failed ({'; '.join(failures)}){then}"
        )
    facts = dict(runs[0].summary)
    for key in ("seed", "chosen_epoch", "chosen_by", "train_seconds", "splits"):
        del facts[key]
    splits = {
        name: {
            "images": first["images"],
            **{
                key: describe_values([r.summary["splits"][name][key] for r in runs], highest)
                for key, highest in FIGURES.items()
            },
        }
        for name, first in runs[0].summary["splits"].items()
    }
    folder.write_json(folder.seeds, {**facts, "seeds": seeds, "level": LEVEL, "splits": splits})
    return Repeats(folder.path, tuple(runs), folder.read_json(folder.seeds))


def describe_values(values: Sequence[float | None], highest: float = math.inf) -> dict[str, Any]:
    """Sum up a figure over seeds: mean, standard deviation, interval of the mean.

    The deviation has ``n - 1`` in its denominator, and the interval is Student's, of level 0.95: it
    tells what other seeds would give, and nothing of other images. A figure that a run lacks leaves
    all three undefined, and one run has no deviation. The interval ends at 0 and at `highest`.

    Examples
    --------
    >>> [round(bound, 3) for bound in describe_values([0.8, 0.9, 0.85])["interval"]]
    [0.726, 0.974]
    """
    described: dict[str, Any] = {
        "values": list(values),
        "mean": None,
        "std": None,
        "interval": None,
    }
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return described
    described["mean"] = float(np.mean(known))
    if len(known) > 1:
        from scipy.special import stdtrit

        described["std"] = float(np.std(known, ddof=1))
        half = float(stdtrit(len(known) - 1, (1 + LEVEL) / 2)) * described["std"]
        half /= math.sqrt(len(known))
        described["interval"] = [
            max(0.0, described["mean"] - half),
            min(highest, described["mean"] + half),
        ]
    return described
