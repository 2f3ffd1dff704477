#!/usr/bin/python3
"""Draws how accuracy falls with the number of pairs that is tested, and what it costs in state, from a sweep whose points are
tested at several numbers of pairs.

slices   left, accuracy over the tested pairs, from NAME.slices.csv: a colour per memory, a line style and size of mark per
         width, mean over seeds. Right, accuracy averaged over the tested pairs (`accuracy` of NAME.csv) over bytes of
         state, 4 a float, with a line per memory over its widths; open and grey, published points, where `--tradeoff` has a
         file of them. Of several learning rates the one that is most accurate on average over seeds counts, as it does in
         the published points; one at which fewer seeds diverged comes first

Published bytes count three numbers of convolution per channel and layer for their own widths of keys and values, ours the last
taps − 1 tokens of what each layer's convolutions take.

Nothing is measured or estimated here: all numbers are columns of the files (results/README.md).

Example:
  plots/slices.py results/run/tradeoff.csv --tradeoff results/reference/zoology_tradeoff.csv --out figures
"""

import argparse
from collections import defaultdict

import sequences
import style
from style import InputError, PARAMETERS, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

POINT = sequences.MEMORY + ["width", "learning_rate", "seed"]
RESULTS = POINT + ["status", "accuracy", "state_floats"]
SLICES = POINT + ["tested_pairs", "accuracy"]
BYTES = 4  # of a float
ENDING = ".slices.csv"
WIDTH_STYLES = ["-", (0, (4, 1.2)), (0, (2, 1)), (0, (6, 1, 1, 1)), (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1))]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="NAME.csv", help="the sweep's results, or the NAME.slices.csv beside them")
    parser.add_argument("--tradeoff", metavar="FILE.csv", help="published accuracies over bytes of state (mixer, state_bytes, "
                                                               "accuracy)")
    style.output_arguments(parser, "slices")
    return parser.parse_args()


def point_of(row):
    return tuple(row.get(column, "") for column in PARAMETERS)


def read(path):
    """Trained points with their slices, each a row with `width`, `bytes` and `slices` (tested pairs → accuracy); of those that
    differ in the learning rate, the most accurate."""
    name = path.removesuffix(ENDING) if path.endswith(ENDING) else path.removesuffix(".csv")
    slices = defaultdict(dict)
    for row in style.read_rows(name + ENDING, SLICES):
        slices[point_of(row)][row.number("tested_pairs")] = row.number("accuracy")
    rows = []
    for row in style.read_rows(name + ".csv", RESULTS):
        if row.status() == "ok" and point_of(row) in slices:
            row["slices"], row["bytes"] = slices[point_of(row)], BYTES * row.number("state_floats")
            row["right"] = row.number("accuracy")
            rows.append(row)
    if not rows:
        raise InputError(f"{name}.csv: no trained point of {name}{ENDING}")
    return sequences.at_best_rate(rows)


def read_tradeoff(path):
    """Mixer → [(bytes, accuracy)]."""
    points = defaultdict(list)
    for row in style.read_rows(path, ["mixer", "state_bytes", "accuracy"]):
        points[row["mixer"]].append((row.number("state_bytes"), row.number("accuracy")))
    return points


def groups_of(rows):
    """(name, width) → rows of its seeds, in the order of names and widths."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["name"], row.number("width")].append(row)
    order = sequences.in_order({name for name, _ in groups})
    return dict(sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1])))


def width_looks(groups):
    widths = sorted({width for _, width in groups})
    sizes = [3 + 2.4 * i / max(len(widths) - 1, 1) for i in range(len(widths))]
    return {width: {"linestyle": WIDTH_STYLES[(len(widths) - 1 - i) % len(WIDTH_STYLES)], "markersize": size}
            for i, (width, size) in enumerate(zip(widths, sizes))}


def draw_pairs(axes, groups, looks, widths):
    tested = set()
    for (name, width), rows in groups.items():
        pairs = sorted({pairs for row in rows for pairs in row["slices"]})
        values = [sequences.mean([row["slices"][n] for row in rows if n in row["slices"]]) for n in pairs]
        look = looks[name]
        axes.plot(pairs, values, color=look.colour, marker=look.marker, linewidth=1.0, markeredgewidth=0.35,
                  markeredgecolor="white", clip_on=False, zorder=3, **widths[width])
        tested.update(pairs)
    axes.set_xscale("log")
    axes.set_xlim(min(tested) / 1.15, max(tested) * 1.15)
    ticks = sorted(tested)
    axes.xaxis.set_major_locator(FixedLocator(ticks if len(ticks) <= 8 else ticks[::-(-len(ticks) // 8)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda pairs, _: f"{pairs:g}"))
    axes.set_xlabel("tested pairs")
    axes.set_ylabel("accuracy")


def draw_bytes(axes, groups, looks, widths, published):
    """Returns the handles of the published."""
    lines, theirs = defaultdict(list), sequences.published_looks(published)
    for (name, width), rows in groups.items():
        point = (sequences.mean([row["bytes"] for row in rows]), sequences.mean([row["right"] for row in rows]))
        lines[name].append(point)
        axes.plot([point[0]], [point[1]], color=looks[name].colour, marker=looks[name].marker, linestyle="none",
                  markersize=widths[width]["markersize"], markeredgewidth=0.35, markeredgecolor="white", clip_on=False, zorder=4)
    for name, points in lines.items():
        axes.plot(*zip(*points), color=looks[name].tint, linewidth=looks[name].width, zorder=3)
    for mixer, look in theirs.items():
        axes.plot(*zip(*published[mixer]), **look)
    every = [x for points in (*lines.values(), *published.values()) for x, _ in points]
    ends = [min(every) / 1.4, max(every) * 1.4]
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    style.logarithmic(axes.xaxis, *ends, most=5, text=style.in_bytes)
    axes.set_xlabel("state (4 bytes per float)")
    axes.set_ylabel("accuracy over all tested pairs")
    return [Line2D([], [], **look) for look in theirs.values()]


def draw_slices(rows, published):
    sequences.name_memories(rows, ["width", "learning_rate"])
    looks, groups = sequences.looks(rows), groups_of(rows)
    widths = width_looks(groups)
    figure, (left, right) = plt.subplots(1, 2, constrained_layout=True)
    draw_pairs(left, groups, looks, widths)
    theirs = draw_bytes(right, groups, looks, widths, published)
    for axes in (left, right):
        axes.set_ylim(-0.02, 1.02)
    ours = [sequences.handle(name, looks[name]) for name in sequences.in_order(looks)]
    ours += [Line2D([], [], color=style.GREY, linewidth=1.0, marker="o", markeredgewidth=0, label=f"width {width:g}", **look)
             for width, look in widths.items()]
    sequences.below_panels(figure, [ours, theirs])
    return figure


def figures(file, tradeoff=None):
    """Name → figure of a sweep's results with slices beside them, and of published points if there is a file of them."""
    rows = read(file)
    published = read_tradeoff(tradeoff) if tradeoff else {}
    style.use()
    return {"slices": draw_slices(rows, published)}


def main():
    options = arguments()
    style.save_all(figures(options.file, options.tradeoff), options)


if __name__ == "__main__":
    style.run(main)
