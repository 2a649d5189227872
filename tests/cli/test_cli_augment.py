"""``medfast augment``: images beside their draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from medfast.data.dataset import open_dataset
from medfast.training.recipe import load_recipe

if TYPE_CHECKING:
    import pytest


def test_the_grid_shows_what_training_sees(cli: Any, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    args = ("augment", "--dataset", "digits", "--images", 2, "--draws", 3, "--out", out)
    done = cli(*args)
    assert (done.code, done.out, done.err) == (0, f"{out}\n", "")
    with Image.open(out) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[1] == 4 * (112 + 8) + 8
    images = open_dataset("digits").splits["train"].images[:2]
    recipe = load_recipe("report")
    for row in range(2):
        top = (
            8
            if row == 0
            else next(
                place
                for place in range(8 + 112, len(pixels))
                if np.array_equal(pixels[place : place + 112 : 4, 8 : 8 + 112 : 4, 0], images[1])
            )
        )
        tiles = [
            pixels[top : top + 112 : 4, left : left + 112 : 4, 0] for left in range(8, 480, 120)
        ]
        assert np.array_equal(tiles[0], images[row])
        for epoch, tile in enumerate(tiles[1:]):
            fed = recipe.pipeline(1, train=True)(images, index=[row], epoch=epoch)
            assert np.array_equal(np.rint((fed[0, ..., 0] * 0.5 + 0.5) * 255), tile)
    before = out.read_bytes()
    assert cli(*args).code == 0
    assert out.read_bytes() == before


def test_any_recipe_and_colour(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for split, count in {"train": 11959, "val": 1712, "test": 3421}.items():
        arrays[f"{split}_images"] = rng.integers(0, 256, (count, 28, 28, 3), np.uint8)
        arrays[f"{split}_labels"] = (np.arange(count) % 8).astype(np.uint8)[:, np.newaxis]
    np.savez(tmp_path / "bloodmnist.npz", **arrays)
    monkeypatch.setenv("MEDMNIST_ROOT", str(tmp_path))
    recipe, out = tmp_path / "mine.yaml", tmp_path / "grid.png"
    recipe.write_text("name: mine\naugment: [TrivialAugmentWide, RandomErasing]\n")
    done = cli("augment", "--dataset", "bloodmnist", "--recipe", recipe, "--out", out)
    assert done.code == 0, done.err
    with Image.open(out) as picture:
        pixels = np.asarray(picture)
    shown = pixels[8 : 8 + 112 : 4, 8 : 8 + 112 : 4]
    assert np.array_equal(shown, arrays["train_images"][0])


def test_what_is_wrong_is_said(cli: Any, tmp_path: Path) -> None:
    out = tmp_path / "grid.png"
    for args, code, message in (
        (("--dataset", "digit"), 2, "digits"),
        (("--dataset", "digits", "--split", "tset"), 2, "test"),
        (("--dataset", "digits", "--images", 0), 2, "1 or more"),
        (("--dataset", "digits", "--recipe", "reprot"), 2, "report"),
        ((), 2, "--dataset"),
    ):
        done = cli("augment", *args, "--out", out)
        assert done.code == code
        assert message in done.err
    done = cli("augment", "--dataset", "digits", "--out", tmp_path / "missing" / "grid.png")
    assert done.code == 1
    assert "could not be written" in done.err
    assert list(tmp_path.iterdir()) == []
