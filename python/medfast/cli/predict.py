"""``medfast predict``."""

from __future__ import annotations

from pathlib import Path

import click

from medfast.cli import options


@click.command("predict")
@click.argument("run", type=options.PathType(file_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=options.PathType(dir_okay=False, path_type=Path),
    help="An .npz with images or {split}_images; labels are not needed.",
)
@click.option("--split", help="train, val or test.  [default: images, else test_images]")
@click.option(
    "--out",
    type=options.PathType(dir_okay=False, path_type=Path),
    help="The CSV to write.  [default: in RUN/predictions]",
)
@options.device
def command(run: Path, data: Path, split: str | None, out: Path | None, device: str) -> None:
    """Score the images of an .npz with the best weights of RUN.

    Writes a row per image: its index, then a probability per class. Prints the file's path.
    """
    from medfast.training.evaluation import predict_file

    click.echo(predict_file(run, data, split=split, out=out, device=device))
