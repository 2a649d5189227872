"""Pipelines as the `transform=` of a dataset and the `collate_fn=` of a loader."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from medfast.errors import ConfigError, ShapeError
from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    PerBatch,
    PerImage,
    RandomHorizontalFlip,
    ToDtype,
)

FLIP = Compose([RandomHorizontalFlip(p=1.0)])
FLOATS = Compose(
    [ColorJitter((0.5, 1.0), (0.5, 1.0)), ToDtype("float32", scale=True), Normalize([0.5], [0.5])]
)
RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (5, 7), np.uint8)
BIG = RNG.integers(0, 256, (40, 40), np.uint8)
RGB = RNG.integers(0, 256, (5, 7, 3), np.uint8)


@pytest.mark.parametrize("pixels", [GRAY, RGB])
def test_what_comes_is_what_goes(pixels: Any) -> None:
    transform = PerImage(FLIP)
    picture = transform(Image.fromarray(pixels))
    assert isinstance(picture, Image.Image)
    assert np.array_equal(np.asarray(picture), pixels[:, ::-1])
    planes = pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    tensor = transform(torch.from_numpy(planes.copy()))
    assert isinstance(tensor, torch.Tensor)
    assert np.array_equal(tensor.numpy(), planes[..., ::-1])
    array = transform(pixels)
    assert isinstance(array, np.ndarray)
    assert np.array_equal(array, planes[..., ::-1])
    channels_last = PerImage(Compose([RandomHorizontalFlip(p=1.0)], layout="NHWC"))
    assert np.array_equal(np.asarray(channels_last(Image.fromarray(pixels))), pixels[:, ::-1])
    floats = PerImage(FLOATS)(Image.fromarray(pixels))
    assert isinstance(floats, torch.Tensor)
    assert floats.dtype == torch.float32


def test_every_call_draws_anew_and_a_seed_repeats() -> None:
    runs = []
    for _ in range(2):
        transform = PerImage(FLOATS, seed=4)
        runs.append([transform(BIG).tobytes() for _ in range(20)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 20
    assert PerImage(FLOATS)(BIG).tobytes() != PerImage(FLOATS)(BIG).tobytes()
    twin = pickle.loads(pickle.dumps(PerImage(FLOATS, seed=4)))  # noqa: S301
    assert twin(BIG).tobytes() == runs[0][0]
    assert repr(twin).endswith("seed=4)")


class Same(Dataset[Any]):
    """The same image over and over."""

    def __init__(self, transform: Any = None) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 12

    def __getitem__(self, row: int) -> tuple[Any, int]:
        image = Image.fromarray(BIG)
        return (self.transform(image) if self.transform else image), row


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_draws_for_every_sample_and_epoch(workers: int) -> None:
    per_image = DataLoader(Same(PerImage(FLOATS, seed=1)), batch_size=3, num_workers=workers)
    per_batch = DataLoader(
        Same(), batch_size=3, num_workers=workers, collate_fn=PerBatch(FLOATS, seed=1)
    )
    for loader in (per_image, per_batch):
        seen = set()
        for _ in range(2):
            for images, labels in loader:
                assert images.shape == (3, 1, 40, 40)
                assert images.dtype == torch.float32
                assert labels.tolist() == list(range(labels[0], labels[0] + 3))
                seen |= {image.numpy().tobytes() for image in images}
        assert len(seen) == 24


def test_bad_input() -> None:
    for image in (GRAY.astype(float), GRAY[0], [1, 2], Image.fromarray(GRAY).convert("F")):
        with pytest.raises(ShapeError, match="expected a PIL image of mode L or RGB, or uint8"):
            PerImage(FLIP)(image)
    with pytest.raises(ShapeError, match="one size"):
        PerBatch(FLIP)([(GRAY, 0), (RGB, 1)])
    with pytest.raises(ConfigError, match="Compose"):
        PerImage(lambda image: image)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="seed"):
        PerBatch(FLIP, seed=-1)


def test_neither_torch_nor_pillow_is_imported() -> None:
    code = """
        import sys
        import numpy as np
        from medfast.transforms import Compose, PerBatch, PerImage
        image = np.zeros((3, 4), np.uint8)
        assert PerImage(Compose([]))(image).shape == (1, 3, 4)
        images, labels = PerBatch(Compose([]))([(image, 1), (image, 2)])
        assert images.shape == (2, 1, 3, 4) and labels.tolist() == [1, 2]
        assert not {"torch", "PIL"} & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


@pytest.mark.parametrize("seed", ["a", 1.5, -1, 2**64])
@pytest.mark.parametrize("adapter", [PerImage, PerBatch])
def test_a_wrong_seed_is_refused_at_once(adapter: type[PerImage | PerBatch], seed: object) -> None:
    with pytest.raises(ConfigError, match="expected seed as a whole number from 0 to"):
        adapter(Compose([]), seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "at least one sample, got none"),
        ([np.zeros((2, 2), np.uint8)], "pairs .* got ndarray at place 0"),
        ([(np.zeros((2, 2), np.uint8), [1]), (np.zeros((2, 2), np.uint8), [1, 2])], "one shape"),
        ([(np.zeros((2, 2), np.uint8), "cat")], "labels as numbers"),
    ],
)
def test_samples_that_make_no_batch(samples: list[object], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        PerBatch(Compose([]))(samples)  # type: ignore[arg-type]
