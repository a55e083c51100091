"""Bad sparse tensors, segments and signals.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

SPARSE: list[Case] = [
    fails(
        501,
        "SparseTensor of indices of rank 1",
        "tf.SparseTensor([0, 1], [1.0, 2.0], [3])",
        says="Shape (2,) must have rank 2",
    ),
    fails(
        502,
        "SparseTensor with other values",
        "tf.SparseTensor([[0, 0], [1, 1]], [1.0], [2, 2])",
        says="Dimensions 2 and 1 are not compatible",
    ),
    fails(
        503,
        "SparseTensor with another rank of shape",
        "tf.SparseTensor([[0, 0], [1, 1]], [1.0, 2.0], [2, 2, 2])",
        says="Dimensions 2 and 3 are not compatible",
    ),
    fails(
        504,
        "SparseTensor of float indices",
        "tf.SparseTensor([[0.5]], [1.0], [2])",
        says="Expected int64, got 0.5 of type 'float' instead.",
    ),
    fails(
        505,
        "sparse_tensor_to_dense out of order",
        """
y = tf.sparse_tensor_to_dense(tf.SparseTensor([[1], [0]], [1.0, 2.0], [3]))
with tf.Session() as s:
    s.run(y)
""",
        says="indices[1] = [0] is out of order. Many sparse ops require sorted indices.",
        names_line=True,
    ),
    fails(
        506,
        "sparse_tensor_to_dense out of bounds",
        """
y = tf.sparse_tensor_to_dense(tf.SparseTensor([[5]], [1.0], [3]))
with tf.Session() as s:
    s.run(y)
""",
        says="indices[0] = [5] is out of bounds: need 0 <= index < [3]",
        names_line=True,
    ),
    fails(
        507,
        "sparse_tensor_to_dense twice the same place",
        """
y = tf.sparse_tensor_to_dense(tf.SparseTensor([[1], [1]], [1.0, 2.0], [3]))
with tf.Session() as s:
    s.run(y)
""",
        says="indices[1] = [1] is repeated",
        names_line=True,
    ),
    fails(
        508,
        "sparse_tensor_to_dense of a dense tensor",
        "tf.sparse_tensor_to_dense(tf.zeros([3]))",
        says="Input must be a SparseTensor.",
    ),
    fails(
        509,
        "sparse_to_dense with other values",
        """
y = tf.sparse_to_dense([0, 1], [3], [1.0, 2.0, 3.0])
with tf.Session() as s:
    s.run(y)
""",
        says="sparse_values has incorrect shape [3], should be [] or [2]",
        names_line=True,
    ),
    fails(
        510,
        "sparse_to_dense out of bounds",
        """
y = tf.sparse_to_dense([7], [3], 1.0)
with tf.Session() as s:
    s.run(y)
""",
        says="indices[0] = [7] is out of bounds: need 0 <= index < [3]",
        names_line=True,
    ),
    fails(
        511,
        "sparse matmul with other sizes",
        """
one = tf.SparseTensor([[0, 0]], [1.0], [2, 3])
tf.sparse_tensor_dense_matmul(one, tf.zeros([4, 2]))
""",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        512,
        "sparse matmul with other sizes at run time",
        """
shape = tf.placeholder_with_default(tf.constant([2, 3], tf.int64), [2])
one = tf.SparseTensor([[0, 0]], [1.0], shape)
y = tf.sparse_tensor_dense_matmul(one, tf.zeros([4, 2]))
with tf.Session() as s:
    s.run(y)
""",
        says="Cannot multiply A and B because inner dimension does not match: 3 vs. 4.  Did "
        "you forget a transpose?  Dimensions of A: [2, 3).  Dimensions of B: [4,2]",
        names_line=True,
    ),
    fails(
        513,
        "sparse matmul of another dtype",
        """
one = tf.SparseTensor([[0, 0]], [1.0], [2, 3])
tf.sparse_tensor_dense_matmul(one, tf.zeros([3, 2], tf.float64))
""",
        says="Input 'b' of 'SparseTensorDenseMatMul' Op has type float64 that does not "
        "match type float32 of argument 'a_values'.",
        names_line=True,
    ),
    fails(
        514,
        "sparse matmul of an index outside",
        """
one = tf.SparseTensor([[0, 9]], [1.0], [2, 3])
y = tf.sparse_tensor_dense_matmul(one, tf.zeros([3, 2]))
with tf.Session() as s:
    s.run(y)
