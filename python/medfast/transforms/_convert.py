"""Transforms of torchvision, turned into ours by their names and settings. Imports no torch."""

from __future__ import annotations

from typing import Any

from medfast.errors import ConfigError, UnsupportedError
from medfast.transforms import _automatic, _random, _random_color, _random_geometry, _steps

# The settings that ours takes of torchvision's, where both have the name.
_SAME = {
    "AugMix": (
        "severity",
        "mixture_width",
        "chain_depth",
        "alpha",
        "all_ops",
        "interpolation",
        "fill",
    ),
    "CenterCrop": ("size",),
    "ColorJitter": ("brightness", "contrast", "saturation", "hue"),
    "GaussianBlur": ("kernel_size", "sigma"),
    "GaussianNoise": ("mean", "sigma", "clip"),
    "Grayscale": ("num_output_channels",),
    "Normalize": ("mean", "std"),
    "Pad": ("padding", "fill", "padding_mode"),
    "RandAugment": ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill"),
    "RandomAdjustSharpness": ("sharpness_factor", "p"),
    "RandomAffine": ("degrees", "translate", "scale", "shear", "interpolation", "fill", "center"),
    "RandomAutocontrast": ("p",),
    "RandomCrop": ("size", "padding", "pad_if_needed", "fill", "padding_mode"),
    "RandomEqualize": ("p",),
    "RandomErasing": ("p", "scale", "ratio", "value"),
    "RandomGrayscale": ("p",),
    "RandomHorizontalFlip": ("p",),
    "RandomInvert": ("p",),
    "RandomPosterize": ("bits", "p"),
    "RandomResizedCrop": ("size", "scale", "ratio", "interpolation", "antialias"),
    "RandomRotation": ("degrees", "interpolation", "expand", "center", "fill"),
    "RandomSolarize": ("threshold", "p"),
    "RandomVerticalFlip": ("p",),
    "Resize": ("size", "interpolation", "antialias"),
    "ToDtype": ("dtype", "scale"),
    "TrivialAugmentWide": ("num_magnitude_bins", "interpolation", "fill"),
}
# What turns a picture into a tensor, which batches are already.
_NOTHING = ("Identity", "PILToTensor", "PureTensor", "ToImage", "ToPureTensor")
_HALVES = ("torch.float16", "torch.bfloat16")
_MODULES = (_steps, _random_geometry, _random_color, _automatic)
_CONTAINERS = ("RandomApply", "RandomChoice", "RandomOrder")


def convert(theirs: Any, place: str) -> list[_steps.Transform]:
    """Turn a transform of torchvision, v1 or v2, into ours.

    Parameters
    ----------
    theirs : object
        A transform of torchvision; a `Compose` becomes its steps.
    place : str
        Where it stands, for errors.

    Returns
    -------
    list of Transform
    """
    name = type(theirs).__name__
    place = f"{place}{name}"
    if not type(theirs).__module__.startswith("torchvision.transforms"):
        raise ConfigError(
            f"{place} of {type(theirs).__module__} is no transform of torchvision; build the "
            "medfast transform that does the same"
        )
    if name == "Compose":
        steps = enumerate(theirs.transforms)
        return [ours for number, step in steps for ours in convert(step, f"{place}[{number}].")]
    if name in _NOTHING:
        return []
    if name == "ToTensor":
        return [_steps.ToDtype("float32", scale=True)]
    if str(getattr(theirs, "dtype", "")) in _HALVES:
        raise UnsupportedError(
            f"{place} computes in {theirs.dtype}, where medfast computes in float32 and rounds "
            f"once: build transforms.ToDtype({theirs.dtype}) yourself"
        )
    if name == "ConvertImageDtype":
        return [_steps.ToDtype(theirs.dtype, scale=True)]
    if name not in _SAME and name not in _CONTAINERS:
        raise UnsupportedError(
            f"{place} has no equal in medfast; leave it out, or apply it to the images before"
        )
    if getattr(theirs, "max_size", None) is not None:
        raise ConfigError(f"{place} cannot be converted: max_size={theirs.max_size} is not offered")
    try:
        if name in _CONTAINERS:
            return [_container(theirs, name, place)]
        settings = {key: _plain(getattr(theirs, key)) for key in _SAME[name]}
        if name == "RandomCrop" and ".v2." in type(theirs).__module__ and settings["padding"]:
            # Kept there as left, right, top, bottom.
            left, right, top, bottom = settings["padding"]
            settings["padding"] = (left, top, right, bottom)
        ours = next(filter(None, (getattr(module, name, None) for module in _MODULES)))
        return [ours(**settings)]
    except ConfigError as error:
        raise ConfigError(f"{place} cannot be converted: {error}") from error


def _container(theirs: Any, name: str, place: str) -> _steps.Transform:
    lists = [convert(step, f"{place}[{number}].") for number, step in enumerate(theirs.transforms)]
    flat = [step for steps in lists for step in steps]
    if name == "RandomApply":
        return _random.RandomApply(flat, theirs.p)
    if any(len(steps) != 1 for steps in lists):
        raise ConfigError("each of its transforms must be one of medfast")
    if name == "RandomOrder":
        return _random.RandomOrder(flat)
    return _random.RandomChoice(flat, getattr(theirs, "p", None))


def _plain(value: Any) -> Any:
    """Turn a setting into what ours takes."""
    return tuple(value) if isinstance(value, list) else value
