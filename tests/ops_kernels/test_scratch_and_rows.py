"""Kernels that work in arrays of their thread, and updates of rows that come more than once."""

import threading

import numpy as np
import pytest

from graphflow.core.scratch import scratch
from graphflow.ops.select import SELECT
from graphflow.ops.state_scatter import combine_rows


def one_by_one(own, rows, updates, combine):
    each = np.broadcast_to(updates, (rows.size, *own.shape[1:]))
    for row, update in zip(rows.tolist(), each, strict=True):
        own[row] = combine(own[row], update)


@pytest.mark.parametrize("shape", [(50,), (50, 3), (50, 16), (50, 4, 5)])
@pytest.mark.parametrize("most", [1, 3, 20, 50, 4000])
@pytest.mark.parametrize("combine", [np.add, np.subtract, np.multiply, np.maximum, np.divide])
def test_rows_that_come_more_than_once_change_in_their_order(shape, most, combine):
    random = np.random.RandomState(most)
    rows = random.randint(0, 50, 60) % most
    own = random.standard_normal(shape).astype(np.float32)
    updates = random.standard_normal((60, *shape[1:])).astype(np.float32)
    for given in (updates, updates.reshape(-1)[0].reshape(())):
        for count in (0, 1, 5, 60):
            part = given[:count] if given.ndim else given
            found, wanted = own.copy(), own.copy()
            with np.errstate(all="ignore"):
                combine_rows(found, rows[:count], part, combine)
                one_by_one(wanted, rows[:count], part, combine)
            assert found.tobytes() == wanted.tobytes()


NUMBERS = [0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, 1e-42]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64", "float16", "bool"])
@pytest.mark.parametrize("place", ["new", "then", "else", "both"])
def test_a_choice_keeps_every_bit_wherever_it_is_written(dtype, place):
    with np.errstate(all="ignore"):
        t = np.array(NUMBERS * 3).astype(dtype)
        e = np.array(NUMBERS[::-1] * 3).astype(dtype)
    condition = np.arange(21) % 3 > 0
    if place == "both":
        e = t
    wanted = np.where(condition, t, e)
    out = {"new": np.empty_like(t), "then": t, "else": e, "both": t}[place]
    assert SELECT.kernel(condition, t, e, out=out) is out
    assert out.tobytes() == wanted.tobytes()


def test_work_arrays_are_those_of_their_thread_and_number():
    first = scratch((4, 5), np.float32)
    assert np.shares_memory(first, scratch((3,), np.float64))
    assert not np.shares_memory(first, scratch((4, 5), np.float32, 1))
    others = []
    thread = threading.Thread(target=lambda: others.append(scratch((4, 5), np.float32)))
    thread.start()
    thread.join()
    assert not np.shares_memory(first, others[0])


def test_large_work_arrays_are_not_kept():
    first = scratch((1 << 19,), np.float32)
    assert not np.shares_memory(first, scratch((1 << 19,), np.float32))
