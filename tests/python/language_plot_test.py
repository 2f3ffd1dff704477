"""plots/language.py draws language models: bits per byte of the test split, validation curves, clear errors."""

import os
import unittest

from plot_case import PlotCase
from token_rows import memory

import language
import style

BITS = {"softmax": 2.4, "elu sum": 2.5, "elu delta": 2.3}


def point(name, seed=1, **changes):
    row = {"task": "text", "corpus": "brown", "tokens": "bytes", "segment": 256, "validation": "documents",
           "evaluation_segments": 0, **memory(name), "key_dim": 32, "smaller_outputs": "false", "seed": seed, "status": "ok",
           "best_loss": 1.7, "validation_bits_per_byte": 3.4, "test_bits_per_byte": BITS[name] + 0.02 * seed, "batch": 8}
    row.update(changes)
    return row


def sweep(names=BITS, **changes):
    return [point(name, seed, **changes) for name in names for seed in (1, 2)]


class LanguagePlot(PlotCase):
    script, figures = "language.py", ["language"]

    def curves(self, rows):
        for row in rows:
            name = ",".join(f"{key}={row[key]}" for key in ("task", "memory", "kernel", "rule", "seed") if row[key])
            self.write([{"step": step, "train_loss": 2, "loss": 1 + 50 / step} for step in (50, 100, 150)],
                       os.path.join("curves", name + ".csv"))
        return os.path.join(self.directory, "curves")

    def figure(self, rows):
        style.use()
        figure = language.draw_language(language.read_panels([self.write(rows)]))
        self.addCleanup(style.plt.close, figure)
        return figure

    def test_memories_stand_in_the_order_of_their_means(self):
        axes = self.figure(sweep()).axes[0]
        self.assertEqual([text.get_text() for text in axes.get_yticklabels()], ["ELU+1, delta", "softmax", "ELU+1, sum"])
        self.assertLess(axes.get_ylim()[1], axes.get_ylim()[0], "the best is on top")
        marks = [list(line.get_xdata()) for line in axes.lines]
        for y, name in enumerate(("elu delta", "softmax", "elu sum")):
            self.assertEqual(marks[2 * y], [BITS[name] + 0.02, BITS[name] + 0.04])
            self.assertAlmostEqual(marks[2 * y + 1][0], BITS[name] + 0.03, 12)  # a mean of two
            self.assertEqual(set(axes.lines[2 * y].get_ydata()), {y})

    def test_a_panel_per_corpus_tokens_and_batch(self):
        rows = sweep() + sweep(batch=32) + sweep(tokens="subwords:2000") + sweep(corpus="texts/my own.txt")
        self.assertEqual([axes.get_title() for axes in self.figure(rows).axes],
                         ["brown, bytes, batch 8", "brown, bytes, batch 32", "brown, 2000 subwords, batch 8",
                          "my own.txt, bytes, batch 8"])

    def test_what_diverged_is_marked_and_no_part_of_the_mean(self):
        rows = sweep()
        for row in rows[2:5]:  # both of the sum rule, one of delta
            row.update(status="diverged", test_bits_per_byte="")
        axes = self.figure(rows).axes[0]
        self.assertEqual([text.get_text() for text in axes.get_yticklabels()], ["ELU+1, delta", "softmax", "ELU+1, sum"])
        crossed = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "x"]
        self.assertEqual(crossed, [0, 2])
        self.assertEqual(list(axes.lines[0].get_xdata()), [BITS["elu delta"] + 0.04])

    def test_normalisations_are_told_where_there_are_several(self):
        rows = sweep(["elu delta"]) + sweep(["elu delta"], normalization="l2")
        labels = [text.get_text() for text in self.figure(rows).axes[0].get_yticklabels()]
        self.assertEqual(sorted(labels), ["ELU+1, delta, l2-normalised", "ELU+1, delta, no normalisation"])

    def test_learning_is_in_bits_per_byte(self):
        rows = sweep()
        self.figures = ["language", "learning"]
        curves = self.curves(rows)
        svg = self.draw(self.write(rows), "--curves", curves)["learning"]
        self.assert_shows(svg, "training step", "bits per byte of the validation split", "softmax", "ELU+1, delta")
        style.use()
        figure = language.draw_learning(language.read_panels([self.write(rows)]), curves)
        self.addCleanup(style.plt.close, figure)
        self.assertEqual(len(figure.axes[0].lines), len(rows))
        self.assertEqual(list(figure.axes[0].lines[0].get_ydata()), [4, 3, 2 * (1 + 1 / 3)])  # a nat of these is two bits

    def test_equal_data_gives_equal_bytes_whatever_the_order_of_rows_and_the_number_of_files(self):
        rows = sweep() + sweep(batch=32)
        self.figures = ["language", "learning"]
        curves = self.curves(rows)
        again = self.draw(self.write(rows[:2:-1], "reversed.csv"), self.write(rows[:5], "rest.csv"), "--curves", curves,
                          out=os.path.join(self.directory, "again"))
        self.assert_same_figures(self.draw(self.write(rows), "--curves", curves), again)

    def test_bad_input_is_named(self):
        path = self.write(sweep())
        self.assert_error(self.plot(path, "--curves", "/nowhere"), "/nowhere", "no such directory")
        self.assert_error(self.plot(path, "--curves", self.directory), "no curve of a point of these results")
        self.assert_error(self.plot(self.write(sweep(test_bits_per_byte="x"))), "results.csv:2: test_bits_per_byte is 'x'")
        self.assert_error(self.plot(self.write(sweep(status="skipped"))), "no trained point of task text")
        self.assert_error(self.plot(self.write(sweep(), columns=["memory", "corpus"])), "no column kernel, rule, tokens")


if __name__ == "__main__":
    unittest.main()
