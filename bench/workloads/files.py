"""Saves and restores variables of some 50 MB, and imports a library in a process of its own."""

import atexit
import pickle
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench import data
from bench.form import Form, computed, session


def values(count, rows):
    """What is saved."""
    return [data.normal((rows, 1000), seed=k) for k in range(count)]


def imported(module):
    """A program that imports a library in a fresh process; its time counts as a child's."""
    command = [sys.executable, "-W", "ignore", "-c", "import " + module]
    run = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    return Form(lambda: subprocess.run(command, **run), lambda: {"value": np.zeros(1)})


def saved(save, restore, read=None):
    """A program that saves and restores; the answer is what came back.

    Args:
      save, restore: take the path; `restore` returns the arrays, or `read` does afterwards.
    """
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = str(Path(folder) / "saved")

    def step():
        save(path)
        return restore(path)

    def value(found):
        arrays = map(np.asarray, read() if read else found)
        return np.array([[a.sum(), np.abs(a).max()] for a in arrays])

    return computed(step, value)


def in_tf(tf, what, count=0, rows=0):
    if what == "import":
        return imported(tf.__name__.split(".")[0].replace("_core", ""))
    variables = [tf.Variable(value) for value in values(count, rows)]
    saver = tf.train.Saver(variables)
    sess = session(tf)
    return saved(
        lambda path: saver.save(sess, path, write_meta_graph=False),
        lambda path: saver.restore(sess, path),
        lambda: sess.run(variables),
    )


def in_jax(jax, what, count=0, rows=0):
    if what == "import":
        return imported("jax.numpy")
    held = [jax.numpy.array(value) for value in values(count, rows)]

    def save(path):  # JAX has no file format of its own
        with open(path, "wb") as file:
            np.savez(file, *held)

    def restore(path):
        with np.load(path) as found:
            return [jax.numpy.array(found[name]) for name in found.files]

    return saved(save, restore)


def in_torch(torch, what, count=0, rows=0):
    if what == "import":
        return imported("torch")
    held = {str(k): torch.from_numpy(value) for k, value in enumerate(values(count, rows))}
    return saved(lambda path: torch.save(held, path), lambda path: torch.load(path).values())


def in_pytensor(pytensor, what, count=0, rows=0):
    if what == "import":
        return imported("pytensor.tensor")
    held = [pytensor.shared(value) for value in values(count, rows)]

    def save(path):  # PyTensor's variables are pickled
        with open(path, "wb") as file:
            pickle.dump([v.get_value(borrow=True) for v in held], file, protocol=5)

    def restore(path):
        with open(path, "rb") as file:
            found = pickle.load(file)
        for variable, value in zip(held, found, strict=True):
            variable.set_value(value, borrow=True)
        return found

    return saved(save, restore)


def in_numpy(np, what, count=0, rows=0):
    if what == "import":
        return imported("numpy")
    held = values(count, rows)

    def save(path):
        for k, value in enumerate(held):
            np.save(path + str(k) + ".npy", value)

    def restore(path):
        return [np.load(path + str(k) + ".npy") for k in range(count)]

    return saved(save, restore)
