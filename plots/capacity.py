#!/usr/bin/python3
"""Draws how loss grows with the number of stored associations, from the results of a capacity sweep.

capacity   loss over S; a curve is the mean over seeds, its band their minimum and maximum
excess     the same for the excess of the final loss over the rank bound

Nothing is measured or estimated here: loss, bound and excess are columns of the CSV files (results/README.md).
Where `evaluation` is published_2021 the loss is `last_loss`, which the published figure shows, else `final_loss`.
A model that was run in more than one way (rule, normalization, ...) gets one panel for each way.
"""

import argparse
import math
import os
from collections import defaultdict

import style
from style import InputError, plt
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator
from matplotlib.transforms import ScaledTranslation, blended_transform_factory

REQUIRED = ["task", "S", "L", "replacement", "memory", "kernel", "key_dim", "feature_dim", "redraw", "scale", "rule",
            "normalization", "model", "evaluation", "seed", "status", "final_loss", "bound", "excess"]

# The columns that tell two ways to run a model apart; a file may lack the protocol's. An empty cell means that the
# column says nothing about the model (softmax has no rule): such a model stands in every panel.
TRAINING = ["batch", "learning_rate", "max_steps", "evaluation_every", "evaluation_sequences", "tolerance", "patience",
            "schedule", "warmup", "improvement", "cooldown"]
WAYS = ["task", "replacement", "L", "key_dim", "rule", "normalization", "redraw", "scale", "model", "evaluation", *TRAINING]

PUBLISHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "results", "reference", "published_2021.csv")

# Training stops at this loss: below it a loss says when training ended, not what the memory holds.
STOPPING_LOSS = 1e-3

# A memory that answers nothing has loss 0.5. Twice that is as far as the loss axis ever goes.
CEILING = 1.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE.csv", help="results of sweeps; several are drawn together")
    style.output_arguments(parser, "capacity", "excess")
    parser.add_argument("--published", default=PUBLISHED, metavar="FILE",
                        help="published losses, drawn as open markers (default: results/reference/published_2021.csv)")
    parser.add_argument("--no-published", action="store_true", help="draw no published losses")
    return parser.parse_args()


# --- data ------------------------------------------------------------------------------------------------------------

class Series:
    """One curve: a model run in one way. `loss`, `bound` and `excess` map S to one value a seed."""

    def __init__(self, name, way):
        self.name, self.way = name, way
        self.loss, self.bound, self.excess = defaultdict(list), defaultdict(list), defaultdict(list)
        self.diverged = set()
        self.feature_dims, self.lengths = set(), set()
        self.shift = 0.0  # along S, for a figure of a single S

    @property
    def width(self):
        """Feature dimension p; infinite for a memory that keeps all pairs."""
        return max(self.feature_dims, default=math.inf)


def read_points(files):
    """The trained points of all files; one that several files hold counts once."""
    points = {}
    for path in files:
        for row in style.read_csv(path, REQUIRED):
            if row.status() == "skipped":
                continue
            row["name"] = row["kernel"] or row["memory"]
            identity = (row["name"], row["S"], row["seed"], *(row.get(column, "") for column in WAYS))
            row["loss"] = None
            if row["status"] == "ok":
                column = "last_loss" if row["evaluation"] == "published_2021" else "final_loss"
                if column not in row:
                    raise InputError(f"{path}: no column {column}, which evaluation published_2021 needs")
                row["loss"] = row.number(column)
            known = points.setdefault(identity, row)
            if known["loss"] != row["loss"]:
                raise InputError(f"{row.place}: has another result than the same point in {known.place}; "
                                 "draw them separately")
    if not points:
        raise InputError(f"{', '.join(files)}: no trained point")
    return list(points.values())


def differs(rows, column, group):
    """Whether rows of one group have different values in a column; empty cells aside."""
    seen = defaultdict(set)
    for row in rows:
        if row.get(column, ""):
            seen[group(row)].add(row[column])
    return any(len(values) > 1 for values in seen.values())


