"""``medfast train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from medfast.cli import options
from medfast.errors import ConfigError

if TYPE_CHECKING:
    from medfast.data import Dataset
    from medfast.training.run import Result
    from medfast.training.seeds import Repeats


@click.command("train")
@click.option("--dataset", metavar="NAME", help="A set of MedMNIST, or digits (no download).")
@click.option(
    "--data",
    type=options.PathType(dir_okay=False, path_type=Path),
    help="A set of your own: an .npz with {train,val,test}_{images,labels}; needs --task. "
    "With --resume: where it is now.",
)
@click.option("--task", help="With --data: binary, multi-class, multi-label or ordinal.")
@click.option("--size", type=int, help="Pixels: 28, 64, 128 or 224.  [default: 28]")
@click.option(
    "--recipe", metavar="NAME|FILE", help="official, medfast, report or a .yaml of your own."
)
@click.option("--model", help="resnet18, 34, 50, 101 or 152.  [default: the recipe's]")
@click.option("--stem", help="small or imagenet.  [default: small up to 64 pixels]")
@click.option("--epochs", type=int, help="[default: the recipe's]")
@click.option("--batch-size", type=int, help="[default: the recipe's]")
@click.option("--lr", type=float, help="Learning rate.  [default: the recipe's]")
@click.option("--seed", type=int, help="[default: the recipe's]")
@click.option("--seeds", metavar="0..4|0,7", help="A run from each, and their mean and interval.")
@click.option("--device", help="auto, cpu, cuda or cuda:N.  [default: auto]")
@click.option("--precision", help="auto, fp32 or bf16.  [default: auto]")
@click.option(
    "--deterministic", is_flag=True, help="On CUDA, repeat every bit; the CPU always does."
)
@click.option("--compile", is_flag=True, help="Let torch.compile build the training step.")
@click.option(
    "--checkpoint-every",
    type=click.IntRange(min=0),
    metavar="STEPS",
    help="Keep a checkpoint within an epoch too, every so many steps.",
)
@options.root
@options.offline
@options.mmap
@click.option(
    "--out",
    type=options.PathType(file_okay=False, path_type=Path),
    help="Folder of the run.  [default: runs/SET-MODEL-TIME]",
)
@click.option(
    "--resume",
    metavar="RUN",
    type=options.PathType(file_okay=False, path_type=Path),
    help="Go on with an interrupted run.",
)
@options.as_json
def command(resume: Path | None, as_json: bool, **given: Any) -> None:
    """Train a network and score it.

    The weights of the epoch with the best validation AUC are kept, and the test split is scored
    once with them. Flags win over the recipe. Whatever ends a run early, --resume goes on with it.
    """
    from medfast.results import table
    from medfast.training.run import Result

    result = _resume(resume, given) if resume else _start(given)
    if isinstance(result, Result):
        if as_json:
            options.print_json(table.describe_result(result))
        else:
            table.print_result(result)
    elif as_json:
        options.print_json(table.describe_repeats(result))
    else:
        table.print_repeats(result)


def _start(given: dict[str, Any]) -> Result | Repeats:
    from medfast.training.progress import progress_on
    from medfast.training.recipe import load_recipe
    from medfast.training.run import train
    from medfast.training.seeds import parse_seeds, train_seeds
    from medfast.training.setup import check_settings

    if given["seed"] is not None and given["seeds"] is not None:
        raise ConfigError("give --seed for one run or --seeds for several, not both")
    seeds = None if given["seeds"] is None else parse_seeds(given["seeds"])

    keys = ("model", "stem", "epochs", "batch_size", "lr", "seed")
    name = "official" if given["recipe"] is None else given["recipe"]
    recipe = load_recipe(name, {key: given[key] for key in keys})
    words = {key: "auto" if given[key] is None else given[key] for key in ("device", "precision")}
    check_settings(recipe, **words, dataset=given["dataset"], out=given["out"])
    settings: dict[str, Any] = {
        **words,
        "deterministic": given["deterministic"],
        "compile": given["compile"],
        "checkpoint_every": given["checkpoint_every"] or 0,
        "progress": progress_on(),
    }
    if seeds is not None:
        return train_seeds(recipe, _open(given), seeds, given["out"], **settings)
    return train(recipe, _open(given), given["out"], **settings)


def _resume(run: Path, given: dict[str, Any]) -> Result | Repeats:
    from medfast.training.progress import progress_on
    from medfast.training.run import resume
    from medfast.training.run_folder import RunFolder
    from medfast.training.seeds import resume_seeds

    allowed = ("data", "device", "precision", "root", "offline", "mmap")
    for key, value in given.items():
        if value is not None and value is not False and key not in allowed:
            raise ConfigError(
                f"--resume goes on with the settings of {run}; leave --{key.replace('_', '-')} out"
            )
    go_on = resume_seeds if RunFolder(run).seeds.exists() else resume
    return go_on(run, progress=progress_on(), **{key: given[key] for key in allowed})


def _open(given: dict[str, Any]) -> Dataset:
    from medfast.cli.progress import download_bar
    from medfast.data import open_dataset, open_file

    name, path, task = given["dataset"], given["data"], given["task"]
    if name is None and path is None:
        raise ConfigError("give a set: --dataset NAME (see medfast datasets), or --data FILE.npz")
    if name is not None and path is not None:
        raise ConfigError("give one set: --dataset or --data, not both")
    if path is not None:
        if task is None or given["size"] is not None:
            raise ConfigError("--data needs --task, and no --size: the file tells the size")
        if given["root"] is not None:
            raise ConfigError("--root goes with --dataset; --data names the file itself")
        return open_file(path, task=task, mmap=given["mmap"])
    if task is not None:
        raise ConfigError(f"--task goes with --data; the task of {name} is known")
    with download_bar(name) as progress:
        return open_dataset(
            name,
            size=28 if given["size"] is None else given["size"],
            root=given["root"],
            offline=given["offline"],
            mmap=given["mmap"],
            progress=progress,
        )
