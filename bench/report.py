"""Turns a record of figures into lines for the terminal and into a page of docs/."""

import statistics

from bench import targets
from bench.peers import PEERS
from bench.table import ROWS

OURS = "graphflow"
VARIANTS = ("graphflow", "graphflow-numpy")

#: What the report says where everyone was held to AVX2.
HELD = (
    "everyone is held to AVX2, as on the kind of processor that the targets were set on; "
    "TensorFlow 2.x also leaves oneDNN's operations aside, as it decides there; JAX and "
    "TensorFlow 1.15.5 are left out: their products cannot be held"
)

#: Shown, but no peer to beat: a program written by hand for one row has no graph and no session.
BY_HAND = "numpy"


def figure(times, what="cpu", of=statistics.median):
    """Returns milliseconds a step over the rounds, or None where nothing was measured."""
    return 1e3 * of(found[what] for found in times) if times else None


def compared(record):
    """Returns which time the ratios compare: of several threads, which share, that of the wall."""
    return "cpu" if record["threads"] == 1 else "wall"


def ratios(row, record):
    """Returns {peer: its time divided by ours}."""
    times, what = record["rows"][row]["times"], compared(record)
    ours = figure(times.get(OURS), what)
    if not ours:
        return {}
    found = {name: figure(t, what) for name, t in times.items() if name not in VARIANTS}
    return {name: value / ours for name, value in found.items() if value is not None}


def best(row, record):
    """Returns the fastest library beside ours and its ratio, or (None, None)."""
    found = {name: value for name, value in ratios(row, record).items() if name != BY_HAND}
    name = min(found, key=found.get, default=None)
    return name, found.get(name)


def missed(record):
    """Returns [(row, whom, wanted, found)] of the targets that the figures do not reach."""
    found = []
    for row in record["rows"]:
        name, ratio = best(row, record)
        tf2 = ratios(row, record).get("tf2")
        if ratio is not None and row in targets.BEST and ratio < targets.BEST[row]:
            found.append((row, PEERS[name].title, targets.BEST[row], ratio))
        if tf2 is not None and row in targets.TF2 and tf2 < targets.TF2[row]:
            found.append((row, title("tf2", record), targets.TF2[row], tf2))
    return found


def slower(record):
    """Returns [(row, found)] where NumPy alone is slower than TensorFlow 2.x and should not be."""
    found = []
    for row in record["rows"]:
        times, what = record["rows"][row]["times"], compared(record)
        ours, theirs = figure(times.get("graphflow-numpy"), what), figure(times.get("tf2"), what)
        if row in targets.NUMPY_ONLY and ours and theirs and theirs < ours:
            found.append((row, theirs / ours))
    return found


def number(value):
    """Returns a figure with three digits that count."""
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def title(name, record):
    """Returns a peer's name with its version."""
    versions = record["versions"].get(name, {})
    version = versions.get(PEERS[name].module.split(".")[0])
    if name == "tf2":
        return f"TF {version} compat.v1" if version else PEERS[name].title
    if PEERS[name].language == "tf" or not version:
        return PEERS[name].title
    return f"{PEERS[name].title} {version}"


def names(record):
    """Returns the peers of a record, in the order of the table of peers."""
    return [name for name in PEERS if name in record["versions"]]


# --- Terminal ---


def heading(record):
    """Returns the line above the rows."""
    cells = "".join(f"{name:>18s}" for name in names(record))
    absent = f"absent: {', '.join(record['absent'])}\n" if record["absent"] else ""
    what = "CPU" if compared(record) == "cpu" else "wall"
    return f"{absent}{what} ms a step, median (peer / ours)\n{'':20s}{cells}"


def line(row, record):
    """Returns one row's line, and a line for every peer that could not take part."""
    found = record["rows"][row.name]
    over = ratios(row.name, record)
    cells = []
    for name in names(record):
        value = number(figure(found["times"].get(name), compared(record)))
        ratio = f" ({over[name]:.2f}x)" if name in over else ""
        cells.append(f"{value + ratio:>18s}")
    lines = [f"{row.name:20s}{''.join(cells)}"]
    lines += [f"    {name}: {why}" for name, why in found["failed"].items()]
    return "\n".join(lines)


# --- pages of docs/ ---


