#!/usr/bin/python3
"""Draws the overwriting experiment (keys written again, the last value counts) from the results of a sweep.

overwriting   final loss over S, a panel a kernel (and normalisation, where several rules ran with several): the mean over
              seeds, bars their minimum and maximum; bounds dashed; published losses as open markers
learning      evaluation loss over training steps, a row of panels an S; only with --curves

Nothing is measured or estimated here: loss and bound are columns of the CSV file (results/README.md), curves are what
`sweep --save-curves DIR` wrote. Where `evaluation` is published_2021 the loss is `last_loss`, else `final_loss`.

Examples:
  plots/overwriting.py results/run/overwrite.csv --out figures
  plots/overwriting.py results/run/overwrite.csv --curves results/run/curves --sizes 60,180 --out figures
"""

import argparse
import os
from collections import defaultdict

import style
from style import InputError, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, MultipleLocator

REQUIRED = ["S", "L", "replacement", "memory", "kernel", "rule", "normalization", "evaluation", "seed", "status",
            "final_loss", "last_loss", "bound"]
PUBLISHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "reference", "published_2021.csv")
# With which normalisations a rule's published losses are worth comparing.
PAIRED = {"sum": ("attention",), "delta": ("sum",), "fwm2021": ("none",)}
CEILING = 0.62  # a memory that answers nothing has loss 0.5
BOUND = {"linestyle": (0, (3.4, 2.2)), "linewidth": 0.9, "zorder": 3.5}
THEIRS = {"linestyle": "none", "markersize": 5.4, "markeredgewidth": 0.8, "markerfacecolor": "none", "zorder": 5}
BEYOND = {"linestyle": "none", "marker": "^", "markersize": 3.5, "markeredgewidth": 0, "clip_on": False}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="ROWS.csv",
                        help="results of sweeps with replacement = true; several are drawn together")
    parser.add_argument("--curves", metavar="DIR", help="what the sweep's --save-curves wrote; draws learning.png and .svg")
    parser.add_argument("--sizes", metavar="S,S", help="sizes of the learning curves (default: the largest)")
    style.output_arguments(parser, "overwriting")
    parser.add_argument("--published", default=PUBLISHED, metavar="FILE",
                        help="published losses, drawn as open markers (default: results/reference/published_2021.csv)")
    parser.add_argument("--no-published", action="store_true", help="draw no published losses")
    return parser.parse_args()


def read_points(files):
    """The points of the experiment that were trained, each with its loss (None if it diverged)."""
    points = []
    for row in style.read_csvs(files, REQUIRED):
        if row.status() == "skipped" or row["replacement"] != "true":
            continue
        row["name"] = row["kernel"] or row["memory"]
        row["size"] = row.number("S")
        published = row["evaluation"] == "published_2021"
        row["loss"] = row.number("last_loss" if published else "final_loss") if row["status"] == "ok" else None
        points.append(row)
    if not points:
        raise InputError(f"{', '.join(files)}: no trained point with replacement = true")
    return points


def published_losses(path):
    """(kernel, rule) → [(S, last_loss)] of the published experiment, setting 2."""
    losses = defaultdict(list)
    for row in style.read_csv(path, ["setting", "kernel", "rule", "S", "last_loss", "note"]):
        if row["setting"] == "2" and row["note"] != "diverged":
            losses[row["kernel"], row["rule"]].append((row.number("S"), row.number("last_loss")))
    return losses


def kernels_of(points):
    return style.ordered({row["name"] for row in points}, [*style.KNOWN])


def marker(normalization):
    return style.NORMALIZATION_MARKERS.get(normalization, "X")


