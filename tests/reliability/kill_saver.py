"""A program that saves each step with tf.train.Saver, killed at random moments and started again.

    python tests/reliability/kill_saver.py <folder> <trials> <seed>

Each start restores the latest checkpoint. A process that forks its children keeps the start-up of
Python out of each of the trials; run by test_reliability.py, prints what it saw.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import graphflow as tf

KEPT = 3


def train(folder: Path, acknowledge: Callable[[int], object], steps: int) -> None:
    """Goes on from the latest checkpoint for so many steps."""
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.train.get_or_create_global_step()
        weights = tf.get_variable("weights", [3000], tf.float64, tf.zeros_initializer())
        following = [step.assign_add(1), weights.assign_add(tf.ones([3000], tf.float64))]
        saver = tf.train.Saver(max_to_keep=KEPT)
        state = tf.train.get_checkpoint_state(str(folder))
        if state is None:
            session.run(tf.global_variables_initializer())
        else:
            saver.restore(session, state.model_checkpoint_path)
            saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        for _ in range(steps):
            session.run(following)
            saver.save(session, str(folder / "m"), global_step=step)
            acknowledge(int(session.run(step)))


def latest(folder: Path) -> int:
    """The step of the latest checkpoint, all of whose values must agree; 0 if there is none."""
    prefix = tf.train.latest_checkpoint(str(folder))
    if prefix is None:
        return 0
    step = int(tf.train.load_variable(prefix, "global_step"))
    assert (tf.train.load_variable(prefix, "weights") == step).all(), prefix
    with tf.Graph().as_default():
        tf.train.import_meta_graph(f"{prefix}.meta")
    return step


def trial(folder: Path, wait: float) -> int:
    """The last step that a child acknowledged before it was killed; 0 if none."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        train(folder, lambda step: os.write(writing, step.to_bytes(4, "little")), 10**9)
    os.close(writing)
    time.sleep(wait)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with open(reading, "rb") as file:
        return int.from_bytes(file.read()[-4:], "little")


def run(folder: Path, trials: int, seed: int) -> str:
    """Kills a program so many times; returns what was seen."""
    draw, last = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as other:  # so that no child has to import anything
        train(Path(other), lambda step: step, 1)
        latest(Path(other))
    for _ in range(trials):
        last = max(last, trial(folder, draw.random() * 0.15))
        found = latest(folder)
        assert found in (last, last + 1), (found, last)
        last = found
    train(folder, lambda step: step, KEPT + 1)
    names = {name for name in os.listdir(folder) if name != "checkpoint"}
    kept = range(last + 2, last + KEPT + 2)
    assert {name.split(".")[0] for name in names} == {f"m-{step}" for step in kept}, names
    assert len(names) == 3 * KEPT, names
    return f"{last} steps"


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
