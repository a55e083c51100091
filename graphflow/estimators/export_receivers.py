"""What feeds an exported model: ServingInputReceiver and the functions that make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from graphflow.core.convert import convert
from graphflow.core.dtypes import string
from graphflow.core.export import export, publish
from graphflow.core.graph import Graph
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.estimators.input_results import parsed_input
from graphflow.ops.constant import placeholder
from graphflow.ops.parsing import parse_example

FEATURE: Final = "feature"
RECEIVER: Final = "input"
LABEL: Final = "label"
_NAMES: Final = {
    "feature": FEATURE,
    "label": LABEL,
    "receiver_tensor": RECEIVER,
    "receiver_tensors_alternative": RECEIVER,
}
Receiver = Callable[[], Any]


def checked_inputs(tensors: Any, field: str, numbers_as_names: bool = False) -> dict[Any, Any]:
    """Returns tensors by name; a single one gets a name.

    Args:
        tensors: a tensor, or tensors by name.
        field: what messages call them; it decides the name of a single one.
        numbers_as_names: whether integers may be names.

    Raises:
        ValueError: if there are none, or names or values are of another kind.
    """
    if tensors is None:
        raise ValueError(f"{field}s must be defined.")
    found: dict[Any, Any] = tensors if isinstance(tensors, dict) else {_NAMES[field]: tensors}
    for name, tensor in found.items():
        _check_name(name, field, numbers_as_names)
        _check_tensor(tensor, name, field)
    return found


def _check_name(name: Any, field: str, numbers_as_names: bool) -> None:
    if isinstance(name, str) or (numbers_as_names and isinstance(name, int)):
        return
    kinds = "strings or ints" if numbers_as_names else "strings"
    raise ValueError(f"{field} keys must be {kinds}: {name}.")


def _check_tensor(tensor: Any, name: Any, field: str = "feature") -> None:
    if isinstance(tensor, Tensor | SparseTensor):
        return
    shown = f" {name}" if name else ""
    error = ValueError(f"{field}{shown} must be a Tensor or SparseTensor.")
    if not hasattr(tensor, "tensor"):
        raise error
    try:  # a labeled tensor stands for the tensor in it
        convert(tensor)
    except TypeError:
        raise error from None


class _Fields(NamedTuple):
    features: Any
    receiver_tensors: Any
    receiver_tensors_alternatives: Any


class ServingInputReceiver(_Fields):
    """The tensors that are fed to an exported model, and the features that it makes of them.

    Args:
        features: a tensor, or tensors by name: what the model function gets.
        receiver_tensors: the tensors that are fed, by name; a single one is called "input".
        receiver_tensors_alternatives: other sets of tensors that can be fed, by name.

    Raises:
        ValueError: if something is missing, or names or values are of another kind.
    """

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> ServingInputReceiver:
        """Returns a new one; see the class."""
        features = checked_inputs(features, "feature", numbers_as_names=True)
        receiver_tensors = checked_inputs(receiver_tensors, "receiver_tensor")
        others = receiver_tensors_alternatives
        if others is not None:
            if not isinstance(others, dict):
                raise ValueError(f"receiver_tensors_alternatives must be a dict: {others}.")
            for name, tensors in others.items():
                others[name] = checked_inputs(tensors, "receiver_tensors_alternative")
        return super().__new__(cls, features, receiver_tensors, others)


class TensorServingInputReceiver(_Fields):
    """As ServingInputReceiver, for model functions whose features are one tensor.

    Args:
        features: the tensor.
        receiver_tensors: the tensors that are fed, by name; a single one is called "input".
        receiver_tensors_alternatives: other sets of tensors that can be fed, by name.

    Raises:
        ValueError: if something is missing, or of another kind.
    """

    __slots__ = ()

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> TensorServingInputReceiver:
        """Returns a new one; see the class."""
        if features is None:
            raise ValueError("features must be defined.")
        _check_tensor(features, None)
        whole = ServingInputReceiver(features, receiver_tensors, receiver_tensors_alternatives)
        return super().__new__(
            cls, features, whole.receiver_tensors, whole.receiver_tensors_alternatives
        )


publish(ServingInputReceiver, "estimator.export.ServingInputReceiver")
publish(TensorServingInputReceiver, "estimator.export.TensorServingInputReceiver")


class _SupervisedFields(NamedTuple):
    features: Any
    labels: Any
    receiver_tensors: Any


class SupervisedInputReceiver(_SupervisedFields):
    """As ServingInputReceiver, with labels, for the graphs of training and evaluation.

    Args:
        features: a tensor, or tensors by name.
        labels: a tensor, or tensors by name.
        receiver_tensors: the tensors that are fed, by name; a single one is called "input".

    Raises:
        ValueError: if something is missing, or names or values are of another kind.
    """

    __slots__ = ()

    def __new__(cls, features: Any, labels: Any, receiver_tensors: Any) -> SupervisedInputReceiver:
        """Returns a new one; see the class."""
        checked_inputs(features, "feature", numbers_as_names=True)
        checked_inputs(labels, "label", numbers_as_names=True)
        receiver_tensors = checked_inputs(receiver_tensors, "receiver_tensor")
        return super().__new__(cls, features, labels, receiver_tensors)


# --- functions that make them ---
@export("estimator.export.build_parsing_serving_input_receiver_fn")
def build_parsing_serving_input_receiver_fn(
    feature_spec: Any, default_batch_size: int | None = None
) -> Receiver:
    """Returns a function that makes a receiver of serialized Examples.

    Args:
        feature_spec: by name, what `tf.io.parse_example` reads.
        default_batch_size: how many Examples are fed at once; None: any number.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        examples = placeholder(string, [default_batch_size], name="input_example_tensor")
        features = parse_example(examples, feature_spec)
        return ServingInputReceiver(features, {"examples": examples})

    return serving_input_receiver_fn


