"""Rows for functions of the graph: Defun, tf.function and their gradients."""

import importlib
import os

from _rows import case, error, f, i, tf

TENSORFLOW = os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow"
HOME = "tensorflow.python.framework.function" if TENSORFLOW else "graphflow.ops.defun"
Defun = importlib.import_module(HOME).Defun
NAMED = "functions are named after a fingerprint of TensorFlow's own"
NUMBERED = "functions are numbered through the whole process"
DEEP = "a function's gradient is differentiated no further"


def defined(make, *inputs, **kwargs):
    """A row with a Defun; TensorFlow knows no shapes of its results."""

    def handed_on(*args):
        found = make(*args)
        return [tf.identity(x) for x in (found if isinstance(found, (list, tuple)) else [found])]

    op_type = kwargs.pop("op_type", "Identity")
    case(op_type, handed_on, *inputs, **dict({"nodes": NAMED}, **kwargs))


def cube(x):
    """A Defun of one argument, called twice."""

    @Defun(tf.float32)
    def Cube(x):
        return x * x * x

    return Cube(x) + Cube(x * 2.0)


def several(x, y):
    """Two results, one of another type."""

    @Defun(tf.float32, tf.float32, func_name="RowSeveral", noinline=True)
    def Several(x, y):
        return x * y + 1.0, tf.cast(x, tf.int32)

    return Several(x, y, name="call")


def capturing(x, w):
    """Uses a tensor from outside."""

    @Defun(tf.float32)
    def Scaled(x):
        return tf.sin(x) * w

    return Scaled(x)


def nested(x):
    """Calls a function in a function."""

    @Defun(tf.float32)
    def Inner(x):
        return tf.tanh(x)

    @Defun(tf.float32)
    def Outer(x):
        return Inner(x) + Inner(2.0 * x)

    return Outer(x)


def with_gradient(x):
    """Has a function as gradient."""

    @Defun(tf.float32, tf.float32)
    def Slope(x, dy):
        return dy * 100.0

    @Defun(tf.float32, grad_func=Slope)
    def Double(x):
        return x * 2.0

    return Double(x)


def with_python_gradient(x):
    """Has a Python function as gradient."""

    @Defun(tf.float32, python_grad_func=lambda op, dy: dy * op.inputs[0])
    def Double(x):
        return x * 2.0

    return Double(x)


def overloaded(x, n):
    """Takes arguments of any types."""

    @Defun()
    def Twice(x):
        return x + x

    return Twice(x), Twice(n)


def shaped(x):
    """Tells the shape of its result."""

    @Defun(tf.float32, shape_func=lambda op: [op.inputs[0].get_shape()])
    def Same(x):
        return tf.reshape(x, tf.shape(x))

    return Same(x)


def assigning(x):
    """Reads a variable that another call has changed."""
    v = tf.get_variable("v", initializer=[1.0, 2.0, 3.0], use_resource=True)

    @Defun(tf.float32, func_name="RowAdd")
    def Add(x):
        with tf.control_dependencies([v.assign_add(x)]):
            return tf.identity(x)

    added = Add(x)
    with tf.control_dependencies([added]):
        return v.read_value()


NONE = "the gradient is none of the function"
defined(cube, f(3), numeric=DEEP, id="Defun-cube")
defined(several, f(3), f(3), numeric=DEEP, id="Defun-several")
defined(capturing, f(3), f(3), numeric=DEEP, id="Defun-capturing")
defined(nested, f(3), numeric=DEEP, id="Defun-nested")
defined(with_gradient, f(3), numeric=NONE, id="Defun-gradient")
defined(with_python_gradient, f(3), numeric=NONE, id="Defun-python-gradient")
defined(overloaded, f(3), i(3), numeric=DEEP, id="Defun-overloaded")
defined(shaped, f(3), numeric=DEEP, id="Defun-shaped")
defined(assigning, f(3), grad="the variable changes", id="Defun-assigning")
defined(lambda x: tf.gradients(cube(x), x)[0], f(3), grad=DEEP,
        op_type="SymbolicGradient", id="SymbolicGradient")  # fmt: skip


def no_arguments():
    """Takes nothing."""

    @Defun()
    def Three():
        return tf.constant(3.0) * 2.0

    return Three()


defined(no_arguments, id="Defun-no-arguments")
error("Mul", lambda x: Defun(tf.float32)(lambda x, y: x), f(), id="Defun-types",
      says="The function has fewer arguments than the number of specified input types")  # fmt: skip
error("Mul", lambda x: Defun(tf.float32)(lambda x, y=1: x), f(), id="Defun-default",
      says="function with argument defaults or keywords arguments are not supported.")  # fmt: skip
error("Mul", lambda x: Defun(tf.float32)(3), f(), says="function 3 must be callable", id="Defun-3")
error("Mul", lambda x: Defun(tf.float32)(lambda x: x * 2.0)(x, x), f(), id="Defun-count",
      says="Expected number of arguments: 1, received: 2")  # fmt: skip

# --- tf.function ---


def functional(function, op_type="PartitionedCall", *inputs, **kwargs):
    """A row with a tf.function."""
    case(op_type, function, *inputs, **dict({"nodes": NUMBERED}, **kwargs))


@tf.function(autograph=False)
def poly(x, factor=2.0, *rest):
    """A polynomial; `factor` may be a number of Python."""
    return x * x * factor + (rest[0] if rest else 1.0)


@tf.function(autograph=False)
def structured(pair, more=None):
    """Takes and returns structures."""
    a, b = pair
    return {"sum": a + b["c"], "rest": [a * 2.0, more]}


@tf.function(input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
def signed(x):
    """Is declared once."""
    return tf.reduce_sum(x)


def counted(x):
    """Has state: two updates in order, then a read."""
    v = tf.get_variable("v", initializer=[1.0, 2.0, 3.0], use_resource=True)

    @tf.function(autograph=False)
    def update(x):
        v.assign_add(x)
        v.assign(v * 2.0)
        return v.read_value()

    return update(x)


functional(poly, "PartitionedCall", f(3), numeric=DEEP, id="function")
functional(lambda x: poly(x, 3.0) + poly(x, 4.0), "PartitionedCall", f(3), numeric=DEEP,
           id="function-values")  # fmt: skip
functional(lambda x, y: poly(x, y, x), "PartitionedCall", f(3), f(3), numeric=DEEP,
           id="function-tensors")  # fmt: skip
functional(lambda x, y: structured((x, {"c": y}), more=x)["sum"], "PartitionedCall", f(3), f(3),
           numeric=DEEP, id="function-structures")  # fmt: skip
functional(signed, "PartitionedCall", f(3), numeric=DEEP, id="function-signature")
functional(counted, "StatefulPartitionedCall", f(3), grad="the variable changes",
           id="function-state")  # fmt: skip
error("PartitionedCall", lambda x: signed(x), f(2, 3), id="function-rank",
      says="Python inputs incompatible with input_signature")  # fmt: skip
