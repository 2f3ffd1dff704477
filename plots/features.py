#!/usr/bin/python3
"""Draws the feature of ELU+1 in formats of few bits, from the table of `features`.

features   left, the feature over x, computed as elu(x) + 1 and as exp(x); where a line falls through the axis it is 0.
           Right, the relative error of both; 1 where nothing is left

Nothing is computed here: all numbers are columns of the file (results/README.md).

Example:
  plots/features.py results/traces/features.csv --out figures
"""

import argparse

import style
from style import plt
from matplotlib.lines import Line2D

WAYS = [("elu_plus_one", "-", 1.4, "elu(x) + 1, rounded twice"),
        ("exponential", (0, (1, 1)), 1.4, "exp(x), rounded once")]
REQUIRED = ["precision", "x", "exact"] + [prefix + way for way, *_ in WAYS for prefix in ("", "error_")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FEATURES.csv", help="what `features --out` wrote")
    style.output_arguments(parser, "features")
    return parser.parse_args()


def draw_features(rows):
    """Feature and relative error over x; a colour per format, a line style per way of computing it."""
    precisions = style.ordered({row["precision"] for row in rows}, style.PRECISION_COLOURS)
    figure, (feature, error) = plt.subplots(1, 2, sharex=True, constrained_layout=True)
    lowest = min(row.number("exact") for row in rows) / 3
    for precision in precisions:
        own = sorted((row for row in rows if row["precision"] == precision), key=lambda row: row.number("x"))
        x = [row.number("x") for row in own]
        for way, line, width, _ in WAYS:
            look = {"color": style.precision_colour(precision), "linestyle": line, "linewidth": width,
                    "zorder": 2 if line == "-" else 3}  # dots show on a line that they share
            feature.plot(x, [max(row.number(way), lowest / 100) for row in own], **look)  # a zero is far below the axis
            lost = [(row.number("x"), row.number("error_" + way)) for row in own]
            lost = [(at, value) for at, value in lost if value > 0]
            if lost:
                error.plot(*zip(*lost), **look)
    own = [row for row in rows if row["precision"] == precisions[0]]
    feature.plot(*zip(*sorted((row.number("x"), row.number("exact")) for row in own)), **style.EXACT)
    for cell in (feature, error):
        cell.set_yscale("log")
        cell.set_xlabel("x")
        cell.set_xlim(min(row.number("x") for row in rows), max(row.number("x") for row in rows))
    feature.set_ylim(bottom=lowest)
    feature.set_ylabel("feature φ(x)")
    error.set_ylim(1e-9, 3)
    error.set_ylabel("relative error")
    formats = [Line2D([], [], color=style.precision_colour(name), linewidth=1.8, label=name) for name in precisions]
    ways = [Line2D([], [], color=style.GREY, linestyle=line, linewidth=width, label=label)
            for _, line, width, label in WAYS] + [Line2D([], [], **style.EXACT, label="exact")]
    below = 0.44
    figure.set_size_inches(style.PAGE, 2.5 + below)
    figure.get_layout_engine().set(rect=(0, below / (2.5 + below), 1, 2.5 / (2.5 + below)))
    for handles, height in ((formats, 0.24), (ways, 0.04)):
        figure.add_artist(figure.legend(handles=handles, loc="lower center", ncol=len(handles), borderaxespad=0,
                                        handlelength=2.6, bbox_to_anchor=(0.5, height / (2.5 + below))))
    return figure


def figures(file):
    """Name → figure of what `features` wrote."""
    rows = style.read_rows(file, REQUIRED)
    style.use()
    return {"features": draw_features(rows)}


def main():
    options = arguments()
    style.save_all(figures(options.file), options)


if __name__ == "__main__":
    style.run(main)