def gather(rows):
    """Points → series, the columns by which a model's ways differ (panels), and those by which only models differ."""
    several_lengths = differs(rows, "L", lambda row: (row["name"], row["S"]))  # along a curve L goes with S
    for row in rows:
        S, L = row.number("S"), row.number("L")
        row["size"], row["length"] = S, "S" if L == S else f"{L / S:.3g} S" if S else "0"
        row["L"] = row["length"] if several_lengths else ""
    panels = [column for column in WAYS if differs(rows, column, lambda row: row["name"])]
    # A sweep may train each model as suits it: that is no name of the model.
    labels = [column for column in WAYS if column not in (*panels, *TRAINING) and differs(rows, column, lambda row: None)]

    series = {}
    for row in rows:
        way = {column: row.get(column, "") for column in WAYS}
        one = series.setdefault((row["name"], *way.values()), Series(row["name"], way))
        one.lengths.add(row["length"])
        if row["feature_dim"]:
            one.feature_dims.add(int(row.number("feature_dim")))
        if row["status"] == "diverged":
            one.diverged.add(row["size"])
            continue
        one.loss[row["size"]].append(row["loss"])
        for column, values in (("bound", one.bound), ("excess", one.excess)):
            value = row.number(column, empty_allowed=True)
            if value is not None:
                values[row["size"]].append(value)
    # Rows stand in the order in which points finished; the figure must not depend on it.
    ordered = sorted(series.items(), key=lambda item: (item[1].width, item[0]))
    return [one for _, one in ordered], panels, labels


def split(series, columns):
    """Panels [(way, series)]. A series with empty cells stands in every panel that its other cells fit."""
    cells = [tuple(one.way[column] for column in columns) for one in series]

    def fits(some, panel):
        return all(not x or x == y for x, y in zip(some, panel))

    ways = {some for some in cells if not any(some != other and fits(some, other) for other in cells)}
    ways = sorted(ways, key=lambda way: [(float(x), x) if x.isdecimal() else (math.inf, x) for x in way])
    return [(dict(zip(columns, way)), [one for one, some in zip(series, cells) if fits(some, way)]) for way in ways]


def mean(values):
    return math.fsum(values) / len(values)


def published_capacity(path):
    """Model → [(S, last_loss)] of the published capacity experiment, setting 1."""
    points = defaultdict(list)
    for row in style.read_csv(path, ["setting", "kernel", "S", "last_loss", "note"]):
        if row["setting"] == "1" and row["note"] != "diverged":
            points[row["kernel"]].append((row.number("S"), row.number("last_loss")))
    return points


def is_published_setting(one, panel):
    """Whether a series in this panel ran the published capacity experiment. Its details matter only if there are
    panels to choose from: beside the others, published losses are worth seeing for another model or redraw too."""
    way = {**panel, **{column: value for column, value in one.way.items() if value}}
    needed = {"task": ("associative_retrieval",), "replacement": ("false", "0"), "key_dim": ("64",), "rule": ("sum",),
              "normalization": ("attention", "sum")}
    details = {"normalization": "attention", "redraw": "every_step", "scale": "none", "model": "published",
               "evaluation": "published_2021"}
    return (one.lengths == {"S"} and all(way.get(column, "") in (*values, "") for column, values in needed.items())
            and all(panel.get(column, "") in (value, "") for column, value in details.items()))


# --- drawing ---------------------------------------------------------------------------------------------------------

BOUND = {"linewidth": 0.9, "zorder": 3.5}
DASH, GAP = 3.4, 2.2
DIVERGED = {"linestyle": "none", "marker": "x", "markersize": 3.5, "markeredgewidth": 1.1}
BEYOND = {"linestyle": "none", "marker": "^", "markersize": 3.5, "markeredgewidth": 0}
OURS = {"linestyle": "none", "markersize": 3.6, "markeredgewidth": 0.35, "markeredgecolor": "white"}
THEIRS = {"linestyle": "none", "markersize": 5.4, "markeredgewidth": 0.8, "markerfacecolor": "none"}


def draw_curve(axes, values, look, shift, one_size):
    """Mean over seeds as a line, minimum and maximum as a band (as bars if there is a single S)."""
    sizes = sorted(values)
    at = [S + shift for S in sizes]
    middle, low, high = ([f(values[S]) for S in sizes] for f in (mean, min, max))
    if low != high:
        if one_size:
            axes.vlines(at, low, high, color=look.colour, linewidth=1.2, zorder=3)
        else:
            axes.fill_between(at, low, high, color=look.colour, alpha=0.18, linewidth=0, zorder=1)
    axes.plot(at, middle, color=look.tint, linestyle=look.line, linewidth=look.width, zorder=3)
    axes.plot(at, middle, color=look.colour, marker=look.marker, zorder=4, **OURS)


def draw_bounds(axes, series, styles):
    """Dashed bounds, from where they leave zero. Models with equal bounds share a line, their dashes taking turns."""
    groups = defaultdict(list)
    for one in series:
        line = [(S + one.shift, mean(one.bound[S])) for S in sorted(one.bound)]
        first = next((i for i, (_, value) in enumerate(line) if value > 0), None)
        if first is not None:
            groups[tuple(line[max(first - 1, 0):])].append(one)
    for line, members in groups.items():
        for turn, one in enumerate(members):
            dashes = (-turn * (DASH + GAP), (DASH, GAP + (len(members) - 1) * (DASH + GAP)))
            axes.plot(*zip(*line), color=styles[one.name].colour, linestyle=dashes,
                      marker="_" if len(line) == 1 else None, markersize=12, **BOUND)
    return bool(groups)


