"""The functions of `transforms.functional` that move pixels, and torchvision's on each image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast.errors import ConfigError, ShapeError
from medfast.transforms import functional as ours
from torch_grids import grid_is_unfused

SIZES = [
    (1, 1),
    (1, 7),
    (5, 1),
    (2, 3),
    (15, 16),
    (17, 33),
    (28, 28),
    (31, 64),
    (97, 61),
    (224, 224),
]
N = 6

vectors = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="without AVX2, torch interpolates with other roundings",
)
sampling = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT" or not grid_is_unfused(),
    reason="torch makes its grids with other roundings on this processor",
)
sizes = pytest.mark.parametrize("size", SIZES)
two_channels = pytest.mark.parametrize("channels", [1, 3])
interpolations = pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])


def random_images(height: int, width: int, channels: int, seed: int = 0) -> Any:
    """Images of noise, one of few values and one of one; in memory, their lines are apart."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (N, height, 2 * width, channels), dtype=np.uint8)
    images[-2] = rng.choice(np.array([0, 1, 127, 254, 255], np.uint8), images[-2].shape)
    images[-1] = 77
    return images[:, :, ::2] if seed % 2 == 0 else np.ascontiguousarray(images[:, :, ::2])


def theirs(function: Any, images: Any, per_image: list[dict[str, Any]]) -> Any:
    """Apply a function of torchvision to each image alone."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = []
    for image, parameters in zip(images, per_image, strict=True):
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy(order="C"))
        found.append(function(tensor, **parameters).numpy().transpose(1, 2, 0))
    torch.set_num_threads(threads)
    return np.stack(found)


def each(shared: dict[str, Any], **columns: Any) -> list[dict[str, Any]]:
    """The parameters of each image: Python numbers, lists of them for rows of several."""
    rows = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
    return [shared | dict(zip(columns, row, strict=True)) for row in rows]


@sizes
@two_channels
def test_crop(size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    top = [0, size[0] // 2, -2, size[0] - 1, size[0] + 3, -1]
    left = [0, size[1] // 3, size[1] - 2, -3, 0, size[1] + 9]
    for height, width in [(1, 1), (3, 4), size, (size[0] + 7, size[1] + 2)]:
        # Where a window ends above or to the left of the image, torchvision's result has another
        # size than was asked for.
        starts = [(max(y, -height), max(x, -width)) for y, x in zip(top, left, strict=True)]
        y, x = np.transpose(starts)
        shared = {"height": height, "width": width}
        expected = theirs(F.crop, images, each(shared, top=y, left=x))
        assert np.array_equal(ours.crop(images, y, x, height, width), expected)


def test_a_window_beside_the_image_is_black() -> None:
    images = random_images(5, 6, 1)
    for top, left in [(-9, 0), (0, -9), (5, 0), (0, 6), (-(2**31), 2**31)]:
        assert not ours.crop(images, top, left, 3, 4).any()


@sizes
@two_channels
@pytest.mark.parametrize(
    "output_size", [1, 2, 5, 28, (3,), (4, 9), (9, 4), (30, 1), (1, 31), (63, 100), (230, 229)]
)
def test_center_crop(size: tuple[int, int], channels: int, output_size: Any) -> None:
    images = random_images(*size, channels)
    expected = theirs(F.center_crop, images, [{"output_size": output_size}] * N)
    assert np.array_equal(ours.center_crop(images, output_size), expected)


@sizes
@two_channels
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize("padding", [0, 1, [3], (2, 5), [0, 4, 7, 1], "most"])
def test_pad(size: tuple[int, int], channels: int, mode: str, padding: Any) -> None:
    images = random_images(*size, channels)
    less = 1 if mode == "reflect" else 0
    if padding == "most":
        padding = (size[1] - less, size[0] - less)
    margins = np.ravel(padding).tolist()
    margins *= 4 // len(margins)
    limits = [size[1] - less, size[0] - less] * 2
    if mode in {"reflect", "symmetric"} and any(np.greater(margins, limits)):
        with pytest.raises(ConfigError, match=r"pad: .* no more than|less than"):
            ours.pad(images, padding, padding_mode=mode)
        return
    parameters = {"padding": padding, "padding_mode": mode}
    expected = theirs(F.pad, images, [parameters] * N)
    assert np.array_equal(ours.pad(images, padding, padding_mode=mode), expected)


@two_channels
@pytest.mark.parametrize("fill", [None, 0, 9, 255, 127.75, [3], "channels"])
def test_pad_fill(channels: int, fill: Any) -> None:
    images = random_images(7, 5, channels)
    fill = [1, 200.5, 255][:channels] if fill == "channels" else fill
    for padding in [(1, 2, 3, 4), (0, 2, 0, 0), 3]:
        expected = theirs(F.pad, images, [{"padding": padding, "fill": fill}] * N)
        assert np.array_equal(ours.pad(images, padding, fill), expected)


@sizes
@two_channels
def test_erase(size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    height, width = size
    i = [0, height // 2, 0, height, height - 1, height // 3]
    j = [0, width // 2, width, 0, width - 1, width // 3]
    h = [height, 3, 2, 9, 0, height // 2]
    w = [width, 2, 4, 9, 5, width // 2]
    rng = np.random.default_rng(1)
    for v in [7, rng.integers(0, 256, channels), rng.integers(0, 256, (N, channels))]:
        values = np.broadcast_to(v, (N, channels)).astype(np.uint8)
        parameters = [
            row | {"v": torch.from_numpy(value)[:, None, None]}
            for row, value in zip(each({}, i=i, j=j, h=h, w=w), values, strict=True)
        ]
        before = images.copy()
        assert np.array_equal(
            ours.erase(images, i, j, h, w, v), theirs(F.erase, images, parameters)
        )
        assert np.array_equal(images, before)


@sizes
@two_channels
def test_rot90(size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    for k in [(0, 2, -2, 4, 6, 2**31), (1, 3, -1, 5, 2**31 - 1, -3), (0, 1, 2, 3, -7, 4)]:
        if size[0] != size[1] and len({quarters % 2 for quarters in k}) > 1:
            with pytest.raises(ConfigError, match="one size"):
                ours.rot90(images, k)
            continue
        expected = np.stack([np.rot90(image, n) for image, n in zip(images, k, strict=True)])
        assert np.array_equal(ours.rot90(images, k), expected)


FILLS = [None, 0, 40, 255, 99.5, "channels"]


def fills(channels: int, fill: Any) -> Any:
    return [1, 200.25, 255][:channels] if fill == "channels" else fill


@sampling
@sizes
@two_channels
@interpolations
@pytest.mark.parametrize("fill", FILLS)
def test_rotate(size: tuple[int, int], channels: int, interpolation: str, fill: Any) -> None:
    images = random_images(*size, channels)
    shared = {"interpolation": interpolation, "fill": fills(channels, fill)}
    for seed, center in enumerate([None, [0.0, 0.0], [size[1] / 3, size[0] * 0.71], [-50, 1e6]]):
        rng = np.random.default_rng(seed)
        for angle in [
            (0, 90, 180, 270, -90, 720),
            (1e-9, 45, 89.999, 30, -360, 12345.678),
            rng.uniform(-180, 180, N),
            rng.uniform(-15, 15, N),
        ]:
            expected = theirs(F.rotate, images, each(shared | {"center": center}, angle=angle))
            found = ours.rotate(images, angle, center=center, **shared)
            assert np.array_equal(found, expected)


@sampling
@sizes
@two_channels
@interpolations
@pytest.mark.parametrize("fill", FILLS)
def test_affine(size: tuple[int, int], channels: int, interpolation: str, fill: Any) -> None:
    images = random_images(*size, channels)
    shared = {"interpolation": interpolation, "fill": fills(channels, fill)}
    for seed in range(6):
        rng = np.random.default_rng(seed)
        columns = {
            "angle": rng.uniform(-180, 180, N),
            "translate": rng.uniform(-0.3, 0.3, (N, 2)) * size[::-1],
            "scale": rng.uniform(0.3, 3, N),
            "shear": rng.uniform(-40, 40, (N, 2)),
        }
        if seed % 2:
            columns["angle"] *= 0
            columns["translate"] = np.rint(columns["translate"])
        if seed % 3 == 1:
            columns["shear"] *= 0
            columns["scale"][:] = [1, 2, 0.5, 1, 1, 4]
        center = [None, [0.0, 0.0], [size[1] / 3, 2.25]][seed % 3]
        expected = theirs(F.affine, images, each(shared | {"center": center}, **columns))
        found = ours.affine(images, **columns, center=center, **shared)
        assert np.array_equal(found, expected)


@sampling
@interpolations
@pytest.mark.parametrize("fill", [None, 9])
def test_affine_of_extreme_parameters(interpolation: str, fill: Any) -> None:
    images = random_images(15, 16, 1)
    shared = {"interpolation": interpolation, "fill": fill}
    columns = {
        "angle": [0.0, 1e300, -1e9, 45, 0, 90],
        "translate": [[1e30, 0], [0, -1e12], [3e9, 3e9], [0, 0], [0, 0], [-8, 7.5]],
        "scale": [1, 1, 1e-30, 1e30, 1e-300, 1e-3],
        "shear": [[0, 0], [0, 0], [0, 0], [90, 0], [0, 90], [90, 90]],
    }
    expected = theirs(F.affine, images, each(shared, **columns))
    assert np.array_equal(ours.affine(images, **columns, **shared), expected)


@sampling
def test_shared_and_short_forms_of_affine() -> None:
    images = random_images(9, 8, 3)
    for shear in [0, 13.5, [20], [3, 4], (3, -4)]:
        parameters = {"angle": 7, "translate": [1, 2.5], "scale": 0.9, "shear": shear}
        expected = theirs(F.affine, images, [parameters] * N)
        assert np.array_equal(ours.affine(images, **parameters), expected)
    centers = np.random.default_rng(0).uniform(0, 9, (N, 2))
    expected = theirs(F.rotate, images, each({"angle": 30}, center=centers))
    assert np.array_equal(ours.rotate(images, 30, center=centers), expected)


TARGETS = [1, 2, 9, [5], (1, 1), (28, 28), (32, 31), (7, 40), (64, 3), (224, 224), (100, 61)]


@vectors
@sizes
@two_channels
@pytest.mark.parametrize("target", TARGETS)
def test_resize(size: tuple[int, int], channels: int, target: Any) -> None:
    images = random_images(*size, channels)
    for interpolation, antialias in [("nearest", True), ("bilinear", True), ("bilinear", False)]:
        parameters = {"size": target, "interpolation": interpolation, "antialias": antialias}
        if isinstance(target, int):
            parameters["size"] = [target]
        found = ours.resize(images, target, interpolation, antialias=antialias)
        # torch fails with an internal error on three channels and a result of a single pixel.
        parts = np.split(images, channels, axis=-1) if found.shape[1:3] == (1, 1) else [images]
        expected = np.concatenate(
            [theirs(F.resize, part, [parameters] * N) for part in parts], axis=-1
        )
        assert np.array_equal(found, expected)


@vectors
@pytest.mark.parametrize("antialias", [True, False])
def test_resize_of_many_sizes(antialias: bool) -> None:
    rng = np.random.default_rng(0)
    for height, width, *target in rng.integers(1, 120, (250, 4)).tolist():
        images = rng.integers(0, 256, (1, height, width, 1), dtype=np.uint8)
        for interpolation in ["nearest", "bilinear"]:
            parameters = {"interpolation": interpolation, "antialias": antialias}
            expected = theirs(F.resize, images, [parameters | {"size": target}])
            found = ours.resize(images, target, **parameters)
            assert np.array_equal(found, expected), (height, width, target)


@vectors
@pytest.mark.parametrize("channels", [2, 4, 5])
def test_resize_of_other_channels(channels: int) -> None:
    images = random_images(17, 33, channels)
    for target in [(28, 30), (9, 11), (17, 8), (40, 33)]:
        expected = theirs(F.resize, images, [{"size": target}] * N)
        assert np.array_equal(ours.resize(images, target), expected)


@vectors
@sizes
@two_channels
def test_resized_crop(size: tuple[int, int], channels: int) -> None:
    images = random_images(*size, channels)
    rng = np.random.default_rng(3)
    for target in [(28, 28), (1, 5), (40, 31), size]:
        columns = {
            "height": rng.integers(1, size[0] + 1, N),
            "width": rng.integers(1, size[1] + 1, N),
        }
        columns["top"] = rng.integers(0, size[0] - columns["height"] + 1)
        columns["left"] = rng.integers(0, size[1] - columns["width"] + 1)
        columns["top"][0] -= 1
        columns["left"][1] += 2
        for interpolation, antialias in [
            ("nearest", True),
            ("bilinear", True),
            ("bilinear", False),
        ]:
            shared = {"size": target, "interpolation": interpolation, "antialias": antialias}
            expected = theirs(F.resized_crop, images, each(shared, **columns))
            found = ours.resized_crop(images, **columns, **shared)
            assert np.array_equal(found, expected)


CALLS = {
    "crop": (np.arange(40) % 9 - 3, np.arange(40) % 7 - 3, 20, 21),
    "center_crop": ((20, 40),),
    "pad": ((3, 2, 1, 0), 5),
    "erase": (np.arange(40), 3, 9, np.arange(40), 8),
    "rot90": (np.arange(40),),
    "rotate": (np.arange(40) * 3.3, "bilinear", False, None, 3),
    "affine": (np.arange(40), (1.5, 2), 1.1, 3.0, "bilinear"),
    "resize": ((30, 31),),
    "resized_crop": (np.arange(40) % 9, 2, 13, 1 + np.arange(40) % 20, (30, 31)),
}


@pytest.mark.parametrize("name", CALLS)
def test_threads_and_channels_do_not_matter(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28, 3), dtype=np.uint8)
    function, parameters = getattr(ours, name), CALLS[name]
    expected = function(images, *parameters, threads=1)
    for threads in [2, 7, None]:
        assert np.array_equal(function(images, *parameters, threads=threads), expected)
    for channel in range(3):
        assert np.array_equal(function(images[..., channel], *parameters), expected[..., channel])
    swapped = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    assert np.array_equal(function(swapped, *parameters), expected)


def test_members_of_torchvisions_enum() -> None:
    images = random_images(9, 8, 1)
    for mode in [InterpolationMode.NEAREST, InterpolationMode.BILINEAR]:
        assert np.array_equal(ours.rotate(images, 9, mode), ours.rotate(images, 9, mode.value))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("crop", (0.5, 0, 1, 1), "top as a whole number"),
        ("crop", ([0, 1], 0, 1, 1), "top as a whole number"),
        ("crop", ("no", 0, 1, 1), "top as a whole number"),
        ("crop", (0, 0, 0, 1), "height as a whole number of 1 up"),
        ("crop", (0, 0, [1, 2], 1), "height"),
        ("crop", (0, 0, 2**30, 2**30), "sides of 1 to"),
        ("center_crop", (0,), "output_size"),
        ("center_crop", ((1, 2, 3, 4),), "output_size"),
        ("center_crop", ("3",), "output_size as one, two or three whole numbers"),
        ("pad", (-1,), "padding"),
        ("pad", ((1, 2, 3),), "padding"),
        ("pad", (1, 256), "fill from 0 to 255"),
        ("pad", (1, [1, 2]), "fill as one number, or 3"),
        ("pad", (1, [1, 2, 3], "edge"), "fill as one number"),
        ("pad", (1, 0, "wrap"), "padding_mode"),
        ("erase", (-1, 0, 1, 1, 0), "i as a whole number of 0 or more"),
        ("erase", (0, 0, -1, 1, 0), "h as a whole number of 0 or more"),
        ("erase", (0, 0, 1, 1, 256), "v from 0 to 255"),
        ("erase", (0, 0, 1, 1, [1, 2]), "v as a whole number"),
        ("erase", (0, 0, 1, 1, 0.5), "v as a whole number"),
        ("rot90", (0.5,), "k as a whole number"),
        ("rotate", (float("nan"),), "angle that is finite"),
        ("rotate", ([1, 2],), "angle"),
        ("rotate", (1, "bicubic"), "interpolation"),
        ("rotate", (1, "nearest", True), "expand"),
        ("rotate", (1, "nearest", False, (1,)), "center"),
        ("rotate", (1, "nearest", False, None, [1, 2]), "fill"),
        ("rotate", (1, "nearest", False, None, -1), "fill from 0 to 255"),
        ("affine", (0, (0, 0), 0, 0), "scale above 0"),
        ("affine", (0, (0, 0), float("inf"), 0), "scale above 0"),
        ("affine", (0, 1, 1, 0), "translate"),
        ("affine", (0, (0, float("nan")), 1, 0), "translate"),
        ("affine", (0, (0, 0), 1, (1, 2, 3)), "shear"),
        ("resize", (0,), "size"),
        ("resize", ((1, 2, 3),), "size"),
        ("resize", ((2, 2), "area"), "interpolation"),
        ("resized_crop", (0, 0, 0, 1, 5), "height as a whole number of 1 or more"),
        ("resized_crop", (0, 0, [1, 2, 1, 1, 1, 1], 1, 5), "windows differ"),
    ],
)
def test_bad_parameters(name: str, parameters: tuple[Any, ...], message: str) -> None:
    images = random_images(6, 5, 3)
    with pytest.raises(ConfigError, match=message):
        getattr(ours, name)(images, *parameters)


@pytest.mark.parametrize("name", CALLS)
def test_images_without_pixels(name: str) -> None:
    function, parameters = getattr(ours, name), CALLS[name]
    if name != "erase":
        with pytest.raises(ShapeError, match="at least one pixel"):
            function(np.zeros((40, 0, 5), np.uint8), *parameters)
    assert len(function(np.zeros((40, 9, 9, 0), np.uint8), *parameters)) == 40
