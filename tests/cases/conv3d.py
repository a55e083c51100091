"""Rows for convolution in three dimensions, by rank, with holes, and transposed."""

from _rows import case, d, error, f, h, i, l, tf

NCDHW = "TensorFlow 1.15 has no NCDHW kernel on a CPU"
DILATED = "TensorFlow 1.15 has no dilated kernel on a CPU"
ONES = [1] * 5

# --- Conv3D ---
conv = tf.nn.conv3d
case("Conv3D", conv, f(2, 4, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "SAME")
case("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 3, 2, 3, 4), ONES, "VALID", name="c")
case("Conv3D", conv, f(2, 5, 5, 6, 2), f(2, 2, 3, 2, 3), [1, 2, 1, 2, 1], "SAME")
case("Conv3D", conv, f(2, 5, 5, 6, 2), filters=f(1, 1, 1, 2, 3), strides=ONES, padding="SAME")
case("Conv3D", conv, d(1, 4, 5, 6, 3), d(2, 2, 3, 3, 4), [1, 2, 2, 2, 1], "VALID")
case("Conv3D", conv, h(1, 3, 3, 4, 2, positive=True), h(1, 2, 2, 2, 3, positive=True), ONES,
     "SAME", tol=4e-3)  # fmt: skip
case("Conv3D", conv, f(0, 4, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "SAME")
case("Conv3D", conv, f(1, 3, 4, 5, 6), f(2, 2, 3, 3, 4), ONES, "SAME", data_format="NCDHW",
     golden=NCDHW)  # fmt: skip
case("Conv3D", conv, f(1, 5, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "SAME",
     dilations=[1, 2, 1, 2, 1], golden=DILATED)  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(7, 2, 3, 3, 4), ONES, "VALID",
      says="Negative dimension size caused by subtracting 7 from 4")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(7, 2, 3, 3, 4), ONES, "VALID", at="run",
      says="Computed output size would be negative: -2")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), [2, 1, 1, 1, 1], "SAME", at="run",
      says="Current implementation does not yet support strides in the batch and dep")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), [1, 1, 1, 1], "SAME",
      says="Attr 'strides' of 'Conv3D' Op passed list of length 4 less than minimum")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), [1] * 6, "SAME",
      says="Conv3D requires the stride attribute to contain 5 values, but got: 6")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), [1, 0, 1, 1, 1], "SAME",
      says="Stride must be > 0, but got 0")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "SAME", dilations=[2, 1, 1, 1, 1],
      at="run", says="does not yet support dilation rates in the batch and depth")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 4, 4), ONES, "SAME",
      says="Depth of input (3) is not a multiple of input depth of filter (4)")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 4, 4), ONES, "SAME", at="run",
      says="Input depth must be evenly divisible by filter depth: 3 vs 4")  # fmt: skip
error("Conv3D", conv, f(4, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "SAME",
      says="Shape must be rank 5 but is rank 4")  # fmt: skip
error("Conv3D", conv, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 4), ONES, "EXPLICIT",
      says="Op passed string 'EXPLICIT' not in: \"SAME\", \"VALID\"")  # fmt: skip

# --- its gradients ---
by_filter = tf.nn.conv3d_backprop_filter
case("Conv3DBackpropFilterV2", by_filter, d(2, 4, 5, 6, 3), [2, 2, 3, 3, 4], d(2, 4, 5, 6, 4),
     ONES, "SAME")  # fmt: skip
case("Conv3DBackpropFilterV2", by_filter, f(1, 3, 3, 4, 2, positive=True), [2, 2, 3, 2, 3],
     f(1, 3, 3, 4, 3, positive=True), ONES, "SAME")  # fmt: skip
case("Conv3DBackpropFilterV2", tf.nn.conv3d_backprop_filter_v2, d(1, 5, 5, 6, 2),
     i([2, 2, 3, 2, 3]), d(1, 3, 5, 3, 3), [1, 2, 1, 2, 1], "SAME", name="dw")  # fmt: skip
