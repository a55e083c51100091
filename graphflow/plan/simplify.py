"""simplify: a table of rewrites on Programs; with `rows` and `in_place` what knows op names.

Rewrites come in two kinds. Exact ones leave the value of every slot that is read bit for bit what
it was (a nan stays one). Close ones compute the same function in other steps: the results differ by
rounding, and only where the declared steps lose a value do they keep it. So where the logarithm of
a softmax that was rounded to 0 is -inf in TensorFlow, and its product with a label nan, it is the
finite logarithm here; the gradient through it stays finite as well.

In: a merged Program. Out: the same with fewer and quicker instructions; what nobody uses any more
is left for `sweep`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.opdef import REGISTRY
from graphflow.core.shape import Dims
from graphflow.plan.program import Array, Instr, Program, inside

Found = int | Instr | None
Rewrite = Callable[["Facts", Instr], Found]
_TABLE: Final[dict[str, list[Rewrite]]] = {}
_FEW: Final = 1 << 12
"""Elements of a constant that are compared to find out whether all are one number."""
_SHAPED: Final = ("Reshape", "Squeeze", "ExpandDims")
_PRODUCTS: Final = {"MatMul": "transpose_", "BatchMatMul": "adj_", "BatchMatMulV2": "adj_"}


class Facts:
    """What a rewrite may ask about a Program, and how it adds to it."""

    __slots__ = ("added", "constants", "dims", "dtypes", "maker", "serial", "types")

    def __init__(self, program: Program) -> None:
        self.constants = dict(program.constants)
        self.dims = list(program.dims)
        self.dtypes = list(program.dtypes)
        self.maker: dict[int, Instr] = {}
        self.added: list[Instr] = []
        """New instructions, to run before the one that is being rewritten."""
        self.serial = min([0, *[i.serial for i in program.instrs]])
        self.types = {i.definition.name for i in program.instrs}
        """The operation types at the start of the pass."""

    # --- questions ---
    def constant(self, slot: int) -> Any:
        """The array in a slot if it is known, else None."""
        return self.constants.get(slot)

    def shape(self, slot: int) -> Dims:
        """The shape of a slot."""
        return self.dims[slot]

    def kind(self, slot: int) -> str:
        """The kind of a slot's type: "f", "i", "u", "c" and others."""
        return self.dtypes[slot].base_dtype.kind

    def number(self, slot: int) -> Any:
        """The number that every element of a constant is, bit for bit; None if there is none."""
        value = self.constants.get(slot)
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            return None
        if not 0 < value.size <= _FEW:
            return None
        first = value.reshape(-1)[0] if value.ndim else value[()]
        if value.size > 1 and value.tobytes() != first.tobytes() * value.size:
            return None
        return first

    def made_by(self, slot: int, *op_types: str) -> Instr | None:
        """The instruction that makes a slot, if it is one of these and waits for no other."""
        found = self.maker.get(slot)
        if found is None or found.definition.name not in op_types or found.after:
            return None
        return found if found.is_pure else None

    def unchanged(self, instr: Instr, slot: int, number: int) -> bool:
        """Whether the result surely has the shape of one operand, the other being constant."""
        if np.ndim(self.constants[number]) == 0:
            return True
        dims = self.dims[slot]
        return dims is not None and None not in dims and dims == self.dims[instr.outputs[0]]

    # --- additions ---
    def _new_slot(self, dtype: DType, dims: Dims) -> int:
        self.dtypes.append(dtype)
        self.dims.append(dims)
        return len(self.dims) - 1

    def put(self, op_type: str, like: Instr, inputs: Sequence[int], dims: Dims) -> int:
        """Adds an elementwise instruction and returns the slot of its result.

        Args:
            op_type: an operation type whose only attribute is the type of its operands.
            like: whose place, type and name it gets.
            inputs: its operands.
            dims: the shape of the result.
        """
        slot = self._new_slot(self.dtypes[like.outputs[0]], dims)
        self.serial -= 1
        new = as_type(like, op_type, inputs)
        new = replace(new, outputs=(slot,), serial=self.serial)
        self.added.append(new)
        self.maker[slot] = new
        return slot

    def fixed(self, value: Array, dtype: DType) -> int:
        """Adds a constant and returns its slot."""
        slot = self._new_slot(dtype, value.shape)
        self.constants[slot] = value
        return slot


