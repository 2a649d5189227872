"""What the JSON files of a run must hold, since anyone may edit them."""

from __future__ import annotations

import json
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

from medfast.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
    NoneType: "null",
}


def read_json(path: Path) -> Any:
    """Read a JSON file, which may hold anything.

    Raises
    ------
    CheckpointError
        If it is malformed.
    OSError
        As the operating system raises it.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is not JSON ({error}); restore the file") from error


def check_fields(path: Path, found: Any, kinds: Mapping[str, Any], of: str = "") -> None:
    """Refuse a file that lacks a field, or has one of another type.

    Parameters
    ----------
    path : Path
        Of the file.
    found : object
        What was read from it, or a part of that.
    kinds : mapping
        Types by name: ``int``, ``float | None``, ``[str]`` for a list of them.
    of : str
        What the error says after the name of the field.

    Raises
    ------
    CheckpointError
        Naming the first that is wrong.
    """
    for key, kind in kinds.items():
        if not isinstance(found, dict) or key not in found:
            raise CheckpointError(f"{path} lacks {key!r}{of}; restore the file")
        if not _is(found[key], kind):
            came = repr(found[key])
            raise CheckpointError(
                f"{path}: {key!r}{of} must be {_name(kind)}, came "
                f"{came if len(came) <= 60 else came[:57] + '...'}; restore the file"
            )


def _is(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list) and all(_is(item, kind[0]) for item in value)
    kinds = get_args(kind) or (kind,)
    if isinstance(value, int):  # as is true in Python, and as 1.0 may be written
        if isinstance(value, bool):
            return bool in kinds
        return (int in kinds or float in kinds) and -(2**63) <= value < 2**64
    return isinstance(value, kinds)


def _name(kind: Any) -> str:
    if isinstance(kind, list):
        return f"a list, each {_name(kind[0])}"
    return " or ".join(_NAMES[one] for one in get_args(kind) or (kind,))
