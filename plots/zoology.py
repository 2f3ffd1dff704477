#!/usr/bin/python3
"""Draws accuracy of multi-query associative recall over the width beside the points of figure 2 of Zoology (arXiv 2312.04927).

zoology   a panel per length and number of pairs that both have; in colour our memories, mean over seeds with a bar from the
          least to the most accurate; open and grey, published points, of one seed and read off to 0.02. On both sides the most
          accurate of several learning rates counts; of ours on average over seeds, those before others at which a seed
          diverged

Models differ beyond what mixes tokens, and so does training: theirs is for longer, on a fixed set of sequences.

Nothing is measured or estimated here: all numbers are columns of the files (results/README.md, results/reference/README.md).

Example:
  plots/zoology.py results/run/zoology.csv --out figures
"""

import argparse
import os
from collections import defaultdict

import sequences
import style
from style import InputError, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

PANEL = ["length", "pairs"]
OURS = sequences.MEMORY + PANEL + ["width", "learning_rate", "seed", "status", "accuracy"]
THEIRS = ["mixer", *PANEL, "width", "accuracy"]
REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "reference", "zoology_figure2.csv")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="RESULTS.csv", help="results of a sweep")
    parser.add_argument("--reference", default=REFERENCE, metavar="FILE",
                        help="default: results/reference/zoology_figure2.csv")
    style.output_arguments(parser, "zoology")
    return parser.parse_args()


def by_panel(rows):
    panels = defaultdict(list)
    for row in rows:
        panels[tuple(row.number(column) for column in PANEL)].append(row)
    return panels


def read(results, reference):
    """(length, pairs) → trained rows of ours at their best rate, each with `right`, and published rows."""
    ours = [row for row in style.read_rows(results, OURS) if row.status() == "ok"]
    for row in ours:
        row["right"] = row.number("accuracy")
    ours, theirs = by_panel(sequences.at_best_rate(ours)), by_panel(style.read_rows(reference, THEIRS))
    panels = {key: (ours[key], theirs[key]) for key in sorted(ours.keys() & theirs.keys())}
    if not panels:
        raise InputError(f"{results}: no trained point with a length and pairs of {reference}")
    return panels


def draw_panel(axes, ours, theirs, looks, published, shifts):
    points = defaultdict(lambda: defaultdict(list))
    for row in ours:
        points[row["name"]][row.number("width")].append(row["right"])
    for mixer in sorted({row["mixer"] for row in theirs}):
        line = sorted((row.number("width"), row.number("accuracy")) for row in theirs if row["mixer"] == mixer)
        axes.plot(*zip(*line), **{**published[mixer], "linestyle": "-", "linewidth": 0.4})
    for name in sequences.in_order(points):
        look, at = looks[name], sequences.aside(axes, shifts[name])
        widths = sorted(points[name])
        for width in widths:
            axes.vlines(width, min(points[name][width]), max(points[name][width]), color=look.colour, linewidth=1.1,
                        transform=at, zorder=3)
        axes.plot(widths, [sequences.mean(points[name][width]) for width in widths], color=look.colour, marker=look.marker,
                  markersize=4.6, markeredgewidth=0.35, markeredgecolor="white", linewidth=look.width, transform=at,
                  clip_on=False, zorder=4)


def draw_zoology(panels):
    ours = [row for rows, _ in panels.values() for row in rows]
    sequences.name_memories(ours, ["width", "learning_rate", *PANEL])
    looks = sequences.looks(ours)
    published = sequences.published_looks({row["mixer"] for _, rows in panels.values() for row in rows})
    widths = sorted({row.number("width") for rows in panels.values() for part in rows for row in part})
    shifts = sequences.dodges({name: widths for name in looks})
    figure, grid = plt.subplots(1, len(panels), sharey=True, squeeze=False, constrained_layout=True)
    for axes, ((length, pairs), rows) in zip(grid[0], panels.items()):
        axes.set_xscale("log")
        axes.set_xlim(widths[0] / 1.6, widths[-1] * 1.6)
        axes.set_ylim(-0.02, 1.02)
        draw_panel(axes, *rows, looks, published, shifts)
        axes.xaxis.set_major_locator(FixedLocator(widths))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda width, _: f"{width:g}"))
        axes.set_title(f"length {length:g}, {pairs:g} pairs")
        axes.set_xlabel("width")
    grid[0, 0].set_ylabel("accuracy")
    sequences.below_panels(figure, [[sequences.handle(name, looks[name]) for name in sequences.in_order(looks)],
                                    [Line2D([], [], **look) for look in published.values()]])
    return figure


def figures(results, reference=REFERENCE):
    """Name → figure of a sweep's results beside published points."""
    panels = read(results, reference)
    style.use()
    return {"zoology": draw_zoology(panels)}


def main():
    options = arguments()
    style.save_all(figures(options.results, options.reference), options)


if __name__ == "__main__":
    style.run(main)
