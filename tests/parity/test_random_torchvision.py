"""What random transforms draw, done with torchvision's functions, gives the same values."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast import transforms as ours
from medfast.transforms import (
    D4,
    AugMix,
    CenterCrop,
    ColorJitter,
    Compose,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    Normalize,
    Pad,
    RandAugment,
    RandomAdjustSharpness,
    RandomAffine,
    RandomApply,
    RandomAutocontrast,
    RandomChoice,
    RandomCrop,
    RandomEqualize,
    RandomErasing,
    RandomGamma,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomInvert,
    RandomOrder,
    RandomPosterize,
    RandomResizedCrop,
    RandomRotate90,
    RandomRotation,
    RandomSolarize,
    RandomVerticalFlip,
    Resize,
    ToDtype,
    Transform,
    TrivialAugmentWide,
)
from noise_field import noised
from torch_grids import grid_is_unfused

pytestmark = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="without AVX2, torch blends without fused multiply-add",
)

# Elsewhere torch's own grids are others: images that are rotated or the like are left out.
SAME_GRIDS = grid_is_unfused()
ROWS = 48
INTERPOLATIONS = [v2.InterpolationMode.NEAREST, v2.InterpolationMode.BILINEAR]
PADDING_MODES = ["constant", "edge", "reflect", "symmetric"]


def sampling(mode: float, x: float | None, y: float | None, *fill: float) -> dict[str, Any]:
    return {
        "interpolation": INTERPOLATIONS[int(mode)],
        "center": None if x is None else [x, y],
        "fill": list(fill) or None,
    }


def filtering(code: float) -> dict[str, Any]:
    return {"interpolation": INTERPOLATIONS[code > 0], "antialias": code == 2}


def pad(t: Any, left: Any, top: Any, right: Any, bottom: Any, mode: Any, *fill: Any) -> Any:
    sides = [int(side) for side in (left, top, right, bottom)]
    return F.pad(t, sides, fill=list(fill) or None, padding_mode=PADDING_MODES[int(mode)])


def affine(t: Any, angle: Any, x: Any, y: Any, scale: Any, *rest: Any) -> Any:
    moves, shear = [int(x), int(y)], list(rest[:2])
    return F.affine(t, angle, moves, scale, shear, **sampling(*rest[2:]))


# A call of torchvision with the numbers that were drawn, by the name of the op.
OPS: dict[str, Callable[..., Any]] = {
    "adjust_brightness": F.adjust_brightness,
    "adjust_contrast": F.adjust_contrast,
    "adjust_saturation": F.adjust_saturation,
    "adjust_hue": F.adjust_hue,
    "adjust_sharpness": F.adjust_sharpness,
    "adjust_gamma": F.adjust_gamma,
    "gaussian_blur": lambda t, w, h, x, y: F.gaussian_blur(t, [int(w), int(h)], [x, y]),
    "gaussian_noise": noised,
    "invert": F.invert,
    "posterize": lambda t, bits: F.posterize(t, int(bits)),
    "solarize": F.solarize,
    "autocontrast": F.autocontrast,
    "equalize": F.equalize,
    "rgb_to_grayscale": lambda t, channels: F.rgb_to_grayscale(t, int(channels)),
    "horizontal_flip": F.horizontal_flip,
    "vertical_flip": F.vertical_flip,
    "crop": lambda t, *window: F.crop(t, *map(int, window)),
    "center_crop": lambda t, h, w: F.center_crop(t, [int(h), int(w)]),
    "pad": pad,
    "erase": lambda t, i, j, h, w, *v: F.erase(
        t, int(i), int(j), int(h), int(w), torch.tensor(v)[:, None, None]
    ),
    "rot90": lambda t, quarters: torch.rot90(t, int(quarters), (-2, -1)),
    "rotate": lambda t, angle, *rest: F.rotate(t, angle, **sampling(*rest)),
    "affine": affine,
    "resize": lambda t, h, w, code: F.resize(t, [int(h), int(w)], **filtering(code)),
    "resized_crop": lambda t, top, left, h, w, to_h, to_w, code: F.resized_crop(
        t, int(top), int(left), int(h), int(w), [int(to_h), int(to_w)], **filtering(code)
    ),
}


def ops_of(drawn: dict[str, Any]) -> list[tuple[str, list[Any]]]:
    """List the ops of what one transform drew, in order."""
    if "fn_idx" in drawn:
        names = ("brightness", "contrast", "saturation", "hue")
        changes = [(names[place], drawn[f"{names[place]}_factor"]) for place in drawn["fn_idx"]]
        return [(f"adjust_{name}", [value]) for name, value in changes if value is not None]
    if "applied" in drawn:
        flip = {"RandomHorizontalFlip": "horizontal_flip", "RandomVerticalFlip": "vertical_flip"}
        return [(flip[drawn["transform"]], [])] if drawn["applied"] else []
    return [(name, values) for name, values in drawn.get("ops", [])]


class Told(v2.AugMix):
    """torchvision's mixing, of ops, numbers of ops and weights that are given."""

    def __init__(self, values: Sequence[float], ops: Iterator[tuple[str, list[Any]]]) -> None:
        super().__init__(mixture_width=(len(values) - 2) // 2)
        weights = torch.tensor(values, dtype=torch.float32)
        self.weights = iter([weights[:2], weights[2 : 2 + self.mixture_width]])
        self.depths = iter(values[2 + self.mixture_width :])
        self.ops = ops

    def _sample_dirichlet(self, params: torch.Tensor) -> torch.Tensor:
        return next(self.weights).reshape(params.shape)

    def _get_random_item(self, dct: Any) -> Any:
        return next(self.ops), (lambda *_: None, False)

    def _apply_image_or_video_transform(
        self, image: Any, transform_id: Any, *_: Any, **__: Any
    ) -> Any:
        name, values = transform_id
        return OPS[name](image, *values)

    def __call__(self, image: torch.Tensor) -> Any:
        depth = lambda **_: torch.tensor([next(self.depths)])  # noqa: E731
        with patch.object(torch, "randint", depth):
            return super().__call__(image)


def replay(steps: Sequence[Transform], parameters: list[dict[str, Any]], image: Any) -> Any:
    """Do with torchvision what was drawn."""
    planes = image[np.newaxis] if image.ndim == 2 else image.transpose(2, 0, 1)
    tensor = torch.from_numpy(planes.copy(order="C"))
    for step, drawn in zip(steps, parameters, strict=True):
        assert drawn["transform"] == type(step).__name__
        match step:
            case ToDtype(dtype, scale):
                tensor = F.to_dtype(tensor, getattr(torch, dtype), scale=scale)
            case Normalize(mean, std):
                tensor = F.normalize(tensor, list(mean), list(std))
            case _:
                ops = iter(ops_of(drawn))
                for name, values in ops:
                    mixes = name == "augmix"
                    tensor = Told(values, ops)(tensor) if mixes else OPS[name](tensor, *values)
    return tensor.numpy()


def random_images(shape: tuple[int, ...], seed: int = 0) -> Any:
    """Images of noise, smooth ones, some of few values and of one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    smooth = np.add.outer(np.arange(shape[1]), np.arange(shape[2])) * 5
    images[1::4] = smooth.astype(np.uint8).reshape(shape[1:3] + (1,) * (len(shape) - 3))
    images[::5] = rng.choice(np.array([0, 1, 127, 254, 255], np.uint8), images[::5].shape)
    images[3::7] = rng.integers(0, 256, dtype=np.uint8)
    return images


def assert_same(pipeline: Compose, images: Any, *, changes: bool = True) -> None:
    key = {"seed": 5, "epoch": 2}
    found = pipeline(images, **key)
    changed = False
    for row, image in enumerate(images):
        drawn = pipeline.parameters(row, **key, shape=image.shape)
        ops = {name for step in drawn for name, _ in ops_of(step)}
        changed |= bool(ops)
        if not SAME_GRIDS and ops & {"rotate", "affine"}:
            continue
        theirs = replay(pipeline.transforms, drawn, image)
        theirs = theirs.transpose(1, 2, 0) if pipeline.layout == "NHWC" else theirs
        assert found[row].dtype == theirs.dtype
        np.testing.assert_array_equal(found[row], theirs, err_msg=f"row {row}: {drawn}")
    assert changed is changes


ANY_SIZE: list[Transform] = [
    RandomRotation(20),
    RandomRotation((-180, 180), "bilinear", fill=130),
    RandomRotation(45, v2.InterpolationMode.BILINEAR, center=(3, 9.5), fill=None),
    RandomAffine(30, translate=(0.2, 0.3), scale=(0.7, 1.4), shear=(-10, 10, -5, 5), fill=7),
    RandomAffine(0, shear=15, interpolation="bilinear"),
    RandomAffine((10, 20), (0.0, 0.5), (2, 3), interpolation="bilinear", center=(0, 0), fill=200),
    RandomCrop((20, 13)),
    RandomCrop(17, padding=4),
    RandomCrop((30, 12), (1, 2, 3, 4), fill=99),
    RandomCrop((25, 16), (4, 5), padding_mode="reflect"),
    RandomCrop((25, 16), 3, padding_mode="edge"),
    RandomCrop((25, 16), 3, padding_mode="symmetric"),
    CenterCrop(20),
    CenterCrop((40, 9)),
    Pad(3, fill=12),
    Pad((1, 2, 3, 0), padding_mode="reflect"),
    Pad((0, 5), padding_mode="symmetric"),
    Resize(20),
    Resize((40, 13), antialias=False),
    Resize((19, 50), "nearest"),
    RandomResizedCrop(24),
    RandomResizedCrop((15, 30), (0.5, 2 / 3), (0.3, 4), antialias=False),
    RandomResizedCrop(28, interpolation="nearest"),
    RandomErasing(0.8),
    RandomErasing(1.0, (0.0, 0.02), (0.1, 10), value=222),
    RandomInvert(),
    RandomPosterize(3),
    RandomPosterize(0, 1.0),
    RandomSolarize(130.5),
    RandomAutocontrast(),
    RandomEqualize(),
    RandomAdjustSharpness(2.5),
    RandomAdjustSharpness(0, 1.0),
    RandomGamma(),
    RandomGamma((0.3, 3), 1.2, p=1.0),
    GaussianBlur(3),
    GaussianBlur((5, 7), (0.3, 4)),
    GaussianNoise(),
    GaussianNoise(0.3, 1.0, clip=False),
    RandomHorizontalFlip(),
    RandomVerticalFlip(),
    ColorJitter(0.4, 0.4),
    ColorJitter(0.5, (0.2, 1.9), 0.9, 0.5),
    TrivialAugmentWide(),
    TrivialAugmentWide(7, "bilinear", fill=50),
    RandAugment(),
    RandAugment(4, 30, interpolation="bilinear", fill=50),
    RandAugment(3, 1, 2),
    AugMix(),
    AugMix(10, 2, 4, 0.3, interpolation="nearest", fill=90),
    AugMix(1, 5, 1, 30.0, all_ops=False),
    RandomOrder([AugMix(), RandomApply([AugMix(5), GaussianNoise()])]),
    RandomApply([RandomCrop((20, 16)), RandomRotation(90)], 1.0),
    RandomApply([RandomInvert(), RandomApply([RandomPosterize(2), RandomRotation(10)])], 0.7),
    RandomChoice([RandomInvert(1.0), RandomRotation(30), ColorJitter(0.5)], [1, 2, 0.5]),
    RandomOrder(
        [RandomSolarize(99), RandomRotation(30, "bilinear"), RandomErasing(), GaussianBlur(3)]
    ),
    RandomChoice(
        [
            RandomOrder([RandomHorizontalFlip(), RandomChoice([RandomEqualize(), RandomInvert()])]),
            RandomApply([RandomOrder([ColorJitter(0.9, 0.9, 0.9, 0.2), RandomGamma()])], 0.9),
            TrivialAugmentWide(),
        ]
    ),
]
SQUARE: list[Transform] = [RandomRotate90(), D4(), RandomApply([D4(), RandomRotate90()])]
RGB: list[Transform] = [
    Grayscale(3),
    Grayscale(),
    RandomGrayscale(0.5),
    RandomRotation(60, "bilinear", fill=(10, 0, 255)),
    RandomAffine(60, fill=[1, 100, 200]),
    RandomCrop(28, 8, fill=[9, 8, 7]),
    Pad(2, fill=[9, 8, 7]),
    RandomErasing(1.0, value=[50, 150, 250]),
    TrivialAugmentWide(fill=[3, 2, 1]),
]
KINDS = [
    *(
        (step, size, channels)
        for step in ANY_SIZE
        for size in [(28, 28), (31, 17)]
        for channels in (0, 3)
    ),
    *((step, (28, 28), channels) for step in SQUARE for channels in (0, 3)),
    *((step, (28, 28), 3) for step in RGB),
]


@pytest.mark.parametrize(("step", "size", "channels"), KINDS, ids=str)
def test_every_transform(step: Transform, size: tuple[int, int], channels: int) -> None:
    images = random_images((ROWS, *size, channels) if channels else (ROWS, *size))
    assert_same(Compose([step]), images)
    one_channel = step == Grayscale() or not channels
    statistics = ([0.4], [0.2]) if one_channel else ([0.5, 0.4, 0.3], [0.2, 0.25, 0.3])
    floats = [ToDtype("float32", scale=True), Normalize(*statistics)]
    assert_same(Compose([step, *floats], "NHWC"), images)


def test_every_transform_is_here() -> None:
    tested = {type(step).__name__ for step, _, _ in KINDS}
    other = {"Compose", "Normalize", "PerBatch", "PerImage", "ToDtype", "Transform", "functional"}
    of_volumes = {"CubicSymmetry", "RandomDepthFlip"}
    assert tested == {*ours.__all__} - other - of_volumes


@pytest.mark.parametrize("channels", [0, 3])
@pytest.mark.parametrize("step", [TrivialAugmentWide(), RandAugment(3), AugMix(10)], ids=str)
def test_every_op_of_an_automatic_augmentation(step: Transform, channels: int) -> None:
    images = random_images((600, 28, 28, channels) if channels else (600, 28, 28), seed=3)
    assert_same(Compose([step]), images)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_after_the_other(channels: int) -> None:
    """Each transform sees the size that the one before it left."""
    images = random_images((ROWS, 33, 29, channels), seed=4)
    steps = [
        Pad((2, 3)),
        RandomCrop((34, 30), 2, padding_mode="edge"),
        RandomRotation(15, "bilinear"),
        RandomResizedCrop((26, 22)),
        RandomHorizontalFlip(),
        ColorJitter(0.3, 0.3, 0.3, 0.1),
        Resize(30),
        CenterCrop(28),
        D4(),
        RandomAffine(0, (0.2, 0.2)),
        RandAugment(),
        RandomErasing(),
        ToDtype("float32", scale=True),
        Normalize([0.5], [0.5]),
    ]
    for layout in ("NCHW", "NHWC"):
        assert_same(Compose(steps, layout), images)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_other_sizes(size: tuple[int, int], channels: int) -> None:
    steps = [
        RandomRotation(90, "bilinear"),
        RandomAffine(20, (0.5, 0.5), (0.5, 2), 20),
        RandomResizedCrop(9),
        TrivialAugmentWide(),
        RandomErasing(1.0),
        RandomCrop(7, 2),
    ]
    assert_same(Compose(steps), random_images((ROWS, *size, channels), seed=6))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_never_and_always(p: float) -> None:
    images = random_images((12, 28, 28, 3), seed=7)
    for kind in (RandomInvert, RandomAutocontrast, RandomEqualize, RandomGrayscale):
        assert_same(Compose([kind(p)]), images, changes=p == 1.0)
    assert_same(Compose([RandomErasing(p), RandomApply([D4()], p)]), images, changes=p == 1.0)


PARAMETERS = {name for name in ours.__all__ if hasattr(v2, name) and name != "Compose"} - {
    "Transform",
    "functional",
}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_arguments_have_their_names_order_and_defaults(name: str) -> None:
    """torchvision takes two more: ``inplace``, and ``max_size`` of a `Resize` in proportion."""
    mine = inspect.signature(getattr(ours, name)).parameters
    theirs = inspect.signature(getattr(v2, name)).parameters
    left_out = [key for key in theirs if key not in mine]
    assert {*left_out} <= {"inplace", "max_size"}
    assert [*mine] == [key for key in theirs if key in mine]
    for key, parameter in mine.items():
        default = getattr(theirs[key].default, "value", theirs[key].default)
        assert parameter.default == default or {parameter.default, default} == {False, None}


@pytest.mark.parametrize("bins", [2, 3, 10, 31, 47])
@pytest.mark.parametrize("magnitude", [0, 1, 9, 30])
@pytest.mark.parametrize("size", [(28, 28), (331, 662), (224, 1)])
def test_moves_of_randaugment_are_theirs(bins: int, magnitude: int, size: tuple[int, int]) -> None:
    """Whole pixels of a float32 range: one off where a product just misses a whole number."""
    magnitude = min(magnitude, bins - 1)
    pipeline = Compose([RandAugment(1, magnitude, bins)])
    found = set()
    for sample in range(600):
        for name, values in ops_of(pipeline.parameters(sample, shape=size)[0]):
            if name == "affine" and values[7] is None:
                found.add((values[1], values[2]))
    spaces = v2.RandAugment._AUGMENTATION_SPACE
    right, down = (
        math.trunc(float(spaces[name][0](bins, *size)[magnitude]))
        for name in ("TranslateX", "TranslateY")
    )
    assert found == {(right, 0), (-right, 0), (0, down), (0, -down)}
