"""Functional transforms of colour equal to torchvision's on each image alone, value for value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F  # noqa: N812

from medfast.errors import ConfigError, ShapeError
from medfast.transforms import functional as ours
from torch_grids import grid_is_unfused

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="without AVX2, torch multiplies and adds in other roundings",
)

SIZES = [
    *[(1, 1), (1, 7), (5, 1), (2, 3), (3, 3), (3, 4), (9, 3), (15, 16), (17, 33), (28, 28)],
    *[(31, 64), (97, 61), (224, 224)],
]
FACTORS = [0.0, 0.3, 0.5, 0.999, 1.0, 1.3, 1.7, 12.5]
N = len(FACTORS)

# Parameters of every op, one for each image.
PARAMETERS: dict[str, list[tuple[Any, ...]]] = {
    "invert": [()] * N,
    "autocontrast": [()] * N,
    "equalize": [()] * N,
    "posterize": [(bits,) for bits in (0, 1, 2, 3, 4, 6, 7, 8)],
    "solarize": [
        (threshold,) for threshold in (-1.0, 0.0, 0.5, 77.0, 127.00000001, 128, 254.5, 255.0)
    ],
    "rgb_to_grayscale": [()] * N,
    "adjust_saturation": [(factor,) for factor in FACTORS],
    "adjust_sharpness": [(factor,) for factor in FACTORS],
    "adjust_gamma": [
        *[(0.0, 1.0), (0.5, 1.0), (1.0, 0.7), (2.0, 1.0), (3.0, 1.3), (0.37, 1.0), (2.2, -1.0)],
        (30.0, 1e30),
    ],
    "adjust_hue": [(turn,) for turn in (-0.5, -0.25, -1e-9, 0.0, 1e-9, 0.1, 1 / 3, 0.5)],
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On several threads torch splits large images, which moves what it fuses."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def some_images(height: int, width: int, channels: int, seed: int = 0) -> Any:
    """Images of noise, a smooth one, one of few values and two of one."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (N, height, width, channels), dtype=np.uint8)
    images[1] = rng.integers(90, 110, images[1].shape)
    images[2] = (np.arange(height)[:, None, None] + np.arange(width)[:, None]) % 256
    images[3] = rng.choice(np.array([0, 1, 127, 254, 255], np.uint8), images[3].shape)
    images[4] = 77
    images[5, :] = rng.integers(0, 256, channels)
    return images


def theirs(name: str, images: Any, per_image: list[tuple[Any, ...]]) -> Any:
    """Apply a function of torchvision to each image alone."""
    found = []
    for image, parameters in zip(images, per_image, strict=True):
        tensor = torch.from_numpy(image.transpose(2, 0, 1).copy(order="C"))
        found.append(getattr(F, name)(tensor, *parameters).numpy().transpose(1, 2, 0))
    return np.stack(found)


def columns(per_image: list[tuple[Any, ...]]) -> list[Any]:
    """Turn the parameters of every image into one list for every parameter."""
    return [list(column) for column in zip(*per_image, strict=True)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PARAMETERS)
def test_every_image_has_its_own_parameters(
    name: str, size: tuple[int, int], channels: int
) -> None:
    images = some_images(*size, channels)
    per_image = PARAMETERS[name]
    for _ in range(2):
        expected = theirs(name, images, per_image)
        assert np.array_equal(getattr(ours, name)(images, *columns(per_image)), expected)
        # The same images with other parameters.
        images = np.ascontiguousarray(images[::-1])


@pytest.mark.parametrize("name", PARAMETERS)
def test_any_strides_and_threads(name: str) -> None:
    wide = some_images(30, 84, 3)
    per_image = PARAMETERS[name]
    function = getattr(ours, name)
    for images in (wide[:, ::-1, ::3], wide[:, :, ::3].transpose(0, 2, 1, 3), wide[..., ::-1]):
        expected = theirs(name, images, per_image)
        for threads in (1, 2, 7):
            found = function(images, *columns(per_image), threads=threads)
            assert np.array_equal(found, expected)
    gray = wide[..., 0]
    expected = theirs(name, gray[..., None], per_image)[..., 0]
    assert np.array_equal(function(gray, *columns(per_image)), expected)


