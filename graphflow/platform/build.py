"""tf.sysconfig and tf.load_library: there are no C++ headers, and no plugins can be loaded."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

from graphflow.core import errors
from graphflow.core.export import export, publish_from
from graphflow.core.public import CXX11_ABI_FLAG, TENSORFLOW_VERSION
from graphflow.platform import gfile

publish_from("graphflow.core.public", "sysconfig", "CXX11_ABI_FLAG", "MONOLITHIC_BUILD")


@export("sysconfig.get_lib")
def get_lib() -> str:
    """Returns the folder of the package."""
    return str(Path(__file__).resolve().parents[1])


@export("sysconfig.get_include")
def get_include() -> str:
    """Returns where headers would be; graphflow has none."""
    return os.path.join(get_lib(), "include")


@export("sysconfig.get_compile_flags")
def get_compile_flags() -> list[str]:
    """Returns flags for a compiler, in TensorFlow's form; there is nothing to compile against."""
    return [f"-I{get_include()}", f"-D_GLIBCXX_USE_CXX11_ABI={CXX11_ABI_FLAG}"]


@export("sysconfig.get_link_flags")
def get_link_flags() -> list[str]:
    """Returns flags for a linker, in TensorFlow's form; there is nothing to link with."""
    major = TENSORFLOW_VERSION.partition(".")[0]
    return [f"-L{get_lib()}", f"-l:libtensorflow_framework.so.{major}"]


def _refused(library: Any) -> NoReturn:
    if not gfile.exists(library):
        raise errors.NotFoundError(
            None, None, f"{library}: cannot open shared object file: No such file or directory"
        )
    raise errors.NotFoundError(
        None, None, f"{library}: graphflow has no C++ kernels, so TensorFlow's plugins do not fit"
    )


@export("load_op_library")
def load_op_library(library_filename: Any) -> Any:
    """Raises NotFoundError: libraries of C++ kernels need TensorFlow itself.

    Args:
        library_filename: the library.
    """
    _refused(library_filename)


@export("load_file_system_library")
def load_file_system_library(library_filename: Any) -> None:
    """Raises NotFoundError: as `load_op_library`.

    Args:
        library_filename: the library.
    """
    _refused(library_filename)


@export("load_library")
def load_library(library_location: Any) -> None:
    """Raises an error if there is a library: as `load_op_library`.

    Args:
        library_location: a library, or a folder of them: one without any is fine.

    Raises:
        OSError: if it is not there.
        NotFoundError: if it is a library, or has one.
    """
    if not gfile.exists(library_location):
        raise OSError(
            errno.ENOENT,
            "The file or folder to load kernel libraries from does not exist.",
            library_location,
        )
    if not gfile.isdir(library_location):
        _refused(library_location)
    for name in gfile.listdir(library_location):
        if name.endswith((".so", ".dylib", ".dll")):
            _refused(os.path.join(library_location, name))
