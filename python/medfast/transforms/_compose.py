"""Pipelines: checked calls of the native one."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from medfast import _native
from medfast.errors import ConfigError, InvalidValueError, ShapeError, nearest
from medfast.transforms._apply import (
    as_array,
    as_tensor,
    checked_images,
    checked_volumes,
    is_tensor,
)
from medfast.transforms._convert import convert
from medfast.transforms._steps import Transform

if TYPE_CHECKING:
    import numpy.typing as npt

_LAYOUTS = ("NCHW", "NHWC", "NCDHW", "NDHWC")
_MAX_SEED = 2**64 - 1
_MAX_EPOCH = 2**32 - 1
_MAX_ROW = 2**63 - 1
_MAX_THREADS = 1024


@dataclass(frozen=True, init=False, repr=False)
class Compose:
    """A pipeline of transforms over batches of uint8 images or volumes.

    Parameters
    ----------
    transforms : sequence of Transform
        The steps, in order. `Normalize` goes after `ToDtype`, flips go anywhere, all others before
        it. Without `ToDtype` the output is uint8; without any step
        the pipeline gathers rows and changes the layout.
    layout : {"NCHW", "NHWC", "NCDHW", "NDHWC"}, default "NCHW"
        The order of the output's axes. With D among them, what comes are volumes: transforms that
        change where pixels are do the same to every slice (H, W), as torchvision does with leading
        axes, those that change values take the volume as one image, and `RandomDepthFlip`,
        `CubicSymmetry`, the planes of `RandomRotate90` and the crops of (depth, height, width) are
        of volumes alone. `Pad`, `Resize`, `RandomResizedCrop`, `GaussianBlur`, what sharpens, and
        policies with it are of images alone.

    Attributes
    ----------
    transforms : tuple of Transform
    layout : str

    Raises
    ------
    ConfigError
        If a step is no transform of this module, or stands where it has no meaning.

    Examples
    --------
    >>> import numpy as np
    >>> from medfast.transforms import (
    ...     ColorJitter, Compose, Normalize, RandomHorizontalFlip, ToDtype,
    ... )
    >>> augment = Compose(
    ...     [
    ...         ColorJitter(brightness=0.2, contrast=0.2),
    ...         RandomHorizontalFlip(),
    ...         ToDtype("float32", scale=True),
    ...         Normalize(mean=[0.5], std=[0.5]),
    ...     ]
    ... )
    >>> images = np.arange(4 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(4, 28, 28)
    >>> batch = augment(images, index=[3, 0], seed=1)
    >>> batch.shape, batch.dtype
    ((2, 1, 28, 28), dtype('float32'))

    The same sample draws the same, in whatever batch it comes:

    >>> bool((augment(images, seed=1)[3] == batch[0]).all())
    True
    >>> augment.parameters(3, seed=1)[1]
    {'transform': 'RandomHorizontalFlip', 'applied': True}
    """

    transforms: tuple[Transform, ...]
    layout: str
    _pipeline: _native.Pipeline = field(compare=False)

    def __init__(self, transforms: Iterable[Transform], layout: str = "NCHW") -> None:
        if layout not in _LAYOUTS:
            raise ConfigError(f"unknown layout {layout!r}; {nearest(str(layout), _LAYOUTS)}")
        if not isinstance(transforms, Iterable):
            raise ConfigError(f"expected a list of transforms, got {_kind(transforms)}")
        steps = tuple(transforms)
        for position, step in enumerate(steps):
            if not isinstance(step, Transform):
                raise ConfigError(
                    f"expected a transform of medfast.transforms at position {position}, got "
                    f"{_kind(step)}; build the medfast transform of that name"
                )
        natives = [step._native() for step in steps]  # noqa: SLF001
        pipeline = _native.Pipeline(natives, layout.endswith("C"))
        object.__setattr__(self, "transforms", steps)
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "_pipeline", pipeline)

    def __repr__(self) -> str:
        steps = "".join(f"    {step!r},\n" for step in self.transforms)
        listed = f"[\n{steps}]" if steps else "[]"
        return f"Compose({listed}, layout={self.layout!r})"

    def __reduce__(self) -> tuple[type[Compose], tuple[tuple[Transform, ...], str]]:
        return Compose, (self.transforms, self.layout)

    @classmethod
    def from_torchvision(cls, transform: object, layout: str = "NCHW") -> Compose:
        """Convert a pipeline of torchvision, of its first or second version.

        Parameters
        ----------
        transform : object
            A transform of ``torchvision.transforms`` or ``torchvision.transforms.v2``. What turns a
            picture into a tensor (``ToTensor``, ``PILToTensor``, ``ToImage``) becomes what it does
            to the values, since batches are arrays already.
        layout : {"NCHW", "NHWC", "NCDHW", "NDHWC"}, default "NCHW"
            As for `Compose`.

        Returns
        -------
        Compose

        Raises
        ------
        UnsupportedError
            If a transform has no equal here; the message names it and its place.
        ConfigError
            If a setting is not offered here, or `transform` is no transform of torchvision.

        Examples
        --------
        >>> from torchvision.transforms import v2
        >>> theirs = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(10)])
        >>> print(Compose.from_torchvision(theirs).transforms[0])
        RandomHorizontalFlip(p=0.5)
        """
        return cls(convert(transform, ""), layout)

    def output_shape(self, images: npt.NDArray[np.uint8], rows: int) -> tuple[int, ...]:
        """Tell the shape of the output for so many rows of images of this shape.

        Parameters
        ----------
        images : ndarray or torch tensor of uint8
            Of shape (N, H, W) or (N, H, W, C), or, for volumes, (N, D, H, W) or (N, D, H, W, C).
        rows : int
            0 or more.

        Returns
        -------
        tuple of int
            (rows, C, H, W), (rows, H, W, C), (rows, C, D, H, W) or (rows, D, H, W, C) by `layout`.

        Raises
        ------
        ShapeError, ConfigError
            If the transforms are not defined for such images.

        Examples
        --------
        >>> import numpy as np
        >>> from medfast.transforms import RandomResizedCrop
        >>> Compose([RandomResizedCrop(32)]).output_shape(np.zeros((9, 28, 28), np.uint8), 4)
        (4, 1, 32, 32)
        """
        rows = _integer("rows", rows, 0, _MAX_ROW)
        batch, depth = self._checked(images)
        return self._spread(*self._pipeline.output_shape(batch, depth, rows))

    def _checked(self, images: object) -> tuple[npt.NDArray[np.uint8], int | None]:
        """Give images the axes of the native code, and the number of slices of volumes."""
        return checked_volumes(images) if "D" in self.layout else (checked_images(images), None)

    def _spread(self, shape: tuple[int, ...], depth: int | None) -> tuple[int, ...]:
        """Give the slices of volumes, one below the other in the native code, an axis."""
        if depth is None:
            return shape
        lines = self.layout.index("D")
        return (*shape[:lines], depth, shape[lines] // depth, *shape[lines + 1 :])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of arrays of the output; uint16, for its bits, if it is bfloat16."""
        name = self.dtype_name
        return np.dtype("uint16" if name == "bfloat16" else name)

    @property
    def dtype_name(self) -> str:
        """The name of the output's dtype, as in torch: that of `ToDtype`, or uint8."""
        return self._pipeline.dtype

    def _dtype_of(self, out: object) -> str:
        """Name the dtype that an array or a tensor to write to has."""
        return self.dtype_name if is_tensor(out) else self.dtype.name

    def _checked_out(
        self, out: Any, shape: tuple[int, ...], images: npt.NDArray[np.uint8]
    ) -> npt.NDArray[Any]:
        """Give the array, or that of the tensor, that is written to."""
        target = as_array(out, "out")
        if not isinstance(target, np.ndarray):
            raise ShapeError(f"expected out as a numpy array or a torch tensor, got {_kind(out)}")
        dtype = self.dtype
        # The name of a dtype takes numpy longer than all the rest of the call.
        if target.dtype != dtype and target.dtype.name == self.dtype_name == "bfloat16":
            target = target.view(np.uint16)  # of ml_dtypes, which numpy lacks
        if target.dtype != dtype or target.shape != shape:
            raise ShapeError(
                f"expected out of shape {shape} and dtype {self._dtype_of(out)}, got "
                f"{target.shape} and {out.dtype}"
            )
        for needed, met in (
            ("C-contiguous", target.flags.c_contiguous),
            ("aligned", target.flags.aligned),
            ("writeable", target.flags.writeable),
        ):
            if not met:
                module = "torch" if is_tensor(out) else "numpy"
                fresh = f"{module}.empty({shape}, dtype={module}.{self._dtype_of(out)})"
                raise ShapeError(f"expected out to be {needed}; pass a fresh {fresh}")
        if np.may_share_memory(images, target):
            raise ShapeError("expected out apart from images, they overlap; pass a fresh array")
        return target

    def __call__(
        self,
        images: npt.NDArray[np.uint8],
        *,
        index: Iterable[int] | npt.NDArray[np.integer[Any]] | None = None,
        seed: int = 0,
        epoch: int = 0,
        out: Any = None,
        threads: int | None = None,
    ) -> npt.NDArray[Any]:
        """Transform rows of `images`, each with its own draw.

        Parameters
        ----------
        images : ndarray or torch tensor of uint8
            Of shape (N, H, W) or (N, H, W, C), or, for volumes, (N, D, H, W) or (N, D, H, W, C).
            Any strides; never changed, and never copied as a whole unless slices of volumes do not
            follow one another at an even distance. A tensor is in the CPU's memory, and gives a
            tensor.
        index : sequence of int, optional
            The rows to transform, in order, repeats allowed; all rows by default. A row is also
            what its draws are keyed by.
        seed : int, default 0
            0 to 2**64 - 1.
        epoch : int, default 0
            0 to 2**32 - 1.
        out : ndarray or torch tensor, optional
            Where to write: of the right shape and `dtype`, C-contiguous, writeable, apart from
            `images` and `index`. Or a torch tensor in the CPU's memory, pinned or not, of the
            dtype `dtype_name`.
        threads : int, optional
            1 to 1024; by default as many as the batch is worth. The result does not depend on it.

        Returns
        -------
        ndarray of uint8, float32 or float16, or of uint16 for the bits of bfloat16
            A tensor if `images` is one, of the dtype `dtype_name`. Shape (n, C, H, W),
            (n, H, W, C), (n, C, D, H, W) or (n, D, H, W, C) by `layout`, with C = 1 for images
            without a channel axis; `out` itself if given.

        Raises
        ------
        ShapeError
            If `images`, `index` or `out` is of the wrong type, shape, dtype or memory layout, or a
            transform is not defined for so many channels.
        InvalidValueError
            If a row of `index` is negative or not below N.
        ConfigError
            If `seed`, `epoch` or `threads` is out of range.

        Notes
        -----
        Everything is checked before anything is written.
        """
        batch, depth = self._checked(images)
        rows = None if index is None else _checked_index(index)
        seed = _integer("seed", seed, 0, _MAX_SEED)
        epoch = _integer("epoch", epoch, 0, _MAX_EPOCH)
        if threads is not None:
            threads = _integer("threads", threads, 1, _MAX_THREADS)
        count = len(batch) if rows is None else len(rows)
        flat = self._pipeline.output_shape(batch, depth, count)
        shape = self._spread(*flat)
        if out is None:
            target = np.empty(shape, self.dtype)
        else:
            target = self._checked_out(out, shape, batch)
        view = target.reshape(flat[0])
        if view.dtype == np.float16:
            view = view.view(np.uint16)
        self._pipeline.run(batch, depth, rows, seed, epoch, view, threads)
        if out is None and is_tensor(images):
            out = as_tensor(target, self.dtype_name)
        return target if out is None else out

    def parameters(
        self,
        index: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        shape: tuple[int, ...] | None = None,
    ) -> list[dict[str, Any]]:
        """Tell what is drawn for one sample.

        Parameters
        ----------
        index : int
            The sample's row in the images.
        seed, epoch : int, default 0
            As in the call.
        shape : (height, width) or (height, width, channels), optional
            Of the image, on which the draws of crops, moves and windows depend; (28, 28) by
            default. Of a volume with the depth before them; (28, 28, 28) by default.

        Returns
        -------
        list of dict
            One per transform, in order: ``transform``, its name, and what it drew. `ColorJitter`:
            ``fn_idx``, the order of brightness (0), contrast (1), saturation (2) and hue (3), and
            a factor of each, a float or None, as torchvision names them. The flips: ``applied``.
            Others: ``ops``, a list of the names of functions and their parameters. All of it is
            ready for JSON.

        Raises
        ------
        InvalidValueError
            If `index` is negative.
        ConfigError
            If `seed` or `epoch` is out of range.
        ShapeError
            If `shape` is none, or a transform is not defined for it.

        Examples
        --------
        >>> from medfast.transforms import RandomVerticalFlip
        >>> Compose([RandomVerticalFlip(p=1.0)]).parameters(7, seed=1, epoch=2)
        [{'transform': 'RandomVerticalFlip', 'applied': True}]
        """
        sample = _integer("index", index, 0, _MAX_ROW, InvalidValueError)
        seed = _integer("seed", seed, 0, _MAX_SEED)
        epoch = _integer("epoch", epoch, 0, _MAX_EPOCH)
        axes = 3 if "D" in self.layout else 2
        try:
            sides = tuple(operator.index(side) for side in shape or (28,) * axes)
        except TypeError:
            sides = ()
        if len(sides) not in (axes, axes + 1) or min(sides) < 1 or max(sides) >= 2**31:
            raise ShapeError(
                f"expected shape as the {axes} sides of an image, and its channels if there are "
                f"several, got {shape!r}"
            )
        depth = sides[0] if axes == 3 else None
        height, width, channels = (*sides[axes - 2 :], 1)[:3]
        drawn = self._pipeline.parameters(sample, seed, epoch, depth, (height, width, channels))
        return [
            {"transform": type(step).__name__, **values}
            for step, values in zip(self.transforms, drawn, strict=True)
        ]


