"""What a feature of an example looks like: tf.FixedLenFeature and its kin."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from graphflow.core.dtypes import DType, as_dtype, int64
from graphflow.core.export import export, publish
from graphflow.core.shape import as_shape

VarLenFeature = namedtuple("VarLenFeature", ["dtype"])
VarLenFeature.__doc__ = """A feature of any number of values, which becomes a SparseTensor.

Args:
    dtype: float32, int64 or string.
"""
publish(VarLenFeature, "VarLenFeature", "io.VarLenFeature")


@export("FixedLenFeature", "io.FixedLenFeature")
class FixedLenFeature(namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])):
    """A feature of a fixed shape, which becomes a tensor.

    Args:
        shape: its shape, with all sizes known.
        dtype: float32, int64 or string.
        default_value: what stands for a missing feature; None: every example must have it.
    """

    def __new__(cls, shape: Any, dtype: Any, default_value: Any = None) -> FixedLenFeature:
        """Makes the description."""
        return super().__new__(cls, shape, dtype, default_value)


@export("FixedLenSequenceFeature", "io.FixedLenSequenceFeature")
class FixedLenSequenceFeature(
    namedtuple("FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"])
):
    """A feature of any number of rows of a fixed shape, which becomes a tensor.

    In a batch, shorter ones are filled up to the longest.

    Args:
        shape: the shape of a row.
        dtype: float32, int64 or string.
        allow_missing: whether examples may be without it; must be True but in sequence examples.
        default_value: what shorter ones are filled up with; None: 0 or "".
    """

    def __new__(
        cls, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None
    ) -> FixedLenSequenceFeature:
        """Makes the description."""
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


@export("SparseFeature", "io.SparseFeature")
class SparseFeature(
    namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"])
):
    """A SparseTensor whose places and values are features of their own.

    Args:
        index_key: the name of the feature that has the places; a list of them for several axes.
        value_key: the name of the feature that has the values.
        dtype: the type of the values.
        size: the size of the whole; a list where `index_key` is one.
        already_sorted: whether the places are in order.
    """

    def __new__(
        cls, index_key: Any, value_key: str, dtype: Any, size: Any, already_sorted: bool = False
    ) -> SparseFeature:
        """Makes the description."""
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


Features = Mapping[str, Any]


class Parameters:
    """The features of one message as the operations want them."""

    __slots__ = (
        "dense_defaults", "dense_keys", "dense_shapes", "dense_types", "sparse_keys",
        "sparse_types",
    )  # fmt: skip

    def __init__(self) -> None:
        self.sparse_keys: list[str] = []
        self.sparse_types: list[DType] = []
        self.dense_keys: list[str] = []
        self.dense_types: list[DType] = []
        self.dense_defaults: dict[str, Any] = {}
        self.dense_shapes: list[Any] = []

    def check(self) -> None:
        """Raises ValueError if nothing is asked for, or one key twice."""
        if not self.dense_keys and not self.sparse_keys:
            raise ValueError("Must provide at least one sparse key or dense key")
        both = set(self.dense_keys) & set(self.sparse_keys)
        if both:
            raise ValueError(f"Dense and sparse keys must not intersect; intersection: {both}")

    # --- one feature ---
    def add_var_len(self, key: str, feature: Any) -> None:
        """Adds a VarLenFeature."""
        _need_type(key, feature)
        self.sparse_keys.append(key)
        self.sparse_types.append(as_dtype(feature.dtype))

    def add_sparse(self, key: str, feature: Any) -> None:
        """Adds the places and the values of a SparseFeature."""
        for part in ("index_key", "value_key"):
            if not getattr(feature, part):
                raise ValueError(f"Missing {part} for SparseFeature {feature}.")
        _need_type(key, feature)
        places = feature.index_key
        for index_key in sorted([places] if isinstance(places, str) else places):
            self._add_part(index_key, int64)
        self._add_part(feature.value_key, as_dtype(feature.dtype))

    def _add_part(self, key: str, wanted: DType) -> None:
        if key not in self.sparse_keys:
            self.sparse_keys.append(key)
            self.sparse_types.append(wanted)
            return
        found = self.sparse_types[self.sparse_keys.index(key)]
        if found != wanted:
            shown = "int64" if wanted == int64 else str(wanted)
            raise ValueError(f"Conflicting type {found} vs {shown} for feature {key}.")

    def add_fixed(self, key: str, feature: Any) -> None:
        """Adds a FixedLenFeature."""
        self._need_shape(key, feature)
        known = as_shape(feature.shape)
        if feature.shape and known.raw and known.raw[0] is None:
            raise ValueError(
                f"First dimension of shape for feature {key} unknown. "
                "Consider using FixedLenSequenceFeature."
            )
        if not known.is_fully_defined():
            raise ValueError(
                f"All dimensions of shape for feature {key} need to be known but received "
                f"{feature.shape}."
            )
        self._add_dense(key, feature)
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value

    def add_sequence(self, key: str, feature: Any) -> None:
        """Adds a FixedLenSequenceFeature."""
        self._need_shape(key, feature)
        self._add_dense(key, feature)
        if feature.allow_missing:
            self.dense_defaults[key] = None
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value

    @staticmethod
    def _need_shape(key: str, feature: Any) -> None:
        _need_type(key, feature)
        if feature.shape is None:
            raise ValueError(f"Missing shape for feature {key}.")

    def _add_dense(self, key: str, feature: Any) -> None:
        self.dense_keys.append(key)
        self.dense_shapes.append(feature.shape)
        self.dense_types.append(as_dtype(feature.dtype))


def _need_type(key: str, feature: Any) -> None:
    if not feature.dtype:
        raise ValueError(f"Missing type for feature {key}.")


class _Kind(NamedTuple):
    name: str
    cls: Any
    add: Any


_KINDS: Final = (
    _Kind("VarLenFeature", VarLenFeature, Parameters.add_var_len),
    _Kind("SparseFeature", SparseFeature, Parameters.add_sparse),
    _Kind("FixedLenFeature", FixedLenFeature, Parameters.add_fixed),
    _Kind("FixedLenSequenceFeature", FixedLenSequenceFeature, Parameters.add_sequence),
)


def parameters(features: Features | None, allowed: Sequence[Any]) -> Parameters:
    """Sorts features by key and kind.

    Args:
        features: descriptions by the features' names.
        allowed: the classes of descriptions that may appear.

    Raises:
        ValueError: if a description is incomplete, contradicts another, or has no place here.
    """
    found = Parameters()
    for key in sorted(features or ()):
        feature = (features or {})[key]
        kind = next((k for k in _KINDS if isinstance(feature, k.cls)), None)
        if kind is None:
            raise ValueError(f"Invalid feature {key}:{feature}.")
        if kind.cls not in allowed:
            raise ValueError(f"Unsupported {kind.name} {feature}.")
        kind.add(found, key, feature)
    return found


def with_rows(features: Features) -> dict[str, Any]:
    """Gives sequence features, which have any number of rows, the axis of the rows.

    Raises:
        ValueError: if a sequence feature may not be missing.
    """
    found = dict(features)
    for key, feature in features.items():
        if isinstance(feature, FixedLenSequenceFeature):
            if not feature.allow_missing:
                raise ValueError(
                    "Unsupported: FixedLenSequenceFeature requires allow_missing to be True."
                )
            shape = [None, *feature.shape]
            found[key] = feature._replace(shape=shape)
    return found
