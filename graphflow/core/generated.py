"""One plain function for each operation type, as TensorFlow's build generates them.

`tf.raw_ops.Add(x=..., y=...)` and `gen_math_ops.add(x, y)` of its inside are made here when
somebody asks for them, from the signature of the type: input ports, attributes without a default,
those with one, and the name. Nothing is added to what the operation itself does.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.opdef import HOMES, REGISTRY, OpDef
from graphflow.core.signature import NO_DEFAULT

Function = Callable[..., Any]
_ARGUMENTS: Final = Path(__file__).with_name("generated_arguments.txt")


def op_types() -> list[str]:
    """The names of all operation types, sorted; a library's functions are none."""
    return sorted(HOMES)


def python_name(op_type: str) -> str:
    """The name of an operation type's generated function.

    >>> python_name("Conv2DBackpropInput"), python_name("HSVToRGB")
    ('conv2d_backprop_input', 'hsv_to_rgb')
    """
    name = re.sub(r"(\d)D(?![a-z])", r"\1d", op_type)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name).lower()


@functools.cache
def _by_python_name() -> dict[str, str]:
    return {python_name(op_type): op_type for op_type in op_types()}


@functools.cache
def _irregular() -> dict[str, list[str]]:
    """Arguments by operation type, where they do not follow from the signature."""
    text = re.sub(r"#.*\n", "", _ARGUMENTS.read_text()).replace("\n    ", " ")
    return {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}


def arguments(definition: OpDef) -> dict[str, str]:
    """The port or attribute behind each argument of a type's function, in order."""
    irregular = _irregular().get(definition.name)
    if irregular is not None:
        pairs = [word.partition("=") for word in irregular]
        return {name: port or name for name, _, port in pairs}
    ports = [port.name for port in definition.inputs]
    inferred = {
        key
        for port in definition.inputs
        for key in (port.var, port.number, port.types)
        if key is not None
    }
    attrs = sorted(key for key in definition.attrs if key not in inferred)
    attrs.sort(key=lambda key: definition.attrs[key].has_default)
    return {name: name for name in [*ports, *attrs]}


@functools.cache
def generated(name: str) -> Function:
    """Returns the function of that Python name, such as "mat_mul" or "_range".

    Raises:
        KeyError: if no operation type has it.
    """
    definition = REGISTRY[_by_python_name()[name.removeprefix("_")]]
    return _made(definition, name, arguments(definition))


@functools.cache
def keywords_only(op_type: str) -> Function:
    """Returns the function of an operation type that takes keyword arguments only.

    Raises:
        KeyError: if there is no such type.
    """
    definition = REGISTRY[op_type]
    given = arguments(definition)
    plain = _made(definition, op_type, given)

    @functools.wraps(plain)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if args:
            raise TypeError(
                f"{op_type} only takes keyword args (possible keys: {[*given, 'name']}). Please "
                "pass these args as kwargs instead."
            )
        return plain(**kwargs)

    return wrapper


def _made(definition: OpDef, name: str, given: dict[str, str]) -> Function:
    ports = {port.name: index for index, port in enumerate(definition.inputs)}
    signature = _signature(definition, given)

    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as e:
            problem = str(e).replace("a required", "1 required positional")  # as Python's own
            raise TypeError(f"{name}() {problem}") from None
        inputs: list[Any] = [None] * len(ports)
        attrs: dict[str, Any] = {}
        node = bound.arguments.pop("name", None)
        for key, value in bound.arguments.items():
            port = given[key]
            if port in ports:
                inputs[ports[port]] = value
            else:
                attrs[port] = value
        return apply(definition, *inputs, name=node, **attrs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Declares an operation of type {definition.name}."
    function.__signature__ = signature  # type: ignore[attr-defined]  # for inspect
    return function


def _signature(definition: OpDef, given: dict[str, str]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = []
    for name, port in given.items():
        attr = definition.attrs.get(port)
        plain = attr is None or attr.default is NO_DEFAULT
        default = inspect.Parameter.empty if plain else attr.default  # type: ignore[union-attr]
        parameters.append(inspect.Parameter(name, kind, default=default))
    parameters.append(inspect.Parameter("name", kind, default=None))
    return inspect.Signature(parameters)
