"""Bad sessions, feeds and fetches.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails, works

SESSION: list[Case] = [
    fails(
        1,
        "an uninitialized variable fetched",
        """
v = tf.Variable(1.0, name="v")
with tf.Session() as s:
    s.run(v)
""",
        says="Attempting to use uninitialized value v",
        names_line=1,
    ),
    fails(
        2,
        "uninitialized ref variable via op",
        """
v = tf.Variable(1.0, name="v")
y = v * 2
with tf.Session() as s:
    s.run(y)
""",
        says="Attempting to use uninitialized value v",
        names_line=True,
    ),
    fails(
        3,
        "uninitialized resource variable",
        """
v = tf.get_variable("v", [2], use_resource=True)
with tf.Session() as s:
    s.run(v)
""",
        says="This could mean that the variable was uninitialized",
        names_line=True,
    ),
    fails(
        4,
        "unfed placeholder with shape",
        """
x = tf.placeholder(tf.float32, [None, 784], name="x")
y = x * 2
with tf.Session() as s:
    s.run(y)
""",
        says="You must feed a value for placeholder tensor 'x' with dtype float and shape [?,784]",
        names_line=True,
    ),
    fails(
        5,
        "unfed placeholder without shape",
        """
x = tf.placeholder(tf.int32)
y = x * 2
with tf.Session() as s:
    s.run(y)
""",
        says="You must feed a value for placeholder tensor 'Placeholder' with dtype int32",
        names_line=True,
    ),
    fails(
        6,
        "unfed scalar-shaped placeholder",
        """
x = tf.placeholder(tf.float32, [], name="p")
y = x * 2
with tf.Session() as s:
    s.run(y)
""",
        says="You must feed a value for placeholder tensor 'p' with dtype float",
        names_line=True,
    ),
    fails(
        7,
        "feed wrong shape",
        """
x = tf.placeholder(tf.float32, [None, 784], name="x")
y = x * 2
with tf.Session() as s:
    s.run(y, {x: np.zeros((3, 5))})
""",
        says="Cannot feed value of shape (3, 5) for Tensor 'x:0', which has shape '(?, 784)'",
    ),
    fails(
        8,
        "feed wrong rank",
        """
x = tf.placeholder(tf.float32, [2, 2], name="x")
with tf.Session() as s:
    s.run(x * 1, {x: [1.0, 2.0]})
""",
        says="Cannot feed value of shape (2,) for Tensor 'x:0', which has shape '(2, 2)'",
    ),
    fails(
        9,
        "feed string to float",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {x: "abc"})
""",
        says="could not convert string to float",
    ),
    works(
        10,
        "None is fed as nan",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {x: None})
""",
    ),
    fails(
        11,
        "feed ragged list",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {x: [[1.0, 2.0], [3.0]]})
""",
        says="setting an array element with a sequence",
    ),
    fails(
        12,
        "feed a tf.Tensor",
        """
x = tf.placeholder(tf.float32, name="x")
c = tf.constant(1.0)
with tf.Session() as s:
    s.run(x * 1, {x: c})
""",
        says="The value of a feed cannot be a tf.Tensor object",
    ),
    works(
        13,
        "feed float into int placeholder",
        """
x = tf.placeholder(tf.int32, name="x")
with tf.Session() as s:
    result = s.run(x * 1, {x: 1.7})
""",
    ),
    fails(
        14,
        "feed overflowing python int into int32",
        """
x = tf.placeholder(tf.int32, name="x")
with tf.Session() as s:
    s.run(x * 1, {x: 2 ** 40})
""",
        says="is not compatible with Tensor type <class 'numpy.int32'>",
    ),
    works(
        15,
        "feed numpy int64 array into int32 (silent cast)",
        """
x = tf.placeholder(tf.int32, name="x")
with tf.Session() as s:
    result = s.run(x * 1, {x: np.array([2 ** 33 + 5])})
""",
    ),
    fails(
        16,
        "feed key is a string not in graph",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {"nope:0": 1.0})
""",
        says="Cannot interpret feed_dict key as Tensor: The name 'nope:0' refers to a Tensor "
        "which does not exist.",
    ),
    fails(
        17,
        "feed key is a string without :0",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {"x": 1.0})
""",
        says="Cannot interpret feed_dict key as Tensor: The name 'x' refers to an Operation, "
        "not a Tensor.",
    ),
    fails(
        18,
        "feed key is an int",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {3: 1.0})
