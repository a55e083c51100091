"""Batch renormalization: statistics of a batch that are drawn toward the moving ones."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.tensor import Tensor
from graphflow.nets.choose import choose
from graphflow.ops.activation import relu
from graphflow.ops.arithmetic import maximum, minimum
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.identity import identity, stop_gradient
from graphflow.ops.state import assign

_KEYS = ("rmax", "rmin", "dmax")


def _sqrt(x: Any) -> Tensor:
    found: Tensor = apply("Sqrt", x)
    return found


class Renormalization:
    """The averages that a layer of batch normalization keeps for this, and the correction.

    Args:
        layer: the layer.
        clipping: bounds of the correction: "rmax", "rmin" and "dmax".
        momentum: how much of an average stays in each step.

    Raises:
        ValueError: if there is another bound.

    Source:
        Ioffe 2017.
    """

    def __init__(self, layer: Any, clipping: dict[str, Any] | None, momentum: Any) -> None:
        self._layer = layer
        self._bounds = clipping or {}
        self._momentum = momentum
        if set(self._bounds) - set(_KEYS):
            raise ValueError(f"renorm_clipping {clipping} contains keys not in {list(_KEYS)}")

    def build(self, shape: list[int]) -> None:
        """Makes the averages."""
        layer = self._layer

        def first_deviation(*args: Any, **kwargs: Any) -> Tensor:
            return _sqrt(layer.moving_variance_initializer(*args, **kwargs))

        with scopes.colocate_with(layer.moving_variance):
            layer.moving_stddev = layer.add_average("moving_stddev", shape, first_deviation)
        with scopes.colocate_with(layer.moving_mean):
            first_mean = layer.moving_mean_initializer
            layer.renorm_mean = layer.add_average("renorm_mean", shape, first_mean)
        with scopes.colocate_with(layer.moving_stddev):
            layer.renorm_stddev = layer.add_average("renorm_stddev", shape, first_deviation)

    def correction(self, mean: Any, variance: Any, training: Any) -> tuple[Any, Any, Any, Any]:
        """Returns a factor, a term, and the statistics for the moving averages.

        Args:
            mean: the mean of the batch.
            variance: its variance.
            training: whether the factor is another than 1, and the term than 0.
        """
        layer = self._layer
        deviation = _sqrt(variance + layer.epsilon)
        least = maximum(layer.renorm_stddev, _sqrt(layer.epsilon))
        r = deviation / least
        d = (mean - layer.renorm_mean) / least
        with scopes.control_dependencies([r, d]):  # they are of the averages before the update
            mean, deviation = identity(mean), identity(deviation)
        r, d = self._clipped(r, d)
        r = choose(training, lambda: r, lambda: ones_like(r))
        d = choose(training, lambda: d, lambda: zeros_like(d))
        updates = [
            self._update(layer.renorm_mean, mean, training),
            self._update(layer.renorm_stddev, deviation, training),
        ]
        with scopes.control_dependencies(updates):
            mean, variance = identity(mean), identity(variance)
        return stop_gradient(r, name="renorm_r"), stop_gradient(d, name="renorm_d"), mean, variance

    def _clipped(self, r: Any, d: Any) -> tuple[Any, Any]:
        rmax, rmin, dmax = (self._bounds.get(key) for key in _KEYS)
        if rmin is not None:
            r = maximum(r, rmin)
        if rmax is not None:
            r = minimum(r, rmax)
        if dmax is not None:
            d = minimum(maximum(d, -dmax), dmax)
        return r, d

    def _update(self, average: Any, value: Any, training: Any) -> Any:
        value = identity(value)
        return choose(
            training,
            lambda: self._layer.assign_moving_average(average, value, self._momentum),
            lambda: identity(average),
        )

    def update_variance(self, variance: Any, momentum: Any) -> Tensor:
        """Returns the moving variance after a step: the square of the moving deviation.

        Args:
            variance: the variance of the batch.
            momentum: how much of the old deviation stays.
        """
        layer = self._layer
        moved = layer.assign_moving_average(
            layer.moving_stddev, _sqrt(variance + layer.epsilon), momentum
        )
        new = relu(moved * moved - layer.epsilon)  # roundings do not make it negative
        average = layer.moving_variance
        with scopes.name_scope("AssignNewValue") as scope, scopes.colocate_with(average):
            found: Tensor = assign(average, new, name=scope)
        return found
