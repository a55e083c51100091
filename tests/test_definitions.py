"""Every operation and public function is complete, and declared as TensorFlow 1.15.5 declares it.

TensorFlow's facts are in tests/golden (reduce_reference.py made them). A difference is listed here
with its reason, or it is a failure.
"""

from __future__ import annotations

import ast
import functools
import gzip
import importlib
import inspect
import json
import math
import pathlib
import pkgutil
import statistics
from collections.abc import Iterator
from typing import Any

import _rows
import pytest

import graphflow
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.export import EXPORTS
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.signature import Attr, Port

GOLDEN = pathlib.Path(__file__).parent / "golden"
PACKAGE = pathlib.Path(graphflow.__file__).parent
LONGEST_FILE = 700
MEDIAN_FUNCTION = 12

# --- the differences that are meant ---

OWN_OPS: dict[str, str] = {}
"""Operation types that TensorFlow 1.15.5 does not have, and why graphflow does."""

DECLARED_OTHERWISE: dict[str, str] = {}
"""Operation types whose ports or attributes differ from TensorFlow's."""

NO_KERNEL: dict[str, str] = {}
"""Operation types that no kernel runs, and who does."""

NO_ROW: dict[str, str] = {}
"""Operation types without a row in tests/cases, and the file that tests them."""

OWN_ARGUMENTS: dict[str, str] = {}
"""Public functions whose arguments differ from TensorFlow's."""


def _import_everything() -> None:
    for layer in ("ops", "autodiff", "runtime", "training", "nets", "input"):
        path = PACKAGE / layer
        for found in pkgutil.walk_packages([str(path)], f"graphflow.{layer}."):
            if ".xla" not in found.name:
                importlib.import_module(found.name)


_import_everything()
OPS = sorted(REGISTRY)
COVERED = {row.op_type for row in _rows.collect() if not hasattr(row, "says")}


@functools.cache
def tensorflow_ops() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((GOLDEN / "opdefs.json.gz").read_bytes()))
    return found


@functools.cache
def tensorflow_api() -> dict[str, str]:
    text = gzip.decompress((GOLDEN / "api.tsv.gz").read_bytes()).decode()
    lines = (line.split("\t") for line in text.splitlines())
    return {name: signature for name, kind, signature in lines}


# --- operations are complete ---


@pytest.mark.parametrize("name", OPS)
def test_operation_has_a_kernel(name: str) -> None:
    definition = REGISTRY[name]
    has_one = definition.body is not None or definition.kernel is not None
    assert has_one != (name in NO_KERNEL), NO_KERNEL.get(name, "no kernel")


@pytest.mark.parametrize("name", OPS)
def test_operation_has_a_shape_rule(name: str) -> None:
    definition = REGISTRY[name]
    assert definition.shape_rule is not None or not definition.outputs


@pytest.mark.parametrize("name", OPS)
def test_operation_has_a_gradient_or_says_why_not(name: str) -> None:
    definition = REGISTRY[name]
    both = definition.differentiable is not None and definition.no_gradient_reason
    assert not both
    if definition.inputs and definition.outputs:
        assert definition.differentiable is not None or definition.no_gradient_reason


@pytest.mark.parametrize("name", OPS)
def test_operation_has_a_row(name: str) -> None:
    has_one = name in COVERED
    assert has_one != (name in NO_ROW), NO_ROW.get(name, "no row in tests/cases")


def test_rows_name_operations() -> None:
    assert COVERED - set(REGISTRY) == set()


def test_lists_of_differences_name_operations() -> None:
    for listed in (OWN_OPS, DECLARED_OTHERWISE, NO_KERNEL, NO_ROW):
        assert set(listed) - set(REGISTRY) == set()


# --- operations are those of TensorFlow ---


@pytest.mark.parametrize("name", OPS)
def test_operation_is_declared_as_in_tensorflow(name: str) -> None:
    theirs = tensorflow_ops().get(name)
    assert (theirs is None) == (name in OWN_OPS), OWN_OPS.get(name)
    if theirs is None:
        return
    differences = list(_differences(REGISTRY[name], theirs))
    if name in DECLARED_OTHERWISE:
        assert differences, "listed in DECLARED_OTHERWISE, but there is no difference"
    else:
        assert differences == []


