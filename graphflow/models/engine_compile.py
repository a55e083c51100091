"""The part of a model that knows its losses, its measures and how to run them."""

from __future__ import annotations

import inspect
from typing import Any

from graphflow.core import scopes
from graphflow.models import engine_endpoints as endpoints
from graphflow.models import engine_metrics, losses_weighted, optimizers
from graphflow.models.backend_function import GraphExecutionFunction, function
from graphflow.models.engine_network import Network
from graphflow.models.losses_weighted import ReductionV2
from graphflow.nets.keras_state import learning_phase
from graphflow.nets.layer_tracking import layers_in, untracked
from graphflow.ops.arithmetic import add_n
from graphflow.platform import tf_logging


class CompiledNetwork(Network):
    """A network with an optimizer, losses and measures; see `Model`."""

    _training_endpoints: list[endpoints.TrainingEndpoint]
    _compile_metric_functions: list[Any]
    _collected_trainable_weights: list[Any]

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        weighted_metrics: Any = None,
        target_tensors: Any = None,
        distribute: Any = None,
        **kwargs: Any,
    ) -> None:
        """Says how the model is trained.

        Args:
            optimizer: one of `tf.keras.optimizers` or `tf.train`, or its name.
            loss: a function of target and output, an object of `tf.keras.losses` or a name; one
                for all outputs, or a list or dict of them.
            metrics: measures that are shown: a list for all outputs, a list of lists, or a dict.
                "accuracy" is the kind that fits the loss.
            loss_weights: the weights of the losses in their sum: a list or a dict.
            sample_weight_mode: "temporal": examples have a weight for each step; also a list or
                a dict.
            weighted_metrics: measures in which the weights of examples count.
            target_tensors: tensors in place of the placeholders of the targets.
            distribute: refused, for there is one process.
            **kwargs: `fetches`, `options`, `run_metadata` and `feed_dict` as
                `tf.keras.backend.function`; `run_eagerly` must be false.

        Raises:
            ValueError: if something does not fit the outputs, or there is no loss.
            TypeError: if an argument is of a wrong type.
        """
        if kwargs.pop("run_eagerly", None):
            raise ValueError("You can only set `run_eagerly=True` if eager execution is enabled.")
        kwargs.pop("experimental_run_tf_function", None)
        if distribute is not None:
            raise ValueError("Distribute argument in compile is not available: use one process.")
        with untracked(self):
            many = isinstance(optimizer, list | tuple)
            self.optimizer = (
                [optimizers.get(o) for o in optimizer] if many else optimizers.get(optimizer)
            )
            self._track_object("optimizer", self.optimizer)
            self.loss = loss or {}
            self.loss_weights = loss_weights
            self.sample_weight_mode = sample_weight_mode
            self._compile_metrics = metrics or []
            self._compile_weighted_metrics = weighted_metrics
            self._training_endpoints = []
            self._compiled_trainable_state = self._trainable_state()
            self._compile_metric_functions = []
            self._function_kwargs = kwargs
            if self.built and self.inputs and self.outputs:
                self._compile_outputs(metrics, weighted_metrics, target_tensors)

    def _compile_outputs(self, metrics: Any, weighted_metrics: Any, targets: Any) -> None:
        if self.dynamic:
            raise ValueError(
                "Your model contains layers that can only be successfully run in eager execution "
                "(layers constructed with `dynamic=True`). You must enable eager execution with "
                "`tf.enable_eager_execution()`."
            )
        self._is_compiled = True
        self.loss_functions = endpoints.prepare_loss_functions(self.loss, self.output_names)
        given = endpoints.target_tensors(targets, self.outputs, self.output_names)
        for output, name, loss, target in zip(
            self.outputs, self.output_names, self.loss_functions, given, strict=True
        ):
            endpoint = endpoints.TrainingEndpoint(output, name, loss)
            endpoint.create_training_target(target)
            self._training_endpoints.append(endpoint)
        endpoints.prepare_loss_weights(self._training_endpoints, self.loss_weights)
        self._collect_metrics(metrics, weighted_metrics)
        self._name_metrics()
        self._apply_metrics(weighted=False)
        endpoints.prepare_sample_weight_modes(self._training_endpoints, self.sample_weight_mode)
        self._compile_weighted()
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._collected_trainable_weights = self._unique_trainable_weights

    @property
    def _unique_trainable_weights(self) -> list[Any]:
        return list({id(w): w for w in self.trainable_weights}.values())

    def _trainable_state(self) -> dict[Any, bool]:
        """Whether it and each layer inside is trainable."""
        found = {}
        pending: list[Any] = [self]
        while pending:
            layer = pending.pop()
            if layer not in found:
                found[layer] = layer.trainable
                pending += layer._child_layers()
        return found

    @staticmethod
    def _set_trainable_state(state: dict[Any, bool]) -> None:
        for layer, trainable in state.items():
            layer._trainable = trainable

    # --- measures ---
    def _collect_metrics(self, metrics: Any, weighted_metrics: Any) -> None:
        shapes = [None if x.shape.ndims is None else x.shape.as_list() for x in self.outputs]
        names, losses = self.output_names, self.loss_functions
        collect = engine_metrics.collect_per_output
        self._per_output_metrics = collect(metrics, names, shapes, losses)
        self._per_output_weighted_metrics = collect(
            weighted_metrics, names, shapes, losses, weighted=True
        )

    def _name_metrics(self) -> None:
        """Gives the measures names that are unique among the outputs."""
        for i, endpoint in enumerate(self._training_endpoints):
            if not endpoint.should_skip_target():
                for held in (self._per_output_metrics, self._per_output_weighted_metrics):
                    held[i] = self._named(held[i], i)
        if len(self._training_endpoints) > 1:
            for endpoint in self._training_endpoints:
                if not endpoint.should_skip_target():
                    name = endpoint.loss_name() or ""
                    endpoint.output_loss_metric = engine_metrics.mean_metric(name=name)

    def _named(self, held: dict[str, Any], i: int) -> dict[str, Any]:
        found = {}
        for wanted, metric in held.items():
            base = f"{self.output_names[i]}_{wanted}" if len(self.output_names) > 1 else wanted
            name, n = base, 1
            while name in self.metrics_names:
                name, n = f"{base}_{n}", n + 1
            metric._name = name
            found[name] = metric
            self._compile_metric_functions.append(metric)
        return found

    def _apply_metrics(self, weighted: bool) -> None:
        """Calls the measures with outputs and targets."""
        held = self._per_output_weighted_metrics if weighted else self._per_output_metrics
        with scopes.name_scope("metrics"):
            for endpoint, metrics in zip(self._training_endpoints, held, strict=True):
                if endpoint.should_skip_target():
                    continue
                mask = getattr(endpoint.output, "_keras_mask", None)
                weights = endpoint.sample_weight if weighted else None
                for name, metric in metrics.items():
                    with scopes.name_scope(name):
                        engine_metrics.call_metric(
                            metric, endpoint.target, endpoint.output, weights, mask
                        )

    @property
    def metrics(self) -> list[Any]:
        """The measures of `compile`, then those of `add_metric`."""
        found = list(self._compile_metric_functions) if self._is_compiled else []
        return found + self._metrics + _metrics_inside(self._layers)

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        names = ["loss"]
        if self._is_compiled:
            if len(self._training_endpoints) > 1:
                losses = [e.loss_name() for e in self._training_endpoints]
                names += [name for name in losses if name is not None]
            names += [m.name for m in self._compile_metric_functions]
        for layer in self.layers:
            names += [m.name for m in layer._metrics]
        return names + [m.name for m in self._metrics]

    def _all_metrics(self) -> list[Any]:
        held = [e.output_loss_metric for e in getattr(self, "_training_endpoints", ())]
        return [m for m in held if m is not None] + self.metrics

    def reset_metrics(self) -> None:
        """Sets the measures to their first values."""
        for metric in self._all_metrics():
            metric.reset_states()

    # --- the loss ---
    def _compile_weighted(self) -> None:
        with untracked(self):
            for endpoint in self._training_endpoints:
                endpoint.populate_sample_weight()
            self._apply_metrics(weighted=True)
            self.total_loss = self._total_loss()

    def _total_loss(self) -> Any:
        total: Any = None
        with scopes.name_scope("loss"):
            for endpoint in self._training_endpoints:
                if endpoint.should_skip_target():
                    continue
                with scopes.name_scope(endpoint.loss_name()):
                    loss = _output_loss(endpoint)
                if len(self.outputs) > 1:
                    endpoint.output_loss_metric(loss)
                part = endpoint.loss_weight * loss
                total = part if total is None else total + part
            if total is None:
                if not self.losses:
                    raise ValueError(
                        "The model cannot be compiled because it has no loss to optimize."
                    )
                total = 0.0
            more = self.get_losses_for(None) + self.get_losses_for(self.inputs)
            if more:
                total = total + add_n(more)
        return total

    def _update_sample_weight_modes(self, sample_weights: Any = None) -> None:
        if not self._is_compiled:
            return
        there = bool(sample_weights) and any(w is not None for w in sample_weights)
        for endpoint in self._training_endpoints:
            endpoint.sample_weight_mode = (
                endpoint.sample_weight_mode or "samplewise" if there else None
            )

    def _recompiled(self) -> bool:
        """Makes the loss anew if examples have weights now and had none, or the other way."""
        if not self._is_compiled:
            return False
        changed = any(e.sample_weights_mismatch() for e in self._training_endpoints)
        if changed:
            self._compile_weighted()
        return changed

    # --- functions that run ---
    def _fed(self) -> list[Any]:
        weights = [e.sample_weight for e in self._training_endpoints]
        return self._feed_inputs + self._feed_targets + [w for w in weights if w is not None]

    def _measured(self) -> list[Any]:
        return [m._call_result for m in self._all_metrics() if hasattr(m, "_call_result")]

    def _make_train_function(self) -> GraphExecutionFunction:
        changed = self._recompiled()
        self._check_trainable_weights_consistency()
        if isinstance(self.optimizer, list):
            raise ValueError("The `optimizer` in `compile` should be a single optimizer.")
        made: Any = getattr(self, "train_function", None)
        if made is not None and not changed:
            found: GraphExecutionFunction = made
            return found
        now = self._trainable_state()
        self._set_trainable_state(self._compiled_trainable_state)
        inputs = self._fed()
        phase = learning_phase()
        if not isinstance(phase, int):
            inputs.append(phase)
        with self._graph.as_default():
            with scopes.name_scope("training"):
                updates = self.optimizer.get_updates(
                    params=self._collected_trainable_weights, loss=self.total_loss
                )
                updates = list(updates) + self.get_updates_for(None)
                updates += self.get_updates_for(self.inputs)
            outputs = [self.total_loss, *self._measured()]
            with scopes.name_scope("training"):
                made = function(
                    inputs, outputs, updates=updates, name="train_function",
                    **self._function_kwargs,
                )  # fmt: skip
        self._set_trainable_state(now)
        self._continue_restoring()
        return self._keep("train_function", made)

    def _keep(self, name: str, made: GraphExecutionFunction) -> GraphExecutionFunction:
        object.__setattr__(self, name, made)
        return made

    def _make_test_function(self) -> GraphExecutionFunction:
        changed = self._recompiled()
        made: Any = getattr(self, "test_function", None)
        if made is None or changed:
            with self._graph.as_default(), scopes.name_scope("evaluation"):
                made = function(
                    self._fed(),
                    [self.total_loss, *self._measured()],
                    updates=self.state_updates,
                    name="test_function",
                    **self._function_kwargs,
                )
        return self._keep("test_function", made)

    def _make_predict_function(self) -> GraphExecutionFunction:
        made: Any = getattr(self, "predict_function", None)
        if made is None:
            with self._graph.as_default(), scopes.name_scope("predict"):
                made = function(
                    self._feed_inputs,
                    self.outputs,
                    updates=self.state_updates,
                    name="predict_function",
                    **getattr(self, "_function_kwargs", {}),
                )
        return self._keep("predict_function", made)

    def _make_execution_function(self, mode: str) -> GraphExecutionFunction:
        made = {
            "train": self._make_train_function,
            "test": self._make_test_function,
            "predict": self._make_predict_function,
        }
        return made[mode]()

    # --- what is fed ---
    @property
    def _targets(self) -> list[Any]:
        return [e.target for e in self._training_endpoints if e.has_target]

    @property
    def _feedable(self) -> list[endpoints.TrainingEndpoint]:
        return [e for e in self._training_endpoints if e.has_feedable_training_target()]

    @property
    def _feed_targets(self) -> list[Any]:
        return [e.target for e in self._feedable]

    @property
    def _feed_output_names(self) -> list[str]:
        return [e.output_name for e in self._feedable]

    @property
    def _loss_weights_list(self) -> list[Any]:
        return [e.loss_weight for e in self._training_endpoints]

    @property
    def sample_weights(self) -> list[Any]:
        """The placeholders of the weights of examples, by output; None where there are none."""
        return [e.sample_weight for e in self._training_endpoints]

    @property
    def run_eagerly(self) -> bool:
        """False: a model is always a graph."""
        return False

    # --- checks ---
    def _check_trainable_weights_consistency(self) -> None:
        collected = vars(self).get("_collected_trainable_weights")
        if collected is None or len(self._unique_trainable_weights) == len(collected):
            return
        tf_logging.log_first_n(
            tf_logging.WARN,
            "Discrepancy between trainable weights and collected trainable weights, did you set "
            "`model.trainable` without calling `model.compile` after ?",
            1,
        )

    def _check_call_args(self, method_name: str) -> None:
        spec = inspect.getfullargspec(self.call)
        names = spec.args[: len(spec.args) - len(spec.defaults or ())]
        extra = [name for name in names if name != "training"][2:]
        if extra:
            raise ValueError(
                f"Models passed to `{method_name}` can only have `training` and the first argument "
                f"in `call` as positional arguments, found: {extra}."
            )

    def _assert_compile_was_called(self) -> None:
        if not self.optimizer:
            raise RuntimeError(
                "You must compile your model before training/testing. "
                "Use `model.compile(optimizer, loss)`."
            )


def _output_loss(endpoint: endpoints.TrainingEndpoint) -> Any:
    """The loss of one output over a batch."""
    y_true, y_pred, weight = endpoint.target, endpoint.output, endpoint.sample_weight
    mask = getattr(y_pred, "_keras_mask", None)
    if mask is not None:
        weight = engine_metrics.masked_weights(mask, weight, y_pred.dtype)
    loss = endpoint.loss_fn
    if not hasattr(loss, "reduction"):
        return loss(y_true, y_pred, sample_weight=weight)
    weighted = losses_weighted.compute_weighted_loss(
        loss.call(y_true, y_pred), sample_weight=weight, reduction=ReductionV2.NONE
    )
    reduction = loss.reduction
    if reduction == ReductionV2.AUTO:
        reduction = ReductionV2.SUM_OVER_BATCH_SIZE
    return losses_weighted.reduce_weighted_loss(weighted, reduction=reduction)


def _metrics_inside(layers: list[Any]) -> list[Any]:
    """The measures that were added to layers; those of models with what is inside them."""
    found = []
    for layer in layers_in(layers):
        if isinstance(layer, CompiledNetwork):
            found += layer._metrics + _metrics_inside(layer.layers)
        else:
            found += layer.metrics
    return found
