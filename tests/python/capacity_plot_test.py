"""plots/capacity.py draws the results of a capacity sweep: four files, equal bytes for equal data, clear errors."""

import os
import unittest

from plot_case import PlotCase

import capacity
import style   

COLUMNS = ("task,S,L,replacement,memory,kernel,key_dim,feature_dim,redraw,scale,rule,normalization,model,evaluation,"
           "seed,status,reason,steps,best_step,train_loss,best_loss,final_loss,accuracy,bound,excess,last_loss,batch"
           ).split(",")


def point(kernel, p, S, seed=1, **changes):
    """A row as a sweep writes it, with a loss 1 % above its bound; no kernel means softmax."""
    bound = max(0, 1 - p / S) / 2 if kernel else ""
    loss = (bound or 0) * 1.01 + 1e-4 * seed
    row = dict.fromkeys(COLUMNS, "")
    row.update(task="associative_retrieval", S=S, L=S, replacement="false", key_dim=64, model="published",
               evaluation="exact", seed=seed, status="ok", final_loss=loss, last_loss=loss, batch=32)
    if kernel:
        row.update(memory="fast_weight", kernel=kernel, feature_dim=p, rule="sum", normalization="attention",
                   bound=bound, excess=loss - bound)
        if kernel.startswith("favor"):
            row.update(redraw="every_step", scale="none")
    else:
        row.update(memory="softmax")
    row.update(changes)
    return row


def sweep(**changes):
    models = [("", 0), ("elu", 64), ("dpfp:1", 128), ("favor:64", 128)]
    return [point(kernel, p, S, **changes) for kernel, p in models for S in (20, 100, 140)]


