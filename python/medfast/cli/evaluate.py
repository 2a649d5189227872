"""``medfast evaluate``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from medfast.cli import options


@click.command("evaluate")
@click.argument("run", type=options.PathType(file_okay=False, path_type=Path))
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@click.option(
    "--data",
    type=options.PathType(dir_okay=False, path_type=Path),
    help="Where the file of your own is now, if it was moved.",
)
@options.root
@options.offline
@options.mmap
@options.device
@options.as_json
def command(run: Path, as_json: bool, **given: Any) -> None:
    """Score a split again with the best weights of RUN, beside what the run recorded."""
    from medfast.results.table import print_evaluation
    from medfast.training.evaluation import evaluate_run

    evaluation = evaluate_run(run, **given)
    if as_json:
        options.print_json(asdict(evaluation))
    else:
        print_evaluation(evaluation)
