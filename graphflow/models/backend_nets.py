"""tf.keras.backend: what layers are made of, and choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.dtypes import bool_, int32, int64
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.models import activations, losses_functions
from graphflow.models.backend_values import int_shape, ndim
from graphflow.nets import layer_arguments
from graphflow.nets.keras_state import epsilon, image_data_format, learning_phase
from graphflow.ops import activation, ctc, fill, functional, norm, pool, sort
from graphflow.ops import bias as biases
from graphflow.ops import dropout as drops
from graphflow.ops import pool3d as volumes
from graphflow.ops import softmax as softmax_op
from graphflow.ops.atrous import convolution
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.flow_cond import cond
from graphflow.ops.functions import log
from graphflow.ops.gather_nd import gather_nd
from graphflow.ops.mask import boolean_mask
from graphflow.ops.pad import pad
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.reverse import reverse
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_to_dense import sparse_to_dense
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose


# --- choices ---
def _called(x: Any) -> Any:
    return x() if callable(x) else x


@export("keras.backend.switch")
def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Returns one of two tensors, or elements of both.

    Args:
        condition: a bool, or bools for the first axes of the tensors.
        then_expression: a tensor, or a function that makes one, for True.
        else_expression: the same for False.

    Raises:
        ValueError: if the condition has more axes than the tensors.
    """
    if condition.dtype != bool_:
        condition = cast(condition, bool_)
    rank = ndim(condition)
    if not rank:
        return cond(condition, lambda: _called(then_expression), lambda: _called(else_expression))
    then, other = _called(then_expression), _called(else_expression)
    then_rank = ndim(then) or 0
    if rank > then_rank:
        raise ValueError(
            "Rank of `condition` should be less than or equal to rank of `then_expression` and "
            f"`else_expression`. ndim(condition)={rank}, ndim(then_expression)={then_rank}"
        )
    if rank > 1:
        sizes = concat([shape_of(condition), [1] * (then_rank - rank)], axis=0)
        condition = reshape(condition, sizes)
        wanted = shape_of(then)
        condition = tile(condition, where(wanted - sizes > 0, wanted, fill.ones_like(wanted)))
    return where(condition, then, other)


