#!/usr/bin/python3
"""Draws what update rules and normalisations do, from the results of a sweep over both.

rules       heat map of the mean final loss over seeds, rule × normalisation, a panel a kernel and S; what has no meaning
            together is hatched, what was not run is blank
age         final loss by the age of the write asked for, newest quarter of the sequence to oldest, a line a rule
overwrites  final loss by how often the key had been overwritten; in both, losses far above 1 lie beyond the axis

Nothing is measured or estimated here: all losses are columns of the CSV file (results/README.md).

Examples:
  plots/rules.py results/run/rules.csv --out figures
  plots/rules.py results/run/rules.csv --size 60 --out figures
"""

import argparse
from collections import defaultdict

import style
from style import InputError, plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

AGES = [f"loss_age_{i}" for i in (1, 2, 3, 4)]
OVERWRITES = [f"loss_overwrites_{i}" for i in (0, 1, 2, 3)]
REQUIRED = ["S", "memory", "kernel", "rule", "normalization", "seed", "status", "final_loss", *AGES, *OVERWRITES]
WORST = 0.5  # the loss of a memory that answers nothing; the colour scale ends there


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="ROWS.csv",
                        help="results of sweeps over rules and normalisations; several are drawn together")
    parser.add_argument("--size", metavar="S", type=float, help="size that age and overwrites show (default: the largest)")
    style.output_arguments(parser, "rules", "age", "overwrites")
    return parser.parse_args()


def read_points(files):
    points = []
    for row in style.read_csvs(files, REQUIRED):
        status = row.status()
        if row["rule"]:
            row["size"] = row.number("S")
            row["loss"] = row.number("final_loss") if status == "ok" else None
            points.append(row)
    if not any(row["status"] == "ok" for row in points):
        raise InputError(f"{', '.join(files)}: no trained point of a memory with a rule")
    return points


def mean(values):
    return sum(values) / len(values)


def axes_of(points):
    return (style.ordered({row["rule"] for row in points}, style.RULE_COLOURS),
            style.ordered({row["normalization"] for row in points}, style.NORMALIZATION_MARKERS),
            style.ordered({row["kernel"] for row in points}, style.KNOWN),
            sorted({row["size"] for row in points}))


def draw_heat(points):
    rules, normalizations, kernels, sizes = axes_of(points)
    cells = defaultdict(list)
    for row in points:
        cells[row["kernel"], row["size"], row["rule"], row["normalization"]].append(row)
    figure, panels = plt.subplots(len(sizes), len(kernels), squeeze=False, sharex=True, sharey=True,
                                  constrained_layout=True)
    below = 0.25
    height = 0.3 + len(sizes) * (0.3 + 0.2 * len(rules)) + below
    figure.set_size_inches(style.PAGE, height)
    figure.get_layout_engine().set(rect=(0, below / height, 1, 1 - below / height))
    colours = plt.get_cmap("cividis_r")
    shown = set()
    for S, across in zip(sizes, panels):
        for kernel, axes in zip(kernels, across):
            for y, rule in enumerate(rules):
                for x, normalization in enumerate(normalizations):
                    shown.add(draw_cell(axes, x, y, cells[kernel, S, rule, normalization], colours))
            axes.set_xlim(-0.5, len(normalizations) - 0.5)
            axes.set_ylim(len(rules) - 0.5, -0.5)
            axes.set_title(f"{style.title(kernel)}, S = {S:g}")
            axes.set_xticks(range(len(normalizations)), [name.replace("_", " ") for name in normalizations],
                            rotation=0 if len(normalizations) < 5 else 25, ha="center" if len(normalizations) < 5 else "right")
            axes.set_yticks(range(len(rules)), [name.replace("_", " ") for name in rules])
            axes.tick_params(length=0)
            for side in axes.spines.values():
                side.set_visible(False)
    bar = figure.colorbar(ScalarMappable(Normalize(0, WORST), colours), ax=list(panels.flat), shrink=0.9,
                          aspect=30, extend="max", label="mean final loss")
    bar.outline.set_visible(False)
    if "skipped" in shown:
        figure.legend(handles=[Patch(facecolor="#DDDDDD", edgecolor="#999999", hatch="////", linewidth=0,
                                     label="no meaning together")], loc="lower center", borderaxespad=0.2)
    return figure


