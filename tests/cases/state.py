"""Rows of the variables' operations: each makes a variable, changes it, and returns its value."""

import importlib
import os

import numpy as np

from _rows import b, case, d, error, f, h, i, l, s, t, tf

NO = "an update is a step in time"


def ref(value, **options):
    return tf.Variable(value, trainable=False, **options)


def kept(update, start, *args):
    """A variable that starts with `start`, after `update(variable, *args)`."""
    return tf.identity(update(ref(start), *args))


def kept_resource(update, start, *args):
    """The same with a resource variable."""
    return tf.identity(update(ref(start, use_resource=True), *args))


THREE = [1.0, 2.0, 4.0]
ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]

# --- Assign, AssignAdd, AssignSub ---
for _make, _prefix in ((kept, ""), (kept_resource, "resource-")):
    for _name, _update in (
        ("Assign", tf.assign), ("AssignAdd", tf.assign_add), ("AssignSub", tf.assign_sub),
    ):  # fmt: skip
        _type = _name if _make is kept else _name + "VariableOp"
        case(
            _type,
            lambda x, make=_make, update=_update: make(update, THREE, x),
            f([4, -1, 0.5]), grad=NO, id=_prefix + _name,
        )  # fmt: skip
        case(
            _type,
            lambda x, make=_make, update=_update: make(update, 3.5, x),
            f(0.25), grad=NO, id=_prefix + _name + "-scalar",
        )  # fmt: skip
        case(
            _type,
            lambda x, make=_make, update=_update: make(update, np.zeros((0, 3), "f"), x),
            f.empty, grad=NO, id=_prefix + _name + "-empty",
        )  # fmt: skip
        case(
            _type,
            lambda x, make=_make, update=_update: make(update, tf.ones([2, 3], x.dtype), x),
            t(2, 3), dtypes="f d h i l", grad=NO, id=_prefix + _name + "-types",
        )  # fmt: skip

case("Assign", lambda x: kept(tf.assign, ["a", "b"], x), s(["x", "yz"]), id="Assign-text")
case("Assign", lambda x: kept(tf.assign, [True, False], x), b([False, True]), id="Assign-bool")
case(
    "Assign",
    lambda x: tf.identity(
        tf.assign(tf.Variable(1.0, validate_shape=False, trainable=False), x, validate_shape=False)
    ),
    f(2, 3), grad=NO, id="Assign-of-another-shape",
)  # fmt: skip
error(
    "Assign", lambda x: tf.assign(ref(THREE), x), f(2),
    says="Dimension 0 in both shapes must be equal, but are 3 and 2. Shapes are [3] and [2].",
)  # fmt: skip
error(
    "Assign", lambda x: tf.assign(ref(THREE), x), f(2), at="run",
    says="Assign requires shapes of both tensors to match. lhs shape= [3] rhs shape= [2]",
)  # fmt: skip
error(
    "Assign", lambda x: tf.assign(ref(1.0), x), f(1),
    says="Shapes must be equal rank, but are 0 and 1",
)  # fmt: skip
error(
    "AssignAdd", lambda x: tf.assign_add(ref(THREE), x), f(2), at="run",
    says="Parameters and update must be the same size",
)  # fmt: skip
error(
    "AssignAddVariableOp",
    lambda x: ref(THREE, use_resource=True).assign_add(x, read_value=False), f(2), at="run",
    says="Cannot update variable with shape [3] using a Tensor with shape [2], shapes must be "
    "equal.",
)  # fmt: skip

# --- scatters ---
SCATTERS = (
    ("Update", tf.scatter_update), ("Add", tf.scatter_add), ("Sub", tf.scatter_sub),
    ("Mul", tf.scatter_mul), ("Div", tf.scatter_div), ("Min", tf.scatter_min),
    ("Max", tf.scatter_max),
)  # fmt: skip
for _word, _scatter in SCATTERS:
    for _make, _kind in ((kept, "Scatter"), (kept_resource, "ResourceScatter")):
        _run = lambda at, x, make=_make, scatter=_scatter: make(scatter, ROWS, at, x)
        _id = _kind + _word
        case(_id, _run, i([2, 0]), f(2, 2), grad=NO, id=_id)
        case(_id, _run, l([[1], [2]]), f(2, 1, 2), grad=NO, id=_id + "-matrix-of-rows")
        case(_id, _run, i([1, 1, 0, 1]), f(4, 2, positive=True), grad=NO, id=_id + "-one-row-often")
        case(_id, _run, i([0, 2]), f(3.0), grad=NO, id=_id + "-scalar")
        case(_id, _run, i([]), f(0, 2), grad=NO, id=_id + "-nothing")
        case(
            _id,
            lambda at, x, make=_make, scatter=_scatter: make(
                scatter, tf.constant([7, -8, 9, 10], x.dtype), at, x
            ),
            i([1, 3, 1]), t([2, 3, -2]), dtypes="f d h i l", grad=NO, id=_id + "-types",
        )  # fmt: skip
