"""Augmenting a batch, against torchvision, and against a copy that augments nothing.

medfast and the copy write into one array that is kept, as a training loop does; torchvision, which
has no such argument, makes new tensors. v2 batched draws once for the whole batch, so it does less
than the others. kornia takes and gives floats, so its values are near ours but not equal, and
albumentations draws for itself; torchvision's values are compared with ours before any is timed.
The images are noise but for the gathering, where they are those of MedNIST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms as v1
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast.npz import load_npz
from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    ToDtype,
    TrivialAugmentWide,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEAN, STD = [0.5], [0.5]
OURS = Compose(
    [
        ColorJitter(brightness=0.2, contrast=0.2),
        RandomHorizontalFlip(),
        ToDtype("float32", scale=True),
        Normalize(MEAN, STD),
    ]
)
SIZES = {
    "gray 28x28": (4096, 28, 28),
    "RGB 28x28": (4096, 28, 28, 3),
    "RGB 224x224": (64, 224, 224, 3),
}
PEERS = [
    "medfast",
    "medfast, 1 thread",
    "torchvision v1, PIL",
    "torchvision v2, per sample",
    "torchvision v2, one draw for the batch",
    "kornia",
    "albumentations",
    "numpy copy to float32",
]


def planes(images: np.ndarray) -> torch.Tensor:
    """Turn (..., H, W) or (..., H, W, C) into torch's (..., C, H, W), contiguous."""
    channels = images.shape[3:] or (1,)
    moved = np.moveaxis(images.reshape(*images.shape[:3], *channels), 3, 1)
    return torch.from_numpy(np.ascontiguousarray(moved))


def replayed(image: torch.Tensor, drawn: list[dict[str, Any]]) -> torch.Tensor:
    """Apply with torchvision's functions what a pipeline drew."""
    for step in drawn:
        if step["transform"] == "ColorJitter":
            for function in step["fn_idx"]:
                if function == 0:
                    image = F.adjust_brightness(image, step["brightness_factor"])
                elif function == 1:
                    image = F.adjust_contrast(image, step["contrast_factor"])
        elif step["transform"] == "RandomHorizontalFlip":
            image = F.horizontal_flip(image) if step["applied"] else image
        elif step["transform"] == "ToDtype":
            image = F.to_dtype(image, torch.float32, scale=True)
        elif step["transform"] == "Normalize":
            image = F.normalize(image, MEAN, STD)
        else:
            for op, values in step["ops"]:
                image = replay_op(image, op, values)
    return image


def check(images: np.ndarray, rows: np.ndarray) -> None:
    """Compare some rows of our output with torchvision's, value for value."""
    ours = OURS(images, index=rows, seed=1)
    for row, image in zip(rows, ours, strict=True):
        expected = replayed(planes(images[row : row + 1])[0], OURS.parameters(int(row), seed=1))
        np.testing.assert_array_equal(image, expected.numpy())


