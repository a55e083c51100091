"""Dtypes, shapes, and Python values as tensors."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

import graphflow as tf
from graphflow.core import dtypes


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default():
        yield


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
def test_a_dtype_is_found_by_name_number_and_itself(dtype):
    assert tf.as_dtype(dtype.name) is dtype
    assert tf.as_dtype(dtype.as_datatype_enum) is dtype
    assert tf.DType(dtype) == dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert copy.deepcopy(dtype) is dtype
    reference = dtype._as_ref
    assert reference != dtype
    assert reference.base_dtype is dtype
    assert dtype.is_compatible_with(dtype)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4",
                                  "u8", "c8", "c16", "?", ml_dtypes.bfloat16])  # fmt: skip
def test_a_numpy_dtype_has_one_dtype(kind):
    assert np.dtype(tf.as_dtype(np.dtype(kind)).as_numpy_dtype) == np.dtype(kind)


@pytest.mark.parametrize("bad", [None, "float33", int, 99, [1], object()])
def test_what_is_no_dtype_is_refused(bad):
    with pytest.raises(TypeError, match="Cannot convert value"):
        tf.as_dtype(bad)


def test_ranges():
    assert (tf.int8.min, tf.int8.max) == (-128, 127)
    assert tf.float32.max == np.finfo(np.float32).max
    assert tf.bfloat16.limits == (0, 1)
    assert tf.complex64.real_dtype is tf.float32
    assert (tf.float16.size, tf.complex128.size, tf.string.size) == (2, 16, 1)
    with pytest.raises(TypeError):
        _ = tf.string.min


def test_unknown_sizes_compare_as_none():
    unknown, three = tf.Dimension(None), tf.Dimension(3)
    assert (unknown == 3) is None
    assert (three == 3) is True
    assert (unknown + 3).value is None
    assert (three * 4).value == 12
    assert (three // 2).value == 1
    assert (three < unknown) is None
    with pytest.raises(ValueError, match="must be >= 0"):
        tf.Dimension(-1)
    with pytest.raises(TypeError, match="//"):
        _ = three / 2


def test_shapes_merge_and_print_as_in_tensorflow():
    shape = tf.TensorShape([None, 3])
    assert str(shape) == "(?, 3)"
    assert repr(shape) == "TensorShape([Dimension(None), Dimension(3)])"
    assert shape.merge_with([2, None]).as_list() == [2, 3]
    assert shape.concatenate([4]).as_list() == [None, 3, 4]
    assert str(tf.TensorShape(None)) == "<unknown>"
    assert shape[1:].as_list() == [3]
    with pytest.raises(ValueError, match="not compatible"):
        shape.merge_with([2, 4])
    with pytest.raises(ValueError, match="as_list"):
        tf.TensorShape(None).as_list()


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1, "int32"), (2**40, "int64"), (1.5, "float32"), (True, "bool"), ("a", "string"),
     (1j, "complex128"), (np.float64(1), "float64"), ([np.float64(1)], "float32"),
     (np.arange(3), "int64"), ([1, 2.5], "float32"), ([], "float32")],
)  # fmt: skip
def test_python_values_get_the_type_tensorflow_gives_them(value, dtype):
    assert tf.constant(value).dtype.name == dtype


def test_a_constant_keeps_its_own_copy():
    value = np.zeros(3, np.float32)
    c = tf.constant(value)
    value[:] = 7
    with tf.Session() as sess:
        assert sess.run(c).tolist() == [0, 0, 0]


def test_a_short_value_is_continued_with_its_last_element():
    c = tf.constant([1, 2], shape=[2, 2])
    with tf.Session() as sess:
        assert sess.run(c).tolist() == [[1, 2], [2, 2]]


def test_lists_with_tensors_are_packed():
    x = tf.placeholder(tf.float32, [])
    t = tf.convert_to_tensor([[x, 1.0], [2.0, x]])
    with tf.Session() as sess:
        assert sess.run(t, {x: 5.0}).tolist() == [[5, 1], [2, 5]]


def test_users_register_conversions_of_their_own():
    class Celsius:
        def __init__(self, degrees):
            self.degrees = degrees

    def convert(value, dtype=None, name=None, as_ref=False):
        return tf.constant(value.degrees, dtype=dtype, name=name)

    tf.register_tensor_conversion_function(Celsius, convert)
    with tf.Session() as sess:
        assert sess.run(tf.constant(1.0) + Celsius(20.0)) == 21.0


def test_nested_structures_keep_their_form():
    structure = {"b": [1, (2,)], "a": 3}
    assert tf.nest.flatten(structure) == [3, 1, 2]
    doubled = tf.nest.map_structure(lambda x: 2 * x, structure)
    assert doubled == {"b": [2, (4,)], "a": 6}
    with pytest.raises(ValueError, match="same nested structure"):
        tf.nest.assert_same_structure([1, 2], [1, [2]])
    with pytest.raises(ValueError, match="pack"):
        tf.nest.pack_sequence_as([1, 2], [1])
