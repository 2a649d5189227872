"""Checkpoints are written while training goes on, from copies, in their order."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any

import pytest
import torch

from medfast.errors import StorageError
from medfast.task import Task
from medfast.training import archive, checkpoint
from medfast.training.device import choose_compute
from medfast.training.history import EpochRow
from medfast.training.optimizers import build_optimizers
from medfast.training.run_folder import RunFolder
from medfast.training.setup import build_average, build_model
from tiny_runs import tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path


def make_state(**changes: Any) -> checkpoint.State:
    recipe = tiny_recipe(**changes)
    compute = choose_compute("cpu", "fp32")
    model = build_model(recipe, task=Task.BINARY, channels=1, n_classes=2, compute=compute)
    return checkpoint.State(
        model, build_optimizers(model, recipe), build_average(model, recipe, steps=4)
    )


def row(epoch: int, auc: float) -> EpochRow:
    return EpochRow(epoch, 1e-3, 0.1, 1.0, 0.5, auc, 0.9, 1000.0, 0.01, 2.0)


def step(state: checkpoint.State) -> None:
    with torch.no_grad():
        for parameter in state.model.parameters():
            parameter += 1
    state.meter.add(torch.tensor(1.0), torch.tensor(1.0), 8)
    if state.average is not None:
        state.average.update()


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every write until this is set."""
    go, real = threading.Event(), archive.save

    def slow(*arguments: Any) -> None:
        assert go.wait(10)
        real(*arguments)

    monkeypatch.setattr(archive, "save", slow)
    return go


def test_what_is_written_is_what_was_when_it_was_given(tmp_path: Path, go: threading.Event) -> None:
    state = make_state()
    step(state)
    expected = next(state.model.parameters()).detach().clone()
    with checkpoint.Writer(RunFolder(tmp_path), {}) as writer:
        writer.save(state)
        step(state)
        assert not (tmp_path / "last.safetensors").exists()
        go.set()
    tensors, facts = archive.load(tmp_path / "last.safetensors")
    assert torch.equal(tensors["model.0.weight"], expected)
    assert len(facts["steps"]["losses"]) == 1


def test_where_the_disk_is_slower_the_newest_state_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, busy, go = make_state(), threading.Event(), threading.Event()
    real, written = archive.save, []

    def slow(path: Path, tensors: Any, facts: Any) -> None:
        busy.set()
        assert go.wait(10)
        real(path, tensors, facts)
        written.append((path.stem, facts.get("epoch", len(facts.get("history", ())))))

    monkeypatch.setattr(archive, "save", slow)
    with checkpoint.Writer(RunFolder(tmp_path), {}) as writer:
        for epoch, auc in enumerate((0.7, 0.9, 0.8, 0.6), start=1):
            step(state)
            state.end_epoch(row(epoch, auc))
            if epoch == 2:
                best = next(state.model.parameters()).detach().clone()
            writer.save(state)
            assert busy.wait(10)
        go.set()
    assert written == [("last", 1), ("best", 1), ("last", 4), ("best", 2)]
    assert torch.equal(archive.load(tmp_path / "best.safetensors")[0]["0.weight"], best)
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 5
    again = make_state()
    checkpoint.restore(RunFolder(tmp_path), again, {})
    assert again.history == state.history
    assert torch.equal(again.best["0.weight"], best)
    assert torch.equal(next(again.model.parameters()), next(state.model.parameters()))


def test_a_second_interrupt_does_not_leave_a_write_behind(
    tmp_path: Path, go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's lock is released after it, when another process may train there."""
    state = make_state()
    step(state)
    with pytest.raises(KeyboardInterrupt), checkpoint.Writer(RunFolder(tmp_path), {}) as writer:
        writer.save(state)
        shutdown, interrupts = writer._thread.shutdown, iter([KeyboardInterrupt] * 2)

        def interrupted() -> None:
            for interrupt in interrupts:
                raise interrupt
            go.set()
            shutdown()

        monkeypatch.setattr(writer._thread, "shutdown", interrupted)
    assert archive.load(tmp_path / "last.safetensors")[1]["kind"] == "last"


@pytest.mark.parametrize("changes", [{}, {"ema_epochs": 2.0}])
def test_best_is_of_the_network_that_was_scored(changes: dict[str, Any], tmp_path: Path) -> None:
    state = make_state(**changes)
    kept = None
    with checkpoint.Writer(RunFolder(tmp_path), {}) as writer:
        for epoch, auc in enumerate((0.7, 0.9, 0.8), start=1):
            step(state)
            state.end_epoch(row(epoch, auc))
            if epoch == 2:
                kept = {name: tensor.clone() for name, tensor in state.scored.state_dict().items()}
            writer.save(state)
    assert kept is not None
    best, facts = archive.load(tmp_path / "best.safetensors")
    assert facts["epoch"] == 2
    assert best.keys() == kept.keys()
    assert all(torch.equal(best[name], kept[name]) for name in kept)


def test_a_write_that_fails_is_told_at_the_next_or_at_the_end(tmp_path: Path) -> None:
    state = make_state()
    step(state)
    nowhere = RunFolder(tmp_path / "nowhere")
    with checkpoint.Writer(nowhere, {}) as writer:
        writer.save(state)
        wait(writer._writes)
        with pytest.raises(StorageError, match="make its folder first"):
            writer.save(state)
    with pytest.raises(StorageError), checkpoint.Writer(nowhere, {}) as writer:
        writer.save(state)
    with pytest.raises(KeyboardInterrupt), checkpoint.Writer(nowhere, {}) as writer:
        writer.save(state)
        raise KeyboardInterrupt
