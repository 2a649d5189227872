"""Areas of samples that come in batches: those of all samples at once."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
import textwrap
import threading
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest

from medfast.errors import (
    ConfigError,
    InvalidValueError,
    ShapeError,
    UndefinedMetricWarning,
    UnsupportedError,
)
from medfast.metrics import BinnedRocAuc, RocAuc, roc_auc_score

TASKS = ("binary", "multi-class", "ordinal", "multi-label")
CLASSES = 4


def samples(task: str, n: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    if task == "binary":
        truth: Any = rng.integers(0, 2, n)
        return truth, rng.integers(0, 50, n) / np.float32(50) + truth.astype(np.float32) / 9
    scores = (rng.integers(0, 50, (n, CLASSES)) / 50).astype(np.float32)
    if task == "multi-label":
        return rng.integers(0, 2, (n, CLASSES)), scores
    truth = rng.integers(0, CLASSES, n)
    truth[:CLASSES] = np.arange(CLASSES)
    return truth, scores


def at_once(task: str, truth: Any, scores: Any, average: Any = "macro") -> Any:
    if task in ("binary", "multi-label"):
        return roc_auc_score(truth, scores, average=average)
    indicator = np.eye(CLASSES, dtype=int)[truth]
    return roc_auc_score(indicator, scores, average=average)


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_batches_give_what_all_samples_give(task: str, average: Any, batch: int) -> None:
    truth, scores = samples(task, 300)
    metric = RocAuc(task, average=average)
    for start in range(0, 300, batch):
        metric.update(truth[start : start + batch], scores[start : start + batch])
    assert metric.n_samples == 300
    expected = at_once(task, truth, scores, average)
    assert np.array_equal(metric.compute(), expected)
    assert np.array_equal(metric.compute(), expected)  # computing changes nothing
    metric.reset()
    assert metric.n_samples == 0


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
@pytest.mark.parametrize("task", TASKS)
def test_merging_does_not_depend_on_the_order(task: str, kind: Any) -> None:
    truth, scores = samples(task, 240)
    cuts = [0, 17, 100, 240]
    parts = []
    for start, stop in pairwise(cuts):
        part = kind(task)
        part.update(truth[start:stop], scores[start:stop])
        parts.append(part)
    found = set()
    for order in permutations(parts):
        merged = kind(task)
        merged.merge(*order)
        found.add(merged.compute())
        assert merged.n_samples == 240
        one_by_one = kind(task)
        for part in order:
            one_by_one.merge(part)
        found.add(one_by_one.compute())
    assert len(found) == 1
    assert [part.n_samples for part in parts] == [17, 83, 140]


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
def test_merging_with_itself_counts_every_sample_twice(kind: Any) -> None:
    truth, scores = samples("multi-class", 100)
    metric = kind("multi-class")
    metric.update(truth, scores)
    area = metric.compute()
    metric.merge(metric, metric)
    assert metric.n_samples == 400
    assert metric.compute() == area


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
@pytest.mark.parametrize("task", TASKS)
def test_states_go_through_files_pickles_and_copies(task: str, kind: Any) -> None:
    metric = kind(task)
    for restored in (kind(task), kind(task, num_classes=None if task == "binary" else CLASSES)):
        restored.load_state_dict(metric.state_dict())
        assert restored.n_samples == 0
    metric.update(*samples(task, 50))
    file = io.BytesIO()
    np.savez(file, **metric.state_dict())
    file.seek(0)
    restored = kind(task)
    restored.update(*samples(task, 9, seed=1))  # replaced
    with np.load(file) as state:
        restored.load_state_dict(dict(state))
    for twin in (
        restored,
        copy.copy(metric),
        copy.deepcopy(metric),
        pickle.loads(pickle.dumps(metric)),  # noqa: S301
    ):
        assert twin.n_samples == 50
        assert twin.compute() == metric.compute()
        twin.update(*samples(task, 5, seed=2))
        assert twin.n_samples == 55
    assert metric.n_samples == 50


def test_a_state_is_a_copy() -> None:
    metric = RocAuc()
    metric.update(*samples("binary", 50))
    area = metric.compute()
    state = metric.state_dict()
    state["y_score"][:] = 0
    assert metric.compute() == area
    truth, scores = samples("binary", 50)
    other = RocAuc()
    other.update(truth, scores)
    scores[:] = 0
    assert other.compute() == area


def test_growth_copies_rarely_and_keeps_float32() -> None:
    metric = RocAuc()
    grown = 0
    room = -1
    for start in range(20_000):
        metric.update([start % 2], np.array([start], np.float32))
        grown += len(metric._scores) != room
        room = len(metric._scores)
        assert room <= 1.125 * metric.n_samples + 2
    assert grown < 100
    assert metric.state_dict()["y_score"].dtype == np.float32
    assert metric.state_dict()["y_true"].itemsize == 1


def test_precisions_mix_without_loss() -> None:
    first = (np.array([0, 1]), np.array([0.1, 0.2], np.float32))
    second = (np.array([1, 0]), np.array([0.1, np.nextafter(0.2, 1)]))
    expected = roc_auc_score([0, 1, 1, 0], np.concatenate([first[1].astype(float), second[1]]))
    for batches in ((first, second), (second, first)):
        metric = RocAuc()
        for batch in batches:
            metric.update(*batch)
        assert metric.compute() == expected
    metric.update([1, 0], np.array([3, 2**53]))
    assert metric.state_dict()["y_score"].dtype == np.float64
    with pytest.raises(UnsupportedError, match=r"int64 beyond 2\*\*53"):
        metric.update([1], np.array([2**53 + 1]))
    assert metric.n_samples == 6
    integers = RocAuc()
    integers.update([0, 1], np.array([2**60, 2**60 + 1]))
    assert integers.compute() == 1.0
    with pytest.raises(UnsupportedError, match="beyond"):
        integers.update([0], [0.5])
    floats = RocAuc()
    floats.update([0, 1], [0.1, 0.2])
    with pytest.raises(UnsupportedError, match="beyond"):
        floats.merge(metric, integers)
    assert floats.n_samples == 2  # nothing is taken


def test_other_threads_may_compute_while_batches_come() -> None:
    metric = RocAuc()
    metric.update([0, 1], np.array([0.0, 1.0], np.float32))
    failures = []

    def compute() -> None:
        try:
            for _ in range(200):
                assert metric.compute() == 1.0
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(300):
        metric.update(np.repeat([0, 1], 40), np.repeat(np.array([0, 1], np.float32), 40))
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
def test_the_undefined(kind: Any) -> None:
    truth, scores = np.array([0, 1, 0, 1]), np.full((4, 3), 1 / 3, np.float32)
    metric = kind("multi-class", average=None)
    metric.update(truth, scores)
    with pytest.warns(UndefinedMetricWarning, match="class 2") as caught:
        assert np.array_equal(metric.compute(), [0.5, 0.5, np.nan], equal_nan=True)
    assert caught[0].filename == __file__
    metric = kind("multi-class", undefined="skip")
    metric.update(truth, scores)
    with pytest.warns(UndefinedMetricWarning, match=r"class 2.*left out"):
        assert metric.compute() == 0.5
    metric = kind("multi-class", undefined="raise")
    metric.update(truth, scores)
    with pytest.raises(InvalidValueError, match="class 2"):
        metric.compute()
    metric = kind()
    metric.update([1, 1], [0.1, 0.2])
    with pytest.warns(UndefinedMetricWarning) as caught:
        assert np.isnan(metric.compute())
    assert caught[0].filename == __file__
    with pytest.raises(ShapeError, match="no samples"):
        kind().compute()


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
def test_a_refused_batch_changes_nothing(kind: Any) -> None:
    metric = kind("multi-class", num_classes=3)
    metric.update([0, 1, 2], np.eye(3))
    bad = [
        (
            [0, 1],
            np.eye(3)[:2] * np.nan,
            InvalidValueError,
            r"y_score\[0, 0\] is NaN",
        ),
        ([0, 3], np.eye(3)[:2], InvalidValueError, "is 3"),
        ([0, 1], np.eye(2), ShapeError, "2 columns"),
        ([0, 1], np.eye(3), ShapeError, "shape"),
    ]
    for truth, scores, error, match in bad:
        with pytest.raises(error, match=match):
            metric.update(truth, scores)
        assert metric.n_samples == 3
        assert metric.compute() == 1.0
    binary = kind()
    with pytest.raises(InvalidValueError, match=r"y_score\[1\] is NaN"):
        binary.update([0, 1], [0.5, np.nan])


def test_bad_options_and_states() -> None:
    with pytest.raises(ConfigError, match="binary"):
        RocAuc("binray")
    with pytest.raises(ConfigError, match="macro"):
        RocAuc("multi-class", average="makro")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="undefined"):
        RocAuc(undefined="zero")  # type: ignore[arg-type]
    for task, count in (("multi-class", 1), ("multi-class", 2.5), ("binary", 3)):
        with pytest.raises(ConfigError, match="num_classes"):
            RocAuc(task, num_classes=count)  # type: ignore[arg-type]
    for options in (
        {"bins": 1},
        {"bins": 1.5},
        {"bins": 10**13},
        {"low": 1},
        {"high": np.inf},
        {"low": np.nan},
        {"low": "a"},
        {"low": None},
        {"high": 1e-310},
    ):
        with pytest.raises(ConfigError):
            BinnedRocAuc(**options)  # type: ignore[arg-type]
    metric = RocAuc("multi-label", num_classes=2)
    with pytest.raises(ConfigError, match="y_true"):
        metric.load_state_dict({"y_score": np.zeros(2)})
    with pytest.raises(ConfigError, match="different things"):
        metric.merge(RocAuc("multi-class"))
    with pytest.raises(ConfigError, match="different things"):
        metric.merge(BinnedRocAuc("multi-label"))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="classes differ"):
        metric.merge(RocAuc("multi-label", num_classes=3))
    for other in (None, {}, [metric]):
        with pytest.raises(ConfigError, match="different things"):
            metric.merge(other)
    with pytest.raises(ShapeError):
        metric.load_state_dict({"y_true": [], "y_score": [[0.1, 0.2]]})
    for kind in (RocAuc, BinnedRocAuc):
        with pytest.raises(ConfigError, match="got NoneType"):
            kind().load_state_dict(None)
    binned = BinnedRocAuc(bins=4)
    with pytest.raises(ConfigError, match="different things"):
        binned.merge(BinnedRocAuc(bins=5))
    for counts, match in (
        (np.zeros((2, 1, 5), np.int64), r"\(2, 1, 4\)"),
        (np.zeros((2, 1, 4)), "float64"),
        (np.full((2, 1, 4), -1), "negative"),
        (np.full((2, 1, 4), 2**61), "damaged"),
    ):
        with pytest.raises(ConfigError, match=match):
            binned.load_state_dict({"counts": counts, "range": [0.0, 1.0]})
    several = BinnedRocAuc("multi-class", bins=4)
    with pytest.raises(ConfigError, match="as many for every class"):
        counts = np.arange(16).reshape(2, 2, 4)
        several.load_state_dict({"counts": counts, "range": [0.0, 1.0]})
    for limits in ([], 1.0, None, ["a", "b"]):
        with pytest.raises(ConfigError, match="range must be two numbers"):
            binned.load_state_dict({"counts": np.zeros((2, 1, 4), np.int64), "range": limits})
    with pytest.raises(ConfigError, match=r"from 0\.0 to 2\.0"):
        binned.load_state_dict({"counts": np.zeros((2, 1, 4), np.int64), "range": [0.0, 2.0]})
    assert repr(metric) == "RocAuc('multi-label', num_classes=2, n_samples=0)"


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("bins", [2, 7, 64, 65536])
def test_bins_are_within_their_bound(task: str, average: Any, bins: int) -> None:
    truth, scores = samples(task, 400, seed=3)
    scores = (scores + np.random.default_rng(0).random(scores.shape) / 50).astype(np.float32)
    metric = BinnedRocAuc(task, average=average, bins=bins)
    for start in range(0, 400, 90):
        metric.update(truth[start : start + 90], scores[start : start + 90])
    exact = at_once(task, truth, scores, average)
    error, bound = np.abs(metric.compute() - exact), metric.error_bound()
    assert np.all(error <= bound + 1e-15)
    assert np.any(bound > 0) or bins == 65536
    if bins == 65536:
        assert np.all(bound < 1e-3)


def test_bins_that_tell_the_scores_apart_are_exact() -> None:
    truth, scores = samples("binary", 500)
    metric = BinnedRocAuc(low=-1, high=2, bins=3000)
    metric.update(truth, scores)
    assert metric.compute() == roc_auc_score(truth, scores)


def test_the_bound_is_reached() -> None:
    metric = BinnedRocAuc(bins=2)
    metric.update([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4])
    assert (metric.compute(), metric.error_bound()) == (0.5, 0.5)


def test_scores_outside_count_in_the_outer_bins() -> None:
    metric = BinnedRocAuc(bins=4)
    metric.update([0, 1, 0, 1], [-np.inf, np.inf, -5.0, 1e300])
    assert (metric.compute(), metric.error_bound()) == (1.0, 0.0)
    metric.update([0, 1], np.array([2, 1]))
    assert metric.error_bound() == pytest.approx(3 / 18)


def test_counts_beyond_64_bits() -> None:
    metric = BinnedRocAuc(bins=2)
    many = 2**40
    state = {"counts": np.array([[[2 * many, many]], [[many, 2 * many]]]), "range": [0.0, 1.0]}
    metric.load_state_dict(state)
    assert metric.compute() == (2 * 2 + (2 + 2) / 2) / 9
    assert metric.error_bound() == 4 / 18


@pytest.mark.parametrize("kind", [RocAuc, BinnedRocAuc])
def test_gathering_without_processes_is_a_copy(kind: Any) -> None:
    metric = kind("multi-class")
    metric.update(*samples("multi-class", 60))
    gathered = metric.all_gather()
    assert gathered.compute() == metric.compute()
    gathered.reset()
    assert metric.n_samples == 60


def test_metrics_do_not_import_torch() -> None:
    code = """
        import sys
        from medfast.metrics import RocAuc
        metric = RocAuc()
        metric.update([0, 1], [0.1, 0.2])
        assert metric.all_gather().compute() == 1.0
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


