"""The exceptions medfast raises on purpose.

Every message says what was expected, what came, where, and one next step. Each class also derives
from the built-in exception that callers of numpy and scikit-learn already catch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MedfastError(Exception):
    """The root of every exception below."""


class DatasetNotFoundError(MedfastError, FileNotFoundError):
    """A data file does not exist."""


class MissingKeyError(MedfastError, KeyError):
    """A data file has no array of that name."""

    # KeyError shows the repr of what it was given, as if that were a key.
    __str__ = Exception.__str__


class CorruptDatasetError(MedfastError, ValueError):
    """A data file exists, but its bytes or its arrays are not what they should be."""


class UnsupportedError(MedfastError, ValueError):
    """Well-formed input asks for what medfast refuses or does not offer (object arrays, ...)."""


class LimitExceededError(MedfastError, ValueError):
    """A stated limit would be exceeded; nothing was allocated."""


class ShapeError(MedfastError, ValueError):
    """An array has the wrong rank, length, dtype or layout."""


class InvalidValueError(MedfastError, ValueError):
    """A value lies outside its range: a NaN score, a label that is no class, ..."""


class ConfigError(MedfastError, ValueError):
    """A setting is unknown or contradicts another: a set, model, recipe key, device, ..."""


class CheckpointError(MedfastError, ValueError):
    """A checkpoint cannot be read, or belongs to another run."""


class DownloadError(MedfastError, OSError):
    """A file could not be fetched."""


class StorageError(MedfastError, OSError):
    """The operating system refused to read or write: no permission, no space, ..."""


class UndefinedMetricWarning(UserWarning):
    """A metric is not defined for these labels; the message says for which class."""


class DegenerateIntervalWarning(UserWarning):
    """An interval has no width or no ends, because the samples do not tell how a metric varies."""


class NotProbabilitiesWarning(UserWarning):
    """Scores are compared with a threshold for probabilities, but lie outside 0 to 1."""


class CacheUnavailableWarning(UserWarning):
    """Memory maps were asked for, but the cache cannot be written; arrays are in memory instead."""


class InternalError(MedfastError, RuntimeError):
    """A bug in medfast."""


_MOST_KNOWN = 24


def nearest(word: str, known: Iterable[str]) -> str:
    """Finish the sentence about an unknown word with the nearest known one.

    Parameters
    ----------
    word : str
        What came.
    known : iterable of str
        What would have been right.

    Returns
    -------
    str
        ``did you mean 'x'?``, or a list of known words when none is near.

    Examples
    --------
    >>> nearest("adamm", ["adam", "sgd"])
    "did you mean 'adam'?"
    >>> nearest("q", ["adam", "sgd"])
    'known: adam, sgd'
    """
    import difflib  # the one thing here that takes time to import

    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    more = ", ..." if len(words) > _MOST_KNOWN else ""
    return f"known: {', '.join(map(str, words[:_MOST_KNOWN]))}{more}"
