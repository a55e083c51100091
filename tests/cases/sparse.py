"""Rows of sparse tensors: dense forms, sums, products, reductions, places, rows, segments."""

from __future__ import annotations

import numpy as np
from _rows import b, c, case, error, f, i, l, s, t, tf

PLACES = [[0, 0], [0, 3], [1, 2]]
SHAPE = [3, 4]


def sp(fn, *more, **options):
    """A function of (indices, values, dense_shape, ...) that calls `fn` with a SparseTensor."""

    def call(indices, values, shape, *rest):
        return fn(tf.SparseTensor(indices, values, shape), *rest, *more, **options)

    call.__name__ = getattr(fn, "__name__", str(fn))
    return call


def two(fn, **options):
    """The same of two SparseTensors."""

    def call(a_indices, a_values, a_shape, b_indices, b_values, b_shape):
        a = tf.SparseTensor(a_indices, a_values, a_shape)
        return fn(a, tf.SparseTensor(b_indices, b_values, b_shape), **options)

    return call


def x(code=t, places=PLACES, shape=SHAPE, **options):
    """The three parts of a sparse tensor of random values."""
    return l(places), code(len(places), **options), l(shape)


EMPTY = (l(np.zeros((0, 2))), f(0), l(SHAPE))
UNSORTED = (l([[1, 2], [0, 0], [0, 3]]), f(3), l(SHAPE))
OUTSIDE = (l([[0, 0], [0, 9], [1, 2]]), f(3), l(SHAPE))

# --- the class ---
case("Const", lambda: tf.SparseTensor(PLACES, [1.0, 2.0, 3.0], SHAPE), id="constant")
case("Placeholder", lambda: [tf.sparse_placeholder(tf.float32, shape, name).dense_shape
     for shape, name in (([3, 4], None), ([3, 4], "named"))], id="placeholders")  # fmt: skip
case("Placeholder", lambda y: [y for shape in (None, [3, None])
     if tf.sparse_placeholder(tf.float32, shape).shape.ndims == shape], f(2),
     id="placeholders-unknown")  # fmt: skip
case("SparseDenseCwiseMul", sp(lambda x: x * 2), *x(f), id="times")
case("SparseDenseCwiseDiv", sp(lambda x: x / 2), *x(f), id="over")
case("SparseDenseCwiseDiv", sp(lambda x: x / 2), *x(i), id="over-int")
case("SparseDenseCwiseMul", sp(lambda x: tf.ones([4]) * x), *x(f), id="dense-times")
for map_values in (tf.abs, tf.negative, tf.sign, tf.square, tf.tanh, tf.erf):
    name = {"negative": "Neg"}.get(str(getattr(map_values, "__name__", map_values)))
    name = name or map_values.__name__.capitalize()
    case(name, sp(map_values), *x(f, positive=True), id="map-" + name)
error("SparseDenseCwiseMul", sp(lambda x: x + 2), *x(f), error="TypeError", id="plus",
      says="unsupported operand type(s) for +: 'SparseTensor' and 'int'")  # fmt: skip
error("MatMul", sp(lambda x: tf.matmul(x, tf.ones([4, 2]))), *x(f), error="TypeError",
      id="no-tensor", says="to Tensor. Contents: SparseTensor(indices=Tensor(")  # fmt: skip
error("Const", lambda: tf.SparseTensor([[0, 0]], [1.0, 2.0], [3, 4]), id="lengths",
      says="Dimensions 1 and 2 are not compatible")  # fmt: skip
error("Const", lambda: tf.SparseTensor([[0, 0]], [1.0], [3, 4, 5]), id="ranks",
      says="Dimensions 2 and 3 are not compatible")  # fmt: skip
error("Const", lambda: tf.SparseTensor([0, 0], [1.0], [3, 4]), id="no-matrix",
      says="Shape (2,) must have rank 2")  # fmt: skip

# --- SparseToDense ---
to_dense = tf.sparse.to_dense
case("SparseToDense", sp(to_dense), *x(), dtypes="f d i l u8 c b s")
case("SparseToDense", sp(to_dense, default_value=7), *x(t), dtypes="i u8")
case("SparseToDense", sp(to_dense), *EMPTY)
case("SparseToDense", sp(lambda y, z: to_dense(y, z)), *x(f), f([]).of(literal=2.5))
case("SparseToDense", sp(to_dense, validate_indices=False), *UNSORTED)
case("SparseToDense", tf.sparse_to_dense, i([[0, 1], [2, 3]]), i([3, 4]), t(2), dtypes="f i")
case("SparseToDense", tf.sparse_to_dense, i([1, 3]), i([5]), f(value=2.0), 1.0)
case("SparseToDense", tf.sparse_to_dense, i(value=2), i([5]), f(value=2.0), grad="of one place")
case("SparseToDense", tf.sparse_to_dense, [[0, 1]], [3, 4], f(1), f(value=0.5), id="static")
error("SparseToDense", sp(to_dense), *UNSORTED, at="run", says="indices[1] = [0,0] is out of order")
error("SparseToDense", sp(to_dense), *OUTSIDE, at="run",
      says="indices[1] = [0,9] is out of bounds: need 0 <= index < [3,4]")  # fmt: skip
