"""ResNet-18 against deeper ones: how well they rank, what they cost, how they overfit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.results.repeats import compare_values
from medfast.results.study.evidence import Contrast, corrected
from medfast.results.study.histories import best_val_auc, epochs_within, total_seconds
from medfast.results.study.networks import operations
from medfast.results.study.page import Page, answers, basic_tables, mean_and_std, table_of_contrasts
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from medfast.results.runs import FinishedRun
    from medfast.results.study.evidence import ArmResult, Evidence, SetEvidence

# What is tested over seeds, beside the AUC.
_TESTED = ("AUC gap", "loss gap", "gradient norm")


def page(evidence: Evidence) -> Page:
    """Write the page."""
    tests = corrected(list(_tests(evidence)))
    return Page(
        evidence,
        answers=(
            *answers(evidence.contrasts),
            *(sentence for of in _TESTED for sentence in _of(tests, of)),
            *(sentence for one in evidence.sets for sentence in _costs(one)),
            *(sentence for one in evidence.sets for sentence in _at_equal_time(one)),
        ),
        tables=(
            *basic_tables(evidence, ("parameters", "operations"), _size),
            _table_of_overfitting(evidence),
            table_of_contrasts(tests, "Over seeds, on these images alone"),
            _table_of_training(evidence),
            _table_of_equal_time(evidence),
        ),
        notes=(
            "AUC gap: train less test. Loss gap: test less train. Both are of the weights that "
            "validation chose. Gradient norm: mean over the steps of the whole run.",
            "At equal epochs, all arms have as many, and the best on validation counts.",
            "At equal time, the fastest arm of a set sets the time. An arm finishes the epochs of "
            "its mean duration that fit into it, and what counts is the best validation AUC of "
            "these: test was scored once, at the end. There is no test of it, and the times are "
            "those of this machine.",
            "parameters in millions; operations on one image in 10^9, two for a multiplication and "
            "a sum.",
        ),
        numbers={
            "over_seeds": tests,
            "runs": {
                one.flag: {arm.label: [_measures(run) for run in arm.runs] for arm in one.arms}
                for one in evidence.sets
            },
            "operations": {
                one.flag: {arm.label: operations(arm.runs[0]) for arm in one.arms}
                for one in evidence.sets
            },
            "at_equal_time": {
                one.flag: {arm.label: _reached(arm, _shortest(one)) for arm in one.arms}
                for one in evidence.sets
                if one.arms
            },
        },
    )


def _of(tests: Sequence[Contrast], of: str) -> Iterator[str]:
    known = [test for test in tests if test.of == of and not math.isnan(test.p_holm)]
    return answers(known, of)


def _measures(run: FinishedRun) -> dict[str, float]:
    """Return what a run measured, by name."""
    found: dict[str, float] = {}
    for split in ("train", "val", "test"):
        figures = run.figures(split)
        for key in ("auc", "loss"):
            value = figures.get(key)
            found[f"{split} {key}"] = math.nan if value is None else float(value)
    found[_TESTED[0]] = found["train auc"] - found["test auc"]
    found[_TESTED[1]] = found["test loss"] - found["train loss"]
    norms = [row.grad_norm for row in run.history]
    found[_TESTED[2]] = float(np.mean(norms))
    found["gradient norm, first epoch"], found["gradient norm, last epoch"] = norms[0], norms[-1]
    found["seconds"] = total_seconds(run.history)
    found["images per second"] = float(
        np.mean([row.train_images_per_second for row in run.history])
    )
    return found


def _values(arm: ArmResult, measure: str) -> list[float]:
    return [_measures(run)[measure] for run in arm.runs]


def _tests(evidence: Evidence) -> Iterator[Contrast]:
    for one in evidence.sets:
        for first, second in evidence.question.pairs:
            a, b = one.arm(first), one.arm(second)
            if a is None or b is None:
                continue
            for of in _TESTED:
                found = compare_values(_values(a, of), _values(b, of))
                yield Contrast(one.flag, first, second, of, found)


def _size(arm: ArmResult) -> tuple[str, str]:
    run = arm.runs[0]
    return f"{run.summary['parameters'] / 1e6:.1f}", f"{operations(run) / 1e9:.2f}"


def _table_of_overfitting(evidence: Evidence) -> Table:
    measures = (
        *(f"{split} auc" for split in ("train", "val", "test")),
        _TESTED[0],
        *(f"{split} loss" for split in ("train", "val", "test")),
        _TESTED[1],
    )
    names = [name.replace(" auc", " AUC") for name in measures]
    return _table(evidence, "Overfitting: mean and deviation over runs", measures, names)


def _table_of_training(evidence: Evidence) -> Table:
    measures = (
        "gradient norm",
        "gradient norm, first epoch",
        "gradient norm, last epoch",
        "seconds",
        "images per second",
    )
    return _table(evidence, "Training: mean and deviation over runs", measures, measures, digits=2)


def _table(
    evidence: Evidence, title: str, measures: Sequence[str], names: Sequence[str], digits: int = 3
) -> Table:
    columns = headings(["set", "arm"], names)
    rows = [
        (one.flag, arm.label, *(mean_and_std(_values(arm, name), digits) for name in measures))
        for one in evidence.sets
        for arm in one.arms
    ]
    return Table(title, columns, rows)


def _costs(one: SetEvidence) -> Iterator[str]:
    if not one.arms:
        return
    base = one.arms[0]
    seconds = float(np.mean(_values(base, "seconds")))
    for arm in one.arms[1:]:
        times: dict[str, Any] = {
            "parameters": arm.runs[0].summary["parameters"] / base.runs[0].summary["parameters"],
            "operations": operations(arm.runs[0]) / operations(base.runs[0]),
            "time": float(np.mean(_values(arm, "seconds"))) / seconds,
        }
        ratios = ", ".join(f"{ratio:.2f} times the {what}" for what, ratio in times.items())
        yield f"{one.flag}: {arm.label} takes {ratios} of {base.label}."


def _shortest(one: SetEvidence) -> float:
    return min(float(np.mean(_values(arm, "seconds"))) for arm in one.arms)


def _reached(arm: ArmResult, seconds: float) -> dict[str, Any]:
    """Return what an arm comes to in a time."""
    epochs = epochs_within(arm.runs, seconds)
    return {
        "seconds": seconds,
        "epochs": epochs,
        "val_auc": [best_val_auc(run.history, epochs) for run in arm.runs],
    }


def _at_equal_time(one: SetEvidence) -> Iterator[str]:
    if len(one.arms) < 2:
        return
    seconds, said = _shortest(one), []
    for arm in one.arms:
        found = _reached(arm, seconds)
        said.append(
            f"{arm.label} finishes {found['epochs']} of {len(arm.runs[0].history)} epochs, "
            f"with a best validation AUC of {mean_and_std(found['val_auc'])}"
        )
    yield f"{one.flag}: in {seconds:.1f} s, {'; '.join(said)}."


def _table_of_equal_time(evidence: Evidence) -> Table:
    columns = headings(["set", "arm"], ["seconds", "epochs finished", "of", "best val AUC"])
    rows = []
    for one in evidence.sets:
        for arm in one.arms:
            found = _reached(arm, _shortest(one))
            rows.append(
                (
                    one.flag,
                    arm.label,
                    f"{found['seconds']:.1f}",
                    str(found["epochs"]),
                    str(len(arm.runs[0].history)),
                    mean_and_std(found["val_auc"]),
                )
            )
    return Table("At equal time: mean and deviation over runs", columns, rows)
