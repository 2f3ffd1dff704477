#!/usr/bin/python3
"""Arrows run one way: core ← kernel, rule, normalization ← engine ← memory ← pair, layer ← train ← sweep ← trace ← bench.

A header in include/palimpsest/LAYER/ includes its own layer and the layers listed for it below, nothing else of ours.
Siblings (kernel, rule, normalization, task; pair, layer) never include each other; task and theory know core only, and of what is
below train only pair knows task. Whoever calls fmt::join includes <fmt/ranges.h>, where it is from fmt 11 on.

    check_includes.py [ROOT]       checks a tree (default: the one this script is in); exit 1 and one line a violation
    check_includes.py --self-test  proves that violations are found
"""

import re
import sys
import tempfile
from pathlib import Path

PARTS = {"core", "kernel", "rule", "normalization"}
TRAINED = PARTS | {"engine", "memory", "task", "pair", "layer", "theory"}
ALLOWED = {
    "core": set(),
    "kernel": {"core"},
    "rule": {"core"},
    "engine": {"core", "rule"},
    "normalization": {"core"},
    "task": {"core"},
    "theory": {"core"},
    "memory": PARTS | {"engine"},
    "pair": PARTS | {"engine", "memory", "task"},
    "layer": PARTS | {"engine", "memory"},
    "train": TRAINED,
    "sweep": TRAINED | {"train"},
    "trace": TRAINED | {"train", "sweep"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path, headers):
    """`kernel` for include/palimpsest/kernel/elu.hpp; None for a file outside, '' for one in no layer."""
    try:
        parts = path.relative_to(headers).parts
    except ValueError:
        return None
    return parts[0] if len(parts) > 1 else ""


def violations(root):
    root = Path(root).resolve()
    include = root / "include"
    headers = include / "palimpsest"
    files = sorted(headers.rglob("*.[ch]pp"))
    # The library's sources in a folder named like a layer keep that layer's rule; other sources may include any layer.
    files += sorted(p for layer in ALLOWED for p in (root / "src" / layer).rglob("*.[ch]pp"))
    for file in files:
        own = layer_of(file, headers)
        if own is None:
            own = layer_of(file, root / "src")
        where = file.relative_to(root)
        if own and own not in ALLOWED:
            yield f"{where}: '{own}' is no layer; known: {', '.join(ALLOWED)}"
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match[2]
            beside = (file.parent / name).resolve()
            is_beside = match[1] == '"' and (name.startswith(".") or beside.exists())
            target = beside if is_beside else (include / name).resolve()
            if target.is_relative_to(root) and not target.is_relative_to(include) and target.exists():
                yield f"{where}:{number}: includes {target.relative_to(root)}, which is not installed"
                continue
            layer = layer_of(target, headers)
            if layer is None or layer == own or not own:
                continue
            if layer not in ALLOWED[own]:
                allowed = ", ".join(sorted(ALLOWED[own] | {own}))
                yield f"{where}:{number}: {own} includes {name}; allowed: {allowed}"


def missing_ranges(root):
    root = Path(root).resolve()
    for folder in ("include", "src", "bench", "tests"):
        for file in sorted((root / folder).rglob("*.[ch]pp")):
            text = file.read_text(encoding="utf-8")
            if "fmt::join(" in text and "#include <fmt/ranges.h>" not in text:
                yield f"{file.relative_to(root)}: calls fmt::join without <fmt/ranges.h>"


def self_test():
    cases = [  # (file, its line, whether that is a violation)
        ("include/palimpsest/kernel/a.hpp", '#include "palimpsest/core/types.hpp"', False),
        ("include/palimpsest/kernel/a.hpp", '#include "palimpsest/kernel/elu.hpp"', False),
        ("include/palimpsest/kernel/a.hpp", "#include <vector>", False),
        ("include/palimpsest/kernel/a.hpp", '// #include "palimpsest/task/a.hpp"', False),
        ("include/palimpsest/memory/a.hpp", '#include "palimpsest/kernel/elu.hpp"', False),
        ("include/palimpsest/train/a.hpp", '#include "palimpsest/theory/bound.hpp"', False),
        ("src/point.cpp", '#include "palimpsest/sweep/rows/row.hpp"', False),
        ("include/palimpsest/kernel/a.hpp", '#include "palimpsest/rule/delta.hpp"', True),
        ("include/palimpsest/kernel/a.hpp", '#include "palimpsest/memory/memory.hpp"', True),
        ("include/palimpsest/kernel/a.hpp", '  #  include <palimpsest/rule/delta.hpp>', True),
        ("include/palimpsest/kernel/a.hpp", '#include "../core/../rule/delta.hpp"', True),
        ("include/palimpsest/core/a.hpp", '#include "palimpsest/kernel/elu.hpp"', True),
        ("include/palimpsest/task/a.hpp", '#include "palimpsest/pair/model.hpp"', True),
        ("include/palimpsest/theory/a.hpp", '#include "palimpsest/kernel/elu.hpp"', True),
        ("include/palimpsest/engine/a.hpp", '#include "palimpsest/memory/memory.hpp"', True),
        ("include/palimpsest/memory/a.hpp", '#include "palimpsest/pair/token_tables.hpp"', True),
        ("include/palimpsest/memory/a.hpp", '#include "palimpsest/task/episode.hpp"', True),
        ("include/palimpsest/pair/a.hpp", '#include "palimpsest/memory/feature_map.hpp"', False),
        ("include/palimpsest/pair/a.hpp", '#include "palimpsest/task/episode.hpp"', False),
        ("include/palimpsest/pair/a.hpp", '#include "palimpsest/layer/linear.hpp"', True),
        ("include/palimpsest/pair/a.hpp", '#include "palimpsest/theory/bound.hpp"', True),
        ("include/palimpsest/pair/a.hpp", '#include "palimpsest/train/evaluation.hpp"', True),
        ("src/pair/a.cpp", '#include "palimpsest/train/evaluation.hpp"', True),
        ("include/palimpsest/layer/a.hpp", '#include "palimpsest/memory/memory.hpp"', False),
        ("include/palimpsest/layer/a.hpp", '#include "palimpsest/pair/model.hpp"', True),
        ("include/palimpsest/layer/a.hpp", '#include "palimpsest/task/episode.hpp"', True),
        ("include/palimpsest/train/a.hpp", '#include "palimpsest/pair/all.hpp"', False),
        ("include/palimpsest/train/a.hpp", '#include "palimpsest/sweep/rows/row.hpp"', True),
        ("include/palimpsest/misc/a.hpp", "", True),
        ("include/palimpsest/sweep/a.hpp", '#include "../../../bench/shared.hpp"', True),
        ("src/train/a.cpp", '#include "palimpsest/sweep/rows/row.hpp"', True),
        ("src/a.cpp", '#include <fmt/ranges.h>\nauto text = fmt::format("{}", fmt::join(list, ", "));', False),
        ("src/a.cpp", '#include <fmt/format.h>\nauto text = fmt::format("{}", fmt::join(list, ", "));', True),
    ]
    for file, line, is_violation in cases:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for layer in ALLOWED:
                (root / "include/palimpsest" / layer).mkdir(parents=True)
            (root / "bench").mkdir()
            (root / "bench/shared.hpp").touch()
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(f"#pragma once\n{line}\n", encoding="utf-8")
            found = [*violations(root), *missing_ranges(root)]
            if bool(found) != is_violation:
                sys.exit(f"self-test: {file} with '{line}': expected {is_violation}, found {found}")
    print(f"{len(cases)} cases as expected")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        sys.exit(__doc__)
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if not (root / "include/palimpsest").is_dir():
        sys.exit(f"{root}: no include/palimpsest in it")
    found = [*violations(root), *missing_ranges(root)]
    print("\n".join(found) if found else "includes: arrows run one way")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
