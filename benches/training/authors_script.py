"""The steps of the MedMNIST authors' training script, to time medfast against.

``MedMNIST2D/train_and_eval_pytorch.py`` of github.com/MedMNIST/experiments (Yang et al.,
"MedMNIST v2", Scientific Data 2023): medmnist's classes make a PIL image of each row, torch's
DataLoader without workers makes batches, the network is float32 and contiguous, Adam is not fused,
the loss is fetched at each step, and after an epoch medmnist's evaluators score train, val and
test. Its event log, its progress bar and the steps of its scheduler are left out.

The network is torchvision's, whose names of weights medfast shares, with the authors' first layers
for small images: a 3x3 convolution of stride 1 and no pooling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import medmnist
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import models
from torchvision import transforms as v1

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

SPLITS = ("train", "val", "test")


class AuthorsScript:
    """Their sets, network and loop.

    Parameters
    ----------
    flag : str
        Of an official set.
    root : path
        Of its file of 28 pixels.
    model : str
        torchvision's name of it.
    small : bool
        Whether the first layers are those for small images.
    batch_size : int
    device : str or torch.device
    """

    def __init__(
        self,
        flag: str,
        root: str | Path,
        *,
        model: str = "resnet18",
        small: bool = True,
        batch_size: int = 128,
        device: str | torch.device = "cpu",
    ) -> None:
        info = medmnist.INFO[flag]
        set_of_split = getattr(medmnist, info["python_class"])
        transform = v1.Compose([v1.ToTensor(), v1.Normalize(mean=[0.5], std=[0.5])])
        self.batch_size, self.device = batch_size, torch.device(device)
        self.sets = {name: set_of_split(name, transform=transform, root=root) for name in SPLITS}
        self.evaluators = {name: medmnist.Evaluator(flag, name, root=root) for name in SPLITS}
        self.multi_label = info["task"] == "multi-label, binary-class"
        self.criterion = nn.BCEWithLogitsLoss() if self.multi_label else nn.CrossEntropyLoss()
        network = models.get_model(model, weights=None, num_classes=len(info["label"]))
        if small:
            network.conv1 = nn.Conv2d(info["n_channels"], 64, 3, padding=1, bias=False)
            network.maxpool = nn.Identity()
        self.network = network.to(self.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)

    def replace_arrays(self, arrays: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
        """Put images and labels of one's own in the place of a split's."""
        for name, (images, labels) in arrays.items():
            part = self.sets[name]
            part.imgs, part.labels, self.evaluators[name].labels = images, labels, labels
            # Their len() asserts the official number.
            part.info = {**part.info, "n_samples": {name: len(images)}}

    def batches(
        self, split: str, *, shuffle: bool = False, order: Sequence[int] | None = None
    ) -> DataLoader[Any]:
        """Load a split, or the rows of it in `order`."""
        return DataLoader(
            self.sets[split], batch_size=self.batch_size, shuffle=shuffle, sampler=order
        )

    def epoch(self, *, scored: bool = True) -> None:
        """Train on every image, then score the three splits."""
        self.train(self.batches("train", shuffle=True))
        for split in SPLITS if scored else ():
            self.score(split)

    def train(self, batches: Iterable[Any]) -> list[float]:
        """Take a step for each batch, and return the losses."""
        self.network.train()
        losses = []
        for images, labels in batches:
            self.optimizer.zero_grad()
            outputs = self.network(images.to(self.device))
            loss = self.criterion(outputs, self._targets(labels))
            losses.append(loss.item())
            loss.backward()
            self.optimizer.step()
        return losses

    def score(self, split: str) -> tuple[np.ndarray, float, float]:
        """Return the scores of a split, their AUC and their ACC."""
        self.network.eval()
        losses = []
        scores = torch.tensor([], device=self.device)
        with torch.no_grad():
            for images, labels in self.batches(split):
                outputs = self.network(images.to(self.device))
                losses.append(self.criterion(outputs, self._targets(labels)).item())
                parts = outputs.sigmoid() if self.multi_label else outputs.softmax(dim=1)
                scores = torch.cat((scores, parts))
        found = scores.cpu().numpy()
        auc, acc = self.evaluators[split].evaluate(found)
        return found, float(auc), float(acc)

    def _targets(self, labels: Tensor) -> Tensor:
        if self.multi_label:
            return labels.to(torch.float32).to(self.device)
        return labels.squeeze(1).long().to(self.device)
