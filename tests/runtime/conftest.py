"""Fixtures of tests of compiled code."""

import pytest

from graphflow.plan import segments
from tests.runtime.compiled_code import MACHINE, SETS


@pytest.fixture
def everything_is_compiled(monkeypatch):
    """Also what NumPy would do as quickly; the instruction set is put back afterwards."""
    monkeypatch.setattr(segments, "_FEW", 0)
    before = MACHINE.module.instruction_set()
    yield
    MACHINE.module.use(before)


@pytest.fixture(params=SETS)
def instruction_set(request):
    MACHINE.module.use(request.param)
    return request.param
