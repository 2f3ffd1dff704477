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
import os
import sys
import tempfile
import xml.etree.ElementTree as xml

import inline
import style
from result_files import KINDS, ROOT, TABLES, committed, drawn_beside, memory_of, memory_title, named, read_all, read_toml
from result_tables import answer_table, repeated, table_of
from sections import SECTIONS
from style import InputError, plt

try:
    import jinja2
except ImportError:
    print("error: jinja2 is missing: apt-get install python3-jinja2 and run with /usr/bin/python3", file=sys.stderr)
    sys.exit(2)

LARGEST = 3 * 2**20  # bytes of a page


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="*", metavar="DIR",
                        help="holds results: NAME.csv with what stands beside it (default: the committed results)")
    parser.add_argument("--beside", metavar="DIR", help="results of other memories, to set these beside")
    parser.add_argument("--title", help="of the page (default: the memory, or 'Results')")
    parser.add_argument("--out", required=True, metavar="FILE.html", help="the page; replaced at once, or left as it was")
    parser.add_argument("--pdf", metavar="DIR", help="writes every figure as DIR/NAME.pdf, too")
    parser.add_argument("--latex", metavar="FILE.tex", help="writes the answer as a table for LaTeX, too")
    parser.add_argument("--markdown", metavar="FILE.md", help="writes the answer as a table in Markdown, too")
    options = parser.parse_args()
    options.directories = options.directories or committed()
    return options


# --- figures ---------------------------------------------------------------------------------------------------------

class NoFile(Exception):
    """Of a kind that a section has no file of."""


class Paths(dict):
    def __missing__(self, kind):
        raise NoFile(kind)


@contextlib.contextmanager
def files_to_draw(section, found):
    """kind → paths. Where rows of others stand beside own ones, the drawn ones of them are in one file with these."""
    kinds = {kind: found[section.name, kind] for kind in KINDS if (section.name, kind) in found}
    if all(file.own for files in kinds.values() for file in files):
        yield Paths({kind: [file.path for file in files] for kind, files in kinds.items()})
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
        yield Paths(paths)


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
    except NoFile as error:
        return {}, f"No figure: there is no {section.name}{error}.csv."
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
        self.gates = gates_of(options.directories)
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
        if shown["state"] == "done" and not any(file.own for kind in KINDS for file in self.found.get((section.name, kind), [])):
            shown["state"] = "not run"
        if not any((section.name, kind) in self.found for kind in KINDS):
            return shown
        shown["files"] = [(named(file.path), self.link(file.path), len(file.rows)) for file in files]
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
            yield {"anchor": anchor, "path": named(path), "link": self.link(path), "rows": len(file.rows),
                   "runs": provenance.get("run", [])}

    def link(self, path):
        return os.path.relpath(path, os.path.dirname(os.path.abspath(self.options.out)))

    @property
    def title(self):
        if self.options.title:
            return self.options.title
        names = sorted(memory_title(memory) for memory in self.own)
        return names[0] if len(names) == 1 else "Results"

    def html(self):
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(os.path.join(ROOT, "plots")), autoescape=True, trim_blocks=True,
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
