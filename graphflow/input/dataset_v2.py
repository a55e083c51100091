"""What all data sets offer: the methods that users declare others with.

A data set is a description: every method adds operations to the graph and returns a new one. What
runs through it is an iterator (`iterators`). Elements are made one after the other in the thread
that asks for them: the numbers of parallel calls and of elements to prefetch are noted in the graph
and change nothing else.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64, string
from graphflow.core.tensor import Tensor
from graphflow.input import data_nest, structure
from graphflow.input import dataset_transforms as made
from graphflow.input.dataset_function import StructuredFunction
from graphflow.input.dataset_options import Options
from graphflow.input.dataset_spec import DatasetSpec
from graphflow.input.dataset_transforms import Made
from graphflow.input.eager_iterators import EagerIterator
from graphflow.input.generator import generated
from graphflow.ops.checks import Assert
from graphflow.ops.identity import identity
from graphflow.ops.shape_ops import shape
from graphflow.ops.string_reduce import reduce_join

AUTOTUNE = -1


class DatasetV2:
    """A data set.

    Args:
        variant_tensor: the tensor that stands for it in the graph.
        known: what else is known of it.
    """

    _preserves: ClassVar[bool] = True
    """Whether a mapped function may not end the elements."""

    def __init__(self, variant_tensor: Tensor, known: Made | None = None) -> None:
        self._variant_tensor_attr = variant_tensor
        self._graph_attr = scopes.get_default_graph()
        self._made = known
        self._own_options: Options | None = None

    @classmethod
    def _of(cls, known: Made) -> Any:
        return DatasetV2(known.variant, known)

    # --- what it is ---
    @property
    def _variant_tensor(self) -> Tensor:
        return self._variant_tensor_attr

    @property
    def _graph(self) -> Any:
        return self._graph_attr

    def _inputs(self) -> list[Any]:
        return [] if self._made is None else list(self._made.inputs)

    def _functions(self) -> list[StructuredFunction]:
        return [] if self._made is None else list(self._made.functions)

    @property
    def element_spec(self) -> Any:
        """The structure of TypeSpecs of its elements."""
        assert self._made is not None
        return self._made.spec

    @property
    def _type_spec(self) -> DatasetSpec:
        return DatasetSpec(self.element_spec)

    @property
    def _flat_shapes(self) -> list[Any]:
        return structure.flat_shapes(self.element_spec)

    @property
    def _flat_types(self) -> list[Any]:
        return structure.flat_types(self.element_spec)

    @property
    def _flat_structure(self) -> dict[str, Any]:
        return structure.flat_attrs(self.element_spec)

    def __iter__(self) -> Any:
        if scopes.get_default_graph().executes:
            return EagerIterator(self)
        raise RuntimeError(
            "__iter__() is only supported inside of tf.function or when eager execution is enabled."
        )

    def __repr__(self) -> str:
        shapes = data_nest.map_structure(str, structure.legacy_shapes(self.element_spec))
        types = data_nest.map_structure(_type_text, structure.legacy_types(self.element_spec))
        shown = [str(x).replace("'", "") for x in (shapes, types)]
        return f"<{type(self).__name__} shapes: {shown[0]}, types: {shown[1]}>"

    # --- options ---
    def options(self) -> Options:
        """Returns the options of this data set and those it is made of."""
        if self._own_options is not None:
            return self._own_options
        found = Options()
        for source in self._inputs():
            found = found.merge(source.options())
        return found

    def with_options(self, options: Options) -> Any:
        """Returns the same data set with options.

        Args:
            options: they count where others say something else.

        Raises:
            ValueError: if an option was set to another value before.
        """
        same = DatasetV2(
            self._variant_tensor, Made(self._variant_tensor, self.element_spec, [self])
        )
        same._own_options = self.options().merge(options)
        return self._wrapped(same)

    def _wrapped(self, dataset: DatasetV2) -> Any:
        return dataset

    def _captures_variables(self) -> bool:
        return any(f.captures_variables for f in self._functions()) or any(
            source._captures_variables() for source in self._inputs()
        )

    def _with_options_applied(self) -> tuple[Tensor, Any]:
        """The tensor of the data set as iterators take it, and the structure of its elements."""
        options, dataset = self.options(), self
        threading = options.experimental_threading
        for op_type, name in (
            ("MaxIntraOpParallelismDataset", "max_intra_op_parallelism"),
            ("PrivateThreadPoolDataset", "private_threadpool_size"),
        ):
            value = getattr(threading, name)
            if value is not None:
                label = "num_threads" if name.startswith("private") else name
                dataset = DatasetV2._of(made.same(op_type, dataset, made.whole(value, label)))
        optimizations = options._static_optimizations()
        if optimizations and self._captures_variables():
            warnings.warn(
                "tf.data static optimizations are not compatible with tf.Variable. The following "
                f"optimizations will be disabled: {', '.join(optimizations)}. To enable "
                "optimizations, use resource variables instead by calling "
                "`tf.enable_resource_variables()` at the start of the program.",
                stacklevel=4,
            )
        elif optimizations:
            dataset = DatasetV2._of(_optimized(dataset, options, optimizations))
        tuning = options.experimental_optimization
        if tuning.autotune is not False:
            attrs = {"cpu_budget": tuning.autotune_cpu_budget or 0}
            if tuning.autotune_algorithm:
                attrs["algorithm"] = tuning.autotune_algorithm
            dataset = DatasetV2._of(made.same("ModelDataset", dataset, **attrs))
        return dataset._variant_tensor, dataset.element_spec

    # --- sources ---
    @classmethod
    def from_tensors(cls, tensors: Any) -> Any:
        """Returns a data set of one element.

        Args:
            tensors: the element: a tensor, or a structure of tensors.
        """
        return cls._of(made.tensors(tensors))

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Any:
        """Returns a data set of the rows of tensors.

        Args:
            tensors: a tensor `[n, ...]`, or a structure of tensors of equal length.

        Raises:
            ValueError: if a tensor is a scalar, or the lengths differ.
        """
        return cls._of(made.tensor_slices(tensors))

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Any],
        output_types: Any,
        output_shapes: Any = None,
        args: Any = None,
    ) -> Any:
        """Returns a data set of what a Python generator yields.

        Args:
            generator: is called at the beginning of each iteration, and returns what can be
                iterated over.
            output_types: a structure of types: that of each element.
            output_shapes: of the components; None: any.
            args: tensors whose values `generator` gets.

        Raises:
            TypeError: if `generator` cannot be called.
        """
        return cls._of(generated(DatasetV2, generator, output_types, output_shapes, args))

    @classmethod
    def range(cls, *args: Any) -> Any:
        """Returns a data set of int64 numbers.

        Args:
            *args: stop; or start and stop; or start, stop and step.

        Raises:
            ValueError: for any other number of arguments.
        """
        return cls._of(made.numbers(*args))

    @classmethod
    def zip(cls, datasets: Any) -> Any:
        """Returns a data set of the elements of others side by side, as many as the shortest has.

        Args:
            datasets: a structure of data sets.

        Raises:
            TypeError: if something in it is no data set.
        """
        made.check_datasets(datasets, lambda d: isinstance(d, DatasetV2))
        return cls._of(made.zipped(datasets))

    @classmethod
    def list_files(cls, file_pattern: Any, shuffle: bool | None = None, seed: Any = None) -> Any:
        """Returns a data set of the names of files.

        Args:
            file_pattern: a pattern such as "/data/*.txt", or several.
            shuffle: whether the order is random; None: it is.
            seed: of the order.

        Raises:
            InvalidArgumentError: in the run: if there is no such file.
        """
        with scopes.name_scope("list_files"):
            pattern = convert(file_pattern, string, name="file_pattern")
            files = apply("MatchingFiles", pattern)
            found = apply("Greater", shape(files)[0], 0, name="match_not_empty")
            message = apply(
                "Add", "No files matched pattern: ", reduce_join(pattern, separator=", "),
                name="message",
            )  # fmt: skip
            check = Assert(found, [message], summarize=1, name="assert_not_empty")
            with scopes.control_dependencies([check]):
                files = identity(files)
            listed = cls._of(made.tensor_slices(files))
            if shuffle is None or shuffle:
                size = apply("Maximum", shape(files, out_type=int64)[0], 1)
                listed = listed.shuffle(size, seed=seed)
            return listed

    # --- order and number ---
    def concatenate(self, dataset: Any) -> Any:
        """Returns a data set of the elements of this one, then those of another.

        Args:
            dataset: elements of the same types.

        Raises:
            TypeError: if the types or classes of the elements differ.
        """
        return self._of(made.concatenated(self, dataset))

    def repeat(self, count: Any = None) -> Any:
        """Returns a data set of the elements again and again.

        Args:
            count: how many times; None or -1: without end.
        """
        return self._of(made.repeated(self, count))

    def enumerate(self, start: Any = 0) -> Any:
        """Returns a data set of pairs: a number and an element.

        Args:
            start: the first number.
        """
        numbers = self._of(made.numbers(start, int64.max))
        return self._of(made.zipped((numbers, self)))

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None
    ) -> Any:
        """Returns a data set of the elements in random order.

        Args:
            buffer_size: so many elements are mixed at a time.
            seed: of the order; the same seeds give TensorFlow's order.
            reshuffle_each_iteration: whether each repetition has an order of its own; None: yes.
        """
        return self._of(made.shuffled(self, buffer_size, seed, reshuffle_each_iteration))

    def take(self, count: Any) -> Any:
        """Returns a data set of the first elements.

        Args:
            count: how many; -1: all.
        """
        return self._of(made.same("TakeDataset", self, made.whole(count, "count")))

    def skip(self, count: Any) -> Any:
        """Returns a data set of the elements but for the first.

        Args:
            count: how many are left out; -1: all.
        """
        return self._of(made.same("SkipDataset", self, made.whole(count, "count")))

    def shard(self, num_shards: Any, index: Any) -> Any:
        """Returns a data set of every n-th element.

        Args:
            num_shards: n.
            index: of the first, from 0.
        """
        return self._of(made.sharded(self, num_shards, index))

    def prefetch(self, buffer_size: Any) -> Any:
        """Returns the same data set: elements are made when they are asked for.

        Args:
            buffer_size: noted in the graph; None or -1: TensorFlow may choose.
        """
        return self._of(made.prefetched(self, buffer_size))

    def cache(self, filename: Any = "") -> Any:
        """Returns a data set whose elements are kept when they have been made once.

        Args:
            filename: where they are kept; "": in memory, as long as the iterator.
        """
        return self._of(made.cached(self, filename))

    # --- stacking ---
    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Any:
        """Returns a data set of stacked elements.

        Args:
            batch_size: how many are stacked.
            drop_remainder: whether a smaller last batch is left out.
        """
        return self._of(made.batched(self, batch_size, drop_remainder))

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any,
        padding_values: Any = None,
        drop_remainder: Any = False,
    ) -> Any:
        """Returns a data set of elements that are padded and stacked.

        Args:
            batch_size: how many are stacked.
            padded_shapes: a structure of shapes; an unknown size, or -1, is the largest of a batch.
            padding_values: a structure of scalars; None: zeros and empty strings.
            drop_remainder: whether a smaller last batch is left out.

        Raises:
            ValueError: if a shape is too small for the elements.
            TypeError: if a value has another type, or the elements are sparse.
        """
        return self._of(
            made.padded_batched(self, batch_size, padded_shapes, padding_values, drop_remainder)
        )

    def unbatch(self) -> Any:
        """Returns a data set of the rows of the elements.

        Raises:
            ValueError: if a component is a scalar.
        """

        def normalized(*parts: Any) -> Any:
            element = parts if len(parts) > 1 else parts[0]
            return structure.to_batched_tensor_list(self.element_spec, element)

        rows = self._of(made.mapped(self, normalized, preserve=self._preserves))
        known = Made(rows._variant_tensor, self.element_spec, [rows])
        return self._of(made.unbatched(DatasetV2._of(known)))

    def window(
        self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: Any = False
    ) -> Any:
        """Returns a data set of data sets of neighbouring elements, one for each component.

        Args:
            size: how many elements a window has.
            shift: how far the next window's first element is; None: the size.
            stride: from one element of a window to the next.
            drop_remainder: whether smaller windows at the end are left out.
        """
        shift = size if shift is None else shift
        return self._of(made.windowed(self, size, shift, stride, drop_remainder))

    # --- functions ---
    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None) -> Any:
        """Returns a data set of what a function makes of each element.

        Args:
            map_func: takes the components of an element (one argument each for a tuple) and
                returns a tensor or a structure of tensors.
            num_parallel_calls: noted in the graph.

        Raises:
            TypeError: if the function returns what is no element.
        """
        return self._of(made.mapped(self, map_func, num_parallel_calls, preserve=True))

    def flat_map(self, map_func: Callable[..., Any]) -> Any:
        """Returns a data set of the elements of the data sets that a function makes.

        Args:
            map_func: takes an element and returns a data set.

        Raises:
            TypeError: if it returns something else.
        """
        return self._of(made.flat_mapped(self, map_func))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = AUTOTUNE,
        block_length: Any = 1,
        num_parallel_calls: Any = None,
    ) -> Any:
        """Returns a data set of the elements of the data sets that a function makes, in turn.

        Args:
            map_func: takes an element and returns a data set.
            cycle_length: how many data sets take turns; -1: as many as there are processors.
            block_length: how many elements one gives in its turn.
            num_parallel_calls: noted in the graph.

        Raises:
            TypeError: if the function returns something else.
        """
        return self._of(
            made.interleaved(self, map_func, cycle_length, block_length, num_parallel_calls)
        )

    def filter(self, predicate: Callable[..., Any]) -> Any:
        """Returns a data set of the elements of which a function says true.

        Args:
            predicate: takes an element and returns a bool scalar.

        Raises:
            ValueError: if it returns something else.
        """
        return self._of(made.filtered(self, predicate))

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Returns what a function makes of this data set.

        Args:
            transformation_func: takes a data set and returns one.

        Raises:
            TypeError: if it returns something else.
        """
        found = transformation_func(self)
        if not isinstance(found, DatasetV2):
            raise TypeError(f"`transformation_func` must return a Dataset. Got {found}.")
        return self._wrapped(found)

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any]) -> Any:
        """Returns what a function makes of a state and all elements, one after the other.

        Args:
            initial_state: a tensor, or a structure of tensors.
            reduce_func: takes a state and an element and returns the next state.

        Raises:
            TypeError: if the new state has another type than the initial one.
        """
        return made.reduced(self, initial_state, reduce_func)


def _type_text(dtype: Any) -> str:
    return repr(dtype)


def _optimized(dataset: DatasetV2, options: Options, optimizations: list[str]) -> Made:
    given = convert(optimizations, string, name="optimizations")
    configs = options._static_optimization_configs()
    return made.same("OptimizeDataset", dataset, given, optimization_configs=configs)
