"""Estimators of fully connected nets on dense feature columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators.canned_linear import SLICE_SIZE, check_features, replicas
from graphflow.estimators.estimator import Estimator
from graphflow.estimators.head_classes import class_head
from graphflow.estimators.head_regression import regression_head
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.optimizer_names import optimizer_instance
from graphflow.estimators.spec import EstimatorSpec
from graphflow.features.bases import is_feature_column_v2
from graphflow.features.dense_features import DenseFeatures
from graphflow.features.input_layer import InputLayer
from graphflow.features.model_layer import ModelLayer
from graphflow.nets.core_layers import Dropout
from graphflow.nets.dense import Dense
from graphflow.nets.initializers import GlorotUniform
from graphflow.nets.losses import Reduction
from graphflow.nets.normalization import BatchNormalization
from graphflow.ops.activation import relu
from graphflow.ops.norm import zero_fraction
from graphflow.ops.partitioners import min_max_variable_partitioner
from graphflow.ops.summary import histogram, scalar
from graphflow.ops.variable_scope import variable_scope

_LEARNING_RATE: Final = 0.05


def add_layer_summary(value: Tensor, tag: str) -> None:
    """Makes summaries of what a layer gives: how much of it is zero, and a histogram."""
    scalar(f"{tag}/fraction_of_zero_values", zero_fraction(value))
    histogram(f"{tag}/activation", value)


# --- the net ---
class _Net(ModelLayer):
    """Columns side by side, hidden layers and logits, in the present variable scope."""

    def __init__(
        self,
        units: int,
        hidden_units: Any,
        feature_columns: Any,
        activation_fn: Any,
        dropout: float | None,
        input_layer_partitioner: Any,
        batch_norm: bool,
    ) -> None:
        super().__init__(name="dnn")
        self._input_layer: Any
        if is_feature_column_v2(feature_columns):
            self._input_layer = DenseFeatures(feature_columns, name="input_layer")
        else:
            self._input_layer = InputLayer(
                feature_columns, name="input_layer", create_scope_now=False
            )
        self._partitioner = input_layer_partitioner
        self._dropout = dropout
        self._batch_norm = batch_norm
        self._hidden = [
            self._hidden_layer(i, width, activation_fn) for i, width in enumerate(hidden_units)
        ]
        self._logits = _dense("logits", units, None)

    def _hidden_layer(self, i: int, width: int, activation_fn: Any) -> tuple[Any, Any, Any]:
        with variable_scope(f"hiddenlayer_{i}") as scope:
            dense = _dense_in(scope, width, activation_fn)
            dropout = None if self._dropout is None else Dropout(rate=self._dropout)
            if not self._batch_norm:
                return dense, dropout, None
            name = f"batchnorm_{i}"
            norm = BatchNormalization(momentum=0.999, trainable=True, name=name, _scope=name)
            norm._use_resource_variables = True
            return dense, dropout, norm

    def call(self, features: Any, mode: str) -> Tensor:
        """Returns the logits, [batch, units]."""
        training = mode == ModeKeys.TRAIN
        # The layers have scopes of their own beside the model's name scope, not inside it.
        around = scopes.get_default_graph().get_name_scope().rsplit("/", 1)[0]
        with scopes.name_scope(f"{around}/"):
            with variable_scope("input_from_feature_columns", partitioner=self._partitioner):
                net = self._input_layer(features)
            for dense, dropout, norm in self._hidden:
                net = dense(net)
                if dropout is not None and training:
                    net = dropout(net, training=True)
                if norm is not None:
                    net = norm(net, training=training)
                add_layer_summary(net, dense.scope_name)
            logits: Tensor = self._logits(net)
            add_layer_summary(logits, self._logits.scope_name)
            return logits


def _dense(name: str, units: int, activation: Any) -> Dense:
    with variable_scope(name) as scope:
        return _dense_in(scope, units, activation)


def _dense_in(scope: Any, units: int, activation: Any) -> Dense:
    layer = Dense(units, activation, kernel_initializer=GlorotUniform(), name=scope, _scope=scope)
    layer._use_resource_variables = True  # as layers inside a Keras model do
    return layer


@export("estimator.experimental.dnn_logit_fn_builder")
def dnn_logit_fn_builder(
    units: int,
    hidden_units: Any,
    feature_columns: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    batch_norm: bool,
) -> Callable[..., Any]:
    """Returns a function from features to the logits of a fully connected net.

    Args:
        units: the width of the logits.
        hidden_units: the widths of the hidden layers.
        feature_columns: dense columns.
        activation_fn: what is applied to each hidden layer; None: nothing is.
        dropout: the probability that an element of a hidden layer is left out in training; None:
            none is.
        input_layer_partitioner: cuts the variables of columns into parts; None: that of the scope.
        batch_norm: whether each hidden layer is normalized.

    Returns:
        A function of `features` and `mode`, which also makes summaries of each layer; its result
        is [batch, units].

    Raises:
        ValueError: if `units` is no integer.
    """
    if not isinstance(units, int):
        raise ValueError(f"units must be an int.  Given type: {type(units)}")

    def dnn_logit_fn(features: Any, mode: str) -> Tensor:
        net = _Net(
            units,
            hidden_units,
            feature_columns,
            activation_fn,
            dropout,
            input_layer_partitioner,
            batch_norm,
        )
        logits: Tensor = net(features, mode)
        return logits

    return dnn_logit_fn


# --- the model function ---
def _dnn_model_fn(
    features: Any,
    labels: Any,
    mode: str,
    head: Any,
    hidden_units: Any,
    feature_columns: Any,
    optimizer: Any,
    activation_fn: Any,
    dropout: float | None,
    input_layer_partitioner: Any,
    config: Any,
    batch_norm: bool,
) -> EstimatorSpec:
    optimizer = optimizer_instance(optimizer, learning_rate=_LEARNING_RATE)
    check_features(features)
    servers = replicas(config)
    partitioner = min_max_variable_partitioner(max_partitions=servers)
    with variable_scope("dnn", values=tuple(features.values()), partitioner=partitioner):
        logit_fn = dnn_logit_fn_builder(
            head.logits_dimension,
            hidden_units,
            feature_columns,
            activation_fn,
            dropout,
            input_layer_partitioner
            or min_max_variable_partitioner(max_partitions=servers, min_slice_size=SLICE_SIZE),
            batch_norm,
        )
        logits = logit_fn(features=features, mode=mode)
        spec: EstimatorSpec = head.create_estimator_spec(
            features=features, mode=mode, labels=labels, optimizer=optimizer, logits=logits
        )
        return spec


class _DNN(Estimator):
    """An Estimator of a net, of any head."""

    def __init__(
        self,
        head: Any,
        model_dir: Any,
        config: Any,
        warm_start_from: Any,
        feature_columns: Any,
        **options: Any,
    ) -> None:
        def model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return _dnn_model_fn(
                features=features,
                labels=labels,
                mode=mode,
                head=head,
                config=config,
                feature_columns=tuple(feature_columns or []),
                **options,
            )

        super().__init__(model_fn, model_dir, config, warm_start_from=warm_start_from)


# --- the Estimators ---
@export("estimator.DNNClassifier")
class DNNClassifier(_DNN):
    """Tells classes with a fully connected net.

    Args:
        hidden_units: the widths of the hidden layers.
        feature_columns: dense columns.
        model_dir: where checkpoints and summaries go.
        n_classes: the number of classes; 2: one logit decides.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        label_vocabulary: the labels as strings, in the order of their numbers; None: labels are
            numbers.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.05.
        activation_fn: what is applied to each hidden layer; None: nothing is.
        dropout: the probability that an element of a hidden layer is left out in training; None:
            none is.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        batch_norm: whether each hidden layer is normalized.

    Raises:
        ValueError: if the number of classes is below 2, or as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            class_head(n_classes, weight_column, label_vocabulary, loss_reduction),
            model_dir,
            config,
            warm_start_from,
            feature_columns,
            hidden_units=hidden_units,
            optimizer=optimizer,
            activation_fn=activation_fn,
            dropout=dropout,
            input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )


