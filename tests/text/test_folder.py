import os

import numpy as np
import pytest

from dl.data.folders import NAMED, SkippedFiles
from dl.data.ragged import as_text
from dl.errors import BadData, BadFile, BadOption
from dl_text.folder import open_path


def opened(path, **options):
    return open_path(path, {"encoding": "utf-8", "bad_files": "stop", **options})


def fill(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture
def reviews(tmp_path):
    """Two classes, three texts each."""
    return fill(
        tmp_path / "reviews", {f"{name}/{k}.txt": f"{name} film {k}" for name in ("bad", "good") for k in range(3)}
    )


@pytest.fixture
def archive(tmp_path):
    """The layout of the film reviews' archive: 4, 4 and 4 texts, lists beside, and the unlabelled."""
    texts = {
        f"{part}/{name}/{k}_7.txt": f"{part} {name} {k}"
        for part in ("train", "test")
        for name in ("neg", "pos")
        for k in range(2)
    }
    beside = {"train/urls_pos.txt": "http", "train/labeledBow.feat": "0:1", "train/unsup/0_0.txt": "?"}
    return fill(
        tmp_path / "aclImdb", texts | beside | {"README": "about", "imdb.vocab": "the", "test/urls_neg.txt": "x"}
    )


def test_a_folder_by_class_is_a_data_set(reviews):
    dataset = opened(reviews)
    assert dataset.name == "reviews" and dataset.val is None and dataset.open_test is None
    assert [as_text(row) for row in dataset.train.inputs][2:4] == ["bad film 2", "good film 0"]
    assert dataset.train.targets.tolist() == [0, 0, 0, 1, 1, 1] and dataset.train.names == ("bad", "good")
    assert dataset.train.sources[3] == "good/0.txt" and dataset.title == "6 texts of 2 classes"


def test_the_layout_of_the_archive_of_film_reviews_is_read(archive):
    dataset = opened(archive)
    assert len(dataset.train) == 4 and dataset.train.names == ("neg", "pos")
    assert len(dataset.open_test()) == 4 and dataset.open_test().targets.tolist() == [0, 0, 1, 1]
    assert dataset.skipped == (
        "train/unsup: a folder without labels, by its name",
        "train/urls_pos.txt: beside the class folders",
    )
    assert dataset.notes == ("3 files passed over: README, imdb.vocab, train/labeledBow.feat",)
    assert len(set(dataset.train.ids.tolist()) | set(dataset.open_test().ids.tolist())) == 8


def test_a_validation_part_is_kept_apart_and_numbered_as_the_training_part(archive):
    fill(archive, {"val/pos/9.txt": "fine"})
    assert opened(archive).val.targets.tolist() == [1]


def test_the_test_part_is_read_only_when_it_is_opened(archive):
    fill(archive, {"test/pos/bad.txt": b"\xff"})
    dataset = opened(archive)
    with pytest.raises(BadFile, match=r"1 of 5 files.*test/pos/bad\.txt: byte 1 on line 1"):
        dataset.open_test()
    with pytest.warns(SkippedFiles, match="1 test file was skipped"):
        assert len(opened(archive, bad_files="skip").open_test()) == 4


def test_texts_of_any_depth_count_and_files_of_another_kind_are_passed_over_and_named(reviews):
    fill(reviews, {"good/deep/er/x.txt": "fine", "good/1.json": "{}", "good/deep/x.png": "x", "LICENSE": "free"})
    dataset = opened(reviews)
    assert len(dataset.train) == 7
    assert dataset.notes == ("3 files passed over: LICENSE, good/1.json, good/deep/x.png",)


def test_files_without_a_suffix_are_texts_where_there_are_no_others(tmp_path):
    root = fill(tmp_path / "mails", {f"{name}/{k:05}.7c53": "mail" for name in ("ham", "spam") for k in range(3)})
    assert len(opened(fill(root, {"cmds.sh": "mv"})).train) == 6


def test_hidden_files_broken_links_and_pipes_are_passed_over(reviews):
    before = opened(reviews).train.sources
    fill(reviews, {".git/x": "x", "bad/.hidden.txt": "x", "good/Thumbs.db": "x"})
    (reviews / "bad" / "gone.txt").symlink_to("nowhere")
    os.mkfifo(reviews / "bad" / "pipe.txt")
    assert opened(reviews).train.sources == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"one\ncaf\xe9", r"byte 8 on line 2 \(0xe9\) is not utf-8"),
        (b"", "the file is empty"),
        (b"a\0b", "byte 2 on line 1 is NUL"),
    ],
)
def test_a_bad_file_stops_and_is_named_or_is_left_out(reviews, content, why):
    clean = opened(reviews).train
    fill(reviews, {"bad/x.txt": content})
    with pytest.raises(BadFile, match=rf"1 of 7 files in .*bad/x\.txt: {why}.*bad_files=skip$"):
        opened(reviews)
    dataset = opened(reviews, bad_files="skip")
    assert dataset.skipped[0].startswith("bad/x.txt: ") and dataset.train.sources == clean.sources
    np.testing.assert_array_equal(dataset.train.inputs.values, clean.inputs.values)
    np.testing.assert_array_equal(dataset.train.ids, clean.ids)


