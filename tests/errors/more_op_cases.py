"""More bad inputs of operations: run-time misfits, axes, indices, gradients.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

MORE_OPS: list[Case] = [
    fails(
        301,
        "matrices whose sizes do not fit at run time",
        """
a = tf.placeholder(tf.float32, [None, None])
b = tf.placeholder(tf.float32, [None, None])
y = tf.matmul(a, b)
with tf.Session() as s:
    s.run(y, {a: np.zeros((2, 3)), b: np.zeros((4, 5))})
""",
        says="Matrix size-incompatible: In[0]: [2,3], In[1]: [4,5]",
        names_line=True,
    ),
    fails(
        302,
        "reshape with two unknown sizes at run time",
        """
n = tf.placeholder(tf.int32)
y = tf.reshape(tf.zeros([6]), n)
with tf.Session() as s:
    s.run(y, {n: [-1, -1]})
""",
        says="Only one input size may be -1, not both 0 and 1",
        names_line=True,
    ),
    fails(
        303,
        "transpose by what is no permutation at run time",
        """
p = tf.placeholder(tf.int32, [2])
y = tf.transpose(tf.zeros([2, 3]), p)
with tf.Session() as s:
    s.run(y, {p: [0, 0]})
""",
        says="1 is missing from {0,0}.",
        names_line=True,
    ),
    fails(
        306,
        "a gradient function that nobody registered",
        """
x = tf.constant(1.0)
with g.gradient_override_map({"Tanh": "NobodyRegisteredThis"}):
    y = tf.tanh(x)
tf.gradients(y, x)
""",
        says="No gradient defined for operation 'Tanh' (op type: Tanh)",
    ),
    fails(
        307,
        "the gradient of an op that has none",
        """
x = tf.constant([1.0, 1.0])
y = tf.unique(x)[0]
tf.gradients(y, x)
""",
        says="No gradient defined for operation 'Unique' (op type: Unique)",
    ),
    fails(
        312,
        "conv2d with other channels at run time",
        """
x = tf.placeholder(tf.float32, [None, 8, 8, None])
y = tf.nn.conv2d(x, tf.zeros([3, 3, 4, 8]), [1, 1, 1, 1], "SAME")
with tf.Session() as s:
    s.run(y, {x: np.zeros((1, 8, 8, 3))})
""",
        says="input depth must be evenly divisible by filter depth: 3 vs 4",
        names_line=True,
    ),
    fails(
        313,
        "a bias of another size",
        "tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        315,
        "stack of other shapes at run time",
        """
a = tf.placeholder(tf.float32)
b = tf.placeholder(tf.float32)
y = tf.stack([a, b], name="pair")
with tf.Session() as s:
    s.run(y, {a: [1.0], b: [1.0, 2.0]})
""",
        says="Shapes of all inputs must match: values[0].shape = [1] != values[1].shape = [2]",
        names_line=True,
    ),
    fails(
        316,
        "softmax over a missing axis",
        "tf.nn.softmax(tf.zeros([2, 3]), axis=4)",
        says="Dimension (4) must be in the range [-2, 2) where 2 is the number of dimensions "
        "in the input.",
    ),
    fails(
        317,
        "tile with too few multiples",
        "tf.tile(tf.zeros([2, 3]), [2])",
        says="Shape must be rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        318,
        "pad with too few pairs",
        "tf.pad(tf.zeros([2, 3]), [[1, 1]])",
        says="Shape must be rank 1 but is rank 2",
        names_line=True,
    ),
    fails(
        319,
        "a sum of other shapes",
        "tf.add_n([tf.zeros([2]), tf.zeros([3])])",
        says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
        names_line=True,
    ),
    fails(
        321,
        "fill with a negative size at run time",
        """
n = tf.placeholder(tf.int32)
y = tf.fill(n, 1.0)
with tf.Session() as s:
    s.run(y, {n: [-2]})
