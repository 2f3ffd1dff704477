#!/usr/bin/python3
"""Draws capacities over the projection dimension, from a results file and the capacities that `capacity` made of it.

projection   capacity over p, with its 95 % interval: from the lower end of the capacity to the upper end of the size that
             failed, by Student's t over seeds; with an arrow where it is open above, because a seed never failed; ringed
             where seeds are bimodal, and no interval of a few is right. Dashed: capacity = p, the rank bound
ratio        final loss by its rank bound over S/p, one point a trained model past capacity
bits         stored bits a float of state, over the floats of state

Nothing is measured or estimated here: all numbers are columns of the two files; ratio shows quotients of columns.
"""

import argparse
from collections import defaultdict

import style
from style import InputError, Look, plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

MODEL = ["memory", "kernel", "key_dim", "feature_dim", "redraw", "scale", "rule", "normalization"]
CAPACITY = MODEL + ["criterion", "capacity", "capacity_low", "capacity_high", "censored", "state_floats",
                    "bits_per_float"]
RESULTS = MODEL + ["S", "status", "final_loss", "bound"]
CRITERION = "final_loss <= 0.001"

# Random features by how they are drawn, since that and not m decides what they hold.
RANDOM = {
    ("fixed", "d^-1/4"): ("fixed, scaled", Look("#E69F00", "P", "-", 2.0)),
    ("fixed", "none"): ("fixed", Look("#D55E00", "X", "-", 2.0)),
    ("every_step", "d^-1/4"): ("redrawn, scaled", Look("#A6761D", "p", "-", 2.0)),
    ("every_step", "none"): ("redrawn", Look("#6B2400", "*", "-", 2.0)),
}
MARKERS = {"8": "o", "16": "^", "32": "s", "64": "D"}
OTHER_MARKERS = ["v", "P", "X", "<", ">", "p", "h"]
FLOOR = 0.7  # where a capacity of 0 stands on a logarithmic axis


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="example: projection.py projection.capacity.csv projection.csv --out figures")
    parser.add_argument("capacities", metavar="CAPACITY.csv", help="what `capacity` wrote")
    parser.add_argument("results", metavar="RESULTS.csv", help="the sweep's results")
    parser.add_argument("--criterion", default=CRITERION, help="default: %(default)s")
    style.output_arguments(parser, "projection", "ratio", "bits")
    return parser.parse_args()


def set_names(rows):
    """Sets `name` of each row, what has a colour of its own: a kernel, random features without their m, or a memory; with what
    is unusual, and with rule and normalisation where these differ."""
    several = len({(row["rule"], row["normalization"]) for row in rows if row["rule"]}) > 1
    for row in rows:
        kind, _, _ = row["kernel"].partition(":")
        row["name"] = row["kernel"] or row["memory"]
        words = []
        if row["redraw"]:
            row["name"] = kind
            words.append(RANDOM.get((row["redraw"], row["scale"]), (row["redraw"] + ", " + row["scale"],))[0])
        if several and row["rule"]:
            words += [row["rule"].replace("_", " "),
                      "no normalisation" if row["normalization"] == "none" else row["normalization"].replace("_", " ")]
        row["name"] = " ".join([row["name"], ", ".join(words)] if words else [row["name"]])


def looks(names):
    known = {f"favor {words}": look for words, look in RANDOM.values()}
    others = style.looks([name for name in names if name not in known])
    return {name: known.get(name) or others[name] for name in names}


def title(name):
    kind, _, words = name.partition(" ")
    return f"{style.title(kind)}, {words}" if words else style.title(name)


def order(name):
    return (name == "softmax", name.startswith("favor"), name)


def markers(rows):
    dims = sorted({row["key_dim"] for row in rows}, key=lambda d: (len(d), d))
    spare = iter(OTHER_MARKERS * len(dims))
    return {d: MARKERS.get(d) or next(spare) for d in dims}


def legend(figure, axes, names, styles, dims, extra=()):
    handles = [Line2D([], [], color=styles[name].colour, linewidth=3, label=title(name)) for name in names]
    handles += [Line2D([], [], linestyle="none", label=" ")]
    handles += [Line2D([], [], linestyle="none", marker=marker, markersize=4.5, color=style.GREY, label=f"d = {d}")
                for d, marker in dims.items()]
    if extra:
        handles += [Line2D([], [], linestyle="none", label=" "), *extra]
    figure.set_size_inches(style.PAGE, max(3.9, 0.17 * len(handles) + 0.5))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), handlelength=1.6, borderaxespad=0)


