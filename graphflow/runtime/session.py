"""Session: runs parts of a graph and keeps the values of its variables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.device import DeviceSpec
from graphflow.core.errors import (
    DeadlineExceededError,
    InvalidArgumentError,
    KernelError,
    NotFoundError,
)
from graphflow.core.evaluate import kernel_keywords
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.late import provide
from graphflow.core.operation import Operation
from graphflow.core.pause import collector_paused
from graphflow.core.state import Store
from graphflow.core.tensor import Tensor
from graphflow.core.waiting import Run, running
from graphflow.formats import proto
from graphflow.plan.build import Captured, build, captured, passes
from graphflow.plan.capture import needed
from graphflow.plan.program import Instr, Program
from graphflow.platform.config import get_intra_op_parallelism_threads
from graphflow.runtime.compiled import machine
from graphflow.runtime.failures import StepError, translated
from graphflow.runtime.fetches import EMPTY_GRAPH, Fetched, array_of, feed_key, feeds, own
from graphflow.runtime.numpy.executor import NumpyPlan
from graphflow.runtime.partial import PartialRun
from graphflow.runtime.quick import learn, quick_runs
from graphflow.runtime.run_options import partition_graph, run_options
from graphflow.runtime.server import TaskStore, server_at
from graphflow.runtime.trace import traced

_MAX_PLANS: Final = 256
_MAX_IDLE_BYTES: Final = 1 << 28
_MAX_SHAPES: Final = 16
"""So many sizes of the same feeds get plans of their own; then one for unknown sizes serves."""


class BaseSession:
    """What `Session` and `InteractiveSession` share."""

    def __init__(self, target: Any = "", graph: Graph | None = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError(f"graph must be a tf.Graph, but got {type(graph)}")
        if isinstance(target, str):
            target = target.encode()
        target = b"" if target is None else target
        if not isinstance(target, bytes):
            raise TypeError(f"target must be a string, but got {type(target)}")
        if config is not None and not hasattr(config, "allow_soft_placement"):
            raise TypeError(f"config must be a tf.ConfigProto, but got {type(config)}")
        self._target = target
        self._server = server_at(target.decode()) if target else None
        if target and self._server is None:
            raise NotFoundError(
                None,
                None,
                "No session factory registered for the given session options: "
                f'{{target: "{target.decode()}"}}: graphflow runs in this process only',
            )
        self._graph: Graph = scopes.get_default_graph() if graph is None else graph
        self._config = config
        self._tasks: dict[Store, TaskStore] = {}
        self._store = Store() if self._server is None else self._task_store("")
        self._store.functions = self._graph._functions
        self._closed = False
        self._waiting: set[Run] = set()
        self._partial: dict[str, PartialRun] = {}
        self._partial_count = 0
        asked = 0 if config is None else config.intra_op_parallelism_threads
        self._threads = max(0, asked or get_intra_op_parallelism_threads())
        self._timeout_ms = 0 if config is None else config.operation_timeout_in_ms
        self._lock = threading.RLock()
        self._fetched: dict[Any, Fetched] = {}
        self._plans: dict[Any, NumpyPlan] = {}
        self._captured: dict[Any, Captured] = {}
        self._shapes: dict[Any, int] = {}
        self._edits = self._graph._edits
        self._quick = quick_runs(self._graph)
        self._learnt: set[Any] = set()

    # --- what it is ---
    @property
    def graph(self) -> Graph:
        """The graph that the session runs."""
        return self._graph

    @property
    def graph_def(self) -> Any:
        """The graph as a GraphDef message."""
        return self._graph.as_graph_def()

    @property
    def sess_str(self) -> bytes:
        """The target: empty, or that of a server in this process."""
        return self._target

    def list_devices(self) -> list[DeviceAttributes]:
        """The devices that the session can use: one CPU for each task."""
        own = ["/job:localhost/replica:0/task:0/device:CPU:0"]
        names = own if self._server is None else self._server.devices()
        return [DeviceAttributes(name, "CPU") for name in names]

    def as_default(self) -> Any:
        """A context in which this is the default session; it stays open afterwards."""
        return scopes.sessions.entered(self)

    def close(self) -> None:
        """Forgets all values; later runs raise RuntimeError, and those that wait CancelledError."""
        self._closed = True
        self._forget_runs()
        for run in list(self._waiting):
            run.cancel()
        self._plans.clear()
        self._captured.clear()
        self._fetched.clear()
        self._partial.clear()
        self._store = Store()

    # --- running ---
    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """Runs what the fetches need and returns their values.

        Args:
            fetches: a tensor, operation, variable, a name of one, or lists, tuples, named tuples
                and dicts of these, nested at will.
            feed_dict: values by tensor: they take the place of what the graph would compute.
            options: a RunOptions message: `timeout_in_ms` limits how long the run waits for other
                threads or loops, `trace_level` asks for a trace, `output_partition_graphs` for the
                part of the graph that the run executes.
            run_metadata: a RunMetadata message: gets what is asked for; what it held goes.

        Returns:
            The values in the structure of `fetches`: arrays, NumPy scalars for 0-d tensors, bytes
            for strings, None for operations. Arrays are the caller's own.

        Raises:
            RuntimeError: if the session is closed, or its graph empty.
            TypeError: if a fetch, or a key or value of `feed_dict`, has the wrong type.
            AttributeError: if `options` or `run_metadata` is no message.
            ValueError: if a fetch is not in the graph, or a fed value has the wrong shape.
            tf.errors.OpError: if an operation fails; it names the node and the line that made it.

        Note:
            A read of a variable that no edge orders against an update sees the value from before
            the update; TensorFlow leaves the order open.
        """
        if options is None and run_metadata is None:
            found = self._quick.run(fetches, feed_dict)
            if found is not NotImplemented:
                return found
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        graph = self._graph
        if not graph._operations:
            raise RuntimeError(EMPTY_GRAPH)
        key = _fetch_key(fetches)
        fetched = self._fetched.get(key) if key is not None else None
        if fetched is None:
            fetched = Fetched(graph, fetches)
            if key is not None:
                self._fetched[key] = fetched
        given = [] if feed_dict is None else feeds(graph, feed_dict)
        tensors, arrays = [t for t, _ in given], [a for _, a in given]
        plan = self._plan(fetched, tensors, [a.shape for a in arrays])
        values = self._execute(plan, fetched, tensors, arrays, options, run_metadata)
        if key is not None and self._timeout_ms <= 0 and (key, plan) not in self._learnt:
            self._learnt.add((key, plan))
            learn(self._quick, fetches, fetched, given, plan, self._graph)
        return fetched.rebuild(values)

    def _forget_runs(self) -> None:
        self._quick.clear()
        self._learnt.clear()

    def _execute(
        self,
        plan: NumpyPlan,
        fetched: Fetched,
        tensors: Sequence[Tensor],
        arrays: Sequence[Any],
        options: Any = None,
        metadata: Any = None,
    ) -> list[Any]:
        try:
            plain = options is None and metadata is None and self._timeout_ms <= 0
            if plain and not plan.waits:
                found = plan.run(arrays)
            else:
                found = self._run_with(plan, arrays, options, metadata, (fetched, tensors))
        except StepError as e:
            raise translated(e, self._graph) from e.cause
        values = [own(v) for v in found]
        return self._special(fetched, values) if fetched.special else values

    def _special(self, fetched: Fetched, values: list[Any]) -> list[Any]:
        for place, tensor in fetched.special:
            values[place] = tensor.op.definition.fetched(values[place], tensor, self)  # type: ignore[misc]  # it has one
        return values

    def _run_with(
        self, plan: NumpyPlan, arrays: Sequence[Any], options: Any, metadata: Any, wanted: Any
    ) -> list[Any]:
        """Runs a plan that may have to wait for other threads, or for which there are options.

        `wanted`, what is fetched and what is fed, tells which part of the graph the run executes.
        """
        options = run_options(options, self._config)
        if not metadata:
            return self._run_waiting(plan, arrays, options, None)
        told = proto.RunMetadata()
        found = self._run_waiting(plan, arrays, options, told)
        if options is not None and options.output_partition_graphs:
            fetched, fed = wanted
            told.partition_graphs.add().CopyFrom(
                partition_graph(fetched.tensors, fetched.targets, fed)
            )
        metadata.ParseFromString(told.SerializeToString())
        return found

    def _run_waiting(
        self, plan: NumpyPlan, arrays: Sequence[Any], options: Any, told: Any
    ) -> list[Any]:
        """Runs a plan, for no longer than the options allow; notes its times in `told`."""
        trace = told is not None and options is not None and options.trace_level > 0
        limit = (options.timeout_in_ms if options is not None else 0) or self._timeout_ms
        if not plan.waits and limit <= 0:
            return traced(plan, arrays, told) if trace else plan.run(arrays)
        with running(Run(limit / 1000 if limit > 0 else None)) as run:
            self._waiting.add(run)
            try:
                if self._closed:
                    run.cancel()
                return traced(plan, arrays, told) if trace else plan.run(arrays)
            except StepError:
                if run.timed_out:
                    message = "Timed out waiting for notification"
                    raise DeadlineExceededError(None, None, message) from None
                raise
            finally:
                self._waiting.discard(run)

    def _plan(
        self, fetched: Fetched, tensors: Sequence[Tensor], shapes: Sequence[Any]
    ) -> NumpyPlan:
        self._forget_before_edits()
        wanted = (fetched.key, tuple(tensors))
        plan = self._plans.get((wanted, tuple(shapes)))
        if plan is None:
            plan = self._make_plan(fetched, wanted, tensors, shapes)
        return plan

    def _forget_before_edits(self) -> None:
        """Lets go what was made of the graph before its operations were changed."""
        if self._edits != self._graph._edits:
            with self._lock:
                self._plans.clear()
                self._captured.clear()
                self._forget_runs()
                self._edits = self._graph._edits

    def _make_plan(
        self, fetched: Fetched, wanted: Any, tensors: Sequence[Tensor], shapes: Sequence[Any]
    ) -> NumpyPlan:
        with self._lock:
            seen = self._shapes.get(wanted, 0)
            self._shapes[wanted] = seen + 1
            dims: list[Any] = list(shapes)
            key: Any = (wanted, tuple(shapes))
            if seen >= _MAX_SHAPES:
                dims = [t.dims for t in tensors]
                key = (wanted, None)
                if (plan := self._plans.get(key)) is not None:
                    return plan
            with collector_paused():
                plan = self._built(fetched, tensors, dims)
                plan.give(plan.take())
            while len(self._plans) >= _MAX_PLANS:
                self._plans.pop(next(iter(self._plans)))
                self._forget_runs()
            self._plans[key] = plan
            self._free_arenas(plan)
            return plan

    def _free_arenas(self, newest: NumpyPlan) -> None:
        """Keeps the idle buffers of all plans together below a bound, the oldest going first."""
        total = sum(p.idle_bytes for p in self._plans.values())
        for p in list(self._plans.values()):
            if total <= _MAX_IDLE_BYTES:
                break
            if p is not newest:
                total -= p.idle_bytes
                p.free_arenas()

    def _built(self, fetched: Fetched, tensors: Sequence[Tensor], dims: Sequence[Any]) -> NumpyPlan:
        self._check_devices(fetched, tensors)
        built = build(self._capture(fetched, tensors), dims, self._bind, machine=machine())
        names = [t.name for t in fetched.tensors] + [op.name for op in fetched.targets]
        label = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        return NumpyPlan(built, f"{label} #{len(self._plans)}", self._store, self._threads)

    def _capture(self, fetched: Fetched, tensors: Sequence[Tensor]) -> Captured:
        """What all plans of these fetches and feeds start from, whatever the sizes."""
        key = (fetched.key, tuple(tensors))
        found = self._captured.get(key)
        if found is None:
            while len(self._captured) >= _MAX_PLANS:
                self._captured.pop(next(iter(self._captured)))
            found = captured(fetched.tensors, fetched.targets, tensors)
            self._captured[key] = found
        return found

    def _bind(self, instr: Instr) -> Any:
        kernel = instr.definition.kernel
        if kernel is None:
            raise AssertionError(f"{instr.definition.name} has no kernel")
        wanted = kernel_keywords(kernel)
        options = {k: instr.attrs[k] for k in wanted if k in instr.attrs}
        op = None if self._server is None else self._graph._by_name.get(instr.name)
        options["store"] = self._store if op is None else self._task_store(op.device)
        if "name" in wanted:
            options["name"] = instr.name
        try:
            return kernel(**options)
        except KernelError as e:
            raise translated(StepError(instr, e, None), self._graph) from e

    def _task_store(self, device: str) -> Store:
        """Where operations on a device keep things: with the task that it names."""
        shared = self._server.store_for(device)  # type: ignore[union-attr]  # the caller knows
        found = self._tasks.get(shared)
        if found is None:
            found = self._tasks.setdefault(shared, TaskStore(shared))
            found.functions = self._graph._functions
        return found

    def _check_devices(self, fetched: Fetched, tensors: Sequence[Tensor]) -> None:
        if not self._graph.uses_devices or _soft_placement(self._config):
            return
        ops = needed(fetched.tensors, fetched.targets, set(tensors))
        kinds = {DeviceSpec.from_string(name).device_type for name in {op.device for op in ops}}
        if kinds <= {None, "CPU"}:
            return
        # Constants last: what the user thinks of is the operation on them.
        for op in sorted(ops, key=lambda op: not op.inputs):
            kind = DeviceSpec.from_string(op.device).device_type
            if kind is not None and kind != "CPU":
                raise InvalidArgumentError(
                    None,
                    op,
                    f"Cannot assign a device for operation {op.name}: node {op.name} was "
                    f"explicitly assigned to {op.device} but available devices are "
                    "[ /job:localhost/replica:0/task:0/device:CPU:0 ]. Make sure the device "
                    "specification refers to a valid device, or allow another one: "
                    "tf.ConfigProto(allow_soft_placement=True).\n"
                    f"\t [[{op.name}]]",
                )

    # --- running little by little ---
    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Begins a run whose feeds come little by little; returns a handle of it.

        Args:
            fetches: all that the calls of `partial_run` will fetch.
            feeds: a list of all tensors that they will feed, or one tensor.

        Raises:
            TypeError: if a feed is no tensor.
            RuntimeError: if the session is closed.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        fetched = Fetched(self._graph, fetches)
        given = () if feeds is None else feeds if isinstance(feeds, list | tuple) else (feeds,)
        keys = [feed_key(self._graph, feed) for feed in given]
        if not (fetched.tensors or fetched.targets):
            message = "Must specify at least one target to fetch or execute."
            raise InvalidArgumentError(None, None, message)
        plan = self._built(fetched, keys, [t.dims for t in keys])
        with self._lock:
            self._partial_count += 1
            handle = f"{','.join(t.name for t in fetched.tensors)};{self._partial_count}"
            self._partial[handle] = PartialRun(plan, fetched.tensors, keys)
        return handle

    def partial_run(self, handle: str, fetches: Any, feed_dict: Any = None) -> Any:
        """Goes on with a run: feeds some of its tensors and returns others.

        Args:
            handle: what `partial_run_setup` returned.
            fetches: as in `run`: of what the setup named, each tensor once.
            feed_dict: as in `run`: of what the setup named, each tensor once.

        Raises:
            InvalidArgumentError: if a tensor was not named, was fed or fetched before, or cannot
                be computed from what was fed so far.
            RuntimeError: if an operation is fetched, or the session is closed.
        """
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        fetched = Fetched(self._graph, fetches)
        given = feeds(self._graph, feed_dict or {})
        if fetched.targets:
            raise RuntimeError("partial_run() requires empty target_list.")
        partial = self._partial.get(handle)
        if partial is None:
            message = "Must run 'setup' before performing partial runs!"
            raise InvalidArgumentError(None, None, message)
        try:
            values = [own(v) for v in partial.run(fetched.tensors, given)]
        except StepError as e:
            self._partial.pop(handle, None)
            raise translated(e, self._graph) from e.cause
        if partial.over:
            self._partial.pop(handle, None)
        return fetched.rebuild(self._special(fetched, values))

    # --- looking inside ---
    def plan(self, fetches: Any, feed_dict: Any = None) -> NumpyPlan:
        """Returns the plan of a run without running it; `.source` is readable Python.

        `.steps` are its calls, `.values` what they compute and in which buffers, `.stepwise()` is
        the same plan without compiled code and groups.

        Args:
            fetches: as in `run`.
            feed_dict: as in `run`.
        """
        given = feeds(self._graph, feed_dict or {})
        fetched = Fetched(self._graph, fetches)
        return self._plan(fetched, [t for t, _ in given], [a.shape for _, a in given])

    def passes(self, fetches: Any, feed_dict: Any = None) -> list[tuple[str, Program]]:
        """Returns (name of the pass, Program after it) for each pass of a run's plan."""
        given = feeds(self._graph, feed_dict or {})
        fetched = Fetched(self._graph, fetches)
        dims = [a.shape for _, a in given]
        tensors = [t for t, _ in given]
        self._forget_before_edits()
        return list(passes(self._capture(fetched, tensors), dims, self._bind))

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """Returns a function that runs the same fetches again and again.

        Args:
            fetches: as in `run`.
            feed_list: the tensors that its positional arguments feed.
            accept_options: whether it is to take `options` and `run_metadata` as well; it does so
                in any case, as TensorFlow's does where there is a `feed_list`.
        """
        if feed_list is not None and not isinstance(feed_list, list | tuple):
            raise TypeError("`feed_list` must be a list or tuple.")
        keys = [self._graph.as_graph_element(t, allow_operation=False) for t in feed_list or ()]
        fetched = Fetched(self._graph, fetches)

        def call(*args: Any, options: Any = None, run_metadata: Any = None) -> Any:
            if len(args) != len(keys):
                raise TypeError(f"Expected {len(keys)} values to feed, got {len(args)}")
            if self._closed:
                raise RuntimeError("Attempted to use a closed Session.")
            arrays = [array_of(t, v) for t, v in zip(keys, args, strict=True)]
            plan = self._plan(fetched, keys, [a.shape for a in arrays])
            values = self._execute(plan, fetched, keys, arrays, options, run_metadata)
            return fetched.rebuild(values)

        return call


