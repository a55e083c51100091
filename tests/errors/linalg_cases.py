"""Bad matrices, random numbers and samplers, quantized values.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

LINALG: list[Case] = [
    fails(
        601,
        "cholesky of a matrix that is not square",
        "tf.cholesky(tf.zeros([2, 3]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        602,
        "matrix_inverse of rank 1",
        "tf.matrix_inverse(tf.zeros([3]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        603,
        "matrix_inverse of ints",
        "tf.matrix_inverse(tf.zeros([2, 2], tf.int32))",
        says="Value passed to parameter 'input' has DataType int32 not in list of allowed "
        "values: float64, float32, float16, complex64, complex128",
        names_line=True,
    ),
    fails(
        604,
        "matrix_solve of other sizes",
        "tf.matrix_solve(tf.zeros([2, 2]), tf.zeros([3, 1]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        605,
        "matrix_solve of a singular matrix",
        """
y = tf.matrix_solve(tf.zeros([2, 2]), tf.zeros([2, 1]))
with tf.Session() as s:
    s.run(y)
""",
        says="Input matrix is not invertible.",
        names_line=True,
    ),
    fails(
        606,
        "matrix_solve with a vector",
        "tf.matrix_solve(tf.zeros([2, 2]), tf.zeros([2]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        607,
        "matrix_triangular_solve of a singular matrix",
        """
y = tf.matrix_triangular_solve(tf.zeros([2, 2]), tf.ones([2, 1]))
with tf.Session() as s:
    s.run(y)
""",
        says="Input matrix is not invertible.",
        names_line=True,
    ),
    fails(
        608,
        "matrix_determinant of a matrix that is not square",
        "tf.matrix_determinant(tf.zeros([2, 3]))",
        says="Dimensions must be equal, but are",
        names_line=True,
    ),
    fails(
        609,
        "matrix_determinant of a vector at run time",
        """
y = tf.matrix_determinant(tf.placeholder_with_default(tf.zeros([3]), None))
with tf.Session() as s:
    s.run(y)
""",
        says="Input tensor 0 must have rank >= 2, got 1",
        names_line=True,
    ),
    fails(
        610,
        "cholesky that is not square at run time",
        """
y = tf.cholesky(tf.placeholder_with_default(tf.zeros([2, 3]), None))
with tf.Session() as s:
    s.run(y)
""",
        says="Input matrix must be square.",
        names_line=True,
    ),
    fails(
        611,
        "svd of a vector",
        "tf.svd(tf.zeros([3]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        612,
        "self_adjoint_eig of a matrix that is not square",
        "tf.self_adjoint_eig(tf.zeros([2, 3]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        613,
        "qr of a vector",
        "tf.qr(tf.zeros([3]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        614,
        "trace of a vector",
        "tf.trace(tf.zeros([3]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        615,
        "matrix_diag of a scalar",
        "tf.matrix_diag(tf.constant(1.0))",
        says="Shape must be at least rank 1 but is rank 0",
        names_line=True,
    ),
    fails(
        616,
        "matrix_diag_part of a vector",
        "tf.matrix_diag_part(tf.zeros([3]))",
        says="Shape must be at least rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        617,
        "matrix_set_diag of another size",
        "tf.matrix_set_diag(tf.zeros([2, 2]), tf.zeros([3]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        619,
        "eye of a negative size",
        """
y = tf.eye(-1)
with tf.Session() as s:
    s.run(y)
