"""Training, against the MedMNIST authors' script: the loader, the network, an epoch, the start.

Before anything is timed, medfast and the script train in float32 from the same weights on the same
images in the same order, and have to give the same losses, the same scores and the same AUC.

On the CPU an epoch is one of breastmnist with ResNet-18. Where there is a GPU all is timed there,
on bloodmnist, with several networks and batch sizes; that has not been run yet.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from arithmetic import peak, synchronize
from medfast.training.run_folder import RunFolder
from work import DEVICE, FLAG, Work, epoch_of, steps_of

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from medfast.training.loop import Loop

CUDA = DEVICE == "cuda"
WORKS = [Work("resnet18", 28, 128)]
if CUDA:
    WORKS += [Work("resnet18", 28, 512), Work("resnet18", 28, 1024)]
    WORKS += [Work("resnet50", 28, 128), Work("resnet50", 28, 1024), Work("resnet18", 224, 128)]

# A GPU is waited for after the last of several steps, as in training.
STEPS = 20 if CUDA else 1
ROUNDS = 5 if CUDA else 3

CONTIGUOUS, CHANNELS_LAST = torch.contiguous_format, torch.channels_last
NETWORKS: dict[str, tuple[dict[str, Any], torch.memory_format]] = {
    "medfast": ({}, CHANNELS_LAST),
    "contiguous": ({}, CONTIGUOUS),
    "float32": ({"precision": "fp32"}, CHANNELS_LAST),
    "float32, contiguous": ({"precision": "fp32"}, CONTIGUOUS),
}
if CUDA:
    NETWORKS["compiled"] = ({"compile": True}, CHANNELS_LAST)

EPOCHS: dict[str, dict[str, Any]] = {"medfast": {}, "medfast, float32": {"precision": "fp32"}}
if CUDA:
    EPOCHS["medfast, compiled"] = {"compile": True}
SCRIPT = "the authors' script"

STARTS = {
    "medfast": """
import os
from medfast.training.loop import Loop
Loop.train_step = lambda *arguments: os._exit(0)
from medfast.cli.__main__ import main
main()
""",
    "import torch": "import torch",
    SCRIPT: f"""
import os
from authors_script import AuthorsScript
script = AuthorsScript({FLAG!r}, os.environ["MEDMNIST_ROOT"], device={DEVICE!r})
next(iter(script.batches("train", shuffle=True)))
""",
}


@pytest.fixture(scope="module", params=WORKS, ids=str)
def work(request: pytest.FixtureRequest, medmnist_root: Path) -> Work:
    """Name the work, after checking that both ways give the same answer."""
    work: Work = request.param
    if not (medmnist_root / f"{FLAG}.npz").is_file():
        pytest.skip(f"no {FLAG}.npz in {medmnist_root}")
    loop, script = work.loop("fp32"), work.script()
    script.network.load_state_dict(loop.state.model.state_dict())
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        order = loop.loader.order(0)[: 2 * work.batch].tolist()
        theirs = script.train(script.batches("train", order=order))
        ours = losses(loop, len(theirs))
        assert ours[0] == pytest.approx(theirs[0], rel=2e-5)
        # Adam's first step has one size, also where a gradient is nothing but roundings.
        assert ours[1] == pytest.approx(theirs[1], rel=1e-2)

        loop.state.model.load_state_dict(script.network.state_dict())
        found, (scores, auc, acc) = loop.score("val"), script.score("val")
        np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-4)
        assert found.evaluation.auc == pytest.approx(auc, abs=1e-3)
        assert found.evaluation.acc == pytest.approx(acc, abs=1e-2)
    return work


def losses(loop: Loop, steps: int) -> list[float]:
    batches = zip(range(steps), loop.loader.tensors(loop.compute.device), strict=False)
    return [loop.train_step(*batch, 0, step)[0].item() for step, batch in batches]


@pytest.fixture(scope="module")
def bf16_peak() -> float:
    return peak(torch.device(DEVICE), torch.bfloat16)


@pytest.mark.parametrize("peer", ["medfast", SCRIPT])
def bench_loader(benchmark: BenchmarkFixture, work: Work, peer: str) -> None:
    images = len(work.dataset.splits["train"])
    benchmark.group = f"the loader of an epoch alone: {work}"
    benchmark.extra_info.update(peer=peer, items=images, unit="images")
    loop, script = work.loop(), work.script()

    def run() -> int:
        count = 0
        if peer == "medfast":
            for batch, _ in loop.loader.tensors(loop.compute.device):
                count += len(batch)
        else:
            for batch, _ in script.batches("train", shuffle=True):
                count += len(batch.to(script.device))
        synchronize(loop.compute.device)
        return count

    assert benchmark.pedantic(run, rounds=10, warmup_rounds=1) == images


@pytest.mark.parametrize("peer", NETWORKS)
def bench_network(benchmark: BenchmarkFixture, work: Work, bf16_peak: float, peer: str) -> None:
    settings, memory_format = NETWORKS[peer]
    loop = work.loop(**settings)
    benchmark.group = f"steps of the network alone: {work}"
    benchmark.extra_info.update(peer=peer, items=STEPS * work.batch, unit="images")
    with loop.compute.settings():
        run = steps_of(loop, STEPS, memory_format)
        benchmark.pedantic(run, rounds=5, warmup_rounds=1)
    benchmark.extra_info["precision"] = loop.compute.precision
    if benchmark.enabled:
        rate = STEPS * work.operations / benchmark.stats.stats.median
        benchmark.extra_info.update(tflops=rate / 1e12, share_of_bf16_peak=rate / bf16_peak)


@pytest.mark.parametrize("peer", [*EPOCHS, SCRIPT])
@pytest.mark.parametrize("scored", [True, False], ids=["whole", "training alone"])
def bench_epoch(
    benchmark: BenchmarkFixture, work: Work, tmp_path: Path, peer: str, *, scored: bool
) -> None:
    """Time an epoch with what follows it, medfast's checkpoint included, and the training alone.

    medfast scores val after each epoch; the script scores train, val and test.
    """
    part = "an epoch, training and scoring" if scored else "the training of an epoch alone"
    benchmark.group = f"{part}: {work}"
    images = len(work.dataset.splits["train"])
    benchmark.extra_info.update(peer=peer, items=images, unit="images")
    if peer == SCRIPT:
        script = work.script()
        benchmark.pedantic(script.epoch, kwargs={"scored": scored}, rounds=ROUNDS, warmup_rounds=1)
        return
    loop = work.loop(**EPOCHS[peer])
    run = epoch_of(loop, RunFolder.create(tmp_path), scored=scored)
    with loop.compute.settings():
        benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    stalls = [row.stall for row in loop.state.history[-ROUNDS:]]
    benchmark.extra_info.update(precision=loop.compute.precision, stall=statistics.median(stalls))


@pytest.mark.usefixtures("medmnist_root")
@pytest.mark.parametrize("peer", STARTS)
def bench_start(benchmark: BenchmarkFixture, tmp_path: Path, peer: str) -> None:
    """Time a new process until it is about to take its first training step."""
    benchmark.group = f"from the start of a process to its first step: {FLAG}, {DEVICE}"
    benchmark.extra_info.update(peer=peer, items=1, unit="starts")
    command = [sys.executable, "-c", STARTS[peer]]
    if peer == "medfast":
        command += ["train", "--dataset", FLAG]
    paths = [str(Path(__file__).parent / "training"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def run() -> None:
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)  # noqa: S603

    benchmark.pedantic(run, rounds=5, warmup_rounds=1)
