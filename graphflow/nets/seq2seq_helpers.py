"""Helpers of a BasicDecoder: they sample from its outputs and give it the next inputs."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.rnn_dynamic import transpose_batch_time
from graphflow.nets.seq2seq_samples import categorical_sample
from graphflow.ops.argmax import argmax
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.fill import zeros_like
from graphflow.ops.flow_cond import cond
from graphflow.ops.reduce import reduce_all
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.shape_ops import size as size_of
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.tile import tile


@export("contrib.seq2seq.Helper")
class Helper(metaclass=abc.ABCMeta):
    """The base of helpers. `BasicDecoder` calls them."""

    @property
    @abc.abstractmethod
    def batch_size(self) -> Any:
        """The number of sequences, an int or a scalar tensor."""
        raise NotImplementedError("batch_size has not been implemented")

    @property
    @abc.abstractmethod
    def sample_ids_shape(self) -> Any:
        """The shape of what is sampled of one sequence, a TensorShape."""
        raise NotImplementedError("sample_ids_shape has not been implemented")

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self) -> Any:
        """The element type of what is sampled."""
        raise NotImplementedError("sample_ids_dtype has not been implemented")

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs)`.

        Args:
            name: a scope for the operations.
        """

    @abc.abstractmethod
    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what is sampled of a step's outputs.

        Args:
            time: int32 scalar, the number of the step.
            outputs: the outputs.
            state: the state after the step.
            name: a scope for the operations.
        """

    @abc.abstractmethod
    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns `(finished, next inputs, next state)`.

        Args:
            time: int32 scalar, the number of the step.
            outputs: the outputs.
            state: the state after the step.
            sample_ids: what was sampled.
            name: a scope for the operations.
        """


