"""Examples read from their bytes are what protocol buffers read."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphflow as tf
from graphflow.formats import example_wire as wire

NAMES = st.text(max_size=5)
FEATURES = st.one_of(
    st.lists(st.binary(max_size=200), max_size=4).map(
        lambda v: tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
    ),
    st.lists(st.floats(width=32, allow_nan=False), max_size=40).map(
        lambda v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
    ),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40).map(
        lambda v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    ),
    st.just(tf.train.Feature()),
)


def values(feature: bytes) -> list[object]:
    found = wire.read_feature(feature)
    if found is None:
        return []
    if found.kind == wire.BYTES:
        return list(found.data)
    if found.kind == wire.FLOATS:
        return np.frombuffer(found.data, "<f4").tolist()
    return wire.decode_varints(found.data).tolist()


def listed(feature: object) -> list[object]:
    kind = feature.WhichOneof("kind")  # type: ignore[attr-defined]  # a message
    return [] if kind is None else list(getattr(feature, kind).value)


@given(st.dictionaries(NAMES, FEATURES, max_size=5))
def test_features_are_those_of_the_message(features: dict[str, object]) -> None:
    message = tf.train.Example(features=tf.train.Features(feature=features))
    found = wire.read_example(message.SerializeToString())
    assert {k.decode(): values(v) for k, v in found.items()} == {
        k: listed(v) for k, v in features.items()
    }


@given(st.dictionaries(NAMES, st.lists(FEATURES, max_size=4), max_size=3))
def test_feature_lists_are_those_of_the_message(lists: dict[str, list[object]]) -> None:
    told = {k: tf.train.FeatureList(feature=v) for k, v in lists.items()}
    message = tf.train.SequenceExample(feature_lists=tf.train.FeatureLists(feature_list=told))
    context, found = wire.read_sequence_example(message.SerializeToString())
    assert context == {}
    assert {
        k.decode(): [values(x) for x in wire.read_feature_list(v)] for k, v in found.items()
    } == {k: [listed(x) for x in v] for k, v in lists.items()}


@given(st.binary(max_size=30))
def test_other_bytes_are_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.read_example(data)


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(wire.WireError):
        wire.decode_varints(b"\xff" * 10 + b"\x01")
