"""Summaries: operations that pack values into the messages which TensorBoard reads."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float16, float32, float64, string, uint8
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import REALS, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.histogram import encode_histogram
from graphflow.formats.tensor_proto import encode_tensor
from graphflow.ops._summary_media import as_pixels, encode_png, encode_wav

Array = np.ndarray[Any, Any]
_log = logging.getLogger("tensorflow")
_FOR_PEOPLE: Final = "makes a message for people"
_HOST: Final = "makes a message of bytes"


def _scalar_output(op: Operation) -> list[Dims]:
    return [()]


def _summary(text_: str, **constraints: Any) -> OpDef:
    """Defines an operation that makes a Summary message."""
    return (
        define(text_, shape=_scalar_output, **constraints).no_gradient(_FOR_PEOPLE).host_only(_HOST)
    )


def _packed(values: Iterable[Any]) -> Array:
    """The Summary message of these values, as a string scalar."""
    found = np.empty((), object)
    found[()] = proto.Summary(value=values).SerializeToString(deterministic=True)
    return found


def _tag(tag: Array) -> str:
    if tag.ndim:
        raise KernelError(f"tag must be scalar, not of shape {text(tag.shape)}")
    value: bytes = tag.item()
    return value.decode(errors="replace")


# --- ScalarSummary ---
SCALAR = _summary("ScalarSummary(tags: string, values: T) -> summary: string", T=REALS)


@SCALAR.numpy
def _(tags: Array, values: Array) -> Array:
    if tags.shape != values.shape:
        tag = f" (tag '{_tag(tags)}')" if tags.ndim == 0 else ""
        raise KernelError(
            f"tags and values not the same shape: {text(tags.shape)} != {text(values.shape)}{tag}"
        )
    pairs = zip(tags.reshape(-1).tolist(), values.reshape(-1).astype(np.float32), strict=True)
    return _packed(
        proto.Summary.Value(tag=tag.decode(errors="replace"), simple_value=value)
        for tag, value in pairs
    )


# --- HistogramSummary ---
HISTOGRAM = _summary(
    "HistogramSummary(tag: string, values: T) -> summary: string", T=default(REALS, float32)
)


@HISTOGRAM.numpy
def _(tag: Array, values: Array) -> Array:
    name = _tag(tag)
    return _packed([proto.Summary.Value(tag=name, histo=encode_histogram(values, name))])


# --- ImageSummary ---
IMAGE = _summary(
    "ImageSummary(tag: string, tensor: T, *, max_images: int = 3, bad_color: tensor = None) "
    "-> summary: string",
    T=default((uint8, float32, float16, float64), float32),
    max_images=1,
)
_BAD_COLOR: Final = np.array([255, 0, 0, 255], np.uint8)
_BAD_COLOR.flags.writeable = False
IMAGE.attrs["bad_color"] = replace(IMAGE.attrs["bad_color"], default=_BAD_COLOR)


@IMAGE.numpy
def _(tag: Array, tensor: Array, *, max_images: int, bad_color: Array) -> Array:
    name = _tag(tag)
    if tensor.ndim != 4 or tensor.shape[3] not in (1, 3, 4):
        raise KernelError(f"Tensor must be 4-D with last dim 1, 3, or 4, not {text(tensor.shape)}")
    count, height, width, channels = tensor.shape
    values = []
    for i in range(min(count, max_images)):
        image = tensor[i]
        pixels = image if image.dtype == np.uint8 else as_pixels(image, bad_color[:channels])
        values.append(
            proto.Summary.Value(
                tag=_numbered(f"{name}/image", i, max_images),
                image=proto.Summary.Image(
                    height=height,
                    width=width,
                    colorspace=channels,
                    encoded_image_string=encode_png(pixels),
                ),
            )
        )
    return _packed(values)


def _numbered(name: str, index: int, most: int) -> str:
    return name if most == 1 else f"{name}/{index}"


# --- AudioSummaryV2 ---
AUDIO_V2 = _summary(
    "AudioSummaryV2(tag: string, tensor: float32, sample_rate: float32, *, "
    "max_outputs: int = 3) -> summary: string",
    max_outputs=1,
)


@AUDIO_V2.numpy
def _(tag: Array, tensor: Array, sample_rate: Array, *, max_outputs: int) -> Array:
    name = _tag(tag)
    if tensor.ndim not in (2, 3):
        raise KernelError(f"Tensor must be 3-D or 2-D, got: {text(tensor.shape)}")
    rate = sample_rate.item()
    if rate <= 0:
        raise KernelError("sample_rate must be > 0")
    clips = tensor.reshape(*tensor.shape[:2], -1)
    values = [
        proto.Summary.Value(
            tag=_numbered(f"{name}/audio", i, max_outputs),
            audio=proto.Summary.Audio(
                sample_rate=rate,
                num_channels=clip.shape[1],
                length_frames=clip.shape[0],
                encoded_audio_string=encode_wav(clip, int(rate)),
                content_type="audio/wav",
            ),
        )
        for i, clip in enumerate(clips[:max_outputs])
    ]
    return _packed(values)


# --- TensorSummaryV2, TensorSummary ---
TENSOR_V2 = _summary(
    "TensorSummaryV2(tag: string, tensor: T, serialized_summary_metadata: string) "
    "-> summary: string"
)
TENSOR = _summary(
    "TensorSummary(tensor: T, *, description: string = '', labels: list(string) = [], "
    "display_name: string = '') -> summary: string"
)


def _tensor_message(tensor: Array) -> Any:
    """A TensorProto with raw content, whatever the type and size."""
    message = encode_tensor(tensor)
    if tensor.dtype.kind != "O" and not message.tensor_content and tensor.size:
        content = np.ascontiguousarray(tensor).tobytes()
        message = proto.TensorProto(
            dtype=message.dtype, tensor_shape=message.tensor_shape, tensor_content=content
        )
    return message


@TENSOR_V2.numpy
def _(tag: Array, tensor: Array, metadata: Array) -> Array:
    value = proto.Summary.Value(tag=_tag(tag), tensor=_tensor_message(tensor))
    value.metadata.ParseFromString(metadata.item())
    return _packed([value])


@TENSOR.numpy
def _(tensor: Array, *, name: str) -> Array:
    return _packed([proto.Summary.Value(node_name=name, tensor=_tensor_message(tensor))])


# --- MergeSummary ---
MERGE = _summary("MergeSummary(inputs: N*string) -> summary: string", N=1)


@MERGE.numpy
def _(inputs: Sequence[Array]) -> Array:
    from google.protobuf.message import DecodeError

    merged = proto.Summary()
    for item in [data for array in inputs for data in array.reshape(-1).tolist()]:
        try:
            merged.MergeFromString(item)
        except DecodeError:
            raise KernelError("Could not parse one of the summary inputs") from None
    tags = [value.tag for value in merged.value if value.tag]
    for tag in tags:
        if tags.count(tag) > 1:
            raise KernelError(f"Duplicate tag {tag} found in summary inputs")
    return _packed(merged.value)


# --- public functions ---
def clean_tag(name: str | None) -> str | None:
    """Returns a name that a node can have: other characters become underscores."""
    if name is None:
        return None
    cleaned = re.sub(r"[^-/\w.]", "_", name).lstrip("/")
    if cleaned != name:
        _log.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextlib.contextmanager
def _summary_scope(
    name: str, family: str | None, values: Any, default_name: str | None = None
) -> Iterator[tuple[str, str]]:
    """Opens the scope of a summary; yields its tag, and the scope as the node's name."""
    name = clean_tag(name) or ""
    family = clean_tag(family)
    base = name if family is None else f"{family}/{name}"
    with scopes.name_scope(base, default_name, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope


def _collected(made: Tensor, collections: Iterable[str] | None, usual: Iterable[str]) -> Tensor:
    for key in usual if collections is None else collections:
        scopes.add_to_collection(key, made)
    return made


@export("summary.scalar")
def scalar(
    name: str, tensor: Any, collections: Iterable[str] | None = None, family: str | None = None
) -> Tensor:
    """Returns a Summary message of one number.

    Args:
        name: the node's name, and with its scope the tag.
        tensor: a scalar.
        collections: where to add it; None: [GraphKeys.SUMMARIES].
        family: a prefix of the tag: the group on TensorBoard's page.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        made = apply(SCALAR, tag, tensor, name=scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


@export("summary.histogram")
def histogram(
    name: str, values: Any, collections: Iterable[str] | None = None, family: str | None = None
) -> Tensor:
    """Returns a Summary message of how values are distributed.

    Args:
        name: as in `scalar`.
        values: real numbers of any shape; nan and infinities are an error of the run.
        collections: as in `scalar`.
        family: as in `scalar`.
    """
    with _summary_scope(name, family, [values], "HistogramSummary") as (tag, scope):
        made = apply(HISTOGRAM, tag, values, name=scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


@export("summary.image")
def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Iterable[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """Returns a Summary message of images.

    Args:
        name: as in `scalar`; the tags are "<name>/image/0" and so on.
        tensor: [b, h, w, channels] of uint8 or floats, 1, 3 or 4 channels. Floats are scaled, each
            image by itself: from 0 to its largest value, or, with negative values, around 128.
        max_outputs: so many of the images.
        collections: as in `scalar`.
        family: as in `scalar`.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        made = apply(IMAGE, tag, tensor, max_images=max_outputs, name=scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


@export("summary.audio")
def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Iterable[str] | None = None,
    family: str | None = None,
) -> Tensor:
    """Returns a Summary message of sounds.

    Args:
        name: as in `scalar`; the tags are "<name>/audio/0" and so on.
        tensor: [b, frames, channels] or [b, frames], from -1 to 1.
        sample_rate: frames a second.
        max_outputs: so many of the clips.
        collections: as in `scalar`.
        family: as in `scalar`.
    """
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        rate = convert_to_tensor(sample_rate, float32, "sample_rate")
        made = apply(AUDIO_V2, tag, tensor, rate, max_outputs=max_outputs, name=scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


@export("summary.text")
def text_summary(name: str, tensor: Tensor, collections: Iterable[str] | None = None) -> Tensor:
    """Returns a Summary message of text, which TensorBoard shows as Markdown.

    Args:
        name: as in `scalar`.
        tensor: strings.
        collections: as in `scalar`.

    Raises:
        ValueError: if the tensor is not of strings.
    """
    if tensor.dtype != string:
        raise ValueError(f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}")
    metadata = proto.SummaryMetadata()
    metadata.plugin_data.plugin_name = "text"
    return tensor_summary(name, tensor, summary_metadata=metadata, collections=collections)


@export("summary.tensor_summary")
def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: str | None = None,
    collections: Iterable[str] | None = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """Returns a Summary message of a whole tensor.

    Args:
        name: as in `scalar`.
        tensor: of any type and shape.
        summary_description: what it is, in Markdown.
        collections: as in `scalar`.
        summary_metadata: a SummaryMetadata message: which plugin shows it.
        family: as in `scalar`.
        display_name: what TensorBoard calls it; None: the tag.
    """
    metadata = proto.SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(summary_metadata)
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with _summary_scope(name, family, [tensor]) as (tag, scope):
        made = apply(TENSOR_V2, tag, tensor, metadata.SerializeToString(), name=scope)
        return _collected(made, collections, [GraphKeys.SUMMARIES])


@export("summary.merge")
def merge(
    inputs: Sequence[Any], collections: Iterable[str] | None = None, name: str | None = None
) -> Tensor:
    """Returns one Summary message of several.

    Args:
        inputs: string tensors that hold Summary messages; a tag that comes twice is an error of
            the run.
        collections: where to add it; None: nowhere.
        name: the node's name.

    Raises:
        TypeError: if `inputs` is no list.
    """
    if not isinstance(inputs, list | tuple | Tensor):
        raise TypeError(f"Expected list for 'inputs' argument to 'merge_summary' Op, not {inputs}.")
    name = clean_tag(name)
    with scopes.name_scope(name, "Merge", inputs):
        made = apply(MERGE, list(inputs), name=name)
        return _collected(made, collections, [])


@export("summary.merge_all")
def merge_all(
    key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """Returns one Summary message of all in a collection; None if it is empty.

    Args:
        key: the collection.
        scope: only those whose name matches this at its start.
        name: the node's name.
    """
    found = scopes.get_collection(key, scope)
    return merge(found, name=name) if found else None


@export("summary.all_v2_summary_ops")
def all_v2_summary_ops() -> list[Any]:
    """Returns the summary operations of TensorFlow 2's kind in the default graph."""
    return scopes.get_collection(GraphKeys._SUMMARY_COLLECTION)


@export("summary.initialize")
def initialize(graph: Any = None, session: Any = None) -> None:
    """Begins the writing of summaries of TensorFlow 2's kind; they need a writer of theirs.

    Args:
        graph: a graph to write.
        session: the session that runs the beginning.

    Raises:
        RuntimeError: always: only `tf.contrib.summary` makes such writers, which is not here.
            `tf.summary.FileWriter` needs no beginning.
    """
    del graph, session
    raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")


@export("summary.get_summary_description")
def get_summary_description(node_def: Any) -> Any:
    """Returns the SummaryDescription in the NodeDef of a TensorSummary.

    Args:
        node_def: the NodeDef.

    Raises:
        ValueError: if it is of another operation type.
    """
    from google.protobuf import json_format

    if node_def.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node_def.op}")
    found = proto.SummaryDescription()
    json_format.Parse(node_def.attr["description"].s.decode(), found)
    return found
