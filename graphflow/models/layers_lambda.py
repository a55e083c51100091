"""Keras' layer around a function."""

from __future__ import annotations

import importlib
import inspect
import sys
import types
import uuid
import warnings
from collections.abc import Callable
from typing import Any, Final, Self

import numpy as np

from graphflow.core import nest
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.shape import TensorShape, as_shape
from graphflow.models.utils_objects import deserialize_keras_object
from graphflow.nets import keras_state
from graphflow.nets.keras_layer import Layer
from graphflow.ops.constant import placeholder
from graphflow.ops.variable_scope import variable_creator_scope


@export("keras.layers.Lambda")
class Lambda(Layer):
    """A layer that applies a function of the program's.

    Args:
        function: the function of the input; it may also take `mask` and `training`.
        output_shape: the shape of the result without the batch, or a function of the input's;
            None: as the function makes it.
        mask: the mask of the result, or a function `mask(inputs, mask)`.
        arguments: a dict of further arguments of the function.
        **kwargs: as `Layer`.

    Note:
        TensorFlow writes a function's bytecode into configurations and files, and runs what it
        reads there. Here they name the function: the process that wrote them finds it again, any
        other one needs it in `custom_objects`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.arguments = arguments or {}
        if mask is not None:
            self.supports_masking = True
        self.mask = mask
        self._output_shape = output_shape
        self._variable_dict: dict[str, Any] = {}
        taken = inspect.getfullargspec(function).args
        self._fn_expects_training_arg = "training" in taken
        self._fn_expects_mask_arg = "mask" in taken

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Returns what the function does.

        Args:
            inputs: a tensor, or a structure of tensors.
            mask: handed to a function that takes it.
            training: likewise.
        """
        arguments = self.arguments
        if self._fn_expects_mask_arg:
            arguments["mask"] = mask
        if self._fn_expects_training_arg:
            arguments["training"] = training
        with variable_creator_scope(self._variable_creator):
            return self.function(inputs, **arguments)

    def _variable_creator(self, next_creator: Any, **kwargs: Any) -> Any:
        """Makes each variable once, and notes that it is the layer's."""
        name = kwargs["name"]
        if name in self._variable_dict:
            return self._variable_dict[name]
        made = self._variable_dict[name] = next_creator(**kwargs)
        kind = self._trainable_weights if made.trainable else self._non_trainable_weights
        if not any(made is held for held in kind):
            kind.append(made)
        keras_state.track_variable(made)
        return made

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Returns the mask of the result.

        Args:
            inputs: the inputs.
            mask: their mask.
        """
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Returns the shape of the result for a shape of the input."""
        if self._output_shape is None:
            with Graph().as_default():
                inputs = nest.map_structure(
                    lambda shape: placeholder(self._dtype or keras_state.floatx(), shape),
                    _shapes(input_shape),
                )
                return nest.map_structure(lambda x: x.shape, self.call(inputs))
        if callable(self._output_shape):
            return _shapes(self._output_shape(_tuples(input_shape)))
        batch = nest.flatten(_shapes(input_shape))[0].as_list()[0]
        return nest.map_structure(
            lambda shape: TensorShape([batch, *shape.as_list()]), _shapes(self._output_shape)
        )

    # --- configuration ---
    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this layer again, functions as names.

        Raises:
            ValueError: if the function or the mask is none.
        """
        config = super().get_config()
        for name, value in (("function", self.function), ("output_shape", self._output_shape)):
            written, kind, module = _written(value, raw=name == "output_shape")
            place = "module" if name == "function" else "output_shape_module"
            config.update({name: written, f"{name}_type": kind, place: module})
        if self.mask is not None:
            written, kind, module = _written(self.mask)
            config.update({"mask": written, "mask_type": kind, "mask_module": module})
        config["arguments"] = self.arguments
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the layer of a configuration.

        Args:
            config: as `get_config` returns it.
            custom_objects: a dict of the program's own functions by name.

        Raises:
            TypeError: if the kind of a function is not known.
            ValueError: if another process wrote it, and its function is not among
                `custom_objects`.
        """
        config = dict(config)
        for name in ("function", "output_shape", "mask"):
            if name in config:
                place = "module" if name == "function" else f"{name}_module"
                config[name] = _read(config, name, place, custom_objects)
        for key, value in config.get("arguments", {}).items():
            if isinstance(value, dict) and value.get("type") == "ndarray":
                config["arguments"][key] = np.array(value["value"])
        return cls(**config)


