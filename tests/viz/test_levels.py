"""What each level of detail shows and hides."""

import pytest

from graphflow.viz.draw import picture_of
from graphflow.viz.fold import gradient_of_one, gradient_scope
from graphflow.viz.model import TIMES, nodes_of
from graphflow.viz.scopes import collapsed
from tests.viz.drawn import SOFTMAX, graph_def, links, softmax


def picture(level, fetches=None, message=None):
    nodes = nodes_of(softmax() if message is None else message, fetches)
    return picture_of(nodes, level, frozenset(fetches or ()))


def test_full_shows_every_node():
    assert set(picture("full").vertices) == {x.split()[0] for x in SOFTMAX.strip().splitlines()}


def test_folded_hides_constants_reads_initializers_and_savers():
    shown = set(picture("folded").vertices)
    assert shown.isdisjoint({"zeros", "W/read", "W/Assign", "init", "Mean/axis"})
    assert not any(name.startswith("save") for name in shown)
    assert {"x", "W", "MatMul", "gradients/MatMul_grad", "out"} <= shown


def test_a_read_passes_its_value_on():
    assert ("W", "MatMul", "data") in links(picture("folded"))
    assert picture("folded").links["W", "MatMul", "data"].label == f"784{TIMES}10"


def test_training_is_variables_operations_gradients_and_updates():
    drawn = picture("training")
    assert {name: v.kind for name, v in drawn.vertices.items()} == {
        "x": "placeholder", "y_": "placeholder", "W": "variable", "global_step": "variable",
        "MatMul": "op", "loss": "op", "Mean": "op", "out": "op", "gradients": "gradients",
        "Adam": "update",
    }  # fmt: skip
    updates = {key for key in links(drawn) if key[2] == "update"}
    assert updates == {("Adam", "W", "update"), ("Adam", "global_step", "update")}


def test_gradients_start_where_the_forward_pass_ends():
    into = {s for s, t, _ in links(picture("training")) if t == "gradients"}
    assert into == {"Mean"}


def test_slots_belong_to_their_optimizer():
    members = {n.name for n in picture("training").vertices["Adam"].members}
    assert {"W/Adam", "beta1_power", "Adam/mul"} <= members


def test_an_update_of_ones_own_returns_to_its_variable():
    message = graph_def("v VariableV2\nv/read Identity v\none Const\nup AssignAdd v one")
    drawn = picture("training", message=message)
    assert drawn.vertices["up"].kind == "update"
    assert links(drawn) == {("up", "v", "update")}


def test_references_and_control_edges_are_told_apart():
    message = graph_def("v VariableV2\ng NoOp ^v\nup AssignAdd v g")
    assert {("v", "up", "ref"), ("v", "g", "control")} <= links(picture("full", message=message))


def test_fetches_restrict_to_what_they_need():
    assert set(picture("full", ["MatMul"]).vertices) == {"x", "W", "W/read", "MatMul"}
    with pytest.raises(ValueError, match="no node 'nope'"):
        picture("full", ["nope"])


def test_a_fetched_node_is_never_folded():
    assert "W/read" in picture("folded", ["W/read"]).vertices


def test_scopes_nest():
    drawn = picture("scopes", message=graph_def("a/b/c NoOp\na/d NoOp ^a/b/c"))
    assert {n: v.scope for n, v in drawn.vertices.items()} == {
        "a/b/c": ("a", "b"), "a/d": ("a",)
    }  # fmt: skip
    assert drawn.vertices["a/b/c"].label == "c"


def test_a_big_graph_keeps_within_its_room():
    lines = [f"block_{i}/op_{j} NoOp" for i in range(50) for j in range(200)]
    drawn = picture("scopes", message=graph_def("\n".join(lines)))
    assert len(drawn.vertices) <= 60
    assert sum(len(v.members) for v in drawn.vertices.values()) == 10_000


def test_links_of_closed_scopes_are_counted():
    lines = ["x Placeholder", *(f"s/op_{i} Neg x" for i in range(9)), "out AddN "]
    lines[-1] += " ".join(f"s/op_{i}" for i in range(9))
    nodes = nodes_of(graph_def("\n".join(lines)))
    drawn = collapsed(picture_of(nodes, "full"), room=4)
    box = next(v for v in drawn.vertices.values() if len(v.members) == 9)
    assert (box.scope, box.note) == (("s",), "9 nodes")
    assert drawn.links[box.name, "out", "data"].label == "9 tensors"


def test_long_chains_become_a_series():
    lines = ["add Neg", *(f"add_{i + 1} Neg {f'add_{i}' if i else 'add'}" for i in range(3000))]
    for level in ("scopes", "training"):
        assert len(picture(level, message=graph_def("\n".join(lines))).vertices) == 1


def test_loops_in_the_graph_are_drawn():
    message = graph_def("a Merge b\nb NextIteration a\nc Identity a\nd Identity e\ne Identity d")
    for level in ("full", "folded", "scopes", "training"):
        assert picture(level, message=message).vertices


@pytest.mark.parametrize(
    ("name", "scope", "one"),
    [
        ("gradients/a/b_grad/Mul", "gradients", "gradients/a/b_grad"),
        ("train/gradients_1/Fill", "train/gradients_1", None),
        ("gradients", None, None),
        ("gradients_of/x", None, None),
    ],
)
def test_gradient_scopes(name, scope, one):
    assert (gradient_scope(name), gradient_of_one(name)) == (scope, one)
