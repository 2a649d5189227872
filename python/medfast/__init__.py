"""The fastest way from a MedMNIST ``.npz`` to an honest AUC.

``import medfast`` needs numpy alone: the ``.npz`` reader, the transforms and the metrics.
Training (`medfast.models`, `medfast.training`) needs ``pip install 'medfast[train]'``.
"""

from medfast import errors, metrics, npz, transforms
from medfast._native import build_info
from medfast.errors import MedfastError
from medfast.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_interval,
    roc_auc_score,
    roc_auc_test,
    roc_curve,
)
from medfast.npz import load_npz
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
    "precision_recall_curve",
    "roc_auc_interval",
    "roc_auc_score",
    "roc_auc_test",
    "roc_curve",
    "transforms",
]
