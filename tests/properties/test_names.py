"""Names of a graph are unique, whatever is asked for in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphflow.core.names import Names

few = st.sampled_from(["a", "A", "a_1", "a_1_1", "b", "b/a", "b/a_1", "A_1", "a_2"])


@given(st.lists(few, max_size=30))
def test_names_are_unique_without_regard_to_case(wanted: list[str]) -> None:
    names = Names()
    given_out = [names.unique(name).lower() for name in wanted]
    assert len(set(given_out)) == len(given_out)


@given(st.lists(few, max_size=20), few)
def test_name_begins_with_what_was_asked_for(before: list[str], name: str) -> None:
    names = Names()
    for other in before:
        names.unique(other)
    found = names.unique(name)
    assert found == name or found.startswith(f"{name}_")


@given(st.lists(few, max_size=20), few)
def test_looking_at_a_name_does_not_take_it(before: list[str], name: str) -> None:
    names = Names()
    for other in before:
        names.unique(other)
    seen = names.unique(name, mark=False)
    assert names.unique(name, mark=False) == seen
    assert names.unique(name) == seen
