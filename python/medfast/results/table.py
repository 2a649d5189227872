"""A run's figures on the terminal, the published ones beside them."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from medfast.results.published import published_score

if TYPE_CHECKING:
    from medfast.metrics import RocAucInterval
    from medfast.results.published import PublishedScore
    from medfast.results.score import Score
    from medfast.training.evaluation import RunEvaluation
    from medfast.training.run import Result
    from medfast.training.seeds import Repeats


def describe_result(result: Result) -> dict[str, Any]:
    """Put a run's folder, its summary and the published row in values that JSON can hold.

    Parameters
    ----------
    result : Result
        Of `medfast.training.run.train`.
    """
    published = _published(result.summary)
    return {
        "run": str(result.folder),
        **result.summary,
        "published_test": None if published is None else asdict(published),
    }


def print_result(result: Result) -> None:
    """Print AUC and ACC of each split, the published test row, and what to know of them.

    Parameters
    ----------
    result : Result
        Of `medfast.training.run.train`.
    """
    from rich.console import Console
    from rich.table import Table

    summary = result.summary
    table = Table(box=None)
    table.add_column("split", no_wrap=True)
    for column in ("images", "AUC", "ACC"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, split in summary["splits"].items():
        table.add_row(name, f"{split['images']:,}", _digits(split["auc"]), _digits(split["acc"]))
    published = _published(summary)
    if published is not None:
        table.add_row("published", "", f"{published.auc:.3f}", f"{published.acc:.3f}")

    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    chosen = "validation AUC" if summary["chosen_by"] == "val_auc" else "validation loss"
    console.print(
        f"{summary['model']} on {summary['dataset']}, recipe {summary['recipe']}, "
        f"seed {summary['seed']}; epoch {summary['chosen_epoch']} of {summary['epochs']} "
        f"by {chosen}; {summary['train_seconds']:.0f} s",
        markup=False,
    )
    for name, split in summary["splits"].items():
        for line in _absences(name, split):
            console.print(line, markup=False)
    if published is not None:
        console.print(_origin(published), markup=False)
    console.print(f"run: {result.folder}", markup=False)


def describe_repeats(repeats: Repeats) -> dict[str, Any]:
    """Put the runs of several seeds, their mean and the published row in values for JSON.

    Parameters
    ----------
    repeats : Repeats
        Of `medfast.training.seeds.train_seeds`.
    """
    published = _published(repeats.summary)
    return {
        "folder": str(repeats.folder),
        "runs": [str(run.folder) for run in repeats.runs],
        **repeats.summary,
        "published_test": None if published is None else asdict(published),
    }


def print_repeats(repeats: Repeats) -> None:
    """Print mean, standard deviation and interval over seeds of each split's AUC and ACC.

    Parameters
    ----------
    repeats : Repeats
        Of `medfast.training.seeds.train_seeds`.
    """
    from rich.console import Console
    from rich.table import Table

    summary = repeats.summary
    published = _published(summary)
    table = Table(box=None)
    table.add_column("split", no_wrap=True)
    percent = f"{100 * summary['level']:g} % interval"
    for column in ("", "mean", "std", percent, "published" if published else ""):
        table.add_column(column, justify="right", no_wrap=True)
    for name, split in summary["splits"].items():
        for key in ("auc", "acc"):
            beside = f"{getattr(published, key):.3f}" if published and name == "test" else ""
            table.add_row(name, key.upper(), *_spread(split[key]), beside)

    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    seeds = ", ".join(map(str, summary["seeds"]))
    console.print(
        f"{summary['model']} on {summary['dataset']}, recipe {summary['recipe']}, "
        f"epochs {summary['epochs']}, seeds {seeds}; the interval is Student's, of the mean over "
        "seeds: it tells nothing of other images",
        markup=False,
    )
    for name, split in repeats.runs[0].summary["splits"].items():
        for line in _absences(name, split):
            console.print(line, markup=False)
    if published is not None:
        console.print(_origin(published), markup=False)
    console.print(f"runs: {repeats.folder}", markup=False)


def print_evaluation(evaluation: RunEvaluation) -> None:
    """Print AUC and ACC of a split, beside those that the run recorded.

    Parameters
    ----------
    evaluation : RunEvaluation
        Of `medfast.training.evaluation.evaluate_run`.
    """
    figures, recorded = evaluation.metrics, evaluation.recorded
    print(  # noqa: T201
        f"{evaluation.dataset} {evaluation.split} ({figures['images']:,} images): "
        f"AUC {_digits(figures['auc'])} ACC {_digits(figures['acc'])}"
    )
    for line in _absences(evaluation.split, figures):
        print(line)  # noqa: T201
    if recorded is not None:
        same = all(figures[key] == recorded[key] for key in ("auc", "acc"))
        agreement = "the same" if same else "not the same"
        print(  # noqa: T201
            f"recorded by the run: AUC {_digits(recorded['auc'])} ACC {_digits(recorded['acc'])} "
            f"({agreement} to the last digit)"
        )


def print_score(score: Score) -> None:
    """Print what a file of scores comes to.

    Parameters
    ----------
    score : Score
        Of `medfast.results.score.score_predictions`.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    task = score.task.value
    console.print(f"{score.labels}, {task}, {score.n_samples:,} samples", markup=False)
    percent = f"{100 * score.auc.level:g} % interval"
    table = Table(box=None)
    table.add_column("class", no_wrap=True)
    for column in ("positives", "AUC", percent):
        table.add_column(column, justify="right", no_wrap=True)
    for part, positives in zip(score.auc.per_class, score.positives, strict=False):
        table.add_row(escape(str(part.name)), f"{positives:,}", *_interval(part))
    if score.auc.per_class:
        left = len(score.auc.per_class) - len(score.auc.left_out)
        table.add_row(f"mean of {left}", "", *_interval(score.auc))
    else:
        name, positives = score.class_names[1], score.positives[1]
        table.add_row(escape(name), f"{positives:,}", *_interval(score.auc))
    console.print(table)
    console.print(f"ACC {_digits(score.acc)}", markup=False)
    if score.absent_classes:
        names = ", ".join(score.absent_classes)
        console.print(f"no AUC for {names}: no sample, or every sample, is of it", markup=False)
    if score.comparison is not None:
        comparison = score.comparison
        console.print(f"against {comparison.path}, ACC {_digits(comparison.acc)}:", markup=False)
        console.print(str(comparison.test), markup=False)
    for note in score.notes:
        console.print(f"note: {note}", markup=False)


