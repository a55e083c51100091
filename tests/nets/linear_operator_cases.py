"""Linear operators and what to ask them; TensorFlow 1.15.5 (Python 3.7) and graphflow alike."""

from __future__ import annotations

import numpy as np

SIZES = ((), (2,), (3, 2))
"""Batch shapes of arguments."""


def numbers(draw, *shape, complex=False):
    """Random numbers."""
    real = draw.randn(*shape)
    return real + 1j * draw.randn(*shape) if complex else real


def operators(tf, draw, complex):
    """Yields (name, function that makes the operator) for one kind of numbers."""
    linalg, dtype = tf.linalg, tf.complex128 if complex else tf.float64
    made = lambda *shape: numbers(draw, *shape, complex=complex)
    square = lambda n, *batch: made(*batch, n, n) + 3 * np.eye(n)
    full = lambda n, *batch: linalg.LinearOperatorFullMatrix(square(n, *batch))

    def definite():
        a = made(2, 4, 4)
        return linalg.LinearOperatorFullMatrix(
            a @ np.swapaxes(a.conj(), -1, -2) + np.eye(4),
            is_self_adjoint=True, is_positive_definite=True,
        )  # fmt: skip

    def low_rank():
        line = np.abs(draw.randn(2, 4)) + 3 + (0j if complex else 0)
        base = linalg.LinearOperatorDiag(line, is_positive_definite=True, is_self_adjoint=True)
        return linalg.LinearOperatorLowRankUpdate(base, made(2, 4, 2))

    yield "diag", lambda: linalg.LinearOperatorDiag(made(2, 4) + 3)
    yield "full", lambda: full(4, 2)
    yield "definite", definite
    yield "triangular", lambda: linalg.LinearOperatorLowerTriangular(square(4, 2))
    yield "scaled", lambda: linalg.LinearOperatorScaledIdentity(4, made(2) + 2)
    yield "identity", lambda: linalg.LinearOperatorIdentity(4, dtype=dtype)
    yield "identities", lambda: linalg.LinearOperatorIdentity(4, batch_shape=[2], dtype=dtype)
    yield "zeros", lambda: linalg.LinearOperatorZeros(4, dtype=dtype)
    yield "householder", lambda: linalg.LinearOperatorHouseholder(made(2, 4))
    yield "adjoint", lambda: linalg.LinearOperatorAdjoint(full(4, 2))
    yield "inversion", lambda: linalg.LinearOperatorInversion(full(4, 2))
    yield (
        "composition",
        lambda: linalg.LinearOperatorComposition(
            [full(4, 2), linalg.LinearOperatorDiag(made(4) + 3)]
        ),
    )
    yield (
        "blocks",
        lambda: linalg.LinearOperatorBlockDiag(
            [full(3, 2), linalg.LinearOperatorDiag(made(1) + 3)]
        ),
    )
    yield "kronecker", lambda: linalg.LinearOperatorKronecker([full(2, 2), full(2)])
    yield (
        "kronecker-3",
        lambda: linalg.LinearOperatorKronecker(
            [full(2), full(3, 2), linalg.LinearOperatorDiag(made(2, 2) + 2)]
        ),
    )
    yield "low-rank", low_rank
    yield (
        "low-rank-v",
        lambda: linalg.LinearOperatorLowRankUpdate(
            linalg.LinearOperatorDiag(made(2, 4) + 3), made(2, 4, 2), made(2, 2) + 2, made(2, 4, 2)
        ),
    )
    yield (
        "toeplitz",
        lambda: linalg.LinearOperatorToeplitz(made(2, 4) + 3 * np.eye(4)[0], made(2, 4)),
    )
    spectrum = lambda *shape: numbers(draw, *shape, complex=True) + 4
    if complex:
        yield "circulant", lambda: linalg.LinearOperatorCirculant(spectrum(2, 4), dtype)
        yield "circulant-2", lambda: linalg.LinearOperatorCirculant2D(spectrum(2, 2, 2), dtype)
        yield "circulant-3", lambda: linalg.LinearOperatorCirculant3D(spectrum(2, 2, 3, 2), dtype)
        return
    kernel = lambda: np.fft.fft(made(2, 4) + 4 * np.eye(4)[0])
    yield "circulant", lambda: linalg.LinearOperatorCirculant(kernel(), dtype)
    yield (
        "circulant-real",
        lambda: linalg.LinearOperatorCirculant(
            np.array([4.0, 2, 1, 2]), dtype, is_positive_definite=True
        ),
    )
    yield "rectangle", lambda: linalg.LinearOperatorFullMatrix(made(2, 3, 4))
    yield (
        "rectangle-zeros",
        lambda: linalg.LinearOperatorZeros(
            4, 3, batch_shape=[2], dtype=dtype, is_square=False, is_self_adjoint=False
        ),
    )
    yield (
        "rectangle-kronecker",
        lambda: linalg.LinearOperatorKronecker(
            [
                linalg.LinearOperatorFullMatrix(made(2, 3)),
                linalg.LinearOperatorFullMatrix(made(2, 1)),
            ]
        ),
    )


