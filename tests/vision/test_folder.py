import os

import numpy as np
import pytest

from dl.data.folders import NAMED, SkippedFiles
from dl.errors import BadData, BadFile
from dl.options import check
from dl_vision.folder import open_path
from dl_vision.plugin import READING


def opened(path, **options):
    return open_path(path, check(READING, options, "vision data"))


@pytest.fixture
def parts(tmp_path, photo):
    """A folder with train, val and test inside, two classes each; four, two and two images a class."""
    root = tmp_path / "parts"
    for part, count in (("train", 4), ("val", 2), ("test", 2)):
        for number in range(2 * count):
            photo(root / part / ("cat", "dog")[number % 2] / f"{number}.png", seed=100 * len(part) + number)
    return root


def test_a_folder_by_class_is_a_data_set(pets):
    dataset = opened(pets)
    assert dataset.name == "pets" and dataset.open_test is None and dataset.val is None
    assert dataset.train.inputs.shape == (6, 6, 8, 3) and dataset.train.inputs.dtype == np.uint8
    assert dataset.train.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.train.names == ("cat", "dog")
    assert dataset.train.sources[3] == "dog/1.png"


def test_parts_inside_are_kept_apart(parts):
    dataset = opened(parts)
    assert len(dataset.train) == 8 and len(dataset.val) == 4 and len(dataset.open_test()) == 4
    every = [set(part.ids.tolist()) for part in (dataset.train, dataset.val, dataset.open_test())]
    assert len(set.union(*every)) == 16


def test_the_test_part_is_read_only_when_it_is_opened(parts):
    (parts / "test" / "dog" / "bad.png").write_text("no image")
    dataset = opened(parts)
    with pytest.raises(BadFile, match=r"test/dog/bad\.png: not an image"):
        dataset.open_test()


def test_the_test_part_takes_the_size_and_colour_of_the_training_part(parts, photo):
    photo(parts / "test" / "cat" / "large.jpg", size=(90, 70), mode="L")
    assert opened(parts).open_test().inputs.shape == (5, 6, 8, 3)


def test_skipped_files_of_the_test_part_are_said(parts):
    (parts / "test" / "dog" / "bad.png").write_text("no image")
    with pytest.warns(SkippedFiles, match="1 test file was skipped"):
        assert len(opened(parts, bad_files="skip").open_test()) == 4


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_training_lacks_is_refused(parts, photo, part):
    photo(parts / part / "fox" / "1.png")
    with pytest.raises(BadData, match=r"class 'fox' in '.*' is not in the training set, which has: cat, dog"):
        opened(parts).open_test()


def test_a_class_may_be_missing_in_validation_and_keeps_its_number(parts):
    for path in (parts / "val" / "cat").iterdir():
        path.unlink()
    (parts / "val" / "cat").rmdir()
    assert set(opened(parts).val.targets.tolist()) == {1}


def test_one_class_only_is_refused(tmp_path, photo):
    photo(tmp_path / "one" / "cat" / "1.png")
    with pytest.raises(BadData, match="only one class, 'cat'"):
        opened(tmp_path / "one")


def test_images_of_several_sizes_are_resized_to_their_median_side_and_the_recipe_keeps_it(pets, photo):
    for k in range(9):
        photo(pets / "dog" / f"large{k}.png", size=(50, 40))
    found = opened(pets)
    assert found.train.inputs.shape == (15, 40, 40, 3) and found.options == {"size": 40}
    assert found.notes[-1] == (
        "images of 2 sizes, as 6x8 ('cat/0.png') and 40x50 ('dog/large0.png'): all resized to 40x40; "
        "size= takes another side"
    )
    asked = opened(pets, size=16)
    assert asked.train.inputs.shape == (15, 16, 16, 3) and not asked.options and not asked.notes


def test_wide_images_of_several_sizes_may_be_lines_and_the_user_decides(pets, photo):
    for k in range(9):
        photo(pets / "dog" / f"wide{k}.png", size=(200 + k, 40))
    with pytest.raises(BadData, match=r"have 10 sizes, as .*; resize all to one, as in size=40, or as lines of text: "):
        opened(pets)


def test_grey_images_stay_grey_unless_rgb_is_asked_for(tmp_path, photo):
    for name in ("a", "b"):
        photo(tmp_path / "grey" / name / "1.png", mode="L")
    assert opened(tmp_path / "grey").train.inputs.shape[3] == 1
    assert opened(tmp_path / "grey", colour="rgb").train.inputs.shape[3] == 3


def test_one_image_in_colour_makes_all_rgb_and_grey_can_be_asked_for(tmp_path, photo):
    photo(tmp_path / "mixed" / "a" / "1.png", mode="L")
    photo(tmp_path / "mixed" / "b" / "1.png", mode="RGB")
    assert opened(tmp_path / "mixed").train.inputs.shape[3] == 3
    assert opened(tmp_path / "mixed", colour="grey").train.inputs.shape[3] == 1


