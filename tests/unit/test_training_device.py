"""Devices and precisions: words, defaults, and what is not there."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import torch

from medfast.errors import ConfigError
from medfast.training import device as device_module
from medfast.training.device import Compute, choose_compute
from medfast.training.run import train
from tiny_runs import tiny_dataset, tiny_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("native", "gain", "precision", "reason"),
    [
        (True, 2.0, "bf16", "convolutions are 2.0 times as fast"),
        (True, 1.1, "fp32", "1.1 times as fast here: too little"),
        (True, 0.5, "fp32", "0.5 times as fast here: too little"),
        (False, 2.0, "fp32", "has no bfloat16 arithmetic"),
    ],
)
def test_auto_precision_is_measured_where_the_processor_has_bfloat16(
    monkeypatch: pytest.MonkeyPatch, native: bool, gain: float, precision: str, reason: str
) -> None:
    device_module._cpu_precision.cache_clear()
    monkeypatch.setattr(device_module, "cpu_computes_bf16", lambda: native)
    monkeypatch.setattr(device_module, "_gain_of_bf16", lambda: gain)
    compute = choose_compute("cpu", "auto")
    device_module._cpu_precision.cache_clear()
    assert compute.precision == precision
    assert reason in compute.reason
    assert compute.precision in str(compute)


def test_the_timing_runs_and_leaves_the_threads_alone() -> None:
    before = torch.get_num_threads()
    assert device_module._gain_of_bf16(repeats=1) > 0
    assert torch.get_num_threads() == before


def test_other_programs_on_the_cores_do_not_turn_the_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Time that the process waits for a core does not count, nor does one pair that went amiss."""

    class Busy:
        """It takes seconds of the processor, and waits for others on it."""

        wall = cpu = 0.0

        def __init__(self, dtype: torch.dtype) -> None:
            self.waits = iter([9.0, 0.0, 50.0] if dtype == torch.bfloat16 else [0.0, 9.0, 0.0])
            self.costs = iter([1.0, 1.0, 8.0] if dtype == torch.bfloat16 else [2.0, 2.0, 2.0])

        def __call__(self) -> None:
            cost = next(self.costs)
            Busy.cpu += cost
            Busy.wall += cost + next(self.waits)

    monkeypatch.setattr(device_module, "_convolution", Busy)
    monkeypatch.setattr("time.thread_time", lambda: Busy.cpu)
    monkeypatch.setattr("time.perf_counter", lambda: Busy.wall)
    assert device_module._gain_of_bf16(repeats=3) == 2.0


def test_settings_are_put_back() -> None:
    before = torch.get_num_threads(), torch.backends.cudnn.benchmark
    compute = choose_compute("cpu", "fp32", threads=before[0] + 1)
    with pytest.raises(RuntimeError, match="within"), compute.settings():
        assert torch.get_num_threads() == before[0] + 1
        raise RuntimeError("within")
    assert (torch.get_num_threads(), torch.backends.cudnn.benchmark) == before


def strictness() -> tuple[bool, bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
    )


def refuse_products(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """Have torch make what refuses to be multiplied."""

    class Matrix:
        def mm(self, _other: object) -> None:
            raise RuntimeError(why)

    monkeypatch.setattr("torch.ones", lambda *_shape, **_options: Matrix())


@pytest.mark.parametrize("warn_only", [False, True])
def test_strictness_on_cuda(warn_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switches alone, which torch lets one set without a GPU."""
    monkeypatch.setattr("medfast.training.device._check_cublas", lambda _device: None)
    torch.use_deterministic_algorithms(warn_only, warn_only=warn_only)
    try:
        before, cuda = strictness(), torch.device("cuda", 0)
        with Compute(cuda, "fp32", "", deterministic=True).settings(tune=True):
            assert strictness() == (True, False, False)
        assert strictness() == before
        for tune in (False, True):
            with Compute(cuda, "fp32", "").settings(tune=tune):
                assert strictness() == (*before[:2], tune)
        assert strictness() == before
    finally:
        torch.use_deterministic_algorithms(False)


def test_a_product_that_came_before_determinism(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = Compute(torch.device("cuda", 0), "fp32", "", deterministic=True)
    refuse_products(monkeypatch, "set CUBLAS_WORKSPACE_CONFIG=:4096:8 or CUBLAS_WORKSPACE_...")
    with (
        pytest.raises(ConfigError, match="CUBLAS_WORKSPACE_CONFIG=:4096:8 before"),
        compute.settings(),
    ):
        pytest.fail("the block was entered")
    assert not torch.are_deterministic_algorithms_enabled()
    refuse_products(monkeypatch, "the GPU is on fire")
    with pytest.raises(RuntimeError, match="on fire"), compute.settings():
        pytest.fail("the block was entered")
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_compiled_step_trains_the_same_network(tmp_path: Path) -> None:
    runs = [
        train(
            tiny_recipe(epochs=2), tiny_dataset(), tmp_path / name, device="cpu", compile=compiled
        )
        for name, compiled in (("plain", False), ("compiled", True))
    ]
    plain, compiled = (run.summary["splits"]["test"] for run in runs)
    assert compiled["loss"] == pytest.approx(plain["loss"], rel=1e-3)
    environment = json.loads((runs[1].folder / "environment.json").read_text())
    assert environment["compile"] is True


def test_asked_precision_is_taken() -> None:
    for precision in ("fp32", "bf16"):
        compute = choose_compute("cpu", precision)
        with compute.autocast():
            product = torch.ones(2, 2) @ torch.ones(2, 2)
        assert product.dtype == (torch.bfloat16 if precision == "bf16" else torch.float32)


def test_seeding_is_torchs() -> None:
    choose_compute("cpu").seed(2**64 - 1)
    drawn = torch.rand(2)
    torch.manual_seed(2**64 - 1)
    assert torch.equal(torch.rand(2), drawn)


def test_only_the_gpu_of_the_run_is_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = torch.Generator(), torch.Generator()
    monkeypatch.setattr("torch.cuda.default_generators", (first, second))
    before = first.initial_seed()
    Compute(torch.device("cuda", 1), "fp32", "").seed(3)
    assert (first.initial_seed(), second.initial_seed()) == (before, 3)


def test_auto_is_the_present_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is asked for its own arithmetic, and gets a workspace that repeats its results."""
    asked: list[torch.device] = []

    @contextmanager
    def present(device: torch.device) -> Iterator[None]:
        asked.append(device)
        yield
        asked.clear()

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 1)
    monkeypatch.setattr("torch.cuda.device", present)
    monkeypatch.setattr(
        "torch.cuda.is_bf16_supported", lambda **_: asked == [torch.device("cuda", 1)]
    )
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    compute = choose_compute()
    assert (compute.device, compute.precision) == (torch.device("cuda", 1), "bf16")
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_own_randomness_leaves_the_callers() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    with choose_compute("cpu").own_randomness(1):
        first = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with choose_compute("cpu").own_randomness(1):
        assert torch.equal(torch.rand(2), first)
