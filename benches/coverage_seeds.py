"""How often the interval of a mean over seeds covers the truth: a table of docs/UNCERTAINTY.md.

python benches/coverage_seeds.py [--repetitions N] [--seed N]

A network scores an image by its class, by what the image is to every network, and by an error of
its own; how far its scores tell the classes apart is drawn for every seed. The truth is the mean
area of all seeds over all images. 42 negatives and 114 positives, as in the test split of
BreastMNIST. A cell holds the coverage in percent and the median width; the last column the
percentage of p-values below 0.05 between two recipes that are the same. Takes two minutes.
"""

from __future__ import annotations

import argparse
import itertools
import math
import warnings
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from medfast.errors import DegenerateIntervalWarning
from medfast.results.repeats import auc_figure, compare_auc
from medfast.results.runs import Outcome
from medfast.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = np.repeat(np.array([1, 0], np.uint8), [114, 42])[:, np.newaxis]
# The mean distance of the classes, in standard deviations; what of the rest networks share.
DISTANCE, SHARED = 1.8, 0.6
SPREADS = (0.0, 0.15, 0.4)
RUNS = (1, 2, 3, 5)


def train(
    rng: np.random.Generator, images: NDArray[np.float64], spread: float, runs: int
) -> list[Outcome]:
    """Draw networks, and score the images with them."""
    outcomes = []
    for _ in range(runs):
        distance = rng.normal(DISTANCE, spread)
        own = math.sqrt(1 - SHARED) * rng.normal(size=images.shape)
        scores = distance * LABELS + math.sqrt(SHARED) * images + own
        outcomes.append(Outcome(LABELS, scores.astype(np.float32), Task.BINARY))
    return outcomes


def row(spread: float, runs: int, options: argparse.Namespace) -> list[str]:
    """Simulate one setting."""
    rng = np.random.default_rng((options.seed, round(100 * spread), runs))
    # The mean of Phi((d + spread * z) / sqrt 2) over normal z.
    truth = NormalDist().cdf(DISTANCE / math.sqrt(2 + spread**2))
    kinds = ("interval", "of_images", "of_seeds")
    found = np.empty((options.repetitions, len(kinds), 2))
    rejected = 0
    for repetition in range(options.repetitions):
        images = rng.normal(size=LABELS.shape)
        first, second = (train(rng, images, spread, runs) for _ in range(2))
        figures = auc_figure(first), auc_figure(second)
        found[repetition] = [getattr(figures[0], kind) for kind in kinds]
        rejected += compare_auc(first, second, figures).p_value < 0.05
    covered = 100 * ((found[..., 0] <= truth) & (truth <= found[..., 1])).mean(axis=0)
    cells = [
        f"{share:.1f} ({width:.3f})" if runs > 1 or kind != "of_seeds" else ""
        for kind, share, width in zip(
            kinds, covered, np.median(found[..., 1] - found[..., 0], axis=0), strict=True
        )
    ]
    return [str(runs), f"{spread}", *cells, f"{100 * rejected / options.repetitions:.1f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="coverage of the intervals of means over seeds")
    parser.add_argument("--repetitions", type=int, default=2000, help="for each row")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore", DegenerateIntervalWarning)
    heading = ["runs", "spread", "images and seeds", "images alone", "seeds alone", "p < 0.05"]
    for cells in (heading, ["---:"] * len(heading)):
        print(f"| {' | '.join(cells)} |")
    for runs, spread in itertools.product(RUNS, SPREADS):
        print(f"| {' | '.join(row(spread, runs, options))} |", flush=True)


if __name__ == "__main__":
    main()
