import pytest

from dl_serve.errors import Refused
from dl_serve.uploads import check_file, folder_of, leads_away


def test_files_lie_in_one_folder_under_plain_names_and_are_removed():
    with folder_of([("../../a.csv", b"1"), ("A.csv", b"2")]) as paths:
        assert [path.name for path in paths] == ["a.csv", "A-2.csv"]
        assert len({path.parent for path in paths}) == 1
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.parquet", "x.npy"])
def test_files_that_unpack_to_an_unknown_size_are_refused(name):
    with pytest.raises(Refused):
        check_file(name, b"1,2")


def test_only_names_of_files_beside_a_table_stay_in_its_folder():
    assert all(map(leads_away, ("/etc/passwd", "../a.png", "~/a.png", "C:\\a.png", "a/../../b")))
    assert not any(map(leads_away, ("a.png", "sub/a.png", "1.5")))
