"""Names of tensorflow.python.ops.lookup_ops that have other arguments than tf.contrib's."""

from __future__ import annotations

from typing import Any

from graphflow.ops import lookup_contrib


def index_table_from_tensor(vocabulary_list: Any, *args: Any, **kwargs: Any) -> Any:
    """As `tf.contrib.lookup.index_table_from_tensor`, whose first argument is `mapping`.

    Args:
        vocabulary_list: the words, in the order of their numbers.
        *args: the other arguments.
        **kwargs: the other arguments.

    Raises:
        ValueError: if there is no list.
    """
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    return lookup_contrib.index_table_from_tensor(vocabulary_list, *args, **kwargs)


def index_to_string_table_from_tensor(vocabulary_list: Any, *args: Any, **kwargs: Any) -> Any:
    """As `tf.contrib.lookup.index_to_string_table_from_tensor`, whose argument is `mapping`.

    Args:
        vocabulary_list: the words, in the order of their numbers.
        *args: the other arguments.
        **kwargs: the other arguments.

    Raises:
        ValueError: if there is no list.
    """
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    return lookup_contrib.index_to_string_table_from_tensor(vocabulary_list, *args, **kwargs)
