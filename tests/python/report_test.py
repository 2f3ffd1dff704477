"""plots/report.py makes one page of results: what it says, that it stands alone, clear errors, nothing half written."""

import html.parser
import os
import re
import unittest

from page_rows import held, pairs, write_directory
from plot_case import ROOT, PlotCase

import report

ELU = ("elu", "sum", "attention", 40, 0.25, 2)
DELTA = ("elu", "delta", "sum", 62, 0.125, 3)
SOFTMAX = ("", "", "", 400, 0.001, 32)


class Reader(html.parser.HTMLParser):
    """What a page has: ids, links, and the cells of its tables by section."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.tables, self.tags = [], [], {}, set()
        self.section, self.cell = None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.add(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.links += [attributes[name] for name in ("href", "src", "xlink:href") if name in attributes]
        if tag == "section":
            self.section = attributes["id"]
        if tag == "tr":
            self.tables.setdefault(self.section, []).append([])
        if tag in ("td", "th"):
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[self.section][-1].append(self.cell)
            self.cell = None


class ReportPage(PlotCase):
    script = "report.py"

    def setUp(self):
        super().setUp()
        self.out = os.path.join(self.directory, "page.html")

    def page(self, *arguments):
        result = self.plot(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open(self.out, encoding="utf-8") as file:
            return file.read()

    def test_stands_alone(self):
        text = self.page(write_directory(self, "results", [ELU, DELTA, SOFTMAX]))
        reader = Reader(text)
        self.assertEqual(len(reader.ids), len(set(reader.ids)))
        self.assertGreater(len(reader.links), 30)
        for link in reader.links:
            if link.startswith("#"):
                self.assertIn(link[1:], reader.ids)
            else:  # an icon that is empty, and files beside the page
                self.assertTrue(link == "data:," or os.path.exists(os.path.join(self.directory, link)), link)
        self.assertFalse(reader.tags & {"img", "iframe", "object"})
        self.assertNotIn("@import", text)
        self.assertNotRegex(text, r"url\((?!#)")
        self.assertEqual(text.count("<script"), 1)

    def test_answers_in_one_table_with_ranks(self):
        lines = Reader(self.page(write_directory(self, "results", [ELU, DELTA, SOFTMAX]))).tables["answer"]
        self.assertEqual(lines[0], ["memory", "keys held, d = 64", "keys per float", "loss, S = 100",
                                    "loss, overwritten, S = 60", "MQAR pairs"])
        self.assertEqual(lines[1], ["softmax", "4001", "0.09771", "0.0011", "0.0011", "321"])  # a cell's rank is behind its number
        self.assertEqual(lines[2], ["ELU+1, delta, sum", "622", "0.01512", "0.1252", "0.1252", "32"])
        self.assertEqual(lines[3], ["ELU+1, sum, attention", "403", "0.009773", "0.253", "0.253", "23"])

    def test_a_number_leads_to_how_its_row_was_made(self):
        text = self.page(write_directory(self, "results", [ELU, DELTA]))
        anchor = re.search(r'<a href="#([\w-]+)" title="memories.capacity.csv, line 3">62</a>', text)[1]
        made = re.search(rf'id="{anchor}">(.*?)</div>', text, re.DOTALL)[1]
        for words in ("memories.capacity.csv</a>, 2 rows", "sweep memories --quick", "0123456789ab", "a processor", "2026-01-02 03:04"):
            self.assertIn(words, made)

    def test_seeds_are_averaged_and_of_settings_the_best_counts(self):
        rows = [pairs(final_loss=loss, seed=seed, learning_rate=rate) for loss, seed, rate in
                ((0.125, 1, 0.01), (0.375, 2, 0.01), (0.5, 1, 0.1), (0.0625, 2, 0.1))]
        directory = write_directory(self, "results", [ELU], capacity=rows)
        self.assertEqual(Reader(self.page(directory)).tables["answer"][1][3], "0.25")

    def test_a_cost_is_seconds_over_steps(self):
        lines = Reader(self.page(write_directory(self, "results", [ELU, DELTA]))).tables["cost"]
        self.assertEqual(lines, [["memory", "written once, S = 100"], ["ELU+1, delta, sum", "41"], ["ELU+1, sum, attention", "41"]])

    def test_what_was_not_run_is_said(self):
        text = self.page(write_directory(self, "results", [ELU]))
        states = dict(re.findall(r'<section id="(\w+)" data-state="([\w ]+)">', text))
        self.assertEqual(states["capacity"], "done")
        for name in ("projection", "rewritten", "learning_rate", "question_answering", "language"):
            self.assertEqual(states[name], "not run")
        self.assertNotIn("rules", states)  # no part of a card

    def test_a_state_that_the_card_noted_is_said_with_its_reason(self):
        directory = write_directory(self, "results", [ELU])
        with open(os.path.join(directory, "card.toml"), "w", encoding="utf-8") as file:
            file.write('[section.projection]\nstate = "not run"\nwhy = "at most 3:00 of the 1:00 that were left"\n'
                       '[section.mqar]\nstate = "unfinished"\nwhy = "interrupted"\n')
        text = self.page(directory)
        self.assertIn("<strong>Not run</strong>: at most 3:00 of the 1:00 that were left.", text)
        self.assertIn("<strong>Unfinished</strong>: interrupted.", text)

    def test_others_stand_beside_and_own_lines_come_first(self):
        own = write_directory(self, "own", [ELU])
        others = write_directory(self, "others", [DELTA, SOFTMAX])
        text = self.page(own, "--beside", others)
        self.assertIn("<h1>ELU+1, sum, attention</h1>", text)
        self.assertEqual([line[0] for line in Reader(text).tables["answer"][1:]],
                         ["ELU+1, sum, attention", "softmax", "ELU+1, delta, sum"])
        self.assertEqual(Reader(text).tables["answer"][1][1], "403")
        self.assertEqual(re.findall(r'<tr class="own"><th scope="row">([^<]*)', text.partition("</table>")[0]),
                         ["ELU+1, sum, attention"])

    def test_a_memory_that_is_among_the_others_is_compared_with_itself(self):
        own = write_directory(self, "own", [ELU])
        self.assertIn("2 of 2 points equal in every column",
                      self.page(own, "--beside", write_directory(self, "others", [ELU, DELTA])))
        other = write_directory(self, "changed", [(*ELU[:4], 0.5, 2), DELTA])
        text = self.page(own, "--beside", other)
        self.assertIn("2 of 2 differ", text)
        self.assertIn("final_loss 0.5 → 0.25", text)
        self.assertEqual(len(Reader(text).tables["answer"]), 3)  # it has one line, its own

    def test_only_known_memories_of_others_are_drawn(self):
        own, others = [pairs("tanh", "sum", "none", S=S) for S in (20, 100)], [ELU, ("relu2", *ELU[1:])]
        directory = write_directory(self, "own", [("tanh", "sum", "none", 9, 0.3, 2)], capacity=own)
        found = report.read_all([directory], write_directory(self, "others", others))
        with report.files_to_draw(report.SECTIONS[1], found) as files:
            rows = report.style.read_csv(files[""][0], ["kernel"])
        self.assertEqual([row["kernel"] for row in rows], ["tanh", "tanh", "elu", "elu"])

    def test_equal_files_give_equal_bytes(self):
        directory = write_directory(self, "results", [ELU, DELTA])
        self.assertTrue(self.page(directory) == self.page(directory))

    def test_tables_for_papers(self):
        directory = write_directory(self, "results", [ELU, DELTA])
        latex, markdown = (os.path.join(self.directory, name) for name in ("answer.tex", "answer.md"))
        pdf = os.path.join(self.directory, "pdf")
        self.page(directory, "--latex", latex, "--markdown", markdown, "--pdf", pdf)
        with open(latex, encoding="utf-8") as file:
            self.assertIn(r"ELU+1, delta, sum & 62 & 0.0151 & 0.125 & 0.125 & 3 \\", file.read())
        with open(markdown, encoding="utf-8") as file:
            self.assertIn("| ELU+1, delta, sum | 62 | 0.0151 | 0.125 | 0.125 | 3 |", file.read())
        self.assertIn("capacity.pdf", os.listdir(pdf))
        self.assertIn("mqar.pdf", os.listdir(pdf))

    def test_a_figure_that_cannot_be_drawn_is_a_sentence_in_its_section(self):
        directory = write_directory(self, "results", [ELU])
        self.write([held(capacity=0, capacity_per_feature=0, associations_per_float=0, bits_per_float=0)],
                   os.path.join("results", "memories.capacity.csv"))
        self.assertIn("No figure: no memory that stores a bit among the capacities.", self.page(directory))

    def test_bad_input_is_one_line_and_leaves_the_page_as_it_was(self):
        good = write_directory(self, "good", [ELU])
        before = self.page(good)
        empty, foreign = (os.path.join(self.directory, name) for name in ("empty", "foreign"))
        os.mkdir(empty)
        self.write([{"a": 1}], os.path.join("foreign", "other.csv"))
        old = write_directory(self, "old", [ELU], overwrite=[{"memory": "softmax", "S": 60}])
        never = write_directory(self, "never", [ELU], capacity=[pairs(status="diverged")], overwrite=[pairs(status="skipped")])
        wider = write_directory(self, "wider", [ELU], overwrite=[{**pairs(), "another": 1}])
        broken = write_directory(self, "broken", [ELU])
        self.write([], os.path.join("broken", "gates.xml"), columns=["no xml"])
        for arguments, words in (
                (["/nowhere"], "/nowhere: no such directory"), ([empty], "empty: holds no results that a page knows"),
                ([foreign], "foreign: holds no results"), ([good, write_directory(self, "twin", [ELU])], "make a page of each"),
                ([old], "overwrite.csv: no column kernel"), ([never], "never: no point ended ok (1 diverged, 1 skipped)"),
                ([good, "--beside", wider], "has other columns than"), ([broken], "gates.xml: not what check wrote"),
                ([write_directory(self, "bad", [ELU], overwrite=[pairs(S=60, final_loss="x")])], "csv:2: final_loss is 'x'")):
            with self.subTest(words):
                result = self.plot(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertIn(words, result.stderr)
                with open(self.out, encoding="utf-8") as file:
                    self.assertTrue(file.read() == before)

    def test_gates_are_counted_and_a_red_one_is_named(self):
        directory = write_directory(self, "results", [ELU])
        with open(os.path.join(directory, "gates.xml"), "w", encoding="utf-8") as file:
            file.write('<testsuites><testsuite><testcase name="one"/><testcase name="two"><failure message="0.3 is above 0.2"/>'
                       '</testcase></testsuite></testsuites>')
        text = self.page(directory)
        self.assertIn("1 of 2 passed", text)
        self.assertIn("two: 0.3 is above 0.2", text)


class CommittedPage(unittest.TestCase):
    def test_readme_shows_its_first_table(self):
        found = report.read_all(report.committed(), None)
        table = report.markdown(report.answer_table(found, set(), lambda row: "#"))
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            self.assertIn(table, file.read(), "results/README.md has the command that makes it")
        with open(os.path.join(ROOT, "results", "index.html"), encoding="utf-8") as file:
            lines = Reader(file.read()).tables["answer"]
        self.assertEqual([line[0] for line in lines], [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()
                                                       if not line.startswith("| ---")])

    def test_it_is_smaller_than_a_page_may_be(self):
        self.assertLess(os.path.getsize(os.path.join(ROOT, "results", "index.html")), report.LARGEST)

    def test_citation_has_the_version_of_the_project(self):
        with open(os.path.join(ROOT, "CMakeLists.txt"), encoding="utf-8") as file:
            version = re.search(r"project\(palimpsest VERSION ([\d.]+)", file.read())[1]
        self.assertIn(f"version = {{{version}}}", report.citation())
        self.assertTrue(report.citation().startswith("@software{palimpsest,"))


if __name__ == "__main__":
    unittest.main()
