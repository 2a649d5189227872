"""Runs beside what was published, and beside each other."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pytest
from markdown_it import MarkdownIt

from made_runs import make_run
from medfast.data.dataset import open_dataset, open_file
from medfast.errors import ConfigError
from medfast.results.comparison import Comparison, compare_runs
from medfast.results.comparison_output import choose_format, render
from medfast.results.document.writing import html_page
from medfast.results.groups import group_runs
from medfast.results.published import published_score, published_scores
from medfast.results.repeats import acc_figure, auc_figure
from medfast.results.report.sections import describe
from medfast.results.runs import open_runs
from medfast.results.table import describe_result
from medfast.task import Task
from medfast.training.run import Result
from medfast.training.run_folder import RunFolder
from tiny_runs import save_six_keys, tiny_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from medfast.data.dataset import Dataset

SIZES = (41, 60, 80)
FORMATS = ("terminal", "markdown", "latex", "csv", "json")


def own_file(
    folder: Path, name: str = "breastmnist", task: Task = Task.BINARY, n_classes: int = 2
) -> Dataset:
    """Open a file that is called as one wants; runs on it may then be said to be official."""
    folder.mkdir(exist_ok=True)
    tiny = tiny_dataset(task, n_classes=n_classes, sizes=SIZES)
    return open_file(save_six_keys(tiny, folder / f"{name}.npz"), task=task)


@pytest.fixture
def breast(tmp_path: Path) -> Dataset:
    return own_file(tmp_path)


def compared(*paths: Path, **options) -> Comparison:
    return compare_runs(open_runs(paths), **options)


def test_every_published_row_is_there() -> None:
    rows = {flag: published_scores(flag) for flag in ("breastmnist", "octmnist", "bloodmnist")}
    assert [len(found) for found in rows.values()] == [16, 14, 7]
    assert {row.table for row in rows["breastmnist"]} == {
        "MedMNIST v2",
        "MedMNIST v1",
        "course report",
    }
    assert [(row.auc, row.acc) for row in rows["breastmnist"][-2:]] == [
        (0.883, 0.827),
        (0.864, 0.821),
    ]
    assert published_scores("digits") == ()
    score = published_score("retinamnist", "resnet50", 224)
    assert score is not None
    assert (score.auc, score.acc, score.runs) == (0.716, 0.511, 3)
    assert score.enlarged == "28-pixel images enlarged by nearest neighbour"


def test_two_cells_cannot_be_right() -> None:
    from medfast.data.catalog import CATALOG

    rows = [row for flag in CATALOG for row in published_scores(flag)]
    assert len(rows) == 12 * 7 + 10 * 7 + 7 * 2
    assert all(0 < value < 1 for row in rows for value in (row.auc, row.acc))
    impossible = [(row.table, row.method, row.auc) for row in rows if row.impossible]
    assert impossible == [("course report", "ResNet-50", auc) for auc in (0.988, 0.975)]


def test_runs_that_differ_in_seeds_alone_are_one(breast: Dataset, tmp_path: Path) -> None:
    paths = [make_run(tmp_path / f"s{seed}", breast, seed=seed) for seed in range(3)]
    other = make_run(tmp_path / "lr", breast, lr=0.1)
    found = compared(paths[0], other, *paths[1:])
    (part,) = found.sets
    assert [ours.label for ours in part.ours] == [
        "resnet18, 8 px, official, epochs=3",
        "resnet18, 8 px, official, epochs=3, lr=0.1",
    ]
    first = part.ours[0]
    assert (first.seeds, first.runs) == ((0, 1, 2), tuple(map(str, paths)))
    outcomes = [run.outcome("test") for run in open_runs(paths)]
    assert first.auc == auc_figure(outcomes)
    assert first.acc == acc_figure(outcomes)
    assert part.images == 80


def test_recipes_of_one_name_are_told_apart(breast: Dataset, tmp_path: Path) -> None:
    paths = [
        make_run(tmp_path / stem, breast, stem=stem, model=model)
        for stem, model in (("small", "resnet18"), ("imagenet", "resnet18"), ("auto", "resnet34"))
    ]
    (part,) = compared(*paths).sets
    assert [ours.label for ours in part.ours] == [
        "resnet18, 8 px, official, epochs=3",
        "resnet18, 8 px, ImageNet stem, official, epochs=3",
        "resnet34, 8 px, official, epochs=3",
    ]


def test_files_of_one_name_are_told_apart(breast: Dataset, tmp_path: Path) -> None:
    tiny = tiny_dataset(Task.BINARY, sizes=(40, 60, 80))
    (tmp_path / "other").mkdir()
    second = open_file(save_six_keys(tiny, tmp_path / "other" / "breastmnist.npz"), task="binary")
    found = compared(make_run(tmp_path / "a", breast), make_run(tmp_path / "b", second))
    names = [part.sets[0] for part in found.sets]
    assert all(re.fullmatch(r"breastmnist \(MD5 [0-9a-f]{8}\)", name) for name in names)
    assert names[0] != names[1]
    assert found.sets[0].tests == ()


@pytest.mark.parametrize(("noise", "word"), [(0.4, "above"), (0.8, "within"), (2.0, "below")])
def test_verdicts_are_in_units_of_the_interval(
    breast: Dataset, tmp_path: Path, noise: float, word: str
) -> None:
    (part,) = compared(make_run(tmp_path / "run", breast, noise=noise)).sets
    (ours,) = part.ours
    words = set()
    for row in ours.against:
        for figure, verdict, published in (
            (ours.auc, row.auc, row.published.auc),
            (ours.acc, row.acc, row.published.acc),
        ):
            assert verdict is not None
            words.add(verdict.word)
            low, high = figure.interval
            expected = "within" if low <= published <= high else "below"
            expected = "above" if published < low else expected
            assert verdict.word == expected
            assert verdict.difference == pytest.approx(figure.mean - published)
            end = low if verdict.difference > 0 else high
            assert verdict.in_intervals == pytest.approx(
                verdict.difference / abs(figure.mean - end)
            )
    assert word in words


@pytest.mark.filterwarnings("ignore")
def test_without_an_auc_there_is_no_verdict(tmp_path: Path) -> None:
    tiny = tiny_dataset(Task.BINARY, sizes=SIZES, labels={"test": np.zeros((80, 1))})
    data = open_file(save_six_keys(tiny, tmp_path / "breastmnist.npz"), task="binary")
    found = compared(make_run(tmp_path / "run", data))
    (ours,) = found.sets[0].ours
    assert {row.auc.word for row in ours.against if row.auc} == {"undefined"}
    assert {row.acc.word for row in ours.against if row.acc} <= {"within", "above", "below"}
    assert any("ROC AUC is not defined" in note for note in found.notes)
    for name in FORMATS:
        assert not re.search(r"\bnan\b", render(found, name))


def test_an_interval_without_width_judges_nothing(breast: Dataset, tmp_path: Path) -> None:
    found = compared(make_run(tmp_path / "run", breast, noise=0.01))
    (ours,) = found.sets[0].ours
    assert ours.auc.interval == (1, 1)
    assert {row.auc.word for row in ours.against if row.auc} == {"undefined"}
    assert {row.acc.word for row in ours.against if row.acc} == {"above"}
    assert any("has an interval of no width" in note for note in found.notes)


def remarks(found: Comparison, table: str, method: str) -> tuple[str, ...]:
    (row,) = (
        row
        for row in found.sets[0].ours[0].against
        if (row.published.table, row.published.method) == (table, method)
    )
    return row.unlike


def test_what_is_not_alike_is_said(breast: Dataset, tmp_path: Path) -> None:
    paths = [make_run(tmp_path / str(seed), breast, seed=seed, official=True) for seed in range(3)]
    found = compared(*paths)
    assert remarks(found, "MedMNIST v2", "ResNet-18 (28)") == ("input of 28 pixels, ours of 8",)
    assert remarks(found, "MedMNIST v2", "ResNet-18 (224)") == (
        "28-pixel images enlarged by nearest neighbour to 224, ours of 8",
    )
    assert remarks(found, "course report", "ResNet-18") == (
        "splits of MedMNIST v1, ours of v2",
        "input of 28 pixels, ours of 8",
        "number of runs not stated",
    )
    found = compared(paths[0], split="val")
    assert remarks(found, "MedMNIST v2", "ResNet-18 (28)") == (
        "test, ours is val",
        "input of 28 pixels, ours of 8",
        "mean of 3 runs, ours of 1",
    )
    found = compared(make_run(tmp_path / "stem", breast, official=True, stem="imagenet"))
    assert remarks(found, "MedMNIST v2", "ResNet-18 (28)") == (
        "input of 28 pixels, ours of 8",
        "small stem, ours the ImageNet stem",
        "mean of 3 runs, ours of 1",
    )
    for other in ("ResNet-18 (224)", "AutoKeras"):
        assert not any("stem" in reason for reason in remarks(found, "MedMNIST v2", other))
    found = compared(paths[0], split="val")
    assert any("epochs were chosen on val" in note for note in found.notes)
    assert any("fitted to train" in note for note in compared(paths[0], split="train").notes)


def test_a_subset_is_compared_with_a_warning(tmp_path: Path) -> None:
    subset = own_file(tmp_path, "chestmnist_subset", Task.MULTI_LABEL, 14)
    found = compared(make_run(tmp_path / "run", subset))
    warned = "ours is not the official file, but other images (chestmnist_subset)"
    assert warned in remarks(found, "MedMNIST v2", "ResNet-18 (28)")
    rows = found.sets[0].ours[0].against
    assert [row.published.auc for row in rows if row.auc is None] == [0.988]
    text = render(found)
    assert "† course report, ResNet-50 on chestmnist_subset cannot be right" in text
    assert re.search(r"ResNet-50 +0\.988 +† +0\.871 +†", text)


@pytest.mark.parametrize(
    ("name", "task", "n_classes"),
    [("mine", Task.BINARY, 2), ("chestmnist_subset", Task.MULTI_LABEL, 3)],
)
def test_a_set_without_a_published_row(
    tmp_path: Path, name: str, task: Task, n_classes: int
) -> None:
    found = compared(make_run(tmp_path / "run", own_file(tmp_path, name, task, n_classes)))
    assert found.sets[0].ours[0].against == ()
    assert f"{name} has no published row" in found.notes
    assert "within" not in render(found)


def test_digits_can_be_compared(tmp_path: Path) -> None:
    found = compared(make_run(tmp_path / "run", open_dataset("digits")))
    assert found.sets[0].sets == ("digits",)


def test_classes_that_the_split_lacks_are_said(tmp_path: Path) -> None:
    labels = {"test": np.random.default_rng(0).integers(0, 2, (80, 14))}
    labels["test"][:, 13] = 0
    tiny = tiny_dataset(Task.MULTI_LABEL, n_classes=14, sizes=SIZES, labels=labels)
    data = open_file(save_six_keys(tiny, tmp_path / "chestmnist.npz"), task="multi-label")
    found = compared(make_run(tmp_path / "run", data))
    assert "mean over all classes, ours without 13" in remarks(found, "MedMNIST v1", "AutoKeras")


def test_two_recipes_are_tested_on_the_same_images(breast: Dataset, tmp_path: Path) -> None:
    paths = [make_run(tmp_path / f"a{seed}", breast, seed=seed) for seed in range(2)]
    paths += [make_run(tmp_path / f"b{seed}", breast, seed=seed, lr=0.1) for seed in range(5, 7)]
    paths.append(make_run(tmp_path / "c", breast, seed=9, model="resnet50"))
    (part,) = compared(*paths).sets
    assert [(pair.first, pair.second) for pair in part.tests] == [
        (part.ours[a].label, part.ours[b].label) for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    assert [pair.auc.test for pair in part.tests] == ["seeds and images", "DeLong", "DeLong"]
    assert [pair.acc.test for pair in part.tests] == ["seeds and images", "sign", "sign"]
    for pair, a, b in zip(part.tests, (0, 0, 1), (1, 2, 2), strict=True):
        expected = part.ours[a].auc.mean - part.ours[b].auc.mean
        assert pair.auc.difference == pytest.approx(expected)


def test_sizes_of_an_official_set_have_the_same_images(tmp_path: Path) -> None:
    small = own_file(tmp_path / "a")
    tiny = tiny_dataset(Task.BINARY, sizes=SIZES)
    arrays = {}
    for name, split in tiny.splits.items():
        arrays[f"{name}_images"] = np.repeat(np.repeat(split.images, 2, 1), 2, 2)
        arrays[f"{name}_labels"] = split.labels
    (tmp_path / "b").mkdir()
    np.savez(tmp_path / "b" / "breastmnist.npz", **arrays)
    large = open_file(tmp_path / "b" / "breastmnist.npz", task="binary")
    (part,) = compared(
        make_run(tmp_path / "small", small, official=True),
        make_run(tmp_path / "large", large, official=True, seed=1),
    ).sets
    assert [ours.label.split(", ")[1] for ours in part.ours] == ["8 px", "16 px"]
    assert len(part.tests) == 1


def test_enlarged_images_are_another_input_size(tmp_path: Path) -> None:
    tiny = tiny_dataset(Task.BINARY, sizes=SIZES)
    arrays = {}
    for name, split in tiny.splits.items():
        arrays[f"{name}_images"] = np.pad(split.images, ((0, 0), (10, 10), (10, 10)))
        arrays[f"{name}_labels"] = split.labels
    np.savez(tmp_path / "breastmnist.npz", **arrays)
    breast = open_file(tmp_path / "breastmnist.npz", task="binary")
    paths = [
        make_run(tmp_path / f"r{resize}", breast, official=True, resize=resize)
        for resize in (0, 224)
    ]
    (part,) = compared(*paths).sets
    assert [ours.label for ours in part.ours] == [
        "resnet18, 28 px, official, epochs=3",
        "resnet18, 28 px enlarged to 224, official, epochs=3",
    ]
    unlike = {
        ours.label: {row.published.method: " ".join(row.unlike) for row in ours.against[:2]}
        for ours in part.ours
    }
    native, enlarged = unlike.values()
    assert "pixels" not in native["ResNet-18 (28)"]
    assert "enlarged by nearest neighbour to 224, ours of 28" in native["ResNet-18 (224)"]
    assert "input of 28 pixels, ours of 28 enlarged to 224" in enlarged["ResNet-18 (28)"]
    assert "enlarged" not in enlarged["ResNet-18 (224)"]
    for change, expected in (({}, [0.901, 0.891]), ({"stem": "imagenet"}, [None, 0.891])):
        results = [Result(path, RunFolder(path).read_summary() | change) for path in paths]
        beside = [describe_result(result)["published_test"] for result in results]
        assert [row and row["auc"] for row in beside] == expected


def test_runs_of_one_seed_are_no_repeats(breast: Dataset, tmp_path: Path) -> None:
    found = compared(make_run(tmp_path / "a", breast), make_run(tmp_path / "b", breast))
    assert any("several runs have seed 0" in note for note in found.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"fp32"', '"bf16"'), "though trained in bf16 on cpu and fp32 on cpu"),
        (('"cpu"', '"cuda:1"'), "though trained in fp32 on cpu and fp32 on cuda"),
    ],
)
def test_runs_in_several_conditions_are_told(
    breast: Dataset, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    paths = [make_run(tmp_path / f"s{seed}", breast, seed=seed) for seed in range(2)]
    environment = paths[1] / "environment.json"
    environment.write_text(environment.read_text().replace(*change))
    found = compared(*paths)
    assert found.sets[0].ours[0].seeds == (0, 1)
    assert any(note.endswith(words) for note in found.notes)
    assert f"taken together, {words}." in html_page(describe(open_runs(paths)))


def test_tasks_of_one_file_are_told_apart(tmp_path: Path) -> None:
    tiny = tiny_dataset(Task.MULTI_CLASS)
    path = save_six_keys(tiny, tmp_path / "mine.npz")
    paths = [
        make_run(tmp_path / task, open_file(path, task=task)) for task in ("multi-class", "ordinal")
    ]
    found = compared(*paths)
    names = ["mine (multi-class)", "mine (ordinal)"]
    assert [part.sets[0] for part in found.sets] == names
    assert [section.title for section in describe(open_runs(paths)).sections] == names


def test_the_most_frequent_answer_is_told(breast: Dataset, tmp_path: Path) -> None:
    found = compared(make_run(tmp_path / "a", breast))
    assert "breastmnist: always giving the most frequent answer has ACC 0.500" in found.notes


def three_sets(tmp_path: Path) -> list[Path]:
    pneumonia = own_file(tmp_path, "pneumoniamnist")
    chest = own_file(tmp_path, "chestmnist", Task.MULTI_LABEL, 14)
    subset = own_file(tmp_path, "chestmnist_part", Task.MULTI_LABEL, 14)
    return [
        make_run(tmp_path / "p", pneumonia, official=True, model="resnet50"),
        make_run(tmp_path / "c", chest, official=True, model="resnet50"),
        make_run(tmp_path / "b", own_file(tmp_path), official=True, model="resnet50"),
        make_run(tmp_path / "s", subset, model="resnet50"),
        make_run(tmp_path / "alone", chest, official=True),
    ]


def test_means_are_over_the_sets_in_common(tmp_path: Path) -> None:
    found = compared(*three_sets(tmp_path))
    everything, papers, report = found.means
    assert everything.sets == ("pneumoniamnist", "chestmnist", "breastmnist", "chestmnist_part")
    assert everything.ours[0].against == ()
    assert papers.sets == ("pneumoniamnist", "chestmnist", "breastmnist")
    assert report.sets == ("pneumoniamnist", "breastmnist")
    assert all(len(part.ours) == 1 for part in found.means)
    row = papers.ours[0].against[0]
    assert row.published.auc == pytest.approx((0.944 + 0.768 + 0.901) / 3)
    assert row.published.acc == pytest.approx((0.854 + 0.947 + 0.863) / 3)
    figures = [part.ours[0].auc for part in found.sets[:3]]
    ours = papers.ours[0].auc
    assert ours.mean == pytest.approx(np.mean([one.mean for one in figures]))
    assert ours.variance == pytest.approx(sum(one.variance for one in figures) / 9)
    assert [row.published.method for row in report.ours[0].against] == ["ResNet-50"]


def test_no_runs() -> None:
    with pytest.raises(ConfigError, match="no runs to compare"):
        compare_runs([])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "tset"}, "unknown split 'tset'; did you mean 'test'"),
        ({"level": 1.0}, "level=1.0; it must lie between 0 and 1"),
    ],
)
def test_options_out_of_range(breast: Dataset, tmp_path: Path, options, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        compared(make_run(tmp_path / "run", breast), **options)


@pytest.fixture
def full(tmp_path: Path) -> Comparison:
    paths = three_sets(tmp_path)
    data = own_file(tmp_path, "pneumoniamnist")
    more = [
        make_run(tmp_path / f"p{seed}", data, official=True, model="resnet50", seed=seed)
        for seed in (1, 2)
    ]
    return compared(*paths, *more, make_run(tmp_path / "q", data, official=True, seed=5))


def test_the_terminal_has_everything(full: Comparison) -> None:
    text = render(full)
    assert "pneumoniamnist, test, 80 images\n" in text
    assert re.search(r"resnet50, 8 px, official, epochs=3 +3 +0\.\d{4} ± 0\.\d{4} +\[0\.", text)
    assert "mean over 2 sets, test: pneumoniamnist, breastmnist\n" in text
    assert "first less second, on the same images\n" in text
    for note in full.notes:
        assert f"{note}.\n" in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert render(full, "terminal") == text


def test_markdown_has_tables_of_even_rows(full: Comparison) -> None:
    lines = render(full, "markdown").splitlines()
    assert lines[0] == "## pneumoniamnist, test, 80 images"
    width = 0
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            width = line.count("|") if not before.startswith("|") else width
            assert line.count("|") == width
    assert "| MedMNIST v2 | ResNet-18 (28) | 0.944 |" in "\n".join(lines)


def test_latex_has_tables_of_even_rows_and_no_bare_signs(full: Comparison) -> None:
    text = render(full, "latex")
    for one in ("table", "tabular", "itemize"):
        assert text.count(f"\\begin{{{one}}}") == text.count(f"\\end{{{one}}}") > 0
    for kinds, body in re.findall(
        r"\\begin\{tabular\}\{(\w+)\}\n\\toprule\n(.*?)\\bottomrule", text, re.DOTALL
    ):
        rows = [line for line in body.splitlines() if line.endswith("\\\\")]
        assert rows
        assert all(len(re.findall(r"(?<!\\)&", row)) == len(kinds) - 1 for row in rows)
    assert "chestmnist\\_part" in text
    assert re.search(r"95 \\% interval", text)
    assert text.isascii()
    assert not re.search(r"(?<!\\)[_#]", text)
    assert not re.search(r"(?m)^\[|& \[", text)


def test_csv_has_a_line_for_everything(full: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(render(full, "csv"))))
    parts = (*full.sets, *full.means)
    ours = [one for part in parts for one in part.ours]
    kinds = [row["kind"] for row in rows]
    assert kinds.count("ours") == 2 * len(ours)
    assert kinds.count("published") == 2 * sum(len(one.against) for one in ours)
    assert kinds.count("test") == 2 * sum(len(part.tests) for part in parts)
    first = rows[0]
    assert (first["set"], first["metric"], first["runs"]) == ("pneumoniamnist", "AUC", "3")
    assert float(first["value"]) == full.sets[0].ours[0].auc.mean
    assert float(first["seeds_low"]) == full.sets[0].ours[0].auc.of_seeds[0]
    cannot = [row for row in rows if row["verdict"] == "impossible"]
    assert {row["other_value"] for row in cannot} == {"0.988", "0.871"}
    assert {row["difference"] for row in cannot} == {""}
    assert "nan" not in {value for row in rows for value in row.values()}


def test_json_holds_everything(full: Comparison) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads(render(full, "json"), parse_constant=refuse)
    assert found["split"] == "test"
    ours = found["sets"][0]["ours"][0]
    assert ours["seeds"] == [0, 1, 2]
    assert ours["auc"]["values"] == list(full.sets[0].ours[0].auc.values)
    assert found["sets"][2]["ours"][0]["auc"]["std"] is None
    assert math.isnan(full.sets[2].ours[0].auc.std)


@pytest.mark.parametrize(
    ("given", "out", "expected"),
    [
        (None, None, "terminal"),
        (None, "table.txt", "terminal"),
        (None, "table.MD", "markdown"),
        (None, "table.tex", "latex"),
        (None, "table.csv", "csv"),
        (None, "table.json", "json"),
        ("csv", "table.tex", "csv"),
    ],
)
def test_the_ending_tells_the_format(given, out, expected) -> None:
    assert choose_format(given, out) == expected


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown format 'latxe'; did you mean 'latex'"):
        choose_format("latxe", None)
    with pytest.raises(ConfigError, match="is a folder; name a file in it"):
        choose_format(None, tmp_path)


def test_names_mean_themselves(tmp_path: Path) -> None:
    name = r"a|b*c* <i>d</i> `e` \f [g](h) __i__ ---j {k} ~l^ m&n #5 $6% &lt; ''o"
    found = compared(make_run(tmp_path / "run", own_file(tmp_path, "mine"), name=name))
    html = MarkdownIt("commonmark").enable("table").render(render(found, "markdown"))
    assert html.count("<td>" + escape(f"resnet18, 8 px, {name}", quote=False)) == 1
    latex = render(found, "latex")
    assert (
        r"a\textbar{}b*c* \textless{}i\textgreater{}d\textless{}/i\textgreater{} "
        r"\textasciigrave{}e\textasciigrave{} \textbackslash{}f [g](h) \_\_i\_\_ -{}-{}-j "
        r"\{k\} \textasciitilde{}l\textasciicircum{} m\&n \#5 \$6\% \&lt; '{}'o"
    ) in latex


def test_names_with_line_breaks_keep_to_their_rows(tmp_path: Path) -> None:
    data = save_six_keys(tiny_dataset(), tmp_path / "a\nb.npz")
    dataset = open_file(data, task="multi-class")
    make_run(tmp_path / "run", dataset, name="my\n\nown")
    (group,) = group_runs(open_runs([tmp_path / "run"]))
    assert group.set_name == "a b"
    assert group.label == "resnet18, 8 px, my own, epochs=3"
