"""Seek indices, kept in the cache beside the arrays of their archive."""

from __future__ import annotations

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
    from medfast.npz._cache_folder import folder_of, make_folder, replace_file, write_facts

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
        with suppress(OSError):
            replace_file(path, index.to_bytes())
            write_facts(path.parent, archive)
    return index
