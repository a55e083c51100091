"""Keras' losses: objects that are called with labels and predictions, also by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Self

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models import losses_functions as functions
from graphflow.models.losses_weighted import ReductionV2, compute_weighted_loss
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.nets import keras_state
from graphflow.ops.variables import Variable


@export("keras.losses.Loss")
class Loss:
    """What makes a loss of labels and predictions; subclasses define `call`.

    Args:
        reduction: how the losses of the examples become one: "sum_over_batch_size" (also "auto"),
            "sum" or "none".
        name: the name of the operations' scope.

    Raises:
        ValueError: if the reduction is not known.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str | None = None) -> None:
        ReductionV2.validate(reduction)
        self.reduction = reduction
        self.name = name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Returns the loss of some examples.

        Args:
            y_true: labels, [batch, d0, ..., dn].
            y_pred: predictions of the same shape.
            sample_weight: weights of the examples, that broadcast to [batch, d0, ..., dn-1].

        Raises:
            ValueError: if the weights do not fit.
        """
        scope = "lambda" if self.name == "<lambda>" else self.name
        with scopes.name_scope(scope or type(self).__name__):
            losses = self.call(y_true, y_pred)
            return compute_weighted_loss(losses, sample_weight, self._get_reduction())

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the losses of the examples; for subclasses to override.

        Args:
            y_true: labels, [batch, d0, ..., dn].
            y_pred: predictions of the same shape.
        """
        raise NotImplementedError("Must be implemented in subclasses.")

    def _get_reduction(self) -> str:
        auto = self.reduction == ReductionV2.AUTO
        return ReductionV2.SUM_OVER_BATCH_SIZE if auto else self.reduction

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Returns the loss of a configuration."""
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this loss again."""
        return {"reduction": self.reduction, "name": self.name}


class LossFunctionWrapper(Loss):
    """A loss that a function computes.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` returns the losses of the examples.
        reduction: as `Loss`.
        name: the name of the operations' scope.
        **kwargs: further arguments of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str = ReductionV2.AUTO,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(reduction=reduction, name=name)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the losses of the examples.

        Args:
            y_true: labels.
            y_pred: predictions.
        """
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this loss again; tensors among them as values."""
        return {
            **super().get_config(),
            **{k: _value(v) for k, v in self._fn_kwargs.items()},
        }


def _value(x: Any) -> Any:
    return keras_state.get_value(x) if isinstance(x, Tensor | Variable) else x


@export("keras.losses.MeanSquaredError")
class MeanSquaredError(LossFunctionWrapper):
    """The mean of `(y_pred - y_true)**2`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "mean_squared_error") -> None:
        super().__init__(functions.mean_squared_error, reduction, name)


@export("keras.losses.MeanAbsoluteError")
class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of `abs(y_pred - y_true)`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self, reduction: str = ReductionV2.AUTO, name: str = "mean_absolute_error"
    ) -> None:
        super().__init__(functions.mean_absolute_error, reduction, name)


@export("keras.losses.MeanAbsolutePercentageError")
class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of `100 * abs(y_pred - y_true) / abs(y_true)`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self, reduction: str = ReductionV2.AUTO, name: str = "mean_absolute_percentage_error"
    ) -> None:
        super().__init__(functions.mean_absolute_percentage_error, reduction, name)


@export("keras.losses.MeanSquaredLogarithmicError")
class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of `(log(y_pred + 1) - log(y_true + 1))**2`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self, reduction: str = ReductionV2.AUTO, name: str = "mean_squared_logarithmic_error"
    ) -> None:
        super().__init__(functions.mean_squared_logarithmic_error, reduction, name)


@export("keras.losses.Hinge")
class Hinge(LossFunctionWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)`, of labels -1 and 1, or 0 and 1.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "hinge") -> None:
        super().__init__(functions.hinge, reduction, name)


@export("keras.losses.SquaredHinge")
class SquaredHinge(LossFunctionWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)**2`, of labels -1 and 1, or 0 and 1.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "squared_hinge") -> None:
        super().__init__(functions.squared_hinge, reduction, name)


@export("keras.losses.CategoricalHinge")
class CategoricalHinge(LossFunctionWrapper):
    """By how much a wrong class comes within 1 of the right one.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "categorical_hinge") -> None:
        super().__init__(functions.categorical_hinge, reduction, name)


@export("keras.losses.Poisson")
class Poisson(LossFunctionWrapper):
    """The mean of `y_pred - y_true * log(y_pred)`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "poisson") -> None:
        super().__init__(functions.poisson, reduction, name)


@export("keras.losses.LogCosh")
class LogCosh(LossFunctionWrapper):
    """The mean of `log(cosh(y_pred - y_true))`.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(self, reduction: str = ReductionV2.AUTO, name: str = "logcosh") -> None:
        super().__init__(functions.logcosh, reduction, name)


@export("keras.losses.KLDivergence")
class KLDivergence(LossFunctionWrapper):
    """The sum of `y_true * log(y_true / y_pred)`, of probabilities.

    Args:
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self, reduction: str = ReductionV2.AUTO, name: str = "kullback_leibler_divergence"
    ) -> None:
        super().__init__(functions.kullback_leibler_divergence, reduction, name)


