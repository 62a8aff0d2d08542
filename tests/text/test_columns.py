"""A column of texts has several words in a cell, most of them different; names and categories are none."""

from pathlib import Path

import pytest

from dl.tables.columns import Column
from dl_text.columns import claims

HERE = Path()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"a film of {k} parts that nobody asked for" for k in range(20)], "texts of 9 words"),
        ([f"这部电影的第{k}部分没有人想看也没有人需要它真的没有" for k in range(20)], "texts of 25 characters"),
    ],
)
def test_sentences_are_texts(cells, words):
    claim = claims(Column("x", tuple(cells)), HERE)
    assert claim.sure and claim.words.split()[0] == "texts" and claim.words.split()[-1] == words.split()[-1]


@pytest.mark.parametrize(
    "cells",
    [
        [f"Braund, Mr. Owen {k}" for k in range(20)],
        ["red", "blue"] * 10,
        [f"photos/{k}.png" for k in range(20)],
        [f"{k}.5" for k in range(20)],
        [],
    ],
)
def test_names_words_paths_and_numbers_are_none(cells):
    assert claims(Column("x", tuple(cells)), HERE) is None


def test_the_same_sentences_again_and_again_may_be_categories():
    claim = claims(Column("x", ("the whole film was rather good", "it was not that good at all") * 10), HERE)
    assert not claim.sure and claim.words == "a text of 6 words, though of 20 cells only 2 differ"
