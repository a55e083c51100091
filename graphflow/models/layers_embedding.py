"""Keras' layer that makes vectors of numbers."""

from __future__ import annotations

from typing import Any

from graphflow.core.dtypes import int32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models import layers_arguments as arguments
from graphflow.nets import keras_state
from graphflow.nets.keras_layer import Layer
from graphflow.ops.cast import cast
from graphflow.ops.comparison import not_equal
from graphflow.ops.embedding import embedding_lookup


@export("keras.layers.Embedding")
class Embedding(Layer):
    """A layer that looks up a vector for each number, such as that of a word.

    Args:
        input_dim: how many numbers there are: 0 to `input_dim - 1`.
        output_dim: the length of the vectors.
        embeddings_initializer: makes the first vectors: an initializer or its name.
        embeddings_regularizer: a function of the vectors whose value is a loss, or its name.
        activity_regularizer: a function of the result whose value is a loss.
        embeddings_constraint: applied to the vectors after an optimizer's step, or its name.
        mask_zero: whether 0 stands for a step that is not there.
        input_length: the number of steps, where a Dense layer must know it.
        **kwargs: as `Layer`.
    """

    CONFIG = (
        "input_dim", "output_dim", "embeddings_initializer", "embeddings_regularizer",
        "activity_regularizer", "embeddings_constraint", "mask_zero", "input_length",
    )  # fmt: skip

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        activity_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        input_length: Any = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" not in kwargs:
            kwargs["input_shape"] = (input_length or None,)
        dtype = kwargs.pop("dtype", keras_state.floatx())
        kwargs["autocast"] = False
        super().__init__(dtype=dtype, **kwargs)
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = arguments.INITIALIZER(embeddings_initializer)
        self.embeddings_regularizer = arguments.REGULARIZER(embeddings_regularizer)
        self.activity_regularizer = arguments.REGULARIZER(activity_regularizer)
        self.embeddings_constraint = arguments.CONSTRAINT(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.input_length = input_length

    def build(self, input_shape: Any) -> None:
        """Makes the vectors, [input_dim, output_dim]."""
        self.embeddings = self.add_weight(
            "embeddings",
            (self.input_dim, self.output_dim),
            None,
            self.embeddings_initializer,
            self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns [n, ..., output_dim] for numbers [n, ...]."""
        if inputs.dtype.base_dtype not in (int32, int64):
            inputs = cast(inputs, int32)
        return embedding_lookup(self.embeddings, inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns where the numbers are not 0; None unless `mask_zero`.

        Args:
            inputs: the numbers.
            mask: not used.
        """
        return not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the input.

        Raises:
            ValueError: if it contradicts `input_length`.
        """
        n, *steps = as_shape(input_shape).as_list()
        if self.input_length is None:
            return TensorShape([n, *steps, self.output_dim])
        given = self.input_length
        known = list(given) if isinstance(given, list | tuple) else [given]
        differ = len(known) != len(steps) or any(
            a is not None and b is not None and a != b for a, b in zip(known, steps, strict=True)
        )
        if differ:
            raise ValueError(
                f'"input_length" is {given}, but received input has shape {(n, *steps)}'
            )
        sizes = [b if a is None else a for a, b in zip(known, steps, strict=True)]
        return TensorShape([n, *sizes, self.output_dim])
