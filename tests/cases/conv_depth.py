"""Rows for depthwise and separable convolution, with holes and without."""

from _rows import case, d, error, f, h, i, tf

NCHW = "TensorFlow 1.15 has no NCHW kernel on a CPU"
ONES = [1, 1, 1, 1]

# --- DepthwiseConv2dNative ---
native = tf.nn.depthwise_conv2d_native
case("DepthwiseConv2dNative", native, f(2, 5, 6, 3), f(2, 3, 3, 2), ONES, "SAME")
case("DepthwiseConv2dNative", native, f(2, 5, 6, 3), f(2, 3, 3, 1), ONES, "VALID", name="n")
case("DepthwiseConv2dNative", native, f(2, 7, 6, 3), f(3, 2, 3, 2), [1, 2, 2, 1], "SAME")
case("DepthwiseConv2dNative", native, f(2, 7, 6, 3), f(2, 2, 3, 2), [1, 3, 3, 1], "VALID")
case("DepthwiseConv2dNative", native, f(1, 4, 5, 70), f(3, 3, 70, 1), ONES, "SAME")
case("DepthwiseConv2dNative", native, d(1, 5, 6, 3), d(5, 6, 3, 2), ONES, "SAME")
case("DepthwiseConv2dNative", native, h(1, 5, 6, 3), h(2, 3, 3, 2), ONES, "SAME", tol=1e-2)
case("DepthwiseConv2dNative", native, f(0, 5, 6, 3), f(2, 3, 3, 2), ONES, "SAME",
     grad="of no images, TensorFlow's gradient by the filter is memory nobody wrote")  # fmt: skip
case("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), ONES, "VALID",
     dilations=[1, 2, 2, 1])  # fmt: skip
case("DepthwiseConv2dNative", native, f(2, 3, 5, 6), f(2, 3, 3, 2), ONES, "SAME",
     data_format="NCHW", golden=NCHW)  # fmt: skip
whole = tf.nn.depthwise_conv2d
case("DepthwiseConv2dNative", whole, f(2, 5, 6, 3), f(2, 3, 3, 2), ONES, "SAME")
case("DepthwiseConv2dNative", whole, f(2, 7, 6, 3), f(2, 3, 3, 2), [1, 2, 2, 1], "VALID", name="n")
case("DepthwiseConv2dNative", whole, f(2, 9, 8, 3), f(2, 3, 3, 2), ONES, "SAME", rate=[2, 2])
case("DepthwiseConv2dNative", whole, f(1, 9, 8, 3), f(2, 3, 3, 2), ONES, "VALID", rate=[2, 1])
case("DepthwiseConv2dNative", whole, f(1, 9, 8, 3), f(2, 3, 3, 2), ONES, "SAME", dilations=[1, 3])
case("DepthwiseConv2dNative", whole, f(1, 3, 9, 8), f(2, 3, 3, 2), ONES, "SAME", rate=[2, 2],
     data_format="NCHW", golden=NCHW)  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(7, 7, 3, 2), ONES, "VALID",
      says="Negative dimension size caused by subtracting 7 from 5")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), [1, 2, 1, 1], "SAME", at="run",
      says="Current implementation only supports equal length strides in the row an")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), [2, 1, 1, 1], "SAME", at="run",
      says="Current implementation does not yet support strides in the batch and dep")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), [1, 1, 1], "SAME",
      says="DepthwiseConv2D requires the stride attribute to contain 4 values, but g")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 4, 2), ONES, "SAME",
      says="Dimensions must be equal, but are 3 and 4")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 4, 2), ONES, "SAME", at="run",
      says="input and filter must have the same depth: 3 vs 4")  # fmt: skip
error("DepthwiseConv2dNative", native, f(5, 6, 3), f(2, 3, 3, 2), ONES, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), ONES, "FULL",
      says="Op passed string 'FULL' not in: \"SAME\", \"VALID\"")  # fmt: skip
error("DepthwiseConv2dNative", native, f(1, 5, 6, 3), f(2, 3, 3, 2), [1, 0, 0, 1], "SAME",
      says="Stride must be > 0, but got 0")  # fmt: skip
error("DepthwiseConv2dNative", whole, f(1, 5, 6, 3), f(2, 3, 3, 2), ONES, "SAME", rate=2,
      says="rate must be rank 1")  # fmt: skip
