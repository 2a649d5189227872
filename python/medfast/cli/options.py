"""What several verbs share."""

from __future__ import annotations

import json
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

root = click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the data files.  [default: $MEDMNIST_ROOT or ~/.medmnist]",
)
offline = click.option("--offline", is_flag=True, default=None, help="Never download.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)


def print_json(value: Any) -> None:
    """Print `value` as JSON on standard output."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))


@contextmanager
def resume_hint(run: Path) -> Iterator[None]:
    """Tell how to go on with a run, should the block be interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        if (run / "recipe.yaml").is_file():
            click.echo(f"\ngo on with: medfast train --resume {shlex.quote(str(run))}", err=True)
        raise
