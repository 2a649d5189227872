"""Functions that change what pixels hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from medfast.transforms import _settings as settings
from medfast.transforms._apply import apply_op, checked_batch, whole_for_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def adjust_brightness(
    images: npt.NDArray[np.uint8], brightness_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Multiply every value.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
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
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
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


def adjust_saturation(
    images: npt.NDArray[np.uint8], saturation_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Blend every pixel with its own grey.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of 1 or 3 channels, of any strides.
    saturation_factor : float or array-like of shape (N,)
        0 gives grey, 1 leaves the images as they are; gray images stay so with any.
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
    >>> red = np.array([200, 0, 0], np.uint8).reshape(1, 1, 1, 3)
    >>> adjust_saturation(red, 0.5).ravel().tolist()
    [129, 29, 29]
    """
    return apply_op("adjust_saturation", images, threads, saturation_factor=saturation_factor)


def adjust_hue(
    images: npt.NDArray[np.uint8], hue_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Turn the hue of every pixel.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of 1 or 3 channels, of any strides.
    hue_factor : float or array-like of shape (N,)
        Part of a full turn, in [-0.5, 0.5]. Gray images stay as they are.
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
    >>> red = np.array([200, 0, 0], np.uint8).reshape(1, 1, 1, 3)
    >>> adjust_hue(red, 1 / 3).ravel().tolist()
    [0, 200, 0]
    """
    return apply_op("adjust_hue", images, threads, hue_factor=hue_factor)


def adjust_sharpness(
    images: npt.NDArray[np.uint8], sharpness_factor: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Blend every image with its 3x3 blur; pixels at the border stay as they are.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of 1 or 3 channels, of any strides.
    sharpness_factor : float or array-like of shape (N,)
        0 gives the blur, 1 leaves the images as they are, more sharpens them.
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
    >>> image = np.zeros((1, 3, 3), np.uint8)
    >>> image[0, 1, 1] = 100
    >>> adjust_sharpness(image, [0.0])[0, 1].tolist()
    [0, 38, 0]
    """
    return apply_op("adjust_sharpness", images, threads, sharpness_factor=sharpness_factor)


def adjust_gamma(
    images: npt.NDArray[np.uint8],
    gamma: npt.ArrayLike,
    gain: npt.ArrayLike = 1.0,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Raise every value, as a part of 255, to a power, and multiply it.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    gamma : float or array-like of shape (N,)
        The exponent: above 1 darkens, below brightens.
    gain : float or array-like of shape (N,)
        The factor.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images, the exponents or the factors are none.

    Examples
    --------
    >>> import numpy as np
    >>> adjust_gamma(np.full((2, 1, 1), 100, np.uint8), [0.5, 2]).ravel().tolist()
    [160, 39]
    """
    return apply_op("adjust_gamma", images, threads, gamma=gamma, gain=gain)


def gaussian_blur(
    images: npt.NDArray[np.uint8],
    kernel_size: int | Sequence[int],
    sigma: npt.ArrayLike | tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Blur every channel of every image with a Gaussian, the image mirrored at its border.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    kernel_size : int or (int, int)
        Width and height in pixels, odd, below twice those of the images; one for all images.
    sigma : float, array-like of shape (N,), or pair of those, optional
        The standard deviation in pixels, or the horizontal and the vertical one. A list or tuple
        of two is always a pair: for two images of their own pass an array. By default
        ``0.15 * kernel_size + 0.35``.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images, the sizes or the deviations are none.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 3, 3), np.uint8)
    >>> image[0, 1, 1] = 100
    >>> gaussian_blur(image, 3, 0.5)[0].tolist()
    [[5, 17, 5], [17, 62, 17], [5, 17, 5]]
    """
    name = "gaussian_blur"
    width, height = settings.size(name, kernel_size, "kernel_size")
    horizontal: npt.ArrayLike
    vertical: npt.ArrayLike
    if sigma is None:
        horizontal, vertical = (0.15 * size + 0.35 for size in (width, height))
    elif isinstance(sigma, (list, tuple)) and len(sigma) == 2:
        horizontal, vertical = sigma
    else:
        horizontal = vertical = sigma
    return apply_op(
        name,
        images,
        threads,
        kernel_width=width,
        kernel_height=height,
        sigma_x=horizontal,
        sigma_y=vertical,
    )


def gaussian_noise(
    images: npt.NDArray[np.uint8],
    mean: npt.ArrayLike = 0.0,
    sigma: npt.ArrayLike = 0.1,
    clip: bool = True,
    *,
    seed: npt.ArrayLike,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Add normal noise to every value.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    mean, sigma : float or array-like of shape (N,)
        Of the noise, where 1 is the whole range of values; from -16 and from 0 to 16.
    clip : bool
        Whether values beyond 0 and 255 become these; else they are taken modulo 256.
    seed : int or array-like of shape (N,)
        0 to 2**53 - 1. One seed gives each image a noise of its own, by its place; with a seed for
        each, an image gets what it would get alone.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the parameters are none.

    Notes
    -----
    Value ``i`` of an image, counted along its width, height, depth and channels, gets normal number
    ``i % 4`` of block ``i // 4`` of the counter-based generator Philox4x32-10, whose key is the
    seed and whose counter is the block and the place (two words each, the low one first). Two
    words make two normal numbers by Box and Muller's map in float32, in operations that are
    rounded alike everywhere. The sum is torchvision's: ``mean * 255 + number * (sigma * 255)`` in
    float32, its fraction dropped, and added.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian_noise(np.full((2, 1, 3), 100, np.uint8), sigma=0.1, seed=1).tolist()
    [[[109, 93, 94]], [[96, 168, 61]]]
    """
    name = "gaussian_noise"
    batch = checked_batch(images)
    return apply_op(
        name,
        images,
        threads,
        mean=mean,
        sigma=sigma,
        clip=settings.flag(name, "clip", clip),
        seed=whole_for_each(name, "seed", seed, batch, least=0, most=2**53 - 1),
        place=0 if np.ndim(seed) else np.arange(len(batch)),
    )


def invert(images: npt.NDArray[np.uint8], *, threads: int | None = None) -> npt.NDArray[np.uint8]:
    """Exchange dark and bright.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError
        If the images are none.

    Examples
    --------
    >>> import numpy as np
    >>> invert(np.array([[[0, 100]]], np.uint8)).ravel().tolist()
    [255, 155]
    """
    return apply_op("invert", images, threads)


def posterize(
    images: npt.NDArray[np.uint8], bits: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Keep the highest bits of every value.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    bits : int or array-like of shape (N,)
        How many, 0 to 8.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the bits are none.

    Examples
    --------
    >>> import numpy as np
    >>> posterize(np.array([[[100]], [[100]]], np.uint8), [1, 3]).ravel().tolist()
    [0, 96]
    """
    return apply_op("posterize", images, threads, bits=bits)


def solarize(
    images: npt.NDArray[np.uint8], threshold: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Invert the values that are not below a threshold.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    threshold : float or array-like of shape (N,)
        At most 255, compared in float32.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the thresholds are none.

    Examples
    --------
    >>> import numpy as np
    >>> solarize(np.array([[[90, 100]]], np.uint8), 100).ravel().tolist()
    [90, 155]
    """
    return apply_op("solarize", images, threads, threshold=threshold)


def autocontrast(
    images: npt.NDArray[np.uint8], *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Stretch every channel of every image to the whole range from 0 to 255.

    A channel of one value stays as it is. In torch's float32 the brightest often comes out as 254.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of 1 or 3 channels, of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError
        If the images are none, or of another number of channels.

    Examples
    --------
    >>> import numpy as np
    >>> autocontrast(np.array([[[90, 100, 135]]], np.uint8)).ravel().tolist()
    [0, 56, 255]
    """
    return apply_op("autocontrast", images, threads)


def equalize(images: npt.NDArray[np.uint8], *, threads: int | None = None) -> npt.NDArray[np.uint8]:
    """Give every channel of every image an even histogram, as far as one can.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError
        If the images are none.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.repeat(np.array([1, 2, 3, 4], np.uint8), 255).reshape(1, 30, 34)
    >>> np.unique(equalize(image)).tolist()
    [0, 85, 170, 255]
    """
    return apply_op("equalize", images, threads)


def rgb_to_grayscale(
    images: npt.NDArray[np.uint8], num_output_channels: int = 1, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Weigh red, green and blue to one grey.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of 1 or 3 channels, of any strides. Gray images keep their values.
    num_output_channels : {1, 3}
        3 gives equal ones.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, shape (N, H, W) or (N, H, W, num_output_channels)
        Three axes for images of three and one output channel.

    Raises
    ------
    ShapeError, ConfigError
        If the images or the number of channels are none.

    Examples
    --------
    >>> import numpy as np
    >>> red = np.array([200, 0, 0], np.uint8).reshape(1, 1, 1, 3)
    >>> rgb_to_grayscale(red).shape, rgb_to_grayscale(red).item()
    ((1, 1, 1, 1), 59)
    """
    channels = settings.whole("rgb_to_grayscale", "num_output_channels", num_output_channels, 0)
    if channels == 3 and getattr(images, "ndim", None) == 3:
        images = checked_batch(images)
    return apply_op("rgb_to_grayscale", images, threads, num_output_channels=channels)