error("Conv3DBackpropFilterV2", by_filter, f(1, 4, 5, 6, 3), [2, 2, 3, 3], f(1, 4, 5, 6, 4), ONES,
      "SAME", says="Shape must be rank 5 but is rank 4")  # fmt: skip
error("Conv3DBackpropFilterV2", by_filter, f(2, 4, 5, 6, 3), [2, 2, 3, 3, 4], f(1, 4, 5, 6, 4),
      ONES, "SAME", at="run",
      says="input and out_backprop must have the same batch size")  # fmt: skip

# --- transposed ---
transpose = tf.nn.conv3d_transpose
case("Conv3DBackpropInputV2", transpose, f(1, 3, 2, 3, 4), f(2, 2, 3, 3, 4), [1, 6, 4, 6, 3], 2)
case("Conv3DBackpropInputV2", transpose, f(1, 3, 2, 3, 4), f(2, 2, 3, 3, 4), l([1, 4, 3, 5, 3]),
     [1, 1, 1], "VALID", name="up")  # fmt: skip
case("Conv3DBackpropInputV2", transpose, d(1, 3, 2, 3, 4), d(2, 2, 1, 3, 4), [1, 3, 2, 3, 3],
     ONES)  # fmt: skip
case("Conv3DBackpropInputV2", tf.nn.conv_transpose, f(1, 3, 2, 3, 4), f(2, 2, 3, 3, 4),
     [1, 6, 4, 6, 3], 2)  # fmt: skip
case("Conv2DBackpropInput", tf.nn.conv_transpose, f(1, 4, 5, 4), f(2, 2, 3, 4), [1, 8, 10, 3], 2,
     name="t")  # fmt: skip
case("Conv2DBackpropInput", tf.nn.conv_transpose, f(1, 4, 4), f(2, 3, 4), [1, 8, 3], 2)
case("Conv2DBackpropInput", tf.nn.conv1d_transpose, f(2, 4, 4), f(3, 3, 4), [2, 8, 3], 2, name="o")
case("Conv2DBackpropInput", tf.nn.conv1d_transpose, f(2, 4, 4), f(2, 3, 4), i([2, 5, 3]), 1,
     "VALID")  # fmt: skip
error("Conv3DBackpropInputV2", transpose, f(1, 4, 5, 6, 4), f(2, 2, 3, 3, 4), [1, 4, 5, 6], ONES,
      says="Shape must be rank 5 but is rank 4")  # fmt: skip
error("Conv3DBackpropInputV2", transpose, f(1, 4, 5, 6, 4), f(2, 2, 3, 3, 4), [2, 4, 5, 6, 3],
      ONES, at="run", says="input and out_backprop must have the same batch size")  # fmt: skip
error("Conv3DBackpropInputV2", transpose, f(1, 4, 5, 6, 5), f(2, 2, 3, 3, 4), [1, 4, 5, 6, 3],
      ONES, at="run", says="filter and out_backprop must have the same out_depth")  # fmt: skip
error("Conv3DBackpropInputV2", transpose, f(1, 4, 5, 5, 4), f(2, 2, 3, 3, 4), [1, 4, 5, 6, 3],
      ONES, at="run",
      says="Size of out_backprop doesn't match computed: actual = 5, computed = 6")  # fmt: skip
error("Conv2DBackpropInput", tf.nn.conv_transpose, f(1, 4, 4), f(2, 3, 4), [1, 8], 2,
      says="output_shape must be of length 3, 4 or 5 but was 2.")  # fmt: skip

# --- by rank, with holes ---
convolution = tf.nn.convolution
case("Conv3D", convolution, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 2), "SAME")
case("Conv3D", convolution, f(1, 4, 5, 6, 3), f(2, 2, 3, 3, 2), "VALID", strides=[1, 2, 1])
case("SpaceToBatchND", convolution, f(1, 5, 4, 6, 2), f(2, 2, 2, 2, 3), "SAME",
     dilation_rate=[2, 3, 1])  # fmt: skip
case("SpaceToBatchND", convolution, f(1, 9, 8, 3), f(2, 3, 3, 2), "SAME", dilation_rate=[2, 3],
     name="q")  # fmt: skip
