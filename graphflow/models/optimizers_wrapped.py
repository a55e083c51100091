"""Optimizers of `tf.train` in the place of Keras' own."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import int64
from graphflow.nets import keras_state
from graphflow.ops import state
from graphflow.ops.variables import Variable
from graphflow.training.optimizer import Optimizer


class TFOptimizer:
    """An optimizer of `tf.train`, used as one of Keras.

    Args:
        optimizer: the optimizer.
        iterations: the variable that counts the steps; None: one of its own.
    """

    def __init__(self, optimizer: Optimizer, iterations: Any = None) -> None:
        self.optimizer = optimizer
        self.updates: list[Any] = []
        keras_state.track_optimizer(self)
        if iterations is None:
            with scopes.name_scope(type(self).__name__):
                iterations = Variable(0, dtype=int64, name="iterations", use_resource=True)
                keras_state.track_variable(iterations)
        self.iterations = iterations

    def apply_gradients(self, grads: Any) -> None:
        """Makes the operations that change variables and count the step.

        Args:
            grads: pairs of a gradient and a variable.
        """
        self.optimizer.apply_gradients(grads, global_step=self.iterations)

    def get_grads(self, loss: Any, params: Any) -> Any:
        """Returns pairs of a gradient and a variable.

        Args:
            loss: a scalar tensor.
            params: the variables.
        """
        return self.optimizer.compute_gradients(loss, params)

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """Returns a list of the operation that makes a loss smaller and counts the step.

        Args:
            loss: a scalar tensor.
            params: the variables to change; none: the steps are counted only.
        """
        if not params:
            self.updates = [state.assign_add(self.iterations, 1)]
            return self.updates
        grads = self.optimizer.compute_gradients(loss, params)
        self.updates = [self.optimizer.apply_gradients(grads, global_step=self.iterations)]
        return self.updates

    @property
    def weights(self) -> list[Any]:
        """Not known: `tf.train` does not say which variables an optimizer has.

        Raises:
            NotImplementedError: always, as in TensorFlow.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Not known.

        Raises:
            NotImplementedError: always, as in TensorFlow.
        """
        raise NotImplementedError
