"""Starting a run and going on with one: from a recipe and a set to a run folder.

::

    recipe = load_recipe("official", {"epochs": 8})
    result = train(recipe, open_dataset("digits"), "runs/first", progress=progress_on())
    result.summary["splits"]["test"]["auc"]
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from medfast.errors import ConfigError
from medfast.training import checkpoint
from medfast.training.device import choose_compute
from medfast.training.environment import describe_environment
from medfast.training.identity import reopen_dataset
from medfast.training.loop import Loop
from medfast.training.progress import Silent
from medfast.training.run_folder import RunFolder, stages
from medfast.training.setup import resolve

if TYPE_CHECKING:
    from os import PathLike

    from medfast.data.dataset import Dataset
    from medfast.training.progress import Progress
    from medfast.training.recipe import Recipe


@dataclass(frozen=True)
class Result:
    """Where a finished run is, and what its ``summary.json`` says."""

    folder: Path
    summary: dict[str, Any]


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: str | PathLike[str] | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    deterministic: bool = False,
    compile: bool = False,  # noqa: A002
    threads: int | None = None,
    checkpoint_every: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Train a network, score the three splits with its best epoch, and write the run folder.

    On the CPU the result depends on the recipe, the data, and torch and its number of threads
    alone; torch's global generators are left as they were. Whatever ends the run early, be it a
    ``KeyboardInterrupt`` or the end of the process, leaves the folder at its last checkpoint for
    `resume`.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset
        Of images, not volumes.
    out : path, optional
        A folder that is new or empty; ``runs/<set>-<model>-<time>`` by default.
    device, precision, deterministic, compile, threads
        See `medfast.training.device.choose_compute`.
    checkpoint_every : int
        Steps between checkpoints, beside the one after each epoch; 0 for none.
    progress : Progress, optional
        Is told how the run goes.

    Returns
    -------
    Result

    Raises
    ------
    ConfigError
        If a setting is unknown or does not fit the set, or `out` is not empty or in use.
    InvalidValueError
        If the loss or a logit becomes NaN or infinite.
    StorageError
        If the folder cannot be written.
    """
    if checkpoint_every < 0:
        raise ConfigError(f"checkpoint_every must be at least 0; got {checkpoint_every}")
    compute = choose_compute(
        device, precision, deterministic=deterministic, compile=compile, threads=threads
    )
    recipe = resolve(recipe, dataset)
    loop = Loop(recipe, dataset, compute, progress or Silent(), checkpoint_every=checkpoint_every)
    if out is None:
        folder = RunFolder.create_default(dataset, recipe.model)
    else:
        RunFolder(Path(out)).check_names(dataset)
        folder = RunFolder.create(out)
    with folder.exclusive():
        environment = describe_environment(compute, checkpoint_every=checkpoint_every)
        folder.begin(recipe, environment, dataset)
        return _go_on(loop, folder)


def resume(
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
) -> Result:
    """Go on with a run after its last checkpoint; a finished run is returned as it is.

    Where `dataset`, `data` or `root` tell that the file of the set is elsewhere now, that is noted.

    On the CPU it ends, bit for bit, as it would have without the interruption, by the same version
    of torch: it gets the number of threads that it had.

    Parameters
    ----------
    path : path
        The folder of the run.
    dataset : Dataset, optional
        The set of the run; opened again from what the folder says if not given.
    data : path, optional
        Where the file of one's own is now, if it was moved.
    root, offline, mmap
        See `medfast.data.dataset.open_dataset`.
    device, precision : str, optional
        Those that the run had last if not given.
    progress : Progress, optional
        Is told how the run goes.

    Returns
    -------
    Result

    Raises
    ------
    CheckpointError
        If the folder is no run's, or its checkpoint is damaged or of another recipe or set.
    ConfigError
        If another process is training in the folder.
    """
    folder = RunFolder.open(path)
    folder.refuse_repeats()
    recipe, environment = folder.read_recipe(), folder.read_environment()
    told = progress or Silent()
    where: dict[str, Any] = {
        "dataset": dataset,
        "data": data,
        "root": root,
        "offline": offline,
        "mmap": mmap,
    }
    if folder.summary.exists():
        with suppress(OSError):  # of a process that was killed when all was done
            folder.lock.unlink(missing_ok=True)
        if any(given is not None for given in (dataset, data, root)):
            folder.note_place(reopen_dataset(folder.environment, environment, **where))
        told.note(f"{folder.path} is finished: nothing is left to train")
        return Result(folder.path, folder.read_summary())
    dataset = reopen_dataset(folder.environment, environment, **where)
    every, latest = environment["checkpoint_every"], stages(environment)[-1]
    compute = choose_compute(
        latest["device"] if device is None else device,
        latest["precision"] if precision is None else precision,
        deterministic=environment["deterministic"],
        compile=environment["compile"],
        threads=environment["torch_threads"],
    )
    loop = Loop(recipe, dataset, compute, told, checkpoint_every=every)
    with folder.exclusive():
        folder.note_place(dataset)
        checkpoint.restore(folder, loop.state, loop.identity)
        done = {"after_epoch": len(loop.state.history), "after_step": loop.state.meter.steps}
        present = describe_environment(compute, checkpoint_every=every)
        folder.add_resumption({**done, **present})
        return _go_on(loop, folder)


def _go_on(loop: Loop, folder: RunFolder) -> Result:
    dataset, recipe = loop.dataset, loop.recipe
    loop.progress.note(f"{recipe.model} on {dataset.flag}, {loop.compute}")
    if loop.compute.compile:
        loop.progress.note("torch.compile builds the training step, which may take minutes ...")
    mean, std = (
        ", ".join(f"{value:.4f}" for value in values) for values in (recipe.mean, recipe.std)
    )
    loop.progress.note(f"pixels in [0, 1] are normalised with mean {mean} and std {std}")
    if recipe.augment:
        names = ", ".join(next(iter(step)) for step in recipe.augment)
        loop.progress.note(f"training images are augmented by {names}")
    if recipe.test_flips != "none":
        flips = "horizontal" if recipe.test_flips == "horizontal" else "horizontal and vertical"
        loop.progress.note(f"scores are of the mean logits of an image and its {flips} flips")
    if dataset.info is not None and not dataset.is_official:
        loop.progress.note(
            f"{dataset.path} has not the MD5 of the official file: figures on it are not MedMNIST's"
        )
    try:
        return Result(folder.path, loop.go_on(folder))
    except (KeyboardInterrupt, torch.OutOfMemoryError):
        loop.progress.note(f"go on with: medfast train {folder.resume_flag}")
        raise
