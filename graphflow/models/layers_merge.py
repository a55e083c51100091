"""Keras' layers that make one tensor of several, and functions that apply them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models import backend_arrays
from graphflow.nets.keras_layer import Layer
from graphflow.ops.fill import ones_like
from graphflow.ops.norm import l2_normalize
from graphflow.ops.reduce import reduce_all, reduce_prod
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack
from graphflow.ops.transpose import transpose

Sizes = tuple[int | None, ...] | None


def _sizes(shape: Any) -> Sizes:
    found = as_shape(shape)
    return None if found.ndims is None else tuple(found.as_list())


def _all_sizes(shapes: Any) -> list[Sizes]:
    return [_sizes(shape) for shape in shapes]


class _Merge(Layer):
    """The base of the layers of several inputs, whose shapes broadcast."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _merge_function(self, inputs: Any) -> Any:
        raise NotImplementedError

    def _broadcast(self, first: Sizes, second: Sizes) -> Sizes:
        """The shape of the result for two shapes without the batch."""
        if first is None or second is None:
            return None
        if len(first) < len(second):
            return self._broadcast(second, first)
        if not second:
            return first
        sizes = list(first[: -len(second)])
        for i, j in zip(first[-len(second) :], second, strict=True):
            if i is not None and j is not None and 1 not in (i, j) and i != j:
                raise ValueError(
                    f"Operands could not be broadcast together with shapes {first} {second}"
                )
            sizes.append(None if None in (i, j) else j if i == 1 else i)
        return tuple(sizes)

    def build(self, input_shape: Any) -> None:
        """Checks the shapes of the inputs.

        Raises:
            ValueError: if there are fewer than two, or they do not fit.
        """
        if not isinstance(input_shape, list):
            raise ValueError("A merge layer should be called on a list of inputs.")
        shapes = _all_sizes(input_shape)
        if len(shapes) < 2:
            raise ValueError(
                "A merge layer should be called on a list of at least 2 inputs. Got "
                f"{len(shapes)} inputs."
            )
        if len({shape[0] for shape in shapes if shape is not None} - {None}) > 1:
            raise ValueError(
                "Can not merge tensors with different batch sizes. Got tensors with shapes : "
                f"{shapes}"
            )
        self._examples(shapes)
        ranks = {None if shape is None else len(shape) for shape in shapes}
        self._reshape_required = None in ranks or len(ranks) > 1
        self.built = True

    def _examples(self, shapes: list[Sizes]) -> Sizes:
        """The shape of the result without the batch."""
        examples = [None if shape is None else shape[1:] for shape in shapes]
        return functools.reduce(self._broadcast, examples)

    def call(self, inputs: Any) -> Any:
        """Returns the result.

        Args:
            inputs: a list of tensors.

        Raises:
            ValueError: if it is no list.
        """
        if not isinstance(inputs, list):
            raise ValueError("A merge layer should be called on a list of inputs.")
        if not self._reshape_required:
            return self._merge_function(inputs)
        ranks = [x.shape.ndims for x in inputs]
        if None in ranks:
            return self._of_unknown_rank(inputs)
        fitted = []
        for x, rank in zip(inputs, ranks, strict=True):
            for _ in range(max(ranks) - rank):
                x = expand_dims(x, axis=1)
            fitted.append(x)
        return self._merge_function(fitted)

    def _of_unknown_rank(self, inputs: Any) -> Any:
        """The result where the batch has to be moved last, so that the other axes broadcast."""
        moved = [_batch_last(x) for x in inputs]
        y = self._merge_function(moved)
        if all(new is old for new, old in zip(moved, inputs, strict=True)):
            return y
        return _batch_first(y)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for the shapes of the inputs."""
        shapes = _all_sizes(input_shape)
        rest = self._examples(shapes)
        batches = {shape[0] for shape in shapes if shape is not None} - {None}
        if rest is None:
            return TensorShape(None)
        return TensorShape([batches.pop() if len(batches) == 1 else None, *rest])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns where all inputs are that have a mask.

        Args:
            inputs: the inputs.
            mask: their masks, None for those that have none.

        Raises:
            ValueError: if one of the arguments is no list, or there is another number of masks.
        """
        if not _check_masks(inputs, mask):
            return None
        known = [expand_dims(m, axis=0) for m in mask if m is not None]
        return reduce_all(backend_arrays.concatenate(known, axis=0), 0, False)


def _check_masks(inputs: Any, mask: Any) -> bool:
    """Whether there is a mask at all."""
    if mask is None:
        return False
    if not isinstance(mask, list):
        raise ValueError("`mask` should be a list.")
    if not isinstance(inputs, list):
        raise ValueError("`inputs` should be a list.")
    if len(mask) != len(inputs):
        raise ValueError("The lists `inputs` and `mask` should have the same length.")
    return any(m is not None for m in mask)