""",
        says="k (9) from index[0,1] out of bounds (>=3)",
        names_line=True,
    ),
    fails(
        516,
        "sparse_concat of other ranks",
        """
one = [tf.SparseTensor([[0]], [1.0], [2]), tf.SparseTensor([[0, 0]], [1.0], [2, 2])]
tf.sparse_concat(0, one)
""",
        says="Dimensions must be equal, but are 1 and 2",
        names_line=True,
    ),
    fails(
        517,
        "sparse_concat of dense tensors",
        "tf.sparse_concat(0, [tf.zeros([2]), tf.zeros([2])])",
        says="Input must be a SparseTensor.",
    ),
    fails(
        518,
        "sparse_reshape to another size",
        """
y = tf.sparse_reshape(tf.SparseTensor([[0]], [1.0], [6]), [4])
with tf.Session() as s:
    s.run(y)
""",
        says="Cannot reshape a tensor with 6 elements to shape [4] (4 elements).",
    ),
    fails(
        519,
        "sparse_reshape with two unknown sizes",
        """
y = tf.sparse_reshape(tf.SparseTensor([[0]], [1.0], [6]), [-1, -1])
with tf.Session() as s:
    s.run(y)
""",
        says="At most one dimension can be inferred (-1). Found: [-1 -1]",
    ),
    fails(
        520,
        "sparse_add of other shapes",
        """
one = tf.SparseTensor([[0]], [1.0], [2])
y = tf.sparse_add(one, tf.SparseTensor([[0]], [1.0], [3]))
with tf.Session() as s:
    s.run(y)
""",
        says="Shapes (2,) and (3,) are incompatible",
    ),
    fails(
        521,
        "sparse_add of two dense tensors",
        "tf.sparse_add(tf.zeros([2]), tf.zeros([2]))",
        says="At least one input should be SparseTensor; do you mean to use tf.add()?",
    ),
    fails(
        522,
        "sparse_retain with another number",
        "tf.sparse_retain(tf.SparseTensor([[0]], [1.0], [2]), [True, False])",
        says="Dimensions 1 and 2 are not compatible",
    ),
    fails(
        523,
        "sparse_slice with another rank",
        """
y = tf.sparse_slice(tf.SparseTensor([[0]], [1.0], [2]), [0, 0], [1, 1])
with tf.Session() as s:
    s.run(y)
""",
        says="Expected start to be a vector of length 1 but got length 2",
        names_line=True,
    ),
    fails(
        524,
        "sparse_split into other parts",
        "tf.sparse_split(sp_input=tf.SparseTensor([[0]], [1.0], [2]), num_split=0, axis=0)",
        says="Attr 'num_split' of 'SparseSplit' Op passed 0 less than minimum 1.",
        names_line=True,
    ),
    fails(
        525,
        "sparse_reduce_sum over an axis that is not there",
        """
