"""Read-only memory maps that travel to other processes as a path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from medfast.errors import DatasetNotFoundError

if TYPE_CHECKING:
    import mmap

    import numpy.typing as npt


class MappedArray(np.memmap):
    """A `numpy.memmap` that is pickled as the path of its file and a place in it.

    Views of it are pickled so too, and so reach another process of this host without a copy;
    copies, and what is computed from it, are ordinary arrays.
    """

    def __getitem__(self, index: Any) -> Any:
        # As np.memmap does for itself but not for classes derived from it: what has left the map
        # is an ordinary array.
        found = super().__getitem__(index)
        if isinstance(found, MappedArray) and _map_of(found) is None:
            return found.view(np.ndarray)
        return found

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        """Give ordinary arrays and scalars as results."""
        if self is array:
            return array
        return array[()] if return_scalar or array.shape == () else array.view(np.ndarray)

    def __reduce__(self) -> tuple[Any, ...]:
        mapped, path = _map_of(self), self.filename
        if mapped is None or path is None:
            return cast("tuple[Any, ...]", self.view(np.ndarray).__reduce__())
        offset = _address(self) - _address(np.frombuffer(mapped, np.uint8))
        place = (self.shape, self.dtype, offset, self.strides)
        return _map_again, (os.fspath(path), len(mapped), *place)


def map_file(descriptor: int, path: str) -> MappedArray:
    """Map the bytes of an open file, which is not empty, read-only; the descriptor is closed."""
    with os.fdopen(descriptor, "rb") as file:
        whole = MappedArray(file, np.uint8, "r")
    whole.filename = path
    return whole


def view_as(
    whole: MappedArray,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    offset: int,
    strides: tuple[int, ...] | None = None,
) -> npt.NDArray[Any]:
    """View a part of a map as an array."""
    # Made by numpy's own constructor, which refuses what does not lie within the map.
    view: npt.NDArray[Any] = np.ndarray.__new__(MappedArray, shape, dtype, whole, offset, strides)
    view.__array_finalize__(whole)
    return view


def _map_of(array: Any) -> mmap.mmap | None:
    return cast("mmap.mmap | None", getattr(array, "_mmap", None))


def _address(array: npt.NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _map_again(
    path: str,
    size: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    offset: int,
    strides: tuple[int, ...],
) -> npt.NDArray[Any]:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise DatasetNotFoundError(
            f"{path}: no such file, so the array that was sent cannot be mapped; "
            "was the cache cleared? load it again with load_npz(..., mmap=True)"
        ) from None
    whole = map_file(descriptor, path)
    if len(whole) != size:
        raise DatasetNotFoundError(
            f"{path}: expected the {size} bytes that were mapped when the array was sent, found "
            f"{len(whole)}; load it again with load_npz(..., mmap=True)"
        )
    return view_as(whole, shape, dtype, offset, strides)
