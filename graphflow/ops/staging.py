"""Staging areas as users make them: tf.contrib.staging.StagingArea and MapStagingArea."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.control_ops import no_op
from graphflow.ops.identity import identity


class BaseStagingArea:
    """What both kinds of areas share.

    Args:
        dtypes: the types of a tuple's parts.
        shapes: their shapes; None: unknown.
        names: their names: tuples are dictionaries then; None: lists.
        shared_name: the name under which areas of one session are the same; None: a new one.
        capacity: the most tuples; 0: any number.
        memory_limit: the most bytes; 0: any number.

    Raises:
        ValueError: if the lengths of the lists differ, or the shared name is no string.
    """

    def __init__(
        self,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        capacity: int = 0,
        memory_limit: int = 0,
    ) -> None:
        if shared_name is None:
            self._name = scopes.get_default_graph().unique_name(type(self).__name__)
        elif isinstance(shared_name, str):
            self._name = shared_name
        else:
            raise ValueError("shared_name must be a string")
        self._dtypes = dtypes
        if shapes is not None and len(shapes) != len(dtypes):
            raise ValueError("StagingArea shapes must be the same length as dtypes")
        if names is not None and len(names) != len(dtypes):
            raise ValueError("StagingArea names must be the same length as dtypes")
        self._shapes = [TensorShape(s) for s in shapes or [None] * len(dtypes)]
        self._names = names
        self._capacity = capacity
        self._memory_limit = memory_limit
        with scopes.name_scope(f"{self._name}_root"):
            self._coloc_op = no_op()

    @property
    def name(self) -> str:
        """The name that is shared."""
        return self._name

    @property
    def dtypes(self) -> list[DType]:
        """The types of a tuple's parts."""
        return self._dtypes  # type: ignore[no-any-return]  # what the maker gave

    @property
    def shapes(self) -> list[TensorShape]:
        """Their shapes."""
        return self._shapes

    @property
    def names(self) -> list[str] | None:
        """Their names, or None."""
        return self._names  # type: ignore[no-any-return]  # what the maker gave

    @property
    def capacity(self) -> int:
        """The most tuples; 0: any number."""
        return self._capacity

    @property
    def memory_limit(self) -> int:
        """The most bytes; 0: any number."""
        return self._memory_limit

    def _apply(self, op_type: str, *inputs: Any, name: str | None, **attrs: Any) -> Any:
        return apply(
            op_type, *inputs, shared_name=self._name, capacity=self._capacity,
            memory_limit=self._memory_limit, name=name, **attrs,
        )  # fmt: skip

    def _beside(self, op_type: str, *inputs: Any, name: str | None, **attrs: Any) -> Any:
        with scopes.colocate_with(self._coloc_op):
            return self._apply(op_type, *inputs, name=name, **attrs)

    def _check_put_dtypes(self, vals: Any, indices: Any = None) -> tuple[list[Tensor], list[int]]:
        if isinstance(vals, dict):
            vals, indices = self._by_name(vals)
        else:
            if self._names:
                raise ValueError("You must enqueue a dictionary in a staging area with names")
            if indices is None:
                raise ValueError("Indices must be supplied when inserting a list of tensors")
            if len(indices) != len(vals):
                raise ValueError(
                    f"Number of indices '{len(indices)}' doesn't match number of values "
                    f"'{len(vals)}'"
                )
        if len(vals) > len(self._dtypes):
            raise ValueError(f"Unexpected number of inputs '{len(vals)}' vs '{len(self._dtypes)}'")
        return [self._checked(v, i) for v, i in zip(vals, indices, strict=True)], indices

    def _by_name(self, vals: dict[Any, Any]) -> tuple[list[Any], list[int]]:
        if not self._names:
            raise ValueError("Staging areas must have names to enqueue a dictionary")
        if not set(vals).issubset(self._names):
            raise ValueError(
                "Keys in dictionary to put do not match names of staging area. Dictionary: "
                f"({sorted(vals)}), Queue: ({sorted(self._names)})"
            )
        places = [(i, n) for i, n in enumerate(self._names) if n in vals]
        return [vals[n] for _, n in places], [i for i, _ in places]

    def _checked(self, val: Any, i: int) -> Tensor:
        if val.dtype != self._dtypes[i]:
            raise ValueError(f"Datatypes do not match. '{val.dtype}' != '{self._dtypes[i]}'")
        val.get_shape().assert_is_compatible_with(self._shapes[i])
        found: Tensor = convert(val, self._dtypes[i], f"component_{i}")
        return found

    def _create_device_transfers(self, tensors: Any) -> list[Tensor]:
        found = list(tensors) if isinstance(tensors, tuple | list) else [tensors]
        elsewhere = no_op().device != self._coloc_op.device
        return [identity(t) for t in found] if elsewhere else found

    def _get_return_value(self, tensors: Any, indices: Sequence[int]) -> Any:
        found = self._create_device_transfers(tensors)
        for t, i in zip(found, indices, strict=True):
            t.set_shape(self._shapes[i])
        if self._names:
            return {self._names[i]: t for t, i in zip(found, indices, strict=True)}
        return found