def legend(figure, points, signs):
    """Rules by colour, normalisations by marker, and the signs in use, under the panels."""
    rules = style.ordered({row["rule"] for row in points if row["rule"]}, style.RULE_COLOURS)
    normalizations = style.ordered({row["normalization"] for row in points if row["normalization"]},
                                   style.NORMALIZATION_MARKERS)
    handles = [Line2D([], [], color=style.rule_colour(rule), linewidth=2, label=rule.replace("_", " ")) for rule in rules]
    if any(not row["rule"] for row in points):
        handles.append(Line2D([], [], color=style.GREY, linewidth=2, label="softmax"))
    handles += [Line2D([], [], color=style.GREY, linestyle="none", marker=marker(name), markersize=4,
                       label=f"normalisation {name}") for name in normalizations]
    known = {"bound": Line2D([], [], color=style.GREY, **BOUND),
             "published 2021": Line2D([], [], color=style.GREY, marker="o", **THEIRS),
             "beyond the axis or diverged": Line2D([], [], color=style.GREY, **BEYOND)}
    for sign, handle in known.items():
        handle.set_label(sign)
        if sign in signs:
            handles.append(handle)
    columns = 4 if max(len(handle.get_label()) for handle in handles) < 28 else 3
    line = 0.17  # inches
    below = line * -(-len(handles) // columns) + 0.1
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + below)
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))
    figure.legend(handles=handles, loc="lower center", ncol=columns, columnspacing=1.4, handlelength=2.2, borderaxespad=0)


def grid(down, across, height):
    """Panels as wide as a page, sharing their axes."""
    figure, axes = plt.subplots(down, across, sharex=True, sharey=True, squeeze=False, constrained_layout=True)
    figure.set_size_inches(style.PAGE, height * down)
    return figure, axes


def panels_of(points):
    """[(kernel, normalisation)]; normalisation None for all of them in one panel."""
    ways = defaultdict(set)
    for row in points:
        ways[row["name"], row["rule"]].add(row["normalization"])
    if len({rule for _, rule in ways}) <= 2 or max(len(names) for names in ways.values()) == 1:
        return [(kernel, None) for kernel in kernels_of(points)]
    normalizations = style.ordered({row["normalization"] for row in points}, style.NORMALIZATION_MARKERS)
    return [(kernel, normalization) for kernel in kernels_of(points) for normalization in normalizations]


