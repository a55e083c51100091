"""Reverse mode: walks from the ys back to the xs and appends gradient operations on the way.

An operation is differentiated once all of its users between the xs and the ys have been, so that
each gradient function runs once, on the sum of what arrives.
"""

from __future__ import annotations

import contextlib
import enum
import warnings
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from graphflow.autodiff.loops import LoopGradient, loop_around, loops_open_in, zeros_like
from graphflow.autodiff.read_order import order_reads
from graphflow.autodiff.registry import get_gradient_function, is_users
from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.pause import collector_paused
from graphflow.core.shape import Dims, count, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import asked, shape_of
from graphflow.ops.indexed_slices import IndexedSlices


@export("UnconnectedGradients")
class UnconnectedGradients(enum.Enum):
    """What `tf.gradients` returns for an x that y does not depend on."""

    NONE = "none"
    ZERO = "zero"


@export("AggregationMethod")
class AggregationMethod:
    """How gradients are added up. All of them give one AddN here, the cheapest in a plan."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


def trainable(tensor: Tensor) -> bool:
    """True if a gradient can flow through the tensor's type."""
    return tensor._dtype._base.kind in "fcR"


@export("gradients")
def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str = "gradients",
    colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False,
    aggregation_method: int | None = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """Returns the derivative of the sum of `ys` with respect to each of `xs`.

    Args:
        ys: a tensor or a list of them.
        xs: a tensor or variable, or a list of them.
        grad_ys: the gradient that arrives at each y, in its shape; None: ones.
        name: the name scope of the new operations.
        colocate_gradients_with_ops: whether each notes that it belongs beside its operation.
        gate_gradients: accepted; runs are deterministic without it.
        aggregation_method: one of AggregationMethod; all give the same numbers.
        stop_gradients: tensors that count as constants.
        unconnected_gradients: what stands for an x that no y depends on: None, or zeros.

    Returns:
        A list: for each x a tensor of its shape, an IndexedSlices where only some rows get
        a gradient, or None.

    Raises:
        LookupError: if an operation on the way has no gradient.
        ValueError: if the lengths or shapes do not fit.
        TypeError: if a y is complex and has no `grad_ys`.

    Note:
        A gradient function runs in the scope `<name>/<operation>_grad`.
    """
    if scopes.get_default_graph().executes:
        raise RuntimeError(
            "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape "
            "instead."
        )
    y_list, x_list = _as_list(ys), _as_list(xs)
    zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
    given = [None] * len(y_list) if grad_ys is None else _as_list(grad_ys)
    stops = [] if stop_gradients is None else _as_list(stop_gradients)
    graph = scopes.graph_from_inputs([getattr(t, "op", t) for t in (*y_list, *x_list)])
    scope = scopes.name_scope(name, "gradients", None)
    with graph.as_default(), scope, collector_paused():
        y_tensors = convert.convert_n_to_tensor(y_list, name="y")
        x_tensors = [_element(x) for x in x_list]
        stop_tensors = {_element(t) for t in stops}
        walk = _Walk(x_tensors, stop_tensors, colocate_gradients_with_ops)
        before = graph.version
        dys = _initial(y_tensors, given)
        found = walk.back(y_tensors, dys)
        order_reads(x_tensors, found, before)
        if zero:
            return [_zeros(x) if g is None else g for x, g in zip(x_tensors, found, strict=True)]
    return found


def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, list | tuple) else [x]


def _element(x: Any) -> Tensor:
    """The tensor that gradients of `x` are collected at: a variable's own, not its value."""
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor):
        return handle
    if isinstance(x, IndexedSlices):
        values: Tensor = x.values
        return values
    found: Tensor = convert.convert(x, name="x", as_ref=True)
    return found


def _zeros(x: Tensor) -> Any:
    if x.dtype.kind == "R":
        x = apply("ReadVariableOp", x, dtype=x.op.attrs["dtype"])
    return apply("ZerosLike", x)


def _initial(ys: Sequence[Tensor], given: Sequence[Any]) -> list[Any]:
    if len(given) != len(ys):
        raise ValueError(f"Length mismatch. Passed {len(given)} grad_ys for {len(ys)} ys")
    found: list[Any] = []
    for i, (y, dy) in enumerate(zip(ys, given, strict=True)):
        if dy is None:
            if y.dtype.is_complex:
                raise TypeError(
                    f"Gradients of complex tensors must set grad_ys (y.dtype = {y.dtype!r})"
                )
            found.append(_ones(y, f"grad_ys_{i}"))
            continue
        if isinstance(dy, IndexedSlices):
            found.append(dy)
            continue
        tensor = convert.convert(dy, name=f"grad_ys_{i}", preferred=y.dtype.base_dtype)
        _check_grad_y(y, tensor, i)
        if not _broadcasts(tensor.dims, y.dims):  # as many elements: TensorFlow lets it pass
            tensor = apply("Reshape", tensor, np.array(y.dims, np.int32))
        found.append(tensor)
    return found


