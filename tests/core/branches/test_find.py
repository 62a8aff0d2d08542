"""Which domain reads which column: as named, else by its cells; what may be read in two ways is said."""

import pytest

from dl.branches.find import find_branches, need_several
from dl.errors import BadData, BadOption
from dl.tables.columns import Column

SENTENCES = tuple(f"this is the sentence number {k} of many" for k in range(30))
COLUMNS = {
    "review": Column("review", SENTENCES),
    "size": Column("size", tuple(f"{k / 7:.3f}" for k in range(30))),
    "town": Column("town", ("A", "B", "C") * 10),
}


def found(members, table, columns=COLUMNS, **options):
    return find_branches({name: columns[name] for name in columns}, table, members, options)


def test_sentences_are_a_branch_and_the_other_columns_one_more(members, table):
    branches = found(members, table).branches
    assert [(one.name, one.member.name, one.columns) for one in branches] == [
        ("review", "text", ("review",)),
        ("rows", "tabular", ("size", "town")),
    ]
    assert (
        found(members, table).notes[0] == "2 branches: 'review' (text: texts of 8 words), 'rows' (tabular: 2 columns)"
    )


def test_paths_of_images_that_are_there_are_a_branch(members, table):
    photos = tuple(f"0-{k}.png" for k in range(30))
    columns = {**COLUMNS, "photo": Column("photo", photos)}
    assert [one.name for one in found(members, table, columns).branches] == ["review", "photo", "rows"]
    columns["photo"] = Column("photo", tuple(f"gone-{name}" for name in photos))
    notes = found(members, table, columns).notes
    assert "column 'photo' may be paths of images, though 'gone-0-0.png' and the next are not there" in notes[1]


def test_a_text_of_few_values_is_said_to_be_either(members, table):
    columns = {**COLUMNS, "remark": Column("remark", SENTENCES[:3] * 10)}
    result = found(members, table, columns)
    assert result.branches[-1].columns == ("size", "town", "remark")
    assert result.notes[1] == (
        "column 'remark' may be a text of 8 words, though of 30 cells only 3 differ; read with the other columns  "
        "otherwise: texts=remark"
    )
    assert [one.name for one in found(members, table, columns, texts="review,remark").branches][:2] == [
        "review",
        "remark",
    ]


def test_a_column_is_named_for_one_kind(members, table):
    with pytest.raises(BadOption, match="'town' is named by texts= and images=; name it once"):
        found(members, table, texts="town", images="town")
    with pytest.raises(BadOption, match="'review' is named by texts= and by categories=: it is one or the other"):
        found(members, table, texts="review", categories="review")
    with pytest.raises(BadOption, match="no input column 'revue' for texts; did you mean"):
        found(members, table, texts="revue")


def test_columns_of_one_kind_are_sent_to_their_domain(members, table):
    one = found(members, table, {"review": COLUMNS["review"]})
    with pytest.raises(BadData, match=r"shop.csv has inputs of one kind alone, texts .*: dl fit text shop.csv"):
        need_several(one, table)
