"""TestCase: a test with a graph of its own, sessions, and TensorFlow's assertions."""

from __future__ import annotations

import contextlib
import os
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from absl.testing import absltest

from graphflow.core import errors, nest, scopes
from graphflow.core.eager import eager_graph
from graphflow.core.export import export
from graphflow.core.public import GRAPH_DEF_VERSION, GRAPH_DEF_VERSION_MIN_CONSUMER
from graphflow.core.seeds import set_random_seed
from graphflow.core.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.formats import proto
from graphflow.ops.indexed_slices import IndexedSlices, IndexedSlicesValue
from graphflow.platform import tf_logging as logging
from graphflow.runtime.session import Session
from graphflow.testing import messages
from graphflow.testing.array_assertions import ArrayAssertions
from graphflow.testing.devices import canonical_name, gpu_device_name
from graphflow.testing.googletest import GetTempDir
from graphflow.testing.threads import CheckedThread

_SEED: Final = 87654321  # what TensorFlow's operations use where only an op seed is given
_OTHER: Final = (
    "The {} used to get the cached session is different than the one that was used to create the "
    "session. Maybe create a new session with self.session()"
)


class CapturedWrites:
    """What a test has written to a stream meanwhile.

    Args:
        capture_location: the file that holds it.
    """

    def __init__(self, capture_location: str) -> None:
        self.capture_location = capture_location

    def contents(self) -> str:
        """Returns all of it."""
        with open(self.capture_location) as file:
            return file.read()


class ErrorLoggingSession(Session):
    """A session that logs the errors of its runs."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """As `Session.run`."""
        try:
            return super().run(*args, **kwargs)
        except Exception as e:
            if not isinstance(e, errors.OutOfRangeError):  # the usual end of a data set
                logging.error(str(e))
            raise


def value_of(tensors: Any) -> Any:
    """Returns the values of a structure of tensors in eager execution.

    Args:
        tensors: tensors, variables, and functions that return such.
    """
    if tensors is None:
        return None
    if callable(tensors):
        return value_of(tensors())
    if isinstance(tensors, SparseTensor):
        parts = (tensors.indices, tensors.values, tensors.dense_shape)
        return SparseTensorValue(*[value_of(t) for t in parts])
    if isinstance(tensors, IndexedSlices):
        rows = (tensors.values, tensors.indices, tensors.dense_shape)
        return IndexedSlicesValue(*[value_of(t) for t in rows])
    if nest.is_sequence(tensors):
        return nest.map_structure(value_of, tensors)
    return tensors.numpy() if hasattr(tensors, "numpy") else tensors


class EagerSession:
    """What tests get for a session in eager execution."""

    def run(self, fetches: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the values of tensors.

        Raises:
            RuntimeError: if something is fed.
        """
        if kwargs.pop("feed_dict", None) or any(args):
            raise RuntimeError("feed_dict is not supported when eager execution is enabled.")
        return value_of(fetches)


