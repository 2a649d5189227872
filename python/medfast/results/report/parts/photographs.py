"""The parts of a section that show images: answers to single ones, and augmentations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.document.blocks import Block, Part, Text, Tile, Tiles
from medfast.results.document.drawing import photograph
from medfast.results.grid import drawn_cells
from medfast.results.report.samples import choose_samples
from medfast.results.report.wording import percent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from medfast.results.report.answers import Answers
    from medfast.results.report.measures import Measures

_EACH = 8
_AUGMENTED, _DRAWS = 3, 5
_MIXING = "MixUp or CutMix, which blend the images of a batch after that, are not shown."


def samples(prefix: str, found: Measures) -> Part:
    """Show images that were answered rightly, wrongly, and with doubt."""
    if found.dataset.is_3d:
        blocks: tuple[Block, ...] = (Text("The set holds volumes, which are not shown."),)
        return Part(f"{prefix}-samples", "Images and answers", blocks)
    chosen = choose_samples(found.shown, _EACH)
    captions = {
        "right": ("Right, a random draw.", "No image was answered rightly."),
        "wrong": (
            "Wrong, those first whose truth it found least likely.",
            "No image was answered wrongly.",
        ),
        "uncertain": ("Most uncertain: probabilities nearest to knowing nothing (entropy).", ""),
    }
    blocks = tuple(
        Tiles(caption, tuple(_tile(f"{prefix}-{kind}", found, int(row)) for row in rows))
        if len(rows)
        else Text(nothing)
        for (kind, (caption, nothing)), rows in zip(captions.items(), chosen, strict=True)
    )
    return Part(f"{prefix}-samples", "Images and answers", blocks)


def _tile(prefix: str, found: Measures, row: int) -> Tile:
    lines = _answer(found.shown, row)
    image: NDArray[np.uint8] = found.dataset.splits[found.split].images[row]
    number = f"{found.split} image {row}"
    return Tile(photograph(f"{prefix}-{row}", f"{number}: {'; '.join(lines)}", image), lines)


def _answer(answers: Answers, row: int) -> tuple[str, str]:
    names, scores = answers.names, answers.scores[row]
    if not answers.multi_label:
        true, named = int(answers.labels[row, 0]), int(answers.chosen[row])
        return f"true: {names[true]}", f"named: {names[named]} ({percent(float(scores[named]))})"
    has = [name for name, yes in zip(names, answers.truth[row], strict=True) if yes]
    named_labels = [
        f"{name} ({percent(float(score))})"
        for name, score, yes in zip(names, scores, answers.decided[row], strict=True)
        if yes
    ]
    top = int(scores.argmax())
    said = (
        ", ".join(named_labels) or f"none (likeliest: {names[top]}, {percent(float(scores[top]))})"
    )
    return f"true: {', '.join(has) or 'none'}", f"named: {said}"


def augmentations(prefix: str, found: Measures) -> Part:
    """Show training images beside what the recipe makes of them."""
    title, anchor = "Augmentation", f"{prefix}-augmentation"
    recipe = found.group.shown.recipe
    mixing = [Text(_MIXING)] if recipe.mixup or recipe.cutmix else []
    if not recipe.augment:
        plain = Text("This recipe changes no training image by itself.")
        return Part(anchor, title, (plain, *mixing))
    if found.dataset.is_3d:
        return Part(anchor, title, (Text("The set holds volumes, which are not shown."),))
    cells = drawn_cells(found.dataset, recipe, split="train", images=_AUGMENTED, draws=_DRAWS)
    tiles = []
    for row, line in enumerate(cells):
        for draw, (image, said) in enumerate(line):
            what = "as it is" if draw == 0 else f"in epoch {draw}: {said}"
            picture = photograph(f"{anchor}-{row}-{draw}", f"train image {row} {what}", image)
            tiles.append(Tile(picture, (said,)))
    jitter = any("ColorJitter" in step for step in recipe.augment)
    key = " b, c, s, h: brightness, contrast, saturation, hue." if jitter else ""
    caption = (
        f"The first training images (left), and what the recipe makes of them in the first "
        f"{_DRAWS} epochs, with what was drawn.{key} Images of val and test are never changed."
    )
    return Part(anchor, title, (Tiles(caption, tuple(tiles), columns=1 + _DRAWS), *mixing))
