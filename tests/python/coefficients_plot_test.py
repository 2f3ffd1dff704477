"""plots/coefficients.py draws who answers a query, from saved episodes: a panel a point, clear errors."""

import os
import unittest

from plot_case import PlotCase

import numpy as np

import coefficients


def point(rule, **changes):
    return {"S": 3, "memory": "fast_weight", "kernel": "elu", "rule": rule, "normalization": "sum", "seed": 1, "status": "ok",
            **changes}


class CoefficientsPlot(PlotCase):
    script, figures = "coefficients.py", ["coefficients"]

    def episodes(self, rules, L=5, steps=1, number=0):
        root = os.path.join(self.directory, "episodes")
        for rule in rules:
            directory = os.path.join(root, f"S=3,memory=fast_weight,kernel=elu,rule={rule},normalization=sum,seed=1")
            os.makedirs(directory, exist_ok=True)
            keys = np.array([0, 1, 0, 2, 1], dtype=np.int32)[:L]
            save = lambda what, x: np.save(os.path.join(directory, f"{number:03}_{what}.npy"), x)
            save("keys", keys)
            save("queries", np.array([1, 0, 2], dtype=np.int32))
            save("coefficients", np.arange(steps * L * 3, dtype=np.float32).reshape(steps * L, 3) + 100 * number)
        return root

    def test_a_panel_a_rule(self):
        rows = self.write([point("sum"), point("delta"), point("fwm2021")])  # the last has none
        svg = self.draw(rows, "--episodes", self.episodes(["sum", "delta"]))["coefficients"]
        self.assert_shows(svg, "sum", "delta", "coefficient", "write t", "query")
        self.assertNotIn("<!-- fwm2021 -->", svg)

    def test_queries_stand_in_the_order_of_their_newest_write(self):
        root = self.episodes(["sum"])
        one = coefficients.Sequence(os.path.join(root, os.listdir(root)[0]), 0)
        C, newest = one.in_order()
        self.assertEqual(newest, [2, 3, 4])  # keys 0, 2, 1
        self.assertEqual(C.tolist(), [[1, 2, 0], [4, 5, 3], [7, 8, 6], [10, 11, 9], [13, 14, 12]])

    def test_steps_of_a_write_are_added(self):
        root = self.episodes(["sum"], steps=2)
        one = coefficients.Sequence(os.path.join(root, os.listdir(root)[0]), 0)
        self.assertEqual(one.C[0].tolist(), [0 + 3, 1 + 4, 2 + 5])

    def test_only_narrows_and_another_episode_is_drawn(self):
        rows = self.write([point("sum"), point("delta")])
        self.episodes(["sum", "delta"], number=3)
        command = [rows, "--episodes", self.episodes(["sum", "delta"]), "--only", "rule=delta", "--episode"]
        svg = self.draw(*command, "3")["coefficients"]
        self.assertNotIn("<!-- sum -->", svg)
        self.assert_shows(svg, "query")
        first = self.draw(*command, "0", out=os.path.join(self.directory, "first"))["coefficients"]
        self.assertNotEqual(svg, first)

    def test_bad_input_is_named(self):
        rows, root = self.write([point("sum")]), self.episodes(["sum"])
        self.assert_error(self.plot(rows, "--episodes", "/nowhere"), "/nowhere", "no such directory")
        self.assert_error(self.plot(rows, "--episodes", root, "--only", "rule"), "--only 'rule'", "NAME=VALUE")
        self.assert_error(self.plot(rows, "--episodes", root, "--only", "rule=delta"), "no trained row with rule=delta")
        self.assert_error(self.plot(rows, "--episodes", root, "--only", "what=1"), "no column what")
        self.assert_error(self.plot(rows, "--episodes", root, "--episode", "7"), "007_keys.npy", "No such file")
        self.assert_error(self.plot(rows, "--episodes", root, "--episode", "-1"), "--episode -1")
        with open(os.path.join(root, os.listdir(root)[0], "000_keys.npy"), "w") as file:
            file.write("text")
        self.assert_error(self.plot(rows, "--episodes", root), "000_keys.npy", "not a .npy array")
        many = self.write([point("sum", seed=1)] * 17)
        self.assert_error(self.plot(many, "--episodes", self.episodes(["sum"])), "17 rows are more than the 16 panels")


if __name__ == "__main__":
    unittest.main()
