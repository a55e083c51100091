"""record: instructions become steps, each one call of one function on arrays.

An elementwise body is run with a recorder in the place of NumPy, once for inputs of the same types
and shapes; its ufuncs become steps of their own, so that each can get a buffer. Every other
instruction is one step.

In: an ordered Program. Out: a `Steps`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, as_dtype, string
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.evaluate import kernel_keywords
from graphflow.core.opdef import OpDef
from graphflow.core.shape import Dims
from graphflow.plan.program import Array, Instr, Program

_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


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
    options: Mapping[str, Any] = field(default_factory=lambda: _NO_OPTIONS)
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
    pattern: Pattern | None = None
    """What a step of an elementwise body has in common with others."""

    @property
    def returns_list(self) -> bool:
        """Whether the function returns a list even for one output (a copy of it does not)."""
        if self.segment is not None or self.parts or self.label == "copied":
            return False
        return self.instr.definition.outputs[0].is_list

    @property
    def reads(self) -> list[int]:
        """The slots among the arguments."""
        found = [a for a in self.args if a.__class__ is int]
        if len(found) == len(self.args):
            return found
        found = []
        for a in self.args:
            if a.__class__ is int:
                found.append(a)
            elif a.__class__ is list:
                found += a
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A Python scalar among the arguments of a step.

    Each is equal to itself alone: numbers that compare equal need not be the same.
    """

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One step of an elementwise body, for all inputs of the same types and shapes.

    Operands are Literals and places: first come the inputs, then the results of the body's steps.
    `dtype` and `dims` are those of the result.
    """

    function: Callable[..., Any]
    label: str
    operands: tuple[Any, ...]
    in_place: tuple[int, ...]
    any_place: bool
    """Whether the result may take the place of any operand."""
    dtype: DType | None
    dims: Dims
    kind: int
    """The same number for one function of operands of the same types, shapes and numbers."""


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


def joined(x: Any, y: Any) -> Array:
    """`np.add` of texts: of two scalars it would be a bare text, which is no array."""
    return np.asarray(np.add(x, y), object)


_SPECIAL: Final[dict[str, Callable[..., Any]]] = {"where": where}


class _Sym:
    """A value inside a body that is being recorded."""

    __slots__ = ("dims", "dtype", "number", "place", "rec")
    __array_ufunc__ = None  # so that NumPy scalars leave operators to this class

    def __init__(
        self, rec: _Recorder, place: int, dtype: DType | None, dims: Dims, number: int
    ) -> None:
        self.rec = rec
        self.place = place
        self.dtype = dtype
        self.dims = dims
        self.number = number


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


@dataclass(frozen=True, slots=True)
class _Made:
    """What one function makes of operands of the same types, shapes and numbers."""

    dtype: DType | None
    dims: Dims
    number: int
    kind: int


class _Recorder:
    """What a body sees instead of NumPy."""

    def __init__(self, bodies: _Bodies, inputs: int) -> None:
        self._bodies = bodies
        self._inputs = inputs
        self.patterns: list[Pattern] = []

    def symbols(self, slots: Sequence[int]) -> list[Any]:
        """What stands for the inputs."""
        steps, numbers = self._bodies.steps, self._bodies.number_of
        return [
            _Sym(self, i, steps.dtypes[s], steps.dims[s], numbers[s]) for i, s in enumerate(slots)
        ]

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if name in _SPECIAL or isinstance(found, np.ufunc):
            return lambda *args: self.put(name, args)
        if isinstance(found, float | int | type | np.dtype):
            return found  # constants such as np.pi, np.inf, and dtypes
        raise AttributeError(f"an elementwise body cannot use numpy.{name}: it is no ufunc")

    def put(self, name: str, args: tuple[Any, ...]) -> _Sym:
        made = self._bodies.made(name, args)
        function = _SPECIAL.get(name) or getattr(np, name)
        if function is np.add and any(a.__class__ is _Sym and a.dtype is string for a in args):
            function = joined
        operands = tuple([a.place if a.__class__ is _Sym else Literal(a) for a in args])
        reusable = args[1:2] if name == "where" else args
        in_place = tuple([a.place for a in reusable if a.__class__ is _Sym])
        place = self._inputs + len(self.patterns)
        any_place = len(in_place) == len(args)
        self.patterns.append(
            Pattern(function, name, operands, in_place, any_place, made.dtype, made.dims, made.kind)
        )
        return _Sym(self, place, made.dtype, made.dims, made.number)


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
    bodies = _Bodies(steps)
    for instr in program.instrs:
        if instr.bodies:
            args = tuple([same.get(s, s) for s in instr.inputs])
            label = instr.definition.name.strip("_")
            steps.steps.append(Step(_unbound, label, args, instr.outputs, instr))
        elif instr.definition.body is not None:
            bodies.add(instr, same)
        else:
            steps.steps.append(_kernel_step(steps, instr, same))
    steps.fetches = tuple([same.get(s, s) for s in program.fetches])
    return steps


def _unbound(*_: Any) -> Any:
    raise AssertionError("an instruction with programs inside was not bound to a runtime")


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """A recorded body: its steps, and the place of its result."""

    patterns: list[Pattern]
    result: int
    whole: Pattern | None
    """The only step, where it makes the result of all inputs in their order."""


class _Bodies:
    """Elementwise bodies, each recorded once for inputs of the same types and shapes."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.known: dict[OpDef, tuple[tuple[str, ...], dict[Any, _Body]]] = {}
        self.numbers: dict[Any, int] = {}
        """Types with shapes -> what stands for them in keys: its hash is quick."""
        self.number_of = [
            self._number(dtype, dims) for dtype, dims in zip(steps.dtypes, steps.dims, strict=True)
        ]
        """That of each slot."""
        self.calls: dict[Any, _Made] = {}
        self.kinds = itertools.count()

    def _number(self, dtype: DType | None, dims: Dims) -> int:
        key = None if dtype is None else dtype._enum, dims
        return self.numbers.setdefault(key, len(self.numbers))

    def made(self, name: str, args: tuple[Any, ...]) -> _Made:
        """What a function makes of symbols and Python scalars."""
        key = name, *[a.number if a.__class__ is _Sym else (a.__class__, a) for a in args]
        try:
            found = self.calls.get(key)
        except TypeError:  # an operand without a hash
            return self._make(name, args)
        if found is None:
            found = self.calls[key] = self._make(name, args)
        return found

    def _make(self, name: str, args: tuple[Any, ...]) -> _Made:
        dtype = _result_type(getattr(np, name), args)
        dims = _result_dims([a.dims for a in args if a.__class__ is _Sym])
        return _Made(dtype, dims, self._number(dtype, dims), next(self.kinds))

    def add(self, instr: Instr, same: dict[int, int]) -> None:
        """Adds the steps of an instruction.

        Args:
            instr: an instruction with an elementwise body.
            same: the slots that stand for others; gets the output if the body hands an input on.
        """
        steps = self.steps
        inputs = tuple([same.get(s, s) for s in instr.inputs]) if same else instr.inputs
        body = self._recorded(instr, inputs)
        if body.whole is not None:
            steps.steps.append(_step(body.whole, inputs, instr.outputs, instr, inputs))
            return
        slots = list(inputs)
        last = len(slots) + len(body.patterns) - 1
        for p in body.patterns:
            outputs = instr.outputs
            if not len(slots) == last == body.result:
                outputs = (len(steps.dtypes),)
                steps.dtypes.append(p.dtype)
                steps.dims.append(p.dims)
                self.number_of.append(self._number(p.dtype, p.dims))
            args = tuple([slots[a] if a.__class__ is int else a for a in p.operands])
            in_place = args if p.any_place else tuple([slots[i] for i in p.in_place])
            slots.append(outputs[0])
            steps.steps.append(_step(p, args, outputs, instr, in_place))
        if body.result < len(inputs) or body.result != last:
            same[instr.outputs[0]] = slots[body.result]

    def _recorded(self, instr: Instr, slots: Sequence[int]) -> _Body:
        definition, numbers = instr.definition, self.number_of
        try:
            wanted, known = self.known[definition]
        except KeyError:
            wanted = kernel_keywords(definition.body)
            known = {}
            self.known[definition] = wanted, known
        key: Any = tuple([numbers[s] for s in slots])
        if wanted:
            key = key, *[_exact(instr.attrs[k]) for k in wanted]
        try:
            return known[key]
        except TypeError:  # an attribute without a hash
            return self._record(instr, slots)
        except KeyError:
            found = known[key] = self._record(instr, slots)
            return found

    def _record(self, instr: Instr, slots: Sequence[int]) -> _Body:
        body = instr.definition.body
        rec = _Recorder(self, len(slots))
        syms = rec.symbols(slots)
        options = {k: instr.attrs[k] for k in kernel_keywords(body)}
        if any(p.is_list for p in instr.definition.inputs):
            syms = [syms]
        result = body(rec, *syms, **options)  # type: ignore[misc]  # the caller checked
        if result.__class__ is not _Sym:
            raise TypeError(f"{instr.definition.name}: its body does not depend on its inputs")
        only = rec.patterns[0] if len(rec.patterns) == 1 and result.place == len(slots) else None
        if only is not None and not (only.any_place and only.operands == tuple(range(len(slots)))):
            only = None
        return _Body(rec.patterns, result.place, only)


def _step(
    p: Pattern,
    args: tuple[Any, ...],
    outputs: tuple[int, ...],
    instr: Instr,
    in_place: tuple[int, ...],
) -> Step:
    return Step(
        p.function, p.label, args, outputs, instr, _NO_OPTIONS, p.dtype is not None, False,
        in_place, None, (), None, (), None, p,
    )  # fmt: skip


def _exact(value: Any) -> Any:
    """A key for an attribute: 0.0 and -0.0 are equal, and not the same."""
    return repr(value) if value.__class__ is float else value


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
