"""Flags and key=value are two ways to one choice: both at once, or the wrong one of them, are told."""

import pytest

from dl.cli.flags import flag_meant, with_flags
from dl.errors import BadOption


def test_what_was_chosen_with_flags_is_added_and_an_empty_flag_is_none():
    assert with_flags({"size": "3"}, {"target": "price", "input": ""}) == {"size": "3", "target": "price"}


def test_a_choice_that_is_given_in_both_ways_is_refused():
    with pytest.raises(BadOption, match=r"'group_on' is given twice: --group-on 'a' and group_on='b'"):
        with_flags({"group_on": "b"}, {"group_on": "a"})


@pytest.mark.parametrize(
    ("typed", "flag"),
    [
        ({"seed": "3"}, "--seed 3"),
        ({"max_time": "00:01:00:00"}, "--max-time 00:01:00:00"),
        ({"width": "8", "model": "two words"}, "--model 'two words'"),
    ],
)
def test_a_flag_that_is_typed_as_a_key_is_told_as_it_is_typed(typed, flag):
    assert flag_meant(typed, {"seed", "max_time", "model"}).endswith(flag)


def test_what_is_no_flag_is_nothing_to_tell():
    assert flag_meant({"width": "8"}, {"seed"}) == ""
