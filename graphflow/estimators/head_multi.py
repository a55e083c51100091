"""The head of several heads: they share a model, and its loss is the sum of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.estimators import keys
from graphflow.estimators.export_outputs import PredictOutput
from graphflow.estimators.head_base import Head, LossSpec, TrainOpFn, training_step
from graphflow.estimators.keys import MetricKeys
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.estimators.spec import EstimatorSpec
from graphflow.nets.metrics_mean import mean
from graphflow.ops import summary
from graphflow.ops.arithmetic import add_n, multiply
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import no_op
from graphflow.ops.fill import ones_like, zeros_like
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.slice import slice_


class MultiHead(Head):
    """A head of several heads; see `multi_head`."""

    def __init__(self, heads: tuple[Head, ...], head_weights: tuple[float, ...]) -> None:
        super().__init__("_".join([head.name for head in heads]))
        self._heads = heads
        self._head_weights = head_weights

    @property
    def logits_dimension(self) -> Any:
        """The sum of those of the heads."""
        return sum(head.logits_dimension for head in self._heads)

    def create_loss(self, features: Any, mode: str, logits: Any, labels: Any) -> LossSpec:
        """Returns the weighted sum of the losses of the heads.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: by head name, or one tensor with those of all heads side by side.
            labels: by head name.

        Returns:
            A LossSpec; all but its sum are dictionaries by head name.
        """
        by_name = logits if isinstance(logits, dict) else self._split_logits(logits)
        found = {
            head.name: head.create_loss(features, mode, by_name[head.name], labels[head.name])
            for head in self._heads
        }
        unreduced = {name: spec.unreduced_loss for name, spec in found.items()}
        weights = {name: spec.weights for name, spec in found.items()}
        for head, weight in zip(self._heads, self._head_weights, strict=False):
            unreduced[head.name] = multiply(unreduced[head.name], weight)
            weights[head.name] = multiply(weights[head.name], weight)
        total = self._merged([spec.training_loss for spec in found.values()])
        processed = {name: spec.processed_labels for name, spec in found.items()}
        return LossSpec(total, unreduced, weights, processed)

    def create_estimator_spec(
        self,
        features: Any,
        mode: str,
        logits: Any,
        labels: Any = None,
        optimizer: Any = None,
        train_op_fn: TrainOpFn | None = None,
        regularization_losses: Any = None,
    ) -> EstimatorSpec:
        """Returns what a model function returns; see `Head`.

        Args:
            features: tensors by name.
            mode: one of `ModeKeys`.
            logits: by head name, or one tensor with those of all heads side by side.
            labels: by head name; not needed to predict them.
            optimizer: minimizes the sum of the losses.
            train_op_fn: or a function of it, which returns a training step.
            regularization_losses: losses that are added to it.

        Raises:
            ValueError: if the labels are no dictionary, there is neither an optimizer nor a
                function, or both, or the mode is another one.
        """
        by_name = logits if isinstance(logits, dict) else self._split_logits(logits)
        if labels and not isinstance(labels, dict):
            raise ValueError(f"labels must be a dict. Given: {labels}")
        specs = [
            head.create_estimator_spec(
                features,
                mode,
                by_name[head.name],
                labels[head.name] if labels else None,
                train_op_fn=lambda loss: no_op(),
            )
            for head in self._heads
        ]
        if mode == ModeKeys.PREDICT:
            return self._predicting(specs)
        if mode == ModeKeys.EVAL:
            return self._evaluating(specs, regularization_losses)
        if mode != ModeKeys.TRAIN:
            raise ValueError(f"mode={mode} unrecognized")
        total = self._total([spec.loss for spec in specs], regularization_losses)
        train_op = training_step(total, optimizer, train_op_fn)
        spec = EstimatorSpec(mode, self._predictions(specs), total, train_op)
        with scopes.name_scope(""):
            summary.scalar(MetricKeys.LOSS, total)
        return spec

    def _split_logits(self, logits: Any) -> dict[str, Tensor]:
        """The logits of each head by its name."""
        found = {}
        with scopes.name_scope(None, "split_logits", [logits]):
            logits = convert_to_tensor(logits)
            sizes = [head.logits_dimension for head in self._heads]
            shape = logits.shape.as_list()
            if shape[-1] is not None and shape[-1] != sum(sizes):
                raise ValueError(
                    f"Could not split logits of shape {shape!r} among the heads with individual "
                    f"logits dimensions: {sizes!r}. The last dimension of the logits tensor should "
                    f"equal {shape[-1]} but is {sum(sizes)}."
                )
            batch = shape_of(logits)[:-1]
            zeros, rest = zeros_like(batch), -1 * ones_like(batch)
            first = 0
            for head, size in zip(self._heads, sizes, strict=True):
                begin = concat([zeros, [first]], axis=0)
                extent = concat([rest, [size]], axis=0)
                found[head.name] = slice_(logits, begin, extent)
                first += size
        return found

    # --- merging ---
    def _merged(self, losses: Sequence[Any]) -> Tensor:
        """The weighted sum of losses."""
        with scopes.name_scope("merge_losses", values=(*losses, *self._head_weights)):
            if self._head_weights:
                pairs = zip(losses, self._head_weights, strict=True)
                losses = [multiply(loss, weight) for loss, weight in pairs]
            return add_n(losses)

    def _total(self, losses: Sequence[Any], regularization_losses: Any) -> Tensor:
        total = self._merged(losses)
        return add_n([total, *regularization_losses]) if regularization_losses else total

    def _predictions(self, specs: list[EstimatorSpec]) -> dict[Any, Any]:
        """The predictions by (name of the head, name of the prediction)."""
        return {
            (head.name, name): value
            for head, spec in zip(self._heads, specs, strict=True)
            for name, value in spec.predictions.items()
        }

    def _predicting(self, specs: list[EstimatorSpec]) -> EstimatorSpec:
        outputs = {keys.DEFAULT_SERVING: specs[0].export_outputs[keys.DEFAULT_SERVING]}
        merged: dict[str, Any] = {}
        for head, spec in zip(self._heads, specs, strict=True):
            for name, output in spec.export_outputs.items():
                default = name == keys.DEFAULT_SERVING
                outputs[head.name if default else f"{head.name}/{name}"] = output
                if name == keys.PREDICT_SERVING and isinstance(output, PredictOutput):
                    merged |= {f"{head.name}/{k}": v for k, v in output.outputs.items()}
        outputs[keys.PREDICT_SERVING] = PredictOutput(merged)
        return EstimatorSpec(ModeKeys.PREDICT, self._predictions(specs), export_outputs=outputs)

    def _evaluating(self, specs: list[EstimatorSpec], regularization: Any) -> EstimatorSpec:
        metrics: dict[str, Any] = {}
        with scopes.name_scope("merge_eval"):
            for head, spec in zip(self._heads, specs, strict=True):
                name = f"{MetricKeys.LOSS}/{head.name}"
                metrics[name] = mean(spec.loss, name=name)
                metrics |= spec.eval_metric_ops
            total = self._total([spec.loss for spec in specs], regularization)
        return EstimatorSpec(
            ModeKeys.EVAL, self._predictions(specs), total, eval_metric_ops=metrics
        )


@export("contrib.estimator.multi_head")
def multi_head(heads: Sequence[Head], head_weights: Sequence[float] | None = None) -> MultiHead:
    """Returns a head of several heads, whose losses are added up.

    Args:
        heads: heads with names; labels come by these.
        head_weights: what each loss counts; None: 1.

    Raises:
        ValueError: if there are no heads, one has no name, or there are more or fewer weights.
    """
    if head_weights and len(head_weights) != len(heads):
        raise ValueError(
            "heads and head_weights must have the same size. "
            f"Given len(heads): {len(heads)}. Given len(head_weights): {len(head_weights)}."
        )
    if not heads:
        raise ValueError(f"Must specify heads. Given: {heads}")
    for head in heads:
        if not head.name:
            raise ValueError(f"All given heads must have name specified. Given: {head}")
    return MultiHead(tuple(heads), tuple(head_weights or ()))
