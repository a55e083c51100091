"""fold: shapes inferred once more with the fed sizes, and what follows from them computed now.

In: a captured Program. Out: the same with sharper shapes, variables' cells and constants in slots
of their own, and no instruction whose result is known before the run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from graphflow.core.constant import plain
from graphflow.core.contents import Contents, equal, joint
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.evaluate import evaluate, kernel_keywords
from graphflow.core.opdef import OpDef
from graphflow.core.repeated import whole
from graphflow.core.shape import Dims, compatible, count
from graphflow.plan.program import IF, Array, Instr, Program

_MAX_ELEMENTS: Final = 1 << 16
"""Larger results are made in the run: a plan should not hold copies of a network's weights."""


class _Port:
    """One slot as a shape rule sees it."""

    __slots__ = ("alive", "contents", "dims", "dtype", "partial", "value")

    def __init__(self, dtype: DType, dims: Dims) -> None:
        self.dtype = dtype
        self.dims = dims
        self.value: Array | None = None
        self.partial: Any = None
        self.alive: Array | None = None
        """What a branch makes if it is taken: known to other branches, which then are taken too."""
        self.contents: Contents | None = None

    @property
    def _dtype(self) -> DType:
        return self.dtype


class _Ports(dict[int, _Port]):
    """The slots of a program that somebody has asked for."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def __missing__(self, slot: int) -> _Port:
        found = self[slot] = _Port(self._program.dtypes[slot], self._program.dims[slot])
        return found


class _View:
    """One instruction as a shape rule sees it."""

    __slots__ = ("attrs", "definition", "inputs", "name", "outputs")

    def __init__(self, instr: Instr, inputs: list[_Port], outputs: list[_Port]) -> None:
        self.definition = instr.definition
        self.attrs = instr.attrs
        self.name = instr.name
        self.inputs = inputs
        self.outputs = outputs

    @property
    def type(self) -> str:
        return self.definition.name

    def constant(self, index: int) -> Array | None:
        return self.inputs[index].value

    def partial(self, index: int) -> Any:
        port = self.inputs[index]
        if port.value is not None:
            return plain(port.value)
        return port.partial


def failing(name: str, message: str, error: Any) -> OpDef:
    """An operation that fails: what an instruction becomes whose shape rule says it must fail."""
    text = f"{name}(inputs: T..., *, U: list(type)) -> outputs: U..."
    definition = OpDef(text, stateful=True, constraints={})
    definition.kernel = _raiser(message, error)
    return definition


def _raiser(message: str, error: Any) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise KernelError(message, error)

    return fail


class _Containers(dict[int, Contents]):
    """The containers of a run, by the serial of the instruction that makes them."""

    def __missing__(self, serial: int) -> Contents:
        found = self[serial] = Contents()
        return found

    @property
    def changes(self) -> int:
        return sum([c.all_changes for c in self.values()])


def fold(program: Program, bind: Callable[[Instr], Any]) -> Program:
    """Runs the pass.

    Args:
        program: what `capture` made.
        bind: makes the session's cell for an instruction that creates a variable.
    """
    return _folded(program, bind, _Containers(), {})


def _folded(
    program: Program,
    bind: Callable[[Instr], Any],
    containers: _Containers,
    held: Mapping[int, Contents],
) -> Program:
    """Runs the pass on a program, or on one inside it.

    Args:
        program: as in `fold`.
        bind: as in `fold`.
        containers: all that were met so far.
        held: those whose handles are fed, by the slots of the feeds.
    """
    ports = _Ports(program)
    for slot, contents in held.items():
        ports[slot].contents = contents
    dtypes = list(program.dtypes)
    constants: dict[int, Any] = dict(program.constants)
    for slot, value in constants.items():
        if isinstance(value, np.ndarray):
            _learn(ports[slot], value)
    kept: list[Instr] = []
    gone: set[int] = set()
    for instr in program.instrs:
        if instr.after:
            waiting = tuple([s for s in instr.after if s not in gone])
            if len(waiting) != len(instr.after):
                instr = replace(instr, after=waiting)
        if instr.definition.name == "Const" and not instr.after:
            slot = instr.outputs[0]
            constants[slot] = whole(instr.attrs["value"])
            _learn(ports[slot], constants[slot])
            gone.add(instr.serial)
            continue
        if not instr.inputs and _makes_handle(instr, ports):
            constants[instr.outputs[0]] = bind(instr)
            if not instr.after:
                gone.add(instr.serial)
            continue
        if instr.bodies:
            kept.append(_folded_inside(instr, ports, bind, containers))
            continue
        if _is_settled(instr, program, ports):
            kept.append(instr)
            continue
        outputs = [ports[s] for s in instr.outputs]
        view = _View(instr, [ports[s] for s in instr.inputs], outputs)
        failed = _infer(view)
        if failed is not None:
            fails = failing(instr.definition.name, failed.run, failed.error)
            instr = replace(instr, definition=fails, attrs={})
        else:
            if containers or instr.definition.makes_container:
                _follow(view, instr.serial, containers)
            if instr.definition.takes and outputs[0].value is not None:
                slot = instr.outputs[0]  # what comes out is known: others need not wait for it
                constants[slot] = outputs[0].value
                dtypes.append(program.dtypes[slot])
                instr = replace(instr, outputs=(len(dtypes) - 1,))
            elif _computed(instr, view, constants):
                gone.add(instr.serial)
                continue
        kept.append(instr)
    dims = list(program.dims)
    for slot, port in ports.items():
        dims[slot] = port.dims
    dims += [None] * (len(dtypes) - len(dims))
    return program.with_instrs(kept, dims=tuple(dims), dtypes=tuple(dtypes), constants=constants)


def _follow(view: _View, serial: int, containers: _Containers) -> None:
    """Notes what an instruction does to containers."""
    if view.definition.makes_container:
        view.outputs[0].contents = containers[serial]
        return
    rule, given = view.definition.contents_rule, view.inputs
    if rule is None:
        for port in given:
            if port.contents is not None:
                port.contents.lose()
    elif given[0].contents is not None:
        rule(view, given[0].contents)


def _is_settled(instr: Instr, program: Program, ports: _Ports) -> bool:
    """Whether nothing can be found out of an elementwise instruction.

    Of most it is so: all shapes are known and equal, and not all values are. Others need ports.
    """
    if instr.definition.body is None or instr.definition.partial_rule is not None:
        return False
    dims = program.dims[instr.outputs[0]]
    if dims is None or None in dims:
        return False
    unknown = False
    for slot in instr.inputs:
        port = ports.get(slot)
        if port is None or port.value is None:
            unknown = True
        if (program.dims[slot] if port is None else port.dims) != dims:
            return False
    return unknown


# --- programs inside ---
def _folded_inside(
    instr: Instr, ports: _Ports, bind: Callable[[Instr], Any], containers: _Containers
) -> Instr:
    given = [ports[s] for s in instr.inputs]

    def inside(body: Program, feeds: Sequence[_Port]) -> Program:
        held = {
            slot: port.contents
            for slot, port in zip(body.feeds, feeds, strict=True)
            if port.contents is not None
        }
        return _folded(_fed(body, feeds), bind, containers, held)

    if instr.definition is IF:
        bodies = tuple([inside(body, given[1:]) for body in instr.bodies])
        shapes = [[body.dims[s] for s in body.fetches] for body in bodies]
        for k, slot in enumerate(instr.outputs):
            made = [s[k] for s, b in zip(shapes, bodies, strict=True) if not _dead(b, b.fetches[k])]
            ports[slot].dims = _joined(made)
            ports[slot].alive = _same_value(bodies, k)
        return replace(instr, bodies=bodies)
    test, body = instr.bodies
    n = len(instr.outputs)
    for port in given[:n]:
        if port.contents is not None:
            port.contents.lose()  # a handle that may become another one
    dims = [p.dims for p in given[:n]]
    while True:
        before = containers.changes
        variables = [_Port(p.dtype, d) for p, d in zip(given, dims, strict=False)]
        folded = inside(body, [*variables, *given[n:]])
        after = [_joined([d, folded.dims[s]]) for d, s in zip(dims, folded.fetches, strict=True)]
        if after == dims and containers.changes == before:
            break
        dims = after
    for slot, d in zip(instr.outputs, dims, strict=True):
        ports[slot].dims = d
    return replace(instr, bodies=(inside(test, [*variables, *given[n:]]), folded))


def _fed(program: Program, given: Sequence[_Port]) -> Program:
    """The program with what is known of its feeds."""
    dims = list(program.dims)
    constants = dict(program.constants)
    for slot, port in zip(program.feeds, given, strict=True):
        dims[slot] = port.dims
        value = port.alive if port.value is None else port.value
        if value is not None and value.size <= _MAX_ELEMENTS:
            constants[slot] = value
    return replace(program, dims=tuple(dims), constants=constants)


def _same_value(bodies: Sequence[Program], k: int) -> Array | None:
    """Output k, if all branches that make it make the same constant: sizes and axes."""
    alive = [b for b in bodies if not _dead(b, b.fetches[k])]
    found = [b.constants.get(b.fetches[k]) for b in alive]
    values = [v for v in found if isinstance(v, np.ndarray) and v.dtype.kind in "biu"]
    if not values or len(values) < len(found):
        return None
    first: Array = values[0]
    return first if all(equal(v, first) for v in values[1:]) else None


def _dead(program: Program, slot: int) -> bool:
    return slot in program.constants and program.constants[slot] is None


def _joined(shapes: Sequence[Dims]) -> Dims:
    """What several shapes have in common."""
    return functools.reduce(joint, shapes) if shapes else None


def _makes_handle(instr: Instr, ports: _Ports) -> bool:
    """Whether an instruction makes what a session keeps, such as a variable's cell."""
    if not instr.outputs or "store" not in _wanted(instr.definition):
        return False
    dtype = ports[instr.outputs[0]].dtype
    return dtype.is_ref or dtype.kind == "R"