def draw_cell(axes, x, y, rows, colours):
    """One combination; returns what it is."""
    if not rows:
        return "not run"
    if all(row["status"] == "skipped" for row in rows):
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor="#DDDDDD", edgecolor="#999999", hatch="////", linewidth=0))
        return "skipped"
    losses = [row["loss"] for row in rows if row["loss"] is not None]
    if not losses:
        axes.text(x, y, "diverged", ha="center", va="center", fontsize=6)
        return "diverged"
    value = mean(losses)
    colour = colours(min(value / WORST, 1.0))
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.6))
    light = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] > 0.5
    text = f"{value:.3f}" if value < 10 else f"{value:.0f}" if value < 1e4 else f"{value:.0e}".replace("e+0", "e")
    if len(losses) < len(rows):  # a mean of those that came through
        text += f"\n({len(losses)} of {len(rows)})"
    axes.text(x, y, text, ha="center", va="center", fontsize=6.5 if len(losses) == len(rows) else 5.5,
              color="black" if light else "white")
    return "ok"


def draw_parts(points, columns, labels, xlabel, size):
    """A line a rule through four parts of its loss; a panel a kernel and normalisation."""
    points = [row for row in points if row["status"] == "ok" and row["size"] == size]
    rules, normalizations, kernels, _ = axes_of(points)
    figure, panels = plt.subplots(len(kernels), len(normalizations), squeeze=False, sharex=True, sharey=True,
                                  constrained_layout=True)
    below = 0.17 * -(-len(rules) // 4) + 0.1
    height = 0.3 + 1.75 * len(kernels)
    figure.set_size_inches(style.PAGE, height + below)
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))
    # Each line is thinner than those below it, so that equal ones are all seen.
    strokes = {rule: {"color": style.rule_colour(rule), "marker": "o", "markersize": 5 - 3 * place, "linewidth": 2.8 - 2 * place}
               for rule, place in zip(rules, (i / max(1, len(rules) - 1) for i in range(len(rules))))}
    highest = 0.0
    for kernel, across in zip(kernels, panels):
        for normalization, axes in zip(normalizations, across):
            for rule in rules:
                same = [row for row in points
                        if (row["kernel"], row["rule"], row["normalization"]) == (kernel, rule, normalization)]
                line = []
                for x, column in enumerate(columns):
                    values = [row.number(column, empty_allowed=True) for row in same]
                    values = [value for value in values if value is not None]
                    if values:
                        line.append((x, mean(values)))
                if line:
                    highest = max(highest, *(value for _, value in line))
                    axes.plot(*zip(*line), **strokes[rule])
            axes.set_title(f"{style.title(kernel)}, {normalization}")
            axes.set_xticks(range(len(columns)), labels)
    for axes in panels[:, 0]:
        axes.set_ylabel("final loss")
    for axes in panels[-1]:
        axes.set_xlabel(xlabel)
    panels[0, 0].set_ylim(-0.01, min(1.05 * max(highest, 0.1), 1.05))
    figure.legend(handles=[Line2D([], [], label=rule.replace("_", " "), **strokes[rule]) for rule in rules],
                  loc="lower center", ncol=4, borderaxespad=0, title=None)
    return figure


def figures(files, size=None, names=("rules", "age", "overwrites")):
    """Name → figure of results of sweeps, those of these names; age and overwrites are of that S, or of the largest."""
    points = read_points(files)
    trained = sorted({row["size"] for row in points if row["status"] == "ok"})
    size = trained[-1] if size is None else size
    if size not in trained:
        raise InputError(f"--size: there is no trained S = {size:g}; known: {', '.join(f'{x:g}' for x in trained)}")
    style.use()
    at = f"S = {size:g}"
    known = {
        "rules": lambda: draw_heat(points),
        "age": lambda: draw_parts(points, AGES, ["new", "2nd", "3rd", "old"], f"quarter written, {at}", size),
        "overwrites": lambda: draw_parts(points, OVERWRITES, ["0", "1", "2", "3+"], f"overwritten, {at}", size),
    }
    return {name: known[name]() for name in names}


def main():
    options = arguments()
    style.save_all(figures(options.files, options.size), options)


if __name__ == "__main__":
    style.run(main)
