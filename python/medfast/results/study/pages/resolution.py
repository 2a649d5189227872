"""Enlarged and real pixels, and what the stem's downsampling throws away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from medfast.results.study.networks import operations
from medfast.results.study.page import Page, answers, basic_tables
from medfast.results.study.plan import stem_positions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from medfast.results.study.evidence import ArmResult, Evidence


def page(evidence: Evidence) -> Page:
    """Write the page."""
    columns = ("stem leaves", "last stage", "operations")
    return Page(
        evidence,
        answers=(*answers(evidence.contrasts), *_positions(evidence)),
        tables=basic_tables(evidence, columns, _geometry),
        notes=(
            "Enlarged images hold nothing that the 28-pixel ones do not: each pixel is repeated "
            "(nearest neighbour), as in the MedMNIST paper. Real ones are files of that size.",
            "The stem leaves so many positions of an image, and the last stage an eighth of each "
            "side; operations on one image in 10^9.",
            "Arms on real images of 64 pixels are in a full study of sets whose file of that size "
            "is at hand (`medfast download NAME --size 64`).",
        ),
    )


def _sides(arm: ArmResult) -> tuple[int, int]:
    run = arm.runs[0]
    left = stem_positions(run.input_size, run.recipe.stem)
    return left, math.ceil(left / 8)


def _geometry(arm: ArmResult) -> tuple[str, str, str]:
    left, last = _sides(arm)
    return f"{left}x{left}", f"{last}x{last}", f"{operations(arm.runs[0]) / 1e9:.2f}"


def _positions(evidence: Evidence) -> Iterator[str]:
    arms = {arm.label: arm for one in evidence.sets for arm in one.arms}
    for label, arm in arms.items():
        pixels = arm.runs[0].size
        left, _ = _sides(arm)
        if left < pixels:
            share = (left / pixels) ** 2
            yield (
                f"{label}: the stem leaves {left}x{left} positions of {pixels}x{pixels} pixels, "
                f"{100 * share:.0f} % of them."
            )