""",
        says="Cannot interpret feed_dict key as Tensor: Can not convert a int into a Tensor.",
    ),
    fails(
        19,
        "feed key is an Operation",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x * 1, {x.op: 1.0})
""",
        says="Cannot interpret feed_dict key as Tensor: Can not convert a Operation into a Tensor.",
    ),
    fails(
        20,
        "feed tensor of another graph",
        """
with tf.Graph().as_default():
    z = tf.placeholder(tf.float32, name="z")
x = tf.constant(1.0)
with tf.Session() as s:
    s.run(x, {z: 1.0})
""",
        says="is not an element of this graph.",
    ),
    fails(
        21,
        "feed unfeedable tensor",
        """
x = tf.placeholder(tf.float32, name="x")
y = x * 2
g.prevent_feeding(y)
with tf.Session() as s:
    s.run(y, {y: 1.0})
""",
        says="may not be fed.",
    ),
    fails(
        22,
        "feed_dict not a dict",
        """
x = tf.placeholder(tf.float32, name="x")
with tf.Session() as s:
    s.run(x, [1])
""",
        says="must be a dictionary",
    ),
    works(
        23,
        "feed a constant (allowed)",
        """
c = tf.constant(1.0)
y = c + 1
with tf.Session() as s:
    result = s.run(y, {c: 5.0})
""",
    ),
    fails(
        24,
        "fetch None",
        """
with tf.Session() as s:
    s.run(None)
""",
        says="The Session graph is empty.",
    ),
    fails(
        25,
        "fetch unknown name",
        """
c = tf.constant(1.0, name="c")
with tf.Session() as s:
    s.run("d:0")
""",
        says="cannot be interpreted as a Tensor. (\"The name 'd:0' refers to a Tensor which "
        "does not exist.",
    ),
    works(
        26,
        "fetch name without output index for tensor (op name)",
        """
c = tf.no_op(name="c")
with tf.Session() as s:
    result = s.run("c")
""",
    ),
    fails(
        27,
        "fetch op name that does not exist",
        """
c = tf.constant(1.0, name="c")
with tf.Session() as s:
    s.run("d")
""",
        says="cannot be interpreted as a Tensor. (\"The name 'd' refers to an Operation not in "
        'the graph.")',
    ),
    fails(
        28,
        "fetch int",
        """
c = tf.constant(1.0, name="c")
with tf.Session() as s:
    s.run(3)
""",
        says="Fetch argument 3 has invalid type <class 'int'>, must be a string or Tensor.",
    ),
    fails(
        29,
        "fetch from another graph",
        """
with tf.Graph().as_default():
    z = tf.constant(1.0, name="z")
c = tf.constant(1.0)
with tf.Session() as s:
    s.run(z)
""",
        says="is not an element of this graph.",
    ),
    fails(
        30,
        "fetch unfetchable",
        """
c = tf.constant(1.0)
d = c + 1
g.prevent_fetching(d.op)
with tf.Session() as s:
    s.run(d)
""",
        says="has been marked as not fetchable",
    ),
    fails(
        31,
        "run empty graph",
        """
with tf.Session() as s:
    s.run([])
""",
        says="The Session graph is empty.",
    ),
    fails(
        32,
        "run with no graph nodes",
        """
with tf.Session() as s:
    s.run("x:0")
""",
        says="The Session graph is empty.",
    ),
    fails(
        33,
        "closed session",
        """
c = tf.constant(1.0)
s = tf.Session()
s.close()
s.run(c)
""",
        says="Attempted to use a closed Session.",
    ),
    fails(
        34,
        "eval without default session",
        """
c = tf.constant(1.0)
c.eval()
""",
        says="Cannot evaluate tensor using `eval()`: No default session is registered.",
    ),
    fails(
        35,
        "op.run without default session",
        """
c = tf.no_op()
c.run()
""",
        says="Cannot execute operation using `run()`: No default session is registered.",
    ),
    fails(
        36,
        "eval in session of other graph",
        """
with tf.Graph().as_default():
    z = tf.constant(1.0)
c = tf.constant(1.0)
with tf.Session():
    z.eval()
""",
        says="the tensor's graph is different from the session's graph",
    ),
    fails(
        37,
        "finalized graph",
        """
c = tf.constant(1.0)
g.finalize()
d = tf.constant(2.0)
""",
        says="Graph is finalized and cannot be modified.",
    ),
    fails(
        38,
        "Session graph not a Graph",
        "tf.Session(graph=3)",
        says="graph must be a tf.Graph, but got <class 'int'>",
    ),
    fails(
        39,
        "Session bad target",
        """
c = tf.constant(1.0)
s = tf.Session("bogus://x")
s.run(c)
""",
        says="No session factory registered for the given session options",
    ),
    works(
        197,
        "interactive tf.InteractiveSession close twice",
        """
s = tf.InteractiveSession()
s.close()
s.close()
result = "ok"
""",
    ),
    fails(
        198,
        "nested sessions exit order",
        """
a = tf.Session()
b = tf.Session()
A = a.as_default()
B = b.as_default()
A.__enter__()
B.__enter__()
try:
    A.__exit__(None, None, None)
finally:
    B.__exit__(None, None, None)
""",
        says="Nesting violated for default stack of",
    ),
    fails(
        199,
        "graphs left in the wrong order",
        """
A = tf.Graph().as_default()
B = tf.Graph().as_default()
A.__enter__()
B.__enter__()
try:
    A.__exit__(None, None, None)
finally:
    B.__exit__(None, None, None)
""",
        says="Nesting violated for default stack of",
    ),
    fails(
        200,
        "reset_default_graph inside nested",
        "tf.reset_default_graph()",
        says="Do not use tf.reset_default_graph() to clear nested graphs.",
    ),
    fails(
        304,
        "None in a list of fetches",
        """
c = tf.constant(1.0)
with tf.Session() as s:
    s.run([c, None])
""",
        says="Fetch argument None has invalid type <class 'NoneType'>",
    ),
    fails(
        305,
        "a number in a dict of fetches",
        """
c = tf.constant(1.0)
with tf.Session() as s:
    s.run({"c": c, "d": 2})
""",
        says="Fetch argument 2 has invalid type <class 'int'>, must be a string or Tensor.",
    ),
    fails(
        342,
        "a feed of a wrong shape by name",
        """
tf.placeholder(tf.float32, [2], name="x")
with tf.Session() as s:
    s.run("x:0", {"x:0": [1.0, 2.0, 3.0]})
""",
        says="Cannot feed value of shape (3,) for Tensor 'x:0', which has shape '(2,)'",
    ),
]
