"""tf.data.Dataset: data sets with the methods of TensorFlow 1, and the functions around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.seeds import get_seed
from graphflow.core.tensor import Tensor
from graphflow.input import dataset_transforms as made
from graphflow.input import structure
from graphflow.input.dataset_function import StructuredFunction, factory
from graphflow.input.dataset_options import Options
from graphflow.input.dataset_transforms import Made
from graphflow.input.dataset_v2 import AUTOTUNE as AUTOTUNE
from graphflow.input.dataset_v2 import DatasetV2 as DatasetV2
from graphflow.input.eager_iterators import EagerIterator
from graphflow.input.iterators import Iterator


@export("data.Dataset", "contrib.data.Dataset")
class DatasetV1(DatasetV2):
    """A data set: elements that iterators hand to a graph, one in each run.

    Every method returns a new data set. A class derived from this one says with
    `_as_variant_tensor` what it is, and with `element_spec` what its elements are.
    """

    _preserves = False

    def __init__(self) -> None:
        super().__init__(self._as_variant_tensor())

    def _as_variant_tensor(self) -> Tensor:
        raise NotImplementedError("Dataset._as_variant_tensor")

    @classmethod
    def _of(cls, known: Made) -> Any:
        return DatasetV1Adapter(DatasetV2._of(known))

    def _wrapped(self, dataset: DatasetV2) -> Any:
        return DatasetV1Adapter(dataset)

    @property
    def element_spec(self) -> Any:
        """The structure of TypeSpecs of its elements."""
        return structure.convert_legacy_structure(
            self.output_types, self.output_shapes, self.output_classes
        )

    @property
    def output_types(self) -> Any:
        """The types of an element's components, in its structure."""
        return structure.legacy_types(self.element_spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element's components, in its structure."""
        return structure.legacy_shapes(self.element_spec)

    @property
    def output_classes(self) -> Any:
        """The classes of an element's components, in its structure."""
        return structure.legacy_classes(self.element_spec)

    @classmethod
    def from_sparse_tensor_slices(cls, sparse_tensor: Any) -> Any:
        """Returns a data set of the rows of a sparse tensor: indices, values and shape of each.

        Args:
            sparse_tensor: a SparseTensor in row-major order.

        Raises:
            TypeError: if it is something else.
        """
        return cls._of(made.sparse_tensor_slices(sparse_tensor))

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Any:
        """Returns a data set of what a function makes of each element.

        Args:
            map_func: takes the components of an element (one argument each for a tuple) and
                returns a tensor or a structure of tensors.
            num_parallel_calls: noted in the graph.

        Raises:
            TypeError: if the function returns what is no element.
        """
        return self._of(made.mapped(self, map_func, num_parallel_calls))

    def map_with_legacy_function(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None
    ) -> Any:
        """As `map`; operations with state inside the function run in no particular order.

        Args:
            map_func: as in `map`.
            num_parallel_calls: as in `map`.
        """
        return self._of(made.mapped(self, map_func, num_parallel_calls, legacy=True))

    def filter_with_legacy_function(self, predicate: Callable[..., Any]) -> Any:
        """As `filter`; operations with state inside the function run in no particular order.

        Args:
            predicate: as in `filter`.
        """
        return DatasetV2._of(made.filtered(self, predicate, legacy=True))

    # --- iterators ---
    def make_one_shot_iterator(self) -> Iterator:
        """Returns an iterator that needs no initializer and runs through the data set once.

        Raises:
            ValueError: if the data set takes in placeholders, variables or tables.
        """
        found: Iterator = self._make_one_shot_iterator()
        return found

    def _make_one_shot_iterator(self) -> Any:
        if scopes.get_default_graph().executes:
            return EagerIterator(self)
        spec = self.element_spec
        seeds = get_seed(None)

        def declared() -> Tensor:
            if seeds[0] is not None and seeds[1] is not None:
                seed = (seeds[0] + 87654321 * seeds[1]) % (2**63 - 1)
                scopes.get_default_graph().seed = seed
            return self._with_options_applied()[0]

        try:
            function = factory(self._variant_tensor, declared)
        except ValueError as e:
            if "Cannot capture a stateful node" not in str(e):
                raise
            raise ValueError(
                "Failed to create a one-shot iterator for a dataset. "
                "`Dataset.make_one_shot_iterator()` does not support datasets that capture "
                "stateful objects, such as a `Variable` or `LookupTable`. In these cases, use "
                f"`Dataset.make_initializable_iterator()`. (Original error: {e})"
            ) from None
        handle = apply(
            "OneShotIterator", dataset_factory=function.name, **structure.flat_attrs(spec)
        )
        return Iterator.of(handle, None, spec)

    def make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        """Returns an iterator that begins anew each time its `initializer` runs.

        Args:
            shared_name: iterators of the same name are one; None: this one is alone.
        """
        return self._make_initializable_iterator(shared_name)

    def _make_initializable_iterator(self, shared_name: str | None = None) -> Iterator:
        if scopes.get_default_graph().executes:
            raise RuntimeError(
                "dataset.make_initializable_iterator is not supported when eager execution is "
                "enabled."
            )
        variant, spec = self._with_options_applied()
        handle = apply(
            "IteratorV2", container="", shared_name=shared_name or "", **structure.flat_attrs(spec)
        )
        with scopes.colocate_with(handle):
            initializer = apply("MakeIterator", variant, handle)
        return Iterator.of(handle, initializer, spec)


class DatasetV1Adapter(DatasetV1):
    """A data set with the methods of TensorFlow 1.

    Args:
        dataset: what it is.
    """

    def __init__(self, dataset: DatasetV2) -> None:
        self._dataset = dataset
        super().__init__()

    def _as_variant_tensor(self) -> Tensor:
        return self._dataset._variant_tensor

    def _captures_variables(self) -> bool:
        return self._dataset._captures_variables()

    def _inputs(self) -> list[Any]:
        return self._dataset._inputs()

    def _functions(self) -> list[StructuredFunction]:
        return self._dataset._functions()

    def options(self) -> Options:
        """Returns the options of this data set and those it is made of."""
        return self._dataset.options()

    @property
    def element_spec(self) -> Any:
        """The structure of TypeSpecs of its elements."""
        return self._dataset.element_spec


Dataset = DatasetV1


class VariantDataset(DatasetV2):
    """A data set of which only the tensor is known."""


@provide("dataset_of_variant")
def dataset_of_variant(variant: Tensor, spec: Any) -> VariantDataset:
    """Returns the data set that a tensor stands for.

    Args:
        variant: the tensor.
        spec: the structure of TypeSpecs of its elements.
    """
    return VariantDataset(variant, Made(variant, spec))


@provide("dataset_class")
def dataset_class() -> type:
    """Returns the class of data sets of which only the tensor is known."""
    return VariantDataset


# --- functions of data sets and iterators ---
@export("data.make_one_shot_iterator")
def make_one_shot_iterator(dataset: Any) -> Iterator:
    """Returns an iterator that needs no initializer; see `Dataset.make_one_shot_iterator`.

    Args:
        dataset: a data set.
    """
    if not hasattr(dataset, "_make_one_shot_iterator"):
        dataset = DatasetV1Adapter(dataset)
    found: Iterator = dataset._make_one_shot_iterator()
    return found


@export("data.make_initializable_iterator")
def make_initializable_iterator(dataset: Any, shared_name: str | None = None) -> Iterator:
    """Returns an iterator with an initializer; see `Dataset.make_initializable_iterator`.

    Args:
        dataset: a data set.
        shared_name: iterators of the same name are one.
    """
    if not hasattr(dataset, "_make_initializable_iterator"):
        dataset = DatasetV1Adapter(dataset)
    found: Iterator = dataset._make_initializable_iterator(shared_name)
    return found


@export("data.experimental.get_structure")
def get_structure(dataset_or_iterator: Any) -> Any:
    """Returns the structure of TypeSpecs of the elements.

    Args:
        dataset_or_iterator: a data set or an iterator.

    Raises:
        TypeError: if it is neither.
    """
    try:
        return dataset_or_iterator.element_spec
    except AttributeError:
        raise TypeError(
            "`dataset_or_iterator` must be a Dataset or Iterator object, but got "
            f"{type(dataset_or_iterator)}."
        ) from None


@export("data.get_output_classes")
def get_legacy_output_classes(dataset_or_iterator: Any) -> Any:
    """Returns the classes of an element's components.

    Args:
        dataset_or_iterator: a data set or an iterator.
    """
    return structure.legacy_classes(get_structure(dataset_or_iterator))


@export("data.get_output_shapes")
def get_legacy_output_shapes(dataset_or_iterator: Any) -> Any:
    """Returns the shapes of an element's components.

    Args:
        dataset_or_iterator: a data set or an iterator.
    """
    return structure.legacy_shapes(get_structure(dataset_or_iterator))


@export("data.get_output_types")
def get_legacy_output_types(dataset_or_iterator: Any) -> Any:
    """Returns the types of an element's components.

    Args:
        dataset_or_iterator: a data set or an iterator.
    """
    return structure.legacy_types(get_structure(dataset_or_iterator))


@export("data.experimental.from_variant")
def from_variant(variant: Tensor, structure: Any) -> Any:
    """Returns the data set that a tensor stands for.

    Args:
        variant: the tensor.
        structure: the structure of TypeSpecs of its elements.
    """
    return dataset_of_variant(variant, structure)


@export("data.experimental.to_variant")
def to_variant(dataset: DatasetV2) -> Tensor:
    """Returns the tensor that stands for a data set.

    Args:
        dataset: the data set.
    """
    return dataset._variant_tensor
