"""Windows: nothing of a text is lost, no character is cut, and what is held out is the end of it or whole texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Dataset, Examples
from dl.data.ragged import as_text, texts
from dl.errors import BadData
from dl_text import windows
from dl_text.windows import LEAST, cut


def dataset(*strings, **fields):
    labels = np.arange(len(strings)) % 2
    sources = tuple(f"{k}.txt" for k in range(len(strings)))
    return Dataset("given", Examples(texts(strings), labels, np.arange(len(strings)), (), sources), **fields)


def cut_into(given, window, megabytes=0.0):
    return cut(given, {"window": window, "megabytes": megabytes})


def strings(examples):
    return [as_text(row) for row in examples.inputs]


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=5), st.integers(2, 9)
)
def test_windows_are_the_texts_in_order_of_like_length_and_no_character_is_cut(given, window):
    whole = [*given, "x" * window * LEAST]
    rows = cut_into(dataset(*whole), window).train
    assert "".join(strings(rows)) == "".join(whole)
    of = {}
    for row, source in zip(strings(rows), rows.sources, strict=True):
        of.setdefault(source.split(" at ")[0], []).append(row)
    assert [("".join(of.get(f"{k}.txt", []))) for k in range(len(whole))] == whole
    for pieces in of.values():
        lengths = list(map(len, pieces))
        assert max(lengths) <= window and max(lengths) - min(lengths) <= 1


def test_a_long_text_is_looked_at_in_blocks_and_cut_the_same(monkeypatch):
    text = "añ€😀b" * 200
    wanted = strings(cut_into(dataset(text), 7).train)
    monkeypatch.setattr(windows, "BLOCK", 13)
    assert strings(cut_into(dataset(text), 7).train) == wanted


def test_of_few_texts_the_end_of_each_is_the_newest():
    made = cut_into(dataset("a" * 100, "b" * 300), 10)
    times = made.train.times
    assert made.train.groups is None and made.train.targets.shape == (40, 0)
    assert times[:10].tolist() == pytest.approx([k / 10 for k in range(10)])
    newest = [strings(made.train)[k][0] for k in np.argsort(-times)[:4]]
    assert sorted(newest) == ["a", "b", "b", "b"]
    assert made.notes == ("what is held out comes later in each text",)


def test_of_many_texts_the_windows_of_one_are_a_group():
    made = cut_into(dataset(*(f"{k:02d}" * 10 for k in range(30))), 10)
    assert made.train.times is None
    assert made.train.groups.tolist() == np.repeat(np.arange(30), 2).tolist()
    assert made.notes == ("whole texts are held out",)


def test_copies_of_a_text_are_a_group_and_texts_that_share_a_passage_are_not():
    header = "the same header in each text. "
    given = dataset(*(f"{header}{k % 25:02d} and what follows" for k in range(30)))
    groups = cut_into(given, 10).train.groups.reshape(30, -1)
    assert (groups == groups[:, :1]).all() and len(np.unique(groups)) == 25
    assert (groups[:5] == groups[25:]).all()


def test_groups_and_times_of_the_texts_are_those_of_their_windows():
    given = dataset("a" * 40, "b" * 400)
    given = Dataset("given", Examples(given.train.inputs, given.train.targets, given.train.ids, times=np.array([5, 3])))
    assert cut_into(given, 20).train.times.tolist() == [5] * 2 + [3] * 20


def test_a_part_that_is_given_and_the_test_part_are_cut_and_the_test_part_only_when_it_is_opened():
    opened = []

    def open_test():
        opened.append(True)
        return dataset("t" * 25).train

    made = cut_into(dataset("a" * 300, val=dataset("v" * 15).train, open_test=open_test), 10)
    assert strings(made.val) == ["v" * 7, "v" * 8] and made.notes == () and not opened
    assert len(made.open_test()) == 3 and opened


def test_so_much_text_is_taken_of_few_texts_their_beginning_of_many_some():
    few = cut_into(dataset("é" * 500, "b" * 3000), 25, megabytes=0.001)
    assert strings(few.train)[0] == "é" * 25 and "".join(strings(few.train)).count("é") == 125
    assert few.notes[0].endswith("megabytes=0 takes all")
    many = cut_into(dataset(*(f"{k:03d}" * 10 for k in range(100))), 10, megabytes=0.0015)
    assert len("".join(strings(many.train))) == 1500
    assert len(set(many.train.groups.tolist())) == 50


def test_of_many_long_texts_the_beginning_of_each_is_taken():
    long = cut_into(dataset(*(f"{k:02d}" * 500 for k in range(30))), 10, megabytes=0.003)
    assert len(set(long.train.groups.tolist())) == 30 and len(long.train) == 300


def test_a_text_too_short_to_learn_from_says_how_long_it_is():
    with pytest.raises(BadData, match=r"given: 3 windows of 10 characters are too few .* at least 20 .* window=5"):
        cut_into(dataset("a" * 25), 10)


def test_pictures_are_no_texts():
    given = Dataset("given", Examples(np.zeros((3, 2, 2, 1), np.uint8), np.zeros(3), np.arange(3)))
    with pytest.raises(BadData, match="not texts"):
        cut_into(given, 10)
