"""What all figures share: one look per model, and files that compare byte for byte."""

import io
import os
import sys
import zlib
from collections import namedtuple

from results import (  # the scripts have all of it from here
    InputError, PARAMETERS, Row, canonical, read_capacities, read_csv, read_csvs, read_rows, saved_of)

try:
    import matplotlib
    import matplotlib.colors
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
except ImportError:
    print("error: matplotlib is missing: apt-get install python3-matplotlib and run with /usr/bin/python3",
          file=sys.stderr)
    sys.exit(2)


def run(main):
    """Calls main() as a script does: an InputError becomes one line on stderr and exit status 2, output that can't be
    written one and exit status 1."""
    try:
        main()
        sys.stdout.flush()
    except InputError as error:
        print(f"{os.path.basename(sys.argv[0])}: error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"{os.path.basename(sys.argv[0])}: error: cannot write: {error}", file=sys.stderr)
        sys.stdout = None  # or it would be flushed again
        sys.exit(1)


# --- one look per model ----------------------------------------------------------------------------------------------

class Look(namedtuple("Look", "colour marker line width")):
    """How a model is drawn. Its line is paler than its marks, so that a bound drawn over the line shows."""

    @property
    def tint(self):
        return tuple(0.5 + 0.5 * part for part in matplotlib.colors.to_rgb(self.colour))


# Okabe and Ito's colours, safe for colour-blind readers. A family has one hue, darker with growing feature dimension,
# so that it reads in grey too. FAVOR+ curves often lie on each other; their widths and dashes let all of them show.
KNOWN = {
    "softmax": Look("#000000", "D", "-", 2.0),
    "elu": Look("#009E73", "s", "-", 2.0),
    "dpfp:1": Look("#56B4E9", "o", "-", 2.0),
    "dpfp:2": Look("#0072B2", "v", "-", 2.0),
    "dpfp:3": Look("#00375C", "^", "-", 2.0),
    "dpfp:4": Look("#001A2E", ">", "-", 2.0),
    "taylor": Look("#CC79A7", "h", "-", 2.0),
    "hedgehog": Look("#7B3294", "<", "-", 2.0),
    "relu2": Look("#B2182B", "d", "-", 2.0),
    "softmax_feature": Look("#707070", "*", "-", 2.0),
    "favor:64": Look("#E69F00", "P", "-", 4.0),
    "favor:128": Look("#D55E00", "X", (0, (3, 0.7)), 2.4),
    "favor:512": Look("#6B2400", "p", (0, (1, 0.8)), 1.6),
}

OTHERS = [
    Look("#CC79A7", "h", (0, (6, 1, 1, 1)), 2.0),
    Look("#8C7A00", "<", (0, (8, 1.5)), 2.0),
    Look("#7B3294", ">", (0, (3, 1)), 2.0),
    Look("#707070", "*", (0, (6, 1, 1, 1, 1, 1)), 2.0),
    Look("#B2182B", "d", (0, (2, 0.8)), 2.0),
    Look("#3D5A1E", "H", (0, (4, 1, 1, 1)), 2.0),
    Look("#A6761D", "8", (0, (10, 2)), 2.0),
    Look("#4A3FA0", "o", (0, (5, 1, 2, 1)), 2.0),
]


def looks(names):
    """Name → Look. Known models look the same in every figure. Another gets the look that its name picks, or the next
    free one if two names of this figure pick the same, or a known one has its colour; past the last, looks repeat."""
    known = {KNOWN[name].colour for name in names if name in KNOWN}
    result, taken = {}, {i for i, look in enumerate(OTHERS) if look.colour in known}
    for name in sorted(names):
        if name in KNOWN:
            result[name] = KNOWN[name]
            continue
        first = zlib.crc32(name.encode()) % len(OTHERS)
        order = [(first + i) % len(OTHERS) for i in range(len(OTHERS))]
        index = next((i for i in order if i not in taken), first)
        taken.add(index)
        result[name] = OTHERS[index]
    return result


# Where figures compare rules, colour is the rule and the marker its normalisation.
RULE_COLOURS = {
    "sum": "#000000",
    "decay": "#8C7A00",
    "gla": "#B8A63A",
    "delta": "#0072B2",
    "gated_delta": "#56B4E9",
    "gated_delta2": "#7A4FA3",
    "kda": "#004D7A",
    "comba": "#A6CEE3",
    "rwkv7": "#6B6B6B",
    "momentum_delta": "#8FBC5A",
    "longhorn": "#009E73",
    "delta_product": "#CC79A7",
    "rls": "#D55E00",
    "mesa": "#8B2E00",
    "fwm2021": "#E69F00",
}
NORMALIZATION_MARKERS = {"none": "o", "sum": "s", "attention": "D", "sum+attention": "d", "l2": "^", "centered_l2": "v",
                         "sum_of_squares": "P", "l2+attention": "<", "sum_of_squares+attention": "X"}


# The line that others are held against: a closed form, or numbers in double.
EXACT = {"linestyle": (0, (3.4, 2.2)), "linewidth": 1.0, "color": "black", "zorder": 4}

# Where figures compare formats of numbers, the exact one is black.
PRECISION_COLOURS = {"bfloat16": "#D55E00", "float16": "#0072B2", "float": "#009E73", "double": "#000000"}


def precision_colour(precision):
    return PRECISION_COLOURS.get(precision) or OTHERS[zlib.crc32(precision.encode()) % len(OTHERS)].colour


def rule_colour(rule):
    """A rule's colour, whatever its argument; of an unknown rule, one that its name picks."""
    kind = rule.partition(":")[0]
    return RULE_COLOURS.get(kind) or OTHERS[zlib.crc32(kind.encode()) % len(OTHERS)].colour


def ordered(names, known):
    """Names in the order of the known ones, others behind them by name."""
    order = list(known)
    return sorted(names, key=lambda name: (order.index(name.partition(":")[0]) if name.partition(":")[0] in order
                                           else len(order), name))


def title(name):
    """A model's name as it is written in a figure: `dpfp:2` is DPFP-2."""
    kind, _, argument = name.partition(":")
    known = {"elu": "ELU+1", "dpfp": "DPFP", "favor": "FAVOR+", "favor_onesided": "FAVOR+ one-sided",
             "taylor": "Taylor", "silu_l2": "SiLU-L2"}
    joint = "-" if kind == "dpfp" else " "
    return known.get(kind, kind.replace("_", " ")) + (joint + argument if argument else "")


# --- pages and files -------------------------------------------------------------------------------------------------

GREY = "#444444"
PAGE = 6.75  # inches, the text width of a two-column paper


def use():
    """Sets the suite's look, whatever the reader's own matplotlibrc says."""
    matplotlib.rcdefaults()
    matplotlib.rcParams.update({
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 9,
        "legend.fontsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "legend.frameon": False,
        "savefig.dpi": 300,
        "svg.fonttype": "path",         # the same glyphs on every screen
        "svg.hashsalt": "palimpsest",   # the same ids in every run
        "pdf.fonttype": 42,             # letters that a publisher takes
    })


def logarithmic(axis, low, high, base=2, most=10, text="{:g}".format):
    """Ticks at powers of the base, so many at most, as plain numbers or as `text` says."""
    ticks, value = [], 1.0
    while value / base >= low:
        value /= base
    while value <= high * 1.0001:
        if value >= low * 0.9999:
            ticks.append(value)
        value *= base
    step = -(-len(ticks) // most)
    axis.set_major_locator(FixedLocator(ticks[::step]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))


def in_bytes(value):
    """4096 as `4 KiB`."""
    for size, unit in ((2**20, "MiB"), (2**10, "KiB")):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g} B"


def write_file(path, content):
    """Makes the bytes what `path` leads to, through links. A regular file is replaced at once, or left as it was; into
    anything else (a pipe, a device) they are written as they are."""
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        with open(path, "wb") as file:
            file.write(content)
        return
    beside = target + ".tmp"
    try:
        with open(beside, "wb") as file:
            file.write(content)
        os.replace(beside, target)
    except OSError:
        if os.path.exists(beside):
            os.remove(beside)
        raise


UNDATED = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def content_of(figure, extension):
    """The bytes of its file of that kind, equal for equal data."""
    content = io.BytesIO()
    figure.savefig(content, format=extension, metadata=UNDATED[extension])
    figure.set_layout_engine("none")  # once is enough, and all files then have the same
    return content.getvalue()


def output_arguments(parser, *names):
    """What every script takes that draws figures of these names."""
    listed = ", ".join(names[:-1]) + " and " * (len(names) > 1) + names[-1]
    parser.add_argument("--out", required=True, metavar="DIR",
                        help=f"writes DIR/{listed}" + ", each" * (len(names) > 1) + " as .png and .svg")
    parser.add_argument("--pdf", action="store_true", help="as .pdf, too")


def save_all(figures, options):
    """Writes the figures, name → figure, as `output_arguments` were given, and says so."""
    for name, figure in figures.items():
        save(figure, options.out, name, ("png", "svg", *["pdf"] * options.pdf))


def save(figure, directory, name, extensions=("png", "svg")):
    """Writes directory/name in files of these kinds, and says so."""
    for extension in extensions:
        path = os.path.join(directory, f"{name}.{extension}")
        content = content_of(figure, extension)
        try:
            os.makedirs(directory, exist_ok=True)
            write_file(path, content)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        print(path)
    plt.close(figure)
