"""Paths that are not there: the nearest name in the folder, or the folder that is missing itself."""

from pathlib import Path

import pytest

from dl.data.paths import explain_missing, looks_like_file, path_hint, whole_path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with a table, a text and an empty folder in it."""
    for name in ("wine.csv", "letters.txt"):
        (tmp_path / name).write_text("a")
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("win.csv", "; did you mean 'wine.csv'?"),
        ("WINE.tsv", "; did you mean 'wine.csv'?"),
        ("./photo", "; did you mean 'photos'?"),
        ("nosuch.csv", ""),
        ("gone/deep/wine.csv", "; there is no folder 'gone'"),
        ("photos/deep/wine.csv", "; there is no folder 'photos/deep'"),
        ("photos/wine.csv", ""),
        ("wine.csv/wine.csv", "; 'wine.csv' is a file"),
        ("x" * 5000, ""),
    ],
)
def test_the_nearest_name_is_said_or_the_folder_that_is_missing(folder, name, message):
    assert path_hint(Path(name)) == message


def test_a_near_name_is_shown_with_its_folder_and_made_safe(folder):
    (folder / "wi\x1bne.csv").write_text("a")
    message = path_hint(folder / "wi\x1bn.csv")
    assert message.startswith(f"; did you mean '{folder}/wi") and "x1bne.csv" in message and "\x1b" not in message


def test_what_is_no_file_is_told_from_what_is_not_there(folder):
    assert explain_missing(folder / "photos") == "no regular file"
    assert explain_missing(folder / "letter.txt") == f"not there; did you mean '{folder / 'letters.txt'}'?"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a.csv", True), ("a.csv.gz", True), ("b.JPEG", True), ("mnist", False), ("v1.5", False), (".csv", False)],
)
def test_a_name_with_the_end_of_a_file_is_meant_as_one(name, is_one):
    assert looks_like_file(name) is is_one


def test_a_path_is_kept_without_the_way_there_unless_a_link_lies_between(folder):
    (folder / "elsewhere" / "deep").mkdir(parents=True)
    (folder / "elsewhere" / "wine.csv").write_text("b")
    (folder / "link").symlink_to(folder / "elsewhere" / "deep")
    assert whole_path(Path("photos/../wine.csv")) == folder / "wine.csv"
    assert whole_path(Path("link/../wine.csv")) == folder / "link" / ".." / "wine.csv"
    assert whole_path(Path("photos/../gone.csv")) == folder / "photos" / ".." / "gone.csv"
