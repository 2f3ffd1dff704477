"""Tables of a page of results: of each section, of the answers of all of them, and of what a memory says again.

Nothing is measured here: numbers are columns of the files, or means over seeds.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

import style
from result_files import memory_of, memory_title, named, point_of
from sections import SECTIONS
from style import PARAMETERS

MOST_LINES = 200  # of a table; of more, the page names the file


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
    return Cell(shown, sort, made(row), f"{named(path)}, line {line}")


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


def answers_of(found, which, own_memories):
    """[(answer, memory → (value, row))] of the answers or costs that some memory has. What own memories lack isn't taken from
    others' files of them."""
    result = []
    for section in SECTIONS:
        for answer in getattr(section, which):
            values, lost = defaultdict(list), defaultdict(int)
            for file in sorted(found.get((section.name, answer.kind), []), key=lambda file: not file.own):
                for row in file.rows:
                    asked = not section.criterion or answer.kind != ".capacity" or row["criterion"] == section.criterion
                    if not asked or not all(row[column] == value for column, value in answer.where):
                        continue
                    if row.get("status") == "diverged":
                        lost[setting_of(row)] += 1
                    elif row.get("status", "ok") == "ok" and row.get(answer.column):
                        values[memory_of(row), file.own].append(row)
            best = {}
            for (memory, own), rows in values.items():
                if own or memory not in own_memories:
                    best[memory] = best_of(answer, rows, lost)
            if best:
                result.append((answer, best))
    return result


def setting_of(row):
    return tuple(row.get(column, "") for column in PARAMETERS if column != "seed")


def best_of(answer, rows, lost):
    """(value, a row): mean over seeds, of several settings the best; `lost` seeds of a setting diverged, and fewer of them are better."""
    settings = defaultdict(list)
    for row in rows:
        settings[setting_of(row)].append(row)
    means = [(math.fsum(row.number(answer.column) for row in some) / len(some), some[0], lost[setting])
             for setting, some in settings.items()]
    return min(means, key=lambda mean: (mean[2], mean[0] if answer.least else -mean[0]))[:2]


def answer_table(found, own, made, which="answers"):
    """One line per memory, this page's first; the rank of each among all that have the number."""
    answers = answers_of(found, which, own)
    if not answers:
        return None
    memories = list(dict.fromkeys(memory for answer, best in answers for memory in (best if own else shown_of(answer, best, answers))))
    lines = []
    for memory in memories:
        cells = [Cell(memory_title(memory), memory_title(memory))]
        for answer, best in answers:
            if memory not in best:
                cells.append(Cell("–"))
                continue
            value, row = best[memory]
            others = [other for other, _ in best.values()]
            one = cell(row, answer.column, made)
            one.sort, one.text = repr(value), one.text if row[answer.column] == repr(value) else short(repr(value))
            if answer.column == "capacity" and row.get("censored") in ("above", "both") and not one.text.startswith("≥"):
                one.text = "≥ " + one.text
            one.rank = 0 if len(others) < 2 else 1 + sum(other < value if answer.least else other > value for other in others)
            cells.append(one)
        lines.append(Line(cells, memory in own))
    lines.sort(key=lambda line: (not line.own, line.cells[1].rank or math.inf, line.cells[0].text))
    return Table(["memory", *(answer.head for answer, _ in answers)], lines)


def shown_of(answer, best, answers):
    """All memories of the first answer, and the best three of each other: those of all would make a table of holes."""
    if answer is answers[0][0]:
        return list(best)
    return sorted(best, key=lambda memory: (best[memory][0] if answer.least else -best[memory][0], memory))[:3]


def repeated(found):
    """What own rows say whose points others have too: a regression check. [(section, equal, [(row, column, theirs, ours)])]; of a
    memory that is among the others without a point in common, 0 equal ones."""
    result = []
    for section in SECTIONS:
        files = found.get((section.name, ""), [])
        if section.files or not any("status" in row for file in files for row in file.rows):
            continue
        theirs = {point_of(row): row for file in files if not file.own for row in file.rows}
        pairs = [(row, theirs[point_of(row)]) for file in files if file.own for row in file.rows if point_of(row) in theirs]
        differing = []
        for row, other in pairs:
            column = next((column for column in row if column != "ms_per_step" and row[column] != other[column]), None)
            if column:
                column = next((name for name in ("final_loss", "accuracy") if row.get(name, "") != other.get(name, "")), column)
                differing.append((row, column, other))
        known = {memory_of(row) for row in theirs.values()}
        if pairs or any(memory_of(row) in known for file in files if file.own for row in file.rows):
            result.append((section, len(pairs), differing))
    return result
