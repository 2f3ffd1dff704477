"""plots/learning_rate.py draws accuracy over the learning rate: panels, means and ranges of seeds, clear errors."""

import os
import unittest

from plot_case import PlotCase
from token_rows import point

import learning_rate
import style

RATES = {0.001: 0.2, 0.003: 0.6, 0.01: 0.9}


def sweep(names=("softmax", "elu sum"), widths=(16,), spread=0.05, **changes):
    return [point(name, width, rate=rate, seed=seed, **{"accuracy": accuracy + (seed - 2) * spread, **changes})
            for name in names for width in widths for rate, accuracy in RATES.items() for seed in (1, 2, 3)]


class LearningRatePlot(PlotCase):
    script, figures = "learning_rate.py", ["learning_rate"]

    def svg(self, *rows):
        return self.draw(*[self.write(some, f"{i}.csv") for i, some in enumerate(rows)])["learning_rate"]

    def figure(self, rows):
        style.use()
        figure = learning_rate.draw_learning_rate(learning_rate.read_panels([self.write(rows)]))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_shows_memories_rates_and_seeds(self):
        svg = self.svg(sweep())
        self.assert_shows(svg, "softmax", "ELU+1, sum", "width 16, 4 pairs, length 64", "learning rate", "accuracy", "0.001",
                          "0.003", "0.01", "a seed")
        self.assertNotIn("diverged", svg)
        self.assertNotIn("a seed", self.svg([row for row in sweep() if row["seed"] == 1]))

    def test_lines_are_means_and_dots_seeds(self):
        axes = self.figure(sweep(["elu sum"])).axes[0]
        dots, drawn = (line.get_xydata() for line in axes.lines[:2])
        for (x, y), (rate, accuracy) in zip(drawn, RATES.items()):
            self.assertEqual(x, rate)
            self.assertAlmostEqual(y, accuracy, 12)  # a mean of three
        self.assertEqual(len(dots), 9)
        self.assertAlmostEqual(min(y for _, y in dots), 0.15, 12)
        self.assertAlmostEqual(max(y for _, y in dots), 0.95, 12)

    def test_what_diverged_is_marked_and_no_part_of_the_mean(self):
        rows = sweep(["elu sum"], spread=0)
        rows[-1].update(status="diverged", accuracy="")
        self.assert_shows(self.svg(rows), "diverged")
        lines = self.figure(rows).axes[0].lines
        self.assertEqual(lines[1].get_ydata()[-1], 0.9)
        self.assertEqual([line.get_xdata().tolist() for line in lines if line.get_marker() == "x"], [[0.01]])
        self.assert_shows(self.svg(sweep(status="diverged", accuracy="")), "diverged")

    def test_a_panel_per_width_pairs_and_length_that_has_three_rates(self):
        rows = sweep(widths=(32, 8)) + [point("softmax", 64, rate=rate) for rate in (0.001, 0.01)]
        rows += sweep(pairs=8, train_pairs=8, test_pairs=8) + sweep(length="4pairs")
        titles = [axes.get_title() for axes in self.figure(rows).axes]
        self.assertEqual(titles, [f"width {words}" for words in ("8, 4 pairs, length 64", "16, 4 pairs, length 4pairs",
                                                                 "16, 8 pairs, length 64", "32, 4 pairs, length 64")])

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows_and_the_number_of_files(self):
        rows = sweep()
        again = self.draw(self.write(rows[:2:-1], "reversed.csv"), self.write(rows[:7], "rest.csv"),
                          out=os.path.join(self.directory, "again"))
        self.assert_same_figures(self.draw(self.write(rows)), again)

    def test_bad_input_is_named(self):
        few = [point("softmax", rate=rate) for rate in (0.001, 0.01)]
        self.assert_error(self.plot(self.write(few)), "results.csv: no width, pairs, length with 3 learning rates")
        self.assert_error(self.plot(self.write(sweep(accuracy="x"))), "results.csv:2: accuracy is 'x'")
        self.assert_error(self.plot(self.write(sweep(status="done"))), "results.csv:2: status is 'done'")
        self.assert_error(self.plot(self.write(sweep(), columns=["memory"])), "no column kernel, rule, width")


if __name__ == "__main__":
    unittest.main()
