"""Measures graphflow beside its peers and writes a page of docs/; asserts no time.

`python -m bench.run [--peers NAMES] [--workloads NAMES] [--threads N] [--avx2]`. Nothing is
installed: a peer that is not found is reported as absent. Answers are compared before anything is
timed. The rounds of all peers alternate in one sitting; figures are CPU milliseconds a step.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import select
import subprocess
import sys
from pathlib import Path

from bench import report
from bench.peers import NUMPY_ONLY, OPTIONAL, PEERS, ROOT, environment, python_of
from bench.table import ROWS, chosen

DOCS = ROOT / "docs"


class Peer:
    """A peer's process, started when first asked and again after it has died."""

    def __init__(self, peer, python, given, core):
        self.name = peer.name
        self._patience = given.patience
        self._command = [python, "-W", "ignore", "-m", "bench.driver", peer.name]
        cores = {} if given.threads > 1 or core is None else {"GRAPHFLOW_BENCH_CORES": str(core)}
        self._env = {**os.environ, **environment(given.threads, given.avx2), **cores, **peer.env}
        self._log = None if given.verbose else subprocess.DEVNULL
        self._process = None

    def ask(self, do, **arguments):
        """Sends a request; returns the answer, `{"error": ...}` where there is none."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
            )
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], self._patience)[0]:
                self._process.kill()
                self.stop()
                return {"error": f"{do}: not done after {self._patience} seconds"}
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.stop()
            return {"error": "the process ended"}
        return json.loads(line)

    def stop(self):
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


def difference(answer, wanted):
    """Returns how far two answers lie apart, as a part of the largest number wanted."""
    if answer.keys() != wanted.keys():
        return float("inf")
    worst = 0.0
    for name, values in wanted.items():
        if len(values) != len(answer[name]):
            return float("inf")
        largest = max([abs(v) for v in values] + [1e-30])
        apart = [abs(a - w) for a, w in zip(answer[name], values, strict=True)]
        worst = max([worst, *(d / largest if d == d else float("inf") for d in apart)])
    return worst


def checked(row, peers, tiny=False):
    """Builds a row in every peer and compares the answers with NumPy's, or the first peer's.

    Returns the peers whose answers agree, and {name: why not} for the others.
    """
    answers, failed = {}, {}
    for peer in peers:
        found = peer.ask("build", row=row.name, tiny=tiny)
        if "error" not in found:
            found = peer.ask("answer")
        if "error" in found:
            failed[peer.name] = found["error"]
        else:
            answers[peer.name] = found
    if answers:
        wanted = answers["numpy" if "numpy" in answers else next(iter(answers))]
        for name, answer in answers.items():
            apart = difference(answer, wanted)
            if apart > row.tolerance:
                failed[name] = f"the answer differs by {apart:.2g} of {row.tolerance:g} allowed"
    return [peer for peer in peers if peer.name not in failed], failed


def calibrated(row, peer, seconds):
    """Warms a peer up; returns how many steps fill a round, or `{"error": ...}`."""
    if row.once:
        return 1
    steps = 1
    for least, most in ((2, 200), (1, 5000)):
        found = peer.ask("round", steps=steps)
        if "error" in found:
            return found
        steps = max(least, min(most, int(seconds / max(found["wall"], 1e-6))))
    return steps


def measured(row, peers, rounds, seconds):
    """Runs the rounds of all peers in turn.

    Returns {peer: [{"cpu", "wall"} of each round]}, and {peer: why not} for those that fail now.
    """
    steps = {peer.name: calibrated(row, peer, seconds) for peer in peers}
    failed = {name: n["error"] for name, n in steps.items() if isinstance(n, dict)}
    times = {peer.name: [] for peer in peers if peer.name not in failed}
    for at in range(rounds):
        turn = at % len(peers)  # nobody always comes after the same one
        for peer in peers[turn:] + peers[:turn]:
            if peer.name in failed:
                continue
            found = peer.ask("round", steps=steps[peer.name])
            if "error" in found:
                failed[peer.name] = found["error"]
                times.pop(peer.name)
            else:
                times[peer.name].append(found)
    return times, failed


def machine():
    """Returns what the figures depend on: processor, cores, system."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system()}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default="", help="names, by default those that are found")
    parser.add_argument("--workloads", default="", help="names such as W1 or 'W3 train'")
    parser.add_argument("--threads", type=int, default=1, choices=(1, 2))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.25, help="of one peer in one round")
    parser.add_argument("--patience", type=float, default=120, help="seconds for one request")
    parser.add_argument("--avx2", action="store_true", help="hold everyone to AVX2")
    parser.add_argument("--core", type=int, help="where the peers run with one thread")
    parser.add_argument("--json", type=Path, help="also record the figures here")
    parser.add_argument("--record", type=Path, help="write the report of such figures only")
    parser.add_argument("--report", type=Path, help="by default a page of docs/ for a full run")
    parser.add_argument("--verbose", action="store_true", help="show what the peers print")
    return parser.parse_args()


