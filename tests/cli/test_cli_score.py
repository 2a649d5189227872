"""``medfast score``: files of scores, against the labels of a set, a file, or their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medfast.data.dataset import open_dataset
from medfast.metrics import accuracy, roc_auc_interval, roc_auc_score, roc_auc_test

N = 60


def random_scores(columns: int, seed: int = 0) -> Any:
    scores = np.random.default_rng(seed).random((N, columns))
    return (scores / scores.sum(axis=1, keepdims=True)).round(6)


def random_labels(columns: int, classes: int = 2) -> Any:
    return np.random.default_rng(9).integers(0, classes, (N, columns))


def write(path: Path, scores: Any, labels: Any = None) -> Path:
    rows = np.random.default_rng(1).permutation(len(scores))  # rows may come in any order
    if labels is None:
        heading, table = [], scores
    else:
        heading = ["id"] + [f"true_{n}" for n in range(labels.shape[1])]
        heading += [f"score_{n}" for n in range(scores.shape[1])]
        table = np.hstack([labels, scores])
    lines = [",".join(heading)] if heading else []
    lines += [",".join([str(row), *map(repr, table[row].tolist())]) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig" if heading else "utf-8")
    return path


def test_a_binary_file_with_its_labels(cli: Any, tmp_path: Path) -> None:
    scores, labels = random_scores(2), random_labels(1)
    path = write(tmp_path / "scores.csv", scores, labels)
    done = cli("score", path, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    expected = roc_auc_interval(labels[:, 0], scores[:, 1])
    assert found["auc"] == expected.to_dict()
    assert found["acc"] == accuracy(labels, scores, "binary")
    assert (found["task"], found["n_samples"]) == ("binary", N)
    assert found["positives"] == np.bincount(labels[:, 0]).tolist()
    assert found["absent_classes"] == found["notes"] == []
    shown = cli("score", path).out
    assert f"{expected.estimate:.4f}  [{expected.low:.4f}, {expected.high:.4f}]" in shown
    assert f"ACC {found['acc']:.4f}" in shown


@pytest.mark.parametrize("task", ["multi-class", "multi-label"])
def test_classes_have_their_own_intervals(cli: Any, tmp_path: Path, task: str) -> None:
    labels = random_labels(4) if task == "multi-label" else random_labels(1, 4)
    scores = random_scores(4)
    path = write(tmp_path / "scores.csv", scores, labels)
    found = json.loads(cli("score", path, "--json", "--level", 0.9).out)
    truth = labels if task == "multi-label" else labels[:, 0]
    labelled: dict[str, Any] = {} if task == "multi-label" else {"labels": range(4)}
    expected = roc_auc_interval(truth, scores, level=0.9, **labelled)
    assert found["task"] == task
    assert found["auc"]["estimate"] == expected.estimate
    assert [part["low"] for part in found["auc"]["per_class"]] == [
        part.low for part in expected.per_class
    ]
    assert [part["name"] for part in found["auc"]["per_class"]] == ["0", "1", "2", "3"]
    assert "90 % interval" in cli("score", path, "--level", 0.9).out
    assert "mean of 4" in cli("score", path).out


def test_an_absent_class_is_named(cli: Any, tmp_path: Path) -> None:
    labels = random_labels(1, 2)
    path = write(tmp_path / "scores.csv", random_scores(3), labels)
    found = json.loads(cli("score", path, "--json").out)
    assert found["absent_classes"] == ["2"]
    assert found["auc"]["left_out"] == ["2"]
    done = cli("score", path)
    assert (done.code, done.err) == (0, "")
    assert "mean of 2" in done.out
    assert "undefined" in done.out
    assert "no AUC for 2:" in done.out
    everyone = write(tmp_path / "one.csv", random_scores(2), np.ones((N, 1), int))
    done = cli("score", everyone)
    assert done.code == 0
    assert "undefined" in done.out
    assert json.loads(cli("score", everyone, "--json").out)["absent_classes"] == ["0", "1"]


def test_two_models_are_compared(cli: Any, tmp_path: Path) -> None:
    labels = random_labels(1, 3)
    first, second = random_scores(3), random_scores(3, seed=5)
    one = write(tmp_path / "one.csv", first, labels)
    two = write(tmp_path / "two.csv", second)
    found = json.loads(cli("score", one, "--compare", two, "--json").out)["comparison"]
    expected = roc_auc_test(labels[:, 0], first, second, labels=range(3))
    assert found["path"] == str(two)
    assert found["test"]["p_value"] == expected.p_value
    assert found["test"]["difference"] == expected.difference
    assert found["acc"] == accuracy(labels, second, "multi-class")
    assert str(expected) in cli("score", one, "--compare", two).out


def test_labels_of_a_set_and_of_files(cli: Any, tmp_path: Path) -> None:
    labels = open_dataset("digits").splits["test"].labels
    scores = np.random.default_rng(0).random((len(labels), 10))
    path = write(tmp_path / "scores.csv", scores)
    np.save(tmp_path / "flat.npy", labels[:, 0])
    np.save(tmp_path / "table.npy", labels.astype(float))
    (tmp_path / "column.csv").write_text("\n".join(map(str, labels[:, 0])))
    numbered = [f"{row},{label}" for row, label in enumerate(labels[:, 0])]
    (tmp_path / "numbered.csv").write_text("\n".join(reversed(numbered)))
    (tmp_path / "headed.csv").write_text("\n".join(["id,true_0", *numbered]))
    expected = json.loads(cli("score", path, "--dataset", "digits", "--json").out)
    area = roc_auc_score(np.eye(10, dtype=int)[labels[:, 0]], scores)
    assert expected["auc"]["estimate"] == pytest.approx(area, rel=1e-14)
    assert expected["labels"] == "digits test"
    for name in ("flat.npy", "table.npy", "column.csv", "numbered.csv", "headed.csv"):
        found = json.loads(cli("score", path, "--labels", tmp_path / name, "--json").out)
        assert found["auc"]["low"] == expected["auc"]["low"]
        assert found["acc"] == expected["acc"]


def test_the_bootstrap_is_seeded(cli: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", random_scores(2), random_labels(1))
    args = ("score", path, "--method", "bootstrap", "--json")
    first, second, other = cli(*args), cli(*args), cli(*args, "--seed", 1)
    assert first.out == second.out != other.out
    assert json.loads(first.out)["auc"]["method"] == "bootstrap"


def test_two_classes_with_a_score_each_can_be_multi_class(cli: Any, tmp_path: Path) -> None:
    labels, scores = random_labels(1), random_scores(2)
    path = write(tmp_path / "scores.csv", scores, labels)
    found = json.loads(cli("score", path, "--task", "multi-class", "--json").out)
    assert len(found["auc"]["per_class"]) == 2
    assert found["acc"] == accuracy(labels, scores, "multi-class")


def test_logits_are_noted(cli: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", random_scores(1) * 8 - 4, random_labels(1))
    assert "no probabilities" in cli("score", path).out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows"),
        ("id,true_0,score_0\n", "no rows"),
        ("0.5\n0.2\n", "a single column"),
        ("0,0.5\n1,x\n", "line 2, column 2: expected a number, came 'x'"),
        ("id,true_0,score_0\n0,1,0.5\n1,0\n", "line 3: expected 3 columns as above, came 2"),
        ("0;0.5\n1;0.2\n", "line 1: expected commas between the columns, came semicolons"),
        ("0\t0.5\n1\t0.2\n", "came tabs"),
        ("\n0,0.5\n1,1_0\n", "line 3, column 2: expected a number, came '1_0'"),
        ("0,0.5\n0,0.5\n", "sample 0 is there twice"),
        ("0,0.5\n2,0.5\n", "sample 1 is missing"),
        ("0.5,0.5\n1,0.5\n", "whole numbers"),
        ("id,true_0,score_0\n0,0.5,0.5\n1,0,0.1\n", "label 0 is 0.5"),
        ("id,true_0,points\n0,1,0.5\n", "the heading is 'id,true_0,points'"),
        ("id,true_0,score_0\n0,1\n1,1\n", "the heading has 3 columns, the rows have 2"),
        ("id,true_0,score_0\n0,1,nan\n1,0,0.5\n", "NaN"),
        ("id,true_0,score_0\n0,2,0.3\n1,0,0.5\n", "is 2"),
        ("id,true_0,score_0,score_1,score_2\n0,3,1,0,0\n1,0,0,0,1\n", "is 3"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    cli: Any, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "scores.csv"
    path.write_text(text)
    np.save(tmp_path / "labels.npy", [0, 1])
    extra = () if text.startswith("id") else ("--labels", tmp_path / "labels.npy")
    done = cli("score", path, *extra)
    assert done.code == 1
    assert done.out == ""
    assert message in done.err


def test_blank_lines_quotes_and_windows_line_ends_are_read(cli: Any, tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("id,true_0,score_0\n0,1,0.5\n1,0,0.7\n2,0,0.2\n")
    odd = tmp_path / "odd.csv"
    odd.write_text('\n"id","true_0","score_0"\r\n0,1,5e-1\r\n\r\n1,0,0.7\r\n2,0,.2\r\n   \r\n')
    expected, found = (json.loads(cli("score", path, "--json").out) for path in (plain, odd))
    assert found | {"path": "", "labels": ""} == expected | {"path": "", "labels": ""}


def test_a_closed_output_is_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", random_scores(2), random_labels(1))
    command = [
        "sh",
        "-c",
        'exec "$@" >&-',
        "sh",
        sys.executable,
        "-m",
        "medfast.cli",
        "score",
        path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_wrong_with_the_call_is_said(cli: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", random_scores(2))
    labelled = write(tmp_path / "labelled.csv", random_scores(2), random_labels(1))
    labels = tmp_path / "labels.npy"
    np.save(labels, np.zeros(N, int))
    wrong_calls: list[tuple[tuple[object, ...], str]] = [
        ((path,), "--labels"),
        ((path, "--dataset", "digits", "--labels", labels), "both"),
        ((path, "--dataset", "digit"), "digits"),
        ((path, "--dataset", "digits", "--split", "tset"), "test"),
        ((path, "--dataset", "digits", "--task", "binary"), "multi-class"),
        ((path, "--dataset", "breastmnist", "--size", 30), "no size 30"),
        ((labelled, "--task", "binray"), "binary"),
        ((labelled, "--level", 95), "level"),
        ((labelled, "--level", 0.9999999999999999), "level"),
        ((labelled, "--seed", -1), "--seed"),
        ((labelled, "--method", "delnog"), "delong"),
    ]
    for args, message in wrong_calls:
        done = cli("score", *args)
        assert done.code == 2, (args, done.err)
        assert message in done.err
    failures: list[tuple[tuple[object, ...], str]] = [
        ((tmp_path / "missing.csv",), "does not exist"),
        ((path, "--labels", tmp_path / "missing.npy"), "does not exist"),
        ((path, "--labels", path), "whole numbers"),
        ((path, "--dataset", "digits"), "right split"),
        ((path, "--dataset", "breastmnist", "--root", tmp_path), "medfast download breastmnist"),
        ((labelled, "--labels", labels), "are not those of"),
        ((labelled, "--compare", write(tmp_path / "three.csv", random_scores(3))), "same classes"),
        ((labelled, "--compare", tmp_path / "missing.csv"), "does not exist"),
        ((labelled, "--task", "multi-label"), "takes several labels"),
        (
            (
                write(tmp_path / "one.csv", random_scores(1), random_labels(1)),
                "--task",
                "multi-class",
            ),
            "takes one label, and a score for each class",
        ),
    ]
    for args, message in failures:
        done = cli("score", *args)
        assert done.code == 1, (args, done.err)
        assert message in done.err
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe0,1")
    assert "no table in text" in cli("score", tmp_path / "bytes.csv").err
    (tmp_path / "labels.npy").write_bytes(b"PK")
    assert "no .npy" in cli("score", path, "--labels", labels).err
    for shape in ((0,), (0, 3)):
        np.save(labels, np.zeros(shape))
        assert "holds no labels" in cli("score", path, "--labels", labels).err
    np.save(labels, np.array([object()]), allow_pickle=True)
    assert "no .npy" in cli("score", path, "--labels", labels).err
