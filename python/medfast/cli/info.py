"""``medfast info``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medfast.cli import options

if TYPE_CHECKING:
    from medfast.npz.inspection import Report


# Of what a file may hold at any length.
_MOST_SHOWN = 40
_WIDEST = 1 << 20


@click.command("info")
@click.argument("file", type=options.PathType(path_type=Path))
@click.option("--crc/--no-crc", default=True, help="Inflate everything and compare checksums.")
@options.as_json
def command(file: Path, crc: bool, as_json: bool) -> None:
    """Tell what the archive FILE holds, and which limits it would hit.

    Exit code 1 if a member is damaged, refused, or beyond a limit.
    """
    from medfast.npz.inspection import inspect_npz

    report = inspect_npz(file, check_crc=crc)
    if as_json:
        options.print_json(report.to_dict())
    else:
        _print(report)
    if not report.is_sound:
        raise click.exceptions.Exit(1)


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("array", no_wrap=True)
    for column in ("dtype", "shape"):
        table.add_column(column, overflow="fold")
    for column in ("bytes", "stored", "ratio"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("CRC-32", no_wrap=True)
    for member in report.members:
        table.add_row(
            # As Python writes it: a name out of a file may hold anything.
            escape(ascii(member.name.removesuffix(".npy"))[1:-1]),
            escape(_shortened(member.dtype)),
            _shortened(member.shape),
            f"{member.inflated_bytes:,}",
            f"{member.stored_bytes:,}",
            f"{member.ratio:.2f}",
            member.crc_state,
        )
    console = Console()
    # As wide as what must not be folded or left out; for another program a line is a member.
    wanted = Measurement.get(console, console.options.update(max_width=_WIDEST), table)
    wide = max(console.width, wanted.minimum) if console.is_terminal else wanted.maximum
    Console(width=wide).print(table)
    for member in report.members:
        if member.fault is not None:
            click.echo(member.fault)
    for limit in report.limits:
        mark = "EXCEEDED" if limit.exceeded else "within"
        click.echo(f"{mark:<9}{limit.name} {limit.limit:,}: takes {limit.takes:,}")


def _shortened(fact: object) -> str:
    if fact is None:
        return "?"
    text = ascii(fact) if not isinstance(fact, str) else ascii(fact)[1:-1]
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."
