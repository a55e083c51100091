"""Estimators that add the logits of a net to those of a linear model: wide and deep."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators.canned_dnn import add_layer_summary, dnn_logit_fn_builder
from graphflow.estimators.canned_linear import (
    SLICE_SIZE,
    check_features,
    linear_logit_fn_builder,
    replicas,
)
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.head_classes import class_head
from graphflow.estimators.head_regression import regression_head
from graphflow.estimators.optimizer_names import optimizer_instance
from graphflow.estimators.spec import EstimatorSpec
from graphflow.nets.losses import Reduction
from graphflow.ops.activation import relu
from graphflow.ops.control_ops import group
from graphflow.ops.partitioners import min_max_variable_partitioner
from graphflow.ops.state import assign_add
from graphflow.ops.variable_scope import variable_scope
from graphflow.training.global_step import get_global_step
from graphflow.training.sync_replicas import SyncReplicasOptimizer

_DNN_LEARNING_RATE: Final = 0.001
_LINEAR_LEARNING_RATE: Final = 0.005


class _Linear(NamedTuple):
    feature_columns: Any
    optimizer: Any
    sparse_combiner: str


class _Deep(NamedTuple):
    feature_columns: Any
    optimizer: Any
    hidden_units: Any
    activation_fn: Any
    dropout: float | None
    batch_norm: bool


class _Part(NamedTuple):
    """One of the two models in a graph: its logits, its optimizer, its variable scope."""

    logits: Tensor
    optimizer: Any
    scope: str

    def train(self, loss: Any) -> Any:
        """Returns the operation that changes its variables."""
        variables = scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=self.scope)
        return self.optimizer.minimize(loss, var_list=variables)


def _optimizer(given: Any, learning_rate: float) -> Any:
    optimizer = optimizer_instance(given, learning_rate=learning_rate)
    if isinstance(optimizer, SyncReplicasOptimizer):
        raise ValueError(
            "SyncReplicasOptimizer does not support multi optimizers case. Therefore, it is not "
            "supported in DNNLinearCombined model. If you want to use this optimizer, please use "
            "either DNN or Linear model."
        )
    return optimizer


def _deep_part(
    features: Any, mode: str, units: int, deep: _Deep, partitioner: Any, servers: int
) -> _Part:
    optimizer = _optimizer(deep.optimizer, _DNN_LEARNING_RATE)
    if not deep.hidden_units:
        raise ValueError("dnn_hidden_units must be defined when dnn_feature_columns is specified.")
    with variable_scope(
        "dnn",
        values=tuple(features.values()),
        partitioner=min_max_variable_partitioner(max_partitions=servers),
    ) as scope:
        logit_fn = dnn_logit_fn_builder(
            units,
            deep.hidden_units,
            deep.feature_columns,
            deep.activation_fn,
            deep.dropout,
            partitioner,
            deep.batch_norm,
        )
        return _Part(logit_fn(features=features, mode=mode), optimizer, scope.name)


def _linear_part(features: Any, units: int, linear: _Linear, partitioner: Any) -> _Part:
    rate = min(_LINEAR_LEARNING_RATE, 1.0 / math.sqrt(len(linear.feature_columns)))
    optimizer = _optimizer(linear.optimizer, rate)
    values = tuple(features.values())
    with variable_scope("linear", values=values, partitioner=partitioner) as scope:
        logit_fn = linear_logit_fn_builder(units, linear.feature_columns, linear.sparse_combiner)
        logits = logit_fn(features=features)
        add_layer_summary(logits, scope.name)
        return _Part(logits, optimizer, scope.name)


def _combined_model_fn(
    features: Any,
    labels: Any,
    mode: str,
    head: Any,
    linear: _Linear,
    deep: _Deep,
    input_layer_partitioner: Any,
    config: Any,
) -> EstimatorSpec:
    check_features(features)
    _check_columns(linear.feature_columns, deep.feature_columns)
    servers = replicas(config)
    partitioner = input_layer_partitioner or min_max_variable_partitioner(
        max_partitions=servers, min_slice_size=SLICE_SIZE
    )
    units = head.logits_dimension
    parts = []
    if deep.feature_columns:
        parts.append(_deep_part(features, mode, units, deep, partitioner, servers))
    if linear.feature_columns:
        parts.append(_linear_part(features, units, linear, partitioner))
    logits = parts[0].logits + parts[1].logits if len(parts) == 2 else parts[0].logits

    def train_op_fn(loss: Any) -> Any:
        step = get_global_step()
        train_op = group(*[part.train(loss) for part in parts])
        with scopes.control_dependencies([train_op]):
            return assign_add(step, 1).op

    spec: EstimatorSpec = head.create_estimator_spec(
        features=features, mode=mode, labels=labels, train_op_fn=train_op_fn, logits=logits
    )
    return spec


def _check_columns(linear_feature_columns: Any, dnn_feature_columns: Any) -> None:
    if not linear_feature_columns and not dnn_feature_columns:
        raise ValueError("Either linear_feature_columns or dnn_feature_columns must be defined.")


class _Combined(Estimator):
    """An Estimator of both models, of any head."""

    def __init__(
        self,
        head: Any,
        model_dir: Any,
        config: Any,
        warm_start_from: Any,
        linear: _Linear,
        deep: _Deep,
        input_layer_partitioner: Any,
    ) -> None:
        _check_columns(linear.feature_columns, deep.feature_columns)
        self._feature_columns = [*(linear.feature_columns or []), *(deep.feature_columns or [])]

        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return _combined_model_fn(
                features, labels, mode, head, linear, deep, input_layer_partitioner, config
            )

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


# --- the Estimators ---
@export("estimator.DNNLinearCombinedClassifier")
class DNNLinearCombinedClassifier(_Combined):
    """Tells classes with a linear model and a fully connected net, trained together.

    Args:
        model_dir: where checkpoints and summaries go.
        linear_feature_columns: dense and categorical columns of the linear model.
        linear_optimizer: its optimizer, a function that makes it, or the name of one, which has
            the learning rate 0.005, or 1 / sqrt(number of columns) if that is less.
        dnn_feature_columns: dense columns of the net.
        dnn_optimizer: its optimizer, a function that makes it, or the name of one, which has the
            learning rate 0.001.
        dnn_hidden_units: the widths of its hidden layers.
        dnn_activation_fn: what is applied to each of them; None: nothing is.
        dnn_dropout: the probability that an element of them is left out in training; None: none
            is.
        n_classes: the number of classes; 2: one logit decides.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        label_vocabulary: the labels as strings, in the order of their numbers; None: labels are
            numbers.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        batch_norm: whether each hidden layer is normalized.
        linear_sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: if there are no columns, the number of classes is below 2, or as
            `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = relu,
        dnn_dropout: float | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        _check_columns(linear_feature_columns, dnn_feature_columns)
        super().__init__(
            class_head(n_classes, weight_column, label_vocabulary, loss_reduction),
            model_dir,
            config,
            warm_start_from,
            _Linear(linear_feature_columns, linear_optimizer, linear_sparse_combiner),
            _Deep(
                dnn_feature_columns,
                dnn_optimizer,
                dnn_hidden_units,
                dnn_activation_fn,
                dnn_dropout,
                batch_norm,
            ),
            input_layer_partitioner,
        )


@export("estimator.DNNLinearCombinedRegressor")
class DNNLinearCombinedRegressor(_Combined):
    """Tells numbers with a linear model and a fully connected net, trained together.

    Args:
        model_dir: where checkpoints and summaries go.
        linear_feature_columns: dense and categorical columns of the linear model.
        linear_optimizer: its optimizer, a function that makes it, or the name of one, which has
            the learning rate 0.005, or 1 / sqrt(number of columns) if that is less.
        dnn_feature_columns: dense columns of the net.
        dnn_optimizer: its optimizer, a function that makes it, or the name of one, which has the
            learning rate 0.001.
        dnn_hidden_units: the widths of its hidden layers.
        dnn_activation_fn: what is applied to each of them; None: nothing is.
        dnn_dropout: the probability that an element of them is left out in training; None: none
            is.
        label_dimension: how many numbers a label has.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        batch_norm: whether each hidden layer is normalized.
        linear_sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: if there are no columns, the dimension is below 1, or as
            `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = relu,
        dnn_dropout: float | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        _check_columns(linear_feature_columns, dnn_feature_columns)
        super().__init__(
            regression_head(weight_column, label_dimension, loss_reduction),
            model_dir,
            config,
            warm_start_from,
            _Linear(linear_feature_columns, linear_optimizer, linear_sparse_combiner),
            _Deep(
                dnn_feature_columns,
                dnn_optimizer,
                dnn_hidden_units,
                dnn_activation_fn,
                dnn_dropout,
                batch_norm,
            ),
            input_layer_partitioner,
        )


