"""Rows of the set operations."""

from __future__ import annotations

import numpy as np
from _rows import case, error, i, l, t, tf

A, B = [[1, 3, 3], [5, 9, 2]], [[3, 4, 1], [2, 2, 2]]
WORDS = [["a", "b", "b"], ["", "zz", "a"]]
PLACES, SHAPE = [[0, 0], [0, 1], [1, 0]], [2, 2]


def sparse(fn, **options):
    """A function of a dense tensor and the parts of a sparse one."""
    return lambda a, n, v, sh: fn(a, tf.SparseTensor(n, v, sh), **options)


def swapped(fn, **options):
    """The same with the sparse one first."""
    return lambda a, n, v, sh: fn(tf.SparseTensor(n, v, sh), a, **options)


def both(fn, **options):
    """A function of the parts of two sparse tensors."""

    def call(a, x, n, b, y, m):
        return fn(tf.SparseTensor(a, x, n), tf.SparseTensor(b, y, m), **options)

    return call


def made(places=PLACES, values=(3, 1, 2), shape=SHAPE, code=t):
    return l(places), code(list(values)), l(shape)


for name, fn in (
    ("union", tf.sets.union),
    ("intersection", tf.sets.intersection),
    ("difference", tf.sets.difference),
):
    case("DenseToDenseSetOperation", fn, t(A), t(B), dtypes="i l i8 i16 u8 u16", id=name)
    case("DenseToDenseSetOperation", fn, t(WORDS), t([["b", "c", ""], ["zz", "zz", "y"]]),
         dtypes="s", id=name + "-words")  # fmt: skip
    case("DenseToDenseSetOperation", fn, i(np.zeros((2, 0))), i([[1], [2]]), id=name + "-empty")
    case("DenseToDenseSetOperation", fn, i(2, 2, 3), i(2, 2, 4), id=name + "-rank 3")
    case("DenseToSparseSetOperation", sparse(fn), t(A), *made(), dtypes="i l i8 i16 u8 u16",
         id=name + "-sparse")  # fmt: skip
    case("DenseToSparseSetOperation", swapped(fn), i(A), *made(code=i), id=name + "-swapped")
    case("DenseToSparseSetOperation", sparse(fn), i(A), *made([[1, 0]], [9], code=i),
         id=name + "-missing group")  # fmt: skip
    case("SparseToSparseSetOperation", both(fn), *made(), *made([[0, 0], [1, 0], [1, 1]],
         (1, 2, 8), [2, 3]), dtypes="i l i8 i16 u8 u16", id=name + "-both")  # fmt: skip
    case("SparseToSparseSetOperation", both(fn), *made([[0, 0]], [5], [3, 2], i),
         *made([[2, 0]], [6], [3, 2], i), id=name + "-apart")  # fmt: skip
    case("SparseToSparseSetOperation", both(fn, validate_indices=False), *made(code=i),
         *made(code=i), id=name + "-unchecked")  # fmt: skip
    error("DenseToDenseSetOperation", fn, i([1, 2]), i([1]), id=name + "-rank 1",
          says="must be at least rank 2")  # fmt: skip
    error("DenseToDenseSetOperation", fn, i(2, 3), i(3, 3), at="run", id=name + "-groups",
          says="Mismatched shapes [2] vs [3]")  # fmt: skip
    error("DenseToSparseSetOperation", sparse(fn), i(A), *made([[1, 0], [0, 0]], [1, 2], code=i),
          at="run", id=name + "-order", says="indices[1] = [0,0] is out of order")  # fmt: skip
    error("SparseToSparseSetOperation", both(fn), *made(code=i), *made(shape=[3, 2], code=i),
          at="run", id=name + "-sparse groups", says="Mismatched shapes [2] vs [3]")  # fmt: skip
    error("DenseToDenseSetOperation", fn, i(A), l(B), error="TypeError", id=name + "-types",
          says="Types don't match, <dtype: 'int32'> vs <dtype: 'int64'>.")  # fmt: skip
    error("DenseToDenseSetOperation", fn, t(A).of(code="f"), t(B).of(code="f"), error="TypeError",
          id=name + "-float", says="'a' invalid dtype <dtype: 'float32'>.")  # fmt: skip
case("DenseToDenseSetOperation", tf.sets.difference, i(A), i(B), aminusb=False)
case("DenseToSparseSetOperation", swapped(tf.sets.difference, aminusb=False), i(A), *made(code=i),
     id="b-a")  # fmt: skip

size = lambda n, v, sh: tf.sets.size(tf.SparseTensor(n, v, sh))
case("SetSize", size, l([[0, 0], [0, 1], [1, 0]]), t([3, 3, 2]), l([3, 2]),
     dtypes="i l i8 i16 u8 u16")  # fmt: skip
case("SetSize", size, l([[0, 0, 0], [0, 1, 0], [1, 0, 1]]), i(3), l([2, 3, 2]))
case("SetSize", size, l(np.zeros((0, 2))), i(0), l([3, 2]), id="none")
error("SetSize", tf.sets.size, i(A), error="TypeError", says="Expected `SparseTensor`, got Tensor(")
error("SetSize", size, l([[1, 0], [0, 0]]), i(2), l([3, 2]), at="run",
      says="indices[1] = [0,0] is out of order")  # fmt: skip
error("SetSize", size, l([[0], [1]]), i(2), l([3]), at="run", says="Invalid rank 1.")