def _values(vals: Any) -> list[Any]:
    if isinstance(vals, dict):
        return list(vals.values())
    return list(vals) if isinstance(vals, list | tuple) else [vals]


@export("contrib.staging.StagingArea")
class StagingArea(BaseStagingArea):
    """A buffer of tuples between a run that makes them and a later one that uses them.

    The arguments are those of `BaseStagingArea`.
    """

    def put(self, values: Any, name: str | None = None) -> Operation:
        """Returns an operation that adds a tuple; the run waits for room.

        Args:
            values: a tensor, a list of tensors, or a dictionary by the names.
            name: the node's name.

        Raises:
            ValueError: if types or shapes do not fit.
        """
        with scopes.name_scope(name, f"{self._name}_put", _values(values)) as scope:
            given = values if isinstance(values, list | tuple | dict) else [values]
            tensors, _ = self._check_put_dtypes(given, list(range(len(given))))
            made: Operation = self._beside("Stage", tensors, name=scope)
        return made

    def _all(self, op_type: str, *inputs: Any, name: str) -> Any:
        found = self._beside(op_type, *inputs, dtypes=self._dtypes, name=name)
        return self._get_return_value(found, range(len(self._dtypes)))

    def get(self, name: str | None = None) -> Any:
        """Returns the parts of the first tuple; the run waits for one."""
        return self._all("Unstage", name=f"{self._name}_get" if name is None else name)

    def peek(self, index: Any, name: str | None = None) -> Any:
        """Returns the parts of a tuple by its place, which it keeps; the run waits for it."""
        return self._all("StagePeek", index, name=f"{self._name}_peek" if name is None else name)

    def size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of tuples."""
        name = f"{self._name}_size" if name is None else name
        found: Tensor = self._apply("StageSize", dtypes=self._dtypes, name=name)
        return found

    def clear(self, name: str | None = None) -> Operation:
        """Returns an operation that forgets all."""
        name = f"{self._name}_clear" if name is None else name
        made: Operation = self._apply("StageClear", dtypes=self._dtypes, name=name)
        return made


@export("contrib.staging.MapStagingArea")
class MapStagingArea(BaseStagingArea):
    """A buffer of tuples by key, whose parts may come and go one by one.

    Args:
        dtypes: as in `BaseStagingArea`.
        shapes: as in `BaseStagingArea`.
        names: as in `BaseStagingArea`.
        shared_name: as in `BaseStagingArea`.
        ordered: whether `get` without a key takes the smallest one.
        capacity: as in `BaseStagingArea`.
        memory_limit: as in `BaseStagingArea`.
    """

    def __init__(
        self,
        dtypes: Any,
        shapes: Any = None,
        names: Any = None,
        shared_name: str | None = None,
        ordered: bool = False,
        capacity: int = 0,
        memory_limit: int = 0,
    ) -> None:
        super().__init__(dtypes, shapes, names, shared_name, capacity, memory_limit)
        self._ordered = ordered
        self._prefix = "Ordered" if ordered else ""

    def put(self, key: Any, vals: Any, indices: Any = None, name: str | None = None) -> Operation:
        """Returns an operation that adds parts of the tuple of a key; the run waits for room.

        Args:
            key: an int64 scalar.
            vals: a list of tensors, or a dictionary by the names.
            indices: which parts a list holds.
            name: the node's name.

        Raises:
            ValueError: if types, shapes or indices do not fit.
        """
        with scopes.name_scope(name, f"{self._name}_put", _values(vals)) as scope:
            tensors, places = self._check_put_dtypes(vals, indices)
            made: Operation = self._beside(
                f"{self._prefix}MapStage", key, places, tensors, dtypes=self._dtypes, name=scope
            )
        return made

    def _get_indices_and_dtypes(self, indices: Any) -> tuple[list[int], list[Any]]:
        if indices is None:
            indices = list(range(len(self._dtypes)))
        if not isinstance(indices, tuple | list):
            raise TypeError(f"Invalid indices type '{type(indices)}'")
        if not indices:
            raise ValueError("Empty indices")
        if all(isinstance(i, str) for i in indices):
            indices = self._places(indices)
        elif not all(isinstance(i, int) for i in indices):
            raise TypeError(f"Mixed types in indices '{indices}'. May only be str or int")
        return list(indices), [self._dtypes[i] for i in indices]

    def _places(self, names: Sequence[str]) -> list[int]:
        if self._names is None:
            raise ValueError(
                f"String indices provided '{names}', but this Staging Area was not created with "
                "names."
            )
        for n in names:
            if n not in self._names:
                raise ValueError(f"Named index '{n}' not in Staging Area names '{self._names}'")
        return [self._names.index(n) for n in names]

    def _take(self, op_type: str, *keys: Any, indices: Any, name: str) -> tuple[Any, list[int]]:
        places, dtypes = self._get_indices_and_dtypes(indices)
        found = self._beside(self._prefix + op_type, *keys, places, dtypes=dtypes, name=name)
        return found, places

    def peek(self, key: Any, indices: Any = None, name: str | None = None) -> Any:
        """Returns parts of the tuple of a key, which it keeps; the run waits for the key.

        Args:
            key: an int64 scalar.
            indices: which parts, by number or name; None: all.
            name: the node's name.
        """
        name = f"{self._name}_pop" if name is None else name
        return self._get_return_value(*self._take("MapPeek", key, indices=indices, name=name))

    def get(self, key: Any = None, indices: Any = None, name: str | None = None) -> Any:
        """Returns (key, parts of its tuple); the run waits for the key, or for any.

        Args:
            key: an int64 scalar; None: any.
            indices: which parts, by number or name; None: all.
            name: the node's name.
        """
        if key is None:
            return self._popitem(indices, name)
        name = f"{self._name}_get" if name is None else name
        found = self._take("MapUnstage", key, indices=indices, name=name)
        return key, self._get_return_value(*found)

    def _popitem(self, indices: Any, name: str | None) -> Any:
        name = f"{self._name}_get_nokey" if name is None else name
        (key, parts), places = self._take("MapUnstageNoKey", indices=indices, name=name)
        key = self._create_device_transfers(key)[0]
        return key, self._get_return_value(parts, places)

    def size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of complete tuples."""
        name = f"{self._name}_size" if name is None else name
        found: Tensor = self._apply(f"{self._prefix}MapSize", dtypes=self._dtypes, name=name)
        return found

    def incomplete_size(self, name: str | None = None) -> Tensor:
        """An int32 scalar: the number of others."""
        name = f"{self._name}_incomplete_size" if name is None else name
        found: Tensor = self._apply(
            f"{self._prefix}MapIncompleteSize", dtypes=self._dtypes, name=name
        )
        return found

    def clear(self, name: str | None = None) -> Operation:
        """Returns an operation that forgets all."""
        name = f"{self._name}_clear" if name is None else name
        made: Operation = self._apply(f"{self._prefix}MapClear", dtypes=self._dtypes, name=name)
        return made
