"""How far one distribution is from another: a registry of formulas, by pairs of classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import logical_not
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_any
from graphflow.ops.rounding import is_nan

Formula = Callable[..., Any]
_F = TypeVar("_F", bound=Formula)
_DIVERGENCES: Final[dict[tuple[type, type], Formula]] = {}


def _registered_kl(type_a: type, type_b: type) -> Formula | None:
    """The formula of the nearest pair of base classes: the fewest steps up, together."""
    steps = {
        (a, b): (i + j, i)
        for i, a in enumerate(type_a.__mro__)
        for j, b in enumerate(type_b.__mro__)
        if (a, b) in _DIVERGENCES
    }
    return _DIVERGENCES[min(steps, key=steps.__getitem__)] if steps else None


@export("distributions.kl_divergence", "contrib.distributions.kl_divergence")
def kl_divergence(
    distribution_a: Any,
    distribution_b: Any,
    allow_nan_stats: bool = True,
    name: str | None = None,
) -> Tensor:
    """Returns the Kullback-Leibler divergence: the mean of `log a(x) - log b(x)` over `a`.

    Args:
        distribution_a: the distribution that the mean is taken over.
        distribution_b: the other one.
        allow_nan_stats: whether the result may be nan.
        name: the name of the scope.

    Raises:
        NotImplementedError: if no formula is registered for the two classes.
        InvalidArgumentError: in a run, if a result is nan and must not be.
    """
    formula = _registered_kl(type(distribution_a), type(distribution_b))
    if formula is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{type(distribution_a).__name__} and distribution_b type "
            f"{type(distribution_b).__name__}"
        )
    with scopes.name_scope("KullbackLeibler"):
        found: Tensor = formula(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return found
        found = identity(found, name="kl")
        message = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN "
            "values (and was called with allow_nan_stats=False). Values:"
        )
        check = Assert(logical_not(reduce_any(is_nan(found))), [message, found])
        with scopes.control_dependencies([check]):
            return identity(found, name="checked_kl")


def cross_entropy(
    ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """Returns the mean of `-log other(x)` over `ref`.

    Args:
        ref: the distribution that the mean is taken over.
        other: the other one.
        allow_nan_stats: whether the divergence may be nan.
        name: the name of the scope.

    Raises:
        NotImplementedError: if no formula is registered for the two classes.
    """
    with scopes.name_scope(name, "cross_entropy"):
        found: Tensor = ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
    return found


@export("distributions.RegisterKL", "contrib.distributions.RegisterKL")
class RegisterKL:
    """Decorates a function that is the divergence for two classes of distributions.

    Args:
        dist_cls_a: the class that the mean is taken over.
        dist_cls_b: the other one.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: _F) -> _F:
        """Registers `kl_fn(a, b, name)`.

        Raises:
            TypeError: if it cannot be called.
            ValueError: if there is one for the two classes.
        """
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _DIVERGENCES:
            a, b = (cls.__name__ for cls in self._key)
            raise ValueError(
                f"KL({a} || {b}) has already been registered to: {_DIVERGENCES[self._key]}"
            )
        _DIVERGENCES[self._key] = kl_fn
        return kl_fn
