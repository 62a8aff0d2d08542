"""JSON lines and arrays: every broken line is one line that names it."""

import json
import re

import pytest

from dl.errors import BadData, BadFile, DLError

GOOD = [{"text": f"words {word}", "label": label} for word, label in zip("abcd", "xyxy", strict=True)]


def dumped(rows):
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"text": "a", "label": ', "not JSON: expecting value at character"),
        ("words", "not JSON: expecting value at character 1"),
        ("[1, 2]", "holds a list, not an object"),
        ("17", "holds one value, not an object"),
        ('{"text": "a", "text": "b", "label": "x"}', "the key 'text' occurs twice"),
        ('{"text": ["a"], "label": "x"}', "column 'text' holds a list, not one value"),
        ('{"text": {"a": 1}, "label": "x"}', "column 'text' holds an object, not one value"),
        ('{"text": 17, "label": "x"}', "column 'text' is a number here and text in line 1"),
        ('{"text": true, "label": "x"}', "column 'text' is true or false here and text in line 1"),
        ('{"text": "half \\ud83d", "label": "x"}', "column 'text' holds half a character"),
        ('{"text": "a b", "label": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_line_is_named_or_skipped(written, opened, line, said):
    path = written("a.jsonl", dumped([*GOOD[:2], line, *GOOD[2:]]))
    with pytest.raises(BadData, match=re.escape(said)) as caught:
        opened(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("a.jsonl line 3: ")
    table = opened(path, bad_rows="skip")
    assert len(table) == 4 and [*table.sources][2] == "a.jsonl line 4" and said in table.skipped[0]


def test_nested_values_are_refused_with_the_column(written, opened):
    rows = [row | {"more": {"a": [1]}} for row in GOOD]
    assert opened(written("a.jsonl", dumped(rows))).names == ("x", "y")
    with pytest.raises(BadData, match=r"a\.jsonl: column 'more' holds an object; target needs single values"):
        opened(written("a.jsonl", dumped(rows)), target="more")


def test_a_nested_value_beyond_the_first_lines_is_named(written, opened):
    rows = [*GOOD * 500, {"text": ["a"], "label": "x"}]
    with pytest.raises(BadData, match=r"a\.jsonl line 2001: column 'text' holds a list, not one value"):
        opened(written("a.jsonl", dumped(rows)))


def test_keys_may_come_in_any_order_and_may_be_missing_in_the_first_lines(written, opened):
    rows = [{"label": "x", "text": "a b"}, {"text": "c d", "label": "y", "extra": None}, *GOOD]
    assert len(opened(written("a.jsonl", dumped(rows)))) == 6


def test_an_array_of_objects_is_read_and_a_broken_one_refused(written, opened):
    assert opened(written("a.json", json.dumps(GOOD, indent=1))).sources[3] == "a.json line 4"
    with pytest.raises(BadFile, match=r"a\.json begins as an array: not JSON: .* at character \d+ of line"):
        opened(written("a.json", json.dumps(GOOD, indent=1)[:-20]))


@pytest.mark.parametrize("content", ["", "\n \n", "null", "{}", "[]", "{}\n{}\n", "\0"])
def test_a_file_without_examples_is_one_line(written, opened, content):
    with pytest.raises(DLError) as caught:
        opened(written("a.jsonl", content))
    assert str(caught.value).startswith(("a.jsonl", "'a.jsonl'")) and str(caught.value).isprintable()


def test_numbers_keep_their_digits(written, opened):
    rows = [f'{{"text": "some text", "label": {value}}}' for value in ("1e400", "1", "2", "3.5")]
    with pytest.raises(BadData, match="column 'label' is '1e400', too large for a number"):
        opened(written("a.jsonl", dumped(rows)))
    rows = [f'{{"text": "some text", "label": {value}}}' for value in ("NaN", "1", "2", "3.5")]
    with pytest.raises(BadData, match=r"line 1: column 'label' is 'NaN', not a finite number"):
        opened(written("a.jsonl", dumped(rows)))


def test_a_line_of_fifty_megabytes_is_read_and_an_endless_one_refused(written, opened, monkeypatch):
    path = written("a.jsonl", dumped([*GOOD, {"text": "word " * 10_000_000, "label": "x"}]))
    assert opened(path).input.lengths[-1] == 50_000_000
    monkeypatch.setattr("dl.tables.jsonlines.LONGEST", 1 << 22)
    with pytest.raises(BadFile, match="line 5 has more than 4 MB"):
        opened(path)
