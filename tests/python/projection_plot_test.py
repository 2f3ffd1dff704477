"""plots/projection.py draws capacities over the projection dimension: six files, equal bytes for equal data, clear errors."""

import os
import unittest

from plot_case import PlotCase

import projection


def model(kernel, d, p, redraw="", scale=""):
    if not kernel:
        return {"memory": "softmax", "key_dim": d}
    return {"memory": "fast_weight", "kernel": kernel, "key_dim": d, "feature_dim": p, "redraw": redraw, "scale": scale,
            "rule": "sum", "normalization": "attention"}


MODELS = [model("elu", 8, 8), model("elu", 16, 16), model("dpfp:1", 8, 16), model("", 8, 0),
          model("favor:16", 8, 32, "fixed", "d^-1/4"), model("favor:32", 8, 64, "fixed", "d^-1/4"),
          model("favor:16", 8, 32, "every_step", "none")]


def capacities(**changes):
    rows = []
    for one in MODELS:
        capacity = one.get("feature_dim", 100) * 0.75
        rows.append({**one, "criterion": "final_loss <= 0.001", "capacity": capacity, "capacity_low": capacity - 1,
                     "capacity_high": capacity + 1, "censored": "", "state_floats": capacity * 10,
                     "bits_per_float": 0.1, **changes})
    return rows


def results(**changes):
    rows = []
    for one in MODELS:
        p = one.get("feature_dim")
        for factor in (0.5, 1.5, 2):
            bound = max(0, 1 - 1 / factor) / 2 if p else 0
            rows.append({**one, "S": int(factor * (p or 100)), "status": "ok", "final_loss": bound * 1.02 + 1e-4,
                         "bound": bound, **changes})
    return rows


class ProjectionPlot(PlotCase):
    script, figures = "projection.py", ["projection", "ratio", "bits"]

    def files(self, capacity_rows, result_rows, columns=projection.CAPACITY):
        return self.write(capacity_rows, "c.csv", columns), self.write(result_rows, "r.csv", projection.RESULTS)

    def plot(self, capacity_rows, result_rows, *arguments, columns=projection.CAPACITY, **options):
        return super().plot(*self.files(capacity_rows, result_rows, columns), *arguments, **options)

    def figure(self, name, capacity_rows=None, result_rows=None):
        return self.draw(capacity_rows or capacities(), result_rows or results())[name]

    def test_equal_data_gives_equal_bytes(self):
        again = os.path.join(self.directory, "again")
        self.assert_same_figures(self.draw(capacities(), results()), self.draw(capacities(), results(), out=again))

    def test_random_features_are_told_apart_by_how_they_are_drawn(self):
        svg = self.figure("projection")
        for words in ("ELU+1", "DPFP-1", "FAVOR+, fixed, scaled", "FAVOR+, redrawn", "capacity = p", "d = 8", "d = 16"):
            self.assertIn(f"<!-- {words} -->", svg)
        self.assertNotIn("<!-- softmax -->", svg)
        self.assertNotIn("<!-- at least -->", svg)

    def test_softmax_stands_among_the_bits(self):
        self.assertIn("<!-- softmax -->", self.figure("bits"))

    def test_marks_capacities_that_are_bounds_and_those_that_are_none(self):
        svg = self.figure("projection", capacities(censored="above") + capacities(capacity=0, capacity_low="",
                                                                                     capacity_high=""))
        self.assertIn("<!-- at least -->", svg)
        self.assertIn("<!-- none stored -->", svg)

    def test_an_interval_that_is_open_above_is_drawn_up_to_the_capacity(self):
        svg = self.figure("projection", capacities(censored="above", capacity_high=""))
        self.assertIn("<!-- at least -->", svg)

    def test_rings_bimodal_seeds(self):
        columns = projection.CAPACITY + ["bimodal"]
        self.assertNotIn("<!-- bimodal seeds -->", self.figure("projection"))
        result = self.plot(capacities(bimodal="true"), results(), columns=columns)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.out, "projection.svg"), encoding="utf-8") as file:
            self.assertIn("<!-- bimodal seeds -->", file.read())

    def test_ratio_shows_points_past_the_bound_only_and_marks_those_beyond_the_axis(self):
        self.assertNotIn("beyond the axis", self.figure("ratio"))
        self.assertIn("<!-- beyond the axis -->", self.figure("ratio", result_rows=results(final_loss=40)))
        self.assert_error_after_drawing(results(status="diverged"), "no trained point past")

    def assert_error_after_drawing(self, result_rows, words):
        other = os.path.join(self.directory, "other")
        result = self.plot(capacities(), result_rows, out=other)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)
        self.assertIn(words, result.stderr)
        self.assertFalse(os.path.exists(other))

    def test_a_criterion_that_is_not_there_lists_those_that_are(self):
        self.assert_error(self.plot(capacities(), results(), "--criterion", "accuracy >= 0.5"),
                          "'accuracy >= 0.5'", "it has: 'final_loss <= 0.001'")

    def test_missing_columns_and_bad_cells_are_named(self):
        columns = [column for column in projection.CAPACITY if column != "capacity_low"]
        self.assert_error(self.plot(capacities(), results(), columns=columns), "c.csv: no column capacity_low")
        self.assert_error(self.plot(capacities(capacity="x"), results()), "c.csv:2: ", "capacity is 'x'")


if __name__ == "__main__":
    unittest.main()
