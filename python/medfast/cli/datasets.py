"""``medfast datasets``."""

from __future__ import annotations

from pathlib import Path

import click

from medfast.cli import options


@click.command("datasets")
@click.argument("name", required=False)
@options.root
@options.as_json
def command(name: str | None, root: Path | None, as_json: bool) -> None:
    """List the 18 sets of MedMNIST, or tell all about NAME."""
    from medfast.results import listing

    sets = listing.datasets(name, root=root)
    if as_json:
        options.print_json(sets)
    elif name is None:
        listing.print_table(sets)
    else:
        listing.print_details(sets[0])
