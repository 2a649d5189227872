"""Optimizers, each at a rate of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.study.page import Page, answers, basic_tables
from medfast.results.tables import Table, headings

if TYPE_CHECKING:
    from medfast.results.study.evidence import ArmResult, Evidence


def page(evidence: Evidence) -> Page:
    """Write the page."""
    searched = any(arm.candidates for one in evidence.sets for arm in one.arms)
    rates = (
        "Of each optimizer's rates, that of the highest mean AUC on validation stands for it; test "
        "was not looked at to choose."
        if searched
        else "Each optimizer has one rate, of the two or three that were tried on validation when "
        "the study was designed: another may be better."
    )
    tables = basic_tables(evidence, ("learning rate", "momentum", "weight decay"), _settings)
    return Page(
        evidence,
        answers=tuple(answers(evidence.contrasts)),
        tables=(*tables, _table_of_rates(evidence)) if searched else tables,
        notes=(rates,),
    )


def _settings(arm: ArmResult) -> tuple[str, str, str]:
    recipe = arm.runs[0].recipe
    return f"{recipe.lr:g}", f"{recipe.momentum:g}", f"{recipe.weight_decay:g}"


def _table_of_rates(evidence: Evidence) -> Table:
    columns = headings(["set", "arm", "treatment"], ["mean val AUC"])
    rows = [
        (one.flag, arm.label, name + (", chosen" if name == arm.treatment else ""), f"{auc:.4f}")
        for one in evidence.sets
        for arm in one.arms
        for name, auc in arm.candidates.items()
    ]
    return Table("The search for a rate", columns, rows)
