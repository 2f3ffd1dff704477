"""What a page of results is made of: one line per section, in the order of what they tell.

A section has the name of the declared sweep in bench/sweeps/ whose results it shows; NAME.csv, and beside it what `capacity`
made of that. report.py turns sections into a page, scripts/card.py runs the quick forms of their sweeps.
"""

import importlib
from dataclasses import dataclass

KEYS = "final_loss <= 0.001"
PAIRS = "accuracy >= 0.99"
ENTITIES = "accuracy >= 0.95"


@dataclass(frozen=True)
class Answer:
    """A number that says how good a memory is: `column` of NAME`kind`.csv, in the rows that have the values of `where`; of
    several the best."""
    head: str
    column: str
    kind: str = ".capacity"
    where: tuple = ()
    least: bool = False  # the least is the best


@dataclass(frozen=True)
class Section:
    name: str
    title: str
    tells: str
    draw: object = None    # kind → paths, to name → figure
    files: str = ""        # other names than NAME.csv, as patterns with blanks between
    kind: str = ""         # of the file that the table shows: NAME`kind`.csv
    columns: tuple = ()    # (column, head) of that table, behind the memory
    criterion: str = ""    # what `capacity` is asked
    answers: tuple = ()
    costs: tuple = ()      # likewise, of processor time
    in_card: bool = False  # whether a card runs its quick form
    rate: float = 0        # learning rate of the memories that a higher one harms; 0: that of the sweep
    traces: tuple = ()     # arguments of `trace`, where no sweep makes the file


def figures_of(module):
    """figures() of that plot; an ImportError if this version has none."""
    try:
        return importlib.import_module(module).figures
    except AttributeError:
        raise ImportError(f"{module} has no figures()") from None


def plot(module, kind=""):
    """Draws one file by that plot."""
    return lambda files: figures_of(module)(files[kind][0])


def plots(module, kind=""):
    """Draws several files by that plot."""
    return lambda files: figures_of(module)(files[kind])


def projection(files):
    return figures_of("projection")(files[".capacity"][0], (files.get("") or [None])[0])


def question_answering(files):
    return figures_of("question_answering")(files[".capacity"][0], files[""][0])


def by_age(files):
    """Losses with their bounds, and by the age of what is asked for."""
    return {**figures_of("overwriting")(files[""]), "overwriting_age": figures_of("rules")(files[""], names=("age",))["age"]}


def named(name, draw):
    """The figures of another section's script under names of their own."""
    return lambda files: {f"{name}_{key}": figure for key, figure in draw(files).items()}


CAPACITY = (("capacity", "pairs"), ("capacity_low", "95 % from"), ("capacity_high", "to"))
STATE = (("state_floats", "floats of state"), ("associations_per_float", "pairs per float"))
TRACE = (("source", "keys from"), ("keys", "keys"), ("t", "write"), ("contrast", "contrast"), ("mass", "total weight"),
         ("written", "written"), ("removed", "removed"), ("loss", "loss"))

