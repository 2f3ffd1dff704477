"""Runs the quick forms of the sweeps of plots/sections.py for one memory, or for those of bench/card.toml, and makes the page.

scripts/card.sh builds the programs and calls this; its --help has the options. Every sweep is declared in bench/sweeps: here its
quick form gets a group per memory in place of its own, so that a memory has the same points alone and among others.
"""

import argparse
import functools
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "plots"))
sys.dont_write_bytecode = True

from results import InputError  # noqa: E402
from sections import SECTIONS  # noqa: E402

PROGRAMS = os.environ.get("PALIMPSEST_PROGRAMS") or os.path.join("build", "release", "bench")
OF_MEMORY = ("memory", "kernel", "rule", "normalization", "redraw", "scale")
FAST_WEIGHT = {"memory": "fast_weight", "kernel": "elu", "rule": "sum", "normalization": "sum"}
GATES = 60  # seconds that the gates take at most


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def arguments():
    parser = Arguments(prog="card.sh", add_help=False)
    parser.add_argument("--start", default=".")
    for name in ("memory", "rule", "kernel", "normalization"):
        parser.add_argument("--" + name)
    parser.add_argument("--baselines", choices=("drawn", "all"))
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    parser.add_argument("--out")
    options = parser.parse_args()
    given = [name for name in ("memory", "rule", "kernel", "normalization") if getattr(options, name)]
    if not given and not options.baselines:
        raise InputError("give the memory, --rule NAME or --memory NAME, or --baselines drawn|all")
    if given and options.baselines:
        raise InputError(f"--baselines runs the memories of bench/card.toml: it takes no --{given[0]}")
    if options.memory and options.memory != "fast_weight" and len(given) > 1:
        raise InputError(f"--memory {options.memory} has no {given[1]}")
    if not options.hours > 0:
        raise InputError(f"--hours {options.hours:g}: a number above 0 is needed")
    if options.threads is not None and options.threads < 1:
        raise InputError(f"--threads {options.threads}: a number of at least 1 is needed")
    known = [section.name for section in SECTIONS if section.in_card]
    for name in options.only:
        if name not in known:
            raise InputError(f"--only '{name}': known: {', '.join(known)}")
    return options


# --- memories and sweeps ---------------------------------------------------------------------------------------------

def memory_of(options):
    if options.memory and options.memory != "fast_weight":
        return {"memory": options.memory}
    return {key: getattr(options, key) or default for key, default in FAST_WEIGHT.items()}


def listed(which):
    with open(os.path.join("bench", "card.toml"), "rb") as file:
        memories = tomllib.load(file)["memory"]
    return [{key: value for key, value in memory.items() if key != "drawn"} for memory in memories
            if which == "all" or memory.get("drawn")]


def is_random(memory):
    return memory.get("kernel", "").partition(":")[0] in ("favor", "favor_onesided", "rff")


def group_of(memory, section):
    """As the sweeps have it: random features drawn once and scaled, which hold the most; softmax, exponentials and fwm2021 at
    the lower rate that capacity.toml and overwrite.toml give reasons for."""
    group = {"memory": "fast_weight", **memory}
    if is_random(memory):
        group |= {"redraw": "fixed", "scale": "d^-1/4"}
    slow = memory.get("memory", "fast_weight") != "fast_weight" or is_random(memory) or memory.get("rule") == "fwm2021"
    if section.rate and slow:
        group["learning_rate"] = section.rate
    return group


def sweep_text(section, memories):
    """The declared sweep's quick form with a group per memory."""
    with open(os.path.join("bench", "sweeps", section.name + ".toml"), "rb") as file:
        declared = tomllib.load(file)
    axes = {**declared.get("axes", {}), **declared.get("quick", {})}
    head = {key: value for key, value in declared.items() if not isinstance(value, (dict, list))}
    search = dict(declared.get("search", {}))
    if len(axes.get(search.get("best_of"), [])) == 1:  # the quick form leaves nothing to choose
        del search["best_of"]
    tables = {"baseline": {key: value for key, value in declared["baseline"].items()
                           if key not in OF_MEMORY and key not in axes},
              "search": search, "axes": {key: value for key, value in axes.items() if key not in OF_MEMORY}}
    lines = [f"# The quick form of bench/sweeps/{section.name}.toml for other memories; scripts/card.sh wrote it."]
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    for name, table in tables.items():
        if table:
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())]
    for memory in memories:
        lines += ["", "[[group]]", *(f"{key} = {json.dumps(value)}" for key, value in group_of(memory, section).items())]
    return "\n".join(lines) + "\n"