@pytest.mark.parametrize("name", PARAMETERS)
def test_one_parameter_for_all_images(name: str) -> None:
    images = some_images(28, 28, 3)
    parameters = PARAMETERS[name][2]
    expected = theirs(name, images, [parameters] * N)
    assert np.array_equal(getattr(ours, name)(images, *parameters), expected)


@pytest.mark.parametrize("name", ["adjust_gamma", "invert", "posterize", "solarize", "equalize"])
def test_any_number_of_channels(name: str) -> None:
    images = some_images(15, 16, 5)
    per_image = PARAMETERS[name]
    expected = theirs(name, images, per_image)
    assert np.array_equal(getattr(ours, name)(images, *columns(per_image)), expected)


@pytest.mark.parametrize("name", PARAMETERS)
def test_nothing_to_do(name: str) -> None:
    parameters = PARAMETERS[name][0]
    for shape in ((0, 4, 4), (2, 0, 4), (2, 4, 0)):
        assert getattr(ours, name)(np.empty(shape, np.uint8), *parameters).shape == shape


LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)


@pytest.mark.parametrize("gain", [1.0, 0.77, 1.9])
def test_gamma_of_every_level(gain: float) -> None:
    gammas = [*np.linspace(0.01, 4, 997), *np.geomspace(1e-6, 1e6, 97)]
    images = np.repeat(LEVELS, len(gammas), axis=0)
    expected = theirs("adjust_gamma", images[..., None], [(gamma, gain) for gamma in gammas])
    assert np.array_equal(ours.adjust_gamma(images, gammas, gain), expected[..., 0])


@pytest.mark.parametrize("left", [*range(1, 33), 63])
def test_gamma_of_values_that_are_left_over(left: int) -> None:
    # torch takes other powers of the last values: many draws, since bytes seldom tell.
    rng = np.random.default_rng(left)
    images = rng.integers(0, 256, (300, 1, left, 1), dtype=np.uint8)
    gammas = rng.random(300) * 4
    expected = theirs("adjust_gamma", images, [(gamma, 1.5) for gamma in gammas])
    assert np.array_equal(ours.adjust_gamma(images, gammas, 1.5), expected)


