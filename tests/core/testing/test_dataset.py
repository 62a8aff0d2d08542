from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np
import pytest

from dl.data.examples import Dataset, Examples
from dl.options import Option
from dl.plugins.loading import load_plugins
from dl.specs import DatasetSpec
from dl.testing import check_dataset, images, people, texts
from dl.testing.dataset import RULES

_calls = count()


def examples(n=30, first=0, names=("a", "b", "c"), **changed):
    rng = np.random.default_rng(first)
    inputs = rng.standard_normal((n, 4), dtype=np.float32)
    return replace(Examples(inputs, np.arange(n) % 3, np.arange(first, first + n), names), **changed)


def whole(**changed):
    """A data set that holds every rule, but for what is changed."""
    given = {"train": examples(), "val": examples(9, 100), "open_test": lambda: examples(9, 200), **changed}
    return Dataset("made", **given)


def spec(load, options=(), domain="numbers"):
    return DatasetSpec("made", domain, "of a test", load, options)


def floats(*values):
    return np.array(values, np.float64)


def holding():
    test = examples(9, 200)
    return whole(open_test=lambda: test)


def at_random(options):
    return whole(train=examples(ids=np.random.default_rng(next(_calls)).permutation(30)))


def alternating(options):
    return whole(train=examples(targets=(np.arange(30) + next(_calls)) % 3))


BROKEN = {
    "its domain is installed": [spec(lambda options: whole(), domain="nowhere")],
    "its options can be used": [spec(lambda options: whole(), (Option("a b", 1, "x"),))],
    "it loads": [
        spec(lambda options: 1 / 0),
        spec(lambda options: Dataset("made", examples(0))),
    ],
    "it reads its options": [spec(lambda options: whole(), (Option("many", 1, "x"),))],
    "the columns of a split have one length": [
        spec(lambda options: whole(train=examples(groups=np.arange(7)))),
        spec(lambda options: whole(val=examples(9, 100, sources=("one",)))),
        spec(lambda options: whole(train=examples(ids=np.arange(30) / 1.0))),
    ],
    "ids are unique": [spec(lambda options: whole(train=examples(ids=np.arange(30) // 2)))],
    "ids are the same when it is loaded again": [spec(at_random), spec(alternating)],
    "the splits are disjoint": [spec(lambda options: whole(val=examples(9, 29)))],
    "the targets fit a task": [
        spec(lambda options: whole(train=examples(targets=np.full(30, np.nan), names=()))),
        spec(lambda options: whole(train=examples(targets=np.arange(30)))),
        spec(lambda options: whole(val=examples(9, 100, targets=np.full(9, 5)))),
        spec(lambda options: whole(val=examples(9, 100, targets=np.zeros(9)))),
    ],
    "the names fit the targets": [
        spec(lambda options: whole(train=examples(names=("a", "a", "b")))),
        spec(lambda options: whole(train=examples(names=("a", "b", "c", "d")))),
        spec(lambda options: whole(val=examples(9, 100, names=("c", "b", "a")))),
    ],
    "its domain can prepare it": [
        spec(lambda options: Dataset("made", examples()), domain="vision"),
        spec(lambda options: Dataset("made", examples()), domain="text"),
    ],
    "the test set is closed": [
        spec(lambda options: holding()),
        spec(lambda options: whole(open_test=partial(lambda test: test, examples(9, 200)))),
    ],
    "the test set, once opened, fits the others": [
        spec(lambda options: whole(open_test=lambda: examples(9, 20))),
        spec(lambda options: whole(open_test=lambda: examples(9, 200, names=("x", "y", "z")))),
        spec(lambda options: whole(open_test=lambda: examples(9, 200, targets=np.full(9, 3)))),
        spec(lambda options: whole(open_test=lambda: examples(0, 200))),
        spec(lambda options: whole(open_test=lambda: examples(9, 200, ids=np.full(9, 200)))),
    ],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_dataset, made, numbers)


def test_there_is_a_broken_data_set_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def test_what_holds_is_not_complained_about(broken, numbers):
    many = Option("many", 30, "examples", low=1)
    made = spec(lambda options: whole(train=examples(int(options["many"]))), (many,))
    assert broken(check_dataset, made, numbers) == {}


@pytest.mark.parametrize(("domain", "make"), [("vision", images), ("text", texts), ("tabular", people)])
def test_our_samples_hold(domain, make, broken, numbers):
    assert broken(check_dataset, spec(lambda options: make(), domain=domain), numbers) == {}


def test_a_copy_of_a_training_example_in_the_test_part_is_remarked(numbers):
    made = spec(lambda options: whole(open_test=lambda: examples(ids=np.arange(200, 230))))
    results = check_dataset(made, numbers)
    assert results[-1].message == "30 of 30 inputs are also in train, bit for bit"


@pytest.mark.parametrize("heavy", [True, False])
def test_a_plugin_that_imports_what_is_heavy_when_it_is_listed_is_named(site, good, broken, heavy):
    site.add("mine", good("mine", "import scipy" if heavy else ""))
    plugins = load_plugins()
    found = broken(check_dataset, plugins.dataset("vision", "mine"), plugins)
    message = found.get("listing it imports nothing heavy", "")
    assert ("imports scipy when it is listed" in message) is heavy
