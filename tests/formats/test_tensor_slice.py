"""Slice keys sort as slices do, and specifications are checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphflow.core.errors import InvalidArgumentError
from graphflow.formats.tensor_slice import TensorSlice, parse_spec, slice_key

NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(NUMBERS, NUMBERS)
def test_keys_sort_as_numbers(a, b):
    keys = [slice_key(b"w", TensorSlice((n,), (0,))) for n in (a, b)]
    assert (keys[0] < keys[1]) == (a < b)


@given(st.binary(max_size=6), st.binary(max_size=6))
def test_keys_sort_as_names(a, b):
    keys = [slice_key(name, TensorSlice.full(1)) for name in (a, b)]
    assert (keys[0] < keys[1]) == (a < b)


def test_known_keys():
    key = slice_key(b"part/w", TensorSlice((0, 0), (5, 6)))
    assert key == b"\0part/w\0\1" + bytes.fromhex("010280858086")
    assert slice_key(b"s", TensorSlice.full(0)) == b"\0s\0\1\0"
    assert slice_key(b"v", TensorSlice.full(1)) == b"\0v\0\1\1\1\x80\x7f"


def test_protos_come_back():
    piece = TensorSlice((0, 3), (-1, 0))
    assert TensorSlice.from_proto(piece.to_proto()) == piece


def test_specifications():
    assert parse_spec("") is None
    assert parse_spec("13 6 0,5:-") == ((13, 6), TensorSlice((0, 0), (5, -1)))


@pytest.mark.parametrize("text", ["13", "13 6 0,5", "13 6 0,5:x", "3 2,2", "3 -1,2", "a b", "3 1"])
def test_bad_specifications_are_refused(text):
    with pytest.raises(InvalidArgumentError, match="Need to have dimensions"):
        parse_spec(text)
