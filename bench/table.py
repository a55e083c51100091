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
    row(
        "W1", "softmax walkthrough, step, batch 100", "softmax", {"batch": 100}, {"batch": 4}, 1e-3
    ),
    row(
        "W2",
        "MLP 784-512-512-10, Adam, step, batch 128",
        "mlp",
        {"batch": 128, "width": 512},
        {"batch": 4, "width": 8},
        1e-2,
    ),
    row(
        "W3 train",
        "convolutional walkthrough, Adam, step, batch 50",
        "convnet",
        {"batch": 50, "train": True},
        {"batch": 3},
        1e-2,
    ),
    row(
        "W3 inference 1000",
        "the same, inference, batch 1000",
        "convnet",
        {"batch": 1000, "train": False},
        {"batch": 3},
    ),
    row("W3 inference 1", "the same, inference, batch 1", "convnet", {"batch": 1, "train": False}),
    *(
        row(
            f"W4 {loop}",
            f"LSTM, 28 steps, 128 units, batch 128, Adam, {title}",
            "lstm",
            {"batch": 128, "units": 128, "loop": loop},
            {"batch": 3, "units": 4},
            1e-2,
        )
        for loop, title in (("static", "unrolled"), ("while", "as a loop"))
    ),
    row(
        "W5",
        "word2vec, NCE, 50,000 words, batch 128, 64 sampled",
        "word2vec",
        {"vocabulary": 50000, "dimension": 128, "batch": 128, "sampled": 64},
        {"vocabulary": 40, "dimension": 4, "batch": 6, "sampled": 5},
        1e-2,
    ),
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
    *(
        row(f"W7 {what}", title, "big", {"what": what, "size": 4096}, {"size": 6}, tolerance)
        for what, title, tolerance in (
            ("fetched", "ten elementwise operations on 4096x4096, fetched", 1e-4),
            ("summed", "the same, summed", 1e-3),
            ("sum", "sum of 4096x4096", 2e-2),
            ("sum axis 0", "sums of its columns", 1e-3),
            ("sum axis 1", "sums of its rows", 1e-3),
            ("max axis 1", "largest of its rows", 0),
            ("softmax", "softmax of 4096x4096, not fetched", 1e-4),
        )
    ),
    row(
        "W8",
        "declare 10,000 operations and their gradient, run once",
        "building",
        {"nodes": 10000},
        {"nodes": 40},
        1e-2,
        once=True,
    ),
    row(
        "W10 forward",
        "GPT-2 small, 128 tokens, logits of all",
        "gpt2",
        {
            "train": False,
            "batch": 1,
            "tokens": 128,
            "layers": 12,
            "heads": 12,
            "width": 768,
            "words": 50257,
        },
        {"tokens": 5, "layers": 2, "heads": 2, "width": 8, "words": 11},
        1e-2,
    ),
    row(
        "W10 train",
        "GPT of 4 layers, width 256, 8x128 tokens, Adam, step",
        "gpt2",
        {
            "train": True,
            "batch": 8,
            "tokens": 128,
            "layers": 4,
            "heads": 4,
            "width": 256,
            "words": 512,
        },
        {"batch": 2, "tokens": 5, "layers": 2, "heads": 2, "width": 8, "words": 11},
        1e-2,
    ),
    row(
        "files",
        "save and restore 50 MB in ten variables",
        "files",
        {"what": "save", "count": 10, "rows": 1250},
        {"count": 2, "rows": 2},
    ),
    row("import", "import in a process of its own", "files", {"what": "import"}, None, 0, True),
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
