"""The running mean of a network's weights."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn


class RunningMean(AveragedModel):
    """A copy of a network, whose weights are the mean of those that it has had.

    Statistics of batch normalisation are averaged too; its counts of batches are copied.

    torch's own update makes the host wait for a GPU at every call, and there cannot average
    integers. Here the count of updates stays on the host, and one operation takes all weights.

    Parameters
    ----------
    model : nn.Module
        On its device.
    window : float
        In updates, the time constant of an exponential mean: a new weight counts ``1 / window``, or
        as much as each one before it while there are fewer; infinite for the mean of all of them.

    Examples
    --------
    >>> model = torch.nn.Linear(1, 1)
    >>> mean = RunningMean(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(value)
    ...     mean.update_parameters(model)
    >>> mean.module.weight.item()
    3.0
    """

    def __init__(self, model: nn.Module, window: float = math.inf) -> None:
        super().__init__(model, use_buffers=True)
        self.window = max(1.0, window)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take the present weights of a network into the mean."""
        share = 1 / min(int(self.n_averaged) + 1, self.window)
        pairs = list(zip(_tensors(self.module), _tensors(model), strict=True))
        floating = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([mean for mean, _ in floating], [new for _, new in floating], share)
        for mean, new in pairs:
            if not mean.is_floating_point():
                mean.copy_(new)
        self.n_averaged += 1


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    return chain(model.parameters(), model.buffers())
