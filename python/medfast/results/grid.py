"""A picture of what a recipe's augmentation makes of images."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.data.dataset import SPLITS
from medfast.data.storage import replacing
from medfast.errors import ConfigError, nearest
from medfast.transforms import Compose

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

    from medfast.data.dataset import Dataset
    from medfast.training.recipe import Recipe

# Pixels of an image at least, between images, and of a line of text.
_SIDE, _GAP, _LINE = 112, 8, 11
_LETTERS = 19
_SHORT = {"brightness_factor": "b", "contrast_factor": "c", "saturation_factor": "s"}


def draw_grid(
    dataset: Dataset,
    recipe: Recipe,
    path: str | os.PathLike[str],
    *,
    split: str = "train",
    images: int = 6,
    draws: int = 5,
) -> Path:
    """Write a PNG with a row for each of some images: as it is, then as its first epochs draw it.

    Below each stands what was drawn. These are the images that `medfast train` feeds with this
    recipe and seed.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
    path : path
        Replaced if it is there.
    split : {"train", "val", "test"}
    images : int
        The first so many images of the split.
    draws : int
        The first so many epochs.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ConfigError
        If `split` is no split, a number is below 1, or the set holds volumes.
    StorageError
        If the operating system refuses.
    """
    cells = drawn_cells(dataset, recipe, split=split, images=images, draws=draws)
    path = Path(path)
    with replacing(path) as temporary:
        _paint(cells).save(temporary, format="PNG")
    return path


def drawn_cells(
    dataset: Dataset, recipe: Recipe, *, split: str, images: int, draws: int
) -> list[list[tuple[NDArray[np.uint8], str]]]:
    """Draw as `draw_grid` does, and leave the painting to the caller.

    Returns
    -------
    list of list of (ndarray of shape (size, size, channels), str)
        For each image, the image and each of its draws, with what is to be said of it.

    Raises
    ------
    ConfigError
        As `draw_grid`.
    """
    if split not in SPLITS:
        raise ConfigError(f"unknown split {split!r}; {nearest(str(split), SPLITS)}")
    if images < 1 or draws < 1:
        raise ConfigError(f"images={images}, draws={draws}; both must be 1 or more")
    if dataset.is_3d:
        raise ConfigError(
            f"{dataset.flag} holds volumes, and the grid shows images; choose a 2D set"
        )
    originals = dataset.splits[split].images[:images]
    recipe = recipe.with_flips_of(dataset.flag)
    pipeline = recipe.pipeline(dataset.channels, train=True, normalize=False)
    plain = Compose([], layout="NHWC")(originals)
    drawn = [pipeline(originals, seed=recipe.seed, epoch=epoch) for epoch in range(draws)]
    cells = []
    for row, original in enumerate(plain):
        captions = [f"image {row}"]
        for epoch in range(draws):
            said = pipeline.parameters(
                row, seed=recipe.seed, epoch=epoch, shape=originals.shape[1:]
            )
            captions.append("; ".join(filter(None, map(_describe, said))) or "as it is")
        tiles = [original, *(batch[row] for batch in drawn)]
        cells.append(list(zip(tiles, captions, strict=True)))
    return cells


def _describe(drawn: dict[str, Any]) -> str:
    """Say in a few letters what a transform drew."""
    if "applied" in drawn:
        name = drawn["transform"].removeprefix("Random")
        return name if drawn["applied"] else ""
    if "ops" in drawn:
        return ", ".join(
            " ".join([op, *(f"{value:.3g}" for value in values if value is not None)])
            for op, values in drawn["ops"]
        )
    factors = {key: value for key, value in drawn.items() if key.endswith("_factor")}
    return " ".join(
        f"{_SHORT.get(key, 'h')} {value:.2f}" for key, value in factors.items() if value is not None
    )


def _paint(cells: list[list[tuple[Any, str]]]) -> Picture:
    from PIL import Image, ImageDraw

    size = cells[0][0][0].shape[0]
    side = size * max(1, -(-_SIDE // size))
    texts = [[textwrap.wrap(caption, _LETTERS) for _, caption in row] for row in cells]
    heights = [side + _LINE * max(map(len, row)) + _GAP for row in texts]
    width = (side + _GAP) * len(cells[0]) + _GAP
    picture = Image.new("RGB", (width, sum(heights) + _GAP), "white")
    pen = ImageDraw.Draw(picture)
    top = _GAP
    for row, lines_of_row, height in zip(cells, texts, heights, strict=True):
        for column, ((tile, _), lines) in enumerate(zip(row, lines_of_row, strict=True)):
            left = _GAP + column * (side + _GAP)
            image = Image.fromarray(
                np.ascontiguousarray(tile[..., 0] if tile.shape[2] == 1 else tile)
            )
            picture.paste(image.resize((side, side), Image.Resampling.NEAREST), (left, top))
            for number, line in enumerate(lines):
                pen.text((left, top + side + number * _LINE), line, fill="black")
        top += height
    return picture
