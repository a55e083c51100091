"""tf.assert_*: conditions on tensors, found false at once where the values are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.constant import constant_value
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, int32
from graphflow.core.export import export
from graphflow.core.opdef import NUMBERS
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops import eager_asserts
from graphflow.ops.checks import Assert, static_failure
from graphflow.ops.control_ops import no_op, with_dependencies
from graphflow.ops.reduce import reduce_all
from graphflow.ops.shape_ops import rank as rank_of
from graphflow.ops.shape_ops import shape as shape_of

Array = np.ndarray[Any, Any]


# The operations that TensorFlow looks through; any other result may be fed, and waits for a run.
_STATIC: Final = frozenset(
    {
        "Const", "Shape", "Size", "Rank", "Range", "Cast", "Concat", "ConcatV2", "Pack", "Fill",
        "Equal", "NotEqual",
    }
)  # fmt: skip


def _static(tensor: Tensor) -> Any:
    return constant_value(tensor) if tensor._made_by in _STATIC else None


# --- comparisons ---
def _compare(
    sign: str,
    default_name: str,
    op_type: str,
    static: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Operation:
    with scopes.name_scope(name, default_name, [x, y, data]):
        left = convert.convert_to_tensor(x, name="x")
        right = convert.convert_to_tensor(y, name="y")
        if scopes.get_default_graph().executes:
            holds = apply(op_type, left, right)
            eager_asserts.check_all(sign, holds, left, right, data, summarize, message)
            return None  # type: ignore[return-value]  # in eager execution it has run
        if data is None:
            data = [
                f"Condition x {sign} y did not hold element-wise:",
                f"x ({left._tag}) = ", left, f"y ({right._tag}) = ", right,
            ]  # fmt: skip
        if message is not None:
            data = [message, *data]
        condition = reduce_all(apply(op_type, left, right))
        known = _static(left), _static(right)
        if known[0] is not None and known[1] is not None:
            static_failure(np.all(static(*known)), data)
        return Assert(condition, data, summarize=summarize)


_DOC: Final = """Returns an operation that fails when it runs unless `{what}` for all elements.

    Args:{args}
        data: tensors to show in the error; None: the arguments.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: a scope for the operations.

    Raises:
        InvalidArgumentError: at once, if the values are known and it does not hold.
    """
_X: Final = "\n        x: a tensor."
_XY: Final = f"{_X}\n        y: a tensor of the same type; the two broadcast."


def _comparison(name: str, sign: str, op_type: str, static: Callable[[Any, Any], Any]) -> Any:
    default_name = name

    def check(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        if default_name == "assert_equal":
            with scopes.name_scope(name, default_name, [x, y, data]):  # TensorFlow opens it twice
                if x is y:
                    return no_op()
        options = data, summarize, message, name
        return _compare(sign, default_name, op_type, static, x, y, *options)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = _DOC.format(what=f"x {sign} y", args=_XY)
    return export(name, f"debugging.{name}")(check)


assert_equal = _comparison("assert_equal", "==", "Equal", np.equal)
assert_none_equal = _comparison("assert_none_equal", "!=", "NotEqual", np.not_equal)
assert_less = _comparison("assert_less", "<", "Less", np.less)
assert_less_equal = _comparison("assert_less_equal", "<=", "LessEqual", np.less_equal)
assert_greater = _comparison("assert_greater", ">", "Greater", np.greater)
assert_greater_equal = _comparison("assert_greater_equal", ">=", "GreaterEqual", np.greater_equal)


def _described(tensor: Tensor) -> str:
    if tensor.__class__ is Tensor:
        return tensor.name
    return f"shape={tensor.shape} dtype={tensor.dtype.name}"


def _against_zero(name: str, sign: str, check: Any, zero_first: bool, joined: bool = False) -> Any:
    default_name = name

    def against_zero(
        x: Any,
        data: Any = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with scopes.name_scope(name, default_name, [x, data]):
            tensor = convert.convert_to_tensor(x, name="x")
            if data is None:
                words = [
                    f"Condition x {sign} 0 did not hold element-wise:",
                    f"x ({_described(tensor)}) = ",
                ]
                data = [message or "", *(["".join(words)] if joined else words), tensor]
            zero = convert.convert(0, tensor.dtype.base_dtype)
            pair = (zero, tensor) if zero_first else (tensor, zero)
            made: Operation = check(*pair, data=data, summarize=summarize)
            return made

    against_zero.__name__ = against_zero.__qualname__ = name
    against_zero.__doc__ = _DOC.format(what=f"x {sign} 0", args=_X)
    return export(name, f"debugging.{name}")(against_zero)


assert_negative = _against_zero("assert_negative", "<", assert_less, zero_first=False)
assert_positive = _against_zero("assert_positive", ">", assert_less, zero_first=True)
assert_non_negative = _against_zero("assert_non_negative", ">=", assert_less_equal, zero_first=True)
assert_non_positive = _against_zero(
    "assert_non_positive", "<=", assert_less_equal, zero_first=False, joined=True
)


@export("assert_near", "debugging.assert_near")
def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Returns an operation that fails unless `|x - y| < atol + rtol * |y|` for all elements.

    Args:
        x: floats.
        y: floats of the same type; the two broadcast.
        rtol: the relative tolerance; None: ten times the distance of 1 to the next number.
        atol: the absolute tolerance; None: the same.
        data: tensors to show in the error; None: the arguments.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: a scope for the operations.
    """
    with scopes.name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        left = convert.convert_to_tensor(x, name="x")
        dtype = left.dtype.base_dtype
        right = convert.convert_to_tensor(y, name="y", dtype=dtype)
        eps = 10 * np.finfo(dtype.as_numpy_dtype).eps
        relative = convert.convert(eps if rtol is None else rtol, dtype, "rtol")
        absolute = convert.convert(eps if atol is None else atol, dtype, "atol")
        if data is None:
            data = [
                message or "",
                f"x and y not equal to tolerance rtol = {relative}, atol = {absolute}",
                f"x ({_described(left)}) = ", left, f"y ({_described(right)}) = ", right,
            ]  # fmt: skip
        bound = absolute + relative * abs(right)
        condition = reduce_all(apply("Less", abs(left - right), bound))
        return Assert(condition, data, summarize=summarize)


