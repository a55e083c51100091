"""Bad variables, gradients, optimizers and checkpoints.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

VARIABLES: list[Case] = [
    fails(
        112,
        "get_variable exists",
        """
tf.get_variable("w", [2])
tf.get_variable("w", [2])
""",
        says="Variable w already exists, disallowed. Did you mean to set reuse=True or "
        "reuse=tf.AUTO_REUSE in VarScope?",
    ),
    fails(
        113,
        "get_variable reuse missing",
        """
with tf.variable_scope("a", reuse=True):
    tf.get_variable("w", [2])
""",
        says="Variable a/w does not exist, or was not created with tf.get_variable().",
    ),
    fails(
        114,
        "get_variable reuse shape mismatch",
        """
tf.get_variable("w", [2])
with tf.variable_scope("", reuse=True):
    tf.get_variable("w", [3])
""",
        says="Trying to share variable w, but specified shape (3,) and found shape (2,).",
    ),
    fails(
        115,
        "get_variable reuse dtype mismatch",
        """
tf.get_variable("w", [2])
with tf.variable_scope("", reuse=True):
    tf.get_variable("w", [2], tf.int32)
""",
        says="Trying to share variable w, but specified dtype int32 and found dtype float32_ref.",
    ),
    fails(
        116,
        "get_variable no shape",
        'tf.get_variable("w")',
        says="The initializer passed is not valid.",
    ),
    fails(
        117,
        "get_variable unknown shape",
        'tf.get_variable("w", [None, 2])',
        says="The initializer passed is not valid.",
    ),
    fails(
        118,
        "get_variable constant init with shape",
        'tf.get_variable("w", [2], initializer=tf.constant(1.0))',
        says="If initializer is a constant, do not specify shape.",
    ),
    fails(
        119,
        "Variable without initial value",
        "tf.Variable()",
        says="initial_value must be specified.",
    ),
    fails(
        120,
        "Variable unknown shape initial value",
        "tf.Variable(tf.placeholder(tf.float32))",
        says="initial_value must have a shape specified",
    ),
    fails(
        121,
        "Variable init from None",
        "tf.Variable(None)",
        says="initial_value must be specified.",
    ),
    fails(
        123,
        "assign wrong shape at build",
        """
v = tf.Variable([1.0, 2.0])
tf.assign(v, [1.0, 2.0, 3.0])
""",
        says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
        names_line=True,
    ),
    works(
        124,
        "ints assigned to a float variable",
        """
v = tf.Variable([1.0, 2.0])
a = tf.assign(v, [3, 4])
with tf.Session() as s:
    result = s.run(a)
""",
    ),
    fails(
        125,
        "assign wrong shape at run",
        """
v = tf.Variable([1.0, 2.0], name="v")
p = tf.placeholder(tf.float32)
a = tf.assign(v, p)
with tf.Session() as s:
    s.run(a, {p: [1.0, 2.0, 3.0]})
""",
        says="Assign requires shapes of both tensors to match. lhs shape= [2] rhs shape= [3]",
        names_line=True,
    ),
    fails(
        126,
        "assign to tensor",
        "tf.assign(tf.constant(1.0), 2.0)",
        says="'Tensor' object has no attribute 'assign'",
    ),
    fails(
        127,
        "var.load uninit",
        """
v = tf.Variable(1.0)
with tf.Session() as s:
    v.load([1.0, 2.0], s)
""",
        says="Cannot feed value of shape (2,) for Tensor 'Variable/initial_value:0', which "
        "has shape '()'",
    ),
    works(
        128,
        "gradients of non-scalar to None",
        """
x = tf.constant(1.0)
y = tf.constant(2.0)
result = tf.gradients(y, x)
""",
    ),
    works(
        129,
        "gradients through argmax",
        """
x = tf.constant([1.0, 2.0])
result = tf.gradients(tf.argmax(x), x)
""",
    ),
    fails(
        132,
        "gradients grad_ys wrong length",
        """
x = tf.constant([1.0, 2.0])
tf.gradients(x * 2, x, grad_ys=[1.0, 2.0])
""",
        says="Passed 2 grad_ys for 1 ys",
    ),
    fails(
        133,
        "minimize with no variables",
        "tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0))",
        says="No variables to optimize.",
    ),
    fails(
        134,
        "minimize loss independent of variables",
        """
v = tf.Variable(1.0)
tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0) * 2)
""",
        says="No gradients provided for any variable, check your graph for ops that do not "
        "support gradients",
    ),
    fails(
        135,
        "minimize non-float loss",
        """
v = tf.Variable(1)
tf.train.GradientDescentOptimizer(0.1).minimize(v * 2)
""",
        says="Invalid type tf.int32 for",
    ),
    fails(
        136,
        "apply_gradients empty",
        "tf.train.GradientDescentOptimizer(0.1).apply_gradients([])",
        says="No variables provided.",
    ),
    fails(
        137,
        "apply_gradients all None",
        """
v = tf.Variable(1.0)
tf.train.GradientDescentOptimizer(0.1).apply_gradients([(None, v)])
""",
        says="No gradients provided for any variable",
    ),
    fails(
        159,
        "Saver no variables",
        "tf.train.Saver()",
        says="No variables to save",
    ),
    fails(
        160,
        "Saver restore None",
        """
v = tf.Variable(1.0, name="v")
with tf.Session() as s:
    tf.train.Saver().restore(s, None)
""",
        says="Can't load save_path when it is None.",
    ),
    fails(
        161,
        "Saver restore missing path",
        """
