"""Checks of what a model is given: inputs, targets and weights, in one form."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import variant
from graphflow.core.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.core.tensor import Tensor
from graphflow.input.dataset_v2 import DatasetV2
from graphflow.input.iterators import Iterator
from graphflow.models import losses
from graphflow.models.engine_endpoints import check_for_unexpected_keys, is_loss
from graphflow.nets.keras_state import get_session
from graphflow.ops.reshape import expand_dims
from graphflow.ops.variables import Variable
from graphflow.platform import tf_logging


def is_tensor(x: Any) -> bool:
    """Whether a value is symbolic."""
    return isinstance(x, Tensor | Variable | SparseTensor)


def has_tensors(x: Any) -> bool:
    """Whether a value, or one in a list or dict, is symbolic."""
    if isinstance(x, list | tuple):
        return any(is_tensor(v) for v in x)
    if isinstance(x, dict):
        return any(is_tensor(v) for v in x.values())
    return is_tensor(x)


def is_sparse(x: Any) -> bool:
    """Whether a value is a sparse tensor, symbolic or not."""
    return isinstance(x, SparseTensor | SparseTensorValue)


def _plain(x: Any) -> Any:
    """The array behind a table of pandas."""
    return x.values if type(x).__name__ in ("DataFrame", "Series") else x


def slice_arrays(arrays: Any, start: Any, stop: Any = None) -> Any:
    """Returns rows of arrays.

    Args:
        arrays: an array or a list of arrays; None in it stays.
        start: the first row, or a list of rows.
        stop: the row after the last; None: all that follow.
    """
    if arrays is None:
        return [None]
    many = isinstance(arrays, list)
    if not hasattr(start, "__len__"):
        found = [None if x is None else x[start:stop] for x in (arrays if many else [arrays])]
    else:
        rows = start.tolist() if hasattr(start, "shape") else start
        found = [None if x is None else _rows(x, rows) for x in (arrays if many else [arrays])]
    return found if many else found[0]


def _rows(x: Any, rows: list[int]) -> Any:
    if is_tensor(x):
        return x[rows[0] : rows[-1] + 1]
    return x[rows]


# --- inputs and targets ---
def standardize_single_array(x: Any, expected_shape: Any = None) -> Any:
    """Returns an array as a column if it is a list of numbers and no such list is expected.

    Args:
        x: an array or tensor, or None.
        expected_shape: the shape that is expected; None: not known.

    Raises:
        ValueError: if it is a number.
    """
    if x is None or is_sparse(x):
        return x
    if isinstance(x, int):
        raise ValueError(f"Expected an array data type but received an integer: {x}")
    rank = x.shape.ndims if is_tensor(x) else len(x.shape)
    if rank == 1 and (expected_shape is None or len(expected_shape) != 1):
        return expand_dims(x, axis=1) if is_tensor(x) else np.expand_dims(x, 1)
    return x


def standardize_input_data(
    data: Any,
    names: list[str],
    shapes: list[Any] | None = None,
    check_batch_axis: bool = True,
    exception_prefix: str = "",
) -> list[Any]:
    """Returns a list of arrays, one for each name.

    Args:
        data: an array, a list of arrays, or a dict by names.
        names: the names.
        shapes: the shapes that are expected; None: any.
        check_batch_axis: whether the number of examples is checked too.
        exception_prefix: what the data is, for errors.

    Raises:
        ValueError: if their number or a shape is another one.
        TypeError: if there is something else than arrays.
    """
    if not names:
        if hasattr(data, "__len__") and len(data) and not isinstance(data, dict):
            raise ValueError(
                f"Error when checking model {exception_prefix}: expected no data, but got:", data
            )
        return []
    if data is None:
        return [None] * len(names)
    arrays = _listed(data, names)
    wanted = [None] * len(arrays) if shapes is None else shapes
    # As in TensorFlow, arrays without a shape to have are dropped here without a word.
    arrays = [standardize_single_array(x, s) for x, s in zip(arrays, wanted, strict=False)]
    if len(arrays) != len(names):
        arrays = _other_number(arrays, names, exception_prefix)
    for x, name, shape in zip(arrays, names, shapes or [None] * len(names), strict=False):
        if shape is not None:
            _check_shape(x, name, shape, check_batch_axis, exception_prefix)
    return arrays


def _listed(data: Any, names: list[str]) -> list[Any]:
    if isinstance(data, dict):
        try:
            return [_plain(data[name]) for name in names]
        except KeyError as problem:
            raise ValueError(
                f'No data provided for "{problem.args[0]}". Need data for each key in: {names}'
            ) from None
    if isinstance(data, list | tuple) and not is_sparse(data):
        if isinstance(data[0], list | tuple) and not is_sparse(data[0]):
            return [np.asarray(d) for d in data]
        if len(names) == 1 and isinstance(data[0], float | int):
            return [np.asarray(data)]
        return [_plain(x) for x in data]
    return [_plain(data)]


def _other_number(data: list[Any], names: list[str], prefix: str) -> list[Any]:
    """Raises the error about a wrong number of arrays, or returns the one that a list stood for."""
    begin = f"Error when checking model {prefix}: "
    if data and hasattr(data[0], "shape"):
        raise ValueError(
            f"{begin}the list of Numpy arrays that you are passing to your model is not the size "
            f"the model expected. Expected to see {len(names)} array(s), but instead got the "
            f"following list of {len(data)} arrays: {str(data)[:200]}..."
        )
    if len(names) > 1:
        raise ValueError(
            f"{begin}you are passing a list as input to your model, but the model expects a list "
            f"of {len(names)} Numpy arrays instead. The list you passed was: {str(data)[:200]}"
        )
    if len(data) == 1 and not hasattr(data[0], "shape"):
        raise TypeError(
            f"{begin}data should be a Numpy array, or list/dict of Numpy arrays. Found: "
            f"{str(data)[:200]}..."
        )
    return [np.asarray(data)]


def _check_shape(x: Any, name: str, shape: Any, batch_too: bool, prefix: str) -> None:
    if is_sparse(x):
        found: Any = tuple(np.asarray(x.dense_shape)) if not is_tensor(x) else x.shape.as_list()
    elif is_tensor(x):
        if x.shape.ndims is None:
            return
        found = tuple(x.shape.as_list())
    else:
        found = x.shape
    if len(found) != len(shape):
        raise ValueError(
            f"Error when checking {prefix}: expected {name} to have {len(shape)} dimensions, but "
            f"got array with shape {found}"
        )
    if not batch_too:
        found, shape = found[1:], shape[1:]
    for size, wanted in zip(found, shape, strict=True):
        if wanted is not None and size is not None and size != wanted:
            raise ValueError(
                f"Error when checking {prefix}: expected {name} to have shape {shape} but got "
                f"array with shape {found}"
            )


# --- weights ---
def standardize_weights_by_output(given: Any, output_names: list[str], what: str) -> list[Any]:
    """Returns the weights of examples or classes for each output, or None.

    Args:
        given: those of the only output, a list, a dict by outputs, or None.
        output_names: the outputs.
        what: "sample_weight" or "class_weight".

    Raises:
        ValueError: if a list has not one for each, or a key is no output.
        TypeError: if it is something else.
    """
    if given is None or (isinstance(given, list | tuple) and len(given) == 0):
        return [None] * len(output_names)
    if len(output_names) == 1:
        if isinstance(given, list | tuple) and len(given) == 1:
            return list(given)
        if isinstance(given, dict) and output_names[0] in given:
            return [given[output_names[0]]]
        return [given]
    if isinstance(given, list | tuple):
        if len(given) != len(output_names):
            raise ValueError(
                f"Provided `{what}` was a list of {len(given)} elements, but the model has "
                f"{len(output_names)} outputs. You should provide one `{what}`array per model "
                "output."
            )
        return list(given)
    if isinstance(given, Mapping):
        check_for_unexpected_keys(what, given, output_names)
        return [given.get(name) for name in output_names]
    raise TypeError(
        f"The model has multiple outputs, so `{what}` should be either a list or a dict. "
        f"Provided `{what}` type not understood: {given}"
    )


def standardize_weights(
    y: Any, sample_weight: Any = None, class_weight: Any = None, mode: str | None = None
) -> Any:
    """Returns the weight of each example, or None.

    Args:
        y: the targets.
        sample_weight: weights of the examples, or None.
        class_weight: weights by the class of the target, or None.
        mode: None, "samplewise" or "temporal".

    Raises:
        ValueError: if shapes do not fit, or a class has no weight.
    """
    if isinstance(sample_weight, tuple):
        sample_weight = sample_weight[0]
    _check_mode(y, sample_weight, mode)
    by_class = _of_classes(y, class_weight) if isinstance(class_weight, dict) else None
    if by_class is not None and sample_weight is not None:
        return by_class * sample_weight
    return by_class if sample_weight is None else sample_weight


def _check_mode(y: Any, weights: Any, mode: str | None) -> None:
    if mode is not None and mode != "samplewise":
        if mode != "temporal":
            raise ValueError(f'"sample_weight_mode should be None or "temporal". Found: {mode}')
        if len(y.shape) < 3:
            raise ValueError(
                f"Found a sample_weight array for an input with shape {y.shape}. Timestep-wise "
                'sample weighting (use of sample_weight_mode="temporal") is restricted to '
                "outputs that are at least 3D, i.e. that have a time dimension."
            )
        if weights is not None and len(weights.shape) != 2:
            raise ValueError(
                f"Found a sample_weight array with shape {weights.shape}. In order to use "
                "timestep-wise sample weighting, you should pass a 2D sample_weight array."
            )
    elif weights is not None and len(weights.shape) != 1:
        raise ValueError(
            f"Found a sample_weight array with shape {weights.shape}. In order to use "
            'timestep-wise sample weights, you should specify sample_weight_mode="temporal" in '
            "compile(). If you just mean to use sample-wise weights, make sure your sample_weight "
            "array is 1D."
        )
    if weights is None:
        return
    if len(weights.shape) > len(y.shape):
        raise ValueError(
            f"Found a sample_weight with shape{weights.shape}.Expected sample_weight with rank "
            f"less than or equal to {len(y.shape)}"
        )
    if not is_tensor(weights) and not is_tensor(y) and y.shape[: weights.ndim] != weights.shape:
        raise ValueError(
            f"Found a sample_weight array with shape {weights.shape} for an input with shape "
            f"{y.shape}. sample_weight cannot be broadcast."
        )


def _of_classes(y: Any, class_weight: dict[Any, float]) -> Any:
    if len(y.shape) > 2:
        raise ValueError("`class_weight` not supported for 3+ dimensional targets.")
    classes = y
    if len(y.shape) == 2:
        classes = np.argmax(y, axis=1) if y.shape[1] > 1 else np.reshape(y, y.shape[0])
    found = np.asarray([class_weight[c] for c in classes if c in class_weight])
    if len(found) != len(classes):
        raise ValueError(
            "`class_weight` must contain all classes in the data. The classes "
            f"{set(classes.tolist()) - set(class_weight)} exist in the data but not in "
            "`class_weight`."
        )
    return found


# --- sizes ---
def _lengths(arrays: Any) -> set[Any]:
    return {x.shape[0] for x in arrays or () if x is not None and not is_tensor(x)
            and not is_sparse(x)}  # fmt: skip


def check_array_lengths(inputs: Any, targets: Any, weights: Any = None) -> None:
    """Checks that inputs, targets and weights have the same number of examples.

    Raises:
        ValueError: if they have not.
    """
    x, y, w = _lengths(inputs), _lengths(targets), _lengths(weights)
    if len(x) > 1:
        raise ValueError(
            "All input arrays (x) should have the same number of samples. Got array shapes: "
            f"{[v.shape for v in inputs]}"
        )
    if len(y) > 1:
        raise ValueError(
            "All target arrays (y) should have the same number of samples. Got array shapes: "
            f"{[v.shape for v in targets]}"
        )
    if x and y and x != y:
        raise ValueError(
            "Input arrays should have the same number of samples as target arrays. Found "
            f"{next(iter(x))} input samples and {next(iter(y))} target samples."
        )
    if len(w) > 1:
        raise ValueError(
            "All sample_weight arrays should have the same number of samples. Got array shapes: "
            f"{[v.shape for v in weights]}"
        )
    if y and w and y != w:
        raise ValueError(
            "Sample_weight arrays should have the same number of samples as target arrays. Got "
            f"{next(iter(y))} input samples and {next(iter(w))} target samples."
        )


def check_loss_and_target(targets: Any, loss_fns: list[Any], shapes: list[Any]) -> None:
    """Checks targets against what their losses take.

    Raises:
        ValueError: if a target has another shape than the output, or numbers stand for classes.
    """
    for y, loss, shape in zip(targets, loss_fns, shapes, strict=False):
        if y is None or loss is None or is_tensor(y) or is_sparse(y):
            continue
        if losses.is_categorical_crossentropy(loss) and y.shape[-1] == 1:
            raise ValueError(
                f"You are passing a target array of shape {y.shape} while using as loss "
                "`categorical_crossentropy`. `categorical_crossentropy` expects targets to be "
                "binary matrices (1s and 0s) of shape (samples, classes). If your targets are "
                "integer classes, you can convert them to the expected format via:\n```\nfrom "
                "keras.utils import to_categorical\ny_binary = to_categorical(y_int)\n```\n\n"
                "Alternatively, you can use the loss function `sparse_categorical_crossentropy` "
                "instead, which does expect integer targets."
            )
        if any(is_loss(loss, name) for name in _SAME_SHAPE) and shape is not None:
            _check_same(y, shape, loss)


_SAME_SHAPE = ("MeanSquaredError", "BinaryCrossentropy", "CategoricalCrossentropy")


def _check_same(y: Any, shape: Any, loss: Any) -> None:
    for size, wanted in zip(y.shape[1:], shape[1:], strict=False):
        if wanted is not None and size != wanted:
            name = loss.name or getattr(getattr(loss, "fn", type(loss)), "__name__", "")
            raise ValueError(
                f"A target array with shape {y.shape} was passed for an output of shape {shape} "
                f"while using as loss `{name}`. This loss expects targets to have the same shape "
                "as the output."
            )


def check_input_types(
    given: Any, original: Any, allow_dict: bool = True, field_name: str = "inputs"
) -> None:
    """Checks that inputs or targets are arrays or tensors.

    Raises:
        ValueError: if they are not.
    """
    if isinstance(given, list | tuple):
        fits = all(isinstance(v, np.ndarray) or is_tensor(v) for v in given)
    elif isinstance(given, dict):
        if not allow_dict:
            raise ValueError(f"You cannot pass a dictionary as model {field_name}.")
        fits = True
    else:
        fits = isinstance(given, np.ndarray) or is_tensor(given)
    if not fits:
        raise ValueError(
            "Please provide as model inputs either a single array or a list of arrays. You "
            f"passed: {field_name}={original}"
        )


# --- steps ---
def check_steps(data: Any, steps: Any, steps_name: str) -> bool:
    """Returns whether an epoch is counted in steps.

    Args:
        data: the inputs.
        steps: the number of steps, or None.
        steps_name: what the argument is called.

    Raises:
        ValueError: if there must be a number of steps and is none.
    """
    iterates = isinstance(data, Iterator)
    if data is None or iterates or has_tensors(data) or (isinstance(data, list) and not data):
        if steps is None:
            kind = "a Dataset iterator" if iterates else "data tensors"
            raise ValueError(
                f"When using {kind} as input to a model, you should specify the `{steps_name}` "
                "argument."
            )
        return True
    if isinstance(data, DatasetV2):
        return True
    if steps is not None:
        arrays = (np.ndarray, list, tuple)
        held = isinstance(data, dict) and any(isinstance(v, arrays) for v in data.values())
        if isinstance(data, arrays) or held:
            tf_logging.warning(
                "When passing input data as arrays, do not specify `steps_per_epoch`/`steps` "
                "argument. Please use `batch_size` instead."
            )
    return False


def check_num_samples(
    ins: Any, batch_size: int | None, steps: Any, steps_name: str = "steps"
) -> int | None:
    """Returns the number of examples; None where an epoch is counted in steps.

    Raises:
        ValueError: if there are both a batch size and a number of steps.
    """
    if steps is not None and batch_size is not None:
        raise ValueError(f"If {steps_name} is set, the `batch_size` must be None.")
    if check_steps(ins, steps, steps_name):
        return None
    return int(ins[0].shape[0]) if hasattr(ins[0], "shape") else None


def should_validate(validation_freq: Any, epoch: int) -> bool:
    """Whether there is validation after an epoch.

    Args:
        validation_freq: each so many epochs, or the numbers of epochs from 1.
        epoch: the number from 0.

    Raises:
        ValueError: if it is neither, or below 1.
    """
    if isinstance(validation_freq, int):
        if validation_freq < 1:
            raise ValueError("`validation_freq` can not be less than 1.")
        return (epoch + 1) % validation_freq == 0
    if not isinstance(validation_freq, Container):
        raise ValueError(
            "`validation_freq` must be an Integer or `collections_abc.Container` (e.g. list, "
            "tuple, etc.)"
        )
    return epoch + 1 in validation_freq


def split_for_validation(
    x: list[Any], y: list[Any], weights: list[Any] | None, share: float
) -> tuple[Any, ...]:
    """Returns inputs, targets and weights for training, then the same for validation.

    Args:
        x: the inputs.
        y: the targets.
        weights: the weights, or None.
        share: the part at the end that is for validation.

    Raises:
        ValueError: if the inputs are symbolic.
    """
    if has_tensors(x):
        raise ValueError(
            "If your data is in the form of symbolic tensors, you cannot use `validation_split`."
        )
    n = x[0].shape[0] if hasattr(x[0], "shape") else len(x[0])
    at = int(n * (1.0 - share))
    first = [slice_arrays(part, 0, at) for part in (x, y)]
    last = [slice_arrays(part, at) for part in (x, y)]
    if not weights:
        return (*first, weights, *last, None)
    return (*first, slice_arrays(weights, 0, at), *last, slice_arrays(weights, at))


def unpack_validation(given: Any) -> tuple[Any, Any, Any]:
    """Returns inputs, targets and weights of validation.

    Args:
        given: a tuple of two or three, or a dataset or an iterator.

    Raises:
        ValueError: if it is something else.
    """
    if isinstance(given, Iterator | DatasetV2):
        return given, None, None
    if isinstance(given, Sequence) and len(given) in (2, 3):
        return given[0], given[1], given[2] if len(given) == 3 else None
    raise ValueError(
        "When passing a `validation_data` argument, it must contain either 2 items (x_val, "
        "y_val), or 3 items (x_val, y_val, val_sample_weights), or alternatively it could be a "
        "dataset or a dataset or a dataset iterator. However we received "
        f"`validation_data={given}`"
    )


# --- data sets ---
def validate_dataset(x: Any, y: Any, sample_weight: Any, validation_split: Any = None) -> None:
    """Checks that a data set comes without targets, weights and a split.

    Raises:
        ValueError: if it does not.
    """
    if y is not None:
        raise ValueError(
            f"You passed a dataset or dataset iterator ({x}) as input `x` to your model. In that "
            "case, you should not specify a target (`y`) argument, since the dataset or dataset "
            f"iterator generates both input data and target data. Received: {y}"
        )
    if sample_weight is not None:
        raise ValueError(
            "`sample_weight` argument is not supported when input `x` is a dataset or a dataset "
            "iterator. Instead, youcan provide sample_weight as the third element  of "
            "yourdataset, i.e. (inputs, targets, sample_weight). Received: "
            f"x={x}, sample_weight={sample_weight}"
        )
    if validation_split:
        raise ValueError(
            "`validation_split` argument is not supported when input `x` is a dataset or a "
            f"dataset iterator. Received: x={x}, validation_split={validation_split:f}"
        )


_UNSHUFFLED = frozenset((
    "BatchDataset", "BatchDatasetV2", "ConcatenateDataset", "CacheDataset", "FilterDataset",
    "MapDataset", "OptionsDataset", "PaddedBatchDataset", "PaddedBatchDatasetV2",
    "ParallelMapDataset", "PrefetchDataset", "RangeDataset", "RepeatDataset", "SkipDataset",
    "SparseTensorSliceDataset", "TakeDataset", "TensorDataset", "TensorSliceDataset",
    "WindowDataset", "ZipDataset", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2",
    "TextLineDataset", "TFRecordDataset",
))  # fmt: skip


def warn_if_unshuffled(dataset: Any) -> None:
    """Warns if nothing that a data set is made of can put examples into another order."""
    pending = [dataset._variant_tensor.op]
    while pending:
        op = pending.pop()
        if op.type not in _UNSHUFFLED:
            return
        pending += [x.op for x in op.inputs if x.dtype == variant]
    tf_logging.warning(
        "Expected a shuffled dataset but input dataset `x` is not shuffled. Please invoke "
        "`shuffle()` on input dataset."
    )


def initialized(iterator: Any) -> Any:
    """Runs an iterator's initializer in the session of Keras and returns the iterator."""
    get_session().run(iterator.initializer)
    return iterator


def unpack_element(iterator: Any) -> tuple[Any, Any, Any]:
    """Returns inputs, targets and weights that an iterator gives, as tensors.

    Args:
        iterator: of a data set.

    Raises:
        ValueError: if an element is a tuple of another size than 2 or 3.
    """
    element = iterator.get_next()
    if not isinstance(element, list | tuple):
        return element, None, None
    if len(element) not in (2, 3):
        raise ValueError(
            "Please provide model inputs as a list or tuple of 2 or 3 elements: (input, target) "
            f"or (input, target, sample_weights) Received {element}"
        )
    return element[0], element[1], element[2] if len(element) == 3 else None
