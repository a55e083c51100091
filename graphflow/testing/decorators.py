"""Decorators of test methods: for which of TensorFlow's modes a test is meant.

There is one mode here: graphs that sessions run. Tests meant for graphs run as they are; of tests
for graphs and eager execution the first half runs; tests for TensorFlow 2 alone are skipped.
"""

from __future__ import annotations

import functools
import itertools
import unittest
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from graphflow.core.graph import Graph

Test = Callable[..., Any]
_PREFIX: Final = unittest.TestLoader.testMethodPrefix


def _kept(func: Any = None) -> Any:
    """Returns a decorator that leaves a test as it is, or the test if it is given."""
    return (lambda f: f) if func is None else func


def _skipped(reason: str) -> Callable[[Test], Test]:
    def decorator(f: Test) -> Test:
        @functools.wraps(f)
        def skip(self: Any, *args: Any, **kwargs: Any) -> None:
            self.skipTest(reason)

        return skip

    return decorator


def _of_methods_only(name: str, f: Any) -> None:
    if isinstance(f, type):
        raise ValueError(f"`{name}` only supports test methods.")


# --- modes ---
def deprecated_graph_mode_only(func: Any = None) -> Any:
    """Marks a test, or all of a class, as meant for graphs: it runs as it is."""
    return _kept(func)


run_deprecated_v1 = deprecated_graph_mode_only


def disable_cudnn_autotune(func: Any = None) -> Any:
    """Marks a test as meant without the choices of a GPU: it runs as it is."""
    return _kept(func)


def run_v1_only(reason: str, func: Any = None) -> Any:
    """Marks a test, or a class, as meant for TensorFlow 1: it runs as it is.

    Args:
        reason: why.
        func: the test; None: a decorator is returned.

    Raises:
        ValueError: if the reason is no text.
    """
    if not isinstance(reason, str):
        raise ValueError(f"'reason' should be string, got {type(reason)}")
    return _kept(func)


def run_v2_only(func: Any = None) -> Any:
    """Skips a test that is meant for TensorFlow 2."""
    _of_methods_only("run_v2_only", func)
    decorator = _skipped("Test is only compatible with v2")
    return decorator if func is None else decorator(func)


def run_in_graph_and_eager_modes(
    func: Any = None,
    config: Any = None,
    use_gpu: bool = True,
    reset_test: bool = True,
    assert_no_eager_garbage: bool = False,
) -> Any:
    """Runs a test within its session, once: there is no eager execution.

    Args:
        func: the test; None: a decorator is returned.
        config: a ConfigProto for the session.
        use_gpu: whether operations may be on a GPU.
        reset_test: whether there is a fresh start between the two runs.
        assert_no_eager_garbage: about the second run.
    """

    def decorator(f: Any) -> Any:
        if isinstance(f, type):
            raise ValueError(
                "`run_in_graph_and_eager_modes` only supports test methods. "
                "Did you mean to use `run_all_in_graph_and_eager_modes`?"
            )

        @functools.wraps(f)
        def decorated(self: Any, *args: Any, **kwargs: Any) -> None:
            with self.test_session(use_gpu=use_gpu, config=config):
                f(self, *args, **kwargs)

        return decorated

    return decorator if func is None else decorator(func)


def run_all_in_graph_and_eager_modes(cls: type) -> type:
    """Applies `run_in_graph_and_eager_modes` to the tests of a class."""
    for name in dir(cls):
        named_so = name.startswith(_PREFIX) and name != "test_session"
        if not named_so or name.startswith(("testSkipEager", "test_skip_eager")):
            continue
        if callable(value := getattr(cls, name, None)):
            setattr(cls, name, run_in_graph_and_eager_modes(value))
    return cls


def build_as_function_and_v1_graph(func: Any = None) -> Any:
    """Runs a test that builds a graph within a graph of its own."""

    def decorator(f: Any) -> Any:
        _of_methods_only("run_in_graph_mode_and_function", f)

        @functools.wraps(f)
        def decorated(self: Any, *args: Any, **kwargs: Any) -> None:
            with Graph().as_default():
                f(self, *args, **kwargs)

        return decorated

    return decorator if func is None else decorator(func)


def also_run_as_tf_function(f: Test) -> Test:
    """Runs a test within its session, once: there is no eager execution."""
    return run_in_graph_and_eager_modes(f)  # type: ignore[no-any-return]  # a function


def py_func_if_in_function(f: Test) -> Test:
    """Returns the function as it is: assertions see values, not tensors of a function."""
    return f


# --- control flow: there is one kind, whichever is asked for ---
def enable_control_flow_v2(fn: Test) -> Test:
    """Returns the test as it is: control flow always builds functions."""
    return fn


