"""Examples and what lies beside them, told apart by names alone."""

import pytest

from dl.data.file_kinds import choose_kind, is_about, passed_over, share_of_kind

TXT = (".txt",)


def kept(names, suffixes=TXT):
    return [name for name, keep in zip(names, choose_kind(names, suffixes), strict=True) if keep]


def test_a_suffix_of_the_domain_decides_whatever_else_lies_beside():
    texts = [f"a/{k}.txt" for k in range(5)]
    beside = [f"a/{k}{suffix}" for k in range(5) for suffix in (".json", ".ann", ".png")]
    assert kept([*texts, *beside, "a/README.md", "b/readme.txt", "b/LICENSE"]) == texts


def test_files_without_a_suffix_are_the_examples_where_texts_are_rare():
    mails = [f"spam/{k:05}" for k in range(30)]
    assert kept([*mails, "spam/notes.txt", "spam/index.json"]) == mails


def test_every_file_counts_where_all_are_of_one_other_kind():
    assert kept(["a/1.json", "b/2.json"]) == ["a/1.json", "b/2.json"]


def test_examples_that_are_called_readme_are_examples():
    names = [f"tools/{k}/README.txt" for k in range(9)]
    assert kept([*names, "tools/9/index.csv"]) == names


@pytest.mark.parametrize(
    ("name", "about"), [("README", True), ("readme.md", True), ("Licence.txt", True), ("reading.txt", False)]
)
def test_files_about_a_folder_are_known_by_name(name, about):
    assert is_about(name) == about


def write(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_the_kind_of_a_folder_is_that_of_most_files_below_it(tmp_path):
    write(tmp_path, "a/1.png", "a/2.png", "b/3.png", "b/4.txt", "readme.txt", "x.txt", "y.txt", "a/.DS_Store")
    write(tmp_path, "a/.cache/1.txt", "b/Thumbs.db")
    assert share_of_kind(tmp_path, (".png",)) == 0.75 and share_of_kind(tmp_path, TXT) == 0.25


def test_files_of_the_folder_itself_count_where_none_lie_below(tmp_path):
    write(tmp_path, "1.txt", "2.txt", "3.png")
    assert share_of_kind(tmp_path, TXT) == pytest.approx(2 / 3) and share_of_kind(tmp_path / "gone", TXT) == 0


def test_files_passed_over_are_counted_and_the_first_named():
    assert passed_over([]) == ()
    assert passed_over(["readme.txt", "notes.json"]) == ("2 files passed over: readme.txt, notes.json",)
    assert passed_over([f"{k}.csv" for k in range(7)]) == (
        "7 files passed over: 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, ...",
    )
