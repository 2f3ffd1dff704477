#!/usr/bin/python3
"""Draws who answers a query: the coefficient matrix C of one sequence, writes × queries, a panel a point.

An answer is y_n = Σ_t C_tn v_t. The newest write of the key that is asked, which should answer alone, is ringed. Queries
stand in the order in which their newest write stands, so that a memory that recalls all shows rings on a rising line and
nothing else.

Nothing is computed here: the matrices are what `sweep --save-episodes DIR` wrote, of models after training. Rules differ
in what they could learn, too.

Examples:
  plots/coefficients.py rows.csv --episodes episodes --only S=20 --only kernel=elu --out figures
  plots/coefficients.py rows.csv --episodes episodes --only S=20 --only normalization=sum --episode 3 --out figures
"""

import argparse
import os

import style
from style import InputError, plt

try:
    import numpy as np
except ImportError:
    raise SystemExit("error: numpy is missing: apt-get install python3-numpy and run with /usr/bin/python3") from None


MOST = 16  # panels on a page


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="ROWS.csv", help="results of a sweep")
    parser.add_argument("--episodes", required=True, metavar="DIR", help="what its --save-episodes wrote")
    parser.add_argument("--only", action="append", default=[], metavar="NAME=VALUE", help="only rows with this value")
    parser.add_argument("--episode", type=int, default=0, metavar="N", help="number of the sequence (default: 0)")
    style.output_arguments(parser, "coefficients")
    return parser.parse_args()


def chosen(path, only, directory):
    """[(row, its directory)] of the trained rows that are asked for and have one."""
    filters = [text.partition("=") for text in only]
    for name, equals, _ in filters:
        if not equals:
            raise InputError(f"--only '{name}': NAME=VALUE is needed")
    rows = style.read_csv(path, ["status", "S", *(name for name, _, _ in filters)])
    if not os.path.isdir(directory):
        raise InputError(f"{directory}: no such directory")
    wanted = [(name, style.canonical(value, style.PARAMETERS.get(name))) for name, _, value in filters]
    asked = [row for row in rows if row["status"] == "ok" and all(row[name] == value for name, value in wanted)]
    found = [(row, style.saved_of(row, directory)) for row in asked]
    # A rule that isn't linear in the values has no coefficients, and a sweep may have saved only some of its points.
    found = [(row, one) for row, one in found if one and has_coefficients(one)]
    if not found:
        raise InputError(f"{path}: no trained row{' with ' + ', '.join(only) if only else ''} has coefficients in {directory}")
    if len(found) > MOST:
        raise InputError(f"{path}: {len(found)} rows are more than the {MOST} panels of a page; narrow them with --only")
    return found


def has_coefficients(directory):
    return os.path.isdir(directory) and any(name.endswith("_coefficients.npy") for name in os.listdir(directory))


class Sequence:
    """keys: L; queries: N; C: L×N, of n steps a write the sum of their coefficients."""

    def __init__(self, directory, episode):
        def load(what):
            path = os.path.join(directory, f"{episode:03}_{what}.npy")
            try:
                return np.load(path, allow_pickle=False)
            except OSError as error:
                raise InputError(f"{path}: {error.strerror or error}") from None
            except ValueError as error:
                raise InputError(f"{path}: not a .npy array: {error}") from None

        self.keys, self.queries, C = load("keys"), load("queries"), load("coefficients")
        steps = len(C) // max(len(self.keys), 1)
        if C.ndim != 2 or C.shape != (steps * len(self.keys), len(self.queries)) or C.size == 0:
            raise InputError(f"{directory}: coefficients of shape {C.shape} for {len(self.keys)} keys and "
                             f"{len(self.queries)} queries")
        self.C = C.reshape(len(self.keys), steps, len(self.queries)).sum(axis=1)
        newest = {key: t for t, key in enumerate(self.keys)}
        self.newest = [newest.get(key, -1) for key in self.queries]

    def in_order(self):
        order = sorted(range(len(self.queries)), key=lambda n: self.newest[n])
        return self.C[:, order], [self.newest[n] for n in order]


# What can tell two points apart, and how it is said.
TELLING = [("memory", "{}"), ("kernel", "{}"), ("rule", "{}"), ("normalization", "{}"), ("S", "S = {}"), ("L", "L = {}"),
           ("model", "{}"), ("beta", "β {}"), ("seed", "seed {}")]


def titles(rows):
    result = []
    for row in rows:
        words = []
        for column, form in TELLING:
            value = row.get(column, "")
            if value and len({other.get(column, "") for other in rows} - {""}) > 1:
                words.append(form.format(style.title(value) if column == "kernel" else value.replace("_", " ")))
        result.append(", ".join(words) or row.get("rule") or row["memory"])
    return result


def draw(sequences, names):
    across = min(len(sequences), 4)
    down = -(-len(sequences) // across)
    shape = max(len(one.keys) / max(len(one.queries), 1) for one in sequences)
    figure, axes = plt.subplots(down, across, squeeze=False, constrained_layout=True)
    width = (style.PAGE - 0.8) / across
    figure.set_size_inches(style.PAGE, down * (0.45 + min(width * shape, 1.8 * width, 5)))
    for cell in axes.flat[len(sequences):]:
        cell.set_visible(False)
    for i, (cell, one, title) in enumerate(zip(axes.flat, sequences, names)):
        C, newest = one.in_order()
        image = cell.imshow(C, cmap="RdBu_r", vmin=-1, vmax=1, origin="lower", aspect="auto", interpolation="nearest")
        asked = [(n, t) for n, t in enumerate(newest) if t >= 0]
        cell.plot(*zip(*asked), linestyle="none", marker="o", markersize=max(1.6, 60 / len(one.keys)), markeredgewidth=0.4,
                  markerfacecolor="none", markeredgecolor="black")
        cell.set_title(title, fontsize=7)
        if i % across == 0:
            cell.set_ylabel("write t")
        if i + across >= len(sequences):
            cell.set_xlabel("query")
        for side in ("top", "right"):
            cell.spines[side].set_visible(True)
    figure.colorbar(image, ax=list(axes.flat), shrink=0.8, aspect=30, extend="both", label="coefficient")
    return figure


def figures(file, episodes, only=(), episode=0):
    """Name → figure of one sequence, by its number, of the rows with these NAME=VALUE whose episodes a sweep saved."""
    if episode < 0:
        raise InputError(f"--episode {episode}: allowed are numbers from 0")
    found = chosen(file, only, episodes)
    sequences = [Sequence(directory, episode) for _, directory in found]
    style.use()
    return {"coefficients": draw(sequences, titles([row for row, _ in found]))}


def main():
    options = arguments()
    style.save_all(figures(options.file, options.episodes, options.only, options.episode), options)


if __name__ == "__main__":
    style.run(main)
