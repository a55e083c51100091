"""OpDef: everything the package knows about one operation type, in one object."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

from graphflow.core.dtypes import (
    DType,
    bfloat16,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint32,
    quint8,
    uint8,
    uint16,
    uint32,
    uint64,
)
from graphflow.core.signature import Attr, OpDefError, Port, Signature, TypeSet, parse

Rule = Callable[..., Any]
_R = TypeVar("_R", bound=Rule)

# The sets of types that TensorFlow's registry uses again and again.
FLOATS: Final = (bfloat16, float16, float32, float64)
HALF_UP: Final = (float16, float32, float64)
COMPLEX: Final = (complex64, complex128)
FLOATS_COMPLEX: Final = (*FLOATS, *COMPLEX)
REALS: Final = (
    float32, float64, int32, uint8, int16, int8, int64, bfloat16, uint16, float16, uint32, uint64,
)  # fmt: skip
NUMBERS: Final = (
    float32, float64, int32, uint8, int16, int8, complex64, int64, qint8, quint8, qint32,
    bfloat16, uint16, complex128, float16, uint32, uint64,
)  # fmt: skip
INDEX: Final = (int32, int64)


def default(allowed: tuple[DType, ...] | None, value: DType) -> TypeSet:
    """A type attribute that is one of `allowed` (None: any) and has the default `value`."""
    return TypeSet(allowed, value)


class OpDef:
    """One operation type: signature, shape rule, gradient, kernels and public names.

    A facet is set once, by the block that defines the type; a facet that is missing and one that
    is meant to be missing (`no_gradient`, `host_only`) are told apart.
    """

    __slots__ = (
        "_pure", "_signature", "_text", "blas", "body", "compiled_rule", "constraints",
        "contents_rule", "dense_quietly", "differentiable", "effect", "fetched", "flow",
        "gradient_raises", "host_reason", "in_place", "is_aggregate", "is_commutative",
        "is_stateful", "kernel", "makes_container", "module", "name", "no_gradient_reason",
        "partial_rule", "partials_rule", "passes_rows", "settled", "shape_rule", "takes", "view",
        "waits",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        *,
        stateful: bool = False,
        commutative: bool = False,
        aggregate: bool = False,
        effect: str | None = None,
        constraints: dict[str, Any],
    ) -> None:
        self.name = text[: text.index("(")].strip()
        self._text = text
        self.constraints = constraints
        self._signature: Signature | None = None
        self._pure: bool | None = None
        self.settled: dict[tuple[int, ...], tuple[dict[str, Any], list[DType]]] = {}
        """For the types of inputs that were seen: the attributes, if none is given, and the types
        of the outputs."""
        self.is_stateful = stateful
        self.is_commutative = commutative
        self.is_aggregate = aggregate
        self.effect = effect
        """What the op does to the variable at its first port: "read", "update" or None. A Ref
        port without this word means "update"."""
        self.shape_rule: Rule | None = None
        self.differentiable: Rule | None = None
        self.no_gradient_reason: str | None = None
        self.gradient_raises = False
        self.passes_rows = False
        """True if the gradient's rule takes IndexedSlices; other rules get tensors."""
        self.dense_quietly = False
        """True if TensorFlow does not warn where this rule gets a tensor made of IndexedSlices."""
        self.kernel: Rule | None = None
        self.body: Rule | None = None
        """The elementwise body over `xp`, where the op has one instead of a kernel."""
        self.compiled_rule: Rule | None = None
        """Says which compiled kernel computes the op; see core/lowering.py."""
        self.contents_rule: Rule | None = None
        """Says what the op puts into the container at its first input, or takes out of it."""
        self.makes_container = False
        """True if its first output is the handle of a new container."""
        self.takes = False
        """True if its output was in a container before: it may run as soon as its inputs are
        there and those before it that use containers have run."""
        self.host_reason: str | None = None
        self.partial_rule: Rule | None = None
        self.partials_rule: Rule | None = None
        """As `partial_rule`, for each of several outputs."""
        self.blas = False
        """True if the kernel calls BLAS: runs with such an operation keep it on one thread."""
        self.view = False
        """True if the kernel returns a view of its first input."""
        self.module = ""
        """The module that defines the type."""
        self.in_place: tuple[int, ...] = ()
        """Positions of the inputs whose buffer the kernel may use for its output."""
        self.flow: str | None = None
        """What the op does to the order of a run, where no kernel runs it: "switch", "merge",
        "enter", "exit", "next" or "condition"; "trigger": it runs even where what it waits for
        does not."""
        self.fetched: Rule | None = None
        """`fetched(value, tensor, session)` makes what a run returns for the output, where that is
        not the value itself."""
        self.waits: str | None = None
        """"take" if the kernel may wait for another thread to give it something, "give" if it may
        be what such a kernel waits for (and may itself wait for room)."""

    # --- signature ---
    @property
    def signature(self) -> Signature:
        """Ports and attributes, read from the text on first use (imports stay fast)."""
        if self._signature is None:
            self._signature = parse(self._text, self.constraints)
        return self._signature

    @property
    def is_pure(self) -> bool:
        """True if equal inputs always give equal outputs and nothing else happens."""
        if self._pure is None:
            stays = not self.is_stateful and self.effect is None
            self._pure = stays and not self.signature.has_ref
        return self._pure

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The input ports."""
        return self.signature.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The output ports."""
        return self.signature.outputs

    @property
    def attrs(self) -> dict[str, Attr]:
        """The attributes by name."""
        return self.signature.attrs

    # --- facets, as decorators ---
    def _set(self, facet: str, rule: _R) -> _R:
        if getattr(self, facet) is not None:
            raise OpDefError(f"{self.name}: two rules for {facet}")
        setattr(self, facet, rule)
        return rule

    def shape(self, rule: _R) -> _R:
        """Sets the shape rule: `rule(op) -> [dims of each output]`."""
        return self._set("shape_rule", rule)

    def gradient(self, rule: _R) -> _R:
        """Sets the gradient: `rule(op, *dys) -> dx or (dx of each input, None for none)`."""
        return self._set("differentiable", rule)

    def no_gradient(self, reason: str, *, raises: bool = False) -> OpDef:
        """Says that the op has no gradient, and why: its inputs get none.

        Args:
            reason: one clause.
            raises: whether differentiating raises LookupError, as TensorFlow does for the types
                that it registers nothing for.
        """
        self.no_gradient_reason = reason
        self.gradient_raises = raises
        return self

    def numpy(self, kernel: _R) -> _R:
        """Sets the NumPy kernel: `kernel(*arrays, *, <attributes it needs>) -> array(s)`.

        A kernel that has the parameter `out` fills the buffer it gets there (None: it makes its
        own) and returns it. One with the parameter `store` gets the session's Store, one with
        `memory` a dict that lives as long as the session and belongs to this operation.
        """
        return self._set("kernel", kernel)

    def compiled(self, rule: _R) -> _R:
        """Sets the rule for the compiled kernel: `rule(call) -> Lowering or None`.

        `call` is a `core.lowering.Call`; None: NumPy computes this one.
        """
        return self._set("compiled_rule", rule)

    def partial(self, rule: _R) -> _R:
        """Sets the rule for a value known from shapes: `rule(op) -> sizes or None`.

        The sizes are those of a 1-D integer output (a list of int or None), or of a 0-D one (an
        int or None).
        """
        return self._set("partial_rule", rule)

    def partials(self, rule: _R) -> _R:
        """Sets the rule for values known from shapes: `rule(op) -> [sizes or None]`.

        As `partial`, one item for each output.
        """
        return self._set("partials_rule", rule)

    def contents(self, rule: _R) -> _R:
        """Sets the rule for what goes into a container or comes out: `rule(op, contents)`.

        `contents` is the `core.contents.Contents` of the handle at the op's first input. Operations
        without a rule may do with a container what they like; nothing is known of it then.
        """
        return self._set("contents_rule", rule)

    def host_only(self, reason: str) -> OpDef:
        """Says that only NumPy can run the op, and why."""
        self.host_reason = reason
        return self

    def __repr__(self) -> str:
        return f"<OpDef {self._text}>"


