"""Bad inputs of operations, found while the graph is built or while it runs.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

OPS: list[Case] = [
    fails(
        41,
        "matmul shape mismatch at build",
        "tf.matmul(tf.zeros([2, 3]), tf.zeros([4, 5]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        42,
        "matmul shape mismatch at run",
        """
a = tf.placeholder(tf.float32, name="a")
b = tf.placeholder(tf.float32, name="b")
y = tf.matmul(a, b)
with tf.Session() as s:
    s.run(y, {a: np.zeros((2, 3)), b: np.zeros((4, 5))})
""",
        says="In[0] mismatch In[1] shape: 3 vs. 4: [2,3] [4,5]",
        names_line=True,
    ),
    fails(
        43,
        "matmul rank 1",
        "tf.matmul(tf.zeros([3]), tf.zeros([3, 2]))",
        says="Shape must be rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        44,
        "add incompatible shapes at build",
        "tf.zeros([2, 3]) + tf.zeros([4])",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        45,
        "add incompatible shapes at run",
        """
a = tf.placeholder(tf.float32)
b = tf.placeholder(tf.float32)
y = a + b
with tf.Session() as s:
    s.run(y, {a: np.zeros((2, 3)), b: np.zeros(4)})
""",
        says="Incompatible shapes: [2,3] vs. [4]",
        names_line=True,
    ),
    fails(
        46,
        "dtype mismatch add tensors",
        "tf.constant(1.0) + tf.constant(1)",
        says="Input 'y' of 'AddV2' Op has type int32 that does not match type float32 of "
        "argument 'x'.",
        names_line=True,
    ),
    fails(
        47,
        "dtype mismatch python value",
        "tf.constant([1, 2]) + 1.5",
        says="Input 'y' of 'AddV2' Op has type float32 that does not match type int32 of "
        "argument 'x'.",
        names_line=True,
    ),
    works(
        48,
        "a float64 array takes the tensor's dtype",
        """
