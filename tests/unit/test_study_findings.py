"""Findings of made runs: what is compared, how it is corrected, and what is said of it."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from made_runs import make_run, noisy_scores
from medfast.results.repeats import acc_figure, auc_figure, compare_acc, compare_auc
from medfast.results.runs import open_runs
from medfast.results.study.evidence import FinishedRuns, gather, holm
from medfast.results.study.findings import write_findings
from medfast.results.study.histories import best_val_auc, epochs_within, mean_curve
from medfast.results.study.questions import find_questions
from medfast.results.study.runner import Request, open_study
from medfast.training.history import EpochRow
from tiny_study import TinySets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from medfast.results.study.evidence import Evidence
    from medfast.results.study.runner import Study

EPOCHS = 3


@pytest.fixture
def sets(tmp_path: Path) -> TinySets:
    return TinySets(tmp_path / "sets", (41, 60, 80))


def made_study(
    out: Path,
    sets: TinySets,
    *questions: str,
    noise: Mapping[str, float] = {},
    scores: Mapping[str, Mapping[str, float]] = {},
    without: tuple[str, ...] = (),
    **wanted: Any,
) -> Study:
    """Make the runs of a study: with more noise, a treatment's scores know less of the labels."""
    request = Request(questions, **{"quick": True, "epochs": EPOCHS, "seeds": (0, 1), **wanted})
    study = open_study(out, request, root=None, open_set=sets)
    study.folder.write(study.settings, study.rows, {})
    (out / "runs").mkdir()
    for row in study.rows:
        if row.name in without or row.treatment in without:
            continue
        dataset = study.sets[row.dataset].files[28]
        level = scores.get(row.treatment, {})
        tables = {
            split: noisy_scores(
                dataset, split, noise=level.get(split, noise.get(row.treatment, 1.0)), seed=row.seed
            )
            for split in dataset.splits
        }
        recipe = {**row.changes, "seed": row.seed}
        make_run(study.folder.run(row).path, dataset, scores=tables, **recipe)
    return study


def gathered(study: Study, name: str) -> Evidence:
    (question,) = find_questions([name])
    return gather(question, study, FinishedRuns(study, None))


def written(study: Study) -> tuple[str, dict[str, Any]]:
    write_findings(study)
    text = study.folder.findings.with_suffix(".md").read_text()
    return text, json.loads(study.folder.numbers.read_text())


