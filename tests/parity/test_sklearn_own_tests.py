"""scikit-learn's own tests of the four ranking metrics, run on ours.

They are taken from the installed package: its test module is executed with our four functions
and our warning in the places of theirs, and every test function that reaches one of the four is
run for each of its parameters. `WORDING` lists all that does not pass as it is, and an entry that
begins to pass fails.
"""

from __future__ import annotations

import importlib.util
import inspect
import itertools
import warnings
from types import FunctionType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import sklearn.exceptions
import sklearn.metrics

import medfast.errors
import medfast.metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = {
    name: getattr(medfast.metrics, name)
    for name in (
        "average_precision_score",
        "precision_recall_curve",
        "roc_auc_score",
        "roc_curve",
    )
}

# Our sentence is another one: with `match` left out the test passes, so the kind of exception or
# warning is theirs, and so is every other assertion.
WORDING = {
    **dict.fromkeys(
        ["test_roc_curve_one_label", "test_roc_curve_toydata"],
        "the warning says which rate is not defined, without calling a value meaningless",
    ),
    "test_auc_score_non_binary_class": "one warning names all classes without an area",
    **{
        f"test_roc_auc_score_multiclass_labels_error[{multi_class}-labels{place}]": (
            "the message names both numbers and what to do"
        )
        for multi_class in ("ovo", "ovr")
        for place in (2, 4, 5, 6, 7)
    },
    "test_roc_auc_score_multiclass_error[kwargs2]": "an empty sample_weight is refused as empty",
    "test_roc_auc_score_multiclass_error[kwargs3]": "the message is one clause",
    **{
        f"test_confusion_matrix_at_thresholds_implicit_pos_label[{curve}]": (
            "the message lists the labels and asks for pos_label"
        )
        for curve in ("precision_recall_curve", "roc_curve")
    },
    **{
        f"test_confusion_matrix_at_thresholds_implicit_bytes_pos_label[{kind}-{curve}]": (
            "the message says what to do with bytes"
        )
        for kind in ("list", "array")
        for curve in ("precision_recall_curve", "roc_curve")
    },
    **{
        f"test_average_precision_score_{kind}_pos_label_errors": "the message says why"
        for kind in ("multilabel", "multiclass")
    },
}


def patched_tests() -> ModuleType:
    spec = importlib.util.find_spec("sklearn.metrics.tests.test_ranking")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    ours = medfast.errors.UndefinedMetricWarning
    with (
        mock.patch.multiple(sklearn.metrics, **OURS),
        mock.patch.object(sklearn.exceptions, "UndefinedMetricWarning", ours),
    ):
        spec.loader.exec_module(module)
    return module


MODULE = patched_tests()


def names_of(code: Any) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from names_of(constant)


def reaches_ours(function: FunctionType) -> bool:
    """Whether one of the four is named in the function, or in a helper that it calls."""
    names = set(names_of(function.__code__))
    called = (getattr(MODULE, name, None) for name in names)
    helpers = (
        target
        for target in called
        if isinstance(target, FunctionType) and target.__module__ == MODULE.__name__
    )
    return bool(names & OURS.keys()) or any(map(reaches_ours, helpers))


def label(values: dict[str, Any], place: int) -> str:
    def short(value: Any) -> str | None:
        if isinstance(value, (bool, int, float)) or value is None:
            return str(value)
        if isinstance(value, str):
            return value if value.isidentifier() else None
        return value.__name__ if isinstance(value, FunctionType) else None

    parts = [short(value) for value in values.values()]
    known = [part for part in parts if part is not None]
    return "-".join(known) if len(known) == len(parts) else f"{list(values)[-1]}{place}"


def cases() -> Iterator[tuple[str, FunctionType, dict[str, Any]]]:
    for test_name, function in vars(MODULE).items():
        if not (test_name.startswith("test_") and isinstance(function, FunctionType)):
            continue
        axes: list[list[tuple[str, dict[str, Any]]]] = []
        for mark in getattr(function, "pytestmark", []):
            if mark.name != "parametrize":
                continue
            names = mark.args[0]
            if isinstance(names, str):
                names = [name.strip() for name in names.split(",")]
            axis = []
            for place, given in enumerate(mark.args[1]):
                values = dict(zip(names, given if len(names) > 1 else [given], strict=True))
                axis.append((label(values, place), values))
            axes.append(axis)
        if "global_random_seed" in inspect.signature(function).parameters:
            axes.append([(f"seed{seed}", {"global_random_seed": seed}) for seed in (0, 42)])
        in_body = reaches_ours(function)
        for choice in itertools.product(*axes):
            arguments = {name: value for _, values in choice for name, value in values.items()}
            given = [value for value in arguments.values() if isinstance(value, FunctionType)]
            if in_body or any(value in OURS.values() for value in given):
                parts = "-".join(part for part, _ in choice)
                yield f"{test_name}[{parts}]" if parts else test_name, function, arguments


CASES = {name: (function, arguments) for name, function, arguments in cases()}


def run(name: str) -> None:
    function, arguments = CASES[name]
    with warnings.catch_warnings():
        # A warning that no test expects fails nothing there.
        warnings.simplefilter("ignore")
        function(**arguments)


def run_whatever_the_words(name: str) -> None:
    """Run a test with the argument `match` of pytest left out."""

    shim = SimpleNamespace(
        raises=lambda kind, **_: pytest.raises(kind),
        warns=lambda kind, **_: pytest.warns(kind),
        approx=pytest.approx,
    )
    with mock.patch.object(MODULE, "pytest", shim):
        run(name)


@pytest.mark.parametrize("name", CASES)
def test_scikit_learns_own(name: str) -> None:
    if name in WORDING:
        with pytest.raises((AssertionError, pytest.fail.Exception), match="pattern did not match"):
            run(name)
        run_whatever_the_words(name)
    else:
        run(name)


def test_the_list_of_other_words_names_tests() -> None:
    assert set(WORDING) <= set(CASES)


def test_each_of_the_four_is_reached() -> None:
    assert len(CASES) > 80
    ran = {name: mock.Mock(wraps=ours) for name, ours in OURS.items()}
    with mock.patch.multiple(MODULE, **ran):
        for case in ("test_roc_curve[True]", "test_precision_recall_curve[True]"):
            run(case)
    assert all(function.called for function in ran.values())
