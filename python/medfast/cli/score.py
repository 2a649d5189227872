"""``medfast score``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medfast.cli import options

_FILE = options.PathType(dir_okay=False, path_type=Path)


@click.command("score")
@click.argument("predictions", type=_FILE)
@click.option("--dataset", help="The official set whose labels to score against.")
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option("--size", default=28, show_default=True, help="Size of the images in pixels.")
@options.root
@click.option("--labels", type=_FILE, help="A .npy or .csv of labels instead.")
@click.option("--task", help="binary, multi-class, multi-label or ordinal.  [default: as it looks]")
@click.option("--compare", type=_FILE, help="Another model's scores of the same samples.")
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option(
    "--method", default="delong", show_default=True, help="Of the interval: delong or bootstrap."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="Of the bootstrap.",
)
@options.as_json
def command(predictions: Path, as_json: bool, seed: int, **given: Any) -> None:
    """Score the file PREDICTIONS: AUC with intervals, ACC.

    PREDICTIONS has rows number,score,... as MedMNIST's evaluator writes them, or a heading with
    columns id, true_0, ... and score_0, ...; the latter needs no other labels.
    """
    from medfast.results.score import score_predictions
    from medfast.results.table import print_score

    score = score_predictions(predictions, random_state=seed, **given)
    if as_json:
        options.print_json(score.to_dict())
    else:
        print_score(score)
