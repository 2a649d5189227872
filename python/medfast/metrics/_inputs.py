"""Labels, scores and weights as the native code takes them: checked, contiguous, not copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast import _native
from medfast.errors import InvalidValueError, ShapeError, UnsupportedError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NATIVE_SCORES = frozenset(np.dtype(name) for name in ("f4", "f8", "i8", "u8"))
_NATIVE_LABELS = frozenset(
    np.dtype(name) for name in ("u1", "u2", "u4", "i1", "i2", "i4", "i8", "f4", "f8")
)
# Every value of the type on the left is a value of the type on the right.
_EXACTLY_WITHIN = {
    np.dtype(narrow): np.dtype(wide)
    for narrow, wide in {
        "?": "f4", "i1": "f4", "u1": "f4", "i2": "f4", "u2": "f4", "f2": "f4",
        "i4": "f8", "u4": "f8",
    }.items()
}  # fmt: skip


class LabelTypeError(UnsupportedError, TypeError):
    """Labels are of a type that has no classes."""


class Labels(NamedTuple):
    """Labels as places in the sorted list of their distinct values."""

    codes: NDArray[Any]
    """The place of every label in `classes`, flat: bool, uint8 or uintp."""
    classes: NDArray[Any]
    shape: tuple[int, ...]

    @property
    def class_codes(self) -> NDArray[Any]:
        """`codes` as integers."""
        return self.codes.view(np.uint8) if self.codes.dtype == np.bool_ else self.codes


def read_array(value: ArrayLike, name: str) -> NDArray[Any]:
    """Read whatever offers itself as an array of one or two dimensions with a sample or more."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        row = int(np.argwhere(np.ma.getmaskarray(value))[0][0])
        raise InvalidValueError(
            f"{name} is masked at row {row}; leave such rows out of all arrays, then pass .data"
        )
    try:
        array = np.asarray(_on_cpu(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"{name} cannot be read as a numpy array: {error}") from error
    if array.ndim not in (1, 2):
        raise ShapeError(
            f"{name} must be array-like with 1 or 2 dimensions, but is {type(value).__name__} "
            f"of shape {array.shape}"
        )
    if array.size == 0:
        raise ShapeError(f"{name} holds no samples: its shape is {array.shape}")
    return array


def _on_cpu(value: Any) -> Any:
    """Make a tensor one that numpy can read; torch is known by its methods and not imported."""
    if isinstance(value, (np.ndarray, list, tuple)) or not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    # Numpy has no bfloat16; every one of its values is a float32.
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor


def read_scores(value: ArrayLike, name: str = "y_score") -> NDArray[Any]:
    """Read scores: float32, float64, int64 or uint64, C- or Fortran-contiguous."""
    array = read_array(value, name)
    if array.dtype not in _NATIVE_SCORES:
        array = _native_scores(array, name)
    flags = array.flags
    return array if flags.forc and flags.aligned else array.copy()


def _native_scores(array: NDArray[Any], name: str) -> NDArray[Any]:
    dtype = array.dtype
    if dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise UnsupportedError(f"{name} must hold numbers: {error}") from error
    native = dtype.newbyteorder("=")
    if native in _NATIVE_SCORES:
        return array.astype(native)
    if native not in _EXACTLY_WITHIN:
        raise UnsupportedError(
            f"{name} must be of a real numeric dtype up to 64 bits, but is {dtype}; "
            "convert it with .astype(numpy.float64)"
        )
    return array.astype(_EXACTLY_WITHIN[native])


def read_labels(value: ArrayLike, name: str = "y_true") -> Labels:
    """Read labels: whole numbers, booleans or strings."""
    array = read_array(value, name)
    flat = array.reshape(-1)
    dtype = array.dtype
    if dtype not in _NATIVE_LABELS:
        native = dtype if dtype.kind in "T" else dtype.newbyteorder("=")
        if dtype.kind == "b":
            # A byte of a bool array may hold more than 0 and 1, and is true then.
            flat = (flat.view(np.uint8) != 0).view(np.uint8)
        elif dtype == np.float16:
            flat = flat.astype(np.float32)
        elif native in _NATIVE_LABELS:
            flat = flat.astype(native)
        else:
            return _other_labels(flat, array.shape, name)
    flags = flat.flags
    if not (flags.c_contiguous and flags.aligned):
        flat = flat.copy()
    try:
        classes, codes = _native.encode_labels(flat)
    except InvalidValueError as error:
        raise _not_whole(array, name) from error
    return Labels(codes, classes, array.shape)


def _other_labels(flat: NDArray[Any], shape: tuple[int, ...], name: str) -> Labels:
    kind = flat.dtype.kind
    if kind == "S":
        raise LabelTypeError(f"{name} holds bytes; decode them to strings, or use integers")
    if kind == "O":
        strange = next((row for row, label in enumerate(flat) if not isinstance(label, str)), None)
        if strange is not None and is_missing(flat[strange]):
            raise LabelTypeError(
                f"{name} is {flat[strange]} at row {strange}; leave rows without a label out"
            )
        if strange is not None:
            raise LabelTypeError(
                f"{name} is an array of objects; they must all be strings, but at position "
                f"{strange} is {flat[strange]!r}. Convert numbers with .astype(int)"
            )
    elif kind not in "UuMmT":
        raise LabelTypeError(
            f"{name} of dtype {flat.dtype} has no classes; use integers or strings"
        )
    if kind in "Mm" and (missing := np.flatnonzero(np.isnat(flat))).size:
        raise InvalidValueError(f"{name} holds NaT at row {missing[0]}; leave such rows out")
    classes, codes = np.unique(flat, return_inverse=True)
    count = len(classes)
    narrowest = np.bool_ if count <= 2 else np.uint8 if count <= 256 else np.uintp
    return Labels(codes.astype(narrowest), classes, shape)


def is_missing(value: Any) -> bool:
    """Whether this is one of the ways to say that there is no value."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def _not_whole(array: NDArray[Any], name: str) -> InvalidValueError:
    with np.errstate(invalid="ignore"):
        whole = (np.trunc(array) == array) & (np.abs(array) < 2.0**63)
    place = tuple(int(axis) for axis in np.argwhere(~whole)[0])
    return InvalidValueError(
        f"{name}{list(place)} is {array[place]}, but a label is a whole number, a boolean or a "
        "string; threshold continuous targets first"
    )


def read_weights(value: ArrayLike, rows: int) -> NDArray[np.float64]:
    """Read sample weights, one for each of `rows` samples."""
    array = read_array(value, "sample_weight")
    if array.shape not in ((rows,), (rows, 1)):
        raise ShapeError(
            f"sample_weight has shape {array.shape}, but y_true has {rows} samples: "
            f"expected ({rows},)"
        )
    if array.dtype.kind == "c":
        raise UnsupportedError("sample_weight must be real, but is complex; take its .real part")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise UnsupportedError(
            f"sample_weight must be of a dtype up to 64 bits, but is {array.dtype}; convert it "
            "with .astype(numpy.float64)"
        )
    try:
        # Aligned as well, which ascontiguousarray does not ask for.
        return np.require(array.reshape(-1), np.float64, ["C_CONTIGUOUS", "ALIGNED"])
    except (TypeError, ValueError, OverflowError) as error:
        raise UnsupportedError(f"sample_weight must hold numbers: {error}") from error


def read_indicator(labels: Labels, negatives: tuple[int, ...] = (0,)) -> NDArray[np.bool_]:
    """Read a yes (1) or no (one of `negatives`) for every label, in their shape."""
    classes = labels.classes.tolist()
    if classes == [1]:
        return np.ones(labels.shape, np.bool_)
    if classes[0] in negatives and classes[1:] in ([], [1]):
        return labels.codes.reshape(labels.shape)
    code = next(code for code, label in enumerate(classes) if label not in negatives and label != 1)
    raise InvalidValueError(
        f"y_true{_first(labels, code)} is {classes[code]!r}, but every label must be "
        f"{' or '.join(map(str, negatives))} for no, or 1 for yes"
    )


def read_class_numbers(labels: Labels, classes: int) -> NDArray[Any]:
    """Read class numbers below `classes`."""
    known = labels.classes
    if known.dtype.kind not in "iu":
        raise LabelTypeError("y_true must hold class numbers (the columns of y_score), not names")
    outside = np.flatnonzero((known < 0) | (known >= classes))
    if len(outside):
        raise InvalidValueError(
            f"y_true{_first(labels, outside[0])} is {known[outside[0]]}, but y_score has {classes} "
            f"columns: labels must be 0 to {classes - 1}"
        )
    return recode(labels, known, classes)


def recode(labels: Labels, places: NDArray[Any], classes: int) -> NDArray[Any]:
    """Give every label the place of its class among `classes` columns."""
    narrowest = np.uint8 if classes <= 256 else np.uintp
    codes: NDArray[Any] = places.astype(narrowest)[labels.class_codes]
    return codes


def _first(labels: Labels, code: int) -> list[int]:
    """Where the first label with this code is, as an index."""
    flat = int(np.argmax(labels.class_codes == code))
    return [int(axis) for axis in np.unravel_index(flat, labels.shape)]
