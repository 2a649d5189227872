"""Losses: weights, smoothing, and CORN against its definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F  # noqa: N812

from medfast.task import Task
from medfast.training.losses import (
    corn_log_probabilities,
    loss_targets,
    one_vs_rest_log_probabilities,
    training_loss,
    trains_one_vs_rest,
)
from tiny_runs import tiny_recipe

CPU = torch.device("cpu")


def corn_by_definition(logits: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    """Equation 6 of Shi, Cao and Raschka: binary losses on the samples that reach each grade."""
    total, tasks = torch.zeros(()), 0
    for grade in range(logits.shape[1]):
        reached = grades >= grade
        beyond = (grades[reached] > grade).float()
        total = total + F.binary_cross_entropy_with_logits(
            logits[reached, grade], beyond, reduction="sum"
        )
        tasks += int(reached.sum())
    return total / tasks


def test_the_cross_entropy_of_corns_probabilities_is_its_loss() -> None:
    torch.manual_seed(0)
    logits, grades = 3 * torch.randn(50, 4), torch.arange(50) % 5
    found = F.cross_entropy(corn_log_probabilities(logits), grades)
    tasks = sum(int((grades >= grade).sum()) for grade in range(4))
    expected = corn_by_definition(logits, grades) * tasks / len(grades)
    torch.testing.assert_close(found, expected)


def test_corns_probabilities_are_ranked_and_sum_to_one() -> None:
    torch.manual_seed(0)
    logits = 20 * torch.randn(30, 4)
    probabilities = corn_log_probabilities(logits).exp()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(30))
    beyond = logits.sigmoid().cumprod(dim=1)
    torch.testing.assert_close(1 - probabilities.cumsum(dim=1)[:, :-1], beyond, atol=1e-6, rtol=0)
    assert corn_log_probabilities(torch.full((1, 4), 500.0)).isfinite().all()


def test_balanced_weights_are_scikit_learns() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])[:, None].astype(np.uint8)
    loss_of = training_loss(tiny_recipe(class_weights="balanced"), labels, Task.MULTI_CLASS, 3, CPU)
    weights = compute_class_weight("balanced", classes=np.arange(3), y=labels[:, 0])
    logits = torch.randn(6, 3)
    targets = torch.from_numpy(loss_targets(labels, Task.MULTI_CLASS))
    expected = F.cross_entropy(logits, targets, torch.from_numpy(weights).float())
    torch.testing.assert_close(loss_of(logits, targets), expected)


def test_a_class_without_images_weighs_one() -> None:
    recipe = tiny_recipe(class_weights="balanced")
    labels = np.array([[0], [0], [2]], np.uint8)
    loss_of = training_loss(recipe, labels, Task.MULTI_CLASS, 4, CPU)
    assert loss_of.keywords["weight"].tolist() == [0.375, 1.0, 0.75, 1.0]
    positives = np.array([[1, 0], [0, 0], [0, 0]], np.uint8)
    loss_of = training_loss(recipe, positives, Task.MULTI_LABEL, 2, CPU)
    assert loss_of.keywords["pos_weight"].tolist() == [2.0, 1.0]


@pytest.mark.parametrize("task", [Task.MULTI_CLASS, Task.MULTI_LABEL])
def test_without_settings_it_is_the_loss_that_is_reported(task: Task) -> None:
    labels = np.eye(4, dtype=np.uint8) if task is Task.MULTI_LABEL else np.arange(4)[:, None]
    targets, logits = torch.from_numpy(loss_targets(labels, task)), torch.randn(4, 4)
    found = training_loss(tiny_recipe(), labels, task, 4, CPU)(logits, targets)
    if task is Task.MULTI_LABEL:
        assert found == F.binary_cross_entropy_with_logits(logits, targets)
    else:
        assert found == F.cross_entropy(logits, targets)


def test_smoothing_draws_labels_towards_a_half() -> None:
    labels, logits = np.eye(3, dtype=np.uint8), torch.randn(3, 3)
    loss_of = training_loss(tiny_recipe(label_smoothing=0.2), labels, Task.MULTI_LABEL, 3, CPU)
    expected = F.binary_cross_entropy_with_logits(logits, 0.8 * torch.eye(3) + 0.1)
    torch.testing.assert_close(loss_of(logits, torch.eye(3)), expected)


def test_one_vs_rest_is_a_binary_loss_for_each_class() -> None:
    labels, logits = np.array([[2], [0], [1], [1]], np.uint8), 3 * torch.randn(4, 3)
    one_hot = torch.eye(3)[labels[:, 0].tolist()]
    targets = torch.from_numpy(loss_targets(labels, Task.MULTI_CLASS))
    recipe = tiny_recipe(multi_class="one_vs_rest")
    loss_of = training_loss(recipe, labels, Task.MULTI_CLASS, 3, CPU)
    expected = F.binary_cross_entropy_with_logits(logits, one_hot)
    assert loss_of(logits, targets) == loss_of(logits, one_hot) == expected
    balanced = tiny_recipe(multi_class="one_vs_rest", class_weights="balanced", label_smoothing=0.1)
    loss_of = training_loss(balanced, labels, Task.MULTI_CLASS, 3, CPU)
    expected = F.binary_cross_entropy_with_logits(
        logits, 0.9 * one_hot + 0.05, pos_weight=torch.tensor([3.0, 1.0, 3.0])
    )
    torch.testing.assert_close(loss_of(logits, targets), expected)


def test_one_vs_rest_scores_are_sigmoids_divided_by_their_sum() -> None:
    logits = torch.tensor([[3.0, -1.0, 0.5], [-80.0, -90.0, -85.0], [200.0, 100.0, -300.0]])
    found = one_vs_rest_log_probabilities(logits).exp()
    sigmoids = logits.double().sigmoid()
    expected = (sigmoids / sigmoids.sum(dim=1, keepdim=True)).float()
    torch.testing.assert_close(found, expected)


def test_one_vs_rest_is_for_classes_that_have_no_other_loss() -> None:
    recipe = tiny_recipe(multi_class="one_vs_rest")
    taken = {task: trains_one_vs_rest(recipe, task) for task in Task}
    assert taken == {task: task is not Task.MULTI_LABEL for task in Task}
    corn = tiny_recipe(multi_class="one_vs_rest", ordinal="corn")
    assert not trains_one_vs_rest(corn, Task.ORDINAL)
    assert trains_one_vs_rest(corn, Task.MULTI_CLASS)
    assert not any(trains_one_vs_rest(tiny_recipe(), task) for task in Task)
