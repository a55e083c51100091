"""tf.test.main, temporary directories, and stubs for things outside a test."""

from __future__ import annotations

import atexit
import inspect
import os
import sys
import tempfile
from types import ModuleType
from typing import Any, Final, Self
from unittest import mock as mock

from absl.testing import absltest

from graphflow.core import errors
from graphflow.core.export import export, publish_from
from graphflow.platform import app, gfile
from graphflow.platform import tf_logging as logging
from graphflow.testing import benchmark

publish_from("unittest", "test", "mock")
_made: Final[list[str]] = []


def g_main(argv: Any) -> None:
    """Runs the tests of the main module with these arguments."""
    absltest.main(argv=argv)


@export("test.main")
def main(argv: list[str] | None = None) -> None:
    """Runs all tests of the main module and exits; with `--benchmarks=...` its benchmarks.

    Args:
        argv: the command line; None: that of the process.
    """
    given = sys.argv if argv is None else argv
    benchmark.benchmarks_main(true_main=lambda: app.run(main=g_main, argv=given))


@export("test.get_temp_dir")
def GetTempDir() -> str:
    """Returns a directory for the tests of this process, removed when it ends.

    It lies in the environment's TEST_TMPDIR if there is one.
    """
    if not _made:
        prefix = os.environ.get("TEST_TMPDIR")
        if not prefix:
            script = os.path.basename(inspect.stack()[-1].filename).removesuffix(".py")
            prefix = os.path.join(tempfile.gettempdir(), script)
        folder, name = os.path.split(prefix)
        _made.append(tempfile.mkdtemp(prefix=name, dir=folder))
        atexit.register(_delete_temp_dir, _made[0])
    return _made[0]


def _delete_temp_dir(folder: str) -> None:
    try:
        gfile.rmtree(folder)
    except errors.OpError as e:
        logging.error("Error removing %s: %s", folder, e)


@export("test.test_src_dir_path")
def test_src_dir_path(relative_path: str) -> str:
    """Returns the path of a file of TensorFlow's sources below the environment's TEST_SRCDIR.

    Args:
        relative_path: such as "core/platform".
    """
    return os.path.join(os.environ["TEST_SRCDIR"], "org_tensorflow/tensorflow", relative_path)


test_src_dir_path.__test__ = False  # type: ignore[attr-defined]  # no test, whatever its name


def StatefulSessionAvailable() -> bool:
    """Returns False."""
    return False


@export("test.StubOutForTesting")
class StubOutForTesting:
    """Replaces attributes of modules, classes and objects, and puts them back.

    As a context it puts them back at the end.
    """

    def __init__(self) -> None:
        self.cache: list[tuple[Any, str, Any]] = []
        self.stubs: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.CleanUp()

    def __del__(self) -> None:
        self.CleanUp()

    def CleanUp(self) -> None:
        """Puts back everything."""
        self.SmartUnsetAll()
        self.UnsetAll()

    def SmartSet(self, obj: Any, attr_name: str, new_attr: Any) -> None:
        """Replaces an attribute where it is defined: for an object, in its class.

        Args:
            obj: a module, a class or an object.
            attr_name: the attribute.
            new_attr: its new value.

        Raises:
            AttributeError: if there is no such attribute.
        """
        getattr(obj, attr_name)  # raises the error
        owner = _owner(obj, attr_name)
        self.stubs.append((owner, attr_name, _plain(owner, attr_name)))
        setattr(owner, attr_name, new_attr)

    def SmartUnsetAll(self) -> None:
        """Puts back what `SmartSet` replaced."""
        _put_back(self.stubs)

    def Set(self, parent: Any, child_name: str, new_child: Any) -> None:
        """Replaces an attribute of just this object.

        Args:
            parent: a module, a class or an object.
            child_name: the attribute.
            new_child: its new value.
        """
        self.cache.append((parent, child_name, _plain(parent, child_name)))
        setattr(parent, child_name, new_child)

    def UnsetAll(self) -> None:
        """Puts back what `Set` replaced."""
        _put_back(self.cache)


def _put_back(kept: list[tuple[Any, str, Any]]) -> None:
    while kept:
        owner, name, value = kept.pop()
        setattr(owner, name, value)


def _plain(owner: Any, name: str) -> Any:
    """An attribute's value as it can be set again: a static method stays one."""
    own = vars(owner).get(name) if hasattr(owner, "__dict__") else None
    return own if isinstance(own, staticmethod | classmethod) else getattr(owner, name)


def _owner(obj: Any, name: str) -> Any:
    if isinstance(obj, ModuleType) or (
        not isinstance(obj, type) and name in getattr(obj, "__dict__", {})
    ):
        return obj
    cls = obj if isinstance(obj, type) else type(obj)
    return next((c for c in cls.__mro__ if name in vars(c)), cls)