def contender(peer: str, images: np.ndarray) -> Callable[[], Any]:
    """Make the call that one peer is timed on, with what it may prepare outside of it."""
    if peer.startswith("medfast"):
        out = OURS(images)
        threads = 1 if peer.endswith("1 thread") else None
        return lambda: OURS(images, seed=1, out=out, threads=threads)
    if peer.startswith("numpy"):
        floats = np.empty(images.shape, np.float32)
        return lambda: np.copyto(floats, images)
    if peer.startswith("torchvision v1"):
        jitter, flip = v1.ColorJitter(0.2, 0.2), v1.RandomHorizontalFlip()
        apply = v1.Compose([jitter, flip, v1.ToTensor(), v1.Normalize(MEAN, STD)])
        pictures = [Image.fromarray(image) for image in images]
        return lambda: torch.stack([apply(picture) for picture in pictures])
    if peer == "kornia":
        return kornia_contender(images)
    if peer == "albumentations":
        return albumentations_contender(images)
    jitter, flip = v2.ColorJitter(0.2, 0.2), v2.RandomHorizontalFlip()
    apply = v2.Compose(
        [jitter, flip, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    )
    tensors = planes(images)
    if peer.endswith("per sample"):
        return lambda: torch.stack([apply(tensor) for tensor in tensors])
    return lambda: apply(tensors)


def kornia_contender(images: np.ndarray) -> Callable[[], Any]:
    augmentation = pytest.importorskip("kornia.augmentation")
    steps = [
        augmentation.RandomBrightness((0.8, 1.2), p=1.0),
        augmentation.RandomContrast((0.8, 1.2), p=1.0),
        augmentation.RandomHorizontalFlip(p=0.5),
        augmentation.Normalize(torch.tensor(MEAN), torch.tensor(STD)),
    ]
    apply, tensors = torch.nn.Sequential(*steps), planes(images)
    return lambda: apply(tensors.to(torch.float32) / 255)


def albumentations_contender(images: np.ndarray) -> Callable[[], Any]:
    albumentations = pytest.importorskip("albumentations")
    still = {"saturation": (1, 1), "hue": (0, 0)}
    jitter = albumentations.ColorJitter((0.8, 1.2), (0.8, 1.2), **still, p=1.0)
    normalise = albumentations.Normalize(MEAN, STD)
    apply = albumentations.Compose([jitter, albumentations.HorizontalFlip(p=0.5), normalise])
    return lambda: np.stack([apply(image=image)["image"] for image in images])


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("size", SIZES)
def bench_jitter_flip_normalise(benchmark: Any, size: str, peer: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, SIZES[size], dtype=np.uint8)
    check(images, np.arange(0, len(images), max(1, len(images) // 64)))
    benchmark.group = f"jitter(b, c) + flip + normalise, {len(images):,} {size}"
    benchmark.extra_info.update(peer=peer, items=len(images), unit="images")
    slow = not peer.startswith(("medfast", "numpy"))
    benchmark.pedantic(contender(peer, images), rounds=3 if slow else 50, warmup_rounds=1)


@pytest.mark.parametrize("peer", ["medfast", "numpy take, then copy to float32", *PEERS[3:5]])
def bench_gather(benchmark: Any, medmnist_root: Path, peer: str) -> None:
    path = medmnist_root / "mednist_28.npz"
    if not path.is_file():
        pytest.skip(f"no {path.name} in {medmnist_root}")
    images = load_npz(path, ["train_images"])["train_images"]
    rows = np.random.default_rng(0).permutation(len(images))[:4096]
    check(images, rows[:64])
    if peer == "medfast":
        out = OURS(images, index=rows)
        run = lambda: OURS(images, index=rows, seed=1, out=out)  # noqa: E731
    elif peer.startswith("numpy"):
        run = lambda: images[rows].astype(np.float32)  # noqa: E731
    else:
        run = lambda: contender(peer, images[rows])()  # noqa: E731
    benchmark.group = f"the same on 4,096 random rows of {len(images):,} gray 28x28"
    benchmark.extra_info.update(peer=peer, items=len(rows), unit="images")
    benchmark.pedantic(run, rounds=3 if peer in PEERS[3:5] else 50, warmup_rounds=1)


HALVES = {
    name: Compose([*OURS.transforms[:2], ToDtype(name, scale=True), OURS.transforms[3]])
    for name in ("float16", "bfloat16")
}


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("peer", ["medfast", "medfast to float32, then torch"])
def bench_halves(benchmark: Any, peer: str, dtype: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4096, 28, 28), dtype=np.uint8)
    tensors, half = torch.from_numpy(images), getattr(torch, dtype)
    ours = HALVES[dtype]
    assert torch.equal(ours(tensors, seed=1), OURS(tensors, seed=1).to(half))
    benchmark.group = f"jitter(b, c) + flip + normalise to {dtype}, 4,096 gray 28x28"
    benchmark.extra_info.update(peer=peer, items=len(images), unit="images")
    floats, out = torch.empty(4096, 1, 28, 28), torch.empty(4096, 1, 28, 28, dtype=half)
    if peer == "medfast":
        run = lambda: ours(tensors, seed=1, out=out)  # noqa: E731
    else:
        run = lambda: out.copy_(OURS(tensors, seed=1, out=floats))  # noqa: E731
    benchmark.pedantic(run, rounds=50, warmup_rounds=1)


@pytest.mark.parametrize("peer", ["medfast", "torchvision v2, per sample"])
def bench_one_image(benchmark: Any, peer: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    check(images, np.array([0]))
    benchmark.group = "jitter(b, c) + flip + normalise, one gray 28x28"
    benchmark.extra_info.update(peer=peer, items=1, unit="images")
    benchmark(contender(peer, images))


WORKS = {
    "jitter(b, c) + flip + rotation (bilinear) + normalise, 4,096 gray 28x28": (
        (4096, 28, 28),
        [
            ColorJitter(brightness=0.2, contrast=0.2),
            RandomHorizontalFlip(),
            RandomRotation(20, interpolation="bilinear"),
            ToDtype("float32", scale=True),
            Normalize(MEAN, STD),
        ],
        lambda: v2.Compose(
            [
                v2.ColorJitter(0.2, 0.2),
                v2.RandomHorizontalFlip(),
                v2.RandomRotation(20, interpolation=v2.InterpolationMode.BILINEAR),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        ),
    ),
    "rotation, bilinear, 4,096 gray 28x28": (
        (4096, 28, 28),
        [RandomRotation(20, interpolation="bilinear")],
        lambda: v2.RandomRotation(20, interpolation=v2.InterpolationMode.BILINEAR),
    ),
    "affine, nearest, 4,096 gray 28x28": (
        (4096, 28, 28),
        [RandomAffine(15, translate=(0.1, 0.1), scale=(0.9, 1.1))],
        lambda: v2.RandomAffine(15, translate=(0.1, 0.1), scale=(0.9, 1.1)),
    ),
    "crop of the image padded by 4, 4,096 RGB 28x28": (
        (4096, 28, 28, 3),
        [RandomCrop(28, padding=4)],
        lambda: v2.RandomCrop(28, padding=4),
    ),
    "TrivialAugmentWide, 4,096 RGB 28x28": (
        (4096, 28, 28, 3),
        [TrivialAugmentWide()],
        lambda: v2.TrivialAugmentWide(),
    ),
    "resized crop, 64 RGB 224x224": (
        (64, 224, 224, 3),
        [RandomResizedCrop(224)],
        lambda: v2.RandomResizedCrop(224),
    ),
}
ONE_ANGLE = "torchvision v2, nearest, one angle for the batch"
MODES = [v2.InterpolationMode.NEAREST, v2.InterpolationMode.BILINEAR]


def replay_op(image: torch.Tensor, op: str, values: list[float]) -> torch.Tensor:
    """Apply with torchvision's function an op as `Compose.parameters` tells it."""
    if op == "rotate":
        angle, mode, _, _, *fill = values
        return F.rotate(image, angle, MODES[int(mode)], fill=fill or None)
    if op == "affine":
        angle, right, down, scale, shear_x, shear_y, mode, x, _, *fill = values
        center = None if x is None or np.isnan(x) else [0.0, 0.0]
        moved = [int(right), int(down)]
        shear = [shear_x, shear_y]
        return F.affine(image, angle, moved, scale, shear, MODES[int(mode)], fill or None, center)
    if op == "pad":
        return F.pad(image, [int(side) for side in values[:4]], fill=0)
    if op == "crop":
        return F.crop(image, *(int(side) for side in values))
    if op == "resized_crop":
        top, left, height, width, *size = (int(value) for value in values[:6])
        return F.resized_crop(image, top, left, height, width, size, antialias=True)
    if op == "posterize":
        return F.posterize(image, int(values[0]))
    return getattr(F, op)(image, *values)


@pytest.mark.parametrize(
    "peer", ["medfast", "medfast, 1 thread", "torchvision v2, per sample", ONE_ANGLE]
)
@pytest.mark.parametrize("work", WORKS)
def bench_ops(benchmark: Any, work: str, peer: str) -> None:
    if peer == ONE_ANGLE and not work.startswith("rotation"):
        pytest.skip("of rotations alone")
    shape, steps, theirs = WORKS[work]
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    ours = Compose(steps)
    rows = np.arange(0, len(images), max(1, len(images) // 64))
    for row, image in zip(rows, ours(images, index=rows, seed=1), strict=True):
        drawn = ours.parameters(int(row), seed=1, shape=shape[1:])
        expected = replayed(planes(images[row : row + 1])[0], drawn)
        np.testing.assert_array_equal(image, expected.numpy())
    benchmark.group = work
    benchmark.extra_info.update(peer=peer, items=len(images), unit="images")
    if peer.startswith("medfast"):
        out = ours(images)
        threads = 1 if peer.endswith("1 thread") else None
        run = lambda: ours(images, seed=1, out=out, threads=threads)  # noqa: E731
    elif peer == ONE_ANGLE:
        turn, tensors = v2.RandomRotation(20), planes(images)
        run = lambda: turn(tensors)  # noqa: E731
    else:
        apply, tensors = theirs(), planes(images)
        run = lambda: torch.stack([apply(tensor) for tensor in tensors])  # noqa: E731
    benchmark.pedantic(run, rounds=20 if peer.startswith("medfast") else 3, warmup_rounds=1)
