"""``medfast study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medfast.cli import options

if TYPE_CHECKING:
    from medfast.data import Dataset


@click.command("study")
@click.argument("questions", nargs=-1, metavar="[QUESTION]...")
@click.option(
    "--out",
    required=True,
    type=options.PathType(file_okay=False, path_type=Path),
    help="Folder of the study: its runs, STUDY.html, STUDY.md and STUDY.json.",
)
@click.option(
    "--quick", is_flag=True, default=None, help="About ten minutes on two cores, and as rough."
)
@click.option(
    "--dataset", "datasets", metavar="NAME", multiple=True, help="A set; may be repeated."
)
@click.option("--seeds", help="0..2 or 3,5,8: a run of each treatment from each.")
@click.option("--epochs", type=int, help="Of a run, where its treatment does not say.")
@options.device
@options.root
@click.option("--findings-only", is_flag=True, help="Train nothing; write the findings anew.")
def command(
    questions: tuple[str, ...],
    out: Path,
    quick: bool | None,
    datasets: tuple[str, ...],
    seeds: str | None,
    epochs: int | None,
    device: str,
    root: Path | None,
    findings_only: bool,
) -> None:
    """Answer the course report's questions from runs over seeds.

    QUESTION is depth, resolution, epochs, augmentation, optimizer or loss, or its letter, a to f;
    all of them if none is named. Call again to go on: what is finished stays, and settings that are
    left out are those of the folder. Prints the path of the page.
    """
    import jinja2  # noqa: F401 - what the findings need is missed before hours of training
    import matplotlib as mpl  # noqa: F401

    from medfast.cli.progress import download_bar
    from medfast.data import open_dataset
    from medfast.results.study.findings import write_findings
    from medfast.results.study.progress import StudyProgress
    from medfast.results.study.runner import Request, open_study, run_study
    from medfast.training.seeds import parse_seeds

    def open_set(name: str, size: int) -> Dataset:
        with download_bar(name) as progress:
            return open_dataset(name, size=size, root=root, progress=progress)

    chosen = None if seeds is None else parse_seeds(seeds)
    wanted = Request(questions, quick, datasets, chosen, epochs)
    study = open_study(out, wanted, root=root, open_set=open_set, existing=findings_only)
    if not findings_only:
        study = run_study(study, device=device, progress=StudyProgress())
    write_findings(study, root=root)
    click.echo(study.folder.findings)
    if study.errors:
        click.echo(
            f"medfast: {len(study.errors)} run(s) failed; {study.folder.findings} says why",
            err=True,
        )
        raise click.exceptions.Exit(1)