def draw_lost(axes, series, quantity, styles, ceiling):
    """Points without a place on the axis, a row of signs above it for each series: × diverged, arrow head beyond the
    ceiling. Returns the number of rows and the signs used."""
    rows, signs = 0, set()
    for one in series:
        beyond = {S for S, values in getattr(one, quantity).items() if mean(values) > ceiling}
        above = (blended_transform_factory(axes.transData, axes.transAxes)
                 + ScaledTranslation(0, (4 + 5 * rows) / 72, axes.figure.dpi_scale_trans))
        for sizes, look, sign in ((one.diverged, DIVERGED, "diverged"), (beyond, BEYOND, "beyond the axis")):
            if sizes:
                axes.plot([S + one.shift for S in sorted(sizes)], [1] * len(sizes), transform=above, clip_on=False,
                          color=styles[one.name].colour, **look)
                signs.add(sign)
        rows += bool(one.diverged or beyond)
    return rows, signs


def in_order(series):
    """Names as the curves lie on the page, from the top: by mean loss, nearly equal ones by feature dimension."""
    def key(name):
        same = [one for one in series if one.name == name]
        losses = [mean(values) for one in same for values in one.loss.values()]
        height = mean(losses) if losses else math.inf
        return -min(round(height, 2), CEILING), max(one.width for one in same), name

    return sorted({one.name for one in series}, key=key)


def legend_handles(series, labels, styles, signs):
    """The models from the top of the page to its bottom, and the signs in use."""
    models = []
    for name in in_order(series):
        same = [one for one in series if one.name == name]
        dims = set().union(*(one.feature_dims for one in same))
        words = [style.title(name)] + [f"p = {dim}" for dim in dims if len(dims) == 1]
        words += [f"{column} = {same[0].way[column]}" for column in labels if same[0].way[column]]
        look = styles[name]
        models.append(Line2D([], [], color=look.tint, linestyle=look.line, linewidth=look.width, marker=look.marker,
                             markersize=5, markerfacecolor=look.colour, markeredgewidth=0.35, markeredgecolor="white",
                             label=", ".join(words)))
    known = {
        "range of seeds": Patch(facecolor=style.GREY, alpha=0.25, linewidth=0),
        "rank bound": Line2D([], [], color=style.GREY, linestyle=(0, (DASH, GAP)), **BOUND),
        "published 2021": Line2D([], [], marker="o", markeredgecolor=style.GREY, **THEIRS),
        "diverged": Line2D([], [], color=style.GREY, **DIVERGED),
        "beyond the axis": Line2D([], [], color=style.GREY, **BEYOND),
    }
    for sign, handle in known.items():
        handle.set_label(sign)
    return models, [handle for sign, handle in known.items() if sign in signs]


def page(count, ylabel):
    """A figure as wide as a page with axes for the panels, in rows of up to three."""
    across = 2 if count == 4 else min(count, 3)
    figure, grid = plt.subplots(math.ceil(count / across), across, sharex=True, sharey=True, squeeze=False,
                                constrained_layout=True)
    cells = list(grid.flat)
    for axes in cells[count:]:
        axes.set_visible(False)
    for axes in cells[max(count - across, 0):count]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("number of distinct keys S")
    for axes in grid[:, 0]:
        axes.set_ylabel(ylabel)
    return figure, cells[:count], grid.shape


def add_legend(figure, cells, shape, models, signs):
    """The legend stands right of a single panel and below several; the page gets the height that both need."""
    style_of_legend = {"handlelength": 2.8, "borderaxespad": 0}
    line = 0.17  # inches
    if len(cells) == 1:
        space = [Line2D([], [], linestyle="none", label=" ")] if signs else []
        handles = models + space + signs
        figure.set_size_inches(style.PAGE, max(3.6, line * len(handles) + 0.5))
        cells[0].legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), **style_of_legend)
    else:
        down, across = shape
        columns = 4 if max(len(handle.get_label()) for handle in models) < 22 else 2
        below = line * math.ceil(len(models + signs) / columns) + 0.1
        height = (2.7 if across == 2 else 2.3) * down + below
        figure.set_size_inches(style.PAGE, height)
        figure.get_layout_engine().set(rect=(0, below / height, 1, 1 - below / height))
        figure.legend(handles=models + signs, loc="lower center", ncol=columns, columnspacing=1.4, **style_of_legend)


def size_axis(axes, sizes, ticks):
    if len(sizes) == 1:
        axes.set_xlim(min(sizes) - 1, max(sizes) + 1)
        axes.set_xticks(list(sizes))
    else:
        axes.set_xlim(0, max(sizes) * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, steps=[1, 2, 5, 10]))


