"""Keep of finished runs what their figures can be checked by, without the weights.

    python benches/keep_runs.py RUNS [FOLDER]      # into benches/record/runs by default

Every finished run below RUNS goes to the same place below FOLDER: recipe, environment, history,
summary, and the scores of every image (no labels: `medfast compare` and `medfast report` read those
from the data). In ``environment.json`` paths are cut to names of files, the platform to the name of
the operating system.
A run that is kept already is replaced; one that has not finished is left out, and named.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from medfast.data.dataset import SPLITS
from medfast.errors import MedfastError
from medfast.results.runs import open_runs
from medfast.training.run_folder import RunFolder


def main(source: Path, target: Path) -> int:
    """Keep every finished run below a folder."""
    kept = 0
    for recipe in sorted(source.rglob("recipe.yaml")):
        folder = RunFolder(recipe.parent)
        if folder.seeds.exists():
            continue
        if not folder.summary.exists():
            print(f"{folder.path}: not finished, left out", file=sys.stderr)
            continue
        keep(folder.path, RunFolder(target / folder.path.relative_to(source)))
        kept += 1
    print(f"{kept} run(s) in {target}")
    return 0 if kept else 1


def keep(folder: Path, kept: RunFolder) -> None:
    """Copy one run, after its scores were found to come to what its summary says."""
    [run] = open_runs([folder])
    for split in SPLITS:
        run.outcome(split)
    if kept.path.exists():
        shutil.rmtree(kept.path)
    kept.path.mkdir(parents=True)
    for path in (run.folder.recipe, run.folder.metrics, run.folder.summary):
        shutil.copy(path, kept.path)
    shutil.copytree(run.folder.predictions, kept.predictions)
    words = [_without_folder(word) for word in shlex.split(run.environment["command"])]
    data = run.environment["dataset_path"]
    environment = {
        **run.environment,
        "command": shlex.join(["medfast", *words[1:]]),
        "dataset_path": data and _without_folder(data),
        "platform": run.environment["platform"].partition("-")[0],
    }
    kept.write_json(kept.environment, environment)


def _without_folder(word: str) -> str:
    return Path(word).name if Path(word).is_absolute() else word


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), Path(*sys.argv[2:3] or ["benches/record/runs"])))
    except MedfastError as error:
        sys.exit(f"{error}")
