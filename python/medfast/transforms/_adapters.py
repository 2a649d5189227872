"""Pipelines in code that passes one image at a time, or lists of samples. Imports no torch."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import ConfigError, ShapeError
from medfast.transforms._apply import as_array, as_tensor, is_tensor
from medfast.transforms._compose import Compose
from medfast.transforms._settings import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_CALLS = 2**32


class _Adapter:
    """A pipeline whose draws are keyed by the calls, since the rows are not known here."""

    def __init__(self, pipeline: Compose, *, seed: int | None = None) -> None:
        if not isinstance(pipeline, Compose):
            raise ConfigError(f"expected a Compose of medfast, got {type(pipeline).__name__}")
        if seed is not None:
            seed = whole(type(self).__name__, "seed", seed, 0, 2**64 - 1)
        self.pipeline = pipeline
        self.seed = seed
        self._drawn = secrets.randbits(64) if seed is None else seed
        self._calls = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pipeline!r}, seed={self.seed!r})"

    def _transform(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        seed = self._drawn
        loading: Any = sys.modules.get("torch.utils.data")
        worker = loading.get_worker_info() if loading is not None else None
        if worker is not None:
            # Every worker, and in every epoch, has a copy of this with the same count.
            mixed = np.random.SeedSequence([seed, worker.seed]).generate_state(1, np.uint64)
            seed = int(mixed[0])
        found = self.pipeline(images, seed=seed, epoch=self._calls, threads=1 if worker else None)
        self._calls = (self._calls + 1) % _CALLS
        return found


class PerImage(_Adapter):
    """A pipeline as the ``transform=`` of a dataset of torchvision or medmnist.

    Every call draws anew. In the workers of a ``DataLoader`` the draws follow from the worker's own
    seed, so that they differ between workers and epochs and repeat with ``torch.manual_seed``.
    Passing whole batches to the pipeline itself is much faster, and keys the draws by row.

    Parameters
    ----------
    pipeline : Compose
    seed : int, optional
        0 to 2**64 - 1; a random one by default.

    Raises
    ------
    ConfigError
        If `pipeline` is none, or `seed` is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from medfast.transforms import Compose, PerImage, RandomHorizontalFlip
    >>> transform = PerImage(Compose([RandomHorizontalFlip(p=1.0)]), seed=0)
    >>> transform(np.array([[1, 2, 3]], np.uint8)).tolist()
    [[[3, 2, 1]]]
    """

    def __call__(self, image: Any) -> Any:
        """Transform one image.

        Parameters
        ----------
        image : PIL image, tensor or ndarray
            A PIL image of mode L or RGB; or uint8, a tensor of shape (H, W) or (C, H, W), an array
            of shape (H, W) or (H, W, C). With D before H, if the pipeline is of volumes.

        Returns
        -------
        PIL image, tensor or ndarray
            A PIL image for one, if the pipeline gives bytes, else a tensor (an array without
            torch); a tensor for a tensor, an array for an array: (C, H, W) or (H, W, C) by the
            pipeline's layout.

        Raises
        ------
        ShapeError
            If `image` is none of these.
        """
        array = one_image(image, self.pipeline)
        found = self._transform(array[np.newaxis])[0]
        if _is_picture(image) and found.dtype == np.uint8:
            pixels = found if self.pipeline.layout == "NHWC" else np.moveaxis(found, 0, 2)
            pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
            picture: Any = sys.modules["PIL.Image"]
            return picture.fromarray(np.ascontiguousarray(pixels))
        wants_tensor = is_tensor(image) or (_is_picture(image) and "torch" in sys.modules)
        return as_tensor(found, self.pipeline.dtype_name) if wants_tensor else found


class PerBatch(_Adapter):
    """A pipeline as the ``collate_fn=`` of a torch ``DataLoader``.

    Stacks the images of a list of samples and transforms them at once. The draws are keyed by the
    batch and the place in it, and in workers by the worker's own seed, as `PerImage` says.

    Parameters
    ----------
    pipeline : Compose
    seed : int, optional
        0 to 2**64 - 1; a random one by default.

    Raises
    ------
    ConfigError
        If `pipeline` is none, or `seed` is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from medfast.transforms import Compose, PerBatch, ToDtype
    >>> collate = PerBatch(Compose([ToDtype("float32", scale=True)]))
    >>> images, labels = collate([(np.zeros((28, 28), np.uint8), 1)] * 4)
    >>> tuple(images.shape), labels.tolist()
    ((4, 1, 28, 28), [1, 1, 1, 1])
    """

    def __call__(self, samples: Sequence[tuple[Any, Any]]) -> tuple[Any, Any]:
        """Transform a list of samples.

        Parameters
        ----------
        samples : sequence of (image, label)
            Images as for `PerImage`, all of one size; labels are numbers or arrays of one shape.

        Returns
        -------
        images, labels : tensor, or ndarray without torch
            Images of shape (n, C, H, W) or (n, H, W, C) by the pipeline's layout.

        Raises
        ------
        ShapeError
            If a sample is no pair, an image is none, or the images or the labels differ in size.
        """
        for place, sample in enumerate(samples):
            if not isinstance(sample, (tuple, list)) or len(sample) != 2:
                raise ShapeError(
                    f"expected samples as pairs (image, label), got {type(sample).__name__} at "
                    f"place {place}; give the dataset a label, 0 if there is none"
                )
        if not samples:
            raise ShapeError("expected a list of at least one sample, got none")
        images = [one_image(image, self.pipeline) for image, _ in samples]
        shapes = {image.shape for image in images}
        if len(shapes) != 1:
            raise ShapeError(
                f"expected images of one size, got {sorted(shapes)}; resize or crop them in the "
                "dataset"
            )
        found = self._transform(np.stack(images))
        try:
            labels = np.asarray([as_array(label, "a label") for _, label in samples])
        except ValueError:
            labels = np.asarray(None)
        if labels.dtype.kind not in "biuf":
            raise ShapeError(
                "expected labels as numbers or arrays of one shape, got "
                f"{[label for _, label in samples[:3]]!r}"
            )
        if "torch" in sys.modules:
            return as_tensor(found, self.pipeline.dtype_name), as_tensor(labels)
        return found, labels


def one_image(image: Any, pipeline: Compose) -> npt.NDArray[np.uint8]:
    """Give the array of an image or volume, channels last, without a copy where it can."""
    array = np.asarray(image) if _is_picture(image) else as_array(image, "image")
    axes = 3 if "D" in pipeline.layout else 2
    fits = isinstance(array, np.ndarray) and array.ndim in (axes, axes + 1)
    if not fits or array.dtype != np.uint8:
        found = (
            f"{array.dtype} of shape {array.shape}"
            if isinstance(array, np.ndarray)
            else type(image).__name__
        )
        expected = (
            "a PIL image of mode L or RGB, or uint8 of two or three dimensions"
            if axes == 2
            else "a volume of uint8 of three or four dimensions"
        )
        raise ShapeError(f"expected {expected}, got {found}")
    return np.moveaxis(array, 0, axes) if is_tensor(image) and array.ndim > axes else array


def _is_picture(image: Any) -> bool:
    picture: Any = sys.modules.get("PIL.Image")
    return picture is not None and isinstance(image, picture.Image)
