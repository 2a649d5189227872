"""The optimizers of a recipe, and Muon, which torch has for matrices but not for convolutions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer

from medfast.training.device import cpu_computes_bf16

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor, nn

    from medfast.training.recipe import Recipe

# Those of Jordan's iteration: it brings singular values near 1 fast, without converging.
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_NEWTON_SCHULZ_STEPS = 5


def build_optimizers(model: nn.Module, recipe: Recipe) -> list[Optimizer]:
    """Make the optimizers that share a model's parameters; the loop sets their rate at each step.

    It is one, but for ``muon``, which takes the convolutions between the first and the last layer
    and leaves the rest to AdamW, at the same rate. Weight decay is for weights of two and more
    dimensions: not for biases and normalisation.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if recipe.optimizer == "muon":
        hidden = [p for p in parameters if _is_hidden_filter(p)]
        others = [p for p in parameters if not _is_hidden_filter(p)]
        muon = Muon(
            hidden,
            lr=recipe.lr,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            weight_decay=recipe.weight_decay,
        )
        return [muon, AdamW(_by_decay(others, recipe), lr=recipe.lr, fused=True)]
    groups = _by_decay(parameters, recipe)
    if recipe.optimizer == "sgd":
        momentum, nesterov = recipe.momentum, recipe.nesterov
        return [SGD(groups, lr=recipe.lr, momentum=momentum, nesterov=nesterov, fused=True)]
    return [{"adam": Adam, "adamw": AdamW}[recipe.optimizer](groups, lr=recipe.lr, fused=True)]


def _is_hidden_filter(parameter: Tensor) -> bool:
    return parameter.ndim == 4 and parameter.shape[1] > 3  # more inputs than an image has channels


def _by_decay(parameters: list[nn.Parameter], recipe: Recipe) -> list[dict[str, Any]]:
    weights = [p for p in parameters if p.ndim >= 2]
    others = [p for p in parameters if p.ndim < 2]
    groups = [(weights, recipe.weight_decay), (others, 0.0)]
    return [{"params": group, "weight_decay": decay} for group, decay in groups if group]


class Muon(Optimizer):
    """Gradient descent whose steps are orthogonal matrices.

    A filter bank (out, in, h, w) counts as a matrix of `out` rows. Its step is the mean of its
    gradients with every singular value brought near 1, scaled to the size of a step of AdamW, so
    that both take the same rate and weight decay: ``torch.optim.Muon`` with
    ``adjust_lr_fn="match_rms_adamw"``, which takes matrices alone, and torch from 2.9.

    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; the scale is
    from Liu et al., "Muon is scalable for LLM training", arXiv:2502.16982, equation 4.

    Parameters
    ----------
    params : iterable of Tensor of two or more dimensions
    lr, momentum, nesterov
        As `torch.optim.SGD` takes them; the momentum is a running mean.
    weight_decay : float
        Decoupled: each step takes away the share ``lr * weight_decay`` of a weight.
    """

    def __init__(
        self,
        params: Iterable[Any],
        *,
        lr: float = 1e-3,
        momentum: float = 0.95,
        nesterov: bool = True,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(gradient)
                mean = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
                direction = gradient.lerp(mean, group["momentum"]) if group["nesterov"] else mean
                rows = direction.shape[0]
                scale = 0.2 * math.sqrt(max(rows, direction.numel() // rows))
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(orthogonal(direction), alpha=scale * group["lr"])


def orthogonal(gradient: Tensor) -> Tensor:
    """Bring the singular values of a gradient, as a matrix (out, the rest), near 1.

    Five steps of a Newton-Schulz iteration, in bfloat16 where the hardware multiplies it.

    Returns
    -------
    Tensor
        Of the shape and the type of `gradient`.
    """
    bf16 = gradient.device.type != "cpu" or cpu_computes_bf16()
    # In the order of memory of filters that are channels last; the order of columns is of no
    # consequence to the singular values.
    order = (0, *range(2, gradient.ndim), 1)
    ordered = gradient.permute(order)
    matrix = ordered.reshape(len(gradient), -1).to(torch.bfloat16 if bf16 else torch.float32)
    tall = matrix.shape[0] > matrix.shape[1]
    if tall:
        matrix = matrix.T
    matrix = matrix / matrix.norm().clamp(min=1e-7)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_NEWTON_SCHULZ_STEPS):
        gram = matrix @ matrix.T
        polynomial = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        matrix = torch.addmm(matrix, polynomial, matrix, beta=a)
    if tall:
        matrix = matrix.T
    back = matrix.to(gradient.dtype).reshape(ordered.shape)
    return back.permute(0, gradient.ndim - 1, *range(1, gradient.ndim - 1))
