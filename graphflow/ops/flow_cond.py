"""`cond`, `case` and `switch_case`: one of several functions, chosen when it runs."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.checks import Assert
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.flow_arrays import flows_to_arrays, to_flow
from graphflow.ops.flow_context import CondContext
from graphflow.ops.flow_ops import merge, switch
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.reduce import reduce_sum


@export("cond")
@provide("cond")
def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """Returns what `true_fn` returns where `pred` is true, else what `false_fn` returns.

    Each function is called once, now, to declare its operations; when it runs, only those of one
    branch do. What was declared outside of the two functions runs in any case.

    Args:
        pred: a bool scalar, a tensor.
        true_fn: takes nothing; returns tensors, operations, or nested structures of them.
        false_fn: the same structure and types as `true_fn`.
        strict: whether a list or tuple of one stays one.
        name: a scope for the operations.
        fn1: the aged name of `true_fn`.
        fn2: the aged name of `false_fn`.

    Raises:
        TypeError: if `pred` is a Python bool, or a function cannot be called, or the types of the
            results differ.
        ValueError: if a function returns nothing, or the structures differ.
    """
    true_fn = _either(true_fn, fn1, "true_fn", "fn1")
    false_fn = _either(false_fn, fn2, "false_fn", "fn2")
    if scopes.get_default_graph().executes:
        taken = true_fn() if pred else false_fn()
        return taken if strict else _unpacked(taken)
    with scopes.name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        for_false, for_true = switch(pred, pred)
        pivots = identity(for_true, name="switch_t"), identity(for_false, name="switch_f")
        pred = identity(pred, name="pred_id")
        for t in (for_true, *pivots, pred):
            t.graph.prevent_fetching(t.op)
        in_true, original, res_t = _branch(pred, pivots[0], 1, true_fn, "true_fn")
        in_false, original_f, res_f = _branch(pred, pivots[1], 0, false_fn, "false_fn")
        if not strict:
            original, original_f = _unpacked(original), _unpacked(original_f)
        res_t, res_f = _checked(original, original_f, res_t, res_f)
        merged = [merge([f, t])[0] for f, t in zip(res_f, res_t, strict=True)]
        flat = nest.flatten(original, expand_composites=True)
        results = flows_to_arrays(flat, merged)
        if in_true.outer_context is None:
            scopes.add_to_collection(GraphKeys.COND_CONTEXT, in_true)
            scopes.add_to_collection(GraphKeys.COND_CONTEXT, in_false)
        packed = nest.pack_sequence_as(original, results, expand_composites=True)
    return packed if strict else _unpacked(packed)


def _either(new: Any, old: Any, name: str, old_name: str) -> Any:
    if old is not None:
        if new is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        new = old
    elif new is None:
        raise TypeError(f"cond(): {name} argument required")
    if not callable(new):
        raise TypeError(f"{name} must be callable.")
    return new


def _unpacked(result: Any) -> Any:
    return result[0] if isinstance(result, list | tuple) and len(result) == 1 else result


def _branch(
    pred: Tensor, pivot: Tensor, branch: int, function: Callable[[], Any], what: str
) -> tuple[CondContext, Any, list[Tensor]]:
    """Declares one branch; returns its context, the function's result, and its tensors."""
    context = CondContext(pred, pivot, branch)
    with context:
        original, result = _declared(context, function)
        if original is None:
            raise ValueError(f"{what} must have a return value.")
        context.exit_result(result)
    return context, original, result


def _declared(context: CondContext, function: Callable[[], Any]) -> tuple[Any, list[Tensor]]:
    original = function()
    if original is None:
        return None, []
    flat = nest.flatten(original, expand_composites=True)
    return original, [_result(context, x) for x in flat]


def _result(context: CondContext, value: Any) -> Tensor:
    if isinstance(value, Operation):
        found: Tensor = with_dependencies([value], context.pivot)
        return found
    return context.output(convert(to_flow(value)))


