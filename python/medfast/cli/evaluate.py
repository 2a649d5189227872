"""``medfast evaluate``."""

from __future__ import annotations

from pathlib import Path

import click

from medfast.cli import options


@click.command("evaluate")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@options.root
@options.offline
@options.device
@options.as_json
def command(
    run: Path, split: str, root: Path | None, offline: bool, device: str, as_json: bool
) -> None:
    """Score a split again with the best weights of RUN, beside what the run recorded."""
    from medfast.results.table import describe_evaluation, print_evaluation
    from medfast.training.evaluation import evaluate_run

    evaluation = evaluate_run(run, split, root=root, offline=offline, device=device)
    if as_json:
        options.print_json(describe_evaluation(evaluation))
    else:
        print_evaluation(evaluation)