error(
    "ScatterAdd", lambda at, x: tf.scatter_add(ref(THREE), at, x), i([[0, 3]]), f(1, 2), at="run",
    says="indices[0,1] = 3 is not in [0, 3)",
)  # fmt: skip
error(
    "ScatterAdd", lambda at, x: tf.scatter_add(ref(THREE), at, x), i([0]), f(2),
    says="Dimension 0 in both shapes must be equal, but are 2 and 1.",
)  # fmt: skip
error(
    "ScatterAdd", lambda at, x: tf.scatter_add(ref(THREE), at, x), i([0]), f(2), at="run",
    says="Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
    "updates.shape [2], indices.shape [1], params.shape [3]",
)  # fmt: skip

for _word, _scatter in (
    ("Update", tf.scatter_nd_update), ("Add", tf.scatter_nd_add), ("Sub", tf.scatter_nd_sub),
):  # fmt: skip
    for _make, _kind in ((kept, "ScatterNd"), (kept_resource, "ResourceScatterNd")):
        _run = lambda at, x, make=_make, scatter=_scatter: make(scatter, ROWS, at, x)
        _id = _kind + _word
        case(_id, _run, i([[2], [0]]), f(2, 2), grad=NO, id=_id + "-rows")
        case(_id, _run, l([[2, 1], [0, 0], [2, 1]]), f(3), grad=NO, id=_id + "-elements")
        case(_id, _run, i([[[1, 1]], [[0, 1]]]), f(2, 1), grad=NO, id=_id + "-nested")
error(
    "ScatterNdAdd", lambda at, x: tf.scatter_nd_add(ref(THREE), at, x), i([[0], [3]]), f(2),
    at="run", says="indices[1] = [3] does not index into shape [3]",
)  # fmt: skip
error(
    "ScatterNdAdd", lambda at, x: tf.scatter_nd_add(ref(THREE), at, x), i([[0], [2]]), f(3),
    says="The outer 1 dimensions of indices.shape=[2,1] must match the outer 1 dimensions of "
    "updates.shape=[3]",
)  # fmt: skip

# --- reads ---
case(
    "ResourceGather",
    lambda at: tf.Variable(ROWS, use_resource=True).sparse_read(at), i([[2, 0], [1, 2]]),
)  # fmt: skip
case(
    "ResourceGatherNd",
    lambda at: tf.Variable(ROWS, use_resource=True).gather_nd(at), i([[2, 0], [1, 1]]),
)  # fmt: skip
error(
    "ResourceGather",
    lambda at: tf.Variable(ROWS, use_resource=True).sparse_read(at), i([0, -1]), at="run",
    says="indices[1] = -1 is not in [0, 3)",
)  # fmt: skip
case("ReadVariableOp", lambda x: tf.Variable(ROWS, use_resource=True).read_value() + x, f(3, 2))
case("Identity", lambda x: tf.Variable(ROWS).read_value() * x, f(3, 2), id="read-of-a-reference")
case("IsVariableInitialized", lambda: tf.is_variable_initialized(ref(1.0)))
case("VarIsInitializedOp", lambda: tf.is_variable_initialized(ref(1.0, use_resource=True)))
case("CountUpTo", lambda: tf.count_up_to(ref(1), 3))
case("ResourceCountUpTo", lambda: ref(1, use_resource=True).count_up_to(3))
error("CountUpTo", lambda: tf.count_up_to(ref(3), 3), at="run", error="OutOfRangeError",
      says="Reached limit of 3")  # fmt: skip

# --- parts of a variable ---
for _make, _kind in ((ref, ""), (lambda x: ref(x, use_resource=True), "Resource")):
    case(
        _kind + "StridedSliceAssign",
        lambda x, make=_make: tf.identity(make(ROWS)[1:].assign(x)), f(2, 2), grad=NO,
        id=_kind + "StridedSliceAssign-rows",
    )  # fmt: skip
    case(
        _kind + "StridedSliceAssign",
        lambda x, make=_make: tf.identity(make(ROWS)[:, 1].assign(x)), f(3), grad=NO,
        id=_kind + "StridedSliceAssign-column",
    )  # fmt: skip

