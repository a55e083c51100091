"""Rows of branches, loops, TensorArrays, and the functions that are made of them."""

import numpy as np
from _rows import b, case, d, error, f, i, s, tf

LOOP = "TensorFlow has no second gradient through loops"


# --- branches ---
def by_sign(x, then, otherwise, **options):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: then(x), lambda: otherwise(x), **options)


for sign in (1.0, -1.0):
    x = f([sign, 2 * sign, 0.5 * sign])
    case("Merge", lambda x: by_sign(x, lambda x: x * x, lambda x: x - 1.0), x)
    case("Merge", lambda x: by_sign(x, lambda x: x, lambda x: tf.exp(x), name="choice"), x)
    case("Merge", lambda x: by_sign(x, lambda x: [x, 2 * x], lambda x: [tf.sin(x), x]), x)
    case(
        "Merge",
        lambda x: by_sign(x, lambda x: {"a": x, "b": (x, x)}, lambda x: {"a": -x, "b": (x, -x)}),
        x,
    )
    case("Merge", lambda x: by_sign(x, lambda x: [x * 3.0], lambda x: [x], strict=True), x)
    case(
        "Switch",
        lambda x: by_sign(x, lambda x: by_sign(x - 2, tf.square, tf.exp), lambda x: -x),
        x,
    )
    case("Switch", lambda x: by_sign(x, lambda x: tf.constant(1.0), lambda x: x[0]), x)
case("Merge", lambda p, x: tf.cond(p, lambda: x, lambda: x + 1), b(True), i([3, 4]))
case("Merge", lambda p, x: tf.cond(p, lambda: x, lambda: tf.identity(x)), b(False), s(["a", "b"]))
case("Merge", lambda p, x: tf.cond(p, fn1=lambda: x, fn2=lambda: 2 * x), b(False), f(2))
case("Merge", lambda p, x: tf.cond(p, lambda: tf.random_uniform([2]) + x, lambda: x), b(True), f(2),
     seed=3)  # fmt: skip


def updated(p, kind):
    v = tf.Variable([1.0, 2.0], use_resource=kind == "resource")
    done = tf.cond(p, lambda: tf.group(v.assign_add([5.0, 5.0])), tf.no_op)
    with tf.control_dependencies([done]):
        return v.read_value() * 1.0


for kind in ("ref", "resource"):
    for p in (True, False):
        case("Switch", updated, b(p), kind)


def assigned(p):
    v = tf.Variable(1.0)
    return tf.cond(p, lambda: tf.assign_add(v, 5.0), lambda: tf.assign(v, 0.0))


case("RefMerge", assigned, b(True))
case("RefSwitch", assigned, b(False))

x = f([0.5])
pairs = lambda x: [(x < 1.0, lambda: x * 2), (x < 2.0, lambda: x * 3)]
for value in (0.5, 1.5, 2.5):
    x = f(value)
    case("Merge", lambda x: tf.case(pairs(x), default=lambda: x * 4), x)
    case("Merge", lambda x: tf.case(dict(pairs(x)[:1]), lambda: x, exclusive=True), x)
case("Merge", lambda x: tf.case(pairs(x), exclusive=False), f(1.5))
error("Merge", lambda x: tf.case(pairs(x), exclusive=False), f(2.5), at="run",
      says="None of conditions evaluated as True")  # fmt: skip
error("Merge", lambda x: tf.case(pairs(x), lambda: x, exclusive=True), f(0.5), at="run",
      says="more than 1 conditions")  # fmt: skip

error("Merge", lambda x: tf.cond(x[0] > 0, lambda: x, lambda: None), f(2),
      says="false_fn must have a return value")  # fmt: skip
error("Merge", lambda x: tf.cond(x[0] > 0, lambda: x, lambda: [x, x]), f(2),
      says="The two structures don't have the same nested structure")  # fmt: skip
error("Merge", lambda x: tf.cond(x[0] > 0, lambda: x, lambda: tf.cast(x, tf.int32)), f(2),
      says="Outputs of true_fn and false_fn must have the same type")  # fmt: skip
error("Merge", lambda x: tf.cond(True, lambda: x, lambda: x), f(2), error="TypeError",
      says="pred must not be a Python bool")  # fmt: skip
error("Merge", lambda x: tf.cond(x[0] > 0, x, lambda: x), f(2), error="TypeError",
      says="true_fn must be callable")  # fmt: skip
