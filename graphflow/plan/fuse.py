"""fuse: steps that compiled kernels can run, in an order that lets elementwise ones run together.

Neighbouring steps that the machine knows form a segment. Inside one, steps keep their data and
variable dependencies but may change places: kernels go first, elementwise steps wait for others of
the same size, and each such group, with reductions of what it computes, becomes one step.

In: `Steps` and a `Machine`. Out: the same steps; those for the machine have `native` or `parts`.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.shape import count
from graphflow.plan.chains import Tile, join
from graphflow.plan.groups import Group, add, agree, leading
from graphflow.plan.order import effect_of
from graphflow.plan.record import Literal, Pattern, Step, Steps

Sizes = tuple[int, ...]
_LONGEST: Final = 90
"""Operations in one group: operands, results and work arrays are then fewer than the machine's 512
registers, whatever the operations are."""

_MANY: Final = 8
"""Operands: so many make a long sum."""


class Machine(Protocol):
    """What runs compiled kernels."""

    @property
    def kernels(self) -> frozenset[str]:
        """The names of its kernels."""

    @property
    def tiles(self) -> frozenset[str]:
        """The names of its elementwise operations."""


def fuse(steps: Steps, machine: Machine) -> None:
    """Runs the pass in place."""
    facts = _Facts(steps, machine)
    lowered = facts.all_lowered()
    join(steps, lowered, facts.shape)
    found: list[Step] = []
    start = 0
    for i, low in enumerate([*lowered, None]):
        if low is None:
            found += _segment(steps.steps[start:i], lowered[start:i], facts)
            if i < len(lowered):
                found.append(steps.steps[i])
            start = i + 1
    steps.steps = found
    steps.fetches = tuple([facts.same.get(s, s) for s in steps.fetches])


class _Facts:
    """What the pass knows about steps."""

    def __init__(self, steps: Steps, machine: Machine) -> None:
        self.steps = steps
        self.machine = machine
        self.same: dict[int, int] = {}
        """References that updates return -> the slots of their variables."""
        self.cells = frozenset(
            s for s, value in steps.constants.items() if not isinstance(value, np.ndarray)
        )
        self.roots: dict[int, int] = {s: s for s in self.cells}
        """The variable's slot for each slot that holds a variable, or a view of its value."""
        self.shapes: list[Sizes | None] = [
            None if d is None or None in d else d  # type: ignore[misc]  # no None is among them
            for d in steps.dims
        ]
        for s, value in steps.constants.items():
            if isinstance(value, np.ndarray):
                self.shapes[s] = value.shape
        self.suffixes = [None if d is None else SUFFIXES.get(d._base.name) for d in steps.dtypes]
        self._names: dict[Any, tuple[str, bool] | None] = {}
        """The machine's operation for steps of one kind, and whether all operands have the
        shape of the result; None if it has none."""

    # --- types and sizes ---
    def shape(self, slot: int) -> Sizes | None:
        """The shape of a slot; None if it is not known."""
        return self.shapes[slot]

    def suffix(self, slot: int) -> str | None:
        """What the machine calls the type of a slot; None if it does not know it."""
        return self.suffixes[slot]

    # --- steps ---
    def all_lowered(self) -> list[Any]:
        """For each step a Lowering, its Tile or Tiles, or None for what NumPy runs.

        A single Tile, not in a list, has operands of the shape of the result, and fits any group.
        """
        found: list[Any] = []
        names, shapes, suffixes = self._names, self.shapes, self.suffixes
        for step in self.steps.steps:
            pattern = step.pattern
            if pattern is not None and not self.same:  # most steps, so without a call for each
                out = step.outputs[0]
                known = names.get((pattern.kind, shapes[out], suffixes[out]))
                if known is not None:
                    name, single = known
                    tile = Tile(name, step.args, out)
                    found.append(tile if single else [tile])
                    continue
            found.append(self._lowered(step))
        return found

    def _lowered(self, step: Step) -> Any:
        if self.same and any(s in self.same for s in step.reads):
            step.args = tuple([_renamed(a, self.same) for a in step.args])
        if step.pattern is not None:
            return self._as_before(step, step.pattern)
        rule = step.instr.definition.compiled_rule
        if rule is None or step.function is not step.instr.definition.kernel:
            return None
        low = self._asked(step, rule)
        if low is None:
            return None
        if low.tile:
            return self._typed(step, low.tile, [step.args[i] for i in low.inputs or (0,)])
        asked = [name for name, _, _ in low.many] if low.kernel == "many" else [low.kernel]
        if not all(k in ("alias", "nothing") or k in self.machine.kernels for k in asked):
            return None
        if effect_of(step.instr) == "update" and step.outputs:
            self.same[step.outputs[0]] = step.args[0]
            step.outputs = ()
        return low

    def _as_before(self, step: Step, pattern: Pattern) -> Tile | list[Tile] | None:
        """As `_typed`, and remembers what becomes of steps of one kind.

        Their operands have the same types and shapes, so the same becomes of all of them.
        """
        out, shapes = step.outputs[0], self.shapes
        shape = shapes[out]
        key = pattern.kind, shape, self.suffixes[out]
        if key in self._names:
            known = self._names[key]
            if known is None:
                return None
            tile = Tile(known[0], step.args, out)
            return tile if known[1] else [tile]
        found = self._typed(step, step.label, list(step.args))
        if pattern.label == "power":  # what becomes of it depends on the exponent
            return found
        if found is None:
            self._names[key] = None
        elif len(found) == 1 and found[0].args == step.args:
            single = all(shapes[a] == shape for a in step.args if a.__class__ is int)
            self._names[key] = found[0].name, single
            return found[0] if single else found
        return found

    def _asked(self, step: Step, rule: Callable[[Call], Lowering | None]) -> Lowering | None:
        if any(a.__class__ is not int for a in step.args):
            flat: list[int] = []
            for a in step.args:
                flat += a if a.__class__ is list else [a]
        else:
            flat = list(step.args)
        shapes, dtypes = [], []
        for s in flat:
            shape = self._of_cell(s) if s in self.cells else self.shape(s)
            dtype = self.steps.dtypes[s]
            if shape is None or dtype is None:
                return None
            if 0 in shape and not (self._known(s) and len(shape) == 1):
                return None  # nothing to compute; a list of axes or sizes may be empty, though
            shapes.append(shape)
            dtypes.append(dtype.base_dtype)
        outs = []
        for s in step.outputs:
            if effect_of(step.instr) == "update":
                continue
            shape = self.shape(s)
            if shape is None or self.suffix(s) is None:
                return None
            outs.append(shape)
        if outs and all(0 in shape for shape in outs):
            return None
        constants = {i: self.steps.constants[s] for i, s in enumerate(flat) if self._known(s)}
        try:
            return rule(Call(step.instr.attrs, shapes, dtypes, outs, constants))
        except (IndexError, KernelError, ShapeError, ValueError):
            return None  # sizes that no run accepts: NumPy's kernel says what is wrong

    def _known(self, slot: int) -> bool:
        return isinstance(self.steps.constants.get(slot), np.ndarray)

    def _of_cell(self, slot: int) -> Sizes | None:
        value = getattr(self.steps.constants[slot], "dims", None)
        return None if value is None or None in value else value

    def _typed(self, step: Step, label: str, args: list[Any]) -> list[Tile] | None:
        """The operations of an elementwise step, with the casts that NumPy makes on the way."""
        out = step.outputs[0]
        shape = self.shape(out)
        if shape is None or 0 in shape or len(step.outputs) != 1:
            return None
        kinds: list[str | None] = []
        for a in args:
            if a.__class__ is Literal:
                if a.value.__class__ not in (int, float, bool):
                    return None
                kinds.append(None)
            else:
                kind = self.suffix(a) if a.__class__ is int else None
                if kind is None or self.shape(a) is None:
                    return None
                kinds.append(kind)
        if label == "power":
            found = self._whole_power(args, kinds, out)
            if found is not None:
                return found
        if label.startswith("cast_"):
            return [Tile(label, tuple(args), out)] if label in self.machine.tiles else None
        return self._matched(step, label, args, kinds, out)

    def _whole_power(self, args: list[Any], kinds: list[str | None], out: int) -> list[Tile] | None:
        """X ** 2 and x ** 3 as products; None for other powers."""
        exponent = args[1].value if args[1].__class__ is Literal else self._number(args[1])
        made = self.suffix(out)
        if exponent not in (2, 3) or kinds[0] not in ("f32", "f64") or made != kinds[0]:
            return None
        if self.shape(args[0]) != self.shape(out):
            return None
        square = Tile(f"square_{made}", (args[0],), out if exponent == 2 else -1)
        if exponent == 2:
            return [square]
        return [square, Tile(f"multiply_{made}", (square, args[0]), out)]

    def _number(self, slot: Any) -> Any:
        value = self.steps.constants.get(slot)
        return value.item() if isinstance(value, np.ndarray) and value.size == 1 else None

    def _matched(
        self, step: Step, label: str, args: list[Any], kinds: list[Any], out: int
    ) -> list[Tile] | None:
        made = self.suffix(out)
        values = kinds[1:] if label == "where" else kinds
        present = {k for k in values if k is not None}
        if not present or made is None or (label == "where" and kinds[0] != "u8"):
            return None
        # The type the operation works in: that of its inputs, or the result's if one is a bool.
        work = next(iter(present)) if len(present) == 1 else made
        name = f"{label}_{work}"
        if name not in self.machine.tiles or (made != work and made != "u8"):
            return None
        tiles: list[Tile] = []
        operands: list[Any] = []
        for i, (a, kind) in enumerate(zip(args, kinds, strict=True)):
            if kind in (None, work) or (label == "where" and i == 0):
                operands.append(a)
                continue
            cast = f"cast_{kind}_{work}"
            if cast not in self.machine.tiles:
                return None
            tiles.append(Tile(cast, (a,), -1))
            operands.append(tiles[-1])
        found = [*tiles, Tile(name, tuple(operands), out)]
        shape = self.shape(out)
        if all(a.__class__ is Literal or self.shape(a) in (shape, ()) for a in args):
            return found
        # Operands that are neither rows nor columns of the result are left to NumPy.
        return found if add(Group(self.shape(out) or ()), step, found, self.shape) else None


