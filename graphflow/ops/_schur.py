"""Square roots and logarithms of matrices, by way of Schur's triangular form.

Source: Björck and Hammarling (1983) for the root; Higham, "Functions of Matrices" (2008), chapter
11, for the logarithm.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_SWEEPS: Final = 60
"""Steps that one eigenvalue may take; some three are usual."""


def _hessenberg(a: Array) -> tuple[Array, Array]:
    """`(h, q)` with `a = q h q^H`, zeros below the first subdiagonal of h, and q unitary."""
    n = len(a)
    h, q = a.copy(), np.eye(n, dtype=a.dtype)
    for k in range(n - 2):
        v = h[k + 1 :, k].copy()
        size = np.linalg.norm(v)
        if size == 0 or not np.any(v[1:]):
            continue
        v[0] += size * (v[0] / abs(v[0]) if v[0] != 0 else 1)
        v /= np.linalg.norm(v)
        h[k + 1 :] -= 2 * np.outer(v, v.conj() @ h[k + 1 :])
        h[:, k + 1 :] -= 2 * np.outer(h[:, k + 1 :] @ v, v.conj())
        q[:, k + 1 :] -= 2 * np.outer(q[:, k + 1 :] @ v, v.conj())
    return h, q


def _shift(h: Array, at: int, turn: int) -> Any:
    """The last two rows' eigenvalue near the last element; now and then something else."""
    if turn % 10 == 9:
        return abs(h[at, at - 1]) + abs(h[at - 1, at - 2] if at > 1 else 0)
    a, b, c, d = h[at - 1, at - 1], h[at - 1, at], h[at, at - 1], h[at, at]
    half = (a - d) / 2
    root = np.sqrt(half * half + b * c)
    far = half + root if abs(half + root) > abs(half - root) else half - root
    return d if far == 0 else d - b * c / far


def _sweep(h: Array, q: Array, first: int, at: int, shift: Any) -> None:
    """One step of the QR algorithm on the rows from `first` to `at`, by plane rotations."""
    every = np.arange(first, at + 1)
    h[every, every] -= shift
    turns = []
    for k in range(first, at):
        x, y = h[k, k], h[k + 1, k]
        size = np.hypot(abs(x), abs(y))
        c, s = (1, 0) if size == 0 else (x / size, y / size)
        turn = np.array([[np.conj(c), np.conj(s)], [-s, c]])
        h[k : k + 2, k:] = turn @ h[k : k + 2, k:]
        turns.append(turn.conj().T)
    for k, back in enumerate(turns, first):
        h[: k + 2, k : k + 2] = h[: k + 2, k : k + 2] @ back
        q[:, k : k + 2] = q[:, k : k + 2] @ back
    h[every, every] += shift


def schur(a: Array) -> tuple[Array, Array]:
    """`(t, q)` with `a = q t q^H`, t upper triangular and q unitary.

    Args:
        a: one finite matrix, complex: [n, n].
    """
    h, q = _hessenberg(a)
    at, turn = len(a) - 1, 0
    epsilon = np.finfo(a.dtype).eps
    while at > 0:
        small = np.abs(np.diagonal(h, -1)[:at])
        beside = np.abs(np.diagonal(h)[: at + 1])
        known = np.flatnonzero(small <= epsilon * np.maximum(beside[1:] + beside[:-1], 1e-300))
        first = int(known[-1]) + 1 if known.size else 0
        if first == at or turn > _SWEEPS:
            h[at, at - 1] = 0
            at, turn = at - 1, 0
            continue
        if known.size:
            h[first, first - 1] = 0
        _sweep(h, q, first, at, _shift(h, at, turn))
        turn += 1
    return np.triu(h), q


def _triangular_root(t: Array) -> Array:
    """The principal square root of an upper triangular matrix; nan where there is none."""
    n = len(t)
    root = np.zeros_like(t)
    diagonal = np.sqrt(np.diagonal(t))
    root[np.arange(n), np.arange(n)] = diagonal
    for j in range(1, n):
        for i in range(j - 1, -1, -1):
            inner = root[i, i + 1 : j] @ root[i + 1 : j, j]
            root[i, j] = (t[i, j] - inner) / (diagonal[i] + diagonal[j])
    return root


def square_root(a: Array) -> Array:
    """The principal square root of one matrix; nan where there is none of the same kind."""
    if not np.isfinite(a).all():
        return np.full_like(a, np.nan)
    wide = a.astype(np.complex128)
    t, q = schur(wide)
    found = q @ _triangular_root(t) @ q.conj().T
    if a.dtype.kind == "c":
        return found.astype(a.dtype)
    values = np.diagonal(t)
    limit = 1e-14 * max(np.abs(values).max(), 1e-300)
    if ((values.real < 0) & (np.abs(values.imag) <= limit)).any():
        return np.full_like(a, np.nan)
    return found.real.astype(a.dtype)


def _pade_log(x: Array) -> Array:
    """`log(1 + x)` of a small triangular matrix, by the partial fractions of its approximant."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    identity = np.eye(len(x), dtype=x.dtype)
    total = np.zeros_like(x)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        total += weight * np.linalg.solve(identity + node * x, x)
    return total


def logarithm(a: Array) -> Array:
    """The principal logarithm of one complex matrix; nan if it is singular."""
    if not np.isfinite(a).all():
        return np.full_like(a, np.nan)
    t, q = schur(a.astype(np.complex128))
    values = np.diagonal(t)
    if (values == 0).any():
        return np.full_like(a, np.nan)
    identity = np.eye(len(t))
    count, root = 0, t
    while count < 100 and np.abs(root - identity).sum(0).max() > 0.2:
        root, count = _triangular_root(root), count + 1
    found = _pade_log(root - identity) * 2.0**count
    # Of the diagonal the roots lose digits, and the logarithm is at hand.
    found[np.arange(len(t)), np.arange(len(t))] = np.log(values)
    return (q @ found @ q.conj().T).astype(a.dtype)
