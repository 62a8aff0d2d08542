import os
import tempfile

import pytest

from dl_serve.errors import Refused
from dl_serve.uploads import check_file, folder_of, leads_away, lines_of, remove_left


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


def test_thousands_of_files_of_one_name_get_names_of_their_own_that_fit_the_disk():
    with folder_of([("\u00e9" * 300 + ".csv", b"1")] * 1_000) as paths:
        assert len({path.name for path in paths}) == 1_000
        assert max(len(path.name.encode()) for path in paths) < 120


def test_the_folder_of_a_killed_service_is_removed_and_that_of_a_running_one_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("dl-serve-4194305-a", f"dl-serve-{os.getpid()}-a", "dl-serve-x"):
        (tmp_path / name).mkdir()
    remove_left()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"dl-serve-{os.getpid()}-a", "dl-serve-x"]


@pytest.mark.parametrize(
    ("name", "content", "most"),
    [
        ("a.csv", b"a\n1\n2\n", 2),
        ("a.csv", b'a\n"1\n1"\n2', 2),
        ("a.csv", b"a\r1\r2\r", 2),
        ("a.jsonl", b"{}\n{}\n", 2),
        ("a.json", b'[{"a": 1}, {"a": 2}, {"a": 3}]', 3),
        ("a.png", b"\n\n", 1),
    ],
)
def test_the_rows_of_a_table_are_bounded_by_its_lines(name, content, most):
    assert lines_of(name, content) == most


def test_lines_that_bring_a_column_each_are_refused_in_linear_time():
    with pytest.raises(Refused, match="cells"):
        check_file("a.jsonl", b"\n".join(b'{"c%d": 1}' % number for number in range(5_000)))
    check_file("a.jsonl", b'{"a": "' + b'\\"' * 500_000)  # quadratic, this would take minutes
