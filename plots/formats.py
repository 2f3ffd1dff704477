#!/usr/bin/python3
"""Draws traces of one memory kept in several formats of numbers: what stands still, and what that does to the answers.

formats   accumulator, state and loss over the number of writes; a column per memory, a colour per format. Dotted: 2^s
          writes, s the bits of a format's significand, after which a sum of ones stands still

Nothing is measured or estimated here: all are columns of the CSV files (results/README.md).

Example:
  plots/formats.py results/traces/formats_*.csv --out figures
"""

import argparse

import style
from style import InputError, plt
from matplotlib.lines import Line2D

PANELS = [("accumulator_norm", "accumulator ‖z‖"), ("state_norm", "state ‖W‖"), ("loss", "loss")]
MEMORY = ["source", "keys", "kernel", "rule", "normalization", "values", "key_dim", "seed"]
REQUIRED = MEMORY + ["precision", "t"] + [column for column, _ in PANELS]
LEAST = {"loss": 1e-3}  # of the largest, where a panel ends: the loss of a first write is rounding
BITS = {"bfloat16": 8, "float16": 11, "float": 24}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="TRACE.csv", help="traces; those of one memory share a column")
    style.output_arguments(parser, "formats")
    return parser.parse_args()


def read_memories(paths):
    """Memory, as its columns say → precision → rows; in the order of the files."""
    memories = {}
    for path in paths:
        rows = style.read_rows(path, REQUIRED)
        formats = memories.setdefault(tuple(rows[0][column] for column in MEMORY), {})
        precision = rows[0]["precision"]
        if precision in formats:
            raise InputError(f"{path}: a second trace of this memory in {precision}")
        formats[precision] = rows
    return memories


def titles(memories):
    """Keys, rule and normalisation, and what else tells memories apart."""
    names = []
    for memory in memories:
        row = dict(zip(MEMORY, memory))
        words = [f"{row['keys']} key" + "s" * (row["keys"] != "1"), f"{row['rule']} rule", row["normalization"]]
        for column in ("kernel", "values", "key_dim", "source", "seed"):
            alike = [other for other in memories if other[1] == memory[1] and other[3:5] == memory[3:5]]
            if len({other[MEMORY.index(column)] for other in alike}) > 1:
                words.append(f"{column.replace('_', ' ')} {row[column]}")
        names.append(", ".join(words))
    return names


def look(precision):
    return style.EXACT if precision == "double" else {"color": style.precision_colour(precision), "linewidth": 1.4}


def draw_formats(memories):
    known = list(style.PRECISION_COLOURS)
    precisions = style.ordered({name for formats in memories.values() for name in formats}, known)
    across = len(memories)
    figure, axes = plt.subplots(len(PANELS), across, squeeze=False, sharex="col", sharey="row", constrained_layout=True)
    for column, (formats, name) in enumerate(zip(memories.values(), titles(memories))):
        last = max(row.number("t") for rows in formats.values() for row in rows)
        for cell, (quantity, words) in zip(axes[:, column], PANELS):
            for precision in precisions:
                rows = formats.get(precision, [])
                points = [(row.number("t"), row.number(quantity, empty_allowed=True)) for row in rows]
                points = [(t, value) for t, value in points if value is not None and value > 0]
                if points:
                    cell.plot(*zip(*points), marker="o" if len(points) == 1 else None, **look(precision))
                if points and 2 ** BITS.get(precision, 99) <= last:
                    cell.axvline(2 ** BITS[precision], color=style.precision_colour(precision), linestyle=":",
                                 linewidth=0.8)
            if not cell.lines:
                cell.text(0.5, 0.5, "none", transform=cell.transAxes, ha="center", color=style.GREY)
            cell.set_xscale("log")
            cell.set_yscale("log")
            cell.set_xlim(1, max(last, 2) * 1.1)
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("write t")
    for cell, (quantity, words) in zip(axes[:, 0], PANELS):
        cell.set_ylabel(words)
        low, high = cell.get_ylim()
        cell.set_ylim(max(low, high * LEAST.get(quantity, 0)), high)
    figure.align_ylabels(axes[:, 0])
    handles = [Line2D([], [], label=name, **look(name)) for name in precisions]
    handles.append(Line2D([], [], color=style.GREY, linestyle=":", linewidth=0.8, label="2^bits writes"))
    height, below = 1.6 * len(PANELS), 0.27
    figure.set_size_inches(style.PAGE, height + below)
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))
    figure.legend(handles=handles, loc="lower center", ncol=len(handles), borderaxespad=0, handlelength=2.6)
    return figure


def figures(files):
    """Name → figure of traces of memories in several precisions."""
    memories = read_memories(files)
    style.use()
    return {"formats": draw_formats(memories)}


def main():
    options = arguments()
    style.save_all(figures(options.files), options)


if __name__ == "__main__":
    style.run(main)