SECTIONS = [
    Section("memories", "What it holds",
            "The largest number of keys, each written once, that end at a loss of 0.001 or less (d = 64, the published model), "
            "over the feature dimension p, and what that is per float of state.",
            named("memories", plot("projection", ".capacity")), kind=".capacity", criterion=KEYS, in_card=True, rate=1e-3,
            columns=(("feature_dim", "p"), *CAPACITY, ("limit", "bound"), ("capacity_per_feature", "per feature"), *STATE,
                     ("loss_at_twice", "loss at twice as many")),
            answers=(Answer("keys held, d = 64", "capacity"), Answer("keys per float", "associations_per_float"))),
    Section("capacity", "Loss over the number of keys",
            "Keys are written once, all of them are asked for; dashed, the least loss that a linear memory with as many features "
            "can reach.",
            plots("capacity"), in_card=True, rate=1e-3,
            columns=(("S", "keys S"), ("seed", "seed"), ("feature_dim", "p"), ("final_loss", "final loss"), ("bound", "bound"),
                     ("accuracy", "accuracy"), ("status", "status"), ("reason", "ended by")),
            answers=(Answer("loss, S = 100", "final_loss", "", (("S", "100"),), True),),
            costs=(Answer("written once, S = 100", "ms_per_step", "", (("S", "100"),), True),)),
    Section("projection", "Capacity over the feature dimension",
            "The largest number of keys of a table, searched, over the feature dimension p; and what that is per float of state.",
            projection, kind=".capacity", criterion=KEYS, in_card=True,
            columns=(("key_dim", "d"), ("feature_dim", "p"), *CAPACITY, ("limit", "bound"), *STATE,
                     ("bits_per_float", "bits per float")),
            answers=(Answer("keys held, d = 8", "capacity", where=(("key_dim", "8"),)),)),
    Section("overwrite", "Overwriting",
            "Keys are written again with other values, and the last one counts; dashed, the least loss with as many features. Then "
            "the loss by the age of the write that is asked for, from the newest quarter to the oldest.",
            by_age, in_card=True, rate=1e-3,
            columns=(("S", "keys S"), ("seed", "seed"), ("final_loss", "final loss"), ("bound", "bound"),
                     ("loss_age_1", "newest quarter"), ("loss_age_2", "second"), ("loss_age_3", "third"),
                     ("loss_age_4", "oldest"), ("status", "status"), ("reason", "ended by")),
            answers=(Answer("loss, overwritten, S = 60", "final_loss", "", (("S", "60"),), True),),
            costs=(Answer("overwritten, S = 60", "ms_per_step", "", (("S", "60"),), True),)),
    Section("rewritten", "Traces: one key, written again and again",
            "What each write writes and removes, how state and accumulator grow, and what single precision loses.",
            named("rewritten", plots("traces")), files="rewritten*.csv", columns=TRACE, in_card=True,
            traces=("--T", "1000", "--values", "distinct", "--rows", "60")),
    Section("many", "Traces: a hundred random keys",
            "The same where a hundred random keys are written in turn.",
            named("many", plots("traces")), files="many*.csv", columns=TRACE, in_card=True,
            traces=("--T", "10000", "--keys", "100", "--rows", "60")),
    Section("mqar", "Recall inside a sequence model, over the size of the state",
            "MQAR: the largest number of pairs that two layers recall with an accuracy of 0.99, over bytes of state.",
            plot("mqar", ".capacity"), kind=".capacity", criterion=PAIRS, in_card=True,
            columns=(("width", "width"), *CAPACITY, *STATE, ("learning_rate", "rate")),
            answers=(Answer("MQAR pairs", "capacity", where=(("width", "16"),)),)),
    Section("stacked_mqar", "Recall of frozen keys, over the vocabulary",
            "Stacked MQAR: one layer, keys and values frozen random vectors, the largest number of pairs recalled with an accuracy "
            "of 0.99; dotted, the sum rule in closed form.",
            plot("vocabulary", ".capacity"), kind=".capacity", criterion=PAIRS, in_card=True,
            columns=(("vocabulary", "vocabulary"), ("width", "width"), *CAPACITY, *STATE),
            answers=(Answer("stacked pairs", "capacity", where=(("vocabulary", "64"),)),)),
    Section("learning_rate", "Sensitivity to the learning rate",
            "Accuracy over the learning rate, with as many pairs as most memories recall at the best one.",
            plots("learning_rate"), in_card=True,
            columns=(("width", "width"), ("pairs", "pairs"), ("learning_rate", "rate"), ("seed", "seed"),
                     ("accuracy", "accuracy"), ("steps_to_target", "steps to 0.99"), ("status", "status")),
            costs=(Answer("MQAR, width 32, 4 pairs", "ms_per_step", "", (("pairs", "4"), ("width", "32")), True),)),
    Section("question_answering", "Questions",
            "Generated stories in the style of bAbI: the number of entities up to which 95 % of the questions are answered.",
            question_answering, kind=".capacity", criterion=ENTITIES, in_card=True,
            columns=(("kinds", "kinds"), ("width", "width"), ("capacity", "entities"), ("capacity_low", "95 % from"),
                     ("capacity_high", "to"), ("state_floats", "floats of state")),
            answers=(Answer("entities", "capacity", where=(("kinds", "one_fact"),)),)),
    Section("language", "Language",
            "A language model of a small corpus, byte by byte: bits per byte of text that it hasn't seen.",
            plots("language"), in_card=True,
            columns=(("corpus", "corpus"), ("tokens", "tokens"), ("batch", "batch"), ("seed", "seed"),
                     ("test_bits_per_byte", "bits per byte"), ("test_perplexity_per_word", "perplexity per word"),
                     ("status", "status")),
            answers=(Answer("bits per byte", "test_bits_per_byte", "", (), True),)),
    Section("state_tracking", "State tracking",
            "One layer without a convolution follows a product of group elements, trained on words of 20 and asked along words of "
            "256; chance is 1/2 for parity and 1/6 for S3.",
            plots("state_tracking"),
            columns=(("group", "group"), ("largest_beta", "β up to"), ("seed", "seed"), ("accuracy", "accuracy"),
                     ("steps", "steps"), ("status", "status"))),
    Section("rules", "Update rules and normalisations",
            "Every update rule with three normalisations, keys written again: the mean final loss over seeds, and by the age of the "
            "write that is asked for.",
            plots("rules"), files="rules.csv rls.csv mesa.csv fwm2021.csv"),
    Section("normalizations", "Normalisations under the delta rule", "Does any normalisation beat `sum`?",
            named("normalizations", plots("overwriting")),
            columns=(("S", "keys S"), ("seed", "seed"), ("final_loss", "final loss"), ("status", "status"))),
    Section("trained", "Traces: trained keys", "The same traces of models after training.",
            named("trained", plots("traces")), files="trained_*.csv"),
    Section("formats", "Few bits", "One memory in several formats of numbers.", plots("formats"), files="formats_*.csv"),
    Section("features", "ELU+1 in few bits", "The feature in formats of few bits, computed in two ways.", plot("features")),
    Section("mqar_reference", "Against an independent trainer",
            "Steps to an accuracy of 0.99, ours over theirs.", plot("mqar_reference"),
            columns=(("width", "width"), ("pairs", "pairs"), ("learning_rate", "rate"), ("seed", "seed"),
                     ("steps_to_target", "steps to 0.99"), ("accuracy", "accuracy"))),
    Section("zoology", "Against figure 2 of Zoology", "Accuracy over the width, beside published points.", plot("zoology")),
    Section("tradeoff", "Recall against memory", "Trained on a mixture of pairs, tested at more.", plot("slices")),
]

BY_NAME = {section.name: section for section in SECTIONS}
