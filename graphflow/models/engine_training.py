"""Model: a network that is trained, evaluated and used to predict."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor, SparseTensorValue
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import TensorSpec
from graphflow.input.dataset_v2 import DatasetV2
from graphflow.input.datasets import make_initializable_iterator
from graphflow.input.iterators import Iterator
from graphflow.models import engine_data as data
from graphflow.models import engine_endpoints as endpoints
from graphflow.models.backend_values import int_shape, is_placeholder
from graphflow.models.callbacks_base import PREDICT, TEST, TRAIN
from graphflow.models.engine_generator import (
    GeneratorRun,
    check_generator_arguments,
    is_generator_or_sequence,
)
from graphflow.models.engine_inputs import ModelInputs, cast_like, floats_cast
from graphflow.models.engine_loop import Run, flat_inputs
from graphflow.models.engine_network import input_shape_and_dtype
from graphflow.models.engine_saving import SavingNetwork
from graphflow.nets.keras_state import learning_phase
from graphflow.nets.layer_tracking import untracked
from graphflow.platform import tf_logging


@export("keras.Model", "keras.models.Model")
class Model(SavingNetwork):
    """Layers with what trains them.

    Made from tensors, `Model(inputs=x, outputs=y)`, it is all that lies between them. Subclasses
    make layers in `__init__` and call them in `call(inputs, training=None)`.

    Args:
        *args: `inputs` and `outputs`, see there; for a subclass nothing.
        **kwargs: `inputs`: tensors of `tf.keras.Input`, one or a list or dict of them; `outputs`:
            tensors computed from them by layers; `name`; `trainable`.

    Raises:
        TypeError: if a keyword is not known.
        ValueError: if the outputs need more than the inputs.
    """

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Trains the model.

        Args:
            x: the inputs: an array, a list, a dict by input names, tensors, a data set of
                (inputs, targets) or (inputs, targets, weights), a generator or Sequence of such.
            y: the targets: an array or a list; None where `x` has them.
            batch_size: the number of examples in a step; None: 32.
            epochs: the number of the epoch after the last.
            verbose: 0: nothing is printed, 1: a bar, 2: a line for each epoch.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            validation_split: the part of the arrays at their end that is kept for validation.
            validation_data: (inputs, targets), (inputs, targets, weights), a data set, or a
                generator if `x` is one.
            shuffle: whether the examples come in another order in each epoch; "batch": only
                whole batches do.
            class_weight: weights of examples by their class: a dict, or one for each output.
            sample_weight: weights of examples: an array, or one for each output.
            initial_epoch: the number of the first epoch.
            steps_per_epoch: the number of batches in an epoch.
            validation_steps: the number of batches in validation.
            validation_freq: each so many epochs there is validation; or a list of epochs from 1.
            max_queue_size: how many batches of a generator are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.
            **kwargs: `nb_epoch`: the old name of `epochs`.

        Returns:
            A History, whose `history` has a list for each loss and measure.

        Raises:
            RuntimeError: if the model is not compiled.
            ValueError: if data does not fit the model.
            TypeError: if a keyword is not known.
        """
        if "nb_epoch" in kwargs:
            tf_logging.warning("The `nb_epoch` argument in `fit` has been renamed `epochs`.")
            epochs = kwargs.pop("nb_epoch")
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        self._assert_compile_was_called()
        self._check_call_args("fit")
        batch_size = self._batch_size(batch_size, steps_per_epoch, x)
        if is_generator_or_sequence(x):
            check_generator_arguments(y, sample_weight, validation_split)
            return GeneratorRun(
                self, TRAIN, x, steps_per_epoch, epochs, verbose, callbacks, validation_data,
                validation_steps, validation_freq, class_weight, max_queue_size, workers,
                use_multiprocessing, shuffle, initial_epoch, steps_name="steps_per_epoch",
            )()  # fmt: skip
        x, y, weights = self._standardize_user_data(
            x, y, sample_weight, class_weight, batch_size, True, "steps_per_epoch",
            steps_per_epoch, validation_split, shuffle,
        )  # fmt: skip
        held: tuple[Any, ...] = (None, None, None)
        if validation_data:
            held = self._standardize_validation(validation_data, batch_size, validation_steps)
        elif validation_split and 0.0 < validation_split < 1.0:
            x, y, weights, *rest = data.split_for_validation(x, y, weights, validation_split)
            held = tuple(rest)
        elif validation_steps:
            raise ValueError(
                "`validation_steps` should not be specified if `validation_data` is None."
            )
        return Run(
            self, TRAIN, x, y, weights, batch_size, epochs, verbose, callbacks,
            val_inputs=held[0], val_targets=held[1], val_sample_weights=held[2],
            shuffle=shuffle, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps, validation_freq=validation_freq,
            steps_name="steps_per_epoch",
        )()  # fmt: skip

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        """Returns the loss and the measures over all examples.

        Args:
            x: the inputs, as in `fit`.
            y: the targets.
            batch_size: the number of examples in a run; None: 32.
            verbose: whether progress is shown.
            sample_weight: weights of examples.
            steps: the number of batches.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            max_queue_size: how many batches of a generator are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.

        Returns:
            The loss, or a list: see `metrics_names`.

        Raises:
            RuntimeError: if the model is not compiled.
            ValueError: if data does not fit the model.
        """
        self._assert_compile_was_called()
        self._check_call_args("evaluate")
        batch_size = self._batch_size(batch_size, steps, x)
        if is_generator_or_sequence(x):
            check_generator_arguments(y, sample_weight)
            return self._generator_run(
                TEST, x, steps, verbose, callbacks, max_queue_size, workers, use_multiprocessing
            )
        x, y, weights = self._standardize_user_data(
            x, y, sample_weight, None, batch_size, True, "steps", steps
        )
        return Run(
            self, TEST, x, y, weights, batch_size, verbose=verbose, steps_per_epoch=steps,
            callbacks=callbacks, shuffle=False,
        )()  # fmt: skip

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        """Returns the outputs for all examples.

        Args:
            x: the inputs, as in `fit`.
            batch_size: the number of examples in a run; None: 32.
            verbose: whether progress is shown.
            steps: the number of batches.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            max_queue_size: how many batches of a generator are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.

        Returns:
            An array, or a list of arrays, one for each output.

        Raises:
            ValueError: if data does not fit the model.
        """
        self._check_call_args("predict")
        batch_size = self._batch_size(batch_size, steps, x)
        if is_generator_or_sequence(x):
            return self._generator_run(
                PREDICT, x, steps, verbose, callbacks, max_queue_size, workers, use_multiprocessing
            )
        x, _, _ = self._standardize_user_data(
            x, batch_size=None, check_steps=True, steps_name="steps", steps=steps
        )
        return Run(
            self, PREDICT, x, batch_size=batch_size, verbose=verbose, steps_per_epoch=steps,
            callbacks=callbacks, shuffle=False,
        )()  # fmt: skip

    def _generator_run(
        self, mode: str, given: Any, steps: int | None, verbose: int, callbacks: Any,
        max_queue_size: int, workers: int, use_multiprocessing: bool,
    ) -> Any:  # fmt: skip
        return GeneratorRun(
            self, mode, given, steps, verbose=verbose, callbacks=callbacks,
            max_queue_size=max_queue_size, workers=workers,
            use_multiprocessing=use_multiprocessing,
        )()  # fmt: skip

    # --- generators ---
    def fit_generator(
        self,
        generator: Any,
        steps_per_epoch: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_steps: int | None = None,
        validation_freq: Any = 1,
        class_weight: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        shuffle: bool = True,
        initial_epoch: int = 0,
    ) -> Any:
        """Trains the model with the batches of a generator or Sequence; see `fit`.

        Args:
            generator: gives (inputs, targets) or (inputs, targets, weights).
            steps_per_epoch: the number of batches in an epoch.
            epochs: the number of the epoch after the last.
            verbose: 0: nothing is printed, 1: a bar, 2: a line for each epoch.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            validation_data: a generator or Sequence, or a tuple of arrays.
            validation_steps: the number of batches in validation.
            validation_freq: each so many epochs there is validation; or a list of epochs from 1.
            class_weight: weights of examples by their class.
            max_queue_size: how many batches are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.
            shuffle: whether the batches of a Sequence come in another order in each epoch.
            initial_epoch: the number of the first epoch.

        Returns:
            A History.

        Raises:
            ValueError: if there is no number of steps, or data does not fit the model.
        """
        self._check_call_args("fit_generator")
        return GeneratorRun(
            self, TRAIN, generator, steps_per_epoch, epochs, verbose, callbacks, validation_data,
            validation_steps, validation_freq, class_weight, max_queue_size, workers,
            use_multiprocessing, shuffle, initial_epoch, steps_name="steps_per_epoch",
        )()  # fmt: skip

    def evaluate_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Returns the loss and the measures over the batches of a generator; see `evaluate`.

        Args:
            generator: gives (inputs, targets) or (inputs, targets, weights).
            steps: the number of batches.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            max_queue_size: how many batches are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.
            verbose: whether progress is shown.
        """
        self._check_call_args("evaluate_generator")
        return self._generator_run(
            TEST, generator, steps, verbose, callbacks, max_queue_size, workers, use_multiprocessing
        )

    def predict_generator(
        self,
        generator: Any,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Returns the outputs for the batches of a generator; see `predict`.

        Args:
            generator: gives inputs, or tuples that begin with them.
            steps: the number of batches.
            callbacks: a list of `tf.keras.callbacks.Callback`.
            max_queue_size: how many batches are made before.
            workers: 0: none.
            use_multiprocessing: accepted; a thread makes the batches.
            verbose: whether progress is shown.
        """
        return self._generator_run(
            PREDICT, generator, steps, verbose, callbacks, max_queue_size, workers,
            use_multiprocessing,
        )  # fmt: skip

    # --- single batches ---
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
    ) -> Any:
        """Makes one step of training and returns the loss and the measures before it.

        Args:
            x: the inputs.
            y: the targets.
            sample_weight: weights of examples.
            class_weight: weights of examples by their class.
            reset_metrics: whether the measures begin again.

        Returns:
            The loss, or a list: see `metrics_names`.
        """
        self._assert_compile_was_called()
        self._check_call_args("train_on_batch")
        x, y, weights = self._standardize_user_data(
            x, y, sample_weight, class_weight, extract_tensors_from_dataset=True
        )
        ins = flat_inputs(x) + (y or []) + (weights or [])
        if not isinstance(learning_phase(), int):
            ins.append(True)
        self._update_sample_weight_modes(sample_weights=weights)
        return self._outcome(self._make_train_function()(ins), reset_metrics)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, reset_metrics: bool = True
    ) -> Any:
        """Returns the loss and the measures for one batch.

        Args:
            x: the inputs.
            y: the targets.
            sample_weight: weights of examples.
            reset_metrics: whether the measures begin again.

        Returns:
            The loss, or a list: see `metrics_names`.
        """
        self._assert_compile_was_called()
        self._check_call_args("test_on_batch")
        x, y, weights = self._standardize_user_data(
            x, y, sample_weight, extract_tensors_from_dataset=True
        )
        ins = flat_inputs(x) + (y or []) + (weights or [])
        self._update_sample_weight_modes(sample_weights=weights)
        return self._outcome(self._make_test_function()(ins), reset_metrics)

    def _outcome(self, outputs: Any, reset_metrics: bool) -> Any:
        if reset_metrics:
            self.reset_metrics()
        return outputs[0] if len(outputs) == 1 else outputs

    def predict_on_batch(self, x: Any) -> Any:
        """Returns the outputs for one batch.

        Args:
            x: the inputs.
        """
        self._check_call_args("predict_on_batch")
        inputs, _, _ = self._standardize_user_data(x, extract_tensors_from_dataset=True)
        outputs = self._make_predict_function()(flat_inputs(inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    # --- data in one form ---
    def _batch_size(self, batch_size: int | None, steps: int | None, x: Any) -> int | None:
        if isinstance(x, DatasetV2) or is_generator_or_sequence(x):
            if batch_size is not None:
                raise ValueError(
                    "The `batch_size` argument must not be specified for the given input type. "
                    f"Received input: {x}, batch_size: {batch_size}"
                )
            return None
        if self._layers:
            shape, _ = input_shape_and_dtype(self._layers[0])
            fixed = None if shape is None else TensorShape(shape).as_list()[0]
            if fixed is not None:
                if batch_size is not None and batch_size != fixed:
                    raise ValueError(
                        f"The `batch_size` argument value {batch_size} is incompatible with the "
                        f"specified batch size of your Input Layer: {fixed}"
                    )
                if steps is None:
                    batch_size = fixed
        return 32 if batch_size is None and steps is None else batch_size

    def _standardize_validation(self, given: Any, batch_size: Any, steps: Any) -> tuple[Any, ...]:
        x, y, weights = data.unpack_validation(given)
        return self._standardize_user_data(
            x, y, weights, batch_size=batch_size, steps=steps, steps_name="validation_steps"
        )

    def _standardize_user_data(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        batch_size: int | None = None,
        check_steps: bool = False,
        steps_name: str = "steps",
        steps: int | None = None,
        validation_split: float = 0,
        shuffle: Any = False,
        extract_tensors_from_dataset: bool = False,
    ) -> tuple[Any, Any, Any]:
        """Returns inputs, targets and weights as lists of what fits the model.

        A model without inputs gets them from `x`, and one that is not compiled yet is.
        """
        is_dataset = isinstance(x, DatasetV2 | Iterator)
        if is_dataset:
            data.validate_dataset(x, y, sample_weight, validation_split)
            if isinstance(x, DatasetV2):
                if shuffle:
                    data.warn_if_unshuffled(x)
                if extract_tensors_from_dataset:
                    iterator = data.initialized(make_initializable_iterator(x))
                    x, y, sample_weight = data.unpack_element(iterator)
            else:
                x, y, sample_weight = data.unpack_element(x)
        if check_steps:
            data.check_steps(x, steps, steps_name)
        called: list[Any] = []
        target = y
        is_built = not self.inputs
        if is_built:
            called, target = self._build_from(x, y)
        compiles = not self._is_compiled and bool(self.optimizer)
        if compiles:
            self._compile_from(called, target, x, y, is_dataset)
        if is_built and compiles and not is_dataset and any(map(data.is_tensor, called)):
            return [], [], None
        shapes = self._feed_input_shapes if self._is_graph_network else None
        if isinstance(x, DatasetV2):
            return x, [], None
        x = data.standardize_input_data(x, self._feed_input_names, shapes, False, "input")
        x = [_fitting_sparse(value, given) for value, given in zip(x, self._feed_inputs,
             strict=False)]  # fmt: skip
        y, weights = self._standardize_targets(x, y, sample_weight, class_weight)
        if self.stateful and batch_size and not is_dataset and x[0].shape[0] % batch_size != 0:
            raise ValueError(
                "In a stateful network, you should only pass inputs with a number of samples that "
                f"can be divided by the batch size. Found: {x[0].shape[0]} samples"
            )
        return x, y, weights

    def _standardize_targets(
        self, x: Any, y: Any, sample_weight: Any, class_weight: Any
    ) -> tuple[Any, Any]:
        if y is None:
            return [], None
        endpoints.prepare_sample_weight_modes(self._training_endpoints, self.sample_weight_mode)
        names = self._feed_output_names
        modes = [e.sample_weight_mode for e in self._training_endpoints]
        y = data.standardize_input_data(y, names, None, False, "target")
        by_example = data.standardize_weights_by_output(sample_weight, names, "sample_weight")
        by_class = data.standardize_weights_by_output(class_weight, names, "class_weight")
        weights = [
            data.standardize_weights(*one)
            for one in zip(y, by_example, by_class, modes, strict=False)
        ]
        data.check_array_lengths(x, y, weights)
        if self._is_graph_network:
            losses = [e.loss_fn for e in self._feedable]
            shapes = [e.feed_output_shape for e in self._feedable]
            data.check_loss_and_target(y, losses, shapes)
        unset = all(mode is None for mode in modes) and all(w is None for w in weights)
        return y, None if unset else weights

    # --- models that get their inputs from the first data ---
    def _build_from(self, x: Any, y: Any) -> tuple[list[Any], Any]:
        inputs, targets = x, y
        if isinstance(x, DatasetV2):
            inputs, targets, _ = data.unpack_element(
                data.initialized(make_initializable_iterator(x))
            )
        data.check_input_types(inputs, x)
        flat = flat_inputs(inputs) if isinstance(inputs, dict) else nest.flatten(inputs)
        for given in flat:
            if isinstance(given, SparseTensor | SparseTensorValue):
                raise ValueError(
                    "All SparseTensor and RaggedTensor inputs must be explicitly declared using a "
                    "keras.Input() with sparse=True or ragged=True. We found an undeclared input "
                    f"{given}. For Sequential models, please add a keras.Input() as your first "
                    "Layer. For subclassed models, please call self._set_inputs() on your input "
                    "set, which you can create using keras.Input() for each input to your model."
                )
        if isinstance(x, DatasetV2):
            inputs = nest.map_structure(lambda t: TensorSpec(t.shape, t.dtype), inputs)
        elif data.has_tensors(inputs):
            inputs = nest.map_structure(floats_cast, inputs)
        self._set_inputs(inputs)
        return flat, targets

    def _compile_from(
        self, called: list[Any], target: Any, x: Any, y: Any, is_dataset: bool
    ) -> None:
        tensors: list[Any] | None = None
        if target is not None:
            if data.has_tensors(target):
                target = cast_like(target, self.outputs)
            data.check_input_types(target, y, allow_dict=False, field_name="target")
            listed = list(target) if isinstance(target, list | tuple) else [target]
            called = called + listed
            tensors = [v for v in listed if data.is_tensor(v)]
        if any(map(data.is_tensor, called)) and not all(map(data.is_tensor, called)):
            raise ValueError(
                "Do not pass inputs that mix Numpy arrays and TensorFlow tensors. You passed: "
                f"x={x}; y={y}"
            )
        self.compile(
            optimizer=self.optimizer,
            loss=self.loss,
            metrics=self._compile_metrics,
            weighted_metrics=self._compile_weighted_metrics,
            loss_weights=self.loss_weights,
            target_tensors=None if is_dataset else tensors,
            sample_weight_mode=self.sample_weight_mode,
            **self._function_kwargs,
        )

    def _called_first(self, inputs: Any, outputs: Any) -> None:
        if scopes.get_default_graph().executes:
            self.built = True  # the next call may have other inputs
        elif not self.inputs:
            self._set_inputs(inputs, outputs)
        self._continue_restoring()

    def _set_inputs(self, inputs: Any, outputs: Any = None, training: Any = None) -> None:
        inputs = self._set_input_attrs(inputs)
        if outputs is None:
            kwargs = {}
            if self._expects_training_arg:
                kwargs["training"] = learning_phase() if training is None else training
            try:
                outputs = self(inputs, **kwargs)
            except NotImplementedError:
                outputs = None
        with untracked(self):
            self.outputs = nest.flatten(outputs)
            self.output_names = [f"output_{i + 1}" for i in range(len(self.outputs))]
            self.built = True

    def _set_input_attrs(self, inputs: Any) -> Any:
        if self.inputs:
            raise ValueError("Model inputs are already set.")
        with untracked(self):
            if type(self).__name__ == "Sequential" and not self.built:
                self._build_input_shape = _shape_of_examples(inputs, self.layers)
            held = ModelInputs(inputs)
            symbolic = held.get_symbolic_inputs()
            self.inputs = held.get_symbolic_inputs(return_single_as_list=True)
            self.input_names = held.names
            fed = [(n, x) for n, x in zip(held.names, held.flat, strict=True) if is_placeholder(x)]
            self._feed_input_names = [name for name, _ in fed]
            self._feed_inputs = [x for _, x in fed]
            self._feed_input_shapes = [int_shape(x) for _, x in fed]
        return symbolic


def _shape_of_examples(inputs: Any, layers: list[Any]) -> tuple[Any, ...]:
    if isinstance(inputs, dict):
        if not getattr(layers[0], "_is_feature_layer", False):
            raise ValueError(
                "Passing a dictionary input to a Sequential Model which doesn't have FeatureLayer "
                "as the first layer is an error."
            )
        return (None,)
    shape = inputs if isinstance(inputs, TensorShape) else inputs.shape
    sizes = shape.as_list() if isinstance(shape, TensorShape) else list(shape)
    return (None, *sizes[1:])


def _fitting_sparse(value: Any, given: Any) -> Any:
    """A SciPy sparse matrix as the input takes it."""
    if not hasattr(value, "tocoo"):
        return value
    if isinstance(given, Tensor):
        return value.toarray()
    entries = value.tocoo()
    indices = np.stack([entries.row, entries.col], axis=1).astype(np.int64)
    return SparseTensorValue(indices, entries.data, np.asarray(entries.shape, np.int64))
