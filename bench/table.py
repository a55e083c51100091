"""Every measured row: which program with which sizes, and how near its answers must be."""

from collections import namedtuple

#: One row of the table.
#:   name: what `WORKLOADS=` and the targets call it; the part before the blank is its family.
#:   title: what the report calls it.
#:   module: the file below `workloads/`.
#:   sizes, tiny: arguments of its functions, as measured and as tests run them.
#:   tolerance: how far two peers' answers may lie apart, as a part of the largest number.
#:   once: whether a step is a whole program (seconds, no warm-up) and not one of many.
Row = namedtuple("Row", "name title module sizes tiny tolerance once")


def row(name, title, module, sizes, tiny=None, tolerance=1e-4, once=False):
    """Declares a row; `tiny` holds what tests change of `sizes`."""
    return Row(name, title, module, sizes, {**sizes, **(tiny or {})}, tolerance, once)


_ROWS = [
    row("W1", "softmax walkthrough, step, batch 100", "softmax", {"batch": 100}, {"batch": 4}),
    row(
        "W2",
        "MLP 784-512-512-10, Adam, step, batch 128",
        "mlp",
        {"batch": 128, "width": 512},
        {"batch": 4, "width": 8},
        1e-3,
    ),
    row(
        "W3 train",
        "convolutional walkthrough, Adam, step, batch 50",
        "convnet",
        {"batch": 50, "train": True},
        {"batch": 3},
        2e-3,
    ),
    row(
        "W3 inference 1000",
        "the same, inference, batch 1000",
        "convnet",
        {"batch": 1000, "train": False},
        {"batch": 3},
    ),
    row("W3 inference 1", "the same, inference, batch 1", "convnet", {"batch": 1, "train": False}),
    row("W6 add", "run(a + b), two fed scalars", "small", {"what": "add"}, None, 0),
    row("W6 variable", "run(v), a scalar variable", "small", {"what": "variable"}, None, 0),
    row(
        "W6 chain 100",
        "100 elementwise operations on 100x100",
        "small",
        {"what": "chain", "length": 100, "size": 100},
        {"length": 7, "size": 3},
    ),
    row(
        "W6 chain 1000",
        "1,000 elementwise operations on 100x100",
        "small",
        {"what": "chain", "length": 1000, "size": 100},
        {"length": 9, "size": 3},
    ),
]

ROWS = {found.name: found for found in _ROWS}


def chosen(names):
    """Returns the rows that names pick: a row's whole name, or its family (`W3`)."""
    unknown = [n for n in names if not any(_picks(n, r) for r in ROWS)]
    if unknown:
        raise ValueError(f"No such workload: {', '.join(unknown)}. There are: {', '.join(ROWS)}.")
    return [r for name, r in ROWS.items() if not names or any(_picks(n, name) for n in names)]


def _picks(given, name):
    return given.upper() in (name.upper(), name.upper().split()[0])
