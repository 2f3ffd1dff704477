#!/usr/bin/python3
"""Holds the steps that our models of MQAR take to an accuracy of 0.99 against those of an independent trainer.

mqar_reference   our steps over theirs, with a band of a factor of two; open where one didn't get there, at the steps that it
                 took. Those at one place stand side by side
reference.csv    the reference's rows that have a counterpart of ours, with our steps, accuracy and number of seeds, and our
                 steps over theirs

A counterpart has the same memory, normalisation, width, key_dim, length, pairs and learning rate, and the target 0.99. Of
several seeds the median counts, a seed that didn't get there as infinitely many steps; a step count of which is empty.

Nothing is measured here: all else are columns of the two files (results/README.md, results/reference/README.md).

Example:
  plots/mqar_reference.py results/run/mqar_reference.csv --out figures
"""

import argparse
import csv
import io
import math
import os
import sys
from collections import defaultdict
from statistics import median

import sequences
import style
from style import InputError, PARAMETERS, plt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

MATCH = ["kernel", "memory", "rule", "normalization", "width", "key_dim", "length", "pairs", "learning_rate"]
THEIRS = MATCH + ["steps_to_0.99", "best_accuracy", "steps"]
OURS = MATCH + ["seed", "status", "steps", "steps_to_target", "accuracy", "target_accuracy"]
ADDED = ["our_steps_to_0.99", "our_accuracy", "our_seeds", "ratio"]
REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "reference", "mqar_two_layers.csv")
SETTING = ["width", "length", "pairs"]
MARKERS = ["o", "^", "s", "D", "v", "P", "X", "*"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="RESULTS.csv", help="results of a sweep")
    parser.add_argument("--reference", default=REFERENCE, metavar="FILE",
                        help="default: results/reference/mqar_two_layers.csv")
    style.output_arguments(parser, "mqar_reference")
    return parser.parse_args()


def read_ours(path):
    """What is matched → rows, one a seed."""
    ours = defaultdict(dict)
    for row in style.read_csv(path, OURS):
        if row.status() == "skipped" or row.number("target_accuracy") != 0.99:
            continue
        seeds = ours[tuple(row[column] for column in MATCH)]
        other = next(iter(seeds.values()), row)
        differing = [column for column in PARAMETERS if column != "seed" and row.get(column) != other.get(column)]
        if differing or row["seed"] in seeds:
            what = f"{differing[0]} {row[differing[0]]}" if differing else f"seed {row['seed']} again"
            raise InputError(f"{row.place}: {what}: another counterpart of the same reference as {other.place}")
        seeds[row["seed"]] = row
    return {key: list(seeds.values()) for key, seeds in ours.items()}


def middle(values):
    """None if there is none, or if it isn't finite."""
    value = median(values) if values else math.inf
    return value if math.isfinite(value) else None


def compare(theirs, ours):
    """The reference's rows with what is ADDED, and `our_steps` that were taken; and how many have no counterpart."""
    compared = []
    for row in theirs:
        own = ours.get(tuple(row[column] for column in MATCH))
        if not own:
            continue
        reached = row.number("steps_to_0.99", empty_allowed=True)
        steps = [one.number("steps_to_target", empty_allowed=True) for one in own]
        to_target = middle([math.inf if value is None else value for value in steps])
        accuracy = middle([one.number("accuracy") for one in own if one["status"] == "ok"])
        setting = tuple(row.number(column) for column in SETTING)
        compared.append({**row, "setting": setting, "ran": row.number("steps"), "reached": reached,
                         "our_steps": median([one.number("steps") for one in own]),
                         "our_steps_to_0.99": to_target, "our_accuracy": accuracy, "our_seeds": len(own),
                         "ratio": to_target / reached if to_target and reached else None})
    return compared, len(theirs) - len(compared)


def text(value):
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) and value != int(value) else f"{value:.0f}"


