"""tf.contrib.layers.batch_norm: in one fused operation, by `tf.layers`, or step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphflow.core import late, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.nets import initializers
from graphflow.nets.contrib_collect import check_format, constant_value, scoped, smart_cond
from graphflow.nets.contrib_layer_scope import finished, layer_scope, note_variables, own_variable
from graphflow.nets.normalization import BatchNormalization
from graphflow.ops.batch_norm import batch_normalization, fused_batch_norm
from graphflow.ops.constant import constant
from graphflow.ops.identity import identity
from graphflow.ops.norm import moments, weighted_moments
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable_scope, variable_scope

_FIRST_VALUES = {
    "beta": initializers.Zeros(),
    "gamma": initializers.Ones(),
    "moving_mean": initializers.Zeros(),
    "moving_variance": initializers.Ones(),
}


@dataclass
class _Norm:
    """What a call asks for, and the variables that it makes."""

    decay: Any
    center: bool
    scale: bool
    epsilon: float
    activation_fn: Any
    initializers: dict[str, Any]
    regularizers: dict[str, Any]
    updates_collections: Any
    is_training: Any
    reuse: bool | None
    variables_collections: Any
    outputs_collections: Any
    trainable: bool
    data_format: str
    zero_debias: bool
    scope: Any
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> bool:
        """Whether channels stand before the sizes in space."""
        return self.data_format == "NCHW"

    def variable(self, name: str, shape: Any, dtype: Any, *, penalized: bool = False) -> Any:
        """Makes one of the four variables."""
        moving = name.startswith("moving")
        options = {"regularizer": self.regularizers.get(name)} if penalized else {}
        initializer = self.initializers.get(name, _FIRST_VALUES[name])
        self.made[name] = own_variable(
            name, shape, self.variables_collections, initializer, dtype,
            trainable=self.trainable and not moving, **options,
        )  # fmt: skip
        return self.made[name]

    def moving(self, shape: Any, dtype: Any) -> tuple[Any, Any]:
        """Makes the averages, which are never cut into parts."""
        with variable_scope(get_variable_scope()) as local:
            local.set_partitioner(None)
            mean = self.variable("moving_mean", shape, dtype)
            return mean, self.variable("moving_variance", shape, dtype)

    def update(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        """Moves the averages toward the statistics of a batch."""
        return (
            late.call(
                "assign_moving_average", self.made["moving_mean"], mean, self.decay,
                zero_debias=self.zero_debias,
            ),
            late.call(
                "assign_moving_average", self.made["moving_variance"], variance, self.decay,
                zero_debias=False,
            ),
        )  # fmt: skip

    def note_updates(self, mean: Any, variance: Any) -> None:
        """Leaves the updates in the collections, for others to run."""
        averages = (self.made["moving_mean"], self.made["moving_variance"])
        for made in smart_cond(
            self.is_training, lambda: self.update(mean, variance), lambda: averages
        ):
            scopes.add_to_collections(self.updates_collections, made)

    def needs_statistics(self) -> bool:
        """Whether the batch's own statistics may be asked for."""
        known = constant_value(self.is_training)
        return known is None or bool(known)


