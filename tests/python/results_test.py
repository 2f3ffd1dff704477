"""plots/results.py reads what the programs' reader reads, by the same files (tests/sweep/rows/table_test.cpp)."""

import os
import unittest

from plot_case import PlotCase, ROOT

import results

FILES = os.path.join(ROOT, "tests", "files")


def cells(name):
    return [dict(row) for row in results.read_csv(os.path.join(FILES, name), [])]


class Reader(PlotCase):
    def test_what_other_tools_wrote_is_the_same_table(self):
        plain = cells("plain.csv")
        with open(os.path.join(FILES, "plain.csv"), encoding="utf-8") as file:
            self.assertEqual(file.read().split("\n")[1:-1], [",".join(row.values()) for row in plain])
        for name in ("byte_order_mark.csv", "blank_rows.csv", "no_last_line_end.csv", "quoted.csv", "rewritten.csv"):
            self.assertEqual(cells(name), plain, name)

    def test_rows_know_their_lines(self):
        places = [row.place for row in results.read_csv(os.path.join(FILES, "blank_rows.csv"), [])]
        self.assertEqual([place.rpartition(":")[2] for place in places], ["2", "4", "7"])

    def test_errors_say_the_line_and_column(self):
        with open(os.path.join(FILES, "errors.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 12)
        for line in lines:
            with self.assertRaises(results.InputError) as error:
                cells(line[:line.index(".csv") + 4])
            self.assertIn(line, str(error.exception))

    def test_rows_of_tokens_are_as_a_sweep_writes_them(self):
        path = self.write([{"vocabulary": "256.0", "train_pairs": "4 8", "length": "4pairs", "power": "1E-2", "reassigned": "",
                            "width": "064", "mlp": "False", "frozen": "TRUE", "target_accuracy": "0.990"}])
        self.assertEqual(list(results.read_csv(path, [])[0].values()),
                         ["256", "4 8", "4pairs", "0.01", "", "64", "false", "true", "0.99"])
        for column, cell, words in (("width", "", "width is empty"), ("mlp", "1", "mlp '1' is not of type boolean"),
                                    ("pairs", "4.5", "pairs '4.5' is not of type integer")):
            with self.assertRaises(results.InputError) as error:
                results.read_csv(self.write([{"task": "mqar", column: cell}]), [])
            self.assertIn(f"results.csv:2: {words}", str(error.exception))

    def test_a_name_that_was_cut_is_found_by_its_hash(self):
        row = results.Row({"S": "20", "L": "20", "kernel": "dpfp:1", "seed": "1", "rule": "", "status": "ok"}, "here")
        self.assertEqual(results.point_hash(row), results.point_hash({**row, "steps": "7"}))
        other = results.Row({**row, "L": "30"}, "there")
        for one in (row, other):
            open(os.path.join(self.directory, f"S=20,kernel=dpfp_1,hash={results.point_hash(one)}.csv"), "w").close()
        self.assertIn(results.point_hash(row), results.saved_of(row, self.directory, ".csv"))
        self.assertIn(results.point_hash(other), results.saved_of(other, self.directory, ".csv"))

    def test_the_hash_is_the_programs_own(self):
        # The same point as in FileName.OfManyParametersEndsWithTheirHash (tests/sweep/plan/plan_test.cpp).
        row = {"S": "20", "kernel": "dpfp:1", "seed": "1"}
        self.assertEqual(results.point_hash(row), "dcea2c69e052eae7")


if __name__ == "__main__":
    unittest.main()
