"""Files of scores, in MedMNIST's format and under its names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from medfast.data.catalog import file_stem
from medfast.data.storage import write_text

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def prediction_file_name(
    flag: str, size: int, split: str, *, auc: float, acc: float, run: str
) -> str:
    """Name a file of scores as MedMNIST's evaluator does.

    Examples
    --------
    >>> prediction_file_name("breastmnist", 28, "test", auc=0.9012, acc=0.8639, run="first")
    'breastmnist_test_[AUC]0.901_[ACC]0.864@first.csv'
    >>> prediction_file_name("breastmnist", 64, "val", auc=1.0, acc=0.5, run="v1.2")
    'breastmnist_64_val_[AUC]1.000_[ACC]0.500@v1-2.csv'
    """
    return f"{file_stem(flag, size)}_{split}_[AUC]{auc:.3f}_[ACC]{acc:.3f}@{run_label(run)}.csv"


def run_label(name: str) -> str:
    """Rid a run's name of what ends it in the name of a file of scores.

    MedMNIST takes the run from between the last ``@`` and the next ``.``.

    Examples
    --------
    >>> run_label("first run, v1.2")
    'first-run-v1-2'
    """
    return re.sub(r"[^\w-]+", "-", name)


def write_scores(path: Path, scores: NDArray[np.float32]) -> None:
    """Write rows ``index,score,...``, each score with all the digits of its float32.

    Raises
    ------
    StorageError
        If the operating system refuses; nothing is left behind.
    """
    rows = (f"{index},{','.join(map(repr, row))}\n" for index, row in enumerate(scores.tolist()))
    write_text(path, "".join(rows))
