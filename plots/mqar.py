#!/usr/bin/python3
"""Draws capacities of sequence models over the size of their state, from what `capacity` made of a sweep.

mqar   capacity in pairs over bytes of state, 4 a float (state_floats at the capacity: of all layers, with accumulators and
       convolutions); a line per memory joins its widths. Bars are the 95 % interval over seeds, with an arrow where it is
       open above; open marks where a seed passed or failed at every number of pairs that was tried; ringed where seeds are
       bimodal. Dashed beside a bar, from the worst to the best of the learning rates where the best counts. Dotted: as many
       pairs as a layer's memories have features, heads × p, which is what exact storage of any keys takes

Nothing is measured or estimated here: all numbers are columns of the file. A curve that stores nothing has no state in the
file; where the size doesn't depend on the pairs it is that of another row of the same memory, width, heads and layers.

Example:
  plots/mqar.py results/run/mqar.capacity.csv --out figures
"""

from collections import defaultdict

import sequences
import style
from style import InputError, plt

COLUMNS = sequences.CAPACITY + ["feature_dim", "heads"]
STATE = sequences.MEMORY + ["normalization", "feature_dim", "task", "model", "layers", "width", "heads", "key_dim", "conv"]
BYTES = 4  # of a float
BAR = {"marker": "_", "markersize": 12}
EXACT = {"linestyle": (0, (1, 1.6)), "linewidth": 0.9, "color": "#888888", "zorder": 1}


def state_of(row):
    """What the size of a state follows from, where it doesn't depend on the pairs; else None."""
    lasting = bool(row["kernel"])  # of a fixed size, whatever the length
    if lasting or row.get("length", "").isdecimal():
        return tuple(row.get(column, "") for column in (*STATE, *(() if lasting else ("length",))))
    return None


def read(path, criterion):
    """The rows of the criterion, each with its `bytes`; None where no row says them."""
    rows = style.read_capacities(path, COLUMNS, criterion)
    known = {}
    for row in style.read_csv(path, COLUMNS):
        if state_of(row):
            known[state_of(row)] = max(known.get(state_of(row), 0), row.number("state_floats"))
    for row in rows:
        floats = row.number("state_floats") or known.get(state_of(row), 0)
        row["bytes"] = BYTES * floats if floats else None
    if all(row["bytes"] is None for row in rows):
        raise InputError(f"{path}: no memory stores a pair by '{criterion}'")
    return rows


def exact_storage(rows):
    """Lines of [(bytes, heads × p)], but for those that others hold."""
    lines = defaultdict(set)
    for row in rows:
        if row["feature_dim"]:
            lines[row["name"]].add((row["bytes"], row.number("heads") * row.number("feature_dim")))
    return sorted({tuple(sorted(points)) for points in lines.values()
                   if not any(points < others for others in lines.values())})


def draw_mqar(rows):
    sequences.name_memories(rows, ["width"])
    shown = [row for row in rows if row["bytes"] is not None]
    looks = sequences.looks(shown)
    lines = defaultdict(list)
    for row in sorted(shown, key=lambda row: (row["bytes"], row.number("width"))):
        lines[row["name"]].append((row["bytes"], row))
    shifts = sequences.dodges({name: [x for x, _ in points] for name, points in lines.items()})
    figure, axes = plt.subplots(constrained_layout=True)
    low, high = (f(row["bytes"] for row in shown) for f in (min, max))
    ends = [low / 1.5, high * 1.5]
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    exact = exact_storage(shown)
    sequences.pairs_axis(axes, shown, [y for points in exact for _, y in points])
    signs = {}
    for points in exact:
        axes.plot(*zip(*points), **EXACT, **(BAR if len(points) == 1 else {}))
    for name in sequences.in_order(lines):
        signs |= sequences.draw_capacities(axes, lines[name], looks[name], shifts[name])
    style.logarithmic(axes.xaxis, *ends, most=7, text=style.in_bytes)
    axes.set_xlabel("state (4 bytes per float)")
    handles = [sequences.handle(name, looks[name]) for name in sequences.in_order(lines)] + [sequences.blank()]
    if exact:
        lines = any(len(points) > 1 for points in exact)  # others are bars
        handles.append(sequences.sign("p pairs: exact storage", **{**EXACT, **({"marker": ""} if lines else BAR)}))
    handles += sequences.in_sign_order(signs)
    lost = len(rows) - len(shown)
    if lost:
        handles.append(sequences.sign(f"not shown: {lost} that store{'s' * (lost == 1)} nothing", marker=""))
    sequences.legend_beside(figure, axes, handles)
    return figure


def figures(capacities, criterion=sequences.CRITERION):
    """Name → figure of a file of capacities."""
    rows = read(capacities, criterion)
    style.use()
    return {"mqar": draw_mqar(rows)}


def main():
    options = sequences.capacity_arguments(__doc__, "mqar")
    style.save_all(figures(options.capacities, options.criterion), options)


if __name__ == "__main__":
    style.run(main)
