"""Recipes: the three that come along, files of one's own, and everything that can be wrong."""

from __future__ import annotations

import csv
import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from medfast import transforms
from medfast.errors import ConfigError
from medfast.training import recipe as recipe_module
from medfast.training.device import choose_compute
from medfast.training.recipe import Recipe, load_recipe, recipe_names, stem_for_size
from medfast.training.setup import resolve, training_loader
from tiny_runs import tiny_dataset


def own_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_official_is_the_authors_recipe() -> None:
    recipe = load_recipe()
    assert (recipe.name, recipe.optimizer, recipe.lr, recipe.batch_size, recipe.epochs) == (
        ("official", "adam", 1e-3, 128, 100)
    )
    rates = [recipe.learning_rate(epoch) for epoch in range(100)]
    assert rates == pytest.approx([1e-3] * 50 + [1e-4] * 25 + [1e-5] * 25)
    assert recipe.augment == ()
    assert (recipe.mean, recipe.std) == ((0.5,), (0.5,))


@pytest.mark.parametrize(("model", "epochs"), [("resnet18", 50), ("resnet50", 20)])
def test_report_states_epochs_per_model(model: str, epochs: int) -> None:
    recipe = load_recipe("report", {"model": model})
    assert recipe.epochs == epochs
    assert [next(iter(step)) for step in recipe.augment] == ["ColorJitter", "RandomHorizontalFlip"]
    assert recipe.name == "report"


def test_report_does_not_guess_epochs_for_another_model() -> None:
    with pytest.raises(ConfigError, match="states epochs for resnet18, resnet50, not for resnet34"):
        load_recipe("report", {"model": "resnet34"})
    assert load_recipe("report", {"model": "resnet34", "epochs": 7}).epochs == 7


@pytest.mark.parametrize("name", recipe_names())
def test_a_built_in_recipe_states_every_key(name: str) -> None:
    keys = recipe_module._read_built_in(name).keys()
    assert set(keys) == {field.name for field in dataclasses.fields(Recipe)}


def test_changes_win_and_show_in_the_name() -> None:
    recipe = load_recipe("official", {"epochs": 3, "lr": None, "seed": 4, "model": "resnet50"})
    assert (recipe.epochs, recipe.lr, recipe.seed, recipe.model) == (3, 1e-3, 4, "resnet50")
    assert recipe.name == "official, epochs=3"
    assert load_recipe("official", {"epochs": 100}).name == "official"
    assert load_recipe("report", {"epochs": 50}).name == "report"


def test_a_file_is_laid_over_official(tmp_path: Path) -> None:
    path = own_file(tmp_path, "lr: 1e-2\noptimizer: sgd\nmomentum: 0.9\nepochs: {resnet18: 7}\n")
    recipe = load_recipe(path)
    assert (recipe.name, recipe.lr, recipe.momentum, recipe.epochs) == ("mine", 0.01, 0.9, 7)
    assert recipe.batch_size == 128
    assert load_recipe(own_file(tmp_path, "")).batch_size == 128


