"""What the steps of an epoch add up to, and the wait for data."""

from __future__ import annotations

import json
import time

import pytest
import torch

from medfast.training.meter import EpochMeter


def test_the_mean_loss_weighs_images() -> None:
    meter = EpochMeter(0)
    meter.add(torch.tensor(1.0), torch.tensor(2.0), 3)
    meter.add(torch.tensor(4.0), torch.tensor(3.0), 1)
    assert meter.mean_loss() == 1.75
    assert meter.mean_norm() == 2.5


def test_a_meter_goes_on_from_what_it_wrote() -> None:
    whole, part = EpochMeter(2), EpochMeter(2)
    for loss, images in ((1.0, 3), (0.1, 4)):
        whole.add(torch.tensor(loss), torch.tensor(0.5), images)
        part.add(torch.tensor(loss), torch.tensor(0.5), images)
    later = EpochMeter(**json.loads(json.dumps(part.to_dict())))
    assert later.steps == 2
    assert later.latest == pytest.approx(0.1)
    for meter in (whole, later):
        meter.add(torch.tensor(0.7), torch.tensor(0.1), 1)
    assert later.mean_loss() == whole.mean_loss()
    assert later.seconds >= part.seconds


def test_the_stall_is_the_share_of_the_time_spent_waiting() -> None:
    meter = EpochMeter(0)
    meter.start()
    for _ in range(3):
        with meter.wait(torch.device("cpu")):
            time.sleep(0.02)
        meter.add(torch.tensor(1.0), torch.tensor(1.0), 2)
    assert meter.waited >= 0.06
    assert 0 < meter.stall() <= 1
    assert meter.images_per_second() <= 6 / 0.06


def test_a_gpu_that_computes_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a GPU, where there is none: a queue of work that the host runs ahead of."""
    now = done = 0.0  # of the host, and of what it has queued; milliseconds

    class Event:
        def __init__(self, *, enable_timing: bool) -> None:
            assert enable_timing

        def record(self, stream: object) -> None:
            assert stream == "present"
            self.at = max(now, done)

        def elapsed_time(self, later: Event) -> float:
            return later.at - self.at

    monkeypatch.setattr("torch.cuda.Event", Event)
    monkeypatch.setattr("torch.cuda.current_stream", lambda _device: "present")
    meter, device = EpochMeter(0), torch.device("cuda")
    # When a batch is ready, when its copy is on the device, and how long its step takes. Waited for
    # are the first, for 7 ms; the third, for 50 - (7 + 20 + 20); the copy of the last, for 75 - 70.
    for ready, copied, step in ((5, 7, 20), (16, 17, 20), (50, 50, 20), (60, 75, 20)):
        with meter.wait(device):
            now = max(now, ready)
            done = max(done, copied)
        done = max(now, done) + step
        meter.add(torch.tensor(1.0), torch.tensor(1.0), 2)
    meter.mean_loss()
    assert meter.waited == pytest.approx((7 + 0 + 3 + 5) / 1000)
    assert meter.to_dict()["waited"] == meter.waited


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_waits_where_it_has_nothing_to_do() -> None:
    device, waited = torch.device("cuda"), []
    for cycles in (0, 2_000_000_000):  # about a second
        meter = EpochMeter(0)
        torch.cuda.synchronize()
        torch.cuda._sleep(cycles)
        with meter.wait(device):
            time.sleep(0.05)
        meter.add(torch.ones((), device=device), torch.ones((), device=device), 2)
        meter.mean_loss()
        waited.append(meter.waited)
    assert waited[0] >= 0.05
    assert waited[1] < 0.01