def _batch_last(x: Any) -> Any:
    rank = x.shape.ndims
    if rank is None:
        sizes = shape_of(x)
        wanted = backend_arrays.concatenate([sizes[1:], expand_dims(sizes[0], axis=-1)])
        flat = reshape(x, stack([sizes[0], reduce_prod(sizes[1:])], axis=0))
        return reshape(transpose(flat, perm=(1, 0)), wanted)
    return transpose(x, perm=[*range(1, rank), 0]) if rank > 1 else x


def _batch_first(y: Any) -> Any:
    rank = y.shape.ndims
    if rank is None:
        sizes = shape_of(y)
        last = shape_of(sizes)[0] - 1
        batch = sizes[last]
        wanted = backend_arrays.concatenate([expand_dims(batch, axis=-1), sizes[:last]])
        return reshape(transpose(reshape(y, (-1, batch)), perm=(1, 0)), wanted)
    return transpose(y, perm=[rank - 1, *range(rank - 1)]) if rank > 1 else y


@export("keras.layers.Add")
class Add(_Merge):
    """A layer that adds its inputs.

    Args:
        **kwargs: as `Layer`.
    """

    def _merge_function(self, inputs: Any) -> Any:
        return functools.reduce(lambda x, y: x + y, inputs)


@export("keras.layers.Subtract")
class Subtract(_Merge):
    """A layer that subtracts its second input from the first.

    Args:
        **kwargs: as `Layer`.
    """

    def build(self, input_shape: Any) -> None:
        """Checks the shapes of the inputs.

        Raises:
            ValueError: if there are not two, or they do not fit.
        """
        super().build(input_shape)
        self._check_two(input_shape)

    def _check_two(self, inputs: Any) -> None:
        if len(inputs) != 2:
            raise ValueError("A `Subtract` layer should be called on exactly 2 inputs")

    def _merge_function(self, inputs: Any) -> Any:
        self._check_two(inputs)
        return inputs[0] - inputs[1]


@export("keras.layers.Multiply")
class Multiply(_Merge):
    """A layer that multiplies its inputs.

    Args:
        **kwargs: as `Layer`.
    """

    def _merge_function(self, inputs: Any) -> Any:
        return functools.reduce(lambda x, y: x * y, inputs)


@export("keras.layers.Average")
class Average(_Merge):
    """A layer that returns the mean of its inputs.

    Args:
        **kwargs: as `Layer`.
    """

    def _merge_function(self, inputs: Any) -> Any:
        return functools.reduce(lambda x, y: x + y, inputs) / len(inputs)


@export("keras.layers.Maximum")
class Maximum(_Merge):
    """A layer that returns the largest of its inputs, element by element.

    Args:
        **kwargs: as `Layer`.
    """

    def _merge_function(self, inputs: Any) -> Any:
        return functools.reduce(functools.partial(apply, "Maximum"), inputs)


@export("keras.layers.Minimum")
class Minimum(_Merge):
    """A layer that returns the smallest of its inputs, element by element.

    Args:
        **kwargs: as `Layer`.
    """

    def _merge_function(self, inputs: Any) -> Any:
        return functools.reduce(functools.partial(apply, "Minimum"), inputs)


@export("keras.layers.Concatenate")
class Concatenate(_Merge):
    """A layer that puts its inputs together along an axis.

    Args:
        axis: the axis.
        **kwargs: as `Layer`.
    """

    CONFIG = ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self._reshape_required = False

    def build(self, input_shape: Any) -> None:
        """Checks the shapes of the inputs.

        Raises:
            ValueError: if there are fewer than two, or they differ along other axes.
        """
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            raise ValueError(
                "A `Concatenate` layer should be called on a list of at least 2 inputs"
            )
        shapes = _all_sizes(input_shape)
        self.built = True
        if all(shape is None for shape in shapes):
            return
        others = set()
        for shape in shapes:
            sizes = list(shape or ())
            del sizes[self.axis]
            others.add(tuple(sizes))
        if len(others) > 1:
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concat "
                f"axis. Got inputs shapes: {shapes}"
            )

    def _merge_function(self, inputs: Any) -> Any:
        return backend_arrays.concatenate(inputs, self.axis)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for the shapes of the inputs.

        Raises:
            ValueError: if they are no list.
        """
        if not isinstance(input_shape, list):
            raise ValueError("A `Concatenate` layer should be called on a list of inputs.")
        shapes = [as_shape(shape).as_list() for shape in input_shape]
        sizes = [shape[self.axis] for shape in shapes]
        known = [size for size in sizes if size is not None]
        shapes[0][self.axis] = sum(known) if len(known) == len(sizes) else None
        return TensorShape(shapes[0])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the masks put together; an input without one counts as whole.

        Args:
            inputs: the inputs.
            mask: their masks, None for those that have none.

        Raises:
            ValueError: if one of the arguments is no list, or there is another number of masks.
        """
        if not _check_masks(inputs, mask):
            return None
        known = []
        for x, m in zip(inputs, mask, strict=True):
            if m is None:
                known.append(ones_like(x, dtype=bool_))
            else:
                known.append(expand_dims(m, axis=-1) if m.shape.ndims < x.shape.ndims else m)
        return reduce_all(backend_arrays.concatenate(known, self.axis), -1, False)


