"""Summaries of columns: kinds and ranges by hand, and what a column tells of the target."""

import numpy as np
import pytest

from dl.data.columns import summarize_columns, told
from dl.data.examples import Examples

NAN = float("nan")


def table(targets, **columns):
    rows = np.empty(len(targets), [(name, np.array(values).dtype) for name, values in columns.items()])
    for name, values in columns.items():
        rows[name] = values
    return Examples(rows, np.array(targets), np.arange(len(targets)))


def test_kind_missing_share_range_and_histogram_of_each_column():
    found = summarize_columns(
        table(
            [0, 1] * 4,
            price=[0.5, 1.5, 2.5, NAN, 4.5, 4.5, 4.5, 8.0],
            count=np.arange(8.0),
            flag=[0.0, 1.0] * 4,
            word=["a", "a", "a", "b", "b", "", "c", "a"],
            gone=[NAN] * 8,
        )
    )
    price, count, flag, word, gone = found
    assert (price.kind, price.missing, price.range) == ("numbers", 0.125, "0.5 to 8")
    assert (count.kind, count.range) == ("whole numbers", "0 to 7")
    assert (flag.kind, flag.histogram) == ("yes or no", "█        █")
    assert (word.kind, word.missing, word.range, word.histogram) == ("3 categories", 0.125, "a: 50 %", "█▄▂")
    assert (gone.kind, gone.missing, gone.told) == ("empty", 1.0, 0.0)


def test_a_column_tells_all_half_or_nothing_of_the_target():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=5000)
    examples = table(signal, same=signal, half=signal + rng.normal(size=5000), noise=rng.normal(size=5000))
    same, half, noise = (one.told for one in summarize_columns(examples))
    assert same > 0.98 and half == pytest.approx(0.5, abs=0.05) and noise < 0.01


def test_classes_are_told_by_their_indicators():
    bins = np.array([0, 0, 1, 1])
    assert told(bins, np.array([[1.0], [1], [0], [0]])) == 1
    assert told(bins, np.array([[1.0], [0], [1], [0]])) == 0
    examples = table([0, 1] * 50, word=np.array(["no", "yes"] * 50))
    assert summarize_columns(examples)[0].told == 1


def test_inputs_without_columns_have_no_summary():
    assert summarize_columns(Examples(np.zeros((3, 2), np.float32), np.arange(3), np.arange(3))) == []