def draw(panels, labels, quantity, ylabel, published, ceiling):
    """One figure of a quantity of the series; bounds and published losses go with the loss."""
    shown = list(dict.fromkeys(one for _, series in panels for one in series if getattr(one, quantity) or one.diverged))
    styles = style.looks({one.name for _, series in panels for one in series})
    sizes = {S for _, series in panels for one in series for S in (*one.loss, *one.diverged)}
    names = in_order(shown)
    for one in shown:
        one.shift = 1.6 * ((names.index(one.name) + 0.5) / len(names) - 0.5) if len(sizes) == 1 else 0.0

    figure, cells, shape = page(len(panels), ylabel)
    signs, most_rows = set(), 0
    for axes, (way, series) in zip(cells, panels):
        series = [one for one in series if one in shown]
        for one in series:
            look, values = styles[one.name], getattr(one, quantity)
            draw_curve(axes, values, look, one.shift, len(sizes) == 1)
            if any(len(x) > 1 for x in values.values()):
                signs.add("range of seeds")
            if quantity == "loss" and is_published_setting(one, way):
                points = [(S + one.shift, loss) for S, loss in published.get(one.name, [])
                          if min(sizes) <= S <= max(sizes)]
                if points:
                    axes.plot(*zip(*points), color=look.colour, marker=look.marker, zorder=5, clip_on=False, **THEIRS)
                    signs.add("published 2021")
        if quantity == "loss" and draw_bounds(axes, series, styles):
            signs.add("rank bound")
        rows, lost = draw_lost(axes, series, quantity, styles, ceiling)
        signs |= lost
        most_rows = max(most_rows, rows)
        size_axis(axes, sizes, 6 if len(panels) == 1 else 4)
    for axes, (way, _) in zip(cells, panels):
        axes.set_title("\n".join(f"{column} = {value}" for column, value in way.items() if value),
                       pad=4 + 5 * most_rows)
    add_legend(figure, cells, shape, *legend_handles(shown, labels, styles, signs))
    return figure, cells


def draw_loss(panels, labels, published):
    series = [one for _, members in panels for one in members]
    evaluations = {one.way["evaluation"] for one in series}
    if evaluations == {"published_2021"}:
        ylabel = "last loss, published evaluation"
    elif "published_2021" in evaluations:
        ylabel = "loss (final; published: last)"
    else:
        ylabel = "final loss"
    figure, cells = draw(panels, labels, "loss", ylabel, published, CEILING)
    highest = max((max(x) for one in series for x in one.loss.values() if mean(x) <= CEILING), default=0)
    top = min(max(0.5, highest), CEILING)
    for axes in cells:
        axes.set_ylim(-0.02 * top, 1.04 * top)
        axes.yaxis.set_major_locator(MultipleLocator(0.1 if top < 0.7 else 0.2))
    return figure


def draw_excess(panels, labels):
    """Logarithmic above the loss at which training stops, linear below it, where differences mean little."""
    figure, cells = draw(panels, labels, "excess", "final loss − rank bound", {}, math.inf)
    values = [x for _, series in panels for one in series for xs in one.excess.values() for x in xs]
    low, high = min(values, default=0), max(values, default=0)
    decades = [10.0 ** power for power in range(-3, math.ceil(math.log10(max(high, 1))) + 1)]
    for axes in cells:
        axes.set_yscale("symlog", linthresh=STOPPING_LOSS, linscale=0.5)
        axes.set_ylim(min(1.3 * low, -0.2 * STOPPING_LOSS), max(1.3 * high, 10 * STOPPING_LOSS))
        axes.yaxis.set_major_locator(FixedLocator([-x for x in decades[::-1] if low < -x] + [0] + decades))
        axes.yaxis.set_minor_locator(FixedLocator([i * x for x in decades for i in range(2, 10)]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.axhline(0, color=style.GREY, linewidth=0.7, zorder=0)
    if not values:
        cells[0].text(0.5, 0.5, "no model here has a rank bound", transform=cells[0].transAxes, ha="center")
    return figure


def figures(files, published=PUBLISHED):
    """Name → figure of results of sweeps; `published` is a file of losses to draw beside them, or None."""
    series, panel_columns, labels = gather(read_points(files))
    panels = split(series, panel_columns)
    losses = published_capacity(published) if published else {}
    style.use()
    return {"capacity": draw_loss(panels, labels, losses), "excess": draw_excess(panels, labels)}


def main():
    options = arguments()
    style.save_all(figures(options.files, None if options.no_published else options.published), options)


if __name__ == "__main__":
    style.run(main)