def _integer(
    name: str,
    value: SupportsIndex,
    low: int,
    high: int,
    error: type[ConfigError | InvalidValueError] = ConfigError,
) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if not low <= number <= high:
        raise error(f"expected {name} as an integer from {low} to {high}, got {value!r}")
    return number


def _checked_index(
    index: Iterable[int] | npt.NDArray[np.integer[Any]],
) -> npt.NDArray[np.int64]:
    try:
        rows = np.asarray(index if hasattr(index, "__len__") else list(index))
    except (TypeError, ValueError):
        raise ShapeError(f"expected index as a sequence of integers, got {index!r}") from None
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise ShapeError(
            f"expected index as a 1-D sequence of integers, got {rows.ndim}-D of {rows.dtype}; "
            "numpy.flatnonzero(mask) turns a mask into rows"
        )
    if rows.size and rows.dtype.kind == "u" and rows.max() > _MAX_ROW:
        position = int(rows.argmax())
        raise InvalidValueError(
            f"index: row {rows[position]} at position {position} is no row of any images"
        )
    return np.ascontiguousarray(rows, dtype=np.int64)


def _kind(value: object) -> str:
    modules = type(value).__module__.split(".")
    public = [module for module in modules if not module.startswith("_")]
    return ".".join([*public, type(value).__qualname__])
