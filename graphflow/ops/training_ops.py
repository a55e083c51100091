"""The optimizers' updates of variables: whole, or only the rows that have a gradient."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.scratch import scratch
from graphflow.core.shape import Dims, text
from graphflow.core.state import Cell
from graphflow.ops.equal_rows import index_suffix, only_first, with_first
from graphflow.ops.state import NOT_CONTINUOUS, equal_shapes, handle_dims

Array = np.ndarray[Any, Any]
Step = Callable[..., None]
_TILE: Final = 1 << 15
"""Elements. A step reads its arrays several times: pieces of this size stay in the cache."""
_GRADIENTS: Final = ("grad", "delta")


# --- how a step is carried out ---
def _tiled(step: Step, arrays: list[Array], scalars: dict[str, Any], at: int) -> None:
    """Runs a step on pieces of the arrays: the variable and its slots, then the gradient.

    Args:
        step: changes the variable and its slots in place.
        arrays: all of one shape; all but the last are written to.
        scalars: the other inputs and attributes.
        at: position of the gradient among the step's arguments (the arrays before it: cells).
    """
    if not arrays[0].ndim:
        # NumPy makes numbers of what it computes from 0-d arrays: nothing to write into.
        arrays = [np.reshape(a, 1) for a in arrays]
    if arrays[0].size <= _TILE:
        step(*arrays, **scalars)
        return
    flat = [a.reshape(-1) for a in arrays]
    for start in range(0, flat[0].size, _TILE):
        piece = [a[start : start + _TILE] for a in flat]
        step(*piece[:at], piece[at], **scalars)


def _dense(step: Step, cells: Sequence[Cell], grad: Array, scalars: dict[str, Any]) -> None:
    own = [c.write() for c in cells]
    shape = own[0].shape
    for array in (*own[1:], grad):
        if array.shape != shape:
            what = "grad" if array is grad else "its slots"
            raise KernelError(
                f"var and {what} do not have the same shape{text(shape)} {text(array.shape)}"
            )
    for name, value in scalars.items():
        if getattr(value, "ndim", 0):
            raise KernelError(f"{name} is not a scalar: {text(value.shape)}")
    _tiled(step, [*own, grad], scalars, len(own))


def _sparse(
    step: Step,
    cells: Sequence[Cell],
    grad: Array,
    indices: Array,
    scalars: dict[str, Any],
    differ: bool = False,
) -> None:
    own = [c.write() for c in cells]
    if indices.ndim != 1:
        raise KernelError("indices must be one-dimensional")
    n = len(own[0]) if own[0].ndim else 0
    if not grad.ndim or len(grad) != indices.size:
        raise KernelError("grad must be the same size as indices in the first dimension.")
    if grad.shape[1:] != own[0].shape[1:]:
        raise KernelError(
            f"var and grad must match in dimension 1: {text(own[0].shape)} {text(grad.shape)}"
        )
    bad = (indices < 0) | (indices >= n)
    if bad.any():
        at = int(np.argmax(bad))
        raise KernelError(f"Index {indices[at]} at offset {at} in indices is out of range")
    if differ or np.unique(indices).size == indices.size:
        rows = [a[indices] for a in own]
        _tiled(step, [*rows, grad], scalars, len(rows))
        for array, changed in zip(own, rows, strict=True):
            array[indices] = changed
        return
    for row, dy in zip(indices.tolist(), grad, strict=True):  # one after the other, as TensorFlow
        step(*[a[row : row + 1] for a in own], dy[None], **scalars)


# --- shape rules ---
def _checked(op: Operation, var: Dims, sparse: bool) -> Dims:
    for port, tensor in zip(op.definition.inputs, op.inputs, strict=True):
        if port.is_ref:
            var = equal_shapes(var, tensor.dims, "var and its slots do not have the same shape")
    for port, tensor in zip(op.definition.inputs, op.inputs, strict=True):
        if port.is_ref or port.name == "indices" or tensor.dtype.kind == "R":
            continue
        if port.name not in _GRADIENTS:
            if tensor.dims:
                raise ShapeError(
                    f"Shape must be rank 0 but is rank {len(tensor.dims)}",
                    run=f"{port.name} is not a scalar: {text(tensor.dims)}",
                )
        elif sparse:
            _check_rows(var, tensor.dims)
        else:
            run = f"var and {port.name} do not have the same shape{text(var)} {text(tensor.dims)}"
            var = equal_shapes(var, tensor.dims, run)
    return var


def _check_rows(var: Dims, grad: Dims) -> None:
    if var is not None and grad is not None:
        run = f"var and grad must match in dimension 1: {text(var)} {text(grad)}"
        equal_shapes((None, *var[1:]), grad, run)


# --- compiled kernels ---
_COMPILED: Final = {
    "GradientDescent": "gradient_descent", "Momentum": "momentum", "Adam": "adam",
    "RMSProp": "rms_prop", "Adagrad": "adagrad", "AdagradV2": "adagrad_v2",
    "AdagradDA": "adagrad_da", "Adadelta": "adadelta", "CenteredRMSProp": "centered_rms_prop",
    "AdaMax": "ada_max", "KerasMomentum": "keras_momentum",
    "ProximalGradientDescent": "proximal_gradient_descent", "ProximalAdagrad": "proximal_adagrad",
    "Ftrl": "ftrl", "FtrlV2": "ftrl_v2", "AddSign": "add_sign", "PowerSign": "power_sign",
}  # fmt: skip


def _updating(
    kernel: str, n: int, ports: list[str], attrs: list[str]
) -> Callable[[Call], Lowering | None]:
    """The rule for an update in one pass over variable, slots and gradient."""
    at = n + next(i for i, p in enumerate(ports) if p in _GRADIENTS)
    flags = [a.lstrip("+") for a in attrs]

    def rule(call: Call) -> Lowering | None:
        real = SUFFIXES.get(call.dtypes[at].name)
        var = call.shapes[0]
        same = all(s == var for s in (*call.shapes[:n], call.shapes[at]))
        single = all(s == () for i, s in enumerate(call.shapes) if i >= n and i != at)
        if not (same and single):
            return None
        sizes = (math.prod(var), *[int(call.attrs[f]) for f in flags])
        return Lowering(f"apply_{kernel}.{real}", sizes)

    return rule


def _updating_rows(
    kernel: str, n: int, ports: list[str], attrs: list[str], of_first: bool
) -> Callable[[Call], Lowering | None]:
    """The rule for an update of the rows that have a gradient, one after the other."""
    at = n + next(i for i, p in enumerate(ports) if p in _GRADIENTS)
    flags = [a.lstrip("+") for a in attrs]
    last = n + len(ports)

    def rule(call: Call) -> Lowering | None:
        real, index = SUFFIXES.get(call.dtypes[at].name), index_suffix(call, at + 1)
        var, indices = call.shapes[0], call.shapes[at + 1]
        same = all(s == var for s in call.shapes[:n])
        fits = call.shapes[at] == (*indices, *var[1:])
        scalars = [s for i, s in enumerate(call.shapes[n : last + 1], n) if i not in (at, at + 1)]
        if len(indices) != 1 or not (same and fits and all(s == () for s in scalars)):
            return None
        sizes = (var[0], math.prod(var[1:]), *indices, int(of_first))
        return Lowering(
            f"apply_rows_{kernel}_{index}.{real}", (*sizes, *[int(call.attrs[f]) for f in flags])
        )

    return rule


# --- definitions ---
def _define(
    name: str, cells: str, ports: str, step: Step, attrs: str = "", kinds: str = "dense sparse"
) -> None:
    """Defines `Apply<name>`, `SparseApply<name>` and their resource twins.

    Args:
        name: the optimizer.
        cells: names of the ports for the variable and its slots.
        ports: names of the others, in order; "grad" (or "delta") is the gradient.
        step: `step(*cells, grad, <other ports and attributes>)`, in place on one piece.
        attrs: names of bool attributes beside use_locking; "+" before one: True by default.
        kinds: "dense", "sparse" or both.
    """
    for kind in kinds.split():
        for resource in (False, True):
            _define_one(name, cells.split(), ports.split(), step, attrs.split(), kind, resource)


def _define_one(
    name: str,
    cells: list[str],
    ports: list[str],
    step: Step,
    attrs: list[str],
    kind: str,
    resource: bool,
) -> OpDef:
    sparse = kind == "sparse"
    listed = [f"{c}: resource" if resource else f"{c}: Ref(T)" for c in cells]
    for port in ports:
        listed.append(f"{port}: {'int64' if port == 'global_step' else 'T'}")
        if sparse and port in _GRADIENTS:
            listed.append("indices: Tindices")
    flags = {"use_locking": False, **{a.lstrip("+"): a.startswith("+") for a in attrs}}
    options = ", ".join(f"{key}: bool = {value}" for key, value in flags.items())
    prefix = ("Resource" if resource else "") + ("Sparse" if sparse else "")
    end = "" if resource else " -> out: Ref(T),"
    constraints: dict[str, Any] = {"T": NUMBERS, **({"Tindices": INDEX} if sparse else {})}
    definition = define(
        f"{prefix}Apply{name}({', '.join(listed)}, *, {options}){end}",
        stateful=resource,
        effect="update",
        **constraints,
    ).no_gradient(NOT_CONTINUOUS)

    @definition.shape
    def _(op: Operation) -> list[Dims]:
        found = _checked(op, handle_dims(op) if resource else None, sparse)
        return [] if resource else [found]

    n, used = len(cells), [a.lstrip("+") for a in attrs]
    definition.numpy(_kernel(step, n, ports, used, sparse, resource))
    if sparse:
        twin = with_first(definition)
        twin.numpy(_kernel(step, n, ports, used, sparse, resource, of_first=True))
        for made, of_first in ((definition, False), (twin, True)):
            made.compiled(_updating_rows(_COMPILED[name], n, ports, attrs, of_first))
    elif name in _COMPILED:
        definition.compiled(_updating(_COMPILED[name], n, ports, attrs))
    return definition


def _kernel(
    step: Step,
    n: int,
    ports: list[str],
    attrs: list[str],
    sparse: bool,
    resource: bool,
    of_first: bool = False,
) -> Callable[..., Any]:
    at = next(i for i, p in enumerate(ports) if p in _GRADIENTS)
    names = [p for p in ports if p not in _GRADIENTS]

    def run(*inputs: Any, **flags: bool) -> Any:
        cells, rest = inputs[:n], list(inputs[n:])
        first = rest.pop() if of_first else None
        grad = rest.pop(at)
        indices = rest.pop(at) if sparse else None
        scalars = {**dict(zip(names, rest, strict=True)), **flags}
        if indices is None:
            _dense(step, cells, grad, scalars)
            return None if resource else cells[0]
        if first is not None:
            grad, indices = only_first(grad, indices, first)
        _sparse(step, cells, grad, indices, scalars, differ=of_first)
        return None if resource else cells[0]

    if attrs == ["use_nesterov"]:
        return lambda *inputs, use_nesterov: run(*inputs, use_nesterov=use_nesterov)
    if attrs == ["update_slots"]:
        return lambda *inputs, update_slots: run(*inputs, update_slots=update_slots)
    return lambda *inputs: run(*inputs)


# --- the steps: each changes `var` and its slots in place; formulas as TensorFlow rounds them ---
def _gradient_descent(var: Array, delta: Array, *, alpha: Array) -> None:
    var -= np.multiply(delta, alpha, out=_spare(delta))


def _spare(like: Array, number: int = 0) -> Array:
    return scratch(like.shape, like.dtype, number)


def _proximal(var: Array, rate: Any, l1: Array, l2: Array) -> None:
    """Shrinks what a step has left, for the penalties l1 and l2."""
    if l1 > 0:
        shrunk = np.maximum(np.abs(var) - rate * l1, 0)
        np.multiply(np.sign(var), shrunk, out=var)
    np.divide(var, 1 + rate * l2, out=var)


def _proximal_gradient_descent(
    var: Array, grad: Array, *, alpha: Array, l1: Array, l2: Array
) -> None:
    var -= grad * alpha
    _proximal(var, alpha, l1, l2)


def _momentum(
    var: Array, accum: Array, grad: Array, *, lr: Array, momentum: Array, use_nesterov: bool
) -> None:
    accum *= momentum
    accum += grad
    if use_nesterov:
        var -= grad * lr + accum * momentum * lr
    else:
        var -= np.multiply(accum, lr, out=_spare(accum))


def _keras_momentum(
    var: Array, accum: Array, grad: Array, *, lr: Array, momentum: Array, use_nesterov: bool
) -> None:
    accum *= momentum
    accum -= grad * lr
    if use_nesterov:
        var += accum * momentum - grad * lr
    else:
        var += accum


def _adam(
    var: Array,
    m: Array,
    v: Array,
    grad: Array,
    *,
    beta1_power: Array,
    beta2_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
    use_nesterov: bool,
) -> None:
    alpha = lr * np.sqrt(1 - beta2_power) / (1 - beta1_power)
    spare = np.subtract(grad, m, out=_spare(grad))
    spare *= 1 - beta1
    m += spare
    np.multiply(grad, grad, out=spare)
    spare -= v
    spare *= 1 - beta2
    v += spare
    np.sqrt(v, out=spare)
    spare += epsilon
    ahead = grad * (1 - beta1) + beta1 * m if use_nesterov else m
    change = np.multiply(ahead, alpha, out=_spare(m, 1))
    change /= spare
    var -= change


def _adam_with_amsgrad(
    var: Array,
    m: Array,
    v: Array,
    vhat: Array,
    grad: Array,
    *,
    beta1_power: Array,
    beta2_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
) -> None:
    alpha = lr * np.sqrt(1 - beta2_power) / (1 - beta1_power)
    m += (grad - m) * (1 - beta1)
    v += (grad * grad - v) * (1 - beta2)
    np.maximum(vhat, v, out=vhat)
    var -= m * alpha / (np.sqrt(vhat) + epsilon)


def _ada_max(
    var: Array,
    m: Array,
    v: Array,
    grad: Array,
    *,
    beta1_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
) -> None:
    m += (grad - m) * (1 - beta1)
    np.maximum(beta2 * v, np.abs(grad), out=v)
    var -= lr / (1 - beta1_power) * (m / (v + epsilon))


def _adagrad(var: Array, accum: Array, grad: Array, *, lr: Array, update_slots: bool) -> None:
    spare = _spare(grad)
    if update_slots:
        accum += np.multiply(grad, grad, out=spare)
    change = np.multiply(grad, lr, out=_spare(grad, 1))
    change /= np.sqrt(accum, out=spare)
    var -= change


def _adagrad_v2(
    var: Array, accum: Array, grad: Array, *, lr: Array, epsilon: Array, update_slots: bool
) -> None:
    if update_slots:
        accum += grad * grad
    var -= grad * lr / (np.sqrt(accum) + epsilon)


def _adagrad_da(
    var: Array,
    gradient_accumulator: Array,
    gradient_squared_accumulator: Array,
    grad: Array,
    *,
    lr: Array,
    l1: Array,
    l2: Array,
    global_step: Array,
) -> None:
    total, squares = gradient_accumulator, gradient_squared_accumulator
    total += grad
    squares += grad * grad
    steps = global_step.astype(var.dtype)
    below = l2 * steps * lr + np.sqrt(squares)
    left = total
    if l1 > 0:
        left = np.sign(total) * np.maximum(np.abs(total) - steps * l1, 0)
    np.divide(-lr * left, below, out=var)


def _proximal_adagrad(
    var: Array, accum: Array, grad: Array, *, lr: Array, l1: Array, l2: Array
) -> None:
    accum += grad * grad
    rate = lr / np.sqrt(accum)
    var -= grad * rate
    _proximal(var, rate, l1, l2)


def _adadelta(
    var: Array,
    accum: Array,
    accum_update: Array,
    grad: Array,
    *,
    lr: Array,
    rho: Array,
    epsilon: Array,
) -> None:
    accum *= rho
    accum += grad * grad * (1 - rho)
    update = np.sqrt(accum_update + epsilon) / np.sqrt(accum + epsilon) * grad
    var -= update * lr
    accum_update *= rho
    accum_update += update * update * (1 - rho)


def _rms_prop(
    var: Array,
    ms: Array,
    mom: Array,
    grad: Array,
    *,
    lr: Array,
    rho: Array,
    momentum: Array,
    epsilon: Array,
) -> None:
    spare = np.multiply(grad, grad, out=_spare(grad))
    spare -= ms
    spare *= 1 - rho
    ms += spare
    mom *= momentum
    np.sqrt(np.add(ms, epsilon, out=spare), out=spare)
    change = np.multiply(grad, lr, out=_spare(grad, 1))
    change /= spare
    mom += change
    var -= mom


def _centered_rms_prop(
    var: Array,
    mg: Array,
    ms: Array,
    mom: Array,
    grad: Array,
    *,
    lr: Array,
    rho: Array,
    momentum: Array,
    epsilon: Array,
) -> None:
    ms += (grad * grad - ms) * (1 - rho)
    mg += (grad - mg) * (1 - rho)
    mom *= momentum
    mom += grad * lr / np.sqrt(ms - mg * mg + epsilon)
    var -= mom


def _ftrl(
    var: Array,
    accum: Array,
    linear: Array,
    grad: Array,
    *,
    lr: Array,
    l1: Array,
    l2: Array,
    lr_power: Array,
    l2_shrinkage: Any = None,
) -> None:
    slope = grad if l2_shrinkage is None else grad + 2 * l2_shrinkage * var
    new = accum + grad * grad
    if lr_power == -0.5:
        root, old_root = np.sqrt(new), np.sqrt(accum)
    else:
        root, old_root = np.power(new, -lr_power), np.power(accum, -lr_power)
    linear += slope - (root - old_root) / lr * var
    shrunk = (l1 * np.sign(linear) - linear) / (root / lr + 2 * l2)
    var[...] = np.where(np.abs(linear) > l1, shrunk, 0)
    accum[...] = new


def _sign_step(m: Array, grad: Array, beta: Array) -> Array:
    m *= beta
    m += grad * (1 - beta)
    agreement: Array = np.sign(grad) * np.sign(m)
    return agreement


def _add_sign(
    var: Array, m: Array, grad: Array, *, lr: Array, alpha: Array, sign_decay: Array, beta: Array
) -> None:
    var -= lr * (alpha + sign_decay * _sign_step(m, grad, beta)) * grad


def _power_sign(
    var: Array, m: Array, grad: Array, *, lr: Array, logbase: Array, sign_decay: Array, beta: Array
) -> None:
    var -= lr * np.exp(logbase * sign_decay * _sign_step(m, grad, beta)) * grad


# --- the operations ---
_define("GradientDescent", "var", "alpha delta", _gradient_descent, kinds="dense")
_define(
    "ProximalGradientDescent", "var", "alpha l1 l2 delta", _proximal_gradient_descent, kinds="dense"
)
_define(
    "ProximalGradientDescent", "var", "alpha l1 l2 grad", _proximal_gradient_descent, kinds="sparse"
)
_define("Momentum", "var accum", "lr grad momentum", _momentum, "use_nesterov")
_ADAM: Final = "beta1_power beta2_power lr beta1 beta2 epsilon grad"
_define("Adam", "var m v", _ADAM, _adam, "use_nesterov", kinds="dense")
_define("AdaMax", "var m v", "beta1_power lr beta1 beta2 epsilon grad", _ada_max, kinds="dense")
_define("Adagrad", "var accum", "lr grad", _adagrad, "+update_slots")
_define("AdagradV2", "var accum", "lr epsilon grad", _adagrad_v2, "+update_slots")
_define(
    "AdagradDA",
    "var gradient_accumulator gradient_squared_accumulator",
    "grad lr l1 l2 global_step",
    _adagrad_da,
)
_define("ProximalAdagrad", "var accum", "lr l1 l2 grad", _proximal_adagrad)
_define("Adadelta", "var accum accum_update", "lr rho epsilon grad", _adadelta)
_define("RMSProp", "var ms mom", "lr rho momentum epsilon grad", _rms_prop)
_define("CenteredRMSProp", "var mg ms mom", "lr rho momentum epsilon grad", _centered_rms_prop)
_define("Ftrl", "var accum linear", "grad lr l1 l2 lr_power", _ftrl)
_define("FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power", _ftrl)
_define("AddSign", "var m", "lr alpha sign_decay beta grad", _add_sign, kinds="dense")
_define("PowerSign", "var m", "lr logbase sign_decay beta grad", _power_sign, kinds="dense")
for _sparse_only in ("dense", "sparse"):
    _define_one(
        "KerasMomentum",
        ["var", "accum"],
        ["lr", "grad", "momentum"],
        _keras_momentum,
        ["use_nesterov"],
        _sparse_only,
        resource=True,
    )
_define_one(
    "AdamWithAmsgrad",
    ["var", "m", "v", "vhat"],
    _ADAM.split(),
    _adam_with_amsgrad,
    [],
    "dense",
    resource=True,
)
