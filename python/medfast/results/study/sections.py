"""From the findings to the sections of the document."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from medfast.data.catalog import CATALOG
from medfast.results.document.blocks import (
    Block,
    Bullets,
    Chapter,
    Code,
    Document,
    Part,
    Section,
    Text,
)
from medfast.results.study.evidence import LEVEL
from medfast.results.study.histories import total_seconds
from medfast.results.study.page import PERCENT
from medfast.results.study.pictures import pictures_of
from medfast.results.study.progress import describe_time
from medfast.results.study.questions import QUESTIONS
from medfast.results.tables import Table, headings, p_value
from medfast.training.run_folder import stages

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
    "have two runs or more (seeds and images); with a single run, the test is DeLong's and about "
    "these very networks. Welch's is over seeds, on these images alone.",
    "Differences of the ACC are secondary: Holm's p is over those of a question, apart from the "
    "AUC's, and no sentence is made of them. With a single run, the test is McNemar's, or the sign "
    "test over images, and about these very networks.",
    "p is Holm's, over the comparisons of the AUC in a question; tests over seeds are corrected "
    f"among themselves. A difference is shown where p is below {1 - LEVEL:.2f}. Where it is not, "
    f"± is half the width of the {PERCENT}: a difference had to be about that "
    "large to show. That none is shown does not mean that there is none; where ± is large, the "
    "runs could not have shown one.",
)


def describe(study: Study, finished: FinishedRuns, pages: Sequence[Page]) -> Document:
    """Put together all that is to be said of a study.

    Parameters
    ----------
    study : Study
    finished : FinishedRuns
    pages : sequence of Page
    """
    return Document(
        title=f"Study: {', '.join(study.sets)}",
        sections=(_summary(study, finished, pages), *map(_section, pages), _runs(study, finished)),
    )


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


def _summary(study: Study, finished: FinishedRuns, pages: Sequence[Page]) -> Section:
    states = [study.folder.state(row) for row in study.rows]
    done = f"{states.count('finished')} of {len(states)} runs finished."
    seeds = ", ".join(map(str, study.settings.seeds))
    lead = (
        f"Each way to train has {len(study.settings.seeds)} run(s), of seeds {seeds}, and, where "
        f"it does not say otherwise, {study.settings.epochs} epochs of the recipe official"
        + "".join(f", {key} {value}" for key, value in study.settings.scale.changes.items())
        + "."
    )
    blocks: list[Block] = [Code(f"{done} Made by", command(study))]
    blocks += [Text(text, strong=True) for text in _reservations(study, finished, states)]
    if study.errors:
        blocks.append(Text("Failed runs, which the findings are without:", strong=True))
        blocks.append(Bullets(tuple(f"{name}: {error}" for name, error in study.errors.items())))
    blocks += [_table_of_sets(study), _table_of_pages(pages)]
    parts = (
        Part("summary-study", "The study", tuple(blocks)),
        Part("summary-reading", "How to read this", (Bullets(_READING),)),
    )
    return Section("summary", "Summary", lead, (Chapter("summary", "", parts),))


def _reservations(study: Study, finished: FinishedRuns, states: Sequence[str]) -> Iterator[str]:
    if study.settings.quick:
        yield (
            "This is the quick study: few epochs, and no more than "
            f"{study.settings.scale.train_images} training images of a set. It shows the method, "
            "and large effects; its networks are far from what a full study trains."
        )
    if len(study.settings.seeds) == 1:
        yield (
            "One run each: the tests are about these very networks, and say nothing of what other "
            "seeds would give. Two or more seeds tell ways to train apart."
        )
    waiting = len(states) - states.count("finished") - len(study.errors)
    if waiting > 0:
        yield f"{waiting} runs have not finished: the same call goes on with them."
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
    splits = ("train", "val", "test")
    columns = headings(["set", "images", "task"], splits, ["official file"])
    return Table("Sets, and images of each split", columns, rows)


def _table_of_pages(pages: Sequence[Page]) -> Table:
    columns = (
        *headings(["question"], ["comparisons of AUC"]),
        *headings(["differences shown"], ["smallest p (Holm)"]),
    )
    return Table("The answers in short", columns, [_row_of_page(page.evidence) for page in pages])


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


def _section(page: Page) -> Section:
    evidence = page.evidence
    question = evidence.question
    anchor = f"{question.letter}-{question.name}"
    answers = page.answers or ("There are no two arms to compare.",)
    notes = [*page.notes, *(f"{note}." for note in evidence.notes)]
    notes += [
        f"{one.flag}: no finished run of {'; '.join(one.missing)}."
        for one in evidence.sets
        if one.missing
    ]
    if evidence.left_out:
        notes.append(f"Left to the full study: {'; '.join(evidence.left_out)}.")
    parts: dict[str, tuple[Block, ...]] = {
        "Findings": (Bullets(answers),),
        "Pictures": (*pictures_of(evidence), *page.panels),
        "Tables": tuple(table for table in page.tables if table.rows),
        "Notes": (Bullets(tuple(notes)),) if notes else (),
    }
    shown = tuple(
        Part(f"{anchor}-{title.lower()}", title, blocks)
        for title, blocks in parts.items()
        if blocks
    )
    title = f"({question.letter}) {question.title}"
    return Section(anchor, title, question.asked, (Chapter(anchor, "", shown),))


def _runs(study: Study, finished: FinishedRuns) -> Section:
    parts = [Part("runs-treatments", "Treatments", (_table_of_treatments(study),))]
    conditions = tuple(_conditions(finished))
    if conditions:
        parts.append(Part("runs-conditions", "Conditions", (Bullets(conditions),)))
    lead = "Every way to train that a question needs, and what the runs were made with."
    return Section("runs", "The runs", lead, (Chapter("runs", "", tuple(parts)),))


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
        rows.append((name, f"{size}{changes}", questions, f"{done} of {len(these)}"))
    columns = headings(["treatment", "recipe", "serves"], ["runs"])
    return Table("What each changes in the recipe", columns, rows)


def _conditions(finished: FinishedRuns) -> Iterator[str]:
    runs = finished.all()
    if not runs:
        return
    seconds = math.fsum(total_seconds(run.history) for run in runs)
    yield f"Training and validation took {describe_time(seconds)} in all."
    environments = [stage for run in runs for stage in stages(run.environment)]
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