def write_table(compared, directory):
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(THEIRS + ADDED)
    for row in compared:
        writer.writerow([row[column] for column in THEIRS] + [text(row[column]) for column in ADDED])
    path = os.path.join(directory, "reference.csv")
    try:
        os.makedirs(directory, exist_ok=True)
        style.write_file(path, content.getvalue().encode())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    print(path)


def draw_reference(compared):
    sequences.name_memories(compared, [*SETTING, "learning_rate"])
    looks = sequences.looks(compared)
    settings = sorted({row["setting"] for row in compared})
    figure, axes = plt.subplots(constrained_layout=True)
    places = defaultdict(list)
    for row in compared:
        x = row["ran"] if row["reached"] is None else row["reached"]
        y = row["our_steps"] if row["our_steps_to_0.99"] is None else row["our_steps_to_0.99"]
        places[x, y].append(row)
    lowest, highest = (f(value for place in places for value in place) for f in (min, max))
    ends = [lowest / 1.6, highest * 1.6]
    axes.fill_between(ends, [x / 2 for x in ends], [x * 2 for x in ends], color="#DDDDDD", linewidth=0, zorder=0)
    axes.plot(ends, ends, **{**style.EXACT, "zorder": 1})
    missed = False
    for (x, y), rows in places.items():
        rows.sort(key=lambda row: (row["name"], float(row["learning_rate"])))
        for i, row in enumerate(rows):
            hollow = row["reached"] is None or row["our_steps_to_0.99"] is None
            missed |= hollow
            colour = looks[row["name"]].colour
            axes.plot([x], [y], color=colour, marker=MARKERS[settings.index(row["setting"]) % len(MARKERS)], markersize=4.6,
                      markeredgewidth=0.9 if hollow else 0.35, markeredgecolor=colour if hollow else "white",
                      markerfacecolor="white" if hollow else colour, linestyle="none", zorder=3,
                      transform=sequences.aside(axes, 5 * (i - (len(rows) - 1) / 2)))
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        steps = [value * 10**power for power in range(7) for value in (1, 2, 5)]
        axis.set_major_locator(FixedLocator([value for value in steps if ends[0] <= value <= ends[1]]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_aspect("equal")
    axes.set_xlabel("their training steps to accuracy 0.99")
    axes.set_ylabel("our training steps to accuracy 0.99")
    handles = [Line2D([], [], color=looks[name].colour, linewidth=3, label=name) for name in sequences.in_order(looks)]
    handles.append(sequences.blank())
    handles += [sequences.sign(f"width {width:g}, length {length:g}, {pairs:g} pairs", marker=marker, markersize=4.5)
                for (width, length, pairs), marker in zip(settings, MARKERS * len(settings))]
    handles += [sequences.blank(), Line2D([], [], label="equal", **style.EXACT),
                Patch(facecolor="#DDDDDD", linewidth=0, label="within a factor of two")]
    if missed:
        handles.append(sequences.sign("not reached in so many", marker="o", markersize=4.5, markerfacecolor="white"))
    sequences.legend_beside(figure, axes, handles, least=4.0)
    return figure


def read(results, reference):
    """compare() of two files."""
    compared, missing = compare(style.read_rows(reference, THEIRS), read_ours(results))
    if not compared:
        raise InputError(f"{results}: no counterpart of a row of {reference}")
    return compared, missing


def draw_all(compared):
    style.use()
    return {"mqar_reference": draw_reference(compared)}


def figures(results, reference=REFERENCE):
    """Name → figure of a sweep's results held against the reference's."""
    return draw_all(read(results, reference)[0])


def main():
    options = arguments()
    compared, missing = read(options.results, options.reference)
    drawn = draw_all(compared)
    write_table(compared, options.out)
    style.save_all(drawn, options)
    if missing:
        print(f"{os.path.basename(sys.argv[0])}: {missing} of {missing + len(compared)} rows of the reference have no "
              "counterpart and are left out", file=sys.stderr)


if __name__ == "__main__":
    style.run(main)