@export("keras.losses.BinaryCrossentropy")
class BinaryCrossentropy(LossFunctionWrapper):
    """The cross-entropy of labels 0 and 1 and probabilities.

    Args:
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much the labels are moved to 0.5, in [0, 1].
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: Any = 0,
        reduction: str = ReductionV2.AUTO,
        name: str = "binary_crossentropy",
    ) -> None:
        super().__init__(
            functions.binary_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )
        self.from_logits = from_logits


@export("keras.losses.CategoricalCrossentropy")
class CategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of labels, 1 for the right class, and the probabilities of classes.

    Args:
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much of each label is spread over all classes, in [0, 1].
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: Any = 0,
        reduction: str = ReductionV2.AUTO,
        name: str = "categorical_crossentropy",
    ) -> None:
        super().__init__(
            functions.categorical_crossentropy,
            reduction,
            name,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@export("keras.losses.SparseCategoricalCrossentropy")
class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of class numbers and the probabilities of classes.

    Args:
        from_logits: whether the predictions are logits; else they are probabilities.
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str = ReductionV2.AUTO,
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(
            functions.sparse_categorical_crossentropy, reduction, name, from_logits=from_logits
        )


@export("keras.losses.Huber")
class Huber(LossFunctionWrapper):
    """Half the square of each error up to `delta`, and beyond it a line.

    Args:
        delta: where the line begins.
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self,
        delta: Any = 1.0,
        reduction: str = ReductionV2.AUTO,
        name: str = "huber_loss",
    ) -> None:
        super().__init__(functions.huber_loss, reduction, name, delta=delta)


@export("keras.losses.CosineSimilarity")
class CosineSimilarity(LossFunctionWrapper):
    """The cosine of the angle between labels and predictions.

    Args:
        axis: the axis of the vectors.
        reduction: as `Loss`.
        name: the name of the operations' scope.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str = ReductionV2.AUTO,
        name: str = "cosine_similarity",
    ) -> None:
        super().__init__(functions.cosine_proximity, reduction, name, axis=axis)


_SHORT: Final = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kullback_leibler_divergence",
}
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    function.__name__: function
    for function in (
        functions.mean_squared_error,
        functions.mean_absolute_error,
        functions.mean_absolute_percentage_error,
        functions.mean_squared_logarithmic_error,
        functions.squared_hinge,
        functions.hinge,
        functions.categorical_hinge,
        functions.huber_loss,
        functions.logcosh,
        functions.categorical_crossentropy,
        functions.sparse_categorical_crossentropy,
        functions.binary_crossentropy,
        functions.kullback_leibler_divergence,
        functions.poisson,
        functions.cosine_proximity,
    )
}
"""The functions by name; the short names come with them."""
FUNCTIONS.update({short: FUNCTIONS[long] for short, long in _SHORT.items()})
FUNCTIONS.update({short.upper(): FUNCTIONS[long] for short, long in _SHORT.items()})
FUNCTIONS["cosine_similarity"] = functions.cosine_proximity
_CLASSES: Final = {
    kind.__name__: kind
    for kind in (
        Loss,
        LossFunctionWrapper,
        MeanSquaredError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        SparseCategoricalCrossentropy,
        Hinge,
        SquaredHinge,
        CategoricalHinge,
        Poisson,
        LogCosh,
        KLDivergence,
        Huber,
        CosineSimilarity,
    )
}


def is_categorical_crossentropy(loss: Any) -> bool:
    """Whether a loss, its function or its name is that of categorical cross-entropy."""
    return (
        isinstance(loss, CategoricalCrossentropy)
        or getattr(loss, "fn", None) is functions.categorical_crossentropy
        or getattr(loss, "__name__", loss) == "categorical_crossentropy"
    )


@export("keras.losses.serialize")
def serialize(loss: Any) -> Any:
    """Returns a loss in plain data: a function's name, or a class's name and configuration.

    Raises:
        ValueError: if it has neither.
    """
    return serialize_keras_object(loss)


@export("keras.losses.deserialize")
def deserialize(name: Any, custom_objects: Any = None) -> Any:
    """Returns the loss that plain data stands for.

    Args:
        name: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own losses by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(
        name, {**FUNCTIONS, **_CLASSES}, custom_objects, "loss function"
    )


@export("keras.losses.get")
def get(identifier: Any) -> Any:
    """Returns a loss: a function or object as it is, or one by its name or configuration.

    Args:
        identifier: a function, a name, a dict as `serialize` returns it, or None.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    raise ValueError("Could not interpret loss function identifier:", identifier)
