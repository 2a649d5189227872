"""What the steps of an epoch add up to: losses, seconds, and the wait for data."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from medfast.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

_SECONDS_BETWEEN_FETCHES = 0.25


@dataclass
class EpochMeter:
    """Counts the steps of an epoch; a checkpoint in its middle holds `to_dict`.

    Losses, norms and waits are fetched from the device now and then, instead of at every step.

    Parameters
    ----------
    epoch : int
        Counted from 0.
    losses, norms, images : list
        Of each step: the mean loss of its batch, the norm of its gradient, the size of the batch.
    seconds, waited : float
        Since the epoch began, and of these for data.

    Attributes
    ----------
    latest : float
        The newest loss that was fetched; NaN before the first.
    """

    epoch: int
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    seconds: float = 0.0
    waited: float = 0.0

    def __post_init__(self) -> None:
        self.latest = self.losses[-1] if self.losses else math.nan
        self._on_device: list[Tensor] = []
        self._waits_on_device: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._fetched = self._ticked = time.perf_counter()

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self.images)

    def start(self) -> None:
        """Count the seconds from here on."""
        self._ticked = time.perf_counter()

    @contextmanager
    def wait(self, device: torch.device) -> Iterator[None]:
        """Count the time of a block in which the device has nothing to do but wait for data.

        On CUDA the host runs ahead: a wait in which the device still computes is none. What counts
        there is the time between two events of the present stream, before and after the block,
        which may itself make the stream wait.
        """
        if device.type == "cuda":
            stream = torch.cuda.current_stream(device)
            began, ended = (
                torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
                for _ in range(2)
            )
            began.record(stream)
            yield
            ended.record(stream)
            self._waits_on_device.append((began, ended))
        else:
            then = time.perf_counter()
            yield
            self.waited += time.perf_counter() - then

    def add(self, loss: Tensor, norm: Tensor, images: int) -> None:
        """Take the mean loss of a batch, and the norm of its gradient.

        Raises
        ------
        InvalidValueError
            If a loss so far is not finite; the message names the epoch and the step.
        """
        self._on_device.append(torch.stack([loss.detach(), norm]))
        self.images.append(images)
        if time.perf_counter() - self._fetched >= _SECONDS_BETWEEN_FETCHES:
            self._fetch()

    def mean_loss(self) -> float:
        """Return the mean over the images; raises as `add` does."""
        self._fetch()
        return float(np.average(self.losses, weights=self.images))

    def mean_norm(self) -> float:
        """Return the mean norm of the steps' gradients; raises as `add` does."""
        self._fetch()
        return float(np.mean(self.norms))

    def stall(self) -> float:
        """Return the share of the time spent waiting for data; raises as `add` does."""
        self._fetch()
        return self.waited / self._tick()

    def images_per_second(self) -> float:
        """Return the images trained on in a second; raises as `add` does."""
        self._fetch()
        return sum(self.images) / self._tick()

    def to_dict(self) -> dict[str, Any]:
        """Return what an equal meter is made of, for JSON; raises as `add` does."""
        self._fetch()
        return {
            "epoch": self.epoch,
            "losses": list(self.losses),
            "norms": list(self.norms),
            "images": list(self.images),
            "seconds": self._tick(),
            "waited": self.waited,
        }

    def _tick(self) -> float:
        now = time.perf_counter()
        self.seconds += now - self._ticked
        self._ticked = now
        return self.seconds

    def _fetch(self) -> None:
        if not self._on_device:
            return
        values, norms = torch.stack(self._on_device, dim=1).tolist()
        self._on_device.clear()
        # The values came after these events, so that they have happened.
        self.waited += sum(a.elapsed_time(b) for a, b in self._waits_on_device) / 1000
        self._waits_on_device.clear()
        for step, value in enumerate(values, start=len(self.losses) + 1):
            if not math.isfinite(value):
                raise InvalidValueError(
                    f"the loss became {value} in epoch {self.epoch + 1}, step {step}: training "
                    "diverges; lower the learning rate, or use fp32"
                )
        self.losses += values
        self.norms += norms
        self.latest = values[-1]
        self._fetched = time.perf_counter()
