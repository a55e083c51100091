"""What several checks ask: is it a tensor, a metric object, a function with such arguments."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.compat import executing_eagerly
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

_ELSEWHERE = (
    '{0} with "{1}" must be from the default graph. Possible causes of this error include: \n\n'
    "1) {0} was created outside the context of the default graph."
    "\n\n2) The object passed through to EstimatorSpec was not created in the most recent call "
    'to "model_fn".'
)


def is_tensor_like(x: Any) -> bool:
    """Returns whether it is a tensor, or a variable."""
    return isinstance(x, Tensor) or hasattr(x, "_as_graph_element")


def is_metric_object(x: Any) -> bool:
    """Returns whether it is an object that updates itself and has a result, as Keras's metrics."""
    return callable(getattr(x, "update_state", None)) and callable(getattr(x, "result", None))


def checked_tensor(x: Any, name: str) -> Any:
    """Returns a tensor or variable as it is; raises TypeError for anything else."""
    if not is_tensor_like(x):
        raise TypeError(f"{name} must be Tensor, given: {x}")
    return x


def checked_tensor_or_operation(x: Any, name: str) -> Any:
    """Returns a tensor, variable or operation as it is; raises TypeError for anything else."""
    if not (isinstance(x, Operation) or is_tensor_like(x)):
        raise TypeError(f"{name} must be Operation or Tensor, given: {x}")
    return x


def check_graph(x: Any, what: str, name: str) -> None:
    """Raises ValueError if something is of another graph than the default one.

    Args:
        x: has a graph.
        what: what it is, for the message.
        name: its name, for the message.
    """
    if not (executing_eagerly() or x.graph is scopes.get_default_graph()):
        raise ValueError(_ELSEWHERE.format(what, name))
