"""Devices and precisions: words, defaults, and what is not there."""

from __future__ import annotations

import pytest
import torch

from medfast.errors import ConfigError
from medfast.training import device as device_module
from medfast.training.device import choose_compute

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gpu", "auto"), "unknown device 'gpu'"),
        (("cuda:x", "auto"), "unknown device 'cuda:x'; did you mean 'cuda:0'?"),
        (("cpu", "bf61"), "unknown precision 'bf61'; did you mean 'bf16'?"),
        (("cpu", "fp16"), "unknown precision 'fp16'"),
    ],
)
def test_unknown_words(words: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        choose_compute(*words)
    assert message in str(error.value)


@without_gpu
@pytest.mark.parametrize("word", ["cuda", "cuda:0", "cuda:7"])
def test_cuda_where_there_is_none(word: str) -> None:
    with pytest.raises(ConfigError, match=f"device '{word}' asked for, but torch .*; use cpu"):
        choose_compute(word)


@without_gpu
def test_auto_is_the_cpu_without_a_gpu() -> None:
    assert choose_compute().device == torch.device("cpu")


@pytest.mark.parametrize(("native", "precision"), [(True, "bf16"), (False, "fp32")])
def test_auto_precision_follows_the_processor(
    monkeypatch: pytest.MonkeyPatch, native: bool, precision: str
) -> None:
    monkeypatch.setattr(device_module, "_cpu_computes_bf16", lambda: native)
    compute = choose_compute("cpu", "auto")
    assert compute.precision == precision
    assert "this processor has" in compute.reason
    assert compute.precision in str(compute)


def test_asked_precision_is_taken() -> None:
    for precision in ("fp32", "bf16"):
        compute = choose_compute("cpu", precision)
        with compute.autocast():
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)


def test_own_randomness_leaves_the_callers() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with choose_compute("cpu").own_randomness(1):
        first = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with choose_compute("cpu").own_randomness(1):
        assert torch.equal(torch.rand(2), first)