def _interval(part: RocAucInterval) -> tuple[str, str]:
    if math.isnan(part.estimate):
        return "undefined", ""
    if math.isnan(part.low):
        return f"{part.estimate:.4f}", "undefined"
    return f"{part.estimate:.4f}", f"[{part.low:.4f}, {part.high:.4f}]"


def _spread(figure: dict[str, Any]) -> tuple[str, str, str]:
    mean, std, interval = figure["mean"], figure["std"], figure["interval"]
    if std is None:
        return _digits(mean), "", ""
    return f"{mean:.4f}", f"{std:.4f}", f"[{interval[0]:.4f}, {interval[1]:.4f}]"


def _published(summary: dict[str, Any]) -> PublishedScore | None:
    from medfast.training.recipe import stem_for_size  # needs yaml, which `score` does without

    usual = stem_for_size(summary["input_size"])
    if not summary["official"] or summary.get("stem", usual) != usual:
        return None
    return published_score(summary["dataset"], summary["model"], summary["input_size"])


def _origin(published: PublishedScore) -> str:
    runs = [] if published.runs is None else [f"mean of {published.runs} runs"]
    enlarged = [] if published.enlarged is None else [published.enlarged]
    return f"published: {', '.join(['test', *runs, *enlarged])}; {published.source}"


def _absences(name: str, split: dict[str, Any]) -> list[str]:
    absent = split["absent_classes"]
    if not absent:
        return []
    if split["auc"] is None:
        return [f"{name} has no AUC: no class has samples of both kinds"]
    left = len(split["per_class_auc"]) - len(absent)
    return [f"{name} cannot rank {', '.join(absent)}; its AUC is the mean over the other {left}"]


def _digits(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