GATHER = """
    import os, sys
    import numpy as np
    import torch.distributed as dist
    from medfast.metrics import BinnedRocAuc, RocAuc

    rank, folder = int(sys.argv[1]), sys.argv[2]
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    rng = np.random.default_rng(0)
    truth, scores = rng.integers(0, 3, 90), rng.random((90, 3), dtype=np.float32)
    mine = slice(0, 31) if rank == 0 else slice(31, 90)
    for kind in (RocAuc, BinnedRocAuc):
        whole = kind("multi-class")
        whole.update(truth, scores)
        part = kind("multi-class")
        part.update(truth[mine], scores[mine])
        gathered = part.all_gather()
        assert gathered.n_samples == 90, gathered
        assert gathered.compute() == whole.compute()
        assert part.n_samples == mine.stop - mine.start
        empty = kind("multi-class", num_classes=3)  # a process without samples takes part
        if rank:
            empty.merge(part)
        assert empty.all_gather().n_samples == 59
    dist.destroy_process_group()
"""


def test_gathering_from_two_processes(tmp_path: Any) -> None:
    pytest.importorskip("torch")
    command = [sys.executable, "-c", textwrap.dedent(GATHER)]
    ranks = [
        subprocess.Popen([*command, str(rank), str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for rank in ranks:
        _, errors = rank.communicate(timeout=240)
        assert rank.returncode == 0, errors
