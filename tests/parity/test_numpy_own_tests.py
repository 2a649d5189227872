"""numpy's own tests of ``.npz`` files, run on ours.

They are taken from the installed package: its test modules are executed, and every test that saves
or loads an ``.npz``, or makes arrays go round through the format, is run for each of its
parameters with `open_npz` in the place of `numpy.load`, and again with `save_npz` in that of
`numpy.savez` and `numpy.savez_compressed` too. `EXCLUDED` lists all that is left out, and `WORDING`
what passes but for the wording of a message.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from medfast.errors import UnsupportedError
from medfast.npz import Limits, NpzFile, open_npz, save_npz

OBJECTS = "arrays of Python objects are neither read nor written"
EXCLUDED = {
    "test_io::TestSavezLoad.test_array_object": OBJECTS,
    "test_io::test_savez_nopickle": OBJECTS,
    "test_io::TestSavezLoad.test_load_non_npy": "a member that is no array is an error",
    "test_io::TestSavezLoad.test_closing_zipfile_after_load": "asks for numpy's `zip.fp`",
    "test_io::TestSavezLoad.test_BagObj": "there is no `f`",
    **{
        f"test_io::TestSavezLoad.test_repr_lists_keys[{count}]": "the repr is another one"
        for count in range(3)
    },
    "test_io::TestSaveTxt.test_large_zip": "writes an array of objects",
}
WORDING = {
    "test_format::test_huge_header_npz": "the message says how long the header is, and the limit",
}
SLOW = {"test_format::test_large_archive", "test_io::TestSavezLoad.test_big_arrays"}


class Loaded(NpzFile):
    """An open archive with what numpy's tests ask of theirs."""

    fid = None


def load(
    file: Any, *, allow_pickle: bool = False, max_header_size: int = 10_000, mmap_mode: Any = None
) -> Any:
    """Do what `numpy.load` does, with ours.

    numpy lifts the limit on headers from files that may hold pickles, and ignores `mmap_mode`.
    """
    del mmap_mode
    most = 1 << 30 if allow_pickle else max_header_size
    archive = open_npz(file, limits=Limits(max_header_bytes=most))
    archive.__class__ = Loaded
    return archive


def save(level: int) -> Callable[..., None]:
    def savez(file: Any, *args: Any, **named: Any) -> None:
        arrays = {**named, **{f"arr_{index}": array for index, array in enumerate(args)}}
        if isinstance(file, (str, os.PathLike)):
            path = os.fspath(file)
            save_npz(path if path.endswith(".npz") else f"{path}.npz", arrays, level=level)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.npz")  # noqa: PTH118
            save_npz(path, arrays, level=level)
            file.write(Path(path).read_bytes())

    return savez


class Numpy:
    """numpy, but for what is to be tested."""

    def __init__(self, **ours: Any) -> None:
        vars(self).update(ours)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


READS = Numpy(load=load)
READS_AND_WRITES = Numpy(load=load, savez=save(0), savez_compressed=save(6))


def through_npz(numpy: Any, array: np.ndarray, cut: int = 0) -> np.ndarray:
    if array.dtype.hasobject:
        file = io.BytesIO()
        np.savez(file, array)
        with pytest.raises(UnsupportedError):
            open_npz(file.getvalue())["arr_0"]
        return array
    file = io.BytesIO()
    numpy.savez_compressed(file, array)
    content = file.getvalue()
    return open_npz(content[: len(content) - cut])["arr_0"]


def load_module(name: str) -> ModuleType:
    spec = importlib.util.find_spec(f"numpy.lib.tests.{name}")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    return module


MODULES = {name: load_module(name) for name in ("test_format", "test_io")}
ROUND = {"roundtrip", "roundtrip_randsize", "roundtrip_truncated"}


def names_of(code: Any) -> set[str]:
    constants = (constant for constant in code.co_consts if inspect.iscode(constant))
    return set(code.co_names).union(*map(names_of, constants))