y = tf.constant([1.0, 2.0]) * np.array([1.0, 2.0])
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    fails(
        49,
        "matmul int with float",
        "tf.matmul(tf.zeros([2, 2]), tf.zeros([2, 2], tf.int32))",
        says="Input 'b' of 'MatMul' Op has type int32 that does not match type float32 of "
        "argument 'a'.",
        names_line=True,
    ),
    fails(
        50,
        "matmul on bool",
        "tf.matmul(tf.zeros([2, 2], tf.bool), tf.zeros([2, 2], tf.bool))",
        says="Value passed to parameter 'a' has DataType bool not in list of allowed values",
        names_line=True,
    ),
    fails(
        51,
        "reshape impossible at build",
        "tf.reshape(tf.zeros([6]), [4])",
        says="Cannot reshape a tensor with 6 elements to shape [4] (4 elements)",
        names_line=True,
    ),
    fails(
        52,
        "reshape impossible at run",
        """
a = tf.placeholder(tf.float32)
y = tf.reshape(a, [4])
with tf.Session() as s:
    s.run(y, {a: np.zeros(6)})
""",
        says="Input to reshape is a tensor with 6 values, but the requested shape has 4",
        names_line=True,
    ),
    fails(
        54,
        "concat mismatched",
        "tf.concat([tf.zeros([2, 3]), tf.zeros([3, 4])], 0)",
        says="Dimension 0 in both shapes must be equal, but are 3 and 4. Shapes are [3] and [4].",
        names_line=True,
    ),
    fails(
        55,
        "concat bad axis",
        "tf.concat([tf.zeros([2, 3]), tf.zeros([2, 3])], 5)",
        says="Shape must be at least rank 6 but is rank 2",
        names_line=True,
    ),
    fails(
        56,
        "split uneven",
        "tf.split(tf.zeros([5]), 2)",
        says="Dimension size must be evenly divisible by 2 but is 5",
        names_line=True,
    ),
    fails(
        57,
        "slice out of range at run",
        """
a = tf.placeholder(tf.float32)
y = tf.slice(a, [3], [5])
with tf.Session() as s:
    s.run(y, {a: np.zeros(6)})
""",
        says="Expected size[0] in [0, 3], but got 5",
        names_line=True,
    ),
    fails(
        58,
        "strided slice index out of bounds",
        "tf.zeros([3])[7]",
        says="slice index 7 of dimension 0 out of bounds.",
        names_line=True,
    ),
    fails(
        59,
        "too many indices",
        "tf.zeros([3])[0, 0]",
        says="Index out of range using input dim 1; input has only 1 dims",
        names_line=True,
    ),
    fails(
        60,
        "gather out of range on CPU",
        """
y = tf.gather(tf.zeros([3]), [5])
with tf.Session() as s:
    s.run(y)
""",
        says="indices[0] = 5 is not in [0, 3)",
        names_line=True,
    ),
    fails(
        61,
        "embedding lookup out of range",
        """
y = tf.nn.embedding_lookup(tf.zeros([3, 2]), [-1])
with tf.Session() as s:
    s.run(y)
""",
        says="indices[0] = -1 is not in [0, 3)",
        names_line=True,
    ),
    fails(
        62,
        "sparse xent label out of range",
        """
y = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[5], logits=tf.zeros([1, 3]))
with tf.Session() as s:
    s.run(y)
""",
        says="Received a label value of 5 which is outside the valid range of [0, 3).",
        names_line=True,
    ),
    fails(
        63,
        "sparse xent rank mismatch",
        """
tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1]], logits=tf.zeros([1, 3]))
""",
        says="Rank mismatch: Rank of labels (received 2) should equal rank of logits minus 1 "
        "(received 2).",
    ),
    fails(
        64,
        "labels and logits given by position",
        "tf.nn.softmax_cross_entropy_with_logits(tf.zeros([1, 3]), tf.zeros([1, 3]))",
        says="Only call `softmax_cross_entropy_with_logits` with named arguments",
    ),
    fails(
        65,
        "softmax xent shape mismatch",
        """
tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.zeros([2, 3]), logits=tf.zeros([2, 4]))
""",
        says="Dimensions must be equal, but are 4 and 3",
        names_line=True,
    ),
    fails(
        66,
        "conv2d channel mismatch",
        'tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 4, 8]), [1, 1, 1, 1], "SAME")',
        says="Depth of input (3) is not a multiple of input depth of filter (4)",
        names_line=True,
    ),
    fails(
        67,
        "conv2d rank mismatch",
        'tf.nn.conv2d(tf.zeros([8, 8, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1, 1], "SAME")',
        says="Shape must be rank 4 but is rank 3",
        names_line=True,
    ),
    fails(
        68,
        "conv2d bad padding",
        'tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1, 1], "FULL")',
        says="Attr 'padding' of 'Conv2D' Op passed string 'FULL' not in",
        names_line=True,
    ),
    fails(
        69,
        "conv2d batch stride",
        """
y = tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 8]), [2, 1, 1, 1], "SAME")
with tf.Session() as s:
    s.run(y)
""",
        says="does not yet support strides in the batch and depth dimensions",
        names_line=True,
    ),
    fails(
        70,
        "conv2d filter larger than input VALID",
        'tf.nn.conv2d(tf.zeros([1, 2, 2, 3]), tf.zeros([5, 5, 3, 8]), [1, 1, 1, 1], "VALID")',
        says="Negative dimension size caused by subtracting 5 from 2",
        names_line=True,
    ),
    fails(
        71,
        "max_pool window too large",
        'tf.nn.max_pool(tf.zeros([1, 2, 2, 1]), [1, 3, 3, 1], [1, 1, 1, 1], "VALID")',
        says="Negative dimension size caused by subtracting 3 from 2",
        names_line=True,
    ),
    fails(
        72,
        "reduce bad axis",
        "tf.reduce_sum(tf.zeros([2, 3]), axis=2)",
        says="Invalid reduction dimension 2 for input with 2 dimensions",
        names_line=True,
    ),
    fails(
        73,
        "argmax bad axis",
        "tf.argmax(tf.zeros([2, 3]), 5)",
        says="Dimension (5) must be in the range [-2, 2)",
        names_line=True,
    ),
    fails(
        75,
        "expand_dims bad axis",
        "tf.expand_dims(tf.zeros([2]), 5)",
        says="dim 5 not in the interval [-2, 1]",
        names_line=True,
    ),
    fails(
        76,
        "squeeze non-1 dim",
        "tf.squeeze(tf.zeros([2, 3]), [0])",
        says="Can not squeeze dim[0], expected a dimension of 1, got 2",
        names_line=True,
    ),
    fails(
        77,
        "stack shapes differ",
        "tf.stack([tf.zeros([2]), tf.zeros([3])])",
        says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
        names_line=True,
    ),
    fails(
        78,
        "unstack unknown",
        "tf.unstack(tf.placeholder(tf.float32))",
        says="Cannot infer num from shape",
    ),
    fails(
        79,
        "one_hot float indices",
        "tf.one_hot([1.5], 3)",
        says="Value passed to parameter 'indices' has DataType float32 not in list of allowed "
        "values",
        names_line=True,
    ),
    fails(
        82,
        "int division by zero",
        """
y = tf.constant([1, 2]) // tf.constant([0, 1])
with tf.Session() as s:
    s.run(y)
""",
        says="Integer division by zero",
        names_line=True,
    ),
    fails(
        83,
        "int mod by zero",
        """
y = tf.constant([1, 2]) % tf.constant([0, 1])
with tf.Session() as s:
    s.run(y)
""",
        says="Integer division by zero",
        names_line=True,
    ),
    works(
        84,
        "float division by zero is no error",
        """
y = tf.constant([1.0, 0.0]) / tf.constant([0.0, 0.0])
with tf.Session() as s:
    result = s.run(y)
""",
    ),
    fails(
        85,
        "check_numerics",
        """
y = tf.check_numerics(tf.constant([np.nan]), "bad value")
with tf.Session() as s:
    s.run(y)
""",
        says="bad value : Tensor had NaN values",
        names_line=True,
    ),
    fails(
        86,
        "Assert fails",
        """
y = tf.Assert(tf.constant(False), [tf.constant("x was"), tf.constant([1, 2, 3])])
with tf.Session() as s:
    s.run(y)
""",
        says="assertion failed: [x was] [1 2 3]",
        names_line=True,
    ),
    fails(
        87,
        "matrix_inverse singular",
        """
y = tf.matrix_inverse(tf.zeros([2, 2]))
with tf.Session() as s:
    s.run(y)
""",
        says="Input is not invertible.",
        names_line=True,
    ),
    fails(
        88,
        "cholesky not PD",
        """
y = tf.cholesky(tf.constant([[-1.0, 0.0], [0.0, 1.0]]))
with tf.Session() as s:
    s.run(y)
""",
        says="Cholesky decomposition was not successful.",
        names_line=True,
    ),
    fails(
        89,
        "tensor as python bool",
        """
if tf.constant(True):
    pass
""",
        says="using a `tf.Tensor` as a Python `bool` is not allowed",
    ),
    fails(
        90,
        "iterate over tensor",
        """
for i in tf.constant([1, 2]):
    pass
""",
        says="iterating over `tf.Tensor` is not allowed",
    ),
    fails(
        91,
        "len of tensor",
        "len(tf.constant([1, 2]))",
        says="len is not well defined for symbolic Tensors",
    ),
    fails(
        92,
        "tensor item assignment",
        """
t = tf.zeros([2])
t[0] = 1
""",
        says="'Tensor' object does not support item assignment",
    ),
    fails(
        93,
        "tensor to numpy",
        "np.array(tf.constant([1.0]))",
        says="Cannot convert a symbolic Tensor (Const:0) to a numpy array.",
    ),
    fails(
        94,
        "float(tensor)",
        "float(tf.constant(1.0))",
        says="float() argument must be a string or a",
    ),
    fails(
        95,
        "tensor.numpy()",
        "tf.constant(1.0).numpy()",
        says="'Tensor' object has no attribute 'numpy'",
    ),
    works(
        96,
        "== on tensors is identity",
        "result = tf.constant(1.0) == tf.constant(1.0)",
    ),
    fails(
        203,
        "dropout keep_prob 0",
        "tf.nn.dropout(tf.zeros([2]), keep_prob=0.0)",
        says="rate must be a scalar tensor or a float in the range [0, 1)",
    ),
    fails(
        204,
        "dropout keep_prob >1",
        "tf.nn.dropout(tf.zeros([2]), keep_prob=1.5)",
        says="rate must be a scalar tensor or a float in the range [0, 1)",
    ),
    fails(
        206,
        "where mismatched",
        "tf.where([True, False], [1.0, 2.0], [1.0, 2.0, 3.0])",
        says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
        names_line=True,
    ),
]
