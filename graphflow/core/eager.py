"""Operations that run as they are called: the graph that is the default one in eager execution.

It keeps nothing: an operation runs through its kernel, and what it made is returned in tensors
that have their values. Tapes (`recording`) are told of operations on what they watch; everything
else is gone as soon as the caller lets go of it. What was found out about a kind of call (its
attributes, its kernel, the shapes that were checked) stays for the next one of its kind.
"""

from __future__ import annotations

import contextlib
import random
from collections import ChainMap, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import late, scopes
from graphflow.core.collections import Collections, GraphKeys
from graphflow.core.declare import _Call, output_dtypes
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.eager_tensor import EagerOperation, EagerTensor
from graphflow.core.errors import InvalidArgumentError, KernelError, ShapeError
from graphflow.core.evaluate import grouped, kernel_keywords
from graphflow.core.graph import Graph
from graphflow.core.opdef import OpDef
from graphflow.core.site import user_site
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor

_MOST_PLANS: Final = 8192
_MOST_SHAPES: Final = 512
_SMALL: Final = 64
"""Elements of an input whose value a shape rule may ask for again and again."""
_MAX_SEED: Final = 2**31 - 1

recording: Final = scopes._Stack()
"""The tapes that are on in this thread; each has `watches(tensors)` and `note(operation)`."""


class _Noted(EagerTensor):
    """A tensor that notes when a rule looks at its value."""

    __slots__ = ("asked",)

    def __init__(self, value: Any, dtype: DType) -> None:
        super().__init__(value, dtype)
        self.asked = False

    def _known(self) -> np.ndarray[Any, Any] | None:
        self.asked = True
        return super()._known()


class _Plan:
    """What is known of one kind of call: an operation type with its attributes."""

    __slots__ = (
        "attrs", "blas", "checked", "definition", "dtypes", "grouped", "looks_at", "many", "marks",
        "options", "plain", "rule", "state", "takes_xp",
    )  # fmt: skip

    def __init__(
        self, definition: OpDef, attrs: Mapping[str, Any], dtypes: Sequence[DType]
    ) -> None:
        self.definition = definition
        self.attrs = attrs
        self.dtypes = tuple([d._base for d in dtypes])
        self.takes_xp = definition.body is not None
        self.rule: Any = definition.body or definition.kernel
        self.grouped = any(port.is_list for port in definition.inputs)
        self.many = len(self.dtypes) > 1 or any(port.is_list for port in definition.outputs)
        self.plain = len(self.dtypes) == 1 and not self.many and self.dtypes[0].kind != "R"
        self.blas = definition.blas
        self.marks = definition.name == "ReadVariableOp"
        self.checked: set[Any] = set()
        self.looks_at: tuple[int, ...] = ()
        """The inputs whose values the shape rule asks for."""
        self.state: dict[str, Any] | None = None
        self.options: dict[str, Any] = {}


