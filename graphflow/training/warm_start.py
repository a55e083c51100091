"""tf.train.warm_start: a model whose variables start with those of another, by name or by word."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops import state
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.gather import gather
from graphflow.ops.reshape import reshape
from graphflow.ops.saving import restore_v2
from graphflow.ops.variables import Variable
from graphflow.platform.file_io import read_file_to_string
from graphflow.training.checkpoints import checkpoint_filename, load_checkpoint
from graphflow.training.init_from_checkpoint import init_from_checkpoint

_log = logging.getLogger("tensorflow")


class _VocabInfo(NamedTuple):
    new_vocab: str
    new_vocab_size: int
    num_oov_buckets: int
    old_vocab: str
    old_vocab_size: int
    backup_initializer: Any
    axis: int


@export("train.VocabInfo", "estimator.VocabInfo")
class VocabInfo(_VocabInfo):
    """Which words the rows (or columns) of a variable belong to, now and in the checkpoint.

    Args:
        new_vocab: the file of the words, one a line.
        new_vocab_size: how many of them count.
        num_oov_buckets: how many rows follow for words that are in no list.
        old_vocab: the file of the words of the checkpoint.
        old_vocab_size: how many of them count; -1: all.
        backup_initializer: makes the rows that the checkpoint does not have; None: zeros.
        axis: 0 for rows, 1 for columns.

    Raises:
        ValueError: if the axis is another one.
    """

    __slots__ = ()

    def __new__(
        cls,
        new_vocab: str,
        new_vocab_size: int,
        num_oov_buckets: int,
        old_vocab: str,
        old_vocab_size: int = -1,
        backup_initializer: Any = None,
        axis: int = 0,
    ) -> VocabInfo:
        """Returns a new one; see the class."""
        if axis not in (0, 1):
            raise ValueError(
                "The only supported values for the axis argument are 0 and 1.  "
                f"Provided axis: {axis}"
            )
        return super().__new__(
            cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size,
            backup_initializer, axis,
        )  # fmt: skip


@export("train.warm_start")
def warm_start(
    ckpt_to_initialize_from: Any,
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: dict[str, VocabInfo] | None = None,
    var_name_to_prev_var_name: dict[str, str] | None = None,
) -> None:
    """Makes the initializers of variables read their values from a checkpoint.

    Args:
        ckpt_to_initialize_from: what `Saver.save` returned, or a directory.
        vars_to_warm_start: a pattern of names of trainable variables; a list of patterns of names
            of any; a list of variables; or None: only those with a vocabulary.
        var_name_to_vocab_info: the vocabularies of matrices, by variable name.
        var_name_to_prev_var_name: names in the checkpoint, by variable name, where they differ.

    Raises:
        ValueError: if the variables are given in another way, or one that a name stands for is
            not among them.
    """
    _log.info("Warm-starting from: %s", ckpt_to_initialize_from)
    groups = _groups(vars_to_warm_start)
    vocabularies, renames = var_name_to_vocab_info or {}, var_name_to_prev_var_name or {}
    plain = {}
    for name, parts in groups.items():
        old_name = renames.get(name, name)
        if name in vocabularies:
            _start_by_words(parts, ckpt_to_initialize_from, old_name, vocabularies[name])
        elif vars_to_warm_start:
            plain[old_name] = parts[0] if len(parts) == 1 else parts
    init_from_checkpoint(ckpt_to_initialize_from, plain)
    _log.info("Warm-started %d variables.", len(plain) + len(groups.keys() & vocabularies.keys()))
    _check_used("var_name_to_prev_var_name", set(renames), list(groups))
    _check_used("var_name_to_vocab_info", set(vocabularies), list(groups))


def _check_used(argument: str, given: set[str], names: list[str]) -> None:
    unused = given.difference(names)
    if unused:
        raise ValueError(
            f"You provided the following variables in {argument} that were not used: "
            f"{sorted(unused)}.  Perhaps you misspelled them?  Here is the list of viable "
            f"variable names: {names}"
        )


def _groups(given: Any) -> dict[str, list[Any]]:
    """The variables, each as the list of its parts, by name."""
    found: list[Any] = []
    if isinstance(given, str) or given is None:
        _log.info("Warm-starting variables only in TRAINABLE_VARIABLES.")
        found = scopes.get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=given)
    elif not isinstance(given, list):
        raise ValueError(
            f"`vars_to_warm_start must be a `list` or `str`.  Given type is {type(given)}"
        )
    elif all(isinstance(v, str) for v in given):
        for pattern in given:
            found += scopes.get_collection(GraphKeys.GLOBAL_VARIABLES, scope=pattern)
    elif all(isinstance(v, Variable) for v in given):
        found = given
    else:
        raise ValueError(
            "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  "
            f"Given types are {[type(v) for v in given]}"
        )
    groups: dict[str, list[Any]] = {}
    for variable in found:
        info = variable._get_save_slice_info()
        groups.setdefault(info.full_name if info else variable.op.name, []).append(variable)
    return groups


# --- by word ---
def _start_by_words(parts: list[Any], checkpoint: Any, name: str, vocab: VocabInfo) -> None:
    where = _old_places(vocab)
    dtype = parts[0].dtype.base_dtype
    shape = load_checkpoint(checkpoint).get_variable_to_shape_map()[name]
    old = restore_v2(checkpoint_filename(checkpoint), [name], [""], [dtype], name="old")[0]
    old.set_shape(shape)
    for part in parts:
        value = _remapped(old, where, part, vocab)
        part._initializer_op = state.assign(part, convert(value))


def _words(path: str) -> list[str]:
    text: str = read_file_to_string(path)
    return text.splitlines()


def _old_places(vocab: VocabInfo) -> list[int]:
    """The number in the old vocabulary of each word of the new one; -1 for new words."""
    words, size = _words(vocab.old_vocab), vocab.old_vocab_size
    if len(words) < size:
        raise ValueError(
            f"Invalid vocab_size in {vocab.old_vocab}: expected {size} but got {len(words)}"
        )
    old = {word: i for i, word in enumerate(words if size < 0 else words[:size])}
    return [old.get(word, -1) for word in _words(vocab.new_vocab)[: vocab.new_vocab_size]]


def _remapped(old: Tensor, where: list[int], part: Any, vocab: VocabInfo) -> Tensor:
    """The value of a part: old rows or columns, and new ones, those of no word last."""
    make = vocab.backup_initializer or (lambda shape, **_: zeros(shape, old.dtype))
    info = part._get_save_slice_info()
    first = info.var_offset[0] if info else 0
    if part.shape.ndims != 2:
        raise ValueError(f"Only matrices have a vocabulary; {part.name} is {part.shape}.")
    rows, columns = part.shape.as_list()
    axis, others = vocab.axis, columns
    if axis == 1:
        old, others = old[first : first + rows], rows
        columns -= vocab.num_oov_buckets
        wanted = columns
    else:
        wanted = max(min(rows, vocab.new_vocab_size - first), 0)
        where = where[first : first + wanted]
    if len(where) < wanted:
        raise ValueError(f"{vocab.new_vocab} has {first + len(where)} words: {wanted} are wanted")
    fresh = where.count(-1)
    made = make([fresh * others, 1], dtype=old.dtype)
    made = reshape(made, [fresh, columns] if axis == 0 else [rows, fresh])
    unused = iter(range(int(old.shape[axis]), int(old.shape[axis]) + fresh))
    chosen = [next(unused) if place < 0 else place for place in where]
    indices = np.array(chosen, np.int64)
    found: Tensor = gather(concat([old, made], axis), indices, axis=axis)
    more = (rows if axis == 0 else part.shape.as_list()[1]) - len(where)
    if more:
        shape = [more, columns] if axis == 0 else [rows, more]
        found = concat([found, make(shape, dtype=old.dtype)], axis)
    return found
