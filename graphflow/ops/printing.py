"""Values shown while a graph runs: tf.Print, tf.print, and text made of tensors."""

from __future__ import annotations

import logging
import os
import pprint
import random
import sys
from typing import Any, Final

import numpy as np

from graphflow.core import nest
from graphflow.core.declare import apply
from graphflow.core.dtypes import string
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._summaries import edges_text, short_text
from graphflow.ops.variables import Variable

Array = np.ndarray[Any, Any]

# --- Print ---
PRINT = define(
    "Print(input: T, data: U..., *, message: string = '', first_n: int = -1, summarize: int = 3) "
    "-> output: T",
    stateful=True,
    view=True,
    shape=same_shape,
    U=0,
).host_only("prints")


PRINT.passes_rows = True


@PRINT.gradient
def _(op: Operation, dy: Tensor) -> list[Any]:
    return [dy] + [None] * (len(op.inputs) - 1)


@PRINT.numpy
def _(
    x: Array,
    data: list[Array],
    *,
    message: str,
    first_n: int,
    summarize: int,
    memory: dict[str, Any],
) -> Array:
    count = memory["count"] = memory.get("count", 0) + 1
    if first_n < 0 or count <= first_n:
        shown = "".join(f"[{short_text(a, summarize)}]" for a in data)
        print(f"{message}{shown}", file=sys.stderr, flush=True)
    return x


