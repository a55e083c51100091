"""Bad conditions, loops and TensorArrays.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

FLOW: list[Case] = [
    works(
        122,
        "Variable in while loop",
        "tf.while_loop(lambda i: i < 3, lambda i: i + tf.Variable(1), [tf.constant(0)])",
    ),
    fails(
        139,
        "cond branches differ in dtype",
        "tf.cond(tf.constant(True), lambda: tf.constant(1.0), lambda: tf.constant(1))",
        says="Outputs of true_fn and false_fn must have the same type: float32, int32",
    ),
    fails(
        140,
        "cond branches differ in structure",
        """
one = lambda: [tf.constant(1.0)]
two = lambda: [tf.constant(1.0), tf.constant(2.0)]
tf.cond(tf.constant(True), one, two)
""",
        says="The two structures don't have the same nested structure.",
    ),
    fails(
        141,
        "cond non-callable",
        "tf.cond(tf.constant(True), tf.constant(1.0), tf.constant(1))",
        says="true_fn must be callable.",
    ),
    fails(
        142,
        "cond pred python bool",
        "tf.cond(True, lambda: tf.constant(1.0), lambda: tf.constant(1.0))",
        says="pred must not be a Python bool",
    ),
    fails(
        143,
        "cond vector pred",
        """
p = tf.placeholder_with_default([True, False], None)
y = tf.cond(p, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
with tf.Session() as s:
    s.run(y)
""",
        says="The second input must be a scalar, but it has shape [2]",
        names_line=True,
    ),
    fails(
        144,
        "while loop shape change",
        """
tf.while_loop(
    lambda i: tf.reduce_sum(i) < 3.0, lambda i: tf.concat([i, i], 0), [tf.zeros([1])]
)
""",
        says="Input tensor 'zeros:0' enters the loop with shape (1,), but has shape (2,) "
        "after one iteration.",
    ),
    works(
        145,
        "while loop dtype change",
        "tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [tf.constant(0)])",
    ),
    fails(
        146,
        "while loop no vars",
        "tf.while_loop(lambda: True, lambda: 1, [])",
        says="No loop variables provided",
    ),
    fails(
        147,
        "while body arity",
        "tf.while_loop(lambda i, j: i < 3, lambda i, j: i + 1, [tf.constant(0), tf.constant(1)])",
        says="The two structures don't have the same number of elements",
    ),
    fails(
        148,
        "using while-internal tensor outside",
        """
t = []

def body(i):
    t.append(i + 1)
    return t[-1]

tf.while_loop(lambda i: i < 3, body, [tf.constant(0)])
y = t[0] * 2
with tf.Session() as s:
    s.run(y)
""",
        says="Cannot use 'while/add' as input to 'mul' because 'while/add' is in a while loop.",
        names_line=True,
    ),
]
