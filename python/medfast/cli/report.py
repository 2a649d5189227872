"""``medfast report``."""

from __future__ import annotations

from pathlib import Path

import click

from medfast.cli import options


@click.command("report")
@click.argument(
    "runs", nargs=-1, required=True, metavar="RUN...", type=options.PathType(path_type=Path)
)
@click.option(
    "--out",
    metavar="FILE.html|FOLDER",
    type=options.PathType(path_type=Path),
    help="The page to write.  [default: report.html in RUN, or here if there are several]",
)
@click.option("--split", default="test", show_default=True, help="train, val or test.")
@options.root
def command(runs: tuple[Path, ...], out: Path | None, split: str, root: Path | None) -> None:
    """Report finished runs on one HTML page, and in Markdown beside it.

    RUN is the folder of a run, or of repeats over seeds. Runs on one set share a section. Prints
    the path of the page, which opens without a network.
    """
    from medfast.results.report.build import write_report

    click.echo(write_report(runs, out, split=split, root=root))