def with_control_flow_v2(cls: type) -> type:
    """Gives a class a second test `...WithControlFlowV2` for each that is not marked."""
    for name, value in list(vars(cls).items()):
        marked = getattr(value, "_disable_control_flow_v2", False)
        if callable(value) and name.startswith(_PREFIX) and not marked:
            setattr(cls, f"{name}WithControlFlowV2", enable_control_flow_v2(value))
    return cls


def disable_control_flow_v2(unused_msg: str) -> Callable[[Test], Test]:
    """Marks a test as not meant for the newer control flow."""

    def wrapper(func: Test) -> Test:
        func._disable_control_flow_v2 = True  # type: ignore[attr-defined]  # the mark
        return func

    return wrapper


def enable_output_all_intermediates(fn: Test) -> Test:
    """Returns the test as it is: gradients of control flow find what they need."""
    return fn


def enable_c_shapes(fn: Test) -> Test:
    """Returns the test as it is."""
    return fn


def with_c_shapes(cls: type) -> type:
    """Returns the class as it is."""
    return cls


# --- devices and compilers ---
def skip_if(condition: Any) -> Callable[[Test], Test]:
    """Leaves a test out where a condition, or the function of it, is true."""

    def decorator(fn: Test) -> Test:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            skip = condition() if callable(condition) else condition
            return None if skip else fn(*args, **kwargs)

        return wrapper

    return decorator


def run_gpu_only(func: Any = None) -> Any:
    """Skips a test that needs a GPU."""
    _of_methods_only("run_gpu_only", func)
    decorator = _skipped("Test requires GPU")
    return decorator if func is None else decorator(func)


def run_cuda_only(func: Any = None) -> Any:
    """Skips a test that needs a GPU of one maker."""
    _of_methods_only("run_cuda_only", func)
    decorator = _skipped("Test requires CUDA GPU")
    return decorator if func is None else decorator(func)


def use_deterministic_cudnn(func: Any = None) -> Any:
    """Returns the test as it is: it is about a GPU."""
    return _kept(func)


def disable_xla(description: str) -> Callable[[Any], Any]:
    """Returns a decorator that leaves a test as it is."""
    return _kept()  # type: ignore[no-any-return]  # a function


def no_xla_auto_jit(description: str) -> Callable[[Any], Any]:
    """Returns a decorator that leaves a test as it is."""
    return _kept()  # type: ignore[no-any-return]  # a function


def xla_allow_fallback(description: str) -> Callable[[Any], Any]:
    """Returns a decorator that leaves a test as it is."""
    return _kept()  # type: ignore[no-any-return]  # a function


def enable_tf_xla_constant_folding(description: str) -> Callable[[Any], Any]:
    """Returns a decorator that leaves a test as it is.

    Raises:
        ValueError: if the description is no text.
    """
    if not isinstance(description, str):
        raise ValueError(f"'description' should be string, got {type(description)}")
    return _kept()  # type: ignore[no-any-return]  # a function


def assert_no_new_tensors(f: Test) -> Test:
    """Returns the test as it is: values of tensors do not outlive a run."""
    return f


def assert_no_garbage_created(f: Test) -> Test:
    """Returns the test as it is: it is about eager execution."""
    return f


def assert_no_new_pyobjects_executing_eagerly(f: Test) -> Test:
    """Returns the test as it is: it is about eager execution."""
    return f


# --- many tests from one ---
def for_all_test_methods(
    decorator: Callable[..., Any], *args: Any, **kwargs: Any
) -> Callable[[type], type]:
    """Returns a class decorator that decorates each test with `decorator(*args, **kwargs)`."""

    def all_test_methods(cls: type) -> type:
        for name in dir(cls):
            value = getattr(cls, name)
            if callable(value) and name.startswith("test") and name != "test_session":
                setattr(cls, name, decorator(*args, **kwargs)(value))
        return cls

    return all_test_methods


def generate_combinations_with_testcase_name(**kwargs: Any) -> list[OrderedDict[str, Any]]:
    """Returns every combination of arguments, each with a "testcase_name".

    Args:
        **kwargs: for each argument a list of values, or one value.
    """
    keys = sorted(kwargs)
    lists = [kwargs[k] if isinstance(kwargs[k], list) else [kwargs[k]] for k in keys]
    found = []
    for values in itertools.product(*lists):
        pairs = list(zip(keys, values, strict=True))
        name = "".join([f"_{_alphanumeric(k)}_{_alphanumeric(v)}" for k, v in pairs])
        found.append(OrderedDict([*pairs, ("testcase_name", f"_test{name}")]))
    return found


def _alphanumeric(value: Any) -> str:
    return "".join([c for c in str(value) if c.isalnum()])
