"""The files that a page of results is made of: which there are, what they hold, and of which memories."""

import glob
import os
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass

import style
from sections import SECTIONS
from style import InputError, PARAMETERS

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KINDS = ("", ".capacity", ".timings", ".slices")
TABLES = ("", ".capacity")
NAME = ("memory", "kernel", "rule", "normalization", "redraw", "scale")
PLAIN = {"redraw": "fixed", "scale": "none"}  # not said of a memory


def committed():
    """The directories of results/ that are neither short forms, nor others' numbers, nor what runs write."""
    names = sorted(set(os.listdir(os.path.join(ROOT, "results"))) - {"card", "reference", "run"})
    directories = [os.path.join(ROOT, "results", name) for name in names]
    return [directory for directory in directories if os.path.isdir(directory)]


def named(path):
    """A file as a page calls it: from the root of the project, or by its name."""
    below = os.path.commonpath([os.path.abspath(path), ROOT]) == ROOT
    return os.path.relpath(path, ROOT) if below else os.path.basename(path)


def point_of(row):
    """What tells a row from the others of its file."""
    return tuple(row.get(column, "") for column in PARAMETERS)


@dataclass
class File:
    path: str
    rows: list
    own: bool  # of the memories that the page is about

    @property
    def provenance(self):
        """What runs worked on it: a dictionary, empty of a file that has none beside it."""
        name = self.path.removesuffix(".csv")
        for kind in KINDS[1:]:
            name = name.removesuffix(kind)
        path = name + ".provenance.toml"
        return read_toml(path) if os.path.exists(path) else {}


def read_toml(path):
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}") from None


def needed(section, kind):
    """Columns that a file of the section must have."""
    names = [column for column, _ in section.columns] if kind == section.kind else []
    names += [name for answer in (*section.answers, *section.costs) if answer.kind == kind
              for name in (answer.column, *(column for column, _ in answer.where))]
    made_here = ("ms_per_step",)
    memory = () if section.traces else ("memory",)
    return list(dict.fromkeys(name for name in [*memory, "kernel", "rule", "normalization", *names] if name not in made_here))


def paths_of(section, directory, kind):
    if section.files:
        found = [path for pattern in section.files.split() for path in
                 sorted(glob.glob(os.path.join(glob.escape(directory), pattern)))]
        return found if kind == "" else []
    path = os.path.join(directory, section.name + kind + ".csv")
    return [path] if os.path.exists(path) else []


def read_directory(directory, own):
    """(section's name, kind) → files; at least one, of rows."""
    if not os.path.isdir(directory):
        raise InputError(f"{directory}: " + ("not a directory" if os.path.exists(directory) else "no such directory"))
    found = {}
    for section in SECTIONS:
        for kind in KINDS:
            columns = needed(section, kind) if kind in TABLES and (section.columns or section.answers) else []
            files = [File(path, style.read_csv(path, columns), own) for path in paths_of(section, directory, kind)]
            if any(file.rows for file in files):
                found[section.name, kind] = [file for file in files if file.rows]
    if not found and not os.path.exists(os.path.join(directory, "gates.xml")):
        raise InputError(f"{directory}: holds no results that a page knows ({SECTIONS[0].name}.csv, {SECTIONS[1].name}.csv, …)")
    for (name, kind), files in found.items():
        if kind == "":
            for file in files:
                add_cost(file, found.get((name, ".timings"), []))
    return found


def add_cost(file, timings):
    """Sets `ms_per_step` of rows that have a time: a quotient of two columns."""
    seconds = {point_of(row): row.number("seconds") for timing in timings for row in timing.rows}
    for row in file.rows:
        steps = row.number("steps", True) if row.get("steps") else None
        row["ms_per_step"] = f"{1000 * seconds[point_of(row)] / steps:.6g}" if steps and point_of(row) in seconds else ""


def read_all(directories, beside):
    """(section's name, kind) → files of all directories. A name that several of them have is an error, but for one beside."""
    found = defaultdict(list)
    for directory in directories:
        for key, files in read_directory(directory, True).items():
            if found[key]:
                raise InputError(f"{files[0].path}: {found[key][0].path} has the same name; make a page of each")
            found[key] += files
    if beside:
        for key, files in read_directory(beside, False).items():
            for own in found.get(key, []):
                if list(own.rows[0]) != list(files[0].rows[0]):
                    raise InputError(f"{own.path}: has other columns than {files[0].path}; one of them is of another version")
            found[key] += files
    statuses = Counter(row["status"] for (_, kind), files in found.items() for file in files for row in file.rows
                       if file.own and kind == "" and row.get("status"))
    if statuses and not statuses["ok"]:
        words = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
        raise InputError(f"{', '.join(directories)}: no point ended ok ({words})")
    return found


def memory_of(row):
    """What a memory is made of, as all files say it."""
    parts = {column: row.get(column, "") for column in NAME}
    parts["memory"] = parts["memory"] or "fast_weight"
    return tuple("" if PLAIN.get(column) == value else value for column, value in parts.items())


def memory_title(memory):
    said = dict(zip(NAME, memory))
    if not said["kernel"]:
        return style.title(said["memory"])
    words = [style.title(said["kernel"]), style.title(said["rule"]),
             "no normalisation" if said["normalization"] == "none" else said["normalization"].replace("_", " ")]
    return ", ".join(words + [f"{column} {said[column]}".replace("_", " ") for column in PLAIN if said[column]])


def drawn_beside():
    """The memories of others that stand in figures."""
    listed = read_toml(os.path.join(ROOT, "bench", "card.toml"))["memory"]
    return {memory_of(memory)[:4] for memory in listed if memory.get("drawn")}