class EagerGraph(Graph):
    """The default graph in eager execution: operations run as they are declared."""

    executes = True

    def __init__(self) -> None:
        super().__init__()
        self._plans: dict[Any, _Plan] = {}
        self._stateful: OrderedDict[Any, _Plan] = OrderedDict()
        """Plans whose kernels remember something, such as random operations."""
        self._store = Store()
        self._own_functions: dict[str, Any] = {}
        """Functions that stand for single operations; programs do not see them."""
        self._store.functions = ChainMap(self._own_functions, self._functions)
        self._given_seed: int | None = None
        self._random = random.Random()
        self._made = 0

    # --- names: nobody looks them up ---
    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Returns the name inside the current name scope; names need not be unique.

        Args:
            name: the name that is asked for.
            mark_as_used: has no effect.
        """
        stack = self._open_names.stack
        return f"{stack}/{name}" if stack else name

    def enter_name(self, name: str) -> str:
        """Returns the scope (without slash) that `name` opens."""
        if name[-1:] == "/":
            return name[:-1]
        stack = self._open_names.stack
        return f"{stack}/{name}" if stack else name

    # --- scopes that say nothing ---
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Any:
        """A context that changes nothing: what was called has run."""
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """A context that changes nothing."""
        yield

    @contextlib.contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """A context that checks a device: operations run on the CPU.

        Raises:
            ValueError: if it is a function.
        """
        if callable(device_name_or_function):
            raise ValueError(
                "tf.device does not support functions when eager execution is enabled."
            )
        yield

    def _apply_scopes(self, op: Any) -> None:
        return None

    def withdraw(self, since: int, keep: Iterable[Tensor]) -> None:
        """Does nothing: what nobody holds is gone."""

    def add_to_collection(self, name: str, value: Any) -> None:
        """Appends a value to a collection of the user's own; others would keep all alive."""
        if name not in _KEPT_BY_GRAPHS:
            super().add_to_collection(name, value)

    def forget(self) -> None:
        """Forgets collections and what is kept under names."""
        self._collections = Collections()

    # --- random numbers ---
    @property
    def seed(self) -> int | None:
        """The seed that operations get numbers from which have none of their own."""
        return self._given_seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._given_seed = seed
        self._random = random.Random(seed)
        self._stateful.clear()

    @property
    def _last_id(self) -> int:
        """The seed of the next operation that has none of its own."""
        return self._random.randint(0, _MAX_SEED)

    # --- running ---
    def add(
        self,
        definition: OpDef,
        inputs: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
        dtypes: Iterable[DType],
    ) -> Any:
        """Runs an operation whose types and attributes are settled."""
        plan = self._plan(definition, attrs, list(dtypes))
        return self._run(plan, inputs, name)

    def execute(
        self, definition: OpDef, inputs: Sequence[Any], name: str | None, attrs: dict[str, Any]
    ) -> EagerOperation:
        """Runs an operation, and returns it with its outputs.

        Args:
            definition: the operation type.
            inputs: a value for each input port.
            name: as the caller names it.
            attrs: attributes.

        Raises:
            OpError: as the operation's kernel finds mistakes.
        """
        key: Any
        flat: Any
        key, flat = _key_of(definition, inputs, attrs)
        if key is not None:
            try:
                plan = self._plans.get(key)
            except TypeError:  # an attribute that is no key
                plan = key = None
            if plan is not None:
                return self._run(plan, flat, name)
        scope = definition.name if name is None else name
        try:
            call = _Call(definition, scope)
            call.take_inputs(inputs)
            settled = call.settle(attrs)
        except (TypeError, AttributeError) as e:
            raise _types_differ(definition, inputs, name) or e from None
        flat = call.flat
        for t in flat:
            if t.__class__ is not EagerTensor:
                raise TypeError(_GRAPH_TENSOR.format(t.name))
        plan = self._plan(definition, settled, output_dtypes(definition, settled))
        if key is not None and plan.state is None:
            if len(self._plans) > _MOST_PLANS:
                self._plans.clear()
            self._plans[key] = plan
        return self._run(plan, flat, name)

    def _plan(self, definition: OpDef, attrs: Mapping[str, Any], dtypes: Sequence[DType]) -> _Plan:
        key: Any = (definition, *[_frozen(v) for v in attrs.values()], *[d._enum for d in dtypes])
        try:
            found = self._plans.get(key)
        except TypeError:
            key, found = None, None
        if found is None and key is not None and key in self._stateful:
            found = self._stateful[key]
            self._stateful.move_to_end(key)
        if found is not None:
            return found
        plan = _Plan(definition, attrs, dtypes)
        self._bind(plan)
        if key is not None:
            kept = self._plans if plan.state is None else self._stateful
            if len(kept) > _MOST_PLANS:
                kept.pop(next(iter(kept)))
            kept[key] = plan
        return plan

    def _bind(self, plan: _Plan) -> None:
        """Finds the kernel of a plan, and what it is called with."""
        if plan.rule is None:
            return
        wanted = kernel_keywords(plan.rule)
        given: dict[str, Any] = {"out": None, "store": self._store, "name": "", **plan.attrs}
        if "memory" in wanted:
            plan.state = given["memory"] = {}
        plan.options = {k: given[k] for k in wanted}

    def _run(self, plan: _Plan, flat: Sequence[Any], name: str | None) -> EagerOperation:
        """Runs one operation on tensors with values; tells the tapes that watch one of them."""
        values = [t._value for t in flat]
        known: Any = tuple([t.dims for t in flat])
        if plan.looks_at:
            known = (known, *[_bytes_of(values[i]) for i in plan.looks_at if i < len(values)])
        if known not in plan.checked:
            self._check(plan, flat, known, name)
        outputs = self._call(plan, values, flat, name)
        op = EagerOperation(self, plan.definition, name or "", tuple(flat), plan.attrs, None)
        op.outputs = outputs
        if recording.items:
            for tape in recording.items:
                if tape.watches(flat):
                    tape.note(op)
        return op

    def _call(
        self, plan: _Plan, values: list[Any], flat: Sequence[Any], name: str | None
    ) -> list[Any]:
        rule = plan.rule
        if rule is None:
            made = late.call("eager_call", self, plan.definition, plan.attrs, plan.dtypes, flat)
            return [_tensor(x, d) for x, d in zip(made, plan.dtypes, strict=True)]
        args = grouped(plan.definition, plan.attrs, values) if plan.grouped else values
        options = plan.options
        if "store" in options:
            options = self._own_options(plan)
        try:
            with np.errstate(all="ignore"):
                if plan.blas:
                    with late.call("one_blas_thread"):
                        made = rule(*args, **options)
                elif plan.takes_xp:
                    made = rule(np, *args, **options)
                else:
                    made = rule(*args, **options)
        except KernelError as e:
            raise failure(plan.definition, str(e), name, e.error) from e
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as e:
            raise failure(plan.definition, f"{plan.definition.name}: {e}", name) from e
        if plan.marks:
            values[0].shared = True
        if plan.plain:
            return [EagerTensor(np.asarray(made), plan.dtypes[0])]
        if not plan.dtypes:
            return []
        found = list(made) if plan.many and isinstance(made, tuple | list) else [made]
        return [
            EagerTensor(x if d.kind == "R" else np.asarray(x), d)
            for x, d in zip(found, plan.dtypes, strict=True)
        ]

    def _own_options(self, plan: _Plan) -> dict[str, Any]:
        """The options of a kernel that uses the store: what has no name is nobody else's."""
        if plan.attrs.get("shared_name") or "shared_name" not in plan.attrs:
            return plan.options
        self._made += 1
        own = Store()
        own.functions = self._store.functions
        given = {"store": own}
        if "name" in plan.options:
            given["name"] = f"{plan.definition.name}_{self._made}"  # type: ignore[assignment]  # options
        return {**plan.options, **given}

    def _check(self, plan: _Plan, flat: Sequence[Any], known: Any, name: str | None) -> None:
        """Asks the shape rule whether the inputs fit."""
        rule = plan.definition.shape_rule
        if rule is not None:
            inputs = tuple([_Noted(t._value, t._dtype) for t in flat])
            op = EagerOperation(self, plan.definition, name or "", inputs, plan.attrs, None)
            op.outputs = [EagerTensor(None, d) for d in plan.dtypes]
            try:
                rule(op)
            except ShapeError as e:
                raise failure(plan.definition, e.run, name, e.error) from None
            looked = tuple([i for i, t in enumerate(inputs) if t.asked])
            if not set(looked) <= set(plan.looks_at):
                plan.looks_at = tuple(sorted({*plan.looks_at, *looked}))
                plan.checked.clear()
                return
        if len(plan.checked) >= _MOST_SHAPES:
            plan.checked.clear()
        plan.checked.add(known)


