"""Reads what the programs write, also where another tool wrote it again: the one reader of all plots and checks.

What src/sweep/rows/csv.cpp and table.cpp do, by the same files (tests/files/): a byte order mark, carriage returns and rows that
are blank or of commas only are no part of the data, and cells are as a sweep writes them (`True` is `true`, `64.0` of an
integer `64`, `1E-3` `0.001`), so that equal values are equal texts. The programs refuse a few more rows: those that lack a gate
or a `redraw` which their rule or kernel has, as only the lists of components know.
"""

import csv
import math
import os
import re

# The parameters of a point, and what their cells hold; `gate` is a word or a number.
PARAMETERS = {
    "task": "text", "S": "integer", "L": "integer", "replacement": "boolean", "memory": "text", "kernel": "text",
    "key_dim": "integer", "redraw": "text", "scale": "text", "rule": "text", "beta": "gate", "alpha": "gate",
    "normalization": "text", "model": "text", "evaluation": "text", "seed": "integer", "batch": "integer",
    "learning_rate": "number", "max_steps": "integer", "evaluation_every": "integer", "evaluation_sequences": "integer",
    "tolerance": "number", "patience": "integer", "schedule": "text", "warmup": "integer", "improvement": "number",
    "cooldown": "number", "largest_beta": "number", "ridge": "gate",
    # of tasks of tokens and the models that learn them
    "vocabulary": "integer", "pairs": "integer", "train_pairs": "text", "test_pairs": "text", "length": "text",
    "test_length": "text", "fill": "text", "passes": "integer", "power": "number", "reassigned": "number",
    "values_per_key": "integer", "group": "text", "kinds": "text", "entities": "integer", "places": "gate",
    "objects": "gate", "facts": "integer", "questions": "integer", "stories": "integer", "loss": "text", "layers": "integer", "width": "integer", "heads": "integer", "conv": "integer",
    "mlp": "boolean", "tied": "boolean", "embedding": "text", "frozen": "boolean", "target_accuracy": "number",
    "weight_decay": "number", "largest_gradient": "number", "examples": "integer",
    # of task text
    "corpus": "text", "tokens": "text", "segment": "integer", "validation": "text", "evaluation_segments": "integer",
    "smaller_outputs": "boolean", "carry_state": "boolean",
}
# Those that only some memories, tasks or schedules have.
SOME = {"kernel", "redraw", "scale", "rule", "beta", "alpha", "normalization", "patience", "improvement", "cooldown",
        "largest_beta", "ridge", "vocabulary", "pairs", "length", "test_length", "fill", "passes", "power", "reassigned",
        "values_per_key", "group", "train_pairs", "test_pairs", "tied", "kinds", "entities", "places", "objects", "facts", "questions",
        "stories", "loss", "corpus", "tokens", "segment", "validation", "evaluation_segments", "smaller_outputs",
        "carry_state"}
OF_FAST_WEIGHT = {"kernel", "rule", "normalization"}


class InputError(Exception):
    """Input that cannot be used; the message is one line that names the file and what is wrong with it."""


class Row(dict):
    """One line of a CSV file, column name → text, that knows where it stands."""

    def __init__(self, values, place):
        super().__init__(values)
        self.place = place

    def number(self, column, empty_allowed=False):
        """The finite number in a column; None for an empty cell where that is allowed."""
        text = self[column]
        if text == "" and empty_allowed:
            return None
        try:
            value = float(text)
            if math.isfinite(value):
                return value
        except ValueError:
            pass
        raise InputError(f"{self.place}: {column} is '{text}', a finite number is needed")

    def status(self):
        if self["status"] not in ("ok", "diverged", "skipped"):
            raise InputError(f"{self.place}: status is '{self['status']}', not ok, diverged or skipped")
        return self["status"]


