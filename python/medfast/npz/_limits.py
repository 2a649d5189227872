"""What a caller is willing to spend on a file."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from medfast import _native
from medfast.errors import InvalidValueError

_DEFAULTS = _native.NPZ_LIMITS


@dataclass(frozen=True)
class Limits:
    """What a caller is willing to spend on a file; checked before memory is taken.

    The defaults are generous for MedMNIST, whose largest file (PathMNIST at 224 pixels, 12.6 GB)
    has six members and inflates to 16.1 GB.

    Parameters
    ----------
    max_header_bytes : int
        Bytes of one array's ``.npy`` header. 64 KiB by default, the most that version 1.0 of the
        format can state.
    max_members : int
        Members of an archive. 65,536 by default.
    max_inflated_bytes : int
        Bytes, once inflated, of all the arrays that are asked for together. 64 GiB by default.
    max_total_header_bytes : int
        Bytes of the headers of all the arrays that are asked for together. 16 MiB by default; what
        is made of a header takes up to 25 times its bytes, which no other limit counts.
    max_dims : int
        Axes of an array. 64 by default, as many as numpy has.
    max_directory_bytes : int
        Bytes of the archive's directory, which holds the names. 64 MiB by default.
    max_ratio : int
        Bytes that each byte of a member may inflate to, on average. 1032 by default, the most that
        deflate can give and what an array of zeros gets; photographs stay below 20.

    Raises
    ------
    InvalidValueError
        If a limit is not an integer from 0.

    Examples
    --------
    >>> Limits(max_inflated_bytes=1_000_000).max_members
    65536
    """

    max_header_bytes: int = _DEFAULTS["max_header_bytes"]
    max_members: int = _DEFAULTS["max_members"]
    max_inflated_bytes: int = _DEFAULTS["max_inflated_bytes"]
    max_total_header_bytes: int = _DEFAULTS["max_total_header_bytes"]
    max_dims: int = _DEFAULTS["max_dims"]
    max_directory_bytes: int = _DEFAULTS["max_directory_bytes"]
    max_ratio: int = _DEFAULTS["max_ratio"]

    def __post_init__(self) -> None:
        for field in fields(self):
            check_integer(field.name, getattr(self, field.name), least=0)


def check_limits(limits: Limits | None) -> Limits:
    """Give the default limits for none, and refuse what is no `Limits`."""
    if limits is None:
        return Limits()
    if not isinstance(limits, Limits):
        raise InvalidValueError(
            f"limits: expected medfast.npz.Limits or None, found {limits!r}; "
            "write Limits(max_inflated_bytes=...)"
        )
    return limits


def check_integer(name: str, value: object, *, least: int) -> int:
    """Refuse what is no integer from `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidValueError(
            f"{name}: expected an integer from {least}, found {value!r}; "
            "leave it out for the default"
        )
    return int(value)


def check_threads(threads: int | None) -> int | None:
    """Refuse what is no number of threads."""
    if threads is None:
        return None
    return min(check_integer("threads", threads, least=1), 2**63 - 1)