error("Merge", lambda x: tf.cond(x[0] > 0, lambda: x), f(2), error="TypeError",
      says="false_fn argument required")  # fmt: skip
error("Switch", lambda x: tf.cond(x > 0, lambda: x, lambda: x), f(2),
      says="Shape must be rank 0 but is rank 1")  # fmt: skip


# --- loops ---
def repeat(n, body, start, **options):
    return tf.while_loop(lambda i, *_: i < n, lambda i, x: (i + 1, body(x)), [0, start], **options)


for n in (0, 1, 3):
    case("Enter", lambda x, n: repeat(n, lambda x: x * x * 0.5, x)[1], f(3), n, second=LOOP)
case("Exit", lambda x, w: repeat(3, lambda x: tf.tanh(tf.matmul(x, w)), x), f(2, 3), f(3, 3),
     second=LOOP)  # fmt: skip
case("LoopCond", lambda x: tf.while_loop(lambda x: x < 100.0, lambda x: x * 2, [x]), f(1.5),
     second=LOOP)  # fmt: skip
case("NextIteration",
     lambda x: tf.while_loop(lambda x: x < 100.0, lambda x: x * 2, [x], maximum_iterations=3),
     f(1.5), second=LOOP)  # fmt: skip
case("Enter", lambda x: repeat(5, lambda x: by_sign(x, lambda x: x * x - 2, tf.exp), x)[1],
     f([0.3, 0.7]), second=LOOP)  # fmt: skip
case("Enter", lambda x: by_sign(x, lambda x: repeat(2, tf.sin, x)[1], lambda x: x), f([0.3, 0.7]),
     second=LOOP)  # fmt: skip
case("Enter", lambda x: by_sign(x, lambda x: repeat(2, tf.sin, x)[1], lambda x: x), f([-0.3, 0.7]),
     second=LOOP, grad=True)  # fmt: skip


def nested(x):
    def inner(i, a):
        _, r = tf.while_loop(lambda j, b: j <= i, lambda j, b: (j + 1, tf.sin(b) * x + a), [0, a])
        return i + 1, r

    return tf.while_loop(lambda i, a: i < 3, inner, [0, x * 2])[1]


case("Enter", nested, f([0.3, 0.7]), second=LOOP)
case("Enter", nested, d([0.3, 0.7]), second=LOOP)
case("Enter", lambda x: repeat(3, lambda x: tf.concat([x, 2 * x], 0), x, shape_invariants=[
    tf.TensorShape([]), tf.TensorShape([None, 2])])[1], f(1, 2), second=LOOP)  # fmt: skip
case("Enter", lambda x: tf.while_loop(
    lambda a, b: tf.reduce_sum(b["n"]) < 5, lambda a, b: (a * 2, {"n": b["n"] + 1, "m": a}),
    (x, {"n": tf.constant(0), "m": x}))[1]["m"], f(2), second=LOOP)  # fmt: skip
case("Enter", lambda x: repeat(3, lambda x: x + tf.random_normal([2]), x)[1], f(2), seed=5,
     second=LOOP)  # fmt: skip
case(
    "Enter",
    lambda x: repeat(4, lambda y: tf.stop_gradient(y) * x, x)[1],
    f(2),
    second=LOOP,
    numeric="stop_gradient holds the slope back",
)
case("Enter", lambda x: repeat(4, lambda y: y * x, x, back_prop=False)[1], f(2))
case("Enter", lambda e: tf.while_loop(
    lambda i, x: i < 4,
    lambda i, x: (i + 1, x * tf.nn.embedding_lookup(e, tf.constant([1, 3, 1, 5])[i]) + 1.0),
    [0, tf.ones([2])])[1], f(6, 2), second=LOOP)  # fmt: skip


def counted(kind):
    v = tf.Variable(0.0, use_resource=kind == "resource")

    def body(i):
        with tf.control_dependencies([v.assign_add(tf.cast(i, tf.float32))]):
            return tf.identity(i) + 1

    n = tf.while_loop(lambda i: i < 5, body, [0])
    with tf.control_dependencies([n]):
        return v.read_value() * 1.0


case("RefEnter", counted, "ref")
case("Enter", counted, "resource")

