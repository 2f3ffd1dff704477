"""plots/vocabulary.py draws capacities over the vocabulary: a panel per width, a line per memory, clear errors."""

import unittest

from plot_case import PlotCase
from token_rows import capacity

import style
import vocabulary


def capacities(widths=(16,), **changes):
    return [capacity(name, width, 64 / size**0.5, **{"task": "stacked_mqar", "vocabulary": size, "length": "", **changes})
            for name in ("softmax", "silu_l2 delta") for width in widths for size in (64, 1024, 256)]


class VocabularyPlot(PlotCase):
    script, figures = "vocabulary.py", ["vocabulary"]

    def figure(self, rows):
        style.use()
        figure = vocabulary.draw_vocabulary(style.read_capacities(self.write(rows), vocabulary.COLUMNS, "accuracy >= 0.99"))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_shows_memories_vocabularies_and_intervals(self):
        svg = self.draw(self.write(capacities()))["vocabulary"]
        self.assert_shows(svg, "softmax", "SiLU-L2, delta", "width 16", "vocabulary (keys)", "capacity (pairs)",
                          "64", "256", "1024", "95 % interval")
        self.assertNotIn("at least", svg)
        self.assert_shows(self.draw(self.write(capacities(task="mqar")))["vocabulary"], "vocabulary (tokens)")

    def test_a_line_joins_the_vocabularies_of_a_memory_in_their_order(self):
        lines = [line.get_xydata().tolist() for line in self.figure(capacities()).axes[0].lines if len(line.get_xdata()) > 1]
        self.assertEqual(lines, 2 * [[[64, 8], [256, 4], [1024, 2]]])

    def test_a_panel_per_width(self):
        figure = self.figure(capacities((16, 8, 32, 64)))
        self.assertEqual([axes.get_title() for axes in figure.axes if axes.get_visible()],
                         ["width 8", "width 16", "width 32", "width 64"])
        self.assert_shows(self.draw(self.write(capacities((16, 8))))["vocabulary"], "width 8", "width 16", "softmax")

    def test_what_random_keys_hold_untrained_is_a_line_without_marks(self):
        rows = capacities((16, 32), random_keys=7)
        for row in rows:
            row["random_keys"] = 10 + row["width"] - row["vocabulary"] // 64
        figure = self.figure(rows)
        for axes, width in zip(figure.axes, (16, 32)):
            dotted = [line.get_xydata().tolist() for line in axes.lines if line.get_linestyle() == ":" or line.is_dashed()]
            self.assertEqual(dotted, [[[size, 10 + width - size // 64] for size in (64, 256, 1024)]])
            self.assertGreater(axes.get_ylim()[1], 41)
        svg = self.draw(self.write(rows))["vocabulary"]
        self.assert_shows(svg, "sum rule, untrained")
        self.assertNotIn("untrained", self.draw(self.write(capacities()))["vocabulary"])

    def test_marks_what_is_a_bound(self):
        self.assert_shows(self.draw(self.write(capacities(censored="above", capacity_high="")))["vocabulary"], "at least",
                          "beyond the pairs tried")

    def test_bad_input_is_named(self):
        self.assert_error(self.plot(self.write(capacities(), columns=["task", "memory"])), "results.csv: no column kernel")
        self.assert_error(self.plot(self.write(capacities(vocabulary=""))), "results.csv:2: vocabulary is ''")
        self.assert_error(self.plot(self.write(capacities()), "--criterion", "x"), "no row with criterion 'x'")


if __name__ == "__main__":
    unittest.main()
