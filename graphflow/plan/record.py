"""record: instructions become steps, each one call of one function on arrays.

An elementwise body is run once with a recorder in the place of NumPy; its ufuncs become steps of
their own, so that each can get a buffer. Every other instruction is one step.

In: an ordered Program. Out: a `Steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.evaluate import kernel_keywords
from graphflow.core.shape import Dims
from graphflow.plan.program import Array, Instr, Program


@dataclass(slots=True)
class Step:
    """One call: `outputs = function(*args, **options)`.

    `args` holds slot numbers, wrapped `Literal`s, and lists of slots for list ports.
    """

    function: Callable[..., Any]
    label: str
    args: tuple[Any, ...]
    outputs: tuple[int, ...]
    instr: Instr
    options: Mapping[str, Any] = field(default_factory=dict)
    takes_out: bool = False
    is_view: bool = False
    in_place: tuple[int, ...] = ()
    """Slots whose buffer the output may take over."""
    native: Any = None
    """The Lowering of a step that a compiled kernel runs."""
    parts: tuple[Step, ...] = ()
    """The steps that a group consists of."""
    group: Any = None
    """What runs as a group: elementwise operations and reductions; see plan/groups.py."""
    chain: tuple[Step, ...] = ()
    """The steps whose place this one has taken; see plan/chains.py."""
    segment: Any = None
    """The Segment of a step that runs others as one piece of compiled code."""

    @property
    def returns_list(self) -> bool:
        """Whether the function returns a list even for one output (a copy of it does not)."""
        if self.segment is not None or self.parts or self.label == "copied":
            return False
        return self.instr.definition.outputs[0].is_list

    @property
    def reads(self) -> list[int]:
        """The slots among the arguments."""
        found: list[int] = []
        for a in self.args:
            if a.__class__ is int:
                found.append(a)
            elif a.__class__ is list:
                found += a
        return found


@dataclass(frozen=True, slots=True)
class Literal:
    """A Python scalar among the arguments of a step."""

    value: Any


@dataclass(slots=True)
class Steps:
    """The plan as a list of calls over slots; dtypes and dims as in Program."""

    steps: list[Step]
    feeds: tuple[int, ...]
    fetches: tuple[int, ...]
    dtypes: list[DType | None]
    dims: list[Dims]
    constants: dict[int, Any]

    def new_slot(self, dtype: DType | None, dims: Dims) -> int:
        """Adds a slot and returns its number."""
        self.dtypes.append(dtype)
        self.dims.append(dims)
        return len(self.dtypes) - 1


def where(condition: Array, x: Any, y: Any, *, out: Array | None = None) -> Array:
    """`np.where` that can fill a buffer."""
    if out is None:
        found: Array = np.where(condition, x, y)
        return found
    # x may live in the buffer itself; the condition and y may not (see `_IN_PLACE_WHERE`).
    if out is not x:
        np.copyto(out, x)
    np.copyto(out, y, where=np.logical_not(condition))
    return out


_SPECIAL: Final[dict[str, Callable[..., Any]]] = {"where": where}


class _Sym:
    """A value inside a body that is being recorded."""

    __slots__ = ("dims", "dtype", "rec", "slot")
    __array_ufunc__ = None  # so that NumPy scalars leave operators to this class

    def __init__(self, rec: _Recorder, slot: int, dtype: DType | None, dims: Dims) -> None:
        self.rec = rec
        self.slot = slot
        self.dtype = dtype
        self.dims = dims


def _operator(name: str, swapped: bool = False) -> Callable[..., Any]:
    def method(self: _Sym, other: Any) -> _Sym:
        args = (other, self) if swapped else (self, other)
        return self.rec.put(name, args)

    return method


_OPERATORS: Final = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "remainder", "pow": "power", "and": "bitwise_and",
    "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARISONS: Final = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal",
    "ne": "not_equal",
}  # fmt: skip
for _name, _ufunc in _OPERATORS.items():
    setattr(_Sym, f"__{_name}__", _operator(_ufunc))
    setattr(_Sym, f"__r{_name}__", _operator(_ufunc, swapped=True))
for _name, _ufunc in _COMPARISONS.items():
    setattr(_Sym, f"__{_name}__", _operator(_ufunc))
for _name, _ufunc in {"neg": "negative", "abs": "absolute", "invert": "invert"}.items():
    setattr(_Sym, f"__{_name}__", lambda self, f=_ufunc: self.rec.put(f, (self,)))


class _Recorder:
    """What a body sees instead of NumPy."""

    def __init__(self, steps: Steps, instr: Instr) -> None:
        self._steps = steps
        self._instr = instr

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if name in _SPECIAL or isinstance(found, np.ufunc):
            return lambda *args: self.put(name, args)
        if isinstance(found, float | int | type | np.dtype):
            return found  # constants such as np.pi, np.inf, and dtypes
        raise AttributeError(f"an elementwise body cannot use numpy.{name}: it is no ufunc")

    def put(self, name: str, args: tuple[Any, ...]) -> _Sym:
        steps = self._steps
        function = _SPECIAL.get(name) or getattr(np, name)
        dtype = _result_type(getattr(np, name), args)
        dims = _result_dims([a.dims for a in args if a.__class__ is _Sym])
        slot = steps.new_slot(dtype, dims)
        operands = tuple([a.slot if a.__class__ is _Sym else Literal(a) for a in args])
        reusable = args[1:2] if name == "where" else args
        steps.steps.append(
            Step(
                function,
                name,
                operands,
                (slot,),
                self._instr,
                takes_out=dtype is not None,
                in_place=tuple([a.slot for a in reusable if a.__class__ is _Sym]),
            )
        )
        return _Sym(self, slot, dtype, dims)


_types: Final[dict[Any, DType | None]] = {}


def _result_type(function: Callable[..., Any], args: tuple[Any, ...]) -> DType | None:
    """The dtype a function gives, found by calling it on one element."""
    key = (function, *[a.dtype if a.__class__ is _Sym else (type(a), a) for a in args])
    try:
        if key in _types:
            return _types[key]
    except TypeError:
        return None
    found: DType | None = None
    if not any(a.__class__ is _Sym and a.dtype is None for a in args):
        sample = [_one(a.dtype) if a.__class__ is _Sym else a for a in args]
        try:
            with np.errstate(all="ignore"):
                found = as_dtype(function(*sample).dtype)
        except (TypeError, ValueError, OverflowError):
            found = None  # the run reports it
    if found is not None and found.kind in "SR":
        found = None
    _types[key] = found
    return found


def _one(dtype: DType | None) -> Array:
    return np.ones((1,), None if dtype is None else dtype.as_numpy_dtype)


def _result_dims(shapes: list[Dims]) -> Dims:
    if not shapes:
        return ()
    first = shapes[0]
    if all(s == first for s in shapes):
        return first if first is not None and None not in first else None
    try:
        return np.broadcast_shapes(*shapes)  # type: ignore[arg-type]  # None raises
    except (TypeError, ValueError):
        return None


def record(program: Program) -> Steps:
    """Runs the pass."""
    steps = Steps(
        [], program.feeds, program.fetches, list(program.dtypes), list(program.dims),
        dict(program.constants),
    )  # fmt: skip
    same: dict[int, int] = {}
    for instr in program.instrs:
        if instr.bodies:
            args = tuple([same.get(s, s) for s in instr.inputs])
            label = instr.definition.name.strip("_")
            steps.steps.append(Step(_unbound, label, args, instr.outputs, instr))
        elif instr.definition.body is not None:
            _record_body(steps, instr, same)
        else:
            steps.steps.append(_kernel_step(steps, instr, same))
    steps.fetches = tuple([same.get(s, s) for s in program.fetches])
    return steps


def _unbound(*_: Any) -> Any:
    raise AssertionError("an instruction with programs inside was not bound to a runtime")


def _record_body(steps: Steps, instr: Instr, same: dict[int, int]) -> None:
    rec = _Recorder(steps, instr)
    body = instr.definition.body
    inputs = [same.get(s, s) for s in instr.inputs]
    syms: list[Any] = [_Sym(rec, s, steps.dtypes[s], steps.dims[s]) for s in inputs]
    options = {k: instr.attrs[k] for k in kernel_keywords(body)}
    first = len(steps.steps)
    if any(p.is_list for p in instr.definition.inputs):
        syms = [syms]
    result = body(rec, *syms, **options)  # type: ignore[misc]  # the caller checked
    out = instr.outputs[0]
    if result.__class__ is not _Sym:
        raise TypeError(f"{instr.definition.name}: its body does not depend on its inputs")
    if len(steps.steps) == first or steps.steps[-1].outputs != (result.slot,):
        same[out] = result.slot  # the body hands an input on
    else:
        steps.steps[-1].outputs = (out,)


def _kernel_step(steps: Steps, instr: Instr, same: dict[int, int]) -> Step:
    definition = instr.definition
    kernel = definition.kernel
    if kernel is None:
        raise InvalidArgumentError(
            None,
            None,
            f"No OpKernel was registered to support Op '{definition.name}' (node '{instr.name}')"
            + ("" if instr.site is None else f"\n  made at {instr.site}"),
        )
    wanted = kernel_keywords(kernel)
    options = {k: instr.attrs[k] for k in wanted if k in instr.attrs}
    if "name" in wanted:
        options["name"] = instr.name
    slots = [same.get(s, s) for s in instr.inputs]
    args: list[Any] = []
    at = 0
    for port in definition.inputs:
        if port.is_list:
            n = _length(port, instr, len(slots))
            args.append(slots[at : at + n])
            at += n
        else:
            args.append(slots[at])
            at += 1
    one = len(instr.outputs) == 1
    dtype = steps.dtypes[instr.outputs[0]] if one else None
    return Step(
        kernel,
        definition.name,
        tuple(args),
        instr.outputs,
        instr,
        options,
        takes_out="out" in wanted and dtype is not None and dtype.kind not in "SR",
        is_view=definition.view,
        in_place=tuple([slots[i] for i in definition.in_place]),
    )


def _length(port: Any, instr: Instr, total: int) -> int:
    if port.number is not None:
        return int(instr.attrs[port.number])
    types = instr.attrs.get(port.types)
    return total if types is None else len(types)