error("Enter", lambda x: repeat(3, lambda x: tf.concat([x, x], 0), x), f(2, 3),
      says="To allow the shape to vary across iterations")  # fmt: skip
error("Enter", lambda x: tf.while_loop(lambda a, b: True, lambda a, b: a, [x, x]), f(2, 3),
      says="The two structures don't have the same nested structure")  # fmt: skip
error("Enter", lambda x: tf.while_loop(lambda a: True, lambda a: a, []), f(2),
      says="No loop variables provided")  # fmt: skip
error("Enter", lambda x: tf.while_loop(True, lambda a: a, [x]), f(2), error="TypeError",
      says="cond must be callable")  # fmt: skip
error("Enter", lambda x: repeat(3, lambda x: x, x, parallel_iterations=0), f(2),
      error="TypeError", says="parallel_iterations must be a positive integer")  # fmt: skip
error("Enter", lambda x: repeat(2, lambda x: x, x, shape_invariants=[
    tf.TensorShape([]), tf.TensorShape([2, 2])]), f(1, 2),
    says="is not compatible with the initial shape of the loop variable")  # fmt: skip

# --- rows one by one ---
case("Enter", lambda x: tf.map_fn(lambda r: r * tf.reduce_sum(r), x), f(3, 2), second=LOOP)
case("Enter", lambda x: tf.map_fn(lambda r: (r[0], -r), x, dtype=(x.dtype, x.dtype)),
     f(3, 2), second=LOOP)  # fmt: skip
case("Enter", lambda x, y: tf.map_fn(lambda r: r[0] * r[1], (x, y), dtype=x.dtype), f(3, 2),
     f(3, 2), second=LOOP)  # fmt: skip
case("Enter", lambda x: tf.map_fn(lambda r: tf.cast(r, tf.int32) * 2, x, dtype=tf.int32), f(4))
error("Enter", lambda x: tf.map_fn(lambda r: r, x), f(0, 3), at="run",
      error="UnimplementedError", says="TensorArray has size zero, but element shape")  # fmt: skip
case("Enter", lambda x: tf.scan(lambda a, r: a * r + 0.5, x), f(4, 2), second=LOOP)
case("Enter", lambda x: tf.scan(lambda a, r: a * r + 0.5, x, reverse=True), f(4, 2), second=LOOP)
case("Enter", lambda x: tf.scan(lambda a, r: (a[1], a[0] * r), x, (1.0, 2.0)), f(4), second=LOOP)
case("Enter", lambda x: tf.scan(lambda a, r: a + r, x, initializer=np.float32(2)), f(4),
     second=LOOP)  # fmt: skip
case("Enter", lambda x: tf.foldl(lambda a, r: a * r, x), f(4, 2), second=LOOP)
case("Enter", lambda x: tf.foldl(lambda a, r: a - r, x, initializer=tf.ones([2])), f(4, 2),
     second=LOOP)  # fmt: skip
case("Enter", lambda x: tf.foldr(lambda a, r: a * r + 1, x), f(4, 2), second=LOOP)
case("Enter", lambda x: tf.foldr(lambda a, r: a - r, x, initializer=tf.ones([2])), f(4, 2),
     second=LOOP)  # fmt: skip
error("Enter", lambda x: tf.map_fn(lambda r: r, x), f(1.0), says="not a scalar")
error("Enter", lambda x: tf.map_fn(x, x), f(2), error="TypeError", says="fn must be callable")

# --- TensorArrays ---


def array(x, n, **options):
    return tf.TensorArray(x.dtype, n, **options)


case("TensorArrayScatterV3", lambda x: array(x, 3).unstack(x).stack(), f(3, 2))
case("TensorArrayReadV3", lambda x: array(x, 3).unstack(x).read(1), f(3, 2))
case("TensorArrayWriteV3", lambda x: array(x, 2).write(0, x).write(1, 2 * x).stack(), f(2))
case("TensorArrayV3", lambda x: array(x, 0, dynamic_size=True).write(0, x).write(2, x).size(), f(2))
case("TensorArrayGatherV3", lambda x: array(x, 4).unstack(x).gather([3, 1]), f(4, 2))
case("TensorArrayScatterV3", lambda x: array(x, 4).scatter([3, 1, 0, 2], x).stack(), f(4, 2))
case(
    "TensorArrayConcatV3",
    lambda x: array(x, 2, infer_shape=False).split(x, [1, 3]).concat(),
    f(4, 2),
    second="TensorFlow has none",
)
case("TensorArraySplitV3", lambda x: array(x, 2).split(x, [2, 2]).concat(), f(4, 2))
case("TensorArraySizeV3", lambda x: array(x, 3).unstack(x).size(), f(3, 2))
case(
    "TensorArrayReadV3",
    lambda x: array(x, 3, clear_after_read=False).unstack(x).read(1) * 2.0,
    f(3, 2),
)
case(
    "TensorArrayReadV3",
    lambda x: array(x, 3, element_shape=[2]).write(0, x).read(1),
    f(2),
    grad="what is read was never written",
)


