"""What a recipe's settings make of the network, its mean, its batches and its input."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from medfast.data.statistics import channel_mean_std
from medfast.errors import ConfigError
from medfast.task import Task
from medfast.training import archive
from medfast.training.average import RunningMean
from medfast.training.checkpoint import load_weights
from medfast.training.device import Compute, choose_compute
from medfast.training.evaluation import evaluate_run, predict
from medfast.training.recipe import load_recipe
from medfast.training.run import train
from medfast.training.run_folder import RunFolder
from medfast.training.scoring import score_images
from medfast.training.setup import (
    _normalizer,
    build_average,
    build_mixing,
    build_model,
    resolve,
    scoring_loader,
)
from tiny_runs import Notes, tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from pathlib import Path

CPU = choose_compute("cpu", "fp32")


@pytest.mark.parametrize("channels", [1, 3])
def test_the_constants_are_numpys(channels: int) -> None:
    images = tiny_dataset(channels=channels).splits["train"].images
    mean, std = channel_mean_std(images, channels)
    pixels = (images / 255).reshape(-1, channels)
    assert mean == pytest.approx(pixels.mean(axis=0).tolist(), abs=1e-12)
    assert std == pytest.approx(pixels.std(axis=0).tolist(), abs=1e-12)


def test_a_channel_without_contrast_can_be_divided_by() -> None:
    assert channel_mean_std(np.full((3, 4, 4), 51, np.uint8), 1) == ((0.2,), (1.0,))


def test_auto_constants_are_those_of_the_training_images(tmp_path: Path) -> None:
    dataset = tiny_dataset(channels=3)
    recipe = tiny_recipe(mean="auto", std="auto", epochs=1)
    with pytest.raises(ConfigError, match="mean and std are auto"):
        recipe.pipeline(3, train=False)
    train(recipe, dataset, tmp_path / "run", device="cpu")
    written = RunFolder(tmp_path / "run").read_recipe()
    assert (written.mean, written.std) == channel_mean_std(dataset.splits["train"].images, 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_device_normalises_as_the_pipeline_does(channels: int) -> None:
    """What CUDA does with bytes, here on the CPU."""
    dataset = tiny_dataset(channels=channels)
    recipe = resolve(tiny_recipe(mean="auto", std="auto"), dataset)
    images = dataset.splits["val"].images
    expected = torch.cat(
        [batch for batch, _ in scoring_loader(recipe, images, channels, CPU).tensors()]
    )
    as_bytes = torch.from_numpy(images.reshape(*images.shape[:3], channels)).movedim(-1, 1)
    assert torch.equal(_normalizer(recipe, torch.device("cpu"))(as_bytes), expected)


@pytest.mark.parametrize(
    ("batch_size", "on_cpu", "on_cuda"),
    [(128, 128, 512), (256, 256, 1024), (512, 512, 1024), (2048, 2048, 2048)],
)
def test_a_gpu_scores_larger_batches_up_to_a_limit(
    batch_size: int, on_cpu: int, on_cuda: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medfast.training.setup._normalizer", lambda *_: None)
    recipe, images = tiny_recipe(batch_size=batch_size), np.zeros((1, 8, 8), np.uint8)
    for device, expected in (("cpu", on_cpu), ("cuda:0", on_cuda)):
        compute = Compute(torch.device(device), "fp32", "")
        assert scoring_loader(recipe, images, 1, compute).batch_size == expected


def averaged(steps: int, **changes: Any) -> tuple[Any, list[torch.Tensor]]:
    recipe = tiny_recipe(**changes)
    model = build_model(recipe, task=Task.BINARY, channels=1, n_classes=2, compute=CPU)
    average = build_average(model, recipe, steps=4)
    assert average is not None
    weight, seen = next(model.parameters()), []
    for _ in range(steps):
        with torch.no_grad():
            weight += torch.randn_like(weight)
        seen.append(weight.detach().clone())
        average.update()
    return average, seen


def test_the_exponential_mean_has_its_time_constant_in_epochs() -> None:
    average, seen = averaged(20, ema_epochs=2.0)
    expected = seen[0].clone()
    for number, weight in enumerate(seen[1:], start=2):
        expected.lerp_(weight, 1 / min(number, 8))
    torch.testing.assert_close(next(average.module.parameters()), expected)


def test_the_even_mean_counts_every_weight_alike() -> None:
    average, seen = averaged(5, swa_start=0.5)
    torch.testing.assert_close(next(average.module.parameters()), torch.stack(seen).mean(dim=0))


def test_the_mean_is_torchs_but_for_the_counts_of_batches() -> None:
    recipe = tiny_recipe(swa_start=0.5)
    model = build_model(recipe, task=Task.BINARY, channels=1, n_classes=2, compute=CPU)
    ours, theirs = RunningMean(model), AveragedModel(model, use_buffers=True)
    for _ in range(5):
        model(torch.randn(4, 1, 8, 8))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += torch.randn_like(parameter)
        ours.update()
        theirs.update_parameters(model)
    for name, tensor in theirs.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(ours.state_dict()[name], tensor)
    assert ours.module[1].num_batches_tracked == 5


def test_the_mean_is_what_is_scored_and_kept(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    dataset = tiny_dataset()
    plain = train(tiny_recipe(epochs=2), dataset, tmp_path / "plain", device="cpu")
    mean = train(tiny_recipe(epochs=2, ema_epochs=3.0), dataset, tmp_path / "mean", device="cpu")
    # The mean takes no part in training.
    last = [load_file(run.folder / "last.safetensors") for run in (plain, mean)]
    assert torch.equal(last[0]["model.0.weight"], last[1]["model.0.weight"])
    best = load_file(mean.folder / "best.safetensors")
    assert not torch.equal(best["0.weight"], last[1]["model.0.weight"])
    if mean.summary["chosen_epoch"] == 2:
        assert torch.equal(best["0.weight"], last[1]["average.module.0.weight"])
    again = evaluate_run(mean.folder, "test", dataset=dataset, device="cpu")
    assert again.metrics["auc"] == mean.summary["splits"]["test"]["auc"]


def test_corn_is_for_ordinal_sets_alone(tmp_path: Path) -> None:
    recipe = tiny_recipe(ordinal="corn", epochs=1)
    outputs = {}
    for task in (Task.ORDINAL, Task.MULTI_CLASS):
        model = build_model(recipe, task=task, channels=1, n_classes=4, compute=CPU)
        outputs[task] = model(torch.randn(3, 1, 8, 8))
        assert outputs[task].shape == (3, 4)
    sums = {task: logits.exp().sum(dim=1) for task, logits in outputs.items()}
    torch.testing.assert_close(sums[Task.ORDINAL], torch.ones(3))
    assert (sums[Task.MULTI_CLASS] - 1).abs().min() > 1e-3
    dataset = tiny_dataset(Task.ORDINAL, n_classes=4)
    run = train(recipe, dataset, tmp_path / "run", device="cpu")
    scores = predict(run.folder, dataset.splits["test"].images, device="cpu")
    assert np.allclose(scores.sum(axis=1), 1)


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTI_CLASS, Task.ORDINAL])
def test_one_vs_rest_trains_on_logits_and_is_scored_on_probabilities(
    task: Task, tmp_path: Path
) -> None:
    dataset, recipe = tiny_dataset(task), tiny_recipe(multi_class="one_vs_rest", mixup=0.2)
    model = build_model(
        recipe, task=task, channels=1, n_classes=dataset.n_classes, compute=CPU
    ).requires_grad_(False)
    images = torch.rand(5, 1, 8, 8)
    in_training = model(images).exp().sum(dim=1)
    assert (in_training - 1).abs().min() > 1e-3
    torch.testing.assert_close(model.eval()(images).exp().sum(dim=1), torch.ones(5))
    run = train(recipe, dataset, tmp_path / "run", device="cpu")
    scores = predict(run.folder, dataset.splits["test"].images, device="cpu")
    assert scores.shape == (20, dataset.n_classes)
    assert np.allclose(scores.sum(axis=1), 1)
    again = evaluate_run(run.folder, "test", dataset=dataset, device="cpu")
    assert again.metrics["auc"] == run.summary["splits"]["test"]["auc"]


def test_images_are_enlarged_in_training_and_in_scoring(tmp_path: Path) -> None:
    dataset = tiny_dataset()
    recipe = tiny_recipe(resize=16, epochs=2)
    run = train(recipe, dataset, tmp_path / "run", device="cpu", precision="fp32")
    assert (run.summary["size"], run.summary["input_size"]) == (8, 16)
    images = dataset.splits["test"].images
    found = predict(run.folder, images, device="cpu")
    by_hand = images.repeat(2, axis=1).repeat(2, axis=2)
    folder = RunFolder(run.folder)
    recipe = replace(folder.read_recipe(), resize=0)
    model = build_model(recipe, task=dataset.task, channels=1, n_classes=3, compute=CPU)
    load_weights(model, archive.load(folder.best)[0])
    expected = score_images(model, by_hand, 1, recipe, CPU).softmax(dim=1)
    assert np.array_equal(found, expected.numpy())


def test_valid_flips_are_drawn_scored_and_told(tmp_path: Path) -> None:
    dataset = replace(tiny_dataset(Task.BINARY), flag="bloodmnist")
    told = Notes()
    changes = {"model": "tiny", "epochs": 1, "batch_size": 8}
    recipe, folder = load_recipe("medfast", changes), tmp_path / "run"
    train(recipe, dataset, folder, device="cpu", progress=told)
    recipe = load_recipe(folder / "recipe.yaml")
    assert (recipe.flips, recipe.test_flips) == ("none", "both")
    assert told.notes[-2:] == [
        "training images are augmented by RandomHorizontalFlip, RandomVerticalFlip, "
        "TrivialAugmentWide",
        "scores are of the mean logits of an image and its horizontal and vertical flips",
    ]


@pytest.mark.parametrize(
    ("flips", "views"), [("none", [()]), ("horizontal", [(), -1]), ("both", [(), -1, -2, (-2, -1)])]
)
def test_flipped_views_are_averaged(flips: str, views: list[Any]) -> None:
    recipe = tiny_recipe(test_flips=flips)
    images = tiny_dataset().splits["val"].images
    model = build_model(recipe, task=Task.MULTI_CLASS, channels=1, n_classes=3, compute=CPU)
    found = score_images(model, images, 1, recipe, CPU)
    plain = tiny_recipe()
    expected = [
        score_images(model, np.flip(images, view).copy() if view != () else images, 1, plain, CPU)
        for view in views
    ]
    torch.testing.assert_close(found, torch.stack(expected).mean(dim=0))


@pytest.mark.parametrize("changes", [{"mixup": 0.4}, {"cutmix": 1.0}, {"mixup": 0.4, "cutmix": 1}])
@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTI_LABEL])
def test_mixed_batches_keep_the_sum_of_their_labels(changes: dict[str, Any], task: Task) -> None:
    mix = build_mixing(tiny_recipe(**changes), 2)
    assert mix is not None
    images = torch.rand(6, 1, 8, 8)
    targets = torch.rand(6, 2).round() if task is Task.MULTI_LABEL else torch.arange(6) % 2
    wanted = targets if task is Task.MULTI_LABEL else torch.nn.functional.one_hot(targets, 2)
    with CPU.own_randomness(3):
        mixed, soft = mix(images, targets)
    assert mixed.shape == images.shape
    assert soft.shape == (6, 2)
    torch.testing.assert_close(soft.sum(dim=0), wanted.sum(dim=0).float())
    assert not torch.equal(mixed, images)


def test_mixing_without_torchvision_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_mixing(tiny_recipe(), 2) is None
    monkeypatch.setitem(sys.modules, "torchvision.transforms", None)
    with pytest.raises(ConfigError, match="pip install torchvision"):
        build_mixing(tiny_recipe(mixup=0.2), 2)
