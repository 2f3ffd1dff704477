"""plots/question_answering.py draws capacity in entities, accuracy over entities and over distance: what stands where, and errors."""

import os
import unittest

from plot_case import PlotCase
from token_rows import memory

import question_answering
import style

NAMES = ["softmax", "silu_l2 delta", "elu sum"]
KINDS = ["two_facts", "one_fact"]


def result(name, entities=8, kinds="one_fact", **changes):
    row = {"task": "question_answering", "kinds": kinds, "entities": entities, "places": "entities", "objects": "entities",
           "facts": 1, "questions": 1, "stories": 1, "loss": "answers", **memory(name), "model": "sequence", "layers": 2,
           "width": 64, "heads": 1, "learning_rate": 0.005, "seed": 1, "status": "ok", "accuracy": 0.9,
           "accuracy_distance_1": 0.95, "accuracy_distance_2": 0.9, "accuracy_distance_3": 0.8, "accuracy_distance_4": 0.7,
           "baseline_recent": 0.25, "baseline_majority": 0.125}
    row.update(changes)
    return row


def capacity(name, entities=8, kinds="one_fact", **changes):
    row = {"task": "question_answering", "kinds": kinds, **memory(name), "key_dim": 64, "feature_dim": 64, "model": "sequence",
           "layers": 2, "width": 64, "heads": 1, "conv": 6, "learning_rate": 0.005, "criterion": "accuracy >= 0.95", "seeds": 3,
           "capacity": entities, "capacity_low": 0.8 * entities, "capacity_high": 1.25 * entities, "censored": "",
           "bimodal": "false", "state_floats": 10112}
    row.update(changes)
    return row


def capacities():
    return [capacity(name, kinds=kinds) for kinds in KINDS for name in NAMES]


def results(sizes=(4, 8)):
    return [result(name, size, kinds) for kinds in KINDS for name in NAMES for size in sizes]


def lines(axes, name):
    """Of a memory's colour, as lists of points."""
    colour = question_answering.sequences.KNOWN[name].colour
    return [line.get_xydata().tolist() for line in axes.lines if line.get_color() == colour and len(line.get_xydata()) > 1]


class QuestionAnsweringPlot(PlotCase):
    script, figures = "question_answering.py", ["question_answering"]

    def svg(self, capacities, results, **out):
        return self.draw(self.write(capacities, "c.csv"), self.write(results), **out)["question_answering"]

    def figure(self, capacities, results):
        style.use()
        figure = question_answering.draw_question_answering(
            question_answering.read_capacities(self.write(capacities, "c.csv"), "accuracy >= 0.95"),
            question_answering.read_results(self.write(results)))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_has_a_row_per_kind_in_the_order_of_the_file(self):
        figure = self.figure(capacities(), results())
        self.assertEqual([axes.get_title(loc="left") for axes in figure.axes], ["two facts", "", "", "one fact", "", ""])

    def test_shows_memories_baselines_and_units(self):
        self.assert_shows(self.svg(capacities(), results()), "softmax", "SiLU-L2, delta", "ELU+1, sum", "capacity (entities)",
                          "state (4 bytes per float)", "entities", "accuracy", "most recent place", "most frequent answer",
                          "95 % interval", "8 entities")

    def test_accuracy_is_the_mean_over_seeds(self):
        rows = [result("elu sum", size, seed=seed, accuracy=accuracy)
                for size, seed, accuracy in ((4, 1, 1.0), (4, 2, 0.5), (16, 1, 0.25))]
        middle = self.figure([capacity("elu sum")], rows).axes[1]
        self.assertEqual(lines(middle, "elu sum"), [[[4, 0.75], [16, 0.25]]])

    def test_baselines_are_the_files(self):
        rows = [result(name, size, baseline_recent=1 / size, baseline_majority=0.5 / size) for name in NAMES for size in (4, 8)]
        grey = [line.get_xydata().tolist() for line in self.figure([capacity("softmax")], rows).axes[1].lines
                if line.get_color() == "#888888"]
        self.assertEqual(grey, [[[4, 0.25], [8, 0.125]], [[4, 0.125], [8, 0.0625]]])

    def test_distances_are_of_the_most_entities_that_all_have(self):
        rows = [result("softmax", size, accuracy_distance_1=size / 100) for size in (4, 8, 16)]
        rows += [result("elu sum", size, accuracy_distance_1=size / 200, accuracy_distance_4="") for size in (4, 8, 32)]
        right = self.figure([capacity("softmax")], rows).axes[2]
        self.assertEqual(right.get_title(), "8 entities")
        self.assertEqual(lines(right, "softmax"), [[[1, 0.08], [2, 0.9], [3, 0.8], [4, 0.7]]])
        self.assertEqual(lines(right, "elu sum"), [[[1, 0.04], [2, 0.9], [3, 0.8]]])

    def test_memories_that_share_no_size_have_no_distances(self):
        figure = self.figure([capacity("softmax")], [result("softmax", 4), result("elu sum", 8)])
        self.assertFalse(figure.axes[2].get_visible())

    def test_what_did_not_end_ok_is_left_out(self):
        rows = [result("elu sum", 4), result("elu sum", 8), result("elu sum", 16, status="diverged", accuracy="")]
        self.assertEqual(lines(self.figure([capacity("elu sum")], rows).axes[1], "elu sum"), [[[4, 0.9], [8, 0.9]]])

    def test_a_capacity_that_may_be_larger_is_marked(self):
        svg = self.svg([capacity("elu sum", censored="above", capacity_high="")], results())
        self.assert_shows(svg, "at least", "beyond the entities tried")

    def test_equal_data_gives_equal_bytes(self):
        again = os.path.join(self.directory, "again")
        one = self.svg(capacities(), results())
        self.assertTrue(one == self.svg(capacities()[::-1], results(), out=again))

    def test_bad_input_is_named(self):
        good, rows = self.write(capacities(), "c.csv"), self.write(results())
        self.assert_error(self.plot(good, rows, "--criterion", "accuracy >= 0.5"), "it has: 'accuracy >= 0.95'")
        self.assert_error(self.plot(rows, rows), "no column criterion")
        self.assert_error(self.plot(good, good), "c.csv: no column entities")
        skipped = self.write([result("softmax", status="skipped")], "skipped.csv")
        self.assert_error(self.plot(good, skipped), "skipped.csv: no trained point")
        wrong = self.write([result("softmax", accuracy="x")], "wrong.csv")
        self.assert_error(self.plot(good, wrong), "wrong.csv:2: accuracy is 'x'")


if __name__ == "__main__":
    unittest.main()
