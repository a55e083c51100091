"""Every row of tests/cases, checked in every way that a row can be checked.

TensorFlow 1.15.5's answers are in tests/golden/ops (`make golden` records them again).
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import _rows
import _run
import ml_dtypes
import numpy as np
import pytest
from _rows import tf

GOLDEN = pathlib.Path(__file__).parent / "golden" / "ops"
ROWS = _rows.collect()
CASES = [row for row in ROWS if not hasattr(row, "says")]
ERRORS = [row for row in ROWS if hasattr(row, "says")]
GOLDEN_VALUES = [row for row in CASES if row.golden is True]
GRADIENTS = [row for row in GOLDEN_VALUES if row.grad is True]
NUMERIC = [row for row in CASES if row.grad is True and row.numeric is True]
AGAIN = "record the rows again: make golden"
MADE_AT = re.compile(r"made at \S+:\d+:")


@contextlib.contextmanager
def without(*passes: str) -> Iterator[None]:
    """Plans that are made inside do without some passes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in passes:
            patch.setattr(f"graphflow.plan.build.{name}", lambda program, *rest: program)
        yield


VARIANTS = {
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


def recording(row: Any) -> dict[str, Any]:
    facts: dict[str, Any] | None = recordings(row.family).get(row.id)
    assert facts is not None, f"{row.id} is not recorded; {AGAIN}"
    assert "failed" not in facts, f"TensorFlow cannot run this: {facts['failed']}"
    return facts


def arrays_of(facts: list[Any]) -> list[Any]:
    return [f and _run.decode(f, np.dtype(ml_dtypes.bfloat16)) for f in facts]


class Made:
    """A row's graph, and the arrays of its first run; made once for all tests of the row."""

    def __init__(self, row: Any) -> None:
        self.row = row
        self._outputs: list[Any] | None = None

    @functools.cached_property
    def built(self) -> Any:
        return _run.Built(self.row)

    @functools.cached_property
    def stateful(self) -> bool:
        return any(op.op_def.is_stateful for op in self.built.graph.get_operations())

    @functools.cached_property
    def outputs(self) -> list[Any]:
        with self.built.session() as session:
            found: list[Any] = self.built.run(session)
        return found


made = functools.lru_cache(maxsize=64)(Made)


@pytest.fixture(scope="module")
def row(request: pytest.FixtureRequest) -> Made:
    return made(request.param)


def each(rows: list[Any]) -> pytest.MarkDecorator:
    # A module-scoped parameter: pytest then runs all tests of one row together.
    return pytest.mark.parametrize("row", rows, ids=title, indirect=True, scope="module")


# --- values and shapes ---


def assert_close(found: Any, wanted: Any, tol: float | None, factor: float = 1.0) -> None:
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
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


@each(GOLDEN_VALUES)
def test_value_is_that_of_tensorflow(row: Made) -> None:
    facts = recording(row.row)
    assert facts["inputs"] == _run.fingerprint(row.built.arrays), AGAIN
    wanted = arrays_of(facts["outputs"])
    assert len(row.outputs) == len(wanted)
    for ours, theirs in zip(row.outputs, wanted, strict=True):
        assert_close(ours, theirs, row.row.tol)
        if row.row.grad == _rows.LIMITS and theirs.dtype.kind == "f":
            zero = (ours == 0) & (theirs == 0)
            np.testing.assert_array_equal(np.signbit(ours[zero]), np.signbit(theirs[zero]))


@each(CASES)
def test_static_shape_and_dtype_are_those_of_the_result(row: Made) -> None:
    unknown = _run.Built(row.row, "ranks")
    for tensors in (row.built.tensors, unknown.tensors):
        for tensor, array in zip(tensors, row.outputs, strict=True):
            assert tensor.get_shape().is_compatible_with(array.shape), tensor
            wanted = object if tensor.dtype == tf.string else tensor.dtype.as_numpy_dtype
            assert array.dtype == np.dtype(wanted)


@each([row for row in GOLDEN_VALUES if row.static is True])
def test_static_shape_is_that_of_tensorflow(row: Made) -> None:
    facts = recording(row.row)
    assert [_run.static(x) for x in row.built.tensors] == facts["static"]
    assert [x.dtype.base_dtype.name for x in row.built.tensors] == facts["dtypes"]
    if isinstance(facts["unknown"], list):
        unknown = _run.Built(row.row, "ranks")
        assert [_run.static(x) for x in unknown.tensors] == facts["unknown"]


@each(CASES)
def test_unknown_sizes_give_the_same_values(row: Made) -> None:
    unknown = _run.Built(row.row, "ranks")
    with unknown.session() as session:
        assert_same(unknown.run(session), row.outputs)


@pytest.mark.parametrize("variant", VARIANTS)
@each(CASES)
def test_variant_of_the_plan_gives_the_same_bits(row: Made, variant: str) -> None:
    with VARIANTS[variant](), row.built.session() as session:
        found = row.built.run(session)
    for ours, plain in zip(found, row.outputs, strict=True):
        assert ours.tobytes() == plain.tobytes() or ours.dtype == object


# --- whose memory it is ---


@each(CASES)
def test_results_are_the_callers_own(row: Made) -> None:
    built = row.built
    feeds = [np.array(x) for x in built.arrays]
    with built.session() as session:
        first = built.run(session, feeds)
        for n, x in enumerate(first):
            assert not any(np.may_share_memory(x, y) for y in [*feeds, *first[:n]])
            x[...] = x.dtype.type(1) if x.dtype != object else b"overwritten"
        for fed, array in zip(feeds, built.arrays, strict=True):
            assert fed.tobytes() == array.tobytes() or fed.dtype == object
        if not row.stateful:
            assert_same(built.run(session, feeds), row.outputs)


# --- gradients ---


@each(GRADIENTS)
def test_gradient_is_that_of_tensorflow(row: Made) -> None:
    facts = recording(row.row)["gradients"]
    if not row.built.movable or isinstance(facts, dict):
        return
    built = _run.Built(row.row)
    found = built.gradients(row.outputs)
    with built.session() as session:
        asked = [g for g in found if g is not None]
        values = iter(built.run(session, extra=asked) if asked else [])
    for ours, theirs in zip(found, arrays_of(facts), strict=True):
        if theirs is None:
            assert ours is None
            continue
        assert ours is not None, "TensorFlow has a gradient here"
        assert_close(next(values), theirs, row.row.tol, factor=10)


class Slope:
    """The weighted sum of a row's outputs along a random direction of its inputs, in float64."""

    def __init__(self, row: Any, outputs: list[Any]) -> None:
        self.step, self.limit = 1e-5, 1e-5
        try:
            self.built = _run.Built(row, wide=True)
        except (TypeError, ValueError):  # the op has no float64, or the row names a dtype
            self.built = _run.Built(row)
            self.step, self.limit = 1e-2, 3e-2
        built = self.built
        self.outputs = self.run()
        draw = np.random.RandomState(7)
        self.direction = [draw.uniform(-1, 1, built.arrays[n].shape) for n in built.movable]
        self.direction = [
            v.astype(built.arrays[n].dtype)
            for v, n in zip(self.direction, built.movable, strict=True)
        ]
        self.first = built.gradients(self.outputs)

    def run(self, extra: list[Any] | None = None, shift: float = 0.0) -> list[Any]:
        built = self.built
        arrays = list(built.arrays)
        if shift:
            for n, v in zip(built.movable, self.direction, strict=True):
                arrays[n] = (arrays[n] + shift * v).astype(arrays[n].dtype)
        with built.session() as session:
            found: list[Any] = built.run(session, arrays, extra)
        return found

    def loss(self, shift: float) -> float:
        found = self.run(None, shift)
        return sum(dot(_run.weights(n, x), x) for n, x in enumerate(found) if x.dtype.kind in "fc")

    def check(self, along: Any, value: Any, gradients: list[Any]) -> None:
        """Compares <gradients, direction> with the central difference of `value`."""
        pairs = [(g, v) for g, v in zip(gradients, self.direction, strict=True) if g is not None]
        found = self.run([g for g, _ in pairs])
        parts = [dot(g, v) for g, (_, v) in zip(found, pairs, strict=True)]
        difference = (value(self.step) - value(-self.step)) / (2 * self.step)
        size = 1 + abs(difference) + sum(map(abs, parts))
        assert sum(parts) == pytest.approx(difference, abs=self.limit * size), along


def dot(x: Any, y: Any) -> float:
    return float(np.sum(np.conj(x) * y, dtype=np.complex128).real)


@each(NUMERIC)
def test_gradient_is_the_difference(row: Made) -> None:
    if not row.built.movable:
        return
    slope = Slope(row.row, row.outputs)
    if any(g is not None for g in slope.first):
        slope.check("order 1", slope.loss, slope.first)


@each(NUMERIC)
def test_second_gradient_is_the_difference(row: Made) -> None:
    if not row.built.movable:
        return
    slope = Slope(row.row, row.outputs)
    first = [(g, v) for g, v in zip(slope.first, slope.direction, strict=True) if g is not None]
    if not first:
        return
    built = slope.built
    with built.graph.as_default():
        second = tf.gradients(
            [g for g, _ in first],
            [built.placeholders[n] for n in built.movable],
            grad_ys=[v for _, v in first],
        )
        second = [None if g is None else tf.convert_to_tensor(g) for g in second]

    def value(shift: float) -> float:
        found = slope.run([g for g, _ in first], shift)
        return sum(dot(v, g) for g, (_, v) in zip(found, first, strict=True))

    slope.check("order 2", value, second)


# --- the graph as data ---


def nodes(lines: list[str]) -> list[str]:
    # Gradient subgraphs are graphflow's own: as few nodes as the mathematics needs.
    return [line for line in lines if not line.startswith("gradients")]


@each([row for row in GOLDEN_VALUES if row.nodes is True])
def test_nodes_are_those_of_tensorflow(row: Made) -> None:
    ours = [_run.node_line(op) for op in row.built.operations]
    assert nodes(ours) == nodes(recording(row.row)["nodes"])


@each(CASES)
def test_imported_graph_gives_the_same_values(row: Made) -> None:
    built, graph = row.built, tf.Graph()
    data = built.graph.as_graph_def()
    with graph.as_default():
        tf.import_graph_def(data, name="")
    assert graph.as_graph_def() == data
    feeds = {x.name: a for x, a in zip(built.placeholders, built.arrays, strict=True)}
    with tf.Session(graph=graph) as session:
        if built.initializer is not None:
            session.run(built.initializer.name, feeds)
        tensors = [x.name for x in built.tensors]
        found = session.run([tensors, [op.name for op in built.actions]], feeds)[0]
    assert_same([_run.array(x) for x in found], row.outputs)


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


@pytest.mark.parametrize("row", [row for row in ERRORS if row.golden is True], ids=title)
def test_mistake_is_one_in_tensorflow(row: Any) -> None:
    facts = recordings(row.family).get(row.id)
    assert facts is not None, AGAIN
    assert (facts["error"], facts["at"]) == (row.error, row.at)
    assert row.says in facts["message"]


def test_recordings_have_rows() -> None:
    wanted = {(row.family, row.id) for row in ROWS}
    for path in GOLDEN.glob("*.json.gz"):
        family = path.name.removesuffix(".json.gz")
        assert {(family, name) for name in recordings(family)} <= wanted, AGAIN
