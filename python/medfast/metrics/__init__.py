"""Exact ranking metrics with scikit-learn's signatures, and MedMNIST's evaluation.

Needs numpy alone. Takes lists, numpy arrays of any stride, and whatever offers itself as a numpy
array: pandas and polars columns, torch tensors of any device.
"""

from medfast.errors import DegenerateIntervalWarning, UndefinedMetricWarning
from medfast.metrics._average_precision import average_precision_score
from medfast.metrics._comparison import RocAucTest, roc_auc_test
from medfast.metrics._evaluation import Evaluation, accuracy, evaluate
from medfast.metrics._interval import RocAucInterval, roc_auc_interval
from medfast.metrics._precision_recall import precision_recall_curve
from medfast.metrics._roc_auc import roc_auc_score
from medfast.metrics._roc_curve import roc_curve
from medfast.metrics._streaming import BinnedRocAuc, RocAuc

__all__ = [
    "BinnedRocAuc",
    "DegenerateIntervalWarning",
    "Evaluation",
    "RocAuc",
    "RocAucInterval",
    "RocAucTest",
    "UndefinedMetricWarning",
    "accuracy",
    "average_precision_score",
    "evaluate",
    "precision_recall_curve",
    "roc_auc_interval",
    "roc_auc_score",
    "roc_auc_test",
    "roc_curve",
]
