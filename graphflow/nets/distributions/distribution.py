"""What all distributions share: shapes, names, and what follows from what.

A distribution has a *batch* shape, that of its parameters, and an *event* shape, that of one draw;
samples have the shape `sample_shape + batch_shape + event_shape`. A subclass writes the methods
with an underscore; the public ones open a name scope, convert their argument, and fall back where
one follows from another (`prob` from `log_prob`, `stddev` from `variance`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export, publish
from graphflow.core.shape import TensorShape, as_shape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions import divergence
from graphflow.nets.distributions.static import is_symbolic, pick_vector
from graphflow.ops.comparison import equal
from graphflow.ops.concat import concat
from graphflow.ops.functions import exp, log, log1p
from graphflow.ops.powers import sqrt, square
from graphflow.ops.reduce import reduce_prod
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import rank, shape


@export("distributions.ReparameterizationType", "contrib.distributions.ReparameterizationType")
class ReparameterizationType:
    """Whether gradients flow from samples to parameters; each instance equals itself only.

    Args:
        rep_type: its name.
    """

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameteriation Type: {self._rep_type}>"  # spelled as in TensorFlow

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")
for _space in ("distributions", "contrib.distributions"):
    publish(FULLY_REPARAMETERIZED, f"{_space}.FULLY_REPARAMETERIZED")
    publish(NOT_REPARAMETERIZED, f"{_space}.NOT_REPARAMETERIZED")


@export("distributions.Distribution", "contrib.distributions.Distribution")
class Distribution:
    """A distribution of probability; the base class.

    Args:
        dtype: the type of samples.
        reparameterization_type: FULLY_REPARAMETERIZED if gradients flow through samples.
        validate_args: whether values are checked in the run, at a cost.
        allow_nan_stats: whether a statistic that does not exist is nan; else the run fails.
        parameters: the arguments that make an equal one, for `copy`.
        graph_parents: the tensors that it is made of.
        name: its name; one that ends with "/" is a scope that is open already.

    Raises:
        ValueError: if a parent is no tensor.
    """

    def __init__(
        self,
        dtype: Any,
        reparameterization_type: Any,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: list[Any] | None = None,
        name: str | None = None,
    ) -> None:
        parents = [] if graph_parents is None else graph_parents
        for i, parent in enumerate(parents):
            if parent is None or not is_symbolic(parent):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {parent}.")
        if not name or not name.endswith("/"):
            with scopes.name_scope(name or type(self).__name__) as name:
                pass
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._allow_nan_stats = allow_nan_stats
        self._validate_args = validate_args
        self._parameters = parameters or {}
        self._graph_parents = parents
        self._name = name

    # --- what it is ---
    @property
    def name(self) -> str:
        """Its name scope, which ends with "/"."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The type of samples."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return {
            key: value
            for key, value in self._parameters.items()
            if not key.startswith("__") and key != "self"
        }

    @property
    def reparameterization_type(self) -> Any:
        """Whether gradients flow from samples to parameters."""
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether a statistic that does not exist is nan."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        """Whether values are checked in the run."""
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """Returns another one of the same class.

        Args:
            **override_parameters_kwargs: arguments that differ.
        """
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    def __str__(self) -> str:
        parts = [f'"{self.name}"']
        if self.batch_shape.ndims is not None:
            parts.append(f"batch_shape={self.batch_shape}")
        if self.event_shape.ndims is not None:
            parts.append(f"event_shape={self.event_shape}")
        parts.append(f"dtype={self.dtype.name}")
        return f"tfp.distributions.{type(self).__name__}({', '.join(parts)})"

    def __repr__(self) -> str:
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}' "
            f"batch_shape={self.batch_shape} event_shape={self.event_shape} "
            f"dtype={self.dtype.name}>"
        )

    @contextlib.contextmanager
    def _name_scope(
        self, name: str | None = None, values: list[Any] | None = None
    ) -> Iterator[str]:
        with (
            scopes.name_scope(self.name),
            scopes.name_scope(name, values=[*(values or []), *self._graph_parents]) as scope,
        ):
            yield scope

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{what} is not implemented: {type(self).__name__}")

    # --- shapes ---
    @classmethod
    def param_shapes(
        cls, sample_shape: Any, name: str = "DistributionParamShapes"
    ) -> dict[str, Tensor]:
        """Returns the shapes of parameters for samples of a shape.

        Args:
            sample_shape: the shape that `sample()` is to have.
            name: the name of the scope.
        """
        with scopes.name_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """Returns the static shapes of parameters for samples of a shape.

        Args:
            sample_shape: the shape that `sample()` is to have.

        Raises:
            ValueError: if it is not fully known.
        """
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        known = {k: constant_value(v) for k, v in cls.param_shapes(sample_shape).items()}
        if any(sizes is None for sizes in known.values()):
            raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
        return {key: TensorShape(sizes) for key, sizes in known.items()}

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError("_param_shapes not implemented")

    def _batch_shape_tensor(self) -> Any:
        raise self._missing("batch_shape_tensor")

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """Returns the shape of one sample without its event, as a vector of int32.

        Args:
            name: the name of the scope.
        """
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                sizes = self.batch_shape.as_list()
                return convert_to_tensor(sizes, dtype=int32, name="batch_shape")
            found: Tensor = self._batch_shape_tensor()
            return found

    def _batch_shape(self) -> Any:
        return TensorShape(None)

    @property
    def batch_shape(self) -> TensorShape:
        """What is known of the shape of one sample without its event."""
        return as_shape(self._batch_shape())

    def _event_shape_tensor(self) -> Any:
        raise self._missing("event_shape_tensor")

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """Returns the shape of one draw, as a vector of int32.

        Args:
            name: the name of the scope.
        """
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                sizes = self.event_shape.as_list()
                return convert_to_tensor(sizes, dtype=int32, name="event_shape")
            found: Tensor = self._event_shape_tensor()
            return found

    def _event_shape(self) -> Any:
        return TensorShape(None)

    @property
    def event_shape(self) -> TensorShape:
        """What is known of the shape of one draw."""
        return as_shape(self._event_shape())

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Returns whether the event shape is `[]`, as a tensor.

        Args:
            name: the name of the scope.
        """
        with self._name_scope(name):
            found = self._is_scalar_helper(self.event_shape, self.event_shape_tensor)
            return convert_to_tensor(found, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Returns whether the batch shape is `[]`, as a tensor.

        Args:
            name: the name of the scope.
        """
        with self._name_scope(name):
            found = self._is_scalar_helper(self.batch_shape, self.batch_shape_tensor)
            return convert_to_tensor(found, name="is_scalar_batch")

    def _is_scalar_helper(self, static: TensorShape, dynamic: Callable[[], Tensor]) -> Any:
        if static.ndims is not None:
            return static.ndims == 0
        sizes = dynamic()
        if sizes.dims is not None and sizes.dims[0] is not None:
            return sizes.dims == (0,)
        return equal(shape(sizes)[0], 0)

    # --- samples ---
    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        raise self._missing("sample_n")

    def sample(self, sample_shape: Any = (), seed: Any = None, name: str = "sample") -> Tensor:
        """Returns samples, of the shape `sample_shape + batch_shape + event_shape`.

        Args:
            sample_shape: how many, an integer or a vector of integers.
            seed: an integer, for the same numbers in every run of the program.
            name: the name of the scope.
        """
        return self._call_sample_n(sample_shape, seed, name)

    def _call_sample_n(self, sample_shape: Any, seed: Any, name: str, **kwargs: Any) -> Tensor:
        with self._name_scope(name, values=[sample_shape]):
            wanted = convert_to_tensor(sample_shape, dtype=int32, name="sample_shape")
            wanted, n = self._expand_sample_shape_to_vector(wanted, "sample_shape")
            samples = self._sample_n(n, seed, **kwargs)
            one = shape(samples)[1:]
            samples = reshape(samples, concat([wanted, one], 0))
            return self._set_sample_static_shape(samples, wanted)

    def _expand_sample_shape_to_vector(self, x: Tensor, name: str) -> tuple[Tensor, Any]:
        """The shape as a vector, and how many samples that is."""
        known = constant_value(x)
        numpy_type = x.dtype.as_numpy_dtype
        n = reduce_prod(x) if known is None else np.prod(known, dtype=numpy_type())
        if x.dims is None:
            one = np.array([1], dtype=np.int32)
            x = reshape(x, pick_vector(equal(rank(x), 0), one, shape(x)))
        elif not x.dims:
            if known is None:
                return reshape(x, [1]), n
            return convert_to_tensor(np.array([known], numpy_type()), name=name), n
        elif len(x.dims) != 1:
            raise ValueError("Input is neither scalar nor vector.")
        return x, n

    def _set_sample_static_shape(self, x: Tensor, sample_shape: Tensor) -> Tensor:
        """Writes down what is known of the shape of samples."""
        sample = TensorShape(constant_value(sample_shape))
        batch, event = self.batch_shape, self.event_shape
        parts = [sample.ndims, batch.ndims, event.ndims]
        total = x.shape.ndims
        if total is None and None not in parts:
            total = sum(n for n in parts if n is not None)
        if total is not None and parts.count(None) == 1:
            rest = total - sum(n for n in parts if n is not None)
            parts[parts.index(None)] = rest
        if total is None or None in parts:
            return _known_ends(x, total, sample, event)
        full: list[int | None] = []
        for own, ndims in zip((sample, batch, event), parts, strict=True):
            full += [None] * (ndims or 0) if own.ndims is None else own.as_list()
        x.set_shape(x.shape.merge_with(TensorShape(full)))
        return x

    # --- probabilities ---
    def _either(
        self,
        value: Any,
        name: str,
        direct: Callable[..., Any],
        indirect: Callable[..., Any],
        **kwargs: Any,
    ) -> Any:
        """What `direct(value)` says, or `indirect(value)` where that is not written."""
        with self._name_scope(name, values=[value]):
            value = convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return _first(lambda: direct(value, **kwargs), lambda: indirect(value, **kwargs))

    def _log_prob(self, value: Any) -> Any:
        raise self._missing("log_prob")

    def _call_log_prob(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: log(self._prob(x, **more))  # noqa: E731 (one line, used once)
        return self._either(value, name, self._log_prob, other, **kwargs)

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """Returns the logarithm of the density, or of the probability, at values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_log_prob(value, name)
        return found

    def _prob(self, value: Any) -> Any:
        raise self._missing("prob")

    def _call_prob(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: exp(self._log_prob(x, **more))  # noqa: E731 (as above)
        return self._either(value, name, self._prob, other, **kwargs)

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """Returns the density, or the probability, at values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_prob(value, name)
        return found

    def _log_cdf(self, value: Any) -> Any:
        raise self._missing("log_cdf")

    def _call_log_cdf(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: log(self._cdf(x, **more))  # noqa: E731 (as above)
        return self._either(value, name, self._log_cdf, other, **kwargs)

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """Returns the logarithm of the probability of draws that are not above values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_log_cdf(value, name)
        return found

    def _cdf(self, value: Any) -> Any:
        raise self._missing("cdf")

    def _call_cdf(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: exp(self._log_cdf(x, **more))  # noqa: E731 (as above)
        return self._either(value, name, self._cdf, other, **kwargs)

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """Returns the probability of draws that are not above values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_cdf(value, name)
        return found

    def _log_survival_function(self, value: Any) -> Any:
        raise self._missing("log_survival_function")

    def _call_log_survival_function(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: log1p(-self.cdf(x, **more))  # noqa: E731 (as above)
        return self._either(value, name, self._log_survival_function, other, **kwargs)

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """Returns the logarithm of the probability of draws above values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_log_survival_function(value, name)
        return found

    def _survival_function(self, value: Any) -> Any:
        raise self._missing("survival_function")

    def _call_survival_function(self, value: Any, name: str, **kwargs: Any) -> Any:
        other = lambda x, **more: 1.0 - self.cdf(x, **more)  # noqa: E731 (as above)
        return self._either(value, name, self._survival_function, other, **kwargs)

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """Returns the probability of draws above values.

        Args:
            value: a tensor whose shape broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_survival_function(value, name)
        return found

    def _quantile(self, value: Any) -> Any:
        raise self._missing("quantile")

    def _call_quantile(self, value: Any, name: str, **kwargs: Any) -> Any:
        with self._name_scope(name, values=[value]):
            value = convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return self._quantile(value, **kwargs)

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """Returns where the cdf has the given values: its inverse.

        Args:
            value: probabilities, of a shape that broadcasts with `batch_shape + event_shape`.
            name: the name of the scope.
        """
        found: Tensor = self._call_quantile(value, name)
        return found

    # --- statistics ---
    def _entropy(self) -> Any:
        raise self._missing("entropy")

    def entropy(self, name: str = "entropy") -> Tensor:
        """Returns the entropy in nats: the mean of `-log_prob`.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._entropy)

    def _mean(self) -> Any:
        raise self._missing("mean")

    def mean(self, name: str = "mean") -> Tensor:
        """Returns the mean.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._mean)

    def _variance(self) -> Any:
        raise self._missing("variance")

    def variance(self, name: str = "variance") -> Tensor:
        """Returns the mean squared distance to the mean.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._variance, lambda: square(self._stddev()))

    def _stddev(self) -> Any:
        raise self._missing("stddev")

    def stddev(self, name: str = "stddev") -> Tensor:
        """Returns the square root of the variance.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._stddev, lambda: sqrt(self._variance()))

    def _covariance(self) -> Any:
        raise self._missing("covariance")

    def covariance(self, name: str = "covariance") -> Tensor:
        """Returns the matrix of covariances of an event that is a vector.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._covariance)

    def _mode(self) -> Any:
        raise self._missing("mode")

    def mode(self, name: str = "mode") -> Tensor:
        """Returns the draw of the highest density, or probability.

        Args:
            name: the name of the scope.
        """
        return self._statistic(name, self._mode)

    def _statistic(
        self, name: str, direct: Callable[[], Any], indirect: Callable[[], Any] | None = None
    ) -> Tensor:
        with self._name_scope(name):
            found: Tensor = direct() if indirect is None else _first(direct, indirect)
            return found

    # --- two distributions ---
    def _cross_entropy(self, other: Any) -> Any:
        return divergence.cross_entropy(self, other, allow_nan_stats=self.allow_nan_stats)

    def cross_entropy(self, other: Any, name: str = "cross_entropy") -> Tensor:
        """Returns the mean of `-log other(x)` over this one.

        Args:
            other: another distribution.
            name: the name of the scope.
        """
        return self._statistic(name, lambda: self._cross_entropy(other))

    def _kl_divergence(self, other: Any) -> Any:
        return divergence.kl_divergence(self, other, allow_nan_stats=self.allow_nan_stats)

    def kl_divergence(self, other: Any, name: str = "kl_divergence") -> Tensor:
        """Returns the mean of `log_prob(x) - other.log_prob(x)` over this one.

        Args:
            other: another distribution.
            name: the name of the scope.
        """
        return self._statistic(name, lambda: self._kl_divergence(other))


def _first(direct: Callable[[], Any], indirect: Callable[[], Any]) -> Any:
    """What the first one returns that is written; the first one's error if none is."""
    try:
        return direct()
    except NotImplementedError as missing:
        try:
            return indirect()
        except NotImplementedError:
            raise missing from None


def _known_ends(x: Tensor, total: int | None, sample: TensorShape, event: TensorShape) -> Tensor:
    """Writes down the first and last sizes where the middle is not known."""
    if total is None:
        return x
    for own, first in ((sample, True), (event, False)):
        if own.ndims is not None:
            rest: list[int | None] = [None] * (total - own.ndims)
            full = own.as_list() + rest if first else rest + own.as_list()
            x.set_shape(x.shape.merge_with(TensorShape(full)))
    return x