def canonical(text, kind):
    """A cell as a sweep writes it; None if it isn't of its kind. Of an unknown column (None), what looks like a number or a
    boolean is one."""
    if text == "" or kind == "text":
        return text
    if text.lower() in ("true", "false"):
        return text.lower() if kind in ("boolean", None) else None
    if re.fullmatch(r"-?[0-9]+", text) and kind != "boolean":
        return str(int(text))
    if kind == "integer" and re.fullmatch(r"[0-9]*S", text):  # L as a multiple of S
        return text
    try:
        value = float(text)
    except ValueError:
        return text if kind in ("gate", None) else None
    if math.isfinite(value) and value == int(value) and abs(value) < 2**53:
        return str(int(value)) if kind != "boolean" else None
    return repr(value) if kind in ("number", "gate", None) else None


def read_csv(path, columns):
    """All rows of a CSV file, which must have the given columns and may have more."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = file.read().split("\n")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a CSV file: {error}") from None
    header, rows = None, []
    for number, line in enumerate(lines, 1):
        place = f"{path}:{number}"
        line = line.removesuffix("\r")
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            raise InputError(f"{place}: quotes don't match: {error}") from None
        if not any(cells):
            continue
        if header is None:
            header = cells
            missing = [column for column in columns if column not in header]
            if missing:
                raise InputError(f"{path}: no column {', '.join(missing)}")
            if len(set(header)) < len(header):
                raise InputError(f"'{path}' has a column twice")
            continue
        if len(cells) != len(header):
            raise InputError(f"{place}: {len(cells)} fields where the header has {len(header)}")
        rows.append(checked(Row(zip(header, cells), place)))
    if header is None:
        raise InputError(f"'{path}' is empty, a header line is needed")
    return rows


def checked(row):
    """The row with its cells canonical and none of a point's parameters missing."""
    for column, cell in row.items():
        kind = PARAMETERS.get(column)
        row[column] = canonical(cell, kind)
        if row[column] is None:
            raise InputError(f"{row.place}: {column} '{cell}' is not of type {kind}")
    needed = PARAMETERS.keys() - SOME | (OF_FAST_WEIGHT if row.get("memory") == "fast_weight" else set())
    for column in row:
        if column in needed and row[column] == "":
            raise InputError(f"{row.place}: {column} is empty")
    return row


def read_rows(path, columns):
    """read_csv of a file that must have a row."""
    rows = read_csv(path, columns)
    if not rows:
        raise InputError(f"{path}: no row")
    return rows


def read_capacities(path, columns, criterion):
    """The rows of one criterion of what `capacity` wrote."""
    rows = read_csv(path, columns)
    chosen = [row for row in rows if row["criterion"] == criterion]
    if not chosen:
        known = ", ".join(sorted({f"'{row['criterion']}'" for row in rows})) or "none"
        raise InputError(f"{path}: no row with criterion '{criterion}'; it has: {known}")
    return chosen


def read_csvs(paths, columns):
    """The rows of several files; one that several hold, equal in every column, counts once."""
    rows = {}
    for path in paths:
        for row in read_csv(path, columns):
            rows.setdefault(tuple(sorted(row.items())), row)
    return list(rows.values())


# --- what a sweep saved of a point -----------------------------------------------------------------------------------

def in_file_name(text):
    """As file_name() of src/sweep/plan/plan.cpp has it."""
    return re.sub(r'[/\\:*?"<>|]', "_", text)


def point_hash(row):
    """What ends the name of a point that would be too long: FNV-1a of its parameters."""
    hash = 0xcbf29ce484222325
    for byte in ",".join(f"{name}={row[name]}" for name in sorted(PARAMETERS) if row.get(name, "")).encode():
        hash = (hash ^ byte) * 0x100000001b3 % 2**64
    return f"{hash:016x}"


def saved_of(row, directory, extension=""):
    """The file or directory that a sweep saved for a row, named NAME=VALUE,NAME=VALUE by what isn't the default: of all
    whose names fit the row, the one that says the most. None if there is none."""
    said = {**row, "hash": point_hash(row)}
    best, most = None, 0
    for name in sorted(os.listdir(directory)):
        if not name.endswith(extension):
            continue
        parts = [part.partition("=") for part in name[:len(name) - len(extension)].split(",")]
        fits = all(equals and in_file_name(said.get(key, "")) == in_file_name(value) for key, equals, value in parts)
        if fits and len(parts) > most:
            best, most = os.path.join(directory, name), len(parts)
    return best
