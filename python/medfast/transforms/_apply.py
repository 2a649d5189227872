"""One op over a batch, each parameter one for all images or one for each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    import numpy.typing as npt

# The places of these words are what the native code knows them by.
INTERPOLATIONS = ("nearest", "bilinear")
PADDING_MODES = ("constant", "edge", "reflect", "symmetric")
_ANTIALIASED = 2


def filter_code(interpolation: str, antialias: bool) -> int:
    """Give the number by which the native code knows a way to resize."""
    if interpolation == "bilinear" and antialias:
        return _ANTIALIASED
    return INTERPOLATIONS.index(interpolation)


def apply_op(
    name: str, images: npt.NDArray[np.uint8], threads: int | None = None, **parameters: Any
) -> npt.NDArray[np.uint8]:
    """Apply the op `name` to every image.

    Parameters
    ----------
    name : str
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
    threads : int, optional
    **parameters : float or array-like of shape (N,)
        In the order in which the op takes them.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.
    """
    batch = checked_batch(images)
    table = [_values(name, key, value, len(batch)) for key, value in parameters.items()]
    columns = max((len(values) for values in table), default=1)
    rows = np.empty((len(table), columns))
    for row, values in zip(rows, table, strict=True):
        row[:] = values
    found = _native.apply_op(name, batch, rows, threads)
    found = found[..., 0] if images.ndim == 3 else found
    return as_tensor(found) if is_tensor(images) else found


def is_tensor(value: object) -> bool:
    """Whether this is a torch tensor; torch is not imported for it."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_array(value: Any, name: str) -> Any:
    """Give the numpy array that shares a CPU tensor's memory; others as they are."""
    if not is_tensor(value):
        return value
    try:
        return value.numpy()
    except (TypeError, RuntimeError) as error:
        raise ShapeError(
            f"expected {name} as a tensor in the CPU's memory, without gradient: {error}"
        ) from error


def as_tensor(array: npt.NDArray[Any]) -> Any:
    """Give the tensor that shares an array's memory."""
    return sys.modules["torch"].from_numpy(array)


def checked_batch(images: object) -> npt.NDArray[np.uint8]:
    """Give images their channel axis."""
    images = as_array(images, "images")
    if not isinstance(images, np.ndarray):
        kind = f"{type(images).__module__}.{type(images).__qualname__}"
        raise ShapeError(
            f"expected images as a numpy array or a torch tensor, got {kind}; "
            "numpy.stack(list) makes one of a list"
        )
    if images.dtype != np.uint8:
        raise ShapeError(
            f"expected images of uint8, got {images.dtype}; convert them to bytes in 0..255"
        )
    if images.ndim == 3:
        return images[..., np.newaxis]
    if images.ndim != 4:
        raise ShapeError(
            f"expected images of shape (N, H, W) or (N, H, W, C), got {images.shape}; "
            "a single image is images[np.newaxis]"
        )
    return images


def _values(name: str, key: str, value: Any, images: int) -> npt.NDArray[np.float64]:
    try:
        values = np.asarray(value, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise ConfigError(
            f"{name}: expected {key} as a number or one for each image, got {value!r}"
        ) from None
    if len(values) not in (1, images) or np.ndim(value) > 1:
        raise ConfigError(
            f"{name}: expected {key} as a number or {images} numbers, one for each image, got "
            f"shape {np.shape(value)}"
        )
    return values