def _check_grad_y(y: Tensor, dy: Tensor, index: int) -> None:
    for kind, what in (("f", "float"), ("c", "complex"), ("iu", "integer")):
        if y.dtype.kind in kind and dy.dtype.kind not in kind:
            raise TypeError(
                f"Gradient type {dy.dtype.name} generated for {what} tensor {y} with type "
                f"{y.dtype.name} must be {what}"
            )
    if not _broadcasts(dy.dims, y.dims) and count(dy.dims) != count(y.dims):
        raise ValueError(
            f"Incompatible shapes: grad_ys[{index}] does not have the shape of '{y.name}'"
            f"{_other_size(y.dims, dy.dims)}"
        )


def _broadcasts(own: Dims, other: Dims) -> bool:
    """Whether a gradient's shape may broadcast to its tensor's; what its op says comes later."""
    if own is None or other is None:
        return True
    pairs = zip(reversed(own), reversed(other), strict=False)
    return len(own) <= len(other) and all(a in (1, b, None) or b is None for a, b in pairs)


def _other_size(wanted: Dims, got: Dims) -> str:
    if count(wanted) is None or count(got) is None:
        return f": {text(got)} and {text(wanted)}"
    return (
        f": Cannot reshape a tensor with {count(got)} elements to shape {text(wanted)} "
        f"({count(wanted)} elements)"
    )


def _ones(y: Tensor, name: str) -> Tensor:
    dtype = y.dtype.base_dtype
    if y.dims == ():
        return convert.constant(np.ones((), dtype.as_numpy_dtype), dtype, name)
    one = convert.constant(np.ones((), dtype.as_numpy_dtype), dtype, f"{name}/Const")
    found: Tensor = apply("Fill", shape_of(y), one, name=name)
    return found


