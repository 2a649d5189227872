"""The ImageNet-stem networks against torchvision's."""

from __future__ import annotations

import pytest
import torch

from medfast.models import create_model

torchvision_models = pytest.importorskip("torchvision.models")

NAMES = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]


@pytest.mark.parametrize("name", NAMES)
def test_same_names_and_shapes(name: str) -> None:
    with torch.device("meta"):
        ours = create_model(name, in_channels=3, n_classes=1000, stem="imagenet")
        theirs = torchvision_models.get_model(name, weights=None)
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in theirs.state_dict().items()
    }
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_copied_weights_give_equal_outputs(name: str) -> None:
    torch.manual_seed(1)
    theirs = torchvision_models.get_model(name, weights=None, num_classes=7)
    for buffer_name, buffer in theirs.named_buffers():
        if buffer.is_floating_point():  # running statistics that do something
            buffer.uniform_(0.5, 1.5) if "var" in buffer_name else buffer.normal_(0, 0.1)
    ours = create_model(name, in_channels=3, n_classes=7, stem="imagenet")
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 64, 64)
    for mode in (True, False):
        with torch.inference_mode():
            torch.testing.assert_close(
                ours.train(mode)(images), theirs.train(mode)(images), rtol=1e-5, atol=1e-5
            )


def test_same_seed_gives_torchvisions_initial_weights() -> None:
    torch.manual_seed(3)
    ours = create_model("resnet18", in_channels=3, n_classes=10, stem="imagenet").state_dict()
    torch.manual_seed(3)
    theirs = torchvision_models.resnet18(weights=None, num_classes=10).state_dict()
    assert all(torch.equal(ours[key], value) for key, value in theirs.items())
