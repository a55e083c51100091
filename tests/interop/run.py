"""Exchanges files with TensorFlow 1.15.5 and 2.x, where they are installed: `make interop`.

    python tests/interop/run.py [<a Python with TensorFlow> ...]

Without arguments it takes the Pythons in `.oracle/tf115` and `.oracle/tf2`, and the one that
GRAPHFLOW_TF_PYTHON names. Each side trains two small networks and saves them; the other restores
the variables into its own graph, then imports the `.meta` and trains on with it. That executes our
gradient graphs in TensorFlow, and TensorFlow's in ours. Checkpoints of all element types, in parts,
in shards and of version 1, frozen graphs, SavedModels, event files and records go both ways too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import graphflow as tf  # noqa: E402 (found by the line above)
from tests.interop import worker  # noqa: E402


def pythons() -> list[str]:
    """The Pythons that have TensorFlow."""
    if sys.argv[1:]:
        return sys.argv[1:]
    usual = [ROOT / ".oracle" / name / "bin" / "python" for name in ("tf115", "tf2")]
    found = [str(path) for path in usual if path.exists()]
    named = os.environ.get("GRAPHFLOW_TF_PYTHON")
    return found + ([named] if named else [])


def exchange(python: str) -> list[str]:
    """Returns every difference between graphflow and one TensorFlow."""
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        worker.write_all(tf, ours)
        done = subprocess.run(
            [python, str(HERE / "worker.py"), ours, theirs], capture_output=True, text=True
        )
        lines = done.stdout.split("\n") if done.returncode <= 1 else []
        if done.returncode and not any(lines):
            return [f"{python} failed:\n{done.stderr[-3000:]}"]
        return [line for line in lines if line] + worker.read_all(tf, theirs, "graphflow")


def main() -> int:
    """Prints what differs; returns the exit status."""
    found = pythons()
    if not found:
        print("no TensorFlow here: see GRAPHFLOW_TF_PYTHON")
    status = 0
    for python in found:
        differences = exchange(python)
        print(f"{python}: {'differs' if differences else 'agrees'}", *differences, sep="\n  ")
        status |= bool(differences)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
