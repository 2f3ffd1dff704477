#!/usr/bin/python3
"""Draws what update rules can follow, from the results of a sweep over groups.

state_tracking   a panel per group: accuracy along words longer than those that were trained, a dot per seed, by rule and the largest β
                 that it may learn; dotted, chance; × at 0 for a seed that diverged

Nothing is measured or estimated here: all numbers are columns of the files (results/README.md).

Example:
  plots/state_tracking.py results/run/state_tracking.csv --out figures
"""

import argparse
import textwrap

import sequences
import style
from style import InputError, plt

COLUMNS = sequences.MEMORY + ["group", "largest_beta", "test_length", "seed", "status", "accuracy"]
ELEMENTS = {"parity": 2, "s3": 6, "a5": 60, "s5": 120}
TITLES = {"parity": "parity", "s3": "$S_3$", "a5": "$A_5$", "s5": "$S_5$"}
APART = 0.11  # between dots of seeds, of the distance between rules


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="RESULTS.csv", help="results of sweeps; several are drawn together")
    style.output_arguments(parser, "state_tracking")
    return parser.parse_args()


def elements(group):
    """Of which chance is one in so many."""
    name, _, n = group.partition(":")
    return ELEMENTS[name] if name in ELEMENTS else int(n)


def read_rows(files):
    rows = []
    for row in style.read_csvs(files, COLUMNS):
        if row.status() == "skipped":
            continue
        try:
            row["chance"] = 1 / elements(row["group"])
        except (KeyError, ValueError):
            raise InputError(f"{row.place}: group is '{row['group']}'; known: {', '.join(ELEMENTS)}, mod:n") from None
        row["right"] = row.number("accuracy") if row["status"] == "ok" else None
        rows.append(row)
    if not rows:
        raise InputError(f"{', '.join(files)}: no point was run")
    one_kernel = len({row["kernel"] for row in rows}) == 1
    for row in rows:
        base = style.title(row["rule"]) if one_kernel and row["rule"] else sequences.base_title(sequences.base_of(row))
        row["name"] = "\n".join(textwrap.wrap(base.replace(", ", "\n"), 10)) + (f"\nβ ≤ {row['largest_beta']}" if row["largest_beta"] else "")
    return sorted(rows, key=lambda row: (sequences.base_of(row), row["largest_beta"], row["name"], int(row["seed"]), row["group"]))


def draw_panel(axes, group, rows):
    names = list(dict.fromkeys(row["name"] for row in rows))
    seeds = sorted({int(row["seed"]) for row in rows})
    for i, name in enumerate(names):
        for row in rows:
            if row["name"] != name:
                continue
            at = i + APART * (seeds.index(int(row["seed"])) - (len(seeds) - 1) / 2)
            if row["right"] is None:
                axes.plot(at, 0, "x", color=style.GREY, markersize=4, clip_on=False)
            else:
                axes.plot(at, row["right"], "o", color="#0072B2", markersize=4.2, markeredgewidth=0.35, markeredgecolor="white",
                          clip_on=False)
    axes.axhline(rows[0]["chance"], color=style.GREY, linestyle=":", linewidth=1)
    axes.text(len(names) - 0.45, rows[0]["chance"] + 0.015, "chance", color=style.GREY, ha="right", fontsize="small")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    lengths = sorted({int(row["test_length"]) for row in rows})
    axes.set_title(f"{TITLES.get(group, group)}, along words of {' and '.join(map(str, lengths))}")


def draw_state_tracking(rows):
    groups = sorted({row["group"] for row in rows}, key=elements)
    figure, grid = plt.subplots(1, len(groups), sharey=True, squeeze=False, constrained_layout=True)
    for axes, group in zip(grid.flat, groups):
        draw_panel(axes, group, [row for row in rows if row["group"] == group])
    grid[0, 0].set_ylabel("accuracy")
    grid[0, 0].set_ylim(-0.02, 1.02)
    figure.set_size_inches(style.PAGE, 2.6)
    return figure


def figures(files):
    """Name → figure of results of sweeps."""
    rows = read_rows(files)
    style.use()
    return {"state_tracking": draw_state_tracking(rows)}


def main():
    options = arguments()
    style.save_all(figures(options.files), options)


if __name__ == "__main__":
    style.run(main)
