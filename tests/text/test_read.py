import io
import sys
from pathlib import Path

import pytest

from dl.data.examples import LeftOut
from dl.data.folders import SkippedFiles
from dl.data.ragged import as_text
from dl.errors import BadData, BadFile, BadOption
from dl_text.read import read_paths, read_strings


def strings(examples):
    return [as_text(row) for row in examples.inputs]


@pytest.fixture
def stdin(monkeypatch):
    """A function that gives these bytes to stdin."""

    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_files_and_folders_are_read_in_order(tmp_path):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for name in ("z.txt", "b/2.txt", "b/1.txt", "b/deep/3.txt", "b/.hidden.txt"):
        (tmp_path / name).write_text(name)
    examples = read_paths([tmp_path / "z.txt", tmp_path / "b"])
    assert strings(examples) == ["z.txt", "b/1.txt", "b/2.txt", "b/deep/3.txt"]
    assert examples.sources[0] == str(tmp_path / "z.txt") and examples.targets.tolist() == [0] * 4
    assert len(set(examples.ids.tolist())) == 4


def test_the_lines_of_stdin_are_texts_and_blank_ones_are_none(stdin):
    stdin("one film\r\n\n  \nзвезда\n".encode())
    examples = read_paths([Path("-")])
    assert strings(examples) == ["one film", "звезда"] and examples.sources == ("line 1", "line 4")


def test_a_named_encoding_is_used(tmp_path):
    (tmp_path / "x.txt").write_bytes(b"caf\xe9")
    assert strings(read_paths([tmp_path / "x.txt"], "latin-1")) == ["café"]
    with pytest.raises(BadOption, match="encoding=klingon"):
        read_paths([tmp_path / "x.txt"], "klingon")


def test_what_cannot_be_read_is_one_line(tmp_path, stdin):
    (tmp_path / "bad.txt").write_bytes(b"a\n\xff")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=r"1 of 1 files cannot be read as text: .*bad\.txt: byte 3 on line 2"):
        read_paths([tmp_path / "bad.txt"])
    with pytest.raises(BadFile, match="is not there"):
        read_paths([tmp_path / "no\nthing.txt"])
    with pytest.raises(BadData, match=r"no text in '.*empty'"):
        read_paths([tmp_path / "empty"])
    with pytest.raises(BadData, match="no text in an empty list"):
        read_paths([])
    stdin(b"good\n\xff")
    with pytest.raises(BadFile, match="stdin cannot be read as text: byte 6 on line 2"):
        read_paths([Path("-")])
    stdin(b"")
    with pytest.raises(BadFile, match="stdin cannot be read as text: it is empty"):
        read_paths([Path("-")])


def test_strings_are_texts_named_by_their_beginning():
    examples = read_strings(["a good film", "x" * 100 + "\n"])
    assert strings(examples) == ["a good film", "x" * 100 + "\n"]
    assert examples.sources == ("a good film", "x" * 39 + "…")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no text was given"),
        (["fine", " "], "text 2: it holds only white space"),
        ([""], "text 1: it is empty"),
        (["a\ud800"], "text 1: character 2 is not a Unicode character"),
        (["a\0"], "text 1: byte 2 on line 1 is NUL"),
    ],
)
def test_strings_that_are_no_texts_are_one_line(given, said):
    with pytest.raises(BadData, match=said):
        read_strings(given)


def test_strings_that_are_no_texts_are_left_out_where_that_is_asked_for():
    examples = read_strings(["", "fine", "a\0", "warm"], skip=True)
    assert strings(examples) == ["fine", "warm"]
    assert examples.left_out == (
        LeftOut(0, "text 1", "it is empty"),
        LeftOut(1, "text 3", "byte 2 on line 1 is NUL: not a text, or in another encoding"),
    )


def test_files_of_another_kind_in_a_folder_are_passed_over_and_named(tmp_path):
    (tmp_path / "good.txt").write_text("good")
    (tmp_path / "good.json").write_text("{}")
    with pytest.warns(SkippedFiles, match=r"^1 file passed over: .*good\.json$"):
        assert strings(read_paths([tmp_path])) == ["good"]


def test_files_that_are_no_text_are_left_out_and_said_where_that_is_asked_for(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"a\n\xff")
    (tmp_path / "good.txt").write_text("good")
    with pytest.warns(SkippedFiles, match=r"1 of 2 files cannot be read as text, and were skipped: .*bad\.txt"):
        examples = read_paths([tmp_path / "good.txt", tmp_path / "bad.txt"], skip=True)
    (gone,) = examples.left_out
    assert strings(examples) == ["good"] and (gone.at, gone.source) == (1, str(tmp_path / "bad.txt"))
    assert gone.reason.startswith("byte 3 on line 2 (0xff) is not utf-8")
    with pytest.raises(BadFile, match="1 of 1 files"):
        read_paths([tmp_path / "bad.txt"], skip=True)
