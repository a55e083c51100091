"""A predictor of an Estimator: a function of arrays around its last checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.estimators.mode_keys import ModeKeys
from graphflow.formats.signature_def import DEFAULT_SERVING_SIGNATURE_DEF_KEY
from graphflow.training.monitored import ChiefSessionCreator, MonitoredSession
from graphflow.training.predictor import Predictor


def _signature(receiver: Any, estimator: Any, output_key: str | None) -> Any:
    output_key = output_key or DEFAULT_SERVING_SIGNATURE_DEF_KEY
    spec = estimator.model_fn(receiver.features, None, ModeKeys.PREDICT, estimator.config)
    outputs = spec.export_outputs
    if output_key not in outputs:
        raise KeyError(f"output_key must be one of {outputs.keys()}; got {output_key}")
    return outputs[output_key].as_signature_def(receiver.receiver_tensors)


class EstimatorPredictor(Predictor):
    """A function of a dict of arrays, computed by an Estimator's model; see `from_estimator`."""

    def __init__(
        self,
        estimator: Any,
        serving_input_receiver_fn: Callable[[], Any],
        output_key: str | None = None,
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        graph = graph or Graph()
        with graph.as_default():
            signature = _signature(serving_input_receiver_fn(), estimator, output_key)
            creator = ChiefSessionCreator(config=config, checkpoint_dir=estimator.model_dir)
            session = MonitoredSession(creator)
        inputs = {k: v.name for k, v in signature.inputs.items()}
        outputs = {k: v.name for k, v in signature.outputs.items()}
        super().__init__(graph, session, inputs, outputs)


@export("contrib.predictor.from_estimator")
def from_estimator(
    estimator: Any,
    serving_input_receiver_fn: Callable[[], Any],
    output_key: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> EstimatorPredictor:
    """Returns a function of a dict of arrays, computed by the model of an Estimator.

    Args:
        estimator: the Estimator, whose last checkpoint is restored.
        serving_input_receiver_fn: returns a ServingInputReceiver.
        output_key: which of the export outputs to compute; None: "serving_default".
        graph: a graph to declare the model in; None: a new one.
        config: a ConfigProto for the session.

    Raises:
        KeyError: if there is no such output.
    """
    return EstimatorPredictor(estimator, serving_input_receiver_fn, output_key, graph, config)
