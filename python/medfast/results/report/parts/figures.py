"""The parts in tables: AUC and ACC of every split and run, and what the splits hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.document.blocks import Block, Part, Text
from medfast.results.report.wording import INTERVAL, NONE, digits, interval, percent
from medfast.results.tables import Table, headings
from medfast.task import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from medfast.results.report.measures import Measures


def figures(prefix: str, by_split: Mapping[str, Measures]) -> Part:
    """Give AUC and ACC of every split with intervals, the published row, and those of each run."""
    test = by_split["test"]
    rows = [_row(split, found) for split, found in by_split.items()]
    published = test.published
    if published is not None:
        auc, acc = f"{published.auc:.3f}", f"{published.acc:.3f}"
        rows.append(("published (test)", NONE, auc, NONE, acc, NONE))
    means = f", means of {len(test.answers)} runs" if test.group.repeated else ""
    columns = headings(["split"], ["images", "AUC", INTERVAL, "ACC", INTERVAL])
    blocks: list[Block] = [Table(f"AUC and ACC{means}", columns, rows)]
    if test.group.repeated:
        blocks.append(_runs(test, by_split["val"]))
    blocks.append(Text(_explain(test)))
    if published is not None:
        runs = "" if published.runs is None else f"mean of {published.runs} runs; "
        enlarged = "" if published.enlarged is None else f"{published.enlarged}; "
        blocks.append(Text(f"Published: {runs}{enlarged}{published.source}."))
    return Part(f"{prefix}-figures", "Figures", tuple(blocks))


def _row(split: str, found: Measures) -> tuple[str, ...]:
    area, acc = found.areas.mean, found.acc
    count = f"{len(found.shown):,}"
    return (split, count, digits(area.value), interval(area), digits(acc.value), interval(acc))


def _runs(test: Measures, val: Measures) -> Table:
    rows = []
    for run, area, on_val, answers in zip(
        test.group.runs, test.areas_of_runs, val.areas.of_runs, test.answers, strict=True
    ):
        row = (
            f"{run.name} (shown below)" if run is test.group.shown else run.name,
            str(run.seed),
            f"{run.summary['chosen_epoch']} of {run.recipe.epochs}",
            digits(on_val),
            digits(area.mean.value),
            interval(area.mean),
            digits(float(answers.right.mean())),
        )
        rows.append(row)
    columns = headings(["run"], ["seed", "epoch", "val AUC", "test AUC", INTERVAL, "test ACC"])
    return Table("Each run by itself; the one shown below has the median AUC on val", columns, rows)


def _explain(found: Measures) -> str:
    decisions = "right yes-or-no decisions at 0.5" if found.shown.multi_label else "right decisions"
    mean = "" if found.dataset.task is Task.BINARY else ", the mean over the classes that have one"
    return (
        f"AUC: the area under the ROC curve{mean}. ACC: the share of {decisions}. "
        f"{_methods(found)} The network learned from train, val chose the epoch, and test was "
        "scored once, at the end."
    )


def _methods(found: Measures) -> str:
    several = found.group.repeated or found.shown.multi_label
    area = "DeLong's for the AUC"
    if found.group.repeated:
        area += ", with what the seeds add (Obuchowski and Rockette)"
    if found.areas.lone:
        area += ", and none where a class has a single image"
    acc = ", with one answer for each image" if several else ""
    return f"Intervals: {area}; Wilson's for the ACC{acc}."


def class_balance(prefix: str, found: Measures) -> Part:
    """Count the images of each class in each split."""
    dataset = found.dataset
    counts = {split: dataset.class_counts(split).tolist() for split in dataset.splits}
    rows, shares = [], []
    for column, name in enumerate(dataset.label_names):
        of_class = [of[column] / len(dataset.splits[split]) for split, of in counts.items()]
        cells = (
            f"{of[column]:,} ({percent(share)})"
            for of, share in zip(counts.values(), of_class, strict=True)
        )
        rows.append((name, *cells))
        shares.append((0.0, *of_class))
    rows.append(("all images", *(f"{len(split):,}" for split in dataset.splits.values())))
    shares.append((0.0,) * len(rows[-1]))
    several = "; an image may have several labels, or none" if found.shown.multi_label else ""
    columns = headings(["class"], list(counts))
    table = Table(f"Images of each class{several}", columns, rows, shares)
    return Part(f"{prefix}-balance", "Class balance", (table,))
