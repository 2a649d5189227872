"""How often a 95 % interval of an area covers the true one: the table of docs/UNCERTAINTY.md.

python benches/coverage.py [--repetitions N] [--replicates N] [--seed N]

Scores are normal with unit variance, those of positives shifted so that the true area is known
exactly. In the second table every sample is one of 5 of a patient: the patients are positive or
negative, and the scores of a patient have the stated correlation (ICC). A cell holds the coverage
in percent, the median width, and in brackets the percentage of intervals without width, which
cover nothing but their one value. Takes three minutes.
"""

from __future__ import annotations

import argparse
import itertools
import math
import warnings
from collections import defaultdict
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from medfast.errors import DegenerateIntervalWarning
from medfast.metrics import roc_auc_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

AREAS = (0.7, 0.9, 0.97)
SIZES = ((10, 30), (30, 90), (100, 300))
PATIENTS = ((10, 30), (30, 90))
CORRELATIONS = (0.2, 0.6)
SAMPLES_OF_A_PATIENT = 5
LEVEL = 0.95


class Samples(NamedTuple):
    """One simulated test set."""

    y: NDArray[np.bool_]
    scores: NDArray[np.float64]
    patients: NDArray[np.int64]


class Tally:
    """What became of the intervals of one method."""

    def __init__(self) -> None:
        self.widths: list[float] = []
        self.covered = 0
        self.degenerate = 0

    def add(self, low: float, high: float, area: float) -> None:
        """Count one interval."""
        self.covered += low <= area <= high
        self.degenerate += not low < high
        self.widths.append(high - low)

    def cell(self) -> str:
        """Return the coverage, the median width, and how many intervals have no width."""
        count = len(self.widths)
        text = f"{100 * self.covered / count:.1f} ({np.nanmedian(self.widths):.3f})"
        return text + (f" [{100 * self.degenerate / count:.1f}]" if self.degenerate else "")


def draw(
    rng: np.random.Generator, area: float, size: tuple[int, int], icc: float, repeats: int
) -> Samples:
    """Draw the scores of so many positives and negatives, or of patients with `repeats` each."""
    y = np.repeat([True, False], size)
    shift = math.sqrt(2) * NormalDist().inv_cdf(area)
    own = rng.normal(scale=math.sqrt(icc), size=(len(y), 1))
    scores = own + rng.normal(scale=math.sqrt(1 - icc), size=(len(y), repeats))
    scores += shift * y[:, np.newaxis]
    patients = np.repeat(np.arange(len(y)), repeats)
    return Samples(np.repeat(y, repeats), scores.ravel(), patients)


def methods(replicates: int, grouped: bool) -> dict[str, Callable[[Samples, int], Any]]:
    """Return the intervals to try, each of samples and a seed."""

    def bootstrap(samples: Samples, seed: int, groups: Any = None) -> Any:
        return roc_auc_interval(
            samples.y,
            samples.scores,
            method="bootstrap",
            n_resamples=replicates,
            random_state=seed,
            level=LEVEL,
            groups=groups,
        )

    def delong(transform: Any, *, groups: bool = False) -> Callable[[Samples, int], Any]:
        return lambda samples, _: roc_auc_interval(
            samples.y,
            samples.scores,
            transform=transform,
            level=LEVEL,
            groups=samples.patients if groups else None,
        )

    if grouped:
        return {
            "logit": delong("logit"),
            "logit, `groups`": delong("logit", groups=True),
            "`transform=None`, `groups`": delong(None, groups=True),
            "bootstrap, `groups`": lambda samples, seed: bootstrap(samples, seed, samples.patients),
        }
    return {"logit": delong("logit"), "`transform=None`": delong(None), "bootstrap": bootstrap}


def simulate(
    area: float, size: tuple[int, int], icc: float | None, options: argparse.Namespace
) -> dict[str, Tally]:
    """Try every method on the same simulated samples."""
    # The settings are part of the seed, so that a row does not depend on the rows before it.
    key = (options.seed, round(1000 * area), *size, round(1000 * (icc or 0)))
    rng = np.random.default_rng(key)
    repeats = 1 if icc is None else SAMPLES_OF_A_PATIENT
    tallies: dict[str, Tally] = defaultdict(Tally)
    for _ in range(options.repetitions):
        samples = draw(rng, area, size, icc or 0.0, repeats)
        seed = int(rng.integers(2**63))
        for name, interval in methods(options.replicates, icc is not None).items():
            found = interval(samples, seed)
            tallies[name].add(found.low, found.high, area)
    return tallies


def print_row(cells: list[str]) -> None:
    """Print a row of a markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="coverage of the intervals of areas")
    parser.add_argument("--repetitions", type=int, default=5000, help="test sets for each row")
    parser.add_argument("--replicates", type=int, default=500, help="of a bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DegenerateIntervalWarning)

    error = 100 * math.sqrt(LEVEL * (1 - LEVEL) / options.repetitions)
    print(
        f"{options.repetitions} test sets a row, {options.replicates} replicates a bootstrap; "
        f"standard error of a coverage of 95 %: {error:.2f} points\n"
    )
    print_row(["true area", "positives, negatives", *methods(2, grouped=False)])
    print_row(["---:", "---:", *["---:"] * 3])
    for area, size in itertools.product(AREAS, SIZES):
        tallies = simulate(area, size, None, options)
        shown = f"{size[0]}, {size[1]}"
        print_row([f"{area}", shown, *(tally.cell() for tally in tallies.values())])
    print()
    print_row(["true area", "patients: positive, negative", "ICC", *methods(2, grouped=True)])
    print_row(["---:", "---:", "---:", *["---:"] * 4])
    for area, size, icc in itertools.product(AREAS, PATIENTS, CORRELATIONS):
        tallies = simulate(area, size, icc, options)
        shown = f"{size[0]}, {size[1]}"
        print_row([f"{area}", shown, f"{icc}", *(tally.cell() for tally in tallies.values())])


if __name__ == "__main__":
    main()
