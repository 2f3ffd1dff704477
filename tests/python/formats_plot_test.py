"""plots/formats.py draws traces in several formats: a column per memory, clear errors."""

import os
import unittest

from plot_case import PlotCase

import formats


def trace(precision="double", keys=1, writes=(1, 10, 100, 1000), **changes):
    rows = []
    for t in writes:
        stops = {"bfloat16": 300, "float16": 2500}.get(precision, t)
        row = {"source": "normal", "keys": keys, "values": 64, "key_dim": 64, "kernel": "elu", "rule": "sum",
               "normalization": "attention", "precision": precision, "seed": 1, "t": t,
               "accumulator_norm": 10 * min(t, stops), "state_norm": t, "loss": 0.5 * max(1, t / stops)}
        row.update(changes)
        rows.append(row)
    return rows


class FormatsPlot(PlotCase):
    script, figures = "formats.py", ["formats"]

    def test_shows_a_column_per_memory_and_all_its_formats(self):
        files = [self.write(trace(precision, keys), f"{precision}{keys}.csv")
                 for precision in ("double", "bfloat16", "float16") for keys in (1, 100)]
        no_accumulator = {"rule": "delta", "normalization": "l2", "accumulator_norm": ""}
        files.append(self.write(trace(**no_accumulator), "l2.csv"))
        self.assert_shows(self.draw(*files)["formats"], "double", "bfloat16", "float16", "2^bits writes",
                          "1 key, sum rule, attention", "100 keys, sum rule, attention", "1 key, delta rule, l2", "none",
                          "accumulator ‖z‖", "state ‖W‖", "loss", "write t")

    def test_titles_say_what_else_differs(self):
        memories = formats.read_memories([self.write(trace(seed=seed), f"{seed}.csv") for seed in (1, 2)])
        self.assertEqual(formats.titles(memories),
                         ["1 key, sum rule, attention, seed 1", "1 key, sum rule, attention, seed 2"])

    def test_equal_data_gives_equal_bytes(self):
        path = self.write(trace())
        self.assert_same_figures(self.draw(path), self.draw(path, out=os.path.join(self.directory, "again")))

    def test_a_single_write_is_drawn(self):
        self.draw(self.write(trace(writes=(1,))))

    def test_bad_input_is_named(self):
        self.assert_error(self.plot("/nowhere.csv"), "/nowhere.csv", "No such file")
        self.assert_error(self.plot(self.write(trace(), columns=["t", "keys"])), "no column source")
        self.assert_error(self.plot(self.write(trace(loss="x"))), "csv:2: loss is 'x'")
        self.assert_error(self.plot(self.write([], columns=list(trace()[0]))), "no row")
        again = [self.write(trace(), "a.csv"), self.write(trace(), "b.csv")]
        self.assert_error(self.plot(*again), "b.csv: a second trace of this memory in double")


if __name__ == "__main__":
    unittest.main()
