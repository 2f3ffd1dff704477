"""plots/rules.py draws a sweep over rules and normalisations: heat map, error by age and by overwrites, clear errors."""

import os
import unittest

from plot_case import PlotCase


def point(rule="delta", normalization="sum", S=20, seed=1, **changes):
    row = {"S": S, "memory": "fast_weight", "kernel": "elu", "rule": rule, "normalization": normalization, "seed": seed,
           "status": "ok", "final_loss": 0.1 * seed}
    row.update({f"loss_age_{i}": 0.05 * i for i in (1, 2, 3, 4)})
    row.update({f"loss_overwrites_{i}": 0.05 * i for i in (0, 1, 2, 3)})
    row.update(changes)
    return row


def sweep():
    skipped = {"status": "skipped", "final_loss": "", **{f"loss_age_{i}": "" for i in (1, 2, 3, 4)},
               **{f"loss_overwrites_{i}": "" for i in (0, 1, 2, 3)}}
    return ([point(rule, name, S, seed) for rule in ("delta", "sum") for name in ("sum", "l2") for S in (20, 60)
             for seed in (1, 2)] + [point("rls", "attention", **skipped)])


class RulesPlot(PlotCase):
    script, figures = "rules.py", ["rules", "age", "overwrites"]

    def test_annotates_means_and_hatches_what_has_no_meaning(self):
        svg = self.draw(self.write(sweep()))["rules"]
        self.assert_shows(svg, "ELU+1, S = 20", "ELU+1, S = 60", "delta", "rls", "attention", "0.150", "no meaning together",
                          "mean final loss")

    def test_age_and_overwrites_show_the_largest_size_or_the_one_asked_for(self):
        path = self.write(sweep())
        figures = self.draw(path)
        self.assert_shows(figures["age"], "quarter written, S = 60", "new", "old", "delta", "ELU+1, l2")
        self.assert_shows(figures["overwrites"], "overwritten, S = 60", "3+")
        self.assert_shows(self.draw(path, "--size", "20")["age"], "quarter written, S = 20")

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows(self):
        rows = sweep()
        first = self.draw(self.write(rows))
        self.assert_same_figures(first, self.draw(self.write(rows[::-1]), out=os.path.join(self.directory, "again")))

    def test_several_files_are_drawn_together_and_a_point_in_both_once(self):
        rows = sweep()
        first = self.draw(self.write(rows))
        again = self.draw(self.write(rows[:7], "a.csv"), self.write(rows[5:], "b.csv"), out=os.path.join(self.directory, "again"))
        self.assert_same_figures(first, again)

    def test_points_that_differ_in_another_column_all_count(self):
        rows = [point(beta="learnt", final_loss=0.1), point(beta="1", final_loss=0.3)]
        self.assert_shows(self.draw(self.write(rows))["rules"], "0.200")

    def test_divergence_is_said(self):
        rows = [point(), point("sum", status="diverged", final_loss="")]
        self.assert_shows(self.draw(self.write(rows))["rules"], "diverged")

    def test_bad_input_is_named(self):
        self.assert_error(self.plot(self.write(sweep()), "--size", "30"), "no trained S = 30; known: 20, 60")
        self.assert_error(self.plot(self.write([point(status="skipped")])), "no trained point")
        self.assert_error(self.plot(self.write([point(status="fine")])), "csv:2: status is 'fine'")
        self.assert_error(self.plot(self.write([point(loss_age_2="x")])), "csv:2: loss_age_2 is 'x'")
        self.assert_error(self.plot(self.write(sweep(), columns=["S", "memory"])), "no column kernel")
        self.assert_error(self.plot("/nowhere.csv"), "No such file")


if __name__ == "__main__":
    unittest.main()