@export("keras.backend.in_train_phase")
def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Returns one tensor while networks learn, and another one else.

    Args:
        x: a tensor, or a function that makes one, for learning.
        alt: the same for the other case.
        training: whether networks learn; None: `learning_phase()`.
    """
    if training is None:
        training = learning_phase()
    if not isinstance(training, Tensor):
        if training == 1:
            return _called(x)
        if training == 0:
            return _called(alt)
    return switch(training, x, alt)


@export("keras.backend.in_test_phase")
def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """Returns one tensor while networks do not learn, and another one else.

    Args:
        x: a tensor, or a function that makes one, for not learning.
        alt: the same for the other case.
        training: whether networks learn; None: `learning_phase()`.
    """
    return in_train_phase(alt, x, training=training)


# --- activations ---
@export("keras.backend.relu")
def relu(x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0) -> Tensor:
    """Returns `x` where it is above a threshold; see `tf.keras.activations.relu`.

    Args:
        x: a tensor.
        alpha: the slope below the threshold.
        max_value: the greatest value; None: there is none.
        threshold: the threshold.
    """
    return activations.relu(x, alpha, max_value, threshold)


@export("keras.backend.elu")
def elu(x: Any, alpha: Any = 1.0) -> Tensor:
    """Returns `x`, below zero `alpha * (e**x - 1)`."""
    return activations.elu(x, alpha)


@export("keras.backend.softmax")
def softmax(x: Any, axis: int = -1) -> Any:
    """Returns shares of one along an axis, in proportion to `e**x`."""
    return softmax_op.softmax(x, axis=axis)


@export("keras.backend.softplus")
def softplus(x: Any) -> Any:
    """Returns `log(1 + e**x)`."""
    found: Tensor = activation.softplus(x)
    return found


@export("keras.backend.softsign")
def softsign(x: Any) -> Tensor:
    """Returns `x / (1 + abs(x))`."""
    found: Tensor = activation.softsign(x)
    return found


@export("keras.backend.sigmoid")
def sigmoid(x: Any) -> Tensor:
    """Returns `1 / (1 + e**-x)`."""
    return activations.sigmoid(x)


@export("keras.backend.hard_sigmoid")
def hard_sigmoid(x: Any) -> Tensor:
    """Returns `0.2 * x + 0.5`, but at least 0 and at most 1."""
    found: Tensor = layer_arguments.hard_sigmoid(x)
    return found


@export("keras.backend.tanh")
def tanh(x: Any) -> Tensor:
    """Returns the hyperbolic tangents."""
    return activations.tanh(x)


@export("keras.backend.l2_normalize")
def l2_normalize(x: Any, axis: Any = None) -> Tensor:
    """Returns a tensor scaled to length 1 along an axis or all."""
    found: Tensor = norm.l2_normalize(x, axis=axis)
    return found


@export("keras.backend.dropout")
def dropout(x: Any, level: Any, noise_shape: Any = None, seed: int | None = None) -> Tensor:
    """Returns a tensor with some elements set to zero and the others enlarged.

    Args:
        x: the tensor.
        level: the probability that an element is.
        noise_shape: see `tf.nn.dropout`.
        seed: the seed; None: from NumPy's random numbers.
    """
    if seed is None:
        seed = np.random.randint(10_000_000)  # noqa: NPY002 (as Keras draws it)
    found: Tensor = drops.dropout(x, rate=level, noise_shape=noise_shape, seed=seed)
    return found


@export("keras.backend.in_top_k")
def in_top_k(predictions: Any, targets: Any, k: int) -> Tensor:
    """Returns whether the targets are among the greatest predictions.

    Args:
        predictions: [n, classes].
        targets: [n], numbers of classes.
        k: how many predictions count.
    """
    found: Tensor = sort.in_top_k(predictions, targets, k)
    return found


# --- losses ---
@export("keras.backend.categorical_crossentropy")
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Returns the cross-entropy of distributions over classes.

    Args:
        target: the true distributions.
        output: the predicted ones.
        from_logits: whether `output` is before a softmax.
        axis: the axis of the classes.
    """
    return losses_functions.categorical_from(target, output, from_logits, axis)