def closed(x):
    made = array(x, 3).unstack(x)
    with tf.control_dependencies([made.flow]):
        return made.close()


case("TensorArrayCloseV3", closed, f(3, 2))
error("TensorArrayReadV3", lambda x: array(x, 3).unstack(x).read(5), f(3, 2), at="run",
      says="Tried to read from index 5 but array size is: 3")  # fmt: skip
error("TensorArrayWriteV3", lambda x: array(x, 2).write(3, x).flow, f(2), at="run",
      says="Tried to write to index 3 but array is not resizeable and size is: 2")  # fmt: skip
error("TensorArrayWriteV3", lambda x: array(x, 2).write(0, x).write(0, x).flow, f(2), at="run",
      says="because it has already been written to")  # fmt: skip


def read_twice(x):
    made = array(x, 3).unstack(x)
    first = made.read(1)
    with tf.control_dependencies([first]):
        return made.read(1)


error("TensorArrayReadV3", read_twice, f(3, 2), at="run", says="because it was cleared")
error(
    "TensorArrayWriteV3",
    lambda x: array(x, 2).write(0, tf.cast(x, tf.int32)).flow,
    f(2),
    at="run",
    says="TensorArray dtype is float but Op is trying to write dtype int32",
)
error("TensorArrayV3", lambda x: tf.TensorArray(tf.float32), f(2),
      says="Size must be provided if handle is not provided")  # fmt: skip
error(
    "TensorArrayWriteV3",
    lambda x: array(x, 2, element_shape=[3]).write(0, x),
    f(2),
    says="Inconsistent shapes",
)


def in_a_loop(x):
    read, write = array(x, 4).unstack(x), array(x, 4)

    def body(i, written, total):
        value = read.read(i) * total
        return i + 1, written.write(i, value), total + tf.reduce_sum(value)

    _, written, total = tf.while_loop(lambda i, *_: i < 4, body, [0, write, 1.0])
    return written.stack(), total


case("TensorArrayWriteV3", in_a_loop, f(4, 2), second=LOOP)


def stacked(x):
    handle = tf.raw_ops.StackV2(max_size=np.int32(-1), elem_type=x.dtype, stack_name="s")
    pushed = tf.raw_ops.StackPushV2(handle=handle, elem=x)
    with tf.control_dependencies([pushed]):
        found = tf.raw_ops.StackPopV2(handle=handle, elem_type=x.dtype)
    with tf.control_dependencies([found]):
        return found, tf.raw_ops.StackCloseV2(handle=handle)


case("StackPopV2", stacked, f(3))
case("StackCloseV2", stacked, i([4]))


def popped_too_often(x):
    handle = tf.raw_ops.StackV2(max_size=np.int32(-1), elem_type=x.dtype, stack_name="s")
    return tf.raw_ops.StackPopV2(handle=handle, elem_type=x.dtype)


error("StackPopV2", popped_too_often, f(3), at="run", says="is empty when calling Pop()")


def gradients_of(x, **options):
    made = array(x, 3).unstack(x)
    if options:
        handle, flow = tf.raw_ops.TensorArrayGradWithShape(
            handle=made.handle, flow_in=made.flow, source="gradients", **options
        )
    else:
        handle, flow = tf.raw_ops.TensorArrayGradV3(
            handle=made.handle, flow_in=made.flow, source="gradients"
        )
    return tf.raw_ops.TensorArraySizeV3(handle=handle, flow_in=flow)


case("TensorArrayGradV3", gradients_of, f(3, 2))
case("TensorArrayGradWithShape", lambda x: gradients_of(x, shape_to_prepend=[2]), f(3, 2))
