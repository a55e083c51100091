"""Saves in a child that is killed at random moments; run by test_kill9.py, prints what it saw.

A process that forks its children keeps the start-up of Python out of each of the trials.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle

SIZES = {"a": 40_000, "b": 3, "s": 10}


def tensors(step):
    yield "a", np.full(SIZES["a"], step, np.float32), None
    yield "b", np.full(SIZES["b"], step, np.int64), None
    yield "s", np.array([b"%d" % step] * SIZES["s"], object), None


def save_forever(prefix_of, first, acknowledge):
    step = first
    while True:
        write_bundle(prefix_of(step), tensors(step))
        os.write(acknowledge, step.to_bytes(4, "little"))
        step += 1


def trial(prefix_of, first, rng):
    """Returns the last step that the child acknowledged before it was killed, or None."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        save_forever(prefix_of, first, writing)
    os.close(writing)
    time.sleep(rng.random() * 0.06)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with open(reading, "rb") as file:
        data = file.read()
    return int.from_bytes(data[-4:], "little") if data else None


def restored(prefix):
    """The step of a checkpoint, every value of which must agree."""
    with BundleReader(prefix) as reader:
        values = {name: reader.read(name) for name in SIZES}
    (step,) = {int(x) for array in values.values() for x in array.reshape(-1)}
    return step


def same_prefix(directory, trials, rng):
    prefix = directory / "m"
    newest, saves, unacknowledged = 0, 0, 0
    write_bundle(prefix, tensors(0))
    for _ in range(trials):
        acknowledged = trial(lambda step: prefix, newest + 1, rng)
        last = newest if acknowledged is None else acknowledged
        found = restored(prefix)
        assert found in (last, last + 1), (found, last)
        saves += found - newest
        unacknowledged += found != last
        newest = found
    write_bundle(prefix, tensors(0))
    assert len(os.listdir(directory)) == 2, os.listdir(directory)
    print("same prefix:", saves, "saves,", unacknowledged, "not acknowledged")


def prefix_for_each_step(directory, trials, rng):
    first = 1
    for _ in range(trials):
        acknowledged = trial(lambda step: directory / f"m-{step}", first, rng)
        last = first - 1 if acknowledged is None else acknowledged
        assert all(restored(directory / f"m-{step}") == step for step in range(first, last + 1))
        first = last + 1
    write_bundle(directory / f"m-{first}", tensors(first))  # the last one killed, again
    write_bundle(directory / "m", tensors(0))
    names = os.listdir(directory)
    indexes = [name for name in names if name.endswith(".index")]
    assert len(names) == 2 * len(indexes), sorted(names)  # nothing is left of the killed
    print("a prefix for each step:", first - 1, "saves")


if __name__ == "__main__":
    root, trials, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    random_numbers = random.Random(seed)
    same_prefix(root / "same", trials, random_numbers)
    prefix_for_each_step(root / "steps", trials // 4, random_numbers)
