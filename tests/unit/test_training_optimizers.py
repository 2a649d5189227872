"""Optimizers: Muon against torch's own, and which parameters go where."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from medfast.models import create_model
from medfast.training.optimizers import Muon, build_optimizers, orthogonal
from tiny_runs import tiny_recipe

MUON = {"optimizer": "muon", "momentum": 0.95, "nesterov": True}


def gradients(shape: tuple[int, ...], steps: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for _ in range(steps)]


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon is from torch 2.9")
@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (16, 16)])
@pytest.mark.parametrize("nesterov", [True, False])
def test_of_matrices_it_is_torchs_muon(shape: tuple[int, int], nesterov: bool) -> None:
    settings: dict[str, Any] = {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}
    settings["nesterov"] = nesterov
    ours, theirs = (nn.Parameter(torch.ones(shape)) for _ in range(2))
    optimizers = (
        Muon([ours], **settings),
        torch.optim.Muon([theirs], **settings, adjust_lr_fn="match_rms_adamw"),
    )
    for gradient in gradients(shape, 5):
        for parameter, optimizer in zip((ours, theirs), optimizers, strict=True):
            parameter.grad = gradient.clone()
            optimizer.step()
    # Theirs iterates in bfloat16 always, ours in float32 where the processor has no bfloat16.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-2 * 0.02 * 0.2 * 20**0.5 * 5)


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (64, 4, 1, 1), (5, 7)])
def test_singular_values_come_near_one(shape: tuple[int, ...]) -> None:
    (gradient,) = gradients(shape, 1)
    found = torch.linalg.svdvals(orthogonal(gradient).flatten(1))
    assert ((found > 0.6) & (found < 1.3)).all()
    before, after = (torch.linalg.svd(m.flatten(1)) for m in (gradient, orthogonal(gradient)))
    rank = min(len(before.S), len(after.S))
    # Same spaces: the product of the two bases is orthogonal within the rank.
    overlap = (before.U[:, :rank].T @ after.U[:, :rank]).norm() ** 2
    assert overlap == pytest.approx(rank, abs=0.05)


def test_the_order_of_memory_changes_nothing() -> None:
    (gradient,) = gradients((16, 8, 3, 3), 1)
    last = gradient.to(memory_format=torch.channels_last)
    assert torch.equal(orthogonal(gradient), orthogonal(last))


def test_muon_takes_hidden_filters_and_adamw_the_rest() -> None:
    model = create_model("resnet18", in_channels=3, n_classes=5)
    muon, adamw = build_optimizers(model, tiny_recipe(**MUON, weight_decay=0.1))
    assert isinstance(muon, Muon)
    assert isinstance(adamw, torch.optim.AdamW)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    hidden = {names[id(p)] for group in muon.param_groups for p in group["params"]}
    others = [names[id(p)] for group in adamw.param_groups for p in group["params"]]
    assert "layer1.0.conv1.weight" in hidden
    assert {"conv1.weight", "fc.weight", "fc.bias", "bn1.weight"} <= set(others)
    assert hidden.isdisjoint(others)
    assert len(hidden) + len(others) == len(names)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_biases_and_normalisation_do_not_decay(optimizer: str) -> None:
    model = create_model("resnet18", in_channels=1, n_classes=2)
    (built,) = build_optimizers(model, tiny_recipe(optimizer=optimizer, weight_decay=0.1))
    for group in built.param_groups:
        dimensions = {p.ndim >= 2 for p in group["params"]}
        assert dimensions == {group["weight_decay"] == 0.1}