# --- control, checks and text ---
case("NoOp", lambda: tf.no_op())
case("NoOp", lambda x: tf.group(x + 1), f(2), id="group")
case("Identity", lambda x, y: tf.tuple([x + 1, y * 2]), f(2), d(3), id="tuple")
case("Assert", lambda x: tf.Assert(tf.reduce_all(x < 9), [x]), i([1, 2]), id="Assert")
error(
    "Assert", lambda x: tf.Assert(tf.reduce_all(x < 2), ["what", x]), i([1, 2, 3, 4]), at="run",
    says="assertion failed: [what] [1 2 3...]",
)  # fmt: skip
error(
    "Assert", lambda x: tf.Assert(tf.reduce_all(x < 2), [x], summarize=9), f([[0.1, 3], [5, 1e10]]),
    at="run", says="assertion failed: [[0.1 3][5 1e+10]]",
)  # fmt: skip
case("CheckNumerics", lambda x: tf.check_numerics(x, "bad"), t(2, 3), dtypes="f d h")
case("CheckNumerics", lambda x: tf.verify_tensor_all_finite(x, "bad"), f.empty, id="all_finite")
error(
    "CheckNumerics", lambda x: tf.check_numerics(x, "bad"), f([1, float("nan"), float("inf")]),
    at="run", says="bad : Tensor had Inf and NaN values",
)  # fmt: skip
case("Print", lambda x: tf.Print(x, [x], "shown: "), f(2, 3))
case("StringFormat", lambda x: tf.strings.format("<{}>", x), f([[0.1, 1 / 3], [1e10, -0.0]]))
for _shape in ([3], [[1, 2], [3, 4]], [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], list(range(9))):
    case("StringFormat", lambda x: tf.strings.format("<{}>", x), f(_shape))
    case("StringFormat", lambda x: tf.strings.format("{} {}", [x, x], summarize=1), i(_shape))
case("StringFormat", lambda x: tf.strings.format("{}", x), s(["a", "b c"]))
case("StringFormat", lambda x: tf.strings.format("{}", x, summarize=-1), d(2, 9))
case("StringFormat", lambda x: tf.strings.format("{}", x), h([0.1, 1 / 3]))
case("StringFormat", lambda x: tf.strings.format("{}", x), b([True, False]))
COND = "TensorFlow guards short inputs with a cond; slices of nothing need none"
for _values in ([1, 2, 2], [1, 2, 3], [2, 1], [5], []):
    case("All", lambda x: tf.is_non_decreasing(x), f(_values), nodes=COND)
    case("All", lambda x: tf.is_strictly_increasing(x), f(_values), nodes=COND)
case("PrintV2", lambda x: tf.print("x is", x), f(2, 3))


# --- operations without a public function ---
def raw(op_type, **arguments):
    if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
        return getattr(tf.raw_ops, op_type)(**arguments)
    definition = importlib.import_module("graphflow.core.opdef").REGISTRY[op_type]
    inputs = [arguments.pop(port.name) for port in definition.inputs]
    return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **arguments)


def after(waiting, value):
    with tf.control_dependencies([waiting]):
        return value()


def destroyed():
    v = ref(1.0, use_resource=True)
    return after(raw("DestroyResourceOp", resource=v.handle), v.is_initialized)


def old_variable(x):
    v = raw("Variable", shape=[2], dtype=tf.float32)
    return tf.identity(raw("Assign", ref=v, value=x))


case("RefIdentity", lambda: tf.identity(raw("RefIdentity", input=ref(THREE)._ref())))
case("VariableShape", lambda: raw("VariableShape", input=ref(ROWS, use_resource=True).handle))
case("DestroyResourceOp", destroyed)
case("Variable", old_variable, f(2), grad=NO)
case("ControlTrigger", lambda: after(raw("ControlTrigger"), lambda: tf.constant(1)))


# --- mistakes that a handle's type and shape, and the places of updates, give away ---
def of_handle(op_type, **arguments):
    handle = raw("VarHandleOp", dtype=tf.int32, shape=[], shared_name="handle", container="")
    return raw(op_type, resource=handle, **arguments)


WRONG = "Trying to read variable with wrong dtype. Expected int32 got float"
error("AssignVariableOp", lambda x: of_handle("AssignVariableOp", value=x), f(), says=WRONG)
error("AssignVariableOp", lambda x: of_handle("AssignVariableOp", value=x), i(1),
      says="Shapes must be equal rank, but are 0 and 1")  # fmt: skip
error("ReadVariableOp", lambda: of_handle("ReadVariableOp", dtype=tf.float32), says=WRONG)
CUBE = np.zeros([2, 2, 2], np.float32)
for _make in (kept, kept_resource):
    _id = "ScatterNdUpdate-" + _make.__name__
    error("ScatterNdUpdate", _make, tf.scatter_nd_update, CUBE, i(2, 1), f(2, 3, 2), id=_id + "-in",
          says="The inner 2 dimensions of input.shape=[2,2,2] must match the inner 2")  # fmt: skip
    error("ScatterNdUpdate", _make, tf.scatter_nd_update, CUBE, i(2, 1), f(3, 2, 2),
          id=_id + "-out", says="The outer 1 dimensions of indices.shape=[2,1] must")  # fmt: skip
    error("ScatterNdUpdate", _make, tf.scatter_nd_update, CUBE, i(2, 4), f(2), id=_id + "-deep",
          at="run", says="Must have updates.shape = indices.shape[:batch_dim]")  # fmt: skip