@export("keras.backend.binary_crossentropy")
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Returns the cross-entropy of yes and no, element by element.

    Args:
        target: 0 or 1.
        output: the predicted probabilities of 1.
        from_logits: whether `output` is before a sigmoid.
    """
    return losses_functions.binary_from(target, output, from_logits)


# --- images ---
def _format(data_format: str | None) -> bool:
    """Whether the channels come first."""
    found = data_format or image_data_format()
    if found not in ("channels_first", "channels_last"):
        raise ValueError(f"Unknown data_format: {found}")
    return found == "channels_first"


def _padding(padding: str) -> str:
    if padding not in ("same", "valid"):
        raise ValueError(f"Invalid padding: {padding}")
    return padding.upper()


def _last(x: Any) -> Any:
    """[n, c, ...] with the channels last, as the kernels of a CPU take it."""
    rank = ndim(x) or 0
    return transpose(x, (0, *range(2, rank), 1))


def _first(x: Any) -> Any:
    """The inverse of `_last`."""
    rank = ndim(x) or 0
    return transpose(x, (0, rank - 1, *range(1, rank - 1)))


def _convolved(
    x: Any, kernel: Any, strides: Any, padding: str, data_format: str | None, dilation: Any
) -> Tensor:
    first = _format(data_format)
    mode = _padding(padding)
    made = convolution(
        input=_last(x) if first else x,
        filter=kernel,
        dilation_rate=dilation,
        strides=strides,
        padding=mode,
    )
    found: Tensor = _first(made) if first else made
    return found


@export("keras.backend.conv1d")
def conv1d(
    x: Any, kernel: Any, strides: int = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: int = 1,
) -> Any:  # fmt: skip
    """Returns a convolution over steps.

    Args:
        x: [n, steps, c], or [n, c, steps].
        kernel: [size, c, filters].
        strides: the step of the kernel.
        padding: "valid", "same" or "causal".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the step inside the kernel.

    Raises:
        ValueError: if format or padding is another one.
    """
    if padding == "causal":
        before = dilation_rate * (kernel.shape.as_list()[0] - 1)
        x = pad(x, [[0, 0], [before, 0], [0, 0]])
        padding = "valid"
    return _convolved(x, kernel, [strides], padding, data_format, [dilation_rate])


@export("keras.backend.conv2d")
def conv2d(
    x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Tensor:  # fmt: skip
    """Returns a convolution of images.

    Args:
        x: [n, h, w, c], or [n, c, h, w].
        kernel: [kh, kw, c, filters].
        strides: the steps of the kernel.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        dilation_rate: the steps inside the kernel.

    Raises:
        ValueError: if format or padding is another one.
    """
    return _convolved(x, kernel, strides, padding, data_format, dilation_rate)


@export("keras.backend.conv3d")
def conv3d(
    x: Any, kernel: Any, strides: Any = (1, 1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1, 1),
) -> Tensor:  # fmt: skip
    """Returns a convolution of volumes; see `conv2d`."""
    return _convolved(x, kernel, strides, padding, data_format, dilation_rate)


def _pooled(
    x: Any, sizes: Any, strides: Any, padding: str, data_format: str | None, mode: str, ops: Any
) -> Tensor:
    first = _format(data_format)
    if mode not in ops:
        raise ValueError(f"Invalid pooling mode: {mode}")
    made = ops[mode](
        _last(x) if first else x, (1, *sizes, 1), (1, *strides, 1), padding=_padding(padding)
    )
    found: Tensor = _first(made) if first else made
    return found


@export("keras.backend.pool2d")
def pool2d(
    x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, pool_mode: str = "max",
) -> Tensor:  # fmt: skip
    """Returns the greatest elements or the means of windows of images.

    Args:
        x: [n, h, w, c], or [n, c, h, w].
        pool_size: the sizes of a window.
        strides: the steps of the window.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.
        pool_mode: "max" or "avg".

    Raises:
        ValueError: if format, padding or mode is another one, or there are not two sizes.
    """
    if len(pool_size) != 2:
        raise ValueError("`pool_size` must be a tuple of 2 integers.")
    if len(strides) != 2:
        raise ValueError("`strides` must be a tuple of 2 integers.")
    ops = {"max": pool.max_pool, "avg": pool.avg_pool}
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode, ops)


@export("keras.backend.pool3d")
def pool3d(
    x: Any, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
    data_format: str | None = None, pool_mode: str = "max",
) -> Tensor:  # fmt: skip
    """Returns the greatest elements or the means of windows of volumes; see `pool2d`."""
    ops = {"max": volumes.max_pool3d, "avg": volumes.avg_pool3d}
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode, ops)


@export("keras.backend.bias_add")
def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Tensor:
    """Returns a tensor with a bias added.

    Args:
        x: a tensor.
        bias: one number for each channel, or for each element of an example.
        data_format: "channels_last" or "channels_first"; None: `image_data_format()`.

    Raises:
        ValueError: if the format is neither, or the bias has another rank.
    """
    first = _format(data_format)
    sizes, rank = int_shape(bias), ndim(x) or 0
    if len(sizes) not in (1, rank - 1):
        raise ValueError(
            f"Unexpected bias dimensions {len(sizes)}, expect to be 1 or {rank} dimensions"
        )
    if rank not in (3, 4, 5) or (rank == 4 and not first and len(sizes) == 1):
        found: Tensor = biases.bias_add(x, bias)
        return found
    if len(sizes) == 1:
        shape = (1, sizes[0], *[1] * (rank - 2)) if first else (*[1] * (rank - 1), sizes[0])
    else:
        shape = (1, sizes[-1], *sizes[:-1]) if first else (1, *sizes)
    made: Tensor = x + reshape(bias, shape)
    return made


# --- over lists ---
@export("keras.backend.map_fn")
def map_fn(fn: Any, elems: Any, name: Any = None, dtype: Any = None) -> Any:
    """Returns the results of a function of each slice; see `tf.map_fn`."""
    return functional.map_fn(fn, elems, name=name, dtype=dtype)


@export("keras.backend.foldl")
def foldl(fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """Returns what slices make of a value from the first on; see `tf.foldl`."""
    return functional.foldl(fn, elems, initializer=initializer, name=name)


@export("keras.backend.foldr")
def foldr(fn: Any, elems: Any, initializer: Any = None, name: Any = None) -> Any:
    """Returns what slices make of a value from the last on; see `tf.foldr`."""
    return functional.foldr(fn, elems, initializer=initializer, name=name)


# --- sequences of labels ---
@export("keras.backend.ctc_label_dense_to_sparse")
def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> SparseTensor:
    """Returns labels as a SparseTensor.

    Args:
        labels: [n, length].
        label_lengths: [n], how many of them count.
    """
    sizes = shape_of(labels)
    n, longest = stack([sizes[0]]), stack([sizes[1]])

    def within(row: Any, length: Any) -> Any:
        return expand_dims(range_(shape_of(row)[1]), 0) < fill.fill(longest, length)

    start = cast(fill.fill([1, sizes[1]], 0), bool_)
    mask = functional.scan(within, label_lengths, initializer=start, parallel_iterations=1)
    mask = mask[:, 0, :]
    columns = reshape(tile(range_(0, sizes[1]), n), sizes)
    rows = transpose(reshape(tile(range_(0, sizes[0]), longest), reverse(sizes, [0])))
    held = [boolean_mask(rows, mask), boolean_mask(columns, mask)]
    indices = transpose(reshape(concat(held, axis=0), [2, -1]))
    return SparseTensor(cast(indices, int64), gather_nd(labels, indices), cast(sizes, int64))


@export("keras.backend.ctc_batch_cost")
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Returns the loss of label sequences of which it is not known when each was said.

    Args:
        y_true: [n, length], labels.
        y_pred: [n, steps, classes], shares of one.
        input_length: [n, 1], how many steps count.
        label_length: [n, 1], how many labels count.

    Returns:
        [n, 1].
    """
    lengths = cast(squeeze(label_length, axis=[-1]), int32)
    steps = cast(squeeze(input_length, axis=[-1]), int32)
    sparse = ctc_label_dense_to_sparse(y_true, lengths)
    labels = SparseTensor(sparse.indices, cast(sparse.values, int32), sparse.dense_shape)
    logits = log(transpose(y_pred, perm=[1, 0, 2]) + epsilon())
    return expand_dims(ctc.ctc_loss(inputs=logits, labels=labels, sequence_length=steps), 1)


@export("keras.backend.ctc_decode")
def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Tensor], Tensor]:
    """Returns the most probable label sequences, and the logarithms of their probabilities.

    Args:
        y_pred: [n, steps, classes], shares of one.
        input_length: [n], how many steps count.
        greedy: whether the best label of each step is taken.
        beam_width: else how many beginnings are followed.
        top_paths: and how many sequences are returned.
    """
    logits = log(transpose(y_pred, perm=[1, 0, 2]) + epsilon())
    steps = cast(input_length, int32)
    if greedy:
        decoded, scores = ctc.ctc_greedy_decoder(inputs=logits, sequence_length=steps)
    else:
        decoded, scores = ctc.ctc_beam_search_decoder(
            inputs=logits, sequence_length=steps, beam_width=beam_width, top_paths=top_paths
        )
    dense = [sparse_to_dense(x.indices, x.dense_shape, x.values, default_value=-1) for x in decoded]
    return dense, scores
