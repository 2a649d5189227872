"""Augmentation of whole uint8 batches, with a draw of its own for every sample.

Names, arguments and meaning are those of ``torchvision.transforms.v2``; given the same draws, every
image equals what torchvision makes of it alone, value for value. A pipeline reads each image once,
transforms it in cache and writes it once, as bytes or as normalised floats, into an array that is
allocated once or is the caller's.

What is drawn for a sample is a function of the seed, the epoch, its row in the images and the
position of the transform in the pipeline, by the counter-based generator Philox4x32-10. It does not
depend on the number of threads, on how the rows are split into calls, or on their order.
"""

from medfast.transforms import functional
from medfast.transforms._adapters import PerBatch, PerImage
from medfast.transforms._automatic import AugMix, RandAugment, TrivialAugmentWide
from medfast.transforms._compose import Compose
from medfast.transforms._random import RandomApply, RandomChoice, RandomOrder
from medfast.transforms._random_color import (
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomGamma,
    RandomGrayscale,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from medfast.transforms._random_geometry import (
    D4,
    CenterCrop,
    CubicSymmetry,
    Pad,
    RandomAffine,
    RandomCrop,
    RandomDepthFlip,
    RandomErasing,
    RandomResizedCrop,
    RandomRotate90,
    RandomRotation,
    Resize,
)
from medfast.transforms._steps import (
    ColorJitter,
    Normalize,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToDtype,
    Transform,
)

__all__ = [
    "D4",
    "AugMix",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "CubicSymmetry",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "Normalize",
    "Pad",
    "PerBatch",
    "PerImage",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChoice",
    "RandomCrop",
    "RandomDepthFlip",
    "RandomEqualize",
    "RandomErasing",
    "RandomGamma",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotate90",
    "RandomRotation",
    "RandomSolarize",
    "RandomVerticalFlip",
    "Resize",
    "ToDtype",
    "Transform",
    "TrivialAugmentWide",
    "functional",
]
