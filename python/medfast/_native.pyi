from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypedDict, final, type_check_only

import numpy as np
import numpy.typing as npt

__all__ = [
    "NPZ_LIMITS",
    "NpzArchive",
    "NpzSeekIndex",
    "Pipeline",
    "Transform",
    "accuracy_argmax",
    "accuracy_threshold",
    "apply_op",
    "average_precision",
    "average_precision_micro",
    "average_precision_per_class",
    "average_precision_per_sample",
    "build_info",
    "check_probabilities",
    "encode_labels",
    "precision_recall_curve",
    "roc_auc",
    "roc_auc_bootstrap",
    "roc_auc_covariance",
    "roc_auc_exchanges",
    "roc_auc_micro",
    "roc_auc_one_vs_one",
    "roc_auc_per_class",
    "roc_auc_per_sample",
    "roc_curve",
    "save_npz",
]

@type_check_only
class BuildInfo(TypedDict):
    version: str
    profile: str
    os: str
    arch: str
    simd: str
    threads: int

def build_info() -> BuildInfo: ...

# npz

NPZ_LIMITS: dict[str, int]

@type_check_only
class _Limits(Protocol):
    @property
    def max_header_bytes(self) -> int: ...
    @property
    def max_total_header_bytes(self) -> int: ...
    @property
    def max_dims(self) -> int: ...
    @property
    def max_members(self) -> int: ...
    @property
    def max_directory_bytes(self) -> int: ...
    @property
    def max_inflated_bytes(self) -> int: ...
    @property
    def max_ratio(self) -> int: ...

@final
class NpzArchive:
    def __new__(cls, path: str, limits: _Limits, /) -> NpzArchive: ...
    @staticmethod
    def from_bytes(name: str, content: bytes, limits: _Limits, /) -> NpzArchive: ...
    def members(self) -> list[tuple[str, int, int, int, int]]: ...
    def keys(self) -> list[str]: ...
    def find(self, key: str, /) -> int | None: ...
    def headers(
        self, indices: list[int], /
    ) -> list[tuple[Any, bool, tuple[int, ...], int, int]]: ...
    def read_into(
        self, reads: list[tuple[int, npt.NDArray[np.uint8]]], threads: int | None, /
    ) -> None: ...
    def extract(self, members: list[tuple[int, str]], threads: int | None, /) -> None: ...
    def build_index(self, index: int, /) -> NpzSeekIndex | None: ...
    def read_range(
        self,
        index: int,
        start: int,
        out: npt.NDArray[np.uint8],
        seek: NpzSeekIndex | None,
        /,
    ) -> None: ...
    def verify(self, indices: list[int], threads: int | None, /) -> None: ...

@final
class NpzSeekIndex:
    @staticmethod
    def from_bytes(content: bytes, /) -> NpzSeekIndex: ...
    def to_bytes(self) -> bytes: ...

def save_npz(
    path: str,
    parts: list[tuple[str, bytes, npt.NDArray[np.uint8]]],
    level: int,
    threads: int | None,
    /,
) -> None: ...

# transforms

@final
class Transform:
    @staticmethod
    def color_jitter(
        brightness: tuple[float, float] | None,
        contrast: tuple[float, float] | None,
        saturation: tuple[float, float] | None,
        hue: tuple[float, float] | None,
        /,
    ) -> Transform: ...
    @staticmethod
    def random_horizontal_flip(p: float, /) -> Transform: ...
    @staticmethod
    def random_vertical_flip(p: float, /) -> Transform: ...
    @staticmethod
    def random_op(
        name: str, op: str, parameters: Sequence[tuple[str, list[float]]], p: float, /
    ) -> Transform: ...
    @staticmethod
    def random_resized_crop(
        size: tuple[int, int],
        scale: tuple[float, float],
        ratio: tuple[float, float],
        rest: Sequence[float],
        /,
    ) -> Transform: ...
    @staticmethod
    def random_erasing(
        p: float,
        scale: tuple[float, float],
        ratio: tuple[float, float],
        value: Sequence[float],
        /,
    ) -> Transform: ...
    @staticmethod
    def random_apply(transforms: Sequence[Transform], p: float, /) -> Transform: ...
    @staticmethod
    def random_choice(
        transforms: Sequence[Transform], weights: Sequence[float], /
    ) -> Transform: ...
    @staticmethod
    def random_order(transforms: Sequence[Transform], /) -> Transform: ...
    @staticmethod
    def aug_mix(
        links: Sequence[Transform], width: int, random_depth: bool, alpha: float, /
    ) -> Transform: ...
    @staticmethod
    def to_dtype(dtype: str, scale: bool, /) -> Transform: ...
    @staticmethod
    def normalize(mean: Sequence[float], std: Sequence[float], /) -> Transform: ...

