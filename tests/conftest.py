"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np


# Machines are noisy: no example fails for the time that it took.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# What tests import is no test itself, and running its doctests would import it twice.
collect_ignore = ["support"]

# Ignored where the tests were started in the background, and then in the processes that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def medmnist_root() -> Path:
    """The folder of real files; tests that need it are skipped, with the reason, without it."""
    root = os.environ.get("MEDMNIST_ROOT")
    if not root:
        pytest.skip("MEDMNIST_ROOT is not set: no real MedMNIST files")
    if not Path(root, "breastmnist.npz").is_file():
        pytest.skip(f"no breastmnist.npz in MEDMNIST_ROOT={root}")
    return Path(root)


@pytest.fixture(scope="session")
def assert_same_arrays() -> Callable[[Mapping[str, np.ndarray], Mapping[str, np.ndarray]], None]:
    """The check that what one reader read is what another did, bit for bit.

    Two things are left out that have no meaning: the strides of arrays without elements, and
    padding between fields, which numpy leaves uninitialised.
    """

    def field_bytes(array: np.ndarray) -> list[bytes]:
        if array.dtype.names is None:
            return [array.tobytes("A")]
        return [part for name in array.dtype.names for part in field_bytes(array[name])]

    def check(ours: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]) -> None:
        assert list(ours) == list(theirs)
        for key, expected in theirs.items():
            array = ours[key]
            assert array.dtype == expected.dtype
            assert array.dtype.fields == expected.dtype.fields
            assert array.shape == expected.shape
            assert array.strides == expected.strides or array.size == 0
            assert array.flags.c_contiguous == expected.flags.c_contiguous
            assert array.flags.f_contiguous == expected.flags.f_contiguous
            assert array.flags.aligned == expected.flags.aligned
            assert array.flags.writeable
            assert field_bytes(array) == field_bytes(expected)

    return check
