"""What tests of compiled code share: runs with it and without, and the comparison of both."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.runtime import compiled

MACHINE = compiled.machine()
SETS = MACHINE.module.instruction_sets() if MACHINE else []
NEEDED = pytest.mark.skipif(MACHINE is None, reason=f"NumPy runs everything: {compiled.why()}")


def left_to_numpy(session, fetch, feeds=None):
    """The labels of a plan's steps outside of compiled code."""
    return [s.label for s in session.plan(fetch, feeds).steps if s.segment is None]


def both(fetch, feeds=None, whole=False, some=True):
    """What compiled code gives, and what NumPy gives.

    Args:
        fetch: what to run.
        feeds: the feeds.
        whole: whether nothing may be left to NumPy.
        some: whether something must be compiled.
    """
    with tf.Session() as session:
        ours = session.run(fetch, feeds)
        assert not some or "native(" in session.plan(fetch, feeds).source
        assert not whole or left_to_numpy(session, fetch, feeds) == []
    with compiled.numpy_only(), tf.Session() as session:
        plain = session.run(fetch, feeds)
        assert "native(" not in session.plan(fetch, feeds).source
    return ours, plain


def agrees(fetch, feeds=None, limit=2e-5, whole=False, some=True):
    """Asserts that both give the same, up to a share of the largest number."""
    ours, plain = both(fetch, feeds, whole, some)
    for x, y in zip(np.atleast_1d(ours), np.atleast_1d(plain), strict=True):
        np.testing.assert_allclose(x, y, rtol=limit, atol=limit * (np.abs(plain).max() + 1e-30))
