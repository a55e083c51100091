"""TensorProtos: TensorFlow's bytes for every type, and every form it reads."""

import numpy as np
import pytest

from graphflow.core import dtypes
from graphflow.formats import proto
from graphflow.formats.tensor_proto import decode_tensor, decode_values, encode_tensor
from tests.formats.golden import FACTS, all_types, same, typed
from tests.golden.formats import values


def rows():
    for name, (array, dtype, shape) in values.tensors().items():
        if dtype == "bfloat16":
            array, dtype = typed("bfloat16", array), None
        yield name, array, dtype and dtypes.as_dtype(dtype), shape
    for name in ("qint8", "qint32", "quint8"):
        yield "q:" + name, all_types()[name], None, None


ROWS = {name: rest for name, *rest in rows()}


@pytest.mark.parametrize("name", FACTS["tensor_protos"])
def test_the_bytes_are_tensorflows(name):
    message = encode_tensor(*ROWS[name])
    assert message.SerializeToString(deterministic=True).hex() == FACTS["tensor_protos"][name]


@pytest.mark.parametrize("name", FACTS["tensor_protos"])
def test_recorded_messages_decode(name):
    array, _, shape = ROWS[name]
    message = proto.TensorProto.FromString(bytes.fromhex(FACTS["tensor_protos"][name]))
    value = decode_tensor(message)
    if shape is not None:
        padded = np.zeros(shape, array.dtype).reshape(-1)
        padded[: array.size] = array.reshape(-1)
        padded[array.size :] = array.reshape(-1)[-1] if array.size else 0
        array = padded.reshape(shape)
    assert same(value, array.astype(array.dtype.newbyteorder("=")))
    assert value.flags.writeable


@pytest.mark.parametrize("name", all_types())
def test_both_forms_decode_alike(name):
    array = all_types()[name]
    listed = proto.TensorProto()
    listed.CopyFrom(encode_tensor(array.reshape(-1)[:1]))
    if array.size > 1 and array.dtype != object:
        raw = proto.TensorProto(dtype=listed.dtype, tensor_content=array.reshape(-1)[:1].tobytes())
        raw.tensor_shape.CopyFrom(listed.tensor_shape)
        assert same(decode_tensor(raw), decode_tensor(listed))


def test_big_endian_arrays_are_stored_little_endian():
    # TensorFlow stores their bytes as they lie, and so reads other numbers.
    for shape in ((4,), ()):
        value = np.arange(1, 5, dtype=">i4")[: 4 if shape else 1].reshape(shape)
        assert same(decode_tensor(encode_tensor(value)), value.astype(np.int32))


def message(dtype, shape, **fields):
    out = proto.TensorProto(dtype=dtypes.as_dtype(dtype).as_datatype_enum, **fields)
    for size in shape:
        out.tensor_shape.dim.add(size=size)
    return out


def test_short_lists_repeat_their_last_value():
    assert decode_tensor(message("int64", (4,), int64_val=[1, 2])).tolist() == [1, 2, 2, 2]
    assert decode_tensor(message("bool", (2,), bool_val=[True])).tolist() == [True, True]
    assert decode_tensor(message("string", (2,), string_val=[b"a"])).tolist() == [b"a", b"a"]
    assert decode_tensor(message("complex64", (2,), scomplex_val=[1, 2])).tolist() == [1 + 2j] * 2


def test_empty_lists_are_zeros():
    assert decode_tensor(message("float16", (2,))).tolist() == [0, 0]
    assert decode_tensor(message("string", (2,))).tolist() == [b"", b""]


def test_long_lists_are_cut():
    assert decode_tensor(message("float32", (), float_val=[1, 2])).tolist() == 1
    with pytest.raises(ValueError, match="2 values for shape"):
        decode_values(message("float32", (), float_val=[1, 2]), dtypes.float32, (), exact=True)


def test_narrow_numbers_wrap():
    assert decode_tensor(message("uint8", (2,), int_val=[-1, 257])).tolist() == [255, 1]


@pytest.mark.parametrize(
    "bad",
    [
        message("float32", (2,), tensor_content=b"1234567"),
        message("float32", (-1,)),
        message("string", (1,), tensor_content=b"abc"),
    ],
)
def test_what_does_not_fit_is_refused(bad):
    with pytest.raises(ValueError, match=r"bytes|shape|content"):
        decode_tensor(bad)


def test_types_without_arrays_are_refused():
    with pytest.raises(TypeError, match="Unsupported tensor type: variant"):
        decode_tensor(message("variant", (1,)))
    with pytest.raises(TypeError, match="Element type not supported in TensorProto: variant"):
        encode_tensor(np.array([None]), dtypes.variant)


def test_too_many_elements_are_refused():
    with pytest.raises(ValueError, match="Needed at most 2, but received 3"):
        encode_tensor(np.zeros(3), shape=(2,))


def test_two_gigabytes_are_too_large():
    with pytest.raises(ValueError, match="content is larger than 2GB"):
        encode_tensor(np.broadcast_to(np.float64(1), (1 << 14, 1 << 14)))


def test_reference_types_are_stored_as_values():
    assert encode_tensor(np.zeros(2, np.float32), dtypes.float32._as_ref).dtype == 1
