"""More bad conditions, loops, TensorArrays and gradients; integers that wrap.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

MORE_FLOW: list[Case] = [
    fails(
        346,
        "while loop that changes its dtype, run",
        """
y = tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [tf.constant(0)])
with tf.Session() as s:
    s.run(y)
""",
        says="Input 1 of node while/Merge was passed float from while/NextIteration:0 "
        "incompatible with expected int32.",
    ),
    fails(
        347,
        "while loop with a condition that is no bool",
        "tf.while_loop(lambda i: i, lambda i: i + 1, [tf.constant(0)])",
        says="Input 'input' of 'LoopCond' Op has type int32 that does not match expected "
        "type of bool.",
        names_line=True,
    ),
    fails(
        348,
        "while loop with two conditions",
        "tf.while_loop(lambda i: [i < 2, i < 3], lambda i: i + 1, [tf.constant(0)])",
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        349,
        "while loop with a vector as condition at run time",
        """
p = tf.placeholder(tf.bool)
y = tf.while_loop(lambda i: p, lambda i: i + 1, [tf.constant(0)])
s = tf.Session()
s.run(y, {p: [True, False]})
""",
        says="The second input must be a scalar, but it has shape [2]",
        names_line=True,
    ),
    fails(
        350,
        "while loop with maximum_iterations of a list",
        """
tf.while_loop(lambda i: True, lambda i: i + 1, [tf.constant(0)], maximum_iterations=[3])
""",
        says="maximum_iterations must be a scalar, saw shape: (1,)",
    ),
    fails(
        351,
        "while loop with a condition of None",
        "tf.while_loop(lambda i: None, lambda i: i + 1, [tf.constant(0)])",
        says="None values not supported.",
    ),
    fails(
        352,
        "while loop with a body of None",
        "tf.while_loop(lambda i: i < 3, lambda i: None, [tf.constant(0)])",
        says="None values not supported.",
    ),
    fails(
        353,
        "while loop without a function as condition",
        "tf.while_loop(3, lambda i: i + 1, [tf.constant(0)])",
        says="cond must be callable.",
    ),
    fails(
        354,
        "while loop without a function as body",
        "tf.while_loop(lambda i: i < 3, 3, [tf.constant(0)])",
        says="body must be callable.",
    ),
    fails(
        355,
        "while loop with no parallel iterations",
        """
tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)], parallel_iterations=0)
""",
        says="parallel_iterations must be a positive integer.",
    ),
    fails(
        356,
        "while loop that adds a float to an int",
        "tf.while_loop(lambda i: i < 3, lambda i: i + 1.0, [tf.constant(0)])",
        says="Input 'y' of 'AddV2' Op has type float32 that does not match type int32 of "
        "argument 'x'.",
        names_line=True,
    ),
    fails(
        357,
        "cond with a branch of None",
        "tf.cond(tf.constant(True), lambda: None, lambda: tf.constant(1))",
        says="true_fn must have a return value.",
    ),
    fails(
        358,
        "cond of an int",
        "tf.cond(tf.constant(1), lambda: tf.constant(1), lambda: tf.constant(1))",
        says="Input 'pred' of 'Switch' Op has type int32 that does not match expected type "
        "of bool.",
        names_line=True,
    ),
    fails(
        359,
        "cond of a static vector",
        "tf.cond(tf.constant([True, False]), lambda: tf.constant(1), lambda: tf.constant(1))",
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        360,
        "cond in a cond of a vector of one",
        """
p = tf.placeholder(tf.bool)
z = lambda: tf.cond(p, lambda: tf.constant(1), lambda: tf.constant(2))
y = tf.cond(tf.constant(True), z, z)
s = tf.Session()
s.run(y, {p: [True]})
""",
        says="The second input must be a scalar, but it has shape [1]",
        names_line=True,
    ),
    fails(
        361,
        "cond with one function",
        "tf.cond(tf.constant(True), lambda: tf.constant(1))",
        says="cond(): false_fn argument required",
    ),
    fails(
        362,
        "cond with a function that wants an argument",
        "tf.cond(tf.constant(True), lambda x: tf.constant(1), lambda: tf.constant(1))",
        says="<lambda>() missing 1 required positional argument: 'x'",
    ),
    fails(
        363,
        "cond of None",
        "tf.cond(None, lambda: 1, lambda: 2)",
        says="None values not supported.",
    ),
    fails(
        364,
        "case of pairs that are none",
        "tf.case([tf.constant(True), lambda: tf.constant(1)])",
        says="Each entry in pred_fn_pairs must be a 2-tuple",
    ),
    fails(
        365,
        "case without a true condition",
        """
