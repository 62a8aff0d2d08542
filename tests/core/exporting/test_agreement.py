"""An exported network is compared with its run, and refused below 99.99 % of the answers."""

import numpy as np
import pytest

from dl.errors import BadData
from dl.exporting.agreement import Agreement, measure, need_agreement
from dl.exporting.whole import Output

NUMBERS = (Output("values", "values", ("price",), {}, (10.0,)),)


def test_answers_and_the_largest_difference_are_counted(package, preparation, examples, wanted):
    probabilities, answers = wanted
    names = np.array(["no", "yes"], object)
    start = [0]

    def call(raw):
        first, start[0] = start[0], start[0] + len(raw["age"])
        told = names[answers[first : start[0]]]
        told[0] = "maybe" if first == 0 else told[0]
        return probabilities[first : start[0]] + 0.001, told

    found = measure(call, preparation, package.outputs, examples, wanted, "validation")
    assert (found.examples, found.same, found.of) == (len(examples), len(examples) - 1, "probability")
    assert found.difference == pytest.approx(0.001, rel=1e-3)
    with pytest.raises(BadData, match="was not exported: the exported network gives"):
        need_agreement(found, "a run")


@pytest.mark.parametrize("same, difference", [(9_998, 0.0), (10_000, 0.02), (10_000, float("nan"))])
def test_too_few_answers_and_probabilities_too_far_apart_are_refused(same, difference):
    with pytest.raises(BadData, match=r"it takes 99\.99%"):
        need_agreement(Agreement("validation", 10_000, same, difference, "probability"), "a run")
    need_agreement(Agreement("validation", 10_000, 9_999, 0.009, "probability"), "a run")


def test_numbers_are_the_same_up_to_their_fifth_digit(preparation, examples):
    theirs = np.linspace(10, 50, len(examples))[:, None]
    for apart, same in ((1e-4, len(examples)), (0.5, 0)):
        place = [0]

        def call(raw, apart=apart, place=place):
            first, place[0] = place[0], place[0] + len(raw["age"])
            return [theirs[first : place[0]] + apart]

        assert measure(call, preparation, NUMBERS, examples, [theirs], "validation").same == same
