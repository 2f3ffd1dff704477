"""plots/state_tracking.py draws what rules can follow: a panel per group, a dot per seed, chance, clear errors."""

import unittest

from plot_case import PlotCase
from token_rows import point

import state_tracking
import style


def sweep(group="parity", rule="delta", largest_beta=1, accuracy=0.5, seeds=(1, 2, 3), **changes):
    return [point(f"identity {rule} l2", seed=seed, **{"task": "state_tracking", "group": group, "largest_beta": largest_beta,
                                                       "length": 20, "test_length": 256, "accuracy": accuracy + 0.01 * seed,
                                                       **changes}) for seed in seeds]


class StateTrackingPlot(PlotCase):
    script, figures = "state_tracking.py", ["state_tracking"]

    def panels(self, rows):
        style.use()
        figure = state_tracking.figures([self.write(rows)])["state_tracking"]
        self.addCleanup(style.plt.close, figure)
        return figure.axes

    def test_shows_groups_rules_and_their_largest_beta(self):
        svg = self.draw(self.write(sweep() + sweep(largest_beta=2) + sweep("s3", "delta_product:2", "")))["state_tracking"]
        self.assert_shows(svg, "parity, along words of 256", "delta", "β ≤ 1", "β ≤ 2", "chance", "accuracy")

    def test_a_dot_is_the_accuracy_of_a_seed(self):
        parity, s3 = self.panels(sweep() + sweep("s3", accuracy=0.9, seeds=(2,)))
        dots = [line for line in parity.lines if line.get_marker() == "o"]
        self.assertEqual([line.get_ydata()[0] for line in dots], [0.51, 0.52, 0.53])
        self.assertEqual(len({line.get_xdata()[0] for line in dots}), 3)
        self.assertEqual([line.get_ydata()[0] for line in s3.lines if line.get_marker() == "o"], [0.92])

    def test_chance_is_one_in_the_elements(self):
        for group, chance in (("parity", 1 / 2), ("s3", 1 / 6), ("mod:5", 1 / 5), ("a5", 1 / 60)):
            lines = [line for line in self.panels(sweep(group))[0].lines if line.get_linestyle() == ":"]
            self.assertEqual([line.get_ydata()[0] for line in lines], [chance], group)

    def test_what_diverged_is_marked(self):
        (panel,) = self.panels(sweep(seeds=(1, 2)) + sweep(seeds=(3,), status="diverged", accuracy=0))
        self.assertEqual([line.get_marker() for line in panel.lines].count("x"), 1)

    def test_equal_data_gives_equal_bytes(self):
        rows = sweep() + sweep("s3")
        self.assert_same_figures(self.draw(self.write(rows)), self.draw(self.write(rows[::-1], "reversed.csv"),
                                                                        out=self.directory + "/again"))

    def test_bad_input_is_named(self):
        self.assert_error(self.plot(self.write(sweep("s4"))), "results.csv:2: group is 's4'; known: parity")
        self.assert_error(self.plot(self.write(sweep(status="skipped"))), "results.csv: no point was run")
        self.assert_error(self.plot(self.write(sweep(), columns=["memory"])), "no column")


if __name__ == "__main__":
    unittest.main()