def _renamed(a: Any, same: dict[int, int]) -> Any:
    if a.__class__ is int:
        return same.get(a, a)
    if a.__class__ is list:
        return [same.get(s, s) for s in a]
    return a


# --- one segment ---
def _segment(steps: Sequence[Step], lowered: Sequence[Any], facts: _Facts) -> list[Step]:
    """The steps of a segment as kernels and groups.

    A long run of single Tiles over one shape fills groups as it stands: nothing is gained by an
    order of its own, which takes most of the time to plan a long graph.
    """
    found: list[Step] = []
    rest: list[Step] = []
    lows: list[Any] = []
    at = 0
    for first, last in _long_runs(lowered, facts):
        found += _scheduled([*rest, *steps[at:first]], [*lows, *lowered[at:first]], facts)
        run, tiles = _sums_early(steps[first:last], lowered[first:last])
        shape = facts.shape(tiles[0].out) or ()
        full = (len(run) - 1) // _LONGEST * _LONGEST
        for k in range(0, full, _LONGEST):
            inside, parts = tiles[k : k + _LONGEST], run[k : k + _LONGEST]
            found.append(_grouped(Group(shape, tiles=inside, steps=parts), facts))
        rest, lows, at = run[full:], tiles[full:], last  # these may run with what comes next
    return found + _scheduled([*rest, *steps[at:]], [*lows, *lowered[at:]], facts)