@export("estimator.DNNLinearCombinedEstimator")
class DNNLinearCombinedEstimator(_Combined):
    """Does what a head says with the logits of a linear model and a net, trained together.

    Args:
        head: makes the loss, the predictions and the metrics of the logits.
        model_dir: where checkpoints and summaries go.
        linear_feature_columns: dense and categorical columns of the linear model.
        linear_optimizer: its optimizer, a function that makes it, or the name of one, which has
            the learning rate 0.005, or 1 / sqrt(number of columns) if that is less.
        dnn_feature_columns: dense columns of the net.
        dnn_optimizer: its optimizer, a function that makes it, or the name of one, which has the
            learning rate 0.001.
        dnn_hidden_units: the widths of its hidden layers.
        dnn_activation_fn: what is applied to each of them; None: nothing is.
        dnn_dropout: the probability that an element of them is left out in training; None: none
            is.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        linear_sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".

    Raises:
        ValueError: if there are no columns, or as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        head: Any,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Any = relu,
        dnn_dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            head,
            model_dir,
            config,
            None,
            _Linear(linear_feature_columns, linear_optimizer, linear_sparse_combiner),
            _Deep(
                dnn_feature_columns,
                dnn_optimizer,
                dnn_hidden_units,
                dnn_activation_fn,
                dnn_dropout,
                False,
            ),
            input_layer_partitioner,
        )
