"""An exported network is compared with its run, and refused below 99.99 % of the answers."""

import numpy as np
import pytest

from dl.errors import BadData
from dl.exporting.agreement import Agreement, measure, need_agreement
from dl.exporting.forms import Output

NUMBERS = (Output("values", "values", ("price",), spread=(10.0,)),)


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


def test_pixels_are_the_same_up_to_one_level_and_strings_letter_by_letter(preparation, examples):
    frames = np.full((len(examples), 2, 2, 1), 100, np.uint8)
    strings = np.tile([1, 0, -1, -1], (len(examples), 1))
    outputs = (Output("frame", "pixels"), Output("answer", "string", ("a", "b"), between=" "))
    apart = frames.copy()
    apart[0, 1, 1, 0], apart[1, 0, 0, 0] = 101, 102
    for name, told, same in (("b a", apart, len(examples) - 1), ("ba", frames, 0)):
        place = [0]

        def call(raw, name=name, told=told, place=place):
            first, place[0] = place[0], place[0] + len(raw["age"])
            return [told[first : place[0]], np.full(place[0] - first, name, object)]

        found = measure(call, preparation, outputs, examples, [frames, strings], "validation")
        assert found.same == same
    alone = measure(lambda raw: [apart[: len(raw["age"])]], preparation, outputs[:1], examples, [frames], "validation")
    assert (alone.of, alone.difference) == ("pixel", 2.0)
