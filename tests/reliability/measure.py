"""Runs the reliability trials at full length and writes docs/reliability.md.

    python -m tests.reliability.measure

The tests run the same trials, fewer of them; everything below is asserted there.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np
import pytest

from graphflow.formats import durable
from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle
from tests.reliability import flips, fuzz, power
from tests.reliability.test_reliability import tensors

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
KILLS = 1000
FUZZED = 200_000
ROUNDS = 15
PIECE = 1 << 18


def kills(folder: pathlib.Path) -> str:
    """Kills savers at random moments."""
    script = ROOT / "tests" / "formats" / "kill9.py"
    command = [sys.executable, str(script), str(folder), str(KILLS * 4 // 5), "1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return "; ".join(done.stdout.strip().splitlines())


def killed_programs(folder: pathlib.Path) -> str:
    """Kills a program that saves each step, at random moments, and starts it again."""
    folder.mkdir()
    script = pathlib.Path(__file__).with_name("kill_saver.py")
    command = [sys.executable, str(script), str(folder), str(KILLS), "2"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def power_cuts(folder: pathlib.Path) -> tuple[int, int]:
    """(calls of a save, states of the disk) over three saves; each state restored."""
    calls = states = 0
    disk = folder / "disk"
    saved = folder / "saved"
    disk.mkdir()
    saved.mkdir()
    for step in (1, 2, 3):
        log = power.Log(saved)
        with pytest.MonkeyPatch.context() as patch:
            log.recording(patch)
            write_bundle(saved / "m", tensors(step))
        calls += len(log.events)
        for state in log.disks():
            power.laid_out(disk, state)
            states += 1
    return calls, states


def speeds(folder: pathlib.Path) -> tuple[float, float, float]:
    """(save as a share of plain writes, restore in GB/s, size in MB): medians of pairs.

    Both sides replace a file of the same size and make it durable. The first turns are not
    counted, for memory that the machine has not handed out before is slower, and the two sides
    take turns at going first.
    """
    rng = np.random.default_rng(0)
    arrays = {f"layer_{i}/w": rng.random((1024, 4096), dtype=np.float32) for i in range(32)}
    size = sum(a.nbytes for a in arrays.values())
    shares, restores = [], []
    for turn in range(ROUNDS + 2):
        sides = [_plain, _saved] if turn % 2 else [_saved, _plain]
        spent = {side: side(folder, arrays) for side in sides}
        start = time.perf_counter()
        with BundleReader(folder / "m") as reader:
            for name in arrays:
                reader.read(name)
        if turn >= 2:
            shares.append(spent[_plain] / spent[_saved])
            restores.append(size / (time.perf_counter() - start) / 1e9)
    return float(np.median(shares)), float(np.median(restores)), size / 1e6


def _plain(folder: pathlib.Path, arrays: dict[str, Any]) -> float:
    """Seconds for writing, flushing and renaming one file, and flushing its name.

    Its pieces are as large as those of a save: one write of an array takes much longer.
    """
    start = time.perf_counter()
    with open(folder / "plain.tmp", "wb", buffering=0) as file:
        for a in arrays.values():
            data = memoryview(a).cast("B")
            for at in range(0, len(data), PIECE):
                file.write(data[at : at + PIECE])
        os.fsync(file.fileno())
    os.replace(file.name, folder / "plain")
    durable.sync_directory(folder)
    return time.perf_counter() - start


def _saved(folder: pathlib.Path, arrays: dict[str, Any]) -> float:
    start = time.perf_counter()
    write_bundle(folder / "m", [(k, a, None) for k, a in arrays.items()])
    return time.perf_counter() - start


def fuzzed(folder: pathlib.Path) -> dict[str, Any]:
    """What came of reading damaged files, by kind."""
    samples = fuzz.samples(folder)
    each = -(-FUZZED // len(samples))
    return {k: fuzz.outcomes(path, read, each, 11) for k, (path, read) in samples.items()}


def page(folder: pathlib.Path) -> str:
    """Runs everything; returns the page."""
    bits = folder / "bits"
    bits.mkdir()
    turned = flips.outcomes(bits)
    calls, states = power_cuts(folder)
    share, restore, size = speeds(folder)
    lines = [
        "# What files survive",
        "",
        f"Made by `make reliability` on {datetime.date.today().isoformat()}, Python "
        f"{platform.python_version()}, {platform.machine()}. The tests in tests/reliability and "
        "tests/formats run the same trials, fewer of them.",
        "",
        "| trial | result |",
        "|---|---|",
        f"| {KILLS:,} times kill -9 during a save | none lost, nothing left over: "
        f"{kills(folder / 'kills')} |",
        f"| {KILLS:,} times kill -9 of a program that saves each step with tf.train.Saver, keeps "
        f"three and starts again | none lost, nothing left over: {killed_programs(folder / 'p')} |",
        f"| power cut at every moment of a save ({calls} calls, {states} states of the disk) | "
        "the old or the new checkpoint restores from each |",
    ]
    for part, seen in turned.items():
        lines.append(
            f"| every bit of the {part.strip('-')} file turned over ({sum(seen.values()):,}) | "
            f"{seen['reported']:,} reported as DataLossError with the tensor's or file's name, "
            f"{seen['no value changed']:,} change no value, {seen['undetected']} undetected |"
        )
    lines += [
        "| full disk, folder that may not be written | one error, the old checkpoint untouched |",
    ]
    for kind, seen in fuzzed(folder / "fuzz").items():
        kinds = ", ".join(f"{n:,} {name}" for name, n in seen.most_common())
        lines.append(f"| {sum(seen.values()):,} damaged files: {kind} | {kinds} |")
    lines += [
        f"| saving {size:.0f} MB, flushed to the disk | {100 * share:.0f} % of the speed of "
        f"writing, flushing and renaming one file of that size (median of {ROUNDS} pairs); the "
        "disk begins while a checkpoint is still being written |",
        f"| restoring {size:.0f} MB from the cache, checksums verified | {restore:.1f} GB/s |",
        "",
        "Damaged files never crash, hang or exhaust the memory, and nothing is ever unpickled.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        text = page(pathlib.Path(name))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)
    print(text)
