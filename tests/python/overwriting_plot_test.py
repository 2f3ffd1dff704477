"""plots/overwriting.py draws the overwriting experiment: final losses, learning curves, clear errors."""

import os
import unittest

from plot_case import PlotCase

import overwriting
import style


def point(kernel="elu", rule="delta", S=20, seed=1, **changes):
    row = {"S": S, "L": 2 * S, "replacement": "true", "memory": "fast_weight", "kernel": kernel, "rule": rule,
           "normalization": "sum", "evaluation": "exact", "seed": seed, "status": "ok", "final_loss": 0.01 * seed + S / 1000,
           "last_loss": 0.2, "bound": max(0, 1 - 64 / S) / 2}
    row.update(changes)
    return row


def sweep(**changes):
    return [point(kernel, rule, S, seed, **changes) for kernel in ("elu", "dpfp:1") for rule in ("sum", "delta")
            for S in (20, 100, 180) for seed in (1, 2)]


class OverwritingPlot(PlotCase):
    script, figures = "overwriting.py", ["overwriting"]

    def curves(self, rows):
        for row in rows:
            name = ",".join(f"{key}={row[key]}" for key in ("S", "L", "replacement", "memory", "kernel", "rule", "seed"))
            self.write([{"step": step, "train_loss": 0.5, "loss": 50 / step} for step in (100, 200, 300)],
                       os.path.join("curves", name + ".csv"))
        return os.path.join(self.directory, "curves")

    def test_shows_rules_bounds_and_published_losses(self):
        svg = self.draw(self.write(sweep()))["overwriting"]
        self.assert_shows(svg, "ELU+1", "DPFP-1", "sum", "delta", "normalisation sum", "bound", "published 2021", "final loss")
        self.assertNotIn("beyond the axis", svg)

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows_and_the_number_of_files(self):
        rows = sweep()
        first = self.draw(self.write(rows))
        again = self.draw(self.write(rows[:2:-1], "reversed.csv"), self.write(rows[:7], "rest.csv"),
                          out=os.path.join(self.directory, "again"))
        self.assert_same_figures(first, again)

    def test_what_lies_beyond_the_axis_is_marked(self):
        rows = [point(S=20), point(S=60, final_loss=40.0), point(S=100, status="diverged", final_loss="", last_loss="")]
        self.assert_shows(self.draw(self.write(rows))["overwriting"], "beyond the axis or diverged")

    def test_several_normalisations_of_many_rules_get_panels(self):
        rows = [point(rule=rule, normalization=name, S=S) for rule in ("sum", "delta", "decay") for name in ("sum", "l2")
                for S in (20, 60)]
        self.assertEqual(overwriting.panels_of(overwriting.read_points([self.write(rows)])), [("elu", "sum"), ("elu", "l2")])
        self.assert_shows(self.draw(self.write(rows))["overwriting"], "ELU+1, sum", "ELU+1, l2")

    def test_learning_curves_of_the_largest_size_and_of_those_asked_for(self):
        rows = sweep()
        self.figures = ["overwriting", "learning"]
        path, curves = self.write(rows), self.curves(rows)
        svg = self.draw(path, "--curves", curves)["learning"]
        self.assert_shows(svg, "ELU+1, S = 180", "DPFP-1, S = 180", "evaluation loss", "training step")
        svg = self.draw(path, "--curves", curves, "--sizes", "20,100")["learning"]
        self.assert_shows(svg, "ELU+1, S = 20", "ELU+1, S = 100")

    def test_a_file_is_its_points_even_where_a_name_says_less(self):
        rows = [style.Row(point("elu", "sum"), "here"), style.Row(point("elu", "delta"), "here")]
        curves = os.path.join(self.directory, "curves")
        os.makedirs(curves)
        for name in ("S=20,kernel=elu.csv", "S=20,kernel=elu,rule=delta.csv", "S=200,kernel=elu.csv"):
            open(os.path.join(curves, name), "w").close()
        names = [os.path.basename(style.saved_of(row, curves, ".csv")) for row in
                 [style.Row({key: str(value) for key, value in row.items()}, "here") for row in rows]]
        self.assertEqual(names, ["S=20,kernel=elu.csv", "S=20,kernel=elu,rule=delta.csv"])

    def test_bad_input_is_named(self):
        path = self.write(sweep())
        self.assert_error(self.plot(path, "--curves", "/nowhere"), "/nowhere", "no such directory")
        self.assert_error(self.plot(path, "--curves", self.directory, "--sizes", "30"), "no S = 30; known: 20, 100, 180")
        self.assert_error(self.plot(path, "--curves", self.directory, "--sizes", "x"), "--sizes 'x'")
        self.assert_error(self.plot(path, "--curves", self.directory), "no curve of a point of S = 180")
        self.assert_error(self.plot("/nowhere.csv"), "/nowhere.csv", "No such file")
        self.assert_error(self.plot(self.write(sweep(replacement="false"))), "replacement = true")
        self.assert_error(self.plot(self.write(sweep(), columns=["S", "L"])), "no column replacement")
        self.assert_error(self.plot(self.write([point(), point(S=60, final_loss="x")])), "csv:3: final_loss is 'x'")


if __name__ == "__main__":
    unittest.main()
