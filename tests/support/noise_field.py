"""The normal numbers of `gaussian_noise`, from its documentation: numpy's float32, step by step."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import torch
from torchvision.transforms.v2 import functional as F  # noqa: N812

F32 = np.float32
BITS = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


def philox(counter: list[np.ndarray], key: tuple[int, int]) -> list[np.ndarray]:
    """Philox4x32-10 of many counters, of four words each."""
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (p1 >> HALF) ^ c1 ^ np.uint64(k0),
            p1 & BITS,
            (p0 >> HALF) ^ c3 ^ np.uint64(k1),
            p0 & BITS,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return [c0, c1, c2, c3]


def series(y: np.ndarray, *divisors: int) -> np.ndarray:
    """Sum the powers of y over these numbers, the highest power first."""
    total = F32(1) / F32(divisors[-1])
    for divisor in divisors[-2::-1]:
        total = F32(1) / F32(divisor) + y * total
    return total


def box_muller(radius: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    steps = ((radius >> np.uint64(8)) + np.uint64(1)).astype(F32)
    mantissa, exponent = np.frexp(steps)
    low = mantissa < F32(np.sqrt(0.5))
    mantissa, exponent = np.where(low, mantissa * F32(2), mantissa), exponent - low
    fraction = mantissa - F32(1)
    s = fraction / (F32(2) + fraction)
    scale = (exponent - 24).astype(F32)
    ln = scale * F32(np.log(2)) + F32(2) * s * series(s * s, 1, 3, 5, 7, 9)
    r = np.sqrt(F32(-2) * ln)

    quarter = ((angle + np.uint64(1 << 29)) & BITS) >> np.uint64(30)
    rest = ((angle - (quarter << np.uint64(30))) & BITS).astype(np.uint32).view(np.int32)
    x = rest.astype(F32) * (F32(np.pi / 2) / F32(2**30))
    y = x * x
    sin = x * series(y, 1, -6, 120, -5040, 362_880)
    cos = series(y, 1, -2, 24, -720, 40_320, -3_628_800)
    odd = quarter % np.uint64(2) == 1
    across, up = np.where(odd, sin, cos), np.where(odd, cos, sin)
    across = np.where((quarter == 1) | (quarter == 2), -across, across)
    up = np.where(quarter >= 2, -up, up)
    return r * across, r * up


def normal_field(seed: int, place: int, count: int) -> np.ndarray:
    """Return `count` normal numbers of float32."""
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    here = np.zeros_like(blocks)
    counter = [blocks & BITS, blocks >> HALF, here + (place & 0xFFFFFFFF), here + (place >> 32)]
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    pairs = [*box_muller(words[0], words[1]), *box_muller(words[2], words[3])]
    return np.stack(pairs, axis=1).ravel()[:count]


def noised(
    image: torch.Tensor, mean: float, sigma: float, clip: float, seed: float, place: float = 0
) -> torch.Tensor:
    """Do what torchvision does, its normal numbers replaced by ours."""
    field = torch.from_numpy(normal_field(int(seed), int(place), image.numel()))
    with patch.object(torch, "randn_like", lambda like, dtype: field.reshape(like.shape).to(dtype)):
        return F.gaussian_noise(image, mean, sigma, bool(clip))
