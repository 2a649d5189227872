"""The folder that holds the official files."""

from __future__ import annotations

import os
from pathlib import Path

from medfast.errors import ConfigError


def data_root(root: str | os.PathLike[str] | None = None) -> Path:
    """Say where the official files are, without touching the disk.

    Parameters
    ----------
    root : path, optional
        Wins over ``$MEDMNIST_ROOT``, which wins over ``~/.medmnist``.

    Raises
    ------
    ConfigError
        If there is neither a root nor a home folder.

    Examples
    --------
    >>> data_root("/data/medmnist").as_posix()
    '/data/medmnist'
    """
    chosen = os.fspath(root) if root is not None else os.environ.get("MEDMNIST_ROOT")
    try:
        return Path(chosen or "~/.medmnist").expanduser()
    except RuntimeError as error:
        raise ConfigError(
            f"no folder for the data: {error}; set MEDMNIST_ROOT or pass a root"
        ) from error