class _Walk:
    """One walk back from some ys."""

    def __init__(
        self, xs: Sequence[Tensor], stops: set[Tensor], colocate: bool, level: Any = None
    ) -> None:
        self.xs = xs
        self.stops = stops
        self.colocate = colocate
        self.arrived: dict[Tensor, list[Any]] = {}
        self.kept = set(xs)
        self.waiting: dict[Any, int] = {}
        self.level = level
        """The loop whose body is walked through; None: the user's own call."""
        self.loops: dict[Operation, Any] = {}
        """For operations inside a loop that loop, which is differentiated as a whole."""
        self.inside: dict[Any, list[Operation]] = defaultdict(list)

    def back(self, ys: Sequence[Tensor], dys: Sequence[Any]) -> list[Any]:
        waiting = self.waiting = self._pending(ys)
        for y, dy in zip(ys, dys, strict=True):
            if dy is not None:
                self.arrived.setdefault(y, []).append(dy)
        loops = self.loops
        nodes = [loops.get(y.op, y.op) for y in ys]
        ready = deque(dict.fromkeys(node for node in nodes if waiting.get(node) == 0))
        queued = set(ready)
        while ready:
            op = ready.popleft()
            sources = self._sources(op) if loops else [t.op for t in op.inputs]
            if op.__class__ is not Operation:
                self._through_loop(op)
            # An x's own operation is only passed where another x lies behind it.
            elif not waiting.keys().isdisjoint(sources):
                self._through(op)
            for other in sources:
                left = waiting.get(other)
                if left is not None:
                    waiting[other] = left - 1
                    if left == 1 and other not in queued:
                        queued.add(other)
                        ready.append(other)
        return [self._sum(x) for x in self.xs]

    def _pending(self, ys: Sequence[Tensor]) -> dict[Any, int]:
        """For each operation between xs and ys: how many inputs of such operations it feeds."""
        forward = _reached_from(self.xs, self.level)
        # Inside a loop the walk ends where the body starts.
        ends = set() if self.level is None else {x.op for x in self.xs}
        between: set[Operation] = set()
        stack = [y.op for y in ys]
        flows = False
        while stack:
            op = stack.pop()
            if op in between or op not in forward:
                continue
            between.add(op)
            flows = flows or op._flow is not None
            if op not in ends:
                for t in op.inputs:
                    stack.append(t.op)  # noqa: PERF401 (of one or two a list takes longer)
        if flows:
            context = self.level or ys[0].graph._flow
            open_loops = loops_open_in(context)
            for op in sorted(between, key=lambda op: op._id):
                loop = loop_around(op, open_loops)
                if loop is not None:
                    self.loops[op] = loop
                    self.inside[loop].append(op)
        loops = self.loops
        waiting: dict[Any, int] = dict.fromkeys([loops.get(op, op) for op in between], 0)
        for node in waiting:
            for other in self._sources(node) if loops else [t.op for t in node.inputs]:
                if other in waiting:
                    waiting[other] += 1
        return waiting

    def _sources(self, node: Any) -> list[Any]:
        """The operations and loops whose results an operation or a loop takes, with repeats."""
        loops = self.loops
        ops = [node] if node.__class__ is Operation else self.inside[node]
        found = [loops.get(t.op, t.op) for op in ops for t in op.inputs]
        return [other for other in found if other is not node]

    def _through_loop(self, loop: Any) -> None:
        """Differentiates a loop."""
        if not loop.back_prop:
            return
        made = LoopGradient(loop, self.inside[loop], self._inner)
        dys = [self._sum(v.exit) for v in made.variables]
        if all(dy is None for dy in dys):
            return
        scope = loop.name.rpartition("/")[0] or loop.name
        with loop.graph.name_scope(f"{scope}_grad"):
            pairs = made.build(dys)
        for t, dx in pairs:
            if not (self.loops.get(t.op, t.op) in self.waiting or t in self.kept):
                continue
            if isinstance(dx, Tensor):
                _sharpen(dx, t, t.op)
            self.arrived.setdefault(t, []).append(dx)

    def _inner(
        self, ys: Sequence[Tensor], xs: Sequence[Tensor], dys: Sequence[Any], loop: Any
    ) -> list[Any]:
        """Walks back inside the body of a loop."""
        return _Walk(xs, self.stops, self.colocate, loop).back(ys, dys)

    def _sum(self, tensor: Tensor) -> Any:
        parts = self.arrived.get(tensor)
        if not parts:
            return None
        if len(parts) > 1:
            parts[:] = [added(parts)]
        return parts[0]

    def _through(self, op: Operation) -> None:
        outputs = op.outputs
        if not op.inputs or self.arrived.keys().isdisjoint(outputs):
            return
        if self.stops and all(t in self.stops or t not in self.arrived for t in outputs):
            return
        rule = _entering if op.definition.flow == "enter" else get_gradient_function(op)
        if rule is None:
            return
        if self.colocate:
            with self._beside(op):
                dxs = self._differentiated(op, rule)
        else:
            dxs = self._in_scope(op, rule)
        if dxs is None:
            return
        self._arrive(op, dxs)
        for t in outputs:
            if t not in self.kept:
                self.arrived.pop(t, None)

    def _differentiated(self, op: Operation, rule: Callable[..., Any]) -> Sequence[Any] | None:
        """The gradients of the inputs; None if no gradient arrives."""
        stops, plain = self.stops, True
        dys = []
        for t in op.outputs:
            dy = None if stops and t in stops else self._sum(t)
            dys.append(dy)
            if dy.__class__ is not Tensor:
                plain = False
        if not plain and any(dy is None for dy in dys):
            if all(dy is None for dy in dys):
                return None
            dys = [
                self._zeros(op, t) if dy is None and trainable(t) and t.dtype.kind != "R" else dy
                for t, dy in zip(op.outputs, dys, strict=True)
            ]
        before = op.graph.version
        users = is_users(op)
        if not (plain or op.definition.passes_rows or op.definition.flow or users):
            dys = [_dense(op, d) if isinstance(d, IndexedSlices) else d for d in dys]
        wanted = self._wanted(op)
        asked.op, asked.wanted = op, wanted
        try:
            dxs = rule(op, *dys)
        finally:
            asked.op = None
        if not isinstance(dxs, list | tuple):
            # An op's own rule may name the first input's gradient alone.
            rest = 0 if users else len(op.inputs) - 1
            dxs = [dxs, *[None] * rest]
        return dxs if users else self._kept(op, dxs, wanted, before)

    def _zeros(self, op: Operation, t: Tensor) -> Any:
        """What stands for a gradient that did not arrive."""
        if op.definition.flow == "switch":
            return None  # its own gradient makes them, under the right condition
        return zeros_like(t) if self.level is not None else apply("ZerosLike", t)

    def _wanted(self, op: Operation) -> list[bool]:
        """For each input whether its gradient leads to an x."""
        waiting, xs, loops = self.waiting, self.kept, self.loops
        if loops:
            return [loops.get(t.op, t.op) in waiting or t in xs for t in op.inputs]
        return [t.op in waiting or t in xs for t in op.inputs]

    def _kept(
        self, op: Operation, dxs: Sequence[Any], wanted: Sequence[bool], before: int
    ) -> Sequence[Any]:
        """Drops the gradients that lead to no x, and the operations made for them alone."""
        if False not in wanted:
            return dxs
        drops = any(dx is not None and not w for dx, w in zip(dxs, wanted, strict=False))
        if not drops and len(dxs) == len(wanted):
            return dxs
        kept = [dx if w else None for dx, w in zip(dxs, wanted, strict=False)]
        if op.graph._flow is not None:
            return kept  # the loop's gradient takes back what nobody uses
        if drops and len(kept) == len(dxs):
            op.graph.withdraw(before, [t for k in kept if k is not None for t in _parts(k)])
            return kept
        return dxs

    def _in_scope(self, op: Operation, rule: Callable[..., Any]) -> Sequence[Any] | None:
        """As `_differentiated`, in the name scope of the gradient: without a context for each."""
        graph = op.graph
        outer = graph._name_stack
        graph._name_stack = graph.unique_name(f"{op.name}_grad")
        try:
            return self._differentiated(op, rule)
        finally:
            graph._name_stack = outer

    @contextlib.contextmanager
    def _beside(self, op: Operation) -> Iterator[None]:
        graph = op.graph
        with graph.name_scope(f"{op.name}_grad"), graph.colocate_with(op, ignore_existing=True):
            yield

    def _arrive(self, op: Operation, dxs: Sequence[Any]) -> None:
        if len(dxs) != len(op.inputs):
            raise ValueError(
                f"Num gradients {len(dxs)} generated for op {op.name!r} ({op.type}) do not match "
                f"num inputs {len(op.inputs)}"
            )
        arrived = self.arrived
        for t, dx in zip(op.inputs, dxs, strict=True):
            if dx is None or not (trainable(t) or isinstance(dx, IndexedSlices)):
                continue
            if isinstance(dx, Tensor) and dx.dims != t.dims:
                _sharpen(dx, t, op)
            parts = arrived.get(t)
            if parts is None:
                arrived[t] = [dx]
            else:
                parts.append(dx)