x = tf.placeholder(tf.int32, [])
y = tf.case([(x < 2, lambda: tf.constant(1)), (x < 3, lambda: tf.constant(2))])
s = tf.Session()
s.run(y, {x: 5})
""",
        says="assertion failed: [Input error: None of conditions evaluated as True:] [0 0]",
        names_line=True,
    ),
    fails(
        366,
        "TensorArray write beyond its size",
        """
t = tf.TensorArray(tf.float32, 2)
y = t.write(5, 1.0).stack()
with tf.Session() as s:
    s.run(y)
""",
        says="Tried to write to index 5 but array is not resizeable and size is: 2",
        names_line=True,
    ),
    fails(
        367,
        "TensorArray write twice",
        """
t = tf.TensorArray(tf.float32, 2)
y = t.write(0, 1.0).write(0, 2.0).read(0)
with tf.Session() as s:
    s.run(y)
""",
        says="Could not write to TensorArray index 0 because it has already been written to.",
        names_line=True,
    ),
    fails(
        368,
        "TensorArray elements of other shapes",
        """
t = tf.TensorArray(tf.float32, 2)
t.write(0, [1.0]).write(1, [1.0, 2.0])
""",
        says="Inconsistent shapes: saw (2,) but expected (1,)",
    ),
    fails(
        369,
        "TensorArray elements of other shapes at run time",
        """
t = tf.TensorArray(tf.float32, size=2, infer_shape=False)
t = t.write(0, [1.0]).write(1, [1.0, 2.0])
y = t.stack()
with tf.Session() as s:
    s.run(y)
""",
        says="TensorArray has inconsistent shapes.  Index 0 has shape: [1] but index 1 has "
        "shape: [2]",
        names_line=True,
    ),
    fails(
        370,
        "TensorArray unstack of more than its size",
        """
t = tf.TensorArray(tf.float32, 2)
t = t.unstack([1.0, 2.0, 3.0])
y = t.stack()
with tf.Session() as s:
    s.run(y)
""",
        says="Max scatter index must be < array size (2 vs. 2)",
        names_line=True,
    ),
    fails(
        371,
        "TensorArray of a size that is a vector",
        "tf.TensorArray(tf.float32, [2])",
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        372,
        "TensorArray of a negative size",
        """
t = tf.TensorArray(tf.float32, size=-1)
y = t.size()
with tf.Session() as s:
    s.run(y)
""",
        says="Size should be >= 0.",
        names_line=True,
    ),
    fails(
        373,
        "TensorArray without a size",
        "tf.TensorArray(tf.float32)",
        says="Size must be provided if handle is not provided",
    ),
    fails(
        374,
        "TensorArray split into lengths that do not add up",
        """
t = tf.TensorArray(tf.float32, 4)
t = t.split([1.0, 2.0, 3.0], [1, 1])
y = t.concat()
with tf.Session() as s:
    s.run(y)
""",
        says="Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
        "2 and value's shape is: [3]",
        names_line=True,
    ),
    fails(
        375,
        "TensorArray scatter beyond its size",
        """
t = tf.TensorArray(tf.float32, 2)
t = t.scatter([0, 7], [1.0, 2.0])
y = t.stack()
with tf.Session() as s:
    s.run(y)
""",
        says="Max scatter index must be < array size (7 vs. 2)",
        names_line=True,
    ),
    fails(
        376,
        "TensorArray scatter of another number of rows",
        "tf.TensorArray(tf.float32, 2).scatter([0], [1.0, 2.0])",
        says="Dimensions must be equal, but are 2 and 1",
        names_line=True,
    ),
    fails(
        377,
        "TensorArray gather beyond its size",
        """
t = tf.TensorArray(tf.float32, 2)
t = t.unstack([1.0, 2.0])
y = t.gather([0, 2])
with tf.Session() as s:
    s.run(y)