def _wanted(definition: OpDef) -> tuple[str, ...]:
    return () if definition.kernel is None else kernel_keywords(definition.kernel)


def _learn(port: _Port, value: Array) -> None:
    port.value = value
    port.dims = value.shape


def _infer(view: _View) -> ShapeError | None:
    rule = view.definition.shape_rule
    if rule is None:
        return None
    try:
        for port, dims in zip(view.outputs, rule(view), strict=True):
            if dims is None or dims is port.dims:
                continue
            if port.dims is None or compatible(dims, port.dims):
                port.dims = dims
    except ShapeError as e:
        return e
    partial, partials = view.definition.partial_rule, view.definition.partials_rule
    if partial is not None:
        view.outputs[0].partial = partial(view)
    elif partials is not None:
        for port, sizes in zip(view.outputs, partials(view), strict=True):
            port.partial = sizes
    return None


def _computed(instr: Instr, view: _View, constants: dict[int, Any]) -> bool:
    by_shape = bool(view.outputs) and view.outputs[0].partial is not None
    if not by_shape and (not view.inputs or view.inputs[0].value is None):
        return False
    if not instr.is_pure or instr.after:
        return False
    made: list[Array] | None = None
    known = [p.partial for p in view.outputs]
    if by_shape and None not in known and all(k.__class__ is int or None not in k for k in known):
        kinds = [p.dtype.as_numpy_dtype for p in view.outputs]
        made = [np.array(k, kind) for k, kind in zip(known, kinds, strict=True)]
    elif all(p.value is not None for p in view.inputs) and instr.inputs:
        if any((count(p.dims) or 0) > _MAX_ELEMENTS for p in (*view.inputs, *view.outputs)):
            return False
        made = evaluate(instr.definition, dict(instr.attrs), [p.value for p in view.inputs])  # type: ignore[misc]  # none is None here
    if made is None:
        return False
    for slot, port, value in zip(instr.outputs, view.outputs, made, strict=True):
        constants[slot] = value
        _learn(port, value)
    return True


def rerun_shape_rule(instr: Instr, arrays: Sequence[Any]) -> ShapeError | None:
    """Returns what an operation's shape rule has against these very arrays, or None."""
    rule = instr.definition.shape_rule
    if rule is None or len(arrays) != len(instr.inputs):
        return None
    ports = []
    for x in arrays:
        if not isinstance(x, np.ndarray | np.generic):
            return None
        array = np.asarray(x)
        port = _Port(as_dtype(array.dtype), array.shape)
        port.value = array
        ports.append(port)
    try:
        rule(_View(instr, ports, []))
    except ShapeError as e:
        return e
    except Exception:  # a rule that cannot judge: the kernel's own words must do
        return None
    return None
