"""The fastest way from a MedMNIST ``.npz`` to an honest AUC.

``import medfast`` needs numpy alone: the ``.npz`` reader, the transforms and the metrics.
Training (`medfast.models`, `medfast.training`) needs ``pip install 'medfast[train]'``.
"""

from medfast._native import build_info

__version__: str = build_info()["version"]

__all__ = ["__version__", "build_info"]
