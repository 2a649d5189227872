"""Exact ranking metrics with scikit-learn's signatures, and MedMNIST's evaluation.

Needs numpy alone. Takes lists, numpy arrays of any stride, and whatever offers itself as a numpy
array: pandas and polars columns, torch tensors on the CPU.
"""

from medfast.errors import UndefinedMetricWarning
from medfast.metrics._evaluation import Evaluation, accuracy, evaluate
from medfast.metrics._roc_auc import roc_auc_score

__all__ = [
    "Evaluation",
    "UndefinedMetricWarning",
    "accuracy",
    "evaluate",
    "roc_auc_score",
]