def _long_runs(lowered: Sequence[Any], facts: _Facts) -> list[tuple[int, int]]:
    """Where more single Tiles over one shape follow each other than a group takes."""
    shapes = facts.shapes
    found: list[tuple[int, int]] = []
    first, shape = 0, None
    for i, low in enumerate([*lowered, None]):
        own = shapes[low.out] if low.__class__ is Tile else None
        if own is not None and own == shape:
            continue
        if shape is not None and i - first > _LONGEST:
            found.append((first, i))
        first, shape = i, own
    return found


def _sums_early(steps: Sequence[Step], tiles: Sequence[Any]) -> tuple[list[Step], list[Any]]:
    """The steps of a run, where those of a long sum stand behind what they add.

    A sum of all gradients by one weight would else read every one of them from memory.
    """
    adding = [i for i, step in enumerate(steps) if len(step.instr.inputs) > _MANY]
    if not adding:
        return list(steps), list(tiles)
    maker = {t.out: i for i, t in enumerate(tiles)}
    place = list(range(len(steps)))
    for i in adding:
        place[i] = max([place[maker[a]] for a in tiles[i].args if a in maker], default=0)
    order = sorted(range(len(steps)), key=place.__getitem__)
    return [steps[i] for i in order], [tiles[i] for i in order]