def draw_losses(points, published):
    panels = panels_of(points)
    per_kernel = len(panels) // len(kernels_of(points))
    across = min(per_kernel, 4) if per_kernel > 1 else min(len(panels), 3)
    down = -(-len(panels) // across)
    figure, axes = grid(down, across, {1: 3.0, 2: 2.6, 3: 2.2, 4: 1.9}[across])
    signs = set()
    sizes = sorted({row["size"] for row in points})
    for cell, (kernel, only) in zip(axes.flat, panels):
        series, bounds = defaultdict(lambda: defaultdict(list)), defaultdict(dict)
        for row in points:
            if row["name"] == kernel and only in (None, row["normalization"]):
                series[row["rule"], row["normalization"]][row["size"]].append(row["loss"])
                bound = row.number("bound", empty_allowed=True)
                if bound is not None:
                    bounds[row["rule"]][row["size"]] = bound
        for (rule, normalization), values in sorted(series.items()):
            draw_one(cell, values, style.rule_colour(rule) if rule else style.GREY, marker(normalization), len(sizes), signs)
        drawn = defaultdict(list)  # rules with the same bound share a line
        for rule, values in sorted(bounds.items()):
            drawn[tuple(sorted(values.items()))].append(rule)
        for line, rules in drawn.items():
            if max(value for _, value in line) > 0:
                colour = style.rule_colour(rules[0]) if len(rules) == 1 and rules[0] else style.GREY
                cell.plot(*zip(*line), color=colour, marker="_" if len(line) == 1 else None, markersize=12, **BOUND)
                signs.add("bound")
        for rule in sorted({rule for rule, normalization in series if normalization in PAIRED.get(rule, ())}):
            theirs = [(S, loss) for S, loss in published.get((kernel, rule), [])
                      if sizes[0] <= S <= sizes[-1] and loss <= CEILING]
            if theirs:
                cell.plot(*zip(*theirs), color=style.rule_colour(rule), marker="o", clip_on=False, **THEIRS)
                signs.add("published 2021")
        cell.set_title(style.title(kernel) + (f", {only}" if only else ""), pad=9)
    for cell in axes.flat[len(panels):]:
        cell.set_visible(False)
    for i, cell in enumerate(axes.flat[:len(panels)]):
        if i + across >= len(panels):
            cell.tick_params(labelbottom=True)
            cell.set_xlabel("number of distinct keys S" if across < 4 else "distinct keys S")
    evaluations = {row["evaluation"] for row in points}
    for cell in axes[:, 0]:
        cell.set_ylabel("last loss, published evaluation" if evaluations == {"published_2021"} else "final loss")
    axes[0, 0].set_ylim(-0.012, CEILING)
    axes[0, 0].yaxis.set_major_locator(MultipleLocator(0.1))
    if len(sizes) > 1:
        axes[0, 0].set_xlim(0, sizes[-1] * 1.04)
        axes[0, 0].xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    else:
        axes[0, 0].set_xticks(sizes)
    legend(figure, points, signs)
    return figure


def draw_one(cell, values, colour, mark, count, signs):
    """Mean over seeds with their range; what lies beyond the axis, or diverged, is an arrow head on its edge."""
    at, middle, low, high = [], [], [], []
    for S, losses in sorted(values.items()):
        found = [loss for loss in losses if loss is not None]
        mean = sum(found) / len(found) if found else None
        if mean is None or mean > CEILING:
            cell.plot([S], [1.02], transform=cell.get_xaxis_transform(), color=colour, **BEYOND)
            signs.add("beyond the axis or diverged")
            continue
        at.append(S)
        middle.append(mean)
        low.append(mean - min(found))
        high.append(max(found) - mean)
    if at:
        cell.errorbar(at, middle, yerr=[low, high], color=colour, marker=mark, markersize=3.6, markeredgewidth=0.35,
                      markeredgecolor="white", linewidth=1.3 if count > 1 else 0, elinewidth=0.8, capsize=0)


def chosen_sizes(points, text):
    sizes = sorted({row["size"] for row in points})
    if text is None:
        return sizes[-1:]
    try:
        asked = [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--sizes '{text}': numbers with commas between are needed") from None
    for S in asked:
        if S not in sizes:
            raise InputError(f"--sizes: there is no S = {S:g}; known: {', '.join(f'{x:g}' for x in sizes)}")
    return asked


def draw_learning(points, directory, sizes):
    if not os.path.isdir(directory):
        raise InputError(f"{directory}: no such directory")
    curves = []
    for row in points:
        path = style.saved_of(row, directory, ".csv") if row["size"] in sizes else None
        if path:
            line = [(one.number("step"), one.number("loss")) for one in style.read_csv(path, ["step", "loss"])
                    if one["loss"] not in ("nan", "inf")]
            curves.append((row, line))
    if not curves:
        raise InputError(f"{directory}: no curve of a point of S = {', '.join(f'{S:g}' for S in sizes)}")
    shown = [row for row, _ in curves]
    kernels = kernels_of(shown)
    figure, axes = grid(len(sizes), len(kernels), 2.4)
    for row, line in curves:
        cell = axes[sizes.index(row["size"]), kernels.index(row["name"])]
        colour = style.rule_colour(row["rule"]) if row["rule"] else style.GREY
        cell.plot(*zip(*line), color=colour, linewidth=1.0, alpha=0.9, marker=marker(row["normalization"]), markersize=3,
                  markeredgewidth=0.3, markeredgecolor="white", markevery=(0.11, 0.23))
    for S, across in zip(sizes, axes):
        for kernel, cell in zip(kernels, across):
            cell.set_title(f"{style.title(kernel)}, S = {S:g}")
            cell.set_yscale("log")
        across[0].set_ylabel("evaluation loss")
    for cell in axes[-1]:
        cell.set_xlabel("training step")
    top = max(loss for _, line in curves for _, loss in line)
    low = min(loss for _, line in curves for _, loss in line if loss > 0)
    axes[0, 0].set_ylim(low / 1.5, min(max(1.0, 1.2 * top), 10))
    axes[0, 0].set_xlim(left=0)
    legend(figure, shown, set())
    return figure


def figures(files, published=PUBLISHED, curves=None, sizes=None):
    """Name → figure of results of sweeps; `published` is a file of losses to draw beside them, `curves` a directory of
    learning curves, of which those of the given sizes ("60,180") are drawn; each may be None."""
    points = read_points(files)
    losses = published_losses(published) if published else {}
    style.use()
    drawn = {"overwriting": draw_losses(points, losses)}
    if curves:
        drawn["learning"] = draw_learning(points, curves, chosen_sizes(points, sizes))
    return drawn


def main():
    options = arguments()
    published = None if options.no_published else options.published
    style.save_all(figures(options.files, published, options.curves, options.sizes), options)


if __name__ == "__main__":
    style.run(main)