def test_bad_files_are_counted_and_the_first_ten_named(pets):
    for number in range(NAMED + 2):
        (pets / "cat" / f"note{number:02}.png").write_text("x")
    with pytest.raises(BadFile) as caught:
        opened(pets)
    said = str(caught.value)
    assert said.startswith("12 of 18 files in ") and "note09" in said and "note10" not in said
    assert "not an image of a format dl reads" in said and said.endswith("bad_files=skip") and "\n" not in said


def test_bad_files_of_training_and_validation_are_told_together(parts):
    (parts / "train" / "cat" / "a.png").write_text("x")
    (parts / "val" / "dog" / "b.png").write_text("x")
    with pytest.raises(BadFile, match=r"2 of 14 files.*train/cat/a.png.*val/dog/b.png"):
        opened(parts)


def test_files_of_another_kind_change_nothing_and_are_named_and_an_image_of_any_name_is_one(pets):
    clean = opened(pets).train
    for name in ("readme.txt", "cat/labels.csv", "dog/LICENSE", "dog/book.ipynb"):
        (pets / name).write_text("about")
    dataset = opened(pets)
    assert dataset.notes == ("4 files passed over: readme.txt, cat/labels.csv, dog/LICENSE, dog/book.ipynb",)
    assert dataset.train.sources == clean.sources and dataset.skipped == () and dataset.title == "6 images of 2 classes"
    np.testing.assert_array_equal(dataset.train.inputs, clean.inputs)
    (pets / "dog" / "scan").write_bytes((pets / "cat" / "0.png").read_bytes())
    assert "dog/scan" in opened(pets).train.sources


def test_an_image_of_a_format_that_is_not_read_is_not_passed_over(pets):
    (pets / "cat" / "photo.heic").write_bytes(b"x")
    with pytest.raises(BadFile, match=r"1 of 7 files .*cat/photo\.heic"):
        opened(pets)


def test_a_class_of_other_files_alone_is_one_line(pets):
    (pets / "docs").mkdir()
    (pets / "docs" / "guide.md").write_text("about")
    with pytest.raises(BadData, match=r"class 'docs' in .* has no readable image, but 1 other file, as 'guide\.md'"):
        opened(pets)


def test_other_files_of_a_test_part_are_named_when_it_is_opened(parts):
    (parts / "readme.txt").write_text("about")
    (parts / "test" / "cat" / "notes.json").write_text("{}")
    dataset = opened(parts)
    assert dataset.notes == ("1 file passed over: readme.txt",)
    with pytest.warns(SkippedFiles, match=r"1 file passed over: test/cat/notes\.json"):
        dataset.open_test()


def test_skipped_files_are_recorded_and_the_rest_is_as_without_them(pets):
    clean = opened(pets).train
    content = (pets / "cat" / "0.png").read_bytes()
    (pets / "dog" / "half.png").write_bytes(content[: len(content) // 2])
    (pets / "cat" / "empty.png").touch()
    dataset = opened(pets, bad_files="skip")
    assert [line.partition(":")[0] for line in dataset.skipped] == ["cat/empty.png", "dog/half.png"]
    np.testing.assert_array_equal(dataset.train.inputs, clean.inputs)
    np.testing.assert_array_equal(dataset.train.ids, clean.ids)
    assert dataset.train.sources == clean.sources


def test_a_class_of_bad_files_only_is_refused_even_when_skipping(pets):
    (pets / "fox").mkdir()
    (pets / "fox" / "1.png").write_text("x")
    with pytest.raises(BadData, match=r"class 'fox' in .* has no readable image; remove"):
        opened(pets, bad_files="skip")


def test_a_folder_of_bad_files_only_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "1.png").write_text("x")
    with pytest.raises(BadFile, match="2 of 2 files"):
        opened(tmp_path / "bad", bad_files="skip")


def test_ids_are_the_same_in_every_run_and_follow_content_and_name(pets, photo):
    before = dict(zip(opened(pets).train.sources, opened(pets).train.ids.tolist(), strict=True))
    photo(pets / "cat" / "0.png", seed=99)
    photo(pets / "ant" / "new.png", seed=98)
    after = dict(zip(opened(pets).train.sources, opened(pets).train.ids.tolist(), strict=True))
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"cat/0.png"}


def test_names_that_are_no_text_are_read_and_shown_escaped(tmp_path, photo):
    root = tmp_path / "odd"
    classes = [
        "[red]x[b]",
        "a\x1b[2Jb",
        "line\nbreak",
        "\u202egpj",
        "=cmd|'x'",
        "<script>",
        os.fsdecode(b"\xff\xfe"),
    ]
    for name in classes:
        photo(root / name / "im\nage.png")
    dataset = opened(root)
    assert set(dataset.train.names) == set(classes)
    (root / classes[1] / "bad\x1b.png").write_text("x")
    with pytest.raises(BadFile) as caught:
        opened(root)
    assert str(caught.value).isprintable()


def test_a_path_relative_to_where_one_is_works(pets, monkeypatch):
    monkeypatch.chdir(pets)
    assert opened(pets.relative_to(pets)).train.sources[0] == "cat/0.png"
    assert opened(pets.relative_to(pets)).name == "pets"
