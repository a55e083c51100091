"""What every measured program is: a step to time, and an answer to compare."""

import os
from collections import namedtuple

import numpy as np

#: `step()` does one step; `answer()`, called once and first, returns {name: array}.
Form = namedtuple("Form", "step answer")

#: Steps between the losses of an answer: enough for a wrong gradient or update to show.
CHECKED_STEPS = 3


def trained(step, loss, checked=None):
    """A training program: its answer is the loss before and after a few steps, and its fall.

    Args:
      step: does one step.
      loss: returns the loss, without a step.
      checked: the step of the answer where the timed one is random (dropout, sampling).
    """

    def answer():
        losses = [float(loss())]
        for _ in range(CHECKED_STEPS):
            (checked or step)()
            losses.append(float(loss()))
        losses = np.array(losses)
        return {"loss": losses, "fall": losses[1:] - losses[0]}

    return Form(step, answer)


def computed(step, value=None):
    """A program without state: its answer is what it returns, or `value(that)` if it is large."""
    return Form(step, lambda: {"value": np.asarray(step() if value is None else value(step()))})


def digest(array):
    """Returns a few numbers that stand for a large array: sums by row block and by column block."""
    found = np.asarray(array, np.float64)
    found = found.reshape(-1, found.shape[-1]) if found.ndim else found.reshape(1, 1)
    rows = [part.sum() for part in np.array_split(found, 8, axis=0)]
    columns = [np.abs(part).sum() for part in np.array_split(found, 8, axis=1)]
    return np.array(rows + columns)


def threads():
    """The number of threads a peer may use."""
    return int(os.environ.get("GRAPHFLOW_BENCH_THREADS", "1"))


def session(tf):
    """A session with that many threads, its variables initialised."""
    config = tf.ConfigProto(
        intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=threads()
    )
    sess = tf.Session(config=config)
    sess.run(tf.global_variables_initializer())
    return sess


def compiled(torch, function):
    """`function` as the peer runs it: by itself (torch) or compiled (torch-compile)."""
    return torch.compile(function) if os.environ.get("GRAPHFLOW_BENCH_COMPILE") else function
