"""Elementwise operations of a group that the machine does in one pass over a tile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from graphflow.plan.chains import Tile
from graphflow.plan.record import Literal

_FIRST: Final = {
    "add_f32": "add", "subtract_f32": "subtract", "multiply_f32": "multiply",
    "square_f32": "multiply",
}  # fmt: skip
_SECOND: Final = {
    "add_f32": ("then_add", "then_add"),
    "multiply_f32": ("then_multiply", "then_multiply"),
    "subtract_f32": ("then_subtract", "from_subtract"),
    "true_divide_f32": ("then_true_divide", "from_true_divide"),
}
"""What the machine calls them behind the first, which is their left or right operand."""


def shortened(tiles: Sequence[Tile], wanted: Collection[int]) -> list[Tile]:
    """Joins operations whose parts nobody else reads: sigmoids, and pairs of plain ones.

    Each operation of a pair is rounded by itself: the numbers stay what they were.

    Args:
        tiles: the operations of a group, in order.
        wanted: slots that somebody outside reads.
    """
    return _paired(_sigmoids(tiles, wanted), wanted)


class _Inner:
    """Finds what makes the operand of an operation that alone reads it."""

    def __init__(self, tiles: Sequence[Tile], wanted: Collection[int]) -> None:
        self._maker = {t.out: t for t in tiles if t.out >= 0}
        self._readers = Counter(a for t in tiles for a in t.args if a.__class__ is int)
        self._wanted = wanted

    def of(self, operand: object) -> Tile | None:
        """The operation that makes an operand which has one reader, or None."""
        if operand.__class__ is not int or operand in self._wanted or self._readers[operand] != 1:
            return None
        return self._maker.get(operand)


def _sigmoids(tiles: Sequence[Tile], wanted: Collection[int]) -> list[Tile]:
    """With `1 / (1 + exp(-x))` as one operation."""
    if not any(t.name == "exp_f32" for t in tiles):
        return list(tiles)
    inner = _Inner(tiles, wanted)

    def part(t: Tile | None, name: str, one: bool) -> Tile | None:
        """What makes the operand of t, if t is that operation."""
        if t is None or t.name != name:
            return None
        first = t.args[0]
        if one and not (first.__class__ is Literal and first.value == 1):
            return None
        return inner.of(t.args[-1])

    gone: set[int] = set()
    found: list[Tile] = []
    for t in tiles:
        plus = part(t, "true_divide_f32", True)
        exp = part(plus, "add_f32", True)
        minus = part(exp, "exp_f32", False)
        if plus is None or exp is None or minus is None or minus.name != "negative_f32":
            found.append(t)
            continue
        gone.update([plus.out, exp.out, minus.out])
        found.append(Tile("sigmoid_f32", minus.args, t.out))
    return [t for t in found if t.out not in gone]


def _paired(tiles: Sequence[Tile], wanted: Collection[int]) -> list[Tile]:
    inner = _Inner(tiles, wanted)
    gone: set[int] = set()
    joined: set[int] = set()
    found: list[Tile] = []
    for t in tiles:
        names = _SECOND.get(t.name)
        for i, operand in enumerate(t.args if names else ()):
            first = inner.of(operand)
            if first is None or first.name not in _FIRST or first.out in joined:
                continue
            a, b = first.args if len(first.args) == 2 else (first.args[0], first.args[0])
            name = f"{_FIRST[first.name]}_{names[i]}_f32"  # type: ignore[index]  # else no operands
            t = Tile(name, (a, b, t.args[1 - i]), t.out)
            gone.add(first.out)
            joined.add(t.out)
            break
        found.append(t)
    return [t for t in found if t.out not in gone]
