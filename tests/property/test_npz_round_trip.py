"""Whatever numpy writes comes back as numpy reads it."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from medfast.npz import load_npz

if TYPE_CHECKING:
    from collections.abc import Callable

dtypes = st.one_of(
    st_numpy.scalar_dtypes(),
    st_numpy.byte_string_dtypes(),
    st_numpy.unicode_string_dtypes(),
    st_numpy.nested_dtypes(
        st.one_of(st_numpy.scalar_dtypes(), st_numpy.byte_string_dtypes()), max_itemsize=200
    ),
).filter(lambda dtype: dtype.subdtype is None)
arrays = st_numpy.arrays(dtypes, st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0))
keys = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\:"), min_size=1, max_size=20)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    members=st.dictionaries(keys.filter(lambda key: not key.endswith(".npy")), arrays, max_size=4),
    compressed=st.booleans(),
    fortran=st.booleans(),
    threads=st.integers(1, 3),
)
def test_round_trip(
    assert_same_arrays: Callable[..., None],
    members: dict[str, np.ndarray],
    compressed: bool,
    fortran: bool,
    threads: int,
) -> None:
    if fortran:
        members = {key: np.asfortranarray(array) for key, array in members.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "set.npz")
        save = np.savez_compressed if compressed else np.savez
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Stored array in format [23].0", UserWarning)
            save(path, **members)
        ours = load_npz(path, threads=threads)
        with np.load(path) as file:
            theirs = dict(file)
    assert_same_arrays(ours, theirs)
