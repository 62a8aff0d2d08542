"""Texts are split into the runs that the library splits them into, one text after the other."""

from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from dl.data.ragged import texts
from dl_text.runs import split_runs

SPLITS = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
CHARACTERS = st.sampled_from("ab 's'tlrevmd  \n\t1２é́ ٣!'\"-\u00a0\u3000\U0001f600日\u200d.")


def found(strings):
    runs = split_runs(texts(strings))
    every = [runs.different[int(number)].as_py().decode() for number in runs.numbers]
    ends = runs.lengths.cumsum().tolist()
    return [every[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(st.text(CHARACTERS | st.characters(exclude_categories=["Cs"]), max_size=14), max_size=5))
@example(["it's", "'ll'", "'l", "  a  b \n c", "", "'", "''s", " 's", "x'sand"])
def test_runs_are_those_of_the_library(strings):
    assert found(strings) == [[text[a:b] for _, (a, b) in SPLITS(text)] for text in strings]


def test_equal_runs_are_numbered_alike():
    runs = split_runs(texts(["a b a", " b"]))
    assert runs.different.to_pylist() == [b"a", b" b", b" a"]
    assert runs.numbers.tolist() == [0, 1, 2, 1] and runs.lengths.tolist() == [3, 1]