def _scheduled(steps: Sequence[Step], lowered: Sequence[Any], facts: _Facts) -> list[Step]:
    """The steps in an order in which many elementwise ones run together."""
    if not steps:
        return []
    left, users = _dependencies(steps, facts)
    kernels: list[int] = []
    tiles: dict[Sizes, list[int]] = defaultdict(list)  # by shape
    shapes = facts.shapes

    def put(i: int) -> None:
        if lowered[i].__class__ is Lowering:
            heapq.heappush(kernels, i)
        else:
            tiles[shapes[steps[i].outputs[0]] or ()].append(i)

    done = [False] * len(steps)

    def finish(i: int) -> None:
        done[i] = True
        for u in users[i]:
            n = left[u] = left[u] - 1
            if not n:
                put(u)

    for i, n in enumerate(left):
        if n == 0:
            put(i)
    found: list[Step] = []
    while kernels or tiles:
        if kernels:
            i = heapq.heappop(kernels)
            if done[i]:
                continue
            steps[i].native = lowered[i]
            if not steps[i].chain:
                steps[i].in_place = ()  # said of the NumPy kernel
            found.append(steps[i])
            finish(i)
            continue
        i = min([min(waiting) for waiting in tiles.values()])
        group = Group(facts.shape(steps[i].outputs[0]) or ())
        _grow(group, i, steps, lowered, facts, tiles, kernels, done, finish)
        if not tiles[group.shape]:
            del tiles[group.shape]
        found.append(_grouped(group, facts))
    return found


def _dependencies(steps: Sequence[Step], facts: _Facts) -> tuple[list[int], list[list[int]]]:
    """For each step how many others must come before it, and which ones wait for it."""
    maker: dict[int, int] = {}
    waits: list[int] = []
    users: list[list[int]] = [[] for _ in steps]
    root = facts.roots
    roots = root.keys()
    touching: dict[int, list[int]] = defaultdict(list)  # cell -> steps since its last update
    updated: dict[int, int] = {}
    for i, step in enumerate(steps):
        elementwise = step.pattern is not None  # without lists among its arguments
        reads = [a for a in step.args if a.__class__ is int] if elementwise else step.reads
        if roots.isdisjoint(reads):
            n = 0
            for s in reads:
                if s in maker:
                    others = users[maker[s]]
                    if not others or others[-1] != i:  # else it reads two results of that step
                        others.append(i)
                        n += 1
            waits.append(n)
        else:
            need = {maker[s] for s in reads if s in maker}
            cells = {root[s] for s in reads if s in root}
            update = effect_of(step.instr) == "update"
            for c in cells:
                if c in updated:
                    need.add(updated[c])
                if update:
                    need.update(touching[c])
                    updated[c] = i
                    touching[c] = []
                else:
                    touching[c].append(i)
            definition, source = step.instr.definition, step.args[0]
            hands_on = definition.view or definition.effect == "read"
            if hands_on and source.__class__ is int and source in root:
                root.update(dict.fromkeys(step.outputs, root[source]))
            need.discard(i)
            waits.append(len(need))
            for j in need:
                users[j].append(i)
        for s in step.outputs:
            maker[s] = i
    return waits, users