def rewrite(*op_types: str) -> Callable[[Rewrite], Rewrite]:
    """Registers a rewrite: it returns what can stand for the output, or None.

    That is the slot with the same value, or the instruction that makes it.
    """

    def put(function: Rewrite) -> Rewrite:
        for name in op_types:
            _TABLE.setdefault(name, []).append(function)
        return function

    return put


def as_type(instr: Instr, op_type: str, inputs: Sequence[int], **attrs: Any) -> Instr:
    """The instruction with another operation type; of the attributes only the type `T` stays."""
    kept = {k: v for k, v in instr.attrs.items() if k == "T"}
    return replace(
        instr, definition=REGISTRY[op_type], inputs=tuple(inputs), attrs={**kept, **attrs}
    )


# --- exact: what hands its input on ---
@rewrite("Identity", "StopGradient", "PreventGradient", "EnsureShape", "PlaceholderWithDefault")
def _hands_on(facts: Facts, instr: Instr) -> Found:
    return instr.inputs[0]


@rewrite("Reshape", "Squeeze", "ExpandDims", "BroadcastTo", "Slice", "Pad", "PadV2", "Tile")
def _same_shape(facts: Facts, instr: Instr) -> Found:
    if any(facts.constant(s) is None for s in instr.inputs[1:]):
        return None  # a shape that is fed may be wrong: the kernel has to look
    before, after = facts.shape(instr.inputs[0]), facts.shape(instr.outputs[0])
    return instr.inputs[0] if before == after and before and None not in before else None


@rewrite("Sum", "Prod", "Max", "Min", "Mean", "All", "Any")
def _over_no_axis(facts: Facts, instr: Instr) -> Found:
    axes = facts.constant(instr.inputs[1])
    if axes is not None and axes.size == 0:
        return instr.inputs[0]
    return None


@rewrite("Cast")
def _to_the_same_type(facts: Facts, instr: Instr) -> Found:
    source, made = instr.inputs[0], instr.outputs[0]
    return source if facts.dtypes[source].base_dtype == facts.dtypes[made].base_dtype else None


@rewrite("AddN")
def _of_one(facts: Facts, instr: Instr) -> Found:
    return instr.inputs[0] if len(instr.inputs) == 1 else None


# --- exact: views of views, axes in order ---
@rewrite("Reshape")
def _of_a_view(facts: Facts, instr: Instr) -> Found:
    inner = facts.made_by(instr.inputs[0], *_SHAPED)
    if inner is None or facts.constant(instr.inputs[1]) is None:
        return None
    if any(facts.constant(s) is None for s in inner.inputs[1:]):
        return None
    known = [facts.shape(inner.inputs[0]), facts.shape(inner.outputs[0])]
    if any(dims is None or None in dims for dims in known):
        return None  # the inner one may have something against the sizes of the run
    return replace(instr, inputs=(inner.inputs[0], instr.inputs[1]))


@rewrite("Transpose")
def _in_place_order(facts: Facts, instr: Instr) -> Found:
    perm = facts.constant(instr.inputs[1])
    if perm is not None and perm.tolist() == list(range(perm.size)):
        return instr.inputs[0]
    return None


@rewrite("Transpose")
def _of_a_transpose(facts: Facts, instr: Instr) -> Found:
    inner = facts.made_by(instr.inputs[0], "Transpose")
    outer_perm = facts.constant(instr.inputs[1])
    inner_perm = None if inner is None else facts.constant(inner.inputs[1])
    if inner is None or outer_perm is None or inner_perm is None:
        return None
    if sorted(outer_perm.tolist()) != sorted(inner_perm.tolist()):
        return None
    perm = inner_perm[outer_perm]
    if perm.tolist() == list(range(perm.size)):
        return inner.inputs[0]
    slot = facts.fixed(perm, facts.dtypes[inner.inputs[1]])
    return replace(instr, inputs=(inner.inputs[0], slot), attrs=inner.attrs)


