"""Functions made from signatures take TensorFlow 1.15.5's arguments, in its order."""

import gzip
import inspect
import json
from pathlib import Path

import pytest

import graphflow as tf
from graphflow.core.generated import arguments, generated, op_types
from graphflow.core.opdef import REGISTRY

GOLDEN = Path(__file__).parents[1] / "golden/platform/generated.json.gz"
RECORDED = json.loads(gzip.decompress(GOLDEN.read_bytes()))


def test_arguments_are_tensorflows():
    known = sorted(set(op_types()) & set(RECORDED))
    assert len(known) > 400
    wrong = []
    for op_type in known:
        name, names, required = RECORDED[op_type]
        found = inspect.signature(generated(name)).parameters
        empty = [p for p in found.values() if p.default is inspect.Parameter.empty]
        if (list(found), len(empty)) != (names, required):
            wrong.append((op_type, list(found), names))
    assert not wrong


def test_raw_ops_take_keywords():
    with tf.Graph().as_default():
        made = tf.raw_ops.Sum(input=[[1.0, 2.0]], axis=1, keep_dims=True, name="n")
        assert (made.name, made.shape.as_list()) == ("n:0", [1, 1])
        with pytest.raises(TypeError, match=r"Add only takes keyword args \(possible keys: "):
            tf.raw_ops.Add(1, 2)
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
            tf.raw_ops.Add(x=1)
    assert "Add" in dir(tf.raw_ops)
    with pytest.raises(AttributeError, match="NoSuchType"):
        _ = tf.raw_ops.NoSuchType


def test_every_argument_is_a_port_or_an_attribute():
    for op_type in op_types():
        definition = REGISTRY[op_type]
        behind = arguments(definition).values()
        known = {port.name for port in definition.inputs} | set(definition.attrs)
        assert set(behind) <= known, op_type
