"""Batches of a split, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.errors import ConfigError, ShapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import torch
    from numpy.typing import NDArray

    from medfast.transforms import Compose


class Loader:
    """Feeds images through a pipeline, batch by batch.

    The last batch holds what remains; a remainder of a single image, which batch normalisation
    could not train on, goes to the batch before it.

    Parameters
    ----------
    images : ndarray of uint8 of shape (n, H, W) or (n, H, W, C)
        All images of a split; or volumes, with D before H, for a pipeline whose layout has it.
    targets : ndarray of shape (n, ...)
        One row per image; batches have its dtype.
    pipeline : Compose
        Applied to each batch; its draws are keyed by (seed, epoch, row).
    batch_size : int
        Images per batch.
    shuffle : bool
        Whether an epoch visits the rows in a random order, instead of that of the file.
    seed : int
        Of the order and of the draws.
    finish : callable, optional
        What `tensors` does to a batch of images once it is on the device.

    Raises
    ------
    ConfigError
        If the batch size is not positive.
    ShapeError
        If there is no image, or not one target per image.

    Examples
    --------
    >>> from medfast.transforms import Compose
    >>> images, targets = np.zeros((5, 8, 8), np.uint8), np.arange(5)
    >>> loader = Loader(images, targets, Compose([]), batch_size=2)
    >>> [batch.tolist() for _, batch in loader.arrays()]
    [[0, 1], [2, 3, 4]]
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: NDArray[Any],
        pipeline: Compose,
        *,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        finish: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        if batch_size < 1:
            raise ConfigError(f"batch_size must be at least 1; got {batch_size}")
        if len(images) == 0 or len(images) != len(targets):
            raise ShapeError(
                "a loader needs images, and as many targets; "
                f"got {len(images)} images and {len(targets)} targets"
            )
        self.images = images
        self.targets = targets
        self.pipeline = pipeline
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.finish = finish
        starts = list(range(0, len(images), batch_size))
        if len(starts) > 1 and len(images) - starts[-1] == 1:
            starts.pop()
        self._bounds = [*starts, len(images)]

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._bounds) - 1

    def order(self, epoch: int = 0) -> NDArray[np.intp]:
        """Return the rows of the split in the order in which an epoch visits them.

        The same as sorting the rows by 64 random bits each, drawn from the counter-based generator
        Philox with the key (seed, epoch).
        """
        if not self.shuffle:
            return np.arange(len(self.images))
        key = np.array([self.seed, epoch], dtype=np.uint64)
        bits = np.random.Philox(key=key).random_raw(len(self.images))
        return np.argsort(bits, kind="stable")

    def rows(self, epoch: int = 0) -> Iterator[NDArray[np.intp]]:
        """Yield the rows of each batch."""
        order = self.order(epoch)
        for start, stop in zip(self._bounds[:-1], self._bounds[1:], strict=True):
            yield order[start:stop]

    def arrays(self, epoch: int = 0) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield batches of images, as the pipeline lays them out, and targets."""
        for rows in self.rows(epoch):
            images = self.pipeline(self.images, index=rows, seed=self.seed, epoch=epoch)
            yield images, self.targets[rows]

    def tensors(
        self,
        device: torch.device | str = "cpu",
        epoch: int = 0,
        start: int = 0,
        wait: Callable[[torch.device], AbstractContextManager[object]] = nullcontext,
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield batches of images ``(n, C, H, W)``, or volumes, and targets on a device.

        A thread fills the next batch, without the interpreter's lock, while the network is at the
        present one; for CUDA in pinned memory, out of which a stream of its own copies it, so that
        the transfer goes on beside the network too.
        A pipeline of layout NHWC gives tensors in torch's ``channels_last`` order without a copy,
        and NDHWC in ``channels_last_3d``.

        Parameters
        ----------
        device : torch.device or str
        epoch : int
            Of the order and of the draws.
        start : int
            The number of batches to leave out, which are as if they had been taken.
        wait : callable
            Gets the device, and returns a context that is entered while a batch is waited for.
            On CUDA the present stream waits too: for the copy.
        """
        import torch

        device = torch.device(device)
        if str(device) == "cuda":
            device = torch.device("cuda", torch.cuda.current_device())
        copies = _copy_stream(device) if device.type == "cuda" else None
        dtype = getattr(torch, self.pipeline.dtype_name)

        def fill(rows: NDArray[np.intp]) -> tuple[Any, Any, Any]:
            if copies is not None:  # a thread begins at the first GPU, and would take memory of it
                torch.cuda.set_device(device)
            shape = self.pipeline.output_shape(self.images, len(rows))
            batch: Any = torch.empty(shape, dtype=dtype, pin_memory=copies is not None)
            self.pipeline(self.images, index=rows, seed=self.seed, epoch=epoch, out=batch)
            if self.pipeline.layout.endswith("C"):
                batch = batch.movedim(-1, 1)
            targets = torch.from_numpy(self.targets[rows])
            if copies is None:
                return batch.to(device), targets.to(device), None
            with torch.cuda.stream(copies):
                # torch does not use a pinned buffer again before the copy out of it is done.
                batch = batch.to(device, non_blocking=True)
                targets = targets.pin_memory().to(device, non_blocking=True)
                return batch, targets, copies.record_event()

        with ThreadPoolExecutor(1, "medfast-loader") as thread:
            filled = None
            for rows in [*islice(self.rows(epoch), start, None), None]:
                following = None if rows is None else thread.submit(fill, rows)
                if filled is not None:
                    with wait(device):
                        batch, targets, copied = filled.result()
                        if copied is not None:
                            stream = torch.cuda.current_stream(device)
                            stream.wait_event(copied)
                            # Their memory is of the other stream, which may not have it back before
                            # this one is done with them.
                            batch.record_stream(stream)
                            targets.record_stream(stream)
                    yield batch if self.finish is None else self.finish(batch), targets
                filled = following


@cache
def _copy_stream(device: torch.device) -> torch.cuda.Stream:
    """Return the stream that copies to a device: one, for each keeps memory of its own."""
    import torch

    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
