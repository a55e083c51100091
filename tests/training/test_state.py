"""Cells and stores: what a session keeps between runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from graphflow.core.dtypes import float32
from graphflow.core.errors import FailedPreconditionError, KernelError, NotFoundError
from graphflow.core.state import Cell, Store


def test_cell_without_a_value_says_which_variable_it_is() -> None:
    with pytest.raises(KernelError, match="Attempting to use uninitialized value v") as e:
        Cell("v", float32).read()
    assert e.value.error is FailedPreconditionError
    with pytest.raises(KernelError, match="could mean that the variable was uninitialized") as e:
        Cell("v", float32, is_resource=True).read()
    assert e.value.error is FailedPreconditionError
    with pytest.raises(KernelError, match="localhost/v") as e:
        Cell("v", float32, is_resource=True).write()
    assert e.value.error is NotFoundError


def test_cell_copies_what_it_is_given() -> None:
    cell, given = Cell("v", float32), np.zeros(2, np.float32)
    cell.assign(given)
    own = cell.read()
    assert own is not given
    cell.assign(np.ones(2, np.float32))
    assert cell.read() is own
    assert given.tolist() == [0, 0]


def test_cell_keeps_a_fresh_array() -> None:
    cell, given = Cell("v", float32), np.zeros(2, np.float32)
    cell.assign(given, fresh=True)
    assert cell.read() is given


def test_store_makes_each_thing_once() -> None:
    store = Store()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: id(store.cell("", "v", object)), range(200)))
    assert len(found) == 1
    assert store.cell("other", "v", object) is not store.find("", "v")


def test_clearing_a_container_empties_its_cells() -> None:
    store = Store()
    kept = store.cell("a", "v", lambda: Cell("v", float32))
    gone = store.cell("b", "v", lambda: Cell("v", float32))
    for cell in (kept, gone):
        cell.assign(np.zeros(1, np.float32))
    store.clear(("b",))
    assert (kept.initialized, gone.initialized) == (True, False)
    assert store.find("b", "v") is None
