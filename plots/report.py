#!/usr/bin/python3
"""Makes one page of results: an answer in one table, figures, tables that sort, and how every number was made.

The page is a single file that needs no network. Its sections are listed in plots/sections.py; of a section that the directories
have no file of it says that it was not run. With --beside, what the first directories hold is set beside the same of others:
results/card, the quick forms of all memories.

Nothing is measured here: numbers are columns of the files (results/README.md), or a mean over seeds, or a quotient of two
columns. Equal files give equal bytes.

Examples:
  plots/report.py results/run/card/delta_elu_sum --beside results/card --out card.html
  plots/report.py results/run --out report.html --latex answer.tex --pdf figures
  plots/report.py --out results/index.html
"""

import argparse
import contextlib
import csv
import glob
import math
import os
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as xml
from collections import Counter, defaultdict
from dataclasses import dataclass

import inline
import style
from sections import SECTIONS
from style import InputError, PARAMETERS, plt

try:
    import jinja2
except ImportError:
    print("error: jinja2 is missing: apt-get install python3-jinja2 and run with /usr/bin/python3", file=sys.stderr)
    sys.exit(2)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
KINDS = ("", ".capacity", ".timings", ".slices")
TABLES = ("", ".capacity")
NAME = ("memory", "kernel", "rule", "normalization", "redraw", "scale")
PLAIN = {"redraw": "fixed", "scale": "none"}  # not said of a memory
MOST_LINES = 200  # of a table; of more, the page names the file
LARGEST = 3 * 2**20  # bytes of a page


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="*", metavar="DIR",
                        help="holds results: NAME.csv with what stands beside it (default: the committed results, all but results/card)")
    parser.add_argument("--beside", metavar="DIR", help="results of other memories, to set these beside")
    parser.add_argument("--title", help="of the page (default: the memory, or 'Results')")
    parser.add_argument("--out", required=True, metavar="FILE.html", help="the page; replaced at once, or left as it was")
    parser.add_argument("--pdf", metavar="DIR", help="writes every figure as DIR/NAME.pdf, too")
    parser.add_argument("--latex", metavar="FILE.tex", help="writes the answer as a table for LaTeX, too")
    parser.add_argument("--markdown", metavar="FILE.md", help="writes the answer as a table in Markdown, too")
    options = parser.parse_args()
    options.directories = options.directories or committed()
    return options


def committed():
    """The directories of results/ that are neither short forms, nor others' numbers, nor what runs write."""
    names = sorted(set(os.listdir(os.path.join(ROOT, "results"))) - {"card", "reference", "run"})
    directories = [os.path.join(ROOT, "results", name) for name in names]
    return [directory for directory in directories if os.path.isdir(directory)]


# --- files -----------------------------------------------------------------------------------------------------------

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
        return sorted(glob.glob(os.path.join(glob.escape(directory), section.files))) if kind == "" else []
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
    def point(row):
        return tuple(row.get(column, "") for column in PARAMETERS)

    seconds = {point(row): row.number("seconds") for timing in timings for row in timing.rows}
    for row in file.rows:
        steps = row.number("steps", True) if row.get("steps") else None
        row["ms_per_step"] = f"{1000 * seconds[point(row)] / steps:.6g}" if steps and point(row) in seconds else ""


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


# --- memories --------------------------------------------------------------------------------------------------------

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


# --- tables ----------------------------------------------------------------------------------------------------------

@dataclass
class Cell:
    text: str
    sort: str = ""   # by which it sorts; of a text that itself
    href: str = ""   # its provenance
    place: str = ""  # its row
    rank: int = 0


@dataclass
class Line:
    cells: list
    own: bool
    anchor: str = ""


@dataclass
class Table:
    heads: list
    lines: list


