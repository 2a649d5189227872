"""The set that needs no download: scikit-learn's 8x8 digits, enlarged to 28x28."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from medfast.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 28
LABEL_NAMES = tuple("0123456789")


def load_digits() -> dict[str, NDArray[np.uint8]]:
    """Make the arrays of a MedMNIST file out of scikit-learn's digits.

    The 1,797 images are enlarged bilinearly and split 70/10/20 within each class. Both are done in
    integers and hashes, so that the arrays are the same on every machine and for every version of
    numpy and scikit-learn. The writers are mixed across the splits: a score on this set shows that
    the path works, and nothing more.

    Returns
    -------
    dict of str to ndarray
        ``{train,val,test}_images``, uint8 of shape (n, 28, 28), and ``{train,val,test}_labels``,
        uint8 of shape (n, 1).

    Raises
    ------
    ConfigError
        If scikit-learn is not installed.

    Examples
    --------
    >>> arrays = load_digits()
    >>> arrays["train_images"].shape
    (1253, 28, 28)
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ConfigError(
            "'digits' comes with scikit-learn: pip install 'medfast[train]'"
        ) from error
    bunch = datasets.load_digits()
    images = _enlarge(bunch.images.astype(np.int64))
    labels = bunch.target.astype(np.uint8)
    arrays = {}
    for split, rows in _split(labels).items():
        arrays[f"{split}_images"] = images[rows]
        arrays[f"{split}_labels"] = labels[rows, np.newaxis]
    return arrays


def _enlarge(images: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Interpolate 8x8 values of 0 to 16 bilinearly at 28x28 pixel centres, on the scale 0 to 255.

    The centre of output pixel ``i`` lies at ``(4 i - 5) / 14`` in input pixels, so the weights are
    whole fourteenths, and the outputs whole ``16 * 14 * 14``-ths that are rounded half up.
    """
    weights = np.zeros((SIZE, 8), dtype=np.int64)
    for i in range(SIZE):
        lower, share = divmod(4 * i - 5, 14)
        weights[i, max(lower, 0)] += 14 - share
        weights[i, min(lower + 1, 7)] += share
    unit = 16 * 14 * 14
    enlarged: NDArray[np.int64] = weights @ images @ weights.T
    return ((enlarged * 255 + unit // 2) // unit).astype(np.uint8)


def _split(labels: NDArray[np.uint8]) -> dict[str, NDArray[np.intp]]:
    """Share out the rows of each class, in the order of their hashes, 70 % / 10 % / 20 %."""
    order = np.array(sorted(range(len(labels)), key=_hash), dtype=np.intp)
    parts: dict[str, list[NDArray[np.intp]]] = {"train": [], "val": [], "test": []}
    for digit in range(len(LABEL_NAMES)):
        rows = order[labels[order] == digit]
        ends = [len(rows) * 7 // 10, len(rows) * 8 // 10]
        for part, piece in zip(parts.values(), np.split(rows, ends), strict=True):
            part.append(piece)
    return {split: np.sort(np.concatenate(pieces)) for split, pieces in parts.items()}


def _hash(row: int) -> bytes:
    return hashlib.sha256(f"digits {row}".encode()).digest()
