"""What several verbs share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


class PathType(click.Path):
    """A path; not an empty one, as of a shell's variable that is not set, which is a folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is empty."""
        if not str(value):
            self.fail("the path is empty; name a file or a folder (. is this one)", param, ctx)
        return super().convert(value, param, ctx)


root = click.option(
    "--root",
    type=PathType(file_okay=False, path_type=Path),
    help="Folder of the data files.  [default: $MEDMNIST_ROOT or ~/.medmnist]",
)
offline = click.option("--offline", is_flag=True, default=None, help="Never download.")
mmap = click.option(
    "--mmap",
    is_flag=True,
    help="Map the arrays out of a cache on the disk; see medfast cache.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
)


def print_json(value: Any) -> None:
    """Print `value` as JSON on standard output."""
    click.echo(json.dumps(value, indent=2, allow_nan=False))
