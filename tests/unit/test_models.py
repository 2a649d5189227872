"""The registry, and what every network of the family must do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from medfast.errors import ConfigError
from medfast.models import create_model, model_names, register_model, registry

# The networks of the MedMNIST authors at 28 pixels (3 channels, 10 classes: the counts that the
# CIFAR networks they are adapted from are known by).
SMALL_STEM_PARAMETERS = {
    "resnet18": 11_173_962,
    "resnet34": 21_282_122,
    "resnet50": 23_520_842,
    "resnet101": 42_512_970,
    "resnet152": 58_156_618,
}


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_FACTORIES", dict(registry._FACTORIES))


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "expected"), SMALL_STEM_PARAMETERS.items())
def test_small_stem_has_the_official_number_of_parameters(name: str, expected: int) -> None:
    with torch.device("meta"):
        model = create_model(name, in_channels=3, n_classes=10, stem="small")
    assert parameters(model) == expected


@pytest.mark.parametrize(
    ("stem", "size", "last_side"), [("small", 28, 4), ("imagenet", 28, 1), ("small", 9, 2)]
)
@pytest.mark.parametrize("in_channels", [1, 3])
def test_output_shape_and_last_stage(
    stem: registry.Stem, size: int, last_side: int, in_channels: int
) -> None:
    model = create_model("resnet18", in_channels=in_channels, n_classes=5, stem=stem).eval()
    seen: list[torch.Size] = []
    model.layer4.register_forward_hook(lambda *args: seen.append(args[-1].shape))
    with torch.inference_mode():
        logits = model(torch.zeros(2, in_channels, size, size))
    assert logits.shape == (2, 5)
    assert seen == [(2, 512, last_side, last_side)]


def test_bottleneck_forward_and_backward_reach_every_parameter() -> None:
    model = create_model("resnet50", in_channels=1, n_classes=3)
    model(torch.randn(2, 1, 12, 12)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_logits_stay_float32_and_distinct_under_bfloat16_autocast() -> None:
    torch.manual_seed(0)
    model = create_model("resnet18", in_channels=1, n_classes=2).eval()
    images = torch.rand(64, 1, 8, 8)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        logits = model(images)
    assert logits.dtype == torch.float32
    assert logits[:, 0].unique().numel() > logits[:, 0].bfloat16().unique().numel()


def test_channels_last_does_not_change_the_answer() -> None:
    torch.manual_seed(0)
    model = create_model("resnet18", in_channels=3, n_classes=4).eval()
    images = torch.rand(2, 3, 28, 28)
    with torch.inference_mode():
        expected = model(images)
        model.to(memory_format=torch.channels_last)
        actual = model(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def test_initial_weights_follow_the_seed() -> None:
    def first_weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return create_model("resnet18", in_channels=1, n_classes=2).state_dict()["conv1.weight"]

    assert torch.equal(first_weights(0), first_weights(0))
    assert not torch.equal(first_weights(0), first_weights(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet81"}, "unknown model 'resnet81'; did you mean 'resnet18'?"),
        ({"stem": "imagnet"}, "unknown stem 'imagnet'; did you mean 'imagenet'?"),
        ({"n_classes": 0}, "n_classes=0"),
        ({"in_channels": 0}, "in_channels=0"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], message: str) -> None:
    good = {"name": "resnet18", "in_channels": 1, "n_classes": 2, "stem": "small"}
    with pytest.raises(ConfigError) as error:
        create_model(**{**good, **arguments})  # type: ignore[arg-type]
    assert message in str(error.value)


@pytest.mark.usefixtures("own_registry")
def test_a_registered_function_is_a_model() -> None:
    @register_model
    def straight_line(*, in_channels: int, n_classes: int, **_: str) -> nn.Module:
        return nn.Linear(in_channels, n_classes)

    assert model_names()[-1] == "straight_line"
    assert isinstance(create_model("straight_line", in_channels=1, n_classes=2), nn.Linear)


@pytest.mark.usefixtures("own_registry")
def test_a_name_of_another_module_is_not_replaced() -> None:
    def resnet18(**_: object) -> nn.Module:
        raise AssertionError

    with pytest.raises(ConfigError, match=r"'resnet18' is registered by medfast\.models\.resnet"):
        register_model(resnet18)
