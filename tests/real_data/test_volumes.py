"""AdrenalMNIST3D, augmented volume by volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from medfast.data import open_dataset
from medfast.data.loader import Loader
from medfast.transforms import (
    ColorJitter,
    Compose,
    CubicSymmetry,
    GaussianNoise,
    Normalize,
    RandomCrop,
    RandomDepthFlip,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data


def test_flips_of_every_volume(medmnist_root: Path) -> None:
    split = open_dataset("adrenalmnist3d", root=medmnist_root, offline=True).splits["train"]
    flips = [RandomDepthFlip(), RandomVerticalFlip(), RandomHorizontalFlip()]
    pipeline = Compose(flips, "NCDHW")
    found = pipeline(split.images, seed=1)
    assert found.shape == (len(split.images), 1, 28, 28, 28)
    for row, volume in enumerate(split.images):
        depth, *others = pipeline.parameters(row, seed=1)
        flipped = [bool(depth["ops"]), *(step["applied"] for step in others)]
        axes = [axis for axis, flip in enumerate(flipped) if flip]
        assert np.array_equal(found[row, 0], np.flip(volume, axes))


@pytest.mark.parametrize("layout", ["NCDHW", "NDHWC"])
def test_batches_of_a_loader(medmnist_root: Path, layout: str) -> None:
    split = open_dataset("adrenalmnist3d", root=medmnist_root, offline=True).splits["val"]
    steps = [
        CubicSymmetry(),
        RandomCrop((24, 24, 24)),
        ColorJitter(0.2, 0.2),
        GaussianNoise(0.0, 0.02),
        ToDtype("float32", scale=True),
        Normalize([0.5], [0.5]),
    ]
    pipeline = Compose(steps, layout)
    loader = Loader(split.images, split.labels, pipeline, batch_size=32, shuffle=True, seed=2)
    expected = Compose(steps, "NCDHW")(split.images, seed=2, epoch=3)
    seen = 0
    for rows, (volumes, labels) in zip(loader.rows(3), loader.tensors(epoch=3), strict=True):
        assert volumes.shape == (len(rows), 1, 24, 24, 24)
        assert np.array_equal(volumes.numpy(), expected[rows])
        assert np.array_equal(labels.numpy(), split.labels[rows])
        assert torch.nn.functional.conv3d(volumes, torch.ones(2, 1, 3, 3, 3)).shape[1] == 2
        seen += len(rows)
    assert seen == len(split.images)