error("SparseToDense", sp(to_dense), l([[0, 0], [0, 0]]), f(2), l(SHAPE), at="run",
      says="indices[1] = [0,0] is repeated")  # fmt: skip
error("SparseToDense", sp(to_dense, validate_indices=False), *OUTSIDE, at="run",
      says="Indices are not valid (out of bounds).  Shape: [3,4]")  # fmt: skip
error("SparseToDense", tf.sparse_to_dense, i([[0, 1]]), i([3]), f(1), at="run",
      says="output_shape has incorrect number of elements: 1 should be: 2")  # fmt: skip
error("SparseToDense", tf.sparse_to_dense, i([[0, 1]]), i([3, 4]), f(3), at="run",
      says="sparse_values has incorrect shape [3], should be [] or [1]")  # fmt: skip
error("SparseToDense", to_dense, 3, error="TypeError", says="Input must be a SparseTensor.")

# --- SparseTensorDenseMatMul ---
matmul = tf.sparse.matmul
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *x(), t(4, 2), dtypes="f d i")
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *x(), t(4, 2), dtypes="c z",
     grad="of complex numbers TensorFlow has none")  # fmt: skip
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z, adjoint_a=True)), *x(f), f(3, 2),
     id="adjoint_a")  # fmt: skip
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z, adjoint_b=True)), *x(f), f(2, 4),
     id="adjoint_b")  # fmt: skip
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z, True, True, "both")), *x(f), f(2, 3),
     id="both")  # fmt: skip
