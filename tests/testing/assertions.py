"""What the assertions of tf.test.TestCase accept and refuse, under either library.

label -> the result, or the error: its class and the first line of its message. Runs on Python 3.7
under TensorFlow 1.15.5 too: `tests/golden/platform/record.py`.
"""

import collections

import numpy as np

Pair = collections.namedtuple("Pair", "a b")


def shown(call):
    """What a call returns, or the class and first line of the error it raises."""
    try:
        found = call()
    except Exception as e:
        lines = [line for line in str(e).splitlines() if line.strip()]
        return "{}: {}".format(type(e).__name__, lines[0] if lines else "")
    return repr(found)


def assertions(tf):
    """Yields (label, call)."""
    case = tf.test.TestCase()
    case.setUp()
    nan, inf = float("nan"), float("inf")
    x = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)

    def at(name, *args, **kwargs):
        label = f"{name} {args!r} {sorted(kwargs.items())!r}"
        return label.replace("\n", ""), lambda: getattr(case, name)(*args, **kwargs)

    yield at("assertAllEqual", [1, 2], [1, 2])
    yield at("assertAllEqual", [1, 2], [1, 3])
    yield at("assertAllEqual", [1, 2], [1, 2, 3])
    yield at("assertAllEqual", [nan], [nan])
    yield at("assertAllEqual", [nan], [1.0])
    yield at("assertAllEqual", x, x.tolist())
    yield at("assertAllEqual", 3, 3.0)
    yield at("assertAllEqual", 3, 4, "said")
    yield at("assertAllEqual", [b"a", b"b"], np.array([b"a", b"b"], object))
    yield at("assertAllEqual", [b"a"], ["a"])
    yield at("assertAllEqual", [], [])
    yield at("assertAllEqual", [], [[]])
    yield at("assertAllEqual", [True, False], [1, 0])
    yield at("assertAllEqual", [[1], [2, 3]], [[1], [2, 3]])
    yield "equal tensors", lambda: case.assertAllEqual(tf.constant([1, 2]), [1, 2])
    yield "unequal tensors", lambda: case.assertAllEqual([1, 2], tf.constant([2, 2]))
    yield at("assertNotAllEqual", [1], [2])
    yield at("assertNotAllEqual", [1], [1])
    for a, b in (
        ([1.0, 2.0], [1.0, 2.0 + 1e-7]), ([1.0, 2.0], [1.0, 2.1]), ([1.0], [1.0, 2.0]),
        ([nan, inf, -inf], [nan, inf, -inf]), ([nan], [1.0]), ([inf], [-inf]), (1.0, 1.0 + 1e-6),
        (1.0, 1.1), ({"a": 1.0}, {"a": 1.0}), ({"a": 1.0}, {"a": 1.1}), ({"a": 1.0}, {"b": 1.0}),
        ({"a": 1.0}, [1.0]), ([{"a": x}, (x, [1])], [{"a": x}, (x, [1])]),
        ([{"a": x}, (x, [1])], [{"a": x}, (x + 1, [1])]), (Pair(x, 1), Pair(x, 1)),
        (Pair(x, 1), {"a": x, "b": 1}), (Pair(x, 1), Pair(x, 2)), ([x, [1]], [x, [1], 2]),
        ([], []), ([b"a"], [b"a"]), ("a", "b"), (None, None), ([1 + 1j], [1 + 1j]),
        ([1 + 1j], [1 - 1j]),
    ):  # fmt: skip
        yield at("assertAllClose", a, b)
        yield at("assertNotAllClose", a, b)
    yield at("assertAllClose", [1.0], [1.05], rtol=0.1)
    yield at("assertAllClose", [1.0], [1.05], atol=0.1)
    yield at("assertAllClose", [1.0], [1.05], msg="said")
    yield "close tensors", lambda: case.assertAllClose({"a": tf.constant(1.0)}, {"a": 1.0})
    yield "list of tensors", lambda: case.assertAllClose([tf.constant(1.0)], [1.0])
    yield "close in float32", lambda: case.assertAllClose(x, x + np.float32(3e-7))
    for a, b in (
        (np.float16([1.0]), [1.0005]), (np.float16([1.0]), [1.005]), (np.float32([1.0]), [1.0005]),
        (np.float64([1.0]), [1.0000009]), (np.complex64([1.0]), [1.0000009]),
    ):  # fmt: skip
        yield at("assertAllCloseAccordingToType", a, b)
    yield (
        "close in bfloat16",
        lambda: case.assertAllCloseAccordingToType(tf.constant([1.0], tf.bfloat16), [1.005]),
    )
    yield at("assertAllCloseAccordingToType", np.float16([1.0]), [1.05], half_rtol=0.1)
    for name in (
        "assertAllGreater", "assertAllLess", "assertAllGreaterEqual", "assertAllLessEqual",
    ):  # fmt: skip
        for bound in (0, 1, 4, 5):
            yield at(name, x, bound)
    for args in (
        (x, 1, 4), (x, 2, 4), (x, 1, 3), (x, 1, 4, True), (x, 1, 4, False, True),
        ([nan, 1.0], 0, 2),
        ([b"a"], 0, 2), (list(range(30)), 20, 21), (5, 0, 3), ([1, 2], 0, 3), ([True], 0, 3),
    ):  # fmt: skip
        yield at("assertAllInRange", *args)
    yield at("assertAllInSet", [1, 2, 2], (1, 2))
    yield at("assertAllInSet", [1, 2, 5], [1, 2])
    yield at("assertDTypeEqual", x, np.float32)
    yield at("assertDTypeEqual", x, np.float64)
    for args in ((1.0, 1.05, 0.1), (1.0, 1.2, 0.1), (inf, inf, 0.1), (1.0, 2.0, 0.1, "said")):
        yield at("assertNear", *args)
    yield at("assertArrayNear", [1.0, 2.0], [1.05, 2.05], 0.1)
    yield at("assertArrayNear", [1.0, 2.0], [1.05, 2.5], 0.1)
    yield at("assertArrayNear", [1.0, 2.0], [1.05], 0.1)
    yield at("assertNDArrayNear", x, x, 0.1)
    yield at("assertNDArrayNear", x, x + 1, 0.1)
    yield "shape", lambda: case.assertShapeEqual(x, tf.zeros([2, 2]))
    yield "other shape", lambda: case.assertShapeEqual(x, tf.zeros([2, 3]))
    yield "shape of list", lambda: case.assertShapeEqual([1], tf.zeros([1]))
    yield "shape to list", lambda: case.assertShapeEqual(x, [1])
    for a, b in (
        ("/cpu:0", "/device:CPU:0"), ("/gpu:0", "/cpu:0"), (None, ""), ("/job:a/task:1", None),
    ):  # fmt: skip
        yield at("assertDeviceEqual", a, b)
    yield at("assertStartsWith", "abc", "ab")
    yield at("assertStartsWith", "abc", "b")
    yield at("assertStartsWith", "abc", "b", "said")
    yield at("assertItemsEqual", [1, 2], [2, 1])
    yield at("assertItemsEqual", [1, 2], [2, 2])
    yield at("assertLen", [1], 1)
    yield at("assertEmpty", [])

    def raises(method, args, error):
        def call():
            with getattr(case, method)(*args):
                if error is not None:
                    raise error

        return f"{method} {args[1:]!r} {str(error)!r}", call

    failed = tf.errors.InvalidArgumentError(None, None, "some text")
    yield raises("assertRaisesOpError", ("some",), failed)
    yield raises("assertRaisesOpError", ("none",), failed)
    yield raises("assertRaisesOpError", ("some",), ValueError("some"))
    yield raises("assertRaisesOpError", ("some",), None)
    yield raises("assertRaisesWithPredicateMatch", (ValueError, "b.d"), ValueError("a bad one"))
    yield raises("assertRaisesWithPredicateMatch", (ValueError, "x"), ValueError("a bad one"))
    yield (
        "predicate",
        raises("assertRaisesWithPredicateMatch", (ValueError, lambda e: e.args), ValueError(1))[1],
    )
    graph = tf.Graph()
    with graph.as_default():
        made = tf.identity(tf.constant(1.0, name="c"), name="i")
    graph_def = graph.as_graph_def()
    text = "node { name: 'n' op: 'NoOp' }"
    named = tf.GraphDef()
    named.node.add(name="n", op="NoOp")
    yield "text of message", lambda: case.assertProtoEquals(text, named)
    yield "other text", lambda: case.assertProtoEquals(text.replace("'n'", "'m'"), named)
    yield "bad text", lambda: type(_raised(lambda: case.assertProtoEquals("x", named))).__name__
    yield "messages", lambda: case.assertProtoEquals(graph_def, made.graph.as_graph_def())
    yield "other messages", lambda: case.assertProtoEquals(graph_def, named)
    yield "no message", lambda: case.assertProtoEquals(3, named)
    for label, change in CHANGES:
        yield f"graph, {label}", lambda change=change: _changed(tf, graph_def, change)
    yield "no graph", lambda: tf.test.assert_equal_graph_def(graph_def, 3)


