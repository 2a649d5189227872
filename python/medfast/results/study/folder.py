"""The folder of a study: its settings, its table of runs, and what came of each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from medfast.data.storage import storage_error, write_text
from medfast.errors import CheckpointError, ConfigError
from medfast.results.study.plan import PlannedRun, Settings
from medfast.results.study.questions import find_questions
from medfast.results.study.sets import check_names
from medfast.training.fields import check_fields, read_json
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SETTINGS = {"quick": bool, "questions": [str], "datasets": [str], "seeds": [int], "epochs": int}
_RUN = {
    "name": str,
    "questions": [str],
    "dataset": str,
    "size": int,
    "treatment": str,
    "changes": dict,
    "seed": int,
    "cost": float,
    "error": str | None,
}


@dataclass(frozen=True)
class StudyFolder:
    """Paths in a study's folder, and the table of runs."""

    path: Path

    @property
    def plan(self) -> Path:
        """The settings, and a row for each run."""
        return self.path / "plan.json"

    @property
    def data(self) -> Path:
        """Folder of the parts of sets that a quick study trains on."""
        return self.path / "data"

    @property
    def findings(self) -> Path:
        """The findings, to be read: a page of HTML, with ``STUDY.md`` beside it."""
        return self.path / "STUDY.html"

    @property
    def numbers(self) -> Path:
        """The findings, for programs."""
        return self.path / "STUDY.json"

    def run(self, row: PlannedRun) -> RunFolder:
        """Return where a run is, or will be."""
        return RunFolder(self.path / "runs" / row.name)

    def state(self, row: PlannedRun) -> str:
        """Say how far a run is: ``finished``, ``begun`` or ``planned``."""
        folder = self.run(row)
        if folder.summary.exists():
            return "finished"
        return "begun" if folder.has_begun else "planned"

    def create(self) -> None:
        """Make the folder, if it is not there.

        Raises
        ------
        ConfigError
            If there is something else in it.
        StorageError
            If it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # A call that was killed before it had written the plan leaves data and hidden files.
            names = [entry.name for entry in self.path.iterdir()]
        except OSError as error:
            raise storage_error("created", self.path, error) from error
        occupied = any(name != "data" and not name.startswith(".") for name in names)
        if occupied and not self.plan.exists():
            raise ConfigError(
                f"{self.path} is not empty, and holds no study; choose another folder"
            )

    def read(self) -> tuple[Settings, tuple[PlannedRun, ...], dict[str, str]] | None:
        """Read settings, table and the errors of failed runs; None where there is no study.

        Raises
        ------
        CheckpointError
            If the file is damaged.
        StorageError
            If it cannot be read.
        """
        try:
            found = read_json(self.plan)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise storage_error("read", self.plan, error) from error
        check_fields(self.plan, found, {"settings": dict, "runs": [dict]})
        check_fields(self.plan, found["settings"], _SETTINGS, " of the settings")
        for number, row in enumerate(found["runs"], 1):
            check_fields(self.plan, row, _RUN, f" of run {number}")
        settings = Settings(**_known(Settings, found["settings"]))
        self._refuse_settings_of_no_study(settings)
        rows = tuple(PlannedRun(**_known(PlannedRun, row)) for row in found["runs"])
        errors = {row["name"]: row["error"] for row in found["runs"] if row["error"]}
        return settings, rows, errors

    def _refuse_settings_of_no_study(self, settings: Settings) -> None:
        sound = {
            "questions": len(settings.questions) > 0,
            "datasets": len(settings.datasets) > 0,
            "seeds": min(settings.seeds, default=-1) >= 0,
            "epochs": settings.epochs >= 1,
        }
        for key, holds in sound.items():
            if not holds:
                raise CheckpointError(
                    f"{self.plan}: {key!r} of the settings is {getattr(settings, key)!r}, of which "
                    "there are no runs; restore the file"
                )
        try:
            find_questions(settings.questions)
            check_names(settings.datasets)
        except ConfigError as error:
            raise CheckpointError(f"{self.plan}: {error}; restore the file") from error

    def write(
        self, settings: Settings, rows: Sequence[PlannedRun], errors: Mapping[str, str]
    ) -> None:
        """Write settings, table and errors.

        Raises
        ------
        StorageError
            If the operating system refuses.
        """
        table = [{**asdict(row), "error": errors.get(row.name)} for row in rows]
        found = {"settings": asdict(settings), "runs": table}
        write_text(self.plan, json.dumps(found, indent=1, allow_nan=False) + "\n")


def _known(kind: type[Settings | PlannedRun], found: Mapping[str, Any]) -> dict[str, Any]:
    values = {item.name: found[item.name] for item in fields(kind)}
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
