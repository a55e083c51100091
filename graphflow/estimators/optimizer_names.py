"""The optimizers that the arguments of canned estimators name."""

from __future__ import annotations

from typing import Any, Final

from graphflow.training.adagrad import AdagradOptimizer
from graphflow.training.adam import AdamOptimizer
from graphflow.training.ftrl import FtrlOptimizer
from graphflow.training.gradient_descent import GradientDescentOptimizer
from graphflow.training.optimizer import Optimizer
from graphflow.training.rmsprop import RMSPropOptimizer

_CLASSES: Final[dict[str, Any]] = {
    "Adagrad": AdagradOptimizer,
    "Adam": AdamOptimizer,
    "Ftrl": FtrlOptimizer,
    "RMSProp": RMSPropOptimizer,
    "SGD": GradientDescentOptimizer,
}


def optimizer_instance(opt: Any, learning_rate: float | None = None) -> Optimizer:
    """Returns an optimizer.

    Args:
        opt: an optimizer, a function that returns one, or one of the names "Adagrad", "Adam",
            "Ftrl", "RMSProp" and "SGD".
        learning_rate: the learning rate of one that is named.

    Raises:
        ValueError: if it is anything else, or a named one gets no learning rate.
    """
    if isinstance(opt, str):
        if opt not in _CLASSES:
            raise ValueError(
                f"Unsupported optimizer name: {opt}. Supported names are: {tuple(sorted(_CLASSES))}"
            )
        if not learning_rate:
            raise ValueError("learning_rate must be specified when opt is string.")
        named: Optimizer = _CLASSES[opt](learning_rate=learning_rate)
        return named
    if callable(opt):
        opt = opt()
    if not isinstance(opt, Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {opt}")
    return opt
