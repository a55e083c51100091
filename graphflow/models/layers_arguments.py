"""What Keras' layers are told by name, as the objects that are meant."""

from __future__ import annotations

from typing import Any

from graphflow.models import activations, constraints, initializers, regularizers
from graphflow.nets import keras_state

ACTIVATION = activations.get
INITIALIZER = initializers.get
REGULARIZER = regularizers.get
CONSTRAINT = constraints.get


def of_kernel(
    kernel_initializer: Any,
    bias_initializer: Any,
    kernel_regularizer: Any,
    bias_regularizer: Any,
    activity_regularizer: Any,
    kernel_constraint: Any,
    bias_constraint: Any,
) -> tuple[Any, ...]:
    """Returns the arguments that layers with a kernel and a bias have, as objects.

    Args:
        kernel_initializer: an initializer, its name or its configuration.
        bias_initializer: likewise.
        kernel_regularizer: a regularizer, likewise.
        bias_regularizer: likewise.
        activity_regularizer: likewise.
        kernel_constraint: a constraint, likewise.
        bias_constraint: likewise.
    """
    return (
        INITIALIZER(kernel_initializer),
        INITIALIZER(bias_initializer),
        REGULARIZER(kernel_regularizer),
        REGULARIZER(bias_regularizer),
        REGULARIZER(activity_regularizer),
        CONSTRAINT(kernel_constraint),
        CONSTRAINT(bias_constraint),
    )


def data_format(given: str | None) -> str:
    """Returns where the channels are: what was given, else what Keras was set to."""
    return keras_state.image_data_format() if given is None else given


def training(given: Any) -> Any:
    """Returns whether a layer learns: what was given, else the learning phase."""
    return keras_state.learning_phase() if given is None else given
