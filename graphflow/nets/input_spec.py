"""What a layer demands of its inputs, and the check that they are so."""

from __future__ import annotations

from typing import Any

from graphflow.core import nest
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export


@export("layers.InputSpec", "keras.layers.InputSpec")
class InputSpec:
    """Rank, element type and sizes that an input of a layer must have.

    Args:
        dtype: the element type; None: any.
        shape: the whole shape, with None for free sizes; None: any.
        ndim: the rank.
        max_ndim: the largest rank.
        min_ndim: the smallest rank.
        axes: the size of some axes, by axis.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
    ) -> None:
        self.dtype = as_dtype(dtype).name if dtype is not None else None
        self.ndim = len(shape) if shape is not None else ndim
        self.shape = shape
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = axes or {}

    def __repr__(self) -> str:
        """Returns the demands that are set."""
        said = ((k, v) for k, v in self.get_config().items() if v)
        return f"InputSpec({', '.join(f'{k}={v}' for k, v in said)})"

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this specification again."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Returns the specification of a configuration."""
        return cls(**config)


def check_inputs(specs: Any, inputs: Any, layer: str) -> None:
    """Checks inputs against specifications.

    Args:
        specs: None, an InputSpec, or a structure of them and None.
        inputs: a tensor or a structure of tensors.
        layer: the layer's name, for the message.

    Raises:
        ValueError: if an input is not as demanded.
    """
    if not specs:
        return
    given, wanted = nest.flatten(inputs), nest.flatten(specs)
    if len(given) != len(wanted):
        raise ValueError(
            f"Layer {layer} expects {len(wanted)} inputs, but it received {len(given)} input "
            f"tensors. Inputs received: {given}"
        )
    for i, (x, spec) in enumerate(zip(given, wanted, strict=True)):
        if spec is None:
            continue
        problem = _rank_problem(spec, x) or _problem(spec, x)
        if problem:
            raise ValueError(
                f"Input {i} of layer {layer} is incompatible with the layer: {problem}"
            )


def _rank_problem(spec: InputSpec, x: Any) -> str | None:
    demands = (spec.ndim, spec.min_ndim, spec.max_ndim)
    if all(rank is None for rank in demands):
        return None
    ndim = x.shape.ndims
    if ndim is None:
        return "its rank is undefined, but the layer requires a defined rank."
    full = f"Full shape received: {x.shape.as_list()}"
    if spec.ndim is not None and ndim != spec.ndim:
        return f"expected ndim={spec.ndim}, found ndim={ndim}. {full}"
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={ndim}"
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        return f": expected min_ndim={spec.min_ndim}, found ndim={ndim}. {full}"
    return None


def _problem(spec: InputSpec, x: Any) -> str | None:
    if spec.dtype is not None and x.dtype != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={x.dtype}"
    if x.shape.ndims is None:
        return None
    sizes = x.shape.as_list()
    for axis, size in spec.axes.items():
        if size is not None and sizes[axis] not in (size, None):
            return (
                f"expected axis {axis} of input shape to have value {size} but received input "
                f"with shape {sizes}"
            )
    if spec.shape is not None:
        for wanted, size in zip(spec.shape, sizes, strict=True):
            if wanted is not None and size is not None and wanted != size:
                return f"expected shape={spec.shape}, found shape={sizes}"
    return None
