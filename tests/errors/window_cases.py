"""Bad inputs of convolutions, pools, blocks and losses.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

WINDOWS: list[Case] = [
    fails(
        551,
        "conv3d with a filter of other channels",
        """
one = tf.zeros([1, 4, 4, 4, 2])
tf.nn.conv3d(one, tf.zeros([2, 2, 2, 3, 4]), [1, 1, 1, 1, 1], "SAME")
""",
        says="Depth of input (2) is not a multiple of input depth of filter (3)",
        names_line=True,
    ),
    fails(
        552,
        "conv3d of rank 4",
        """
tf.nn.conv3d(tf.zeros([4, 4, 4, 2]), tf.zeros([2, 2, 2, 2, 4]), [1, 1, 1, 1, 1], "SAME")
""",
        says="Shape must be rank 5 but is rank 4",
        names_line=True,
    ),
    fails(
        553,
        "conv3d with four strides",
        """
tf.nn.conv3d(tf.zeros([1, 4, 4, 4, 2]), tf.zeros([2, 2, 2, 2, 4]), [1, 1, 1, 1], "SAME")
""",
        says="Attr 'strides' of 'Conv3D' Op passed list of length 4 less than minimum 5.",
        names_line=True,
    ),
    fails(
        554,
        "conv3d with a filter larger than the input",
        """
one = tf.zeros([1, 2, 2, 2, 2])
tf.nn.conv3d(one, tf.zeros([3, 3, 3, 2, 4]), [1, 1, 1, 1, 1], "VALID")
""",
        says="Negative dimension size caused by subtracting 3 from 2",
        names_line=True,
    ),
    fails(
        555,
        "conv3d_transpose to a wrong shape",
        """
one = tf.zeros([1, 4, 4, 4, 2])
two = tf.zeros([2, 2, 2, 3, 2])
y = tf.nn.conv3d_transpose(one, two, [1, 9, 9, 9, 3], [1, 1, 1, 1, 1], "VALID")
with tf.Session() as s:
    s.run(y)
""",
        says="Conv3DBackpropInputOp: Size of out_backprop doesn't match computed: actual = "
        "4, computed = 8 spatial_dim: 1 input: 9 filter: 2 output: 4 stride: 1 dilation: 1",
        names_line=True,
    ),
    fails(
        556,
        "conv2d_transpose without an output shape",
        """
one = tf.zeros([1, 4, 4, 2])
tf.nn.conv2d_transpose(one, tf.zeros([2, 2, 3, 2]), None, [1, 1, 1, 1])
""",
        says="Tried to convert 'input_sizes' to a tensor and failed. Error: None values not "
        "supported.",
        names_line=True,
    ),
    fails(
        558,
        "depthwise_conv2d with other channels",
        """
one = tf.zeros([1, 4, 4, 3])
tf.nn.depthwise_conv2d(one, tf.zeros([2, 2, 2, 1]), [1, 1, 1, 1], "SAME")
""",
        says="Dimensions must be equal, but are 3 and 2",
        names_line=True,
    ),
    fails(
        559,
        "depthwise_conv2d with two strides",
        """
one = tf.zeros([1, 4, 4, 3])
y = tf.nn.depthwise_conv2d(one, tf.zeros([2, 2, 3, 1]), [1, 1, 2, 1], "SAME")
with tf.Session() as s:
    s.run(y)
""",
        says="Current implementation only supports equal length strides in the row and "
        "column dimensions.",
        names_line=True,
    ),
    fails(
        560,
        "separable_conv2d with a pointwise filter of other channels",
        """
one = tf.zeros([1, 4, 4, 3])
two = tf.zeros([2, 2, 3, 1])
tf.nn.separable_conv2d(one, two, tf.zeros([1, 1, 4, 5]), [1, 1, 1, 1], "SAME")
""",
        says="Depth of input (3) is not a multiple of input depth of filter (4)",
        names_line=True,
    ),
    fails(
        561,
        "separable_conv2d with a large pointwise filter",
        """
one = tf.zeros([1, 4, 4, 3])
two = tf.zeros([2, 2, 3, 1])
tf.nn.separable_conv2d(one, two, tf.zeros([2, 2, 3, 5]), [1, 1, 1, 1], "SAME")
""",
        says="Dimensions 2 and 1 are not compatible",
    ),
    fails(
        562,
        "atrous_conv2d with a rate of zero",
        'tf.nn.atrous_conv2d(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 2, 3, 1]), 0, "SAME")',
        says="all values of dilation_rate must be positive",
    ),
    fails(
        563,
        "dilation2d with other channels",
        """
one = tf.zeros([1, 4, 4, 3])
tf.nn.dilation2d(one, tf.zeros([2, 2, 4]), [1, 1, 1, 1], [1, 1, 1, 1], "SAME")
""",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        564,
        "convolution with strides and dilations",
        """