""",
        says="Fill dimensions must be >= 0",
        names_line=True,
    ),
    fails(
        620,
        "eye of a float size",
        "tf.eye(2.5)",
        says="num_rows and num_columns must be positive integer values.",
    ),
    fails(
        621,
        "norm of an unknown order",
        'tf.norm(tf.zeros([3]), ord="strange")',
        says="'ord' must be a supported vector norm, got strange",
    ),
    fails(
        622,
        "norm of a matrix over three axes",
        "tf.norm(tf.zeros([2, 2, 2]), axis=[0, 1, 2])",
        says="'axis' must be None, an integer, or a tuple of 2 unique integers",
    ),
    fails(
        623,
        "norm of an order that matrices do not have",
        "tf.norm(tf.zeros([2, 2]), ord=3, axis=[0, 1])",
        says="'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got 3",
    ),
    fails(
        624,
        "cross of vectors of two",
        "tf.cross(tf.zeros([2]), tf.zeros([2]))",
        says="Dimension must be 3 but is 2",
        names_line=True,
    ),
    fails(
        625,
        "tensordot of other sizes",
        "tf.tensordot(tf.zeros([2, 3]), tf.zeros([4, 5]), 1)",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        626,
        "tensordot over other numbers of axes",
        "tf.tensordot(tf.zeros([2, 3]), tf.zeros([3, 5]), [[0, 1], [0]])",
        says="Different number of contraction axes 'a' and 'b', 2 != 1.",
    ),
    fails(
        627,
        "einsum with an unknown subscript",
        'tf.einsum("ij,jk->il", tf.zeros([2, 3]), tf.zeros([3, 4]))',
        says="Invalid equation: ij,jk->il",
    ),
    fails(
        628,
        "einsum with another rank",
        'tf.einsum("ij,jk->ik", tf.zeros([2, 3, 4]), tf.zeros([3, 4]))',
        says="Tensor t0 of rank 3 does not match einsum reduction of length 2",
    ),
    fails(
        629,
        "einsum with other sizes",
        'tf.einsum("ij,jk->ik", tf.zeros([2, 3]), tf.zeros([4, 5]))',
        says="Cannot reshape a tensor with 20 elements to shape [3,5] (15 elements)",
        names_line=True,
    ),
    fails(
        630,
        "einsum without an operand",
        'tf.einsum("ij,jk->ik", tf.zeros([2, 3]))',
        says='Got 1 arguments for equation "ij,jk->ik", expecting 2',
    ),
    fails(
        631,
        "einsum with three dots twice",
        'tf.einsum("i...j...->ij", tf.zeros([2, 3]))',
        says="Unable to resolve ellipsis. Excess number found.",
    ),
    fails(
        632,
        "matrix_solve_ls of other sizes",
        "tf.matrix_solve_ls(tf.zeros([3, 2]), tf.zeros([4, 1]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        633,
        "lu of a matrix that is not square",
        "tf.linalg.lu(tf.zeros([2, 3]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        634,
        "expm of a matrix that is not square",
        "tf.linalg.expm(tf.zeros([2, 3]))",
        says="Dimensions must be equal, but are 3 and 2",
        names_line=True,
    ),
    fails(
        635,
        "logm of floats",
        "tf.linalg.logm(tf.zeros([2, 2]))",
        says="Value passed to parameter 'input' has DataType float32 not in list of allowed "
        "values: complex64, complex128",
        names_line=True,
    ),
    fails(
        636,
        "batch matmul with other batches",
        "tf.matmul(tf.zeros([2, 2, 3]), tf.zeros([3, 3, 2]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        637,
        "matmul transposed and adjoint",
        "tf.matmul(tf.zeros([2, 3]), tf.zeros([3, 2]), transpose_a=True, adjoint_a=True)",
        says="Only one of transpose_a and adjoint_a can be True.",
    ),
    fails(
        638,
        "multinomial of rank 1",
        "tf.multinomial(tf.zeros([3]), 2)",
        says="Shape must be rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        639,
        "multinomial with a negative number",
        """
y = tf.multinomial(tf.zeros([1, 3]), -1)
with tf.Session() as s:
    s.run(y)
""",
        says="Dimension size, given by scalar input 1, must be non-negative but is -1",
        names_line=True,
    ),
    fails(
        640,
        "random_normal of a shape of text",
        'tf.random_normal("a")',
        says="Value passed to parameter 'shape' has DataType string not in list of allowed "
        "values: int32, int64",
        names_line=True,
    ),
    fails(
        641,
        "random_normal of a shape of rank 2",
        "tf.random_normal([[2, 2]])",
        says="Shape must be rank 1 but is rank 2",
        names_line=True,
    ),
    fails(
        642,
        "random_normal of ints",
        "tf.random_normal([2], dtype=tf.int32)",
        says="Expected int32, got 0.0 of type 'float' instead.",
    ),
    fails(
        643,
        "random_uniform with bounds in the wrong order",
        """
y = tf.random_uniform([2], 5, 2, dtype=tf.int32)
with tf.Session() as s:
    s.run(y)
""",
        says="Need minval < maxval, got 5 >= 2",
        names_line=True,
    ),
    fails(
        644,
        "random_uniform of a negative size",
        """