_KEPT_BY_GRAPHS: Final = {
    value for key, value in vars(GraphKeys).items() if isinstance(value, str) and key[:2] != "__"
} - {GraphKeys.GLOBAL_STEP} | {"iterators"}
"""The collections of TensorFlow's own: eager execution leaves them empty."""

_GRAPH_TENSOR: Final = """An op outside of the function building code is being passed
a "Graph" tensor. It is possible to have Graph tensors
leak out of the function building context by including a
tf.init_scope in your function building code.
For example, the following function will fail:
  @tf.function
  def has_init_scope():
    my_constant = tf.constant(1.)
    with tf.init_scope():
      added = my_constant * 2
The graph tensor has name: {}"""


def _tensor(value: Any, dtype: DType) -> EagerTensor:
    """A result of a function; the gradient of a variable's handle is that of its value."""
    if dtype.kind != "R":
        return EagerTensor(np.asarray(value), dtype)
    if value.__class__ is np.ndarray:
        dtype = as_dtype(value.dtype)
    return EagerTensor(value, dtype)


def _bytes_of(value: Any) -> Any:
    """A small input as a key; a large one is never the same."""
    if value.__class__ is np.ndarray and value.size <= _SMALL and value.dtype != object:
        return value.tobytes()
    return object()


def _frozen(value: Any) -> Any:
    return tuple(value) if value.__class__ is list else value