one = tf.zeros([1, 4, 4, 3])
two = tf.zeros([2, 2, 3, 1])
tf.nn.convolution(one, two, "SAME", strides=[2, 2], dilation_rate=[2, 2])
""",
        says="strides > 1 not supported in conjunction with dilation_rate > 1",
    ),
    fails(
        565,
        "pool of an unknown kind",
        'tf.nn.pool(tf.zeros([1, 4, 4, 3]), [2, 2], "MIN", "VALID")',
        says="2-D MIN pooling is not supported.",
    ),
    fails(
        566,
        "max_pool3d of rank 4",
        'tf.nn.max_pool3d(tf.zeros([4, 4, 4, 2]), [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "SAME")',
        says="Shape must be rank 5 but is rank 4",
        names_line=True,
    ),
    fails(
        567,
        "avg_pool with a ksize of three",
        'tf.nn.avg_pool(tf.zeros([1, 4, 4, 3]), [1, 2, 2], [1, 1, 1, 1], "SAME")',
        says="ksize should be of length 1, 2 or 4 but was 3",
    ),
    fails(
        568,
        "avg_pool of ints",
        'tf.nn.avg_pool(tf.zeros([1, 4, 4, 3], tf.int32), [1, 2, 2, 1], [1, 1, 1, 1], "SAME")',
        says="Value passed to parameter 'value' has DataType int32 not in list of allowed "
        "values: float16, bfloat16, float32, float64",
        names_line=True,
    ),
    fails(
        569,
        "conv2d of ints",
        """
one = tf.zeros([1, 4, 4, 3], tf.int32)
tf.nn.conv2d(one, tf.zeros([2, 2, 3, 1], tf.int32), [1, 1, 1, 1], "SAME")
""",
        says="Value passed to parameter 'input' has DataType int32 not in list of allowed "
        "values: float16, bfloat16, float32, float64",
        names_line=True,
    ),
    fails(
        570,
        "conv1d of rank 4",
        'tf.nn.conv1d(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 3, 1]), 1, "SAME")',
        says="Shape must be rank 4 but is rank 5",
        names_line=True,
    ),
    fails(
        571,
        "space_to_depth that does not divide",
        "tf.space_to_depth(tf.zeros([1, 3, 4, 1]), 2)",
        says="Dimension size must be evenly divisible by 2 but is 3",
        names_line=True,
    ),
    fails(
        572,
        "depth_to_space of too few channels",
        "tf.depth_to_space(tf.zeros([1, 2, 2, 3]), 2)",
        says="Dimension size must be evenly divisible by 4 but is 3",
        names_line=True,
    ),
    fails(
        573,
        "space_to_depth by blocks of one",
        "tf.space_to_depth(tf.zeros([1, 4, 4, 1]), 1)",
        says="Attr 'block_size' of 'SpaceToDepth' Op passed 1 less than minimum 2.",
        names_line=True,
    ),
    fails(
        574,
        "batch_to_space_nd of a batch that does not divide",
        "tf.batch_to_space_nd(tf.zeros([3, 2, 2, 1]), [2, 2], [[0, 0], [0, 0]])",
        says="Dimension size must be evenly divisible by 2 but is 3",
        names_line=True,
    ),
    fails(
        575,
        "space_to_batch_nd that does not divide",
        "tf.space_to_batch_nd(tf.zeros([1, 3, 3, 1]), [2, 2], [[0, 0], [0, 0]])",
        says="Dimension size must be evenly divisible by 2 but is 3",
        names_line=True,
    ),
    fails(
        576,
        "fused_batch_norm of rank 2",
        "tf.nn.fused_batch_norm(tf.zeros([2, 3]), tf.zeros([3]), tf.zeros([3]))",
        says="Shape must be rank 4 but is rank 2",
        names_line=True,
    ),
    fails(
        577,
        "fused_batch_norm with a scale of another size",
        "tf.nn.fused_batch_norm(tf.zeros([2, 4, 4, 3]), tf.zeros([4]), tf.zeros([3]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        578,
        "bias_add of another size",
        "tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([4]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        579,
        "bias_add of rank 2",
        "tf.nn.bias_add(tf.zeros([2, 3]), tf.zeros([1, 3]))",
        says="Shape must be rank 1 but is rank 2",
        names_line=True,
    ),
    fails(
        580,
        "local_response_normalization of rank 2",
        "tf.nn.lrn(tf.zeros([2, 3]))",
        says="Shape must be rank 4 but is rank 2",
        names_line=True,
    ),
    fails(
        581,
        "moments over an axis that is not there",
        "tf.nn.moments(tf.zeros([2, 3]), [5])",
        says="Invalid reduction dimension 5 for input with 2 dimensions.",
        names_line=True,
    ),
    fails(
        582,
        "in_top_k of other sizes",
        "tf.nn.in_top_k(tf.zeros([2, 3]), [0, 1, 2], 1)",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        583,
        "xw_plus_b of other sizes",
        "tf.nn.xw_plus_b(tf.zeros([2, 3]), tf.zeros([4, 5]), tf.zeros([5]))",
        says="Dimensions must be equal, but are 3 and 4",
        names_line=True,
    ),
    fails(
        585,
        "ctc_loss with a sequence too long",
        """
y = tf.nn.ctc_loss(tf.SparseTensor([[0, 0]], [1], [1, 1]), tf.zeros([3, 1, 4]), [7])
with tf.Session() as s:
    s.run(y)
""",
        says="sequence_length(0) <= 3",
        names_line=True,
    ),
]