HOMES: Final[dict[str, str]] = {}
"""The module that defines each operation type, so that it is imported on first use."""


class _Registry(dict[str, OpDef]):
    def __missing__(self, name: str) -> OpDef:
        home = HOMES.get(name)
        if home is not None:
            importlib.import_module(home)
            if dict.__contains__(self, name):
                return dict.__getitem__(self, name)
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in HOMES


REGISTRY: Final[dict[str, OpDef]] = _Registry()
"""Every operation type by its name; a type's module is imported when it is first asked for.

Iteration shows the types whose modules were imported.
"""


def _defining_module() -> str:
    frame = sys._getframe(2)
    while frame.f_back is not None and ".ops." not in frame.f_globals["__name__"]:
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


def define(
    text: str,
    *,
    stateful: bool = False,
    commutative: bool = False,
    aggregate: bool = False,
    effect: str | None = None,
    view: bool = False,
    blas: bool = False,
    in_place: tuple[int, ...] = (),
    shape: Rule | None = None,
    flow: str | None = None,
    waits: str | None = None,
    container: bool = False,
    takes: bool = False,
    **constraints: Any,
) -> OpDef:
    """Defines an operation type.

    Args:
        text: the signature, as `graphflow.core.signature` reads it.
        stateful: runs of the op are never merged or folded.
        commutative: the order of its inputs does not matter.
        aggregate: it adds up its inputs.
        effect: "read" or "update" of the variable at the first port.
        view: the kernel returns a view of its first input.
        blas: the kernel calls BLAS.
        in_place: positions of inputs whose buffer the kernel may give its output.
        shape: the shape rule, where a shared one serves.
        flow: what it does to the order of a run, where no kernel runs it; see `OpDef.flow`.
        waits: whether it may wait for other threads; see `OpDef.waits`.
        container: whether it makes one: its first output is the handle.
        takes: whether it takes its output out of one; see `OpDef.takes`.
        **constraints: by attribute name: allowed DTypes or strings, `default(...)`, or a minimum.

    Raises:
        OpDefError: if the name is taken.
    """
    new = OpDef(
        text,
        stateful=stateful,
        commutative=commutative,
        aggregate=aggregate,
        effect=effect,
        constraints=constraints,
    )
    new.view, new.blas, new.in_place, new.shape_rule = view, blas, in_place, shape
    new.flow, new.waits = flow, waits
    new.makes_container, new.takes = container, takes
    new.module = _defining_module()
    if REGISTRY.setdefault(new.name, new) is not new:
        raise OpDefError(f"{new.name} is defined twice")
    return new