KERNELS: list[tuple[int, int]] = [
    (1, 1),
    (3, 3),
    (5, 5),
    (3, 7),
    (9, 1),
    (1, 5),
    (23, 23),
    (31, 17),
]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [*SIZES, (5, 40), (140, 141), (142, 142)])
def test_blur(size: tuple[int, int], kernel: tuple[int, int], channels: int) -> None:
    if max(kernel) >= 9 and torch.backends.cpu.get_cpu_capability() == "AVX2":
        pytest.skip("without AVX-512, torch adds the weights of long kernels in another order")
    if channels == 1 and max(kernel) <= 3 and not grid_is_unfused():
        pytest.skip("on this processor, MKL fuses what it rounds twice on the reference's")
    if any(length // 2 >= pixels for length, pixels in zip(kernel, size[::-1], strict=True)):
        with pytest.raises(ConfigError, match=r"gaussian_blur: expected a kernel_size below twice"):
            ours.gaussian_blur(np.zeros((1, *size, channels), np.uint8), kernel)
        return
    images = some_images(*size, channels)
    sigmas = [1e-20, 0.1, 0.5, 0.8, 1.0, 2.0, 3.7, 1e6]
    expected = theirs("gaussian_blur", images, [(list(kernel), sigma) for sigma in sigmas])
    assert np.array_equal(ours.gaussian_blur(images, kernel, sigmas), expected)
    expected = theirs("gaussian_blur", images, [(list(kernel), None)] * N)
    assert np.array_equal(ours.gaussian_blur(images, list(kernel)), expected)


def test_blur_of_one_size_or_two_and_one_sigma_or_two() -> None:
    images = some_images(28, 28, 1)[..., 0]

    def expected(size: list[int], sigmas: list[tuple[float, float]]) -> Any:
        per_image = [(size, list(sigma)) for sigma in sigmas]
        return theirs("gaussian_blur", images[..., None], per_image)[..., 0]

    blurred = ours.gaussian_blur(images, 5, 1.5)
    assert np.array_equal(blurred, expected([5, 5], [(1.5, 1.5)] * N))
    blurred = ours.gaussian_blur(images, (5, 3), (1.5, 0.7))
    assert np.array_equal(blurred, expected([5, 3], [(1.5, 0.7)] * N))
    across = [0.3 + 0.1 * number for number in range(N)]
    blurred = ours.gaussian_blur(images, [5, 3], (across, 0.7))
    assert np.array_equal(blurred, expected([5, 3], [(sigma, 0.7) for sigma in across]))
    blurred = ours.gaussian_blur(images[:2], 5, np.array([0.4, 1.2]))
    sigmas = [(0.4, 0.4), (1.2, 1.2), *[(1.0, 1.0)] * (N - 2)]
    assert np.array_equal(blurred, expected([5, 5], sigmas)[:2])


def test_blur_of_any_strides_and_threads() -> None:
    wide = some_images(30, 84, 3)
    sigmas = [0.2 + 0.3 * number for number in range(N)]
    per_image = [(5, sigma) for sigma in sigmas]
    for images in (wide[:, ::-1, ::3], wide[:, :, ::3].transpose(0, 2, 1, 3), wide[..., 1:]):
        expected = theirs("gaussian_blur", images, per_image)
        for threads in (1, 2, 7):
            found = ours.gaussian_blur(images, 5, sigmas, threads=threads)
            assert np.array_equal(found, expected)
    assert ours.gaussian_blur(wide[:0], 5).shape == (0, 30, 84, 3)
    assert ours.gaussian_blur(wide[:, :0], 5).shape == (N, 0, 84, 3)


@pytest.mark.parametrize("turn", [-0.37, 0.123])
def test_hue_of_every_colour(turn: float) -> None:
    level = np.arange(256, dtype=np.uint8)
    for red in range(0, 256, 16):
        grid = np.meshgrid(level[red : red + 16], level, level, indexing="ij")
        images = np.stack(grid, -1).reshape(1, -1, 256, 3)
        assert np.array_equal(
            ours.adjust_hue(images, turn), theirs("adjust_hue", images, [(turn,)])
        )


def test_grey_of_every_colour() -> None:
    level = np.arange(256, dtype=np.uint8)
    for red in range(0, 256, 16):
        grid = np.meshgrid(level[red : red + 16], level, level, indexing="ij")
        images = np.stack(grid, -1).reshape(1, -1, 256, 3)
        expected = theirs("rgb_to_grayscale", images, [()])
        assert np.array_equal(ours.rgb_to_grayscale(images), expected)


def test_autocontrast_of_every_range() -> None:
    pairs = [(low, high) for low in range(256) for high in range(low, 256)]
    middle = np.random.default_rng(0).random((len(pairs), 30))
    images = np.array([(*pair, *[pair[0]] * 30) for pair in pairs], np.uint8)
    images[:, 2:] += (middle * (images[:, 1:2] - images[:, :1] + 0.999)).astype(np.uint8)
    images = images.reshape(len(pairs), 4, 8, 1)
    # As many channels do what as many images would, and much faster.
    tensor = torch.from_numpy(images.transpose(0, 3, 1, 2).copy(order="C"))
    expected = F.autocontrast(tensor).numpy().transpose(0, 2, 3, 1)
    assert np.array_equal(ours.autocontrast(images), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_three_channels_of_grey(size: tuple[int, int], channels: int) -> None:
    images = some_images(*size, channels)
    expected = theirs("rgb_to_grayscale", images, [(3,)] * N)
    found = ours.rgb_to_grayscale(images, 3)
    assert found.shape == (N, *size, 3)
    assert np.array_equal(found, expected)
    if channels == 1:
        assert np.array_equal(ours.rgb_to_grayscale(images[..., 0], 3), expected)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("posterize", (9,), r"posterize: expected bits as a whole number in \[0, 8\], got 9"),
        ("posterize", (1.5,), r"posterize: expected bits as a whole number in \[0, 8\], got 1\.5"),
        ("posterize", (-1,), "posterize: expected bits .* got -1"),
        ("solarize", (255.5,), r"solarize: expected a threshold of at most 255, got 255\.5"),
        ("solarize", (float("nan"),), "solarize: expected a threshold of at most 255, got NaN"),
        ("adjust_saturation", (-0.1,), r"adjust_saturation: expected a factor .* got -0\.1"),
        ("adjust_saturation", (float("inf"),), "adjust_saturation: expected a factor .* got inf"),
        ("adjust_sharpness", (-0.1,), r"adjust_sharpness: expected a factor .* got -0\.1"),
        ("adjust_hue", (0.6,), r"adjust_hue: expected a factor in \[-0\.5, 0\.5\], got 0\.6"),
        ("adjust_hue", (float("nan"),), "adjust_hue: expected a factor .* got NaN"),
        ("adjust_hue", ([0.1, 0.1, 0.7],), r"adjust_hue: expected a factor .* got 0\.7"),
        ("rgb_to_grayscale", (2,), "rgb_to_grayscale: expected 1 or 3 output channels, got 2"),
        (
            "rgb_to_grayscale",
            (1.0,),
            "expected num_output_channels as a whole number of 0 up, got 1.0",
        ),
        ("adjust_gamma", (-1.0,), "adjust_gamma: expected a gamma of 0 or more"),
        ("adjust_gamma", (1.0, float("inf")), "adjust_gamma: expected a gain .* got inf"),
        ("gaussian_blur", (4,), "gaussian_blur: expected a kernel_size of odd numbers, got 4"),
        ("gaussian_blur", ((3, 0),), "expected kernel_size as a whole number of 1 up, got 0"),
        ("gaussian_blur", (-3,), "expected kernel_size as a whole number of 1 up, got -3"),
        ("gaussian_blur", ((3, 3, 3),), r"expected kernel_size as one or two .* got \(3, 3, 3\)"),
        ("gaussian_blur", (3.0,), r"expected kernel_size as a whole number of 1 up, got 3\.0"),
        ("gaussian_blur", (9,), "expected a kernel_size below twice the 4 pixels .* got 9"),
        ("gaussian_blur", (3, 0.0), "gaussian_blur: expected a sigma above 0.* got 0"),
        ("gaussian_blur", (3, [1.0, float("nan"), 1.0]), "expected a sigma above 0.* got NaN"),
        ("gaussian_blur", (3, np.ones(4)), "expected sigma_x as a number or 3 numbers"),
        ("posterize", ([1, 2],), "posterize: expected bits as a number or 3 numbers"),
    ],
)
def test_bad_parameters(name: str, parameters: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        getattr(ours, name)(np.zeros((3, 4, 4), np.uint8), *parameters)


@pytest.mark.parametrize(
    "name",
    [
        *["adjust_saturation", "adjust_hue", "adjust_sharpness", "autocontrast"],
        "rgb_to_grayscale",
    ],
)
def test_other_numbers_of_channels(name: str) -> None:
    images = np.zeros((N, 4, 4, 2), np.uint8)
    with pytest.raises(ShapeError, match=f"{name} expects images of 1 or 3 channels, got 2"):
        getattr(ours, name)(images, *PARAMETERS[name][0])
