"""From the runs of a study to its findings: a page, the same in Markdown, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from medfast.results.document.writing import write_document
from medfast.results.study.evidence import FinishedRuns, gather
from medfast.results.study.pages import PAGES
from medfast.results.study.sections import describe
from medfast.training.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from medfast.results.study.evidence import ArmResult
    from medfast.results.study.page import Page
    from medfast.results.study.runner import Study


def write_findings(study: Study, *, root: str | PathLike[str] | None = None) -> None:
    """Write ``STUDY.html``, ``STUDY.md`` with its pictures, and ``STUDY.json``.

    They are of the runs that are finished. Earlier files are replaced together, or not at all.

    Parameters
    ----------
    study : Study
    root : path, optional
        The folder of official files; see `medfast.results.runs.FinishedRun.dataset`.

    Raises
    ------
    CheckpointError
        If a file of a finished run is missing or damaged.
    StorageError
        If the findings cannot be written.
    """
    finished = FinishedRuns(study, root)
    pages = [
        PAGES[question.name](gather(question, study, finished)) for question in study.settings.asked
    ]
    numbers = json.dumps(_numbers(study, pages), indent=1, allow_nan=False, ensure_ascii=False)
    document = describe(study, finished, pages)
    others = {study.folder.numbers: f"{numbers}\n".encode()}
    write_document(document, study.folder.findings, others)


def _numbers(study: Study, pages: list[Page]) -> dict[str, Any]:
    rows = [
        {
            "run": row.name,
            "questions": row.questions,
            "dataset": row.dataset,
            "treatment": row.treatment,
            "changes": row.changes,
            "seed": row.seed,
            "state": "failed" if row.name in study.errors else study.folder.state(row),
            "error": study.errors.get(row.name),
        }
        for row in study.rows
    ]
    found = {
        "settings": study.settings,
        "runs": rows,
        "questions": {page.evidence.question.name: _page(page) for page in pages},
    }
    numbers: dict[str, Any] = plain(found)
    return numbers


def _page(page: Page) -> dict[str, Any]:
    evidence = page.evidence
    return {
        "asked": evidence.question.asked,
        "answers": page.answers,
        "notes": (*page.notes, *evidence.notes),
        "left_out": evidence.left_out,
        "sets": {
            one.flag: {
                "images": one.images,
                "train_images_of_the_set": one.whole,
                "missing": one.missing,
                "arms": {arm.label: _arm(arm) for arm in one.arms},
            }
            for one in evidence.sets
        },
        "means": evidence.means,
        "contrasts": evidence.contrasts,
        "secondary": evidence.secondary,
        **page.numbers,
    }


def _arm(arm: ArmResult) -> Mapping[str, Any]:
    return {
        "treatment": arm.treatment,
        "candidates": arm.candidates,
        "seeds": arm.seeds,
        "runs": [run.name for run in arm.runs],
        "auc": arm.auc,
        "acc": arm.acc,
    }
