"""chains: steps that follow each other and have one compiled kernel for all of them.

A table of such chains: sums of products, convolutions with what commonly stands behind them. The
steps of a chain stay with the one that takes their place: NumPy runs them where compiled code
cannot.

In: steps and how each is lowered. Out: the same lists, changed in place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from graphflow.core.lowering import Lowering
from graphflow.plan.record import Literal, Step, Steps

_FIRST: Final = ("gemm.", "conv2d.")
"""The kernels that chains begin with."""
Sizes = tuple[int, ...]
ShapeOf = Callable[[int], "Sizes | None"]


@dataclass(slots=True)
class Tile:
    """One elementwise operation of a group: a name of the machine's, operands, the result.

    Operands are slots, Literals and, for casts made on the way, other Tiles.
    """

    name: str
    args: tuple[Any, ...]
    out: int


def join(steps: Steps, lowered: list[Any], shape: ShapeOf) -> None:
    """Joins all chains of the table.

    Args:
        steps: the steps.
        lowered: for each a Lowering, a Tile or a list of them, or None for what NumPy runs.
        shape: the shape of a slot.
    """
    if not any(low.__class__ is Lowering and low.kernel.startswith(_FIRST) for low in lowered):
        return
    chains = _Chains(steps, lowered, shape)
    for i in range(len(lowered)):
        for rule in (chains.add_product, chains.add_bias, chains.rectify, chains.pool):
            rule(i)


class _Chains:
    """The rules: each looks at one step and joins it to the one before it, if that fits."""

    def __init__(self, steps: Steps, lowered: list[Any], shape: ShapeOf) -> None:
        self.steps = steps.steps
        self.lowered = lowered
        self.shape = shape
        self.uses: dict[int, int] = defaultdict(int)
        for step in self.steps:
            for s in step.reads:
                self.uses[s] += 1
        for s in steps.fetches:
            self.uses[s] += 2  # what the user gets has to be made
        self.maker = {s: i for i, step in enumerate(self.steps) for s in step.outputs}

    def _before(self, slot: Any, kernel: str) -> int | None:
        """The step that makes a slot for this reader only, with such a kernel; or None."""
        if slot.__class__ is not int or self.uses[slot] != 1 or slot not in self.maker:
            return None
        i = self.maker[slot]
        low = self.lowered[i]
        fits = low.__class__ is Lowering and low.kernel.startswith(kernel)
        return i if fits else None

    def _tile(self, i: int, name: str) -> Step | None:
        """The step i if it is one elementwise operation of this name."""
        low = self.lowered[i]
        if low.__class__ is list and len(low) == 1:
            low = low[0]
        return self.steps[i] if low.__class__ is Tile and low.name == name else None

    def _replace(self, first: int, last: int, low: Lowering, args: tuple[Any, ...]) -> None:
        """Puts one step in the place of two; the first one does nothing any more."""
        one, two = self.steps[first], self.steps[last]
        self.steps[last] = replace(
            one, args=args, outputs=two.outputs, in_place=(), is_view=False,
            chain=(*(one.chain or (one,)), *(two.chain or (two,))),
        )  # fmt: skip
        self.lowered[last] = low
        self.lowered[first] = Lowering("nothing")
        self.steps[first] = replace(one, args=(), outputs=())
        for s in two.outputs:
            self.maker[s] = last

    def add_product(self, i: int) -> None:
        """`x + a b` in one kernel, where x is a product or such a sum itself.

        So the gradient by a weight of an unrolled loop is written once, not once for each turn.
        """
        step = self._tile(i, "add_f32") or self._tile(i, "add_f64")
        if step is None or len(step.args) != 2:
            return
        made = [self._before(a, "gemm.") for a in step.args]
        if None in made or self.shape(step.args[0]) != self.shape(step.args[1]):
            return
        plain = [not self.lowered[j].sizes[-1] for j in made if j is not None]
        which = 1 if plain[1] else 0 if plain[0] else None
        if which is None:
            return
        first = made[which]
        assert first is not None  # checked above
        low, other = self.lowered[first], step.args[1 - which]
        args = (other, *self.steps[first].args)
        self._replace(first, i, replace(low, sizes=(*low.sizes[:-1], 1)), args)
        self.steps[i].in_place = (other,)

    def add_bias(self, i: int) -> None:
        """A convolution starts its sums with the bias."""
        step = self._tile(i, "add_f32")
        if step is None or len(step.args) != 2:
            return
        for conv, bias in (step.args, step.args[::-1]):
            first = self._before(conv, "conv2d.f32")
            if first is None or bias.__class__ is not int:
                continue
            low = self.lowered[first]
            channels = low.sizes[6]
            if low.sizes[15] or low.sizes[16] or self.shape(bias) != (channels,):
                continue
            sizes = (*low.sizes[:15], 1, 0)
            self._replace(first, i, replace(low, sizes=sizes), (*self.steps[first].args, bias))
            return

    def rectify(self, i: int) -> None:
        """A convolution replaces what is below zero on its way out."""
        step = self._tile(i, "maximum_f32")
        if step is None:
            return
        zero, x = step.args
        if zero.__class__ is not Literal or zero.value != 0:
            return
        first = self._before(x, "conv2d.f32")
        if first is not None and not self.lowered[first].sizes[16]:
            low = self.lowered[first]
            self._replace(
                first, i, replace(low, sizes=(*low.sizes[:16], 1)), self.steps[first].args
            )

    def pool(self, i: int) -> None:
        """A convolution whose only reader takes maxima of windows hands on just these."""
        low = self.lowered[i]
        if low.__class__ is not Lowering or low.kernel != "max_pool.f32":
            return
        first = self._before(self.steps[i].args[0], "conv2d.f32")
        if first is not None:
            sizes = (*self.lowered[first].sizes, *low.sizes)
            self._replace(first, i, Lowering("conv2d_pool.f32", sizes), self.steps[first].args)
