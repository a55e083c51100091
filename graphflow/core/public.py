"""The public names of what core itself defines."""

from __future__ import annotations

from typing import Final

from graphflow.core import convert, device, errors, scopes, shape
from graphflow.core.collections import GraphKeys
from graphflow.core.export import publish, publish_from
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

TENSORFLOW_VERSION: Final = "1.15.5"
"""The TensorFlow whose behaviour this is, as programs that ask `tf.__version__` expect it."""
KERAS_VERSION: Final = "2.2.4-tf"
"""The Keras of that TensorFlow."""
GIT_VERSION: Final = "graphflow"
COMPILER_VERSION: Final = ""
CXX11_ABI_FLAG: Final = 0
MONOLITHIC_BUILD: Final = 0
GRAPH_DEF_VERSION: Final = 134
GRAPH_DEF_VERSION_MIN_CONSUMER: Final = 0
GRAPH_DEF_VERSION_MIN_PRODUCER: Final = 0
newaxis: Final = None

publish(Graph, "Graph")
publish(GraphKeys, "GraphKeys")
publish(Operation, "Operation")
publish(Tensor, "Tensor")
publish(shape.TensorShape, "TensorShape")
publish(shape.Dimension, "Dimension")
publish(shape.dimension_value, "dimension_value", "compat.dimension_value")
publish(shape.dimension_at_index, "dimension_at_index", "compat.dimension_at_index")
publish(device.DeviceSpec, "DeviceSpec")
publish(convert.convert_to_tensor, "convert_to_tensor")
publish(convert.register_tensor_conversion_function, "register_tensor_conversion_function")
for _name in (
    "add_to_collection", "add_to_collections", "colocate_with", "container",
    "control_dependencies", "device", "get_collection", "get_collection_ref",
    "get_default_graph", "get_default_session", "init_scope", "name_scope", "reset_default_graph",
):  # fmt: skip
    publish(getattr(scopes, _name), _name)

publish(errors.OpError, "OpError", "errors.OpError")
for _error in errors.BY_CODE.values():
    publish(_error, f"errors.{_error.__name__}")
publish(errors.exception_type_from_error_code, "errors.exception_type_from_error_code")
publish(errors.error_code_from_exception_type, "errors.error_code_from_exception_type")
publish(errors.raise_exception_on_not_ok_status, "errors.raise_exception_on_not_ok_status")
publish_from(
    "graphflow.core.errors", "errors", "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
publish_from(
    "graphflow.core.public", "", "GIT_VERSION", "COMPILER_VERSION", "CXX11_ABI_FLAG",
    "MONOLITHIC_BUILD", "GRAPH_DEF_VERSION", "GRAPH_DEF_VERSION_MIN_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER", "newaxis", VERSION="TENSORFLOW_VERSION",
    __version__="TENSORFLOW_VERSION",
)  # fmt: skip
publish_from("graphflow.core.public", "keras", __version__="KERAS_VERSION")
publish_from(
    "graphflow.core.public", "version", "GIT_VERSION", "COMPILER_VERSION", "GRAPH_DEF_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER", "GRAPH_DEF_VERSION_MIN_PRODUCER",
    VERSION="TENSORFLOW_VERSION",
)  # fmt: skip
publish_from(
    "graphflow.core.compat", "compat", "bytes_or_text_types", "complex_types", "integral_types",
    "real_types",
)  # fmt: skip
publish_from("graphflow.core.dtypes", "dtypes", QUANTIZED_DTYPES="QUANTIZED")
publish_from("graphflow.core.dtypes", "", QUANTIZED_DTYPES="QUANTIZED")