def functions(module: ModuleType) -> Iterator[tuple[str, Any, FunctionType]]:
    for name, thing in vars(module).items():
        if name.startswith("test_") and isinstance(thing, FunctionType):
            yield name, None, thing
        elif inspect.isclass(thing) and name.startswith("Test"):
            for method in dir(thing):
                if method.startswith("test_"):
                    yield f"{name}.{method}", thing, getattr(thing, method)


def is_of_npz(module: str, owner: Any, function: FunctionType) -> bool:
    names = names_of(inspect.unwrap(function).__code__)
    if owner is not None and owner.__name__ == "TestSavezLoad":
        return True
    return bool(names & {"savez", "savez_compressed"}) or (
        module == "test_format" and bool(names & ROUND)
    )


def cases() -> Iterator[tuple[str, tuple[str, Any, FunctionType, dict[str, Any]]]]:
    for module_name, module in MODULES.items():
        for name, owner, function in functions(module):
            if not is_of_npz(module_name, owner, function):
                continue
            axes = []
            for mark in getattr(function, "pytestmark", []):
                if mark.name == "parametrize":
                    names = [word.strip() for word in mark.args[0].split(",")]
                    rows = [row if len(names) > 1 else [row] for row in mark.args[1]]
                    axes.append([dict(zip(names, row, strict=True)) for row in rows])
            for index, choice in enumerate(itertools.product(*axes)):
                arguments = {key: value for values in choice for key, value in values.items()}
                label = f"{module_name}::{name}" + (f"[{index}]" if axes else "")
                yield label, (module_name, owner, function, arguments)


CASES = dict(cases())
RUN = {name: case for name, case in CASES.items() if name not in EXCLUDED}


def run(name: str, numpy: Any, request: pytest.FixtureRequest) -> None:
    module_name, owner, function, arguments = CASES[name]
    module = MODULES[module_name]
    for parameter in inspect.signature(inspect.unwrap(function)).parameters:
        if parameter in ("tmpdir", "tmp_path"):
            arguments = {**arguments, parameter: request.getfixturevalue(parameter)}
    ours = {"np": numpy}
    if module_name == "test_format":
        ours["roundtrip"] = ours["roundtrip_randsize"] = lambda array: through_npz(numpy, array)
        ours["roundtrip_truncated"] = lambda array: through_npz(numpy, array, cut=1)
    own_arguments = () if owner is None else (owner(),)
    with mock.patch.multiple(module, **ours), warnings.catch_warnings():
        # A warning that no test expects fails nothing there.
        warnings.simplefilter("ignore")
        function(*own_arguments, **arguments)


def check(name: str, numpy: Any, request: pytest.FixtureRequest) -> None:
    if name not in WORDING:
        run(name, numpy, request)
        return
    with pytest.raises(AssertionError, match="pattern did not match"):
        run(name, numpy, request)
    shim = SimpleNamespace(
        raises=lambda kind, **_: pytest.raises(kind), warns=lambda kind, **_: pytest.warns(kind)
    )
    with mock.patch.object(MODULES[CASES[name][0]], "pytest", shim):
        run(name, numpy, request)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in RUN]
)
def test_numpys_own_reading(name: str, request: pytest.FixtureRequest) -> None:
    check(name, READS, request)


# It expects numpy's warning that a header of version 2.0 is written, which says nothing new.
WARNS = {"test_format::test_huge_header_npz"}


@pytest.mark.parametrize("name", sorted(RUN.keys() - SLOW - WARNS))
def test_numpys_own_reading_and_writing(name: str, request: pytest.FixtureRequest) -> None:
    check(name, READS_AND_WRITES, request)


def test_the_lists_name_tests() -> None:
    assert EXCLUDED.keys() | WORDING.keys() | SLOW | WARNS <= CASES.keys()
    assert len(RUN) > 30


def test_ours_is_what_runs(request: pytest.FixtureRequest) -> None:
    ours = Numpy(load=mock.Mock(wraps=load), savez=mock.Mock(wraps=save(0)))
    run("test_io::test_npzfile_dict", ours, request)
    assert ours.load.called
    assert ours.savez.called
