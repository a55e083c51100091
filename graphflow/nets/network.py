"""tf.contrib.eager.Network: a layer made of layers, whose variables are named after both."""

from __future__ import annotations

import inspect
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from graphflow.core.export import export
from graphflow.nets.keras_layer import snake_case
from graphflow.nets.layer import Layer
from graphflow.ops.variable_scope import VariableScope, _scopes, get_variable_scope, variable_scope
from graphflow.ops.variable_store import graph_object

_NAMELESS = (
    "The network does not yet have a final name, but a name was requested for it. Networks get a "
    "name when they are added to another Network via track_layer, or when they are first "
    "called/built."
)
_TAKEN = (
    "A Network named '{}' already exists (or a variable_scope was created with this name). Names "
    "must be unique."
)
_LATER = (
    "{} in Network class yet. Please file an issue at "
    "https://github.com/tensorflow/tensorflow/issues/new if this is important to you"
)


def _free_name(cls: type, counts: Counter[str], taken: Iterable[str], namespace: str = "") -> str:
    """The first of name, name_1, ... that nobody has, after the name of a class."""
    base, others = snake_case(cls.__name__), set(taken)
    while True:
        n = counts[f"{namespace}:{base}"]
        counts[f"{namespace}:{base}"] += 1
        name = f"{base}_{n}" if n else base
        if name not in others:
            return name


