"""LinearOperator: a matrix, or a batch of them, that need not be written down to be used."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import Dimension, TensorShape, dimension_at_index
from graphflow.core.tensor import Tensor
from graphflow.nets import linear_operator_algebra as algebra
from graphflow.nets._operator_batches import (
    adjoint as adjoint_of,
)
from graphflow.nets._operator_batches import (
    cholesky_solve_batches,
    size_tensor,
    solve_batches,
)
from graphflow.ops.asserts import assert_equal, assert_less, assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.decompositions import svd
from graphflow.ops.diag import eye, matrix_diag_part
from graphflow.ops.linalg import cholesky, matrix_determinant, slogdet
from graphflow.ops.reduce import reduce_max, reduce_min, reduce_sum
from graphflow.ops.reshape import expand_dims, squeeze
from graphflow.ops.shape_ops import size
from graphflow.ops.variables import Variable
from graphflow.platform.module import Module


@export("linalg.LinearOperator")
class LinearOperator(Module, abc.ABC):
    """The base of linear operators: [..., m, n], known by what they do to vectors.

    A subclass implements `_shape`, `_shape_tensor` and `_matmul`, and whatever else it can do
    better than by writing the matrix down.

    Args:
        dtype: the element type.
        graph_parents: the tensors that the operator depends on.
        is_non_singular: whether the matrices are invertible; None: not known. The hints are not
            checked, they choose the algorithms.
        is_self_adjoint: whether they equal their conjugate transposes.
        is_positive_definite: whether `x^H a x` has a positive real part for all x but 0.
        is_square: whether they are square.
        name: the operator's name.

    Raises:
        ValueError: if hints contradict each other, or a parent is no tensor.
    """

    _TF_MODULE_IGNORED_PROPERTIES = frozenset({"_graph_parents"})

    is_linear_operator = True
    """What functions of matrices know an operator by."""

    def __init__(
        self,
        dtype: Any,
        graph_parents: Sequence[Any] | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        for hint, what in ((is_non_singular, "non-singular"), (is_self_adjoint, "self-adjoint")):
            if hint:
                if is_square is False:
                    raise ValueError(f"A {what} matrix is always square.")
                is_square = True
        parents = [] if graph_parents is None else list(graph_parents)
        for i, t in enumerate(parents):
            if not isinstance(t, Variable | Tensor):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {t}.")
        self._dtype: DType | None = as_dtype(dtype).base_dtype if dtype else dtype
        self._graph_parents = parents
        self._is_square_hint = is_square
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._name = name or type(self).__name__

    @contextlib.contextmanager
    def _scope(self, name: str | None) -> Iterator[str]:
        full = self.name if name is None else f"{self.name}/{name}"
        with scopes.name_scope(full) as scope:
            yield scope

    # --- what it is ---
    @property
    def name_scope(self) -> Any:
        """A context for operations in a scope of the operator's name."""
        return scopes.name_scope(self.name)

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self._dtype

    @property
    def graph_parents(self) -> list[Any]:
        """The tensors that the operator depends on."""
        return self._graph_parents

    @property
    def is_non_singular(self) -> bool | None:
        """The hint whether the matrices are invertible."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        """The hint whether they equal their conjugate transposes."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        """The hint whether they are positive definite."""
        return self._is_positive_definite

    @property
    def is_square(self) -> bool | None:
        """Whether they are square, from the hints or the shape."""
        known: bool | None = self.domain_dimension == self.range_dimension
        if self._is_square_hint is False and known:
            raise ValueError("User set is_square hint to False, but the operator was square.")
        return known if self._is_square_hint is None else self._is_square_hint

    # --- shape ---
    @abc.abstractmethod
    def _shape(self) -> TensorShape:
        """The shape as far as it is known."""

    @abc.abstractmethod
    def _shape_tensor(self) -> Tensor:
        """The shape in the run."""

    @property
    def shape(self) -> TensorShape:
        """The shape as far as it is known: [..., m, n]."""
        return self._shape()

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """Returns the shape in the run.

        Args:
            name: the name of the scope, here and below inside that of the operator.
        """
        with self._scope(name):
            known = self.shape
            if known.is_fully_defined():
                return size_tensor(known.as_list())
            return self._shape_tensor()

    @property
    def batch_shape(self) -> TensorShape:
        """The shape without the matrices' two axes, as far as it is known."""
        found: TensorShape = self.shape[:-2]
        return found

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """Returns the shape without the matrices' two axes in the run."""
        with self._scope(name):
            known = self.batch_shape
            if known.is_fully_defined():
                return size_tensor(known.as_list(), name="batch_shape")
            return self.shape_tensor()[:-2]

    @property
    def tensor_rank(self) -> int | None:
        """The number of axes, or None."""
        return self.shape.rank

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        """Returns the number of axes in the run."""
        with self._scope(name):
            known = self.tensor_rank
            return size(self.shape_tensor()) if known is None else convert_to_tensor(known)

    @property
    def domain_dimension(self) -> Dimension:
        """The size of the vectors that it takes."""
        return dimension_at_index(self.shape, -1)

    @property
    def range_dimension(self) -> Dimension:
        """The size of the vectors that it makes."""
        return dimension_at_index(self.shape, -2)

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """Returns the size of the vectors that it takes, in the run."""
        return self._dimension_tensor(self.domain_dimension, -1, name)

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """Returns the size of the vectors that it makes, in the run."""
        return self._dimension_tensor(self.range_dimension, -2, name)

    def _dimension_tensor(self, known: Dimension, axis: int, name: str) -> Tensor:
        with self._scope(name):
            if known.value is not None:
                return convert_to_tensor(known.value)
            found: Tensor = self.shape_tensor()[axis]
            return found

    # --- checks ---
    def _can_use_cholesky(self) -> bool:
        return bool(self.is_self_adjoint and self.is_positive_definite)

    def _assert_non_singular(self) -> Operation:
        if self._can_use_cholesky():
            return self.assert_positive_definite()
        values = svd(self.to_dense(), compute_uv=False)
        condition = reduce_max(values, axis=-1) / reduce_min(values, axis=-1)
        found: Operation = assert_less(
            condition, self._largest_condition(), message="Singular matrix up to precision epsilon."
        )
        return found

    def _largest_condition(self) -> Tensor:
        """Beyond this condition number a matrix counts as singular."""
        with scopes.name_scope("max_nonsingular_condition_number"):
            real = self.dtype.real_dtype
            sizes = [self.range_dimension_tensor(), self.domain_dimension_tensor()]
            largest = reduce_max([cast(n, real) for n in (100.0, *sizes)])
            found: Tensor = 1.0 / (largest * np.finfo(real.as_numpy_dtype).eps)
            return found

    def _assert_positive_definite(self) -> Operation:
        if not self.is_self_adjoint:
            raise NotImplementedError("assert_positive_definite is not implemented.")
        line = matrix_diag_part(cholesky(self.to_dense()))
        found: Operation = assert_positive(line, message="Matrix was not positive definite.")
        return found

    def _assert_self_adjoint(self) -> Operation:
        dense = self.to_dense()
        found: Operation = assert_equal(
            dense, adjoint_of(dense), message="Matrix was not equal to its adjoint."
        )
        return found

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        """Returns an operation that fails in the run if a matrix is singular, or nearly so."""
        with self._scope(name):
            return self._assert_non_singular()

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> Operation:
        """Returns an operation that fails in the run if a matrix is not positive definite.

        Raises:
            NotImplementedError: if nothing says that the matrices are self-adjoint.
        """
        with self._scope(name):
            return self._assert_positive_definite()

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        """Returns an operation that fails in the run if a matrix is not self-adjoint."""
        with self._scope(name):
            return self._assert_self_adjoint()

    def _checked(self, x: Any, name: str) -> Tensor:
        """An argument as a tensor of the operator's type."""
        found = convert_to_tensor(x, name=name)
        if found.dtype.base_dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype}.  Found: {found.dtype} in tensor "
                f"{found}"
            )
        return found

    def _fit(self, x: Tensor, own_axis: int, axis: int) -> None:
        own = dimension_at_index(self.shape, own_axis)
        own.assert_is_compatible_with(dimension_at_index(x.get_shape(), axis))

    # --- products ---
    @abc.abstractmethod
    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        """The product with matrices."""

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul"
    ) -> Any:
        """Returns products with matrices, or with another operator.

        Args:
            x: [..., n, k], or a LinearOperator.
            adjoint: whether the operator's adjoint is meant.
            adjoint_arg: whether that of `x` is meant.
            name: the name of the scope.

        Returns:
            [..., m, k]; a LinearOperator where `x` is one.

        Raises:
            ValueError: if the sizes do not fit.
        """
        if isinstance(x, LinearOperator):
            return self._with_operator(algebra.MATMUL, x, (adjoint, adjoint_arg), name, "x")
        with self._scope(name):
            tensor = self._checked(x, "x")
            self._fit(tensor, -2 if adjoint else -1, -1 if adjoint_arg else -2)
            return self._matmul(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _with_operator(
        self, rules: Any, other: LinearOperator, flags: tuple[bool, bool], name: str, port: str
    ) -> Any:
        import graphflow.nets.linear_operator_products  # noqa: F401 - puts the rules into place

        left = self.adjoint() if flags[0] else self
        right = other.adjoint() if flags[1] else other
        sizes = (left.domain_dimension.value, right.range_dimension.value)
        if None not in sizes and sizes[0] != sizes[1]:
            raise ValueError(
                f"Operators are incompatible. Expected `{port}` to have dimension {sizes[0]} but "
                f"got {sizes[1]}."
            )
        with self._scope(name):
            return rules(left, right)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        made = self.matmul(expand_dims(x, axis=-1), adjoint=adjoint)
        found: Tensor = squeeze(made, axis=-1)
        return found

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """Returns products with vectors.

        Args:
            x: [..., n].
            adjoint: whether the operator's adjoint is meant.
            name: the name of the scope.
        """
        with self._scope(name):
            tensor = self._checked(x, "x")
            self._fit(tensor, -2 if adjoint else -1, -1)
            return self._matvec(tensor, adjoint=adjoint)

    # --- determinants ---
    def _determinant(self) -> Tensor:
        if self._can_use_cholesky():
            found: Tensor = apply("Exp", self.log_abs_determinant())
            return found
        return matrix_determinant(self.to_dense())

    def _log_abs_determinant(self) -> Tensor:
        if not self._can_use_cholesky():
            found: Tensor = slogdet(self.to_dense()).log_abs_determinant
            return found
        line = matrix_diag_part(cholesky(self.to_dense()))
        twice: Tensor = 2 * reduce_sum(apply("Log", line), axis=[-1])
        return twice

    def _need_square(self) -> None:
        if self.is_square is False:
            raise NotImplementedError(
                "Determinant not implemented for an operator that is expected to not be square."
            )

    def determinant(self, name: str = "det") -> Tensor:
        """Returns the determinants.

        Raises:
            NotImplementedError: if the matrices are not square.
        """
        self._need_square()
        with self._scope(name):
            return self._determinant()

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """Returns the logarithms of the determinants' absolute values.

        Raises:
            NotImplementedError: if the matrices are not square.
        """
        self._need_square()
        with self._scope(name):
            return self._log_abs_determinant()

    # --- systems ---
    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if self.is_square is False:
            raise NotImplementedError("Solve is not yet implemented for non-square operators.")
        rhs = adjoint_of(rhs) if adjoint_arg else rhs
        if self._can_use_cholesky():
            return cholesky_solve_batches(cholesky(self.to_dense()), rhs)
        return solve_batches(self.to_dense(), rhs, adjoint)

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve"
    ) -> Any:
        """Returns `x` with `operator @ x == rhs`.

        Args:
            rhs: [..., m, k], or a LinearOperator.
            adjoint: whether the operator's adjoint is meant.
            adjoint_arg: whether that of `rhs` is meant.
            name: the name of the scope.

        Raises:
            NotImplementedError: if the matrices are singular, or not square.
            ValueError: if the sizes do not fit.
        """
        for hint, what in (
            (self.is_non_singular, "be singular"),
            (self.is_square, "not be square"),
        ):
            if hint is False:
                raise NotImplementedError(
                    f"Exact solve not implemented for an operator that is expected to {what}."
                )
        if isinstance(rhs, LinearOperator):
            return self._with_operator(algebra.SOLVE, rhs, (adjoint, adjoint_arg), name, "rhs")
        with self._scope(name):
            tensor = self._checked(rhs, "rhs")
            self._fit(tensor, -1 if adjoint else -2, -1 if adjoint_arg else -2)
            return self._solve(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        made = self.solve(expand_dims(rhs, axis=-1), adjoint=adjoint)
        found: Tensor = squeeze(made, axis=-1)
        return found

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """Returns `x` with `operator @ x == rhs`, for vectors.

        Args:
            rhs: [..., m].
            adjoint: whether the operator's adjoint is meant.
            name: the name of the scope.
        """
        with self._scope(name):
            tensor = self._checked(rhs, "rhs")
            self._fit(tensor, -1 if adjoint else -2, -1)
            return self._solvevec(tensor, adjoint=adjoint)

    # --- other operators ---
    def _hints(self, *, square: bool | None = None) -> dict[str, Any]:
        """The hints, as the constructors take them."""
        return {
            "is_non_singular": self.is_non_singular,
            "is_self_adjoint": self.is_self_adjoint,
            "is_positive_definite": self.is_positive_definite,
            "is_square": self.is_square if square is None else square,
        }

    def _adjoint_operator(self) -> LinearOperator:
        from graphflow.nets.linear_operator_adjoint import LinearOperatorAdjoint

        return LinearOperatorAdjoint(self, **self._hints())

    def _inverse_operator(self) -> LinearOperator:
        from graphflow.nets.linear_operator_adjoint import LinearOperatorInversion

        return LinearOperatorInversion(self, **self._hints())

    def _cholesky_operator(self) -> LinearOperator:
        from graphflow.nets.linear_operator_matrix import LinearOperatorLowerTriangular

        factor = cholesky(self.to_dense())
        return LinearOperatorLowerTriangular(
            factor, is_non_singular=True, is_self_adjoint=False, is_square=True
        )

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """Returns the operator of the conjugate transposes."""
        if self.is_self_adjoint is True:
            return self
        with self._scope(name), scopes.name_scope(None, "Adjoint"):
            return self._adjoint_operator()

    H = property(adjoint, None)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """Returns the operator of the inverses.

        Raises:
            ValueError: if the matrices are singular, or not square.
        """
        for hint, what in ((self.is_square, "non square"), (self.is_non_singular, "singular")):
            if hint is False:
                raise ValueError(
                    f"Cannot take the Inverse: This operator represents a {what} matrix."
                )
        with self._scope(name), scopes.name_scope(None, "Inverse"):
            return self._inverse_operator()

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """Returns the lower triangular factor `l` with `l @ l^H` equal to the operator.

        Raises:
            ValueError: if nothing says that it is self-adjoint and positive definite.
        """
        if not self._can_use_cholesky():
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint "
                "matrix."
            )
        with self._scope(name), scopes.name_scope(None, "Cholesky"):
            return self._cholesky_operator()

    # --- matrices ---
    def _to_dense(self) -> Tensor:
        known = self.batch_shape
        front: Any = known if known.is_fully_defined() else self.batch_shape_tensor()
        n: Any = self.domain_dimension.value
        if n is None:
            n = self.domain_dimension_tensor()
        found: Tensor = self.matmul(eye(num_rows=n, batch_shape=front, dtype=self.dtype))
        return found

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """Returns the matrices: [..., m, n]."""
        with self._scope(name):
            return self._to_dense()

    def _diag_part(self) -> Tensor:
        return matrix_diag_part(self.to_dense())

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """Returns the main diagonals: [..., min(m, n)]."""
        with self._scope(name):
            return self._diag_part()

    def _trace(self) -> Tensor:
        found: Tensor = reduce_sum(self.diag_part(), axis=-1)
        return found

    def trace(self, name: str = "trace") -> Tensor:
        """Returns the sums of the main diagonals."""
        with self._scope(name):
            return self._trace()

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        found: Tensor = self.to_dense() + x
        return found

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """Returns the sum of the operator and matrices.

        Args:
            x: [..., m, n].
            name: the name of the scope.
        """
        with self._scope(name):
            return self._add_to_tensor(self._checked(x, "x"))
