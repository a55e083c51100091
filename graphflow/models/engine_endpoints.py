"""What a model is trained to: its outputs with their targets, losses and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphflow.core import nest
from graphflow.models import losses, losses_functions
from graphflow.models.backend_values import dtype as dtype_of
from graphflow.models.backend_values import int_shape, is_placeholder, is_sparse, placeholder
from graphflow.models.losses_weighted import ReductionV2
from graphflow.nets.keras_state import floatx, image_data_format
from graphflow.ops.constant import constant, placeholder_with_default
from graphflow.platform import tf_logging


class TrainingEndpoint:
    """One output of a model with what it is compared to.

    Args:
        output: the tensor.
        output_name: its name.
        loss_fn: the loss; None: there is none.
    """

    def __init__(self, output: Any, output_name: str, loss_fn: Any) -> None:
        self.output = output
        self.output_name = output_name
        self.loss_fn = loss_fn
        self.loss_weight: Any = None
        self.target: Any = None
        self.has_target = False
        self.feedable = False
        self.skip_target_weights = True
        self.output_loss_metric: Any = None
        self.sample_weight: Any = None
        self.sample_weight_mode: Any = None

    @property
    def shape(self) -> Any:
        """The shape of the output."""
        return int_shape(self.output)

    def create_training_target(self, target: Any) -> None:
        """Makes the placeholder of the target, unless the program gave a tensor for it.

        Args:
            target: that tensor, or None.
        """
        self.has_target = True
        if self.should_skip_target():
            return
        self.feedable = target is None or is_placeholder(target)
        self.skip_target_weights = not self.feedable
        if target is None:
            target = placeholder(
                ndim=len(self.shape),
                name=f"{self.output_name}_target",
                sparse=is_sparse(self.output),
                dtype=dtype_of(self.output),
            )
        self.target = target

    def should_skip_target(self) -> bool:
        """Whether there is no loss."""
        return self.loss_fn is None

    def should_skip_target_weights(self) -> bool:
        """Whether examples cannot be weighted."""
        return self.should_skip_target() or not self.has_target or self.skip_target_weights

    def has_feedable_training_target(self) -> bool:
        """Whether the target is fed."""
        return not self.should_skip_target() and self.has_target and self.feedable

    def loss_name(self) -> str | None:
        """The name of the loss."""
        return None if self.loss_fn is None else f"{self.output_name}_loss"

    @property
    def feed_output_shape(self) -> Any:
        """The shape that targets must have; None: any."""
        if not self.has_feedable_training_target():
            return None
        if is_loss(self.loss_fn, "SparseCategoricalCrossentropy"):
            if image_data_format() == "channels_first":
                return (self.shape[0], 1, *self.shape[2:])
            return (*self.shape[:-1], 1)
        fn = getattr(self.loss_fn, "fn", None)
        if not isinstance(self.loss_fn, losses.Loss) or (
            fn is not None and not hasattr(losses_functions, getattr(fn, "__name__", ""))
        ):
            return None
        return self.shape

    def sample_weights_mismatch(self) -> bool:
        """Whether there are weights of examples and should not be, or the other way round."""
        return (self.sample_weight_mode is None) != (self.sample_weight is None)

    def populate_sample_weight(self) -> None:
        """Makes the placeholder of the weights of examples, as the mode says."""
        if self.should_skip_target_weights() or self.sample_weight_mode is None:
            self.sample_weight = None
            return
        rank = 2 if self.sample_weight_mode == "temporal" else 1
        ones: Any = [[1.0]] if rank == 2 else [1.0]
        self.sample_weight = placeholder_with_default(
            constant(ones, dtype=floatx()),
            shape=[None] * rank,
            name=f"{self.output_name}_sample_weights",
        )


def is_loss(loss: Any, name: str) -> bool:
    """Whether a loss is of a class of `tf.keras.losses`, or the function of that class.

    Args:
        loss: the loss.
        name: the name of the class.
    """
    functions = {
        "SparseCategoricalCrossentropy": losses_functions.sparse_categorical_crossentropy,
        "BinaryCrossentropy": losses_functions.binary_crossentropy,
        "CategoricalCrossentropy": losses_functions.categorical_crossentropy,
        "MeanSquaredError": losses_functions.mean_squared_error,
    }
    if isinstance(loss, getattr(losses, name)):
        return True
    return isinstance(loss, losses.LossFunctionWrapper) and loss.fn is functions[name]


def check_for_unexpected_keys(name: str, given: Mapping[str, Any], expected: list[str]) -> None:
    """Checks the keys of a dict of arguments by outputs.

    Raises:
        ValueError: if one is no output.
    """
    unknown = set(given) - set(expected)
    if unknown:
        raise ValueError(
            f"Unknown entries in {name} dictionary: {list(unknown)}. Only expected following "
            f"keys: {expected}"
        )


def loss_function(loss: Any) -> Any:
    """Returns a loss as an object that has `call`, or as it is.

    Args:
        loss: a loss, a function, a name, a dict, or None.
    """
    if loss is None or isinstance(loss, losses.Loss):
        return loss
    if isinstance(loss, Mapping):
        loss = losses.get(loss)
    if callable(loss) and not hasattr(loss, "__name__"):
        return loss
    fn = losses.get(loss)
    return losses.LossFunctionWrapper(
        fn, name=fn.__name__, reduction=ReductionV2.SUM_OVER_BATCH_SIZE
    )


def prepare_loss_functions(loss: Any, output_names: list[str]) -> list[Any]:
    """Returns the loss of each output.

    Args:
        loss: one for all, a list, or a dict by outputs.
        output_names: the outputs.

    Raises:
        ValueError: if a list has not one for each, or a key is no output.
    """
    if isinstance(loss, Mapping):
        check_for_unexpected_keys("loss", loss, output_names)
        for name in output_names:
            if name not in loss:
                tf_logging.warning(
                    f"Output {name} missing from loss dictionary. We assume this was done on "
                    "purpose. The fit and evaluate APIs will not be expecting any data to be "
                    f"passed to {name}."
                )
        return [loss_function(loss.get(name)) for name in output_names]
    if not isinstance(loss, str) and isinstance(loss, Sequence):
        if len(loss) != len(output_names):
            raise ValueError(
                "When passing a list as loss, it should have one entry per model outputs. The "
                f"model has {len(output_names)} outputs, but you passed loss={loss}"
            )
        return [loss_function(x) for x in nest.flatten(list(loss))]
    return [loss_function(loss) for _ in output_names]


def prepare_loss_weights(endpoints: list[TrainingEndpoint], loss_weights: Any) -> None:
    """Sets the weights of the losses in their sum.

    Args:
        endpoints: the outputs.
        loss_weights: a list, a dict by outputs, or None.

    Raises:
        ValueError: if a list has not one for each, or a key is no output.
        TypeError: if it is something else.
    """
    if loss_weights is None:
        found = [1.0] * len(endpoints)
    elif isinstance(loss_weights, Mapping):
        names = [e.output_name for e in endpoints]
        check_for_unexpected_keys("loss_weights", loss_weights, names)
        found = [loss_weights.get(name, 1.0) for name in names]
    elif isinstance(loss_weights, list):
        if len(loss_weights) != len(endpoints):
            raise ValueError(
                "When passing a list as loss_weights, it should have one entry per model output. "
                f"The model has {len(endpoints)} outputs, but you passed "
                f"loss_weights={loss_weights}"
            )
        found = loss_weights
    else:
        raise TypeError(
            f"Could not interpret loss_weights argument: {loss_weights} - expected a list of dicts."
        )
    for endpoint, weight in zip(endpoints, found, strict=True):
        endpoint.loss_weight = weight


def prepare_sample_weight_modes(endpoints: list[TrainingEndpoint], mode: Any) -> None:
    """Sets how examples are weighted.

    Args:
        endpoints: the outputs.
        mode: None, "temporal", or a list or dict of these.

    Raises:
        ValueError: if a list has not one for each, or a key is no output or lacks.
    """
    weighted = [e for e in endpoints if not e.should_skip_target_weights()]
    if isinstance(mode, Mapping):
        check_for_unexpected_keys("sample_weight_mode", mode, [e.output_name for e in endpoints])
        for endpoint in weighted:
            if endpoint.output_name not in mode:
                raise ValueError(
                    f"Output {endpoint.output_name}missing from `_sample_weight_modes` dictionary"
                )
            endpoint.sample_weight_mode = mode[endpoint.output_name]
    elif isinstance(mode, list | tuple):
        if len(mode) != len(endpoints):
            raise ValueError(
                "When passing a list as sample_weight_mode, it should have one entry per model "
                f"output. The model has {len(endpoints)} outputs, but you passed {len(mode)}"
                "_sample_weight_modes."
            )
        for one, endpoint in zip(mode, endpoints, strict=True):
            if not endpoint.should_skip_target_weights():
                endpoint.sample_weight_mode = one
    else:
        for endpoint in weighted:
            endpoint.sample_weight_mode = mode


def target_tensors(given: Any, outputs: list[Any], output_names: list[str]) -> list[Any]:
    """Returns the program's own tensor for each target, or None.

    Args:
        given: a tensor, a list, a dict by outputs, or None.
        outputs: the outputs.
        output_names: their names.

    Raises:
        ValueError: if a list has not one for each, or a key is no output.
        TypeError: if it is something else.
    """
    if given is None or (isinstance(given, list) and not given):
        return [None] * len(output_names)
    if isinstance(given, list):
        if len(given) != len(outputs):
            raise ValueError(
                "When passing a list as `target_tensors`, it should have one entry per model "
                f"output. The model has {len(outputs)} outputs, but you passed "
                f"target_tensors={given}"
            )
        return given
    if isinstance(given, dict):
        unknown = set(given) - set(output_names)
        if unknown:
            raise ValueError(
                f'Unknown entry in `target_tensors` dictionary: "{unknown}". Only expected the '
                f"following keys: {output_names}"
            )
        return [given.get(name) for name in output_names]
    if hasattr(given, "op"):
        return [given]
    raise TypeError(
        "Expected `target_tensors` to be a list or tuple or dict or a single tensor, but got:",
        given,
    )
