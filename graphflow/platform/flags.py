"""tf.flags: the flags of absl, which take TensorFlow 1's aged argument names and parse themselves.

`FLAGS` is absl's own registry, so programs may mix both; `tf.flags.FLAGS.x` parses the command
line on the first access where nobody did before, while absl raises an error.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from absl import flags as _absl

from graphflow.core.export import publish_from

_absl.disclaim_key_flags()  # flags belong to who defines them, not to this module

_AGED: Final = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_OWN: Final = (
    "DEFINE_bool", "DEFINE_boolean", "DEFINE_float", "DEFINE_integer", "DEFINE_string", "FLAGS",
)  # fmt: skip

for _space in ("flags", "app.flags"):
    publish_from("graphflow.platform.flags", _space, *_OWN)
    publish_from("absl.flags", _space, *[n for n in _absl.__all__ if n not in _OWN])


def _taking_aged_names(define: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that defines a flag and takes the aged argument names too."""

    @functools.wraps(define)
    def with_old_names(*args: Any, **kwargs: Any) -> Any:
        aged = _AGED.keys() & kwargs.keys()
        for old in aged:
            kwargs[_AGED[old]] = kwargs.pop(old)
        if aged:
            logging.warning(
                "Use of the keyword argument names (flag_name, default_value, docstring) is "
                "deprecated, please use (name, default, help) instead."
            )
        return define(*args, **kwargs)

    return with_old_names


DEFINE_string = _taking_aged_names(_absl.DEFINE_string)
DEFINE_boolean = _taking_aged_names(_absl.DEFINE_boolean)
DEFINE_bool = DEFINE_boolean
DEFINE_float = _taking_aged_names(_absl.DEFINE_float)
DEFINE_integer = _taking_aged_names(_absl.DEFINE_integer)


class _SelfParsing:
    """absl's FLAGS, except that reading a flag parses `sys.argv` if that was not done yet."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__dict__":
            return {**vars(_absl.FLAGS), "__wrapped": _absl.FLAGS}
        return object.__getattribute__(_absl.FLAGS, name)

    def __getattr__(self, name: str) -> Any:
        if not _absl.FLAGS.is_parsed():
            _absl.FLAGS(sys.argv)
        return getattr(_absl.FLAGS, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_absl.FLAGS, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_absl.FLAGS, name)

    def __dir__(self) -> list[str]:
        return dir(_absl.FLAGS)

    def __getitem__(self, name: str) -> Any:
        return _absl.FLAGS[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        _absl.FLAGS[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in _absl.FLAGS

    def __len__(self) -> int:
        return len(_absl.FLAGS)

    def __iter__(self) -> Iterator[str]:
        return iter(_absl.FLAGS)

    def __str__(self) -> str:
        return str(_absl.FLAGS)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _absl.FLAGS(*args, **kwargs)


FLAGS: Final = _SelfParsing()
