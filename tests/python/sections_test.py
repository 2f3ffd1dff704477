"""What cards and pages are made of names sweeps, components and plots that are there."""

import os
import re
import tempfile
import tomllib
import unittest
from unittest import mock

from plot_case import ROOT

from sections import SECTIONS

import sys
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import card  # noqa: E402


def listed(folder, name):
    """The names in a folder's list of components."""
    with open(os.path.join(ROOT, "include", "palimpsest", folder, "all.hpp"), encoding="utf-8") as file:
        headers = re.findall(rf'"palimpsest/{folder}/(\w+)\.hpp"', file.read())
    names = set()
    for header in headers:
        with open(os.path.join(ROOT, "include", "palimpsest", folder, header + ".hpp"), encoding="utf-8") as file:
            names |= set(re.findall(r'string_view name = "(\w+)"', file.read()))
    return names


class Sections(unittest.TestCase):
    def test_each_of_a_card_has_a_declared_sweep(self):
        for section in SECTIONS:
            if section.in_card and not section.traces:
                self.assertTrue(os.path.exists(os.path.join(ROOT, "bench", "sweeps", section.name + ".toml")), section.name)

    def test_names_are_those_of_one_section_each(self):
        names = [section.name for section in SECTIONS]
        self.assertEqual(len(names), len(set(names)))

    def test_every_kernel_and_rule_has_a_baseline(self):
        memories = card.listed("all")
        for part in ("kernel", "rule"):
            names = listed(part, part)
            self.assertGreater(len(names), 10)
            there = {memory.get(part, "").partition(":")[0] for memory in memories}
            self.assertEqual(names - there, set())

    def test_a_memory_is_listed_once(self):
        memories = [tuple(sorted(memory.items())) for memory in card.listed("all")]
        self.assertEqual(len(memories), len(set(memories)))
        self.assertLess(len(card.listed("drawn")), 9)  # more lines than a figure can tell apart


class Sweeps(unittest.TestCase):
    def sweep(self, name, *memories):
        section = next(section for section in SECTIONS if section.name == name)
        return tomllib.loads(card.sweep_text(section, memories))

    def test_has_the_quick_form_and_a_group_per_memory(self):
        made = self.sweep("mqar", {"memory": "softmax"}, {"kernel": "elu", "rule": "delta", "normalization": "sum"})
        self.assertEqual(made["group"], [{"memory": "softmax"},
                                         {"memory": "fast_weight", "kernel": "elu", "rule": "delta", "normalization": "sum"}])
        self.assertEqual((made["axes"]["width"], made["axes"]["seed"]), ([16], [1]))
        self.assertNotIn("kernel", made["axes"])
        self.assertNotIn("kernel", made["baseline"])
        self.assertNotIn("quick", made)
        self.assertEqual(made["search"]["axis"], "pairs")

    def test_protocols_stay(self):
        self.assertEqual(self.sweep("overwrite", {"memory": "softmax"})["protocol"], "patient")

    def test_softmax_and_random_features_get_the_rate_that_does_not_harm_them(self):
        made = self.sweep("capacity", {"memory": "softmax"}, {"kernel": "favor:64", "rule": "sum", "normalization": "attention"},
                          {"kernel": "elu", "rule": "sum", "normalization": "attention"})
        self.assertEqual([group.get("learning_rate") for group in made["group"]], [1e-3, 1e-3, None])
        self.assertEqual((made["group"][1]["redraw"], made["group"][1]["scale"]), ("fixed", "d^-1/4"))

    def test_a_directory_is_named_after_its_memory(self):
        self.assertEqual(card.folder_of({"memory": "fast_weight", "kernel": "dpfp:1", "rule": "delta", "normalization": "l2+attention"}),
                         "dpfp1_delta_l2+attention")
        self.assertEqual(card.folder_of({"memory": "window:16"}), "window16")

    def test_times_are_read_and_said(self):
        self.assertEqual([card.seconds_of(text) for text in ("0:09", "12:30", "1:07:05")], [9, 750, 4025])
        self.assertEqual([card.clock(seconds) for seconds in (9, 750, 4025)], ["0:09", "12:30", "1:07:05"])


class Fitting(unittest.TestCase):
    def test_a_memory_that_a_sweep_does_not_take_is_left_out_of_it_alone(self):
        """The sweep is a stand-in that complains of fwm2021, as tasks of tokens do."""
        section = next(section for section in SECTIONS if section.name == "mqar")
        delta, fwm = ({"kernel": "elu", "rule": rule, "normalization": "none"} for rule in ("delta", "fwm2021"))

        def stand_in(command):
            with open(command[1], encoding="utf-8") as file:
                if "fwm2021" in file.read():
                    raise card.InputError("rule 'fwm2021' isn't linear")
            return "at most   6000 steps, 1:00 on one core, about 0:30 on 2"

        with tempfile.TemporaryDirectory() as out, mock.patch.object(card, "answer_of", stand_in):
            os.mkdir(os.path.join(out, "sweeps"))
            both = card.Card([delta, fwm], out, None, partial=True, gated=False)
            self.assertEqual(both.prepare(section), 30)
            groups = tomllib.loads(card.read(both.sweep(section)))["group"]
            self.assertEqual([group["rule"] for group in groups], ["delta"])
            self.assertEqual(both.refused["mqar"], "without elu_fwm2021_none: rule 'fwm2021' isn't linear")
            alone = card.Card([fwm], out, None, partial=True, gated=False)
            self.assertIsNone(alone.prepare(section))
            self.assertEqual(alone.refused["mqar"], "rule 'fwm2021' isn't linear")
            self.assertFalse(os.path.exists(alone.sweep(section)))


if __name__ == "__main__":
    os.chdir(ROOT)
    unittest.main()