def contents(study: Study) -> dict[str, bytes]:
    write_findings(study)
    folder = study.folder.path
    paths = [*folder.glob("STUDY.*"), *folder.glob("STUDY_files/*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def section(text: str, letter: str) -> str:
    return text.partition(f"\n## ({letter})")[2].partition("\n## ")[0]


def test_holms_correction_against_its_definition() -> None:
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 9):
        values = (rng.random(n) ** 3).tolist()
        found = holm(values)
        order = np.argsort(values)
        for level in (0.01, 0.05, 0.2, 0.6):
            # Reject from the smallest on, until one is above level / (how many are left).
            rejected = set()
            for rank, index in enumerate(order):
                if values[index] > level / (n - rank):
                    break
                rejected.add(index)
            assert {index for index, value in enumerate(found) if value <= level} == rejected


def test_holms_correction_leaves_out_what_was_not_tested() -> None:
    assert holm([]) == []
    found = holm([0.02, math.nan, 0.9, 0.04])
    assert found[0] == pytest.approx(0.06)
    assert math.isnan(found[1])
    assert found[2:] == pytest.approx([0.9, 0.08])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_arms_are_compared_on_test_over_seeds_and_images(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "depth", noise={"resnet50": 3.0, "baseline": 0.7})
    found = gathered(study, "depth")
    assert [(one.dataset, one.first, one.second) for one in found.contrasts] == [
        (flag, "ResNet-50", "ResNet-18") for flag in ("breastmnist", "retinamnist")
    ]
    for one in found.contrasts:
        deep, shallow = (
            [
                run.outcome("test")
                for run in open_runs(
                    study.folder.path / "runs" / f"{one.dataset}_{name}_seed-{seed}"
                    for seed in (0, 1)
                )
            ]
            for name in ("resnet50", "baseline")
        )
        figures = auc_figure(deep), auc_figure(shallow)
        assert one.difference == compare_auc(deep, shallow, figures)
        (acc,) = [other for other in found.secondary if other.dataset == one.dataset]
        assert (acc.first, acc.second, acc.of) == (one.first, one.second, "ACC")
        shares = acc_figure(deep), acc_figure(shallow)
        assert acc.difference == compare_acc(deep, shallow, shares)
        assert one.difference.test == "seeds and images"
        low, high = one.difference.interval
        assert one.half_width == pytest.approx((high - low) / 2)
    for family in (found.contrasts, found.secondary):
        assert len(family) == 2
        assert [one.p_holm for one in family] == holm([one.difference.p_value for one in family])
    assert found.left_out == ("ResNet-34",)


def test_a_difference_is_said_with_its_numbers(sets: TinySets, tmp_path: Path) -> None:
    noise = {"baseline": 0.3, "vertical-flip": 4.0}
    study = made_study(tmp_path / "study", sets, "augmentation", noise=noise)
    text, numbers = written(study)
    said = section(text, "d")
    assert re.search(
        r"- breastmnist: AUC is lower with vertical flip than with none, by -0\.\d{3} "
        r"\[-0\.\d{3}, -0\.\d{3}\], p (= 0|< 0)\.",
        said,
    )
    assert "breastmnist: vertical flip below none" in text
    (found,) = [
        one
        for one in numbers["questions"]["augmentation"]["contrasts"]
        if one["dataset"] == "breastmnist" and one["first"] == "vertical flip"
    ]
    assert found["difference"]["difference"] < 0
    assert found["p_holm"] >= found["difference"]["p_value"]
    assert f"by {found['difference']['difference']:+.3f}" in said
    assert "breastmnist: a horizontal flip is valid, a vertical flip is not valid: " in said


def test_the_pictures_say_what_the_tables_do(sets: TinySets, tmp_path: Path) -> None:
    noise = {"baseline": 0.3, "vertical-flip": 4.0, "horizontal-flip": 0.3}
    study = made_study(tmp_path / "study", sets, "d", noise=noise)
    text, numbers = written(study)
    links = re.findall(r"!\[(.*)\]\((STUDY_files/d-[\w-]+\.png)\)", text)
    assert [Path(path).stem for _, path in links] == [
        "d-differences",
        "d-breastmnist-val-auc",
        "d-retinamnist-val-auc",
    ]
    for _, path in links:
        assert (study.folder.path / path).read_bytes().startswith(b"\x89PNG")
    html = study.folder.findings.read_text()
    alts = re.findall(r'<svg [^>]*aria-label="([^"]*)"', html)
    assert len(alts) == len(links)
    told = alts[0].split("; ")
    contrasts = numbers["questions"]["augmentation"]["contrasts"]
    for said, one in zip(told, contrasts, strict=True):
        low, high = one["difference"]["interval"]
        assert said == (
            f"{one['dataset']}: {one['first']} less {one['second']}: "
            f"{one['difference']['difference']:+.3f} [{low:.3f}, {high:.3f}], "
            f"{'shown' if one['p_holm'] < 0.05 else 'not shown'}"
        )
    assert {said.rpartition(", ")[2] for said in told} == {"shown", "not shown"}
    assert alts[1].startswith("none from 0.800 to 0.800; horizontal flip from 0.800")


def test_no_difference_is_an_answer_with_what_could_have_shown(
    sets: TinySets, tmp_path: Path
) -> None:
    study = made_study(tmp_path / "study", sets, "loss", noise={"one-vs-rest": 1.1})
    text, numbers = written(study)
    one = numbers["questions"]["loss"]["contrasts"][0]
    low, high = one["difference"]["interval"]
    assert (
        "- breastmnist: no difference in AUC shown for binary cross-entropy per class against "
        f"cross-entropy ({one['difference']['difference']:+.3f} ± {(high - low) / 2:.3f}, "
        f"p = {one['p_holm']:.4f})."
    ) in text
    assert "| (f) Loss: Does another loss than cross-entropy rank better? | 3 | none |" in text


def test_a_difference_in_acc_is_secondary(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "depth", noise={"baseline": 0.3, "resnet50": 6.0})
    text, numbers = written(study)
    found = numbers["questions"]["depth"]
    table = (
        section(text, "a").partition("on the same images; secondary:\n\n")[2].partition("\n\n")[0]
    )
    rows = table.splitlines()[2:]
    assert len(rows) == len(found["secondary"]) == len(found["contrasts"]) == 2
    for row, one in zip(rows, found["secondary"], strict=True):
        low, high = one["difference"]["interval"]
        cells = f"{one['difference']['difference']:+.3f} | [{low:.3f}, {high:.3f}] |"
        assert row.startswith(f"| {one['dataset']} | ACC | ResNet-50 | ResNet-18 | {cells}")
    assert "Differences of the ACC are secondary" in text
    assert not any("ACC" in answer for answer in found["answers"])
    assert "| 2 | breastmnist: ResNet-50 below ResNet-18" in text  # the AUC's alone are counted


def test_single_runs_are_compared_as_networks(sets: TinySets, tmp_path: Path) -> None:
    noise = {"baseline": 0.5, "resnet50": 4.0}
    study = made_study(tmp_path / "study", sets, "depth", seeds=(4,), noise=noise)
    assert {one.difference.test for one in gathered(study, "depth").contrasts} == {"DeLong"}
    assert {one.difference.test for one in gathered(study, "depth").secondary} == {"McNemar"}
    text, numbers = written(study)
    assert "of seeds 4," in text
    assert "**One run each: " in text
    assert re.search(
        r"AUC is lower with ResNet-50 than with ResNet-18, .*, p [=<] .* \(these two networks; "
        r"other seeds may say otherwise\)\.",
        text,
    )
    over_seeds = numbers["questions"]["depth"]["over_seeds"]
    assert {one["p_holm"] for one in over_seeds} == {None}
    assert "loss gap shown" not in text
    assert "| breastmnist | loss gap | ResNet-50 | ResNet-18 |" in text


def test_a_rate_is_chosen_on_validation_alone(sets: TinySets, tmp_path: Path) -> None:
    good, bad = {"val": 0.2, "test": 5.0}, {"val": 3.0, "test": 0.2}
    study = made_study(
        tmp_path / "study",
        sets,
        "optimizer",
        scores={"baseline": bad, "adam-0.0003": good, "adam-0.003": bad, "sgd-0.1": good},
        quick=None,
        datasets=("breastmnist",),
    )
    (one,) = gathered(study, "optimizer").sets
    chosen = {arm.label: arm.treatment for arm in one.arms}
    assert chosen["Adam"] == "adam-0.0003"
    assert chosen["SGD, Nesterov"] == "sgd-0.1"
    adam = one.arm("Adam")
    assert adam is not None
    assert adam.candidates.keys() == {"baseline", "adam-0.0003", "adam-0.003"}
    assert adam.candidates["adam-0.0003"] == max(adam.candidates.values())
    said = section(written(study)[0], "e")
    assert "| breastmnist | Adam | adam-0.0003, chosen |" in said
    assert "| breastmnist | Adam | 0.0003 | 0 | 0 | 2 |" in said


def test_runs_that_are_missing_are_said(sets: TinySets, tmp_path: Path) -> None:
    without = ("retinamnist_resnet50_seed-0", "retinamnist_resnet50_seed-1", "corn")
    study = made_study(tmp_path / "study", sets, "depth", "loss", without=without)
    text, numbers = written(study)
    assert "\n10 of 14 runs finished. Made by\n" in text
    assert "**4 runs have not finished: " in text
    assert "- retinamnist: no finished run of ResNet-50." in section(text, "a")
    assert "- retinamnist: no finished run of CORN." in section(text, "f")
    states = {row["run"]: row["state"] for row in numbers["runs"]}
    assert {name for name, state in states.items() if state == "planned"} == {
        *without[:2],
        "retinamnist_corn_seed-0",
        "retinamnist_corn_seed-1",
    }
    assert numbers["questions"]["depth"]["means"].keys() == {"ResNet-18"}


def test_a_study_without_a_finished_run_says_so(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, without=tuple(find_all_treatments()))
    text, _ = written(study)
    assert "No run has finished: there is nothing to find yet." in text
    assert "nothing compared" in text


def find_all_treatments() -> list[str]:
    from medfast.results.study.questions import treatments

    return list(treatments(1))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Write the findings of every question."""
    folder = tmp_path_factory.mktemp("whole")
    study = made_study(folder / "study", TinySets(folder / "sets", (41, 60, 80)))
    write_findings(study)
    return study


def test_what_is_committed_names_no_place(whole: Study) -> None:
    page = whole.folder.findings
    for path in (page, page.with_suffix(".md"), whole.folder.numbers):
        text = path.read_text()
        assert str(whole.folder.path.parent) not in text
        assert not re.search(r"\b(nan|None)\b", text)
    assert "\nmedfast study --out study --quick" in page.with_suffix(".md").read_text()


def test_findings_are_the_same_every_time(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "epochs", "loss")
    first = contents(study)
    request = Request()
    again = open_study(study.folder.path, request, root=None, open_set=sets, existing=True)
    assert contents(again) == first


def history(*val_auc: float, seconds: float = 2.0) -> list[EpochRow]:
    return [
        EpochRow(n, 1e-3, 1 / n, 3.0 * n, 0.5 + 0.1 * n, auc, 0.7, 100.0, 0.0, seconds)
        for n, auc in enumerate(val_auc, start=1)
    ]


def test_what_is_reached_in_a_time(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "loss", datasets=("breastmnist",))
    for number, row in enumerate(study.rows):  # 10 and 14 seconds an epoch, 12 on average
        seconds = 10.0 if number < 2 else 14.0
        study.folder.run(row).write_metrics(history(0.6, 0.9, 0.8, seconds=seconds))
    runs = FinishedRuns(study, None).of("breastmnist", "baseline")
    assert [epochs_within(runs, seconds) for seconds in (11.9, 12, 35.9, 36, 1e3)] == [
        0,
        1,
        2,
        3,
        3,
    ]
    rows = history(0.6, math.nan, 0.9, 0.8)
    assert [best_val_auc(rows, epochs) for epochs in (1, 2, 3, 4)] == [0.6, 0.6, 0.9, 0.9]
    assert math.isnan(best_val_auc(rows, 0))


def test_depths_are_compared_at_equal_time(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "depth", datasets=("breastmnist",))
    for row in study.rows:
        deep = row.treatment == "resnet50"
        rows = history(0.7, 0.8, 0.95, seconds=4.0) if deep else history(0.6, 0.9, 0.8)
        study.folder.run(row).write_metrics(rows)
    text, numbers = written(study)
    assert (
        "breastmnist: in 6.0 s, ResNet-18 finishes 3 of 3 epochs, with a best validation "
        "AUC of 0.900 ± 0.000; ResNet-50 finishes 1 of 3 epochs, with a best validation "
        "AUC of 0.700 ± 0.000."
    ) in text
    assert "2.00 times the time of ResNet-18." in text
    found = numbers["questions"]["depth"]
    assert found["at_equal_time"]["breastmnist"]["ResNet-50"] == {
        "seconds": 6.0,
        "epochs": 1,
        "val_auc": [0.7, 0.7],
    }
    run = found["runs"]["breastmnist"]["ResNet-18"][0]
    assert run["AUC gap"] == pytest.approx(run["train auc"] - run["test auc"])
    assert run["loss gap"] == pytest.approx(run["test loss"] - run["train loss"])
    assert run["gradient norm"] == pytest.approx(6.0)


def test_the_course_of_the_epochs_is_told(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "epochs", datasets=("breastmnist",))
    for row in study.rows:
        if row.treatment == "thrice":
            aucs = [0.6, 0.7, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.7]
            folder = study.folder.run(row)
            folder.write_metrics(history(*aucs))
            summary = {**folder.read_summary(), "chosen_epoch": 3}
            folder.write_json(folder.summary, summary)
    text, numbers = written(study)
    assert (
        "breastmnist: of 9 epochs, 3, 3 are the best on validation (one for each run), with an AUC "
        "of 0.900 ± 0.000 there and 0.700 ± 0.000 after the last."
    ) in text
    assert (
        "the validation loss is lowest after epoch 1, 1, and ends 0.800 ± 0.000 above that; the "
        "training loss ends at 0.111 ± 0.000."
    ) in text
    assert "![train loss from 1.000 to 0.111, lowest 0.111; val loss from 0.600 to 1.400" in text
    curve = numbers["questions"]["epochs"]["curves"]["breastmnist"]["val_auc"]
    assert curve == pytest.approx([0.6, 0.7, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.7])
    runs = open_runs([study.folder.path / "runs" / "breastmnist_thrice_seed-0"])
    assert mean_curve(runs, "seconds") == [2.0] * 9


def test_tables_have_as_many_cells_as_headings(whole: Study) -> None:
    lines = whole.folder.findings.with_suffix(".md").read_text().splitlines()
    assert len([line for line in lines if line.startswith("| ---")]) > 25
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|( -+:? \|)+", line):
            width = line.count("|")
            rows = lines[number - 1 :]
            rows = rows[: next(n for n, row in enumerate(rows) if not row.startswith("|"))]
            assert {len(next(csv.reader([row], delimiter="|"))) - 1 for row in rows} == {width}


def test_other_images_are_not_compared(sets: TinySets, tmp_path: Path) -> None:
    study = made_study(tmp_path / "study", sets, "depth", datasets=("breastmnist",))
    finished = FinishedRuns(study, None)
    for run in finished.of("breastmnist", "resnet50"):
        outcome = finished.outcome(run)
        finished._outcomes[run.name] = outcome._replace(labels=outcome.labels[::-1].copy())
    (question,) = find_questions(["depth"])
    found = gather(question, study, finished)
    assert found.contrasts == ()
    assert "breastmnist: ResNet-50 and ResNet-18 are of other images: not compared" in found.notes


def test_an_undefined_auc_is_not_compared(tmp_path: Path) -> None:
    sets = TinySets(tmp_path / "sets", labels={"test": np.zeros((40, 1))})
    study = made_study(tmp_path / "study", sets, "depth", "loss", datasets=("breastmnist",))
    text, numbers = written(study)
    assert "breastmnist: ResNet-50 and ResNet-18 could not be compared in AUC." in text
    assert (
        "| (f) Loss: Does another loss than cross-entropy rank better? | 0 | nothing compared"
        in text
    )
    (contrast,) = numbers["questions"]["depth"]["contrasts"]
    assert contrast["p_holm"] is None


def test_the_study_of_the_documentation_has_its_pictures() -> None:
    docs = Path(__file__).parents[2] / "docs"
    linked = re.findall(r"\]\((STUDY_files/[\w-]+\.png)\)", (docs / "STUDY.md").read_text("utf-8"))
    kept = [f"STUDY_files/{path.name}" for path in (docs / "STUDY_files").iterdir()]
    assert sorted(linked) == sorted(kept)
