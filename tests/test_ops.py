"""Every row of tests/cases, checked in every way that a row can be checked.

TensorFlow 1.15.5's answers are in tests/golden/ops (`make golden` records them again). A row is
one test, which runs all checks of it and names those that fail: a test for each check and row
would cost pytest more time than the rows cost graphflow.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import gzip
import json
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import _rows
import _run
import ml_dtypes
import numpy as np
import pytest
from _rows import tf

from graphflow.plan import segments
from graphflow.runtime import compiled

# Rows are small: without this NumPy would run most of them, as the quicker way.
segments._FEW = 0

COMPILED = compiled.machine() is not None
GOLDEN = pathlib.Path(__file__).parent / "golden" / "ops"
ROWS = _rows.collect()
CASES = [row for row in ROWS if not hasattr(row, "says")]
ERRORS = [row for row in ROWS if hasattr(row, "says")]
AGAIN = "record the rows again: make golden"
FIRST = re.compile(r"([(, ][\w./-]+):0(?=[,)])")
MADE_AT = re.compile(r"made at \S+:\d+:")


@contextlib.contextmanager
def without(*passes: str) -> Iterator[None]:
    """Plans that are made inside do without some passes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in passes:
            patch.setattr(f"graphflow.plan.build.{name}", lambda program, *rest: program)
        yield


VARIANTS: dict[str, Callable[[], Any]] = {
    "as declared": lambda: without("fold", "merge", "simplify"),
    "not simplified": lambda: without("simplify"),
}
"""Contexts in which a session plans or runs otherwise, and must give the same bits."""

TOLERANCE = {
    "float16": 2e-3, "bfloat16": 1.6e-2, "float32": 1e-5, "float64": 1e-12,
    "complex64": 1e-5, "complex128": 1e-12,
}  # fmt: skip


def title(row: Any) -> str:
    return f"{row.family}:{row.id}"


@functools.cache
def recordings(family: str) -> dict[str, Any]:
    path = GOLDEN / f"{family}.json.gz"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["rows"]
    return found


def decoded(facts: list[Any]) -> list[Any]:
    return [f and _run.decode(f, np.dtype(ml_dtypes.bfloat16)) for f in facts]


class Made:
    """A row's graph, and the arrays of its first run."""

    def __init__(self, row: Any) -> None:
        self.row = row
        self.built = _run.Built(row)
        self.stateful = any(op.op_def.is_stateful for op in self.built.graph.get_operations())
        with self.built.session() as session:
            self.outputs: list[Any] = self.built.run(session)

    @functools.cached_property
    def plain(self) -> list[Any]:
        """The outputs as NumPy alone makes them."""
        if not COMPILED:
            return self.outputs
        with compiled.numpy_only(), self.built.session() as session:
            return self.built.run(session)

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        """What TensorFlow made of the row."""
        facts: dict[str, Any] | None = recordings(self.row.family).get(self.row.id)
        assert facts is not None, AGAIN
        assert "failed" not in facts, f"TensorFlow cannot run this: {facts['failed']}"
        assert facts["inputs"] == _run.fingerprint(self.built.arrays), AGAIN
        return facts

    @functools.cached_property
    def unknown(self) -> Any:
        """The row's graph for unknown sizes; None where TensorFlow cannot build that either."""
        if self.row.golden is True and isinstance(self.facts["unknown"], dict):
            return None
        return _run.Built(self.row, "ranks")

    @functools.cached_property
    def slope(self) -> Slope:
        """The row in float64, along a random direction."""
        return Slope(self.row, self.stateful)


# --- values and shapes ---


def assert_close(found: Any, wanted: Any, tol: float | None, factor: float = 1.0) -> None:
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    limit = tol if tol is not None else TOLERANCE.get(found.dtype.name)
    if limit is None:
        np.testing.assert_array_equal(found, wanted)
        return
    ours, theirs = widen(found), widen(wanted)
    if found.dtype == ml_dtypes.bfloat16:  # TensorFlow's rounding turns its NaNs into numbers
        theirs = np.where(np.isnan(ours), ours, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=limit * factor, atol=limit * factor / 10)


