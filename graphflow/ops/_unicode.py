"""Sets of code points by general category and script, as regular expressions name them."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final

import numpy as np

from graphflow.ops._unicode_scripts import runs

Array = np.ndarray[Any, Any]
Ranges = list[tuple[int, int]]
_END: Final = 0x110000
_SCRIPTS: Final = (
    "Common", "Inherited", "Arabic", "Armenian", "Bengali", "Bopomofo", "Cherokee", "Coptic",
    "Cyrillic", "Deseret", "Devanagari", "Ethiopic", "Georgian", "Gothic", "Greek", "Gujarati",
    "Gurmukhi", "Han", "Hangul", "Hebrew", "Hiragana", "Kannada", "Katakana", "Khmer", "Lao",
    "Latin", "Malayalam", "Mongolian", "Myanmar", "Ogham", "Old_Italic", "Oriya", "Runic",
    "Sinhala", "Syriac", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan", "Canadian_Aboriginal",
    "Yi", "Tagalog", "Hanunoo", "Buhid", "Tagbanwa", "Braille", "Cypriot", "Limbu", "Linear_B",
    "Osmanya", "Shavian", "Tai_Le", "Ugaritic", "-", "Buginese", "Glagolitic", "Kharoshthi",
    "Syloti_Nagri", "New_Tai_Lue", "Tifinagh", "Old_Persian",
)  # fmt: skip
"""Script names at their numbers."""


@functools.cache
def _categories() -> Array:
    return np.array([unicodedata.category(chr(point)) for point in range(_END)])


def _ranges(inside: Array) -> Ranges:
    edges = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0, append=0)).tolist()
    return [(low, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True)]


@functools.lru_cache(maxsize=64)
def class_ranges(name: str, negative: bool = False) -> Ranges | None:
    """The code points of a general category ("L", "Lu") or script ("Greek"), as ranges.

    Args:
        name: the set's name.
        negative: whether the other code points are meant.

    Returns:
        (first, last) of each range, or None if no set has that name.
    """
    if name == "Any":
        inside = np.ones(_END, bool)
    elif name in _SCRIPTS and name != "-":
        starts, scripts = runs()
        sizes = np.diff(starts, append=_END)
        inside = np.repeat(scripts == _SCRIPTS.index(name), sizes)
    else:
        categories = _categories()
        inside = np.char.startswith(categories, name) if name else np.zeros(_END, bool)
        if not inside.any():
            return None
    return _ranges(~inside if negative else inside)
