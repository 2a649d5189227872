"""The fastest way from a MedMNIST ``.npz`` to an honest AUC.

``import medfast`` needs numpy alone: the ``.npz`` reader, the transforms and the metrics. Each of
them is loaded when it is first asked for, so that a process which only reads a file starts soon.
Training (`medfast.models`, `medfast.training`) needs ``pip install 'medfast[train]'``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from medfast._native import build_info

if TYPE_CHECKING:
    from medfast import errors, metrics, npz, transforms
    from medfast.errors import MedfastError
    from medfast.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_interval,
        roc_auc_score,
        roc_auc_test,
        roc_curve,
    )
    from medfast.npz import load_npz, open_npz, save_npz
    from medfast.task import Task

__version__: str = build_info()["version"]

__all__ = [
    "MedfastError",
    "Task",
    "__version__",
    "average_precision_score",
    "build_info",
    "errors",
    "load_npz",
    "metrics",
    "npz",
    "open_npz",
    "precision_recall_curve",
    "roc_auc_interval",
    "roc_auc_score",
    "roc_auc_test",
    "roc_curve",
    "save_npz",
    "transforms",
]

_MODULES = {"errors", "metrics", "npz", "transforms"}
_HOMES = {
    "MedfastError": "errors",
    "Task": "task",
    **dict.fromkeys(("load_npz", "open_npz", "save_npz"), "npz"),
    **dict.fromkeys(
        (
            "average_precision_score",
            "precision_recall_curve",
            "roc_auc_interval",
            "roc_auc_score",
            "roc_auc_test",
            "roc_curve",
        ),
        "metrics",
    ),
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"medfast.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'medfast' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"medfast.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
