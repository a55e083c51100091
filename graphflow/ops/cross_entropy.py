"""Losses between logits and labels, one number an example."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, int64
from graphflow.core.elementwise import broadcast
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import unbroadcast
from graphflow.ops.activation import NET_FLOATS, relu
from graphflow.ops.asserts import assert_equal
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.softmax import shifted, widened

Array = np.ndarray[Any, Any]


def _column(loss_gradient: Tensor) -> Tensor:
    """A gradient of one number an example, ready to multiply rows."""
    found: Tensor = apply("ExpandDims", loss_gradient, -1)
    return found


def _through_softmax(logits: Tensor, dz: Tensor) -> Tensor:
    """The gradient of `softmax(logits)` for the gradient `dz` of its result."""
    y = apply("Softmax", logits)
    found: Tensor = (dz - apply("Sum", dz * y, -1, keep_dims=True)) * y
    return found


def _is_zero(gradient: Tensor | None) -> bool:
    if gradient is None or gradient.__class__ is Tensor:
        return gradient is None or gradient.op.type == "ZerosLike"
    return not np.any(gradient._known())


# --- SoftmaxCrossEntropyWithLogits ---
SOFTMAX_CROSS_ENTROPY = define(
    "SoftmaxCrossEntropyWithLogits(features: T, labels: T) -> loss: T, backprop: T", T=NET_FLOATS
)


@SOFTMAX_CROSS_ENTROPY.shape
def _(op: Operation) -> list[Dims]:
    x, labels = op.inputs[0].dims, op.inputs[1].dims
    sizes = f"logits_size={text(x)} labels_size={text(labels)}"
    try:
        dims = broadcast(x, labels)
    except ShapeError as e:
        run = f"logits and labels must be broadcastable: {sizes}"
        raise ShapeError(str(e), run=run) from None
    if dims is None:
        return [(None,), (None, None)]
    if len(dims) != 2:
        raise ShapeError(
            f"Shape must be broadcasted with rank 2, but is rank {len(dims)}",
            run="logits and labels must be either 2-dimensional, or broadcasted to that",
        )
    return [dims[:1], dims]


@SOFTMAX_CROSS_ENTROPY.gradient
def _(op: Operation, dy: Tensor, dz: Tensor | None) -> tuple[Any, Any]:
    logits = op.inputs[0]
    column = _column(dy)
    dx = column * op.outputs[1]
    dlabels = column * -apply("LogSoftmax", logits)
    if dz is not None and not _is_zero(dz):  # the second output is softmax(logits) - labels
        dx, dlabels = dx + _through_softmax(logits, dz), dlabels - dz
    return unbroadcast(op, dx, dlabels)


@SOFTMAX_CROSS_ENTROPY.compiled
def _(call: Call) -> Lowering | None:
    shape = call.shapes[0]
    if shape != call.shapes[1] or not shape[1] or call.suffix != "f32":
        return None
    return Lowering("softmax_xent.f32", shape)


@SOFTMAX_CROSS_ENTROPY.numpy
def _(logits: Array, labels: Array) -> tuple[Array, Array]:
    x, wanted = np.broadcast_arrays(widened(logits), widened(labels))
    z = shifted(x)
    probabilities = np.exp(z)
    total = probabilities.sum(axis=1, keepdims=True)
    np.subtract(np.log(total), z, out=z)
    np.multiply(z, wanted, out=z)
    loss = z.sum(axis=1)
    np.divide(probabilities, total, out=probabilities)
    np.subtract(probabilities, wanted, out=probabilities)
    dtype = logits.dtype
    return loss.astype(dtype, copy=False), probabilities.astype(dtype, copy=False)


def _flattened(x: Tensor) -> Tensor:
    """A tensor as a matrix: all axes but the last become one."""
    n = rank(x)
    last = apply("Slice", shape(x), [apply("Sub", n, 1)], [1])
    found: Tensor = apply("Reshape", x, apply("ConcatV2", [[-1], last], 0, name="concat"))
    dims = x.dims
    if dims is not None and None not in dims[:-1]:
        found.set_shape([math.prod(d for d in dims[:-1] if d is not None), dims[-1]])
    return found


def _moved_to_end(x: Tensor, axis: Any, n: Tensor) -> Tensor:
    order = [range_(axis), range_(axis + 1, n), [axis]]
    found: Tensor = apply(
        "Transpose", x, apply("ConcatV2", order, 0, name="concat"), name="transpose"
    )
    return found


@export("nn.softmax_cross_entropy_with_logits_v2")
@renamed(dim="axis")
def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: str | None = None
) -> Tensor:
    """Returns the cross entropy between labels and the softmax of logits, for each example.

    Args:
        labels: probabilities, as a rule one-hot rows; gradients flow into them too.
        logits: unscaled log probabilities of the same shape, `[..., classes]`.
        axis: the axis of the classes; None: the last.
        name: the name of the scope.

    Returns:
        A tensor of the shape of the logits without the axis of the classes.

    Raises:
        ValueError: if the shapes do not fit.

    Note:
        Softmax and logarithm are one: large logits neither overflow nor lose the small terms.
        float16 is computed in float32.
    """
    axis = -1 if axis is None else axis
    default_name = "softmax_cross_entropy_with_logits"
    with scopes.name_scope(name, default_name, [logits, labels]) as scope:
        logits, labels = convert(logits, name="logits"), convert(labels, name="labels")
        half = logits.dtype.base_dtype in (float16, bfloat16)
        precise = cast(logits, float32) if half else logits
        labels = cast(labels, precise.dtype)
        n = rank(precise)
        if axis != -1:
            precise, labels = _moved_to_end(precise, axis, n), _moved_to_end(labels, axis, n)
        sizes = shape(precise)
        precise, labels = _flattened(precise), _flattened(labels)
        cost = apply(SOFTMAX_CROSS_ENTROPY, precise, labels, name=scope).loss
        outer = apply("Slice", sizes, [0], [apply("Sub", n, 1)])
        found: Tensor = apply("Reshape", cost, outer)
        if logits.dims is not None:
            dims = list(logits.dims)
            del dims[axis]
            found.set_shape(dims)
        return cast(found, logits.dtype) if half else found


def _check_named(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    """Insists on named arguments: labels and logits are too easily taken for each other."""
    if sentinel is not None:
        raise ValueError(
            f"Only call `{function}` with named arguments (labels=..., logits=..., ...)"
        )
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


@export("nn.softmax_cross_entropy_with_logits")
@renamed(axis="dim")
def softmax_cross_entropy_with_logits(
    _sentinel: Any = None,
    labels: Any = None,
    logits: Any = None,
    dim: Any = -1,
    name: str | None = None,
) -> Tensor:
    """Returns the cross entropy as `softmax_cross_entropy_with_logits_v2` does; labels are fixed.

    Args:
        _sentinel: never given: write the names of the arguments.
        labels: probabilities; no gradient flows into them.
        logits: unscaled log probabilities of the same shape.
        dim: the axis of the classes.
        name: the name of the scope.

    Raises:
        ValueError: if arguments come without names, or the shapes do not fit.
    """
    _check_named("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    default_name = "softmax_cross_entropy_with_logits_sg"
    with scopes.name_scope(name, default_name, [logits, labels]) as scope:
        fixed = apply("StopGradient", labels, name="labels_stop_gradient")
    found: Tensor = softmax_cross_entropy_with_logits_v2(
        labels=fixed, logits=logits, axis=dim, name=scope
    )
    return found


# --- SparseSoftmaxCrossEntropyWithLogits ---
SPARSE_SOFTMAX_CROSS_ENTROPY = define(
    "SparseSoftmaxCrossEntropyWithLogits(features: T, labels: Tlabels, *, Tlabels: type = int64)"
    " -> loss: T, backprop: T",
    T=NET_FLOATS,
    Tlabels=default(INDEX, int64),
)


@SPARSE_SOFTMAX_CROSS_ENTROPY.shape
def _(op: Operation) -> list[Dims]:
    x, labels = op.inputs[0].dims, op.inputs[1].dims
    if x is not None and len(x) != 2:
        raise ShapeError(
            f"Shape must be rank 2 but is rank {len(x)}",
            run=f"logits must be 2-D, but got shape {text(x)}",
        )
    if labels is not None and len(labels) != 1:
        raise ShapeError(
            f"Shape must be rank 1 but is rank {len(labels)}",
            run=f"labels must be 1-D, but got shape {text(labels)}",
        )
    rows, classes = x or (None, None)
    count = labels[0] if labels else None
    if rows is not None and count is not None and rows != count:
        raise ShapeError(
            f"Dimensions must be equal, but are {rows} and {count}",
            run="logits and labels must have the same first dimension, got logits shape "
            f"{text(x)} and labels shape {text(labels)}",
        )
    rows = count if rows is None else rows
    return [(rows,), (rows, classes)]


@SPARSE_SOFTMAX_CROSS_ENTROPY.gradient
def _(op: Operation, dy: Tensor, dz: Tensor | None) -> tuple[Tensor, None]:
    dx = _column(dy) * op.outputs[1]
    if dz is not None and not _is_zero(dz):  # the second derivative, which TensorFlow refuses
        dx = dx + _through_softmax(op.inputs[0], dz)
    return dx, None


@SPARSE_SOFTMAX_CROSS_ENTROPY.compiled
def _(call: Call) -> Lowering | None:
    shape, index = call.shapes[0], SUFFIXES.get(call.dtypes[1].name)
    if not shape[1] or call.suffix != "f32" or index is None:
        return None
    return Lowering(f"sparse_xent_{index}.f32", shape)


@SPARSE_SOFTMAX_CROSS_ENTROPY.numpy
def _(logits: Array, labels: Array) -> tuple[Array, Array]:
    rows, classes = logits.shape
    if not classes:
        raise KernelError(
            f"Must have at least one class, but got logits shape {text(logits.shape)}"
        )
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        raise KernelError(
            f"Received a label value of {labels[outside][0]} which is outside the valid range of "
            f"[0, {classes}).  Label values: {' '.join(map(str, labels.tolist()))}"
        )
    z = shifted(widened(logits))
    index = np.arange(rows), labels
    chosen = z[index]
    np.exp(z, out=z)
    total = z.sum(axis=1)
    loss = np.log(total) - chosen
    np.divide(z, total[:, None], out=z)
    z[index] -= 1
    return loss.astype(logits.dtype, copy=False), z.astype(logits.dtype, copy=False)


@export("nn.sparse_softmax_cross_entropy_with_logits")
def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """Returns the cross entropy between class numbers and the softmax of logits.

    Args:
        _sentinel: never given: write the names of the arguments.
        labels: class numbers, `[...]`, int32 or int64, in [0, classes).
        logits: unscaled log probabilities, `[..., classes]`.
        name: the node's name.

    Returns:
        A tensor of the shape of the labels.

    Raises:
        ValueError: if arguments come without names, or the shapes do not fit.

    Note:
        A label outside the range is an InvalidArgumentError in the run. The gradient can be
        differentiated again, which TensorFlow refuses.
    """
    _check_named("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    default_name = "SparseSoftmaxCrossEntropyWithLogits"
    with scopes.name_scope(name, default_name, [labels, logits]):
        labels, logits = convert(labels), convert(logits)
        half = logits.dtype.base_dtype == float16
        precise = cast(logits, float32) if half else logits
        labels_shape = shape(labels)
        known = _check_sparse(labels, logits)
        if logits.dims is not None and len(logits.dims) == 2:
            cost = apply(SPARSE_SOFTMAX_CROSS_ENTROPY, precise, labels, name=name).loss
        else:
            cost = _sparse_of_many(precise, labels, logits, labels_shape, known, name)
        return cast(cost, float16) if half else cost  # type: ignore[no-any-return]  # a tensor


def _check_sparse(labels: Tensor, logits: Tensor) -> bool:
    """Checks the shapes; returns whether all sizes but the classes are known."""
    found, wanted = labels.shape, logits.shape
    if wanted.ndims == 0:
        raise ValueError(f"Logits cannot be scalars - received shape {wanted}.")
    if None not in (wanted.ndims, found.ndims) and found.ndims != (wanted.ndims or 0) - 1:
        raise ValueError(
            f"Rank mismatch: Rank of labels (received {found.ndims}) should equal rank of logits "
            f"minus 1 (received {wanted.ndims})."
        )
    known = found.is_fully_defined() and wanted.ndims is not None
    known = known and wanted[:-1].is_fully_defined()
    if known and found != wanted[:-1]:
        raise ValueError(
            f"Shape mismatch: The shape of labels (received {found}) should equal the shape of "
            f"logits except for the last dimension (received {wanted})."
        )
    return known


def _sparse_of_many(
    precise: Tensor,
    labels: Tensor,
    logits: Tensor,
    labels_shape: Tensor,
    known: bool,
    name: str | None,
) -> Tensor:
    """The loss for logits that are not a matrix: as one, and shaped back."""
    checks = [] if known else [assert_equal(shape(labels), shape(logits)[:-1])]
    with scopes.control_dependencies(checks):
        classes = shape(logits)[rank(logits) - 1]
        static = labels.dims
        precise = apply("Reshape", precise, [-1, classes])
        labels = apply("Reshape", labels, [-1])
        cost = apply(SPARSE_SOFTMAX_CROSS_ENTROPY, precise, labels, name=name).loss
        found: Tensor = apply("Reshape", cost, labels_shape)
        found.set_shape(static)
    return found


# --- losses made of elementwise operations ---
def _same_shapes(labels: Tensor, logits: Tensor, what: str) -> None:
    try:
        labels.shape.merge_with(logits.shape)
    except ValueError:
        raise ValueError(
            f"{what} must have the same shape ({logits.shape} vs {labels.shape})"
        ) from None


@export("nn.sigmoid_cross_entropy_with_logits")
def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """Returns the cross entropy between labels and the logistic function of logits.

    Args:
        _sentinel: never given: write the names of the arguments.
        labels: probabilities, one for each logit.
        logits: floats of the same shape.
        name: the name of the scope.

    Raises:
        ValueError: if arguments come without names, or the shapes differ.

    Note:
        `max(x, 0) - x * z + log(1 + exp(-abs(x)))`, which neither overflows nor loses digits.
    """
    _check_named("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with scopes.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = convert(logits, name="logits"), convert(labels, name="labels")
        _same_shapes(labels, logits, "logits and labels")
        zeros = zeros_like(logits)
        positive = logits >= zeros
        above = apply("Select", positive, logits, zeros)
        negated = apply("Select", positive, -logits, logits)
        found: Tensor = apply(
            "Add",
            above - logits * labels,
            apply("Log1p", apply("Exp", negated)),
            name=scope,
        )
    return found


@export("nn.weighted_cross_entropy_with_logits")
@renamed(targets="labels")
def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None
) -> Tensor:
    """Returns `sigmoid_cross_entropy_with_logits` with a weight on the positive labels.

    Args:
        labels: probabilities, one for each logit.
        logits: floats of the same shape.
        pos_weight: the weight; above 1 fewer positives are missed, below 1 fewer are false.
        name: the name of the scope.

    Raises:
        ValueError: if the shapes differ.
    """
    with scopes.name_scope(name, "logistic_loss", [logits, labels]) as scope:
        logits, labels = convert(logits, name="logits"), convert(labels, name="labels")
        _same_shapes(labels, logits, "logits and labels")
        weight = 1 + (pos_weight - 1) * labels
        negative = (1 - labels) * logits
        entropy = apply("Log1p", apply("Exp", -apply("Abs", logits))) + relu(-logits)
        found: Tensor = apply("Add", negative, weight * entropy, name=scope)
    return found


@export("nn.log_poisson_loss")
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """Returns the loss of a Poisson model for counts: `exp(log_input) - log_input * targets`.

    Args:
        targets: the counts.
        log_input: the logarithms of the expected counts, of the same shape.
        compute_full_loss: whether to add Stirling's approximation of `log(targets!)`.
        name: the name of the scope.

    Raises:
        ValueError: if the shapes differ.
    """
    with scopes.name_scope(name, "log_poisson_loss", [log_input, targets]):
        log_input, targets = convert(log_input, name="log_input"), convert(targets, name="targets")
        _same_shapes(targets, log_input, "log_input and targets")
        found: Tensor = apply("Exp", log_input) - log_input * targets
        if compute_full_loss:
            half = constant(0.5, targets.dtype)
            circle = constant(2 * math.pi, targets.dtype)
            stirling = (
                (targets * apply("Log", targets))
                - targets
                + (half * apply("Log", circle * targets))
            )
            zeros, ones = zeros_like(targets), ones_like(targets)
            small = apply("LogicalAnd", targets >= zeros, targets <= ones)
            found = found + apply("Select", small, zeros, stirling)
    return found
