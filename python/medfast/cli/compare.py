"""``medfast compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from medfast.cli import options


@click.command("compare")
@click.argument(
    "runs", nargs=-1, required=True, type=options.PathType(path_type=Path), metavar="RUN..."
)
@click.option("--split", default="test", show_default=True, help="train, val or test, of ours.")
@options.root
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option(
    "--format",
    "chosen",
    help="terminal, markdown, latex, csv or json.  [default: as FILE ends, or terminal]",
)
@click.option(
    "--out",
    metavar="FILE",
    type=options.PathType(path_type=Path),
    help="Write to a file, replaced if it is there.",
)
def command(runs: tuple[Path, ...], chosen: str | None, out: Path | None, **given: Any) -> None:
    """Set finished runs beside the published results, and beside each other.

    RUN is the folder of a run, or of the repeats that train --seeds made. Runs that differ in
    their seeds alone are taken together.
    """
    from medfast.data.storage import write_text
    from medfast.results.comparison import compare_runs
    from medfast.results.comparison_output import choose_format, render
    from medfast.results.runs import open_runs

    chosen = choose_format(chosen, out)
    text = render(compare_runs(open_runs(runs), **given), chosen)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
