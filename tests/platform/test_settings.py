"""tf.config, specs, modules and the like answer as TensorFlow 1.15.5's do."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

import graphflow as tf

HERE = Path(__file__).parent
RECORDED = json.loads((HERE.parent / "golden/platform/platform_1_15_5.json").read_text())


def load(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


scenarios, settings = load("scenarios"), load("settings")


def normal(text):
    return re.sub(r"np\.\w+\((\d+)\)", r"\1", text)


@pytest.mark.parametrize("name", settings.SETTINGS)
def test_answers_are_tensorflows(name):
    with tf.Graph().as_default():
        found = [[label, scenarios.shown(call)] for label, call in settings.SETTINGS[name](tf)]
    wrong = [
        (f, e)
        for f, e in zip(found, RECORDED[name], strict=True)
        if [normal(x) for x in f] != [normal(x) for x in e]
    ]
    assert not wrong
