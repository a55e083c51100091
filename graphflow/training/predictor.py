"""Predictors: functions of arrays around the graph of a SavedModel."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.formats.saved_model import parse_saved_model
from graphflow.runtime.session import Session
from graphflow.training.saved_model_loader import load

_log: Final = logging.getLogger("tensorflow")
_SERVING: Final = "serving_default"


class Predictor:
    """A function of a dict of arrays, computed by a graph.

    Args:
        graph: the graph.
        session: the session that holds its values.
        input_names: the names of the tensors to feed, by the names of the inputs.
        output_names: the names of the tensors to compute, by the names of the outputs.
    """

    def __init__(
        self,
        graph: Graph,
        session: Any,
        input_names: Mapping[str, str],
        output_names: Mapping[str, str],
    ) -> None:
        self._graph = graph
        self._session = session
        tensor = graph.get_tensor_by_name
        self._feed_tensors = {k: tensor(name) for k, name in input_names.items()}
        self._fetch_tensors = {k: tensor(name) for k, name in output_names.items()}

    @property
    def graph(self) -> Graph:
        """The graph."""
        return self._graph

    @property
    def session(self) -> Any:
        """The session that holds its values."""
        return self._session

    @property
    def feed_tensors(self) -> dict[str, Any]:
        """The tensors that a call feeds, by the names of its inputs."""
        return self._feed_tensors

    @property
    def fetch_tensors(self) -> dict[str, Any]:
        """The tensors that a call returns, by the names of its outputs."""
        return self._fetch_tensors

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} with feed tensors {self._feed_tensors} and fetch_tensors "
            f"{self._fetch_tensors}"
        )

    def __call__(self, input_dict: Mapping[str, Any]) -> Any:
        """Returns the outputs by their names.

        Args:
            input_dict: arrays by the names of inputs; None for one that is not to be fed.

        Raises:
            ValueError: if there is no such input.
        """
        unexpected = set(input_dict) - set(self._feed_tensors)
        if unexpected:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unexpected}\n"
                f"expected: {set(self._feed_tensors)}"
            )
        fed = {self._feed_tensors[k]: v for k, v in input_dict.items() if v is not None}
        return self._session.run(self._fetch_tensors, fed)


class SavedModelPredictor(Predictor):
    """A function of a dict of arrays, computed by a graph of a SavedModel.

    Args:
        export_dir: the SavedModel's folder.
        signature_def_key: which of its signatures to take; None: "serving_default".
        signature_def: the signature itself, a SignatureDef message.
        input_names: the names of the tensors to feed, by names of the caller's choice.
        output_names: the names of the tensors to compute, by names of the caller's choice.
        tags: the tags of the graph, separated by commas; None: "serve".
        graph: a graph to load it into; None: a new one.
        config: a ConfigProto for the session.

    Raises:
        ValueError: if inputs and outputs are said in more than one way, or there is no such
            signature.
    """

    def __init__(
        self,
        export_dir: Any,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: Mapping[str, str] | None = None,
        output_names: Mapping[str, str] | None = None,
        tags: str | None = None,
        graph: Graph | None = None,
        config: Any = None,
    ) -> None:
        if (input_names is None) != (output_names is None):
            raise ValueError(
                "input_names and output_names must both be specified or both be unspecified."
            )
        ways = (signature_def_key, signature_def, input_names)
        if sum(way is not None for way in ways) > 1:
            raise ValueError(
                "You must specify at most one of signature_def_key, signature_def, and "
                "(input_names AND output_names)."
            )
        tags = tags or "serve"
        graph = graph or Graph()
        with graph.as_default():
            session = Session(config=config)
            load(session, tags.split(","), export_dir)
        if input_names is None or output_names is None:
            if signature_def is None:
                signature_def = _signature(signature_def_key or _SERVING, export_dir, tags)
            input_names = {k: v.name for k, v in signature_def.inputs.items()}
            output_names = {k: v.name for k, v in signature_def.outputs.items()}
        super().__init__(graph, session, input_names, output_names)


def _signature(key: str, export_dir: Any, tags: str) -> Any:
    """Returns a signature of the graph with exactly these tags."""
    wanted = {tag.strip() for tag in tags.split(",")}
    for graph in parse_saved_model(export_dir).meta_graphs:
        if set(graph.meta_info_def.tags) == wanted:
            break
    else:
        raise ValueError(f"Could not find MetaGraphDef with tags {tags}")
    alternative = f"default_input_alternative:{key}"
    if key not in graph.signature_def and alternative in graph.signature_def:
        _log.warning('Could not find signature def "%s". Using "%s" instead', key, alternative)
        key = alternative
    if key not in graph.signature_def:
        raise ValueError(
            f'Got signature_def_key "{key}". Available signatures are '
            f"{sorted(graph.signature_def)}."
        )
    return graph.signature_def[key]


@export("contrib.predictor.from_saved_model")
def from_saved_model(
    export_dir: Any,
    signature_def_key: str | None = None,
    signature_def: Any = None,
    input_names: Mapping[str, str] | None = None,
    output_names: Mapping[str, str] | None = None,
    tags: str | None = None,
    graph: Graph | None = None,
    config: Any = None,
) -> SavedModelPredictor:
    """Returns a function of a dict of arrays, computed by a graph of a SavedModel.

    Args:
        export_dir: the SavedModel's folder.
        signature_def_key: which of its signatures to take; None: "serving_default".
        signature_def: the signature itself, a SignatureDef message.
        input_names: the names of the tensors to feed, by names of the caller's choice.
        output_names: the names of the tensors to compute, by names of the caller's choice.
        tags: the tags of the graph, separated by commas; None: "serve".
        graph: a graph to load it into; None: a new one.
        config: a ConfigProto for the session.

    Raises:
        ValueError: if inputs and outputs are said in more than one way, or there is no such
            signature.
    """
    return SavedModelPredictor(
        export_dir, signature_def_key, signature_def, input_names, output_names, tags, graph, config
    )