# --- ranks ---
def _rank_condition(
    x: Tensor,
    ranks: Sequence[Tensor],
    holds: Callable[[int, Sequence[int]], bool],
    dynamic: Callable[[Tensor], Tensor],
    data: Any,
    summarize: int | None,
    failure: Callable[[Any, int], str],
) -> Operation:
    for rank in ranks:
        assert_type(rank, int32)
    values = [_static(rank) for rank in ranks]
    known = [v for v in values if v is not None]
    if len(known) == len(ranks):
        if any(v.ndim for v in known):
            raise ValueError("Rank must be a scalar.")
        if x.dims is not None:
            wanted = [int(v) for v in known]
            if not holds(len(x.dims), wanted):
                raise ValueError(failure(wanted, len(x.dims)))
            return no_op(name="static_checks_determined_all_ok")
    condition = dynamic(rank_of(x))
    for rank, value in zip(ranks, values, strict=True):
        if value is None:
            check = assert_rank(rank, 0, data=["Rank must be a scalar. Received rank: ", rank])
            condition = with_dependencies([check], condition)
    return Assert(condition, data, summarize=summarize)


def _one_rank(
    default_name: str,
    words: str,
    op_type: str,
    holds: Callable[[int, Sequence[int]], bool],
    x: Any,
    rank: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Operation:
    with scopes.name_scope(name, default_name, [x, rank, *(data or ())]):
        tensor = convert.convert_to_tensor(x, name="x")
        wanted = convert.convert_to_tensor(rank, name="rank")
        if data is None:
            start = [message or "", f"Tensor {tensor._tag} {words}", wanted]
            data = [*start, "Received shape: ", shape_of(tensor)]

        def failure(ranks: Any, found: int) -> str:
            return (
                f"{message or ''}.  Tensor {tensor._tag} {words} {ranks[0]}.  Received rank "
                f"{found}, shape {tensor.shape}"
            )

        def dynamic(actual: Tensor) -> Tensor:
            compared: Tensor = apply(op_type, actual, wanted)
            return compared

        return _rank_condition(tensor, [wanted], holds, dynamic, data, summarize, failure)


@export("assert_rank", "debugging.assert_rank")
def assert_rank(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Returns an operation that fails unless `x` has that many axes.

    Args:
        x: a tensor.
        rank: the number of axes, an integer scalar.
        data: tensors to show in the error; None: rank and shape.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: a scope for the operations.

    Raises:
        ValueError: at once, if the ranks are known and differ.
    """
    options = data, summarize, message, name
    same = lambda found, wanted: found == wanted[0]  # noqa: E731 (one line beside its use)
    return _one_rank("assert_rank", "must have rank", "Equal", same, x, rank, *options)


@export("assert_rank_at_least", "debugging.assert_rank_at_least")
def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Returns an operation that fails unless `x` has at least that many axes.

    Args:
        x: a tensor.
        rank: the number of axes, an integer scalar.
        data: tensors to show in the error; None: rank and shape.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: a scope for the operations.

    Raises:
        ValueError: at once, if the ranks are known and the one of `x` is smaller.
    """
    options = data, summarize, message, name
    enough = lambda found, wanted: found >= wanted[0]  # noqa: E731 (one line beside its use)
    words = "must have rank at least"
    return _one_rank("assert_rank_at_least", words, "GreaterEqual", enough, x, rank, *options)


@export("assert_rank_in", "debugging.assert_rank_in")
def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Returns an operation that fails unless the rank of `x` is one of `ranks`.

    Args:
        x: a tensor.
        ranks: integer scalars.
        data: tensors to show in the error; None: ranks and shape.
        summarize: how many elements of each; None: 3.
        message: text before the error's.
        name: a scope for the operations.

    Raises:
        ValueError: at once, if the ranks are known and it is not.
    """
    with scopes.name_scope(name, "assert_rank_in", [x, *ranks, *(data or ())]):
        tensor = convert.convert_to_tensor(x, name="x")
        wanted = [convert.convert_to_tensor(rank, name="rank") for rank in ranks]
        if data is None:
            start = [message or "", f"Tensor {tensor._tag} must have rank in", *wanted]
            data = [*start, "Received shape: ", shape_of(tensor)]

        def failure(allowed: Any, found: int) -> str:
            return (
                f"{message or ''}.  Tensor {tensor._tag} must have rank in {tuple(allowed)}.  "
                f"Received rank {found}, shape {tensor.shape}"
            )

        def dynamic(actual: Tensor) -> Tensor:
            found = convert.convert(False) if not wanted else apply("Equal", wanted[0], actual)
            for other in wanted[1:]:
                found = apply("LogicalOr", found, apply("Equal", other, actual))
            result: Tensor = found
            return result

        holds = lambda found, allowed: found in allowed  # noqa: E731 (one line beside its use)
        return _rank_condition(tensor, wanted, holds, dynamic, data, summarize, failure)


# --- types ---
@export("assert_type", "debugging.assert_type")
def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Checks the type of a tensor at once, and returns an operation that does nothing.

    Args:
        tensor: a tensor.
        tf_type: the type it must have.
        message: text before the error's.
        name: a scope for the operation.

    Raises:
        TypeError: if it has another.
    """
    with scopes.name_scope(name, "assert_type", [tensor]):
        given = convert.convert_to_tensor(tensor, name="tensor")
        if given.dtype != tf_type:
            raise TypeError(f"{message or ''}  {given._tag} must be of type {tf_type}")
        return no_op("statically_determined_correct_type")


@export("assert_integer", "debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> Operation:
    """Checks at once that a tensor holds integers, and returns an operation that does nothing.

    Args:
        x: a tensor.
        message: text before the error's.
        name: a scope for the operation.

    Raises:
        TypeError: if it does not.
    """
    with scopes.name_scope(name, "assert_integer", [x]):
        given = convert.convert_to_tensor(x, name="x")
        if not given.dtype.base_dtype.is_integer:
            raise TypeError(
                f'{message or ""}  Expected "x" to be integer type.  Found: {given._tag} of dtype '
                f"{given.dtype}"
            )
        return no_op("statically_determined_was_integer")


@export("assert_scalar", "debugging.assert_scalar")
def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Tensor:
    """Returns the argument as a tensor, after a check that it is a scalar.

    Args:
        tensor: a tensor.
        name: a scope for a constant.
        message: text before the error's.

    Raises:
        ValueError: if its shape is another, or not known.
    """
    with scopes.name_scope(name, "assert_scalar", [tensor]) as scope:
        given = convert.convert_to_tensor(tensor, name=scope)
        if given.dims != ():
            raise ValueError(
                f"{message or ''}Expected scalar shape for {given._tag}, saw shape: {given.shape}."
            )
        return given


@export("assert_proper_iterable", "debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError unless the argument is meant to be iterated over (a list, say).

    Args:
        values: anything; tensors, arrays and strings are refused.
    """
    if isinstance(values, Tensor | np.ndarray | str | bytes) or hasattr(values, "dense_shape"):
        raise TypeError(
            f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}'
        )
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')


@export("assert_same_float_dtype", "debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: DType | None = None) -> DType:
    """Returns the float type that all the tensors have.

    Args:
        tensors: tensors; None among them are left out.
        dtype: the type they must have; None: that of the first.

    Raises:
        ValueError: if types differ, or are not of floats.
    """
    wanted, first = dtype, None
    for item in tensors or ():
        if item is None:
            continue
        found = item.dtype.base_dtype
        label = getattr(item, "name", str(item))
        if wanted is None:
            wanted, first = found, label
        elif found != wanted:
            like = f" as {first}" if first else ""
            raise ValueError(f"{label}, type={found}, must be of the same type ({wanted}){like}.")
    if wanted is None:
        return float32
    if not wanted.is_floating:
        raise ValueError(f"Expected floating point type, got {wanted}.")
    return wanted


@export("is_numeric_tensor", "debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Returns whether the argument is a tensor of numbers.

    Args:
        tensor: anything.
    """
    return isinstance(tensor, Tensor) and tensor.dtype in NUMBERS


# --- order ---
def _steps(x: Any) -> Tensor:
    """The differences of neighbours in row-major order."""
    tensor = convert.convert_to_tensor(x)
    flat = apply("Reshape", tensor, np.array([-1], np.int32))
    if not is_numeric_tensor(flat):
        raise TypeError(f"Expected x to be numeric, instead found: {flat}")
    found: Tensor = flat[1:] - flat[:-1]
    return found


@export("math.is_non_decreasing", "debugging.is_non_decreasing", "is_non_decreasing")
def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Returns a bool scalar: whether no element is smaller than the one before it.

    Args:
        x: numbers, looked at in row-major order.
        name: a scope for the operations.
    """
    with scopes.name_scope(name, "is_non_decreasing", [x]):
        steps = _steps(x)
        zero = convert.convert(0, steps.dtype)
        found: Tensor = reduce_all(apply("LessEqual", zero, steps))
    return found


@export("math.is_strictly_increasing", "debugging.is_strictly_increasing", "is_strictly_increasing")
def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Returns a bool scalar: whether each element is larger than the one before it.

    Args:
        x: numbers, looked at in row-major order.
        name: a scope for the operations.
    """
    with scopes.name_scope(name, "is_strictly_increasing", [x]):
        steps = _steps(x)
        zero = convert.convert(0, steps.dtype)
        found: Tensor = reduce_all(apply("Less", zero, steps))
    return found