y = tf.sparse_reduce_sum(tf.SparseTensor([[0]], [1.0], [2]), 3)
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid reduction dimension 3, for input with 1 dimensions.",
        names_line=True,
    ),
    fails(
        526,
        "sparse_softmax of rank 1",
        """
y = tf.sparse_softmax(tf.SparseTensor([[0]], [1.0], [2]))
with tf.Session() as s:
    s.run(y)
""",
        says="Input should have rank >= 2, but received shape: 2",
        names_line=True,
    ),
    fails(
        527,
        "sparse_fill_empty_rows with a default of text",
        'tf.sparse_fill_empty_rows(tf.SparseTensor([[0, 0]], [1.0], [2, 2]), "a")',
        says="Expected float32, got 'a' of type 'str' instead.",
    ),
    fails(
        528,
        "sparse_placeholder fed with a dense array",
        """
x = tf.sparse_placeholder(tf.float32)
y = tf.sparse_reduce_sum(x)
s = tf.Session()
s.run(y, {x: np.zeros([2, 2])})
""",
        says="Cannot feed value of shape (2,) for Tensor 'Placeholder_2:0', which has shape "
        "'(?, ?)'",
    ),
    fails(
        530,
        "embedding_lookup_sparse with dense ids",
        "tf.nn.embedding_lookup_sparse(tf.zeros([3, 2]), tf.constant([1]), None)",
        says="sp_ids must be SparseTensor",
    ),
    fails(
        531,
        "embedding_lookup_sparse with an unknown combiner",
        """
one = tf.SparseTensor([[0, 0]], [1], [1, 1])
tf.nn.embedding_lookup_sparse(tf.zeros([3, 2]), one, None, combiner="max")
""",
        says="combiner must be one of 'mean', 'sqrtn' or 'sum'",
    ),
    fails(
        532,
        "safe int ids out of range in embedding_lookup_sparse",
        """
one = tf.SparseTensor([[0, 0]], tf.constant([7], tf.int64), [1, 1])
y = tf.nn.embedding_lookup_sparse(tf.zeros([3, 2]), one, None)
with tf.Session() as s:
    s.run(y)
""",
        says="indices[0] = 7 is not in [0, 3)",
        names_line=True,
    ),
    fails(
        533,
        "sparse feed of three parts of which one is wrong",
        """
x = tf.sparse_placeholder(tf.float32)
y = tf.sparse_tensor_to_dense(x)
s = tf.Session()
s.run(y, {x: ([[0, 0]], [1.0], [2])})
""",
        says="output_shape has incorrect number of elements: 1 should be: 2",
        names_line=True,
    ),
    fails(
        534,
        "segment_sum of unsorted ids",
        """
y = tf.segment_sum(tf.zeros([3]), [0, 2, 1])
with tf.Session() as s:
    s.run(y)
""",
        says="segment ids are not increasing",
        names_line=True,
    ),
    fails(
        536,
        "segment_sum of float ids",
        "tf.segment_sum(tf.zeros([2]), [0.0, 1.0])",
        says="Value passed to parameter 'segment_ids' has DataType float32 not in list of "
        "allowed values: int32, int64",
        names_line=True,
    ),
    fails(
        537,
        "unsorted_segment_sum out of range",
        """
y = tf.unsorted_segment_sum(tf.zeros([3]), [0, 5, 1], 3)
with tf.Session() as s:
    s.run(y)
""",
        says="segment_ids[1] = 5 is out of range [0, 3)",
        names_line=True,
    ),
    fails(
        538,
        "fft of floats",
        "tf.fft(tf.zeros([4]))",
        says="Value passed to parameter 'input' has DataType float32 not in list of allowed "
        "values: complex64, complex128",
        names_line=True,
    ),
    fails(
        539,
        "rfft of complex numbers",
        "tf.spectral.rfft(tf.zeros([4], tf.complex64))",
        says="Tensor conversion requested dtype float32 for Tensor with dtype complex64:",
    ),
    fails(
        540,
        "fft2d of a vector",
        "tf.fft2d(tf.zeros([4], tf.complex64))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        541,
        "rfft with a length of two numbers",
        "tf.spectral.rfft(tf.zeros([4]), [2, 2])",
        says="Dimension must be 1 but is 2",
        names_line=True,
    ),
    fails(
        542,
        "rfft of more than there is",
        """
y = tf.spectral.rfft(tf.placeholder_with_default(tf.zeros([4]), None), [-2])
with tf.Session() as s:
    s.run(y)
""",
        says="Input dimension 0 must have length of at least 18446744073709551614 but got: 4",
        names_line=True,
    ),
    fails(
        543,
        "stft of a scalar",
        "tf.signal.stft(tf.constant(1.0), 4, 2)",
        says="Shape () must have rank at least 1",
    ),
    fails(
        545,
        "frame along an axis that is not there",
        "tf.signal.frame(tf.zeros([8]), 4, 2, axis=3)",
        says="index out of range",
    ),
    fails(
        546,
        "dct of type 7",
        "tf.spectral.dct(tf.zeros([4]), type=7)",
        says="Only Types I, II and III (I)DCT are supported.",
    ),
    fails(
        547,
        "dct of ints",
        "tf.spectral.dct(tf.zeros([4], tf.int32))",
        says="Tensor conversion requested dtype float32 for Tensor with dtype int32:",
    ),
    fails(
        548,
        "overlap_and_add of a vector",
        "tf.signal.overlap_and_add(tf.zeros([4]), 2)",
        says="Shape (4,) must have rank at least 2",
    ),
    fails(
        549,
        "linear_to_mel_weight_matrix with bounds in the wrong order",
        """
tf.signal.linear_to_mel_weight_matrix(lower_edge_hertz=4000.0, upper_edge_hertz=100.0)
""",
        says="lower_edge_hertz 4000.0 >= upper_edge_hertz 100.0",
    ),
    fails(
        550,
        "mfccs of a scalar",
        "tf.signal.mfccs_from_log_mel_spectrograms(tf.constant(1.0))",
        says="slice index -1 of dimension 0 out of bounds.",
        names_line=True,
    ),
]
