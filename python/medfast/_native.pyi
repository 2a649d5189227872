from typing import TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

class BuildInfo(TypedDict):
    version: str
    profile: str
    os: str
    arch: str
    threads: int

def build_info() -> BuildInfo: ...

# npz

# transforms

# metrics

_Codes: TypeAlias = npt.NDArray[np.bool_ | np.uint8 | np.uintp]
_Scores: TypeAlias = npt.NDArray[np.float32 | np.float64 | np.int64 | np.uint64]
_Weights: TypeAlias = npt.NDArray[np.float64] | None

def encode_labels(labels: npt.NDArray[np.generic], /) -> tuple[npt.NDArray[np.int64], _Codes]: ...
def roc_auc(
    labels: npt.NDArray[np.bool_], scores: _Scores, weights: _Weights, max_fpr: float, /
) -> float: ...
def roc_auc_per_class(
    truth: _Codes, scores: _Scores, weights: _Weights, max_fpr: float, threads: int | None, /
) -> npt.NDArray[np.float64]: ...
def roc_auc_micro(
    truth: _Codes, scores: _Scores, weights: _Weights, max_fpr: float, /
) -> float: ...
def roc_auc_per_sample(
    labels: npt.NDArray[np.bool_], scores: _Scores, max_fpr: float, threads: int | None, /
) -> npt.NDArray[np.float64]: ...
def roc_auc_one_vs_one(
    codes: _Codes, scores: _Scores, weighted: bool, threads: int | None, /
) -> float: ...
def check_probabilities(scores: _Scores, /) -> None: ...
def accuracy_threshold(
    labels: npt.NDArray[np.bool_], scores: _Scores, threshold: float, /
) -> float: ...
def accuracy_argmax(codes: _Codes, scores: _Scores, /) -> float: ...