for first, second in ((True, False), (False, True), (True, True)):
    case("SparseTensorDenseMatMul", sp(lambda y, z, a=first, b=second: matmul(y, z, a, b)), *x(c),
         c(2 if second else 3 if first else 4, (3 if first else 4) if second else 2),
         grad="TensorFlow has none", id="complex-%d%d" % (first, second))  # fmt: skip
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *EMPTY, f(4, 2), id="empty")
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *x(f), f(4, 0), id="no columns")
case("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *UNSORTED, f(4, 2), id="unsorted")
case("SparseTensorDenseMatMul", lambda v, z: matmul(tf.SparseTensor(PLACES, v, SHAPE), z), f(3),
     f(4, 2), id="static")  # fmt: skip
error("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *x(f), f(4),
      says="Shape must be rank 2 but is rank 1")  # fmt: skip
error("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *x(f), f(5, 2), at="run",
      says="Cannot multiply A and B because inner dimension does not match: 4 vs. 5.")  # fmt: skip
error("SparseTensorDenseMatMul", sp(lambda y, z: matmul(y, z)), *OUTSIDE, f(4, 2), at="run",
      says="k (9) from index[1,1] out of bounds (>=4)")  # fmt: skip
error("SparseTensorDenseMatMul", lambda v, z: matmul(tf.SparseTensor(PLACES, v, SHAPE), z), f(3),
      f(5, 2), id="static-sizes", says="Dimensions must be equal, but are 4 and 5")  # fmt: skip

# --- SparseAdd, SparseTensorDenseAdd ---
OTHER = [[0, 0], [1, 1], [2, 3]]
add = tf.sparse.add
case("SparseAdd", two(add), *x(), *x(places=OTHER), dtypes="f d i l c")
case("SparseAdd", two(add, threshold=1.0), *x(f), *x(f, OTHER), numeric="it is cut off")
case("SparseAdd", two(add), *UNSORTED, *x(f, OTHER), id="unsorted")
case("SparseAdd", two(add), l([[0, 0], [0, 0]]), f(2), l(SHAPE), *x(f, OTHER), id="twice")
case("SparseAdd", two(add), *EMPTY, *x(f, OTHER), id="empty")
case("SparseAdd", two(add), *EMPTY, *EMPTY, id="both empty")
case("SparseAdd", two(add), l(PLACES), f([np.nan, np.inf, -0.0]), l(SHAPE), *x(f), id="nan",
     grad="of what is not finite")  # fmt: skip
case("SparseAdd", lambda v, w: add(tf.SparseTensor(PLACES, v, SHAPE),
     tf.SparseTensor(OTHER, w, SHAPE)), f(3), f(3), id="static")  # fmt: skip
case("SparseTensorDenseAdd", sp(add), *x(), t(3, 4), dtypes="f d h i u8 c")
case("SparseTensorDenseAdd", lambda y, *parts: add(y, tf.SparseTensor(*parts)), f(3, 4), *x(f),
     id="dense first")  # fmt: skip
case(
    "SparseTensorDenseAdd", sp(add), l([[0, 0], [0, 0]]), f(2), l(SHAPE), f(3, 4), id="dense twice"
)
error("SparseAdd", add, 1, 2, error="TypeError", says="At least one input should be SparseTensor")
error("SparseAdd", two(add), *x(f), *x(f, OTHER, [3, 5]), at="run",
      says="Operands' shapes do not match: got 4 and 5 for dimension 1")  # fmt: skip
error("SparseAdd", lambda v, w: add(tf.SparseTensor(PLACES, v, SHAPE),
      tf.SparseTensor(OTHER, w, [3, 5])), f(3), f(3), id="static-shapes",
      says="Shapes (3, 4) and (3, 5) are incompatible")  # fmt: skip
error("SparseTensorDenseAdd", sp(add), *x(f), f(3, 5), at="run",
      says="Dimension 1 does not equal (no broadcasting is supported): sparse side 4")  # fmt: skip
error("SparseTensorDenseAdd", sp(add), *OUTSIDE, f(3, 4), at="run",
      says="Sparse tensor has some invalid index on dimension 1; dense tensor shape")  # fmt: skip
case("SparseAddGrad", lambda v, w, p: tf.gradients(
     add(tf.SparseTensor(PLACES, v, SHAPE), tf.SparseTensor(OTHER, w, SHAPE)).values * p, [v, w]),
     f(3), f(3), f(5), nodes="gradients have other nodes", id="gradient")  # fmt: skip

# --- SparseDenseCwiseMul and others ---
case("SparseDenseCwiseMul", sp(lambda y, z: y * z), *x(), t(3, 4), dtypes="f d h i u8")
for shape in ((4,), (3, 1), (), (1, 1)):
    case("SparseDenseCwiseMul", sp(lambda y, z: y * z), *x(f), f(*shape), id="mul-%s" % (shape,))
    case("SparseDenseCwiseDiv", sp(lambda y, z: y / z), *x(f), f(*shape, positive=True),
         id="div-%s" % (shape,))  # fmt: skip
case("SparseDenseCwiseMul", lambda v, z: tf.SparseTensor(PLACES, v, SHAPE) * z, f(3), f(3, 1),
     id="static-mul")  # fmt: skip
case("SparseDenseCwiseDiv", lambda v, z: tf.SparseTensor(PLACES, v, SHAPE) / z, f(3),
     f(4, positive=True), id="static-div")  # fmt: skip
case("SparseDenseCwiseMul", sp(lambda y, z: y * z), *EMPTY, f(3, 4), id="mul-empty")
case("SparseDenseCwiseAdd", sp(lambda y: tf.gradients(tf.sparse.softmax(y).values, y.values)),
     *x(f), nodes="gradients have other nodes", grad="second order: TensorFlow has none",
     id="cwise-add")  # fmt: skip
error("SparseDenseCwiseMul", sp(lambda y, z: y * z), *x(f), f(3), at="run",
      says="SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: "
      "[3,4] vs. [3]")  # fmt: skip
error("SparseDenseCwiseDiv", sp(lambda y, z: y / z), *OUTSIDE, f(3, 4), at="run",
      says="Provided indices are out-of-bounds w.r.t. dense side with")  # fmt: skip
for op, fn in (("Maximum", tf.sparse.maximum), ("Minimum", tf.sparse.minimum)):
    none = {"grad": "TensorFlow has none"}
    case("SparseSparse" + op, two(fn), *x(), *x(places=OTHER), dtypes="f d h i u8", **none)
    case("SparseSparse" + op, two(fn), l(PLACES), f([np.nan, 1, -1]), l(SHAPE), l(PLACES),
         f([1, np.nan, -0.0]), l(SHAPE), **none)  # fmt: skip
    case("SparseSparse" + op, two(fn), *EMPTY, *x(f), **none)
    error("SparseSparse" + op, two(fn), *x(f), *x(f, OTHER, [3, 5]), at="run",
          says="Operands' shapes do not match: got 4 and 5 for dimension 1")  # fmt: skip

# --- SparseReduceSum and others ---
for op, fn, more in (
    ("SparseReduceSum", tf.sparse.reduce_sum, {}),
    ("SparseReduceMax", tf.sparse.reduce_max, {"grad": "TensorFlow has none"}),
    ("SparseReduceSumSparse", tf.sparse.reduce_sum_sparse, {"grad": "TensorFlow has none"}),
    ("SparseReduceMaxSparse", tf.sparse.reduce_max_sparse, {"grad": "TensorFlow has none"}),
):
    case(op, sp(fn), *x(), dtypes="f d h i u8", **more)
    for axis in (0, 1, -1, [0, 1], [], [1, -1]):
        case(op, sp(fn, axis=axis), *x(f), id="%s-%s" % (op, axis), **more)
        case(op, sp(fn, axis=axis, keepdims=True), *x(f), id="%s-%s-kept" % (op, axis), **more)
    case(op, sp(fn, reduction_axes=1, keep_dims=True), *x(f), id=op + "-aged", **more)
    case(op, sp(fn, 1), *EMPTY, id=op + "-empty", **more)
    case(op, sp(fn, 1), *UNSORTED, id=op + "-unsorted", **more)
    case(op, sp(fn, 1), l(PLACES), f([np.nan, 1, np.inf]), l(SHAPE), id=op + "-nan",
         grad="of what is not finite")  # fmt: skip
    case(op, lambda v, fn=fn: fn(tf.SparseTensor(PLACES, v, SHAPE), 1), f(3), id=op + "-static",
         **more)  # fmt: skip
    case(op, lambda v, fn=fn: fn(tf.SparseTensor(PLACES, v, SHAPE), keepdims=True), f(3),
         id=op + "-static-all", **more)  # fmt: skip
    error(op, sp(fn, 2), *x(f), at="run", id=op + "-axis",
          says="Invalid reduction dimension 2, for input with 2 dimensions.")  # fmt: skip

# --- SparseSoftmax ---
case("SparseSoftmax", sp(tf.sparse.softmax), *x(), dtypes="f d",
     numeric="of second order TensorFlow has none")  # fmt: skip
case("SparseSoftmax", sp(tf.sparse.softmax), l([[0, 0, 1], [0, 0, 2], [1, 1, 0]]), f(3),
     l([2, 2, 3]), numeric="of second order TensorFlow has none")  # fmt: skip
case("SparseSoftmax", sp(tf.sparse.softmax), *UNSORTED, grad="TensorFlow mixes up the places",
     id="softmax-unsorted")  # fmt: skip
case("SparseSoftmax", sp(tf.sparse.softmax), *EMPTY, grad="there is nothing", id="softmax-empty")
case("SparseSoftmax", sp(tf.sparse.softmax), l(PLACES), f([1e4, -1e4, np.nan]), l(SHAPE),
     grad="of what is not finite", id="softmax-nan")  # fmt: skip
error("SparseSoftmax", sp(tf.sparse.softmax), l([[0], [1]]), f(2), l([3]), at="run",
      says="Input should have rank >= 2, but received shape: 3")  # fmt: skip

# --- SparseReorder, SparseReshape, and what is made of them ---
case("SparseReorder", sp(tf.sparse.reorder), *x(), dtypes="f d i c b s")
case("SparseReorder", sp(tf.sparse.reorder), *UNSORTED, id="unsorted-reorder")
case("SparseReorder", sp(tf.sparse.reorder), *EMPTY, id="reorder-empty")
case("SparseReorder", lambda v: tf.sparse.reorder(tf.SparseTensor(PLACES, v, SHAPE)), f(3),
     id="reorder-static")  # fmt: skip
error(
    "SparseReorder", tf.sparse.reorder, 3, error="TypeError", says="Input must be a SparseTensor."
)
reshape = tf.sparse.reshape
case("SparseReshape", sp(reshape, [2, -1]), *x(), dtypes="f i s")
case("SparseReshape", sp(reshape, [4, 3], name="named"), *x(f))
case("SparseReshape", sp(lambda y, n: reshape(y, n)), *x(f), l([2, 2, 3]), id="reshape-fed")
case("SparseReshape", sp(reshape, [-1]), *EMPTY)
for sizes in ([2, -1], [12], [2, 2, 3]):
    case("SparseReshape", lambda v, n=sizes: reshape(tf.SparseTensor(PLACES, v, SHAPE), n), f(3),
         id="reshape-static-%d" % len(sizes))  # fmt: skip
error("SparseReshape", sp(reshape, [5, -1]), *x(f), at="run",
      says="Input to reshape is a SparseTensor with 12 dense values, but the requested shape "
      "requires a multiple of 5. input_shape=[3,4] output_shape=[5,1]")  # fmt: skip
error("SparseReshape", sp(reshape, [5, 2]), *x(f), at="run",
      says="Input to reshape is a tensor with 12 dense values, but the requested")  # fmt: skip
error("SparseReshape", sp(reshape, [-1, -1]), *x(f), at="run",
      says="only one output dimension may be -1, not both 0 and 1")  # fmt: skip
error("SparseReshape", lambda v: reshape(tf.SparseTensor(PLACES, v, SHAPE), [5, 2]), f(3),
      says="Cannot reshape a tensor with 12 elements to shape [5, 2] (10 elements).")  # fmt: skip
case("SparseReorder", sp(tf.sparse.transpose), *x(), dtypes="f i s", id="transpose",
     static="the number of axes is known")  # fmt: skip
case("SparseReorder", sp(tf.sparse.transpose, [1, 0]), *x(f), id="transpose-perm")
case("SparseReorder", lambda v: tf.sparse.transpose(tf.SparseTensor(PLACES, v, SHAPE)), f(3),
     id="transpose-static")  # fmt: skip
case("SparseReorder", lambda v: tf.sparse.transpose(tf.SparseTensor(PLACES, v, SHAPE), [0, 1]),
     f(3), id="transpose-static-perm")  # fmt: skip
for axis in (None, 0, 1, 2, -1, -3):
    case("ConcatV2", sp(tf.sparse.expand_dims, axis), *x(f), id="expand_dims-%s" % axis)
error("ConcatV2", sp(tf.sparse.expand_dims, "x"), *x(f), error="TypeError",
      says="axis must be an integer value in range [-rank(sp_input) - 1,")  # fmt: skip
case("Identity", sp(tf.sparse.reset_shape), *x(f), id="reset_shape")
case("Identity", lambda v: tf.sparse.reset_shape(tf.SparseTensor(PLACES, v, SHAPE), [3, 5]), f(3),
     id="reset_shape-static")  # fmt: skip
error("Identity", lambda v: tf.sparse.reset_shape(tf.SparseTensor(PLACES, v, SHAPE), [3, 3]), f(3),
      says="Requested new_shape should have dimension sizes >= sp_input.shape.")  # fmt: skip
error("Identity", sp(tf.sparse.reset_shape, [3, 3]), *x(f), at="run",
      says="assertion failed")  # fmt: skip

# --- SparseConcat, SparseSplit, SparseSlice ---
concat = tf.sparse.concat
joined = lambda axis, **k: two(lambda y, z: concat(axis, [y, z], **k))
for axis in (0, 1, -1):
    case("SparseConcat", joined(axis), *x(), *x(places=OTHER), dtypes="f i s", id="concat%d" % axis)
case("SparseConcat", joined(1, name="named"), *x(f), *x(f, OTHER, [3, 5]))
case("SparseConcat", joined(0, expand_nonconcat_dim=True), *x(f), *x(f, OTHER, [3, 5]))
case("SparseConcat", joined(-1, expand_nonconcat_dim=True), *x(f), *x(f, OTHER, [5, 4]))
error("SparseConcat", joined(-1, expand_nonconcat_dims=True), *x(f), *x(f, OTHER, [5, 4]),
      says="Cannot specify both 'expand_nonconcat_dim' and 'expand_nonconcat_dims'")  # fmt: skip
case("SparseConcat", joined(1), *UNSORTED, *EMPTY)
case("SparseConcat", lambda v: concat(1, [tf.SparseTensor(PLACES, v, SHAPE)] * 2), f(3),
     id="concat-static")  # fmt: skip
case("SparseConcat", lambda v: concat(1, [tf.SparseTensor(PLACES, v, SHAPE)] * 2,
     expand_nonconcat_dim=True), f(3), id="concat-static-expand")  # fmt: skip
error("SparseConcat", joined(1), *x(f), *x(f, OTHER, [5, 4]), at="run",
      says="Input shapes must match: expected 3 for dimension 0 but got 5 at")  # fmt: skip
error("SparseConcat", joined(2), *x(f), *x(f), at="run",
      says="Concat dimension must be in range [-2, 2), got 2")  # fmt: skip
error("SparseConcat", concat, 0, 3, error="TypeError", says="Inputs must be a list or tuple.")
split = tf.sparse.split
none = {"grad": "TensorFlow has none"}
cut = lambda n, axis: sp(lambda y: split(sp_input=y, num_split=n, axis=axis))
for n, axis in ((2, 1), (3, 1), (3, 0), (1, 0)):
    case("SparseSplit", cut(n, axis), *x(), dtypes="f i s", id="split-%d-%d" % (n, axis), **none)
case("SparseSplit", cut(2, 1), *EMPTY, id="split-empty", **none)
error("SparseSplit", cut(5, 1), *x(f), at="run", says="Input num_split should be between 1 and the")
error("SparseSplit", cut(2, 2), *x(f), at="run",
      says="Input split_dim should be between 0 and rank (2), got 2")  # fmt: skip
error("SparseSplit", split, 3, says="Keyword arguments are required for this function.")
error("SparseSplit", split, sp_input=3, num_split=2, says="axis is required")
cut_out = tf.sparse.slice
case("SparseSlice", sp(cut_out, [0, 1], [2, 2]), *x(), dtypes="f i s")
case("SparseSlice", sp(cut_out, [0, 1], [9, 9], name="named"), *x(f))
case("SparseSlice", sp(lambda y, at, n: cut_out(y, at, n)), *x(f), l([1, 0]), l([1, 4]))
case("SparseSlice", sp(cut_out, [0, 1], [0, 2]), *x(f))
case("SparseSliceGrad", sp(lambda y, p: tf.gradients(cut_out(y, [0, 1], [2, 3]).values * p,
     y.values)), *x(f), f(2), nodes="gradients have other nodes", grad="of second order none",
     id="slice-gradient")  # fmt: skip
error("SparseSlice", sp(cut_out, [0], [2]), *x(f), at="run",
      says="Expected start to be a vector of length 2 but got length 1")  # fmt: skip

# --- rows ---
fill = tf.sparse.fill_empty_rows
case("SparseFillEmptyRows", sp(fill, 5), *x(), dtypes="i l")
case("SparseFillEmptyRows", sp(fill, 5.0), *x(f))
case("SparseFillEmptyRows", sp(lambda y, z: fill(y, z)), *x(t), t(value=2.0), dtypes="f d")
case("SparseFillEmptyRows", sp(fill, "no"), *x(s))
case("SparseFillEmptyRows", sp(fill, 5.0), *UNSORTED)
case("SparseFillEmptyRows", sp(fill, 5.0), *EMPTY)
case("SparseFillEmptyRows", lambda v: fill(tf.SparseTensor(PLACES, v, SHAPE), 5.0), f(3),
     id="fill-static")  # fmt: skip
case("SparseFillEmptyRows", sp(fill, 5.0), l(np.zeros((0, 2))), f(0), l([0, 4]), id="no-rows")
error("SparseFillEmptyRows", sp(fill, 5.0), l([[0, 0], [4, 1]]), f(2), l(SHAPE), at="run",
      says="indices(1, 0) is invalid: 4 >= 3")  # fmt: skip
error("SparseFillEmptyRows", sp(fill, 5.0), l([[0, 0]]), f(1), l([0, 4]), at="run",
      says="Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = 1")  # fmt: skip
case("SparseFillEmptyRowsGrad", sp(lambda y, z, p: tf.gradients(fill(y, z)[0].values * p,
     [y.values, z])), *x(f), f(value=2.0), f(4), nodes="gradients have other nodes",
     id="fill-gradient")  # fmt: skip
retain = tf.sparse.retain
case("Identity", sp(lambda y, z: retain(y, z)), *x(), b([True, False, True]), dtypes="f i s",
     id="retain")  # fmt: skip
case("Identity", sp(retain, [False, True, False]), *x(f), id="retain-static")
error("Identity", sp(retain, [True, False]), *x(f), says="Dimensions 3 and 2 are not compatible")
case("ListDiff", lambda v, n, m: tf.sparse.mask(tf.IndexedSlices(v, n, [9, 2]), m), f(3, 2),
     i([1, 4, 6]), i([4, 8]), id="mask")  # fmt: skip
case("GatherNd", tf.sparse.from_dense, f([[0, 1.5], [-2, 0], [np.nan, -0.0]]),
     numeric="a zero that moves is a new value")  # fmt: skip
case("GatherNd", tf.sparse.from_dense, i([[0, 1], [2, 0]]), name="named")
case("Range", tf.sparse.eye, 3)
case("Range", tf.sparse.eye, 3, 2, dtype=tf.int32, name="named")
case("Range", tf.sparse.eye, i(value=2), l(value=4))
error("Range", tf.sparse.eye, 2.5, error="TypeError", says="num_rows must be an integer value")
IDS = (l([[0, 0], [0, 1], [1, 0]]), l([5, 2, 3]), l([3, 2]))
merged = two(lambda y, z: tf.sparse.merge(y, z, 7))
case("SparseReorder", merged, *IDS, l([[0, 0], [0, 1], [1, 0]]), f(3), l([3, 2]), id="merge")
case("ConcatV2", two(lambda y, z: tf.sparse.merge(y, z, 7, "named", already_sorted=True)), *IDS,
     l([[0, 0], [0, 1], [1, 0]]), f(3), l([3, 2]), id="merge-sorted")  # fmt: skip
case("SparseReorder", two(lambda y, z: tf.sparse.merge([y, y], z, [7, 8])), *IDS,
     l([[0, 0], [0, 1], [1, 0]]), f(3), l([3, 2]), id="merge-list")  # fmt: skip
error("ConcatV2", sp(lambda y: tf.sparse.merge(y, y, [7])), *IDS, error="TypeError",
      says="vocab_size has to be a Tensor or Python int. Found <class 'list'>")  # fmt: skip
error("ConcatV2", sp(lambda y: tf.sparse.merge([y], y, [7, 8])), *IDS,
      says="sp_ids and vocab_size have to have equal lengths.")  # fmt: skip
case("SparseToDense", sp(tf.sparse.to_indicator, 7), *IDS, id="indicator")
case("SparseToDense", sp(tf.sparse.to_indicator, 7, "named"), IDS[0], i([5, 2, 3]), IDS[2],
     id="indicator-int")  # fmt: skip

# --- SparseSegmentSum and others ---
for op, fn in (
    ("SparseSegmentSum", tf.sparse.segment_sum),
    ("SparseSegmentMean", tf.sparse.segment_mean),
    ("SparseSegmentSqrtN", tf.sparse.segment_sqrt_n),
):
    codes = "f d h i l u8" if op == "SparseSegmentSum" else "f d"
    case(op, fn, t(4, 2), i([0, 3, 1, 3]), i([0, 0, 2, 2]), dtypes=codes)
    case(op, fn, f(4), i([0, 3]), i([1, 1]))
    garbage = {"grad": "TensorFlow's gradient of no rows is memory that nobody wrote"}
    case(op, fn, f(4, 2), i(0), i(0), **garbage)
    given = lambda data, at, ids, n, fn=fn: fn(data, at, ids, num_segments=n)
    case(op + "WithNumSegments", given, f(4, 2), i([0, 3, 1]), i([0, 0, 2]), 5)
    case(op + "WithNumSegments", given, f(4, 2), i([0, 3, 1]), i([0, 0, 2]), i(value=4))
    case(op + "WithNumSegments", given, f(4, 2), i(0), i(0), 2, **garbage)
    error(op, fn, f(4, 2), i([0, 1]), i([1, 0]), at="run", says="segment ids are not increasing")
    error(op, fn, f(4, 2), i([0, 4]), i([0, 0]), at="run",
          says="Bad: indices[1] == 4 out of range [0, 4)")  # fmt: skip
    error(op, fn, f(4, 2), i([0, 1]), i([0]),
          says="Dimension 0 in both shapes must be equal, but are 2 and 1.")  # fmt: skip
    error(op + "WithNumSegments", given, f(4, 2), i([0, 1]), i([0, 3]), 2, at="run",
          says="segment ids must be < num_segments")  # fmt: skip
    error(op + "WithNumSegments", given, f(4, 2), i([0, 1]), i([0, 3]), -2,
          says="Cannot specify a negative value for num_segments")  # fmt: skip
    if op != "SparseSegmentSum":
        case(op + "Grad", lambda y, n, p, fn=fn: tf.gradients(fn(y, n, [0, 0, 2]) * p, y), f(4, 2),
             i([0, 3, 3]), f(3, 2), nodes="gradients have other nodes",
             grad="of second order TensorFlow has none", id=op + "-gradient")  # fmt: skip

# --- embeddings of sparse ids ---
lookup = tf.nn.embedding_lookup_sparse
ROWS = (l([[0, 0], [0, 1], [2, 0], [3, 1]]), l([3, 1, 0, 1]), l([4, 2]))
FULL = (l([[0, 0], [0, 1], [1, 0], [2, 1]]), l([3, 1, 0, 1]), l([3, 2]))
warned = {"grad": "it warns of rows whose number is not known; tests/core has it"}
for combiner in ("sum", "mean", "sqrtn"):
    case("Unique", lambda table, n, v, sh, c=combiner: lookup(
         table, tf.SparseTensor(n, v, sh), None, combiner=c), f(4, 3), *ROWS,
         id="lookup-" + combiner)  # fmt: skip
    case("Unique", lambda table, n, v, sh, w, c=combiner: lookup(
         table, tf.SparseTensor(n, v, sh), tf.SparseTensor(n, w, sh), combiner=c), f(4, 3), *FULL,
         f(4, positive=True), id="lookup-weights-" + combiner, **warned)  # fmt: skip
    case("Unique", lambda one, other, n, v, sh, c=combiner: lookup(
         [one, other], tf.SparseTensor(n, v, sh), None, "div", "named", c, 1.5), f(2, 3), f(2, 3),
         *ROWS, id="lookup-parts-" + combiner, **warned)  # fmt: skip
    for default in (None, 2):
        case("SparseFillEmptyRows", lambda table, n, v, sh, c=combiner, k=default:
             tf.nn.safe_embedding_lookup_sparse([table], tf.SparseTensor(n, v, sh), combiner=c,
             default_id=k), f(4, 3), *ROWS, id="safe-%s-%s" % (combiner, default))  # fmt: skip
        case("SparseFillEmptyRows", lambda table, n, v, sh, w, c=combiner, k=default:
             tf.nn.safe_embedding_lookup_sparse([table], tf.SparseTensor(n, v, sh),
             tf.SparseTensor(n, w, sh), c, k), f(4, 3), ROWS[0], l([3, -1, 0, 1]), ROWS[2],
             f([0.5, 2, 1.5, 3]), id="safe-w-%s-%s" % (combiner, default), **warned)  # fmt: skip
case("Unique", lambda table, n, v, sh: lookup(table, tf.SparseTensor(n, v, sh), None,
     combiner="sum"), f(4, 3).of(code="h"), *ROWS, id="lookup-half")  # fmt: skip
error("Unique", lambda table: lookup(table, 3, None, combiner="sum"), f(4, 3), error="TypeError",
      says="sp_ids must be SparseTensor")  # fmt: skip
error("Unique", lambda table: lookup(table, 3, None, combiner="most"), f(4, 3),
      says="combiner must be one of 'mean', 'sqrtn' or 'sum'")  # fmt: skip


# --- SparseCross ---
FIRST = (l([[0, 0], [0, 1], [2, 0]]), l([3, 2]))
SECOND = (l([[0, 0], [1, 0], [2, 0], [2, 1]]), l([3, 2]))
LONG = "a text of more than thirty-two bytes, which are hashed in another way"


def crossed(fn, **options):
    """A function of two sparse columns, and any dense ones, that calls `fn` with a list of them."""

    def call(a, x, n, b, y, m, *dense):
        return fn([tf.SparseTensor(a, x, n), tf.SparseTensor(b, y, m), *dense], **options)

    return call


for name, fn in (
    ("cross", tf.sparse.cross),
    ("hashed", tf.sparse.cross_hashed),
    ("buckets", lambda x: tf.sparse.cross_hashed(x, num_buckets=100, hash_key=7, name="named")),
):
    make = crossed(fn)
    case("SparseCross", make, FIRST[0], l([1, -5, 3]), FIRST[1], SECOND[0], l([7, 8, 9, 10]),
         SECOND[1], id=name + "-ints")  # fmt: skip
    case("SparseCross", make, FIRST[0], s(["a", "", "abc"]), FIRST[1], SECOND[0],
         s(["x", LONG, LONG + LONG, "eight by"]), SECOND[1], id=name + "-words")  # fmt: skip
    case("SparseCross", make, FIRST[0], s(["a", "", "abc"]), FIRST[1], SECOND[0],
         i([7, 8, 9, 10]), SECOND[1], l(3, 2), s(3, 1), id=name + "-mixed")  # fmt: skip
    case("SparseCross", lambda *dense, fn=fn: fn(list(dense)), l(3, 2), s(3, 2), id=name + "-dense")
error("SparseCross", tf.sparse.cross, 3, error="TypeError", says="Inputs must be a list")
error(
    "SparseCross", tf.sparse.cross, [3], error="TypeError", says="All inputs must be SparseTensors"
)
error("SparseCross", crossed(tf.sparse.cross), FIRST[0], l(3), FIRST[1], SECOND[0], l(4), l([4, 2]),
      at="run", says="Expected batch size 3 got 4 at position 1")  # fmt: skip

# --- SerializeSparse and others ---
serialize, serialize_many = tf.io.serialize_sparse, tf.io.serialize_many_sparse
case("SerializeSparse", sp(serialize), *x(), grad="bytes", dtypes="f d h i b c s u8")
case("SerializeSparse", sp(serialize, name="named"), *EMPTY, grad="bytes")
case("SerializeManySparse", sp(serialize_many), *x(), grad="bytes", dtypes="f i b s")
case("SerializeManySparse", sp(serialize_many), *EMPTY, grad="bytes")
again = lambda y: tf.io.deserialize_many_sparse(serialize_many(y), y.dtype, rank=2)
case("DeserializeManySparse", sp(again), *x(), grad="bytes", dtypes="f d h i b c s u8")
case("DeserializeManySparse", two(lambda y, z: tf.io.deserialize_many_sparse(
     tf.stack([serialize(y), serialize(z)]), y.dtype)), *x(f), *x(f, OTHER, [9, 4]),
     grad="bytes", id="deserialize-two")  # fmt: skip
error("SerializeManySparse", sp(serialize_many), l([[0], [1]]), f(2), l([3]), at="run",
      says="Rank of input SparseTensor should be > 1, but saw rank: 1")  # fmt: skip
error("DeserializeManySparse", sp(lambda y: tf.io.deserialize_many_sparse(serialize_many(y),
      tf.int32)), *x(f), at="run", says="Requested SparseTensor of type int32 but")  # fmt: skip
error("DeserializeManySparse", lambda y: tf.io.deserialize_many_sparse(y, tf.float32), s(2, 2),
      says="Dimension must be 3 but is 2")  # fmt: skip
raw = tf.raw_ops
case("DeserializeSparse", sp(lambda y: raw.DeserializeSparse(serialized_sparse=serialize(y),
     dtype=y.dtype)), *x(), grad="bytes", dtypes="f s")  # fmt: skip
case("DeserializeSparse", sp(lambda y: raw.DeserializeSparse(serialized_sparse=tf.stack(
     [[serialize(y, out_type=tf.variant)] * 2] * 3), dtype=y.dtype)), *x(), grad="bytes",
     dtypes="f s")  # fmt: skip
