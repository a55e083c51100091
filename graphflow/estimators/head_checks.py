"""What heads check: logits, labels, weights, the functions of losses, and arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import float32
from graphflow.core.function_arguments import fn_args
from graphflow.core.sparse_tensor import SparseTensor, convert_to_tensor_or_sparse_tensor
from graphflow.core.tensor import Tensor
from graphflow.nets.losses import Reduction
from graphflow.ops.asserts import (
    assert_equal,
    assert_greater,
    assert_less_equal,
    assert_non_negative,
    assert_rank_at_least,
)
from graphflow.ops.cast import cast
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.flow_cond import cond
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_all, reduce_any
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_of

NO_LABELS: Final = (
    "You must provide a labels Tensor. Given: None. Suggested troubleshooting steps: Check that "
    "your data contain your label feature. Check that your input_fn properly parses and returns "
    "labels."
)
_SPARSE_LABELS: Final = (
    "SparseTensor labels are not supported. labels must be a Tensor of shape [D0, D1, ..., DN, "
    "{0}], e.g. [batch_size, {0}]. Suggested Fix (1): Check the label feature in your data. Each "
    "example must contain {0} value(s). If not, your choice of label was probably incorrect. "
    "Suggested Fix (2): In your input_fn, use tf.sparse_tensor_to_dense() to turn labels into a "
    "Tensor."
)
_LABELS_SHAPE: Final = (
    "labels shape must be [D0, D1, ... DN, {}]. Suggested Fix: check your n_classes argument to "
    "the estimator and/or the shape of your label."
)
_LOGITS_SHAPE: Final = "logits shape must be [D0, D1, ... DN, logits_dimension]"


def to_float(x: Any, name: str = "ToFloat") -> Tensor:
    """Returns a tensor as float32, as TensorFlow names the node."""
    found: Tensor = cast(x, float32, name=name)
    return found


def _one_rank_less(x: Tensor, than: Tensor) -> bool:
    own, other = x.shape.ndims, than.shape.ndims
    return own is not None and other is not None and own == other - 1


# --- logits, labels, weights ---
def checked_logits(logits: Any, dimension: Any) -> Tensor:
    """Returns logits as float32, `[D0, ..., DN, dimension]`; else ValueError, or an error in a run.

    Args:
        logits: the logits.
        dimension: their last size.
    """
    with scopes.name_scope(None, "logits", (logits,)) as scope:
        checked = to_float(logits)
        sizes = shape_of(checked)
        ranked = assert_rank_at_least(checked, 2, data=[sizes], message=_LOGITS_SHAPE)
        with scopes.control_dependencies([ranked]):
            static = checked.shape
            if static.ndims is not None and static.as_list()[-1] is not None:
                if isinstance(dimension, int) and static.as_list()[-1] != dimension:
                    raise ValueError(f"{_LOGITS_SHAPE}, got {static}.")
                return checked
            fits = assert_equal(dimension, sizes[-1], data=[sizes], message=_LOGITS_SHAPE)
            with scopes.control_dependencies([fits]):
                return identity(checked, name=scope)


def checked_labels(labels: Any, logits: Tensor, dimension: Any) -> Tensor:
    """Returns labels of the shape of the logits, but for the last size.

    Args:
        labels: a tensor, `[D0, ..., DN, dimension]`, or without the last axis.
        logits: the logits.
        dimension: the last size of the labels.

    Raises:
        ValueError: if there are none, they are sparse, or have another last size.
    """
    if labels is None:
        raise ValueError(NO_LABELS)
    with scopes.name_scope(None, "labels", (labels, logits)) as scope:
        labels = convert_to_tensor_or_sparse_tensor(labels)
        if isinstance(labels, SparseTensor):
            raise ValueError(_SPARSE_LABELS.format(dimension))
        if _one_rank_less(labels, logits):
            labels = expand_dims(labels, -1)
        labels_shape, logits_shape = shape_of(labels), shape_of(logits)
        message = _LABELS_SHAPE.format(dimension)
        ranked = assert_rank_at_least(labels, 2, message=message)
        with scopes.control_dependencies([ranked]):
            if labels.shape.ndims is not None:
                _check_last_size(labels.shape.as_list()[-1], dimension)
            wanted = concat([logits_shape[:-1], [dimension]], axis=0)
            shown = ["expected_labels_shape: ", wanted, "labels_shape: ", labels_shape]
            fits = assert_equal(wanted, labels_shape, message=message, data=shown)
            with scopes.control_dependencies([fits]):
                return identity(labels, name=scope)


def _check_last_size(size: int | None, dimension: Any) -> None:
    if size is not None and size != dimension:
        raise ValueError(
            f"Mismatched label shape. Expected labels dimension={dimension}.  Received {size}. "
            "Suggested Fix:If your classifier expects one-hot encoding label,check your n_classes "
            "argument to the estimator and/or the shape of your label. Otherwise, check the shape "
            "of your label."
        )


def checked_weights(
    features: Any, weight_column: Any, logits: Tensor, for_each_logit: bool = False
) -> Any:
    """Returns the weights of examples, `[D0, ..., DN, 1]`; 1.0 where there is no column of them.

    Args:
        features: tensors by name.
        weight_column: the name of one of them, or a numeric column; None: there are no weights.
        logits: the logits.
        for_each_logit: whether weights may have the shape of the logits.

    Raises:
        TypeError: if `weight_column` is anything else.
        ValueError: if there is no such feature, or it has no numbers.
    """
    message = "weights shape must be [D0, D1, ... DN] or [D0, D1, ... DN, 1]"
    if for_each_logit:
        message = (
            "weights shape must be [D0, D1, ... DN], [D0, D1, ... DN, 1] or "
            "[D0, D1, ... DN, logits_dimension]"
        )
    with scopes.name_scope(None, "weights", (*features.values(), logits)) as scope:
        if weight_column is None:
            return 1.0
        weights = _weight_values(features, weight_column)
        if not (weights.dtype.is_floating or weights.dtype.is_integer):
            raise ValueError(
                f"Weight column should be castable to float. Given dtype: {weights.dtype}"
            )
        weights = to_float(weights, name="weights")
        sizes = shape_of(weights, name="weights_shape")
        logits_shape = shape_of(logits, name="logits_shape")
        shown = ["logits_shape: ", logits_shape, "weights_shape: ", sizes]
        if _one_rank_less(weights, logits):
            fits = assert_equal(logits_shape[:-1], sizes, message=message, data=shown)
            with scopes.control_dependencies([fits]):
                return expand_dims(weights, -1, name=scope)
        wanted = concat([logits_shape[:-1], [1]], axis=0)
        if for_each_logit:
            either = reduce_any(
                [reduce_all(equal(logits_shape, sizes)), reduce_all(equal(wanted, sizes))]
            )
            fits = Assert(either, [message, *shown])
        else:
            fits = assert_equal(wanted, sizes, message=message, data=shown)
        with scopes.control_dependencies([fits]):
            return identity(weights, name=scope)


def _weight_values(features: Any, column: Any) -> Tensor:
    """The values of a column of numbers."""
    key, normalizer = column, None
    if not isinstance(column, str):
        if type(column).__name__ not in ("NumericColumn", "_NumericColumn"):
            raise TypeError(
                "Weight column must be either a string or _NumericColumn. "
                f"Given type: {type(column)}."
            )
        key, normalizer = column.key, column.normalizer_fn
    if key not in features:
        raise ValueError(f"Feature {key} is not in features dictionary.")
    x = _at_least_matrix(convert_to_tensor_or_sparse_tensor(features[key]), key)
    if normalizer is not None:
        x = normalizer(x)
    return to_float(x)


def _at_least_matrix(x: Any, key: str) -> Any:
    if isinstance(x, SparseTensor):
        raise ValueError(
            "The corresponding Tensor of numerical column must be a Tensor. "
            f"SparseTensor is not supported. key: {key}"
        )
    known = x.shape.ndims
    if known == 0:
        raise ValueError(f"Feature (key: {key}) cannot have rank 0. Given: {x}")
    if known is None:
        return cond(equal(1, rank(x)), lambda: expand_dims(x, -1), lambda: x)
    return expand_dims(x, -1) if known == 1 else x


def checked_range(labels: Tensor, n_classes: Any, message: str | None = None) -> Tensor:
    """Returns labels that are checked in each run: at least 0, and less than `n_classes`."""
    with scopes.name_scope(None, "assert_range", (labels,)):
        largest = convert_to_tensor(n_classes - 1, dtype=labels.dtype)
        below = assert_less_equal(
            labels, largest, message=message or "Labels must <= n_classes - 1"
        )
        above = assert_non_negative(labels, message=message or "Labels must >= 0")
        with scopes.control_dependencies((below, above)):
            return identity(labels)


def called_loss_fn(
    loss_fn: Callable[..., Any], labels: Any, logits: Tensor, features: Any, dimension: int = 1
) -> Tensor:
    """Returns the loss of a function of the user's, `[D0, ..., DN, dimension]`.

    Args:
        loss_fn: takes `labels`, `logits`, and `features` if it wants.
        labels: the labels.
        logits: the logits.
        features: tensors by name.
        dimension: the last size of the loss.
    """
    kwargs = {"features": features} if "features" in fn_args(loss_fn) else {}
    with scopes.name_scope(None, "call_loss_fn", [labels, logits, *features.values()]):
        loss = loss_fn(labels=labels, logits=logits, **kwargs)
        logits_shape = shape_of(logits, name="logits_shape")
        wanted = concat([logits_shape[:-1], [dimension]], axis=0, name="expected_loss_shape")
        found = shape_of(loss, name="loss_shape")
        says = f"loss_fn must return Tensor of shape [D0, D1, ... DN, {dimension}]. "
        shown = [says, "logits_shape: ", logits_shape, "loss_shape: ", found]
        fits = Assert(reduce_all(equal(found, wanted)), shown, name="check_loss_shape")
        with scopes.control_dependencies([fits]):
            return identity(loss)


# --- arguments ---
def check_loss_fn(loss_fn: Callable[..., Any] | None) -> None:
    """Raises ValueError if a function of the loss takes other arguments."""
    if not loss_fn:
        return
    names = fn_args(loss_fn)
    for needed in ("labels", "logits"):
        if needed not in names:
            raise ValueError(f"loss_fn must contain argument: {needed}. Given arguments: {names}")
    others = [name for name in names if name not in ("labels", "logits", "features")]
    if others:
        raise ValueError(f"loss_fn has unexpected args: {others}")


def check_reduction(loss_reduction: Any) -> None:
    """Raises ValueError if it is no `tf.losses.Reduction` to one number."""
    if loss_reduction not in Reduction.all() or loss_reduction == Reduction.NONE:
        raise ValueError(f"Invalid loss_reduction: {loss_reduction}")


def checked_thresholds(thresholds: Iterable[float] | None, message: str) -> tuple[float, ...]:
    """Returns thresholds as a tuple; raises ValueError if one is not between 0 and 1.

    Args:
        thresholds: the thresholds; None: none.
        message: of the error; it gets the threshold, and all as a tuple.
    """
    found = tuple(thresholds or ())
    for threshold in found:
        if threshold <= 0.0 or threshold >= 1.0:
            raise ValueError(message.format(threshold, (found,)))
    return found


def checked_n_classes(n_classes: Any) -> Any:
    """Returns a number of classes, or a tensor of it, which must be more than 2."""
    if n_classes is None:
        raise ValueError("n_classes cannot be None")
    if isinstance(n_classes, int) and n_classes <= 2:
        raise ValueError(f"n_classes must be > 2: {n_classes}.")
    more = assert_greater(
        convert_to_tensor(n_classes), 2, message="n_classes must be greater than 2"
    )
    with scopes.control_dependencies([more]):
        no_op()
    return n_classes
