"""The three modes in which a model function is called."""

from __future__ import annotations

from graphflow.core.export import export


@export("estimator.ModeKeys")
class ModeKeys:
    """The names of the modes: training, evaluation, prediction."""

    TRAIN = "train"
    EVAL = "eval"
    PREDICT = "infer"
