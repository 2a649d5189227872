"""The helper between Python and the native code: signals get through, other threads run."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import numpy as np
import pytest

from medfast.transforms import ColorJitter, Compose

# Read against the grain, so that the call takes long for its memory.
IMAGES = np.full((1, 128, 128, 3), 9, np.uint8)[..., ::-1]
PIPELINE = Compose([ColorJitter(contrast=(0.5, 0.5))])


class AlarmError(Exception):
    """What the handler raises."""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_signal_ends_a_long_call() -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        raise AlarmError

    # Memory that is not written to is not taken either.
    out = np.zeros((16_000, 3, 128, 128), np.uint8)
    before = signal.signal(signal.SIGALRM, handle)
    try:
        with pytest.raises(AlarmError):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            PIPELINE(IMAGES, index=np.zeros(len(out), np.int64), out=out, threads=1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert out[0].any()
    assert not out[-1].any()


def test_other_threads_run_during_a_call() -> None:
    out = np.zeros((2000, 3, 128, 128), np.uint8)
    seen_halfway = threading.Event()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if out[0, 0, 0, 0] and not out[-1, 0, 0, 0]:
                seen_halfway.set()
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    PIPELINE(IMAGES, index=np.zeros(len(out), np.int64), out=out, threads=1)
    done.set()
    watcher.join()
    assert seen_halfway.is_set()
