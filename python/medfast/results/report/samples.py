"""Which images to show: right, wrong, and uncertain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import entr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from medfast.results.report.answers import Answers

_SEED = 0


class Chosen(NamedTuple):
    """Rows of a split.

    Attributes
    ----------
    right : ndarray
        Drawn at random from the images of which every decision is right.
    wrong : ndarray
        Of the images of which a decision is wrong, those whose truth was given the least
        probability, the worst first.
    uncertain : ndarray
        Of all images, those whose probabilities have the largest entropy, the largest first.
    """

    right: NDArray[np.intp]
    wrong: NDArray[np.intp]
    uncertain: NDArray[np.intp]


def choose_samples(answers: Answers, count: int) -> Chosen:
    """Choose at most `count` images of each kind; the same ones every time.

    Parameters
    ----------
    answers : Answers
    count : int

    Returns
    -------
    Chosen
    """
    all_right = answers.right.all(axis=1)
    right = np.random.default_rng(_SEED).permutation(np.flatnonzero(all_right))[:count]
    wrong = np.flatnonzero(~all_right)
    likely = _log_likelihood(answers)
    unsure = np.argsort(-_entropy(answers), kind="stable")[:count]
    worst = wrong[np.argsort(likely[wrong], kind="stable")][:count]
    return Chosen(np.sort(right), worst, unsure)


def _log_likelihood(answers: Answers) -> NDArray[np.float64]:
    scores = answers.scores.astype(np.float64)
    with np.errstate(divide="ignore"):
        of_no = np.log1p(-scores) if answers.multi_label else np.zeros_like(scores)
        found: NDArray[np.float64] = np.where(answers.truth, np.log(scores), of_no).sum(axis=1)
    return found


def _entropy(answers: Answers) -> NDArray[np.float64]:
    scores = answers.scores.astype(np.float64)
    found: NDArray[np.float64] = entr(scores).sum(axis=1)
    if answers.multi_label:
        found = found + entr(1 - scores).sum(axis=1)
    return found
