"""The running mean of a network's weights."""

from __future__ import annotations

import math
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class RunningMean(nn.Module):
    """A copy of a network, whose weights are the mean of those that the network has had.

    Statistics of batch normalisation are averaged too; its counts of batches are copied.

    `torch.optim.swa_utils.AveragedModel`, whose names of tensors these are, makes the host wait for
    a GPU at every update, and there cannot average integers. Here the count of updates stays on the
    host, and one operation takes all weights.

    Parameters
    ----------
    model : nn.Module
        On its device, where its tensors stay the same ones.
    window : float
        In updates, the time constant of an exponential mean: a new weight counts ``1 / window``, or
        as much as each one before it while there are fewer; infinite for the mean of all of them.

    Attributes
    ----------
    module : nn.Module
        Of the mean weights.
    n_averaged : Tensor
        How many there were.

    Examples
    --------
    >>> model = nn.Linear(1, 1)
    >>> mean = RunningMean(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.weight.data.fill_(value)
    ...     mean.update()
    >>> mean.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(self, model: nn.Module, window: float = math.inf) -> None:
        super().__init__()
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", torch.tensor(0))
        self.window = max(1.0, window)
        # Kept: to go through the modules of a large network takes longer than to launch the update.
        self._weights, self._counts = (
            [
                [tensor for tensor in _tensors(network) if tensor.is_floating_point() is floating]
                for network in (self.module, model)
            ]
            for floating in (True, False)
        )

    @torch.no_grad()
    def update(self) -> None:
        """Take the network's present weights into the mean."""
        share = 1 / min(int(self.n_averaged) + 1, self.window)
        mean, newest = self._weights
        torch._foreach_lerp_(mean, newest, share)
        mean, newest = self._counts
        if mean:
            torch._foreach_copy_(mean, newest)
        self.n_averaged += 1


def _tensors(network: nn.Module) -> chain[Tensor]:
    return chain(network.parameters(), network.buffers())
