"""Elementwise operations: a body written once over `xp`, and what follows from it.

A body is a function of an array library and the inputs, such as
`lambda xp, x: xp.maximum(x, 0)`. It uses names that mean the same in NumPy and jax.numpy, Python
scalars, and no branches on values. Whoever runs it passes `numpy`, `jax.numpy`, or a recorder that
notes the ufuncs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from graphflow.core.declare import apply
from graphflow.core.errors import ShapeError
from graphflow.core.export import publish
from graphflow.core.opdef import OpDef, define
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import maps_values

if TYPE_CHECKING:
    from graphflow.core.dtypes import DType
    from graphflow.core.operation import Operation

Rule = Callable[..., Any]


def broadcast(a: Dims, b: Dims) -> Dims:
    """Returns the shape that two shapes broadcast to.

    Raises:
        ShapeError: if they do not.
    """
    if a == b and a is not None and None not in a:
        return a
    if a is None or b is None:
        return None
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    skip = len(long) - len(short)
    out = list(long[:skip])
    for x, y in zip(long[skip:], short, strict=True):
        if x == y or y == 1:
            out.append(x)
        elif x == 1:
            out.append(y)
        elif x is None or y is None:
            # An unknown size beside a known one above 1 is that one, or 1: both give that one.
            out.append(y if x is None else x)
        else:
            first, second = (x, y) if long is a else (y, x)
            raise ShapeError(
                f"Dimensions must be equal, but are {first} and {second}: the shapes "
                f"{text(a)} and {text(b)} do not broadcast",
                run=f"Incompatible shapes: {text(a)} vs. {text(b)}",
            )
    return tuple(out)


def same_shape(op: Operation) -> list[Dims]:
    """The shape rule of an operation whose outputs have the shape of its first input."""
    return [op.inputs[0].dims] * len(op.outputs)


def broadcast_shape(op: Operation) -> list[Dims]:
    """The shape rule of an operation whose inputs broadcast against each other."""
    inputs = op.inputs
    dims = inputs[0].dims
    for other in inputs[1:]:
        dims = broadcast(dims, other.dims)
    return [dims]


_makers: Final[dict[tuple[str, ...], Rule]] = {}


def public_function(definition: OpDef, name: str, doc: str | None) -> Any:
    """Makes the function `name(<ports>, <attributes>, name=None)` that declares the operation."""
    ports = tuple(port.name for port in definition.inputs)
    settled = {name for p in definition.inputs for name in (p.var, p.types, p.number)}
    options = tuple(
        f"{a.name}={a.default!r}" if a.has_default else a.name
        for a in definition.attrs.values()
        if a.kind != "type" and a.name not in settled
    )
    key = (*ports, *options)
    maker = _makers.get(key)
    if maker is None:
        passed = ", ".join([*ports, *(f"{o.split('=')[0]}={o.split('=')[0]}" for o in options)])
        source = (
            f"def make(apply, definition):\n"
            f"    def op({', '.join(key)}, name=None):\n"
            f"        return apply(definition, {passed}, name=name)\n"
            f"    return op\n"
        )
        space: dict[str, Any] = {}
        exec(compile(source, "<graphflow public function>", "exec"), space)
        maker = _makers[key] = space["make"]
    function = maker(apply, definition)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.definition = definition
    function.gradient = definition.gradient
    function.no_gradient = definition.no_gradient
    return function


def elementwise(
    text: str, *, tf: str = "", shape: Rule | None = None, sparse: bool = False, **constraints: Any
) -> Callable[[Rule], Any]:
    """Defines an elementwise operation from its body.

    Args:
        text: the signature.
        tf: public names, separated by spaces; none: the op has no public function of this form.
        shape: the shape rule; None: the inputs broadcast.
        sparse: whether the function of a SparseTensor maps its values.
        **constraints: as `define` takes them, and its flags (stateful, commutative, aggregate).

    Returns:
        A decorator that turns the body into the public function; `.gradient` on it sets the
        gradient, `.no_gradient(why)` says that there is none.
    """

    def make(body: Rule) -> Any:
        definition = define(text, **constraints)
        one_input = len(definition.inputs) == 1
        definition.shape_rule = shape or (same_shape if one_input else broadcast_shape)
        definition.body = body
        definition.in_place = tuple(range(len(definition.inputs)))
        function = public_function(definition, body.__name__, body.__doc__)
        if sparse:
            function = maps_values(definition.name)(function)
        publish(function, *tf.split())
        return function

    return make


def _row(
    signature: str, ufunc: str, gradient: Any, tf: str, doc: str | None, options: dict[str, Any]
) -> Any:
    def body(xp: Any, *inputs: Any) -> Any:
        return getattr(xp, ufunc)(*inputs)

    body.__name__ = tf.split()[0].rpartition(".")[2] if tf else signature.partition("(")[0]
    body.__doc__ = doc
    function = elementwise(signature, tf=tf, **options)(body)
    if callable(gradient):
        function.definition.gradient(gradient)
    else:
        function.definition.no_gradient(gradient)
    return function


def unary(
    name: str,
    types: Sequence[DType],
    ufunc: str,
    gradient: Rule | str,
    tf: str = "",
    doc: str | None = None,
    **options: Any,
) -> Any:
    """Defines `name(x: T) -> y: T` as one function of both array libraries.

    Args:
        name: the operation type.
        types: the dtypes it takes.
        ufunc: the function's name in NumPy and jax.numpy.
        gradient: `f(op, dy) -> dx`, or the reason why there is none.
        tf: public names, separated by spaces.
        doc: the docstring of the public function.
        **options: as `elementwise` takes them.
    """
    return _row(f"{name}(x: T) -> y: T", ufunc, gradient, tf, doc, {"T": tuple(types), **options})


def binary(
    name: str,
    types: Sequence[DType],
    ufunc: str,
    gradient: Rule | str,
    tf: str = "",
    doc: str | None = None,
    result: str = "T",
    **options: Any,
) -> Any:
    """Defines `name(x: T, y: T) -> z: T` as one function of both array libraries.

    Args:
        name: the operation type.
        types: the dtypes it takes.
        ufunc: the function's name in NumPy and jax.numpy.
        gradient: `f(op, dz) -> (dx, dy)` after broadcasting is undone, or the reason for none.
        tf: public names, separated by spaces.
        doc: the docstring of the public function.
        result: the output's type, "bool" for a comparison.
        **options: as `elementwise` takes them.
    """
    signature = f"{name}(x: T, y: T) -> z: {result}"
    return _row(signature, ufunc, gradient, tf, doc, {"T": tuple(types), **options})
