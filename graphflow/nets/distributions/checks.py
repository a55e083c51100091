"""Checks of arguments and samples, and the two ways to say how probable classes are."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import DType, bool_, float16, float32, float64, int16, int32, int64
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import (
    assert_equal,
    assert_greater_equal,
    assert_less_equal,
    assert_near,
    assert_non_negative,
    assert_rank_at_least,
)
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import no_op, with_dependencies
from graphflow.ops.functions import log, log1p, sigmoid
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.shape_ops import shape
from graphflow.ops.softmax import softmax
from graphflow.ops.special_functions import lgamma

_INTEGERS = {float16: int16, float32: int32, float64: int64}
_KNOWN = ("bool", "uint8", "uint16", "int8", "int16", "int32", "int64")


# --- types ---
def _largest(dtype: DType) -> int:
    """The largest integer below which a type has all of them.

    Raises:
        TypeError: if the type is not one that is looked after.
    """
    if dtype.is_floating and dtype.base_dtype in _INTEGERS:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    if dtype.base_dtype.name not in _KNOWN:
        raise TypeError(f"Unrecognized dtype: {dtype.name}")
    return 1 if dtype.base_dtype == bool_ else int(np.iinfo(dtype.as_numpy_dtype).max)


def _smallest(dtype: DType) -> int:
    unsigned = dtype.base_dtype.name in ("bool", "uint8", "uint16")
    return 0 if unsigned else -_largest(dtype)


def _is_integer(dtype: DType) -> bool:
    _largest(dtype)  # for its error
    return bool(dtype.is_integer or dtype.base_dtype == bool_)


# --- integers ---
def assert_integer_form(
    x: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    int_dtype: Any = None,
    name: str = "assert_integer_form",
) -> Any:
    """Returns an operation that fails when it runs unless floats are integers.

    Args:
        x: a tensor.
        data: tensors to show in the error.
        summarize: how many elements of each.
        message: text before the error's.
        int_dtype: the type that they must fit in; None: the one of the same size.
        name: the name of the scope.

    Raises:
        TypeError: if the type has no integers.
    """
    with scopes.name_scope(name, values=[x, data]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_integer:
            return no_op()
        message = message or f"{x} has non-integer components"
        if int_dtype is None:
            int_dtype = _INTEGERS.get(x.dtype.base_dtype)
        if int_dtype is None:
            raise TypeError(f"Unrecognized type {x.dtype.name}")
        there_and_back = cast(cast(x, int_dtype), x.dtype)
        return assert_equal(
            x, there_and_back, data=data, summarize=summarize, message=message, name=name
        )


def embed_check_nonnegative_integer_form(
    x: Any, name: str = "embed_check_nonnegative_integer_form"
) -> Tensor:
    """Returns a tensor, after a check that it holds integers that are not negative.

    Args:
        x: a tensor.
        name: the name of the scope.
    """
    with scopes.name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        checks = [assert_non_negative(x, message=f"'{x}' must be non-negative.")]
        if not x.dtype.is_integer:
            message = f"'{x}' cannot contain fractional components."
            checks.append(assert_integer_form(x, message=message))
        found: Tensor = with_dependencies(checks, x)
        return found


def embed_check_integer_casting_closed(
    x: Any,
    target_dtype: DType,
    assert_nonnegative: bool = True,
    name: str = "embed_check_casting_closed",
) -> Tensor:
    """Returns a tensor, after a check that a cast to another type changes no value.

    Args:
        x: a tensor.
        target_dtype: the other type; one of the two must be of integers.
        assert_nonnegative: whether negative numbers are refused too.
        name: the name of the scope.

    Raises:
        TypeError: if a type is of no numbers, or neither is of integers.
    """
    with scopes.name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        _check_types(x, target_dtype)
        checks = []
        if assert_nonnegative:
            checks.append(assert_non_negative(x, message="Elements must be non-negative."))
        if x.dtype.is_floating:
            message = f"Elements must be {target_dtype.name}-equivalent."
            checks.append(assert_integer_form(x, int_dtype=target_dtype, message=message))
        else:
            checks += _range_checks(x, target_dtype, assert_nonnegative)
        found: Tensor = with_dependencies(checks, x) if checks else x
        return found


def _check_types(x: Tensor, target: DType) -> None:
    if not _is_integer(x.dtype) and not x.dtype.is_floating:
        raise TypeError(f"{x.dtype.name}.dtype must be floating- or integer-type.")
    if not _is_integer(target) and not target.is_floating:
        raise TypeError(f"target_dtype ({target.name}) must be floating- or integer-type.")
    if not _is_integer(x.dtype) and not _is_integer(target):
        raise TypeError(
            f"At least one of {x}.dtype ({x.dtype.name}) and target_dtype ({target.name}) must be "
            "integer-type."
        )


def _range_checks(x: Tensor, target: DType, nonnegative: bool) -> list[Any]:
    checks = []
    top, bottom = _largest(target), _smallest(target)
    if _largest(x.dtype) > top:
        checks.append(assert_less_equal(x, top, message=f"Elements cannot exceed {top}."))
    if not nonnegative and _smallest(x.dtype) < bottom:
        message = f"Elements cannot be smaller than {bottom}."
        checks.append(assert_greater_equal(x, bottom, message=message))
    return checks


# --- classes ---
def embed_check_categorical_event_shape(
    categorical_param: Any, name: str = "embed_check_categorical_event_shape"
) -> Tensor:
    """Returns a tensor, after a check that it has a last axis of at least 2.

    Args:
        categorical_param: floats, [..., classes].
        name: the name of the scope.

    Raises:
        TypeError: if it does not hold floats.
        ValueError: if the static shape has no such axis, or more classes than the type can count.
    """
    with scopes.name_scope(name, values=[categorical_param]):
        x = convert_to_tensor(categorical_param, name="categorical_param")
        kind = x.dtype.base_dtype
        if not kind.is_floating:
            raise TypeError(f"Unable to validate size of unrecognized dtype ({kind.name}).")
        most = _largest(kind)
        needs_axis = "A categorical-distribution parameter must have at least 1 dimension."
        needs_two = "A categorical-distribution parameter must have at least 2 events."
        if x.dims == ():
            raise ValueError(needs_axis)
        n = x.dims[-1] if x.dims else None
        if n is None:
            return _checked_classes(x, most, needs_axis, needs_two)
        if n < 2:
            raise ValueError(needs_two)
        if n > most:
            raise ValueError(
                f"Number of classes exceeds `dtype` precision, i.e., {kind.name} implies shape "
                f"({n}) cannot exceed {most}."
            )
        return x


def _checked_classes(x: Tensor, most: int, needs_axis: str, needs_two: str) -> Tensor:
    n = shape(x, name="x_shape")[-1]
    too_many = (
        "Number of classes exceeds `dtype` precision, i.e., "
        f"{x.dtype.base_dtype.name} dtype cannot exceed {most} shape."
    )
    checks = [
        assert_rank_at_least(x, 1, message=needs_axis),
        assert_greater_equal(shape(x)[-1], 2, message=needs_two),
        assert_less_equal(n, most, message=too_many),
    ]
    found: Tensor = with_dependencies(checks, x)
    return found


def get_logits_and_probs(
    logits: Any = None,
    probs: Any = None,
    multidimensional: bool = False,
    validate_args: bool = False,
    name: str = "get_logits_and_probs",
    dtype: Any = None,
) -> tuple[Tensor, Tensor]:
    """Returns log-odds and probabilities, one from the other.

    Args:
        logits: log-odds; or unscaled log probabilities, [..., classes].
        probs: probabilities, in place of them.
        multidimensional: whether the last axis is of classes.
        validate_args: whether values are checked in the run.
        name: the name of the scope.
        dtype: the type of both.

    Raises:
        ValueError: unless one of the two is given.
        TypeError: if they are not floats.
    """
    with scopes.name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = _floats(logits, "logits", dtype)
            if not multidimensional:
                return logits, sigmoid(logits, name="probs")
            if validate_args:
                logits = embed_check_categorical_event_shape(logits)
            return logits, softmax(logits, name="probs")
        probs = _floats(probs, "probs", dtype)
        if validate_args:
            with scopes.name_scope("validate_probs"):
                probs = _checked_probabilities(probs, multidimensional)
        with scopes.name_scope("logits"):
            if multidimensional:
                return log(probs), probs
            return log(probs) - log1p(-1.0 * probs), probs


def _floats(x: Any, name: str, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(x, name=name, dtype=dtype)
    if not tensor.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return tensor


def _checked_probabilities(probs: Tensor, multidimensional: bool) -> Tensor:
    one = constant(1.0, probs.dtype)
    checks = [assert_non_negative(probs)]
    if multidimensional:
        probs = embed_check_categorical_event_shape(probs)
        message = "probs does not sum to 1."
        checks.append(assert_near(reduce_sum(probs, -1), one, message=message))
    else:
        message = "probs has components greater than 1."
        checks.append(assert_less_equal(probs, one, message=message))
    found: Tensor = with_dependencies(checks, probs)
    return found


def log_combinations(n: Any, counts: Any, name: str = "log_combinations") -> Tensor:
    """Returns the logarithm of how many sequences have these counts: `n! / product(counts!)`.

    Args:
        n: the sums of the counts.
        counts: [..., classes].
        name: the name of the scope.
    """
    with scopes.name_scope(name, values=[n, counts]):
        n = convert_to_tensor(n, name="n")
        counts = convert_to_tensor(counts, name="counts")
        orders, repeated = lgamma(n + 1), lgamma(counts + 1)
        found: Tensor = orders - reduce_sum(repeated, axis=[-1])
        return found