def short(text):
    """A number as it is shown, of three digits behind zeros; other text as it is."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if abs(value) >= 100:
        return f"{value:.1f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def cell(row, column, made):
    text = row.get(column, "")
    try:
        sort = repr(float(text)) if math.isfinite(float(text)) else ""
    except ValueError:
        sort = text
    shown = short(text).replace("_", " ")
    if column == "capacity" and row.get("censored") in ("above", "both"):
        shown = "≥ " + shown
    path, _, line = row.place.rpartition(":")
    return Cell(shown, sort, made(row), f"{Page.named(path)}, line {line}")


def table_of(section, files, own, made):
    """All rows of the section's file, those of own memories first; a column that none of them has is left out."""
    rows = [(row, file.own and memory_of(row) in own) for file in files for row in file.rows
            if (file.own or memory_of(row) not in own)
            and (not section.criterion or section.kind != ".capacity" or row["criterion"] == section.criterion)]
    if section.traces:  # the last of each trace
        rows = [(row, own) for i, (row, own) in enumerate(rows)
                if i + 1 == len(rows) or rows[i + 1][0].number("t") <= row.number("t")]
    columns = [(column, head) for column, head in section.columns if any(row.get(column) for row, _ in rows)]
    lines = [Line([Cell(memory_title(memory_of(row)), memory_title(memory_of(row)))]
                  + [cell(row, column, made) for column, _ in columns], own) for row, own in rows]
    lines.sort(key=lambda line: not line.own)
    return Table(["memory", *(head for _, head in columns)], lines) if columns and len(lines) <= MOST_LINES else None


def answers_of(found, which):
    """[(answer, memory → (value, row))] of the answers or costs that some memory has."""
    result = []
    for section in SECTIONS:
        for answer in getattr(section, which):
            values = defaultdict(list)
            for file in sorted(found.get((section.name, answer.kind), []), key=lambda file: not file.own):
                for row in file.rows:
                    asked = not section.criterion or answer.kind != ".capacity" or row["criterion"] == section.criterion
                    if (asked and row.get("status", "ok") == "ok" and row.get(answer.column)
                            and all(row[column] == value for column, value in answer.where)):
                        values[memory_of(row), file.own].append(row)
            best = {}
            for (memory, own), rows in values.items():
                if own or (memory, True) not in values:
                    best[memory] = best_of(answer, rows)
            if best:
                result.append((answer, best))
    return result


def best_of(answer, rows):
    """(value, a row): mean over seeds, of several settings the best."""
    settings = defaultdict(list)
    for row in rows:
        settings[tuple(row.get(column, "") for column in PARAMETERS if column != "seed")].append(row)
    means = [(math.fsum(row.number(answer.column) for row in some) / len(some), some[0]) for some in settings.values()]
    return (min if answer.least else max)(means, key=lambda mean: mean[0])


def answer_table(found, own, made, which="answers"):
    """One line per memory, this page's first; the rank of each among all that have the number."""
    answers = answers_of(found, which)
    if not answers:
        return None
    # Memories that only some sections know would make a table of holes: those count that the first answer has.
    memories = [memory for memory in answers[0][1]] if not own else list(dict.fromkeys(m for _, best in answers for m in best))
    lines = []
    for memory in memories:
        cells = [Cell(memory_title(memory), memory_title(memory))]
        for answer, best in answers:
            if memory not in best:
                cells.append(Cell("–"))
                continue
            value, row = best[memory]
            others = [other for name, (other, _) in best.items() if name in memories]
            one = cell(row, answer.column, made)
            one.sort, one.text = repr(value), one.text if row[answer.column] == repr(value) else short(repr(value))
            if answer.column == "capacity" and row.get("censored") in ("above", "both") and not one.text.startswith("≥"):
                one.text = "≥ " + one.text
            one.rank = 0 if len(others) < 2 else 1 + sum(other < value if answer.least else other > value for other in others)
            cells.append(one)
        lines.append(Line(cells, memory in own))
    lines.sort(key=lambda line: (not line.own, line.cells[1].rank or math.inf, line.cells[0].text))
    return Table(["memory", *(answer.head for answer, _ in answers)], lines)


def repeated(found):
    """What own rows say whose points others have too: a regression check. [(section, equal, [(row, column, theirs, ours)])]."""
    result = []
    for section in SECTIONS:
        files = found.get((section.name, ""), [])
        if section.files or not any("status" in row for file in files for row in file.rows):
            continue
        def point(row):
            return tuple(row.get(column, "") for column in PARAMETERS)
        theirs = {point(row): row for file in files if not file.own for row in file.rows}
        pairs = [(row, theirs[point(row)]) for file in files if file.own for row in file.rows if point(row) in theirs]
        differing = []
        for row, other in pairs:
            column = next((column for column in row if column != "ms_per_step" and row[column] != other[column]), None)
            if column:
                column = next((name for name in ("final_loss", "accuracy") if row.get(name, "") != other.get(name, "")), column)
                differing.append((row, column, other))
        if pairs:
            result.append((section, len(pairs), differing))
    return result


