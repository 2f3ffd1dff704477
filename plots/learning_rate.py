#!/usr/bin/python3
"""Draws how accuracy depends on the learning rate, from the results of a sweep over it.

learning_rate   accuracy over the rate, a panel per width, number of pairs and length that has three rates; a line per memory
                is the mean over seeds, a dot each of them; memories stand side by side at a rate; × above the axis where a seed diverged

Nothing is measured or estimated here: all numbers are columns of the files (results/README.md).

Example:
  plots/learning_rate.py results/run/rates.csv --out figures
"""

import argparse
from collections import defaultdict

import sequences
import style
from style import InputError, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

PANEL = ["width", "pairs", "length"]
COLUMNS = sequences.MEMORY + PANEL + ["learning_rate", "seed", "status", "accuracy"]
LEAST_RATES = 3
SEED = {"linestyle": "none", "marker": "o", "markersize": 2.2, "markeredgewidth": 0}
DIVERGED = {"linestyle": "none", "marker": "x", "markersize": 3.5, "markeredgewidth": 1.1}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="RESULTS.csv", help="results of sweeps; several are drawn together")
    style.output_arguments(parser, "learning_rate")
    return parser.parse_args()


def panel_key(text):
    return (0, float(text), "") if text.isdecimal() else (1, 0, text)


def read_panels(files):
    """(width, pairs, length) → rows, where there are enough rates."""
    panels = defaultdict(list)
    for row in style.read_csvs(files, COLUMNS):
        if row.status() != "skipped":
            row["rate"] = row.number("learning_rate")
            row["right"] = row.number("accuracy") if row["status"] == "ok" else None
            panels[tuple(row[column] for column in PANEL)].append(row)
    chosen = {way: rows for way, rows in panels.items() if len({row["rate"] for row in rows}) >= LEAST_RATES}
    if not chosen:
        raise InputError(f"{', '.join(files)}: no {', '.join(PANEL)} with {LEAST_RATES} learning rates")
    return dict(sorted(chosen.items(), key=lambda item: [panel_key(text) for text in item[0]]))


def draw_panel(axes, rows, looks):
    """Returns what else than lines is shown."""
    signs, lost = set(), 0
    names = sequences.in_order({row["name"] for row in rows})
    shifts = sequences.dodges({name: {row["rate"] for row in rows if row["name"] == name} for name in names})
    for name in names:
        rates, diverged = defaultdict(list), set()
        for row in rows:
            if row["name"] == name and row["right"] is not None:
                rates[row["rate"]].append(row["right"])
            elif row["name"] == name:
                diverged.add(row["rate"])
        at, look, aside = sorted(rates), looks[name], sequences.aside(axes, shifts[name])
        means = [sequences.mean(rates[rate]) for rate in at]
        if any(len(rates[rate]) > 1 for rate in at):
            axes.plot([rate for rate in at for _ in rates[rate]], [right for rate in at for right in sorted(rates[rate])],
                      color=look.colour, zorder=4, clip_on=False, transform=aside, **SEED)
            signs.add("seeds")
        axes.plot(at, means, color=look.tint, linewidth=look.width, zorder=2, transform=aside)
        axes.plot(at, means, color=look.colour, marker=look.marker, markersize=4.4, markeredgewidth=0.35,
                  markeredgecolor="white", linestyle="none", zorder=3, clip_on=False, transform=aside)
        if diverged:
            above = (blended_transform_factory(axes.transData, axes.transAxes)
                     + ScaledTranslation(0, (4 + 5 * lost) / 72, axes.figure.dpi_scale_trans))
            axes.plot(sorted(diverged), [1] * len(diverged), transform=above, clip_on=False, color=look.colour, **DIVERGED)
            lost += 1
            signs.add("diverged")
    return signs, lost


def draw_learning_rate(panels):
    rows = [row for some in panels.values() for row in some]
    sequences.name_memories(rows, [*PANEL, "learning_rate"])
    looks = sequences.looks(rows)
    rates = sorted({row["rate"] for row in rows})
    across = 2 if len(panels) in (2, 4) else min(len(panels), 3)
    figure, grid = plt.subplots(-(-len(panels) // across), across, sharex=True, sharey=True, squeeze=False,
                                constrained_layout=True)
    cells, signs, most = list(grid.flat), set(), 0
    for axes, some in zip(cells, panels.values()):
        shown, lost = draw_panel(axes, some, looks)
        signs |= shown
        most = max(most, lost)
    ticks = rates[::-(-len(rates) // {1: 8, 2: 5, 3: 4}[across])]
    for axes, (width, pairs, length) in zip(cells, panels):
        axes.set_title(f"width {width}, {pairs} pairs" + f", length {length}" * bool(length), pad=4 + 5 * most)
        axes.set_xscale("log")
        axes.set_xlim(rates[0] / 1.4, rates[-1] * 1.4)
        axes.set_ylim(-0.02, 1.02)
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.tick_params(labelbottom=True)
    for axes in cells[len(panels):]:
        axes.set_visible(False)
    for axes in cells[max(len(panels) - across, 0):len(panels)]:
        axes.set_xlabel("learning rate")
    for axes in grid[:, 0]:
        axes.set_ylabel("accuracy")
    handles = [sequences.handle(name, looks[name]) for name in sequences.in_order(looks)]
    if "seeds" in signs:
        handles.append(Line2D([], [], color=style.GREY, label="a seed", **SEED))
    if "diverged" in signs:
        handles.append(Line2D([], [], color=style.GREY, label="diverged", **DIVERGED))
    if len(panels) == 1:
        sequences.legend_beside(figure, cells[0], handles)
    else:
        sequences.legend_below(figure, handles, (2.4 if across == 2 else 2.1) * len(grid))
    return figure


def figures(files):
    """Name → figure of results of sweeps."""
    panels = read_panels(files)
    style.use()
    return {"learning_rate": draw_learning_rate(panels)}


def main():
    options = arguments()
    style.save_all(figures(options.files), options)


if __name__ == "__main__":
    style.run(main)
