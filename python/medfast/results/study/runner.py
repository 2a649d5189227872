"""Training the runs of a study, whatever interrupts it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medfast.errors import ConfigError, MedfastError
from medfast.results.study.folder import StudyFolder
from medfast.results.study.plan import FULL, QUICK, PlannedRun, Settings, plan_runs
from medfast.results.study.questions import find_questions
from medfast.results.study.sets import check_names, open_sets
from medfast.training.device import choose_compute
from medfast.training.run import Result, resume, train
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from medfast.data.dataset import Dataset
    from medfast.results.study.progress import RunProgress, StudyProgress
    from medfast.results.study.sets import OpenSet, StudySet


@dataclass(frozen=True)
class Request:
    """What a caller wants of a study; what is left out is as the folder says, or by default.

    Attributes
    ----------
    questions : tuple of str
        Names or letters; those of a study in the folder are kept.
    quick : bool or None
    datasets : tuple of str
    seeds : tuple of int or None
    epochs : int or None
    """

    questions: tuple[str, ...] = ()
    quick: bool | None = None
    datasets: tuple[str, ...] = ()
    seeds: tuple[int, ...] | None = None
    epochs: int | None = None


@dataclass(frozen=True)
class Study:
    """A study as its folder has it.

    Attributes
    ----------
    folder : StudyFolder
    settings : Settings
    rows : tuple of PlannedRun
    errors : mapping of str to str
        Why runs failed, by their names.
    sets : mapping of str to StudySet
        By flag.
    """

    folder: StudyFolder
    settings: Settings
    rows: tuple[PlannedRun, ...]
    errors: Mapping[str, str]
    sets: Mapping[str, StudySet]


def open_study(
    out: str | PathLike[str],
    request: Request,
    *,
    root: str | PathLike[str] | None,
    open_set: OpenSet,
    existing: bool = False,
) -> Study:
    """Plan a study, or read the one in the folder; nothing is trained.

    Parameters
    ----------
    out : path
        A folder that is new or empty, or holds a study.
    request : Request
    root : path or None
        See `medfast.data.root.data_root`.
    open_set : callable
        Opens the set of a flag and a size.
    existing : bool
        Whether the folder must hold a study already.

    Raises
    ------
    ConfigError
        If a question or set is unknown, a set holds volumes, or the folder holds a study of other
        settings, something else, or no study where there must be one.
    MedfastError
        As `medfast.data.dataset.open_dataset`; if the folder cannot be read or written.
    """
    folder = StudyFolder(Path(out))
    recorded = folder.read()
    if existing and recorded is None:
        raise ConfigError(f"{folder.path} holds no study; leave --findings-only out to begin one")
    settings = _settle(folder, request, recorded[0] if recorded else None)
    folder.create()
    sets = open_sets(settings, folder.data, root, open_set)
    rows = plan_runs(settings, [one.facts for one in sets.values()])
    errors = recorded[2] if recorded else {}
    if recorded:
        rows = _extended(folder, recorded[1], rows)
    return Study(folder, settings, rows, errors, sets)


def run_study(study: Study, *, device: str, progress: StudyProgress) -> Study:
    """Train the runs that are not finished; one that fails does not stop the rest.

    A run whose process ended early goes on where it was, by `medfast.training.run.resume`. Its
    checkpoints are removed once it is finished: what is kept are scores and histories.

    Parameters
    ----------
    study : Study
    device : str
        See `medfast.training.device.choose_compute`; runs that were begun stay on theirs.
    progress : StudyProgress

    Returns
    -------
    Study
        With the errors of the runs that failed.

    Raises
    ------
    ConfigError
        If the device is not there, or another process is at this study.
    StorageError
        If the table of runs cannot be written.
    """
    precision = _precision(study, device)
    folder, errors = study.folder, {}
    with RunFolder(folder.path).exclusive():
        folder.write(study.settings, study.rows, study.errors)
        progress.start(study.rows, [row for row in study.rows if folder.state(row) != "finished"])
        try:
            for row in study.rows:
                if folder.state(row) != "finished":
                    error = _train(study, row, progress, {"device": device, "precision": precision})
                    if error is not None:
                        errors[row.name] = error
                    folder.write(study.settings, study.rows, errors)
                for weights in (folder.run(row).last, folder.run(row).best):
                    if folder.state(row) == "finished":
                        weights.unlink(missing_ok=True)
        except KeyboardInterrupt:
            progress.note(f"go on with: medfast study --out {shlex.quote(str(folder.path))}")
            raise
        finally:
            progress.stop()
    return replace(study, errors=errors)


def _precision(study: Study, device: str) -> str:
    """Return that of the runs on this device: timed anew, another one might be faster."""
    chosen = str(choose_compute(device, "fp32").device)
    for row in study.rows:
        if study.folder.state(row) != "planned":
            environment = study.folder.run(row).read_environment()
            if environment["device"] == chosen:
                return str(environment["precision"])
    return "auto"


def _train(
    study: Study, row: PlannedRun, progress: StudyProgress, compute: Mapping[str, Any]
) -> str | None:
    """Train a run, or go on with it; return why it failed, if it did."""
    told = progress.run(row)
    try:
        result = _begin_or_resume(study, row, told, compute)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other runs go on
        message = " ".join(str(error).replace(f"{study.folder.path}/", "").split())
        if not isinstance(error, MedfastError):
            message = f"{type(error).__name__}: {message}"
        progress.done(row, message, told.left)
        return message
    progress.done(row, result, told.left)
    return None


def _begin_or_resume(
    study: Study, row: PlannedRun, told: RunProgress, compute: Mapping[str, Any]
) -> Result:
    dataset: Dataset = study.sets[row.dataset].files[row.size]
    path = study.folder.run(row).path
    if study.folder.state(row) == "begun":
        return resume(path, dataset=dataset, progress=told)
    return train(row.recipe(), dataset, path, progress=told, **compute)


def _settle(folder: StudyFolder, request: Request, recorded: Settings | None) -> Settings:
    if request.epochs is not None and request.epochs < 1:
        raise ConfigError(f"epochs must be at least 1; got {request.epochs}")
    asked = tuple(question.name for question in find_questions(request.questions))
    given: dict[str, Any] = {
        "quick": request.quick,
        "datasets": check_names(request.datasets) or None,
        "seeds": request.seeds,
        "epochs": request.epochs,
    }
    given = {key: value for key, value in given.items() if value is not None}
    if recorded is None:
        scale = QUICK if request.quick else FULL
        defaults = {"datasets": scale.datasets, "seeds": scale.seeds, "epochs": scale.epochs}
        return Settings(**{"quick": False, **defaults, **given, "questions": asked})
    for key, value in given.items():
        was = getattr(recorded, key)
        if value != was:
            raise ConfigError(
                f"{folder.path} holds a study with {key} {_words(was)}; got {_words(value)}; "
                "leave that out to go on with it, or choose another folder"
            )
    if not request.questions:
        return recorded
    together = find_questions([*recorded.questions, *asked])
    return replace(recorded, questions=tuple(question.name for question in together))


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _extended(
    folder: StudyFolder, recorded: Sequence[PlannedRun], planned: Sequence[PlannedRun]
) -> tuple[PlannedRun, ...]:
    """Return the runs planned now, if they agree with those that the folder has."""
    before = {row.name: row for row in recorded}
    for row in planned:
        was = before.get(row.name)
        if was is not None and dict(was.changes) != dict(row.changes):
            raise ConfigError(
                f"{folder.plan} is of another version of medfast: {row.name} was trained with "
                f"{dict(was.changes)}, and would be with {dict(row.changes)}; choose another folder"
            )
    return tuple(planned)
