"""Rows of the optimizers' updates: each makes a variable and its slots and returns them after."""

import importlib
import os

from _rows import case, error, f, i, t, tf

NO = "an update is a step in time"
NUMBERS = {
    "alpha": 0.3, "beta": 0.9, "beta1": 0.9, "beta2": 0.99, "beta1_power": 0.81,
    "beta2_power": 0.98, "epsilon": 1e-3, "global_step": 3, "l1": 0.05, "l2": 0.1,
    "l2_shrinkage": 0.2, "logbase": 0.5, "lr": 0.3, "lr_power": -0.5, "momentum": 0.7,
    "rho": 0.9, "sign_decay": 0.8,
}  # fmt: skip
START = [[1.0, -2.0], [0.25, 4.0], [-0.5, 0.75]]
SLOT = [[0.5, 1.0], [2.0, 0.1], [0.3, 1.5]]


def raw(op_type, **arguments):
    """Declares an operation that has no public function of its own."""
    if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
        return getattr(tf.raw_ops, op_type)(**arguments)
    definition = importlib.import_module("graphflow.core.opdef").REGISTRY[op_type]
    inputs = [arguments.pop(port.name) for port in definition.inputs]
    return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **arguments)


def updated(prefix, name, cells, ports, grad, indices=None, **options):
    """The variable and its slots after the update."""
    dtype, resource = grad.dtype, prefix.startswith("Resource")
    made = [
        tf.Variable(tf.constant(START if cell == "var" else SLOT, dtype), use_resource=resource,
                    trainable=False, name=cell)
        for cell in cells
    ]  # fmt: skip
    arguments = {c: v.handle if resource else v._ref() for c, v in zip(cells, made)}  # noqa: B905 - Python 3.7
    for port in ports:
        if port in ("grad", "delta"):
            arguments[port] = grad
        elif port == "global_step":
            arguments[port] = tf.constant(NUMBERS[port], tf.int64)
        else:
            arguments[port] = tf.constant(options.pop(port, NUMBERS[port]), dtype)
    if indices is not None:
        arguments["indices"] = indices
    update = raw(prefix + "Apply" + name, **dict(arguments, **options))
    with tf.control_dependencies([update]):
        return [v.read_value() for v in made]


UPDATES = (
    ("GradientDescent", "var", "alpha delta", "dense"),
    ("ProximalGradientDescent", "var", "alpha l1 l2 delta", "dense"),
    ("ProximalGradientDescent", "var", "alpha l1 l2 grad", "sparse"),
    ("Momentum", "var accum", "lr grad momentum", "dense sparse"),
    ("KerasMomentum", "var accum", "lr grad momentum", "dense sparse"),
    ("Adam", "var m v", "beta1_power beta2_power lr beta1 beta2 epsilon grad", "dense"),
    ("AdamWithAmsgrad", "var m v vhat",
     "beta1_power beta2_power lr beta1 beta2 epsilon grad", "dense"),
    ("AdaMax", "var m v", "beta1_power lr beta1 beta2 epsilon grad", "dense"),
    ("Adagrad", "var accum", "lr grad", "dense sparse"),
    ("AdagradV2", "var accum", "lr epsilon grad", "dense sparse"),
    ("AdagradDA", "var gradient_accumulator gradient_squared_accumulator",
     "grad lr l1 l2 global_step", "dense sparse"),
    ("ProximalAdagrad", "var accum", "lr l1 l2 grad", "dense sparse"),
    ("Adadelta", "var accum accum_update", "lr rho epsilon grad", "dense sparse"),
    ("RMSProp", "var ms mom", "lr rho momentum epsilon grad", "dense sparse"),
    ("CenteredRMSProp", "var mg ms mom", "lr rho momentum epsilon grad", "dense sparse"),
    ("Ftrl", "var accum linear", "grad lr l1 l2 lr_power", "dense sparse"),
    ("FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power", "dense sparse"),
    ("AddSign", "var m", "lr alpha sign_decay beta grad", "dense"),
    ("PowerSign", "var m", "lr logbase sign_decay beta grad", "dense"),
)  # fmt: skip
GRAD = [[0.5, -1.0], [0.0, 2.0], [-3.0, 0.1]]
FEW = [[0.5, -1.0], [0.25, 2.0]]

for _name, _cells, _ports, _modes in UPDATES:
    for _resource in ("", "Resource"):
        if _name in ("KerasMomentum", "AdamWithAmsgrad") and not _resource:
            continue
        _what = (_name, _cells.split(), _ports.split())
        if "dense" in _modes:
            _type = _resource + "Apply" + _name
            _dense = lambda g, p=_resource, w=_what, **o: updated(p, *w, grad=g, **o)
            case(_type, _dense, t(GRAD), dtypes="f d", grad=NO, id=_type, tol=2e-6)
        if "sparse" in _modes:
            _type = _resource + "SparseApply" + _name
            _sparse = lambda g, at, p=_resource + "Sparse", w=_what, **o: updated(
                p, *w, grad=g, indices=at, **o
            )
            case(_type, _sparse, t(FEW), i([2, 0]), dtypes="f d", grad=NO, id=_type, tol=2e-6)

MOMENTUM = ("Momentum", ["var", "accum"], ["lr", "grad", "momentum"])
FTRL = ("Ftrl", ["var", "accum", "linear"], ["grad", "lr", "l1", "l2", "lr_power"])
case(
    "ApplyMomentum", lambda g: updated("", *MOMENTUM, grad=g, use_nesterov=True), f(GRAD),
    grad=NO, id="ApplyMomentum-nesterov",
)  # fmt: skip
case(
    "SparseApplyMomentum",
    lambda g, at: updated("Sparse", *MOMENTUM, grad=g, indices=at, use_nesterov=True),
    f(FEW), i([1, 1]), grad=NO, id="SparseApplyMomentum-nesterov-one-row-twice",
)  # fmt: skip
case(
    "ApplyFtrl", lambda g: updated("", *FTRL, grad=g, lr_power=-0.7), f(GRAD),
    grad=NO, id="ApplyFtrl-power",
)  # fmt: skip
case(
    "ApplyAdagrad",
    lambda g: updated("", "Adagrad", ["var", "accum"], ["lr", "grad"], grad=g, update_slots=False),
    f(GRAD), grad=NO, id="ApplyAdagrad-fixed-slots",
)  # fmt: skip
error(
    "ApplyMomentum", lambda g: updated("", *MOMENTUM, grad=g), f(3, 3),
    says="Dimension 1 in both shapes must be equal, but are 2 and 3.",
)  # fmt: skip
error(
    "ApplyMomentum", lambda g: updated("", *MOMENTUM, grad=g), f(3, 3), at="run",
    says="var and grad do not have the same shape[3,2] [3,3]",
)  # fmt: skip
error(
    "SparseApplyMomentum", lambda g, at: updated("Sparse", *MOMENTUM, grad=g, indices=at),
    f(2, 2), i([0, 3]), at="run", says="Index 3 at offset 1 in indices is out of range",
)  # fmt: skip
error(
    "SparseApplyMomentum", lambda g, at: updated("Sparse", *MOMENTUM, grad=g, indices=at),
    f(2, 2), i([0]), at="run",
    says="grad must be the same size as indices in the first dimension.",
)  # fmt: skip
