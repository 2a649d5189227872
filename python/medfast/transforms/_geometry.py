"""Functions that change where pixels are."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import ConfigError, ShapeError
from medfast.transforms import _settings as settings
from medfast.transforms._apply import apply_op, checked_batch, whole_for_each

if TYPE_CHECKING:
    import numpy.typing as npt


def horizontal_flip(
    images: npt.NDArray[np.uint8], *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Exchange left and right.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
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
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`
    """
    return apply_op("vertical_flip", images, threads)


def crop(
    images: npt.NDArray[np.uint8],
    top: npt.ArrayLike,
    left: npt.ArrayLike,
    height: int,
    width: int,
    *,
    front: npt.ArrayLike = 0,
    depth: int | None = None,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Cut a window out of every image, or a cuboid out of every volume.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    top, left : int or array-like of shape (N,)
        The window's first line and column. Where it leaves the image, the result is 0.
    height, width : int
        The window's size.
    front : int or array-like of shape (N,)
        The first slice of the cuboid, where `depth` is given.
    depth : int, optional
        The number of its slices; all of them, as they are, by default.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images or the window are none.

    Examples
    --------
    >>> import numpy as np
    >>> crop(np.arange(8, dtype=np.uint8).reshape(2, 2, 2), [0, 1], 0, 1, 2).tolist()
    [[[0, 1]], [[6, 7]]]
    """
    batch = _with_pixels("crop", images)
    corner = {"top": top, "left": left}
    sides = {"height": height, "width": width}
    if depth is not None:
        corner, sides = {"front": front, **corner}, {"depth": depth, **sides}
    return apply_op(
        "crop",
        images,
        threads,
        **{key: whole_for_each("crop", key, value, batch) for key, value in corner.items()},
        **{key: settings.whole("crop", key, value, 1) for key, value in sides.items()},
    )


def center_crop(
    images: npt.NDArray[np.uint8],
    output_size: int | tuple[int, ...] | list[int],
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Cut the middle out of every image.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    output_size : int, (int, int) or (int, int, int)
        Height and width, of every slice where there are volumes; or depth, height and width, of
        volumes. Where they exceed the image's, the result is 0 around it.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images or the size are none.

    Examples
    --------
    >>> import numpy as np
    >>> center_crop(np.arange(9, dtype=np.uint8).reshape(1, 3, 3), 1).tolist()
    [[[4]]]
    """
    _with_pixels("center_crop", images)
    sides = settings.volume_size("center_crop", output_size, "output_size")
    names = ("depth", "height", "width")[-len(sides) :]
    return apply_op("center_crop", images, threads, **dict(zip(names, sides, strict=True)))


def pad(
    images: npt.NDArray[np.uint8],
    padding: int | tuple[int, ...] | list[int],
    fill: float | list[float] | tuple[float, ...] | None = None,
    padding_mode: str = "constant",
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Add pixels around every image.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    padding : int, (int, int) or (int, int, int, int)
        For all sides, for left and right and for top and bottom, or for left, top, right and
        bottom.
    fill : float or one for each channel, optional
        What is written with `padding_mode` "constant", in [0, 255]; its fraction is dropped. 0 by
        default.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}
        The pixel at the edge, or the image mirrored without or with its edge.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images, the padding or the fill are none.

    Examples
    --------
    >>> import numpy as np
    >>> pad(np.array([[[1, 2]]], np.uint8), (1, 0), padding_mode="edge").tolist()
    [[[1, 1, 2, 2]]]
    """
    _with_pixels("pad", images)
    mode = settings.PADDING_MODES.index(settings.padding_mode("pad", padding_mode))
    margins = settings.padding("pad", padding)
    left, top, right, bottom = margins * (4 // len(margins))
    filled = _fill("pad", 0 if fill is None else fill)
    if padding_mode != "constant" and len(filled) > 1:
        raise ConfigError(
            f"pad: expected fill as one number with padding_mode {padding_mode!r}, got {fill!r}"
        )
    return apply_op(
        "pad",
        images,
        threads,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        padding_mode=mode,
        **filled,
    )


def erase(
    images: npt.NDArray[np.uint8],
    i: npt.ArrayLike,
    j: npt.ArrayLike,
    h: npt.ArrayLike,
    w: npt.ArrayLike,
    v: npt.ArrayLike,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Overwrite a rectangle of every image.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    i, j, h, w : int or array-like of shape (N,)
        The rectangle's first line, its first column, its height and its width, 0 or more. What lies
        beside the image is passed over.
    v : int, or array-like of shape (C,) or (N, C)
        What is written, in 0..255.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images, the rectangle or the value are none.

    Examples
    --------
    >>> import numpy as np
    >>> erase(np.zeros((2, 1, 3), np.uint8), 0, [0, 1], 1, 2, 9).tolist()
    [[[9, 9, 0]], [[0, 9, 9]]]
    """
    batch = checked_batch(images)
    channels = batch.shape[3]
    try:
        values = np.asarray(v, np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.full((0, 0, 0), 0.0)
    if (
        values.shape not in {(), (1,), (channels,), (len(batch), 1), (len(batch), channels)}
        or (np.trunc(values) != values).any()
    ):
        raise ConfigError(
            f"erase: expected v as a whole number, {channels} for the channels, or such for each "
            f"of the {len(batch)} images, got {v!r}"
        )
    return apply_op(
        "erase",
        images,
        threads,
        i=whole_for_each("erase", "i", i, batch, least=0),
        j=whole_for_each("erase", "j", j, batch, least=0),
        h=whole_for_each("erase", "h", h, batch, least=0),
        w=whole_for_each("erase", "w", w, batch, least=0),
        **{f"v_{channel}": column for channel, column in enumerate(np.atleast_1d(values).T)},
    )


def rot90(
    images: npt.NDArray[np.uint8],
    k: npt.ArrayLike,
    plane: str = "HW",
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Turn every image by quarters, against the clock, as `numpy.rot90` does.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    k : int or array-like of shape (N,)
        How many quarters; all even or all odd unless the images are square.
    plane : str
        Two of the axes D, H and W: from the first towards the second. Images have the default
        alone.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images or the numbers are none, or the results would differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> rot90(np.array([[[1, 2], [3, 4]]] * 2, np.uint8), [1, 2]).tolist()
    [[[2, 4], [1, 3]], [[4, 3], [2, 1]]]
    """
    batch = _with_pixels("rot90", images)
    codes = settings.plane_codes(settings.plane("rot90", plane))
    axes = dict(zip(("first", "second"), codes, strict=False))
    return apply_op("rot90", images, threads, k=whole_for_each("rot90", "k", k, batch), **axes)


def depth_flip(
    images: npt.NDArray[np.uint8], *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Exchange front and back of volumes.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, D, H, W, C)
        Of any strides.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError
        If these are no volumes.

    Examples
    --------
    >>> import numpy as np
    >>> depth_flip(np.arange(3, dtype=np.uint8).reshape(1, 3, 1, 1, 1)).ravel().tolist()
    [2, 1, 0]
    """
    return apply_op("depth_flip", images, threads)


def cubic_symmetry(
    images: npt.NDArray[np.uint8], number: npt.ArrayLike, *, threads: int | None = None
) -> npt.NDArray[np.uint8]:
    """Apply one of the 48 symmetries of the cube to every volume.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, D, H, W, C)
        Of any strides; D, H and W are equal.
    number : int or array-like of shape (N,)
        Which, 0 to 47, in the order of `CubicSymmetry`.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If these are no volumes, their sides differ, or the numbers are none.

    Examples
    --------
    >>> import numpy as np
    >>> volume = np.arange(8, dtype=np.uint8).reshape(1, 2, 2, 2, 1)
    >>> cubic_symmetry(volume, 4).ravel().tolist()
    [4, 5, 6, 7, 0, 1, 2, 3]
    """
    batch = _with_pixels("cubic_symmetry", images)
    numbers = whole_for_each("cubic_symmetry", "number", number, batch, least=0, most=47)
    return apply_op("cubic_symmetry", images, threads, number=numbers)


def rotate(
    images: npt.NDArray[np.uint8],
    angle: npt.ArrayLike,
    interpolation: Any = "nearest",
    expand: bool = False,
    center: npt.ArrayLike | None = None,
    fill: float | list[float] | tuple[float, ...] | None = None,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Turn every image against the clock.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    angle : float or array-like of shape (N,)
        In degrees.
    interpolation : {"nearest", "bilinear"}
        Or torchvision's members of these names.
    expand : bool
        Only False: images keep their size.
    center : (float, float) or array-like of shape (N, 2), optional
        What stays where it is, x and y in pixels from the top left corner; the middle by default.
    fill : float or one for each channel, optional
        What is written beside the image, in [0, 255]. By default 0, into which bilinear
        interpolation blends the edges.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the parameters are none.

    Examples
    --------
    >>> import numpy as np
    >>> rotate(np.array([[[1, 2], [3, 4]]] * 2, np.uint8), [90, 180]).tolist()
    [[[2, 4], [1, 3]], [[4, 3], [2, 1]]]
    """
    batch = _with_pixels("rotate", images)
    if settings.flag("rotate", "expand", expand):
        raise ConfigError(
            f"rotate: expected expand=False, since images keep their size, got {expand!r}"
        )
    return apply_op(
        "rotate",
        images,
        threads,
        angle=angle,
        interpolation=_interpolation("rotate", interpolation),
        **_center("rotate", center, batch),
        **_fill("rotate", fill),
    )


def affine(
    images: npt.NDArray[np.uint8],
    angle: npt.ArrayLike,
    translate: npt.ArrayLike,
    scale: npt.ArrayLike,
    shear: npt.ArrayLike,
    interpolation: Any = "nearest",
    fill: float | list[float] | tuple[float, ...] | None = None,
    center: npt.ArrayLike | None = None,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Turn, shift, scale and shear every image, around its middle.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W), (N, H, W, C) or (N, D, H, W, C)
        Of any strides.
    angle : float or array-like of shape (N,)
        In degrees, with the clock.
    translate : (float, float) or array-like of shape (N, 2)
        In pixels, to the right and down.
    scale : float or array-like of shape (N,)
        Above 0.
    shear : float, (float, float) or array-like of shape (N, 2)
        In degrees, along x, or along x and y.
    interpolation : {"nearest", "bilinear"}
        Or torchvision's members of these names.
    fill : float or one for each channel, optional
        What is written beside the image, in [0, 255]. By default 0, into which bilinear
        interpolation blends the edges.
    center : (float, float) or array-like of shape (N, 2), optional
        What stays where it is, x and y in pixels from the top left corner; the middle by default.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of `images`

    Raises
    ------
    ShapeError, ConfigError
        If the images or the parameters are none.

    Examples
    --------
    >>> import numpy as np
    >>> affine(np.array([[[1, 2, 3]]], np.uint8), 0, (1, 0), 1, 0, fill=9).tolist()
    [[[9, 1, 2]]]
    """
    batch = _with_pixels("affine", images)
    angles: Any = shear.tolist() if isinstance(shear, np.ndarray) else shear
    if isinstance(angles, Real):
        angles = (angles, 0.0)
    elif isinstance(angles, Sequence) and len(angles) == 1:
        angles = (*angles, *angles)
    shear_x, shear_y = _pair("affine", "shear", angles, batch)
    translate_x, translate_y = _pair("affine", "translate", translate, batch)
    return apply_op(
        "affine",
        images,
        threads,
        angle=angle,
        translate_x=translate_x,
        translate_y=translate_y,
        scale=scale,
        shear_x=shear_x,
        shear_y=shear_y,
        interpolation=_interpolation("affine", interpolation),
        **_center("affine", center, batch),
        **_fill("affine", fill),
    )


def resize(
    images: npt.NDArray[np.uint8],
    size: int | tuple[int, ...] | list[int],
    interpolation: Any = "bilinear",
    *,
    antialias: bool = True,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Bring all images to another size.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    size : int or (int, int)
        Height and width. A single number is the shorter side's; the longer one is in proportion.
    interpolation : {"nearest", "bilinear"}
        Or torchvision's members of these names.
    antialias : bool
        Whether bilinear interpolation takes as many pixels as one of the result spans.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images or the size are none.

    Examples
    --------
    >>> import numpy as np
    >>> resize(np.array([[[0, 100]]], np.uint8), (1, 4)).tolist()
    [[[0, 25, 75, 100]]]
    """
    batch = _with_pixels("resize", images)
    height, width = _target("resize", size, batch.shape[1], batch.shape[2])
    return apply_op(
        "resize",
        images,
        threads,
        height=height,
        width=width,
        interpolation=_filter("resize", interpolation, antialias),
    )


def resized_crop(
    images: npt.NDArray[np.uint8],
    top: npt.ArrayLike,
    left: npt.ArrayLike,
    height: npt.ArrayLike,
    width: npt.ArrayLike,
    size: int | tuple[int, ...] | list[int],
    interpolation: Any = "bilinear",
    *,
    antialias: bool = True,
    threads: int | None = None,
) -> npt.NDArray[np.uint8]:
    """Cut a window out of every image and bring it to another size.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W) or (N, H, W, C)
        Of any strides.
    top, left, height, width : int or array-like of shape (N,)
        The window. Where it leaves the image, it is 0.
    size : int or (int, int)
        As of `resize`; a single number needs windows of one size.
    interpolation : {"nearest", "bilinear"}
        Or torchvision's members of these names.
    antialias : bool
        Whether bilinear interpolation takes as many pixels as one of the result spans.
    threads : int, optional
        The result does not depend on it.

    Returns
    -------
    ndarray of uint8
        With as many axes as `images`.

    Raises
    ------
    ShapeError, ConfigError
        If the images, the windows or the size are none.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    >>> resized_crop(images, 0, [0, 1], [1, 2], 1, (2, 1)).tolist()
    [[[0], [0]], [[5], [7]]]
    """
    batch = _with_pixels("resized_crop", images)
    window_height = whole_for_each("resized_crop", "height", height, batch, least=1)
    window_width = whole_for_each("resized_crop", "width", width, batch, least=1)
    sides = settings.wholes("resized_crop", "size", size, (1, 2), 1)
    if len(sides) == 1:
        if len(np.unique(window_height)) != 1 or len(np.unique(window_width)) != 1:
            raise ConfigError(
                "resized_crop: expected size as (height, width), since the windows differ in size, "
                f"got {size!r}"
            )
        sides = _target("resized_crop", size, int(window_height[0]), int(window_width[0]))
    return apply_op(
        "resized_crop",
        images,
        threads,
        top=whole_for_each("resized_crop", "top", top, batch),
        left=whole_for_each("resized_crop", "left", left, batch),
        height=window_height,
        width=window_width,
        to_height=sides[0],
        to_width=sides[1],
        interpolation=_filter("resized_crop", interpolation, antialias),
    )


def _with_pixels(name: str, images: object) -> npt.NDArray[np.uint8]:
    batch = checked_batch(images)
    if 0 in batch.shape[1:3]:
        raise ShapeError(f"{name}: expected images of at least one pixel, got shape {batch.shape}")
    return batch


def _target(name: str, size: Any, height: int, width: int) -> tuple[int, ...]:
    """Height and width, in proportion where a single side is given."""
    sides = settings.wholes(name, "size", size, (1, 2), 1)
    if len(sides) == 2:
        return sides
    short, long = min(height, width), max(height, width)
    longer = settings.whole(name, "size", int(sides[0] * long / short), 1)
    return (longer, sides[0]) if width <= height else (sides[0], longer)


def _pair(
    name: str, key: str, value: Any, batch: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Two numbers for all images, or two for each."""
    try:
        values = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.full((0, 0, 0), 0.0)
    if values.shape not in {(2,), (len(batch), 2)} or not np.isfinite(values).all():
        raise ConfigError(
            f"{name}: expected {key} as two finite numbers, or two for each of the {len(batch)} "
            f"images, got {value!r}"
        )
    return values[..., 0], values[..., 1]


def _center(name: str, center: Any, batch: npt.NDArray[np.uint8]) -> dict[str, Any]:
    x, y = (np.nan, np.nan) if center is None else _pair(name, "center", center, batch)
    return {"center_x": x, "center_y": y}


def _fill(name: str, fill: Any) -> dict[str, float]:
    values = settings.fill(name, fill) or ()
    return {f"fill_{number}": value for number, value in enumerate(values)}


def _interpolation(name: str, interpolation: Any) -> int:
    return settings.INTERPOLATIONS.index(settings.interpolation(name, interpolation))


def _filter(name: str, interpolation: Any, antialias: bool) -> int:
    chosen = settings.interpolation(name, interpolation)
    return settings.filter_code(chosen, settings.antialias(name, antialias))