def _differences(ours: OpDef, theirs: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yields (what, ours, TensorFlow's) for each fact that differs."""
    facts = [
        ("inputs", [_port(p) for p in ours.inputs], theirs["inputs"]),
        ("outputs", [_port(p) for p in ours.outputs], theirs["outputs"]),
        ("stateful", ours.is_stateful, theirs.get("stateful", False)),
        ("commutative", ours.is_commutative, theirs.get("commutative", False)),
        ("aggregate", ours.is_aggregate, theirs.get("aggregate", False)),
        ("attributes", sorted(ours.attrs), sorted(theirs["attrs"])),
    ]
    for name, attr in ours.attrs.items():
        if name in theirs["attrs"]:
            facts.append((f"attribute {name}", _attr(attr), theirs["attrs"][name]))
    yield from (fact for fact in facts if fact[1] != fact[2])


def _type_name(dtype: DType) -> str:
    short = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
    return "DT_" + short.get(dtype.name, dtype.name.upper())


def _port(port: Port) -> str:
    kind = _type_name(port.dtype) if port.dtype is not None else port.var or port.types
    kind = f"{port.number}*{kind}" if port.number else kind
    return f"{port.name}: Ref({kind})" if port.is_ref else f"{port.name}: {kind}"


def _attr(attr: Attr) -> dict[str, Any]:
    facts: dict[str, Any] = {"type": attr.kind}
    if attr.has_default:
        facts["default"] = _default(attr.kind, attr.default)
    if attr.allowed is not None:
        facts["allowed"] = [_type_name(x) if isinstance(x, DType) else x for x in attr.allowed]
    if attr.minimum is not None:
        facts["min"] = attr.minimum
    return facts


def _default(kind: str, value: Any) -> Any:
    if kind.startswith("list("):
        return [_default(kind[5:-1], x) for x in value]
    if kind == "type":
        return _type_name(value)
    if kind == "shape":
        return "unknown" if value is None else list(value)
    return _single(value) if kind == "float" else value


def _single(value: float) -> float:
    return float(as_dtype("float32").as_numpy_dtype(value))  # as a proto's float field holds it


# --- public functions are those of TensorFlow ---

UNTOLD = "(*args, **kwargs)"  # TensorFlow's signature tells nothing


def _callables() -> list[str]:
    listed = tensorflow_api()
    known = {n for n in EXPORTS if listed.get(f"tf.{n}", UNTOLD) != UNTOLD}
    return sorted(n for n in known if callable(EXPORTS[n]))


def _parameters(signature: str) -> list[tuple[str, Any]]:
    """TensorFlow's parameters: (name, default or ... where none or not a literal)."""
    arguments = ast.parse(f"def f{signature}: pass").body[0].args  # type: ignore[attr-defined]
    plain = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(plain) - len(arguments.defaults)) + arguments.defaults
    found = [(a.arg, _literal(d)) for a, d in zip(plain, defaults, strict=True)]
    if arguments.vararg:
        found.append(("*" + arguments.vararg.arg, ...))
    found += [
        (a.arg, _literal(d))
        for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        found.append(("**" + arguments.kwarg.arg, ...))
    return [p for p in found if p[0] != "self"]


def _literal(node: ast.expr | None) -> Any:
    if node is None:
        return ...
    text = ast.unparse(node)
    if text.startswith("tf."):
        return as_dtype(text[3:]) if text[3:] in dir(_dtypes()) else ...
    if text in ("inf", "-inf"):
        return float(text)
    try:
        return ast.literal_eval(node)
    except ValueError:  # an object that the signature names by its class
        return ...


def _dtypes() -> Any:
    return importlib.import_module("graphflow.core.dtypes")


def _own_parameters(function: Any) -> list[tuple[str, Any]]:
    found = []
    for p in inspect.signature(function).parameters.values():
        stars = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        found.append((stars + p.name, ... if p.default is p.empty else p.default))
    return found


def _same_default(ours: Any, theirs: Any) -> bool:
    if theirs is ... or ours is ...:
        return theirs is ...
    if isinstance(theirs, list):
        return ours is not None and list(ours) == theirs
    if isinstance(theirs, float) and isinstance(ours, float):
        return math.isclose(ours, theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


@pytest.mark.parametrize("name", _callables())
def test_public_arguments_are_those_of_tensorflow(name: str) -> None:
    theirs = _parameters(tensorflow_api()[f"tf.{name}"])
    ours = _own_parameters(EXPORTS[name])
    if ours and ours[0][0] == "self":
        ours = ours[1:]
    old = set(getattr(EXPORTS[name], "old_names", ()))
    assert old <= {p for p, _ in theirs} or name in OWN_ARGUMENTS
    modern = [(p, default) for p, default in theirs if p not in old]
    same = [p for p, _ in ours] == [p for p, _ in modern] and all(
        _same_default(a, b) for (_, a), (_, b) in zip(ours, modern, strict=True)
    )
    if name in OWN_ARGUMENTS:
        assert not same, "listed in OWN_ARGUMENTS, but there is no difference"
    else:
        assert same, f"ours: {ours}\nTensorFlow's: {modern}"


@pytest.mark.parametrize("name", sorted(n for n, x in EXPORTS.items() if callable(x)))
def test_public_name_has_a_docstring(name: str) -> None:
    assert (EXPORTS[name].__doc__ or "").strip()


# --- the layout of the house ---


def _sources() -> list[pathlib.Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_no_file_is_too_long() -> None:
    lengths = {str(p.relative_to(PACKAGE)): len(p.read_text().splitlines()) for p in _sources()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_are_short() -> None:
    lengths = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in _sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert statistics.median(lengths) <= MEDIAN_FUNCTION


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(p.relative_to(PACKAGE))
        for p in _sources()
        if not ast.get_docstring(ast.parse(p.read_text()))
    ]
    assert silent == []