""",
        says="Tried to read from index 2 but array size is: 2",
        names_line=True,
    ),
    fails(
        378,
        "TensorArray write at a text",
        'tf.TensorArray(tf.float32, 2).write("a", 1.0)',
        says="Expected int32 passed to parameter 'index' of op 'TensorArrayWriteV3', got "
        "'a' of type 'str' instead. Error: Expected int32, got 'a' of type 'str' instead.",
        names_line=True,
    ),
    fails(
        379,
        "TensorArray of an unknown dtype",
        'tf.TensorArray("flort", 2)',
        says="Cannot convert value 'flort' to a TensorFlow DType.",
    ),
    fails(
        380,
        "map_fn over a scalar",
        "tf.map_fn(lambda x: x, 3)",
        says="elems must be a 1+ dimensional Tensor, not a scalar",
    ),
    fails(
        381,
        "map_fn without a function",
        "tf.map_fn(3, tf.constant([1.0]))",
        says="fn must be callable.",
    ),
    fails(
        382,
        "map_fn over other numbers of rows",
        """
one = (tf.constant([1.0]), tf.constant([1.0, 2.0]))
tf.map_fn(lambda x: x[0] + x[1], one, dtype=tf.float32)
""",
        says="Dimensions 1 and 2 are not compatible",
    ),
    fails(
        383,
        "map_fn of a result with another structure",
        "tf.map_fn(lambda x: x[0] + x[1], (tf.constant([1.0]), tf.constant([1.0, 2.0])))",
        says="The two structures don't have the same nested structure.",
    ),
    fails(
        384,
        "scan over a scalar",
        "tf.scan(lambda a, x: a + x, tf.constant(1.0))",
        says="index out of range",
    ),
    fails(
        385,
        "scan with a result of another structure",
        "tf.scan(lambda a, x: [a, x], tf.constant([1.0, 2.0]))",
        says="The two structures don't have the same nested structure.",
    ),
    fails(
        386,
        "an input replaced by one of another dtype",
        """
b = tf.identity(tf.placeholder(tf.int32), name="b")
b.op._update_input(0, tf.constant(1.0))
y = b
with tf.Session() as s:
    s.run(y)
""",
        says="Input 0 of node b was passed float from Const:0 incompatible with expected int32.",
    ),
    fails(
        387,
        "constant beyond int64",
        "tf.constant(2**63, tf.int64)",
        says="Python int too large to convert to C long",
    ),
    fails(
        388,
        "constant beyond float",
        "tf.constant(2**2000, tf.float32)",
        says="int too large to convert to float",
    ),
    fails(
        389,
        "grad_ys of another dtype",
        """
x = tf.constant([1.0, 2.0])
tf.gradients(tf.square(x), x, grad_ys=tf.constant(1.0, tf.float64))
""",
        says="Input 'y' of 'Mul' Op has type float32 that does not match type float64 of "
        "argument 'x'.",
        names_line=True,
    ),
    fails(
        390,
        "grad_ys of another rank",
        """
x = tf.constant([[1.0, 2.0]])
tf.gradients(tf.matmul(x, x, transpose_b=True), x, grad_ys=tf.constant(2.0))
""",
        says="Shape must be rank 2 but is rank 0",
        names_line=True,
    ),
    works(
        391,
        "ints that int32 does not hold wrap",
        """
y = tf.constant([2**40 + 7, -1, 2**31], tf.int32)
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    works(
        392,
        "ints that uint8 does not hold wrap",
        """
y = tf.constant([300, -1], tf.uint8)
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    works(
        393,
        "negative ints wrap in uint64",
        """
y = tf.constant([2**63, -1], tf.uint64)
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    works(
        394,
        "an int added that int32 does not hold",
        """
y = tf.constant([1, 2], tf.int32) + (2**33 + 5)
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    works(
        395,
        "a scalar as grad_ys of a vector",
        """
x = tf.constant([1.0, 2.0])
y = tf.gradients(tf.square(x), x, grad_ys=[tf.constant(3.0)])[0]
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    works(
        396,
        "nested conds of an unknown rank",
        """
p = tf.placeholder_with_default(True, None)
z = lambda: tf.cond(p, lambda: tf.constant(1), lambda: tf.constant(2))
y = tf.cond(p, z, z)
with tf.Session() as s:
    result = s.run(y)
""",
    ),
]
