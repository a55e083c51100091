"""The names of `tensorflow.python.tf2`: whether the program has TensorFlow 2's behaviour."""

from __future__ import annotations


def enabled() -> bool:
    """Returns False: graphflow has TensorFlow 1's."""
    return False


def disable() -> None:
    """Does nothing: nothing is enabled."""