@export("contrib.seq2seq.CustomHelper")
class CustomHelper(Helper):
    """A helper made of functions.

    Args:
        initialize_fn: returns `(finished, first inputs)`.
        sample_fn: takes `time`, `outputs` and `state`; returns what is sampled.
        next_inputs_fn: takes these and `sample_ids`; returns `(finished, next inputs, next
            state)`.
        sample_ids_shape: the shape of what is sampled of one sequence; None: a scalar.
        sample_ids_dtype: its element type; None: int32.
    """

    def __init__(
        self,
        initialize_fn: Callable[[], Any],
        sample_fn: Callable[..., Any],
        next_inputs_fn: Callable[..., Any],
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or int32

    @property
    def batch_size(self) -> Any:
        """The number of sequences.

        Raises:
            ValueError: before `initialize`.
        """
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """The shape of what is sampled of one sequence."""
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """The element type of what is sampled."""
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Any:
        """Returns what the function says."""
        with scopes.name_scope(name, f"{type(self).__name__}Initialize"):
            finished, inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = size_of(finished)
        return finished, inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what the function says."""
        with scopes.name_scope(name, f"{type(self).__name__}Sample", (time, outputs, state)):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns what the function says."""
        with scopes.name_scope(name, f"{type(self).__name__}NextInputs", (time, outputs, state)):
            return self._next_inputs_fn(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )


def unstacked(x: Tensor) -> TensorArray:
    """Returns an array of the rows of a tensor."""
    array = TensorArray(x.dtype, size=shape_of(x)[0], element_shape=x.shape[1:])
    return array.unstack(x)


@export("contrib.seq2seq.TrainingHelper")
class TrainingHelper(Helper):
    """Gives the decoder inputs that are known beforehand, and samples the largest output.

    Args:
        inputs: `[batch, time, ...]`.
        sequence_length: `[batch]`, int32: how long each sequence is.
        time_major: whether inputs are `[time, batch, ...]`.
        name: a scope for the operations.

    Raises:
        ValueError: if `sequence_length` is no vector.
    """

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None
    ) -> None:
        with scopes.name_scope(name, "TrainingHelper", [inputs, sequence_length]):
            steps: Any = convert(inputs, name="inputs")
            self._inputs = steps
            if not time_major:
                steps = transpose_batch_time(steps)
            self._input_tas = unstacked(steps)
            self._sequence_length: Any = convert(sequence_length, name="sequence_length")
            if self._sequence_length.shape.ndims != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: "
                    f"{self._sequence_length.shape}"
                )
            self._zero_inputs = zeros_like(steps[0, :])
            self._batch_size = size_of(sequence_length)

    @property
    def inputs(self) -> Any:
        """The inputs, as they were given."""
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        """How long each sequence is."""
        return self._sequence_length

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """That of a scalar."""
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """The element type of what is sampled: int32."""
        return int32

    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs)`; zeros if all sequences are empty."""
        with scopes.name_scope(name, "TrainingHelperInitialize"):
            finished = equal(0, self._sequence_length)
            over = reduce_all(finished)
            inputs = cond(over, lambda: self._zero_inputs, lambda: self._input_tas.read(0))
            return finished, inputs

    def sample(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, name: str | None = None, **unused_kwargs: Any
    ) -> Any:
        """Returns the place of the largest output of each sequence."""
        with scopes.name_scope(name, "TrainingHelperSample", [time, outputs]):
            return cast(argmax(outputs, axis=-1), int32)

    def next_inputs(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, state: Any, name: str | None = None, **unused_kwargs: Any
    ) -> Any:
        """Returns `(finished, next inputs, state)`; zeros when all sequences are over."""
        with scopes.name_scope(name, "TrainingHelperNextInputs", [time, outputs, state]):
            following = time + 1
            finished = following >= self._sequence_length
            over = reduce_all(finished)
            inputs = cond(over, lambda: self._zero_inputs, lambda: self._input_tas.read(following))
            return finished, inputs, state


def lookup(embedding: Any) -> Callable[[Any], Any]:
    """Returns a function from ids to embeddings: the one given, or a look-up in a table."""
    if callable(embedding):
        return embedding  # type: ignore[no-any-return]  # a function
    return lambda ids: embedding_lookup(embedding, ids)


def check_one_tensor(outputs: Any) -> None:
    """Checks that outputs are one tensor.

    Raises:
        TypeError: if not.
    """
    if not isinstance(outputs, Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")


@export("contrib.seq2seq.GreedyEmbeddingHelper")
class GreedyEmbeddingHelper(Helper):
    """Takes the class of the largest output, and gives the decoder its embedding.

    Args:
        embedding: a table `[classes, size]`, or a function from ids to embeddings.
        start_tokens: `[batch]`, int32: the ids that come first.
        end_token: int32 scalar, the id that ends a sequence.

    Raises:
        ValueError: if `start_tokens` is no vector, or `end_token` no scalar.
    """

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = lookup(embedding)
        self._start_tokens: Any = convert(start_tokens, int32, "start_tokens")
        self._end_token: Any = convert(end_token, int32, "end_token")
        if self._start_tokens.shape.ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = size_of(start_tokens)
        if self._end_token.shape.ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """That of a scalar."""
        return TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """The element type of what is sampled: int32."""
        return int32

    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs)`: the embeddings of the start tokens."""
        return tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns the place of the largest output of each sequence, `[batch]`.

        Raises:
            TypeError: if the outputs are not one tensor.
        """
        check_one_tensor(outputs)
        return argmax(outputs, axis=-1, output_type=int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns `(finished, next inputs, state)`: the embeddings of what was sampled."""
        finished = equal(sample_ids, self._end_token)
        over = reduce_all(finished)
        inputs = cond(over, lambda: self._start_inputs, lambda: self._embedding_fn(sample_ids))
        return finished, inputs, state


@export("contrib.seq2seq.SampleEmbeddingHelper")
class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Draws a class, with the outputs for logits, and gives the decoder its embedding.

    Args:
        embedding: as in `GreedyEmbeddingHelper`.
        start_tokens: as in `GreedyEmbeddingHelper`.
        end_token: as in `GreedyEmbeddingHelper`.
        softmax_temperature: what the logits are divided by: large ones make all classes alike;
            None: 1.
        seed: the operation's seed.

    Raises:
        ValueError: as in `GreedyEmbeddingHelper`.
    """

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns a class for each sequence, `[batch]`.

        Raises:
            TypeError: if the outputs are not one tensor.
        """
        check_one_tensor(outputs)
        t = self._softmax_temperature
        logits = outputs if t is None else outputs / t
        return categorical_sample(logits=logits, seed=self._seed)


@export("contrib.seq2seq.InferenceHelper")
class InferenceHelper(Helper):
    """Gives the decoder what was sampled of its outputs, or a function of that.

    Args:
        sample_fn: takes the outputs; returns what is sampled.
        sample_shape: the shape of what is sampled of one sequence.
        sample_dtype: its element type.
        start_inputs: `[batch, ...]`, the first inputs.
        end_fn: takes what was sampled; returns `[batch]` of bool: which sequences are over.
        next_inputs_fn: takes what was sampled; returns the next inputs. None: that itself.
    """

    def __init__(
        self,
        sample_fn: Callable[[Any], Any],
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Callable[[Any], Any],
        next_inputs_fn: Callable[[Any], Any] | None = None,
    ) -> None:
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._sample_shape = TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = shape_of(start_inputs)[0]
        self._start_inputs = convert(start_inputs, name="start_inputs")

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> TensorShape:
        """The shape of what is sampled of one sequence."""
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """The element type of what is sampled."""
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Any:
        """Returns `(finished, first inputs)`."""
        return tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Returns what the function says."""
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns `(finished, next inputs, state)`."""
        inputs = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), inputs, state