def _entering(op: Operation, dy: Any) -> Any:
    """Of a value that an open loop takes from outside: inside the loop there is one of it."""
    return dy if op.attrs["is_constant"] else None


def _dense(op: Operation, dy: IndexedSlices) -> Tensor:
    """A gradient in rows as the tensor that the rule of `op` takes."""
    if not op.definition.dense_quietly:
        dense: Tensor = convert.convert(dy)
        return dense
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Converting sparse IndexedSlices")
        dense = convert.convert(dy)
    return dense


def _parts(dx: Any) -> list[Tensor]:
    if isinstance(dx, IndexedSlices):
        return [t for t in (dx.values, dx.indices, dx.dense_shape) if t is not None]
    return [dx]


def _sharpen(dx: Tensor, x: Tensor, op: Operation) -> None:
    """A gradient has the shape of what it belongs to: what is known of one is known of both."""
    if dx.dims == x.dims or x._dtype.kind == "R":
        return
    if not dx.shape.is_compatible_with(x.shape):
        raise ValueError(
            f"Incompatible shapes between op input and calculated input gradient. Forward op: "
            f"{op.name}. Original input shape: {x.shape}. Calculated input gradient shape: "
            f"{dx.shape}"
        )
    dx.set_shape(x.shape)


def _reached_from(xs: Iterable[Tensor], level: Any) -> set[Operation]:
    """The operations that depend on the xs through types that carry gradients."""
    reached: set[Operation] = set()
    stack = [x.op for x in xs]
    while stack:
        op = stack.pop()
        if op in reached or (level is not None and not level.contains(op._flow)):
            continue
        reached.add(op)
        for t in op.outputs:
            users = t._consumers
            if users is not None and trainable(t):
                if users.__class__ is list:
                    stack += users
                else:
                    stack.append(users)  # type: ignore[arg-type]  # no list, so an operation
    return reached


def added(parts: Sequence[Any]) -> Any:
    """Adds up gradients of one tensor; sparse ones stay sparse while all of them are."""
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(p, Tensor) for p in parts):
        return apply("AddN", [convert.convert(p) for p in parts])
    indices = [p.indices for p in parts]
    if len({i.dtype for i in indices}) > 1:
        indices = [apply("Cast", i, DstT=as_dtype("int64")) for i in indices]
    zero = np.zeros((), np.int32)
    return IndexedSlices(
        apply("ConcatV2", [p.values for p in parts], zero),
        apply("ConcatV2", indices, zero),
        parts[0].dense_shape,
    )
