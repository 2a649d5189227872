"""Pipelines of torchvision, converted: the same transforms with the same settings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision import transforms as v1
from torchvision.transforms import InterpolationMode, v2

from medfast import transforms as ours
from medfast.errors import ConfigError, UnsupportedError

BILINEAR = InterpolationMode.BILINEAR
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("AugMix", {}),
    (
        "AugMix",
        {
            "severity": 5,
            "mixture_width": 2,
            "chain_depth": 2,
            "alpha": 0.5,
            "all_ops": False,
            "interpolation": BILINEAR,
            "fill": 7,
        },
    ),
    ("CenterCrop", {"size": 20}),
    ("CenterCrop", {"size": (20, 18)}),
    ("ColorJitter", {"brightness": 0.2, "contrast": (0.5, 1.5), "saturation": 0.1, "hue": 0.05}),
    ("ColorJitter", {}),
    ("GaussianBlur", {"kernel_size": 3}),
    ("GaussianBlur", {"kernel_size": (3, 5), "sigma": (0.5, 1.0)}),
    ("Grayscale", {"num_output_channels": 3}),
    ("Pad", {"padding": 2}),
    ("Pad", {"padding": (1, 2), "fill": 3, "padding_mode": "constant"}),
    ("Pad", {"padding": (1, 2, 3, 4), "padding_mode": "reflect"}),
    ("RandAugment", {"num_ops": 3, "magnitude": 7, "interpolation": BILINEAR}),
    ("RandomAdjustSharpness", {"sharpness_factor": 1.5, "p": 0.25}),
    ("RandomAffine", {"degrees": 10}),
    (
        "RandomAffine",
        {
            "degrees": (0, 10),
            "translate": (0.1, 0.2),
            "scale": (0.9, 1.1),
            "shear": (-1, 1, -2, 2),
            "interpolation": BILINEAR,
            "fill": 7,
        },
    ),
    ("RandomAutocontrast", {"p": 0.3}),
    ("RandomCrop", {"size": 24, "padding": 4}),
    ("RandomCrop", {"size": (24, 20), "padding": (1, 2), "padding_mode": "symmetric"}),
    ("RandomEqualize", {"p": 0.3}),
    ("RandomErasing", {"p": 0.3, "scale": (0.1, 0.2), "ratio": (0.5, 2.0), "value": 9}),
    ("RandomGrayscale", {"p": 0.3}),
    ("RandomHorizontalFlip", {"p": 0.3}),
    ("RandomInvert", {"p": 0.3}),
    ("RandomPosterize", {"bits": 3, "p": 0.3}),
    ("RandomResizedCrop", {"size": 28, "scale": (0.5, 1.0), "ratio": (0.9, 1.1)}),
    ("RandomRotation", {"degrees": 15}),
    ("RandomRotation", {"degrees": (0, 15), "interpolation": BILINEAR, "fill": 1}),
    ("RandomSolarize", {"threshold": 100, "p": 0.3}),
    ("RandomVerticalFlip", {"p": 0.3}),
    ("Resize", {"size": (32, 30), "antialias": True}),
    ("Resize", {"size": 32, "interpolation": InterpolationMode.NEAREST}),
    ("TrivialAugmentWide", {"num_magnitude_bins": 11}),
]


@pytest.mark.parametrize("version", [v1, v2])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_each_becomes_ours_with_its_settings(
    name: str, settings: dict[str, Any], version: Any
) -> None:
    expected = getattr(ours, name)(**settings)
    (found,) = ours.Compose.from_torchvision(getattr(version, name)(**settings)).transforms
    images = np.random.default_rng(0).integers(0, 256, (16, 28, 28, 3), np.uint8)
    pipelines = [ours.Compose([step]) for step in (found, expected)]
    results = [pipeline(images, seed=1) for pipeline in pipelines]
    assert np.array_equal(*results)
    drawn = [pipeline.parameters(3, shape=(28, 28, 3)) for pipeline in pipelines]
    assert drawn[0] == drawn[1]


def test_noise_becomes_ours() -> None:
    """The first version of torchvision has none."""
    theirs = v2.GaussianNoise(0.1, 0.2, clip=False)
    assert ours.Compose.from_torchvision(theirs).transforms == (
        ours.GaussianNoise(0.1, 0.2, clip=False),
    )


def test_whole_pipelines_of_both_versions() -> None:
    mean, std = [0.4, 0.5, 0.6], [0.1, 0.2, 0.3]
    expected = ours.Compose(
        [
            ours.RandomApply([ours.ColorJitter(0.1, 0.1)], p=0.8),
            ours.RandomHorizontalFlip(),
            ours.ToDtype("float32", scale=True),
            ours.Normalize(mean, std),
        ]
    )
    first = v1.Compose(
        [
            v1.RandomApply([v1.ColorJitter(0.1, 0.1)], p=0.8),
            v1.RandomHorizontalFlip(),
            v1.ToTensor(),
            v1.Normalize(mean, std),
        ]
    )
    second = v2.Compose(
        [
            v2.ToImage(),
            v2.Compose([v2.RandomApply([v2.ColorJitter(0.1, 0.1)], p=0.8)]),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean, std),
        ]
    )
    assert ours.Compose.from_torchvision(first) == expected
    assert ours.Compose.from_torchvision(second, layout="NCHW") == expected


def test_containers() -> None:
    flips = [v2.RandomHorizontalFlip(), v2.RandomVerticalFlip()]
    ours_flips = [ours.RandomHorizontalFlip(), ours.RandomVerticalFlip()]
    (found,) = ours.Compose.from_torchvision(v2.RandomOrder(flips)).transforms
    assert found == ours.RandomOrder(ours_flips)
    (found,) = ours.Compose.from_torchvision(v2.RandomChoice(flips, p=[1, 3])).transforms
    assert found == ours.RandomChoice(ours_flips, p=[0.25, 0.75])


def test_what_cannot_be_converted_is_named() -> None:
    with pytest.raises(UnsupportedError, match=r"Compose\[1\]\.ElasticTransform has no equal"):
        ours.Compose.from_torchvision(v2.Compose([v2.RandomInvert(), v2.ElasticTransform()]))
    with pytest.raises(ConfigError, match=r"RandomRotation cannot be converted: .*expand"):
        ours.Compose.from_torchvision(v2.RandomRotation(10, expand=True))
    with pytest.raises(ConfigError, match=r"Resize cannot be converted: .*max_size=40"):
        ours.Compose.from_torchvision(v2.Resize(32, max_size=40))
    with pytest.raises(ConfigError, match="interpolation"):
        ours.Compose.from_torchvision(v2.Resize(32, interpolation=InterpolationMode.BICUBIC))
    with pytest.raises(ConfigError, match="is no transform of torchvision"):
        ours.Compose.from_torchvision(lambda image: image)
