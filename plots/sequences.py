"""What figures of sequence models share: what a memory is called there, how it looks, and how a capacity is drawn."""

import argparse
import zlib
from collections import defaultdict

import style
from style import Look, PARAMETERS
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

MEMORY = ["memory", "kernel", "rule"]
CAPACITY = MEMORY + ["width", "criterion", "capacity", "capacity_low", "capacity_high", "censored", "state_floats"]

# Those that most figures have. Others get a look that none of their figure has.
KNOWN = {
    "softmax": Look("#000000", "D", "-", 1.2),
    "identity sum": Look("#707070", "*", "-", 1.2),
    "elu sum": Look("#009E73", "s", "-", 1.2),
    "elu delta": Look("#3D5A1E", "H", "-", 1.2),
    "dpfp:1 sum": Look("#E69F00", "P", "-", 1.2),
    "dpfp:1 delta": Look("#D55E00", "X", "-", 1.2),
    "taylor sum": Look("#CC79A7", "h", "-", 1.2),
    "silu_l2 sum": Look("#A6761D", "p", "-", 1.2),
    "silu_l2 delta": Look("#0072B2", "o", "-", 1.2),
    "silu_l2 gated_delta": Look("#56B4E9", "v", "-", 1.2),
    "silu_l2 decay": Look("#B8A63A", "<", "-", 1.2),
}
OTHERS = [Look("#7B3294", ">", "-", 1.2), Look("#B2182B", "d", "-", 1.2), Look("#00375C", "^", "-", 1.2),
          Look("#4A3FA0", "8", "-", 1.2), Look("#6B2400", "p", "-", 1.2), Look("#8FBC5A", "s", "-", 1.2)]
MARKERS = ["D", "^", "s", "v", "P", "X", "o"]  # of those past the last, with a colour that others have

PUBLISHED_MARKERS = ["o", "s", "^", "v", "D", "P", "X", "<", ">", "h"]
PUBLISHED = {"linestyle": "none", "markersize": 3.6, "markeredgewidth": 0.7, "markerfacecolor": "none", "color": "#888888",
             "zorder": 2}

CRITERION = "accuracy >= 0.99"
FLOOR = 0.5  # where a capacity of 0 stands on a logarithmic axis


# --- names and looks -------------------------------------------------------------------------------------------------


def capacity_arguments(description, figure):
    """Of a script that draws what `capacity` wrote, into one figure of that name."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capacities", metavar="CAPACITY.csv", help="what `capacity` wrote")
    parser.add_argument("--criterion", default=CRITERION, help="default: %(default)s")
    style.output_arguments(parser, figure)
    return parser.parse_args()


def base_of(row):
    return f"{row['kernel']} {row['rule']}" if row["kernel"] else row["memory"]


def base_title(base):
    name, _, rule = base.partition(" ")
    return style.title(name) + (f", {style.title(rule)}" if rule else "")


def words(column, value):
    if column == "normalization":
        return "no normalisation" if value == "none" else value.replace("_", " ") + "-normalised"
    return f"{column.replace('_', ' ')} {value}"


def name_memories(rows, along):
    """Sets `name` of each row: kernel and rule (or softmax, window), and what else tells it from another row of these where
    both have the same `along`. A column that follows from others told, as key_dim does from heads, isn't said."""
    columns = [column for column in PARAMETERS
               if column not in (*MEMORY, "seed", "key_dim", *along) and any(column in row for row in rows)] + ["key_dim"]
    same = defaultdict(list)
    for row in rows:
        same[base_of(row)].append(row)
    for base, members in same.items():
        told = []
        for column in columns:
            values = defaultdict(set)
            for row in members:
                values[tuple(row.get(key, "") for key in (*along, *told))].add(row.get(column, ""))
            if any(len(some) > 1 for some in values.values()):
                told.append(column)
        for row in members:
            details = [words(column, row[column]) for column in told if row.get(column, "")]
            row["base"], row["name"] = base, ", ".join([base_title(base), *details])