# --- running ---------------------------------------------------------------------------------------------------------

def program(name):
    return os.path.join(PROGRAMS, name)


@functools.cache
def build():
    """What tells this build of the programs from others: a kernel that was changed is another memory."""
    with open(program("sweep"), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def last_line(text):
    return (text.strip().splitlines() or ["it ended without a word"])[-1]


def clock(seconds):
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def seconds_of(text):
    total = 0
    for part in text.split(":"):
        total = 60 * total + int(part)
    return total


def run(command, deadline=None, quiet=False):
    """Its exit status, or None if it was stopped at the deadline; stopped, it keeps what is done. The program has a process
    group of its own, so that it hears of Ctrl-C once, from here: a second time would end it at once."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None, process_group=0)
    try:
        return process.wait(None if deadline is None else max(0.1, deadline - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
        process.send_signal(signal.SIGINT)
        process.wait()
        if isinstance(stopped, KeyboardInterrupt):
            raise
        return None


def answer_of(command):
    """What a program prints; its complaint is ours if it was used wrongly."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        complaint = result.stderr.strip().splitlines()[-1]
        raise InputError(re.sub(rf"^{os.path.basename(command[0])}: (error: )?", "", complaint))
    return result.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_card(out):
    """What an earlier run noted there."""
    path = os.path.join(out, "card.toml")
    if not os.path.exists(path):
        return {}
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}") from None


