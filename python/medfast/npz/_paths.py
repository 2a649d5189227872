"""Paths as callers give them."""

from __future__ import annotations

import os

from medfast.errors import InvalidValueError


class SourceTypeError(InvalidValueError, TypeError):
    """What was given is neither a path nor anything else that can be opened."""


def check_path(path: object, expected: str) -> str:
    """Decode a path, and refuse what the operating system has no file for."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise SourceTypeError(f"path: expected {expected}, found {path!r}; give a str or a Path")
    name = os.fsdecode(path)
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError as error:
        raise InvalidValueError(
            f"path: expected one that can be encoded, found {name!r} ({error.reason}); "
            "check where it comes from"
        ) from error
    if b"\0" in encoded:
        raise InvalidValueError(
            f"path: expected one without null bytes, found {name!r}; check where it comes from"
        )
    return name
