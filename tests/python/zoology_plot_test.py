"""plots/zoology.py draws accuracy over the width beside published points: which are shown, where ours are, clear errors."""

import os
import unittest

from plot_case import PlotCase, ROOT
from token_rows import point

import style
import zoology

REFERENCE = os.path.join(ROOT, "results", "reference", "zoology_figure2.csv")


def sweep(width=64, **changes):
    return [point(name, width, pairs=pairs, length=16 * pairs, test_length=16 * pairs, **changes)
            for name in ("softmax", "silu_l2 delta") for pairs in (4, 8)]


class ZoologyPlot(PlotCase):
    script, figures = "zoology.py", ["zoology"]

    def figure(self, rows):
        style.use()
        figure = zoology.draw_zoology(zoology.read(self.write(rows), REFERENCE))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_shows_our_memories_and_published_mixers(self):
        svg = self.draw(self.write(sweep()))["zoology"]
        self.assert_shows(svg, "softmax", "SiLU-L2, delta", "length 64, 4 pairs", "length 128, 8 pairs", "width", "accuracy",
                          "published", "attention", "hyena", "rwkv4", "h3", "base conv")

    def test_a_panel_has_the_published_points_of_its_length_and_pairs(self):
        figure = self.figure(sweep(accuracy=0.5))
        for axes, hyena in zip(figure.axes, ((0.52, 0.75, 0.85, 0.87), (0.18, 0.65, 0.73, 0.84))):
            lines = [line.get_xydata().tolist() for line in axes.lines]
            self.assertIn([[width, y] for width, y in zip((64, 128, 256, 512), hyena)], lines)
            self.assertEqual(len(lines), 5 + 2)
            self.assertEqual(lines.count([[64, 0.5]]), 2)

    def test_points_are_means_over_seeds_at_the_best_rate_with_their_range(self):
        rows = [point("elu sum", 64, length=64, rate=rate, seed=seed, accuracy=accuracy)
                for rate, seed, accuracy in ((0.01, 1, 0.5), (0.01, 2, 0.75), (0.02, 1, 0.9), (0.02, 2, 0.1))]
        axes, = self.figure(rows).axes
        self.assertIn([[64, 0.625]], [line.get_xydata().tolist() for line in axes.lines])
        self.assertEqual([bar.get_segments()[0].tolist() for bar in axes.collections], [[[64, 0.5], [64, 0.75]]])

    def test_a_line_joins_our_widths(self):
        rows = sweep(128, accuracy=0.75) + sweep(64, accuracy=0.25)
        for axes in self.figure(rows).axes:
            self.assertEqual([line.get_xydata().tolist() for line in axes.lines].count([[64, 0.25], [128, 0.75]]), 2)

    def test_bad_input_is_named(self):
        self.assert_error(self.plot(self.write(sweep(), columns=["task", "memory"])), "results.csv: no column kernel")
        self.assert_error(self.plot(self.write(sweep(status="diverged", accuracy=""))), "no trained point")
        self.assert_error(self.plot(self.write([point("softmax", 64, pairs=5, length=64)])),
                          "no trained point with a length and pairs of")
        self.assert_error(self.plot(self.write(sweep()), "--reference", self.write([{"mixer": "h3"}], "theirs.csv")),
                          "theirs.csv: no column")


if __name__ == "__main__":
    unittest.main()
