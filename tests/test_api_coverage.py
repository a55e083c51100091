"""The page about the public API is fresh, and says what was promised."""

from __future__ import annotations

import functools

import pytest

from tests import api_coverage


@functools.cache
def names() -> list[api_coverage.Name]:
    return api_coverage.names()


def test_page_is_fresh() -> None:
    assert api_coverage.PAGE.read_text() == api_coverage.page(names()), "run: make coverage-api"


@pytest.mark.parametrize("least", api_coverage.TARGETS)
def test_names_that_programs_use_are_here(least: int) -> None:
    used = [n for n in names() if n.repositories >= least]
    missing = [n.symbol for n in used if n.problem]
    assert api_coverage.share(used) >= api_coverage.TARGETS[least], missing
