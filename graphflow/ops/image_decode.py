"""Files of a kind that only the run knows: is_jpeg, decode_image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype, uint8, uint16
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.checks import Assert
from graphflow.ops.comparison import equal, logical_and, not_equal
from graphflow.ops.flow_cond import cond
from graphflow.ops.gather import gather
from graphflow.ops.image_codecs import decode_bmp, decode_gif, decode_jpeg, decode_png
from graphflow.ops.image_color import convert_image_dtype
from graphflow.ops.string_case import substr


@export("image.is_jpeg", "io.is_jpeg")
def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Returns whether a file is a JPEG.

    Args:
        contents: the file, a string scalar.
        name: the name of the scope, and of the node.

    Returns:
        A bool scalar.
    """
    with scopes.name_scope(name, "is_jpeg"):
        return equal(substr(contents, 0, 3), b"\xff\xd8\xff", name=name)


def _is_png(contents: Any) -> Tensor:
    with scopes.name_scope(None, "is_png"):
        return equal(substr(contents, 0, 3), b"\x89PN")


@export("image.decode_image", "io.decode_image")
def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Tensor:
    """Returns the image of a JPEG, PNG, GIF or BMP file.

    Args:
        contents: the file, a string scalar.
        channels: 1 grey, 3 colour, 4 colour and alpha, where the kind of file has them; None or
            0: those of the file.
        dtype: the type of the result, as `convert_image_dtype` takes it.
        name: the name of the scope.
        expand_animations: whether a GIF gives all of its frames, or the first.

    Returns:
        [h, w, channels], of an unknown shape; [n, h, w, 3] of a GIF.

    Raises:
        ValueError: for another number of channels.

    Note:
        JPEG files need Pillow: `pip install 'graphflow-tf[image]'`.
    """
    dtype = as_dtype(dtype)
    with scopes.name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        start = substr(contents, 0, 3)
        asked = channels or 0

        def otherwise() -> Tensor:
            is_gif = equal(start, b"GIF", name="is_gif")
            found: Tensor = cond(
                is_gif,
                lambda: _gif(contents, asked, dtype, expand_animations),
                lambda: _bmp(contents, asked, dtype),
                name="cond_gif",
            )
            return found

        def png() -> Tensor:
            depth = uint8 if dtype == uint8 else uint16
            return convert_image_dtype(decode_png(contents, asked, dtype=depth), dtype)

        def not_jpeg() -> Tensor:
            found: Tensor = cond(_is_png(contents), png, otherwise, name="cond_png")
            return found

        found: Tensor = cond(
            is_jpeg(contents), lambda: _jpeg(contents, asked, dtype), not_jpeg, name="cond_jpeg"
        )
        return found


def _after(checks: list[Any], decoded: Callable[[], Tensor], dtype: Any) -> Tensor:
    with scopes.control_dependencies(checks):
        return convert_image_dtype(decoded(), dtype)


def _jpeg(contents: Any, channels: int, dtype: Any) -> Tensor:
    good = not_equal(channels, 4, name="check_jpeg_channels")
    check = Assert(good, ["Channels must be in (None, 0, 1, 3) when decoding JPEG images"])
    return _after([check], lambda: decode_jpeg(contents, channels), dtype)


def _gif(contents: Any, channels: int, dtype: Any, expand_animations: bool) -> Tensor:
    good = logical_and(
        not_equal(channels, 1, name="check_gif_channels"),
        not_equal(channels, 4, name="check_gif_channels"),
    )
    check = Assert(good, ["Channels must be in (None, 0, 3) when decoding GIF images"])
    with scopes.control_dependencies([check]):
        found = convert_image_dtype(decode_gif(contents), dtype)
        return found if expand_animations else gather(found, 0)


def _bmp(contents: Any, channels: int, dtype: Any) -> Tensor:
    is_bmp = equal(substr(contents, 0, 2), b"BM", name="is_bmp")
    known = Assert(is_bmp, ["Unable to decode bytes as JPEG, PNG, GIF, or BMP"])
    good = not_equal(channels, 1, name="check_channels")
    check = Assert(good, ["Channels must be in (None, 0, 3) when decoding BMP images"])
    return _after([known, check], lambda: decode_bmp(contents), dtype)