def questions(tf, op, draw):
    """Yields (question, function that returns a tensor, a tuple of facts or an operator)."""
    dtype = op.dtype.as_numpy_dtype
    m, n = [int(d) for d in op.shape[-2:]]
    given = lambda *shape: draw.randn(*shape).astype(dtype)
    linalg = tf.linalg
    yield "hints", lambda: (
        op.is_non_singular, op.is_self_adjoint, op.is_positive_definite, op.is_square, op.name,
        str(op.shape), str(op.batch_shape), op.tensor_rank,
    )  # fmt: skip
    for method in (
        "to_dense",
        "shape_tensor",
        "batch_shape_tensor",
        "domain_dimension_tensor",
        "range_dimension_tensor",
        "tensor_rank_tensor",
        "determinant",
        "log_abs_determinant",
        "trace",
        "diag_part",
        "adjoint",
        "inverse",
        "cholesky",
    ):
        yield method, getattr(op, method)
    for batch in SIZES:
        x, y = given(*batch, n, 3), given(*batch, m, 3)
        yield f"matmul-{len(batch)}", lambda x=x: op.matmul(x)
        yield f"solve-{len(batch)}", lambda y=y: op.solve(y)
        yield f"matvec-{len(batch)}", lambda x=x: op.matvec(x[..., 0])
    x, y = given(n, 3), given(m, 3)
    yield "matmul-adjoint", lambda: op.matmul(y, adjoint=True)
    yield "matmul-adjoint-arg", lambda: op.matmul(x.T.copy(), adjoint_arg=True)
    yield "matmul-both", lambda: op.matmul(y.T.copy(), adjoint=True, adjoint_arg=True)
    yield "solve-adjoint", lambda: op.solve(x, adjoint=True)
    yield "solve-adjoint-arg", lambda: op.solve(y.T.copy(), adjoint_arg=True)
    yield "solvevec", lambda: op.solvevec(y[:, 0])
    yield "add", lambda: op.add_to_tensor(tf.constant(np.ones((2, m, n), dtype)))
    others = {
        "full": linalg.LinearOperatorFullMatrix(2 * np.eye(n, dtype=dtype)),
        "diag": linalg.LinearOperatorDiag(np.arange(1, n + 1).astype(dtype)),
        "scaled": linalg.LinearOperatorScaledIdentity(n, dtype(3)),
        "identity": linalg.LinearOperatorIdentity(n, dtype=op.dtype),
        "itself": op,
    }
    for name, other in others.items():
        yield "matmul-" + name, lambda other=other: op.matmul(other)
        yield "solve-" + name, lambda other=other: op.solve(other)
    yield "tf.matmul", lambda: tf.matmul(op, x)
    yield "tf.matmul-right", lambda: tf.matmul(y.T.copy(), op)
    for name in ("adjoint", "cholesky", "inv", "diag_part", "det", "logdet", "trace"):
        yield "tf.linalg." + name, lambda name=name: getattr(linalg, name)(op)
    yield "tf.linalg.solve", lambda: linalg.solve(op, y)
    for name in ("non_singular", "self_adjoint", "positive_definite"):
        yield "assert_" + name, lambda name=name: checked(tf, op, getattr(op, "assert_" + name))


def checked(tf, op, check):
    """A number that waits for a check."""
    with tf.control_dependencies([check()]):
        return tf.identity(tf.constant(1.0))


def answers(tf, complex):
    """What a library says: {operator: {question: facts}}; a mistake is the name of its class."""
    found = {}
    draw = np.random.RandomState(1)
    for name, make in operators(tf, draw, complex):
        tf.reset_default_graph()
        with tf.Session() as session:
            op = make()
            found[name] = {
                question: _answer(tf, session, ask) for question, ask in questions(tf, op, draw)
            }
    return found


def _answer(tf, session, ask):
    try:
        made = ask()
        if isinstance(made, tuple):
            return list(made)
        if isinstance(made, tf.linalg.LinearOperator):
            hints = [made.is_non_singular, made.is_self_adjoint, made.is_square]
            return [type(made).__name__, *hints, numeric(session.run(made.to_dense()))]
        return numeric(session.run(made))
    except Exception as error:
        return type(error).__name__


def numeric(array):
    """Numbers as JSON takes them."""
    flat = np.asarray(array).ravel()
    both = np.concatenate([flat.real, flat.imag]) if np.iscomplexobj(flat) else flat
    return {"shape": list(np.shape(array)), "values": [round(float(v), 9) for v in both]}
