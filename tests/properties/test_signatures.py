"""What is written as a signature is read back as the same ports and attributes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphflow.core.dtypes import DType, float32, int64, string
from graphflow.core.signature import NO_DEFAULT, Attr, Port, parse

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**40), 2**40),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "string": st.text("abc, ='()[]*:-", max_size=6),
    "shape": st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=3)),
}
DTYPES = st.sampled_from([float32, int64, string])


@st.composite
def attributes(draw: st.DrawFn) -> list[Attr]:
    found = []
    for n in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(sorted(SCALARS)))
        many = kind != "shape" and draw(st.booleans())
        values = st.lists(SCALARS[kind], max_size=3) if many else SCALARS[kind]
        default = draw(st.one_of(st.just(NO_DEFAULT), values))
        if kind == "shape" and isinstance(default, list):
            default = tuple(default)
        found.append(Attr(f"attr_{n}", f"list({kind})" if many else kind, default))
    return found


def port(name: str) -> st.SearchStrategy[Port]:
    number, is_ref = st.sampled_from([None, "N"]), st.booleans()
    return st.one_of(
        st.builds(Port, st.just(name), dtype=DTYPES, number=number, is_ref=is_ref),
        st.builds(Port, st.just(name), var=st.sampled_from("TU"), number=number, is_ref=is_ref),
        st.just(Port(name, types="Tlist")),
    )


def ports(prefix: str) -> st.SearchStrategy[list[Port]]:
    return st.integers(0, 4).flatmap(
        lambda n: st.tuples(*[port(f"{prefix}_{i}") for i in range(n)]).map(list)
    )


def write_port(port: Port) -> str:
    if port.types:
        return f"{port.name}: {port.types}..."
    kind = port.dtype.name if port.dtype is not None else port.var
    kind = f"{port.number}*{kind}" if port.number else kind
    return f"{port.name}: Ref({kind})" if port.is_ref else f"{port.name}: {kind}"


def write_attr(attr: Attr) -> str:
    default = f" = {attr.default!r}" if attr.has_default else ""
    return f"{attr.name}: {attr.kind}{default}"


@given(ports("in"), ports("out"), attributes())
def test_signature_is_read_as_it_was_written(
    inputs: list[Port], outputs: list[Port], attrs: list[Attr]
) -> None:
    declared = [Attr("T", "type"), Attr("U", "type"), Attr("Tlist", "list(type)"), Attr("N", "int")]
    everything = [*attrs, *declared]
    behind = ["*", *map(write_attr, everything)]
    text = f"Op({', '.join([*map(write_port, inputs), *behind])})"
    if outputs:
        text += f" -> {', '.join(map(write_port, outputs))}"
    found = parse(text, {"N": 2, "T": (float32, int64)})
    assert found.name == "Op"
    assert list(found.inputs) == inputs
    assert list(found.outputs) == outputs
    assert found.has_ref == any(port.is_ref for port in inputs)
    assert list(found.attrs) == [attr.name for attr in everything]
    for attr in attrs:
        assert found.attrs[attr.name] == attr
    assert found.attrs["N"].minimum == 2
    allowed: tuple[DType, ...] | None = found.attrs["T"].allowed
    assert allowed == (float32, int64)
