"""Tags and notes: a file of their own with a checksum, changed a word at a time, refused where they are no words."""

import pytest

from dl.errors import BadOption, BadRun
from dl.runs.notes import LONGEST_NOTE, MOST_TAGS, Notes, add_tags, read_notes, remove_tags, write_note


def test_tags_are_added_sorted_and_taken_away_and_the_note_stays(tmp_path):
    assert read_notes(tmp_path) == Notes()
    write_note(tmp_path, "  wider,\nno better ")
    add_tags(tmp_path, ["paper", "kept"])
    assert add_tags(tmp_path, ["kept", "old"]) == Notes(("kept", "old", "paper"), "wider, no better")
    assert (
        remove_tags(tmp_path, ["old", "never"]) == read_notes(tmp_path) == Notes(("kept", "paper"), "wider, no better")
    )
    assert write_note(tmp_path, "").note == "" and [path.name for path in tmp_path.iterdir()] == ["notes.json"]


@pytest.mark.parametrize("tag", ["", "a b", "a,b", "a<b", 'a"b', "a\x1b", "x" * 41])
def test_what_the_language_of_where_could_not_name_is_no_tag(tmp_path, tag):
    with pytest.raises(BadOption, match="is no tag"):
        add_tags(tmp_path, [tag])
    assert not (tmp_path / "notes.json").exists()


def test_too_much_is_refused(tmp_path):
    with pytest.raises(BadOption, match="at most 2,000"):
        write_note(tmp_path, "x" * (LONGEST_NOTE + 1))
    with pytest.raises(BadOption, match="at most 50 tags"):
        add_tags(tmp_path, map(str, range(MOST_TAGS + 1)))


@pytest.mark.parametrize(
    "change", [lambda text: text.replace("kept", "lept"), lambda text: text[:20], lambda text: "[]"]
)
def test_a_changed_file_is_told_as_damaged(tmp_path, change):
    add_tags(tmp_path, ["kept"])
    path = tmp_path / "notes.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(BadRun, match=r"notes\.json is damaged"):
        read_notes(tmp_path)