class Card:
    def __init__(self, memories, out, threads, partial, gated):
        self.memories, self.out, self.threads = memories, out, threads
        self.partial, self.gated = partial, gated
        before = read_card(out)
        self.states = before.get("section", {}) if before.get("memory") == memories else {}
        self.done = {name for name, state in self.states.items() if state["state"] == "done"}
        self.refused = {}  # by section, what its sweep says of memories that it doesn't take

    def path(self, section, ending):
        return os.path.join(self.out, section.name + ending)

    def command(self, section):
        threads = ["--threads", str(self.threads)] if self.threads else []
        return [program("sweep"), self.sweep(section), "--out", self.path(section, ".csv"), *threads]

    def sweep(self, section):
        return os.path.join(self.out, "sweeps", section.name + ".toml")

    def refusal(self, section, memories):
        """What its sweep says of them; nothing if it takes them."""
        trial = self.sweep(section) + ".trial.toml"
        write(trial, sweep_text(section, memories))
        try:
            answer_of([program("sweep"), trial, "--list"])
            return ""
        except InputError as error:
            return str(error)
        finally:
            os.remove(trial)

    def fitting(self, section):
        """The memories that its sweep takes, and what it says of the others."""
        why = self.refusal(section, self.memories)
        if not why:
            return self.memories, ""
        if len(self.memories) == 1:
            return [], why
        refused = {i: said for i, memory in enumerate(self.memories) if (said := self.refusal(section, [memory]))}
        return ([memory for i, memory in enumerate(self.memories) if i not in refused],
                "; ".join(f"without {folder_of(self.memories[i])}: {said}" for i, said in refused.items()))

    def prepare(self, section):
        """Writes its sweep and returns the seconds that it takes at most; None if there is none, or none for any of the memories."""
        done = section.name in self.done and os.path.exists(self.path(section, ".csv"))
        if section.traces:
            return 0.0 if done else 2.0 * len(self.memories)
        if not os.path.exists(os.path.join("bench", "sweeps", section.name + ".toml")):
            self.refused[section.name] = "this version has no such sweep"
            return None
        fit, self.refused[section.name] = self.fitting(section)
        if not fit:
            if os.path.exists(self.sweep(section)):
                os.remove(self.sweep(section))
            return None
        text = sweep_text(section, fit)
        if done and os.path.exists(self.sweep(section)) and read(self.sweep(section)) == text:
            return 0.0
        write(self.sweep(section), text)
        try:
            said = answer_of(self.command(section) + ["--dry-run"])
        except InputError as error:  # what this sweep needs isn't there
            self.refused[section.name] = str(error)
            return None
        times = re.search(r"^at most .* steps, ([0-9:]+) on one core(?:, about ([0-9:]+) on)?", said, re.MULTILINE)
        return float(seconds_of(times[2] or times[1])) if times else 0.0

    def note(self, section, state, why=""):
        self.states[section.name] = {"state": state, "why": why}
        self.save()

    def save(self):
        lines = ["# What scripts/card.sh ran here: of which memories, and what became of each section."]
        if not self.partial:
            lines += ["", f"program = {json.dumps(build())}"]
        for memory in self.memories:
            lines += ["", "[[memory]]", *(f"{key} = {json.dumps(value)}" for key, value in memory.items())]
        for name, state in self.states.items():
            lines += ["", f"[section.{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in state.items())]
        path = os.path.join(self.out, "card.toml")
        write(path + ".tmp", "\n".join(lines) + "\n")
        os.replace(path + ".tmp", path)

    def trace(self, section):
        """One file of all memories' traces, one after another."""
        parts, told, failed = [], [], []
        for memory in self.memories:
            if memory.get("memory", "fast_weight") != "fast_weight":
                continue
            part = self.path(section, ".part.csv")
            command = [program("trace"), *section.traces, *(word for key in ("kernel", "rule", "normalization")
                                                            for word in ("--" + key, memory[key])), "--out", part]
            result = subprocess.run(command, capture_output=True, text=True)
            told.append(" ".join(["trace", *command[1:-1], os.path.basename(self.path(section, ".csv"))]))
            if result.returncode == 0:
                parts.append(read(part))
                os.remove(part)
            else:
                failed.append(last_line(result.stderr))
        if not parts:
            return self.note(section, "not run", "; ".join(failed) or "no state of fixed size to trace")
        text = parts[0] + "".join(part.partition("\n")[2] for part in parts[1:])
        path = self.path(section, ".csv")
        write(path + ".tmp", text)
        os.replace(path + ".tmp", path)
        with open(self.path(section, ".provenance.toml"), "w", encoding="utf-8") as file:
            file.write("# What made the traces beside this file, one after another.\n")
            revision = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"], text=True,
                                      capture_output=True).stdout.strip() or "unknown"
            for command in told:
                file.write(f"\n[[run]]\ncommand = {json.dumps(command)}\nrevision = {json.dumps(revision)}\n")
        return self.note(section, "done", "; ".join(failed))

    def section(self, section, seconds, deadline):
        """Runs it, if it takes any time, and estimates its capacities."""
        if section.traces:
            return self.trace(section) if seconds else self.note(section, "done")
        without = self.refused[section.name]
        status = run(self.command(section), deadline) if seconds else 0
        if seconds or not os.path.exists(self.path(section, ".capacity.csv")):
            if why := self.capacity(section):
                return self.note(section, "unfinished", why)
        if status is None:
            return self.note(section, "unfinished", "the time was over; the same command goes on")
        return self.note(section, *(("done", without) if status == 0 else ("unfinished", f"sweep ended with exit status {status}")))

    def capacity(self, section):
        """Estimates what was searched, from the rows that are there; what is wrong if that can't be."""
        if not section.criterion or not os.path.exists(self.path(section, ".csv")):
            return ""
        command = [program("capacity"), self.path(section, ".csv"), "--criterion", section.criterion, "--out",
                   self.path(section, ".capacity.csv")]
        result = subprocess.run(command, capture_output=True, text=True)
        return "" if result.returncode == 0 else last_line(result.stderr)

    def gates(self):
        results = os.path.join(self.out, "gates.csv")
        for name in ("gates.csv", "gates.provenance.toml", "gates.timings.csv", "gates.xml"):  # none of an earlier run
            if os.path.exists(os.path.join(self.out, name)):
                os.remove(os.path.join(self.out, name))
        if run([program("sweep"), "gates_quick", "--out", results], quiet=True) == 0:
            run([program("check"), results, "--tier", "quick", "--junit", os.path.join(self.out, "gates.xml")], quiet=True)

    def run(self, hours, only):
        """Every section (of these names, if there are any) that fits, in order; what doesn't isn't run, or is left unfinished where that is allowed."""
        start = time.monotonic()
        deadline = start + 3600 * hours
        sections = [section for section in SECTIONS if section.in_card and (not only or section.name in only)]
        predicted = {section.name: self.prepare(section) for section in sections}
        total = sum(value or 0 for value in predicted.values()) + GATES * self.gated
        print(f"at most {clock(total)} of {clock(3600 * hours)}:")
        for section in sections:
            time_said = "not possible" if predicted[section.name] is None else clock(predicted[section.name])
            print(f"  {section.name:<20} {time_said:>13}  {section.title}", flush=True)
        for number, section in enumerate(sections, 1):
            needs, left = predicted[section.name], deadline - time.monotonic()
            if needs is None:
                self.note(section, "not run", self.refused[section.name])
                continue
            # One that has begun may need little more: what a search has done doesn't shorten what it takes at most.
            begun = os.path.exists(self.path(section, ".csv"))
            if needs and needs > left and not ((self.partial or begun) and left > 0):
                self.note(section, "unfinished" if begun else "not run", f"at most {clock(needs)} of the {clock(left)} that were left")
                continue
            print(f"{number}/{len(sections)} {section.name}: " + (f"at most {clock(needs)}" if needs else "done")
                  + f", {clock(left)} left", flush=True)
            try:
                self.section(section, needs, deadline)
            except KeyboardInterrupt:
                self.capacity(section)
                self.note(section, "unfinished", "interrupted; the same command goes on")
                raise
        if self.gated and deadline - time.monotonic() > 0:
            self.gates()


