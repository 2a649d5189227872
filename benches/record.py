"""Run the benchmark suites, print medfast's ratio to each peer, and record what was measured.

    python benches/record.py [SUITE ...]      # metrics, training, ...; all by default

The record goes to ``benches/record/<machine>/<date>.json``. Runs of one day on one machine share a
file: a suite that is run again replaces its own entries and leaves the others.
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import medfast

HERE = Path(__file__).parent
PEERS = (
    "numpy",
    "scikit-learn",
    "torch",
    "torchvision",
    "torchmetrics",
    "medmnist",
    "kornia",
    "albumentations",
    "confidenceinterval",
    "MLstatkit",
    "deflate",
    "isal",
    "rapidgzip",
    "zlib-ng",
)
SHARES = ("share_of_bf16_peak", "stall")


def main(names: list[str]) -> int:
    """Run the suites named, or all, and record them."""
    suites = [HERE / f"bench_{name}.py" for name in names] or sorted(HERE.glob("bench_*.py"))
    missing = [suite.name for suite in suites if not suite.is_file()]
    if missing:
        known = ", ".join(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
        print(f"no such suite: {', '.join(missing)}; known: {known}", file=sys.stderr)
        return 2
    if medfast.build_info()["profile"] != "release":
        print("the extension is a debug build; run `make bench`, or maturin develop --release")
        return 2

    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw.json")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *map(str, suites),
        ]
        command += ["-o", "python_files=bench_*.py", "-o", "python_functions=bench_*"]
        command += ["--benchmark-only", "--benchmark-quiet", f"--benchmark-json={raw}"]
        # All suites skipped is no fault of theirs.
        command += ["-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning"]
        code = subprocess.run(command, check=False).returncode  # noqa: S603
        if code != 0:
            return code
        if not raw.is_file():
            print("nothing was timed, for the reasons above", file=sys.stderr)
            return 1
        groups = summarise(json.loads(raw.read_text())["benchmarks"])

    print_table(groups)
    print(f"\nrecorded in {save(groups)}")
    return 0


def summarise(benchmarks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Reduce pytest-benchmark's output to a median per peer and medfast's ratio to it."""
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for bench in benchmarks:
        extra, stats = bench["extra_info"], bench["stats"]
        groups[bench["group"]][extra["peer"]] = {
            "median_seconds": stats["median"],
            "iqr_seconds": stats["iqr"],
            "rounds": stats["rounds"],
            "items_per_second": extra["items"] / stats["median"],
            "unit": extra["unit"],
            **{key: extra[key] for key in extra.keys() - {"peer", "items", "unit"}},
        }
    for peers in groups.values():
        ours = peers["medfast"]["median_seconds"]
        for figures in peers.values():
            figures["medfast_is_faster_by"] = figures["median_seconds"] / ours
    return dict(groups)


def print_table(groups: dict[str, dict[str, Any]]) -> None:
    """Print one block per group, medfast first."""
    for group, peers in groups.items():
        print(f"\n{group}")
        for peer, figures in sorted(peers.items(), key=lambda item: item[0] != "medfast"):
            per_second = figures["items_per_second"]
            rate = f"{per_second:,.{0 if per_second >= 10 else 2}f} {figures['unit']}/s"
            ratio = "" if peer == "medfast" else f"{figures['medfast_is_faster_by']:9.2f}x"
            more = "".join(f"  {name} {figures[name]:.3g}" for name in SHARES if name in figures)
            print(f"  {peer:<44}{figures['median_seconds'] * 1e3:12.3f} ms{rate:>28}{ratio}{more}")


def save(groups: dict[str, dict[str, Any]]) -> Path:
    """Merge `groups` into today's record of this machine."""
    today = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
    path = HERE / "record" / machine_name() / f"{today}.json"
    record = json.loads(path.read_text()) if path.is_file() else {"groups": {}}
    record["machine"] = machine()
    record["groups"].update(
        {name: {"versions": versions(), "peers": peers} for name, peers in groups.items()}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    return path


def machine() -> dict[str, Any]:
    """Tell what the figures were measured on."""
    return {
        "processor": processor(),
        "cores": medfast.build_info()["threads"],
        "simd": medfast.build_info()["simd"],
        "avx512": "avx512f" in flags(),
        "system": platform.system(),
        "arch": platform.machine(),
        "gpu": gpu(),
    }


def machine_name() -> str:
    """Name the folder of this machine's records."""
    facts = machine()
    words = f"{facts['processor']} {facts['cores']} cores {facts['arch']} {facts['gpu']}".lower()
    return "-".join("".join(c if c.isalnum() else " " for c in words).split())


def processor() -> str:
    """Name the processor."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def gpu() -> str:
    """Name the GPU, if torch finds one."""
    try:
        import torch
    except ImportError:
        return ""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def flags() -> set[str]:
    """Tell what instructions the processor has, where the system lists them."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


def versions() -> dict[str, str]:
    """Tell the versions of medfast, Python and the peers."""
    found = {"medfast": medfast.__version__, "python": platform.python_version()}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
