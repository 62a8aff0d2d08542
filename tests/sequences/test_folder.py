import pytest

from dl.errors import BadData, BadFile
from dl.options import check
from dl_sequences.folder import open_folder, open_list
from dl_sequences.plugin import READING

OPTIONS = check(READING, {}, "sequence data")


@pytest.fixture
def walks(write, tmp_path):
    """Two classes of four files each."""
    for k in range(4):
        for name, sign in (("down", -1), ("up", 1)):
            steps = "".join(f"{step},{sign * step * (k + 1)}\n" for step in range(2 + k))
            write("t,x\n" + steps, f"walks/{name}/{k}.csv")
    return tmp_path / "walks"


def test_a_folder_has_a_file_for_each_series_below_its_class(walks):
    found = open_folder(walks, OPTIONS | {"time_on": "t"})
    assert found.train.names == ("down", "up") and found.train.inputs.lengths.tolist() == [2, 3, 4, 5] * 2
    assert found.train.source(5) == "up/1.csv" and found.train.inputs.row(5)["x"].tolist() == [0, 2, 4]
    assert found.train.targets.tolist() == [0] * 4 + [1] * 4 and found.title == "8 series of 2 to 5 steps, 2 classes"


def test_a_table_lists_files_with_their_targets(walks, write):
    path = write("path,speed\nwalks/up/2.csv,1.5\nwalks/down/0.csv,0.25\nwalks/up/0.csv,3.5\n", "list.csv")
    found = open_list(path, OPTIONS | {"time_on": "t"})
    assert found.train.sources == ("walks/up/2.csv", "walks/down/0.csv", "walks/up/0.csv")
    assert found.train.targets.tolist() == [1.5, 0.25, 3.5] and found.train.inputs.row(1)["x"].tolist() == [0, -1]


def test_a_file_with_other_columns_and_one_that_is_not_there_are_named(walks, write):
    path = write("path,speed\nwalks/up/2.csv,1.5\nwalks/up/9.csv,2.5\n", "list.csv")
    with pytest.raises(BadFile, match=r"list.csv row 3: .*9.csv' is"):
        open_list(path, OPTIONS)
    write("t,y\n1,2\n", "walks/up/3.csv")
    with pytest.raises(BadData, match=r"'up/3.csv' has other columns than 'down/0.csv': x, y in one alone"):
        open_folder(walks, OPTIONS)
