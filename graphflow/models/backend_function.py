"""tf.keras.backend: functions of a graph that are called with arrays."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from graphflow.autodiff import reverse
from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.core.tensor import Tensor
from graphflow.nets.keras_state import get_session
from graphflow.ops.control_ops import group
from graphflow.ops.identity import identity
from graphflow.ops.identity import stop_gradient as stop
from graphflow.ops.state import assign
from graphflow.ops.variables import Variable
from graphflow.runtime.session import Session


def _tensors(structure: Any) -> list[Any]:
    """The tensors of a structure, those of SparseTensors among them; variables are read."""
    flat = nest.flatten(structure, expand_composites=True)
    return [identity(x) if isinstance(x, Variable) else x for x in flat]


def _arrays(values: Any) -> list[Any]:
    """The arrays that are fed for inputs; those of a sparse value one by one."""
    flat: list[Any] = []
    for value in nest.flatten(values, expand_composites=True):
        if isinstance(value, SparseTensorValue):
            flat += list(value)
        else:
            flat.append(value)
    return flat


class GraphExecutionFunction:
    """A function of arrays that runs tensors and then updates in the session of Keras.

    Args:
        inputs: the tensors that are fed.
        outputs: the tensors that are returned, or a structure of them.
        updates: operations, or pairs of a variable and its new value; they run after the first
            output is known.
        name: without effect, as in TensorFlow.
        **session_kwargs: `feed_dict`: further feeds; `fetches`: further tensors to run;
            `options` and `run_metadata` as `tf.Session.run`.

    Raises:
        TypeError: if the updates are no list.
        ValueError: if a keyword is not known.
    """

    def __init__(
        self, inputs: Any, outputs: Any, updates: Any = None, name: Any = None,
        **session_kwargs: Any,
    ) -> None:  # fmt: skip
        updates = updates or []
        if not isinstance(updates, list | tuple):
            raise TypeError("`updates` in a Keras backend function should be a list or tuple.")
        self.inputs = nest.flatten(inputs, expand_composites=True)
        self._outputs_structure = outputs
        self.outputs = _tensors(outputs)
        with scopes.control_dependencies([self.outputs[0]] if self.outputs else None):
            self.updates_op = group(*(assign(*u) if isinstance(u, tuple) else u for u in updates))
        self.name = name
        self.feed_dict = session_kwargs.pop("feed_dict", None)
        fetches = session_kwargs.pop("fetches", [])
        self.fetches = [identity(x) for x in (fetches if isinstance(fetches, list) else [fetches])]
        self.fetch_callbacks: dict[Any, Any] = {}
        self.run_options = session_kwargs.pop("options", None)
        self.run_metadata = session_kwargs.pop("run_metadata", None)
        if session_kwargs:
            raise ValueError(
                "Some keys in session_kwargs are not supported at this time: "
                f"{session_kwargs.keys()}"
            )

    def __call__(self, inputs: Any) -> Any:
        """Returns the outputs.

        Args:
            inputs: a value for each input: an array, a tensor that is run first, or None where
                the input needs none.
        """
        session = get_session()
        feeds = self._feeds(session, _arrays(inputs))
        options, metadata = self.run_options, self.run_metadata
        wanted = [*self.outputs, *self.fetches, self.updates_op]
        fetched = session.run(wanted, feeds, options=options, run_metadata=metadata)
        for tensor, value in zip(self.fetches, fetched[len(self.outputs) :], strict=False):
            if tensor in self.fetch_callbacks:
                self.fetch_callbacks[tensor](value)
        return _packed(self._outputs_structure, fetched[: len(self.outputs)])

    def _feeds(self, session: Any, values: list[Any]) -> dict[Any, Any]:
        given = list(zip(self.inputs, values, strict=False))
        symbolic = [(x, value) for x, value in given if isinstance(value, Tensor | Variable)]
        feeds = dict(self.feed_dict or {})
        for x, value in given:
            if value is not None and not isinstance(value, Tensor | Variable):
                feeds[x] = _fed(x, value)
        if symbolic:
            found = session.run([value for _, value in symbolic], feeds)
            for (x, _), value in zip(symbolic, found, strict=True):
                feeds[x] = _fed(x, value)
        return feeds


def _fed(x: Any, value: Any) -> Any:
    """An array as a placeholder takes it.

    TensorFlow does not look at its shape here, and classes of steps, [n, steps], are meant for
    targets of the outputs' rank, [n, steps, 1].
    """
    array = np.asarray(value, x.dtype.as_numpy_dtype)
    lacks_one = x.shape.ndims is not None and array.ndim == x.shape.ndims - 1
    return array[..., None] if lacks_one and x.shape.as_list()[-1] in (None, 1) else array


def _packed(structure: Any, values: list[Any]) -> Any:
    """Values in the structure of tensors; a SparseTensor takes three of them."""
    rest = iter(values)

    def value_of(x: Any) -> Any:
        if isinstance(x, SparseTensor):
            return SparseTensorValue(next(rest), next(rest), next(rest))
        return next(rest)

    return nest.map_structure(value_of, structure)


@export("keras.backend.function")
def function(
    inputs: Any, outputs: Any, updates: Any = None, name: Any = None, **kwargs: Any
) -> GraphExecutionFunction:
    """Returns a function of arrays that runs tensors and then updates.

    Args:
        inputs: a list of the tensors that are fed.
        outputs: the tensors that are returned, or a structure of them.
        updates: operations, or pairs of a variable and its new value; they run after the first
            output is known.
        name: without effect, as in TensorFlow.
        **kwargs: as `tf.Session.run`.

    Raises:
        ValueError: if a keyword is none of `tf.Session.run`.
    """
    known = inspect.signature(Session.run).parameters
    for key in kwargs:
        if key not in known and key not in ("inputs", "outputs", "updates", "name"):
            raise ValueError(
                f'Invalid argument "{key}" passed to K.function with TensorFlow backend'
            )
    return GraphExecutionFunction(inputs, outputs, updates=updates, **kwargs)


@export("keras.backend.gradients")
def gradients(loss: Any, variables: Any) -> list[Any]:
    """Returns the gradients of a loss.

    Args:
        loss: a scalar tensor.
        variables: a list of variables or tensors.
    """
    return reverse.gradients(loss, variables, colocate_gradients_with_ops=True)


@export("keras.backend.stop_gradient")
def stop_gradient(variables: Any) -> Any:
    """Returns tensors that count as constants for gradients.

    Args:
        variables: a tensor, or a list or tuple of them.
    """
    if isinstance(variables, list | tuple):
        return [stop(x) for x in variables]
    return stop(variables)
