"""`apply`: declares one operation: names it, converts its inputs, settles its attributes."""

from __future__ import annotations

import numbers
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from graphflow.core import scopes, values
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.errors import declaration_message
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape, as_shape, text
from graphflow.core.signature import NO_DEFAULT, Attr, Port
from graphflow.core.site import user_site
from graphflow.core.tensor import Tensor

if TYPE_CHECKING:
    from graphflow.core.graph import Graph


def apply(definition: OpDef | str, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
    """Declares an operation and returns what it makes.

    Args:
        definition: the operation type, or its name.
        *inputs: a value for each input port; a list for a list port.
        name: the node's name; None: the operation type; one that ends with "/" is used as it is.
        **attrs: attributes; those with a default may be left out.

    Returns:
        The Operation where it has no outputs, the Tensor where it has one, else a named tuple;
        a list port is a list of tensors.

    Raises:
        TypeError: if an input or attribute has the wrong type.
        ValueError: if shapes or attribute values contradict each other.
    """
    if definition.__class__ is str:
        definition = REGISTRY[definition]
    return results(declare(definition, inputs, name, attrs))  # type: ignore[arg-type]  # a name was looked up


def declare(
    definition: OpDef, inputs: Sequence[Any], name: str | None, attrs: dict[str, Any]
) -> Operation:
    """As `apply`, and returns the Operation itself."""
    graph = scopes.graph_from_inputs(inputs)
    scope = graph.unique_name(definition.name) if name is None else graph.enter_name(name)
    key = None if attrs else _types_of(inputs)
    if key is not None and (found := definition.settled.get(key)) is not None:
        known, dtypes = found
        same: Operation = graph.add(definition, inputs, known, scope, dtypes)
        return same
    if graph.executes:
        return graph.execute(definition, inputs, name, attrs)  # type: ignore[no-any-return]  # an Operation
    outer, graph._name_stack = graph._name_stack, scope
    stack = scopes.graphs.items
    stack.append(graph)
    try:
        call = _Call(definition, scope)
        call.take_inputs(inputs)
        settled = call.settle(attrs)
    finally:
        stack.pop()
        graph._name_stack = outer
    dtypes = output_dtypes(definition, settled)
    if key is not None:
        definition.settled[key] = settled, dtypes
    op: Operation = graph.add(definition, call.flat, settled, scope, dtypes)
    return op


def declare_named(
    graph: Graph, definition: OpDef, inputs: tuple[Tensor, ...], scope: str
) -> Operation:
    """As `declare`, without attributes, under a name that the graph has given already.

    Args:
        graph: the graph of the inputs.
        definition: the operation type.
        inputs: a tensor for each input port.
        scope: the node's name.
    """
    key = _types_of(inputs)
    found = None if key is None else definition.settled.get(key)
    if found is None:
        return declare(definition, inputs, f"{scope}/", {})
    return graph.add(definition, inputs, found[0], scope, found[1])


def _types_of(inputs: Sequence[Any]) -> tuple[int, ...] | None:
    """The types of inputs if all are tensors: attributes that are not given follow from them."""
    found: list[int] = []
    for x in inputs:
        if x.__class__ is not Tensor:
            return None
        found.append(x._dtype._enum)
    return tuple(found)


def results(op: Operation) -> Any:
    """The outputs of an operation as `apply` returns them."""
    signature = op.definition.signature
    if signature.makes_one:
        return op.outputs[0]
    ports = signature.outputs
    if not ports:
        return None if op.graph.executes else op
    if len(ports) == 1:
        return list(op.outputs)
    found: list[Any] = []
    at = 0
    for port in ports:
        if port.is_list:
            n = port_length(port, op.attrs)
            found.append(op.outputs[at : at + n])
            at += n
        else:
            found.append(op.outputs[at])
            at += 1
    return _result_type(op.definition)(*found)


_result_types: dict[str, Any] = {}


def _result_type(definition: OpDef) -> Any:
    if definition.name not in _result_types:
        fields = [port.name for port in definition.outputs]
        made = namedtuple(definition.name, fields)  # type: ignore[misc]  # fields: the signature's
        _result_types[definition.name] = made
    return _result_types[definition.name]


def port_length(port: Port, attrs: Mapping[str, Any]) -> int:
    """How many tensors a list port holds under these attributes."""
    return int(attrs[port.number]) if port.number is not None else len(attrs[port.types or ""])


def output_dtypes(definition: OpDef, attrs: Mapping[str, Any]) -> list[DType]:
    """The dtype of each output under these attributes."""
    found: list[DType] = []
    for port in definition.outputs:
        if port.types is not None:
            found += attrs[port.types]
            continue
        dtype: DType = attrs[port.var or ""] if port.dtype is None else port.dtype
        if port.is_ref:
            dtype = dtype._as_ref
        found += [dtype] * (1 if port.number is None else attrs[port.number])
    return found


class _Call:
    """One operation being declared."""

    __slots__ = ("attrs", "definition", "flat", "inferred", "name")

    def __init__(self, definition: OpDef, name: str) -> None:
        self.definition = definition
        self.name = name
        self.flat: list[Tensor] = []
        self.attrs: dict[str, Any] = {}
        self.inferred: dict[str, str] = {}

    # --- inputs ---
    def take_inputs(self, inputs: Sequence[Any]) -> None:
        ports = self.definition.inputs
        if len(inputs) != len(ports):
            raise TypeError(
                f"{self.definition.name} takes {len(ports)} inputs "
                f"({', '.join(p.name for p in ports)}), not {len(inputs)}"
            )
        for port, value in zip(ports, inputs, strict=True):
            if port.number is None and port.types is None:
                self._take(port, value)
            else:
                self._take_list(port, value)

    def _take(self, port: Port, value: Any) -> None:
        var = port.var
        wanted: DType | None = port.dtype if var is None else self.attrs.get(var)
        if value.__class__ is Tensor and not port.is_ref:
            tensor = value
        else:
            tensor = self._convert(port, value, wanted)
        found = tensor._dtype._base
        if wanted is None:
            if var is None:
                raise TypeError(f"{self.definition.name}: port {port.name!r} has no type")
            self._bind(port, found)
        elif wanted is not found and wanted != found:
            self._mismatch(port, found)
        if port.is_ref and not tensor.dtype.is_ref:
            raise TypeError(
                f"'{self.definition.name}' Op requires that input '{port.name}' be a mutable "
                "tensor (e.g.: a tf.Variable)"
            )
        self.flat.append(tensor)

    def _convert(self, port: Port, value: Any, wanted: DType | None) -> Tensor:
        preferred = None
        if wanted is None and port.var is not None:
            attr = self.definition.attrs[port.var]
            preferred = attr.default if attr.has_default else None
        try:
            converted: Tensor = convert(
                value, wanted, port.name, preferred=preferred, as_ref=port.is_ref
            )
            if converted.__class__ is EagerTensor:
                scopes.get_default_graph().check_value(converted)
        except TypeError as e:
            if wanted is None:
                raise
            raise TypeError(
                f"Expected {wanted.name} passed to parameter '{port.name}' of op "
                f"'{self.definition.name}', got {value!r} of type '{type(value).__name__}' "
                f"instead. Error: {e}{self._where()}"
            ) from None
        except ValueError as e:
            try:
                found = convert(value, as_ref=port.is_ref).dtype.base_dtype
            except (ValueError, TypeError):
                raise ValueError(
                    f"Tried to convert '{port.name}' to a tensor and failed. Error: {e}"
                    f"{self._where()}"
                ) from None
            self._mismatch(port, found)
        return converted

    def _where(self) -> str:
        return f"\n  {self.definition.name} '{self.name}'\n  made at {user_site(2)}"

    def _bind(self, port: Port, found: DType) -> None:
        key = port.var
        attr = self.definition.attrs[key]  # type: ignore[index]  # the caller checked
        if attr.allowed is not None and found not in attr.allowed:
            raise TypeError(self._not_allowed(port.name, found, attr) + self._where())
        self.attrs[key] = found  # type: ignore[index]  # as above
        self.inferred[key] = port.name  # type: ignore[index]  # as above

    @staticmethod
    def _not_allowed(name: str, found: DType, attr: Attr) -> str:
        allowed = ", ".join(d.name for d in attr.allowed or ())
        return (
            f"Value passed to parameter '{name}' has DataType {found.name} not in list of "
            f"allowed values: {allowed}"
        )

    def _mismatch(self, port: Port, found: DType) -> NoReturn:
        op = self.definition.name
        if port.dtype is not None:
            problem = (
                f"Input '{port.name}' of '{op}' Op has type {found.name} that does not match "
                f"expected type of {port.dtype.name}."
            )
        else:
            key = port.var or ""
            other = self.attrs.get(key) or self.definition.attrs[key].default
            source = self.inferred.get(key, "Default in OpDef")
            problem = (
                f"Input '{port.name}' of '{op}' Op has type {found.name} that does not match "
                f"type {other.name} of argument '{source}'."
            )
        ports = [
            (p.name, t.name, f"{t.dtype.base_dtype.name} {text(t.dims)}")
            for p, t in zip(self.definition.inputs, self.flat, strict=False)
            if not p.is_list
        ]
        raise TypeError(declaration_message(op, self.name, problem, ports, user_site(2)))

    def _take_list(self, port: Port, value: Any) -> None:
        if not isinstance(value, list | tuple):
            raise TypeError(
                f"Expected list for '{port.name}' argument to '{self.definition.name}' Op, "
                f"not {value}."
            )
        wanted = port.dtype if port.var is None else self.attrs.get(port.var)
        if wanted is None and port.number is not None:
            wanted = next((t.dtype.base_dtype for t in value if isinstance(t, Tensor)), None)
        preferred = None
        if wanted is None and port.var is not None:
            attr = self.definition.attrs[port.var]
            preferred = attr.default if attr.has_default else None
        try:
            tensors = [
                convert(v, wanted, f"{port.name}_{i}", preferred=preferred, as_ref=port.is_ref)
                for i, v in enumerate(value)
            ]
            found = [t.dtype.base_dtype for t in tensors]
            if port.number is not None and len(set(found)) > 1:
                raise TypeError("the types differ")
        except (TypeError, ValueError) as e:
            raise TypeError(self._list_problem(port, value, wanted) + self._where()) from e
        self._settle_list(port, found)
        self.flat += tensors

    def _list_problem(self, port: Port, value: Sequence[Any], wanted: DType | None) -> str:
        seen = []
        for item in value:
            try:
                seen.append(convert(item).dtype.base_dtype.name)
            except (TypeError, ValueError):
                seen.append("<NOT CONVERTIBLE TO TENSOR>")
        prefix = (
            f"Tensors in list passed to '{port.name}' of '{self.definition.name}' Op have "
            f"types [{', '.join(seen)}]"
        )
        if port.number is None:
            return f"{prefix} that are invalid. Tensors: {value}"
        if port.dtype is not None:
            return f"{prefix} that do not match expected type {port.dtype.name}."
        if port.var in self.attrs and wanted is not None:
            return f"{prefix} that do not match type {wanted.name} inferred from earlier arguments."
        return f"{prefix} that don't all match."

    def _settle_list(self, port: Port, found: list[DType]) -> None:
        op = self.definition
        key = port.number or port.types or ""
        attr = op.attrs[key]
        n = len(found)
        if attr.minimum is not None and n < attr.minimum:
            problem = (
                f"Attr '{key}' of '{op.name}' Op passed list of length {n} less than minimum "
                f"{attr.minimum}."
                if port.number is None
                else f"List argument '{port.name}' to '{op.name}' Op with length {n} shorter than "
                f"minimum length {attr.minimum}."
            )
            raise ValueError(problem + self._where())
        before = self.attrs.get(key)
        if port.number is None:
            if before is not None and before != found:
                raise TypeError(
                    f"Input '{port.name}' of '{op.name}' Op has type list of "
                    f"{', '.join(d.name for d in found)} that does not match type list "
                    f"{', '.join(d.name for d in before)} of argument '{self.inferred[key]}'."
                )
            for d in found:
                if attr.allowed is not None and d not in attr.allowed:
                    raise TypeError(self._not_allowed(port.name, d, attr) + self._where())
            self.attrs[key] = found
            self.inferred[key] = port.name
            return
        if before is not None and before != n:
            raise ValueError(
                f"List argument '{port.name}' to '{op.name}' Op with length {n} must match "
                f"length {before} of argument '{self.inferred[key]}'."
            )
        self.attrs[key] = n
        self.inferred[key] = port.name
        if port.var is not None and port.var not in self.attrs:
            if not found:
                raise TypeError(
                    f"Don't know how to infer type variable from empty input list passed to "
                    f"input '{port.name}' of '{op.name}' Op."
                )
            self._bind(port, found[0])

    # --- attributes ---
    def settle(self, given: dict[str, Any]) -> dict[str, Any]:
        settled = self.attrs
        op = self.definition
        for key, attr in op.attrs.items():
            if key in settled:
                if key in given:
                    raise TypeError(f"Should not specify value for inferred attr '{key}'.")
                continue
            value = given.get(key)
            if value is None and (key not in given or attr.has_default):
                if attr.default is NO_DEFAULT:
                    raise TypeError(f"{op.name}: No argument for attr {key}")
                settled[key] = attr.default
            else:
                try:
                    settled[key] = check_attr(op, attr, value)
                except (TypeError, ValueError) as e:
                    raise type(e)(f"{e}{self._where()}") from None
        if len(given) and (unknown := set(given) - set(op.attrs)):
            raise TypeError(
                f"{op.name} got unexpected keyword arguments: {', '.join(sorted(unknown))}"
            )
        return settled


# --- attribute values ---
def check_attr(definition: OpDef, attr: Attr, value: Any) -> Any:
    """Returns an attribute's value in the form the package keeps it.

    Raises:
        TypeError: if it is of another kind.
        ValueError: if it is not allowed.
    """
    kind = attr.kind
    if not kind.startswith("list("):
        checked = _one(kind, attr, value, definition)
        if kind == "int" and attr.minimum is not None and checked < attr.minimum:
            raise ValueError(
                f"Attr '{attr.name}' of '{definition.name}' Op passed {checked} less than "
                f"minimum {attr.minimum}."
            )
        return checked
    if not isinstance(value, list | tuple):
        raise TypeError(f"Expected list for attr {attr.name}")
    if attr.minimum is not None and len(value) < attr.minimum:
        raise ValueError(
            f"Attr '{attr.name}' of '{definition.name}' Op passed list of length {len(value)} "
            f"less than minimum {attr.minimum}."
        )
    return [_one(kind[5:-1], attr, item, definition) for item in value]


def _one(kind: str, attr: Attr, value: Any, definition: OpDef) -> Any:
    match kind:
        case "int":
            return _int(attr, value)
        case "bool":
            if not isinstance(value, bool | np.bool_):
                raise TypeError(f"Expected bool for argument '{attr.name}' not {value!r}.")
            return bool(value)
        case "float":
            if not isinstance(value, numbers.Real | np.floating):
                raise TypeError(f"Expected float for argument '{attr.name}' not {value!r}.")
            return float(value)
        case "string":
            return _string(attr, value, definition)
        case "type":
            return _type(attr, value)
        case "shape":
            return _shape(attr, value)
        case "tensor":
            return value if isinstance(value, np.ndarray) else values.as_array(value)
    return value  # a function's name


def _int(attr: Attr, value: Any) -> int:
    if isinstance(value, str):
        raise TypeError(f"Expected int for argument '{attr.name}' not {value!r}.")
    try:
        return int(value)
    except (TypeError, ValueError):
        raise TypeError(f"Expected int for argument '{attr.name}' not {value!r}.") from None


def _string(attr: Attr, value: Any, definition: OpDef) -> Any:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return value
    if not isinstance(value, str):
        raise TypeError(f"Expected string for argument '{attr.name}' not {value!r}.")
    if attr.allowed is not None and value not in attr.allowed:
        allowed = '", "'.join(attr.allowed)
        raise ValueError(
            f"Attr '{attr.name}' of '{definition.name}' Op passed string '{value}' not in: "
            f'"{allowed}".'
        )
    return value


def _type(attr: Attr, value: Any) -> DType:
    try:
        dtype = as_dtype(value).base_dtype
    except TypeError:
        raise TypeError(f"Expected DataType for argument '{attr.name}' not {value!r}.") from None
    if attr.allowed is not None and dtype not in attr.allowed:
        allowed = ", ".join(d.name for d in attr.allowed)
        raise TypeError(
            f"Value passed to parameter '{attr.name}' has DataType {dtype.name} not in list of "
            f"allowed values: {allowed}"
        )
    return dtype


def _shape(attr: Attr, value: Any) -> Any:
    if value.__class__ is tuple:
        return TensorShape(value).raw
    try:
        return as_shape(value).raw
    except TypeError as e:
        raise TypeError(f"Error converting {attr.name} to a TensorShape: {e}") from None
    except ValueError as e:
        raise ValueError(f"Error converting {attr.name} to a TensorShape: {e}") from None