def folder_of(memory):
    return re.sub(r"[^\w+.-]", "", "_".join(str(value) for key, value in memory.items() if key != "memory" or len(memory) == 1))


def page(out, beside):
    command = ["/usr/bin/python3", os.path.join("plots", "report.py"), out, "--out", os.path.join(out, "card.html")]
    if beside and os.path.exists(os.path.join(beside, "card.toml")):
        command += ["--beside", beside]
    return subprocess.run(command).returncode


def main():
    options = arguments()
    os.chdir(ROOT)
    if options.baselines:
        memories, out = listed(options.baselines), options.out or os.path.join("results", "card")
    else:
        memories = [memory_of(options)]
        out = options.out or os.path.join("results", "run", "card", folder_of(memories[0]))
    if options.out:
        out = os.path.relpath(os.path.join(options.start, options.out))
        if out.startswith(".."):
            out = os.path.abspath(out)
    if not options.baselines:  # a name that isn't in the lists is said before anything is written
        words = [word for key, value in group_of(memories[0], SECTIONS[0]).items() for word in ("--set", f"{key}={value}")]
        answer_of([program("sweep"), "capacity", "--quick", *words, "--list"])
    before = {} if options.baselines else read_card(out)
    if before.get("memory", memories) != memories:
        raise InputError(f"{out}: holds the card of another memory; give another --out")
    if before.get("program", build()) != build():
        raise InputError(f"{out}: was made by another build of the programs, and rows of two don't belong together; give another --out, "
                         "or delete it")
    try:
        os.makedirs(os.path.join(out, "sweeps"), exist_ok=True)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}") from None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # in the background of a script, too
        signal.signal(number, signal.default_int_handler)
    card = Card(memories, out, options.threads, partial=bool(options.baselines), gated=not options.only)
    interrupted = False
    try:
        card.run(options.hours, options.only)
    except KeyboardInterrupt:
        interrupted = True
        print("interrupted: the page shows what is done, the same command goes on", file=sys.stderr)
    status = page(out, None if options.baselines else os.path.join("results", "card"))
    return 130 if interrupted else status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"card.sh: error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"card.sh: error: {error}", file=sys.stderr)
        sys.exit(1)
