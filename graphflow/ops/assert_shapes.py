"""`assert_shapes`: shapes of tensors, in which one word stands for one size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import assert_rank, assert_rank_at_least, assert_rank_in
from graphflow.ops.checks import Assert
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import group
from graphflow.ops.flow_cond import cond
from graphflow.ops.shape_ops import rank, shape


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the sizes of one tensor are to be."""

    tensor: Tensor
    is_end: bool
    """Whether only the last axes are meant."""
    actual: Any
    """Its sizes: numbers where they are known, else tensors."""
    symbols: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Options:
    data: Any
    summarize: int | None
    message: str
    name: str | None


def _is_known(size: Any) -> bool:
    try:
        int(size)
    except (TypeError, ValueError):
        return False
    return True


def _actual_sizes(x: Tensor) -> Any:
    sizes = shape(x)
    if x.dims is None:
        is_scalar = apply("Equal", rank(x), 0)
        return cond(is_scalar, lambda: constant([1]), lambda: sizes)
    if not x.dims:
        return (1,)
    return [sizes[i] if size is None else size for i, size in enumerate(x.dims)]


def _wanted(x: Tensor, symbols: Any, message: str) -> _Wanted:
    """Reads the shape that a tensor is to have.

    Raises:
        ValueError: if it is none, or "..." does not stand first.
    """
    if not (hasattr(symbols, "__iter__") or hasattr(symbols, "__getitem__")):
        raise ValueError(
            f"{message}.  Tensor {x._tag}.  Specified shape must be an iterable.  An iterable has "
            "the attribute `__iter__` or `__getitem__`.  Received specified shape: "
            f"{symbols}"
        )
    listed = tuple(symbols)
    is_end = False
    for i, symbol in enumerate(listed):
        if symbol not in (Ellipsis, "*"):
            continue
        if i:
            raise ValueError(
                f"{message}.  Tensor {x._tag} specified shape index {i}.  Symbol `...` or `*` for "
                "a variable number of unspecified dimensions is only allowed as the first entry"
            )
        is_end = True
    return _Wanted(x, is_end, _actual_sizes(x), (listed[1:] if is_end else listed) or (1,))


def _rank_check(wanted: _Wanted, options: _Options) -> Operation | None:
    count = len(wanted.symbols)
    given: dict[str, Any] = {
        "data": options.data,
        "summarize": options.summarize,
        "message": options.message,
        "name": options.name,
    }
    if wanted.is_end:
        if count <= 1:
            return None
        return assert_rank_at_least(x=wanted.tensor, rank=count, **given)
    if count <= 1:
        return assert_rank_in(x=wanted.tensor, ranks=[0, 1], **given)
    return assert_rank(x=wanted.tensor, rank=count, **given)


class _Sizes:
    """Compares sizes with numbers, and with those of other tensors under the same word."""

    def __init__(self, options: _Options) -> None:
        self.options = options
        self.checks: list[Operation] = []
        self.known: dict[Any, tuple[Any, Tensor, int]] = {}

    def look_at(self, wanted: _Wanted) -> None:
        for i, symbol in enumerate(wanted.symbols):
            if symbol in (None, "."):
                continue
            axis = i - len(wanted.symbols) if wanted.is_end else i
            if symbol not in self.known and not _is_known(symbol):
                self.known[symbol] = (wanted.actual[axis], wanted.tensor, axis)
                continue
            if _is_known(symbol):
                size, source = int(symbol), "Specified explicitly"
            else:
                size, other, at = self.known[symbol]
                source = f"Specified by tensor {other._tag} dimension {at}"
            self._compare(wanted, axis, size, source)

    def _compare(self, wanted: _Wanted, axis: int, size: Any, source: str) -> None:
        actual, x, message = wanted.actual[axis], wanted.tensor, self.options.message
        if _is_known(actual) and _is_known(size):
            if int(actual) != int(size):
                raise ValueError(
                    f"{message}.  {source}.  Tensor {x._tag} dimension {axis} must have size "
                    f"{size}.  Received size {actual}, shape {x.get_shape()}"
                )
            return
        condition = apply("Equal", convert_to_tensor(actual), convert_to_tensor(size))
        data = self.options.data
        if data is None:
            data = [
                message, source, f"Tensor {x._tag} dimension", axis, "must have size", size,
                "Received shape: ", shape(x),
            ]  # fmt: skip
        self.checks.append(Assert(condition, data, summarize=self.options.summarize))


@export("debugging.assert_shapes")
def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Returns an operation that fails when it runs unless tensors have the shapes asked for.

    Args:
        shapes: pairs (or a dict) of a tensor and its shape: a number for a size, a word for one
            that is the same wherever the word stands, None or "." for any, and first "..." or "*"
            for any number of axes. A number counts as a vector of one. None: any shape.
        data: tensors to show in the error; None: the shape and what was wanted.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: the name of the scope.

    Raises:
        ValueError: at once, if the sizes are known and differ, or a shape cannot be read.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    options = _Options(data, summarize, message or "", name)
    with scopes.name_scope(name, "assert_shapes", [shapes, data]):
        tensors = [(convert_to_tensor(x), s) for x, s in pairs if s is not None]
        wanted = [_wanted(x, symbols, options.message) for x, symbols in tensors]
        ranks = [c for c in (_rank_check(w, options) for w in wanted) if c is not None]
        sizes = _Sizes(options)
        for one in wanted:
            sizes.look_at(one)
        with scopes.control_dependencies(ranks):
            return group(sizes.checks)