def _placeholder_like(tensor: Any, batch_size: int | None) -> Tensor:
    shape = TensorShape([batch_size]).concatenate(tensor.get_shape()[1:])
    op = getattr(tensor, "op", None)
    return placeholder(tensor.dtype, shape, name=None if op is None else op.name)


def _placeholders(tensors: Any, batch_size: int | None) -> dict[Any, Any]:
    return {name: _placeholder_like(tensor, batch_size) for name, tensor in tensors.items()}


@export("estimator.export.build_raw_serving_input_receiver_fn")
def build_raw_serving_input_receiver_fn(
    features: Any, default_batch_size: int | None = None
) -> Receiver:
    """Returns a function that makes a receiver of the features themselves.

    Args:
        features: tensors by name: dtypes and shapes are taken from them.
        default_batch_size: their first size; None: any.
    """

    def serving_input_receiver_fn() -> ServingInputReceiver:
        fed = _placeholders(features, default_batch_size)
        return ServingInputReceiver(fed, fed)

    return serving_input_receiver_fn


@export(
    "estimator.experimental.build_raw_supervised_input_receiver_fn",
    "contrib.estimator.build_raw_supervised_input_receiver_fn",
)
def build_raw_supervised_input_receiver_fn(
    features: Any, labels: Any, default_batch_size: int | None = None
) -> Receiver:
    """Returns a function that makes a receiver of features and labels.

    Args:
        features: a tensor, or tensors by name: dtypes and shapes are taken from them.
        labels: the same.
        default_batch_size: their first size; None: any.

    Raises:
        ValueError: if features and labels have a name in common.
    """
    both = _names(features, RECEIVER) & _names(labels, LABEL)
    if both:
        raise ValueError(
            f"Features and labels must have distinct keys. Found overlapping keys: {both}"
        )

    def supervised_input_receiver_fn() -> SupervisedInputReceiver:
        made, fed = _fed(features, RECEIVER, default_batch_size)
        made_labels, fed_labels = _fed(labels, LABEL, default_batch_size)
        return SupervisedInputReceiver(made, made_labels, {**fed, **fed_labels})

    return supervised_input_receiver_fn


def _names(tensors: Any, single: str) -> set[Any]:
    return set(tensors) if hasattr(tensors, "keys") else {single}


def _fed(tensors: Any, single: str, batch_size: int | None) -> tuple[Any, dict[Any, Any]]:
    """Placeholders in the structure of tensors, and by name."""
    if isinstance(tensors, dict):
        made = _placeholders(tensors, batch_size)
        return made, made
    one = _placeholder_like(tensors, batch_size)
    return one, {single: one}


@export("contrib.estimator.build_supervised_input_receiver_fn_from_input_fn")
def build_supervised_input_receiver_fn_from_input_fn(
    input_fn: Callable[..., Any], **input_fn_args: Any
) -> Receiver:
    """Returns a function that makes a receiver of features and labels as an input function has.

    Args:
        input_fn: as that of `Estimator.train`.
        **input_fn_args: its arguments.
    """
    with Graph().as_default():
        features, labels, _ = parsed_input(input_fn(**input_fn_args))
    return build_raw_supervised_input_receiver_fn(features, labels)