v = tf.Variable(1.0, name="v")
with tf.Session() as s:
    tf.train.Saver().restore(s, TMP + "/nope")
""",
        says="The passed save_path is not a valid checkpoint: $TMP/nope",
    ),
    fails(
        162,
        "Saver restore missing key",
        """
v = tf.Variable(1.0, name="v")
with tf.Session() as s:
    s.run(v.initializer)
    p = tf.train.Saver().save(s, TMP + "/m")
with tf.Graph().as_default():
    w = tf.Variable(1.0, name="w")
    with tf.Session() as s:
        tf.train.Saver().restore(s, p)
""",
        says="Key w not found in checkpoint",
        names_line=True,
    ),
    fails(
        163,
        "Saver restore shape mismatch",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    s.run(v.initializer)
    p = tf.train.Saver().save(s, TMP + "/m")
with tf.Graph().as_default():
    w = tf.Variable([1.0, 2.0, 3.0], name="v")
    with tf.Session() as s:
        tf.train.Saver().restore(s, p)
""",
        says="Assign requires shapes of both tensors to match. lhs shape= [3] rhs shape= [2]",
        names_line=True,
    ),
    fails(
        164,
        "Saver restore dtype mismatch",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    s.run(v.initializer)
    p = tf.train.Saver().save(s, TMP + "/m")
with tf.Graph().as_default():
    w = tf.Variable([1, 2], name="v")
    with tf.Session() as s:
        tf.train.Saver().restore(s, p)
""",
        says="tensor_name = v; expected dtype int32 does not equal original dtype float",
        names_line=True,
    ),
    fails(
        165,
        "Saver save uninitialized",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    tf.train.Saver().save(s, TMP + "/m")
""",
        says="Attempting to use uninitialized value v",
    ),
    fails(
        166,
        "Saver save into missing directory",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    s.run(v.initializer)
    result = tf.train.Saver().save(s, TMP + "/a/b/m")
""",
        says="Parent directory of $TMP/a/b/m doesn't exist, can't save.",
    ),
    fails(
        167,
        "Saver save with closed session",
        """
v = tf.Variable([1.0, 2.0], name="v")
s = tf.Session()
s.run(v.initializer)
s.close()
tf.train.Saver().save(s, TMP + "/m")
""",
        says="Attempted to use a closed Session.",
    ),
    fails(
        168,
        "Saver save empty path",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    s.run(v.initializer)
    result = tf.train.Saver().save(s, "")
""",
        says="no path specified",
    ),
    fails(
        169,
        "Saver save latest_filename with dir",
        """
v = tf.Variable([1.0, 2.0], name="v")
with tf.Session() as s:
    s.run(v.initializer)
    tf.train.Saver().save(s, TMP + "/m", latest_filename="a/b")
""",
        says="'latest_filename' must not contain path components",
    ),
    fails(
        170,
        "Saver restore with non-session",
        """
v = tf.Variable([1.0, 2.0], name="v")
tf.train.Saver().restore(3, TMP)
""",
        says="'int' object has no attribute 'run'",
    ),
    fails(
        171,
        "Saver duplicate names",
        """
v = tf.Variable([1.0, 2.0], name="v")
tf.train.Saver([v, v])
""",
        says="At least two variables have the same name: v",
    ),
    fails(
        172,
        "Saver bad var_list",
        "tf.train.Saver(var_list=[tf.constant(1.0)])",
        says="Variable to save is not a Variable",
    ),
    fails(
        173,
        "import_meta_graph missing file",
        'tf.train.import_meta_graph(TMP + "/none.meta")',
        says="File $TMP/none.meta does not exist.",
    ),
    fails(
        174,
        "import_meta_graph garbage",
        """
with open(TMP + "/g.meta", "wb") as f:
    f.write(b"what is this")
tf.train.import_meta_graph(TMP + "/g.meta")
""",
        says="Cannot parse file $TMP/g.meta",
    ),
    fails(
        314,
        "assign of another shape to a resource variable",
        """
v = tf.Variable([1.0, 2.0], use_resource=True)
v.assign([1.0, 2.0, 3.0])
""",
        says="Shapes (2,) and (3,) are incompatible",
    ),
    fails(
        326,
        "scatter_update outside of the variable",
        """
v = tf.Variable([1.0, 2.0])
y = tf.scatter_update(v, [7], [1.0])
with tf.Session() as s:
    s.run(v.initializer)
    s.run(y)
""",
        says="indices[0] = 7 is not in [0, 2)",
        names_line=True,
    ),
    fails(
        329,
        "clip_by_global_norm of one tensor",
        "tf.clip_by_global_norm(tf.constant(1.0), 1.0)",
        says="t_list should be a sequence",
    ),
    fails(
        330,
        "a variable of text with dtype float",
        'tf.Variable("a", dtype=tf.float32)',
        says="Expected float32, got 'a' of type 'str' instead.",
    ),
    fails(
        335,
        "an int tensor assigned to a float variable",
        """
v = tf.Variable([1.0, 2.0])
tf.assign(v, tf.constant([1, 2]))
""",
        says="Input 'value' of 'Assign' Op has type int32 that does not match type float32 of "
        "argument 'ref'.",
        names_line=True,
    ),
    fails(
        340,
        "minimize a loss of a variable that is not trainable",
        """
v = tf.Variable(1.0, trainable=False)
tf.train.AdamOptimizer(0.1).minimize(v * v)
""",
        says="No variables to optimize.",
    ),
]
