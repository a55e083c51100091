"""Baseline estimators: they ignore the features and learn the mean of the labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.head_classes import class_head
from graphflow.estimators.head_regression import regression_head
from graphflow.estimators.optimizer_names import optimizer_instance
from graphflow.nets.losses import Reduction
from graphflow.ops.arithmetic import multiply
from graphflow.ops.asserts import assert_equal
from graphflow.ops.fill import ones
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable, variable_scope
from graphflow.ops.variable_store import zeros_initializer
from graphflow.training.global_step import get_global_step

_LEARNING_RATE: Final = 0.3
ModelFn = Callable[..., Any]


def _logits(features: Any, n: Any, weight_column: Any) -> Tensor:
    """The same trained logits for each example, `[batch, n]`."""
    weights = weight_column if isinstance(weight_column, str) else getattr(weight_column, "key", "")
    sizes = [shape_of(x)[0] for name, x in features.items() if name != weights]
    checks = [assert_equal(sizes[0], size) for size in sizes[1:]]
    with scopes.control_dependencies(checks), variable_scope("baseline"):
        bias = get_variable("bias", shape=[n], initializer=zeros_initializer)
        found: Tensor = multiply(bias, ones([sizes[0], n]))
        return found


def _model_fn(head: Any, optimizer: Any, weight_column: Any = None) -> ModelFn:
    def model_fn(features: Any, labels: Any, mode: str, config: Any) -> Any:
        logits = _logits(features, head.logits_dimension, weight_column)

        def train_op_fn(loss: Any) -> Any:
            made = optimizer_instance(optimizer, _LEARNING_RATE)
            return made.minimize(loss, global_step=get_global_step())

        return head.create_estimator_spec(
            features=features, mode=mode, logits=logits, labels=labels, train_op_fn=train_op_fn
        )

    return model_fn


@export("estimator.BaselineClassifier")
class BaselineClassifier(Estimator):
    """Learns how frequent the classes are, whatever the features.

    Args:
        model_dir: where checkpoints and summaries go.
        n_classes: how many.
        weight_column: the name of the feature of weights, or a numeric column; or None.
        label_vocabulary: the names of the classes; None: labels are numbers.
        optimizer: an optimizer, a function that returns one, or its name.
        config: a RunConfig.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.

    Raises:
        ValueError: if an argument is of another kind.
    """

    def __init__(
        self,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = Reduction.SUM,
    ) -> None:
        head = class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(_model_fn(head, optimizer, weight_column), model_dir, config)


@export("estimator.BaselineRegressor")
class BaselineRegressor(Estimator):
    """Learns the mean of the labels, whatever the features.

    Args:
        model_dir: where checkpoints and summaries go.
        label_dimension: how many numbers each example has.
        weight_column: the name of the feature of weights, or a numeric column; or None.
        optimizer: an optimizer, a function that returns one, or its name.
        config: a RunConfig.
        loss_reduction: one of `tf.losses.Reduction`, not NONE.

    Raises:
        ValueError: if an argument is of another kind.
    """

    def __init__(
        self,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        loss_reduction: str = Reduction.SUM,
    ) -> None:
        head = regression_head(weight_column, label_dimension, loss_reduction)
        super().__init__(_model_fn(head, optimizer), model_dir, config)


@export("estimator.BaselineEstimator")
class BaselineEstimator(Estimator):
    """Learns what a head makes of constant logits, whatever the features.

    Args:
        head: a head, such as `tf.contrib.estimator.multi_label_head` returns.
        model_dir: where checkpoints and summaries go.
        optimizer: an optimizer, a function that returns one, or its name.
        config: a RunConfig.

    Raises:
        ValueError: if an argument is of another kind.
    """

    def __init__(
        self, head: Any, model_dir: Any = None, optimizer: Any = "Ftrl", config: Any = None
    ) -> None:
        super().__init__(_model_fn(head, optimizer), model_dir, config)