def looks(rows):
    """Name → Look, of rows with names."""
    bases = {row["name"]: row["base"] for row in rows}
    result, taken = {}, set()
    for name in sorted(bases, key=lambda name: (len(name), name)):  # the plain one first
        look = KNOWN.get(bases[name])
        if not look or look.colour in taken:
            choice = OTHERS + list(KNOWN.values())[1:]
            first = zlib.crc32(name.encode()) % len(OTHERS)
            choice = choice[first:] + choice[:first]
            present = {KNOWN[base].colour for base in bases.values() if base in KNOWN}
            free = [one for one in choice if one.colour not in taken | present]
            others = [one._replace(marker=marker) for marker in MARKERS for one in choice]
            look = next(one for one in free + others if one[:2] not in {look[:2] for look in result.values()})
        taken.add(look.colour)
        result[name] = look
    return result


def in_order(names):
    return sorted(names, key=lambda name: (not name.startswith("softmax"), not name.startswith("window"), name))


def dodges(places):
    """Name → points by which it stands aside, so that those with a common place don't hide each other; `places` maps names to
    where they are along the axis."""
    groups = []
    for name in in_order(places):
        own, members = set(places[name]), [name]
        for other in [group for group in groups if group[0] & own]:
            groups.remove(other)
            own, members = own | other[0], other[1] + members
        groups.append((own, members))
    step = 3.2
    return {name: step * (i - (len(members) - 1) / 2) for _, members in groups for i, name in enumerate(in_order(members))}


# --- rates -----------------------------------------------------------------------------------------------------------


def at_best_rate(rows):
    """Of trained rows that differ in learning rate and seed alone, those of the rate that is most accurate on average over seeds;
    one at which more seeds came through is before those."""
    rates = defaultdict(lambda: defaultdict(list))
    for row in rows:
        key = tuple(row.get(column, "") for column in PARAMETERS if column not in ("learning_rate", "seed"))
        rates[key][row.number("learning_rate")].append(row)
    chosen = []
    for runs in rates.values():
        chosen += max(runs.items(), key=lambda run: (len(run[1]), mean([row["right"] for row in run[1]]), -run[0]))[1]
    return chosen


# --- drawing ---------------------------------------------------------------------------------------------------------

def handle(name, look):
    return Line2D([], [], color=look.tint, linewidth=look.width, marker=look.marker, markersize=5,
                  markerfacecolor=look.colour, markeredgewidth=0.35, markeredgecolor="white", label=name)


def sign(label, **look):
    """What a mark of any memory means, for the legend."""
    return Line2D([], [], label=label, **{"color": style.GREY, "linestyle": "none", **look})


def aside(axes, points):
    """Data coordinates, so many points to the right."""
    return axes.transData + ScaledTranslation(points / 72, 0, axes.figure.dpi_scale_trans)


def draw_capacities(axes, points, look, shift):
    """A line through points [(x, row)], with the intervals of their capacities; returns the signs used."""
    signs, at = {}, aside(axes, shift)
    axes.plot([x for x, _ in points], [max(row.number("capacity"), FLOOR) for _, row in points], color=look.tint,
              linewidth=look.width, transform=at, zorder=2)
    for x, row in points:
        y = max(row.number("capacity"), FLOOR)
        low, high = row.number("capacity_low", True), row.number("capacity_high", True)
        if low is not None:
            axes.vlines(x, max(low, FLOOR), y if high is None else max(high, FLOOR), color=look.colour, linewidth=1.1,
                        transform=at, zorder=3)
            signs["interval"] = sign("95 % interval", marker="|", markersize=9, markeredgewidth=1.1)
        above = row["censored"] in ("above", "both")
        if above or (low is not None and high is None):
            axes.annotate("", (x, y * 1.35), (x, y), xycoords=at, textcoords=at, annotation_clip=False,
                          arrowprops={"arrowstyle": "->", "color": look.colour, "linewidth": 1, "shrinkA": 0, "shrinkB": 0})
            signs["at least"] = sign("at least", marker=r"$\uparrow$", markersize=6)
        if row.get("bimodal") == "true":
            axes.plot([x], [y], color=style.GREY, marker="o", markersize=8, markeredgewidth=0.7, fillstyle="none",
                      linestyle="none", transform=at, zorder=5)
            signs["bimodal"] = sign("bimodal seeds", marker="o", markersize=8, fillstyle="none", markeredgewidth=0.7)
        axes.plot([x], [y], color=look.colour, marker=look.marker, markersize=4.2, markeredgewidth=0.8, linestyle="none",
                  markerfacecolor="white" if row["censored"] else look.colour, transform=at, zorder=4)
        if row["censored"]:
            signs["censored"] = sign("beyond the pairs tried", marker="o", markersize=4.5, markerfacecolor="white")
        if row.get("least_of_all"):
            least, most = row.number("least_of_all"), row.number("most_of_all")
            axes.vlines(x, max(least, FLOOR), max(most, FLOOR), color=look.colour, linewidth=0.5, linestyle=(0, (2, 1)),
                        transform=aside(axes, shift + 1.4), zorder=2)
            signs["of all"] = sign("worst to best rate", marker="", linestyle=(0, (2, 1)), linewidth=0.5)
    return signs


