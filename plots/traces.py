#!/usr/bin/python3
"""Draws traces: what each write does to a fast weight memory, over the number of writes.

traces     contrast (distance of the value written from what its key retrieves right after), what a write writes and
           removes, the total weight of an answer, and the accumulator; closed forms dashed, where there is one
precision  what single precision, or the shorter format of the trace, loses of accumulator, state and answer

Nothing is measured or estimated here: all are columns of the CSV files (results/README.md).

Examples:
  plots/traces.py results/traces/rewritten_*.csv --out figures
  plots/traces.py attention.csv sum.csv l2.csv --out figures
"""

import argparse
import math
import os

import style
from style import plt
from matplotlib.lines import Line2D

ROUNDINGS = [("rounding_accumulator", "accumulator z"), ("rounding_state", "state W"), ("rounding_answer", "answer y")]
REQUIRED = ["source", "keys", "kernel", "rule", "normalization", "precision", "t", "contrast", "written", "removed", "mass",
            "accumulator_norm", "expected_written", "expected_mass", "expected_contrast",
            *(column for column, _ in ROUNDINGS)]
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C7A00", "#707070"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="TRACE.csv",
                        help="traces, of which a file may hold several, one after another; one colour each")
    style.output_arguments(parser, "traces", "precision")
    return parser.parse_args()


# What can tell two traces apart, and how it is said in the legend.
TELLING = [("source", "{} keys"), ("keys", "{} keys"), ("kernel", "{}"), ("rule", "{}"), ("normalization", "{}"),
           ("precision", "{}"), ("values", "{} values"), ("key_dim", "d = {}"), ("seed", "seed {}")]


def labels(traces):
    """What tells each trace from the others: columns that differ, the mean of β where that differs."""
    names = []
    for rows in traces:
        words = []
        for column, form in TELLING:
            if len({other[0].get(column, "") for other in traces}) > 1:
                value = rows[0].get(column, "")
                words.append(form.format(style.title(value) if column == "kernel" else value).replace("_", " "))
        betas = {spread(other) for other in traces} - {""}
        if len(betas) > 1 and spread(rows):
            words.append(f"β = {spread(rows)}")
        names.append(", ".join(words) or f"{rows[0]['rule']}, {rows[0]['normalization']}")
    return names


def split(rows):
    """The traces of a file: writes are numbered anew in each."""
    traces, last = [], math.inf
    for row in rows:
        t = row.number("t")
        if t <= last:
            traces.append([])
        traces[-1].append(row)
        last = t
    return traces


def spread(rows):
    """β as the trace used it: one number, or from … to; nothing if the rule has none."""
    betas = [row.number("beta") for row in rows if row.get("beta", "")]
    if not betas:
        return ""
    low, high = f"{min(betas):.3g}", f"{max(betas):.3g}"
    return low if low == high else f"{low} … {high}"


def line(rows, column, positive=True):
    """[(t, value)] of the cells that aren't empty; on a logarithmic axis those above 0."""
    points = [(row.number("t"), row.number(column, empty_allowed=True)) for row in rows]
    return [(t, value) for t, value in points if value is not None and (value > 0 or not positive)]


def draw(axes, rows, column, positive=True, **look):
    points = line(rows, column, positive)
    if points:
        axes.plot(*zip(*points), **look)
    return bool(points)


def pages(traces, names, down, across, extra):
    """Panels over t with a legend of the traces, and of the extra signs, below."""
    figure, axes = plt.subplots(down, across, squeeze=False, sharex=True, constrained_layout=True)
    handles = [Line2D([], [], color=COLOURS[i % len(COLOURS)], linewidth=1.8, label=name) for i, name in enumerate(names)]
    handles += extra
    columns = 2 if max(len(handle.get_label()) for handle in handles) > 24 else 4
    below = 0.17 * -(-len(handles) // columns) + 0.1
    height = 2.3 * down
    figure.set_size_inches(style.PAGE, height + below)
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))
    figure.legend(handles=handles, loc="lower center", ncol=columns, borderaxespad=0, handlelength=2.6)
    last = max(row.number("t") for rows in traces for row in rows)
    for cell in axes.flat:
        if last > 1:
            cell.set_xscale("log")
            cell.set_xlim(1, last * 1.1)
    for cell in axes[-1]:
        cell.set_xlabel("write t")
    return figure, axes


def draw_traces(traces, names):
    extra = [Line2D([], [], color="#444444", linewidth=1.0, linestyle=":", label="removed by a write")]
    if any(row["expected_mass"] for rows in traces for row in rows):
        extra.append(Line2D([], [], **style.EXACT, label="closed form"))
    figure, axes = pages(traces, names, 2, 2, extra)
    contrast, share, mass, accumulator = axes.flat
    for i, rows in enumerate(traces):
        look = {"color": COLOURS[i % len(COLOURS)], "linewidth": 1.3}
        if len(rows) == 1:
            look["marker"] = "o"
        draw(contrast, rows, "contrast", positive=False, **look)
        draw(share, rows, "written", **look)
        draw(share, rows, "removed", **{**look, "linestyle": ":", "linewidth": 1.0})
        draw(mass, rows, "mass", positive=False, **look)
        draw(accumulator, rows, "accumulator_norm", **look)
    for rows in traces:
        draw(contrast, rows, "expected_contrast", positive=False, **style.EXACT)
        draw(share, rows, "expected_written", **style.EXACT)
        draw(mass, rows, "expected_mass", positive=False, **style.EXACT)
    for cell in (share, accumulator):
        cell.set_yscale("log")
    low, high = contrast.get_ylim()
    contrast.set_ylim(-0.04, min(max(high, 1.05), 3))  # not logarithmic: an exact memory has contrast 0
    contrast.set_ylabel("contrast ‖v − y‖")
    share.set_ylabel("written (line), removed")
    mass.set_ylabel("total weight of the answer")
    low, high = mass.get_ylim()
    mass.set_ylim(max(min(low, 0), -2), min(max(high, 1.05), 3))
    accumulator.set_ylabel("accumulator ‖z‖")
    return figure


def draw_precision(traces, names):
    figure, axes = pages(traces, names, 1, 3, [])
    for cell, (column, words) in zip(axes.flat, ROUNDINGS):
        for i, rows in enumerate(traces):
            draw(cell, rows, column, color=COLOURS[i % len(COLOURS)], linewidth=1.3, marker="o" if len(rows) == 1 else None)
        cell.set_yscale("log")
        cell.set_title(words)
    limits = [cell.get_ylim() for cell in axes.flat]
    for cell in axes.flat:
        cell.set_ylim(max(min(low for low, _ in limits), 1e-9), max(high for _, high in limits))
    formats = {rows[0]["precision"].replace("double", "float") for rows in traces}  # a double one has float beside it
    axes[0, 0].set_ylabel("relative error" + (f" of {formats.pop()}" if len(formats) == 1 else ""))
    return figure


def figures(files):
    """Name → figure of the traces of all files."""
    found = [(rows, path) for path in files for rows in split(style.read_rows(path, REQUIRED))]
    traces = [rows for rows, _ in found]
    names = labels(traces)
    if len(set(names)) < len(names):  # only their files tell them apart
        names = [f"{name} ({os.path.splitext(os.path.basename(path))[0]})" for name, (_, path) in zip(names, found)]
    style.use()
    return {"traces": draw_traces(traces, names), "precision": draw_precision(traces, names)}


def main():
    options = arguments()
    style.save_all(figures(options.files), options)


if __name__ == "__main__":
    style.run(main)
