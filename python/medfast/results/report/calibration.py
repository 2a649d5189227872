"""Whether a probability means what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from medfast.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from medfast.results.report.answers import Answers

BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Stated probabilities beside observed shares.

    Attributes
    ----------
    stated, observed : ndarray of shape (m,)
        For each bin with a probability in it: the mean of the probabilities, and the share of them
        that came true.
    centres : ndarray of shape (m,)
        The middle of each such bin.
    counts, hits : ndarray of shape (m,)
        For each such bin: the probabilities, and those that came true.
    ece : float
        Expected calibration error: the mean distance of the two, weighted by the counts.
    brier : float
        Mean squared distance of the probabilities from the truth; 0 is best.
    brier_of_shares : float
        That of always giving each class its share of the split.
    """

    stated: NDArray[np.float64]
    observed: NDArray[np.float64]
    centres: NDArray[np.float64]
    counts: NDArray[np.intp]
    hits: NDArray[np.intp]
    ece: float
    brier: float
    brier_of_shares: float


def calibrate(answers: Answers) -> Calibration:
    """Compare probabilities with what came true.

    What is compared depends on the task: of a binary one the probability of the positive class; of
    one with several classes that of the class decided for ("top label"), with whether the decision
    is right; of a multi-label one the probabilities of all labels together. There are ten bins of
    equal width.

    The Brier score of a binary task is the mean over the images of (p - y)**2 for the positive
    class; of one with several classes, the sum of that over the classes (Brier's own definition, 0
    to 2); of a multi-label one, the mean over the labels.

    Parameters
    ----------
    answers : Answers

    Returns
    -------
    Calibration

    References
    ----------
    G. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather Review
    78 (1950). M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities
    using Bayesian binning", AAAI (2015), for the error and its ten bins. C. Guo et al., "On
    calibration of modern neural networks", ICML (2017), for the top label.
    """
    from sklearn.calibration import calibration_curve

    probabilities, outcomes = _statements(answers)
    observed, stated = calibration_curve(outcomes, probabilities, n_bins=BINS)
    edges = np.linspace(0, 1, BINS + 1)
    places = np.searchsorted(edges[1:-1], probabilities)  # the bins of calibration_curve
    counts = np.bincount(places, minlength=BINS)
    hits = np.bincount(places[outcomes], minlength=BINS)
    used = counts > 0
    brier, of_shares = _brier(answers)
    return Calibration(
        stated=stated,
        observed=observed,
        centres=(edges[:-1] + edges[1:])[used] / 2,
        counts=counts[used],
        hits=hits[used],
        ece=float(np.average(np.abs(observed - stated), weights=counts[used])),
        brier=brier,
        brier_of_shares=of_shares,
    )


def _statements(answers: Answers) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return probabilities, and whether what each is of came true."""
    scores = answers.scores.astype(np.float64)
    if answers.multi_label:
        return scores.ravel(), answers.truth.ravel()
    if answers.task is Task.BINARY:
        return scores[:, 1], answers.truth[:, 1]
    return scores.max(axis=1), answers.right[:, 0]


def _brier(answers: Answers) -> tuple[float, float]:
    columns = list(answers.ranked)
    truth: NDArray[Any] = answers.truth[:, columns].astype(np.float64)
    combine = np.mean if answers.multi_label else np.sum
    squares = (answers.scores[:, columns].astype(np.float64) - truth) ** 2
    shares = truth.mean(axis=0)
    return float(combine(squares.mean(axis=0))), float(combine(shares * (1 - shares)))
