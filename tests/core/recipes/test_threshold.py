"""Rules for a threshold are read as they are typed, and every other word is refused in one line."""

import pytest

from dl.errors import BadOption
from dl.recipes.threshold import ThresholdRule, parse_threshold


@pytest.mark.parametrize("text", ["auto", "0.3", "f1", "balanced-accuracy", "recall:0.95", "precision:1"])
def test_a_rule_is_written_as_it_is_read(text):
    assert str(parse_threshold(text)) == text


def test_a_number_is_the_threshold_itself():
    assert parse_threshold("0.25") == ThresholdRule("fixed", 0.25)
    assert [parse_threshold(text).is_named for text in ("0.25", "auto", "recall:0.9")] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.5", "a probability lies between 0 and 1"),
        ("0", "a probability lies between 0 and 1"),
        ("nan", "a probability lies between 0 and 1"),
        ("recall:1.5", "expected a recall above 0 and at most 1, as recall:0.9"),
        ("precision", "expected a precision above 0 and at most 1, as precision:0.9"),
        ("fi", "did you mean 'f1'"),
        ("f1:0.3", "expected a number between 0 and 1, auto, f1,"),
        ("", "expected a number between 0 and 1"),
    ],
)
def test_any_other_word_is_refused(text, message):
    with pytest.raises(BadOption, match="threshold=") as refused:
        parse_threshold(text)
    assert message in str(refused.value)
