#!/usr/bin/python3
"""Draws capacities of sequence models over the vocabulary, from what `capacity` made of a sweep over it.

vocabulary   capacity in pairs over different keys (stacked_mqar) or tokens, a panel per width and a line per memory, with
             intervals and marks as mqar.py has them. A memory whose keys must be near orthogonal falls with the vocabulary
             where that is far above its features; one that tells any keys apart stays level. Dotted, where keys and values are
             frozen random vectors: what the sum rule holds of them without training, in closed form (random_keys)

Nothing is measured or estimated here: all numbers are columns of the file.

Example:
  plots/vocabulary.py results/run/vocabulary.capacity.csv --out figures
"""

from collections import defaultdict

import sequences
import style
from style import plt
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

COLUMNS = sequences.CAPACITY + ["task", "vocabulary"]
RANDOM = {"linestyle": (0, (1, 1.6)), "linewidth": 1.1, "color": style.GREY, "zorder": 1}


def random_keys(rows):
    """Lines of [(vocabulary, pairs)], one per key_dim."""
    lines = defaultdict(set)
    for row in rows:
        if row.get("random_keys"):
            lines[row["key_dim"]].add((row.number("vocabulary"), row.number("random_keys")))
    return [sorted(points) for points in lines.values()]


def draw_vocabulary(rows):
    sequences.name_memories(rows, ["width", "vocabulary"])
    looks = sequences.looks(rows)
    names = sequences.in_order({row["name"] for row in rows})
    widths = sorted({row.number("width") for row in rows})
    vocabularies = sorted({row.number("vocabulary") for row in rows})
    shifts = sequences.dodges({name: vocabularies for name in names})
    across = min(len(widths), 3)
    figure, grid = plt.subplots(-(-len(widths) // across), across, sharex=True, sharey=True, squeeze=False,
                                constrained_layout=True)
    ends = [vocabularies[0] / 1.8, vocabularies[-1] * 1.8]  # room for those that stand aside
    signs = {}
    for axes, width in zip(grid.flat, widths):
        own = [row for row in rows if row.number("width") == width]
        axes.set_xscale("log")
        axes.set_xlim(*ends)
        sequences.pairs_axis(axes, rows, [pairs for line in random_keys(rows) for _, pairs in line])
        for line in random_keys(own):
            axes.plot(*zip(*line), **RANDOM)
        for name in names:
            points = sorted(((row.number("vocabulary"), row) for row in own if row["name"] == name),
                            key=lambda point: point[0])
            if points:
                signs |= sequences.draw_capacities(axes, points, looks[name], shifts[name])
        axes.xaxis.set_major_locator(FixedLocator(vocabularies[::-(-len(vocabularies) // (10 if across == 1 else 5))]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:.0f}"))
        axes.set_title(f"width {width:g}")
        axes.tick_params(labelbottom=True)
    for axes in grid.flat[len(widths):]:
        axes.set_visible(False)
    for axes in list(grid.flat)[max(len(widths) - across, 0):len(widths)]:
        axes.set_xlabel("vocabulary (keys)" if {row["task"] for row in rows} == {"stacked_mqar"} else "vocabulary (tokens)")
    for axes in grid[:, 1:].flat:
        axes.set_ylabel("")
    handles = [sequences.handle(name, looks[name]) for name in names]
    if random_keys(rows):
        handles.append(sequences.sign("sum rule, untrained", **RANDOM))
    if across == 1:
        sequences.legend_beside(figure, grid[0, 0], handles + [sequences.blank(), *sequences.in_sign_order(signs)])
    else:
        sequences.legend_below(figure, handles + sequences.in_sign_order(signs), 2.4 * len(grid))
    return figure


def figures(capacities, criterion=sequences.CRITERION):
    """Name → figure of a file of capacities."""
    rows = style.read_capacities(capacities, COLUMNS, criterion)
    style.use()
    return {"vocabulary": draw_vocabulary(rows)}


def main():
    options = sequences.capacity_arguments(__doc__, "vocabulary")
    style.save_all(figures(options.capacities, options.criterion), options)


if __name__ == "__main__":
    style.run(main)