def find(given, wanted):
    """Returns the peers to measure as {name: python}, and the names of those that are absent."""
    names = wanted or [name for name in PEERS if name not in OPTIONAL]
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise SystemExit(f"No such peer: {', '.join(unknown)}. There are: {', '.join(PEERS)}.")
    if "graphflow" not in names:
        names = ["graphflow", *names]
    pythons = {name: python_of(PEERS[name], sys.executable) for name in names}
    found = {name: python for name, python in pythons.items() if python}
    return found, [name for name in names if name not in found]


def names(text):
    """Splits names at commas; at blanks where there is no comma and no row of that name."""
    whole = text.strip().upper() in (name.upper() for name in ROWS)
    parts = text.split(",") if "," in text or whole else text.split()
    return [part.strip() for part in parts if part.strip()]


def main():
    given = options()
    if given.record:
        record = json.loads(given.record.read_text())
        place = given.report or DOCS / report.place(record)
        place.write_text(report.markdown(record))
        return
    rows = chosen(names(given.workloads))
    pythons, absent = find(given, names(given.peers.replace(" ", ",")))
    if given.avx2:
        for name in ("jax", "tf115"):  # nothing holds their products
            pythons.pop(name, None)
    core = given.core
    if core is None and hasattr(os, "sched_getaffinity"):
        core = max(os.sched_getaffinity(0))
    peers = [Peer(PEERS[name], python, given, core) for name, python in pythons.items()]
    versions = {peer.name: peer.ask("versions") for peer in peers}
    absent += [name for name, found in versions.items() if "error" in found]
    peers = [peer for peer in peers if peer.name not in absent]
    versions = {peer.name: versions[peer.name] for peer in peers}
    if versions["graphflow"].get("native") == NUMPY_ONLY and "graphflow-numpy" not in given.peers:
        peers = [peer for peer in peers if peer.name != "graphflow-numpy"]
        versions.pop("graphflow-numpy", None)  # it is the same
    record = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "threads": given.threads,
        "avx2": given.avx2,
        "rounds": given.rounds,
        "absent": absent,
        "versions": versions,
        "rows": {},
    }
    print(report.heading(record), flush=True)
    module = None
    for row in rows:
        if row.module != module:
            for peer in peers:
                peer.stop()  # nothing of one family is left for the next
        module = row.module
        agreeing, failed = checked(row, peers)
        times, late = measured(row, agreeing, given.rounds, given.seconds)
        record["rows"][row.name] = {"times": times, "failed": {**failed, **late}}
        print(report.line(row, record), flush=True)
    for peer in peers:
        peer.stop()
    if given.json:
        given.json.write_text(json.dumps(record, indent=1))
    place = given.report or (None if given.workloads else DOCS / report.place(record))
    if place:
        place.write_text(report.markdown(record))


if __name__ == "__main__":
    main()