def draw_projection(rows):
    """Lines join what differs in one dimension only: a kernel's key sizes d, or random features' m at one d."""
    linear = [row for row in rows if row["feature_dim"]]
    if not linear:
        raise InputError("no memory with a feature dimension among the capacities")
    set_names(linear)
    names = sorted({row["name"] for row in linear}, key=order)
    styles, dims = looks(names), markers(linear)
    figure, axes = plt.subplots(constrained_layout=True)
    lines = defaultdict(list)
    signs = {}
    for row in linear:
        p, capacity = row.number("feature_dim"), row.number("capacity")
        low, high = row.number("capacity_low", True), row.number("capacity_high", True)
        colour, y = styles[row["name"]].colour, max(capacity, FLOOR)
        if low is not None:
            axes.vlines(p, max(low, FLOOR), y if high is None else max(high, FLOOR), color=colour, linewidth=1.1, zorder=3)
        if row.get("bimodal") == "true":
            axes.plot([p], [y], color=style.GREY, marker="o", markersize=8, markeredgewidth=0.7, fillstyle="none",
                      linestyle="none", zorder=5)
            signs["bimodal seeds"] = Line2D([], [], linestyle="none", marker="o", fillstyle="none", markersize=8,
                                            color=style.GREY, label="bimodal seeds")
        hollow = capacity < 1
        axes.plot([p], [y], color=colour, marker=dims[row["key_dim"]], markersize=4.2, markeredgewidth=0.8,
                  markerfacecolor="white" if hollow else colour, linestyle="none", zorder=4)
        if hollow:
            signs["none stored"] = Line2D([], [], linestyle="none", marker="o", markerfacecolor="white", color=style.GREY,
                                          markersize=4.5, label="none stored")
        if row["censored"] in ("above", "both"):
            axes.annotate("", (p, y * 1.35), (p, y), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1})
            signs["at least"] = Line2D([], [], linestyle="none", marker=r"$\uparrow$", color=style.GREY, markersize=6,
                                       label="at least")
        lines[(row["name"], row["key_dim"] if row["redraw"] else "")].append((p, y))
    for (name, _), points in lines.items():
        axes.plot(*zip(*sorted(points)), color=styles[name].tint, linewidth=1.0, zorder=2)
    sizes = [row.number("feature_dim") for row in linear]
    ends = [min(sizes) / 1.3, max(sizes) * 1.3]
    axes.plot(ends, ends, color=style.GREY, linestyle=(0, (3.4, 2.2)), linewidth=0.9, zorder=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ends)
    axes.set_ylim(FLOOR / 1.15, ends[1])
    style.logarithmic(axes.xaxis, *ends)
    style.logarithmic(axes.yaxis, 1, ends[1])
    axes.set_xlabel("feature dimension p")
    axes.set_ylabel("capacity (keys)")
    bound = Line2D([], [], color=style.GREY, linestyle=(0, (3.4, 2.2)), linewidth=0.9, label="capacity = p")
    legend(figure, axes, names, styles, dims, [bound, *signs.values()])
    return figure


def draw_ratio(rows):
    past = []
    for row in rows:
        if row["status"] != "ok" or not row["feature_dim"]:
            continue
        bound = row.number("bound", True)
        if bound:
            past.append((row, row.number("S") / row.number("feature_dim"), row.number("final_loss") / bound))
    if not past:
        raise InputError("no trained point past its rank bound among the results")
    set_names([row for row, _, _ in past])
    names = sorted({row["name"] for row, _, _ in past}, key=order)
    styles, dims = looks(names), markers([row for row, _, _ in past])
    figure, axes = plt.subplots(constrained_layout=True)
    top = min(8.0, max(1.6, 1.1 * max(y for _, _, y in past)))
    beyond = False
    for row, x, y in past:
        high = y > top
        beyond |= high
        axes.plot([x], [min(y, top)], color=styles[row["name"]].colour, marker="^" if high else dims[row["key_dim"]],
                  markersize=3.4, markeredgewidth=0.3, markeredgecolor="white", linestyle="none", clip_on=not high)
    axes.axhline(1, color=style.GREY, linestyle=(0, (3.4, 2.2)), linewidth=0.9, zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    highest = max(x for _, x, _ in past) * 1.1
    axes.set_xlim(1, max(highest, 2))
    axes.set_ylim(0.93, top)
    axes.xaxis.set_major_locator(FixedLocator([x for x in (1, 1.25, 1.5, 2, 3, 4, 6, 8, 16, 32, 64) if x <= highest]))
    axes.yaxis.set_major_locator(FixedLocator([1, 1.25, 1.5, 2, 3, 4, 6, 8]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("keys per feature, S/p")
    axes.set_ylabel("final loss / rank bound")
    extra = [Line2D([], [], linestyle="none", marker="^", color=style.GREY, markersize=4, label="beyond the axis")]
    legend(figure, axes, names, styles, dims, extra if beyond else [])
    return figure


def draw_bits(rows):
    stored = [row for row in rows if row.number("bits_per_float") > 0]
    if not stored:
        raise InputError("no memory that stores a bit among the capacities")
    set_names(stored)
    names = sorted({row["name"] for row in stored}, key=order)
    styles, dims = looks(names), markers(stored)
    figure, axes = plt.subplots(constrained_layout=True)
    for row in stored:
        axes.plot([row.number("state_floats")], [row.number("bits_per_float")], color=styles[row["name"]].colour,
                  marker=dims[row["key_dim"]], markersize=4.2, markeredgewidth=0.4, markeredgecolor="white",
                  linestyle="none")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("floats of state at capacity")
    axes.set_ylabel("stored bits per float of state")
    legend(figure, axes, names, styles, dims)
    return figure


def figures(capacities, results=None, criterion=CRITERION):
    """Name → figure of a file of capacities and the results that it was made of; without these there is no ratio."""
    rows = style.read_capacities(capacities, CAPACITY, criterion)
    points = style.read_csv(results, RESULTS) if results else None
    style.use()
    return {"projection": draw_projection(rows), **({"ratio": draw_ratio(points)} if results else {}), "bits": draw_bits(rows)}


def main():
    options = arguments()
    style.save_all(figures(options.capacities, options.results, options.criterion), options)


if __name__ == "__main__":
    style.run(main)