def _raised(call):
    try:
        call()
    except Exception as e:
        return e


def _changed(tf, graph_def, change):
    """The complaint about a copy of a graph that was changed."""
    copy = tf.GraphDef()
    copy.CopyFrom(graph_def)
    change(copy)
    found = [shown(lambda: tf.test.assert_equal_graph_def(copy, graph_def))]
    return [*found, shown(lambda: tf.test.assert_equal_graph_def(graph_def, copy))]


CHANGES = [
    ("same", lambda g: None),
    ("versions", lambda g: setattr(g.versions, "producer", 3)),
    ("order", lambda g: g.node.sort(key=lambda n: n.name, reverse=True)),
    ("removed", lambda g: g.node.pop()),
    ("name", lambda g: setattr(g.node[0], "name", "x")),
    ("op", lambda g: setattr(g.node[1], "op", "Neg")),
    ("device", lambda g: setattr(g.node[1], "device", "/cpu:0")),
    ("input", lambda g: g.node[1].input.__setitem__(0, "x")),
    ("output", lambda g: g.node[1].input.__setitem__(0, "c:0")),
    ("other output", lambda g: g.node[1].input.__setitem__(0, "c:1")),
    ("inputs", lambda g: g.node[1].input.append("c")),
    ("control", lambda g: g.node[1].input.append("^c")),
    ("attribute", lambda g: setattr(g.node[1].attr["T"], "type", 3)),
    ("new attribute", lambda g: setattr(g.node[1].attr["z"], "i", 3)),
    ("private attribute", lambda g: setattr(g.node[1].attr["_z"], "i", 3)),
    ("no attribute", lambda g: g.node[1].attr.pop("T") and None),
]