# --- exact: numbers that change nothing ---
def _operand_beside(facts: Facts, instr: Instr, fits: Callable[[Any], bool]) -> Found:
    """The operand whose neighbour, on the right or left, is a number that fits."""
    x, y = instr.inputs
    if x not in facts.constants and y not in facts.constants:
        return None
    for slot, number in ((x, y), (y, x)):
        value = facts.number(number)
        if value is not None and fits(value) and facts.unchanged(instr, slot, number):
            return slot
    return None


def _left_of(facts: Facts, instr: Instr, fits: Callable[[Any], bool]) -> Found:
    x, y = instr.inputs
    value = facts.number(y) if y in facts.constants else None
    return x if value is not None and fits(value) and facts.unchanged(instr, x, y) else None


def _is_one(value: Any) -> bool:
    return bool(value == 1)


@rewrite("Mul")
def _times_one(facts: Facts, instr: Instr) -> Found:
    return _operand_beside(facts, instr, _is_one)


@rewrite("RealDiv", "Div", "Pow")
def _by_one(facts: Facts, instr: Instr) -> Found:
    return _left_of(facts, instr, _is_one)


@rewrite("Add", "AddV2")
def _plus_nothing(facts: Facts, instr: Instr) -> Found:
    # -0.0 + 0.0 is 0.0: of floats only -0.0 changes nothing.
    return _operand_beside(
        facts, instr, lambda v: bool(v == 0 and (v.dtype.kind != "f" or np.signbit(v)))
    )


@rewrite("Sub")
def _minus_nothing(facts: Facts, instr: Instr) -> Found:
    return _left_of(facts, instr, lambda v: bool(v == 0 and not np.signbit(v)))


# --- exact: signs ---
@rewrite("Neg")
def _of_a_negative(facts: Facts, instr: Instr) -> Found:
    inner = facts.made_by(instr.inputs[0], "Neg")
    return None if inner is None else inner.inputs[0]


@rewrite("Add", "AddV2")
def _plus_a_negative(facts: Facts, instr: Instr) -> Found:
    x, y = instr.inputs
    for first, second in ((x, y), (y, x)):
        inner = facts.made_by(second, "Neg")
        if inner is not None:
            return as_type(instr, "Sub", (first, inner.inputs[0]))
    return None


@rewrite("Sub")
def _minus_a_negative(facts: Facts, instr: Instr) -> Found:
    inner = facts.made_by(instr.inputs[1], "Neg")
    return None if inner is None else as_type(instr, "AddV2", (instr.inputs[0], inner.inputs[0]))


@rewrite("Mul", "RealDiv")
def _of_two_negatives(facts: Facts, instr: Instr) -> Found:
    found = [facts.made_by(s, "Neg") for s in instr.inputs]
    if None in found or facts.kind(instr.outputs[0]) != "f":
        return None  # the least integer is its own negative
    return replace(instr, inputs=tuple([i.inputs[0] for i in found if i is not None]))


# --- close: powers that have functions of their own ---
@rewrite("Pow")
def _of_two(facts: Facts, instr: Instr) -> Found:
    base, exponent = instr.inputs
    value = facts.number(exponent)
    if value is None or value != 2 or facts.kind(base) not in "fi":
        return None
    return as_type(instr, "Square", (base,)) if facts.unchanged(instr, base, exponent) else None


@rewrite("Pow")
def _of_minus_one(facts: Facts, instr: Instr) -> Found:
    base, exponent = instr.inputs
    value = facts.number(exponent)
    if value is None or value != -1 or facts.kind(base) != "f":
        return None
    return as_type(instr, "Reciprocal", (base,)) if facts.unchanged(instr, base, exponent) else None


# --- close: the logarithm of a softmax, and the gradient through both ---
@rewrite("Log")
def _of_a_softmax(facts: Facts, instr: Instr) -> Found:
    inner = facts.made_by(instr.inputs[0], "Softmax")
    return None if inner is None else as_type(instr, "LogSoftmax", inner.inputs)


