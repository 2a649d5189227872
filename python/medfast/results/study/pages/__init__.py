"""One page of findings for each question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medfast.results.study.pages import augmentation, depth, epochs, loss, optimizer, resolution

if TYPE_CHECKING:
    from collections.abc import Callable

    from medfast.results.study.evidence import Evidence
    from medfast.results.study.page import Page

PAGES: dict[str, Callable[[Evidence], Page]] = {
    "depth": depth.page,
    "resolution": resolution.page,
    "epochs": epochs.page,
    "augmentation": augmentation.page,
    "optimizer": optimizer.page,
    "loss": loss.page,
}
