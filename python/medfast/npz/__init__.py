"""``.npz`` archives: read as `numpy.load` reads them, several times as fast, and distrustfully.

`load_npz` reads arrays, into memory or as memory maps of a cache; `open_npz` reads only what it is
asked for; `save_npz` writes; `Limits` says what a file may cost.
"""

from medfast.npz._lazy import NpzFile, open_npz
from medfast.npz._limits import Limits
from medfast.npz._load import load_npz
from medfast.npz._save import save_npz

__all__ = ["Limits", "NpzFile", "load_npz", "open_npz", "save_npz"]
