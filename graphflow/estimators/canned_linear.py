"""Linear Estimators: the weighted sum of feature columns, and what a head makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.dtypes import float32, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.head_classes import class_head
from graphflow.estimators.head_regression import regression_head
from graphflow.estimators.optimizer_names import optimizer_instance
from graphflow.estimators.spec import EstimatorSpec
from graphflow.features.bases import is_feature_column_v2
from graphflow.features.dense_features import LinearModel
from graphflow.features.linear_model import _LinearModel
from graphflow.features.model_layer import parts_of
from graphflow.nets.losses import Reduction
from graphflow.ops.arithmetic import add_n
from graphflow.ops.cast import cast, to_float
from graphflow.ops.comparison import equal
from graphflow.ops.constant import constant
from graphflow.ops.flow_cond import cond
from graphflow.ops.identity import identity
from graphflow.ops.norm import zero_fraction
from graphflow.ops.partitioners import min_max_variable_partitioner
from graphflow.ops.shape_ops import size
from graphflow.ops.summary import histogram, scalar
from graphflow.ops.variable_scope import variable_scope
from graphflow.training.ftrl import FtrlOptimizer

_LEARNING_RATE: Final = 0.2
SLICE_SIZE: Final = 64 << 20
"""How many bytes a part of the variables of columns has at least."""


def check_features(features: Any) -> None:
    """Checks that features come in a dictionary.

    Raises:
        ValueError: if they do not.
    """
    if not isinstance(features, dict):
        raise ValueError(
            f"features should be a dictionary of `Tensor`s. Given type: {type(features)}"
        )


def replicas(config: Any) -> int:
    """Returns the number of parameter servers, into which variables are cut."""
    return config.num_ps_replicas if config else 0


# --- the weighted sum ---
def _fraction_of_zero(variables: list[Any]) -> Tensor:
    with scopes.name_scope("zero_fraction"):
        with scopes.name_scope("total_size"):
            sizes = [size(x, out_type=int64) for x in variables]
            total = add_n(sizes)
        with scopes.name_scope("total_zero"):
            pairs = zip(variables, sizes, strict=True)
            zeros = add_n([_zeros(x, count) for x, count in pairs])
        with scopes.name_scope("compute"):
            fraction = zeros / cast(total, float32, name="float32_size")
        return identity(fraction, name="zero_fraction_or_nan")


def _zeros(x: Any, count: Tensor) -> Any:
    return cond(
        equal(count, constant(0, dtype=int64)),
        true_fn=lambda: constant(0, dtype=float32),
        false_fn=lambda: zero_fraction(x) * to_float(count),
        name="zero_count",
    )


def _weights_and_bias(
    features: Any, feature_columns: Any, units: int, sparse_combiner: str
) -> tuple[Tensor, list[Any], list[Any]]:
    """The sum, the weights and the bias, each cut into its parts."""
    options: dict[str, Any] = {
        "units": units,
        "sparse_combiner": sparse_combiner,
        "name": "linear_model",
    }
    if is_feature_column_v2(feature_columns):
        model = LinearModel(feature_columns, **options)
        logits = model(features)
        weights = [v for v in model.variables if v is not model.bias]
        return logits, [p for v in weights for p in parts_of(v)], parts_of(model.bias)
    old_model = _LinearModel(feature_columns, **options)
    logits = old_model(features)
    of_columns = old_model.cols_to_vars()
    bias = of_columns.pop("bias")
    return logits, [p for vs in of_columns.values() for v in vs for p in parts_of(v)], bias


@export("estimator.experimental.linear_logit_fn_builder")
def linear_logit_fn_builder(
    units: int, feature_columns: Any, sparse_combiner: str = "sum"
) -> Callable[..., Any]:
    """Returns a function from features to the weighted sum of feature columns.

    Args:
        units: the width of the sum.
        feature_columns: dense and categorical columns.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Returns:
        A function of `features`, which also makes summaries of the bias and of how many weights
        are zero; its result is [batch, units].
    """

    def linear_logit_fn(features: Any) -> Tensor:
        logits, weights, bias = _weights_and_bias(features, feature_columns, units, sparse_combiner)
        if units > 1:
            histogram("bias", bias)
        else:
            scalar("bias", bias[0][0])
        scalar("fraction_of_zero_weights", _fraction_of_zero(weights))
        return logits

    return linear_logit_fn


# --- the model function ---
def _default_optimizer(feature_columns: Any) -> FtrlOptimizer:
    return FtrlOptimizer(min(_LEARNING_RATE, 1.0 / math.sqrt(len(feature_columns))))


def _linear_model_fn(
    features: Any,
    labels: Any,
    mode: str,
    head: Any,
    feature_columns: Any,
    optimizer: Any,
    partitioner: Any,
    config: Any,
    sparse_combiner: str,
) -> EstimatorSpec:
    check_features(features)
    partitioner = partitioner or min_max_variable_partitioner(
        max_partitions=replicas(config), min_slice_size=SLICE_SIZE
    )
    with variable_scope("linear", values=tuple(features.values()), partitioner=partitioner):
        logit_fn = linear_logit_fn_builder(head.logits_dimension, feature_columns, sparse_combiner)
        logits = logit_fn(features=features)
        optimizer = optimizer_instance(
            optimizer or _default_optimizer(feature_columns), learning_rate=_LEARNING_RATE
        )
        spec: EstimatorSpec = head.create_estimator_spec(
            features=features, mode=mode, labels=labels, optimizer=optimizer, logits=logits
        )
        return spec


class _Linear(Estimator):
    """A linear Estimator of any head."""

    def __init__(
        self,
        head: Any,
        feature_columns: Any,
        model_dir: Any,
        optimizer: Any,
        config: Any,
        partitioner: Any,
        sparse_combiner: str,
        warm_start_from: Any = None,
    ) -> None:
        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return _linear_model_fn(
                features=features,
                labels=labels,
                mode=mode,
                head=head,
                feature_columns=tuple(feature_columns or []),
                optimizer=optimizer,
                partitioner=partitioner,
                config=config,
                sparse_combiner=sparse_combiner,
            )

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


# --- the Estimators ---
@export("estimator.LinearClassifier")
class LinearClassifier(_Linear):
    """Tells classes by the weighted sum of feature columns.

    Args:
        feature_columns: dense and categorical columns.
        model_dir: where checkpoints and summaries go.
        n_classes: the number of classes; 2: one logit decides.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        label_vocabulary: the labels as strings, in the order of their numbers; None: labels are
            numbers.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.2.
        config: a RunConfig.
        partitioner: cuts the weights into parts; None: by the number of parameter servers.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: if the number of classes is below 2, or as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = class_head(n_classes, weight_column, label_vocabulary, loss_reduction)
        super().__init__(
            head,
            feature_columns,
            model_dir,
            optimizer,
            config,
            partitioner,
            sparse_combiner,
            warm_start_from,
        )


@export("estimator.LinearRegressor")
class LinearRegressor(_Linear):
    """Tells numbers by the weighted sum of feature columns.

    Args:
        feature_columns: dense and categorical columns.
        model_dir: where checkpoints and summaries go.
        label_dimension: how many numbers a label has.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.2.
        config: a RunConfig.
        partitioner: cuts the weights into parts; None: by the number of parameter servers.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: if the dimension is below 1, or as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        head = regression_head(weight_column, label_dimension, loss_reduction)
        super().__init__(
            head,
            feature_columns,
            model_dir,
            optimizer,
            config,
            partitioner,
            sparse_combiner,
            warm_start_from,
        )


@export("estimator.LinearEstimator")
class LinearEstimator(_Linear):
    """Does what a head says with the weighted sum of feature columns.

    Args:
        head: makes the loss, the predictions and the metrics of the logits.
        feature_columns: dense and categorical columns.
        model_dir: where checkpoints and summaries go.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.2.
        config: a RunConfig.
        partitioner: cuts the weights into parts; None: by the number of parameter servers.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        head: Any,
        feature_columns: Any,
        model_dir: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            head, feature_columns, model_dir, optimizer, config, partitioner, sparse_combiner
        )
