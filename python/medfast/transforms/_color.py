"""Functions that change what pixels hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.transforms._apply import apply_op

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def adjust_brightness(
    images: npt.NDArray[np.uint8], brightness_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Multiply every value.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of 1 or 3 channels, of any strides.
    brightness_factor : float or array-like of shape (N,)
        0 gives black images, 1 leaves them as they are.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the factors are none.

    Examples
    --------
    >>> import numpy as np
    >>> adjust_brightness(np.full((2, 1, 1), 100, np.uint8), [0.5, 1.5]).ravel().tolist()
    [50, 150]
    """
    return apply_op("adjust_brightness", images, threads, brightness_factor=brightness_factor)


def adjust_contrast(
    images: npt.NDArray[np.uint8], contrast_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Blend every image with its mean grey.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of 1 or 3 channels, of any strides.
    contrast_factor : float or array-like of shape (N,)
        0 gives the mean grey, 1 leaves the images as they are.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the factors are none.
    """
    return apply_op("adjust_contrast", images, threads, contrast_factor=contrast_factor)
