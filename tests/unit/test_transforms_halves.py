"""Pipelines that end in float16 or bfloat16: the float32 result, rounded once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from medfast.data.loader import Loader
from medfast.errors import ConfigError, ShapeError, UnsupportedError
from medfast.transforms import (
    ColorJitter,
    Compose,
    Normalize,
    PerBatch,
    PerImage,
    RandomHorizontalFlip,
    RandomRotation,
    ToDtype,
)

SHAPES = [(9, 28, 28), (9, 28, 28, 3), (4, 1, 1), (3, 33, 41, 3), (2, 224, 224), (0, 8, 8)]
AFTER = [[], [Normalize([0.485], [0.229])], [Normalize([0.5], [1e-4]), Normalize([1.0], [3.0])]]


def pipeline(dtype: str, after: list[Normalize], layout: str, scale: bool = True) -> Compose:
    steps = [ColorJitter(0.4, 0.4), RandomHorizontalFlip(), RandomRotation(30, "bilinear")]
    return Compose([*steps, ToDtype(dtype, scale=scale), *after], layout)


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """Round as torch does; bfloat16 as its bits."""
    halves = torch.from_numpy(values).to(getattr(torch, dtype))
    return halves.view(torch.int16).numpy().view(np.uint16)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("after", AFTER, ids=len)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_is_float32_rounded_once(
    dtype: str, shape: tuple[int, ...], after: list[Normalize], layout: str
) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    floats = pipeline("float32", after, layout)(images, seed=4)
    halves = pipeline(dtype, after, layout)(images, seed=4)
    assert halves.dtype == (np.float16 if dtype == "float16" else np.uint16)
    np.testing.assert_array_equal(halves.view(np.uint16), rounded(floats, dtype))


def test_every_byte_as_it_is() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for dtype in ("float16", "bfloat16"):
        halves = Compose([ToDtype(dtype)])(images)
        floats = images[:, None].astype(np.float32)
        np.testing.assert_array_equal(halves.view(np.uint16), rounded(floats, dtype))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_tensors_give_and_take_tensors(dtype: str) -> None:
    images = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (5, 12, 12), np.uint8))
    halves = pipeline(dtype, AFTER[1], "NCHW")
    found = halves(images, seed=2)
    assert isinstance(found, torch.Tensor)
    assert found.dtype == getattr(torch, dtype)
    out = torch.empty_like(found)
    assert halves(images, seed=2, out=out) is out
    assert torch.equal(out, found)
    part = torch.zeros(7, 1, 12, 12, dtype=found.dtype)
    halves(images, seed=2, out=part[1:6])
    assert torch.equal(part[1:6], found)
    assert not part[0].any()
    assert not part[6].any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_out_of_another_dtype_is_refused_before_it_is_written(dtype: str) -> None:
    images = np.full((2, 4, 4), 200, np.uint8)
    halves = Compose([ToDtype(dtype, scale=True)])
    others = {"float16", "bfloat16", "float32", "int16"} - {dtype}
    for other in others:
        out = torch.zeros(2, 1, 4, 4, dtype=getattr(torch, other))
        named = rf"expected out of shape .* and dtype {dtype}, got .* and torch.{other}"
        with pytest.raises(ShapeError, match=named):
            halves(images, out=out)
        assert not out.any()


def test_arrays_of_ml_dtypes_are_written() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    images = np.full((2, 4, 4), 200, np.uint8)
    halves = Compose([ToDtype("bfloat16", scale=True)])
    out = np.zeros((2, 1, 4, 4), ml_dtypes.bfloat16)
    assert halves(images, out=out) is out
    np.testing.assert_array_equal(out.view(np.uint16), halves(images))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_loaders_and_adapters(dtype: str) -> None:
    images = np.random.default_rng(2).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    halves = Compose([ToDtype(dtype, scale=True)])
    expected = halves(torch.from_numpy(images))
    loader = Loader(images, np.arange(6), halves, batch_size=4)
    batches = [batch for batch, _ in loader.tensors()]
    assert torch.equal(torch.cat(batches), expected)
    tensor = torch.from_numpy(images[0])
    assert torch.equal(PerImage(halves)(tensor), expected[0])
    collated, _ = PerBatch(halves)([(image, 0) for image in images])
    assert torch.equal(collated, expected)


def test_names() -> None:
    assert repr(ToDtype(torch.bfloat16, scale=True)) == "ToDtype(dtype='bfloat16', scale=True)"
    assert ToDtype(np.float16) == ToDtype("float16") == ToDtype(torch.float16)
    with pytest.raises(ConfigError, match="did you mean 'float16'"):
        ToDtype("floa16")


def test_conversion_names_what_is_computed_differently() -> None:
    theirs = v2.Compose([v2.RandomHorizontalFlip(), v2.ToDtype(torch.float16, scale=True)])
    with pytest.raises(UnsupportedError, match=r"Compose\[1\]\.ToDtype computes in torch.float16"):
        Compose.from_torchvision(theirs)
