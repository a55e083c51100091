"""Graph files in which one number is extreme: a size, a count, an element of a constant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import graphflow as tf

EXTREMES = (-1, 3000, 10**5, 10**7, 2**31 - 1, 2**40, 2**62, 2**63 - 1)
Place = tuple[Any, Any]


def graph() -> Any:
    """A GraphDef whose numbers say sizes, ranks, counts of tensors, axes and lengths."""
    with tf.Graph().as_default() as found:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        n = tf.placeholder(tf.int32, [2], name="n")
        any_rank = tf.placeholder(tf.float32)
        tf.fill(n, tf.zeros([]))
        tf.fill([2, 3], 1.0)
        tf.reshape(x, n)
        tf.tile(any_rank, n)
        tf.transpose(any_rank, n)
        tf.pad(any_rank, tf.placeholder(tf.int32, [2, 2]))
        tf.slice(any_rank, n, n)
        tf.strided_slice(any_rank, n, n, n)
        tf.reshape(x, tf.concat([n, [1]], 0))
        tf.split(tf.zeros([4, 2]), 2)
        tf.split(tf.zeros([4, 2]), [1, 3])
        tf.unstack(tf.zeros([4, 2]))
        tf.stack([x, x])
        tf.dynamic_partition(x, [0, 1], 2)
        tf.range(3, 9, 2)
        tf.scatter_nd([[0]], [1.0], [4])
        tf.constant([1.0, 2.0], shape=[50])
        tf.constant(["a"], shape=[20])
        message = found.as_graph_def()
        message.versions.ClearField("min_consumer")
        return message


def _places(message: Any) -> Iterator[Place]:
    """Where a message holds whole numbers."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            if field.message_type.GetOptions().map_entry:
                items = [value[key] for key in sorted(value)]
            else:
                items = value if hasattr(value, "add") else [value]
            for item in items:
                yield from _places(item)
        elif field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64):
            if hasattr(value, "append"):
                yield from [(value, i) for i in range(len(value))]
            else:
                yield message, field.name
        elif field.name == "tensor_content":
            yield message, field.name


def _set(place: Place, number: int) -> None:
    holder, key = place
    if key == "tensor_content":
        size = len(holder.tensor_content)
        element = (number & (2**31 - 1)).to_bytes(4, "little")
        holder.tensor_content = (element * size)[:size]
        return
    try:
        if isinstance(key, int):
            holder[key] = number
        else:
            setattr(holder, key, number)
    except ValueError:  # a field of 32 bits
        _set(place, 2**31 - 1)


def files() -> Iterator[bytes]:
    """The graph with each of its numbers made extreme, in each way."""
    whole = graph()
    for at in range(len(list(_places(whole)))):
        for number in EXTREMES:
            message = type(whole)()
            message.CopyFrom(whole)
            _set(list(_places(message))[at], number)
            yield message.SerializeToString()
