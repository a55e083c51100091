"""SignatureDef messages: which tensors of a SavedModel go in and out, for those who serve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphflow.core.dtypes import DType, float32, string
from graphflow.core.errors import NotFoundError
from graphflow.core.export import export, publish_from
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.tensor_info import (
    build_tensor_info,
    build_tensor_info_from_op,
    get_element_from_tensor_info,
)

DEFAULT_SERVING_SIGNATURE_DEF_KEY: Final = "serving_default"
CLASSIFY_INPUTS: Final = "inputs"
CLASSIFY_METHOD_NAME: Final = "tensorflow/serving/classify"
CLASSIFY_OUTPUT_CLASSES: Final = "classes"
CLASSIFY_OUTPUT_SCORES: Final = "scores"
PREDICT_INPUTS: Final = "inputs"
PREDICT_METHOD_NAME: Final = "tensorflow/serving/predict"
PREDICT_OUTPUTS: Final = "outputs"
REGRESS_INPUTS: Final = "inputs"
REGRESS_METHOD_NAME: Final = "tensorflow/serving/regress"
REGRESS_OUTPUTS: Final = "outputs"
DEFAULT_TRAIN_SIGNATURE_DEF_KEY: Final = "train"
DEFAULT_EVAL_SIGNATURE_DEF_KEY: Final = "eval"
SUPERVISED_TRAIN_METHOD_NAME: Final = "tensorflow/supervised/training"
SUPERVISED_EVAL_METHOD_NAME: Final = "tensorflow/supervised/eval"

for _space in ("saved_model", "saved_model.signature_constants"):
    publish_from(
        __name__, _space, "DEFAULT_SERVING_SIGNATURE_DEF_KEY", "CLASSIFY_INPUTS",
        "CLASSIFY_METHOD_NAME", "CLASSIFY_OUTPUT_CLASSES", "CLASSIFY_OUTPUT_SCORES",
        "PREDICT_INPUTS", "PREDICT_METHOD_NAME", "PREDICT_OUTPUTS", "REGRESS_INPUTS",
        "REGRESS_METHOD_NAME", "REGRESS_OUTPUTS",
    )  # fmt: skip


@export("saved_model.build_signature_def", "saved_model.signature_def_utils.build_signature_def")
def build_signature_def(
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    method_name: str | None = None,
) -> Any:
    """Returns a SignatureDef.

    Args:
        inputs: TensorInfo messages by the names that callers use.
        outputs: likewise.
        method_name: what a server does with it, such as "tensorflow/serving/predict".
    """
    message = proto.SignatureDef(method_name=method_name)
    for key, info in (inputs or {}).items():
        message.inputs[key].CopyFrom(info)
    for key, info in (outputs or {}).items():
        message.outputs[key].CopyFrom(info)
    return message


def _checked(kind: str, tensor: Any, name: str, dtype: DType, word: str) -> Any:
    """The TensorInfo of a tensor that a server wants to be of one dtype."""
    info = build_tensor_info(tensor)
    if info.dtype != dtype.as_datatype_enum:
        raise ValueError(f"{kind} {name} must be a {word} Tensor.")
    return info


def _examples(kind: str, examples: Any) -> Any:
    if examples is None:
        raise ValueError(f"{kind} examples cannot be None.")
    if not isinstance(examples, Tensor):
        raise ValueError(f"{kind} examples must be a string Tensor.")
    return _checked(kind, examples, "examples", string, "string")


@export(
    "saved_model.regression_signature_def",
    "saved_model.signature_def_utils.regression_signature_def",
)
def regression_signature_def(examples: Any, predictions: Any) -> Any:
    """Returns a SignatureDef for a server's regression.

    Args:
        examples: serialized tf.train.Example messages, a string tensor.
        predictions: a float32 tensor.

    Raises:
        ValueError: if one is None or of another dtype.
    """
    if isinstance(examples, Tensor) and predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    inputs = {REGRESS_INPUTS: _examples("Regression", examples)}
    found = _checked("Regression", predictions, "output", float32, "float")
    return build_signature_def(inputs, {REGRESS_OUTPUTS: found}, REGRESS_METHOD_NAME)


@export(
    "saved_model.classification_signature_def",
    "saved_model.signature_def_utils.classification_signature_def",
)
def classification_signature_def(examples: Any, classes: Any, scores: Any) -> Any:
    """Returns a SignatureDef for a server's classification.

    Args:
        examples: serialized tf.train.Example messages, a string tensor.
        classes: the classes' names, a string tensor; None: none.
        scores: a float32 tensor; None: none.

    Raises:
        ValueError: if `examples` or both others are None, or one is of another dtype.
    """
    kind = "Classification"
    if isinstance(examples, Tensor) and classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    inputs = {CLASSIFY_INPUTS: _examples(kind, examples)}
    outputs = {}
    if classes is not None:
        found = _checked(kind, classes, "classes", string, "string")
        outputs[CLASSIFY_OUTPUT_CLASSES] = found
    if scores is not None:
        outputs[CLASSIFY_OUTPUT_SCORES] = _checked(kind, scores, "scores", float32, "float")
    return build_signature_def(inputs, outputs, CLASSIFY_METHOD_NAME)


@export(
    "saved_model.predict_signature_def", "saved_model.signature_def_utils.predict_signature_def"
)
def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Any:
    """Returns a SignatureDef for a server's prediction, which takes tensors of any kind.

    Args:
        inputs: tensors by the names that callers use.
        outputs: likewise.

    Raises:
        ValueError: if one is None or empty.
    """
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    return build_signature_def(_infos(inputs), _infos(outputs), PREDICT_METHOD_NAME)


def _infos(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {key: build_tensor_info(tensor) for key, tensor in tensors.items()}


def supervised_train_signature_def(
    inputs: Mapping[str, Any], loss: Any, predictions: Any = None, metrics: Any = None
) -> Any:
    """Returns a SignatureDef of what goes into and comes out of training.

    Args:
        inputs: tensors by their names.
        loss: likewise; None: none.
        predictions: likewise.
        metrics: likewise.

    Raises:
        ValueError: if there are no inputs.
    """
    return _supervised(SUPERVISED_TRAIN_METHOD_NAME, inputs, (loss, predictions, metrics))


def supervised_eval_signature_def(
    inputs: Mapping[str, Any], loss: Any, predictions: Any = None, metrics: Any = None
) -> Any:
    """Returns a SignatureDef of what goes into and comes out of an evaluation.

    Args:
        inputs: tensors by their names.
        loss: likewise; None: none.
        predictions: likewise.
        metrics: likewise.

    Raises:
        ValueError: if there are no inputs.
    """
    return _supervised(SUPERVISED_EVAL_METHOD_NAME, inputs, (loss, predictions, metrics))


def _supervised(method: str, inputs: Mapping[str, Any], results: tuple[Any, ...]) -> Any:
    if not inputs:
        raise ValueError(f"{method} inputs cannot be None or empty.")
    outputs: dict[str, Any] = {}
    for tensors in results:
        outputs |= _infos(tensors or {})
    return build_signature_def(_infos(inputs), outputs, method)


# --- checks ---
_Kinds = dict[str, DType]
_SERVED: Final[dict[str, tuple[_Kinds, _Kinds, bool]]] = {
    REGRESS_METHOD_NAME: ({REGRESS_INPUTS: string}, {REGRESS_OUTPUTS: float32}, True),
    CLASSIFY_METHOD_NAME: (
        {CLASSIFY_INPUTS: string},
        {CLASSIFY_OUTPUT_CLASSES: string, CLASSIFY_OUTPUT_SCORES: float32},
        False,
    ),
}
"""By method: the inputs and outputs it has, and whether it needs all of its outputs."""


@export("saved_model.is_valid_signature", "saved_model.signature_def_utils.is_valid_signature")
def is_valid_signature(signature_def: Any) -> bool:
    """Whether TensorFlow Serving can serve a SignatureDef.

    Args:
        signature_def: the message; None is not valid.
    """
    if signature_def is None:
        return False
    message = signature_def
    if message.method_name == PREDICT_METHOD_NAME:
        return bool(message.inputs and message.outputs)
    if message.method_name not in _SERVED:
        return False
    inputs, outputs, needs_all = _SERVED[message.method_name]
    if set(message.inputs) != set(inputs) or not message.outputs:
        return False
    if needs_all and set(message.outputs) != set(outputs):
        return False
    return _agree(message.inputs, inputs) and _agree(message.outputs, outputs)


def _agree(infos: Any, kinds: _Kinds) -> bool:
    return all(
        key in kinds and info.dtype == kinds[key].as_datatype_enum for key, info in infos.items()
    )


# --- operations ---
def op_signature_def(op: Any, key: str) -> Any:
    """Returns a SignatureDef whose one output names an operation.

    Args:
        op: an Operation or a Tensor.
        key: the output's name.
    """
    return build_signature_def(outputs={key: build_tensor_info_from_op(op)})


def load_op_from_signature_def(
    signature_def: Any, key: str, import_scope: str | None = None
) -> Any:
    """Returns the Operation or Tensor that an `op_signature_def` names.

    Args:
        signature_def: the message.
        key: the output's name.
        import_scope: a scope to put before the name.

    Raises:
        NotFoundError: if it is not in the default graph.
    """
    try:
        return get_element_from_tensor_info(signature_def.outputs[key], import_scope=import_scope)
    except KeyError:
        raise NotFoundError(
            None,
            None,
            f"The {key} could not be found in the graph: the SavedModel's signature of that name "
            "names an operation that it does not have.",
        ) from None