# --- figures ---------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def files_to_draw(section, found):
    """kind → paths. Where rows of others stand beside own ones, the drawn ones of them are in one file with these."""
    kinds = {kind: found[section.name, kind] for kind in KINDS if (section.name, kind) in found}
    if all(file.own for files in kinds.values() for file in files):
        yield {kind: [file.path for file in files] for kind, files in kinds.items()}
        return
    drawn = drawn_beside()
    with tempfile.TemporaryDirectory() as directory:
        paths = {}
        for kind, files in kinds.items():
            own = {memory_of(row) for file in files if file.own for row in file.rows}
            header = [column for column in files[0].rows[0] if column != "ms_per_step"]
            rows = [row for file in files for row in file.rows
                    if file.own or (memory_of(row)[:4] in drawn and memory_of(row) not in own)]
            if rows:
                paths[kind] = [os.path.join(directory, section.name + kind + ".csv")]
                with open(paths[kind][0], "w", newline="", encoding="utf-8") as file:
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(header)
                    writer.writerows([row[column] for column in header] for row in rows)
        yield paths


def draw(section, found):
    """(name → figure, a sentence that says why there is none)."""
    if not section.draw:
        return {}, ""
    try:
        with files_to_draw(section, found) as files:
            return section.draw(files), ""
    except InputError as error:
        plt.close("all")  # those of the section that could be drawn
        return {}, f"No figure: {str(error).rpartition(': ')[2]}."
    except KeyError as error:
        return {}, f"No figure: there is no {section.name}{error.args[0]}.csv."
    except ImportError:
        return {}, "No figure: this version doesn't draw them."


# --- the page --------------------------------------------------------------------------------------------------------

def gates_of(directories):
    """[(name, whether it passed, words)] of the gates.xml that `check` wrote."""
    gates = []
    for directory in directories:
        path = os.path.join(directory, "gates.xml")
        if not os.path.exists(path):
            continue
        try:
            cases = list(xml.parse(path).getroot().iter("testcase"))
        except (OSError, xml.ParseError) as error:
            raise InputError(f"{path}: not what check wrote: {error}") from None
        for case in cases:
            failure = case.find("failure")
            words = (failure.get("message") or failure.text or "").strip() if failure is not None else ""
            gates.append((case.get("name"), failure is None, words, path))
    return gates


def citation():
    """CITATION.cff as BibTeX; the file is of plain `key: value` lines."""
    said, authors = {}, []
    with open(os.path.join(ROOT, "CITATION.cff"), encoding="utf-8") as file:
        for line in file:
            key, colon, value = line.strip().removeprefix("- ").partition(": ")
            if colon and key == "name":
                authors.append(value.strip('"'))
            elif colon:
                said[key] = value.strip('"')
    fields = {"title": f"{{{said['title']}}}", "author": "{" + " and ".join(f"{{{name}}}" for name in authors) + "}",
              "year": f"{{{said['date-released'][:4]}}}", "version": f"{{{said['version']}}}", "note": f"{{{said['license']} licence}}"}
    return "@software{palimpsest,\n" + ",\n".join(f"  {key} = {value}" for key, value in fields.items()) + "\n}"