y = tf.random_uniform([-2])
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid value in tensor used for shape: -2",
        names_line=True,
    ),
    fails(
        645,
        "random_uniform of complex numbers",
        "tf.random_uniform([2], dtype=tf.complex64)",
        says="Invalid dtype tf.complex64",
    ),
    fails(
        647,
        "random_gamma of other shapes",
        "tf.random_gamma([2], alpha=[1.0, 2.0], beta=[1.0, 2.0, 3.0])",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        648,
        "random_shuffle of text",
        """
y = tf.random_shuffle(tf.placeholder(tf.string))
with tf.Session() as s:
    s.run(y)
""",
        says="You must feed a value for placeholder tensor 'Placeholder' with dtype string",
        names_line=True,
    ),
    fails(
        649,
        "truncated_normal of a float shape",
        "tf.truncated_normal([2.5])",
        says="Value passed to parameter 'shape' has DataType float32 not in list of allowed "
        "values: int32, int64",
        names_line=True,
    ),
    fails(
        650,
        "stateless_random_uniform with one seed",
        "tf.random.stateless_uniform([2], seed=[1])",
        says="Dimension must be 2 but is 1",
        names_line=True,
    ),
    fails(
        651,
        "uniform_candidate_sampler of too many unique",
        """
y = tf.nn.uniform_candidate_sampler([[1]], 1, 10, True, 5).sampled_candidates
with tf.Session() as s:
    s.run(y)
""",
        says="Sampler's range is too small.",
        names_line=True,
    ),
    fails(
        652,
        "uniform_candidate_sampler with labels of rank 1",
        "tf.nn.uniform_candidate_sampler(tf.constant([1], tf.int64), 1, 2, True, 5)",
        says="Shape must be rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        653,
        "sampled_softmax_loss with labels of rank 1",
        """
one = tf.zeros([10, 3])
two = tf.zeros([2], tf.int64)
tf.nn.sampled_softmax_loss(one, tf.zeros([10]), two, tf.zeros([2, 3]), 4, 10)
""",
        says="Shape must be rank 2 but is rank 1",
        names_line=True,
    ),
    fails(
        654,
        "nce_loss with inputs of another size",
        """
one = tf.zeros([2, 1], tf.int64)
tf.nn.nce_loss(tf.zeros([10, 3]), tf.zeros([10]), one, tf.zeros([2, 4]), 4, 10)
""",
        says="Dimensions must be equal, but are 4 and 3",
        names_line=True,
    ),
    fails(
        655,
        "learned_unigram of a range of zero",
        "tf.nn.learned_unigram_candidate_sampler([[1]], 1, 2, True, 0)",
        says="Attr 'range_max' of 'LearnedUnigramCandidateSampler' Op passed 0 less than "
        "minimum 1.",
        names_line=True,
    ),
    fails(
        656,
        "fixed_unigram of neither file nor counts",
        """
y = tf.nn.fixed_unigram_candidate_sampler([[1]], 1, 2, True, 5).sampled_candidates
with tf.Session() as s:
    s.run(y)
""",
        says="Must provide either vocab_file or unigrams.",
        names_line=True,
    ),
    fails(
        657,
        "quantize to floats",
        "tf.quantize([1.0], 0.0, 1.0, tf.float32)",
        says="Value passed to parameter 'T' has DataType float32 not in list of allowed "
        "values: qint8, quint8, qint32, qint16, quint16",
        names_line=True,
    ),
    fails(
        658,
        "quantize with a range of a vector",
        "tf.quantize([1.0], [0.0, 1.0], 1.0, tf.quint8)",
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        659,
        "dequantize of floats",
        "tf.dequantize([1.0], 0.0, 1.0)",
        says="Value passed to parameter 'input' has DataType float32 not in list of allowed "
        "values: qint8, quint8, qint32, qint16, quint16",
        names_line=True,
    ),
    fails(
        660,
        "quantize in an unknown mode",
        'tf.quantize([1.0], 0.0, 1.0, tf.quint8, mode="STRANGE")',
        says="Attr 'mode' of 'QuantizeV2' Op passed string 'STRANGE' not in: "
        '"MIN_COMBINED", "MIN_FIRST", "SCALED".',
        names_line=True,
    ),
    fails(
        661,
        "fake_quant of one bit",
        """
y = tf.fake_quant_with_min_max_args([1.0], num_bits=1)
with tf.Session() as s:
    s.run(y)
""",
        says="num_bits must be between 2 and 16, inclusive",
        names_line=True,
    ),
    fails(
        662,
        "fake_quant with min above max",
        """
y = tf.fake_quant_with_min_max_args([1.0], min=2.0, max=1.0)
with tf.Session() as s:
    s.run(y)
""",
        says="min has to be smaller than max, was: 2 >= 1",
        names_line=True,
    ),
    fails(
        663,
        "fake_quant per channel of another size",
        """
one = tf.zeros([2, 3])
tf.fake_quant_with_min_max_vars_per_channel(one, tf.zeros([2]), tf.ones([2]))
""",
        says="Dimensions must be equal, but are 3 and 2",
        names_line=True,
    ),
    fails(
        664,
        "quantized_concat along an axis that is not there",
        """
one = [tf.quantize([1.0], 0.0, 1.0, tf.quint8)[0]] * 2
y = tf.quantized_concat(5, one, [0.0, 0.0], [1.0, 1.0]).output
with tf.Session() as s:
    s.run(y)
""",
        says="Shape must be at least rank 6 but is rank 1",
        names_line=True,
    ),
    fails(
        665,
        "bitcast to a type that does not fit",
        "tf.bitcast(tf.zeros([3], tf.uint8), tf.float32)",
        says="Cannot bitcast due to shape. 3 does not match 4",
        names_line=True,
    ),
    fails(
        666,
        "bitcast to text",
        "tf.bitcast(tf.zeros([3]), tf.string)",
        says="Value passed to parameter 'type' has DataType string not in list of allowed "
        "values: bfloat16, float16, float32, float64, int64, int32, uint8, uint16,",
        names_line=True,
    ),
]