@export("Print")
def Print(
    input_: Any,
    data: Any,
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns `input_`, and writes `data` to the standard error stream whenever that is run.

    Args:
        input_: the tensor that is passed on.
        data: a list of tensors to show.
        message: text before them.
        first_n: shows them only so many times; None: always.
        summarize: how many elements of each; None: 3.
        name: the node's name.
    """
    options = {"message": message, "first_n": first_n, "summarize": summarize}
    found: Tensor = apply(PRINT, input_, data, name=name, **options)
    return found


# --- StringFormat ---
STRING_FORMAT = define(
    "StringFormat(inputs: T..., *, template: string = '%s', placeholder: string = '%s', "
    "summarize: int = 3) -> output: string",
    T=0,
).no_gradient("makes text")


@STRING_FORMAT.shape
def _(op: Operation) -> list[Dims]:
    found = op.attrs["template"].count(op.attrs["placeholder"])
    if found != len(op.inputs):
        raise ShapeError(
            f"num placeholders in template and num inputs must match: {found} vs. {len(op.inputs)}"
        )
    return [()]


@STRING_FORMAT.numpy
def _(inputs: list[Array], *, template: str, placeholder: str, summarize: int) -> Array:
    first, *rest = template.split(placeholder)
    pieces = [edges_text(a, summarize) + text for a, text in zip(inputs, rest, strict=True)]
    out = np.empty((), object)
    out[()] = (first + "".join(pieces)).encode()
    return out


@export("strings.format")
def string_format(
    template: str,
    inputs: Any,
    placeholder: str = "{}",
    summarize: int = 3,
    name: str | None = None,
) -> Tensor:
    """Returns text in which tensors stand in the place of placeholders.

    Args:
        template: the text, with a placeholder for each tensor.
        inputs: a tensor or a list of them.
        placeholder: what marks the places.
        summarize: how many items at either end of each axis are shown; -1: all.
        name: the node's name.

    Raises:
        ValueError: if there are not as many placeholders as tensors.
    """
    tensors = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    places = template.count(placeholder)
    if places != len(tensors):
        raise ValueError(
            f"{places} placeholder(s) in template does not match {len(tensors)} tensor(s) provided "
            "as input"
        )
    found: Tensor = apply(
        STRING_FORMAT,
        tensors,
        template=template,
        placeholder=placeholder,
        summarize=summarize,
        name=name,
    )
    return found


# --- PrintV2 ---
PRINT_V2 = define(
    f"PrintV2(input: string, *, output_stream: string = 'stderr', end: string = {os.linesep!r})",
    stateful=True,
    shape=lambda op: [],
).no_gradient("prints")
PRINT_V2.host_only("prints")
_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@PRINT_V2.numpy
def _(text: Array, *, output_stream: str, end: str) -> None:
    line = bytes(text[()]).decode(errors="replace") + end
    if output_stream.startswith("file://"):
        with open(output_stream.removeprefix("file://"), "a", encoding="utf-8") as f:
            f.write(line)
    elif output_stream.startswith("log("):
        logging.getLogger("tensorflow").log(_LEVELS[output_stream[4:-1]], line.rstrip("\n"))
    else:
        print(line, end="", file=getattr(sys, output_stream), flush=True)


_BY_NUMBER: Final = {
    logging.INFO: "log(info)",
    logging.WARNING: "log(warning)",
    logging.ERROR: "log(error)",
}
_BY_FUNCTION: Final = {
    "info": "log(info)",
    "warn": "log(warning)",
    "warning": "log(warning)",
    "error": "log(error)",
}


def _stream_name(stream: Any) -> str:
    found: str | None = None
    if isinstance(stream, str) and stream.startswith("file://"):
        found = stream
    elif stream is sys.stdout or stream is sys.stderr:
        found = "stdout" if stream is sys.stdout else "stderr"
    elif isinstance(stream, int):
        found = _BY_NUMBER.get(stream)
    elif callable(stream):
        found = _BY_FUNCTION.get(getattr(stream, "__name__", ""))
    if found is None:
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{stream}. Supported streams are "
            "sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error. File "
            "needs to be in the form of 'file://<filepath>'."
        )
    return found


def _is_symbolic(x: Any) -> bool:
    return isinstance(x, Tensor | Variable)


def _is_sparse(x: Any) -> bool:
    return hasattr(x, "indices") and hasattr(x, "values") and hasattr(x, "dense_shape")


def _free_placeholder(text: str) -> str:
    placeholder, numbers = "{}", random.Random(5)
    while placeholder in text:
        placeholder += str(numbers.randint(0, 9))
    return placeholder


class _Template:
    """The text of a print and the tensors in it."""

    def __init__(self, inputs: tuple[Any, ...], sep: str) -> None:
        bare = nest.map_structure(lambda x: "" if _is_symbolic(x) else x, inputs)
        self.placeholder = _free_placeholder(" ".join(pprint.pformat(x) for x in bare))
        self.tensors: list[Any] = []
        text = sep.join([self._text(x) for x in inputs])
        self.text = text.replace(f"'{self.placeholder}'", self.placeholder)

    def _text(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        leaves = [self._leaf(x) for x in nest.flatten(item)]
        return pprint.pformat(nest.pack_sequence_as(item, leaves))

    def _leaf(self, x: Any) -> Any:
        mark = self.placeholder
        if _is_sparse(x):
            self.tensors += [x.indices, x.values, x.dense_shape]
            return f"SparseTensor(indices={mark}, values={mark}, shape={mark})"
        if not _is_symbolic(x):
            return x
        self.tensors.append(x)
        return mark


@export("print")
def print_v2(*inputs: Any, **kwargs: Any) -> Operation:
    """Returns an operation that prints when it runs.

    Args:
        *inputs: tensors, Python values, and structures of them.
        **kwargs: output_stream: sys.stderr (the default), sys.stdout, a tf.logging function or
            level, or "file://<path>"; summarize: items shown at either end of each axis, 3 by
            default, -1 for all; sep: text between inputs; end: text after them; name: the node's
            name.

    Raises:
        ValueError: if a keyword or the stream is unknown.
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    name = kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", os.linesep)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    stream_name = _stream_name(stream)
    only = inputs[0] if len(inputs) == 1 else None
    if isinstance(only, Tensor) and only.dims == () and only.dtype == string:
        text: Any = only
    else:
        made = _Template(inputs, sep)
        text = string_format(
            made.text,
            made.tensors,
            placeholder=made.placeholder,
            summarize=summarize,
            name=f"{name}_format" if name else None,
        )
    shown: Operation = apply(PRINT_V2, text, output_stream=stream_name, end=end, name=name)
    return shown
