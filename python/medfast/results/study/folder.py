"""The folder of a study: its settings, its table of runs, and what came of each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from medfast.data.storage import storage_error, write_text
from medfast.errors import CheckpointError, ConfigError
from medfast.results.study.plan import PlannedRun, Settings
from medfast.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


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
        """The findings, to be read."""
        return self.path / "STUDY.md"

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
            found = json.loads(self.plan.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise storage_error("read", self.plan, error) from error
        except ValueError as error:
            raise CheckpointError(f"{self.plan} is not JSON ({error}); restore the file") from error
        try:
            settings = Settings(**_tuples(found["settings"]))
            rows = tuple(PlannedRun(**_row(row)) for row in found["runs"])
            errors = {row["name"]: row["error"] for row in found["runs"] if row["error"]}
        except (KeyError, TypeError) as error:
            raise CheckpointError(
                f"{self.plan} is no plan of a study ({error!r}); restore the file"
            ) from error
        return settings, rows, errors

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


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(PlannedRun)}
    return {key: value for key, value in _tuples(found).items() if key in names}


def _tuples(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