def _checked(
    t: Any, f: Any, res_t: list[Tensor], res_f: list[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """Checks that both branches return the same structure and types."""
    nest.assert_same_structure(t, f, expand_composites=True)
    if not res_t:
        raise ValueError("true_fn and false_fn must return at least one result.")
    for i, (x, y) in enumerate(zip(res_t, res_f, strict=True)):
        if x.dtype.base_dtype == y.dtype.base_dtype:
            continue
        if _is_index(t, f, i):
            res_t[i], res_f[i] = (apply("Cast", z, DstT=np.dtype(np.int64)) for z in (x, y))
            continue
        raise ValueError(
            "Outputs of true_fn and false_fn must have the same type: "
            f"{x.dtype.name}, {y.dtype.name}"
        )
    return res_t, res_f


def _is_index(t: Any, f: Any, place: int) -> bool:
    """Whether the result at a place is the indices of IndexedSlices: int32 and int64 mix there."""
    marks: list[bool] = []
    for x, y in zip(nest.flatten(t), nest.flatten(f), strict=True):
        if isinstance(x, IndexedSlices) and isinstance(y, IndexedSlices):
            marks += [part is x.indices for part in nest.flatten(x, expand_composites=True)]
        else:
            marks += [False] * len(nest.flatten(x, expand_composites=True))
    return marks[place]


def smart_cond(
    pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any], name: str | None = None
) -> Any:
    """As `cond`; a predicate that is known now calls one function and declares no branch.

    Args:
        pred: a Python bool, 0, 1, or a bool scalar tensor.
        true_fn: as in `cond`.
        false_fn: as in `cond`.
        name: as in `cond`.

    Raises:
        TypeError: if a function cannot be called, or `pred` is none of these.
    """
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    known = smart_constant_value(pred)
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    return true_fn() if known else false_fn()


def smart_constant_value(pred: Any) -> bool | None:
    """Returns a predicate's value where it is known now, else None.

    Args:
        pred: a Python bool, 0, 1, or a tensor.

    Raises:
        TypeError: if it is none of these.
    """
    if isinstance(pred, bool | np.bool_):
        return bool(pred)
    if isinstance(pred, int) and pred in (0, 1):
        return bool(pred)
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        return None if value is None else bool(value)
    raise TypeError(
        f"`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: {type(pred)}"
    )


# --- case ---
@export("case")
def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Returns what the function of the first true predicate returns.

    Args:
        pred_fn_pairs: (bool scalar tensor, function) pairs, or a dict of them.
        default: the function for no true predicate; None: that is an error when it runs.
        exclusive: whether more than one true predicate is an error when it runs.
        strict: as in `cond`.
        name: a scope for the operations.

    Raises:
        TypeError: if the pairs have another form, or a function cannot be called.
    """
    pairs = _pairs(pred_fn_pairs)
    predicates: Sequence[Any] = [p for p, _ in pairs]
    actions: Sequence[Any] = [f for _, f in pairs]
    with scopes.name_scope(name, "case", [predicates]):
        if default is None:
            default, predicates, actions = _default(predicates, actions)
        function: Any = default
        for pred, action in reversed(list(zip(predicates, actions, strict=True))):
            function = functools.partial(
                cond, pred, true_fn=action, false_fn=function, strict=strict
            )
        if not exclusive:
            return function()
        with scopes.control_dependencies([_at_most(predicates, 1, "Input error: exclusive=True")]):
            return function()


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    if not isinstance(given, list | tuple | dict):
        raise TypeError("fns must be a list, tuple, or dict")
    if isinstance(given, OrderedDict):
        given = list(given.items())
    elif isinstance(given, dict):
        given = sorted(given.items(), key=lambda item: item[0].name)
    for pair in given:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
        pred, function = pair
        if not isinstance(pred, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {pred}")
        if pred.dtype.base_dtype.name != "bool":
            raise TypeError(f"pred must be Tensor of type bool: {pred.name}")
        if not callable(function):
            raise TypeError(f"fn for pred {pred.name} must be callable.")
    return list(given)


def _at_most(predicates: Sequence[Tensor], n: int, message: str) -> Any:
    preds = apply("Pack", list(predicates), name="preds_c")
    total = reduce_sum(apply("Cast", preds, DstT=np.dtype(np.int32)), name="num_true_conds")
    fits = apply("LessEqual", total, convert(n, name="n_true_conds"))
    names = ", ".join(p.name for p in predicates)
    text = f"{message}: more than {n} conditions ({names}) evaluated as True:"
    return Assert(fits, data=[text, preds], summarize=len(predicates))


def _default(
    predicates: Sequence[Tensor], actions: Sequence[Any]
) -> tuple[Callable[[], Any], Sequence[Tensor], Sequence[Any]]:
    """The last action as the default; when it runs it checks that its predicate is true."""
    k = len(predicates) - 1
    predicate, action = predicates[k], actions[k]
    others, other_actions = predicates[:k], actions[:k]

    def default() -> Any:
        others_message = (
            f"Implementation error: selected default action #{k} was called, but some of other "
            "predicates are True: "
        )
        text = "Input error: None of conditions evaluated as True:"
        data = (text, apply("Pack", list(predicates), name="preds_c"))
        checks = [_at_most(others, 0, others_message), Assert(predicate, data=data)]
        with scopes.control_dependencies(checks):
            return action()

    return default, others, other_actions


# --- switch_case ---
@export("switch_case")
def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str = "switch_case",
) -> Any:
    """Returns what the function of that index returns.

    Args:
        branch_index: an integer scalar tensor.
        branch_fns: functions, or (int, function) pairs, or a dict; the integers run from 0.
        default: for an index that no function has; None: the last function.
        name: a scope for the operations.

    Raises:
        TypeError: if the index is no integer tensor, or the functions have another form.
        ValueError: if there is no function, or the integers do not run from 0.

    Note:
        It is a chain of `cond`s here; TensorFlow makes one Case operation.
    """
    functions = _indexed(branch_fns, default, branch_index)
    with scopes.name_scope(name, "case", [branch_index]):
        function = functions[-1]
        for i in reversed(range(len(functions) - 1)):
            here = apply("Equal", branch_index, np.array(i, branch_index.dtype.as_numpy_dtype))
            function = functools.partial(cond, here, true_fn=functions[i], false_fn=function)
        return function()


def _indexed(given: Any, default: Any, index: Any) -> list[Callable[[], Any]]:
    if not isinstance(index, Tensor):
        raise TypeError(f"branch_index must a Tensor, got {type(index)}")
    if not index.dtype.is_integer:
        raise TypeError(f"branch_index must an integer Tensor, got {index.dtype}")
    if not given:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(given, list | tuple | dict):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(given.items()) if isinstance(given, dict) else list(given)
    if all(callable(f) for f in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError("Each entry in branch_fns must be a 2-tuple")
        if not isinstance(pair[0], int):
            raise TypeError(f"key must be a Python `int`, got {type(pair[0])}")
        if not callable(pair[1]):
            raise TypeError(f"fn for key {pair[0]} must be callable.")
    keys = [p[0] for p in pairs]
    if min(keys) < 0 or max(keys) >= len(keys) or len(set(keys)) != len(keys):
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(keys)}) but found "
            f"{{{','.join(map(str, sorted(keys)))}}}"
        )
    found = [f for _, f in sorted(pairs, key=lambda p: p[0])]
    return [*found, default] if default is not None else found
