"""Folders by class: parts and classes by name, every regular file once, misfits in one line."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.folders import (
    SkippedFiles,
    Wanted,
    files_beside,
    number_labels,
    relative_name,
    report_unreadable,
    stable_ids,
    unreadable_message,
    walk,
    warn_passed_over,
)
from dl.data.folders import find_classes as find_classes_of
from dl.data.folders import find_splits as find_splits_of
from dl.errors import BadData, BadFile

IMAGES = Wanted("image", "images", (".png", ".jpg"), "expected a folder of images for each class")


def find_splits(root):
    return find_splits_of(root, IMAGES)


def find_classes(folder):
    return find_classes_of(folder, IMAGES)


@pytest.fixture
def photo():
    """A function that writes a file that is called as an image is; none is opened here."""

    def write(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    return write


@pytest.fixture
def pets(tmp_path, photo):
    """A folder of two classes, cat and dog, three files each."""
    for number in range(6):
        photo(tmp_path / "pets" / ("cat", "dog")[number % 2] / f"{number}.png")
    return tmp_path / "pets"


def names(found):
    return [os.path.relpath(file.path, found.folder) for file in found.files]


def test_classes_and_files_are_sorted_by_name(pets):
    found = find_classes(pets)
    assert found.classes == ("cat", "dog")
    assert names(found) == ["cat/0.png", "cat/2.png", "cat/4.png", "dog/1.png", "dog/3.png", "dog/5.png"]
    assert [file.label for file in found.files] == [0, 0, 0, 1, 1, 1]


def test_folders_below_a_class_belong_to_it(pets, photo):
    photo(pets / "cat" / "old" / "older" / "x.png")
    assert "cat/old/older/x.png" in names(find_classes(pets))


def test_hidden_files_litter_pipes_and_broken_links_are_passed_over(pets):
    before = names(find_classes(pets))
    (pets / ".git").mkdir()
    (pets / "__MACOSX").mkdir()
    (pets / "README.txt").write_text("about")
    (pets / "cat" / ".DS_Store").write_bytes(b"x")
    (pets / "cat" / "Thumbs.db").write_bytes(b"x")
    (pets / "cat" / "gone.png").symlink_to("nowhere.png")
    (pets / "cat" / "self.png").symlink_to("self.png")
    os.mkfifo(pets / "cat" / "pipe.png")
    assert names(find_classes(pets)) == before


def test_links_that_lead_back_are_not_followed_twice(pets):
    before = names(find_classes(pets))
    (pets / "cat" / "here").symlink_to(".")
    (pets / "cat" / "up").symlink_to(pets)
    (pets / "cat" / "further-up").symlink_to(pets.parent)
    (pets / "cat" / "dogs").symlink_to(pets / "dog")
    assert names(find_classes(pets)) == before


def test_a_link_to_a_folder_elsewhere_is_followed(pets, tmp_path, photo):
    photo(tmp_path / "elsewhere" / "y.png")
    (pets / "dog" / "more").symlink_to(tmp_path / "elsewhere")
    assert "dog/more/y.png" in names(find_classes(pets))


def test_walking_a_deep_folder_needs_no_recursion(tmp_path):
    deep = tmp_path / "d"
    for _ in range(400):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x.png").write_bytes(b"x")
    assert len(list(walk(tmp_path, set()))) == 1


def test_a_folder_of_classes_is_the_training_part(pets):
    assert find_splits(pets) == {"train": pets}


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_parts_are_found_by_name(tmp_path, name):
    for part in ("train", name, "test"):
        (tmp_path / "all" / part / "a").mkdir(parents=True)
    root = tmp_path / "all"
    assert find_splits(root) == {"train": root / "train", "val": root / name, "test": root / "test"}


def test_classes_may_be_called_train_and_test(tmp_path, photo):
    for name in ("train", "plane", "test"):
        photo(tmp_path / "toys" / name / "1.png")
    assert find_classes(find_splits(tmp_path / "toys")["train"]).classes == ("plane", "test", "train")


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (["train/a", "val/a", "valid/a"], "holds both"),
        (["val/a", "test/a"], "no train folder"),
        (["train/a", "unlabelled"], "'unlabelled' beside 'train'; expected train, val, test only"),
        ([], "holds nothing; expected a folder of images for each class"),
        ([".hidden/a"], "holds nothing"),
        (["Cat", "cat"], "'Cat' and 'cat' differ only in case"),
        (["Straße", "STRASSE"], "differ only in case"),
        (["Z\u00fcrich", "Zu\u0308rich"], "differ only in how their accents are written"),
    ],
)
def test_folders_that_do_not_fit_together_are_one_line(tmp_path, folders, said):
    root = tmp_path / "root"
    root.mkdir()
    for folder in folders:
        (root / folder).mkdir(parents=True)
    with pytest.raises(BadData, match=said) as caught:
        find_classes(find_splits(root)["train"])
    assert "\n" not in str(caught.value)


def test_what_is_not_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadData, match="is a file"):
        find_splits(tmp_path / "file")
    with pytest.raises(BadData, match="is not there"):
        find_splits(tmp_path / "nothing")


def test_images_without_class_folders_are_refused(tmp_path, photo):
    photo(tmp_path / "flat" / "1.PNG")
    with pytest.raises(BadData, match=r"holds 1 images, as '1.PNG', but no class folders; expected a folder of images"):
        find_classes(tmp_path / "flat")


def test_images_beside_class_folders_are_refused(pets, photo):
    photo(pets / "stray.jpg")
    with pytest.raises(BadData, match=r"'stray\.jpg', beside the class folders"):
        find_classes(pets)


def test_a_class_without_an_image_is_named(pets):
    (pets / "a[red]\x1b[31mb\nc").mkdir()
    with pytest.raises(BadData, match="has no image") as caught:
        find_classes(pets)
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


def test_files_and_folders_that_may_lie_beside_classes_are_passed_over_and_named(pets, photo):
    photo(pets / "stray.jpg")
    photo(pets / "unsup" / "1.png")
    found = find_classes_of(pets, Wanted("image", "images", (".jpg",), "", loose=True, unlabelled=("unsup",)))
    assert found.classes == ("cat", "dog") and len(found.files) == 6
    assert found.skipped == ("unsup: a folder without labels, by its name", "stray.jpg: beside the class folders")


def test_another_part_is_numbered_as_the_training_part_and_may_lack_a_class(pets):
    assert number_labels(find_classes(pets), None) == [0, 0, 0, 1, 1, 1]
    assert number_labels(find_classes(pets), ("ant", "cat", "dog")) == [1, 1, 1, 2, 2, 2]
    with pytest.raises(BadData, match=r"class 'dog' in '.*' is not in the training set, which has: cat"):
        number_labels(find_classes(pets), ("cat",))


def test_files_of_another_kind_are_passed_over_and_named(pets):
    before = names(find_classes(pets))
    for name in ("readme.txt", "cat/labels.csv", "dog/LICENSE", "dog/deep/notebook.ipynb"):
        (pets / name).parent.mkdir(exist_ok=True)
        (pets / name).write_text("about")
    found = find_classes(pets)
    assert names(found) == before
    assert found.passed == ("readme.txt", "cat/labels.csv", "dog/LICENSE", "dog/deep/notebook.ipynb")


def test_a_class_of_other_files_alone_is_refused_with_the_first_of_them(pets):
    (pets / "docs").mkdir()
    (pets / "docs" / "guide.md").write_text("about")
    with pytest.raises(BadData, match=r"class 'docs' in .* has no image, but 1 other file, as 'guide\.md'; remove"):
        find_classes(pets)


def test_a_domain_that_opens_its_files_is_handed_every_one(pets):
    (pets / "cat" / "scan").write_text("about")
    wanted = Wanted("image", "images", (".png",), "", by_content=True)
    assert "cat/scan" in names(find_classes_of(pets, wanted))


def test_files_beside_the_folders_of_splits_are_found(tmp_path, photo):
    photo(tmp_path / "all" / "train" / "a" / "1.png")
    (tmp_path / "all" / "readme.txt").write_text("about")
    root = tmp_path / "all"
    assert files_beside(root, find_splits(root)) == ("readme.txt",) and files_beside(root, {"train": root}) == ()


def test_files_passed_over_are_warned_of_in_one_line():
    with pytest.warns(SkippedFiles, match=r"^2 files passed over: a\.csv, b\.md$"):
        warn_passed_over(["a.csv", "b.md"])


def test_a_file_is_named_from_the_root_with_slashes():
    assert relative_name(Path("root"), str(Path("root", "cat", "0.png"))) == "cat/0.png"


def test_a_folder_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(BadFile, match=r"folder '.*gone' cannot be read: No such file or directory"):
        list(walk(tmp_path / "gone", set()))


def test_raw_files_that_cannot_be_read_are_refused_or_skipped_with_a_warning():
    with pytest.raises(
        BadFile, match=r"^1 of 3 files cannot be read as text: 'a\.txt: NUL'  leave them out, or .*skip$"
    ):
        report_unreadable(["a.txt: NUL"], 3, "text", skip=False)
    with pytest.warns(SkippedFiles, match=r"1 of 3 files cannot be read as text, and were skipped: 'a\.txt: NUL'"):
        report_unreadable(["a.txt: NUL"], 3, "text", skip=True)
    with pytest.raises(BadFile, match=r"^3 of 3 files cannot be read as text: 'a', 'b', 'c'$"):
        report_unreadable(["a", "b", "c"], 3, "text", skip=True)


def test_of_unreadable_files_the_first_ten_are_named():
    message = unreadable_message("'pets'", list("abcdefghijkl"), 20, "images")
    assert message.startswith("12 of 20 files in 'pets' cannot be read as images: 'a', ") and "'j', ...  " in message


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.text(max_size=5)), unique=True, min_size=1))
def test_ids_fit_63_bits_and_differ(pairs):
    names = [name.encode("utf-8", "replace").decode() for _, name in pairs]
    ids = stable_ids([digest for digest, _ in pairs], names)
    assert ids.dtype == np.int64 and (ids >= 0).all()
    assert len(set(ids.tolist())) == len({(pair[0], name) for pair, name in zip(pairs, names, strict=True)})