def _shapes(given: Any) -> Any:
    """A shape, or a structure of shapes, as `TensorShape`s."""
    if isinstance(given, TensorShape) or given is None:
        return as_shape(given)
    if isinstance(given, list | tuple) and not any(
        isinstance(x, list | tuple | TensorShape) for x in given
    ):
        return as_shape(given)
    return nest.map_structure(as_shape, given) if not isinstance(given, list | tuple) else [
        _shapes(x) for x in given
    ]  # fmt: skip


def _tuples(given: Any) -> Any:
    found = _shapes(given)
    return nest.map_structure(lambda shape: tuple(shape.as_list()), found)


# --- functions in plain data ---
_PROCESS: Final = uuid.uuid4().hex
_codes: Final[dict[str, types.CodeType]] = {}
"""The code of the functions that were written, by the text that stands for it."""


def dumped(function: Any) -> tuple[str, Any, Any]:
    """Returns a text that stands for a function's code, its defaults, and what it holds.

    Args:
        function: a function of Python.
    """
    code = function.__code__
    text = f"{function.__name__} of process {_PROCESS}, code {id(code)}"
    _codes[text] = code
    held = function.__closure__
    return text, function.__defaults__, tuple(c.cell_contents for c in held) if held else None


def loaded(dump: Any, scope: dict[str, Any], known: dict[str, Any] | None = None) -> Any:
    """Returns the function that `dumped` wrote.

    Args:
        dump: what it returned, also as lists.
        scope: the names that the function finds.
        known: the program's own functions by name, for what another process wrote.

    Raises:
        ValueError: if another process wrote it, and `known` has no function of its name.
    """
    text, defaults, held = dump
    code = _codes.get(text)
    if code is None:
        name = text.partition(" of process ")[0]
        if known and name in known:
            return known[name]
        raise ValueError(
            f"The code of a Lambda layer's function ({name[:40]!r}) is not read from a "
            "configuration or a file: it could do anything. Pass the function by its name in "
            "`custom_objects`, or make the model in the program and load its weights."
        )
    cells = None if held is None else tuple(types.CellType(value) for value in held)
    defaults = tuple(defaults) if isinstance(defaults, list) else defaults
    return types.FunctionType(code, scope, code.co_name, defaults, cells)


def _written(value: Any, raw: bool = False) -> tuple[Any, str, Any]:
    """A function in plain data, what kind of data that is, and the function's module."""
    if isinstance(value, types.LambdaType):
        return dumped(value), "lambda", value.__module__
    if callable(value):
        return value.__name__, "function", value.__module__
    if raw:
        return value, "raw", None
    raise ValueError(f"Invalid input for serialization, type: {type(value)} ")


def _read(config: dict[str, Any], name: str, place: str, custom_objects: Any) -> Any:
    module = config.pop(place, None)
    scope: dict[str, Any] = dict(vars(importlib.import_module("builtins")))
    if module in sys.modules:
        scope.update(vars(sys.modules[module]))
    elif module is not None:
        warnings.warn(
            f"{module} is not loaded, but a Lambda layer uses it. It may cause errors.",
            UserWarning,
            stacklevel=3,
        )
    scope.update(custom_objects or {})
    kind = config.pop(f"{name}_type")
    if kind == "function":
        known = custom_objects or {}
        return deserialize_keras_object(config[name], {}, known, "function in Lambda layer")
    if kind == "lambda":
        return loaded(config[name], scope, custom_objects)
    if kind == "raw":
        return config[name]
    raise TypeError("Unknown function type:", kind)
