#!/usr/bin/python3
"""Draws how much of a story a memory keeps, from a sweep of question_answering and what `capacity` made of it.

question_answering   a row per kind of stories, a line per memory. Left, capacity in entities over bytes of state, 4 a float, with
                     intervals and marks as mqar.py has them. Middle, accuracy of points that were trained at so many
                     entities, mean over seeds; grey, what needs no memory: dashed, the last place that a statement named;
                     dotted, the most frequent answer. Right, accuracy by the quarter of its story that lies between a question
                     and its last fact, at the most entities that every memory of that row was trained at

Nothing is measured or estimated here: all numbers are columns of the files (results/README.md).

Example:
  plots/question_answering.py results/run/question_answering.capacity.csv results/run/question_answering.csv --out figures
"""

import argparse
from collections import defaultdict

import mqar
import sequences
import style
from style import InputError, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

CRITERION = "accuracy >= 0.95"
ALONG = ["width", "kinds", "entities"]
DISTANCES = [f"accuracy_distance_{i}" for i in range(1, 5)]
BASELINES = {
    "baseline_recent": {"linestyle": (0, (4, 2)), "linewidth": 1.0, "color": "#888888", "zorder": 1, "label": "most recent place"},
    "baseline_majority": {"linestyle": (0, (1, 1.6)), "linewidth": 1.0, "color": "#888888", "zorder": 1,
                          "label": "most frequent answer"},
}
RESULTS = sequences.MEMORY + [*ALONG, "learning_rate", "seed", "status", "accuracy", *DISTANCES, *BASELINES]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capacities", metavar="CAPACITY.csv", help="what `capacity` wrote")
    parser.add_argument("results", metavar="RESULTS.csv", help="the sweep's results")
    parser.add_argument("--criterion", default=CRITERION, help="default: %(default)s")
    style.output_arguments(parser, "question_answering")
    return parser.parse_args()


def read_capacities(path, criterion):
    style.read_capacities(path, [*mqar.COLUMNS, "kinds"], criterion)
    return mqar.read(path, criterion)


def read_results(path):
    """Trained points, of several learning rates those of the most accurate."""
    rows = [row for row in style.read_rows(path, RESULTS) if row.status() == "ok"]
    if not rows:
        raise InputError(f"{path}: no trained point")
    for row in rows:
        row["right"] = row.number("accuracy")
    return sequences.at_best_rate(rows)


def means(rows, column):
    """Entities → the mean of a column over rows of that size, ascending."""
    values = defaultdict(list)
    for row in rows:
        value = row.number(column, True)
        if value is not None:
            values[row.number("entities")].append(value)
    return {size: sequences.mean(some) for size, some in sorted(values.items())}


def by_name(rows):
    names = defaultdict(list)
    for row in rows:
        names[row["name"]].append(row)
    return {name: names[name] for name in sequences.in_order(names)}


def common_size(memories):
    """The most entities that every memory was trained at; None where there is none."""
    sizes = [{row.number("entities") for row in rows} for rows in memories.values()]
    return max(set.intersection(*sizes), default=None)


def marks(look):
    return {"color": look.colour, "marker": look.marker, "markersize": 4.2, "linewidth": 1.0, "markeredgewidth": 0.35,
            "markeredgecolor": "white", "clip_on": False, "zorder": 3}


def draw_capacity(axes, rows, looks):
    """Returns the signs used; memories that store nothing and have no size are not shown."""
    shown = [row for row in rows if row["bytes"] is not None]
    signs, memories = {}, by_name(shown)
    axes.set_xscale("log")
    if shown:
        ends = [min(row["bytes"] for row in shown) / 1.5, max(row["bytes"] for row in shown) * 1.5]
        axes.set_xlim(*ends)
        sequences.pairs_axis(axes, shown)
        shifts = sequences.dodges({name: [row["bytes"] for row in some] for name, some in memories.items()})
        for name, some in memories.items():
            points = sorted(((row["bytes"], row) for row in some), key=lambda point: point[0])
            signs |= sequences.draw_capacities(axes, points, looks[name], shifts[name])
        style.logarithmic(axes.xaxis, *ends, most=4, text=style.in_bytes)
    axes.set_ylabel("capacity (entities)")
    axes.set_xlabel("state (4 bytes per float)")
    return signs


def draw_entities(axes, memories, looks):
    for name, rows in memories.items():
        points = means(rows, "accuracy")
        axes.plot(list(points), list(points.values()), **marks(looks[name]))
    every = [row for rows in memories.values() for row in rows]
    for column, look in BASELINES.items():
        points = means(every, column)
        axes.plot(list(points), list(points.values()), **look)
    sizes = sorted({row.number("entities") for row in every})
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.15, sizes[-1] * 1.15)
    style.logarithmic(axes.xaxis, sizes[0] / 1.15, sizes[-1] * 1.15, most=6)
    axes.set_xlabel("entities")
    axes.set_ylabel("accuracy")


def draw_distances(axes, memories, looks, size):
    for name, rows in memories.items():
        own = [row for row in rows if row.number("entities") == size]
        points = [(i, means(own, column).get(size)) for i, column in enumerate(DISTANCES, 1)]
        points = [(i, value) for i, value in points if value is not None]
        if points:
            axes.plot(*zip(*points), **marks(looks[name]))
    axes.set_xlim(0.8, 4.2)
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 3, 4]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda quarter, _: "≤ " + ("¼", "½", "¾", "1")[int(quarter) - 1]))
    axes.set_xlabel("distance to the fact / story")
    axes.set_title(f"{size:g} entities")


def draw_question_answering(capacities, results):
    sequences.name_memories([*capacities, *results], ALONG)
    looks = sequences.looks([*capacities, *results])
    kinds = sorted({row["kinds"] for row in results}, key=[row["kinds"] for row in results].index)
    figure, grid = plt.subplots(len(kinds), 3, squeeze=False, constrained_layout=True)
    signs = {}
    for (left, middle, right), kind in zip(grid, kinds):
        memories = by_name([row for row in results if row["kinds"] == kind])
        signs |= draw_capacity(left, [row for row in capacities if row["kinds"] == kind], looks)
        left.set_title(kind.replace("_", " "), loc="left", fontweight="bold")
        draw_entities(middle, memories, looks)
        size = common_size(memories)
        if size is None:
            right.set_visible(False)
        else:
            draw_distances(right, memories, looks, size)
        for axes in (middle, right):
            axes.set_ylim(-0.02, 1.02)
    handles = [sequences.handle(name, looks[name]) for name in sequences.in_order(looks)]
    handles += [Line2D([], [], **look) for look in BASELINES.values()] + sequences.in_sign_order(signs)
    if "censored" in signs:
        signs["censored"].set_label("beyond the entities tried")
    sequences.legend_below(figure, handles, 2.1 * len(kinds))
    return figure


def figures(capacities, results, criterion=CRITERION):
    """Name → figure of a file of capacities and the results that they are of."""
    capacities, results = read_capacities(capacities, criterion), read_results(results)
    style.use()
    return {"question_answering": draw_question_answering(capacities, results)}


def main():
    options = arguments()
    style.save_all(figures(options.capacities, options.results, options.criterion), options)


if __name__ == "__main__":
    style.run(main)
