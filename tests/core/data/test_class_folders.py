import numpy as np
import pytest

from dl.data.class_folders import ClassFolders
from dl.data.folders import Wanted
from dl.errors import BadData, BadFile


def read_file(path):
    values = np.loadtxt(path)
    if values.ndim != 1:
        raise ValueError("expected a row")
    return values


ROWS = ClassFolders(Wanted("row", "rows", (".txt",), "expected a folder of .txt files for each class"), read_file)


@pytest.fixture
def folder(tmp_path):
    """Four rows of two classes to train on, two to validate, two to test; the class is the last number."""
    for part, n in (("train", 4), ("val", 2), ("test", 2)):
        for number in range(n):
            path = tmp_path / "rows" / part / f"c{number % 2}" / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{number} {len(part)} {number % 2}")
    return tmp_path / "rows"


def test_parts_and_classes_are_read_and_the_test_part_when_it_is_opened(folder):
    found = ROWS.open_path(folder, {})
    assert found.name == "rows" and found.title == "4 rows of 2 classes" and found.train.names == ("c0", "c1")
    assert found.train.array.tolist() == [[0, 5, 0], [2, 5, 0], [1, 5, 1], [3, 5, 1]]
    assert found.train.targets.tolist() == [0, 0, 1, 1] and found.val.targets.tolist() == [0, 1]
    assert found.train.sources == ("train/c0/0.txt", "train/c0/2.txt", "train/c1/1.txt", "train/c1/3.txt")
    (folder / "test" / "c0" / "0.txt").write_text("no row")
    with pytest.raises(BadFile, match=r"test/c0/0\.txt' is not a valid row: could not convert string"):
        found.open_test()


def test_a_folder_without_parts_is_the_training_part(folder):
    found = ROWS.open_path(folder / "train", {})
    assert len(found.train) == 4 and found.val is None and found.open_test is None


def test_ids_come_from_content_and_name_and_are_the_same_again(folder):
    first, second = (ROWS.open_path(folder, {}) for _ in range(2))
    assert first.train.ids.tolist() == second.train.ids.tolist() and len(set(first.train.ids)) == 4
    (folder / "train" / "c0" / "0.txt").write_text("7 7 7")
    changed = ROWS.open_path(folder, {}).train.ids
    assert (changed == first.train.ids).tolist() == [False, True, True, True]


def test_files_and_all_below_folders_are_read_for_a_prediction(folder):
    (folder / "notes.md").write_text("not a row")
    found = ROWS.read([folder / "val", folder / "train" / "c0" / "0.txt"], (3,))
    assert found.array.tolist() == [[0, 3, 0], [1, 3, 1], [0, 5, 0]] and found.targets.tolist() == [0, 0, 0]
    assert found.sources[2] == str(folder / "train" / "c0" / "0.txt") and found.names == ()


@pytest.mark.parametrize("part", ["train", "val"])
def test_an_array_of_another_shape_is_named(folder, part):
    (folder / part / "c1" / "1.txt").write_text("1 2")
    where = "in 'train/c0/0.txt'" if part == "train" else "in training"
    said = f"{part}/c1/1.txt' holds 2 values, but it is 3 {where}; all rows must be of one shape"
    with pytest.raises(BadData, match=said):
        ROWS.open_path(folder, {})
    with pytest.raises(BadData, match=r"1\.txt' holds 2 values, but it is 3 in training"):
        ROWS.read([folder / part / "c1" / "1.txt"], (3,))


@pytest.mark.parametrize(("text", "reason"), [("1 2\n3 4", "expected a row"), ("", "")])
def test_a_file_that_is_none_is_named_with_the_reason(folder, text, reason):
    (folder / "train" / "c0" / "0.txt").write_text(text or "x")
    with pytest.raises(BadFile, match=rf"train/c0/0\.txt' is not a valid row: {reason}"):
        ROWS.open_path(folder, {})


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nowhere", BadFile, "nowhere' is not there"),
        ("empty", BadData, "no row in '.*empty'"),
    ],
)
def test_what_is_not_there_is_one_line(tmp_path, name, kind, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(kind, match=message):
        ROWS.read([tmp_path / name], (3,))
    with pytest.raises(BadData):
        ROWS.open_path(tmp_path / name, {})


def test_a_folder_is_recognized_by_the_names_of_its_files(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert ROWS.recognize(folder, {}) == 1.0
    assert ROWS.recognize(tmp_path / "empty", {}) == ROWS.recognize(tmp_path / "nowhere", {}) == 0.0
