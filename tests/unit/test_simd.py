"""No result depends on the vector instructions: the portable path is switched on in a child."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import medfast
from medfast import transforms as t
from medfast.transforms import functional

JITTER = t.ColorJitter(0.4, 0.4)
NORMALISED = [t.ToDtype("float32", scale=True), t.Normalize([0.45], [0.229])]
PIPELINES: dict[str, list[t.Transform]] = {
    "jitter": [JITTER, t.RandomHorizontalFlip(), *NORMALISED],
    "all of jitter": [t.ColorJitter(0.4, 0.4, 0.4, 0.2)],
    "halves": [JITTER, t.ToDtype("float16", scale=True), t.Normalize([0.5], [0.5])],
    "upper halves": [JITTER, t.ToDtype("bfloat16", scale=True), t.Normalize([0.5], [0.5])],
    "turned": [t.RandomRotation(180, "bilinear"), JITTER, *NORMALISED],
    "turned and filled": [t.RandomRotation(180, "bilinear", fill=77)],
    "moved": [t.RandomAffine(40, (0.3, 0.3), (0.5, 2.0), 20)],
    "cut": [t.RandomResizedCrop(13), t.RandomCrop(9, 2)],
    "blurred": [t.GaussianBlur(3), t.RandomAdjustSharpness(2.0), t.RandomGamma()],
    "levels": [t.RandomEqualize(), t.RandomAutocontrast(), t.RandomSolarize(99)],
    "trivial": [t.TrivialAugmentWide()],
    "noise": [t.GaussianNoise()],
    "mixed": [t.AugMix()],
}
SHAPES = [(40, 28, 28), (40, 28, 28, 3), (23, 17, 31), (17, 5, 3, 3), (3, 70, 64, 3)]


def digests() -> dict[str, str]:
    """Sum up what every pipeline makes of images of every shape."""
    found = {"simd": medfast.build_info()["simd"]}
    rng = np.random.default_rng(5)
    for shape in SHAPES:
        images = rng.integers(0, 256, shape, dtype=np.uint8)
        for name, steps in PIPELINES.items():
            if name == "cut" and min(shape[1:3]) < 9:
                continue
            made = t.Compose(steps)(images, seed=3, epoch=1)
            found[f"{name} {shape}"] = hashlib.sha256(made.tobytes()).hexdigest()
        angles = rng.uniform(-180, 180, len(images))
        turned = functional.rotate(images, angles, interpolation="bilinear", fill=3)
        found[f"rotate {shape}"] = hashlib.sha256(turned.tobytes()).hexdigest()
    archive = io.BytesIO()
    pixels = np.cumsum(rng.integers(-3, 4, 5_000_000), dtype=np.int64).astype(np.uint8)
    np.savez_compressed(archive, pixels=pixels)
    read = medfast.load_npz(archive.getvalue())["pixels"]
    np.testing.assert_array_equal(read, pixels)
    found["npz"] = hashlib.sha256(read.tobytes()).hexdigest()
    labels, scores = rng.integers(0, 2, 5000), rng.normal(size=5000)
    found["AUC"] = float(medfast.roc_auc_score(labels, scores)).hex()
    return found


def in_a_child(switch: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MEDFAST_SIMD": switch}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )


def test_no_result_depends_on_vector_instructions() -> None:
    here = digests()
    if here["simd"] == "off":
        pytest.skip("this processor has no AVX2, or MEDFAST_SIMD=off is set")
    child = in_a_child("off", str(Path(__file__)))
    assert child.returncode == 0, child.stderr
    portable = json.loads(child.stdout)
    assert portable.pop("simd") == "off"
    del here["simd"]
    assert portable == here


def test_on_is_the_default() -> None:
    command = "import medfast; print(medfast.build_info()['simd'])"
    named = in_a_child("on", "-c", command).stdout
    assert named.strip() in ("avx2", "off")


def test_another_value_is_refused() -> None:
    child = in_a_child("of", "-c", "import medfast")
    assert child.returncode != 0
    assert 'expected the environment variable MEDFAST_SIMD as on or off, got "of"' in child.stderr


if __name__ == "__main__":
    sys.stdout.write(json.dumps(digests()))
