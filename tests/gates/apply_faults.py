#!/usr/bin/python3
"""Writes headers with faults into a directory that comes first on a mutant's include path.

    apply_faults.py ROOT DIRECTORY PATCH…

A patch is a unified diff of headers in ROOT/include/, without line numbers: a sentence, `--- include/HEADER`,
`+++ include/HEADER`, then hunks that begin with @@. What a hunk takes away must be there exactly once. It is compared
token by token, so that a formatter may break lines and move blanks as it likes.
"""

import re
import sys
from pathlib import Path

TOKEN = re.compile(r"\w+|[^\w\s]")


def hunks(text):
    """(header, what it takes away, what it puts there) for each hunk."""
    header, old, new, found = None, [], [], []
    for line in [*text.splitlines(), "@@"]:
        if line.startswith("--- "):
            header = line[4:].strip()
        elif line.startswith("@@"):
            if old:
                found.append((header, "\n".join(old), "\n".join(new)))
            old, new = [], []
        elif header and not line.startswith("+++ "):
            if line[:1] != "+":
                old.append(line[1:])
            if line[:1] != "-":
                new.append(line[1:])
    return found


def replace(text, old, new):
    """The text with `old` replaced, and how often it was there; unchanged if that isn't once."""
    tokens = list(TOKEN.finditer(text))
    words, wanted = [t[0] for t in tokens], TOKEN.findall(old)
    places = [i for i in range(len(words) - len(wanted) + 1) if words[i : i + len(wanted)] == wanted]
    if len(places) != 1:
        return text, len(places)
    first, last = tokens[places[0]], tokens[places[0] + len(wanted) - 1]
    return text[: first.start()] + new + text[last.end() :], 1


def faulty_headers(root, patches):
    """The text of each header that the patches change, by its path."""
    headers = {}
    for patch in patches:
        found = hunks(patch.read_text(encoding="utf-8"))
        if not found:
            sys.exit(f"fault {patch.stem}: {patch} has no hunk that takes something away")
        for header, old, new in found:
            text = headers.get(header) or (root / header).read_text(encoding="utf-8")
            headers[header], count = replace(text, old, new)
            if count != 1:
                sys.exit(f"fault {patch.stem}: '{old}' must be in {header} once and is there {count} times; adapt {patch}")
    return headers


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    root, directory, *patches = map(Path, arguments)
    for header, text in faulty_headers(root, patches).items():
        file = directory / Path(header).relative_to("include")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