class DeviceAttributes:
    """One device as `Session.list_devices` shows it."""

    __slots__ = ("device_type", "name")

    def __init__(self, name: str, device_type: str) -> None:
        self.name = name
        self.device_type = device_type

    @property
    def memory_limit_bytes(self) -> int:
        """TensorFlow's figure for the CPU."""
        return 256 << 20

    @property
    def incarnation(self) -> int:
        """A number that changes with the device's restarts."""
        return 1

    def __repr__(self) -> str:
        return f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes}, 1)"


def _fetch_key(fetches: Any) -> Any:
    """A dictionary key for the common forms of fetches; None for the others."""
    cls = fetches.__class__
    if _is_element(fetches):
        return fetches
    if (cls is list or cls is tuple) and all(_is_element(f) for f in fetches):
        return (cls, *fetches)
    return None


def _is_element(fetch: Any) -> bool:
    cls = fetch.__class__
    return cls is Tensor or cls is Operation or hasattr(cls, "_as_graph_element")


_soft_by_default: list[bool] = [False]


def place_softly() -> None:
    """Lets every session run operations of unknown devices on the CPU (`graphflow run`)."""
    _soft_by_default[0] = True


def _soft_placement(config: Any) -> bool:
    return _soft_by_default[0] or bool(config is not None and config.allow_soft_placement)


