"""A table of any format gives the same examples; what was found by itself is said."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Examples
from dl.data.ragged import as_text
from dl.errors import BadData, BadOption, DLError
from dl.tables.options import COMPRESSED
from dl.tables.table import LONGEST_TEXT, InputKind, RowNames, looks_like, read_table

FORMATS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
REVIEWS = {
    "review": [
        "a fine film\nin two lines",
        'they said "no", twice',
        "été 🙂 עברית e\u0301",
        "dull; and, long\tindeed ",
    ],
    "label": ["good", "bad", "good", "bad"],
}
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda text: text.strip() and any(map(str.isalpha, text))
)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_examples_in_the_same_order(written, opened, suffix):
    table = opened(written(f"film.reviews{suffix}", REVIEWS))
    assert table.cells() == REVIEWS["review"]
    assert table.targets.tolist() == [1, 0, 1, 0] and table.names == ("bad", "good")
    assert table.notes == (
        "input: column 'review', the only column of text",
        "target: column 'label', by its name - 2 classes: bad, good",
    )
    dataset = table.dataset()
    assert dataset.name == "film.reviews" and dataset.title == f"4 {table.unit}s, input review, target label"
    assert dataset.notes == table.notes and isinstance(dataset.train, Examples)


@pytest.mark.parametrize("packed", COMPRESSED)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_compressed_files_are_read_as_they_are(written, opened, suffix, packed):
    assert opened(written(f"reviews{suffix}{packed}", REVIEWS)).cells() == REVIEWS["review"]


@given(st.lists(st.tuples(CELL, st.sampled_from(["yes", "no"])), min_size=4, max_size=30), st.sampled_from(FORMATS))
def test_cells_come_back_as_they_were_written_and_in_order(write, rows, suffix):
    rows += [("some text", "yes"), ("some text", "no")] * 2
    columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
    with tempfile.TemporaryDirectory() as folder:
        table = read_table(write(Path(folder) / f"table{suffix}", columns), {}, LONGEST_TEXT)
    assert table.cells() == columns["text"]
    assert [table.names[number] for number in table.targets] == columns["label"]
    assert len(set(table.examples().ids.tolist())) == len(rows)


@given(
    st.sampled_from((*FORMATS, ".csv.gz", ".jsonl.xz", ".tsv.bz2")),
    st.integers(0, 400),
    st.integers(0, 255),
    st.booleans(),
)
def test_no_damage_raises_anything_but_one_line(write, suffix, at, byte, cut):
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / f"table{suffix}", REVIEWS)
        content = bytearray(path.read_bytes())
        at %= len(content)
        content[at] = byte
        path.write_bytes(content[:at] if cut else content)
        try:
            table = read_table(path, {}, LONGEST_TEXT)
        except DLError as error:
            assert "\n" not in str(error) and str(error).isprintable()
        else:
            assert len(table) == len(table.targets) == len(table.cells()) > 0


def test_rows_are_named_as_people_count_them_and_only_when_asked(written, opened):
    assert [*opened(written("a.csv", REVIEWS)).sources] == [f"a.csv row {row}" for row in (2, 3, 4, 5)]
    assert opened(written("a.jsonl", REVIEWS)).sources[1] == "a.jsonl line 2"
    assert opened(written("a.parquet", REVIEWS)).sources[3] == "a.parquet row 4"
    million = RowNames("a.csv row", np.arange(1_000_000))
    assert (
        len(million) == 1_000_000
        and million[-1] == "a.csv row 999999"
        and [*million[3:5]] == ["a.csv row 3", "a.csv row 4"]
    )


def test_ids_follow_content_so_that_rows_may_be_added_and_moved(written, opened):
    def ids(name, columns):
        table = opened(written(name, columns))
        return dict(
            zip(zip(table.cells(), table.targets.tolist(), strict=True), table.examples().ids.tolist(), strict=True)
        )

    before = ids("a.csv", REVIEWS)
    more = {name: ["new", "also new", *cells[::-1]] for name, cells in REVIEWS.items()} | {
        "label": ["good", "bad", *REVIEWS["label"][::-1]]
    }
    after = ids("b.jsonl", more)
    assert before.items() <= after.items() and len(set(after.values())) == 6


def test_copies_of_a_row_have_ids_of_their_own(written, opened):
    table = opened(written("a.csv", {"text": ["same words"] * 6, "label": ["a", "b"] * 3}))
    assert len(set(table.examples().ids.tolist())) == 6


def test_a_target_that_is_the_input_is_refused(written, opened):
    with pytest.raises(BadOption, match="column 'label' is both input and target"):
        opened(written("a.csv", REVIEWS), input="label", target="label")
    copy = {"text": ["yes it is", "no it is not"] * 2, "label": ["yes it is", "no it is not"] * 2}
    with pytest.raises(BadData, match="target column 'label' is the same as input column 'text' in every row"):
        opened(written("b.csv", copy), input="text", target="label")


def test_empty_and_blank_texts_are_counted_with_the_first_rows(written, opened):
    path = written(
        "a.csv", {"text": ["fine", "", "good", " ", "\t", "\n", "nice"], "label": ["a", "b", "a", "b", "a", "b", "b"]}
    )
    with pytest.raises(
        BadData, match=r"a\.csv: column 'text' is empty in 4 of 7 rows \(3, 5, 6, \.\.\.\); .*bad_rows=skip"
    ):
        opened(path)
    with pytest.raises(BadData, match=r"column 'text' is empty"):
        opened(path, input="text", target="label")
    path = written("b.csv", {"text": ["fine", "", "good", "nice", "bad"], "label": ["a", "b", "a", "b", "b"]})
    table = opened(path, bad_rows="skip")
    assert table.skipped == ("b.csv row 3: column 'text' is empty",) and table.cells() == [
        "fine",
        "good",
        "nice",
        "bad",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_missing_targets_are_counted_or_skipped(written, opened, suffix):
    missing = {"text": ["a b", "c d", "e f", "g h", "i j"], "label": ["x", None, "y", "x", "y"]}
    with pytest.raises(BadData, match=r"(row|line) \d: column 'label' is empty; fix it, or continue without it"):
        opened(written(f"a{suffix}", missing))
    table = opened(written(f"a{suffix}", missing), bad_rows="skip")
    assert len(table) == 4 and len(table.skipped) == 1 and table.targets.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_nul_byte_is_refused_by_row_and_can_be_skipped(written, opened, suffix):
    columns = {"text": ["a b", "c\0d", "e f", "g h", "i j"], "label": ["x", "x", "y", "x", "y"]}
    with pytest.raises(BadData, match=r"(row|line) \d: column 'text' holds a NUL byte"):
        opened(written(f"a{suffix}", columns))
    assert len(opened(written(f"a{suffix}", columns), bad_rows="skip")) == 4


def test_what_the_domain_could_not_turn_into_inputs_is_left_out(written, opened):
    table = opened(written("a.csv", REVIEWS | {"author": ["a", "b", "c", "d"]}), group_on="author")
    examples = table.examples(np.zeros((2, 4)), kept=np.array([1, 3]))
    assert (
        examples.targets.tolist() == [0, 0]
        and examples.sources[1] == "a.csv row 5"
        and examples.groups.tolist() == [1, 3]
    )
    whole = table.examples()
    assert examples.ids.tolist() == whole.ids[[1, 3]].tolist()
    dataset = table.dataset(examples, ["a.csv row 2: not there"])
    assert len(dataset.train) == 2 and dataset.skipped == ("a.csv row 2: not there",)


def test_a_column_too_large_for_the_memory_is_mapped_and_the_same(written, opened, monkeypatch):
    columns = {"text": [f"text {number} " * (number % 7 + 1) for number in range(300)], "label": ["a", "b", ""] * 100}
    path = written("a.csv", columns)
    small = opened(path, bad_rows="skip")
    monkeypatch.setattr("dl.data.spill.IN_MEMORY", 500)
    large = opened(path, bad_rows="skip")
    large.input.release()  # what is given back is read again
    assert isinstance(large.input.values, np.memmap) and not isinstance(small.input.values, np.memmap)
    assert large.cells() == small.cells() and large.examples().ids.tolist() == small.examples().ids.tolist()
    assert [as_text(row) for row in large.examples(kept=np.array([5, 2])).inputs] == [
        large.cells()[5],
        large.cells()[2],
    ]


def test_a_table_looks_like_what_one_of_its_columns_does(written):
    path = written("a.csv", REVIEWS)
    assert looks_like(path, {}, LONGEST_TEXT)
    assert not looks_like(path, {}, InputKind("nothing", "", lambda column: 0.0))
    assert not looks_like(written("b.csv", b"\xff\x00\x80"), {}, LONGEST_TEXT)


def test_a_column_of_identifiers_beside_the_text_is_said_and_its_gaps_cost_no_row(written):
    rows = [(f"a review of some words {k}", ("good", "bad")[k // 5 % 2], f"u{k // 5}" if k else "") for k in range(60)]
    text, label, author = zip(*rows, strict=True)
    path = written("reviews.csv", {"text": list(text), "label": list(label), "author": list(author)})
    dataset = read_table(path, {}, LONGEST_TEXT).dataset()
    (finding,) = dataset.findings
    assert len(dataset.train) == 60 and finding.evidence["column"] == "author" and finding.severity == "issue"
    assert read_table(path, {"group_on": "author", "bad_rows": "skip"}, LONGEST_TEXT).dataset().findings == ()
