"""Words have numbers as they were learnt, and in any case and spacing where that is one word."""

from dataclasses import replace

import numpy as np

from dl.preparation import category, folded, number, numbers_of

WORDS = ("New York", "rome", "Rome")


def test_a_word_as_learnt_comes_before_one_in_another_case():
    city, given = category("city", WORDS, ""), np.array(["Rome", "rome", "ROME", "new  YORK", "Paris", ""])
    assert numbers_of(city, given).tolist() == [2, 1, -1, 0, -1, -1]
    assert numbers_of(replace(city, exact=True), given).tolist() == [2, 1, -1, -1, -1, -1]
    assert folded(WORDS) == {"new york": 0}


def test_an_input_has_two_examples_to_trace_with():
    assert [len(one.example) for one in (number("age", ""), category("city", WORDS, ""))] == [2, 2]
