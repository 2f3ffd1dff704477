"""tests/gates/apply_faults.py: faults stay where they are when lines are broken elsewhere, and say when they don't fit."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GATES = Path(__file__).resolve().parent.parent / "gates"

PATCH = """A product in place of a sum.
--- include/palimpsest/a.hpp
+++ include/palimpsest/a.hpp
@@ of two numbers @@
 float both(float x, float y) {
-return x + y;
+return x * y;
"""


class Faults(unittest.TestCase):
    def apply(self, header, patch=PATCH):
        """What becomes of a header, and the error."""
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "include/palimpsest").mkdir(parents=True)
            (root / "include/palimpsest/a.hpp").write_text(header, encoding="utf-8")
            (root / "swap.patch").write_text(patch, encoding="utf-8")
            command = [sys.executable, GATES / "apply_faults.py", root, root / "out", root / "swap.patch"]
            run = subprocess.run(command, capture_output=True, text=True)
            made = root / "out/palimpsest/a.hpp"
            self.assertEqual(run.returncode == 0, made.exists())
            return made.read_text(encoding="utf-8") if made.exists() else "", run.stderr

    def test_is_found_however_lines_are_broken(self):
        expected = "/* φ */ float both(float x, float y) {return x * y;}\n"
        for header in ("float both(float x, float y) { return x + y; }\n",
                       "float both(float x,\n           float y) {\n  return x\n      + y;\n}\n"):
            text, error = self.apply("/* φ */ " + header)
            self.assertEqual(error, "")
            self.assertEqual("".join(text.split()), "".join(expected.split()))

    def test_what_is_elsewhere_stays(self):
        text, _ = self.apply("float sum(float x, float y) {\n  return x + y;\n}\nfloat both(float x, float y) { return x + y; }")
        self.assertTrue(text.startswith("float sum(float x, float y) {\n  return x + y;\n}\n"))
        self.assertTrue(text.endswith("return x * y; }"))

    def test_a_fault_that_does_not_fit_is_named_with_its_header(self):
        for header, times in (("float both(float x, float z) { return x + z; }", 0),
                              ("float both(float x, float y) { return x + y; }" * 2, 2)):
            _, error = self.apply(header)
            self.assertIn("fault swap:", error)
            self.assertIn(f"include/palimpsest/a.hpp once and is there {times} times", error)

    def test_a_patch_without_a_hunk_is_an_error(self):
        self.assertIn("no hunk", self.apply("", PATCH.split("@@")[0])[1])

    def test_every_fault_fits_and_changes_its_header(self):
        patches = sorted((GATES / "faults").glob("*.patch"))
        self.assertGreaterEqual(len(patches), 5)
        root = GATES.parent.parent
        for patch in patches:
            with self.subTest(patch.stem), tempfile.TemporaryDirectory() as directory:
                command = [sys.executable, GATES / "apply_faults.py", root, directory, patch]
                subprocess.run(command, check=True)
                made = [p for p in Path(directory).rglob("*") if p.is_file()]
                self.assertEqual(len(made), 1)
                original = root / "include" / made[0].relative_to(directory)
                self.assertNotEqual(made[0].read_text(encoding="utf-8"), original.read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
