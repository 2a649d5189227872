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

    folder = data_root(root)
    infos = [lookup(name)] if name else list(CATALOG.values())
    facts = [_facts(info, folder) for info in infos]
    if as_json:
        options.print_json(facts[0] if name else facts)
    elif name:
        _print_facts(facts[0])
    else:
        _print_table(facts, folder)


def _facts(info: DatasetInfo, folder: Path) -> dict[str, Any]:
    return {
        "flag": info.flag,
        "name": info.class_name,
        "description": info.description,
        "task": info.task.value,
        "labels": list(info.label_names),
        "channels": info.channels,
        "dimensions": 3 if info.is_3d else 2,
        "samples": dict(info.n_samples),
        "mean": info.mean,
        "std": info.std,
        "license": info.license,
        "aliases": list(info.aliases),
        "note": info.note,
        "files": [
            {
                "size": size,
                "url": info.url(size),
                "md5": info.md5[size],
                "path": str(folder / info.file_name(size)),
                "on_disk": (folder / info.file_name(size)).is_file(),
            }
            for size in info.sizes
        ],
    }


def _print_facts(facts: dict[str, Any]) -> None:
    labels = ", ".join(f"{index} {label}" for index, label in enumerate(facts["labels"]))
    samples = ", ".join(f"{split} {count:,}" for split, count in facts["samples"].items())
    lines = {
        facts["name"]: facts["description"],
        "task": f"{facts['task']}: {labels}",
        "images": f"{facts['dimensions']}D, {facts['channels']} channel(s); {samples}",
        "mean, std": f"{facts['mean']}, {facts['std']}" if facts["mean"] else None,
        "licence": facts["license"],
        "also called": ", ".join(facts["aliases"]),
        "note": facts["note"],
    }
    for key, line in lines.items():
        if line:
            click.echo(f"{key:<16}{line}")
    for file in facts["files"]:
        where = f"on disk: {file['path']}" if file["on_disk"] else file["url"]
        click.echo(f"{'size ' + str(file['size']):<16}{where}")


def _print_table(sets: list[dict[str, Any]], folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    # Narrow enough for 80 columns.
    table = Table(
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        caption=f"* on disk in {folder}",
        caption_justify="left",
    )
    for column in ("set", "task"):
        table.add_column(column, no_wrap=True)
    for column in ("classes", "ch", "train", "val", "test"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("sizes", no_wrap=True)
    for facts in sets:
        samples = [f"{facts['samples'][split]:,}" for split in ("train", "val", "test")]
        sizes = [f"{file['size']}{'*' if file['on_disk'] else ''}" for file in facts["files"]]
        row = (facts["flag"], facts["task"], str(len(facts["labels"])), str(facts["channels"]))
        table.add_row(*row, *samples, " ".join(sizes))
    Console().print(table)
