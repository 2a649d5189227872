"""``medfast datasets``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from medfast.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from medfast.data.catalog import DatasetInfo


@click.command("datasets")
@click.argument("name", required=False)
@options.root
@options.as_json
def command(name: str | None, root: Path | None, as_json: bool) -> None:
    """List the 18 sets of MedMNIST, or tell all about NAME."""
    from medfast.data.catalog import CATALOG, lookup
    from medfast.data.root import data_root

    root = data_root(root)
    infos = [lookup(name)] if name else list(CATALOG.values())
    if as_json:
        sets = [_facts(info, root) for info in infos]
        options.print_json(sets[0] if name else sets)
    elif name:
        for key, value in _facts(infos[0], root).items():
            click.echo(f"{key:<12} {value}")
    else:
        _print_table(infos, root)


def _facts(info: DatasetInfo, root: Path) -> dict[str, Any]:
    return {}


def _print_table(infos: list[DatasetInfo], root: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(caption=f"sizes on disk in {root} are marked *", caption_justify="left")
    for column in ("set", "task"):
        table.add_column(column, no_wrap=True)
    for column in ("classes", "channels", "train", "val", "test"):
        table.add_column(column, justify="right")
    table.add_column("sizes", no_wrap=True)
    for info in infos:
        table.add_row()
    Console().print(table)
