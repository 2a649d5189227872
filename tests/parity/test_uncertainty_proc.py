"""DeLong's variances, covariances, intervals and tests against R's pROC."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from medfast.metrics import roc_auc_interval, roc_auc_test

SCRIPT = """
suppressPackageStartupMessages(library(pROC))
arguments <- commandArgs(trailingOnly = TRUE)
samples <- read.csv(arguments[1])
curve <- function(rows, column) {
    roc(samples$truth[rows], samples[rows, column],
        levels = c(0, 1), direction = "<", quiet = TRUE)
}
every <- seq_len(nrow(samples))
half <- every <= nrow(samples) / 2
a <- curve(every, "a")
b <- curve(every, "b")
paired <- roc.test(a, b, method = "delong", paired = TRUE)
one_sided <- roc.test(a, b, method = "delong", paired = TRUE, alternative = "less")
apart <- roc.test(curve(half, "a"), curve(!half, "b"), method = "delong", paired = FALSE)
interval <- ci.auc(a, conf.level = 0.9, method = "delong")
figures <- c(auc(a), var(a), var(b), cov(a, b), interval[1], interval[3],
             paired$statistic, paired$p.value, one_sided$p.value, apart$statistic)
cat(format(as.numeric(figures), digits = 17), sep = "\\n")
"""

TOLERANCE = {"abs": 1e-10, "rel": 1e-10}


def has_proc() -> bool:
    if shutil.which("Rscript") is None:
        return False
    code = "quit(status = !requireNamespace('pROC', quietly = TRUE))"
    return subprocess.run(["Rscript", "-e", code], check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not has_proc(), reason="R with pROC is not installed (Debian: r-cran-proc)"
)


def problem(rows: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows)
    y = (rng.random(rows) < 0.4).astype(int)
    a = rng.normal(size=rows) + 1.2 * y
    b = 0.6 * a + rng.normal(size=rows) + 0.2 * y
    if kind == "ties":
        a, b = np.round(a), np.round(b, 1)
    return y, a, b


@pytest.mark.parametrize("kind", ["distinct", "ties"])
@pytest.mark.parametrize("rows", [20, 101, 1500])
def test_proc_finds_the_same(tmp_path: Path, rows: int, kind: str) -> None:
    y, a, b = problem(rows, kind)
    path, script = tmp_path / "samples.csv", tmp_path / "proc.R"
    script.write_text(SCRIPT)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["truth", "a", "b"])
        writer.writerows(zip(y, map(repr, a.tolist()), map(repr, b.tolist()), strict=True))
    done = subprocess.run(
        ["Rscript", str(script), str(path)], capture_output=True, text=True, check=True
    )
    theirs = [float(line) for line in done.stdout.split()]

    one = roc_auc_interval(y, a, level=0.9, transform=None)
    other = roc_auc_interval(y, b)
    test = roc_auc_test(y, a, b)
    covariance = (one.std_error**2 + other.std_error**2 - test.std_error**2) / 2
    half = rows // 2
    apart = roc_auc_test((y[:half], y[half:]), a[:half], b[half:], paired=False)
    ours = [
        one.estimate,
        one.std_error**2,
        other.std_error**2,
        covariance,
        one.low,
        one.high,
        test.statistic,
        test.p_value,
        roc_auc_test(y, a, b, alternative="less").p_value,
        apart.statistic,
    ]
    assert ours == [pytest.approx(figure, **TOLERANCE) for figure in theirs]