case("SpaceToBatchND", convolution, f(2, 9, 8, 3), f(2, 3, 3, 2), "VALID", dilations=[2, 1])
case("SpaceToBatchND", convolution, f(2, 9, 3), f(3, 3, 2), "SAME", dilation_rate=[2])
case("SpaceToBatchND", tf.nn.atrous_conv2d, f(1, 9, 8, 3), f(3, 3, 3, 2), 2, "SAME")
case("SpaceToBatchND", tf.nn.atrous_conv2d, f(1, 9, 8, 3), f(3, 3, 3, 2), 3, "VALID", name="a")
case("Conv2D", tf.nn.atrous_conv2d, f(1, 9, 8, 3), f(3, 3, 3, 2), 1, "SAME")
up = tf.nn.atrous_conv2d_transpose
case("SpaceToBatchND", up, f(1, 9, 8, 2), f(2, 3, 3, 2), [1, 9, 8, 3], 2, "SAME")
case("SpaceToBatchND", up, f(1, 7, 4, 2), f(2, 3, 3, 2), [1, 9, 8, 3], 2, "VALID", name="t")
case("SpaceToBatchND", up, f(1, 9, 8, 2), f(2, 3, 3, 2), i([1, 9, 8, 3]), 2, "SAME")
case("Conv2DBackpropInput", up, f(1, 9, 8, 2), f(2, 3, 3, 2), [1, 9, 8, 3], 1, "SAME")
case("SpaceToBatchND", lambda x: tf.nn.with_space_to_batch(
         x, [2, 2], "VALID", lambda y, n, padding: tf.nn.max_pool(y, 2, 1, padding)),
     f(1, 7, 6, 2, distinct=True), id="with_space_to_batch")  # fmt: skip
case("SpaceToBatchND", lambda x: tf.nn.with_space_to_batch(
         x, [2, 3], "VALID", lambda y, n, padding: tf.nn.avg_pool3d(y, [1, 2, 1, 2, 1], 1, padding),
         spatial_dims=[1, 3]),
     f(1, 7, 3, 6, 2), id="with_space_to_batch-dims")  # fmt: skip
error("SpaceToBatchND", convolution, f(1, 9, 8, 3), f(2, 3, 4, 2), "SAME", dilation_rate=[2, 3],
      says="number of input channels does not match corresponding dimension of filte")  # fmt: skip
error("SpaceToBatchND", convolution, f(1, 9, 8, 3), f(2, 3, 3, 2), "SAME", [2, 1], [2, 1],
      says="strides > 1 not supported in conjunction with dilation_rate > 1")  # fmt: skip
error("SpaceToBatchND", convolution, f(1, 9, 8, 3), f(2, 3, 3, 2), "FULL", dilation_rate=[2, 1],
      says="Invalid padding method 'FULL'")  # fmt: skip
error("SpaceToBatchND", convolution, f(1, 9, 8, 3), f(2, 3, 3, 2), "SAME", dilation_rate=[0, 1],
      says="all values of dilation_rate must be positive")  # fmt: skip
error("Conv2D", convolution, f(9, 8), f(2, 3), "SAME",
      says="Input tensor must be of rank 3, 4 or 5 but was 2.")  # fmt: skip
error("SpaceToBatchND", up, f(1, 9, 8, 2), f(2, 3, 3, 2), [1, 9, 8, 4], 2, "SAME",
      says="output_shape does not match filter's output channels, 4 != 3")  # fmt: skip
error("SpaceToBatchND", up, f(1, 9, 8, 3), f(2, 3, 3, 2), [1, 9, 8, 3], 2, "SAME",
      says="value's input channels does not match filters' input channels, 3 != 2")  # fmt: skip
error("SpaceToBatchND", up, f(1, 9, 8, 2), f(2, 3, 3, 2), [1, 9, 8, 3], 0, "SAME",
      says="rate 0 cannot be less than one")  # fmt: skip
error("SpaceToBatchND", up, f(1, 9, 8, 2), f(2, 3, 3, 2), [1, 9, 8], 2, "SAME",
      says="output_shape must have shape (4,), got (3,)")  # fmt: skip
