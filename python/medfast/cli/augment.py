"""``medfast augment``."""

from __future__ import annotations

from pathlib import Path

import click

from medfast.cli import options


@click.command("augment")
@click.option("--dataset", required=True, help="An official set, or digits.")
@click.option("--size", default=28, show_default=True, help="Size of the images in pixels.")
@options.root
@options.offline
@click.option("--recipe", default="report", show_default=True, help="A recipe, or a YAML file.")
@click.option("--split", default="train", show_default=True, help="train, val or test.")
@click.option("--images", default=6, show_default=True, help="How many images.")
@click.option("--draws", default=5, show_default=True, help="How many draws of each.")
@click.option(
    "--out",
    required=True,
    type=options.PathType(dir_okay=False, path_type=Path),
    help="The PNG to write.",
)
def command(
    dataset: str,
    size: int,
    root: Path | None,
    offline: bool | None,
    recipe: str,
    split: str,
    images: int,
    draws: int,
    out: Path,
) -> None:
    """Draw images beside what a recipe's augmentation makes of them, with what was drawn."""
    from medfast.data.dataset import open_dataset
    from medfast.results.grid import draw_grid
    from medfast.training.recipe import load_recipe

    chosen = load_recipe(recipe)
    opened = open_dataset(dataset, size=size, root=root, offline=bool(offline))
    click.echo(draw_grid(opened, chosen, out, split=split, images=images, draws=draws))