@export("contrib.eager.Network")
class Network(Layer):
    """A layer that is made of others. Subclasses give them to `track_layer`, and write `call`.

    The variables of a layer are named after the network, then after the layer.

    Args:
        name: the name; None: that of the class, made unique at the first call.

    Raises:
        ValueError: if the name has a slash, or is a variable scope.
    """

    def __init__(self, name: Any = None) -> None:
        if isinstance(name, VariableScope):
            raise ValueError("VariableScopes are not valid Network names.")
        if name is not None and "/" in name:
            raise ValueError("Forward slashes ('/') are not allowed in Network names.")
        super().__init__(name=name)
        self._layers: list[Any] = []
        self._owned: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()
        self._waiting: list[Any] = []
        """Layers that were added before they had a scope."""
        self._parent: Callable[[], Any] | None = None
        self._made_in = get_variable_scope()

    def _init_name(self, name: Any, zero_based: bool = False) -> None:
        self._name, self._base_name = name, None

    @property
    def name(self) -> str:
        """The name.

        Raises:
            ValueError: before there is one.
        """
        if self._name is None:
            raise ValueError(_NAMELESS)
        return self._name

    # --- its layers ---
    def track_layer(self, layer: Any) -> Any:
        """Adds a layer, and returns it.

        Args:
            layer: a layer, or another network.

        Raises:
            RuntimeError: before the constructor of Network was called.
            TypeError: if it is no layer.
            ValueError: if there is one of its name.
        """
        if not hasattr(self, "_layers"):
            raise RuntimeError("Need to call Network.__init__ before adding layers")
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Network.track_layer() passed type {type(layer)}, not a tf.layers.Layer"
            )
        layer._use_resource_variables = True
        parent = getattr(layer, "_parent", None)
        if isinstance(layer, Network):
            layer._settle_name(self)
        elif not layer.built:
            if parent is None or parent() is None:
                if layer._name != layer._base_name:
                    layer._name = _free_name(type(layer), self._counts, self._owned)
                    layer._base_name = layer._name
                layer._parent = weakref.ref(self)
            self._waiting.append(layer)
        parent = getattr(layer, "_parent", None)
        if not layer.built and parent is not None and parent() is self:
            if layer.name in self._owned:
                if self._owned[layer.name] is layer:
                    return layer
                raise ValueError(
                    f"Attempt to add two Layers with the name '{layer.name}' to the same Network."
                )
            self._owned[layer.name] = layer
        self._layers.append(layer)
        return layer

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Returns one of its layers, by name or by index.

        Raises:
            ValueError: if there is none, or neither or both are given.
        """
        if index is not None:
            if name is not None:
                raise ValueError("Exactly one of 'index' or 'name' must be provided")
            if len(self._layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has "
                    f"{len(self._layers)} layers."
                )
            return self._layers[index]
        if not name:
            raise ValueError("Provide either a layer name or layer index.")
        for layer in self._layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}")

    @property
    def layers(self) -> list[Any]:
        """Its layers, in the order in which they were added."""
        return self._layers

    # --- names and scopes ---
    def _settle_name(self, parent: Network | None) -> None:
        if self._name is None:
            if parent is not None:
                self._name = _free_name(type(self), parent._counts, parent._owned)
            else:
                outer = self._made_in.name
                inside = f"{outer}/" if outer else ""
                opened = [n.removeprefix(inside) for n in _scopes().counts if n.startswith(inside)]
                counts: Counter[str] = graph_object("__network_names", Counter)
                self._name = _free_name(type(self), counts, opened, outer)
            self._base_name = self._name
        if parent is not None and (self._parent is None or self._parent() is None):
            self._parent = weakref.ref(parent)

    def _set_scope(self, scope: Any) -> None:
        if self._scope is None:
            parent = None if self._parent is None else self._parent()
            if parent is None:
                self._settle_name(None)
            if scope is not None:
                raise ValueError("Networks may not be created with explicit scopes.")
            if parent is not None:
                parent._set_scope(None)
            around = self._made_in if parent is None else parent._scope
            with (
                variable_scope(around),
                variable_scope(None, use_resource=True, default_name=self._name) as opened,
            ):
                self._scope = opened
            prefix, _, last = opened.name.rpartition("/")
            if last != self._name:
                self._scope = None
                raise ValueError(_TAKEN.format(self._name))
            if parent is None and prefix:
                self._name = opened.name
        for layer in self._waiting:
            _scope_inside(layer)

    # --- its variables ---
    @property
    def weights(self) -> list[Any]:
        """The variables of its layers."""
        return [w for layer in self._layers for w in layer.weights]

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables of its layers that optimizers change."""
        return [w for layer in self._layers for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables of its layers."""
        return [w for layer in self._layers for w in layer.non_trainable_weights]

    @property
    def trainable(self) -> bool:
        """True."""
        return True

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not value:
            raise AttributeError("cannot mark Network as not trainable")

    def add_variable(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> NoReturn:
        """Raises RuntimeError: variables belong to layers."""
        raise RuntimeError(_LATER.format("add_variable not supported"))

    def add_loss(self, losses: Any, inputs: Any = None) -> NoReturn:
        """Raises RuntimeError: losses belong to layers."""
        raise RuntimeError(_LATER.format("add_loss is not supported"))

    @property
    def losses(self) -> list[Any]:
        """The losses of its layers."""
        return [loss for layer in self._layers for loss in layer.losses]


def _scope_inside(layer: Any) -> None:
    """Opens the variable scope of a layer inside that of the network that it was first added to."""
    if layer._scope is not None:
        return
    parent = layer._parent()
    if parent is None:
        raise ValueError(
            f"The parent of a Layer added to Network {layer.name} was garbage collected before the "
            "Layer was built. If this limitation bothers you please file a feature request."
        )
    if parent._scope is None:
        parent._set_scope(None)
    with (
        variable_scope(parent._scope),
        variable_scope(None, use_resource=True, default_name=layer.name) as opened,
    ):
        layer._scope = opened


@export("contrib.eager.Sequential")
class Sequential(Network):
    """A network that calls layers and functions one after the other.

    Args:
        layers_funcs: layers, and functions of a tensor.
        name: the name, as of a Network.
    """

    def __init__(self, layers_funcs: Sequence[Any] | None = None, name: Any = None) -> None:
        super().__init__(name=name)
        self._steps: list[tuple[bool, Any]] = []
        for step in layers_funcs or ():
            self.add(step)

    def add(self, layer_func: Any) -> None:
        """Adds a step.

        Args:
            layer_func: a layer, or a function of a tensor.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(layer_func, Layer):
            called = layer_func.call
            self.track_layer(layer_func)
        elif callable(layer_func):
            called = layer_func
        else:
            raise TypeError(
                "Sequential.add() takes only tf.layers.Layer objects or callables; not "
                f"'{layer_func}' of type '{type(layer_func)}'."
            )
        self._steps.append(("training" in inspect.signature(called).parameters, layer_func))

    def call(self, inputs: Any, training: Any = None) -> Any:
        """Calls each step with what the one before it returned.

        Args:
            inputs: what the first one gets.
            training: handed to those that take it, unless it is None.
        """
        for takes, step in self._steps:
            given = (training,) if takes and training is not None else ()
            inputs = step(inputs, *given)
        return inputs
