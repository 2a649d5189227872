"""Functions of uint8 batches, named as in ``torchvision.transforms.v2.functional``.

Every parameter is one for all images, or one for each. Each image gets what torchvision makes of it
alone, value for value.
"""

from medfast.transforms._color import adjust_brightness, adjust_contrast
from medfast.transforms._geometry import horizontal_flip, vertical_flip

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "horizontal_flip",
    "vertical_flip",
]
