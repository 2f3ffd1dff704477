"""plots/slices.py draws accuracy over tested pairs and over bytes of state: what it joins, which rate counts, clear errors."""

import os
import unittest

from plot_case import PlotCase, ROOT
from token_rows import point

import slices
import style

TRADEOFF = os.path.join(ROOT, "results", "reference", "zoology_tradeoff.csv")
TESTED = (4, 8, 16)


def several(*arguments, **changes):
    return point(*arguments, **{"train_pairs": "4 8", "test_pairs": "4 8 16", **changes})


def sweep():
    return [several(name, width, seed=seed, accuracy=0.01 * width + 0.1 * seed) for name in ("softmax", "silu_l2 delta")
            for width in (16, 32) for seed in (1, 2)]


def slices_of(rows):
    return [{**{key: value for key, value in row.items() if key not in ("accuracy", "state_floats", "status", "feature_dim")},
             "tested_pairs": pairs, "accuracy": row["accuracy"] - pairs / 100} for row in rows for pairs in TESTED]


class SlicesPlot(PlotCase):
    script, figures = "slices.py", ["slices"]

    def files(self, rows, parts=None):
        self.write(parts or slices_of(rows), "mine.slices.csv")
        return self.write(rows, "mine.csv")

    def figure(self, rows, published=None):
        style.use()
        figure = slices.draw_slices(slices.read(self.files(rows)), published or {})
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_shows_memories_widths_and_published_points(self):
        svg = self.draw(self.files(sweep()), "--tradeoff", TRADEOFF)["slices"]
        self.assert_shows(svg, "softmax", "SiLU-L2, delta", "width 16", "width 32", "tested pairs", "state (4 bytes per float)",
                          "accuracy", "accuracy over all tested pairs", "published", "gated delta net", "sliding window")
        self.assertNotIn("published", self.draw(self.files(sweep()))["slices"])

    def test_either_file_names_both(self):
        path = self.files(sweep())
        first = self.draw(path)
        self.assert_same_figures(first, self.draw(path.replace(".csv", ".slices.csv"), out=os.path.join(self.directory, "again")))

    def test_points_are_means_over_seeds(self):
        rows = [several("elu sum", 16, seed=seed, accuracy=accuracy) for seed, accuracy in ((1, 0.5), (2, 0.75))]
        left, right = self.figure(rows).axes
        for (pairs, accuracy), expected in zip(left.lines[0].get_xydata(), TESTED):
            self.assertEqual(pairs, expected)
            self.assertAlmostEqual(accuracy, 0.625 - pairs / 100, 12)
        self.assertEqual(right.lines[0].get_xydata().tolist(), [[4 * 512, 0.625]])

    def test_the_rate_that_is_best_on_average_counts(self):
        rates = {0.01: (0.9, 0.3), 0.02: (0.7, 0.7), 0.04: (0.2, 0.2)}
        rows = [several("elu sum", 16, rate=rate, seed=seed, accuracy=accuracy) for rate, both in rates.items()
                for seed, accuracy in zip((1, 2), both)]
        chosen = slices.read(self.files(rows))
        self.assertEqual([(row["learning_rate"], row["seed"]) for row in chosen], [("0.02", "1"), ("0.02", "2")])
        self.assertNotIn("learning rate", self.draw(self.files(rows))["slices"])

    def test_a_rate_at_which_a_seed_diverged_comes_after_those_without(self):
        rows = [several("elu sum", 16, rate=0.01, seed=seed, accuracy=0.5) for seed in (1, 2)]
        rows += [several("elu sum", 16, rate=0.02, seed=1, accuracy=0.9)]
        diverged = several("elu sum", 16, rate=0.02, seed=2, status="diverged", accuracy="")
        chosen = slices.read(self.files(rows + [diverged], slices_of(rows)))
        self.assertEqual({row["learning_rate"] for row in chosen}, {"0.01"})

    def test_published_points_stand_where_their_file_says(self):
        right = self.figure(sweep(), slices.read_tradeoff(TRADEOFF)).axes[1]
        drawn = [line.get_xydata().tolist() for line in right.lines if line.get_color() == "#888888"]
        self.assertEqual(len(drawn), 9)
        self.assertIn([[4860, 0.532], [17900, 0.771], [68300, 0.95]], drawn)

    def test_bad_input_is_named(self):
        rows = sweep()
        self.assert_error(self.plot(self.write(rows, "alone.csv")), "alone.slices.csv: No such file")
        self.assert_error(self.plot(self.files(rows, slices_of([several("elu sum", seed=9)]))),
                          "mine.csv: no trained point of", "mine.slices.csv")
        self.assert_error(self.plot(self.files(rows, [{**slices_of(rows)[0], "accuracy": "x"}])),
                          "mine.slices.csv:2: accuracy is 'x'")
        self.assert_error(self.plot(self.files(rows), "--tradeoff", self.write([{"mixer": "a"}], "t.csv")),
                          "t.csv: no column state_bytes, accuracy")


if __name__ == "__main__":
    unittest.main()
