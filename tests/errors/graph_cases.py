"""Bad constants, shapes, dtypes, names and devices.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

GRAPH: list[Case] = [
    fails(
        97,
        "convert None",
        "tf.convert_to_tensor(None)",
        says="None values not supported.",
    ),
    fails(
        98,
        "constant with mixed types",
        'tf.constant([1, "a"])',
        says="Failed to convert object of type <class 'list'> to Tensor.",
    ),
    fails(
        99,
        "constant ragged",
        "tf.constant([[1, 2], [3]])",
        says="Argument must be a dense tensor",
    ),
    fails(
        100,
        "constant wrong dtype",
        "tf.constant(1.5, tf.int32)",
        says="Expected int32, got 1.5 of type 'float' instead.",
    ),
    fails(
        102,
        "constant shape mismatch",
        "tf.constant([1, 2, 3], shape=[2])",
        says="Too many elements provided. Needed at most 2, but received 3",
    ),
    fails(
        103,
        "a constant above 2 GB",
        "tf.constant(np.broadcast_to(np.float32(0), (2 ** 29 + 10,)))",
        says="Cannot create a tensor proto whose content is larger than 2GB.",
    ),
    fails(
        104,
        "inputs from different graphs",
        """
with tf.Graph().as_default():
    z = tf.constant(1.0)
tf.constant(1.0) + z
""",
        says="must be from the same graph as",
    ),
    fails(
        105,
        "bad op name",
        'tf.constant(1.0, name="a b")',
        says="'a b' is not a valid node name",
    ),
    fails(
        106,
        "name scope bad",
        """
with tf.name_scope("_x"):
    tf.constant(1.0)
""",
        says="'_x' is not a valid scope name",
    ),
    fails(
        107,
        "unknown device at run",
        """
with tf.device("/gpu:0"):
    c = tf.constant(1.0) + tf.constant(2.0)
with tf.Session() as s:
    s.run(c)
""",
        says="Cannot assign a device for operation add",
    ),
    fails(
        108,
        "malformed device",
        """
with tf.device("/foo:0"):
    c = tf.constant(1.0)
""",
        says="Unknown attribute: 'foo' in '/foo:0'",
    ),
    fails(
        109,
        "get_tensor_by_name without :0",
        """
c = tf.constant(1.0, name="c")
g.get_tensor_by_name("c")
""",
        says="The name 'c' refers to an Operation, not a Tensor.",
    ),
    fails(
        110,
        "get_tensor_by_name bad index",
        """
c = tf.constant(1.0, name="c")
g.get_tensor_by_name("c:3")
""",
        says="The operation, 'c', exists but only has 1 outputs.",
    ),
    fails(
        111,
        "get_operation_by_name missing",
        'g.get_operation_by_name("zz")',
        says="The name 'zz' refers to an Operation not in the graph.",
    ),
    fails(
        190,
        "placeholder_with_default incompatible shape",
        "tf.placeholder_with_default(tf.zeros([2, 3]), [2, 4])",
        says="Dimension 1 in both shapes must be equal, but are 3 and 4. Shapes are [2,3] and "
        "[2,4].",
        names_line=True,
    ),
    fails(
        191,
        "set_shape incompatible",
        "tf.zeros([2, 3]).set_shape([2, 4])",
        says="Dimension 1 in both shapes must be equal, but are 3 and 4. Shapes are [2,3] and "
        "[2,4].",
    ),
    fails(
        192,
        "static shape as list unknown rank",
        "tf.placeholder(tf.float32).get_shape().as_list()",
        says="as_list() is not defined on an unknown TensorShape.",
    ),
    works(
        193,
        "int(Dimension None)",
        "result = repr(tf.placeholder(tf.float32, [None]).shape[0])",
    ),
    fails(
        194,
        "control_dependencies with int",
        """
with tf.control_dependencies([3]):
    pass
""",
        says="Can not convert a int into a Tensor or Operation.",
    ),
    fails(
        308,
        "a negative dimension",
        "tf.Dimension(-1)",
        says="Dimension -1 must be >= 0",
    ),
    fails(
        309,
        "a dtype that does not exist",
        'tf.as_dtype("nope")',
        says="Cannot convert value 'nope' to a TensorFlow DType.",
    ),
    fails(
        310,
        "shapes that cannot be merged",
        "tf.TensorShape([2]).merge_with([3])",
        says="Shapes (2,) and (3,) are not compatible",
    ),
    fails(
        311,
        "shapes that are not compatible",
        "tf.TensorShape([None, 2]).assert_is_compatible_with([4, 3])",
        says="are incompatible",
    ),
    fails(
        320,
        "a placeholder without a dtype",
        "tf.placeholder()",
        says="required positional argument: 'dtype'",
    ),
    fails(
        328,
        "get_tensor_by_name of a missing operation",
        'g.get_tensor_by_name("zz:0")',
        says="The name 'zz:0' refers to a Tensor which does not exist.",
    ),
    fails(
        331,
        "a constant of text with dtype float",
        'tf.constant("a", tf.float32)',
        says="Expected float32, got 'a' of type 'str' instead.",
    ),
    fails(
        332,
        "set_shape of another rank",
        "tf.placeholder(tf.float32, [None]).set_shape([2, 4])",
        says="Shapes must be equal rank, but are 1 and 2",
    ),
]
