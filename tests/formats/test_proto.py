"""The messages are TensorFlow 1.15.5's, field for field, in a pool of their own."""

import hashlib
import json
import pickle
import subprocess
import sys

import pytest
from google.protobuf import text_format

from graphflow.formats import proto
from tests.formats.golden import FACTS


def digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def our_digest(full_name):
    """As `field_facts` of the recorder."""
    pool = proto.GraphDef.DESCRIPTOR.file.pool
    try:
        message = pool.FindMessageTypeByName(full_name)
    except KeyError:
        enum = pool.FindEnumTypeByName(full_name)
        return digest([[value.number, value.name] for value in enum.values])
    rows = []
    for f in sorted(message.fields, key=lambda f: f.number):
        kind = f.message_type or f.enum_type
        one = f.containing_oneof.name if f.containing_oneof else ""
        label = 3 if f.is_repeated else 1
        rows.append([f.number, f.name, f.type, label, kind.full_name if kind else "", one])
    return digest(rows)


def test_every_message_has_the_fields_of_tensorflow():
    recorded = FACTS["descriptors"]
    assert len(recorded) > 150
    assert {name: our_digest(name) for name in recorded} == recorded


def test_protobuf_is_imported_at_the_first_message():
    code = (
        "import sys; from graphflow.formats import proto, bundle, events, records\n"
        "assert not any(m.startswith('google.protobuf') for m in sys.modules)\n"
        "proto.GraphDef; assert 'google.protobuf' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_messages_stay_out_of_the_default_pool():
    from google.protobuf import descriptor_pool

    assert proto.GraphDef.DESCRIPTOR.full_name == "tensorflow.GraphDef"
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("tensorflow.GraphDef")


def graph():
    message = proto.GraphDef()
    node = message.node.add(name="x", op="Const")
    node.attr["dtype"].type = proto.DataType.DT_FLOAT
    node.attr["shapes"].list.shape.add().dim.add(size=-1)
    node.attr["value"].tensor.float_val.extend([1.5, -2])
    return message


@pytest.mark.parametrize(
    "again",
    [
        lambda m: proto.GraphDef.FromString(m.SerializeToString()),
        lambda m: text_format.Parse(text_format.MessageToString(m), proto.GraphDef()),
        lambda m: pickle.loads(pickle.dumps(m)),
    ],
)
def test_a_message_survives(again):
    assert again(graph()) == graph()


def test_messages_are_real():
    message = graph()
    attr = message.node[0].attr["value"]
    assert attr.WhichOneof("value") == "tensor"
    assert attr.HasField("tensor")
    other = proto.NodeDef()
    other.CopyFrom(message.node[0])
    assert other == message.node[0]
    assert proto.Code.Name(15) == "DATA_LOSS"
    assert proto.SaverDef.V2 == 2


def test_any_holds_a_message():
    message = proto.MetaGraphDef()
    message.meta_info_def.any_info.Pack(graph())
    back = proto.GraphDef()
    assert message.meta_info_def.any_info.Unpack(back)
    assert back == graph()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no message 'NoSuchThing'"):
        _ = proto.NoSuchThing
    assert "GraphDef" in dir(proto)


def test_an_example_has_tensorflows_bytes():
    feature = proto.Example().features.feature
    example = proto.Example()
    feature = example.features.feature
    feature["a"].int64_list.value.extend([1, -2])
    feature["b"].float_list.value.append(0.5)
    feature["c"].bytes_list.value.append(b"x")
    assert example.SerializeToString(deterministic=True).hex() == (
        "0a310a140a0161120f1a0d0a0b01feffffffffffffffff01"
        "0a0d0a0162120812060a040000003f0a0a0a016312050a030a0178"
    )
