"""The base of Keras' optimizers: hyperparameters that are variables, slots, one step."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final, Self

from graphflow.autodiff.reverse import gradients
from graphflow.autodiff.tape import GradientTape
from graphflow.core import nest, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, bfloat16, float16, float32, float64, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models import initializers, optimizers_schedules
from graphflow.models.optimizers_schedules import LearningRateSchedule
from graphflow.nets import keras_state, keras_style
from graphflow.nets.keras_layer import snake_case
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_norm, clip_by_value
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.segment import unsorted_segment_sum
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.unique import unique
from graphflow.ops.variables import Variable, VariableAggregation, VariableSynchronization
from graphflow.platform import tf_logging

_KEYWORDS: Final = ("clipnorm", "clipvalue", "lr", "decay")
_FLOATS: Final = (float16, bfloat16, float32, float64)
_NO_GRADIENT: Final = (
    "Variable {} has `None` for gradient. Please make sure that all of your ops have a gradient "
    "defined (i.e. are differentiable). Common ops without gradient: K.argmax, K.round, K.eval."
)


@export("keras.optimizers.Optimizer")
class OptimizerV2:
    """Changes variables so that a loss gets smaller.

    A subclass notes its hyperparameters with `_set_hyper`, makes slots in `_create_slots` with
    `add_slot`, and changes one variable in `_resource_apply_dense` (also takes `apply_state`, the
    coefficients that `_prepare_local` noted) and in `_resource_apply_sparse`. Hyperparameters are
    read and set as attributes: `optimizer.learning_rate`, also as `lr`.

    Args:
        name: the name scope of the variables and updates.
        **kwargs: `clipnorm` and `clipvalue`, to which gradients are cut; `decay`, of the
            learning rate with the steps; `lr`, the older name of the learning rate.

    Raises:
        TypeError: if a keyword is not known.
        ValueError: if one of these is negative.
    """

    def __init__(self, name: str | None, **kwargs: Any) -> None:
        for keyword, value in kwargs.items():
            if keyword not in _KEYWORDS:
                raise TypeError(f"Unexpected keyword argument passed to optimizer: {keyword}")
            if value < 0:
                raise ValueError(f"Expected {keyword} >= 0, received: {value}")
        self._use_locking = True
        self._name = name or keras_state.unique_object_name(
            snake_case(type(self).__name__), zero_based=True
        )
        self._hyper: dict[str, Any] = {}
        self._slots: dict[str, dict[str, Any]] = {}
        self._slot_names: list[str] = []
        self._weights: list[Any] = []
        self._iterations: Any = None
        self._initial_decay = kwargs.get("decay", 0.0)
        for keyword in ("clipnorm", "clipvalue"):
            if keyword in kwargs:
                setattr(self, keyword, kwargs[keyword])
        self._hypers_created = False

    # --- one step ---
    def minimize(
        self, loss: Callable[[], Any], var_list: Any, grad_loss: Any = None, name: Any = None
    ) -> Any:
        """Returns an operation that makes a loss smaller.

        Args:
            loss: a function that returns the loss.
            var_list: the variables to change, or a function that returns them.
            grad_loss: the gradient of the loss; None: 1.
            name: the name scope of the updates.
        """
        return self.apply_gradients(self._compute_gradients(loss, var_list, grad_loss), name=name)

    def _compute_gradients(self, loss: Any, var_list: Any, grad_loss: Any = None) -> list[Any]:
        with GradientTape() as tape:
            if not callable(var_list):
                tape.watch(var_list)
            value = loss()
        if callable(var_list):
            var_list = var_list()
        variables = nest.flatten(var_list)
        with scopes.name_scope(f"{self._name}/gradients"):
            grads = self._clipped(tape.gradient(value, variables, grad_loss))
        pairs = list(zip(grads, variables, strict=True))
        self._check_types(v for g, v in pairs if g is not None)
        return pairs

    def _clipped(self, grads: list[Any]) -> list[Any]:
        if hasattr(self, "clipnorm"):
            grads = [clip_by_norm(g, self.clipnorm) for g in grads]
        if hasattr(self, "clipvalue"):
            grads = [clip_by_value(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """Returns the gradients of a loss, cut as `clipnorm` and `clipvalue` say.

        Args:
            loss: a scalar tensor.
            params: the variables.

        Raises:
            ValueError: if the loss does not depend on one of them.
        """
        params = nest.flatten(params)
        with scopes.name_scope(f"{self._name}/gradients"):
            grads = gradients(loss, params)
            for grad, param in zip(grads, params, strict=True):
                if grad is None:
                    raise ValueError(_NO_GRADIENT.format(param))
            return self._clipped(grads)

    def get_updates(self, loss: Any, params: Any) -> list[Any]:
        """Returns a list of the operation that makes a loss smaller.

        Args:
            loss: a scalar tensor.
            params: the variables to change.
        """
        pairs = list(zip(self.get_gradients(loss, params), params, strict=True))
        self._check_types(v for _, v in pairs)
        return [self.apply_gradients(pairs)]

    def apply_gradients(self, grads_and_vars: Iterable[Any], name: Any = None) -> Any:
        """Returns an operation that changes variables, and counts the step in `iterations`.

        In eager execution it changes them at once, and returns `iterations`.

        Args:
            grads_and_vars: pairs of a gradient (None: the variable is left out) and a variable.
            name: the name scope of the updates; None: the optimizer's.

        Raises:
            ValueError: if all gradients are None.
        """
        pairs = _with_gradient(grads_and_vars)
        variables = [v for _, v in pairs]
        with scopes.name_scope(self._name):
            with scopes.init_scope():
                _ = self.iterations
                self._create_hypers()
                self._create_slots(variables)
            state = self._prepare(variables)
            return self._applied(pairs, name or self._name, state)

    def _applied(self, pairs: list[Any], name: str, state: Any) -> Any:
        updates = []
        with scopes.name_scope(name):
            for grad, var in pairs:
                with scopes.name_scope(f"update_{_name(var)}"), scopes.colocate_with(var):
                    updates.append(self._update(grad, var, state))
            with scopes.control_dependencies(updates):
                return done(self._iterations.assign_add(1))

    def _update(self, grad: Any, var: Any, state: Any) -> Any:
        if isinstance(var, Tensor):
            raise NotImplementedError("Trying to update a Tensor ", var)
        if isinstance(grad, IndexedSlices):
            if var.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            options = self._options(self._resource_apply_sparse, state)
            return self._resource_apply_sparse_duplicate_indices(
                grad.values, var, grad.indices, **options
            )
        options = self._options(self._resource_apply_dense, state)
        update = self._resource_apply_dense(grad, var, **options)
        if var.constraint is None:
            return update
        with scopes.control_dependencies([update]):
            return var.assign(var.constraint(var))

    @staticmethod
    def _options(function: Any, state: Any) -> dict[str, Any]:
        takes = "apply_state" in inspect.getfullargspec(function).args
        return {"apply_state": state} if takes else {}

    # --- hyperparameters ---
    def _set_hyper(self, name: str, value: Any) -> None:
        before = self._hyper.get(name)
        if (
            name not in self._hyper
            or callable(before)
            or isinstance(value, LearningRateSchedule)
            or isinstance(before, Tensor | int | float | LearningRateSchedule)
        ):
            self._hyper[name] = value
        else:
            keras_state.set_value(before, value)

    def _get_hyper(self, name: str, dtype: Any = None) -> Any:
        if not self._hypers_created:
            self._create_hypers()
        value = self._hyper[name]
        if isinstance(value, LearningRateSchedule):
            return value
        if callable(value):
            value = value()
        return cast(value, dtype) if dtype else value

    def __getattr__(self, name: str) -> Any:
        """A hyperparameter; `lr` is another name of `learning_rate`."""
        name = "learning_rate" if name == "lr" else name
        if name in self.__dict__.get("_hyper", {}):
            return self._get_hyper(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets a hyperparameter, in the session where it is a variable already."""
        name = "learning_rate" if name == "lr" else name
        if name in self.__dict__.get("_hyper", {}):
            self._set_hyper(name, value)
        else:
            super().__setattr__(name, value)

    def _create_hypers(self) -> None:
        if self._hypers_created:
            return
        for name, value in sorted(self._hyper.items()):
            if not (isinstance(value, Tensor | Variable) or callable(value)):
                self._hyper[name] = self.add_weight(
                    name,
                    shape=[],
                    trainable=False,
                    initializer=value,
                    aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
                )
        self._hypers_created = True

    def _decayed_lr(self, var_dtype: Any) -> Any:
        rate = self._get_hyper("learning_rate", var_dtype)
        if isinstance(rate, LearningRateSchedule):
            rate = cast(rate(cast(self.iterations, var_dtype)), var_dtype)
        if self._initial_decay > 0.0:
            step = cast(self.iterations, var_dtype)
            rate = rate / (1.0 + self._get_hyper("decay", var_dtype) * step)
        return rate

    def _serialize_hyperparameter(self, hyperparameter_name: str) -> Any:
        value = self._hyper[hyperparameter_name]
        if isinstance(value, LearningRateSchedule):
            return optimizers_schedules.serialize(value)
        if isinstance(value, Tensor | Variable):
            return keras_state.get_value(value)
        return value() if callable(value) else value

    # --- coefficients ---
    def _prepare(self, var_list: Any) -> dict[Any, dict[str, Any]]:
        """The coefficients by device and element type of the variables."""
        state: dict[Any, dict[str, Any]] = {}
        for key in dict.fromkeys((v.device, v.dtype.base_dtype) for v in var_list):
            state[key] = {}
            with scopes.device(key[0]):
                self._prepare_local(*key, state)
        return state

    def _prepare_local(self, var_device: Any, var_dtype: Any, apply_state: Any) -> None:
        if "learning_rate" in self._hyper:
            apply_state[var_device, var_dtype]["lr_t"] = identity(self._decayed_lr(var_dtype))

    def _fallback_apply_state(self, var_device: Any, var_dtype: Any) -> dict[str, Any]:
        state: dict[Any, dict[str, Any]] = {(var_device, var_dtype): {}}
        self._prepare_local(var_device, var_dtype, state)
        return state[var_device, var_dtype]

    def _coefficients(self, var: Any, state: Any) -> dict[str, Any]:
        key = var.device, var.dtype.base_dtype
        return (state or {}).get(key) or self._fallback_apply_state(*key)

    # --- variables ---
    def get_slot_names(self) -> list[str]:
        """Returns the names of the slots that were made."""
        return self._slot_names

    def add_slot(self, var: Any, slot_name: str, initializer: Any = "zeros") -> Any:
        """Returns a variable that belongs to another one, made on the first call.

        Args:
            var: the other variable.
            slot_name: the slot's name.
            initializer: an initializer, its name, or a value.
        """
        if slot_name not in self._slot_names:
            self._slot_names.append(slot_name)
        held = self._slots.setdefault(_key(var), {})
        if slot_name in held:
            return held[slot_name]
        if isinstance(initializer, str) or callable(initializer):
            initializer = initializers.get(initializer)
            value: Any = functools.partial(initializer, shape=var.shape, dtype=var.dtype)
        else:
            value = initializer
        with scopes.colocate_with(var):
            slot = Variable(
                value,
                name=f"{_name(var)}/{slot_name}",
                dtype=var.dtype,
                trainable=False,
                use_resource=True,
            )
        keras_state.track_variable(slot)
        held[slot_name] = slot
        self._weights.append(slot)
        return slot

    def get_slot(self, var: Any, slot_name: str) -> Any:
        """Returns a slot of a variable.

        Raises:
            KeyError: if there is none.
        """
        return self._slots[_key(var)][slot_name]

    def _create_slots(self, var_list: Any) -> None:
        """Makes the slots; the base has none."""

    @property
    def iterations(self) -> Any:
        """The variable that counts the steps."""
        if self._iterations is None:
            self.iterations = self.add_weight(
                "iter",
                shape=[],
                dtype=int64,
                trainable=False,
                aggregation=VariableAggregation.ONLY_FIRST_REPLICA,
            )
        return self._iterations

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        if self._iterations is not None:
            raise RuntimeError(
                "Cannot set `iterations` to a new Variable after the Optimizer weights have been "
                "created"
            )
        self._iterations = variable
        self._weights.append(variable)

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = "zeros",
        trainable: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
    ) -> Any:
        """Returns a new variable of the optimizer.

        Args:
            name: its name in the open name scope.
            shape: the sizes.
            dtype: the element type; None: float32.
            initializer: an initializer, its name, or a value.
            trainable: whether optimizers change it.
            synchronization: ON_READ makes it not trainable.
            aggregation: kept for TensorFlow's sake.

        Raises:
            ValueError: if it is both trainable and ON_READ.
        """
        if synchronization == VariableSynchronization.ON_READ:
            if trainable:
                raise ValueError(
                    "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                    "non-trainable variables. You have specified trainable=True and "
                    "synchronization=VariableSynchronization.ON_READ."
                )
            trainable = False
        if isinstance(initializer, str) or callable(initializer):
            initializer = initializers.get(initializer)
        options = {
            "trainable": trainable is None or trainable,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        if callable(initializer):
            made = keras_style.variable(
                name, shape, as_dtype(dtype or float32), initializer, True, **options
            )
        else:
            made = Variable(initializer, name=name, use_resource=True, shape=shape, **options)
        keras_state.track_variable(made)
        return made

    def variables(self) -> list[Any]:
        """Returns the optimizer's variables in the order in which they were made."""
        return self._weights

    @property
    def weights(self) -> list[Any]:
        """As `variables`."""
        return self._weights

    def get_weights(self) -> list[Any]:
        """Returns the values of the optimizer's variables, as arrays."""
        return list(keras_state.batch_get_value(self.weights))

    def set_weights(self, weights: Any) -> None:
        """Sets the values of the optimizer's variables.

        Args:
            weights: arrays in the order of `weights`.

        Raises:
            ValueError: if their number or shapes differ.
        """
        held = self.weights
        if len(held) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on optimizer {self._name} with a  weight list "
                f"of length {len(weights)}, but the optimizer was expecting {len(held)} weights. "
                f"Provided weights: {str(weights)[:50]}..."
            )
        if not held:
            return
        pairs = []
        for now, variable, value in zip(
            keras_state.batch_get_value(held), held, weights, strict=True
        ):
            if now.shape != value.shape:
                raise ValueError(
                    f"Optimizer weight shape {now.shape} not compatible with provided weight "
                    f"shape {value.shape}"
                )
            pairs.append((variable, value))
        keras_state.batch_set_value(pairs)

    # --- configuration ---
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this optimizer again, with the present values."""
        config = {"name": self._name}
        for keyword in ("clipnorm", "clipvalue"):
            if hasattr(self, keyword):
                config[keyword] = getattr(self, keyword)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the optimizer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own schedules by name.
        """
        if "lr" in config:
            config["learning_rate"] = config.pop("lr")
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = optimizers_schedules.deserialize(
                config["learning_rate"], custom_objects
            )
        return cls(**config)

    # --- for subclasses ---
    def _check_types(self, tensors: Iterable[Any]) -> None:
        for t in tensors:
            dtype = t.dtype.base_dtype
            if dtype not in self._valid_dtypes():
                raise ValueError(
                    f"Invalid type {dtype!r} for {t.name}, expected: {list(self._valid_dtypes())}."
                )

    def _valid_dtypes(self) -> Any:
        return set(_FLOATS)

    def _resource_apply_dense(self, grad: Any, var: Any, apply_state: Any = None) -> Any:
        raise NotImplementedError

    def _resource_apply_sparse(
        self, grad: Any, var: Any, indices: Any, apply_state: Any = None
    ) -> Any:
        raise NotImplementedError

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Any, var: Any, indices: Any, **kwargs: Any
    ) -> Any:
        rows, at = unique(indices)
        summed = unsorted_segment_sum(grad, at, shape_of(rows)[0])
        return self._resource_apply_sparse(summed, var, rows, **kwargs)

    def _resource_scatter_add(self, x: Any, i: Any, v: Any) -> Tensor:
        with scopes.control_dependencies([apply("ResourceScatterAdd", x.handle, i, v)]):
            found: Tensor = x.value()
        return found

    def _resource_scatter_update(self, x: Any, i: Any, v: Any) -> Tensor:
        with scopes.control_dependencies([apply("ResourceScatterUpdate", x.handle, i, v)]):
            found: Tensor = x.value()
        return found


def _key(var: Any) -> str:
    """Which variable it is: eager ones may have equal names."""
    return str(getattr(var, "_unique_id", None) or _name(var))


def _name(var: Any) -> str:
    return str(var.op.name if isinstance(var, Tensor) else var._shared_name)


def done(assigned: Any) -> Any:
    """The operation of an assignment; in eager execution it has run, and has none."""
    return assigned if scopes.get_default_graph().executes else assigned.op


def _with_gradient(grads_and_vars: Iterable[Any]) -> list[Any]:
    pairs = list(grads_and_vars)
    kept = [pair for pair in pairs if pair[0] is not None]
    if pairs and not kept:
        raise ValueError(f"No gradients provided for any variable: {[v.name for _, v in pairs]}.")
    if len(kept) < len(pairs):
        tf_logging.warning(
            "Gradients do not exist for variables %s when minimizing the loss.",
            [v.name for g, v in pairs if g is None],
        )
    return kept