@scoped("batch_norm")
def batch_norm(
    inputs: Any,
    decay: Any = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: dict[str, Any] | None = None,
    param_regularizers: dict[str, Any] | None = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: dict[str, Any] | None = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Any:
    """Returns the input normalized: each channel has mean 0 and variance 1 over the batch.

    Args:
        inputs: a tensor [batch, ..., channels], or [batch, channels, ...] for NCHW.
        decay: how much of the old averages stays at each step.
        center: whether an offset `beta` is learnt.
        scale: whether a factor `gamma` is learnt.
        epsilon: added to the variance.
        activation_fn: a function of the result; None: none.
        param_initializers: make the first values, by the names of the variables: "beta",
            "gamma", "moving_mean", "moving_variance".
        param_regularizers: functions of "beta" and "gamma" that are noted as losses.
        updates_collections: the collections that the updates of the averages go into; None: the
            result waits for them.
        is_training: whether to take the statistics of the batch, not the averages; a bool or a
            scalar tensor.
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by their names.
        outputs_collections: collections for the result.
        trainable: whether optimizers change `beta` and `gamma`.
        batch_weights: how much each example counts, [batch].
        fused: whether to use one fast operation where possible; None: True.
        data_format: "NHWC" or "NCHW".
        zero_debias_moving_mean: divide the average of the mean by the weight it has collected.
        scope: the variable scope, or its name.
        renorm: correct the statistics toward the averages while training.
        renorm_clipping: the bounds of the corrections: "rmax", "rmin", "dmax".
        renorm_decay: how much of the old averages for that stays.
        adjustment: a function of the shape: a factor and an offset while training.

    Raises:
        ValueError: if the format is another one, rank or channels are not known, or `renorm`
            comes with what excludes it.

    Source: Ioffe and Szegedy 2015, "Batch normalization"; Ioffe 2017 (renorm).
    """
    fused = True if fused is None else fused
    inputs = convert(inputs)
    rank = inputs.shape.ndims
    elsewhere = updates_collections != GraphKeys.UPDATE_OPS
    norm = _Norm(
        decay, center, scale, epsilon, activation_fn, param_initializers or {},
        param_regularizers or {}, updates_collections, is_training, reuse, variables_collections,
        outputs_collections, trainable, data_format, zero_debias_moving_mean, scope,
    )  # fmt: skip
    can_fuse = batch_weights is None and not renorm and rank in (2, 4) and adjustment is None
    if fused and can_fuse and (zero_debias_moving_mean or rank == 2 or elsewhere):
        return _fused(norm, inputs)
    check_format(data_format)
    with layer_scope(scope, "BatchNorm", inputs, reuse) as sc:
        if batch_weights is None and not elsewhere and not zero_debias_moving_mean:
            options = {
                "renorm": renorm,
                "renorm_clipping": renorm_clipping,
                "renorm_momentum": renorm_decay,
                "adjustment": adjustment,
                "fused": fused,
            }
            outputs = _by_layer(norm, inputs, sc, options)
        elif renorm:
            raise ValueError(
                "renorm is not supported with batch_weights, updates_collections or "
                "zero_debias_moving_mean"
            )
        else:
            outputs = _step_by_step(norm, inputs, batch_weights)
        return finished(outputs, sc.name, outputs_collections, activation_fn)


def _by_layer(norm: _Norm, inputs: Any, sc: Any, options: dict[str, Any]) -> Any:
    given = {f"{n}_initializer": norm.initializers.get(n, f) for n, f in _FIRST_VALUES.items()}
    layer = BatchNormalization(
        axis=1 if norm.first else -1,
        momentum=norm.decay,
        epsilon=norm.epsilon,
        center=norm.center,
        scale=norm.scale,
        beta_regularizer=norm.regularizers.get("beta"),
        gamma_regularizer=norm.regularizers.get("gamma"),
        trainable=norm.trainable,
        name=sc.name,
        _scope=sc,
        _reuse=norm.reuse,
        **given,
        **options,
    )
    outputs = layer.apply(inputs, training=norm.is_training)
    names = ("moving_mean", "moving_variance", "beta", "gamma")
    note_variables(layer, norm.variables_collections, **dict(zip(names, names, strict=True)))
    return outputs


# --- one fused operation ---
def _fused(norm: _Norm, inputs: Any) -> Any:
    check_format(norm.data_format)
    with variable_scope(norm.scope, "BatchNorm", [inputs], reuse=norm.reuse) as sc:
        rank = inputs.shape.ndims
        images = _as_images(inputs, norm) if rank == 2 else inputs
        shape = images.shape
        channels = shape[1:2] if norm.first else shape[-1:]
        if not channels.is_fully_defined():
            raise ValueError(f"Inputs {images.name} has undefined `C` dimension {channels}.")
        beta, gamma = _offset_and_factor(norm, channels)
        averages = norm.moving(channels, float32)
        outputs, mean, variance = _normalized(norm, images, gamma, beta, averages)
        if norm.needs_statistics():
            outputs = _with_updates(norm, outputs, mean, variance)
        outputs.set_shape(shape)
        if rank == 2:
            outputs = reshape(outputs, shape_of(inputs))
        return finished(outputs, sc.name, norm.outputs_collections, norm.activation_fn)


def _as_images(inputs: Any, norm: _Norm) -> Any:
    channels = inputs.shape.dims[-1].value
    if channels is None:
        raise ValueError("`C` dimension must be known but is None")
    return reshape(inputs, [-1, channels, 1, 1] if norm.first else [-1, 1, 1, channels])


def _offset_and_factor(norm: _Norm, channels: Any) -> tuple[Any, Any]:
    made: list[Any] = []
    for name, wanted, value in (("beta", norm.center, 0.0), ("gamma", norm.scale, 1.0)):
        if wanted:
            made.append(norm.variable(name, channels, float32, penalized=True))
        else:
            made.append(constant(value, dtype=float32, shape=channels))
    return made[0], made[1]


def _normalized(norm: _Norm, x: Any, gamma: Any, beta: Any, averages: tuple[Any, Any]) -> Any:
    options: dict[str, Any] = {"epsilon": norm.epsilon, "data_format": norm.data_format}
    mean, variance = averages

    def training() -> Any:
        return fused_batch_norm(x, gamma, beta, **options)

    def inference() -> Any:
        return fused_batch_norm(
            x, gamma, beta, mean=mean, variance=variance, is_training=False, **options
        )

    return smart_cond(norm.is_training, training, inference)


def _with_updates(norm: _Norm, outputs: Any, mean: Any, variance: Any) -> Any:
    if norm.updates_collections is not None:
        norm.note_updates(mean, variance)
        return outputs

    def after_updates() -> Any:
        with scopes.control_dependencies(norm.update(mean, variance)):
            return identity(outputs)

    return smart_cond(norm.is_training, after_updates, lambda: outputs)


# --- step by step ---
def _step_by_step(norm: _Norm, inputs: Any, batch_weights: Any) -> Any:
    shape, dtype = inputs.shape, inputs.dtype.base_dtype
    if shape.ndims is None:
        raise ValueError(f"Inputs {inputs.name} has undefined rank.")
    if batch_weights is not None:
        batch_weights = convert(batch_weights)
        shape[0:1].assert_is_compatible_with(batch_weights.shape)
        batch_weights = reshape(batch_weights, [-1] + [1] * (shape.ndims - 1))
    channels = shape[1:2] if norm.first else shape[-1:]
    if not channels.is_fully_defined():
        raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {channels}.")
    beta = norm.variable("beta", channels, dtype) if norm.center else None
    gamma = norm.variable("gamma", channels, dtype) if norm.scale else None
    mean, variance = norm.moving(channels, dtype)
    if norm.needs_statistics():
        mean, variance = _updated(norm, *_statistics(norm, inputs, batch_weights))
    if norm.first:
        wide = [1, channels[0].value] + [1] * (shape.ndims - 2)
        mean, variance = reshape(mean, wide), reshape(variance, wide)
        beta = None if beta is None else reshape(beta, wide)
        gamma = None if gamma is None else reshape(gamma, wide)
    outputs = batch_normalization(inputs, mean, variance, beta, gamma, norm.epsilon)
    outputs.set_shape(shape)
    return outputs


def _statistics(norm: _Norm, inputs: Any, batch_weights: Any) -> tuple[Any, Any]:
    rank = inputs.shape.ndims
    axes = [0, *range(2, rank)] if norm.first else list(range(rank - 1))
    keep: dict[str, Any] = {"keepdims": True} if norm.first else {}
    if batch_weights is None:
        found = moments(inputs, axes, **keep)
    else:
        found = weighted_moments(inputs, axes, batch_weights, **keep)
    if norm.first:
        return reshape(found[0], [-1]), reshape(found[1], [-1])
    return found


def _updated(norm: _Norm, mean: Any, variance: Any) -> tuple[Any, Any]:
    """The statistics to normalize with, after the updates or beside them."""
    averages = (norm.made["moving_mean"], norm.made["moving_variance"])

    def after_updates() -> Any:
        with scopes.control_dependencies(norm.update(mean, variance)):
            return identity(mean), identity(variance)

    if norm.updates_collections is None:
        found = smart_cond(norm.is_training, after_updates, lambda: averages)
    else:
        norm.note_updates(mean, variance)
        found = smart_cond(norm.is_training, lambda: (mean, variance), lambda: averages)
    return found[0], found[1]