@export("test.TestCase")
class TensorFlowTestCase(ArrayAssertions, absltest.TestCase):
    """A test with a new default graph, fixed seeds, sessions, and assertions on tensors.

    Args:
        methodName: the test method.
    """

    _CheckedThread = CheckedThread

    def __init__(self, methodName: str = "runTest") -> None:  # noqa: N803 (unittest's name)
        super().__init__(methodName)
        self._threads: list[CheckedThread] = []
        self._tempdir: str | None = None
        self._cached_session: Any = None
        self._cached_for: tuple[Any, Any, bool] = (None, None, False)

    def setUp(self) -> None:
        """Seeds the generators and makes a new default graph."""
        self._ClearCachedSession()
        random.seed(_SEED)
        np.random.seed(_SEED)  # noqa: NPY002 (tests draw from NumPy's global generator)
        eager = scopes.get_default_graph().executes
        scopes.graphs.items.clear()  # a test that failed inside `as_default` leaves its graph
        scopes.reset_default_graph()
        if eager:
            eager_graph().forget()
            scopes.graphs.items.append(eager_graph())
        set_random_seed(_SEED)
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")

    def tearDown(self) -> None:
        """Checks that threads have ended, and closes the cached session."""
        for thread in self._threads:
            thread.check_termination()
        self._ClearCachedSession()

    def _ClearCachedSession(self) -> None:
        if self._cached_session is not None:
            self._cached_session.close()
            self._cached_session = None

    def get_temp_dir(self) -> str:
        """Returns a directory for this test alone, removed when the process ends."""
        if self._tempdir is None:
            self._tempdir = tempfile.mkdtemp(dir=GetTempDir())
        return self._tempdir

    @contextlib.contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[CapturedWrites]:
        """A context that keeps what is written to a stream with a file descriptor.

        Args:
            stream: such as `sys.stderr`.
        """
        stream.flush()
        handle, path = tempfile.mkstemp(dir=self.get_temp_dir())
        original = os.dup(stream.fileno())
        os.dup2(handle, stream.fileno())
        os.close(handle)
        try:
            yield CapturedWrites(path)
        finally:
            stream.flush()
            os.dup2(original, stream.fileno())
            os.close(original)

    # --- sessions ---
    def evaluate(self, tensors: Any) -> Any:
        """Returns the values of tensors, from the default session or the test's own.

        In eager execution they have their values; functions among them are called.
        """
        if scopes.get_default_graph().executes:
            return value_of(tensors)
        found = scopes.get_default_session()
        if found is not None:
            return found.run(tensors)
        with self.test_session() as session:
            return session.run(tensors)

    @contextlib.contextmanager
    def session(
        self,
        graph: Any = None,
        config: Any = None,
        use_gpu: bool = False,
        force_gpu: bool = False,
    ) -> Iterator[Any]:
        """A context with a new session, which is the default one, as its graph is.

        Args:
            graph: the graph; None: the default graph.
            config: a ConfigProto.
            use_gpu: whether operations may be on a GPU; else they name the CPU.
            force_gpu: whether operations name the GPU.
        """
        if scopes.get_default_graph().executes:
            yield EagerSession()
            return
        with (
            self._create_session(graph, config, force_gpu) as made,
            self._constrain_devices_and_set_default(made, use_gpu, force_gpu),
        ):
            yield made

    @contextlib.contextmanager
    def cached_session(
        self,
        graph: Any = None,
        config: Any = None,
        use_gpu: bool = False,
        force_gpu: bool = False,
    ) -> Iterator[Any]:
        """A context with the test's session: the same one at each call, closed at the end.

        Args:
            graph: as in `session`.
            config: as in `session`.
            use_gpu: as in `session`.
            force_gpu: as in `session`.

        Raises:
            ValueError: if an argument differs from the first call's.
        """
        if scopes.get_default_graph().executes:
            yield EagerSession()
            return
        cached = self._get_cached_session(graph, config, force_gpu)
        with self._constrain_devices_and_set_default(cached, use_gpu, force_gpu) as found:
            yield found

    @contextlib.contextmanager
    def test_session(
        self,
        graph: Any = None,
        config: Any = None,
        use_gpu: bool = False,
        force_gpu: bool = False,
    ) -> Iterator[Any]:
        """The older name: the cached session, or a new one where a graph is given.

        Args:
            graph: as in `session`.
            config: as in `session`.
            use_gpu: as in `session`.
            force_gpu: as in `session`.
        """
        if self.id().endswith(".test_session"):
            self.skipTest("Not a test.")
        if scopes.get_default_graph().executes:
            yield EagerSession()
            return
        if graph is not None:
            with self.session(graph, config, use_gpu, force_gpu) as made:
                yield made
            return
        cached = self._get_cached_session(
            graph, config, force_gpu, crash_if_inconsistent_args=False
        )
        with self._constrain_devices_and_set_default(cached, use_gpu, force_gpu) as found:
            yield found

    @contextlib.contextmanager
    def _constrain_devices_and_set_default(
        self, sess: Any, use_gpu: bool, force_gpu: bool
    ) -> Iterator[Any]:
        with sess.graph.as_default(), sess.as_default():
            if use_gpu and not force_gpu:
                yield sess
                return
            name = (gpu_device_name() or "/device:GPU:0") if force_gpu else "/device:CPU:0"
            with sess.graph.device(name):
                yield sess

    def _create_session(self, graph: Any, config: Any, force_gpu: bool) -> ErrorLoggingSession:
        if config is None:
            config = proto.ConfigProto(allow_soft_placement=not force_gpu)
        elif force_gpu and config.allow_soft_placement:
            config = proto.ConfigProto()
        return ErrorLoggingSession(graph=graph, config=config)

    def _get_cached_session(
        self,
        graph: Any = None,
        config: Any = None,
        force_gpu: bool = False,
        crash_if_inconsistent_args: bool = True,
    ) -> Any:
        if self._cached_session is None:
            self._cached_session = self._create_session(graph, config, force_gpu)
            self._cached_for = (graph, config, force_gpu)
        elif crash_if_inconsistent_args:
            for name, given, first in zip(
                ("graph", "config", "force_gpu value"),
                (graph, config, force_gpu),
                self._cached_for,
                strict=True,
            ):
                if given is not first:
                    raise ValueError(_OTHER.format(name))
        return self._cached_session

    # --- threads ---
    def checkedThread(
        self, target: Callable[..., Any], args: Any = None, kwargs: Any = None
    ) -> CheckedThread:
        """Returns a thread that fails the test if an exception ends it; the test must join it.

        Args:
            target: what runs in it.
            args: its arguments.
            kwargs: its keyword arguments.
        """
        made = CheckedThread(self, target, args, kwargs)
        self._threads.append(made)
        return made

    # --- other assertions ---
    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, message: Any, msg: Any = None
    ) -> None:
        """Fails if two messages are not equal; the expected one may be text."""
        expected = expected_message_maybe_ascii
        if isinstance(expected, str):
            expected = messages.parsed(expected, message)
        elif not isinstance(expected, type(message)):
            raise AssertionError(
                f"Can't compare protos of type {type(expected)} and {type(message)}. {msg or ''}"
            )
        if not messages.ProtoEq(expected, message):
            messages.assertProtoEqual(self, expected, message, normalize_numbers=True, msg=msg)

    def assertProtoEqualsVersion(
        self,
        expected: str,
        actual: Any,
        producer: int = GRAPH_DEF_VERSION,
        min_consumer: int = GRAPH_DEF_VERSION_MIN_CONSUMER,
        msg: Any = None,
    ) -> None:
        """As `assertProtoEquals`, for a GraphDef's text without its versions."""
        versions = f"versions {{ producer: {producer} min_consumer: {min_consumer} }};\n"
        self.assertProtoEquals(versions + expected, actual, msg=msg)

    def assertStartsWith(self, actual: Any, expected_start: Any, msg: Any = None) -> None:
        """Fails if a string has another beginning."""
        if not actual.startswith(expected_start):
            said = f" : {msg!r}" if msg else ""
            self.fail(f"{actual!r} does not start with {expected_start!r}{said}")

    @contextlib.contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override]  # absl takes predicates only
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """A context that fails unless a certain exception ends it.

        Args:
            exception_type: its class.
            expected_err_re_or_predicate: a function of the exception, or a regular expression
                that its message must match somewhere.
        """
        matches = expected_err_re_or_predicate
        if not callable(matches):
            matches = _finder(expected_err_re_or_predicate)
        try:
            yield
            self.fail(f"{exception_type.__name__} not raised")
        except Exception as e:
            if not isinstance(e, exception_type) or not matches(e):
                raise AssertionError(f"Exception of type {type(e)}: {e}") from e

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """A context that fails unless an OpError with a certain message ends it."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: Any = None) -> None:
        """Fails if two devices, given by name or DeviceSpec, are not the same."""
        first, second = canonical_name(device1), canonical_name(device2)
        self.assertEqual(first, second, f"Devices {first} and {second} are not equal. {msg}")

    # Names that Python 3.12 has dropped, and tests of that time use.
    assertItemsEqual = absltest.TestCase.assertCountEqual
    assertRaisesRegexp = absltest.TestCase.assertRaisesRegex
    assertRegexpMatches = absltest.TestCase.assertRegex
    assertNotRegexpMatches = absltest.TestCase.assertNotRegex
    assertEquals = absltest.TestCase.assertEqual
    assertNotEquals = absltest.TestCase.assertNotEqual
    assertAlmostEquals = absltest.TestCase.assertAlmostEqual
    assertNotAlmostEquals = absltest.TestCase.assertNotAlmostEqual
    assert_ = absltest.TestCase.assertTrue


def _finder(pattern: str) -> Callable[[Exception], Any]:
    def found(e: Exception) -> Any:
        text = e.message if isinstance(e, errors.OpError) else str(e)
        op = getattr(e, "op", None)
        while op is not None:
            text += f"\nCaused by: {op.name}"
            op = getattr(op, "_original_op", None)
        logging.info("Searching within error strings: '%s' within '%s'", pattern, text)
        return re.search(pattern, text)

    return found
