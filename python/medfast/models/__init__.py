"""Networks by name; importing this package imports torch."""

from medfast.models import resnet as _resnet  # noqa: F401  (registers the family)
from medfast.models.registry import (
    Stem,
    check_model,
    create_model,
    model_names,
    register_model,
)

__all__ = [
    "Stem",
    "check_model",
    "create_model",
    "model_names",
    "register_model",
]
