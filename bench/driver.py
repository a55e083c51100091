"""One peer's process: builds the rows it is told to, and runs rounds of steps when it is told to.

`python -m bench.driver PEER`. Requests and answers are JSON, one a line, on the standard input and
output; whatever libraries print goes to the standard error. Runs on Python 3.7 too (TF 1.15.5).
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import sys
import time
import traceback

from bench.peers import NUMPY_ONLY, PEERS, load
from bench.table import ROWS


def cpu_seconds():
    """CPU seconds of this process, all its threads, and the processes it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class Driver:
    """Answers requests, each a method; `_form` is the program in hand."""

    def __init__(self, peer):
        self._peer = peer
        self._library = load(peer)
        self._form = None
        self._held = contextlib.ExitStack()

    def versions(self):
        """Returns the versions that matter, by name."""
        found = {"Python": sys.version.split()[0]}
        for name in ("numpy", self._peer.module.split(".")[0], "jaxlib", "numba"):
            module = sys.modules.get(name)
            if module is not None:
                found[name] = _version(module)
        if self._peer.module == "graphflow":
            found["native"] = _native()
        return found

    def build(self, row, tiny=False):
        """Builds a row's program; what was built before is let go."""
        self._form = None
        self._held.close()
        gc.collect()
        found = ROWS[row]
        module = importlib.import_module(f"bench.workloads.{found.module}")
        make = getattr(module, f"in_{self._peer.language}")
        if self._peer.language == "tf":
            self._held.enter_context(self._library.Graph().as_default())
        start = cpu_seconds()
        self._form = make(self._library, **(found.tiny if tiny else found.sizes))
        return {"cpu": cpu_seconds() - start}

    def answer(self):
        """Returns what the program computes, as lists, to compare with the other peers'."""
        found = self._form.answer()
        return {name: value.reshape(-1).tolist() for name, value in found.items()}

    def round(self, steps):
        """Runs steps; returns the CPU and wall seconds of one."""
        step = self._form.step
        cpu, wall = cpu_seconds(), time.perf_counter()
        for _ in range(steps):
            step()
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        return {"cpu": cpu / steps, "wall": wall / steps}


def _version(module):
    return str(getattr(module, "__version__", "?"))


def _native():
    """Whether graphflow's compiled kernels are there and in use, and for which processors."""
    compiled = importlib.import_module("graphflow.runtime.compiled")
    found = compiled.machine()
    return NUMPY_ONLY if found is None else f"compiled ({found.module.instruction_set()})"


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    pinned = os.environ.get("GRAPHFLOW_BENCH_CORES")
    if pinned:
        os.sched_setaffinity(0, [int(core) for core in pinned.split(",")])
    driver = Driver(PEERS[sys.argv[1]])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            found = getattr(driver, request.pop("do"))(**request)
        except Exception as error:
            traceback.print_exc()
            text = str(error).splitlines() or [""]
            found = {"error": f"{type(error).__name__}: {text[0]}"}
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
