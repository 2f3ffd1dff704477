"""plots/mqar_reference.py holds our steps against an independent trainer's: what it matches, medians, ratios, clear errors."""

import csv
import os
import unittest

from plot_case import PlotCase, ROOT
from token_rows import point

import mqar_reference
import style

REFERENCE = os.path.join(ROOT, "results", "reference", "mqar_two_layers.csv")


def ours(name="silu_l2 delta none", rate=0.003, length=64, pairs=4, steps=300, seed=1, **changes):
    reached = steps if isinstance(steps, int) else ""
    return point(name, 64, pairs, rate, seed,
                 **{"length": length, "steps_to_target": reached, "steps": reached or 3000, **changes})


class MqarReferencePlot(PlotCase):
    script, figures = "mqar_reference.py", ["mqar_reference"]

    def run_on(self, rows, *arguments):
        return self.plot(self.write(rows), *arguments)

    def table(self, rows, theirs=None):
        result = self.run_on(rows, *(["--reference", self.write(theirs, "theirs.csv")] if theirs else []))
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.out, "reference.csv"), newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file)), result

    def figure(self, rows):
        style.use()
        compared, _ = mqar_reference.compare(style.read_csv(REFERENCE, mqar_reference.THEIRS),
                                             mqar_reference.read_ours(self.write(rows)))
        figure = mqar_reference.draw_reference(compared)
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_matched_rows_have_the_median_of_our_seeds_and_the_ratio(self):
        rows = [ours(seed=seed, steps=steps) for seed, steps in ((1, 300), (2, 100), (3, 500))]
        table, result = self.table(rows + [ours("softmax", 0.01, 128, 8, 250)])
        self.assertIn("mqar_reference.py: 36 of 38 rows of the reference have no counterpart", result.stderr)
        self.assertEqual(result.stdout.split("\n")[:-1],
                         [os.path.join(self.out, name) for name in ("reference.csv", "mqar_reference.png", "mqar_reference.svg")])
        self.assertEqual([(row["kernel"], row["length"], row["steps_to_0.99"], row["our_steps_to_0.99"], row["our_seeds"],
                           row["ratio"], row["our_accuracy"]) for row in table],
                         [("silu_l2", "64", "200", "300", "3", "1.5", "0.995"), ("", "128", "100", "250", "1", "2.5", "0.995")])
        self.assertEqual(list(table[0]), mqar_reference.THEIRS + mqar_reference.ADDED)

    def test_seeds_that_never_got_there_are_infinitely_slow(self):
        table, _ = self.table([ours(seed=1, steps=400), ours(seed=2, steps=None), ours(seed=3, steps=600)])
        self.assertEqual((table[0]["our_steps_to_0.99"], table[0]["ratio"]), ("600", "3"))
        table, _ = self.table([ours(seed=1, steps=400), ours(seed=2, steps=None),
                               ours(seed=3, steps=None, status="diverged", accuracy="")])
        self.assertEqual((table[0]["our_steps_to_0.99"], table[0]["ratio"], table[0]["our_accuracy"]), ("", "", "0.995"))

    def test_a_point_stands_at_their_steps_and_ours_and_open_where_one_never_got_there(self):
        marks = [line for line in self.figure([ours(), ours("elu delta sum", 0.003, 128, 8, 900)]).axes[0].lines
                 if line.get_markersize() == 4.6]
        self.assertEqual([(line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() == "white") for line in marks],
                         [(200, 300, False), (3000, 900, True)])
        self.assertNotEqual(marks[0].get_marker(), marks[1].get_marker())

    def test_shows_memories_settings_and_the_band(self):
        self.table([ours(), ours("softmax", 0.01, 128, 8, None)])
        with open(os.path.join(self.out, "mqar_reference.svg"), encoding="utf-8") as file:
            self.assert_shows(file.read(), "softmax", "SiLU-L2, delta", "width 64, length 64, 4 pairs",
                              "width 64, length 128, 8 pairs", "equal", "within a factor of two", "not reached in so many",
                              "their training steps to accuracy 0.99", "our training steps to accuracy 0.99")

    def test_says_nothing_if_every_row_has_a_counterpart(self):
        theirs = [{**{key: ours()[key] for key in mqar_reference.MATCH}, "steps_to_0.99": 300, "best_accuracy": 1, "steps": 300}]
        table, result = self.table([ours()], theirs)
        self.assertEqual((len(table), table[0]["ratio"], result.stderr), (1, "1", ""))

    def test_another_target_is_no_counterpart(self):
        self.assert_error(self.run_on([ours(target_accuracy=0.9)]), "results.csv: no counterpart", "mqar_two_layers.csv")

    def test_two_counterparts_are_refused(self):
        self.assert_error(self.run_on([ours(), ours(seed=2, vocabulary=512)]), "results.csv:3: vocabulary 512", "results.csv:2")
        self.assert_error(self.run_on([ours(), ours()]), "results.csv:3: seed 1 again", "results.csv:2")

    def test_bad_input_is_named(self):
        self.assert_error(self.run_on([ours(steps_to_target="x")]), "results.csv:2: steps_to_target is 'x'")
        self.assert_error(self.run_on([ours()], "--reference", self.write([{"kernel": "elu"}], "t.csv")),
                          "t.csv: no column memory")


if __name__ == "__main__":
    unittest.main()