@final
class Pipeline:
    def __new__(cls, transforms: Sequence[Transform], channels_last: bool, /) -> Pipeline: ...
    @property
    def dtype(self) -> str: ...
    def output_shape(
        self, images: npt.NDArray[np.uint8], depth: int | None, rows: int, /
    ) -> tuple[tuple[int, int, int, int], int | None]: ...
    def run(
        self,
        images: npt.NDArray[np.uint8],
        depth: int | None,
        index: npt.NDArray[np.int64] | None,
        seed: int,
        epoch: int,
        out: npt.NDArray[np.uint8] | npt.NDArray[np.float32] | npt.NDArray[np.uint16],
        threads: int | None,
        /,
    ) -> None: ...
    def parameters(
        self,
        sample: int,
        seed: int,
        epoch: int,
        depth: int | None,
        shape: tuple[int, int, int],
        /,
    ) -> list[dict[str, Any]]: ...

def apply_op(
    name: str,
    images: npt.NDArray[np.uint8],
    depth: int | None,
    parameters: npt.NDArray[np.float64],
    threads: int | None,
    /,
) -> tuple[npt.NDArray[np.uint8], int | None]: ...

# metrics

_Codes: TypeAlias = npt.NDArray[np.bool_ | np.uint8 | np.uintp]
_Scores: TypeAlias = npt.NDArray[np.float32 | np.float64 | np.int64 | np.uint64]
_Weights: TypeAlias = npt.NDArray[np.float64] | None
_Groups: TypeAlias = npt.NDArray[np.uintp] | None

def encode_labels(labels: npt.NDArray[np.generic], /) -> tuple[npt.NDArray[np.int64], _Codes]: ...
def roc_auc(
    labels: npt.NDArray[np.bool_],
    scores: _Scores,
    weights: _Weights,
    max_fpr: float,
    threads: int | None = None,
    /,
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
def roc_auc_covariance(
    truth: _Codes, tables: list[_Scores], clusters: _Groups, threads: int | None, /
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
def roc_auc_bootstrap(
    truth: _Codes,
    tables: list[_Scores],
    replicates: int,
    seed: int,
    strata: _Groups,
    clusters: _Groups,
    threads: int | None,
    /,
) -> npt.NDArray[np.float64]: ...
def roc_auc_exchanges(
    truth: _Codes,
    tables: list[_Scores],
    clusters: _Groups,
    random: tuple[int, int] | None,
    threads: int | None,
    /,
) -> npt.NDArray[np.float64]: ...
def roc_curve(
    labels: npt.NDArray[np.bool_],
    scores: _Scores,
    weights: _Weights,
    drop_intermediate: bool,
    /,
) -> tuple[
    npt.NDArray[np.float64] | None, npt.NDArray[np.float64] | None, npt.NDArray[np.float64]
]: ...
def precision_recall_curve(
    labels: npt.NDArray[np.bool_],
    scores: _Scores,
    weights: _Weights,
    drop_intermediate: bool,
    /,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None, _Scores]: ...
def average_precision(
    labels: npt.NDArray[np.bool_], scores: _Scores, weights: _Weights, /
) -> float: ...
def average_precision_per_class(
    truth: _Codes, scores: _Scores, weights: _Weights, threads: int | None, /
) -> npt.NDArray[np.float64]: ...
def average_precision_micro(truth: _Codes, scores: _Scores, weights: _Weights, /) -> float: ...
def average_precision_per_sample(
    labels: npt.NDArray[np.bool_], scores: _Scores, threads: int | None, /
) -> npt.NDArray[np.float64]: ...
def check_probabilities(scores: _Scores, /) -> None: ...
def accuracy_threshold(
    labels: npt.NDArray[np.bool_], scores: _Scores, threshold: float, /
) -> float: ...
def accuracy_argmax(codes: _Codes, scores: _Scores, /) -> float: ...
