"""Functions that change where pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.transforms._apply import apply_op

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def horizontal_flip(
    images: npt.NDArray[np.uint8], *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Exchange left and right.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`
    """
    return apply_op("horizontal_flip", images, threads)


def vertical_flip(
    images: npt.NDArray[np.uint8], *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Exchange top and bottom.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`
    """
    return apply_op("vertical_flip", images, threads)
