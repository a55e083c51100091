"""Stacks: how the gradient of a loop gets the values of each iteration of the loop itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.contents import Contents
from graphflow.core.declare import apply
from graphflow.core.errors import InvalidArgumentError, KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]


class Stack:
    """The values that one run has pushed and not yet popped."""

    __slots__ = ("items", "limit", "name")

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.items: list[Any] = []

    def push(self, value: Any) -> None:
        """Keeps a copy of an array (its memory is used again), or a handle as it is."""
        if 0 <= self.limit <= len(self.items):
            raise KernelError(
                f"Stack[{self.name}] overflowed its max_size ({self.limit})", InvalidArgumentError
            )
        self.items.append(value.copy() if isinstance(value, np.ndarray) else value)

    def pop(self) -> Any:
        """Takes the last value off."""
        if not self.items:
            raise KernelError(
                f"Stack[{self.name}] is empty when calling Pop().", InvalidArgumentError
            )
        return self.items.pop()


def _one_handle(op: Operation) -> list[Dims]:
    return [(2,)]


# --- StackV2 ---
STACK = define(
    "StackV2(max_size: int32, *, elem_type: type, stack_name: string = '') -> handle: resource",
    stateful=True,
    shape=_one_handle,
    container=True,
).no_gradient("makes a place for values")


@STACK.numpy
def _(max_size: Array, *, stack_name: str, name: str) -> Stack:
    return Stack(stack_name or name, int(max_size))


# --- StackPushV2 ---
def _pushed(op: Operation) -> list[Dims]:
    return [op.inputs[1].dims]


PUSH = define(
    "StackPushV2(handle: resource, elem: T, *, swap_memory: bool = False) -> output: T",
    stateful=True,
    shape=_pushed,
).no_gradient("keeps a value for the gradient")


@PUSH.numpy
def _(handle: Stack, elem: Any) -> Any:
    handle.push(elem)
    return elem


@PUSH.contents
def _(op: Any, contents: Contents) -> None:
    contents.put(op.inputs[1])
    op.outputs[0].contents = op.inputs[1].contents


# --- StackPopV2 ---
POP = define(
    "StackPopV2(handle: resource, *, elem_type: type) -> elem: elem_type",
    stateful=True,
    shape=lambda op: [None],
    takes=True,
).no_gradient("gives a kept value to the gradient")


@POP.numpy
def _(handle: Stack) -> Any:
    return handle.pop()


@POP.contents
def _(op: Any, contents: Contents) -> None:
    contents.take(op.outputs[0])


# --- StackCloseV2 ---
CLOSE = define("StackCloseV2(handle: resource)", stateful=True, shape=lambda op: []).no_gradient(
    "has no output"
)


@CLOSE.numpy
def _(handle: Stack) -> None:
    handle.items.clear()


@CLOSE.contents
def _(op: Any, contents: Contents) -> None:
    pass


def new_stack(elem_type: Any, name: str) -> Tensor:
    """Declares a stack without a limit."""
    made: Tensor = apply(
        STACK, np.array(-1, np.int32), elem_type=elem_type, stack_name=name, name=name
    )
    return made
