"""Inputs and initial parameters, the same numbers in every peer and every version of NumPy."""

import numpy as np

F32 = np.float32


def images(n, seed=0):
    """Returns `n` sparse images [n, 784] and their one-hot labels [n, 10]."""
    rng = np.random.RandomState(seed)  # its streams are frozen
    x = rng.rand(n, 784) * (rng.rand(n, 784) < 0.2)
    return x.astype(F32), np.eye(10, dtype=F32)[rng.randint(0, 10, n)]


def normal(shape, scale=0.1, seed=1):
    """Returns normal numbers cut off at two deviations, other numbers for other shapes."""
    rng = np.random.RandomState(seed + sum(shape))
    return (np.clip(rng.standard_normal(shape), -2, 2) * scale).astype(F32)


def uniform(shape, low=-1.0, high=1.0, seed=2):
    """Returns uniform numbers."""
    rng = np.random.RandomState(seed)
    return rng.uniform(low, high, shape).astype(F32)


def ids(n, count, seed=3):
    """Returns `n` integers below `count`, small ones oftener, as words in a text."""
    rng = np.random.RandomState(seed)
    return np.minimum(np.expm1(rng.rand(n) * np.log1p(count)), count - 1).astype(np.int32)


def filled(shape, value=0.1):
    """Returns an array of one value."""
    return np.full(shape, value, F32)
