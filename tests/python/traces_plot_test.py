"""plots/traces.py draws traces: contrast, shares and accumulator over t, lost precision, clear errors."""

import os
import unittest

from plot_case import PlotCase

import traces


def trace(normalization="attention", writes=(1, 10, 100), **changes):
    rows = []
    for t in writes:
        row = {"source": "normal", "keys": 1, "kernel": "elu", "rule": "delta", "normalization": normalization,
               "precision": "double", "t": t, "beta": 1, "contrast": 1 - 1 / t, "written": 1 / t, "removed": 2 / t, "mass": 0.5,
               "accumulator_norm": 10 * t, "rounding_state": 1e-8 * t, "rounding_accumulator": 1e-8 * t,
               "rounding_answer": 1e-8 * t, "expected_written": 1 / t, "expected_mass": 0.5, "expected_contrast": 1 - 1 / t}
        row.update(changes)
        rows.append(row)
    return rows


class TracesPlot(PlotCase):
    script, figures = "traces.py", ["traces", "precision"]

    def test_shows_traces_by_what_tells_them_apart(self):
        figures = self.draw(self.write(trace(), "a.csv"), self.write(trace("l2", accumulator_norm="", rounding_accumulator=""), "b.csv"))
        self.assert_shows(figures["traces"], "attention", "l2", "closed form", "removed by a write", "contrast ‖v − y‖",
                          "accumulator ‖z‖", "write t")
        self.assert_shows(figures["precision"], "accumulator z", "state W", "answer y", "relative error of float")

    def test_the_format_that_loses_is_named(self):
        short, single = self.write(trace(precision="bfloat16"), "a.csv"), self.write(trace(precision="float"), "b.csv")
        self.assert_shows(self.draw(short)["precision"], "relative error of bfloat16")
        self.assert_shows(self.draw(short, single)["precision"], "relative error", "bfloat16", "float")
        self.assert_shows(self.draw(self.write(trace(), "c.csv"), single)["precision"], "relative error of float")

    def test_labels_say_only_what_differs(self):
        one, other = trace(), trace(keys=20, beta=0.5)
        self.assertEqual(traces.labels([rows_of(one), rows_of(other)]), ["1 keys, β = 1", "20 keys, β = 0.5"])
        self.assertEqual(traces.labels([rows_of(one)]), ["delta, attention"])

    def test_without_a_closed_form_none_is_drawn(self):
        path = self.write(trace(expected_written="", expected_mass="", expected_contrast=""))
        self.assertNotIn("closed form", self.draw(path)["traces"])

    def test_equal_traces_are_told_apart_by_their_files(self):
        figures = self.draw(self.write(trace(), "a.csv"), self.write(trace(), "b.csv"))
        self.assert_shows(figures["traces"], "delta, attention (a)", "delta, attention (b)")

    def test_a_file_of_several_traces_is_drawn_as_files_of_one_each(self):
        one, other = trace(), trace("l2")
        apart = self.draw(self.write(one, "a.csv"), self.write(other, "b.csv"))
        self.assert_same_figures(apart, self.draw(self.write(one + other, "both.csv")))

    def test_equal_data_gives_equal_bytes(self):
        path = self.write(trace())
        self.assert_same_figures(self.draw(path), self.draw(path, out=os.path.join(self.directory, "again")))

    def test_a_single_write_is_drawn(self):
        self.draw(self.write(trace(writes=(1,))))

    def test_bad_input_is_named(self):
        self.assert_error(self.plot("/nowhere.csv"), "/nowhere.csv", "No such file")
        self.assert_error(self.plot(self.write(trace(), columns=["t", "keys"])), "no column source")
        self.assert_error(self.plot(self.write(trace(mass="x"))), "csv:2: mass is 'x'")
        self.assert_error(self.plot(self.write(trace(t="nan"))), "csv:2: t is 'nan'")
        header = self.write([], columns=list(trace()[0]))
        self.assert_error(self.plot(header), "no row")


def rows_of(rows):
    import style
    return [style.Row({key: str(value) for key, value in row.items()}, "here") for row in rows]


if __name__ == "__main__":
    unittest.main()