class CapacityPlot(PlotCase):
    script, figures = "capacity.py", ["capacity", "excess"]

    def figure(self, rows, name="capacity"):
        """The SVG of a sweep."""
        return self.draw(self.write(rows))[name]

    # --- figures ---

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows(self):
        rows = sweep(seed=1) + sweep(seed=2)
        again = os.path.join(self.directory, "again")
        self.assert_same_figures(self.draw(self.write(rows)), self.draw(self.write(rows[::-1], "reversed.csv"), out=again))

    def test_names_models_and_signs(self):
        svg = self.figure(sweep(seed=1) + sweep(seed=2))
        for words in ("softmax", "ELU+1, p = 64", "DPFP-1, p = 128", "FAVOR+ 64, p = 128", "rank bound",
                      "published 2021", "range of seeds", "final loss"):
            self.assertIn(f"<!-- {words} -->", svg)
        self.assertNotIn("<!-- diverged -->", svg)

    def test_published_evaluation_shows_the_last_loss(self):
        rows = [point("elu", 64, S, evaluation="published_2021", final_loss="", last_loss=0.1) for S in (20, 60)]
        self.assertIn("<!-- last loss, published evaluation -->", self.figure(rows))

    def test_panels_tell_ways_apart_and_softmax_stands_in_each(self):
        rows = sweep() + [point("elu", 64, S, rule="delta", normalization="sum") for S in (20, 100)]
        series, panels, labels = capacity.gather(capacity.read_points([self.write(rows)]))
        self.assertEqual((panels, labels), (["rule", "normalization"], []))
        names = {way["rule"]: sorted(one.name for one in members) for way, members in capacity.split(series, panels)}
        self.assertEqual(names, {"delta": ["elu", "softmax"], "sum": ["dpfp:1", "elu", "favor:64", "softmax"]})
        svg = self.figure(rows)
        self.assertIn("<!-- rule = delta", svg)

    def test_a_choice_that_differs_between_models_only_goes_to_the_legend(self):
        svg = self.figure([point("elu", 64, 20), point("dpfp:1", 128, 20, model="table")])
        self.assertIn("<!-- DPFP-1, p = 128, model = table -->", svg)

    def test_panels_stand_in_numerical_order(self):
        rows = [point("elu", d, 20, key_dim=d) for d in (8, 64, 16)]
        series, panels, _ = capacity.gather(capacity.read_points([self.write(rows)]))
        self.assertEqual([way["key_dim"] for way, _ in capacity.split(series, panels)], ["8", "16", "64"])

    def test_marks_diverged_points_and_leaves_out_skipped_ones(self):
        nothing = {"final_loss": "", "last_loss": "", "excess": ""}
        svg = self.figure([point("elu", 64, 20), point("elu", 64, 40, status="diverged", **nothing),
                           point("relu", 64, 40, status="skipped", **nothing)])
        self.assertIn("<!-- diverged -->", svg)
        self.assertNotIn("<!-- relu", svg)

    def test_marks_losses_beyond_the_axis(self):
        self.assertIn("<!-- beyond the axis -->", self.figure([point("elu", 64, S, final_loss=30) for S in (20, 40)]))

    def test_draws_a_single_size_and_models_it_does_not_know(self):
        self.assertIn("<!-- new kernel 7, p = 64 -->", self.figure([point("new_kernel:7", 64, 100, seed=s)
                                                                   for s in (1, 2)]))

    def test_draws_excess_of_a_model_without_bound(self):
        self.assertIn("<!-- no model here has a rank bound -->", self.figure([point("", 0, 20)], "excess"))

    def test_several_files_are_drawn_together_and_a_repeated_point_counts_once(self):
        one = self.write([point("elu", 64, 20), point("elu", 64, 40)], "one.csv")
        two = self.write([point("elu", 64, 40), point("elu", 64, 60)], "two.csv")
        (series,), _, _ = capacity.gather(capacity.read_points([one, two]))
        self.assertEqual({S: len(losses) for S, losses in series.loss.items()}, {20: 1, 40: 1, 60: 1})

    def test_the_published_losses_are_those_of_the_capacity_experiment(self):
        published = capacity.published_capacity(capacity.PUBLISHED)
        self.assertEqual(len(published), 8)
        self.assertEqual({len(points) for points in published.values()}, {15})
        self.assertIn((100, 0.171541), published["elu"])

    # --- looks ---

    def test_a_known_model_looks_the_same_in_every_figure(self):
        self.assertEqual(style.looks(["elu", "other", "taylor"])["elu"], style.looks(["elu"])["elu"])

    def test_up_to_eight_unknown_models_look_different(self):
        looks = style.looks([f"kernel:{i}" for i in range(8)])
        self.assertEqual(len({look.colour for look in looks.values()}), 8)

    # --- errors ---

    def test_missing_file(self):
        self.assert_error(self.plot("/nowhere/results.csv"), "/nowhere/results.csv", "No such file")

    def test_missing_columns_are_named(self):
        columns = [column for column in COLUMNS if column not in ("bound", "excess")]
        self.assert_error(self.plot(self.write(sweep(), columns=columns)), "results.csv", "no column bound, excess")

    def test_empty_file_and_file_without_a_trained_point(self):
        path = os.path.join(self.directory, "empty.csv")
        with open(path, "w"):
            pass
        self.assert_error(self.plot(path), "empty.csv", "header")
        self.assert_error(self.plot(self.write([], columns=COLUMNS)), "results.csv", "no trained point")
        self.assert_error(self.plot(self.write(sweep(status="skipped"))), "results.csv", "no trained point")

    def test_a_bad_cell_is_named_with_its_line(self):
        for changes, words in ({"final_loss": "abc"}, "final_loss is 'abc'"), ({"final_loss": "nan"}, "'nan'"), \
                              ({"S": ""}, "S is empty"), ({"status": "fine"}, "status is 'fine'"):
            path = self.write([point("elu", 64, 20), {**point("elu", 64, 40), **changes}])
            self.assert_error(self.plot(path), "results.csv:3: ", words)

    def test_a_line_of_another_length(self):
        path = self.write([point("elu", 64, 20)])
        with open(path, "a") as file:
            file.write("associative_retrieval,40\n")
        self.assert_error(self.plot(path), "csv:3: 2 fields where the header has 27")

    def test_the_same_point_with_another_result(self):
        path = self.write([point("elu", 64, 20), point("elu", 64, 20, final_loss=0.3)])
        self.assert_error(self.plot(path), "csv:3: ", "csv:2;", "another result")

    def test_unwritable_directory(self):
        blocked = os.path.join(self.directory, "file")
        with open(blocked, "w"):
            pass
        result = self.plot(self.write(sweep()), out=os.path.join(blocked, "out"))
        self.assert_error(result, "file/out", "Not a directory")


if __name__ == "__main__":
    unittest.main()
