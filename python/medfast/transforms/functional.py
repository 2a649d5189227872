"""Functions of uint8 batches, named as in ``torchvision.transforms.v2.functional``.

Every parameter is one for all images, or one for each. Each image gets what torchvision makes of it
alone, value for value.
"""

from medfast.transforms._color import (
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    gaussian_blur,
    invert,
    posterize,
    rgb_to_grayscale,
    solarize,
)
from medfast.transforms._geometry import horizontal_flip, vertical_flip

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "autocontrast",
    "equalize",
    "gaussian_blur",
    "horizontal_flip",
    "invert",
    "posterize",
    "rgb_to_grayscale",
    "solarize",
    "vertical_flip",
]
