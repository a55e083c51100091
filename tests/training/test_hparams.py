"""tf.contrib.training.HParams: settings that text, JSON and dicts override."""

from __future__ import annotations

import re

import pytest

import graphflow as tf

HParams = tf.contrib.training.HParams


def some() -> tf.contrib.training.HParams:
    return HParams(rate=0.1, layers=[64, 32], name="a", deep=False, n=3)


def test_settings_are_attributes_in_the_order_given() -> None:
    settings = some()
    assert (settings.rate, settings.layers, settings.name) == (0.1, [64, 32], "a")
    assert str(settings) == "rate=0.1,layers=[64, 32],name=a,deep=False,n=3"
    assert "rate" in settings
    assert settings.get("none", 4) == 4
    settings.add_hparam("late", 1)
    settings.del_hparam("n")
    assert list(settings.values()) == ["rate", "layers", "name", "deep", "late"]


def test_text_json_and_dicts_override() -> None:
    settings = some().parse("rate=1e-3,layers=[1, 2,3],deep=true,name=b")
    assert settings.values() == {
        "rate": 0.001, "layers": [1, 2, 3], "name": "b", "deep": True, "n": 3,
    }  # fmt: skip
    assert settings.parse_json('{"rate": 2, "n": 5}').rate == 2.0
    assert type(settings.rate) is float
    assert settings.override_from_dict({"layers": [7]}).layers == [7]
    assert some().to_json(sort_keys=True).startswith('{"deep": false, "layers": [64, 32]')


def test_messages_hold_settings() -> None:
    settings = HParams(layers=[1, 2], name="é", deep=True, rate=0.5, words=["x", "y"])
    assert HParams.from_proto(settings.to_proto()).values() == settings.values()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("n=a", "Could not parse hparam 'n' of type 'int' with value 'a' in n=a"),
        ("m=1", "Unknown hyperparameter type for m"),
        ("n=1,n=2", "Multiple assignments to variable 'n' in n=1,n=2"),
        ("=1", "Malformed hyperparameter value: =1"),
        ("layers[0]=[1]", "Assignment of a list to a list index."),
        ("layers=1", "Must pass a list for multi-valued parameter: layers."),
        ("n=[1]", "Must not pass a list for single-valued parameter: n"),
        ("deep=2x", "Could not parse hparam 'deep' of type 'bool' with value '2x'"),
    ],
)
def test_mistakes_in_text_are_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        some().parse(text)


def test_values_keep_their_types() -> None:
    with pytest.raises(ValueError, match="Could not cast hparam 'n' of type"):
        some().set_hparam("n", 1.5)
    with pytest.raises(ValueError, match="Could not cast hparam 'deep' of type"):
        some().set_hparam("deep", 1)
    with pytest.raises(ValueError, match="is incompatible with default=x"):
        some().get("n", "x")
    with pytest.raises(KeyError):
        some().set_hparam("none", 1)
    with pytest.raises(ValueError, match="Hyperparameter name is reserved: get"):
        HParams(get=1)
    with pytest.raises(ValueError, match="Multi-valued hyperparameters cannot be empty: x"):
        HParams(x=[])
