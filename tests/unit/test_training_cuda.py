"""Training on a GPU, where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch

from medfast.task import Task
from medfast.training.evaluation import evaluate_run
from medfast.training.run import resume, train
from tiny_runs import STATES, Notes, StopAt, content, resumptions, tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

if not torch.cuda.is_available():
    pytest.skip("no GPU", allow_module_level=True)

every_state = pytest.mark.parametrize(("task", "changes"), STATES.values(), ids=STATES)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@every_state
def test_a_deterministic_run_ends_as_if_it_had_not_been_interrupted(
    task: Task, changes: dict[str, Any], precision: str, tmp_path: Path
) -> None:
    dataset, recipe = tiny_dataset(task), tiny_recipe(epochs=3, **changes)
    options = {"device": "cuda", "precision": precision, "deterministic": True}
    train(recipe, dataset, tmp_path / "whole", **options)
    folder, stop = tmp_path / "resumed", StopAt(2, in_batch=4)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, dataset, folder, **options, checkpoint_every=2, progress=stop)
    resume(folder, dataset=dataset)
    assert resumptions(folder) == [(1, 3)]
    assert content(folder) == content(tmp_path / "whole")


def test_a_deterministic_run_is_evaluated_to_the_same_bits(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    recipe = tiny_recipe(model="resnet18", epochs=1)
    options = {"device": "cuda", "precision": "bf16", "deterministic": True}
    run = train(recipe, dataset, tmp_path / "run", **options)
    for split, recorded in run.summary["splits"].items():
        found = evaluate_run(run.folder, split, dataset=dataset, device="cuda")
        assert found.metrics.items() <= recorded.items()


PRODUCT_BEFORE = """
import torch
from medfast.training.device import choose_compute
one = torch.ones(1, 1, device="cuda")
one.mm(one)
with choose_compute("cuda", "fp32", deterministic=True).settings():
    raise SystemExit("the block was entered")
"""


def test_determinism_that_comes_after_a_product_is_refused() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "CUBLAS_WORKSPACE_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-c", PRODUCT_BEFORE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ConfigError: deterministic: the cuBLAS workspace of this process" in done.stderr


def first_step(
    folder: Path, task: Task = Task.MULTI_CLASS, changes: dict[str, Any] | None = None, **how: Any
) -> Any:
    """Return the row of an epoch of one step, by a network without dropout, which devices draw."""
    recipe = tiny_recipe(model="resnet18", batch_size=41, epochs=1, **(changes or {}))
    progress = Notes()
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        train(recipe, tiny_dataset(task), folder, precision="fp32", progress=progress, **how)
    return progress.rows[0][0]


@every_state
def test_the_first_step_is_the_cpus(task: Task, changes: dict[str, Any], tmp_path: Path) -> None:
    theirs, ours = (
        first_step(tmp_path / device, task, changes, device=device) for device in ("cpu", "cuda")
    )
    assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-4)
    assert ours.grad_norm == pytest.approx(theirs.grad_norm, rel=1e-2)
    assert 0 <= ours.stall <= 1


def test_a_compiled_step_trains_the_same_network(tmp_path: Path) -> None:
    """Also when CUDA graphs are replayed, from the third step on, and for a smaller last batch."""
    # Steps too small for roundings to grow.
    recipe = tiny_recipe(model="resnet18", batch_size=9, epochs=3, lr=1e-5)
    plain, compiled = Notes(), Notes()
    for progress in (plain, compiled):
        train(
            recipe,
            tiny_dataset(),
            tmp_path / str(id(progress)),
            device="cuda",
            precision="fp32",
            compile=progress is compiled,
            progress=progress,
        )
    for (ours, _), (theirs, _) in zip(compiled.rows, plain.rows, strict=True):
        assert ours.train_loss == pytest.approx(theirs.train_loss, rel=1e-2)
        assert ours.val_loss == pytest.approx(theirs.val_loss, rel=1e-2)
