"""What documentation, comments and scripts name is there: files of this tree, programs, and the headings that links go to."""
import os
import re
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TEXTS = (".md", ".py", ".sh", ".bash", ".sbatch", ".toml", ".hpp", ".cpp", ".txt", ".cmake", ".in", "run")
# A path from the root of the project. `build/` is made, and `results/run/` is what runs write.
PATH = re.compile(r"(?<![\w./<$-])((?:\.ci|bench|cmake|include|plots|results|scripts|src|tests)/[\w./+-]*\w)(?![\w*{$<]|/[A-Z*{$])")
PROGRAM = re.compile(r"build/(?:release|dev)/bench/(\w+)")
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
DERIVATION = re.compile(r"README\.md,\s*(?://+\s*)?\"([^\"]+)\"(?: and \"([^\"]+)\")?")
OUTPUTS = "results/run"
# What the reader of README writes, a file of Random123, and names with a placeholder.
ELSEWHERE = {"include/palimpsest/kernel/exponential.hpp", "include/palimpsest/rule/two_gates.hpp", "tests/kat_vectors", "include/HEADER"}
MAKES_PATHS_UP = {".ci/check_includes.py", "tests/python/faults_test.py", "tests/python/" + os.path.basename(__file__)}


def texts():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", "__pycache__", "corpus")
                      and os.path.relpath(os.path.join(folder, name), ROOT) not in ("build", OUTPUTS)]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            if name.endswith(TEXTS) and ".provenance." not in name and path not in MAKES_PATHS_UP:
                with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                    yield path, file.read()


def headings(markdown):
    """The anchors of its headings, as GitHub makes them."""
    for line in re.findall(r"^#+ (.*)$", markdown, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-")


class NamedPaths(unittest.TestCase):
    def test_are_there(self):
        named = 0
        for source, text in texts():
            for path in PATH.findall(text):
                if path.startswith(OUTPUTS) or path in ELSEWHERE:
                    continue
                named += 1
                with self.subTest(source=source, path=path):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, path)))
        self.assertGreater(named, 50)

    def test_programs_are_built_from_a_source(self):
        named = 0
        for source, text in texts():
            for program in PROGRAM.findall(text):
                named += 1
                with self.subTest(source=source, program=program):
                    self.assertTrue(os.path.exists(os.path.join(ROOT, "bench", program + ".cpp"))
                                    or os.path.isdir(os.path.join(ROOT, "bench", program)))
        self.assertGreater(named, 20)

    def test_links_lead_somewhere(self):
        followed = 0
        for source, text in texts():
            if not source.endswith(".md"):
                continue
            for path, heading in LINK.findall(text):
                followed += 1
                target = os.path.normpath(os.path.join(ROOT, os.path.dirname(source), path)) if path else os.path.join(ROOT, source)
                with self.subTest(source=source, link=f"{path}#{heading}"):
                    self.assertTrue(os.path.exists(target))
                    if heading:
                        with open(target, encoding="utf-8") as file:
                            self.assertIn(heading, headings(file.read()))
        self.assertGreater(followed, 20)

    def test_derivations_have_a_heading(self):
        with open(os.path.join(ROOT, "include", "palimpsest", "theory", "README.md"), encoding="utf-8") as file:
            known = re.findall(r"^## (.*)$", file.read(), re.MULTILINE)
        named = set()
        for source, text in texts():
            for name in filter(None, sum(DERIVATION.findall(text), ())):
                named.add(name)
                with self.subTest(source=source):
                    self.assertIn(name, known)
        self.assertEqual(named, set(known))  # each is somebody's


if __name__ == "__main__":
    unittest.main()
