"""Figures as the page writes them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from medfast.results.report.intervals import Estimate

NONE = "-"
PERCENT = "\u00a0%"
INTERVAL = f"95{PERCENT} interval"


def digits(value: float) -> str:
    """Write a figure to three decimals, or to as many as tell it from 1.

    Examples
    --------
    >>> digits(0.91268), digits(0.99968), digits(1.0), digits(float("nan"))
    ('0.913', '0.9997', '1.000', '-')
    """
    if math.isnan(value):
        return NONE
    texts = (f"{value:.{places}f}" for places in range(3, 7))
    return next((text for text in texts if value >= 1 or float(text) < 1), f"{value:.3f}")


def interval(estimate: Estimate) -> str:
    """Write the ends of an interval.

    Examples
    --------
    >>> from medfast.results.report.intervals import Estimate
    >>> interval(Estimate(0.9, 0.851, 0.949)), interval(Estimate(1.0, 1.0, 1.0))
    ('0.851 to 0.949', '-')
    """
    if not estimate.has_interval:
        return NONE
    return f"{digits(estimate.low)} to {digits(estimate.high)}"


def with_interval(estimate: Estimate) -> str:
    """Write a figure with its interval, if it has one."""
    ends = f" ({INTERVAL} {interval(estimate)})" if estimate.has_interval else ""
    return f"{digits(estimate.value)}{ends}"


def percent(share: float) -> str:
    r"""Write a share, to a tenth of a percent near the ends.

    Examples
    --------
    >>> percent(0.7308), percent(0.0312), percent(0.9994), percent(1.0)
    ('73\xa0%', '3.1\xa0%', '99.9\xa0%', '100\xa0%')
    """
    if math.isnan(share):
        return NONE
    near = 0 < share < 0.1 or 0.9 < share < 1
    # 0.9996 is not all of them.
    value = min(max(100 * share, 0.1), 99.9) if near else 100 * share
    return f"{value:.{1 if near else 0}f}{PERCENT}"


def quoted(names: Iterable[str]) -> str:
    """List names.

    Examples
    --------
    >>> quoted(["edema", "mass", "hernia"])
    '“edema”, “mass” and “hernia”'
    """
    words = [f"“{name}”" for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def images(count: int) -> str:
    """Write a number of images.

    Examples
    --------
    >>> images(1), images(22433)
    ('1 image', '22,433 images')
    """
    return f"{count:,} image{'' if count == 1 else 's'}"
