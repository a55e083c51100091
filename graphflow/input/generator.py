"""Data sets of what a Python generator yields."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, int64, string
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import TensorSpec
from graphflow.input import data_nest, structure
from graphflow.input.dataset_function import StructuredFunction
from graphflow.input.dataset_transforms import Made, flat_mapped
from graphflow.ops.py_func import as_result, numpy_function

Array = np.ndarray[Any, Any]


class _State:
    """The iterations of a generator that are under way, by number.

    Args:
        generator: makes an iteration of arguments.
    """

    def __init__(self, generator: Callable[..., Any]) -> None:
        self._generator = generator
        self._lock = threading.Lock()
        self._next = 0
        self._args: dict[int, Sequence[Any]] = {}
        self._iterators: dict[int, Iterator[Any]] = {}

    def begin(self, *args: Any) -> Array:
        """Notes the arguments of an iteration and returns its number."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        self._args[number] = args
        return np.array(number, np.int64)

    def iterator(self, number: Any) -> Iterator[Any]:
        """The iteration of a number; the generator is called when it is first asked for."""
        key = int(number)
        found = self._iterators.get(key)
        if found is None:
            found = self._iterators[key] = iter(self._generator(*self._args.pop(key)))
        return found

    def end(self, number: Any) -> Array:
        """Forgets an iteration."""
        self._iterators.pop(int(number), None)
        self._args.pop(int(number), None)
        return np.array(0, np.int64)


class _Checker:
    """Turns what a generator yields into arrays of the types and shapes that were promised."""

    def __init__(self, types: Any, shapes: Any) -> None:
        self._types = types
        self.types: list[DType] = [as_dtype(t) for t in data_nest.flatten(types)]
        self.shapes = data_nest.flatten(shapes)

    def __call__(self, values: Any) -> list[Array]:
        try:
            flat = data_nest.flatten_up_to(self._types, values)
        except (TypeError, ValueError):
            raise TypeError(
                "`generator` yielded an element that did not match the expected structure. The "
                f"expected structure was {self._types}, but the yielded element was {values}."
            ) from None
        arrays = [_array(x, t) for x, t in zip(flat, self.types, strict=True)]
        for array, shape in zip(arrays, self.shapes, strict=True):
            if not shape.is_compatible_with(array.shape):
                raise ValueError(
                    f"`generator` yielded an element of shape {array.shape} where an element of "
                    f"shape {shape} was expected."
                )
        return arrays


def _array(value: Any, dtype: DType) -> Array:
    try:
        if dtype == string:
            found = as_result(np.asarray(value, object))
        else:
            found = np.asarray(value, dtype.as_numpy_dtype, order="C")
    except (TypeError, ValueError):
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type. The "
            f"expected type was {dtype.name}, but the yielded element was {value}."
        ) from None
    except Exception as e:
        raise TypeError(
            "`generator` yielded an element that could not be converted to the expected type. The "
            f"expected type was {dtype.name}, but the yielded element was {value}."
        ) from e
    return found


def generated(
    make: Any, generator: Callable[..., Any], output_types: Any, output_shapes: Any, args: Any
) -> Made:
    """Declares a data set of what a generator yields.

    Args:
        make: the class of data sets.
        generator: makes an iteration.
        output_types: a structure of types.
        output_shapes: of shapes; None: any.
        args: tensors whose values the generator gets.

    Raises:
        TypeError: if the generator cannot be called.
    """
    if not callable(generator):
        raise TypeError("`generator` must be callable.")
    shapes = structure.shapes_of(output_types, output_shapes)
    given = [convert(a, name=f"args_{i}") for i, a in enumerate(args or ())]
    state, check = _State(generator), _Checker(output_types, shapes)

    def get_iterator_id_fn(unused_dummy: Tensor) -> Tensor:
        found: Tensor = numpy_function(state.begin, given, int64)
        return found

    def generator_next_fn(iterator_id: Tensor) -> Any:
        def generator_py_func(number: Any) -> list[Array]:
            return check(next(state.iterator(number)))

        values = numpy_function(generator_py_func, [iterator_id], check.types)
        for value, shape in zip(values, check.shapes, strict=True):
            value.set_shape(shape)
        return data_nest.pack_sequence_as(output_types, values)

    def finalize_fn(iterator_id: Tensor) -> Tensor:
        found: Tensor = numpy_function(state.end, [iterator_id], int64)
        return found

    def flat_map_fn(dummy: Tensor) -> Any:
        return make._of(_declared(dummy, get_iterator_id_fn, generator_next_fn, finalize_fn))

    return flat_mapped(make.from_tensors(0), flat_map_fn)


def _declared(
    start: Tensor,
    init: Callable[..., Any],
    step: Callable[..., Any],
    finalize: Callable[..., Any],
) -> Made:
    what = "Dataset.from_generator()"
    first = StructuredFunction(init, what, TensorSpec(start.shape, start.dtype))
    state = first.output_structure
    second, third = StructuredFunction(step, what, state), StructuredFunction(finalize, what, state)
    spec = second.output_structure
    variant = apply(
        "GeneratorDataset", [start, *first.captured_inputs], second.captured_inputs,
        third.captured_inputs, init_func=first.name, next_func=second.name,
        finalize_func=third.name, **structure.flat_attrs(spec),
    )  # fmt: skip
    return Made(variant, spec, [], [first, second, third])
