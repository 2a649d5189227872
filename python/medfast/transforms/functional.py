"""Functions of uint8 batches, named as in ``torchvision.transforms.v2.functional``.

Every parameter is one for all images, or one for each. Each image gets what torchvision makes of it
alone, value for value. Arrays of five axes, (N, D, H, W, C), are volumes: what changes where pixels
are is done in every slice, what changes their values to the whole volume.
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
    gaussian_noise,
    invert,
    posterize,
    rgb_to_grayscale,
    solarize,
)
from medfast.transforms._geometry import (
    affine,
    center_crop,
    crop,
    cubic_symmetry,
    depth_flip,
    erase,
    horizontal_flip,
    pad,
    resize,
    resized_crop,
    rot90,
    rotate,
    vertical_flip,
)

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "crop",
    "cubic_symmetry",
    "depth_flip",
    "equalize",
    "erase",
    "gaussian_blur",
    "gaussian_noise",
    "horizontal_flip",
    "invert",
    "pad",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rot90",
    "rotate",
    "solarize",
    "vertical_flip",
]