""",
        says="Dimension -2 must be >= 0",
        names_line=True,
    ),
    fails(
        322,
        "a range that does not move",
        """
d = tf.placeholder(tf.int32, [])
y = tf.range(0, 5, d)
with tf.Session() as s:
    s.run(y, {d: 0})
""",
        says="Requires delta != 0: 0",
        names_line=True,
    ),
    fails(
        323,
        "concat of other shapes at run time",
        """
a = tf.placeholder(tf.float32)
b = tf.placeholder(tf.float32)
y = tf.concat([a, b], 1)
with tf.Session() as s:
    s.run(y, {a: np.zeros((2, 3)), b: np.zeros((3, 3))})
""",
        says="ConcatOp : Dimensions of inputs should match: shape[0] = [2,3] vs. shape[1] = [3,3]",
        names_line=True,
    ),
    fails(
        324,
        "an uneven split at run time",
        """
a = tf.placeholder(tf.float32)
y = tf.split(a, 2)
with tf.Session() as s:
    s.run(y, {a: np.zeros(5)})
""",
        says="Number of ways to split should evenly divide the split dimension",
        names_line=True,
    ),
    fails(
        325,
        "an op in a scope fails at run time",
        """
a = tf.placeholder(tf.float32)
with tf.name_scope("net"):
    y = tf.subtract(a, [1.0, 2.0], name="shift")
with tf.Session() as s:
    s.run(y, {a: [1.0, 2.0, 3.0]})
""",
        says="Incompatible shapes: [3] vs. [2]",
        names_line=True,
    ),
    fails(
        327,
        "gather by fed indices out of range",
        """
i = tf.placeholder(tf.int32)
y = tf.gather(tf.zeros([3, 2]), i)
with tf.Session() as s:
    s.run(y, {i: [[0, 1], [2, 3]]})
""",
        says="indices[1,1] = 3 is not in [0, 3)",
        names_line=True,
    ),
    fails(
        333,
        "conv2d with three strides",
        'tf.nn.conv2d(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 8]), [1, 1, 1], "SAME")',
        says="strides should be of length 1, 2 or 4 but was 3",
    ),
    fails(
        336,
        "a tensor indexed by a float",
        "tf.zeros([3])[1.5]",
        says="Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
        "tf.int32/tf.int64 tensors are valid indices, got 1.5",
    ),
    fails(
        337,
        "a negative index out of bounds",
        "tf.zeros([3])[-5]",
        says="slice index -2 of dimension 0 out of bounds.",
        names_line=True,
    ),
    fails(
        338,
        "matmul with a transposed misfit",
        "tf.matmul(tf.zeros([2, 3]), tf.zeros([4, 5]), transpose_b=True)",
        says="Dimensions must be equal, but are 3 and 5",
        names_line=True,
    ),
    fails(
        339,
        "dense on an unknown last dimension",
        "tf.layers.dense(tf.placeholder(tf.float32, [None, None]), 3)",
        says="The last dimension of the inputs to `Dense` should be defined.",
    ),
    fails(
        341,
        "the value of a variable as a bool",
        """
v = tf.Variable(1.0)
if v > 0:
    pass
""",
        says="using a `tf.Tensor` as a Python `bool` is not allowed",
    ),
    fails(
        344,
        "a tensor compared as a string",
        'tf.constant("a") + tf.constant(1)',
        says="Input 'y' of 'Add' Op has type int32 that does not match type string of "
        "argument 'x'.",
        names_line=True,
    ),
    fails(
        345,
        "labels and logits of other sizes at run time",
        """
a = tf.placeholder(tf.float32)
y = tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.zeros([2, 3]), logits=a)
with tf.Session() as s:
    s.run(y, {a: np.zeros((2, 4))})
""",
        says="logits and labels must be broadcastable: logits_size=[2,4] labels_size=[2,3]",
        names_line=True,
    ),
]
