"""Texts as a domain: which inputs are recognized, and which reader is asked for which path."""

import pytest

from dl.data.examples import whole
from dl.data.ragged import as_text
from dl.errors import BadOption
from dl.options import check
from dl_text import language, prepare
from dl_text.domain import learn, load, open_path, open_unlabelled, read, recognize, restore
from dl_text.plugin import READING


def reading(**options):
    return check(READING, options, "text data")


@pytest.fixture
def reviews(tmp_path):
    """Two classes of two texts each, and the same as a table."""
    rows = []
    for number, label in enumerate(("bad", "good", "bad", "good")):
        path = tmp_path / "reviews" / label / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a {label} film, number {number}")
        rows.append(f'"a {label} film, number {number}",{label}\n')
    (tmp_path / "reviews.csv").write_text("text,label\n" + "".join(rows))
    return tmp_path / "reviews"


@pytest.fixture
def table(reviews):
    return reviews.with_suffix(".csv")


def test_a_folder_and_a_table_of_the_same_texts_are_read(reviews, table):
    folder, listed = open_path(reviews, reading()), open_path(table, reading())
    assert sorted(map(as_text, folder.train.inputs)) == sorted(map(as_text, listed.train.inputs))
    assert folder.train.names == listed.train.names == ("bad", "good")


def test_texts_are_recognized_and_words_of_a_category_less_surely(reviews, table, tmp_path):
    (tmp_path / "short.csv").write_text("town,label\nOslo,a\nLima,b\n")
    (tmp_path / "book.txt").write_text("once")
    (tmp_path / "a.png").write_bytes(b"x")
    paths = (reviews, table, tmp_path / "book.txt", tmp_path / "short.csv", tmp_path / "a.png")
    assert [recognize(path, {}) for path in paths] == [0.9, 0.5, 1.0, 0.2, 0.0]


def test_options_of_a_table_are_refused_where_there_is_none_but_the_encoding_is_a_files_too(reviews):
    assert len(open_path(reviews, reading(encoding="latin-1")).train) == 4
    with pytest.raises(BadOption, match="target= is for a table"):
        open_path(reviews, reading(target="label"))
    with pytest.raises(BadOption, match="group_on= is for a table"):
        open_unlabelled(reviews, reading(group_on="label"))


def test_without_a_target_files_of_a_folder_and_cells_of_a_table_are_texts(reviews, table):
    for path in (reviews, table):
        assert len(open_unlabelled(path, reading()).train) == 4


def test_tables_and_files_for_a_prediction_are_read_in_the_order_in_which_they_are_named(reviews, table):
    files = sorted(reviews.rglob("*.txt"))
    options = reading(bad_files="skip")
    found = read([files[0], table, files[-1]], None, options)
    assert len(found) == 6 and found.source(0).endswith("0.txt") and found.source(1) == "reviews.csv row 2"
    assert as_text(found.inputs.row(5)) == files[-1].read_text()


def test_what_is_learnt_and_restored_follows_from_whether_there_is_a_target(reviews, part_of):
    domain = load()
    labelled = learn(part_of("a good film", "a bad film"), reading())
    assert isinstance(restore(labelled.settings()), type(labelled))
    assert type(labelled).__module__ == prepare.__name__
    rows = domain.cut(open_unlabelled(reviews, reading(tokens="chars")), reading(tokens="chars", window=3)).train
    causal = learn(whole(rows), reading(tokens="chars", window=3))
    assert type(causal).__module__ == language.__name__ and isinstance(restore(causal.settings()), type(causal))


def test_texts_of_a_folder_are_grouped_by_their_names_on_request(tmp_path):
    for author in range(12):
        for number in range(4):
            path = tmp_path / "letters" / ("bad", "good")[author % 2] / f"author{author}_{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"letter {number} of author {author}")
    assert len(set(open_path(tmp_path / "letters", reading(group_on="name")).train.groups)) == 12
    assert open_path(tmp_path / "letters", reading()).train.groups is None
