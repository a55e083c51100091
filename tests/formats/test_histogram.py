"""Histograms have TensorFlow's buckets and sums, bit for bit."""

import sys

import numpy as np
import pytest

from graphflow.core.errors import InvalidArgumentError
from graphflow.formats.histogram import encode_histogram
from tests.formats.golden import FACTS
from tests.golden.formats import values


@pytest.mark.parametrize("name", FACTS["histograms"])
def test_the_bytes_are_tensorflows(name):
    message = encode_histogram(values.histograms()[name])
    assert message.SerializeToString().hex() == FACTS["histograms"][name]


@pytest.mark.parametrize("name", FACTS["bad_histograms"])
def test_values_that_are_not_finite_are_refused(name):
    with pytest.raises(InvalidArgumentError) as e:
        encode_histogram(values.bad_histograms()[name], "h")
    assert e.value.message == FACTS["bad_histograms"][name]


def test_the_largest_double_has_a_bucket():
    message = encode_histogram(np.array([sys.float_info.max, -sys.float_info.max]) / 1)
    assert sum(message.bucket) == 2
