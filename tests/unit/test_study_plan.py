"""The questions of a study as data: arms, runs, and what they cost."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from medfast.data.catalog import CATALOG
from medfast.errors import CheckpointError, ConfigError
from medfast.models import create_model
from medfast.results.study.folder import StudyFolder
from medfast.results.study.pages import PAGES
from medfast.results.study.plan import (
    FULL,
    QUICK,
    SetFacts,
    Settings,
    arms_of,
    plan_runs,
    run_cost,
    stem_positions,
)
from medfast.results.study.questions import QUESTIONS, find_questions, treatments
from medfast.task import Task
from medfast.training.recipe import load_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from medfast.results.study.plan import PlannedRun, Scale

# Ten minutes of ResNet-18 at 28 pixels, of which two cores with bfloat16 train on 110 a second.
TEN_MINUTES = 600 * 110
NAMES = tuple(question.name for question in QUESTIONS)


def settings(scale: Scale, *questions: str) -> Settings:
    quick = scale is QUICK
    return Settings(quick, questions or NAMES, scale.datasets, scale.seeds, scale.epochs)


def facts(flag: str, *, most: int = 0, sizes: tuple[int, ...] = (28,)) -> SetFacts:
    images = dict(CATALOG[flag].n_samples)
    images["train"] = min(images["train"], most or images["train"])
    return SetFacts(flag, CATALOG[flag].task, images, sizes)


def plan(scale: Scale, *questions: str, sizes: tuple[int, ...] = (28,)) -> tuple[PlannedRun, ...]:
    sets = [facts(flag, most=scale.train_images, sizes=sizes) for flag in scale.datasets]
    return plan_runs(settings(scale, *questions), sets)


def test_every_question_has_a_page_and_arms_that_exist() -> None:
    assert set(PAGES) == set(NAMES)
    assert [question.letter for question in QUESTIONS] == list("abcdef")
    known, used = treatments(100), set()
    for question in QUESTIONS:
        labels = [arm.label for arm in question.arms]
        assert len(set(labels)) == len(labels)
        assert {label for pair in question.pairs for label in pair} <= set(labels)
        for arm in question.arms:
            assert arm.treatments or arm.quick
            used |= {*arm.treatments, *arm.quick}
    assert used == set(known)


@pytest.mark.parametrize("scale", [QUICK, FULL])
def test_every_run_has_a_recipe_and_a_name_of_its_own(scale: Scale) -> None:
    rows = plan(scale, sizes=(28, 64))
    assert len({row.name for row in rows}) == len(rows)
    recipes = [(row.dataset, row.size, row.recipe()) for row in rows]
    apart = {
        (flag, size, replace(recipe, name="study").to_yaml()) for flag, size, recipe in recipes
    }
    assert len(apart) == len(rows)
    assert {recipe.seed for _, _, recipe in recipes} == set(scale.seeds)


@pytest.mark.parametrize("scale", [QUICK, FULL])
def test_each_question_has_two_arms_at_least(scale: Scale) -> None:
    quick = scale is QUICK
    for question in QUESTIONS:
        labels = {arm.label for arm, _ in arms_of(question, Task.BINARY, quick=quick)}
        assert any({first, second} <= labels for first, second in question.pairs)


def test_runs_that_questions_share_are_planned_once() -> None:
    rows = plan(QUICK)
    (shared,) = [row for row in rows if row.name == "breastmnist_baseline_seed-0"]
    assert shared.questions == NAMES
    alone = plan(QUICK, "loss")
    assert {row.treatment for row in alone} == {"baseline", "one-vs-rest", "corn"}
    names = {row.name for row in rows}
    assert {row.name for row in alone} < names
    # The first seed answers every question.
    seeds = [row.seed for row in rows]
    assert seeds == sorted(seeds)


def test_losses_are_compared_where_they_apply() -> None:
    one = settings(QUICK, "loss")
    for flag, expected in (
        ("breastmnist", {"baseline", "one-vs-rest"}),
        ("retinamnist", {"baseline", "one-vs-rest", "corn"}),
        ("chestmnist", set()),
    ):
        assert {row.treatment for row in plan_runs(one, [facts(flag)])} == expected


def test_real_images_are_trained_on_where_they_are() -> None:
    def real(rows: tuple[PlannedRun, ...]) -> set[tuple[str, int, str]]:
        return {(row.treatment, row.size, row.recipe().stem) for row in rows if row.size == 64}

    assert not real(plan(FULL, "resolution"))
    assert real(plan(FULL, "resolution", sizes=(28, 64))) == {
        ("real-64-small", 64, "small"),
        ("real-64-imagenet", 64, "imagenet"),
    }


def test_epochs_given_are_those_of_every_run_but_the_longer_and_shorter() -> None:
    rows = plan_runs(replace(settings(FULL), epochs=12), [facts("breastmnist")])
    epochs = {row.treatment: row.recipe().epochs for row in rows}
    assert epochs.pop("third") == 4
    assert set(epochs.values()) == {12}
    rows = plan_runs(replace(settings(QUICK), epochs=2), [facts("breastmnist")])
    assert {row.recipe().epochs for row in rows if row.treatment == "thrice"} == {6}


def test_the_quick_study_stays_within_ten_minutes() -> None:
    rows = plan(QUICK)
    cost = sum(row.cost for row in rows)
    assert 0.8 * TEN_MINUTES < cost <= TEN_MINUTES
    assert len({row.dataset for row in rows}) == 2
    assert {seed: sum(row.seed == seed for row in rows) for seed in QUICK.seeds} == {0: 21, 1: 21}


def test_cost_goes_with_the_positions_that_the_stem_leaves() -> None:
    images = {"train": 10_000, "val": 0, "test": 0}

    def cost(size: int = 28, **changes: object) -> float:
        return run_cost(load_recipe("official", {"epochs": 10, **changes}), images, size)

    plain = cost()
    assert plain == pytest.approx(10 * 10_000 + 10_000 / 3, rel=0.06)
    assert cost(resize=56, stem="small") == pytest.approx(4 * plain, rel=0.2)
    assert cost(resize=112, stem="imagenet") == pytest.approx(plain)
    assert cost(56, stem="small") == cost(resize=56, stem="small")
    assert cost(model="resnet50") > cost(model="resnet34") > 2 * plain
    assert cost(optimizer="muon", momentum=0.95) > plain
    assert cost(epochs=20) == pytest.approx(2 * plain, rel=0.1)


@pytest.mark.parametrize("size", [28, 56, 64, 112])
@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_positions_are_those_of_the_network(size: int, stem: str) -> None:
    network = create_model("resnet18", in_channels=1, n_classes=2, stem=stem)
    with torch.no_grad():
        left = network.maxpool(network.conv1(torch.zeros(1, 1, size, size)))
    assert left.shape[2:] == (stem_positions(size, stem),) * 2


def test_questions_are_found_by_name_and_by_letter() -> None:
    assert find_questions([]) == QUESTIONS
    assert [one.name for one in find_questions(["E", "depth", "a"])] == ["depth", "optimizer"]
    with pytest.raises(ConfigError, match="unknown question 'augment'; did you mean 'augment"):
        find_questions(["augment"])
    with pytest.raises(ConfigError, match="unknown question 'g'; known: augmentation, depth"):
        find_questions(["g"])


WRONG: tuple[Any, ...] = (None, [], {}, "x", -1, 2.5, True, [None], ["x"], [-1], math.nan)


def test_a_plan_edited_by_hand_is_read_or_refused(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    written = (settings(QUICK, "loss"), plan(QUICK, "loss"), {})
    folder.write(*written)
    assert folder.read() == written
    whole = json.loads(folder.plan.read_text())
    refused = set()
    for part in ("settings", "runs"):
        for key in whole["settings"] if part == "settings" else whole["runs"][0]:
            for value in WRONG:
                changed = json.loads(json.dumps(whole))
                (changed["settings"] if part == "settings" else changed["runs"][0])[key] = value
                folder.plan.write_text(json.dumps(changed))
                try:
                    folder.read()
                except CheckpointError as error:
                    refused.add(f"{key} {value!r}")
                    assert "plan.json" in str(error)  # noqa: PT017
    assert {"datasets []", "datasets ['x']", "seeds [-1]", "epochs -1", "cost None"} <= refused


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"settings": 1, "runs": []}', "[" * 100_000])
def test_what_is_no_plan(text: str, tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    folder.plan.write_text(text)
    with pytest.raises(CheckpointError, match=r"plan\.json"):
        folder.read()
