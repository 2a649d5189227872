"""Whether the orientation of a set's images carries meaning.

A flip is valid where a flipped image could have been taken of some patient, and would have the same
label. That is a statement about anatomy and about how images are taken, not a result.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flips:
    """Which flips keep an image possible, and its label right.

    Attributes
    ----------
    horizontal, vertical : bool
    why : str
    """

    horizontal: bool
    vertical: bool
    why: str


_MICROSCOPE = "a slide has no up or left: it may lie under the microscope in any way"
_CHEST = (
    "the heart is on the left and the diaphragm below: a mirrored chest is that of a rare situs "
    "inversus, one upside down is none"
)
_ORGANS = (
    "classes are named left and right (femur, kidney, lung), which a mirror exchanges, and the "
    "table is below the patient"
)

_FLIPS = {
    "pathmnist": Flips(horizontal=True, vertical=True, why=_MICROSCOPE),
    "chestmnist": Flips(horizontal=False, vertical=False, why=_CHEST),
    "dermamnist": Flips(
        horizontal=True,
        vertical=True,
        why="a dermatoscope may be held to a lesion in any way",
    ),
    "octmnist": Flips(
        horizontal=True,
        vertical=False,
        why="the layers of the retina lie in order of depth; mirrored, a scan is one of the other "
        "eye, or taken in the other direction",
    ),
    "pneumoniamnist": Flips(horizontal=False, vertical=False, why=_CHEST),
    "retinamnist": Flips(
        horizontal=True,
        vertical=False,
        why="mirrored, a right eye looks as a left one; upside down, the vessels' arches and the "
        "disc are where no eye has them, though the grade would be the same",
    ),
    "breastmnist": Flips(
        horizontal=True,
        vertical=False,
        why="the probe is at the top: skin lies above, and shadows of a lesion below it; left and "
        "right depend on how the probe was held",
    ),
    "bloodmnist": Flips(horizontal=True, vertical=True, why=_MICROSCOPE),
    "tissuemnist": Flips(horizontal=True, vertical=True, why=_MICROSCOPE),
    "organamnist": Flips(horizontal=False, vertical=False, why=_ORGANS),
    "organcmnist": Flips(
        horizontal=False,
        vertical=False,
        why="classes are named left and right (femur, kidney, lung), which a mirror exchanges, and "
        "the head is up",
    ),
    "organsmnist": Flips(
        horizontal=False,
        vertical=False,
        why="the spine is at the back and the head up: a mirrored slice faces the other way",
    ),
}


def flips_of(flag: str) -> Flips | None:
    """Look up which flips are valid for a set; None where nothing is stated.

    Examples
    --------
    >>> flips_of("breastmnist").vertical
    False
    """
    return _FLIPS.get(flag)
