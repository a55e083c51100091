"""What an input function returned, taken apart: features, labels, and hooks that start it."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.nest import flatten
from graphflow.core.tensor import Tensor
from graphflow.input.dataset_v2 import DatasetV2
from graphflow.input.datasets import make_initializable_iterator
from graphflow.training.session_hooks import SessionRunHook


class _DatasetInitializerHook(SessionRunHook):
    """Starts the iterator of a dataset in each new session."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator

    def begin(self) -> None:
        self._initializer = self._iterator.initializer

    def after_create_session(self, session: Any, coord: Any) -> None:
        session.run(self._initializer)


def parsed_input(result: Any) -> tuple[Any, Any, list[SessionRunHook]]:
    """Returns features, labels (or None) and hooks.

    Args:
        result: a dataset, a pair of features and labels, or features.

    Raises:
        ValueError: if it is a list or tuple of another length.
    """
    hooks: list[SessionRunHook] = []
    if isinstance(result, DatasetV2):
        iterator = make_initializable_iterator(result)
        hooks.append(_DatasetInitializerHook(iterator))
        result = iterator.get_next()
    if not isinstance(result, list | tuple):
        return result, None, hooks
    if len(result) != 2:
        raise ValueError("input_fn should return (features, labels) as a len 2 tuple.")
    features, labels = result
    return features, labels, hooks


def ends(features: Any) -> bool:
    """Returns whether an input may end: it comes from a dataset or from a queue."""
    tensors = [x for x in flatten(features) if isinstance(x, Tensor)]
    if any(t.op.type == "IteratorGetNext" for t in tensors):
        return True
    return bool(scopes.get_collection(GraphKeys.QUEUE_RUNNERS))
