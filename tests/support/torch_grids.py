"""How this build of torch makes the grids of rotations and affine maps."""

from __future__ import annotations

import numpy as np
import torch


def grid_is_unfused() -> bool:
    """Whether torch multiplies small matrices in two roundings, as it does on AMD processors."""
    rng = np.random.default_rng(0)
    left, right = (
        torch.from_numpy(rng.standard_normal(shape, np.float32))
        for shape in [(1, 28 * 28, 3), (1, 3, 2)]
    )
    found = left.bmm(right)
    parts = left[..., None] * right[:, None]
    return bool((found == parts[..., 0, :] + parts[..., 1, :] + parts[..., 2, :]).all())
