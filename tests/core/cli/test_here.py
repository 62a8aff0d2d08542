"""What `dl` alone tells about a folder, from the names of its files."""

import pytest

from dl.cli.here import look
from dl.cli.main import run


def put(folder, **files):
    """Write empty files, by folder and number."""
    for name, (count, suffix) in files.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{number}{suffix}").touch()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"cat": (3, ".png"), "dog": (2, ".JPG")}, [(".", "5 images in 2 folders: cat, dog", "dl fit .")]),
        ({"good": (6, ".txt"), "bad": (5, ".txt")}, [(".", "11 texts in 2 folders: bad, good", "dl fit .")]),
        ({"a/cat": (3, ".png"), "a/dog": (2, ".png")}, [("a", "5 images in 2 folders: cat, dog", "dl fit a")]),
        ({"train/x": (2, ".png"), "train/y": (2, ".png")}, [(".", "4 images in 2 folders: x, y", "dl fit .")]),
        ({"notes": (1, ".txt"), "more": (2, ".txt")}, []),
        ({".git/a": (3, ".png"), ".git/b": (3, ".png")}, []),
    ],
)
def test_folders_are_told_by_class(files, told, tmp_path):
    put(tmp_path, **files)
    assert [(one.path, one.description, one.commands[-1]) for one in look(tmp_path)] == told


def test_a_table_is_told_by_its_columns_with_the_last_one_as_target(tmp_path):
    (tmp_path / "a b.csv").write_text("x,y,how many\n1,2,3\n")
    (tmp_path / "b.jsonl").write_text('{"x": 1}\n')
    first, second = look(tmp_path)
    assert first.description == "a table of x, y, how many" and second.commands[-1] == "dl fit b.jsonl"
    assert first.commands[-1] == "dl fit 'a b.csv' --target 'how many'"


def test_an_empty_folder_leads_to_a_data_set_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run([]) == 0
    shown = capsys.readouterr().out
    assert "no data: folders of images or texts" in shown and "dl fit vision mnist" in shown and "dl --help" in shown


def test_what_is_called_runs_and_holds_none_does_no_harm(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    (tmp_path / "x.csv").mkdir()
    assert run([]) == 0 and "no data" in capsys.readouterr().out
