"""plots/features.py draws ELU+1 in few bits: feature and relative error, both ways, clear errors."""

import math
import os
import unittest

from plot_case import PlotCase


def features(**changes):
    rows = []
    for precision, bits in (("float", 24), ("bfloat16", 8)):
        for x in range(-12, 3, 2):
            exact = math.exp(x) if x <= 0 else x + 1
            left = round(exact * 2 ** bits) / 2 ** bits
            row = {"precision": precision, "x": x, "exact": exact, "elu_plus_one": left, "exponential": exact,
                   "error_elu_plus_one": abs(left - exact) / exact, "error_exponential": 0}
            row.update(changes)
            rows.append(row)
    return rows


class FeaturesPlot(PlotCase):
    script, figures = "features.py", ["features"]

    def test_shows_both_ways_in_every_format(self):
        figure = self.draw(self.write(features()))["features"]
        self.assert_shows(figure, "float", "bfloat16", "exact", "elu(x) + 1, rounded twice", "exp(x), rounded once",
                          "feature φ(x)", "relative error", "x")

    def test_equal_data_gives_equal_bytes(self):
        path = self.write(features())
        self.assert_same_figures(self.draw(path), self.draw(path, out=os.path.join(self.directory, "again")))

    def test_bad_input_is_named(self):
        self.assert_error(self.plot("/nowhere.csv"), "/nowhere.csv", "No such file")
        self.assert_error(self.plot(self.write(features(), columns=["x"])), "no column precision")
        self.assert_error(self.plot(self.write(features(exact="much"))), "csv:2: exact is 'much'")
        self.assert_error(self.plot(self.write([], columns=list(features()[0]))), "no row")


if __name__ == "__main__":
    unittest.main()