error("DepthwiseConv2dNative", whole, f(1, 5, 6, 3), f(2, 3, 3, 2), ONES, "SAME", rate=[0, 1],
      says="dilation_rate must be positive")  # fmt: skip
error("DepthwiseConv2dNative", whole, f(1, 5, 6, 3), f(2, 3, 3, 2), ONES, "FULL", rate=[2, 1],
      says="Invalid padding method 'FULL'")  # fmt: skip

# --- its gradients ---
by_input = tf.nn.depthwise_conv2d_native_backprop_input
by_filter = tf.nn.depthwise_conv2d_native_backprop_filter
INPUT, FILTER = "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"
case(INPUT, by_input, [2, 5, 6, 3], f(2, 3, 3, 2), f(2, 5, 6, 6), ONES, "SAME")
case(INPUT, tf.nn.depthwise_conv2d_backprop_input, i([1, 7, 6, 3]), d(3, 2, 3, 2), d(1, 4, 3, 6),
     [1, 2, 2, 1], "SAME", name="dx")  # fmt: skip
case(INPUT, by_input, [2, 5, 6, 3], f(2, 3, 3, 1), f(2, 4, 4, 3), ONES, "VALID")
case(INPUT, by_input, [1, 3, 5, 6], f(2, 3, 3, 2), f(1, 6, 5, 6), ONES, "SAME",
     data_format="NCHW", golden=NCHW)  # fmt: skip
case(FILTER, by_filter, f(2, 5, 6, 3), [2, 3, 3, 2], f(2, 5, 6, 6), ONES, "SAME")
case(FILTER, tf.nn.depthwise_conv2d_backprop_filter, d(1, 7, 6, 3), i([3, 2, 3, 2]),
     d(1, 4, 3, 6), [1, 2, 2, 1], "SAME", name="dw")  # fmt: skip
case(FILTER, by_filter, f(2, 5, 6, 3), [2, 3, 3, 1], f(2, 4, 4, 3), ONES, "VALID")
error(INPUT, by_input, [1, 5, 6], f(2, 3, 3, 2), f(1, 5, 6, 6), ONES, "SAME",
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error(INPUT, by_input, [2, 5, 6, 3], f(2, 3, 3, 2), f(1, 5, 6, 6), ONES, "SAME", at="run",
      says="input and out_backprop must have the same batch size")  # fmt: skip
error(INPUT, by_input, [1, 5, 6, 3], f(2, 3, 3, 2), f(1, 5, 6, 5), ONES, "SAME", at="run",
      says="depth_multiplier * in_depth not equal to out_depth")  # fmt: skip
error(INPUT, by_input, [1, 5, 6, 3], f(2, 3, 3, 2), f(1, 5, 5, 6), ONES, "SAME", at="run",
      says="Number of cols of out_backprop doesn't match computed: actual = 5, compu")  # fmt: skip
error(FILTER, by_filter, f(2, 5, 6, 3), [2, 3, 3, 2], f(1, 5, 6, 6), ONES, "SAME", at="run",
      says="input and out_backprop must have the same batch size")  # fmt: skip

# --- separable_conv2d ---
separable = tf.nn.separable_conv2d
case("Conv2D", separable, f(2, 5, 6, 3), f(2, 3, 3, 2), f(1, 1, 6, 4), ONES, "SAME")
case("Conv2D", separable, f(2, 7, 6, 3), f(3, 3, 3, 1), f(1, 1, 3, 5), [1, 2, 2, 1], "VALID",
     name="s")  # fmt: skip
case("Conv2D", separable, f(1, 9, 8, 3), f(2, 3, 3, 2), f(1, 1, 6, 4), ONES, "SAME", rate=[2, 1])
error("Conv2D", separable, f(1, 5, 6, 3), f(2, 3, 3, 2), f(1, 1, 5, 4), ONES, "SAME",
      says="Depth of input (6) is not a multiple of input depth of filter (5)")  # fmt: skip
error("Conv2D", separable, f(1, 5, 6, 3), f(2, 3, 3, 2), f(2, 1, 6, 4), ONES, "SAME",
      says="Dimensions 2 and 1 are not compatible")  # fmt: skip
error("Conv2D", separable, f(1, 5, 6, 3), f(2, 3, 3, 2), f(1, 6, 4), ONES, "SAME",
      says="must have rank 4")  # fmt: skip