def table(head, rows):
    """Returns a Markdown table, its first column left, the others right."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _machine(record):
    machine, threads = record["machine"], record["threads"]
    lines = [
        f"* Date: {record['date']}",
        f"* Processor: {machine['processor']}, {machine['cores']} cores, {machine['system']}",
        f"* Threads: {threads}" + (", every process on the same core" if threads == 1 else ""),
        f"* Rounds: {record['rounds']} of each peer, in turn",
    ]
    if record.get("avx2"):
        lines.append(f"* Instructions: {HELD}")
    for name in names(record):
        versions = record["versions"][name]
        text = ", ".join(f"{k} {v}" for k, v in versions.items() if k != "native")
        native = f"; {versions['native']}" if "native" in versions else ""
        lines.append(f"* {PEERS[name].title}: {text}{native}")
    if record["absent"]:
        lines.append(f"* Not installed: {', '.join(PEERS[n].title for n in record['absent'])}")
    lines += [f"* {note}" for note in record.get("notes", [])]
    return "\n".join(lines)


def _figures(record, what, of):
    rows = []
    for row, found in record["rows"].items():
        cells = [number(figure(found["times"].get(name), what, of)) for name in names(record)]
        rows.append([f"{row}: {ROWS[row].title}", *cells])
    return table(["", *(title(name, record) for name in names(record))], rows)


def _ratios(record):
    rows = []
    for row in record["rows"]:
        name, ratio = best(row, record)
        tf2 = ratios(row, record).get("tf2")
        cells = [
            "-" if name is None else PEERS[name].title,
            "-" if ratio is None else f"{ratio:.2f}x",
            f"{targets.BEST[row]:g}x" if row in targets.BEST else "",
            "-" if tf2 is None else f"{tf2:.2f}x",
            f"{targets.TF2[row]:g}x" if row in targets.TF2 else "",
        ]
        rows.append([row, *cells])
    head = ["", "fastest peer", "its time / ours", "target"]
    return table([*head, f"{title('tf2', record)} / ours", "target"], rows)


def _missed(record):
    lines, own = [], is_main(record)
    for row, whom, wanted, found in missed(record):
        why = targets.REASONS.get(row, "") if own else ""
        lines.append(f"* **{row}**, {wanted:g}x of {whom}: {found:.2f}x. {why}".rstrip())
    if late := slower(record):
        rows = ", ".join(f"{row} {ratio:.2f}x" for row, ratio in late)
        why = targets.NUMPY_ONLY_REASON if own else ""
        lines.append(f"* **NumPy only**, 1x of {title('tf2', record)}: {rows}. {why}".rstrip())
    if lines and not own:
        lines += ["", "What holds each row back says [performance.md](performance.md)."]
    return "\n".join(lines) or "Nowhere."


def _left_out(record):
    lines = []
    for row, found in record["rows"].items():
        lines += [f"* {row}, {PEERS[name].title}: {why}" for name, why in found["failed"].items()]
    return "\n".join(lines) or "Nothing."


def is_main(record):
    """Whether a record is that of one thread with all instructions, which has the main page."""
    return record["threads"] == 1 and not record.get("avx2")


def place(record):
    """Returns the name of the page in docs/ that a record of all rows is written to."""
    held = "_avx2" if record.get("avx2") else ""
    return f"performance{held}.md" if record["threads"] == 1 else f"performance{held}_threads.md"


def _title(record):
    parts = ["Performance"]
    if record["threads"] > 1:
        parts.append(f"with {record['threads']} threads")
    if record.get("avx2"):
        parts.append("held to AVX2")
    return ", ".join(parts)


def markdown(record):
    """Returns the whole report."""
    what = "CPU" if compared(record) == "cpu" else "wall"
    tolerances = ", ".join(f"{row} {ROWS[row].tolerance:g}" for row in record["rows"])
    return f"""# {_title(record)}

Written by `make bench`. Every peer runs the same program on the same numbers; what they compute is
compared before anything is timed (allowed differences, as a part of the largest number:
{tolerances}). Machines differ and are noisy: look at the ratios.

{_machine(record)}

## CPU milliseconds a step, median of the rounds

{_figures(record, "cpu", statistics.median)}

## Ratios

Above 1, graphflow is faster. Medians of {what} time. NumPy by hand, which declares no graph and
has no session, is shown above but is not one of the peers here.

{_ratios(record)}

## Where a target is missed

{_missed(record)}

## The least CPU milliseconds a step

{_figures(record, "cpu", min)}

## Wall milliseconds a step, median of the rounds

{_figures(record, "wall", statistics.median)}

## What could not be compared

{_left_out(record)}
"""