def pairs_axis(axes, rows, also=()):
    """A logarithmic axis of capacities that has room for all intervals and a place for 0."""
    values = [row.number(column) for row in rows for column in ("capacity", "capacity_high", "most_of_all") if row.get(column)]
    lowest = min(row.number(column) for row in rows for column in ("capacity", "capacity_low", "least_of_all") if row.get(column))
    top = max([*values, *also, 1]) * 1.4
    bottom = FLOOR if lowest < 1 else 1
    axes.set_yscale("log")
    axes.set_ylim(bottom / 1.15, top)
    style.logarithmic(axes.yaxis, bottom, top, text=lambda value: "0" if value == FLOOR else f"{value:g}")
    axes.set_ylabel("capacity (pairs)")


def legend_beside(figure, axes, handles, least=3.4):
    figure.set_size_inches(style.PAGE, max(least, 0.17 * len(handles) + 0.5))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), handlelength=1.8, borderaxespad=0)


def legend_below(figure, handles, height):
    """The legend in columns below panels of that height in inches."""
    longest = max(len(one.get_label()) for one in handles)
    columns = min(len(handles), 4 if longest < 20 else 3 if longest < 30 else 2)
    below = 0.17 * -(-len(handles) // columns) + 0.12
    figure.set_size_inches(style.PAGE, height + below)
    figure.get_layout_engine().set(rect=(0, below / (height + below), 1, height / (height + below)))
    figure.legend(handles=handles, loc="lower center", ncol=columns, columnspacing=1.4, handlelength=1.8, borderaxespad=0.2)


def below_panels(figure, parts, height=2.6):
    """Below panels of that height in inches, a legend of our lines and one of published points."""
    line, columns = 0.17, 4
    heights = [line * (-(-len(part) // columns) + title) + 0.1 for part, title in zip(parts, (False, True)) if part]
    total = height + sum(heights)
    figure.set_size_inches(style.PAGE, total)
    figure.get_layout_engine().set(rect=(0, sum(heights) / total, 1, height / total))
    top = sum(heights)
    for part, title, own in zip(parts, ("", "published"), heights):  # of an empty part there is no height
        figure.add_artist(figure.legend(handles=part, loc="upper center", ncol=columns, columnspacing=1.4, handlelength=2.4,
                                        borderaxespad=0, bbox_to_anchor=(0.5, top / total), title=title or None,
                                        title_fontsize=8))
        top -= own


def in_sign_order(signs):
    return [signs[key] for key in ("interval", "at least", "censored", "bimodal", "of all") if key in signs]


def blank():
    return Line2D([], [], linestyle="none", label=" ")


def published_looks(mixers):
    """Mixer → how its points look, open and grey."""
    return {mixer: {**PUBLISHED, "marker": PUBLISHED_MARKERS[i % len(PUBLISHED_MARKERS)], "label": mixer.replace("_", " ")}
            for i, mixer in enumerate(sorted(mixers))}


def mean(values):
    return sum(values) / len(values)
