"""``medfast download``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from medfast.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command("download")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--size", type=int, default=28, show_default=True, help="Pixels: 28, 64, 128, 224.")
@options.root
def command(names: tuple[str, ...], size: int, root: Path | None) -> None:
    """Fetch sets from Zenodo, check their MD5, put them under the root.

    A broken transfer goes on where it stopped when the command is run again.
    """
    from medfast.cli.progress import download_bar
    from medfast.data.catalog import lookup
    from medfast.data.download import download

    for info in [lookup(name) for name in names]:
        with download_bar(f"{info.flag} {size}") as progress:
            path = download(info, size=size, root=root, progress=progress)
        click.echo(path)
