"""ArrayAssertions: what a test can say about values: close, equal, within a range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import bfloat16
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.tensor import Tensor

_SHOWN_SIZE: Final = 500
_SHOWN_SUBSCRIPTS: Final = 10
_BFLOAT16: Final = np.dtype(bfloat16.as_numpy_dtype)
_FLOATS: Final = (np.float16, np.float32, np.float64, _BFLOAT16)


def _is_ragged(value: Any) -> bool:
    return hasattr(value, "ragged_rank")


def _wide(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(np.float32) if array.dtype == _BFLOAT16 else array


class ArrayAssertions:
    """Assertions on arrays, tensors and nested lists of them, for a `unittest.TestCase`.

    Tensors are evaluated with the method `evaluate`.
    """

    # What comes from the test case.
    evaluate: Any
    fail: Any
    assertEqual: Any
    assertTrue: Any
    assertGreater: Any
    assertGreaterEqual: Any
    assertLess: Any
    assertLessEqual: Any
    assertCountEqual: Any

    # --- values ---
    def _GetNdArray(self, a: Any) -> Any:
        if isinstance(a, EagerTensor):
            a = a.numpy()
        elif isinstance(a, Tensor):
            a = self.evaluate(a)
        if isinstance(a, np.ndarray):
            return a
        try:
            return np.array(a)
        except (ValueError, NotImplementedError):
            if not isinstance(a, list | tuple):
                raise
            found = np.empty(len(a), object)  # rows of different lengths, or tensors
            found[:] = a
            return found

    def _GetPyList(self, a: Any) -> Any:
        if _is_ragged(a):
            value = self.evaluate(a) if isinstance(a.row_splits, Tensor) else a
            return value.to_list()
        return self._GetNdArray(a).tolist()

    # --- near ---
    def assertNear(self, f1: float, f2: float, err: float, msg: Any = None) -> None:
        """Fails if two numbers differ by more than `err`."""
        near = f1 == f2 or math.fabs(f1 - f2) <= err
        said = f" ({msg})" if msg is not None else ""
        self.assertTrue(near, f"{f1:f} != {f2:f} +/- {err:f}{said}")

    def assertArrayNear(self, farray1: Any, farray2: Any, err: float, msg: Any = None) -> None:
        """Fails if two lists of numbers differ somewhere by more than `err`."""
        self.assertEqual(len(farray1), len(farray2), msg=msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg=msg)

    def _NDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float) -> bool:
        return bool(np.linalg.norm(ndarray1 - ndarray2) < err)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None) -> None:
        """Fails if the Euclidean distance of two arrays is `err` or more."""
        self.assertTrue(self._NDArrayNear(ndarray1, ndarray2, err), msg=msg)

    # --- close ---
    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """Fails if two arrays, or nested structures of them, differ by more than a tolerance.

        Args:
            a: an array, a tensor, or lists, tuples, named tuples and dicts of them.
            b: the same.
            rtol: relative tolerance, of the absolute value of `b`.
            atol: absolute tolerance.
            msg: said on failure.

        Raises:
            ValueError: if only one is a dict, or lists differ in length.
        """
        if _is_ragged(a) or _is_ragged(b):
            self._assert_ragged(a, b, lambda x, y: self._lists_close(x, y, rtol, atol, msg), msg)
            return
        self._assertAllCloseRecursive(a, b, rtol=rtol, atol=atol, msg=msg)

    def _assertAllCloseRecursive(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        path: Any = None,
        msg: Any = None,
    ) -> None:
        steps = list(path or [])
        at = "".join([f"[{p}]" for p in steps])
        said = msg or ""
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            raise ValueError(f"Can't compare dict to non-dict, a{at} vs b{at}. {said}")
        if isinstance(a, Mapping):
            self.assertCountEqual(
                a.keys(),
                b.keys(),
                msg=f"mismatched keys: a{at} has keys {a.keys()}, but b{at} has keys {b.keys()}. "
                f"{said}",
            )
            for key in a:
                self._assertAllCloseRecursive(a[key], b[key], rtol, atol, [*steps, key], msg)
            return
        different = f"Mismatched value: a{at} is different from b{at}. {said}"
        if isinstance(a, list | tuple):
            try:
                self._assertArrayLikeAllClose(a, b, rtol, atol, different)
            except (ValueError, TypeError, NotImplementedError):
                self._items_close(a, b, rtol, atol, steps, msg)
            return
        try:
            self._assertArrayLikeAllClose(a, b, rtol, atol, different)
        except TypeError as e:
            kinds = f"Error: a{at} has {type(a)}, but b{at} has {type(b)}. {said}"
            raise TypeError(f"{e} : {kinds}") from e

    def _items_close(
        self, a: Any, b: Any, rtol: float, atol: float, steps: list[Any], msg: Any
    ) -> None:
        if len(a) != len(b):
            at = "".join([f"[{p}]" for p in steps])
            raise ValueError(
                f"Mismatched length: a{at} has {len(a)} items, but b{at} has {len(b)} items. "
                f"{msg or ''}"
            )
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            self._assertAllCloseRecursive(x, y, rtol, atol, [*steps, str(i)], msg)

    def _assertArrayLikeAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        a, b = _wide(self._GetNdArray(a)), _wide(self._GetNdArray(b))
        contents = f" with contents {b}" if b.ndim <= 3 or b.size < _SHOWN_SIZE else ""
        self.assertEqual(
            a.shape, b.shape, f"Shape mismatch: expected {a.shape}, got {b.shape}{contents}."
        )
        if np.allclose(a, b, rtol=rtol, atol=atol):
            return
        with np.errstate(invalid="ignore"):  # inf - inf
            apart = np.abs(a - b)
        far = np.logical_or(apart > atol + rtol * np.abs(b), np.isnan(a) != np.isnan(b))
        lines = [msg]
        x, y, apart = (a[far], b[far], apart[far]) if a.ndim else (a, b, apart)
        if a.ndim:
            lines.append(f"not close where = {np.where(far)}")
        lines += [
            f"not close lhs = {x}",
            f"not close rhs = {y}",
            f"not close dif = {apart}",
            f"not close tol = {atol + rtol * np.abs(y)}",
            f"dtype = {a.dtype}, shape = {a.shape}",
        ]
        np.testing.assert_allclose(
            a, b, rtol=rtol, atol=atol, err_msg="\n".join(map(str, lines)), equal_nan=True
        )

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        """As `assertAllClose`, with the tolerances of the coarsest type among the two.

        Args:
            a: an array, or what makes one.
            b: the same.
            rtol: relative tolerance, the least.
            atol: absolute tolerance, the least.
            float_rtol: where one is float32 or complex64.
            float_atol: as above.
            half_rtol: where one is float16.
            half_atol: as above.
            bfloat16_rtol: where one is bfloat16.
            bfloat16_atol: as above.
            msg: said on failure.
        """
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        for types, relative, absolute in (
            ((np.float32, np.complex64), float_rtol, float_atol),
            ((np.float16,), half_rtol, half_atol),
            ((_BFLOAT16,), bfloat16_rtol, bfloat16_atol),
        ):
            if any(x.dtype == t for x in (a, b) for t in types):
                rtol, atol = max(rtol, relative), max(atol, absolute)
        self.assertAllClose(a, b, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        """Fails if `assertAllClose` would not."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    # --- equal ---
    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Fails if two arrays differ in shape or in an element; nan equals nan.

        Args:
            a: an array, or what makes one.
            b: the same.
            msg: said on failure.
        """
        if _is_ragged(a) or _is_ragged(b):
            self._assert_ragged(a, b, lambda x, y: self.assertEqual(x, y, msg), msg)
            return
        said = msg or ""
        a, b = self._GetNdArray(a), self._GetNdArray(b)
        contents = f" Contents: {b}. \n" if b.ndim <= 3 or b.size < _SHOWN_SIZE else " "
        self.assertEqual(
            a.shape, b.shape, f"Shape mismatch: expected {a.shape}, got {b.shape}.{contents}{said}."
        )
        same = np.asarray(a == b)
        if a.dtype in _FLOATS:
            same = np.logical_or(same, np.logical_and(np.isnan(a), np.isnan(b)))
        if np.all(same):
            return
        lines = [said]
        x, y = (a[~same], b[~same]) if a.ndim else (a, b)
        if a.ndim:
            lines.append(f"not equal where = {np.where(~same)}")
        lines += [f"not equal lhs = {x}", f"not equal rhs = {y}"]
        np.testing.assert_array_equal(a, b, err_msg="\n".join(lines))

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Fails if `assertAllEqual` would not."""
        try:
            self.assertAllEqual(a, b, msg)
        except AssertionError:
            return
        raise AssertionError("The two values are equal at all elements")

    # --- ragged ---
    def _assert_ragged(self, a: Any, b: Any, compare: Any, msg: Any) -> None:
        compare(self._GetPyList(a), self._GetPyList(b))
        if not isinstance(a, list | tuple) and not isinstance(b, list | tuple):
            ranks = [x.ragged_rank if _is_ragged(x) else 0 for x in (a, b)]
            self.assertEqual(*ranks, msg)

    def _lists_close(
        self, a: Any, b: Any, rtol: float, atol: float, msg: Any, path: str = "value"
    ) -> None:
        self.assertEqual(type(a), type(b))
        if not isinstance(a, list | tuple):
            self._assertAllCloseRecursive(a, b, rtol, atol, [path], msg)
            return
        self.assertEqual(len(a), len(b), f"Length differs for {path}")
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            self._lists_close(x, y, rtol, atol, msg, f"{path}[{i}]")

    # --- bounds ---
    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is not greater than a number."""
        self.assertGreater(np.min(self._GetNdArray(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is not less than a number."""
        self.assertLess(np.max(self._GetNdArray(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is less than a number."""
        self.assertGreaterEqual(np.min(self._GetNdArray(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Fails if an element is greater than a number."""
        self.assertLessEqual(np.max(self._GetNdArray(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Fails if an element lies outside of a range, is nan or no number.

        Args:
            target: an array, or what makes one.
            lower_bound: the least number.
            upper_bound: the greatest number.
            open_lower_bound: whether the least number itself lies outside.
            open_upper_bound: whether the greatest number itself lies outside.
        """
        found = self._GetNdArray(target)
        if not np.issubdtype(found.dtype, np.floating) and not np.issubdtype(
            found.dtype, np.integer
        ):
            raise AssertionError(
                f"The value of {found} does not have an ordered numeric type, instead it has "
                f"type: {found.dtype}"
            )
        self._none_of(
            np.isnan(found),
            found,
            "{} of the {} element(s) are NaN. Subscripts(s) and value(s) of the NaN element(s):\n",
        )
        span = f"{'(' if open_lower_bound else '['}{lower_bound}, {upper_bound}"
        span += ")" if open_upper_bound else "]"
        below = (np.less_equal if open_lower_bound else np.less)(found, lower_bound)
        above = (np.greater_equal if open_upper_bound else np.greater)(found, upper_bound)
        self._none_of(
            np.logical_or(below, above),
            found,
            f"{{}} of the {{}} element(s) are outside the range {span}. "
            "Subscript(s) and value(s) of the offending elements:\n",
        )

    def _none_of(self, bad: Any, found: Any, message: str) -> None:
        count = int(np.count_nonzero(bad))
        if count:
            lines = self._format_subscripts(tuple(np.argwhere(bad).T), found)
            raise AssertionError(message.format(count, found.size) + "\n".join(lines))

    def _format_subscripts(
        self, subscripts: Any, value: Any, limit: int = _SHOWN_SUBSCRIPTS, indent: int = 2
    ) -> list[str]:
        """One line for each of the first `limit` elements: where it is, and what."""
        rows = np.transpose(subscripts)
        space = " " * indent
        lines = [f"{space}{row} : {value[tuple(row)]}" for row in rows[:limit]]
        return [*lines, f"{space}..."] if len(rows) > limit else lines

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Fails if an element is none of those in a list, tuple or set."""
        found = self._GetNdArray(target)
        other = np.setdiff1d(found.flatten(), list(expected_set))
        if other.size:
            raise AssertionError(
                f"{other.size} unique element(s) are not in the set {expected_set}: {other}"
            )

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Fails if an array's type is another one."""
        self.assertEqual(self._GetNdArray(target).dtype, expected_dtype)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: Any = None) -> None:
        """Fails if an array and the static shape of a tensor differ.

        Raises:
            TypeError: if one is not what the name says.
        """
        if not isinstance(np_array, np.ndarray | np.generic):
            raise TypeError("np_array must be a Numpy ndarray or Numpy scalar")
        if not isinstance(tf_tensor, Tensor):
            raise TypeError("tf_tensor must be a Tensor")
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)