class Page:
    """Everything that the template shows."""

    def __init__(self, options):
        self.options = options
        directories = options.directories + ([options.beside] if options.beside else [])
        self.found = read_all(options.directories, options.beside)
        self.states = {}
        for directory in options.directories:
            path = os.path.join(directory, "card.toml")
            if os.path.exists(path):
                self.states.update(read_toml(path).get("section", {}))
        own = {memory_of(row) for files in self.found.values() for file in files if file.own for row in file.rows}
        self.own = own if options.beside or len(own) == 1 else set()
        self.made, self.sheet, self.pdfs = {}, inline.Sheet(), {}
        self.answer = answer_table(self.found, self.own, self.anchor_of)
        self.costs = answer_table(self.found, self.own, self.anchor_of, "costs")
        self.gates = gates_of(directories)
        self.repeated = repeated(self.found) if options.beside else []
        self.sections = [self.section(section) for section in SECTIONS
                         if section.in_card or any((section.name, kind) in self.found for kind in KINDS)]

    def anchor_of(self, row):
        return "#" + self.made.setdefault(row.place.rpartition(":")[0], f"made-{len(self.made) + 1}")

    def section(self, section):
        files = self.found.get((section.name, section.kind), [])
        state = self.states.get(section.name, {})
        shown = {"name": section.name, "title": section.title, "tells": section.tells, "table": None, "figures": [],
                 "state": state.get("state", "done" if files else "not run"), "why": state.get("why", ""), "note": "", "files": []}
        if not any((section.name, kind) in self.found for kind in KINDS):
            shown["state"] = "not run" if shown["state"] == "done" else shown["state"]
            return shown
        shown["files"] = [(self.named(file.path), self.link(file.path), len(file.rows)) for file in files]
        if files:
            shown["table"] = table_of(section, files, self.own, self.anchor_of)
        figures, shown["note"] = draw(section, self.found)
        for name, figure in figures.items():
            svg = style.content_of(figure, "svg").decode()
            if self.options.pdf:
                self.pdfs[name] = style.content_of(figure, "pdf")
            plt.close(figure)
            words = f"{section.title}: {name.replace('_', ' ')}"
            shown["figures"].append((name, self.sheet.add(svg, words)))
        for some in (self.found.get((section.name, kind), []) for kind in TABLES):
            for file in some:
                self.anchor_of(file.rows[0])
        return shown

    def sources(self):
        """How each file was made, by its anchor."""
        files = {file.path: file for some in self.found.values() for file in some}
        for path, anchor in self.made.items():
            file = files[path]
            provenance = file.provenance
            yield {"anchor": anchor, "path": self.named(path), "link": self.link(path), "rows": len(file.rows),
                   "runs": provenance.get("run", [])}

    def link(self, path):
        return os.path.relpath(path, os.path.dirname(os.path.abspath(self.options.out)))

    @staticmethod
    def named(path):
        """A file as the page calls it: from the root of the project, or by its name."""
        below = os.path.commonpath([os.path.abspath(path), ROOT]) == ROOT
        return os.path.relpath(path, ROOT) if below else os.path.basename(path)

    @property
    def title(self):
        if self.options.title:
            return self.options.title
        names = sorted(memory_title(memory) for memory in self.own)
        return names[0] if len(names) == 1 else "Results"

    def html(self):
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True,
                                         lstrip_blocks=True, undefined=jinja2.StrictUndefined)
        index = os.path.join(ROOT, "results", "index.html")
        return environment.get_template("report.html.j2").render(
            page=self, title=self.title, citation=citation(), definitions=self.sheet.definitions(),
            full=self.link(index) if self.options.beside and os.path.exists(index) else "")


# --- for papers ------------------------------------------------------------------------------------------------------

LATEX = {"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "≥ ": r"$\geq$\,", "–": "--"}


def latex(table):
    def said(text):
        for character, form in LATEX.items():
            text = text.replace(character, form)
        return text

    lines = [" & ".join(said(one.text) for one in line.cells) + r" \\" for line in table.lines]
    return "\n".join([r"% needs \usepackage{booktabs}", r"\begin{tabular}{l" + "r" * (len(table.heads) - 1) + "}", r"\toprule",
                      " & ".join(said(head) for head in table.heads) + r" \\", r"\midrule", *lines, r"\bottomrule",
                      r"\end{tabular}"]) + "\n"


def markdown(table):
    rows = [table.heads, ["---"] + ["---:"] * (len(table.heads) - 1), *([one.text for one in line.cells] for line in table.lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write(path, content):
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        style.write_file(path, content)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    print(path)


def main():
    options = arguments()
    page = Page(options)
    content = page.html().encode()
    if len(content) > LARGEST:
        raise InputError(f"{options.out}: the page would have {len(content)} bytes, more than {LARGEST}; give fewer directories")
    if (options.latex or options.markdown) and not page.answer:
        raise InputError(f"{', '.join(options.directories)}: no answer to make a table of")
    outputs = {options.out: content}  # all of them before the first is written
    if options.latex:
        outputs[options.latex] = latex(page.answer).encode()
    if options.markdown:
        outputs[options.markdown] = markdown(page.answer).encode()
    if options.pdf:
        outputs |= {os.path.join(options.pdf, name + ".pdf"): content for name, content in page.pdfs.items()}
    for path, bytes in outputs.items():
        write(path, bytes)


if __name__ == "__main__":
    style.run(main)
