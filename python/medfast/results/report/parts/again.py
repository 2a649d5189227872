"""How to get a run again: the command, the recipe, the conditions."""

from __future__ import annotations

import shlex
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from medfast.results.document.blocks import Block, Code, Part, Text
from medfast.results.groups import conditions
from medfast.results.tables import Table, headings
from medfast.training.run_folder import stages

if TYPE_CHECKING:
    from medfast.results.report.measures import Measures
    from medfast.results.runs import FinishedRun


def reproduction(prefix: str, found: Measures) -> Part:
    """Give what another person needs to train the run again."""
    run = found.group.shown
    blocks: list[Block] = [
        Code("Save the recipe below as recipe.yaml, and run", train_command(run)),
    ]
    if found.group.repeated:
        seeds = ",".join(str(one.seed) for one in found.group.runs)
        blocks.append(Text(f"All {len(found.group.runs)} runs: add --seeds {seeds}."))
    if run.environment["device"] == "cpu" and len(conditions([run])) == 1:
        blocks.append(
            Text("With the versions of the packages below, this gives the same weights to the bit.")
        )
    blocks.append(Code("recipe.yaml, every setting", run.recipe.to_yaml().rstrip()))
    blocks.append(Table("Conditions", headings(("", f"run {run.name}")), _conditions(run)))
    return Part(f"{prefix}-again", "How to get this again", tuple(blocks))


def train_command(run: FinishedRun) -> str:
    """Write the command that trains a run again from its recipe.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    str
        For a shell. A file of one's own is named without its folder.
    """
    environment = run.environment
    identity = environment["dataset"]
    if identity["source"] == "file":
        path = environment.get("dataset_path") or f"{run.flag}.npz"
        words = ["--data", PurePath(path).name, "--task", identity["task"]]
    else:
        words = ["--dataset", run.flag]
        words += [] if run.flag == "digits" else ["--size", str(run.size)]
    words += ["--recipe", "recipe.yaml"]
    words += ["--device", environment["device"], "--precision", environment["precision"]]
    words += [f"--{flag}" for flag in ("deterministic", "compile") if environment.get(flag)]
    command = shlex.join(["medfast", "train", *words])
    if environment["device"] == "cpu":
        return f"OMP_NUM_THREADS={environment['torch_threads']} {command}"
    return command


def _conditions(run: FinishedRun) -> list[tuple[str, str]]:
    environment: Any = run.environment
    versions = environment.get("versions") or {}
    git = environment.get("git") or {}
    facts = {
        "trained": environment.get("time"),
        "called as": _without_folder(environment.get("command") or ""),
        "device": environment.get("device_name") or environment["device"],
        "precision": ", then ".join(dict.fromkeys(s["precision"] for s in stages(environment))),
        "threads": environment["torch_threads"],
        "system": environment.get("platform"),
        "versions": ", ".join(f"{name} {value}" for name, value in versions.items() if value),
        "git": git.get("commit", "") + (", with changes" if git.get("modified") else ""),
        "MD5 of the data": environment["dataset"].get("md5"),
        "parameters of the network": f"{run.summary['parameters']:,}",
        "training time": f"{run.summary['train_seconds']:,.0f} s",
    }
    found = [(key, str(value)) for key, value in facts.items() if value]
    resumed = environment["resumed"]
    if resumed:
        after = ", ".join(str(one.get("after_epoch")) for one in resumed)
        found.append(("resumed after epoch", after))
    return found


def _without_folder(command: str) -> str:
    program, _, arguments = command.partition(" ")
    return f"{PurePath(program).name} {arguments}".strip()
