"""Feeding batches to a network, against the way of the MedMNIST authors' training script.

The peer is their data path: a Dataset that makes a PIL image of each row, torchvision transforms,
and torch's DataLoader without workers. The images are those of MedNIST, the order is shuffled, and
batches of 128 end as float32 tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms as v1
from torchvision.transforms import functional as F  # noqa: N812

from medfast import transforms
from medfast.data.loader import Loader
from medfast.npz import load_npz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

N, BATCH = 4096, 128
NORMALISE = [transforms.ToDtype("float32", scale=True), transforms.Normalize([0.5], [0.5])]
PIPELINES = {
    "normalise": transforms.Compose(NORMALISE, layout="NHWC"),
    "jitter + flip + normalise": transforms.Compose(
        [
            transforms.ColorJitter(brightness=0.2, contrast=0.2),
            transforms.RandomHorizontalFlip(),
            *NORMALISE,
        ],
        layout="NHWC",
    ),
}
THEIRS = {
    "normalise": v1.Compose([v1.ToTensor(), v1.Normalize([0.5], [0.5])]),
    "jitter + flip + normalise": v1.Compose(
        [
            v1.ColorJitter(brightness=0.2, contrast=0.2),
            v1.RandomHorizontalFlip(),
            v1.ToTensor(),
            v1.Normalize([0.5], [0.5]),
        ]
    ),
}


class PilDataset(torch.utils.data.Dataset[Any]):
    """A row as a PIL image through a transform, as in `medmnist.dataset.MedMNIST2D`."""

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, transform: Callable[[Any], Any]
    ) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Any, np.ndarray]:
        return self.transform(Image.fromarray(self.images[row])), self.labels[row].astype(int)


@pytest.fixture(scope="module")
def data(medmnist_root: Path) -> tuple[np.ndarray, np.ndarray]:
    path = medmnist_root / "mednist_28.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {medmnist_root}")
    arrays = load_npz(path, ["train_images", "train_labels"])
    return arrays["train_images"][:N], arrays["train_labels"][:N, 0].astype(np.int64)


@pytest.fixture(scope="module", params=PIPELINES)
def work(request: pytest.FixtureRequest, data: tuple[np.ndarray, np.ndarray]) -> str:
    """Name the work, after checking that both ways mean the same by it."""
    images, labels = data
    loader = Loader(images[:512], labels[:512], PIPELINES[request.param], batch_size=BATCH)
    ours, our_labels = (torch.cat(parts) for parts in zip(*loader.tensors(), strict=True))
    for row in range(len(ours)):
        expected = replay(images[row], PIPELINES[request.param].parameters(row))
        if request.param == "normalise":
            torch.testing.assert_close(ours[row], expected, rtol=0, atol=1e-6)
        else:
            # PIL and torch round blended bytes differently, by one.
            torch.testing.assert_close(ours[row], expected, rtol=0, atol=2.01 / 255 / 0.5)
    assert our_labels.tolist() == labels[:512].tolist()
    return str(request.param)


def replay(image: np.ndarray, drawn: list[dict[str, Any]]) -> torch.Tensor:
    """Apply to a PIL image, by the peer's functions, what our pipeline drew for it."""
    picture = Image.fromarray(image)
    for step in drawn:
        if step["transform"] == "RandomHorizontalFlip" and step["applied"]:
            picture = F.hflip(picture)
        for op in step.get("fn_idx", ()):
            if op == 0:
                picture = F.adjust_brightness(picture, step["brightness_factor"])
            elif op == 1:
                picture = F.adjust_contrast(picture, step["contrast_factor"])
    return F.normalize(F.to_tensor(picture), [0.5], [0.5])


@pytest.mark.parametrize("peer", ["medfast", "DataLoader + torchvision v1"])
def bench_epoch(benchmark: Any, data: tuple[np.ndarray, np.ndarray], work: str, peer: str) -> None:
    images, labels = data
    if peer == "medfast":
        loader = Loader(images, labels, PIPELINES[work], batch_size=BATCH, shuffle=True)
        run = loader.tensors
    else:
        dataset = PilDataset(images, labels, THEIRS[work])
        run = DataLoader(dataset, batch_size=BATCH, shuffle=True).__iter__
    benchmark.group = f"an epoch of {N:,} gray 28x28 images: {work}"
    benchmark.extra_info.update(peer=peer, items=N, unit="images")

    def epoch() -> int:
        return sum(len(batch) for batch, _ in run())

    assert benchmark.pedantic(epoch, rounds=5, warmup_rounds=1) == N
