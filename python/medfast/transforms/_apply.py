"""One op over a batch, each parameter one for all images or one for each."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, ShapeError
from medfast.transforms._settings import whole

if TYPE_CHECKING:
    import numpy.typing as npt


def apply_op(
    name: str, images: npt.NDArray[np.uint8], threads: int | None = None, **parameters: Any
) -> npt.NDArray[np.uint8]:
    """Apply the op `name` to every image.

    Parameters
    ----------
    name : str
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
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
    counts = {len(values) for values in table}
    columns = 0 if 0 in counts else max(counts, default=1)
    rows = np.empty((len(table), columns))
    for row, values in zip(rows, table, strict=True):
        row[:] = values
    if threads is not None:
        threads = whole(name, "threads", threads, 1)
    depth = images.shape[1] if images.ndim == 5 else None
    found, depth = _native.apply_op(name, batch, depth, rows, threads)
    if images.ndim == 3:
        found = found[..., 0]
    elif depth is not None:
        found = found.reshape(len(found), depth, found.shape[1] // depth, *found.shape[2:])
    return as_tensor(found) if is_tensor(images) else found


def is_tensor(value: object) -> bool:
    """Whether this is a torch tensor; torch is not imported for it."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def as_array(value: Any, name: str) -> Any:
    """Give the numpy array that shares a CPU tensor's memory; others as they are.

    numpy has no bfloat16: there the array holds its bits as uint16.
    """
    if not is_tensor(value):
        return value
    torch = sys.modules["torch"]
    try:
        if value.dtype == torch.bfloat16:
            return value.view(torch.int16).numpy().view(np.uint16)
        return value.numpy()
    except (TypeError, RuntimeError) as error:
        raise ShapeError(
            f"expected {name} as a tensor in the CPU's memory, without gradient: {error}"
        ) from error


def as_tensor(array: npt.NDArray[Any], dtype: str | None = None) -> Any:
    """Give the tensor that shares an array's memory; its bits may be those of ``"bfloat16"``."""
    torch = sys.modules["torch"]
    if dtype == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def checked_batch(images: object) -> npt.NDArray[np.uint8]:
    """Give images their channel axis, and lay the slices of volumes one below the other.

    Parameters
    ----------
    images : object
        Right are an array or a CPU tensor of uint8, of shape (N, H, W) or (N, H, W, C), or volumes
        of shape (N, D, H, W, C).

    Returns
    -------
    ndarray of uint8, shape (N, H, W, C) or (N, D * H, W, C)
    """
    batch = _bytes(images)
    if batch.ndim == 3:
        return batch[..., np.newaxis]
    if batch.ndim == 5:
        return _stacked(batch)
    if batch.ndim != 4:
        raise ShapeError(
            f"expected images of shape (N, H, W) or (N, H, W, C), or volumes of shape "
            f"(N, D, H, W, C), got {batch.shape}; a single image is images[np.newaxis]"
        )
    return batch


def checked_images(images: object) -> npt.NDArray[np.uint8]:
    """Give images, which are no volumes, their channel axis."""
    batch = _bytes(images)
    if batch.ndim not in (3, 4):
        hint = (
            'a Compose of layout "NCDHW" takes volumes'
            if batch.ndim == 5
            else "a single image is images[np.newaxis]"
        )
        raise ShapeError(
            f"expected images of shape (N, H, W) or (N, H, W, C), got {batch.shape}; {hint}"
        )
    return batch[..., np.newaxis] if batch.ndim == 3 else batch


def checked_volumes(images: object) -> tuple[npt.NDArray[np.uint8], int]:
    """Give volumes, their slices one below the other in (N, D * H, W, C), and the number D."""
    batch = _bytes(images)
    if batch.ndim not in (4, 5):
        raise ShapeError(
            f"expected volumes of shape (N, D, H, W) or (N, D, H, W, C), got {batch.shape}; a "
            'single volume is volumes[np.newaxis], images have layout "NCHW"'
        )
    batch = batch[..., np.newaxis] if batch.ndim == 4 else batch
    return _stacked(batch), batch.shape[1]


def _stacked(volumes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Lay slices one below the other: a view, or a copy where strides do not allow one."""
    count, depth, height, width, channels = volumes.shape
    if 0 in volumes.shape[1:]:
        raise ShapeError(f"expected volumes of at least one voxel, got shape {volumes.shape}")
    return volumes.reshape(count, depth * height, width, channels)


def _bytes(images: object) -> npt.NDArray[np.uint8]:
    images = as_array(images, "images")
    if not isinstance(images, np.ndarray):
        kind = f"{type(images).__module__}.{type(images).__qualname__}"
        raise ShapeError(
            f"expected images as a numpy array or a torch tensor, got {kind}; "
            "numpy.stack(list) makes one of a list"
        )
    if isinstance(images, np.ma.MaskedArray):
        raise ShapeError("expected images without a mask; images.filled(0) blackens what it hides")
    if images.dtype != np.uint8:
        raise ShapeError(
            f"expected images of uint8, got {images.dtype}; convert them to bytes in 0..255"
        )
    return images


def whole_for_each(
    name: str,
    key: str,
    value: Any,
    batch: npt.NDArray[np.uint8],
    least: int = -(2**31),
    most: int = 2**31,
) -> npt.NDArray[np.float64]:
    """Read whole numbers of up to 53 bits, one for all images or one for each."""
    try:
        values = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.full((0, 0), 0.0)
    if (
        values.shape not in {(), (1,), (len(batch),)}
        or not ((least <= values) & (values <= most) & (np.trunc(values) == values)).all()
    ):
        bound = f" of {least} or more" if least > -(2**31) else ""
        bound = f" from {least} to {most}" if most != 2**31 else bound
        raise ConfigError(
            f"{name}: expected {key} as a whole number{bound}, or {len(batch)}, one for each "
            f"image, got {value!r}"
        )
    return np.atleast_1d(values)


def _values(name: str, key: str, value: Any, images: int) -> npt.NDArray[np.float64]:
    try:
        values = np.asarray(value, np.float64).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        raise ConfigError(
            f"{name}: expected {key} as a number or one for each image, got {value!r}"
        ) from None
    if len(values) not in (1, images) or np.ndim(value) > 1:
        raise ConfigError(
            f"{name}: expected {key} as a number or {images} numbers, one for each image, got "
            f"shape {np.shape(value)}"
        )
    return values