@rewrite("Mul")
def _times_its_softmax(facts: Facts, instr: Instr) -> Found:
    """`a / y * y` is a, and `(a / y - s) * y` is `a - s * y`, where y is a softmax."""
    if "Softmax" not in facts.types:
        return None
    for left, y in (instr.inputs, instr.inputs[::-1]):
        if facts.made_by(y, "Softmax") is None:
            continue
        dims = facts.shape(y)
        quotient = facts.made_by(left, "RealDiv")
        if quotient is not None and quotient.inputs[1] == y:
            same = dims is not None and None not in dims
            return quotient.inputs[0] if same and facts.shape(quotient.inputs[0]) == dims else None
        less = facts.made_by(left, "Sub")
        quotient = None if less is None else facts.made_by(less.inputs[0], "RealDiv")
        if less is None or quotient is None or quotient.inputs[1] != y:
            continue
        taken = facts.put("Mul", instr, (less.inputs[1], y), dims)
        return as_type(instr, "Sub", (quotient.inputs[0], taken))
    return None


# --- close: transposed factors ---
@rewrite(*_PRODUCTS)
def _of_transposes(facts: Facts, instr: Instr) -> Found:
    if facts.kind(instr.outputs[0]) == "c":
        return None  # an adjoint is more than a transpose
    inputs, attrs = list(instr.inputs), dict(instr.attrs)
    flags = [name for name in attrs if name.startswith(_PRODUCTS[instr.definition.name])]
    for k, flag in enumerate(sorted(flags)):
        inner = facts.made_by(inputs[k], "Transpose")
        perm = None if inner is None else facts.constant(inner.inputs[1])
        if inner is not None and perm is not None and _exchanges_the_last(perm.tolist()):
            inputs[k], attrs[flag] = inner.inputs[0], not attrs[flag]
    changed = tuple(inputs) != instr.inputs
    return replace(instr, inputs=tuple(inputs), attrs=attrs) if changed else None


def _exchanges_the_last(perm: list[int]) -> bool:
    n = len(perm)
    return n >= 2 and perm == [*range(n - 2), n - 1, n - 2]


# --- the pass ---
def simplify(program: Program) -> Program:
    """Runs the pass once over all instructions."""
    program = inside(program, simplify)
    facts = Facts(program)
    stands_for: dict[int, int] = {}
    waits_for: dict[int, tuple[int, ...]] = {}
    kept: list[Instr] = []
    for instr in program.instrs:
        if instr.after and not waits_for.keys().isdisjoint(instr.after):
            after = [w for s in instr.after for w in waits_for.get(s, (s,))]
            instr = replace(instr, after=tuple(after))
        if stands_for and not stands_for.keys().isdisjoint(instr.inputs):
            inputs = tuple([stands_for.get(s, s) for s in instr.inputs])
            instr = replace(instr, inputs=inputs)
        found = _rewritten(facts, instr)
        if facts.added:
            kept += facts.added
            facts.added.clear()
        if found.__class__ is int:
            stands_for[instr.outputs[0]] = found
            maker = facts.maker.get(found)
            waits_for[instr.serial] = () if maker is None else (maker.serial,)
        else:
            kept.append(found)
            for s in found.outputs:
                facts.maker[s] = found
    fetches = tuple([stands_for.get(s, s) for s in program.fetches])
    return program.with_instrs(
        kept, fetches=fetches, dims=tuple(facts.dims), dtypes=tuple(facts.dtypes),
        constants=facts.constants,
    )  # fmt: skip


def _rewritten(facts: Facts, instr: Instr) -> Any:
    """The slot or the instruction that stands for an instruction: itself if no rewrite fits."""
    if instr.definition.name not in _TABLE or not instr.is_pure or instr.after:
        return instr
    again = True
    while again:  # what a rewrite makes may fit another one
        again = False
        for function in _TABLE.get(instr.definition.name, ()):
            found = function(facts, instr)
            if found.__class__ is int:
                return found
            if found is not None:
                instr, again = found, True  # type: ignore[assignment]  # no slot, so an instruction
                break
    return instr
