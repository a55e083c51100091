"""Queues that hand out file names, numbers or slices, as often and in the order that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32, int64, string
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import greater
from graphflow.ops.constant import constant
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.queues import FIFOQueue
from graphflow.ops.random import random_shuffle
from graphflow.ops.saving import matching_files
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import size
from graphflow.ops.summary import scalar
from graphflow.ops.variables import Variable
from graphflow.training.queue_runner import QueueRunner, add_queue_runner

_NO_FILES = "string_input_producer requires a non-null input tensor"


def as_tensors(values: Sequence[Any]) -> list[Any]:
    """The values as tensors; sparse ones stay what they are."""
    kept = SparseTensor, IndexedSlices
    return [v if isinstance(v, kept) else convert(v) for v in values]


@export("train.match_filenames_once", "io.match_filenames_once")
def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """Returns a local variable that holds the names of matching files: looked up once a session.

    Args:
        pattern: as `tf.matching_files` takes it.
        name: the variable's name.
    """
    with scopes.name_scope(name, "matching_filenames", [pattern]) as scope:
        return Variable(
            matching_files(pattern),
            trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
            validate_shape=False,
            name=scope,
        )


@export("train.limit_epochs")
def limit_epochs(tensor: Any, num_epochs: int | None = None, name: str | None = None) -> Any:
    """Returns the tensor, which so many runs can read; the next ones get OutOfRangeError.

    Args:
        tensor: any tensor.
        num_epochs: how often it can be read in a session, counted by a local variable; None:
            always.
        name: the node's name.

    Raises:
        ValueError: if `num_epochs` is not above 0.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with scopes.name_scope(name, "limit_epochs", [tensor]) as scope:
        epochs: Any = Variable(
            constant(0, int64),
            trainable=False,
            collections=[GraphKeys.LOCAL_VARIABLES],
            name="epochs",
        )
        with scopes.control_dependencies([epochs.count_up_to(num_epochs)]):
            return identity(tensor, name=scope)


@export("train.input_producer")
def input_producer(
    input_tensor: Any,
    element_shape: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """Returns a queue of the rows of a tensor, and adds a runner that fills it.

    Args:
        input_tensor: the rows.
        element_shape: the shape of a row, where the tensor does not say it.
        num_epochs: how often each row comes; None: for ever. Makes a local variable.
        shuffle: whether the rows are mixed anew each time.
        seed: of the shuffling.
        capacity: of the queue.
        shared_name: of the queue.
        summary_name: the name of a summary that tells how full the queue is; None: none.
        name: of the queue and the scope.
        cancel_op: runs when the threads are stopped; None: closes the queue.

    Raises:
        ValueError: if the shape of a row is not known.
    """
    if scopes.get_default_graph().executes:
        raise RuntimeError(
            "Input pipelines based on Queues are not supported when eager execution is enabled. "
            "Please use tf.data to ingest data into your model instead."
        )
    with scopes.name_scope(name, "input_producer", [input_tensor]):
        rows = convert(input_tensor, name="input_tensor")
        shape = rows.shape[1:].merge_with(element_shape)
        if not shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be "
                "specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(
            capacity, [rows.dtype.base_dtype], [shape], shared_name=shared_name,
            name=name,  # type: ignore[arg-type]  # None: named after the operation type
        )  # fmt: skip
        enqueue = queue.enqueue_many([rows])
        add_queue_runner(QueueRunner(queue, [enqueue], cancel_op=cancel_op))
        if summary_name is not None:
            scalar(summary_name, cast(queue.size(), float32) * (1.0 / capacity))
        return queue


@export("train.string_input_producer")
def string_input_producer(
    string_tensor: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Any = None,
) -> FIFOQueue:
    """Returns a queue of strings, such as file names, and adds a runner that fills it.

    Args:
        string_tensor: the strings, a vector or a list; not empty.
        num_epochs: as in `input_producer`.
        shuffle: as in `input_producer`.
        seed: as in `input_producer`.
        capacity: as in `input_producer`.
        shared_name: as in `input_producer`.
        name: as in `input_producer`.
        cancel_op: as in `input_producer`.

    Raises:
        ValueError: if there are no strings; InvalidArgumentError where only the run can tell.
    """
    if not isinstance(string_tensor, Tensor) and not string_tensor:
        raise ValueError(_NO_FILES)
    with scopes.name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert(string_tensor, string)
        with scopes.control_dependencies([Assert(greater(size(strings), 0), [_NO_FILES])]):
            strings = identity(strings)
        return input_producer(
            strings, [], num_epochs, shuffle, seed, capacity, shared_name,
            f"fraction_of_{capacity}_full", scope, cancel_op,
        )  # fmt: skip


@export("train.range_input_producer")
def range_input_producer(
    limit: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """Returns a queue of the integers from 0 to `limit` - 1, and adds a runner that fills it.

    Args:
        limit: an int32 scalar.
        num_epochs: as in `input_producer`.
        shuffle: as in `input_producer`.
        seed: as in `input_producer`.
        capacity: as in `input_producer`.
        shared_name: as in `input_producer`.
        name: as in `input_producer`.
    """
    with scopes.name_scope(name, "input_producer", [limit]) as scope:
        return input_producer(
            range_(limit), [], num_epochs, shuffle, seed, capacity, shared_name,
            f"fraction_of_{capacity}_full", scope,
        )  # fmt: skip


@export("train.slice_input_producer")
def slice_input_producer(
    tensor_list: Any,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """Returns one row of each tensor, another one in each run, and adds a runner for it.

    Args:
        tensor_list: tensors of equally many rows.
        num_epochs: as in `input_producer`.
        shuffle: as in `input_producer`.
        seed: as in `input_producer`.
        capacity: as in `input_producer`.
        shared_name: as in `input_producer`.
        name: of the scope.

    Raises:
        ValueError: if there are no tensors.
    """
    with scopes.name_scope(name, "input_producer", tensor_list):
        tensors = as_tensors(tensor_list)
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        rows = shape_of(tensors[0])[0]
        queue = range_input_producer(
            rows, num_epochs=num_epochs, shuffle=shuffle, seed=seed, capacity=capacity,
            shared_name=shared_name,
        )  # fmt: skip
        index = queue.dequeue()
        return [gather(t, index) for t in tensors]