@export("keras.layers.Dot")
class Dot(_Merge):
    """A layer that multiplies two inputs and sums along an axis of each, example by example.

    Args:
        axes: the axis, or one for each input.
        normalize: whether the inputs get the length 1 along them first.
        **kwargs: as `Layer`.

    Raises:
        TypeError: if the axes are neither a number nor a list.
        ValueError: if they are not two numbers.
    """

    CONFIG = ("axes", "normalize")

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, list | tuple):
                raise TypeError("Invalid type for `axes` - should be a list or an int.")
            if len(axes) != 2:
                raise ValueError("Invalid format for `axes` - should contain two elements.")
            if not all(isinstance(axis, int) for axis in axes):
                raise ValueError('Invalid format for `axes` - list elements should be "int".')
        self.axes = axes
        self.normalize = normalize
        self._reshape_required = False

    def _axes_of(self, ranks: Sequence[int]) -> list[int]:
        given = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [axis % rank if axis < 0 else axis for axis, rank in zip(given, ranks, strict=True)]

    def build(self, input_shape: Any) -> None:
        """Checks the shapes of the inputs.

        Raises:
            ValueError: if there are not two, or the sizes along the axes differ.
        """
        first, second = self._two(input_shape)
        self.built = True
        if first is None or second is None:
            return
        axes = self._axes_of((len(first), len(second)))
        if first[axes[0]] != second[axes[1]]:
            raise ValueError(
                f"Dimension incompatibility {first[axes[0]]} != {second[axes[1]]}. Layer shapes: "
                f"{first}, {second}"
            )

    def _two(self, input_shape: Any) -> list[Sizes]:
        if not isinstance(input_shape, list) or len(input_shape) != 2:
            raise ValueError("A `Dot` layer should be called on a list of 2 inputs.")
        return _all_sizes(input_shape)

    def _merge_function(self, inputs: Any) -> Any:
        if len(inputs) != 2:
            raise ValueError("A `Dot` layer should be called on exactly 2 inputs")
        x, y = inputs
        axes = self._axes_of((x.shape.ndims, y.shape.ndims))
        if self.normalize:
            x, y = l2_normalize(x, axis=axes[0]), l2_normalize(y, axis=axes[1])
        return backend_arrays.batch_dot(x, y, axes)

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for the shapes of the inputs.

        Raises:
            ValueError: if there are not two.
        """
        first, second = (list(sizes or ()) for sizes in self._two(input_shape))
        axes = self._axes_of((len(first), len(second)))
        del first[axes[0]], second[axes[1]]
        sizes = first + second[1:]
        return TensorShape([*sizes, 1] if len(sizes) == 1 else sizes)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Returns None: the result has no steps."""
        return


# --- functions ---
@export("keras.layers.add")
def add(inputs: Any, **kwargs: Any) -> Any:
    """Returns the sum of some tensors; see `Add`.

    Args:
        inputs: a list of tensors.
        **kwargs: as `Layer`.
    """
    return Add(**kwargs)(inputs)


@export("keras.layers.subtract")
def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Returns the first tensor less the second; see `Subtract`.

    Args:
        inputs: a list of two tensors.
        **kwargs: as `Layer`.
    """
    return Subtract(**kwargs)(inputs)


@export("keras.layers.multiply")
def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Returns the product of some tensors; see `Multiply`.

    Args:
        inputs: a list of tensors.
        **kwargs: as `Layer`.
    """
    return Multiply(**kwargs)(inputs)


@export("keras.layers.average")
def average(inputs: Any, **kwargs: Any) -> Any:
    """Returns the mean of some tensors; see `Average`.

    Args:
        inputs: a list of tensors.
        **kwargs: as `Layer`.
    """
    return Average(**kwargs)(inputs)


@export("keras.layers.maximum")
def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Returns the largest of some tensors; see `Maximum`.

    Args:
        inputs: a list of tensors.
        **kwargs: as `Layer`.
    """
    return Maximum(**kwargs)(inputs)


@export("keras.layers.minimum")
def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Returns the smallest of some tensors; see `Minimum`.

    Args:
        inputs: a list of tensors.
        **kwargs: as `Layer`.
    """
    return Minimum(**kwargs)(inputs)


@export("keras.layers.concatenate")
def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Returns some tensors put together; see `Concatenate`.

    Args:
        inputs: a list of tensors.
        axis: the axis.
        **kwargs: as `Layer`.
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


@export("keras.layers.dot")
def dot(inputs: Any, axes: Any, normalize: bool = False, **kwargs: Any) -> Any:
    """Returns the products of two tensors, summed along axes; see `Dot`.

    Args:
        inputs: a list of two tensors.
        axes: the axis, or one for each input.
        normalize: whether the inputs get the length 1 along them first.
        **kwargs: as `Layer`.
    """
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