@export("Session")
class Session(BaseSession):
    """Runs parts of a graph and keeps the values of its variables.

    Args:
        target: empty, or the target of a tf.train.Server in this process.
        graph: the graph to run; None: the default graph.
        config: a ConfigProto.

    As a context (`with tf.Session() as sess:`) it is the default session, its graph the default
    graph, and it closes at the end.
    """

    def __init__(self, target: Any = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._contexts: list[Any] = []

    def __enter__(self) -> Session:
        if self._contexts:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` if you "
                "want to enter a session multiple times."
            )
        self._contexts = [self._graph.as_default(), self.as_default()]
        for context in self._contexts:
            context.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        contexts, self._contexts = self._contexts, []
        try:
            for context in reversed(contexts):
                context.__exit__(*exc)
        finally:
            self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """Forgets what a server keeps; without one, values belong to sessions and go with them.

        Args:
            target: the server's target.
            containers: the containers to clear; None: all.
            config: ignored.
        """
        server = server_at(target) if target else None
        if server is not None:
            server.store.clear(tuple(containers or ()))


@export("InteractiveSession")
class InteractiveSession(BaseSession):
    """A session that is the default one, with its graph, from its making until `close`.

    Args:
        target: as in `Session`.
        graph: as in `Session`.
        config: as in `Session`.
    """

    def __init__(self, target: Any = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._explicit_graph = graph
        scopes.sessions.items.append(self)
        if graph is not None:
            scopes.graphs.items.append(graph)

    def close(self) -> None:
        """Stops being the default session and forgets all values."""
        if self._closed:
            return
        super().close()
        if self in scopes.sessions.items:
            scopes.sessions.items.remove(self)
        if self._explicit_graph is not None and self._explicit_graph in scopes.graphs.items:
            scopes.graphs.items.remove(self._explicit_graph)


def _session_for(graph: Any, session: Any, what: str, call: str) -> Any:
    if session is not None:
        if session.graph is not graph:
            raise ValueError(
                f"Cannot use the given session to {what}: the tensor's graph is different from "
                "the session's graph."
            )
        return session
    found = scopes.get_default_session()
    colon = ":" if what.startswith("execute") else ""
    if found is None:
        raise ValueError(
            f"Cannot {what} using `{call}()`: No default session is registered. Use `with "
            f"sess.as_default(){colon}` or pass an explicit session to `{call}(session=sess)`"
        )
    if found.graph is not graph:
        raise ValueError(
            f"Cannot use the default session to {what}: the "
            f"{'operation' if colon else 'tensor'}'s graph is different from the session's "
            f"graph. Pass an explicit session to `{call}(session=sess)`."
        )
    return found


@provide("eval")
def _eval(tensor: Any, feed_dict: Any = None, session: Any = None) -> Any:
    found = _session_for(tensor.graph, session, "evaluate tensor", "eval")
    return found.run(tensor, feed_dict)


@provide("run_operation")
def _run_operation(op: Operation, feed_dict: Any, session: Any) -> None:
    found = _session_for(op.graph, session, "execute operation", "run")
    found.run(op, feed_dict)
