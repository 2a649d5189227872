"""The fastest way from a MedMNIST ``.npz`` to an honest AUC.

``import medfast`` needs numpy alone: the ``.npz`` reader, the transforms and the metrics.
Training (`medfast.models`, `medfast.training`) needs ``pip install 'medfast[train]'``.
"""

from medfast import errors, metrics, npz, transforms
from medfast._native import build_info
from medfast.errors import MedfastError
from medfast.metrics import roc_auc_score
from medfast.npz import load_npz
from medfast.task import Task

__version__: str = build_info()["version"]

__all__ = [
    "MedfastError",
    "Task",
    "__version__",
    "build_info",
    "errors",
    "load_npz",
    "metrics",
    "npz",
    "roc_auc_score",
    "transforms",
]
