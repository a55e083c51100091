"""groups: elementwise operations over one shape, which can run together tile by tile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.lowering import Call, Lowering
from graphflow.plan.chains import ShapeOf, Sizes, Tile
from graphflow.plan.record import Step, Steps


@dataclass(slots=True)
class Group:
    """Elementwise operations over one shape, run tile by tile, and reductions of their results.

    `split`: with an operand that is a row or a column, the number of leading axes that count rows.
    """

    shape: Sizes
    split: int | None = None
    tiles: list[Tile] = field(default_factory=list)
    reduces: list[tuple[str, Sizes, int, int]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    made: set[int] = field(default_factory=set)


def add(group: Group, step: Step, made: Tile | Sequence[Tile], shape_of: ShapeOf) -> bool:
    """Adds an elementwise step if its operands fit the group's rows and columns.

    Those of a Tile that is not in a list have the group's shape.
    """
    if isinstance(made, Tile):
        if not group.reduces:
            group.tiles.append(made)
            group.steps.append(step)
            group.made.add(made.out)
            return True
        made = (made,)
    split, whole = group.split, group.shape
    reduced = {out for _, _, _, out in group.reduces} if group.reduces else ()
    own = {t.out for t in made}
    for t in made:
        for a in t.args:
            if a.__class__ is not int or a in group.made or a in own:
                continue
            if a in reduced:
                return False  # known only when all tiles are through
            shape = shape_of(a)
            if shape == whole:
                continue
            wanted: Any = "no" if shape is None else _split(shape, whole)
            if wanted == "no":
                return False
            if wanted is None:
                continue
            if split is None:
                split = wanted
            if not agree(split, wanted, whole):
                return False
    group.split = split
    group.tiles += made
    group.steps.append(step)
    group.made.add(step.outputs[0])
    return True


def agree(split: int, other: Any, shape: Sizes) -> bool:
    """Whether two numbers of leading axes count the same rows."""
    return math.prod(shape[:split]) == math.prod(shape[: int(other)])


def _split(shape: Sizes, whole: Sizes) -> Any:
    """How an operand lies in the group: None: whole or one number; k: rows or columns; "no"."""
    if shape == whole or math.prod(shape) == 1:
        return None
    own = (1,) * (len(whole) - len(shape)) + shape
    if len(own) != len(whole):
        return "no"
    if own == whole:
        return None
    k = next(i for i, n in enumerate(own) if n != 1)  # a row: ones, then the whole's sizes
    if own[k:] == whole[k:]:
        return k
    k = len(own) - next(i for i, n in enumerate(reversed(own)) if n != 1)
    return k if own[:k] == whole[:k] else "no"


def leading(shape: Sizes, rows: int) -> int | None:
    """How many leading axes count so many rows; None if there is no such number."""
    return next((k for k in range(len(shape) + 1) if math.prod(shape[:k]) == rows), None)


# --- what steps are ---
def known_shape(steps: Steps, slot: int) -> Sizes | None:
    """The shape of a slot; None if it is not known."""
    dims = steps.dims[slot]
    value = steps.constants.get(slot)
    if isinstance(value, np.ndarray):
        return tuple(value.shape)
    return None if dims is None or None in dims else dims  # type: ignore[return-value]  # no None is among them


def lowering(steps: Steps, step: Step) -> Lowering | None:
    """What a compiled kernel would do for a step: it tells what kind of operation it is."""
    definition = step.instr.definition
    if definition.compiled_rule is None or step.function is not definition.kernel:
        return None
    shapes = [known_shape(steps, s) for s in step.reads]
    outs = [known_shape(steps, s) for s in step.outputs]
    dtypes = [steps.dtypes[s] for s in step.reads]
    if None in shapes or None in outs or None in dtypes:
        return None
    known = {i: steps.constants.get(s) for i, s in enumerate(step.reads)}
    constants = {i: x for i, x in known.items() if isinstance(x, np.ndarray)}
    try:
        call = Call(step.instr.attrs, shapes, dtypes, outs, constants)  # type: ignore[arg-type]  # no None is among them
        found: Lowering | None = definition.compiled_rule(call)
    except (IndexError, KernelError, ShapeError, ValueError):
        return None  # sizes that no run accepts
    return found