def _grow(
    group: Group,
    first: int,
    steps: Sequence[Step],
    lowered: Sequence[Any],
    facts: _Facts,
    tiles: dict[Sizes, list[int]],
    kernels: list[int],
    done: list[bool],
    finish: Callable[[int], None],
) -> None:
    """Adds the first step to a group, then all that can run with it."""
    if not add(group, steps[first], lowered[first], facts.shape):
        raise AssertionError(f"{steps[first].instr.name} does not fit a group of its own")
    tiles[group.shape].remove(first)
    finish(first)
    grows = True
    while grows and len(group.tiles) < _LONGEST:
        grows = False
        waiting, tiles[group.shape] = tiles[group.shape], []
        for k, i in enumerate(waiting):
            if len(group.tiles) >= _LONGEST:
                tiles[group.shape] += waiting[k:]
                break
            if add(group, steps[i], lowered[i], facts.shape):
                finish(i)
                grows = True
            else:
                tiles[group.shape].append(i)
        for i in list(kernels):
            if not done[i] and _ends(group, steps[i], lowered[i], facts):
                finish(i)
                grows = True


def _ends(group: Group, step: Step, low: Any, facts: _Facts) -> bool:
    """Adds a reduction of something the group computes, if it fits."""
    if low.__class__ is not Lowering or not low.reduce or step.args[0] not in group.made:
        return False
    if len(group.reduces) >= 8:
        return False
    A, B, C = low.sizes
    if A * C > 1:
        rows = A if C == 1 else B
        if A > 1 and C > 1:
            return False
        k = leading(group.shape, rows)
        if k is None or (group.split is not None and not agree(group.split, k, group.shape)):
            return False
        group.split = k
    group.reduces.append((low.reduce, low.sizes, step.args[0], step.outputs[0]))
    group.steps.append(step)
    return True


def _grouped(group: Group, facts: _Facts) -> Step:
    """The step of a group. Its outputs: what others read, found when all groups are known."""
    last = group.steps[-1]
    inside = {t.out for t in group.tiles if t.out >= 0}
    operands = [a for t in group.tiles for a in t.args if a.__class__ is int]
    reads = [s for s in dict.fromkeys(operands) if s not in inside]
    outputs = [s for step in group.steps for s in step.outputs]
    whole = [s for s in reads if facts.shape(s) == group.shape]
    return Step(
        _unbound, "tiles", tuple(reads), tuple(outputs), last.instr, in_place=tuple(whole),
        parts=tuple(group.steps), group=group,
    )  # fmt: skip


def _unbound(*_: Any) -> Any:
    raise AssertionError("a group was not bound to a machine")


def trim(steps: Steps) -> None:
    """Leaves a group only those outputs that somebody reads, and drops groups without any."""
    used = set(steps.fetches)
    kept: list[Step] = []
    for step in reversed(steps.steps):
        if step.group is not None:
            step.outputs = tuple([s for s in step.outputs if s in used])
            if not step.outputs:
                continue
            group: Group = step.group
            group.reduces = [r for r in group.reduces if r[3] in used]
        used.update(step.reads)
        kept.append(step)
    steps.steps = kept[::-1]


def sized(steps: Steps, slot: int) -> int:
    """Bytes of a value whose size is known."""
    dtype = steps.dtypes[slot]
    n = count(steps.dims[slot])
    if n is None or dtype is None:
        raise AssertionError(f"slot {slot} has no size")
    return int(n) * dtype.size
