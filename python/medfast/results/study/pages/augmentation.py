"""Which augmentation helps, and whether flipped images could exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.data.anatomy import flips_of
from medfast.data.catalog import CATALOG
from medfast.results.study.page import Page, answers, basic_tables
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    from medfast.results.study.evidence import Evidence


def page(evidence: Evidence) -> Page:
    """Write the page."""
    return Page(
        evidence,
        answers=(
            *answers(evidence.contrasts),
            *(_validity(one.flag) for one in evidence.sets),
        ),
        tables=(*basic_tables(evidence), _table_of_flips(evidence)),
        notes=(
            "Whether a flip is valid is a statement about the images, not a finding of these runs; "
            "the figures tell what it did to the AUC.",
        ),
        numbers={"flips": {one.flag: flips_of(one.flag) for one in evidence.sets}},
    )


def _validity(flag: str) -> str:
    flips = flips_of(flag)
    if flips is None:
        return f"{flag}: whether a flipped image could exist is not stated."
    words = [
        f"a {name} flip is {'valid' if valid else 'not valid'}"
        for name, valid in (("horizontal", flips.horizontal), ("vertical", flips.vertical))
    ]
    return f"{flag}: {', '.join(words)}: {flips.why}."


def _table_of_flips(evidence: Evidence) -> Table:
    columns = headings(["set", "images", "horizontal flip", "vertical flip", "because"])
    rows = []
    for one in evidence.sets:
        flips = flips_of(one.flag)
        if flips is not None:
            valid = (
                "valid" if flip else "not valid" for flip in (flips.horizontal, flips.vertical)
            )
            rows.append((one.flag, CATALOG[one.flag].description, *valid, flips.why))
    return Table("Whether a flipped image could exist", columns, rows)
