"""Distributions whose positive parameters are given as numbers of any sign.

`softplus` makes them positive. They are in `tf.contrib.distributions` only.
"""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.nets.distributions.beta import Beta
from graphflow.nets.distributions.gamma import Exponential, Gamma
from graphflow.nets.distributions.laplace import Laplace
from graphflow.nets.distributions.normal import Normal
from graphflow.nets.distributions.student_t import StudentT
from graphflow.ops.activation import softplus
from graphflow.ops.complex import abs as abs_
from graphflow.ops.rounding import floor


@export("contrib.distributions.NormalWithSoftplusScale")
class NormalWithSoftplusScale(Normal):
    """`Normal(loc, softplus(scale))`.

    Args:
        loc: see `Normal`, and so the others.
        scale: numbers of any sign.
        validate_args: whether the run checks values.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "NormalWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[scale]) as name:
            positive = softplus(scale, name="softplus_scale")
            super().__init__(loc, positive, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@export("contrib.distributions.LaplaceWithSoftplusScale")
class LaplaceWithSoftplusScale(Laplace):
    """`Laplace(loc, softplus(scale))`.

    Args:
        loc: see `Laplace`, and so the others.
        scale: numbers of any sign.
        validate_args: whether the run checks values.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "LaplaceWithSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[loc, scale]) as name:
            positive = softplus(scale, name="softplus_scale")
            super().__init__(loc, positive, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@export("contrib.distributions.BetaWithSoftplusConcentration")
class BetaWithSoftplusConcentration(Beta):
    """`Beta(softplus(concentration1), softplus(concentration0))`.

    Args:
        concentration1: numbers of any sign.
        concentration0: numbers of any sign.
        validate_args: see `Beta`, and so the others.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        concentration1: Any,
        concentration0: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "BetaWithSoftplusConcentration",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[concentration1, concentration0]) as name:
            one = softplus(concentration1, name="softplus_concentration1")
            zero = softplus(concentration0, name="softplus_concentration0")
            super().__init__(one, zero, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@export("contrib.distributions.GammaWithSoftplusConcentrationRate")
class GammaWithSoftplusConcentrationRate(Gamma):
    """`Gamma(softplus(concentration), softplus(rate))`.

    Args:
        concentration: numbers of any sign.
        rate: numbers of any sign.
        validate_args: see `Gamma`, and so the others.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "GammaWithSoftplusConcentrationRate",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[concentration, rate]) as name:
            positive = softplus(concentration, name="softplus_concentration")
            other = softplus(rate, name="softplus_rate")
            super().__init__(positive, other, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@export("contrib.distributions.ExponentialWithSoftplusRate")
class ExponentialWithSoftplusRate(Exponential):
    """`Exponential(softplus(rate))`.

    Args:
        rate: numbers of any sign.
        validate_args: see `Exponential`, and so the others.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "ExponentialWithSoftplusRate",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[rate]) as name:
            positive = softplus(rate, name="softplus_rate")
            super().__init__(positive, validate_args, allow_nan_stats, name)
        self._parameters = parameters


@export("contrib.distributions.StudentTWithAbsDfSoftplusScale")
class StudentTWithAbsDfSoftplusScale(StudentT):
    """`StudentT(floor(abs(df)), loc, softplus(scale))`.

    Args:
        df: numbers of any sign.
        loc: see `StudentT`, and so the others.
        scale: numbers of any sign.
        validate_args: whether the run checks values.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentTWithAbsDfSoftplusScale",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[df, scale]) as name:
            whole, positive = floor(abs_(df)), softplus(scale, name="softplus_scale")
            super().__init__(whole, loc, positive, validate_args, allow_nan_stats, name)
        self._parameters = parameters
