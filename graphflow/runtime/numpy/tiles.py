"""Binds groups of elementwise steps: NumPy runs them piece by piece, on pieces in the cache."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.plan.chains import Sizes, Tile
from graphflow.plan.record import Literal, Step, Steps, where
from graphflow.runtime.numpy.calls import bound_call

Array = np.ndarray[Any, Any]
Bounds = list[tuple[int, int]]
_CACHE: Final = 1 << 21
"""Bytes of the operands and results of one piece, which stay in the cache between calls."""
_SHORTEST, _LONGEST = 1 << 13, 1 << 16
"""Elements of a piece: calls cost more than shorter ones gain."""
_LAST_AXIS: Final = np.array([1], np.int32)


def bound_tiles(step: Step, steps: Steps, arrays: Mapping[int, Array]) -> Callable[..., Any]:
    """Returns the function of a group: it takes the operands in order, and returns the outputs.

    Args:
        step: the group's step.
        steps: the plan it belongs to.
        arrays: the buffers of this run, by slot.
    """
    return _Binding(step, steps, arrays).function()


class _Binding:
    """One group on one set of buffers. Registers hold the operands and results of a piece."""

    def __init__(self, step: Step, steps: Steps, arrays: Mapping[int, Array]) -> None:
        self.step = step
        self.steps = steps
        self.arrays = arrays
        self.group = group = step.group
        split = group.split
        whole = math.prod(group.shape)
        self.rows = whole if split is None else math.prod(group.shape[:split])
        self.columns = 1 if split is None else math.prod(group.shape[split:])
        self.registers: list[Any] = []
        self.at: dict[int, int] = {}  # slot -> register
        self.cut: list[tuple[int, int]] = []  # (register, position among operands) cut into pieces
        self.kept: list[tuple[int, int, tuple[int, ...]]] = []  # those that every piece reads whole
        self.made: dict[int, int] = {}  # output computed in its place -> register
        self.late: list[tuple[int, int]] = []  # (slot, register) of outputs copied into place
        self.scratch: list[tuple[int, Any]] = []  # (register, type of its elements)
        self.totals = [r for r in group.reduces if r[1][0] == 1]
        self.inner = {t.out for t in group.tiles}
        self._operands()
        self.calls = self._calls()
        self.row_kernels = self._row_kernels()

    # --- registers ---
    def _new(self, value: Any = None) -> int:
        self.registers.append(value)
        return len(self.registers) - 1

    def _operands(self) -> None:
        for position, slot in enumerate(self.step.args):
            register = self.at[slot] = self._new()
            shape = self._shape(slot)
            if math.prod(shape) == 1:
                self.kept.append((register, position, ()))
            elif self._is_row(shape):
                self.kept.append((register, position, (self.columns,)))
            else:
                self.cut.append((register, position))

    def _is_row(self, shape: Sizes) -> bool:
        """Whether an operand is one row of the group, the same in every piece."""
        whole = self.group.shape
        own = (1,) * (len(whole) - len(shape)) + shape
        k = next(i for i, size in enumerate(own) if size != 1)
        return own != whole and own[k:] == whole[k:] and math.prod(shape) == self.columns

    def _shape(self, slot: int) -> Sizes:
        value = self.steps.constants.get(slot)
        dims = value.shape if isinstance(value, np.ndarray) else self.steps.dims[slot]
        assert dims is not None  # the pass has looked
        return tuple([int(d or 0) for d in dims])

    def _kind(self, slot: int) -> Any:
        dtype = self.steps.dtypes[slot]
        assert dtype is not None  # the pass has looked
        return np.dtype(dtype.as_numpy_dtype)

    def _place(self, slot: int) -> Any:
        array = self.arrays.get(slot)
        return None if array is None else array.__array_interface__["data"][0]

    def _calls(self) -> list[tuple[Callable[..., Any], tuple[int, ...], int]]:
        """(function, registers of its operands, register of its result) of each operation."""
        tiles: list[Tile] = self.group.tiles
        last = {a: i for i, t in enumerate(tiles) for a in t.args if a.__class__ is int}
        for _, _, source, _ in self.group.reduces:
            last[source] = len(tiles)
        outputs = [s for s in self.step.outputs if s in self.inner]
        last.update(dict.fromkeys(outputs, len(tiles)))
        # An output may have taken over the buffer of an operand, but not before its last reader.
        read_at = {p: last[s] for s in self.step.args if (p := self._place(s)) is not None}
        may_share = {p.outputs[0]: p.in_place for p in self.step.parts}
        free: dict[Any, list[int]] = defaultdict(list)
        calls = []
        for i, t in enumerate(tiles):
            operands = tuple([self._operand(a) for a in t.args])
            inner = [a for a in t.args if a.__class__ is int and a in self.inner]
            dying = [a for a in dict.fromkeys(inner) if last[a] == i and a not in self.made]
            before = [a for a in dying if a in may_share[t.out]]
            for a in before:
                free[self._kind(a)].append(self.at[a])
            read = read_at.get(self._place(t.out), -1)
            direct = read < i or (read == i and t.name != "where")
            self._result(t.out, t.out in outputs, direct, free[self._kind(t.out)])
            for a in dying:
                if a not in before:
                    free[self._kind(a)].append(self.at[a])
            if t.out not in last:
                free[self._kind(t.out)].append(self.at[t.out])
            calls.append((_function(t.name), operands, self.at[t.out]))
        return calls

    def _result(self, slot: int, leaves: bool, direct: bool, free: list[int]) -> None:
        """Gives a result its register."""
        if leaves and direct:
            self.made[slot] = self.at[slot] = self._new()
            return
        if free:
            self.at[slot] = free.pop()
        else:
            self.at[slot] = self._new()
            self.scratch.append((self.at[slot], self._kind(slot)))
        if leaves:
            self.late.append((slot, self.at[slot]))

    def _operand(self, a: Any) -> int:
        return self._new(a.value) if a.__class__ is Literal else self.at[a]

    # --- pieces ---
    def _longest(self) -> int:
        """Elements of a piece, as many as the cache holds of all operands and results."""
        widths: list[int] = [kind.itemsize for _, kind in self.scratch]
        widths += [self._kind(self.step.args[p]).itemsize for _, p in self.cut]
        widths += [self._kind(s).itemsize for s in self.made]
        return min(_LONGEST, max(_SHORTEST, _CACHE // max(1, sum(widths)) // 4096 * 4096))

    def _bounds(self, longest: int) -> Bounds:
        """The first and last row of every piece."""
        if self.totals:
            return list(_halves(0, self.rows, longest))
        length = max(1, longest // self.columns)
        return [(i, min(i + length, self.rows)) for i in range(0, self.rows, length)]

    # --- the function ---
    def function(self) -> Callable[..., Any]:
        """The bound function."""
        longest = self._longest()
        bounds = self._bounds(longest)
        size = max(stop - start for start, stop in bounds)
        across = () if self.columns == 1 else (self.columns,)
        spare = [(r, np.empty((size, *across), kind)) for r, kind in self.scratch]
        wanted = [self._shape(s) for s in self.step.args]

        def run(*inputs: Any) -> Any:
            if [x.shape for x in inputs] != wanted:
                return self._plainly(inputs)  # a variable has another shape than declared
            outputs = {s: self._output(s) for s in self.step.outputs}
            sums = self._pieces(inputs, outputs, bounds, spare)
            for total, found in zip(self.totals, sums, strict=True):
                value = _added(self.rows, longest, iter(found))
                if total[0] == "mean":
                    value = value / value.dtype.type(self.rows)
                outputs[total[3]][...] = value
            found = list(outputs.values())
            return found[0] if len(found) == 1 else found

        return run

    def _pieces(
        self, inputs: Sequence[Any], outputs: Mapping[int, Array], bounds: Bounds, spare: Any
    ) -> list[list[Any]]:
        """Computes all pieces; returns the sums of each piece that are wanted."""
        r = self.registers.copy()
        for k, position, shape in self.kept:
            r[k] = inputs[position].reshape(shape)
        cut = [(k, self._by_rows(inputs[p])) for k, p in self.cut]
        cut += [(k, self._by_rows(outputs[s])) for s, k in self.made.items()]
        late = [(self._by_rows(outputs[s]), k) for s, k in self.late]
        reductions = [(f, k, outputs[s].reshape(-1)) for f, k, s in self.row_kernels]
        added = [self.at[source] for _, _, source, _ in self.totals]
        sums: list[list[Any]] = [[] for _ in added]
        calls = self.calls
        for start, stop in bounds:
            for k, whole in cut:
                r[k] = whole[start:stop]
            for k, whole in spare:
                r[k] = whole[: stop - start]
            for function, operands, out in calls:
                function(*[r[k] for k in operands], out=r[out])
            for whole, k in late:
                whole[start:stop] = r[k]
            for kernel, k, column in reductions:
                kernel(r[k], _LAST_AXIS, keep_dims=False, out=column[start:stop])
            for found, k in zip(sums, added, strict=True):
                found.append(np.add.reduce(r[k]))
        return sums

    def _by_rows(self, array: Array) -> Array:
        whole = np.ascontiguousarray(array)
        if whole.size == self.rows and self.columns != 1:
            return whole.reshape(self.rows, 1)  # a column
        return whole.reshape(-1) if self.columns == 1 else whole.reshape(self.rows, self.columns)

    def _output(self, slot: int) -> Array:
        found = self.arrays.get(slot)
        return np.empty(self._shape(slot), self._kind(slot)) if found is None else found

    def _row_kernels(self) -> list[tuple[Callable[..., Any], int, int]]:
        """(kernel, register of the source, slot of the result) of each reduction of rows."""
        kernels = {p.outputs[0]: p.function for p in self.step.parts}
        rows = [r for r in self.group.reduces if r not in self.totals]
        return [(kernels[out], self.at[source], out) for _, _, source, out in rows]

    # --- what does not fit ---
    def _plainly(self, inputs: Sequence[Any]) -> Any:
        """Runs the steps one by one, on arrays of their own."""
        values: list[Any] = [None] * len(self.steps.dtypes)
        given = zip(self.step.args, inputs, strict=True)
        for slot, value in (*self.steps.constants.items(), *given):
            values[slot] = value
        for part in self.step.parts:
            function, sources, options, out = bound_call(part, {}, values)
            values[out] = function(*[values[s] for s in sources], **options)
        found = [values[s] for s in self.step.outputs]
        return found[0] if len(found) == 1 else found


def _function(name: str) -> Callable[..., Any]:
    return where if name == "where" else getattr(np, name)


# --- sums of all ---
def _halves(start: int, n: int, longest: int) -> Iterator[tuple[int, int]]:
    """The pieces in which NumPy itself adds up: halves, and halves of these, until they fit."""
    if n <= longest:
        yield start, start + n
        return
    half = n // 2 - n // 2 % 8
    yield from _halves(start, half, longest)
    yield from _halves(start + half, n - half, longest)


def _added(n: int, longest: int, sums: Iterator[Any]) -> Any:
    """The sum of the pieces' sums, added in NumPy's order."""
    if n <= longest:
        return next(sums)
    half = n // 2 - n // 2 % 8
    return _added(half, longest, sums) + _added(n - half, longest, sums)
