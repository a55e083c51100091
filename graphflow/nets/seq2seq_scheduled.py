"""Helpers that train a decoder partly with its own outputs: scheduled sampling."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_, int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.rnn_dynamic import transpose_batch_time
from graphflow.nets.seq2seq_helpers import TrainingHelper, lookup, unstacked
from graphflow.nets.seq2seq_samples import bernoulli_sample, categorical_sample
from graphflow.ops.cast import cast
from graphflow.ops.comparison import logical_not, logical_or
from graphflow.ops.concat import concat
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather_nd import gather_nd, scatter_nd
from graphflow.ops.reduce import reduce_all, reduce_any
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape as shape_of


def _probability(given: Any) -> Tensor:
    made: Tensor = convert(given, name="sampling_probability")
    if made.shape.ndims not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {made.shape}"
        )
    return made


def _merged(sampled: Any, own: Any, base: Any, kept: Any) -> Any:
    """Rows `own` at the places `sampled`, and rows `base` at the places `kept`."""
    shape, rows = base
    return scatter_nd(indices=sampled, updates=own, shape=shape) + scatter_nd(
        indices=kept, updates=rows, shape=shape
    )


@export("contrib.seq2seq.ScheduledEmbeddingTrainingHelper")
class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Gives a share of the sequences embeddings of drawn classes instead of the known inputs.

    Args:
        inputs: `[batch, time, size]`.
        sequence_length: `[batch]`, int32: how long each sequence is.
        embedding: a table `[classes, size]`, or a function from ids to embeddings.
        sampling_probability: a scalar or `[batch]`: how likely a drawn class is used.
        time_major: whether inputs are `[time, batch, size]`.
        seed: the seed of the classes.
        scheduling_seed: the seed of the choice.
        name: a scope for the operations.

    Raises:
        ValueError: if the probability is neither scalar nor vector, or the lengths no vector.

    Source:
        Bengio et al. 2015.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        given = [embedding, sampling_probability]
        with scopes.name_scope(name, "ScheduledEmbeddingSamplingWrapper", given):
            self._embedding_fn = lookup(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(
                inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name
            )

    def sample(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, state: Any, name: str | None = None
    ) -> Any:
        """Returns a class for the sequences that are chosen, -1 for the others, `[batch]`."""
        scope = "ScheduledEmbeddingTrainingHelperSample"
        with scopes.name_scope(name, scope, [time, outputs, state]):
            chosen = bernoulli_sample(
                probs=self._sampling_probability, dtype=bool_, sample_shape=self.batch_size,
                seed=self._scheduling_seed,
            )  # fmt: skip
            classes = categorical_sample(logits=outputs, seed=self._seed)
            return where(chosen, classes, apply("Fill", [self.batch_size], -1))

    def next_inputs(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns `(finished, next inputs, state)`."""
        scope = "ScheduledEmbeddingTrainingHelperNextInputs"
        with scopes.name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, base, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )

            def mixed() -> Any:
                sampled = cast(where(sample_ids > -1), int32)
                kept = cast(where(sample_ids <= -1), int32)
                ids, rows = gather_nd(sample_ids, sampled), gather_nd(base, kept)
                own = self._embedding_fn(ids)
                return _merged(sampled, own, (shape_of(base), rows), kept)

            return finished, cond(reduce_all(finished), lambda: base, mixed), state


@export("contrib.seq2seq.ScheduledOutputTrainingHelper")
class ScheduledOutputTrainingHelper(TrainingHelper):
    """Gives a share of the sequences their own outputs instead of the known inputs.

    Args:
        inputs: `[batch, time, size]`.
        sequence_length: `[batch]`, int32: how long each sequence is.
        sampling_probability: a scalar or `[batch]`: how likely the own output is used.
        time_major: whether inputs are `[time, batch, size]`.
        seed: the seed of the choice.
        next_inputs_fn: makes the next inputs of outputs; None: the outputs themselves.
        auxiliary_inputs: `[batch, time, ...]`, joined to the inputs at each step, whichever they
            are; None: nothing.
        name: a scope for the operations.

    Raises:
        ValueError: if the probability is neither scalar nor vector, or the lengths no vector.

    Source:
        Bengio et al. 2015.
    """

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Any = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        given = [inputs, auxiliary_inputs, sampling_probability]
        with scopes.name_scope(name, "ScheduledOutputTrainingHelper", given):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary_input_tas: Any = None
            if auxiliary_inputs is not None:
                inputs = convert(inputs, name="inputs")
                more: Any = convert(auxiliary_inputs, name="auxiliary_inputs")
                inputs = concat((inputs, more), -1)
                self._auxiliary_input_tas = unstacked(
                    more if time_major else transpose_batch_time(more)
                )
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(
                inputs=inputs, sequence_length=sequence_length, time_major=time_major, name=name
            )

    def sample(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, state: Any, name: str | None = None
    ) -> Any:
        """Returns 1 for the sequences whose own outputs are used, else 0, `[batch]`."""
        scope = "ScheduledOutputTrainingHelperSample"
        with scopes.name_scope(name, scope, [time, outputs, state]):
            return bernoulli_sample(
                probs=self._sampling_probability, sample_shape=self.batch_size, seed=self._seed
            )

    def next_inputs(  # type: ignore[override]  # TensorFlow's arguments
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Returns `(finished, next inputs, state)`."""
        scope = "ScheduledOutputTrainingHelperNextInputs"
        with scopes.name_scope(name, scope, [time, outputs, state, sample_ids]):
            finished, base, state = super().next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids, name=name
            )
            chosen = cast(sample_ids, bool_)

            def mixed() -> Any:
                if self._next_inputs_fn is None:
                    return where(chosen, self._with_more(time, outputs), base)
                sampled = cast(where(chosen), int32)
                kept = cast(where(logical_not(chosen)), int32)
                own, rows = gather_nd(outputs, sampled), gather_nd(base, kept)
                own = self._with_more(time, self._next_inputs_fn(own), sampled)
                return _merged(sampled, own, (shape_of(base), rows), kept)

            over = reduce_all(finished)
            none = logical_not(reduce_any(chosen))
            return finished, cond(logical_or(over, none), lambda: base, mixed), state

    def _with_more(self, time: Any, own: Any, indices: Any = None) -> Any:
        """Outputs joined with the auxiliary inputs of the next step, where there are some."""
        if self._auxiliary_input_tas is None:
            return own
        following = time + 1
        more = self._auxiliary_input_tas.read(following)
        if indices is not None:
            more = gather_nd(more, indices)
        return concat((own, more), -1)
