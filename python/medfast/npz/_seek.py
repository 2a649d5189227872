"""Seek indices, kept in the cache beside the arrays of their archive."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from medfast import _native
from medfast.errors import MedfastError

if TYPE_CHECKING:
    from pathlib import Path

    from medfast.npz._archive import Archive

_SUFFIX = ".seek"


def stored_index(
    archive: Archive, member: int, *, anew: bool = False
) -> _native.NpzSeekIndex | None:
    """Read the seek index of a member, or build it (anew), and store it where that is possible.

    Returns
    -------
    NpzSeekIndex or None
        None for a member that is stored, and needs none.

    Raises
    ------
    CorruptDatasetError
        If the member is damaged.
    """
    # Imported here, since hashing takes longer to import than a small archive to open.
    from medfast.npz._cache_folder import folder_of, make_folder

    path: Path | None = None
    # A cache that cannot be used costs time here, and nothing else.
    with suppress(OSError, MedfastError):
        folder = folder_of(archive)
        make_folder(folder)
        path = folder / f"{member}{_SUFFIX}"
        if not anew:
            return _native.NpzSeekIndex.from_bytes(path.read_bytes())
    index = archive.native.build_index(member)
    if index is not None and path is not None:
        temporary = path.with_suffix(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
        with suppress(OSError):
            try:
                temporary.write_bytes(index.to_bytes())
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
    return index
