"""The findings as one document in Markdown."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from medfast.data.catalog import CATALOG
from medfast.results.study.evidence import LEVEL
from medfast.results.study.histories import total_seconds
from medfast.results.study.progress import describe_time
from medfast.results.study.questions import QUESTIONS
from medfast.results.tables import Column, Table, p_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from medfast.results.study.evidence import Evidence, FinishedRuns
    from medfast.results.study.page import Page
    from medfast.results.study.runner import Study

_READING = (
    "The primary figure is the AUC on the test split, scored once with the weights of the epoch "
    "that validation chose. Every arm is reported; none is chosen by its test figures.",
    "AUC and ACC: mean and standard deviation over the runs, and an interval over images and seeds "
    "(Obuchowski and Rockette); over images alone where there is one run.",
    "Differences of the AUC: DeLong's variance over images, and what the seeds add where both arms "
    "have two runs or more (`seeds and images`); with a single run, the test is DeLong's and about "
    "these very networks. `Welch` is over seeds, on these images alone.",
    "Differences of the ACC are secondary: Holm's p is over those of a question, apart from the "
    "AUC's, and no sentence is made of them. With a single run, the test is McNemar's, or the sign "
    "test over images, and about these very networks.",
    "p is Holm's, over the comparisons of the AUC in a question; tests over seeds are corrected "
    f"among themselves. A difference is shown where p is below {1 - LEVEL:.2f}. Where it is not, "
    f"± is half the width of the {100 * LEVEL:g} % interval: a difference had to be about that "
    "large to show. That none is shown does not mean that there is none; where ± is large, the "
    "runs could not have shown one.",
)


def to_markdown(study: Study, finished: FinishedRuns, pages: Sequence[Page]) -> str:
    """Write the document.

    Parameters
    ----------
    study : Study
    finished : FinishedRuns
    pages : sequence of Page
    """
    text = ["# Study\n\n", *(f"{line}\n\n" for line in _summary(study, finished))]
    text += [_table_of_sets(study).markdown(), "\n", _table_of_pages(pages).markdown()]
    text.append("\n## How to read this\n\n")
    text += [f"- {line}\n" for line in _READING]
    for page in pages:
        text += _page(page)
    text += ["\n## The runs\n\n", _table_of_treatments(study).markdown(marked_up=True)]
    text += ["\n", *(f"- {line}\n" for line in _conditions(finished))]
    return "".join(text)


def command(study: Study) -> str:
    """Return the call that makes the study again."""
    settings = study.settings
    everything = len(settings.questions) == len(QUESTIONS)
    questions = () if everything else settings.questions
    words = ["medfast", "study", *questions, "--out", study.folder.path.resolve().name]
    if settings.quick:
        words.append("--quick")
    for flag in settings.datasets:
        words += ["--dataset", flag]
    words += ["--seeds", ",".join(map(str, settings.seeds)), "--epochs", str(settings.epochs)]
    return " ".join(words)


def _summary(study: Study, finished: FinishedRuns) -> Iterator[str]:
    states = [study.folder.state(row) for row in study.rows]
    seeds = ", ".join(map(str, study.settings.seeds))
    yield f"Made by `{command(study)}`: {states.count('finished')} of {len(states)} runs finished."
    yield (
        f"Each way to train has {len(study.settings.seeds)} run(s), of seeds {seeds}, and, where "
        f"it does not say otherwise, {study.settings.epochs} epochs of the recipe `official`"
        + "".join(f", {key} {value}" for key, value in study.settings.scale.changes.items())
        + "."
    )
    if study.settings.quick:
        yield (
            "**This is the quick study**: few epochs, and no more than "
            f"{study.settings.scale.train_images} training images of a set. It shows the method, "
            "and large effects; its networks are far from what a full study trains."
        )
    if len(study.settings.seeds) == 1:
        yield (
            "**One run each**: the tests are about these very networks, and say nothing of what "
            "other seeds would give. Two or more seeds tell ways to train apart."
        )
    failed = [f"`{name}`: {error}" for name, error in study.errors.items()]
    if failed:
        yield "**Failed runs**, which the findings are without:"
        yield "\n".join(f"- {line}" for line in failed)
    waiting = len(states) - states.count("finished") - len(failed)
    if waiting > 0:
        yield f"**{waiting} runs have not finished**: the same call goes on with them."
    if not finished.all():
        yield "No run has finished: there is nothing to find yet."


def _table_of_sets(study: Study) -> Table:
    rows = []
    for flag, one in study.sets.items():
        images = one.facts.images
        of = f" of {one.whole:,}" if images["train"] < one.whole else ""
        counts = (f"{images['train']:,}{of}", f"{images['val']:,}", f"{images['test']:,}")
        shows = CATALOG[flag].description if flag in CATALOG else ""
        official = "yes" if one.official else "no: figures on it are not MedMNIST's"
        rows.append((flag, shows, one.facts.task.value, *counts, official))
    columns = (
        *map(Column, ("set", "images", "task")),
        *(Column(name, right=True) for name in ("train", "val", "test")),
        Column("official file"),
    )
    return Table("", columns, rows)


def _table_of_pages(pages: Sequence[Page]) -> Table:
    columns = (
        Column("question"),
        Column("comparisons of AUC", right=True),
        Column("differences shown"),
        Column("smallest p (Holm)", right=True),
    )
    return Table("", columns, [_row_of_page(page.evidence) for page in pages])


def _row_of_page(evidence: Evidence) -> tuple[str, str, str, str]:
    question = evidence.question
    asked = f"({question.letter}) {question.title}: {question.asked}"
    known = [one.p_holm for one in evidence.contrasts if not math.isnan(one.p_holm)]
    if not known:
        return asked, "0", "nothing compared", ""
    shown = [
        f"{one.dataset}: {one.first} {'above' if one.difference.difference > 0 else 'below'} "
        f"{one.second}"
        for one in evidence.contrasts
        if one.shown
    ]
    return asked, str(len(known)), "; ".join(shown) or "none", p_value(min(known))


def _page(page: Page) -> Iterator[str]:
    evidence = page.evidence
    question = evidence.question
    yield f"\n## ({question.letter}) {question.title}\n\n{question.asked}\n\n"
    yield from (f"- {answer}\n" for answer in page.answers)
    if not page.answers:
        yield "- There are no two arms to compare.\n"
    for table in page.tables:
        if table.rows:
            yield f"\n{table.markdown()}"
    notes = [*page.notes, *(f"{note}." for note in evidence.notes)]
    notes += [
        f"{one.flag}: no finished run of {'; '.join(one.missing)}."
        for one in evidence.sets
        if one.missing
    ]
    if evidence.left_out:
        notes.append(f"Left to the full study: {'; '.join(evidence.left_out)}.")
    if notes:
        yield "\n"
        yield from (f"- {note}\n" for note in notes)


def _table_of_treatments(study: Study) -> Table:
    rows = []
    for name in dict.fromkeys(row.treatment for row in study.rows):
        these = [row for row in study.rows if row.treatment == name]
        done = sum(study.folder.state(row) == "finished" for row in these)
        changes = ", ".join(
            f"{key}: {json.dumps(value)}"
            for key, value in these[0].changes.items()
            if study.settings.scale.changes.get(key) != value
        )
        size = "" if these[0].size == 28 else f"files of {these[0].size} pixels, "
        questions = ", ".join(dict.fromkeys(q for row in these for q in row.questions))
        rows.append((name, f"{size}`{changes}`", questions, f"{done} of {len(these)}"))
    columns = (Column("treatment"), Column("recipe"), Column("serves"), Column("runs", right=True))
    return Table("", columns, rows)


def _conditions(finished: FinishedRuns) -> Iterator[str]:
    runs = finished.all()
    if not runs:
        return
    seconds = math.fsum(total_seconds(run.history) for run in runs)
    yield f"Training and validation took {describe_time(seconds)} in all."
    environments = [run.environment for run in runs]
    yield from sorted(
        {
            f"{one.get('device_name', one['device'])}, {one['precision']}, "
            f"{one['torch_threads']} thread(s)."
            for one in environments
        }
    )
    versions = {json.dumps(one.get("versions", {})) for one in environments}
    for one in sorted(versions):
        known = {name: version for name, version in json.loads(one).items() if version}
        if known:
            yield ", ".join(f"{name} {version}" for name, version in known.items()) + "."
