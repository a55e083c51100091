"""Binds segments: the steps of a plan that run as compiled code, on one set of buffers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from graphflow.core.lowering import SUFFIXES
from graphflow.plan.chains import Tile
from graphflow.plan.fold import rerun_shape_rule
from graphflow.plan.groups import Group
from graphflow.plan.pairs import shortened
from graphflow.plan.record import Literal, Step, Steps
from graphflow.plan.segments import Segment
from graphflow.runtime.compiled import NativeMachine
from graphflow.runtime.failures import StepError
from graphflow.runtime.numpy.arena import Arena
from graphflow.runtime.numpy.calls import bound_call

Array = np.ndarray[Any, Any]
_FULL, _SCALAR, _ROW, _COLUMN = range(4)
_ALL, _EACH_ROW, _EACH_COLUMN = range(3)
_REDUCTIONS: Final = {"sum": 0, "mean": 1, "max": 2, "min": 3}
_CACHE: Final = 32 << 10
"""Bytes of work memory of a group that stay in the first level cache."""
_SHORTEST, _LONGEST = 512, 4096
"""Elements of a tile."""


_KEPT: Final = range(256 << 10, 256 << 20)
"""Bytes of results whose memory is used again: new pages of so many cost more than filling them."""


def is_kept(size: int) -> bool:
    """Whether a bound segment keeps the memory of a result of that many bytes."""
    return size in _KEPT


def bound_segment(
    segment: Segment,
    steps: Steps,
    arena: Arena,
    machine: NativeMachine,
    threads: int = 0,
) -> Callable[..., Any]:
    """Returns the function of a segment: it takes the inputs in order, and returns the outputs.

    Args:
        segment: the segment.
        steps: the plan it belongs to.
        arena: the buffers of this run.
        machine: what runs it.
        threads: at most so many work on one kernel; 0: one a core.
    """
    return _Binding(segment, steps, arena, machine, threads).function()


class _Binding:
    """One segment on one set of buffers."""

    def __init__(
        self,
        segment: Segment,
        steps: Steps,
        arena: Arena,
        machine: NativeMachine,
        threads: int,
    ) -> None:
        self.segment = segment
        self.steps = steps
        self.arena = arena
        self.machine = machine
        self.threads = threads
        self.kept: list[Any] = [arena]
        self.encodings: dict[Any, tuple[list[int], list[float]]] = {}
        """What the machine reads for groups of one form."""
        self.externals: dict[Any, tuple[int, int, int]] = {}
        """Their operands: (position, mode, bytes of an element), each of these once."""
        self.operand: dict[int, int] = {}
        self.fixed: list[tuple[int, int]] = []
        self.aliases: list[tuple[int, int, int]] = []
        self.inputs: list[Any] = []
        self.base: dict[int, int] = {}  # an alias -> the slot whose memory it shares
        self.tile_numbers = {name: i for i, name in enumerate(machine.tile_names)}
        written = {
            m.args[i]
            for m in segment.members
            if m.native is not None and not m.outputs
            for i in range(len(m.args))
            if m.args[i].__class__ is int and m.args[i] in segment.inputs
        }
        for s in segment.inputs:
            self._input(s, s in written and self._is_cell(s))
        self.fresh: list[int] = []
        self.code = self._code()

    # --- operands ---
    def _is_cell(self, slot: int) -> bool:
        value = self.steps.constants.get(slot)
        return value is not None and not isinstance(value, np.ndarray)

    def _new(self, slot: int) -> int:
        self.operand[slot] = len(self.operand)
        return self.operand[slot]

    def _input(self, slot: int, written: bool) -> None:
        cell = self._is_cell(slot)
        dims, dtype = self.steps.dims[slot], self.steps.dtypes[slot]
        if cell:  # the slot of a resource variable holds a handle: the cell knows of its elements
            dims, dtype = self.steps.constants[slot].dims, self.steps.constants[slot].dtype
        if dims is None or dtype is None or None in dims:
            raise AssertionError(f"slot {slot} has no size")
        self.inputs.append((self._new(slot), cell, written, dtype.base_dtype.size, tuple(dims)))

    def _address(self, array: Array) -> int:
        self.kept.append(array)
        return int(array.ctypes.data)

    def at(self, slot: int) -> int:
        """The operand of a slot."""
        found = self.operand.get(slot)
        if found is not None:
            return found
        value = self.steps.constants.get(slot)
        if value is None:
            place = self.arena.address(slot)
        else:
            place = self._address(np.ascontiguousarray(value))
        found = self.operand[slot] = len(self.operand)
        if place is not None:
            self.fixed.append((found, place))
            return found
        # An output that leaves the run: made anew for each.
        dims, dtype = self.steps.dims[slot], self.steps.dtypes[slot]
        if dims is None or dtype is None:
            raise AssertionError(f"slot {slot} has no size")
        self.fresh.append(slot)
        self.inputs.append((found, False, True, dtype.size, tuple(dims)))
        return found

    def _state(self, member: Step) -> int:
        """The operand of what an operation keeps between runs."""
        kept = member.native.state(member.options["memory"], member.instr.attrs)
        operand = self._new(~len(self.operand))  # no slot has this number
        self.fixed.append((operand, self._address(kept)))
        return operand

    # --- code ---
    def _code(self) -> Any:
        instrs: list[Any] = []
        self.members: list[Step] = []  # of the instructions
        for m in self.segment.members:
            low = m.native
            if m.parts:
                instrs.append(self._tiles(m))
            elif low.kernel == "nothing":
                continue
            elif low.kernel == "alias":
                source = m.args[0]
                self.aliases.append((self._new(m.outputs[0]), self.at(source), 0))
                self.base[m.outputs[0]] = self.base.get(source, source)
                continue
            elif low.many:
                slots = [*m.reads, *m.outputs]
                for kernel, positions, sizes in low.many:
                    instrs.append((kernel, [self.at(slots[i]) for i in positions], sizes, (), None))
                    self.members.append(m)
                continue
            else:
                flat = m.reads
                chosen = flat if low.inputs is None else [flat[i] for i in low.inputs]
                operands = [self.at(s) for s in (*chosen, *m.outputs)]
                if low.state is not None:
                    operands.append(self._state(m))
                instrs.append((low.kernel, operands, low.sizes, low.numbers, None))
            self.members.append(m)
        for s in self.segment.outputs:  # an empty one may be no kernel's operand
            self.at(self.base.get(s, s))
        return self.machine.module.Code(
            len(self.operand),
            self.fixed,
            self.aliases,
            self.inputs,
            instrs,
            self.kept,
            self.threads,
        )

    def _tiles(self, member: Step) -> Any:
        return _Encoder(self, member.group, member.outputs).encoded()

    # --- the function ---
    def function(self) -> Callable[..., Any]:
        """The bound function."""
        run, slow = self.code.run, self._slow
        makers = [self._maker(s) for s in self.fresh]
        outputs = self.segment.outputs
        if not outputs:

            def act(*inputs: Any) -> list[Any]:
                status = run(*inputs)
                return slow(status, inputs) if status else []

            return act
        if len(outputs) == 1 and list(outputs) == self.fresh:
            make = makers[0]

            def one(*inputs: Any) -> Any:
                new = make()
                status = run(*inputs, new)
                return slow(status, inputs)[0] if status else new

            return one
        getters = [self._getter(s) for s in outputs]
        single = len(outputs) == 1

        def several(*inputs: Any) -> Any:
            new = [make() for make in makers]
            status = run(*inputs, *new)
            found = slow(status, inputs) if status else [get(inputs, new) for get in getters]
            return found[0] if single else found

        return several

    def _maker(self, slot: int) -> Callable[[], Array]:
        """What makes the array of an output: a large one again and again, if nobody holds it."""
        dtype = self.steps.dtypes[slot]
        assert dtype is not None  # `at` has looked
        dims: Any = self.steps.dims[slot]
        kind = dtype.as_numpy_dtype
        if not is_kept(math.prod(dims) * dtype.size):
            return partial(np.empty, dims, kind)
        unshared = self.machine.module.unshared
        kept: list[Any] = [None]

        def make() -> Array:
            found: Array | None = unshared(kept)
            if found is None:
                found = kept[0] = np.empty(dims, kind)
            return found

        return make

    def _getter(self, slot: int) -> Callable[[Any, Any], Any]:
        base = self.base.get(slot, slot)
        if base in self.fresh:
            k = self.fresh.index(base)
            return self._shaped(slot, base, lambda inputs, new: new[k])
        if base in self.segment.inputs:
            k = self.segment.inputs.index(base)
            if self._is_cell(base):
                return self._shaped(slot, base, lambda inputs, new: inputs[k].value)
            return self._shaped(slot, base, lambda inputs, new: inputs[k])
        value = self.arena.get(base, self.steps.constants.get(base))
        return self._shaped(slot, base, lambda inputs, new: value)

    def _shaped(
        self, slot: int, base: int, get: Callable[[Any, Any], Any]
    ) -> Callable[[Any, Any], Any]:
        dims = self.steps.dims[slot]
        if slot == base or dims is None or self.steps.dims[base] == dims:
            return get
        return lambda inputs, new: get(inputs, new).reshape(dims)

    # --- what compiled code does not do ---
    def _slow(self, status: int, inputs: Sequence[Any]) -> list[Any]:
        if status > 0:
            return self._refused(self.members[status - 1], inputs)
        given = [np.ascontiguousarray(x) if isinstance(x, np.ndarray) else x for x in inputs]
        if any(a is not b for a, b in zip(given, inputs, strict=True)):
            new = [self._empty(s) for s in self.fresh]
            status = self.code.run(*given, *new)
            if status == 0:
                return [self._getter(s)(given, new) for s in self.segment.outputs]
            if status > 0:
                return self._refused(self.members[status - 1], given)
        return self._by_numpy(inputs)

    def _empty(self, slot: int) -> Array:
        dims, dtype = self.steps.dims[slot], self.steps.dtypes[slot]
        return np.empty(dims, dtype.as_numpy_dtype)  # type: ignore[union-attr]  # checked by `at`

    def _start(self, inputs: Sequence[Any]) -> list[Any]:
        start: list[Any] = [None] * len(self.steps.dtypes)
        for slot, value in self.steps.constants.items():
            start[slot] = value
        for slot, value in zip(self.segment.inputs, inputs, strict=True):
            start[slot] = value
        return start

    def _by_numpy(self, inputs: Sequence[Any]) -> list[Any]:
        """Runs the steps one by one, as a plan without compiled code would."""
        values = self._start(inputs)
        with np.errstate(all="ignore"):
            for m in self.segment.members:
                for step in m.chain or m.parts or (m,):
                    self._run(step, values)
        return [values[s] for s in self.segment.outputs]

    def _run(self, step: Step, values: list[Any]) -> None:
        function, sources, options, out = bound_call(step, {}, values)
        try:
            made = function(*[values[s] for s in sources], **options)
        except Exception as e:
            arrays = [values[s] for s in step.instr.inputs if s < len(values)]
            raise StepError(step.instr, e, rerun_shape_rule(step.instr, arrays)) from e
        if out.__class__ is int:
            values[out] = made
        elif out:
            for slot, array in zip(out, made, strict=False):
                values[slot] = array

    def _refused(self, member: Step, inputs: Sequence[Any]) -> list[Any]:
        """Raises what NumPy says of the values that a kernel refused."""
        values = self._start(inputs)
        for slot, array in self.arena.items():
            values[slot] = array
        for alias, base in self.base.items():
            source = values[base]
            values[alias] = source.value if self._is_cell(base) else source
            if values[alias] is not None and self.steps.dims[alias] is not None:
                values[alias] = values[alias].reshape(self.steps.dims[alias])
        self._run(member, values)
        raise AssertionError(f"{member.instr.name}: its compiled kernel refuses what NumPy takes")


class _Encoder:
    """A group as the numbers that the machine reads."""

    def __init__(self, binding: _Binding, group: Group, outputs: Sequence[int]) -> None:
        self.binding = binding
        self.group = group
        self.outputs = outputs
        self.externals: list[tuple[int, int, int]] = []
        self.operands: list[int] = []
        self.register: dict[Any, int] = {}
        self.literals: list[tuple[int, float]] = []
        self.fixed: dict[int, Any] = {}
        """The operands that are the same number in every run."""
        self.reduced = {source for _, _, source, _ in group.reduces}
        k = group.split
        whole = math.prod(group.shape)
        self.rows = 1 if k is None else math.prod(group.shape[:k])
        self.columns = whole if k is None else math.prod(group.shape[k:])

    def item(self, slot: int) -> int:
        """Bytes of an element of a slot."""
        dtype = self.binding.steps.dtypes[slot]
        assert dtype is not None  # the pass has looked
        return int(dtype.base_dtype.size)

    def _mode(self, slot: int) -> int:
        steps = self.binding.steps
        value = steps.constants.get(slot)
        shape = value.shape if isinstance(value, np.ndarray) else tuple(steps.dims[slot] or ())
        if shape == self.group.shape:
            return _FULL
        n = math.prod(shape)
        if n == 1:
            return _SCALAR
        own = (1,) * (len(self.group.shape) - len(shape)) + shape
        k = next((i for i, size in enumerate(own) if size != 1), len(own))
        if own[k:] == self.group.shape[k:] and n == self.columns:
            return _FULL if self.rows == 1 else _ROW
        return _FULL if self.columns == 1 else _COLUMN

    def _fixed(self, slot: int) -> Any:
        """The number in a slot, if it is the same in every run; None for what is no such number."""
        value = self.binding.steps.constants.get(slot)
        if not isinstance(value, np.ndarray) or value.size != 1:
            return None
        number = value.item()
        exact = value.dtype.kind in "fb" or abs(number) < 1 << 53
        return number if exact else None

    def _external(self, slot: int, mode: int) -> int:
        at = len(self.operands)
        self.operands.append(self.binding.at(slot))
        dtype = self.binding.steps.dtypes[slot]
        external = self.binding.externals.get((at, mode, dtype))
        if external is None:
            external = self.binding.externals[at, mode, dtype] = at, mode, self.item(slot)
        self.externals.append(external)
        return at

    def encoded(self) -> Any:
        """The instruction for the machine."""
        form, place = self._form()
        constants = self.binding.steps.constants
        inside = {t.out if t.out >= 0 else id(t) for t in self.group.tiles}
        literals = [id(s) for s in place if s.__class__ is Literal]
        for s in place:
            if s not in inside and s.__class__ is int:
                number = self._fixed(s) if s in constants else None
                if number is None:
                    self.register[s] = self._external(s, self._mode(s))
                else:
                    self.fixed[s] = number
        stores, direct = self._outputs(inside)
        self.operands += [self.binding.at(out) for _, _, _, out in self.group.reduces]
        key = (
            self.group.shape, self.group.split, *form, *literals, *self.externals,
            *[(place[s], self._kind(s), repr(value)) for s, value in self.fixed.items()],
            *[(place[s], at) for s, at in stores], None,
            *[(place[s], at) for s, at in direct.items()],
            *[(kind, sizes, place[s], self.item(s)) for kind, sizes, s, _ in self.group.reduces],
        )  # fmt: skip
        found = self.binding.encodings.get(key)
        if found is None:
            found = self.binding.encodings[key] = self._numbers(stores, direct)
        return "tiles", self.operands, *found, self.binding.machine.tile_names

    def _outputs(self, inside: set[int]) -> tuple[list[tuple[int, int]], dict[int, int]]:
        """The outputs that have to wait for the end, and the others, each with its operand."""
        address = self.binding.arena.address
        shared = self._memory()
        stores: list[tuple[int, int]] = []
        direct: dict[int, int] = {}
        for s in self.outputs:
            if s not in inside:
                continue
            at = self._external(s, _FULL)
            if address(s) in shared:
                stores.append((s, at))
            else:
                direct[s] = at
        return stores, direct

    def _form(self) -> tuple[list[Any], dict[Any, int]]:
        """The operations with their operands in numbers, and the number of each operand.

        Groups of one form differ in nothing but their slots; a long graph has many of them. An
        operand is a slot, a Literal, or the identity of a cast made on the way.
        """
        tiles = self.group.tiles
        operands: list[Any] = []
        for t in tiles:
            operands += t.args
            operands.append(t.out)
        if -1 in operands:  # there are casts
            operands = []
            for t in tiles:
                operands += [id(a) if a.__class__ is Tile else a for a in t.args]
                operands.append(t.out if t.out >= 0 else id(t))
        number = {a: i for i, a in enumerate(dict.fromkeys(operands))}
        return [*[t.name for t in tiles], *map(number.__getitem__, operands)], number

    def _numbers(
        self, stores: list[tuple[int, int]], direct: dict[int, int]
    ) -> tuple[list[int], list[float]]:
        """The group as the machine reads it: what it consists of, and its literals.

        Args:
            stores: outputs whose memory is read until the end, and the operands they go to.
            direct: the other outputs, with their operands.
        """
        group = replace(
            self.group, tiles=shortened(self.group.tiles, {*self.outputs, *self.reduced})
        )
        self.group = group
        self._literals()
        code, temps = self._allocated(direct, {s for s, _ in stores})
        at = len(self.externals)
        reduces = [self._reduce(*r, at=at + i) for i, r in enumerate(group.reduces)]
        sizes: list[int] = [
            self.rows, self.columns, 0, len(self.externals), len(self.literals), len(temps),
            len(group.tiles), len(stores), len(reduces),
        ]  # fmt: skip
        buffers = len(temps) + len(self.literals)
        buffers += sum(mode != _FULL for _, mode, _ in self.externals)
        tile = _CACHE // 4 // max(1, min(buffers, 12) + 2) // 64 * 64
        sizes[2] = min(_LONGEST, max(_SHORTEST, tile))
        for e in self.externals:
            sizes += e
        sizes += [item for item, _ in self.literals]
        sizes += temps
        sizes += code
        for s, at in stores:
            sizes += [self.register[s], at]
        for r in reduces:
            sizes += r
        return sizes, [float(value) for _, value in self.literals]

    def _memory(self) -> set[Any]:
        """Where the operands stand that are read whole: an output there has to wait."""
        found = set()
        for slot, at in self.register.items():
            if self.externals[at][1] == _FULL:
                found.add(self.binding.arena.address(self.binding.base.get(slot, slot)))
        return found - {None}

    # --- registers ---
    def _literals(self) -> None:
        for t in self.group.tiles:
            for a in t.args:
                if a.__class__ is Literal:
                    self._literal(_key(t, a), t.name.rpartition("_")[2], a.value)
                elif a.__class__ is int and a in self.fixed:
                    self._literal(a, self._kind(a), self.fixed[a])

    def _kind(self, slot: int) -> str:
        dtype = self.binding.steps.dtypes[slot]
        assert dtype is not None  # the pass has looked
        return SUFFIXES[dtype.base_dtype.name]

    def _literal(self, key: Any, kind: str, value: Any) -> None:
        if key in self.register:
            return
        item = {"f32": 4, "f64": 8, "i32": 4 | 16, "i64": 8 | 16, "u8": 1}[kind]
        self.register[key] = len(self.externals) + len(self.literals)
        self.literals.append((item, value))

    def _allocated(self, direct: dict[int, int], stored: set[int]) -> tuple[list[int], list[int]]:
        """The instructions with registers, and the item sizes of the temporary ones."""
        tiles, register, names = self.group.tiles, self.register, self.binding.tile_numbers
        last: dict[Any, int] = {}
        for i, t in enumerate(tiles):
            for a in t.args:
                last[id(a) if a.__class__ is Tile else a] = i
        end = len(tiles)
        for s in (*stored, *self.reduced, *direct):
            last[s] = end
        base = len(self.externals) + len(self.literals)
        temps: list[int] = []
        free: list[int] = []
        code: list[int] = []
        for i, t in enumerate(tiles):
            args = []
            dying = []
            for a in t.args:
                if a.__class__ is Literal:
                    args.append(register[_key(t, a)])
                    continue
                key = a if a.__class__ is int else id(a)
                at = register[key]
                args.append(at)
                if at >= base and last[key] == i and at not in dying:
                    dying.append(at)
            key = id(t) if t.out < 0 else t.out
            at = direct.get(t.out, -1)
            if at < 0:
                if free:
                    at = free.pop()
                else:
                    at = base + len(temps)
                    temps.append(8)
                if key not in last:
                    free.append(at)
            register[key] = at
            free += dying
            args += [args[0]] * (3 - len(args))
            code += (names[t.name], *args, at)
        return code, temps

    def _reduce(
        self, kind: str, sizes: tuple[int, ...], source: int, out: int, *, at: int
    ) -> list[int]:
        rows, _, columns = sizes
        layout = _ALL if rows * columns == 1 else _EACH_ROW if columns == 1 else _EACH_COLUMN
        return [_REDUCTIONS[kind], layout, self.register[source], at, self.item(source)]


def _key(tile: Tile, literal: Literal) -> tuple[str, str]:
    """What tells a literal operand from others: the type it is used in, and its very value."""
    return tile.name.rpartition("_")[2], repr(literal.value)  # 0.0 and -0.0 are equal
