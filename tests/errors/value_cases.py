"""Bad values, dtypes, sizes and gradients; bad inputs that are none.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

VALUES: list[Case] = [
    works(
        53,
        "reshape two unknowns",
        "tf.reshape(tf.zeros([6]), [-1, -1])",
    ),
    works(
        74,
        "transpose by a perm that repeats an axis",
        """
y = tf.transpose(tf.zeros([2, 3]), [0, 0])
result = str(y.shape)
""",
    ),
    works(
        80,
        "cast string to int",
        """
y = tf.cast(tf.constant("a"), tf.int32)
result = y.dtype.name
""",
    ),
    fails(
        81,
        "string_to_number of a word",
        """
y = tf.string_to_number(tf.constant("abc"))
with tf.Session() as s:
    s.run(y)
""",
        says="StringToNumberOp could not correctly convert string: abc",
        names_line=True,
    ),
    works(
        101,
        "constant overflow",
        "tf.constant(2**40, tf.int32)",
    ),
    fails(
        130,
        "gradients no registered",
        """
zeros = tf.zeros([1, 1, 1, 1])
y = tf.raw_ops.LRNGrad(input_grads=zeros, input_image=zeros, output_image=zeros)
tf.gradients(y, zeros)
""",
        says="No gradient defined for operation 'LRNGrad' (op type: LRNGrad)",
    ),
    fails(
        131,
        "gradients grad_ys wrong shape",
        """
x = tf.constant([1.0, 2.0])
tf.gradients(x * 2, x, grad_ys=[tf.constant([1.0, 2.0, 3.0])])
""",
        says="Cannot reshape a tensor with 3 elements to shape [2] (2 elements)",
    ),
    works(
        138,
        "optimizer learning rate string",
        """
v = tf.Variable(1.0)
tf.train.GradientDescentOptimizer("a").minimize(v * v)
""",
    ),
    fails(
        202,
        "random_uniform int without maxval",
        "tf.random_uniform([2], dtype=tf.int32)",
        says="Must specify maxval for integer dtype tf.int32",
    ),
    fails(
        205,
        "top_k too large",
        "tf.nn.top_k(tf.zeros([3]), 5)",
        says="input must have last dimension >= k = 5 but is 3",
        names_line=True,
    ),
    fails(
        207,
        "boolean_mask unknown rank mask",
        "tf.boolean_mask([1, 2], tf.placeholder(tf.bool))",
        says="Number of mask dimensions must be specified, even if some dimensions are None",
    ),
]
