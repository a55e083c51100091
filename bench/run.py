"""Compares graphflow with TensorFlow 2.x (compat.v1), where one is installed; asserts nothing.

`python bench/run.py [NAME ...]`. The other TensorFlow is found through the environment variable
GRAPHFLOW_BENCH_TF_PYTHON or in .oracle/tf2. Each workload runs in a process of its own, the two
sides in turn; figures are CPU milliseconds a repetition, the median over pairs.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from workloads import WORKLOADS  # noqa: E402 (the folder is no package)

PAIRS = 3


def other_python():
    """The Python that has TensorFlow 2.x, or None."""
    given = os.environ.get("GRAPHFLOW_BENCH_TF_PYTHON")
    path = Path(given) if given else HERE.parent / ".oracle" / "tf2" / "bin" / "python"
    return str(path) if path.exists() else None


def figures(python, module, name):
    """Runs one workload in a fresh process."""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE.parent)}
    command = [python, "-W", "ignore", str(HERE / "workloads.py"), name, "--tf", module]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    return json.loads(out.splitlines()[-1])


def import_seconds(python, module):
    """CPU seconds of a Python process that imports a module, less those of one that does not."""
    found = []
    for code in ("pass", f"import {module}"):
        start = time.perf_counter()
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(HERE.parent)}
        subprocess.run([python, "-W", "ignore", "-c", code], env=env, check=True)
        found.append(time.perf_counter() - start)
    return found[1] - found[0]


def row(label, ours, theirs, unit="ms"):
    """Prints one line of the table."""
    ratio = "" if theirs is None else f"{theirs / ours:8.1f}x"
    other = "      -" if theirs is None else f"{theirs:10.3f}"
    print(f"{label:28s} {ours:10.3f} {other:>10s} {ratio:>9s}  {unit}", flush=True)


def main():
    names = sys.argv[1:] or list(WORKLOADS)
    tf2 = other_python()
    print(f"{'':28s} {'graphflow':>10s} {'TF 2.x':>10s} {'TF / ours':>9s}")
    for name in names:
        ours, theirs = [], []
        for _ in range(PAIRS):
            ours.append(1e3 * figures(sys.executable, "graphflow", name)["cpu"])
            if tf2:
                theirs.append(1e3 * figures(tf2, "tensorflow.compat.v1", name)["cpu"])
        row(name, statistics.median(ours), statistics.median(theirs) if tf2 else None)
    if not sys.argv[1:]:
        ours = statistics.median(import_seconds(sys.executable, "graphflow") for _ in range(7))
        base = statistics.median(import_seconds(sys.executable, "numpy") for _ in range(7))
        row("import (beside: numpy)", 1e3 * ours, 1e3 * base)


if __name__ == "__main__":
    main()