@pytest.mark.parametrize("name", recipe_names())
def test_yaml_round_trip(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, {"seed": 5, "lr": 3.3e-5})
    assert load_recipe(own_file(tmp_path, recipe.to_yaml())) == recipe


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("epochs", 0, "epochs must be an integer >= 1; got 0"),
        ("epochs", 1.5, "epochs must be an integer"),
        ("epochs", True, "epochs must be an integer"),
        ("batch_size", 1, "batch_size must be an integer >= 2"),
        ("lr", 0, "lr must be a number > 0; got 0"),
        ("lr", "fast", "lr must be a number > 0; got 'fast'"),
        ("lr", float("nan"), "lr must be a number"),
        ("lr", float("inf"), "lr must be a number"),
        ("lr", [1], "lr must be a number"),
        ("lr", True, "lr must be a number"),
        ("weight_decay", -0.1, "weight_decay must be a number >= 0"),
        ("momentum", 1.5, "momentum must be a number >= 0 and <= 1"),
        ("optimizer", "adamm", "did you mean 'adam'?"),
        ("schedule", "cosin", "did you mean 'cosine'?"),
        ("stem", 3, "stem must be one of auto, small, imagenet; got 3"),
        ("nesterov", "yes", "nesterov must be true or false"),
        ("milestones", 0.5, "milestones must be a list of numbers"),
        ("milestones", [0.5, 50], "milestones must be a number > 0 and <= 1; got [0.5, 50]"),
        ("mean", [], "mean and std must have the same number of values"),
        ("std", [0.0], "std must be a number > 0"),
        ("mean", [127.5], "mean must be a number >= 0 and <= 1"),
        ("seed", -1, "seed must be an integer >= 0"),
        ("seed", 2**64, "seed must be below 2**64"),
        ("model", "", "model must be a word"),
        ("momentum", 0.9, "momentum and nesterov are sgd's and muon's"),
        ("nesterov", True, "momentum and nesterov are sgd's and muon's"),
        ("optimizer", "muon", "give it a momentum, such as 0.95"),
        ("schedule", "one_cycle", "give warmup, the share of the run that it rises in"),
        ("warmup", 0.1, "warmup goes with cosine or one_cycle"),
        ("warmup", 1.0, "warmup must be a number >= 0 and < 1"),
        ("label_smoothing", 1.0, "label_smoothing must be a number >= 0 and < 1"),
        ("class_weights", "balance", "did you mean 'balanced'?"),
        ("lr", 10**400, "lr must be a number > 0"),
        ("resize", -1, "resize must be an integer >= 0"),
        ("resize", "auto", "resize must be an integer >= 0"),
        ("multi_class", "ovr", "multi_class must be one of cross_entropy, one_vs_rest"),
        ("ordinal", "coral", "ordinal must be one of cross_entropy, corn"),
        ("ema_epochs", -1, "ema_epochs must be a number >= 0"),
        ("swa_start", 0, "swa_start must be a number > 0 and <= 1"),
        ("mixup", -0.1, "mixup must be a number >= 0"),
        ("mixup", 1e-300, "mixup and cutmix must be 0, or at least 0.001"),
        ("cutmix", 1e300, "cutmix must be a number >= 0 and <= 1000"),
        ("test_flips", "vertical", "test_flips must be one of none, horizontal, both"),
        ("flips", "both", "flips must be one of none, valid; got 'both'"),
        ("mean", "auto", "set both to auto, or neither"),
        ("std", "automatic", "std must be a list of numbers, or auto"),
        ("augment", "ColorJitter", "augment must be a list of transforms"),
        ("augment", ["ColorJiter"], "did you mean 'ColorJitter'?"),
        ("augment", ["Normalize"], "'Normalize' does not"),
        ("augment", [{"ColorJitter": {"brightnes": 0.1}}], "arguments that ColorJitter takes"),
        ("augment", [{"RandomHorizontalFlip": {"p": 2}}], "arguments that RandomHorizontalFlip"),
        ("augment", [{"RandomApply": 3}], "{transform: {argument:"),
        ("augment", [{"RandomApply": ["D4"]}], "{transform: {argument:"),
        ("augment", [{"ColorJitter": {}, "RandomVerticalFlip": {}}], "{transform: {argument:"),
    ],
)
def test_wrong_values(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_recipe("official", {key: value})
    assert message in str(error.value)
    assert "official" in str(error.value)


def test_one_mean_of_the_weights_at_a_time() -> None:
    with pytest.raises(ConfigError, match="ema_epochs and swa_start both average the weights"):
        load_recipe("official", {"ema_epochs": 1, "swa_start": 0.5})


@pytest.mark.parametrize(
    ("flag", "flips", "test_flips"),
    [
        ("bloodmnist", ["RandomHorizontalFlip", "RandomVerticalFlip"], "both"),
        ("breastmnist", ["RandomHorizontalFlip"], "horizontal"),
        ("organamnist", [], "none"),  # a mirror makes a left kidney a right one
        ("chestmnist_subset", [], "none"),  # of files of one's own nothing is stated
    ],
)
def test_valid_flips_are_those_of_the_set(flag: str, flips: list[str], test_flips: str) -> None:
    recipe = load_recipe("official", {"flips": "valid", "augment": ["RandomInvert"]})
    found = recipe.with_flips_of(flag)
    assert [next(iter(step)) for step in found.augment] == [*flips, "RandomInvert"]
    assert (found.flips, found.test_flips) == ("none", test_flips)
    assert found.with_flips_of("bloodmnist") == found


def test_flips_that_nobody_looked_up_are_refused() -> None:
    with pytest.raises(ConfigError, match="which flips are valid depends on the set"):
        load_recipe("official", {"flips": "valid"}).pipeline(1, train=False)


def test_valid_flips_decide_those_at_test_time() -> None:
    with pytest.raises(ConfigError, match="leave test_flips at none, or set flips to none"):
        load_recipe("official", {"flips": "valid", "test_flips": "both"})


def test_nesterov_needs_momentum() -> None:
    with pytest.raises(ConfigError, match="nesterov needs a momentum above 0"):
        load_recipe("official", {"optimizer": "sgd", "nesterov": True})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch: 3", "unknown key 'epoch'; did you mean 'epochs'?"),
        ("3: epochs", "unknown key 3"),
        ("lr: 0.1\nlr: 0.2", "the key 'lr' is given twice"),
        ("[1, 2]", "must map keys to values; got list"),
        ("lr: [", "is not YAML"),
        ("model: !!python/object/apply:os.getcwd []", "is not YAML"),
        ("epochs: {}", "epochs must be an integer, or one for each model; got {}"),
        ("epochs: {resnet50: 3}", "states epochs for resnet50, not for resnet18"),
    ],
)
def test_wrong_files(text: str, message: str, tmp_path: Path) -> None:
    path = own_file(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_recipe(path)
    assert message in str(error.value)
    assert "mine" in str(error.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00lr")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("oficial", "unknown recipe 'oficial'; did you mean 'official'?"),
        ("nowhere/mine.yaml", "no recipe at nowhere"),
    ],
)
def test_unknown_recipes(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_recipe(source)
    assert message in str(error.value)


def test_unknown_change_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown key 'batchsize'; did you mean 'batch_size'"):
        load_recipe("official", {"batchsize": 3})


@pytest.mark.parametrize("epochs", [4, 5, 8, 11, 100])
def test_rates_are_torchs(epochs: int) -> None:
    def torch_rates(make: Any) -> list[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
        scheduler, rates = make(optimizer), []
        for _ in range(epochs):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return rates

    def our_rates(schedule: str) -> list[float]:
        recipe = load_recipe("official", {"schedule": schedule, "epochs": epochs, "lr": 0.1})
        if schedule == "multistep":  # constant within an epoch
            return [recipe.learning_rate(epoch + 0.99) for epoch in range(epochs)]
        return [recipe.learning_rate(epoch) for epoch in range(epochs)]

    schedulers = torch.optim.lr_scheduler
    milestones = [math.ceil(epochs / 2), math.ceil(epochs * 3 / 4)]
    assert our_rates("multistep") == pytest.approx(
        torch_rates(lambda o: schedulers.MultiStepLR(o, milestones, gamma=0.1))
    )
    assert our_rates("cosine") == pytest.approx(
        torch_rates(lambda o: schedulers.CosineAnnealingLR(o, T_max=epochs))
    )
    assert our_rates("constant") == [0.1] * epochs


def test_a_share_of_the_epochs_that_is_a_whole_number_of_them_is_that_number() -> None:
    assert 0.55 * 100 > 55
    recipe = load_recipe("official", {"milestones": [0.55], "lr": 1.0})
    assert [recipe.learning_rate(epoch) for epoch in (54.99, 55)] == [1.0, 0.1]
    assert load_recipe("official", {"swa_start": 0.55}).averages_after(55)


@pytest.mark.parametrize(
    ("epochs", "start", "averaged"),
    [
        (4, 0.75, [3]),
        (10, 0.75, [8, 9]),
        (4, 0.5, [2, 3]),
        (3, 0.75, [2]),
        (1, 0.9, [0]),
        (3, 1, []),
    ],
)
def test_the_even_mean_begins_after_its_share_of_the_epochs(
    epochs: int, start: float, averaged: list[int]
) -> None:
    recipe = load_recipe("official", {"epochs": epochs, "swa_start": start})
    assert [epoch for epoch in range(epochs) if recipe.averages_after(epoch)] == averaged


@pytest.mark.parametrize("steps", [3, 10])
def test_one_cycle_is_torchs_step_by_step(steps: int) -> None:
    epochs, share = 10, 0.3
    recipe = load_recipe(
        "official", {"schedule": "one_cycle", "warmup": share, "epochs": epochs, "lr": 0.1}
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    # Torch's rise ends at pct_start * total_steps - 1, and its fall at total_steps - 1.
    total = epochs * steps + 1
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.1, total_steps=total, pct_start=(share * epochs * steps + 1) / total
    )
    for step in range(epochs * steps):
        rate = optimizer.param_groups[0]["lr"]
        assert recipe.learning_rate(step / steps) == pytest.approx(rate, abs=1e-15)
        optimizer.step()
        scheduler.step()


def test_warmup_rises_in_proportion_and_ends_at_the_cosine() -> None:
    recipe = load_recipe("official", {"schedule": "cosine", "warmup": 0.2, "epochs": 10, "lr": 0.1})
    assert [recipe.learning_rate(epoch) for epoch in (0, 0.5, 1, 2)] == pytest.approx(
        [0, 0.025, 0.05, 0.1]
    )
    plain = load_recipe("official", {"schedule": "cosine", "epochs": 8, "lr": 0.1})
    for epoch in (2, 3.5, 7, 9.9):
        assert recipe.learning_rate(epoch) == pytest.approx(plain.learning_rate(epoch - 2))


def test_pipelines() -> None:
    recipe = load_recipe("report")
    train, test = recipe.pipeline(3, train=True), recipe.pipeline(3, train=False)
    assert [type(step).__name__ for step in train.transforms] == [
        *("ColorJitter", "RandomHorizontalFlip", "ToDtype", "Normalize")
    ]
    assert test.transforms == train.transforms[2:]
    assert test.layout == "NHWC"
    assert test.transforms[0] == transforms.ToDtype("float32", scale=True)


def test_channels_must_fit_the_constants() -> None:
    recipe = load_recipe("official", {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]})
    assert recipe.pipeline(3, train=False)
    with pytest.raises(ConfigError, match=r"3 values, but the images have 1 channel\(s\)"):
        recipe.pipeline(1, train=False)


def test_the_saved_recipe_is_plain_yaml() -> None:
    values = yaml.safe_load(load_recipe("report").to_yaml())
    assert values["augment"][1] == {"RandomHorizontalFlip": {"p": 0.5}}
    assert values["epochs"] == 50


def test_any_transform_may_augment_nested_ones_too() -> None:
    inner = {"RandomRotation": {"degrees": 10, "interpolation": "bilinear"}}
    steps = [
        {"RandomCrop": {"size": 28, "padding": 4}},
        "TrivialAugmentWide",
        {"RandomApply": {"transforms": [inner, "RandomInvert"], "p": 0.3}},
    ]
    recipe = load_recipe("official", {"augment": steps})
    expected = (
        transforms.RandomCrop(28, padding=4),
        transforms.TrivialAugmentWide(),
        transforms.RandomApply(
            [transforms.RandomRotation(10, "bilinear"), transforms.RandomInvert()], 0.3
        ),
    )
    assert recipe.pipeline(1, train=True).transforms[:3] == expected
    again = load_recipe("official", {"augment": yaml.safe_load(recipe.to_yaml())["augment"]})
    assert again.augment == recipe.augment
    for name in ("functional", "PerImage", "Compose", "Normalize"):
        with pytest.raises(ConfigError, match=f"{name!r} does not"):
            load_recipe("official", {"augment": [name]})
    with pytest.raises(ConfigError, match="'Rotation' does not"):
        load_recipe("official", {"augment": [{"RandomApply": {"transforms": ["Rotation"]}}]})


def test_augmentation_is_for_images() -> None:
    recipe = load_recipe("official", {"augment": ["RandomDepthFlip"]})
    with pytest.raises(ConfigError, match=r"augment does not fit the images: RandomDepthFlip is"):
        training_loader(recipe, tiny_dataset(), choose_compute("cpu"))


def test_augmentation_keeps_the_shape_of_the_images() -> None:
    dataset = tiny_dataset()
    size = dataset.size
    keeps = load_recipe("official", {"augment": [{"RandomCrop": {"size": size, "padding": 2}}]})
    assert len(training_loader(keeps, dataset, choose_compute("cpu"))) > 0
    changes = load_recipe("official", {"augment": [{"Resize": {"size": size // 2}}]})
    with pytest.raises(ConfigError, match=r"augment turns images of shape .* into"):
        training_loader(changes, dataset, choose_compute("cpu"))


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_enlarges_by_nearest_neighbour_before_augmenting(channels: int) -> None:
    images = tiny_dataset(channels=channels).splits["train"].images
    recipe = load_recipe("official", {"resize": 24, "augment": [{"RandomCrop": {"size": 24}}]})
    assert recipe.name.startswith("official, augment=")
    for train in (True, False):
        found = recipe.pipeline(channels, train=train, normalize=False)(images)
        expected = images.repeat(3, axis=1).repeat(3, axis=2)
        assert (found == expected.reshape(found.shape)).all()
    plain = load_recipe("official")
    assert len(plain.pipeline(channels, train=False, normalize=False).transforms) == 0


def test_what_is_augmented_is_the_enlarged_image() -> None:
    dataset, compute = tiny_dataset(), choose_compute("cpu", "fp32")
    enlarged = {"resize": 16, "augment": [{"RandomCrop": {"size": 16, "padding": 2}}]}
    loader = training_loader(load_recipe("official", enlarged), dataset, compute)
    batch, _ = next(iter(loader.tensors()))
    assert batch.shape[2:] == (16, 16)
    enlarged["augment"] = [{"RandomCrop": {"size": 8, "padding": 2}}]
    with pytest.raises(ConfigError, match=r"augment turns images of shape \(16, 16, 1\) into"):
        training_loader(load_recipe("official", enlarged), dataset, compute)


@pytest.mark.parametrize(("resize", "stem"), [(0, "small"), (56, "small"), (112, "imagenet")])
def test_the_stem_follows_the_size_of_the_input(resize: int, stem: str) -> None:
    recipe = load_recipe("official", {"resize": resize})
    assert recipe.name == "official"
    assert resolve(recipe, tiny_dataset()).stem == stem


def test_the_stem_of_a_size() -> None:
    assert [stem_for_size(size) for size in (28, 64, 128, 224)] == [
        "small",
        "small",
        "imagenet",
        "imagenet",
    ]


@pytest.mark.parametrize(
    ("stem", "title"), [("small", "setting"), ("imagenet", "setting, with the ImageNet stem")]
)
def test_the_search_is_told_as_it_was_recorded(stem: str, title: str) -> None:
    root = Path(__file__).parents[2]
    text = (root / "docs/TRAINING.md").read_text("utf-8")
    table = text[text.index(f"| {title} |") :].partition("\n\n")[0]
    heading, _, *rows = ([cell.strip() for cell in line.split("|")] for line in table.splitlines())
    with (root / "benches/record/recipe_search.csv").open() as file:
        recorded = [row for row in csv.DictReader(file) if row["stem"] == stem]
    assert {row["dataset"] for row in recorded} == set(heading[2:-1])
    for column, flag in enumerate(heading):
        told = [row[column] for row in rows if row[column].startswith("0.")]
        found = [f"{float(row['auc_mean_none']):.3f}" for row in recorded if row["dataset"] == flag]
        assert sorted(told) == sorted(found)
