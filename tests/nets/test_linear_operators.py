"""Linear operators say what those of TensorFlow 1.15.5 say."""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
import pathlib
import re
from typing import Any

import numpy as np
import pytest

import graphflow as tf

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "layers" / "linear_operators.json.gz"

TYPE = "TensorFlow 1.15 forgets the real type"
BATCH = "TensorFlow 1.15 multiplies a batch of numbers with one diagonal"
COMPLEX = "TensorFlow 1.15 says that the inverse of a complex multiple is self-adjoint"
SQUARE = "TensorFlow 1.15 says that it is square"
BETTER: dict[tuple[str, str, str], str] = {
    ("complex", "scaled", "inverse"): COMPLEX,
    ("complex", "scaled", "tf.linalg.inv"): COMPLEX,
    ("real", "rectangle-kronecker", "adjoint"): SQUARE,
    ("real", "rectangle-kronecker", "tf.linalg.adjoint"): SQUARE,
    **{
        (kind, "scaled", f"{method}-diag"): BATCH
        for kind in ("real", "complex")
        for method in ("matmul", "solve")
    },
    **{
        ("real", name, question): TYPE
        for name in ("circulant", "circulant-real")
        for question in (
            "adjoint", "inverse", "matmul-itself", "solve-itself", "tf.linalg.adjoint",
            "tf.linalg.inv",
        )
    },
}  # fmt: skip
"""Answers that differ from TensorFlow's, and why."""


@functools.cache
def cases() -> Any:
    spec = importlib.util.spec_from_file_location("cases", HERE / "linear_operator_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def recorded() -> Any:
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))


@functools.cache
def found(kind: str) -> Any:
    return cases().answers(tf, kind == "complex")


PAIRS = [(kind, name) for kind in ("real", "complex") for name in recorded()[kind]]


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_answers_are_those_of_tensorflow(kind: str, name: str) -> None:
    wanted, ours = recorded()[kind][name], found(kind)[name]
    assert set(ours) == set(wanted)
    differ = {
        question: (ours[question], theirs)
        for question, theirs in wanted.items()
        if not same(ours[question], theirs)
        and (kind, name, question) not in BETTER
        and (question, theirs) != ("assert_non_singular", "TypeError")  # of complex numbers
    }
    assert differ == {}


def same(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        if not isinstance(ours, dict) or ours["shape"] != theirs["shape"]:
            return False
        if len(ours["values"]) != len(theirs["values"]):
            return False
        return np.allclose(ours["values"], theirs["values"], rtol=1e-6, atol=1e-6)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_products_and_systems_are_those_of_the_matrix(kind: str) -> None:
    draw = np.random.RandomState(1)
    for name, make in cases().operators(tf, draw, kind == "complex"):
        tf.reset_default_graph()
        with tf.Session() as session:
            op = make()
            dense = session.run(op.to_dense())
            x = draw.randn(3, 2, dense.shape[-1], 3).astype(dense.dtype)
            np.testing.assert_allclose(session.run(op.matmul(x)), dense @ x, atol=1e-9)
            if name.startswith(("zeros", "rectangle")):
                continue
            solved = session.run(op.solve(x))
            np.testing.assert_allclose(dense @ solved, x, atol=1e-8)


def test_sizes_may_be_known_only_in_the_run() -> None:
    tf.reset_default_graph()
    draw = np.random.RandomState(1)
    a, b = (tf.placeholder(tf.float64) for _ in range(2))
    blocks = [tf.linalg.LinearOperatorFullMatrix(a), tf.linalg.LinearOperatorDiag(b)]
    values = {a: draw.randn(2, 3, 3) + 3 * np.eye(3), b: draw.randn(2) + 4}
    op = tf.linalg.LinearOperatorKronecker(blocks)
    x = draw.randn(6, 2)
    with tf.Session() as session:
        dense, made, solved, shape = session.run(
            [op.to_dense(), op.matmul(x), op.solve(x), op.shape_tensor()], values
        )
    np.testing.assert_allclose(made, dense @ x)
    np.testing.assert_allclose(dense @ solved, np.broadcast_to(x, solved.shape), atol=1e-9)
    assert dense.shape == tuple(shape)


def test_a_variable_is_read_when_it_is_used() -> None:
    tf.reset_default_graph()
    v = tf.Variable([1.0, 2.0])
    op = tf.linalg.LinearOperatorDiag(v)
    product = op.matvec([1.0, 1.0])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(v.assign([3.0, 4.0]))
        assert session.run(product).tolist() == [3.0, 4.0]
    assert op.trainable_variables == (v,)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda o: o.LinearOperatorDiag(1.0), "must have at least 1 dimension"),
        (lambda o: o.LinearOperatorDiag([1.0], is_self_adjoint=False), "always self adjoint"),
        (lambda o: o.LinearOperatorDiag([1.0], is_square=False), "Only square diagonal"),
        (lambda o: o.LinearOperatorFullMatrix([1.0]), "must have at least 2 dimensions"),
        (lambda o: o.LinearOperatorIdentity(-1), "num_rows must be non-negative"),
        (lambda o: o.LinearOperatorIdentity([2]), "num_rows must be a 0-D Tensor"),
        (lambda o: o.LinearOperatorIdentity(2, batch_shape=2), "batch_shape must be a 1-D Tensor"),
        (lambda o: o.LinearOperatorIdentity(2, is_square=False), "always square"),
        (lambda o: o.LinearOperatorZeros(2, 3), "got num_rows(2) != num_columns(3)"),
        (lambda o: o.LinearOperatorZeros(2, is_non_singular=True), "always singular"),
        (lambda o: o.LinearOperatorHouseholder([1.0], is_positive_definite=True), "non-positive"),
        (lambda o: o.LinearOperatorComposition([]), "Expected a non-empty list of operators"),
        (lambda o: o.LinearOperatorCirculant2D([1.0]), "must have at least 2 dimensions"),
        (lambda o: o.LinearOperatorToeplitz([1.0], [1.0, 2.0]), "mismatched dimensions"),
        (lambda o: o.LinearOperatorInversion(o.LinearOperatorZeros(2)), "is_non_singular"),
        (lambda o: o.LinearOperatorDiag([1.0]).matmul([[1.0], [2.0]]), "are not compatible"),
        (
            lambda o: o.LinearOperatorDiag([1.0]).matmul(o.LinearOperatorDiag([1.0, 2.0])),
            "Operators are incompatible. Expected `x` to have dimension 1 but got 2.",
        ),
        (lambda o: o.LinearOperatorDiag([1.0]).cholesky(), "Not a positive definite self adjoint"),
    ],
)
def test_mistakes_are_told(make: Any, says: str) -> None:
    tf.reset_default_graph()
    with pytest.raises(ValueError, match=re.escape(says)):
        make(tf.linalg)


def test_types_must_be_those_of_the_operator() -> None:
    tf.reset_default_graph()
    op = tf.linalg.LinearOperatorDiag([1.0])
    with pytest.raises(TypeError, match="Expected argument to have dtype"):
        op.matmul(np.ones((1, 1)))