def test_a_named_encoding_is_used_and_an_unknown_one_is_one_line(reviews):
    fill(reviews, {"bad/x.txt": "café".encode("latin-1")})
    assert as_text(opened(reviews, encoding="latin-1").train.inputs.row(3)) == "café"
    with pytest.raises(BadOption, match="encoding=klingon"):
        opened(reviews, encoding="klingon")


def test_only_the_first_bad_files_are_named(reviews):
    fill(reviews, {f"bad/e{k:02}.txt": b"" for k in range(NAMED + 2)})
    with pytest.raises(BadFile) as caught:
        opened(reviews)
    assert "e09" in str(caught.value) and "e10" not in str(caught.value) and "12 of 18 files" in str(caught.value)


def test_a_huge_single_line_is_a_text(reviews):
    fill(reviews, {"good/long.txt": b"word " * 2_000_000})
    assert opened(reviews).train.inputs.lengths.max() == 10_000_000


def test_a_class_with_one_file_is_a_class(tmp_path):
    dataset = opened(fill(tmp_path / "few", {"a/1": "x", "b/1": "y", "b/2": "z"}))
    assert dataset.train.targets.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a/1.txt": "x"}, "only one class, 'a'"),
        ({"1.txt": "x"}, r"holds 1 texts, as '1.txt', but no class folders; expected a folder of text files"),
        ({"a/.x": "x", "b/1.txt": "x"}, "class 'a' in .* has no text"),
        ({"A/1.txt": "x", "a/1.txt": "y"}, "'A' and 'a' differ only in case"),
        ({"train/a/1": "x", "train/b/1": "y", "val/c/1": "z"}, "class 'c' in .* is not in the training set"),
        ({"unsup/1.txt": "x", "pos/1.txt": "y"}, "only one class, 'pos'"),
    ],
    ids=str,
)
def test_folders_that_do_not_fit_together_are_one_line(tmp_path, files, said):
    with pytest.raises(BadData, match=said) as caught:
        opened(fill(tmp_path / "root", files))
    assert "\n" not in str(caught.value)


def test_a_class_of_bad_files_only_is_refused_even_when_skipping(reviews):
    fill(reviews, {"ugly/1.txt": b"\xff"})
    with pytest.raises(BadData, match="class 'ugly' has no readable text"):
        opened(reviews, bad_files="skip")


def test_what_is_no_folder_is_said(tmp_path):
    with pytest.raises(
        BadData, match=r"is not there; expected a folder of text files for each class, as in good/1\.txt"
    ):
        opened(tmp_path / "nothing")


def test_names_that_would_act_on_a_terminal_are_shown_escaped(reviews):
    fill(reviews, {"a\x1b[31m\nb/x\u202e.txt": b"\xff"})
    with pytest.raises(BadFile) as caught:
        opened(reviews)
    assert str(caught.value).isprintable()
