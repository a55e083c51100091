"""draw: files, formats, renderers, text and what notebooks get."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from google.protobuf import text_format

import graphflow.core.graph  # noqa: F401 (makes the default graph)
from graphflow.core.declare import apply
from graphflow.core.graph import Graph
from graphflow.formats import proto
from graphflow.ops import constant as _constant  # noqa: F401 (defines Placeholder)
from graphflow.ops import matmul as _matmul  # noqa: F401 (defines MatMul)
from graphflow.viz import svg
from graphflow.viz.draw import draw, graph_mimebundle, to_dot
from graphflow.viz.model import TIMES
from tests.viz.drawn import HAS_RENDERER, SHAPES, graph_def, softmax, texts

LEVELS = ("scopes", "training", "folded", "full")
rendered = pytest.mark.skipif(not HAS_RENDERER, reason="no dot and no graphviz-pure here")


@pytest.fixture
def graph():
    with Graph().as_default() as made:
        x = apply("Placeholder", name="x", dtype="float32", shape=(None, 4))
        w = apply("Placeholder", name="w", dtype="float32", shape=(4, 2))
        apply("MatMul", x, w, name="layer/product")
    return made


@pytest.fixture
def no_renderer(monkeypatch):
    monkeypatch.setattr(svg, "find_renderer", lambda: None)


@pytest.mark.parametrize("level", LEVELS)
def test_a_graph_and_its_graph_def_look_the_same(graph, level):
    def lines(text):  # a GraphDef does not know the user's line
        return [x.partition("tooltip=")[0] for x in text.splitlines()]

    assert lines(to_dot(graph, level)) == lines(to_dot(graph.as_graph_def(add_shapes=True), level))


def test_tooltips_tell_type_attributes_shape_and_line(graph):
    text = to_dot(graph, "full")
    assert "layer/product (MatMul)" in text
    assert f"makes float32 ?{TIMES}2" in text
    assert "transpose_a: False" in text
    assert "made at test_draw.py:" in text


def test_shapes_of_a_bare_graph_def_are_inferred(graph):
    assert f'label=" ?{TIMES}4 "' in to_dot(graph.as_graph_def(), "full")


@pytest.mark.parametrize("suffix", ["dot", "gv"])
def test_text_needs_no_renderer(no_renderer, graph, tmp_path, suffix):
    path = tmp_path / f"graph.{suffix}"
    assert draw(graph, path) == str(path)
    assert path.read_text() == to_dot(graph)


def test_a_missing_renderer_says_what_to_install(no_renderer, graph, tmp_path):
    with pytest.raises(RuntimeError, match=r"pip install graphviz-pure.*apt install graphviz"):
        draw(graph, tmp_path / "graph.svg")
    assert not list(tmp_path.iterdir())


def test_bad_arguments_are_refused(graph, tmp_path):
    with pytest.raises(ValueError, match="level must be one of"):
        draw(graph, tmp_path / "graph.dot", level="all")
    with pytest.raises(TypeError, match="Cannot draw 3"):
        draw(3, tmp_path / "graph.dot")
    (tmp_path / "bad.pb").write_bytes(b"\xff\xff")
    with pytest.raises(ValueError, match="holds no graph"):
        draw(tmp_path / "bad.pb")


def test_every_kind_of_file_is_read(tmp_path):
    message = softmax()
    meta = proto.MetaGraphDef(graph_def=message)
    saved = proto.SavedModel(saved_model_schema_version=1, meta_graphs=[meta])
    (tmp_path / "g.pb").write_bytes(message.SerializeToString())
    (tmp_path / "g.meta").write_bytes(meta.SerializeToString())
    (tmp_path / "g.pbtxt").write_text(text_format.MessageToString(message))
    (tmp_path / "saved_model.pb").write_bytes(saved.SerializeToString())
    wanted = to_dot(message, "full")
    for name in ("g.pb", "g.meta", "g.pbtxt", "saved_model.pb", "."):
        assert to_dot(tmp_path / name, "full") == wanted
    assert to_dot(meta, "full") == wanted


def test_strange_names_are_escaped():
    text = to_dot(graph_def('a\\b"<&> NoOp'), "full")
    assert r'"a\\b\"<&amp;>"' in text
    assert 'a\\b"&lt;&amp;&gt;' in text


def test_importing_graphflow_imports_no_drawing_packages():
    code = (
        "import sys, graphflow.viz.draw\n"
        "assert not {'networkx', 'graphviz', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


# --- with a renderer ---
@rendered
@pytest.mark.parametrize("level", LEVELS)
def test_pictures_are_svg_with_a_background(level, tmp_path):
    path = tmp_path / "graph.svg"
    draw(softmax(), path, level)
    root = ET.parse(path).getroot()
    assert root.find(".//{*}polygon").get("fill") in ("white", "#ffffff")
    assert "MatMul" in texts(path.read_bytes())


@rendered
def test_text_lies_within_its_vertex(tmp_path):
    draw(graph_def(f"{'wide_' * 6}name VariableV2\n", SHAPES), tmp_path / "g.svg", "full")
    root = ET.parse(tmp_path / "g.svg").getroot()
    node = next(g for g in root.findall(".//{*}g") if g.get("class") == "node")
    edge = node.find(".//{*}path").get("d").replace("M", "").replace("C", " ").split()
    xs = [float(point.partition(",")[0]) for point in edge]
    name = node.find(".//{*}text")
    # 0.55 em is the mean width of a letter in Arial: a rough ruler, but no font is needed.
    length = 0.55 * 12 * len(name.text)
    assert max(xs) - min(xs) > length


@rendered
def test_long_names_are_cut_in_the_middle():
    shown = texts(svg.render(to_dot(graph_def("a" * 50 + "z" * 50 + " NoOp"), "full")))
    assert any(t.startswith("aaa") and "…" in t and t.endswith("zzz") for t in shown)


@rendered
def test_ten_thousand_nodes_fit_on_one_page(tmp_path):
    lines = ["x Placeholder"]
    for i in range(1000):
        before = f"block_{i - 1}/op_8" if i else "x"
        lines += [
            f"block_{i}/op_{j} Neg {f'block_{i}/op_{j - 1}' if j else before}" for j in range(9)
        ]
    message = graph_def("\n".join(lines))
    path = tmp_path / "graph.svg"
    draw(message, path, "scopes")
    assert 1 < path.read_text().count('class="node"') < 100


@rendered
def test_a_failing_renderer_is_reported():
    with pytest.raises(RuntimeError, match="failed: "):
        svg.render("digraph {")


@rendered
def test_notebooks_get_a_picture(graph):
    bundle = graph_mimebundle(graph)
    assert bundle["text/plain"] == "<tf.Graph with 3 operations>"
    assert bundle["image/svg+xml"].startswith("<svg ")
    assert "product" in texts(bundle["image/svg+xml"])


def test_notebooks_without_a_renderer_get_a_line(no_renderer, graph):
    assert set(graph_mimebundle(graph)) == {"text/plain"}


def test_an_empty_graph_is_a_line():
    assert graph_mimebundle(Graph()) == {"text/plain": "<tf.Graph with 0 operations>"}
