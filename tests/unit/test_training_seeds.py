"""Runs from several seeds: their folder, their mean, and going on with them."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from medfast.errors import CheckpointError, ConfigError, InvalidValueError
from medfast.results.runs import open_runs
from medfast.training.evaluation import evaluate_run
from medfast.training.loop import Loop
from medfast.training.run import resume, train
from medfast.training.seeds import describe_values, parse_seeds, resume_seeds, train_seeds
from tiny_runs import StopAt, content, tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0..4", (0, 1, 2, 3, 4)), ("7", (7,)), (" 3, 1 ,5..6", (3, 1, 5, 6)), ("2..2", (2,))],
)
def test_seeds_are_read(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text", ["", "a", "4..0", "0...4", "-1", "0..", "1,,2", "1.5", f"{2**64}", "0..10000"]
)
def test_what_is_no_list_of_seeds(text: str) -> None:
    with pytest.raises(ConfigError, match=r"like 0\.\.4"):
        parse_seeds(text)


def test_a_seed_is_named_once() -> None:
    with pytest.raises(ConfigError, match="named once"):
        parse_seeds("0..3,2")


def test_each_seed_is_the_run_of_that_seed(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    repeats = train_seeds(tiny_recipe(), dataset, (4, 1), tmp_path / "all", device="cpu")
    for seed, run in zip((4, 1), repeats.runs, strict=True):
        train(tiny_recipe(seed=seed), dataset, tmp_path / f"{seed}" / f"seed-{seed}", device="cpu")
        assert content(run.folder) == content(tmp_path / f"{seed}" / f"seed-{seed}")
    written = json.loads((tmp_path / "all" / "seeds.json").read_text())
    assert written == repeats.summary
    assert written["seeds"] == [4, 1]
    figure = written["splits"]["test"]["auc"]
    values = [run.summary["splits"]["test"]["auc"] for run in repeats.runs]
    assert figure["values"] == values
    assert figure["mean"] == pytest.approx(np.mean(values))


def test_the_interval_is_students() -> None:
    values = [0.7, 0.9, 0.85, 0.8]
    found = describe_values(values)
    assert found["std"] == pytest.approx(np.std(values, ddof=1))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found["interval"] == pytest.approx([expected.low, expected.high])


def test_the_interval_of_a_share_stays_within_0_and_1() -> None:
    assert describe_values([0.1, 0.9], 1.0)["interval"] == [0.0, 1.0]
    assert describe_values([0.1, 0.9])["interval"][1] > 1


@pytest.mark.parametrize(
    ("values", "mean"), [([0.5], 0.5), ([None, 0.5], None), ([None, None], None)]
)
def test_what_has_no_deviation(values: list[Any], mean: float | None) -> None:
    found = describe_values(values)
    assert (found["mean"], found["std"], found["interval"]) == (mean, None, None)


class StopInSeed(StopAt):
    """Stop in a seed other than the first."""

    def __init__(self, seed: int, epoch: int) -> None:
        super().__init__(epoch, in_batch=True)
        self.seed, self.here = seed, False

    def note(self, text: str) -> None:
        if text.startswith("seed "):
            self.here = text.startswith(f"seed {self.seed},")

    def batch(self, epoch: int, *rest: object) -> None:
        if self.here:
            super().batch(epoch, *rest)


@pytest.mark.parametrize("stop", [(0, 1), (1, 3), (2, 1)])
def test_seeds_go_on_where_they_ended(stop: tuple[int, int], tmp_path: Path) -> None:
    dataset, seeds = tiny_dataset(), (0, 1, 2)
    whole = train_seeds(tiny_recipe(), dataset, seeds, tmp_path / "whole", device="cpu")
    with pytest.raises(KeyboardInterrupt):
        train_seeds(
            tiny_recipe(),
            dataset,
            seeds,
            tmp_path / "broken",
            device="cpu",
            checkpoint_every=2,
            progress=StopInSeed(*stop),
        )
    assert json.loads((tmp_path / "broken" / "seeds.json").read_text())["splits"] is None
    again = resume_seeds(tmp_path / "broken", dataset=dataset)
    assert again.summary["splits"] == whole.summary["splits"]
    for ours, theirs in zip(again.runs, whole.runs, strict=True):
        assert content(ours.folder) == content(theirs.folder)
    assert resume_seeds(tmp_path / "broken", dataset=dataset).summary == again.summary


def test_a_seed_that_diverges_keeps_none_from_being_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Loop.train_step

    def diverging(self: Loop, *arguments: Any) -> Any:
        loss, norm = real(self, *arguments)
        return (loss * math.nan if self.recipe.seed == 1 else loss), norm

    dataset, out = tiny_dataset(), tmp_path / "all"
    message = r"1 of 3 seeds failed \(seed 1: the loss became nan .*compare .*seed-0 .*seed-2$"
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "train_step", diverging)
        with pytest.raises(InvalidValueError, match=message):
            train_seeds(tiny_recipe(epochs=1), dataset, (0, 1, 2), out, device="cpu")
        with pytest.raises(InvalidValueError, match=message):
            resume_seeds(out, dataset=dataset)
    assert json.loads((out / "seeds.json").read_text())["splits"] is None
    assert [run.seed for run in open_runs([out / "seed-0", out / "seed-2"])] == [0, 2]
    assert len(resume_seeds(out, dataset=dataset).runs) == 3


def test_a_run_killed_before_it_had_begun_is_begun_anew(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    whole = train_seeds(tiny_recipe(epochs=1), dataset, (0, 1), tmp_path / "a", device="cpu")
    broken = tmp_path / "a" / "seed-1"
    for path in broken.rglob("*.*"):
        if path.name != "environment.json":
            path.unlink()
    (broken / "predictions").rmdir()
    again = resume_seeds(tmp_path / "a", dataset=dataset)
    assert again.summary == whole.summary


def test_a_seed_without_its_environment_is_trained_again_as_is_said(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    whole = train_seeds(tiny_recipe(epochs=1), dataset, (0, 1), tmp_path / "a", device="cpu")
    broken = tmp_path / "a" / "seed-1"
    (broken / "environment.json").unlink()
    step = f"restore the file, or remove {broken} and train the seed again: medfast train --resume "
    for use in (
        lambda: resume_seeds(tmp_path / "a", dataset=dataset),
        lambda: resume(broken, dataset=dataset),
        lambda: open_runs([tmp_path / "a"]),
    ):
        with pytest.raises(CheckpointError, match=f"{re.escape(step + str(tmp_path / 'a'))}$"):
            use()
    shutil.rmtree(broken)
    assert resume_seeds(tmp_path / "a", dataset=dataset).summary == whole.summary


@pytest.mark.parametrize("seeds", [None, [], "5", [5, 5], [5, "6"], [True], [-1], [2**64], [0.5]])
def test_seeds_that_are_none(seeds: Any, tmp_path: Path) -> None:
    dataset = tiny_dataset()
    folder = train_seeds(tiny_recipe(epochs=1), dataset, (5,), tmp_path / "a", device="cpu").folder
    (folder / "seeds.json").write_text(json.dumps({"seeds": seeds}))
    for use in (resume, resume_seeds, evaluate_run):
        with pytest.raises(CheckpointError, match=r"seeds\.json.*restore the file"):
            use(folder, dataset=dataset)


def test_a_set_with_too_long_a_name_leaves_no_folder(tmp_path: Path) -> None:
    dataset = replace(tiny_dataset(), flag="a" * 230)
    with pytest.raises(ConfigError, match="too long"):
        train_seeds(tiny_recipe(epochs=1), dataset, (0, 1), tmp_path / "a", device="cpu")
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    with pytest.raises(ConfigError, match="at least one seed"):
        train_seeds(tiny_recipe(), dataset, (), tmp_path / "a", device="cpu")
    with pytest.raises(ConfigError, match="unknown model"):
        train_seeds(tiny_recipe(model="tiney"), dataset, (0,), tmp_path / "a", device="cpu")
    assert not (tmp_path / "a").exists()
    train_seeds(tiny_recipe(epochs=1), dataset, (5,), tmp_path / "a", device="cpu")
    for use in (evaluate_run, resume):
        with pytest.raises(ConfigError, match=r"several seeds; give one of them, such as .*seed-5"):
            use(tmp_path / "a")
    with pytest.raises(ConfigError, match=r"is not empty; .*go on with the run in it: --resume"):
        train_seeds(tiny_recipe(), dataset, (0,), tmp_path / "a", device="cpu")
    with pytest.raises(CheckpointError, match="belongs to another set"):
        resume_seeds(tmp_path / "a", dataset=tiny_dataset(channels=3))
    assert math.isfinite(evaluate_run(tmp_path / "a" / "seed-5", dataset=dataset).metrics["auc"])
