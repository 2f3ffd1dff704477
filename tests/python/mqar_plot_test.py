"""plots/mqar.py draws capacities over bytes of state: what stands where, how it is marked, clear errors."""

import os
import unittest

from plot_case import PlotCase
from token_rows import capacity

import mqar
import sequences
import style

NAMES = ["softmax", "silu_l2 delta", "elu sum"]


def capacities(**changes):
    return [capacity(name, width, **changes) for name in NAMES for width in (16, 32)]


def points_of(figure):
    """Where marks of capacities stand, as (x, y, filled)."""
    return {(line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor() != "white")
            for line in figure.axes[0].lines if line.get_marker() not in ("None", "_") and line.get_markersize() == 4.2}


class MqarPlot(PlotCase):
    script, figures = "mqar.py", ["mqar"]

    def svg(self, rows, *arguments):
        return self.draw(self.write(rows), *arguments)["mqar"]

    def figure(self, rows, criterion="accuracy >= 0.99"):
        style.use()
        figure = mqar.draw_mqar(mqar.read(self.write(rows), criterion))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_shows_memories_units_and_intervals(self):
        svg = self.svg(capacities())
        self.assert_shows(svg, "softmax", "SiLU-L2, delta", "ELU+1, sum", "capacity (pairs)", "state (4 bytes per float)",
                          "p pairs: exact storage", "95 % interval", "2 KiB", "8 KiB")
        for absent in ("at least", "bimodal seeds", "worst to best rate", "beyond the pairs tried", "width 16"):
            self.assertNotIn(f"<!-- {absent} -->", svg)

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows(self):
        rows = capacities()
        again = os.path.join(self.directory, "again")
        self.assert_same_figures(self.draw(self.write(rows)), self.draw(self.write(rows[::-1], "reversed.csv"), out=again))

    def test_a_pdf_is_asked_for_and_has_equal_bytes_for_equal_data(self):
        path, contents = self.write(capacities()), []
        for out in (self.out, os.path.join(self.directory, "again")):
            self.assertEqual(self.plot(path, "--pdf", out=out).returncode, 0)
            self.assertEqual(sorted(os.listdir(out)), ["mqar.pdf", "mqar.png", "mqar.svg"])
            with open(os.path.join(out, "mqar.pdf"), "rb") as file:
                contents.append(file.read())
        self.assertTrue(contents[0].startswith(b"%PDF-"))
        self.assertNotIn(b"/Type3", contents[0])
        self.assertTrue(contents[0] == contents[1])

    def test_a_point_stands_at_four_bytes_per_float(self):
        figure = self.figure([capacity("elu sum", 16, 8, state_floats=600), capacity("elu sum", 32, 12, state_floats=2200)])
        self.assertEqual(points_of(figure), {(2400, 8, True), (8800, 12, True)})

    def test_exact_storage_is_features_times_heads(self):
        rows = [capacity("elu sum", 16, heads=2, feature_dim=8, state_floats=100),
                capacity("elu sum", 32, heads=2, feature_dim=16, state_floats=400),
                capacity("dpfp:1 sum", 16, heads=2, feature_dim=8, state_floats=100)]  # lies on the first
        dotted = [line for line in self.figure(rows).axes[0].lines if line.get_color() == mqar.EXACT["color"]]
        self.assertEqual([line.get_xydata().tolist() for line in dotted], [[[400, 16], [1600, 32]]])

    def test_marks_bounds_bimodal_seeds_and_the_spread_over_rates(self):
        svg = self.svg([capacity("softmax", capacity_high="", censored="above", bimodal="true", least_of_all=2, most_of_all=8)])
        self.assert_shows(svg, "at least", "bimodal seeds", "worst to best rate", "beyond the pairs tried")
        self.assertNotIn("exact storage", svg)
        self.assertEqual(points_of(self.figure([capacity("softmax", censored="above")])), {(2048, 8, False)})

    def test_what_stores_nothing_has_the_state_of_another_row_or_is_counted(self):
        nothing = {"capacity": 0, "capacity_low": 0, "capacity_high": 3, "censored": "below", "state_floats": 0}
        rows = [capacity("elu sum"), capacity("elu sum", 32, **nothing), capacity("elu sum", 64, **nothing),
                capacity("elu sum", 32, criterion="accuracy >= 0.5", learning_rate=0.1, state_floats=900)]
        self.assertEqual(points_of(self.figure(rows)), {(2048, 8, True), (3600, sequences.FLOOR, False)})
        self.assert_shows(self.svg(rows), "not shown: 1 that stores nothing", "0")

    def test_a_softmax_whose_length_grows_with_pairs_takes_no_state_from_another_criterion(self):
        rows = [capacity("elu sum"), capacity("softmax", length="4pairs", capacity=0, state_floats=0),
                capacity("softmax", length="4pairs", criterion="accuracy >= 0.5", state_floats=900)]
        self.assert_shows(self.svg(rows), "not shown: 1 that stores nothing")

    def test_the_axis_reaches_down_to_all_that_it_shows(self):
        self.assertGreater(self.figure([capacity("elu sum")]).axes[0].get_ylim()[0], sequences.FLOOR)
        for column in ("capacity_low", "least_of_all"):
            self.assertLess(self.figure([capacity("elu sum", **{column: 0, "most_of_all": 8})]).axes[0].get_ylim()[0],
                            sequences.FLOOR)

    def test_names_say_what_else_differs_and_not_what_follows_from_it(self):
        rows = [capacity("elu sum", heads=heads, key_dim=16 // heads, feature_dim=16 // heads) for heads in (1, 2)]
        rows += [capacity("silu_l2 delta none"), capacity("silu_l2 delta sum")]
        self.assert_shows(self.svg(rows), "ELU+1, sum, heads 1", "ELU+1, sum, heads 2", "SiLU-L2, delta, no normalisation",
                          "SiLU-L2, delta, sum-normalised")

    def test_memories_in_one_place_stand_side_by_side(self):
        self.assertEqual(sequences.dodges({"a": [1, 2], "b": [2, 3], "c": [9], "softmax": [3]}),
                         {"softmax": -3.2, "a": 0, "b": 3.2, "c": 0})

    def test_every_memory_of_a_figure_has_a_colour_of_its_own(self):
        rows = [capacity(f"{kernel} {rule}", normalization=normalization) for kernel in ("elu", "relu") for rule in ("sum", "gla")
                for normalization in ("none", "sum", "l2")] + [capacity("softmax")]
        sequences.name_memories(rows, ["width"])
        looks = sequences.looks(rows)
        self.assertEqual(len({look.colour for look in looks.values()}), 13)
        self.assertEqual(looks["softmax"].colour, style.KNOWN["softmax"].colour)

    def test_past_the_last_colour_marks_differ(self):
        rows = [capacity(f"silu_l2 rule_{i}") for i in range(40)] + [capacity("elu sum")]
        sequences.name_memories(rows, ["width"])
        looks = sequences.looks(rows)
        self.assertEqual(len({look[:2] for look in looks.values()}), 41)
        self.assertEqual(looks["ELU+1, sum"], sequences.KNOWN["elu sum"])

    def test_bad_input_is_named(self):
        self.assert_error(self.plot(self.write(capacities()), "--criterion", "accuracy >= 0.5"), "'accuracy >= 0.5'",
                          "it has: 'accuracy >= 0.99'")
        self.assert_error(self.plot(self.write(capacities(capacity="x"))), "results.csv:2: capacity is 'x'")
        self.assert_error(self.plot(self.write(capacities(state_floats=0))), "results.csv: no memory stores a pair")
        rows = [{key: value for key, value in row.items() if key != "heads"} for row in capacities()]
        self.assert_error(self.plot(self.write(rows)), "results.csv: no column heads")


if __name__ == "__main__":
    unittest.main()
