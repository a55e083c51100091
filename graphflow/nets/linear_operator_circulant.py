"""Circulant matrices, also nested ones, which Fourier transforms make diagonal."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import as_dtype, complex64, complex128, float64
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets._operator_batches import adjoint as adjoint_of
from graphflow.nets._operator_batches import (
    assert_no_zeros,
    assert_real,
    broadcast_batches,
    log_abs,
)
from graphflow.nets.linear_operator import LinearOperator
from graphflow.ops.asserts import assert_less, assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as absolute
from graphflow.ops.complex import conj, imag, real
from graphflow.ops.concat import concat
from graphflow.ops.fft import fft, fft2d, fft3d, ifft, ifft2d, ifft3d
from graphflow.ops.fill import ones
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape
from graphflow.ops.transpose import matrix_transpose

_FORWARD: Final = {1: fft, 2: fft2d, 3: fft3d}
_INVERSE: Final = {1: ifft, 2: ifft2d, 3: ifft3d}


def as_complex(x: Tensor) -> Tensor:
    """Numbers as complex ones of as many digits."""
    if x.dtype.is_complex:
        return x
    found: Tensor = cast(x, complex128 if x.dtype.base_dtype == float64 else complex64)
    return found


class BlockCirculant(LinearOperator):
    """What circulant operators of depth 1, 2 and 3 share.

    Args:
        spectrum: the eigenvalues: [..., b1, ...], as many axes at the end as the depth.
        block_depth: 1, 2 or 3.
        input_output_dtype: the type of what the operator takes and makes.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; with a real spectrum they always are.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if the spectrum has too few axes, or a hint is wrong.
    """

    def __init__(
        self,
        spectrum: Any,
        block_depth: int,
        input_output_dtype: Any = complex64,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant",
    ) -> None:
        self._block_depth = block_depth
        with scopes.name_scope(name, values=[spectrum]):
            self._spectrum = convert_to_tensor(spectrum, name="spectrum")
            dims = self._spectrum.dims
            if dims is not None and len(dims) < block_depth:
                raise ValueError(
                    f"Argument spectrum must have at least {block_depth} dimensions.  Found: "
                    f"{self._spectrum}"
                )
            if not self._spectrum.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError(
                        "A real spectrum always corresponds to a self-adjoint operator."
                    )
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("A [[nested] block] circulant operator is always square.")
            self._block_sizes = shape(self._spectrum)[-block_depth:]
            self._complex = as_complex(self._spectrum)
            super().__init__(
                dtype=as_dtype(input_output_dtype),
                graph_parents=[self._spectrum],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    # --- what it is ---
    @property
    def block_depth(self) -> int:
        """How many axes at the end of the spectrum stand for one matrix."""
        return self._block_depth

    @property
    def block_shape(self) -> TensorShape:
        """The sizes of these axes as far as they are known."""
        found: TensorShape = self._spectrum.get_shape()[-self._block_depth :]
        return found

    def block_shape_tensor(self) -> Tensor:
        """Returns the sizes of these axes in the run."""
        return self._block_sizes

    @property
    def spectrum(self) -> Tensor:
        """The eigenvalues."""
        return self._spectrum

    def convolution_kernel(self, name: str = "convolution_kernel") -> Tensor:
        """Returns the inverse Fourier transform of the spectrum: the matrices' first columns.

        Args:
            name: the name of the scope.
        """
        with self._scope(name):
            found: Tensor = cast(_INVERSE[self._block_depth](self._complex), self.dtype)
            return found

    def _axes(self) -> list[int]:
        return [-1 - i for i in range(self._block_depth)]

    def _shape(self) -> TensorShape:
        known = self._spectrum.get_shape()
        n = self.block_shape.num_elements()
        found: TensorShape = known[: -self._block_depth].concatenate([n, n])
        return found

    def _shape_tensor(self) -> Tensor:
        n = reduce_prod(self._block_sizes)
        return concat((shape(self._spectrum)[: -self._block_depth], [n, n]), 0)

    # --- checks ---
    def assert_hermitian_spectrum(self, name: str = "assert_hermitian_spectrum") -> Operation:
        """Returns an operation that fails in the run if the first columns are not real.

        Args:
            name: the name of the scope.
        """
        with self._scope(name):
            kind = self.dtype.real_dtype
            epsilon = np.finfo(kind.as_numpy_dtype).eps
            most = epsilon * cast(self.domain_dimension_tensor(), kind)
            part = absolute(imag(self.convolution_kernel()))
            found: Operation = assert_less(part, most, message="Spectrum was not Hermitian")
            return found

    def _assert_non_singular(self) -> Operation:
        message = "Singular operator:  Spectrum contained zero values."
        return assert_no_zeros(self._spectrum, message)

    def _assert_positive_definite(self) -> Operation:
        message = "Not positive definite:  Real part of spectrum was not all positive."
        found: Operation = assert_positive(real(self._spectrum), message=message)
        return found

    def _assert_self_adjoint(self) -> Operation:
        message = "Not self-adjoint:  The spectrum contained non-zero imaginary part."
        return assert_real(self._spectrum, message)

    # --- products ---
    def _through(self, x: Tensor, factor: Any, adjoint_arg: bool) -> Tensor:
        """Matrices transformed, each frequency times its factor, and transformed back."""
        x = cast(adjoint_of(x) if adjoint_arg else x, self._complex.dtype)
        column = reshape(factor, concat((self.batch_shape_tensor(), [-1, 1]), axis=0))
        x, column = broadcast_batches((x, column))
        # The matrices' columns become rows, and each row a block.
        rows = matrix_transpose(x)
        sizes = shape(rows)
        blocks = reshape(rows, concat((sizes[:-1], self._block_sizes), 0))
        factors = reshape(column, concat((sizes[:-2], [1], self._block_sizes), 0))
        made = _INVERSE[self._block_depth](_FORWARD[self._block_depth](blocks) * factors)
        found: Tensor = cast(matrix_transpose(reshape(made, sizes)), self.dtype)
        return found

    def _turned(self, adjoint: bool) -> Tensor:
        return conj(self._complex) if adjoint else self._complex

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._through(x, self._turned(adjoint), adjoint_arg)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._through(rhs, 1.0 / self._turned(adjoint), adjoint_arg)

    # --- numbers ---
    def _determinant(self) -> Tensor:
        found: Tensor = cast(reduce_prod(self._spectrum, axis=self._axes()), self.dtype)
        return found

    def _log_abs_determinant(self) -> Tensor:
        total = reduce_sum(log_abs(self._spectrum), axis=self._axes())
        found: Tensor = cast(total, self.dtype)
        return found

    def _trace(self) -> Tensor:
        values = self._spectrum if self.dtype.is_complex else real(self._spectrum)
        found: Tensor = cast(reduce_sum(values, axis=self._axes()), self.dtype)
        return found

    def _diag_part(self) -> Tensor:
        known = self.shape
        sizes: Any = known[:-1] if known.is_fully_defined() else self.shape_tensor()[:-1]
        count = cast(self.domain_dimension_tensor(), self.dtype)
        found: Tensor = (self.trace() / count)[..., None] * ones(sizes, dtype=self.dtype)
        return found


def _other(operator: BlockCirculant, spectrum: Any) -> LinearOperator:
    """A circulant operator of the same kind with another spectrum."""
    made: Any = type(operator)
    return made(  # type: ignore[no-any-return]  # an operator
        spectrum, input_output_dtype=operator.dtype, **operator._hints(square=True)
    )


@export("linalg.LinearOperatorCirculant")
class LinearOperatorCirculant(BlockCirculant):
    """Circulant matrices: each row is the one above it, one place further.

    Args:
        spectrum: the eigenvalues, the Fourier transforms of the first columns: [..., n].
        input_output_dtype: the type of what the operator takes and makes.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; with a real spectrum they always are.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if the spectrum has too few axes, or a hint is wrong.
    """

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 1, input_output_dtype, *hints, name)

    def _adjoint_operator(self) -> LinearOperator:
        return _other(self, conj(self._spectrum))

    def _inverse_operator(self) -> LinearOperator:
        return _other(self, 1.0 / self._spectrum)


@export("linalg.LinearOperatorCirculant2D")
class LinearOperatorCirculant2D(BlockCirculant):
    """Block circulant matrices of circulant blocks.

    Args:
        spectrum: the eigenvalues: [..., b1, b2].
        input_output_dtype: the type of what the operator takes and makes.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; with a real spectrum they always are.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if the spectrum has too few axes, or a hint is wrong.
    """

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant2D",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 2, input_output_dtype, *hints, name)


@export("linalg.LinearOperatorCirculant3D")
class LinearOperatorCirculant3D(BlockCirculant):
    """Block circulant matrices whose blocks are those of LinearOperatorCirculant2D.

    Args:
        spectrum: the eigenvalues: [..., b1, b2, b3].
        input_output_dtype: the type of what the operator takes and makes.
        is_non_singular: as LinearOperator takes the hints.
        is_self_adjoint: a hint; with a real spectrum they always are.
        is_positive_definite: a hint.
        is_square: not False.
        name: the operator's name.

    Raises:
        ValueError: if the spectrum has too few axes, or a hint is wrong.
    """

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str = "LinearOperatorCirculant3D",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 3, input_output_dtype, *hints, name)
