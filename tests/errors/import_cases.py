"""Bad GraphDefs, and a graph that a program made wrong.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

IMPORTS: list[Case] = [
    fails(
        149,
        "cycle by _update_input",
        """
a = tf.identity(tf.constant(1.0), name="a")
b = tf.identity(a, name="b")
a.op._update_input(0, b)
with tf.Session() as s:
    s.run(b)
""",
        says="Graph is invalid, contains a cycle with 2 nodes, including: a, b",
    ),
    fails(
        150,
        "import GraphDef with cycle",
        """
gd = tf.GraphDef()
for name, given in [("a", "b"), ("b", "a")]:
    n = gd.node.add(name=name, op="Identity", input=[given])
    n.attr["T"].type = 1
tf.import_graph_def(gd, name="")
""",
        says="2 nodes in a cycle",
    ),
    fails(
        151,
        "import GraphDef unknown op",
        """
gd = tf.GraphDef()
gd.node.add(name="a", op="NoSuchOp")
tf.import_graph_def(gd, name="")
""",
        says="Op type not registered 'NoSuchOp'",
    ),
    fails(
        152,
        "import GraphDef missing input",
        """
gd = tf.GraphDef()
n = gd.node.add(name="a", op="Identity", input=["zz"])
n.attr["T"].type = 1
tf.import_graph_def(gd, name="")
""",
        says="Node 'a': Unknown input node 'zz'",
    ),
    fails(
        153,
        "import GraphDef bad attr type",
        """
gd = tf.GraphDef()
n = gd.node.add(name="a", op="Placeholder")
n.attr["dtype"].s = b"x"
tf.import_graph_def(gd, name="")
""",
        says="AttrValue had value with type 'string' when 'type' expected",
    ),
    fails(
        154,
        "import GraphDef duplicate node",
        """
gd = tf.GraphDef()
for _ in range(2):
    gd.node.add(name="a", op="NoOp")
tf.import_graph_def(gd, name="")
""",
        says="Node 'a' is not unique",
    ),
    fails(
        155,
        "import GraphDef newer min_consumer",
        """
gd = tf.GraphDef()
gd.versions.producer = 99999
gd.versions.min_consumer = 99999
tf.import_graph_def(gd, name="")
""",
        says="GraphDef min consumer version 99999 above current version 134",
    ),
    fails(
        156,
        "import input_map not found",
        """
gd = tf.GraphDef()
gd.node.add(name="a", op="NoOp")
tf.import_graph_def(gd, input_map={"zz:0": tf.constant(1.0)}, name="x")
""",
        says="Attempted to map inputs that were not found in graph_def: [zz:0]",
    ),
    fails(
        157,
        "import return_elements not found",
        'tf.import_graph_def(tf.GraphDef(), return_elements=["q:0"], name="x")',
        says="Requested return tensor 'q:0' not found in graph def",
    ),
    fails(
        158,
        "parse garbage",
        """
gd = tf.GraphDef()
gd.ParseFromString(b"\\xff\\xff\\xff")
""",
        says="Error parsing message",
    ),
    fails(
        208,
        "import_graph_def not a GraphDef",
        'tf.import_graph_def("abc")',
        says="graph_def must be a GraphDef proto.",
    ),
]
