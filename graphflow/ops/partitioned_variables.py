"""Variables in parts along one axis, which checkpoints store as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert, register_tensor_conversion_function
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor


class PartitionInfo:
    """What an initializer may want to know of the part it fills.

    Args:
        full_shape: the shape of the whole.
        var_offset: where the part begins.

    Raises:
        ValueError: if the part begins outside of the whole: there are more parts than rows.
    """

    def __init__(self, full_shape: Sequence[int], var_offset: Sequence[int]) -> None:
        for offset, size in zip(var_offset, full_shape, strict=True):
            if not 0 <= offset < size:
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset}, shape={size} for "
                    f"var_offset={list(var_offset)}, full_shape={list(full_shape)}"
                )
        self.full_shape = list(full_shape)
        self.var_offset = list(var_offset)

    def single_offset(self, shape: Sequence[int]) -> int:
        """Where a part of that shape begins, along the axis that is split."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """The axis along which a part of that shape is split, or None.

        Raises:
            ValueError: if there is more than one.
        """
        found = [i for i, (a, b) in enumerate(zip(shape, self.full_shape, strict=True)) if a != b]
        if len(found) > 1:
            raise ValueError(
                f"Cannot use single_slice_dim() with shape {shape} and full_shape "
                f"{self.full_shape} since slice dim could be either dimension {found[0]} or "
                f"{found[1]}."
            )
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Place:
    """One part: its number, and where it lies in the whole."""

    number: int
    full_shape: list[int]
    offset: list[int]
    shape: list[int]

    @property
    def info(self) -> PartitionInfo:
        """What an initializer gets to know."""
        return PartitionInfo(self.full_shape, self.offset)


def checked_partitions(partitioner: Any, shape: TensorShape, dtype: DType) -> list[int]:
    """Returns how many parts each axis has.

    Raises:
        ValueError: if the shape is not known, or the partitioner's answer does not fit it.
    """
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable must be fully defined, but instead was {shape}."
        )
    if not shape.rank:
        raise ValueError(f"A partitioned Variable must have rank at least 1, shape: {shape}")
    found = partitioner(shape=shape, dtype=dtype)
    if not isinstance(found, Sequence):
        raise ValueError(f"Partitioner must return a sequence, but saw: {found}")
    if len(found) != shape.rank:
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's rank: "
            f"{found} vs. {shape}"
        )
    if any(n < 1 for n in found):
        raise ValueError(f"Partitioner returned zero partitions for some axes: {found}")
    if sum(n > 1 for n in found) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, partitioning: {found}"
        )
    return [int(n) for n in found]


def places(shape: TensorShape, numbers: Sequence[int]) -> Iterator[Place]:
    """The parts of a whole; the first ones are larger by one where they cannot be equal.

    Args:
        shape: the shape of the whole.
        numbers: how many parts each axis has; more than one on at most one axis.
    """
    full = [int(d) for d in shape]
    axis = next((i for i, n in enumerate(numbers) if n > 1), 0)
    count = numbers[axis]
    at = 0
    for i in range(count):
        size = full[axis] // count + (i < full[axis] % count)
        offset = [0] * len(full)
        offset[axis] = at
        yield Place(i, full, offset, [*full[:axis], size, *full[axis + 1 :]])
        at += size


def part_initializer(
    initializer: Any, place: Place, dtype: DType
) -> tuple[Any, list[int] | None, DType]:
    """Returns the initializer of one part, the shape to ask it for, and the type."""
    if callable(initializer):
        return initializer, place.shape, dtype
    given = isinstance(initializer, Tensor)
    whole = convert(initializer, None if given else dtype)
    begin, size = np.array(place.offset, np.int32), np.array(place.shape, np.int32)
    part = apply("Slice", whole, begin, size)
    return part, None, part.dtype.base_dtype if given else dtype


def check_shared(
    found: PartitionedVariable,
    name: str,
    shape: TensorShape,
    dtype: DType,
    numbers: list[int] | None,
    reuse: Any,
) -> None:
    """Raises ValueError unless an existing variable may be shared."""
    if reuse is False:
        raise ValueError(
            f"Partitioned variable with name {name} already exists. Did you mean to set "
            "reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    start = f"Trying to reuse partitioned variable {name}, but specified"
    if not shape.is_compatible_with(found.get_shape()):
        raise ValueError(f"{start} shape {shape} and found shape {found.get_shape()}.")
    if not dtype.is_compatible_with(found.dtype):
        raise ValueError(f"{start} dtype {dtype.name} and found dtype {found.dtype.name}.")
    if numbers is not None and found._get_partitions() != numbers:
        raise ValueError(
            f"{start} partitions {numbers} and found partitions {found._get_partitions()}."
        )


def _check_parts(shape: Any, variables: Any, partitions: Any) -> None:
    for what, given in (("variable_list", variables), ("partitions", partitions)):
        if not isinstance(given, list | tuple):
            raise TypeError(f"{what} is not a list or tuple: {given}")
    if not all(n >= 1 for n in partitions):
        raise ValueError(f"partition values must be positive: {partitions}")
    if not variables:
        raise ValueError("variable_list may not be empty")
    infos = [v._get_save_slice_info() for v in variables]
    if None in infos:
        names = [v.name for v in variables]
        raise ValueError(f"All variables must have a save_slice_info available: {names}")
    if len(shape) != len(partitions):
        raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
    full = [info.full_shape for info in infos]
    if any(as_shape(sizes) != as_shape(shape) for sizes in full):
        raise ValueError(
            f"All variables' full shapes must match shape: {shape}; but full shapes were: {full}"
        )


class PartitionedVariable:
    """A variable in parts; as a tensor it is their concatenation.

    Args:
        name: the name of the whole.
        shape: the shape of the whole.
        dtype: the element type.
        variable_list: the parts, each with its SaveSliceInfo.
        partitions: how many parts each axis has.
    """

    def __init__(
        self,
        name: str,
        shape: Sequence[Any],
        dtype: DType,
        variable_list: Sequence[Any],
        partitions: Sequence[int],
    ) -> None:
        _check_parts(shape, variable_list, partitions)
        self._variable_list = sorted(variable_list, key=lambda v: v._save_slice_info.var_offset)
        self._name = name
        self._shape = as_shape(shape)
        self._dtype = dtype
        self._partitions = list(partitions)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def get_shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> list[int]:
        return self._partitions

    @property
    def _axis(self) -> int:
        return next((i for i, n in enumerate(self._partitions) if n > 1), 0)

    def as_tensor(self) -> Tensor:
        """Returns the whole value."""
        with scopes.control_dependencies(None):
            if len(self._variable_list) == 1:
                joined: Any = self._variable_list[0]
            else:
                with scopes.name_scope(f"{self._name}/ConcatPartitions/"):
                    joined = apply("ConcatV2", self._variable_list, self._axis, name="concat")
            with scopes.name_scope(None):
                found: Tensor = apply("Identity", joined, name=self._name)
            return found

    # --- updates ---
    def _each(self, update: Callable[[Any, Any], Any], value: Any) -> list[Any]:
        if isinstance(value, list | PartitionedVariable):
            values = list(value)
        else:
            sizes = [v.shape[self._axis].value for v in self._variable_list]
            values = apply(
                "SplitV", value, np.array(sizes, np.int32), self._axis, num_split=len(sizes)
            )
        return [update(v, x) for v, x in zip(self._variable_list, values, strict=True)]

    def assign(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Assigns to each part what belongs there; returns a list."""
        return self._each(lambda v, x: v.assign(x, use_locking, name, read_value), value)

    def assign_add(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Adds to each part what belongs there; returns a list."""
        return self._each(lambda v, x: v.assign_add(x, use_locking, name, read_value), value)

    def assign_sub(
        self, value: Any, use_locking: bool = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Subtracts from each part what belongs there; returns a list."""
        return self._each(lambda v, x: v.assign_sub(x, use_locking, name, read_value), value)


def _as_tensor(
    variable: PartitionedVariable,
    dtype: DType | None = None,
    name: Any = None,
    as_ref: bool = False,
) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(variable.dtype):
        raise ValueError(
            f"Incompatible type conversion requested to type '{dtype.name}' for variable of type "
            f"'{variable.dtype.name}'"
        )
    if as_ref:
        raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
    return variable.as_tensor()


register_tensor_conversion_function(PartitionedVariable, _as_tensor, 100)
