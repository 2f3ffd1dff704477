#!/usr/bin/python3
"""Draws language models with different memories, from the results of a sweep of task `text`.

language   bits per byte of the test split, a row per memory, the best first: a mark per seed and a bar at their mean; × at the
           edge where a seed diverged. A panel per corpus, tokens and batch
learning   bits per byte of the validation split over training steps, the same panels, a line per memory and seed; only with
           --curves

Nothing is measured or estimated here: bits per byte are columns of the file (results/README.md); of a curve, which has losses of
a token in nats, they are those of its best loss, in proportion.

Examples:
  plots/language.py results/run/language.csv --out figures
  plots/language.py results/run/language.csv --curves results/run/curves --out figures
"""

import argparse
import os
from collections import defaultdict

import sequences
import style
from style import InputError, plt
from matplotlib.ticker import MaxNLocator

PANEL = ["corpus", "tokens", "batch"]
COLUMNS = sequences.MEMORY + PANEL + ["normalization", "seed", "status", "best_loss", "validation_bits_per_byte",
                                      "test_bits_per_byte"]
MEAN = {"linestyle": "none", "marker": "|", "markersize": 11, "markeredgewidth": 1.2, "zorder": 2}
DIVERGED = {"linestyle": "none", "marker": "x", "markersize": 4, "markeredgewidth": 1.1, "clip_on": False}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="RESULTS.csv", help="results of sweeps; several are drawn together")
    parser.add_argument("--curves", metavar="DIR", help="what the sweep's --save-curves wrote; draws learning.png and .svg")
    style.output_arguments(parser, "language")
    return parser.parse_args()


def read_panels(files):
    """(corpus, tokens, batch) → rows, each with its bits (None if it diverged) and its name."""
    panels = defaultdict(list)
    for row in style.read_csvs(files, COLUMNS):
        if row.status() == "skipped":
            continue
        row["bits"] = row.number("test_bits_per_byte") if row["status"] == "ok" else None
        panels[tuple(row[column] for column in PANEL)].append(row)
    if not panels:
        raise InputError(f"{', '.join(files)}: no trained point of task text")
    sequences.name_memories([row for rows in panels.values() for row in rows], PANEL)
    for rows in panels.values():
        rows.sort(key=lambda row: (row["name"], row.number("seed")))
    return dict(sorted(panels.items(), key=lambda item: (*item[0][:2], float(item[0][2]))))


def title(panel):
    corpus, tokens, batch = panel
    kind, _, number = tokens.partition(":")
    return f"{os.path.basename(corpus)}, {number + ' ' if number else ''}{kind}, batch {batch}"


def best_first(rows):
    """Names by the mean of their seeds; those without one are last."""
    bits = defaultdict(list)
    for row in rows:
        bits[row["name"]] += [row["bits"]] if row["bits"] is not None else []
    names = {row["name"] for row in rows}
    return sorted(names, key=lambda name: (not bits[name], sequences.mean(bits[name]) if bits[name] else 0, name)), bits


def draw_panel(axes, rows, looks):
    names, bits = best_first(rows)
    diverged = {row["name"] for row in rows if row["bits"] is None}
    for y, name in enumerate(names):
        look = looks[name]
        if bits[name]:
            axes.plot(bits[name], [y] * len(bits[name]), color=look.colour, marker=look.marker, markersize=4.4, linestyle="none",
                      markeredgewidth=0.35, markeredgecolor="white", zorder=3)
            axes.plot([sequences.mean(bits[name])], [y], color=look.tint, **MEAN)
        if name in diverged:
            axes.plot([1], [y], transform=axes.get_yaxis_transform(), color=look.colour, **DIVERGED)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", linewidth=0.4, color="#E0E0E0")
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("bits per byte of the test split")


def draw_language(panels):
    heights = [0.19 * len({row["name"] for row in rows}) + 0.75 for rows in panels.values()]
    figure, all_axes = plt.subplots(len(panels), 1, squeeze=False, constrained_layout=True,
                                    gridspec_kw={"height_ratios": heights})
    figure.set_size_inches(style.PAGE, sum(heights))
    looks = sequences.looks([row for rows in panels.values() for row in rows])
    for axes, (panel, rows) in zip(all_axes.flat, panels.items()):
        draw_panel(axes, rows, looks)
        axes.set_title(title(panel))
    return figure


def curve_of(row, directory):
    """[(step, bits per byte)] of the validation split; None if nothing was saved of it."""
    path = style.saved_of(row, directory, ".csv")
    if not path or row["bits"] is None:
        return None
    unit = row.number("validation_bits_per_byte") / row.number("best_loss")
    return [(one.number("step"), one.number("loss") * unit) for one in style.read_csv(path, ["step", "loss"])]


def draw_learning(panels, directory):
    if not os.path.isdir(directory):
        raise InputError(f"{directory}: no such directory")
    curves = {panel: [(row, curve) for row in rows if (curve := curve_of(row, directory))] for panel, rows in panels.items()}
    curves = {panel: some for panel, some in curves.items() if some}
    if not curves:
        raise InputError(f"{directory}: no curve of a point of these results")
    across = min(2, len(curves))
    down = -(-len(curves) // across)
    figure, all_axes = plt.subplots(down, across, squeeze=False, constrained_layout=True)
    looks = sequences.looks([row for some in curves.values() for row, _ in some])
    for axes, (panel, some) in zip(all_axes.flat, curves.items()):
        for row, curve in some:
            look = looks[row["name"]]
            axes.plot(*zip(*curve), color=look.colour, linewidth=0.9, marker=look.marker, markersize=3, markeredgewidth=0.3,
                      markeredgecolor="white", markevery=(0.15, 0.3))
        # What a model learns in its first steps, of how often bytes are, would be most of the axis.
        last = [curve[-1][1] for _, curve in some]
        axes.set_ylim(min(last) - 0.05, max(last) + 4 * (max(last) - min(last)) + 0.3)
        axes.set_xlim(left=0)
        axes.set_title(title(panel))
        axes.set_xlabel("training step")
    for axes in all_axes.flat[len(curves):]:
        axes.set_visible(False)
    for axes in all_axes[:, 0]:
        axes.set_ylabel("bits per byte of the validation split")
    names = sequences.in_order({row["name"] for some in curves.values() for row, _ in some})
    sequences.legend_below(figure, [sequences.handle(name, looks[name]) for name in names], 2.8 * down)
    return figure


def figures(files, curves=None):
    """Name → figure of files of results, and of the directory of their curves."""
    panels = read_panels(files)
    style.use()
    drawn = {"language": draw_language(panels)}
    if curves:
        drawn["learning"] = draw_learning(panels, curves)
    return drawn


def main():
    options = arguments()
    style.save_all(figures(options.files, options.curves), options)


if __name__ == "__main__":
    style.run(main)
