"""What tests of the plots share: a directory that goes away, CSV files in it, and a run of a plot as a user runs it."""

import contextlib
import csv
import io
import os
import runpy
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "plots"))
sys.dont_write_bytecode = True


class PlotCase(unittest.TestCase):
    """A subclass names its script and the figures that it writes."""
    script, figures = None, []

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.out = os.path.join(self.directory, "out")

    def write(self, rows, name="results.csv", columns=None):
        """A CSV file of these rows; its header is that of the first row, or as given."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns or list(rows[0]), extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def plot(self, *arguments, out=None):
        """Runs the script as a program: in this process, where matplotlib is already read; or, if `out` says where, in one
        of its own, with which equal bytes share nothing."""
        script = os.path.join(ROOT, "plots", self.script)
        arguments = [*arguments, "--out", out or self.out]
        if out:
            return subprocess.run([sys.executable, "-B", script, *arguments], capture_output=True, text=True)
        stdout, stderr, status = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr), \
                unittest.mock.patch.object(sys, "argv", [script, *arguments]):
            try:
                runpy.run_path(script, run_name="__main__")
            except SystemExit as end:
                status = end.code or 0
        return subprocess.CompletedProcess(arguments, status, stdout.getvalue(), stderr.getvalue())

    def draw(self, *arguments, out=None):
        """Runs it and expects all figures and no complaint; name → SVG text, in which each text that it shows is a
        comment beside its glyphs."""
        result = self.plot(*arguments, out=out)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        directory = out or self.out
        names = [f"{figure}.{extension}" for figure in self.figures for extension in ("png", "svg")]
        self.assertEqual(result.stdout.split("\n")[:-1], [os.path.join(directory, name) for name in names])
        self.assertEqual(sorted(os.listdir(directory)), sorted(names))
        texts = {}
        for figure in self.figures:
            with open(os.path.join(directory, f"{figure}.svg"), encoding="utf-8") as file:
                texts[figure] = file.read()
        return texts

    def assert_shows(self, svg, *texts):
        for text in texts:
            self.assertIn(f"<!-- {text} -->", svg)

    def assert_same_figures(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        for name in one:
            self.assertTrue(one[name] == other[name], name)

    def assert_error(self, result, *words):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse(os.path.exists(self.out))
