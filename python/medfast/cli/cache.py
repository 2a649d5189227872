"""``medfast cache``."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medfast.cli import options

if TYPE_CHECKING:
    from medfast.npz.cache import Entry

_DAY = 86_400


def _days(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    # A range lets pass what compares with nothing.
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number of days.")
    return value


@click.group("cache")
def command() -> None:
    """List, clear or verify the decoded arrays that --mmap keeps.

    They are in $MEDFAST_CACHE, else in the user's folder for caches.
    """


@command.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the archives that are decoded, the latest used first."""
    from medfast.npz.cache import cache_root, entries

    found = entries()
    if as_json:
        options.print_json([_facts(entry) for entry in found])
        return
    for entry in found:
        age = (time.time() - entry.used) / _DAY
        arrays = f"{entry.arrays} of {entry.members}"
        click.echo(f"{entry.size:>16,} bytes  {arrays:<8} {age:5.1f} days ago  {_name(entry)}")
    click.echo(f"{sum(entry.size for entry in found):>16,} bytes in {cache_root()}")


@command.command("clear")
@click.argument("files", nargs=-1, type=options.PathType(path_type=Path))
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.FloatRange(min=0),
    callback=_days,
    help="Only what was not used for so long.",
)
def clear_(files: tuple[Path, ...], older_than: float | None) -> None:
    """Remove what was decoded of the archives FILES; of all without them.

    FILES that are gone go by the names that the list shows. Programs that have arrays mapped keep
    them. Exit code 1 if something is being decoded at the
    moment and was left.
    """
    from medfast.npz.cache import clear, entries

    chosen = [entry for file in files for entry in _entries_of(file)] if files else entries()
    freed = left = 0
    for entry in chosen:
        if older_than is not None and time.time() - entry.used < older_than * _DAY:
            continue
        if clear(entry):
            freed += entry.size
        else:
            left += 1
            click.echo(f"left, since it is being decoded: {_name(entry)}", err=True)
    click.echo(f"{freed:,} bytes freed")
    if left:
        raise click.exceptions.Exit(1)


@command.command("verify")
def verify_() -> None:
    """Compare everything decoded with the checksums that its archive stated.

    Exit code 1 if something is damaged.
    """
    from medfast.npz.cache import entries, verify

    found = entries()
    damaged = [line for entry in found for line in verify(entry)]
    for line in damaged:
        click.echo(line)
    click.echo(f"{sum(entry.arrays for entry in found)} arrays, {len(damaged)} damaged")
    if damaged:
        click.echo("remove them with `medfast cache clear`", err=True)
        raise click.exceptions.Exit(1)


def _entries_of(file: Path) -> list[Entry]:
    from medfast.errors import DatasetNotFoundError
    from medfast.npz.cache import entries_of_gone, entry_of

    try:
        entry = entry_of(file)
    except DatasetNotFoundError:
        gone = entries_of_gone(file)
        if not gone:
            raise
        return gone
    return [] if entry is None else [entry]


def _name(entry: Entry) -> str:
    return entry.source or str(entry.folder)


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "source": entry.source,
        "folder": str(entry.folder),
        "arrays": entry.arrays,
        "members": entry.members,
        "bytes": entry.size,
        "used": entry.used,
    }