def _key_of(definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, Any]:
    """A key for calls of one kind, and the inputs in a row; None if some must be converted."""
    key: list[Any] = [definition]
    flat: list[Any] = []
    for x in inputs:
        if x.__class__ is EagerTensor:
            key.append(x._dtype._enum)
            flat.append(x)
        elif x.__class__ is list or x.__class__ is tuple:
            for y in x:
                if y.__class__ is not EagerTensor:
                    return None, None
                key.append(y._dtype._enum)
                flat.append(y)
            key.append(-len(x))
        else:
            return None, None
    for name, value in attrs.items():
        key += (name, tuple(value) if value.__class__ is list else value)
    return tuple(key), flat


_SHORT: Final = {"float32": "float", "float64": "double", "float16": "half"}


def _types_differ(definition: OpDef, inputs: Sequence[Any], name: str | None) -> Exception | None:
    """TensorFlow's error where two inputs of one type attribute have two types."""
    first: dict[str, DType] = {}
    for i, (port, value) in enumerate(zip(definition.inputs, inputs, strict=False)):
        if port.is_list or port.var is None:
            continue
        if value.__class__ is not EagerTensor:
            try:
                value = late.provided("tensor_from_array")(value)
            except (TypeError, ValueError):
                return None
        wanted = first.setdefault(port.var, value.dtype)
        if wanted is not value.dtype:
            types = [_SHORT.get(d.name, d.name) for d in (wanted, value.dtype)]
            return failure(
                definition,
                f"cannot compute {definition.name} as input #{i}(zero-based) was expected to be a "
                f"{types[0]} tensor but is a {types[1]} tensor",
                name,
            )
    return None


def failure(
    definition: OpDef, problem: str, name: str | None, error: Any = InvalidArgumentError
) -> Exception:
    """An error of an operation, worded as in eager execution.

    Args:
        definition: the operation type.
        problem: what is wrong.
        name: as the caller named the operation.
        error: the class.
    """
    named = f" name: {name}" if name else ""
    site = user_site(2)
    found: Exception = error(None, None, f"{problem} [Op:{definition.name}]{named}")
    if site is not None:
        found.add_note(f"called at {site}")
    return found


@contextlib.contextmanager
def without_tapes() -> Iterator[None]:
    """A context in which no tape takes note of anything."""
    held, recording.items = recording.items, []
    try:
        yield
    finally:
        recording.items = held


class _Process:
    """The one graph of eager execution in this process, made on first use."""

    graph: EagerGraph | None = None


def eager_graph() -> EagerGraph:
    """Returns the graph whose operations run as they are called."""
    if _Process.graph is None:
        _Process.graph = EagerGraph()
    return _Process.graph


def eager_mode() -> contextlib.AbstractContextManager[Any]:
    """A context in which operations run as they are called."""
    return scopes.graphs.entered(eager_graph())


def called_eagerly(function: Callable[..., Any]) -> Any:
    """Calls a function in eager execution."""
    with eager_mode():
        return function()