def widen(x: Any) -> Any:
    # Of bfloat16, NumPy's comparisons do not know the NaN.
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def assert_same(found: list[Any], wanted: list[Any]) -> None:
    assert len(found) == len(wanted)
    for x, y in zip(found, wanted, strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        plain = x.dtype == object or x.dtype.kind in "biu"
        np.testing.assert_array_equal(x if plain else widen(x), y if plain else widen(y))


def value_is_that_of_tensorflow(row: Made) -> None:
    if row.row.golden is not True:
        return
    wanted = decoded(row.facts["outputs"])
    assert len(row.outputs) == len(wanted)
    for ours, theirs in zip(row.outputs, wanted, strict=True):
        assert_close(ours, theirs, row.row.tol)
        if row.row.grad == _rows.LIMITS and theirs.dtype.kind == "f":
            zero = (ours == 0) & (theirs == 0)
            np.testing.assert_array_equal(np.signbit(ours[zero]), np.signbit(theirs[zero]))


def static_shape_and_dtype_are_those_of_the_result(row: Made) -> None:
    for built in filter(None, (row.built, row.unknown)):
        for tensor, array in zip(built.tensors, row.outputs, strict=True):
            assert tensor.get_shape().is_compatible_with(array.shape), tensor
            assert array.dtype == np.dtype(tensor.dtype.as_numpy_dtype)


def static_shape_is_that_of_tensorflow(row: Made) -> None:
    if row.row.golden is not True or row.row.static is not True:
        return
    assert [x.dtype.base_dtype.name for x in row.built.tensors] == row.facts["dtypes"]
    assert [_run.static(x) for x in row.built.tensors] == row.facts["static"]
    if row.unknown is not None:
        assert [_run.static(x) for x in row.unknown.tensors] == row.facts["unknown"]


def unknown_sizes_give_the_same_values(row: Made) -> None:
    if row.unknown is not None:
        with compiled.numpy_only(), row.unknown.session() as session:
            assert_same(row.unknown.run(session), row.plain)


def variants_of_the_plan_give_the_same_bits(row: Made) -> None:
    for name, variant in VARIANTS.items():
        with compiled.numpy_only(), variant(), row.built.session() as session:
            found = row.built.run(session)
        for ours, plain in zip(found, row.plain, strict=True):
            assert ours.tobytes() == plain.tobytes() or ours.dtype == object, name


def compiled_kernels_agree_with_numpy(row: Made) -> None:
    for ours, plain in zip(row.outputs, row.plain, strict=True):
        assert_close(ours, plain, row.row.tol)


# --- whose memory it is ---


def results_are_the_callers_own(row: Made) -> None:
    built = row.built
    feeds = [np.array(x) for x in built.arrays]
    with built.session() as session:
        first = built.run(session, feeds)
        for n, x in enumerate(first):
            assert not any(np.may_share_memory(x, y) for y in [*feeds, *first[:n]])
            x[...] = x.dtype.type(1) if x.dtype != object else b"overwritten"
        for fed, array in zip(feeds, built.arrays, strict=True):
            assert fed.tobytes() == array.tobytes() or fed.dtype == object, "a feed was written"
        if not row.stateful:
            assert_same(built.run(session, feeds), row.outputs)


# --- gradients ---


def gradient_is_that_of_tensorflow(row: Made) -> None:
    if row.row.golden is not True or row.row.grad is not True or not row.built.movable:
        return
    wanted = row.facts["gradients"]
    if isinstance(wanted, dict):  # TensorFlow has none for this op
        return
    built = _run.Built(row.row)
    found = built.gradients(row.outputs)
    with built.session() as session:
        asked = [g for g in found if g is not None]
        values = iter(built.run(session, extra=asked) if asked else [])
    for ours, theirs in zip(found, decoded(wanted), strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert_close(next(values), theirs, row.row.tol, factor=10)


class Slope:
    """The weighted sum of a row's outputs along a random direction of its inputs, in float64."""

    def __init__(self, row: Any, stateful: bool) -> None:
        self.step, self.limit = 1e-5, 1e-5
        try:
            self.built = _run.Built(row, wide=True)
        except (TypeError, ValueError):  # the op has no float64, or the row names a dtype
            self.built = _run.Built(row)
            self.step, self.limit = 1e-2, 3e-2
        built = self.built
        self.session = None if stateful else built.session()
        outputs = self.run()
        draw = np.random.RandomState(7)
        like = [built.arrays[n] for n in built.movable]
        self.direction = [draw.uniform(-1, 1, x.shape).astype(x.dtype) for x in like]
        self.first = built.gradients(outputs)

    def run(self, extra: list[Any] | None = None, shift: float = 0.0) -> list[Any]:
        built = self.built
        arrays = list(built.arrays)
        if shift:
            for n, v in zip(built.movable, self.direction, strict=True):
                arrays[n] = (arrays[n] + shift * v).astype(arrays[n].dtype)
        found: list[Any] = built.run(self.session or built.session(), arrays, extra)
        return found

    def loss(self, shift: float) -> float:
        found = self.run(None, shift)
        return sum(dot(_run.weights(n, x), x) for n, x in enumerate(found) if x.dtype.kind in "fc")

    def along(self, gradients: list[Any]) -> list[Any]:
        """(gradient, direction) of each input that has a gradient."""
        pairs = zip(gradients, self.direction, strict=True)
        return [(g, v) for g, v in pairs if g is not None]

    def check(self, value: Any, gradients: list[Any]) -> None:
        """Compares <gradients, direction> with the central difference of `value`."""
        pairs = self.along(gradients)
        found = self.run([g for g, _ in pairs]) if pairs else []
        parts = [dot(g, v) for g, (_, v) in zip(found, pairs, strict=True)]
        difference = (value(self.step) - value(-self.step)) / (2 * self.step)
        size = 1 + abs(difference) + sum(map(abs, parts))
        assert sum(parts) == pytest.approx(difference, abs=self.limit * size)


def dot(x: Any, y: Any) -> float:
    return float(np.sum(np.conj(x) * y, dtype=np.complex128).real)


def has_slope(row: Made) -> bool:
    if row.row.grad is not True or row.row.numeric is not True or not row.built.movable:
        return False
    return any(g is not None for g in row.slope.first)


def gradient_is_the_difference(row: Made) -> None:
    if has_slope(row):
        row.slope.check(row.slope.loss, row.slope.first)


def second_gradient_is_the_difference(row: Made) -> None:
    if not has_slope(row) or row.row.second is not True:
        return
    slope, built = row.slope, row.slope.built
    pairs = slope.along(slope.first)
    inputs = [built.placeholders[n] for n in built.movable]
    with built.graph.as_default():
        found = tf.gradients([g for g, _ in pairs], inputs, grad_ys=[v for _, v in pairs])
        second = [None if g is None else tf.convert_to_tensor(g) for g in found]

    def value(shift: float) -> float:
        found = slope.run([g for g, _ in pairs], shift)
        return sum(dot(v, g) for g, (_, v) in zip(found, pairs, strict=True))

    slope.check(value, second)


# --- the graph as data ---


def own_nodes(lines: list[str]) -> list[str]:
    # Gradient subgraphs are graphflow's own: as few nodes as the mathematics needs.
    return [line for line in lines if not line.startswith("gradients")]


def nodes_are_those_of_tensorflow(row: Made) -> None:
    if row.row.golden is True and row.row.nodes is True:
        ours = own_nodes([_run.node_line(op) for op in row.built.operations])
        # TensorFlow writes an input that was exchanged later as "x:0", which means the same.
        theirs = [FIRST.sub(r"\1", line) for line in own_nodes(row.facts["nodes"])]
        differ = difflib.unified_diff(theirs, ours, "TensorFlow", "graphflow", lineterm="")
        assert ours == theirs, "\n" + "\n".join(differ)


def by_name(graph_def: Any) -> Any:
    return sorted(graph_def.node, key=lambda n: n.name), graph_def.library, graph_def.versions


def imported_graph_gives_the_same_values(row: Made) -> None:
    built, graph = row.built, tf.Graph()
    data = built.graph.as_graph_def()
    with graph.as_default():
        tf.import_graph_def(data, name="")
    # In a loop there is no order in which every node comes after its inputs.
    assert by_name(graph.as_graph_def()) == by_name(data)
    feeds = {x.name: a for x, a in zip(built.placeholders, built.arrays, strict=True)}
    with tf.Session(graph=graph) as session:
        if built.initializer is not None:
            session.run(built.initializer.name, feeds)
        tensors = [x.name for x in built.tensors]
        found = session.run([tensors, [op.name for op in built.actions]], feeds)[0]
    assert_same([_run.array(x) for x in found], row.outputs)


CHECKS = (
    value_is_that_of_tensorflow,
    static_shape_and_dtype_are_those_of_the_result,
    static_shape_is_that_of_tensorflow,
    unknown_sizes_give_the_same_values,
    variants_of_the_plan_give_the_same_bits,
    compiled_kernels_agree_with_numpy,
    results_are_the_callers_own,
    gradient_is_that_of_tensorflow,
    gradient_is_the_difference,
    second_gradient_is_the_difference,
    nodes_are_those_of_tensorflow,
    imported_graph_gives_the_same_values,
)


@pytest.mark.parametrize("row", CASES, ids=title)
def test_row(row: Any) -> None:
    made = Made(row)
    failed: dict[str, Exception] = {}
    for check in CHECKS:
        try:
            check(made)
        except Exception as error:
            failed[check.__name__] = error
    if failed:
        raise ExceptionGroup(", ".join(failed), list(failed.values()))


# --- mistakes ---


@pytest.mark.parametrize("row", ERRORS, ids=title)
def test_mistake_is_told_as_tensorflow_tells_it(row: Any) -> None:
    error, stage, _ = _run.mistake(row)
    assert error is not None, f"nothing was raised at {stage}"
    text = "\n".join([str(error), *getattr(error, "__notes__", [])])
    assert row.says in text
    assert (_run.public_class(error), stage) == (row.error, row.at), text
    lines = MADE_AT.findall(text)
    assert len(lines) <= 1, text
    assert lines or stage == "build", f"the user's line is not shown:\n{text}"
    if row.golden is True:
        facts = recordings(row.family).get(row.id)
        assert facts is not None, AGAIN
        assert (facts["error"], facts["at"]) == (row.error, row.at), "not so in TensorFlow"
        assert row.says in facts["message"], "TensorFlow says otherwise"


def test_recordings_have_rows() -> None:
    wanted = {(row.family, row.id) for row in ROWS}
    for path in GOLDEN.glob("*.json.gz"):
        family = path.name.removesuffix(".json.gz")
        assert {(family, name) for name in recordings(family)} <= wanted, AGAIN
