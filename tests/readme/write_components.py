#!/usr/bin/python3
"""Does in a copy of the tree what README says to do for a kernel and a rule of one's own.

    write_components.py README ROOT

Each C++ block is written to the header that the text before it names last, and each sentence "Add `#include "HEADER"` and `TYPE` to
`LIST`" is followed. Prints the headers written; that there is none is an error.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"`(include/palimpsest/[\w/]+\.hpp)`")
ADD = re.compile(r'Add `(#include "[^"]+")` and `(\w+<T>)` to\s`([^`]+)`')


def headers(text):
    """(header, what it holds) of each block."""
    for block in BLOCK.finditer(text):
        yield HEADER.findall(text[:block.start()])[-1], block[1]


def added(text, include, name):
    """A list of components with one more at its end."""
    last = [match.end() for match in re.finditer(r'^#include "[^"]+"$', text, re.MULTILINE)][-1]
    text = text[:last] + "\n" + include + text[last:]
    text, count = re.subn(r"(=\s*TypeList<[^;]*)>;", rf"\1, {name}>;", text, count=1)
    if count != 1:
        sys.exit(f"no list to add {name} to")
    return text


def main():
    readme, root = Path(sys.argv[1]).read_text(encoding="utf-8"), Path(sys.argv[2])
    written = list(headers(readme))
    lists = ADD.findall(readme)
    if len(written) < 2 or len(lists) != len(written):
        sys.exit(f"README has {len(written)} headers and adds {len(lists)} to lists: a kernel and a rule are expected")
    for header, text in written:
        (root / header).write_text(text, encoding="utf-8")
        print(header)
    for include, name, path in lists:
        file = root / path
        file.write_text(added(file.read_text(encoding="utf-8"), include, name), encoding="utf-8")


if __name__ == "__main__":
    main()
