"""Cross-entropy, binary cross-entropy for each class, and a loss that knows the order of grades."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.study.page import Page, answers, basic_tables

if TYPE_CHECKING:
    from medfast.results.study.evidence import Evidence


def page(evidence: Evidence) -> Page:
    """Write the page."""
    return Page(
        evidence,
        answers=tuple(answers(evidence.contrasts)),
        tables=basic_tables(evidence),
        notes=(
            "Binary cross-entropy: a sigmoid for each class against the rest, scores divided by "
            "their sum. CORN: conditional probabilities of exceeding each grade (Shi, Cao and "
            "Raschka 2023), on ordinal sets.",
            *(
                f"{one.flag}: multi-label sets are trained with binary cross-entropy in any case."
                for one in evidence.sets
                if not one.arms and not one.missing
            ),
        ),
    )