@export("estimator.DNNRegressor")
class DNNRegressor(_DNN):
    """Tells numbers with a fully connected net.

    Args:
        hidden_units: the widths of the hidden layers.
        feature_columns: dense columns.
        model_dir: where checkpoints and summaries go.
        label_dimension: how many numbers a label has.
        weight_column: the key of the examples' weights, or a numeric column; None: all 1.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.05.
        activation_fn: what is applied to each hidden layer; None: nothing is.
        dropout: the probability that an element of a hidden layer is left out in training; None:
            none is.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        loss_reduction: how the losses of a batch become one; see `tf.losses.Reduction`.
        batch_norm: whether each hidden layer is normalized.

    Raises:
        ValueError: if the dimension is below 1, or as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: str = Reduction.SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            regression_head(weight_column, label_dimension, loss_reduction),
            model_dir,
            config,
            warm_start_from,
            feature_columns,
            hidden_units=hidden_units,
            optimizer=optimizer,
            activation_fn=activation_fn,
            dropout=dropout,
            input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )


@export("estimator.DNNEstimator")
class DNNEstimator(_DNN):
    """Does what a head says with the logits of a fully connected net.

    Args:
        head: makes the loss, the predictions and the metrics of the logits.
        hidden_units: the widths of the hidden layers.
        feature_columns: dense columns.
        model_dir: where checkpoints and summaries go.
        optimizer: an optimizer, a function that makes one, or the name of one, which has the
            learning rate 0.05.
        activation_fn: what is applied to each hidden layer; None: nothing is.
        dropout: the probability that an element of a hidden layer is left out in training; None:
            none is.
        input_layer_partitioner: cuts the variables of columns into parts; None: by the number of
            parameter servers.
        config: a RunConfig.
        warm_start_from: what the variables begin with; see `tf.estimator.Estimator`.
        batch_norm: whether each hidden layer is normalized.

    Raises:
        ValueError: as `tf.estimator.Estimator`.
    """

    def __init__(
        self,
        head: Any,
        hidden_units: Any,
        feature_columns: Any,
        model_dir: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Any = relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            head,
            model_dir,
            config,
            warm_start_from,
            feature_columns,
            hidden_units=hidden_units,
            optimizer=optimizer,
            activation_fn=activation_fn,
            dropout=dropout,
            input_layer_partitioner=input_layer_partitioner,
            batch_norm=batch_norm,
        )
