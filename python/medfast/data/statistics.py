"""What the pixels of a set come to, counted exactly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = np.arange(256)


def channel_mean_std(
    images: NDArray[np.uint8], channels: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel, of pixels scaled to [0, 1].

    Sums are of integers, so that they depend neither on order nor on threads. A channel that is
    the same everywhere gets a deviation of 1, by which it can be divided.

    Parameters
    ----------
    images : ndarray of uint8 of shape (n, ...) or (n, ..., channels)
    channels : int

    Returns
    -------
    mean, std : tuple of float, one per channel

    Examples
    --------
    >>> channel_mean_std(np.array([[[0, 255], [255, 0]]], np.uint8), channels=1)
    ((0.5,), (0.5,))
    """
    means, deviations = [], []
    for channel in range(channels):
        counts = np.zeros(256, np.int64)
        for image in images:  # one at a time: `images` may be a memory map
            values = image[..., channel] if channels > 1 else image
            counts += np.bincount(values.ravel(), minlength=256)
        n, total, squares = (int(np.sum(counts * _LEVELS**power)) for power in range(3))
        means.append(total / n / 255)
        deviations.append(math.sqrt(n * squares - total**2) / n / 255 or 1.0)
    return tuple(means), tuple(deviations)
