"""How far groups have one target, and the groups that names of files show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Dataset, Examples
from dl.data.groups import (
    agreement,
    group_by_name,
    group_by_pattern,
    group_by_stem,
    grouped,
    groups_by_name,
    without_group_by_name,
)
from dl.errors import BadData, BadOption


def files(names, targets=None, classes=()):
    targets = np.zeros(len(names), np.int64) if targets is None else np.asarray(targets)
    return Examples(np.zeros((len(names), 1)), targets, np.arange(len(names)), tuple(classes), tuple(names))


@given(st.integers(0, 10**6))
def test_agreement_is_one_for_one_target_a_group_and_near_zero_by_chance(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(100), 10)
    assert agreement(groups, (np.arange(100) % 3)[groups]) == 1
    assert agreement(groups, rng.normal(0, 1, 100)[groups]) == 1
    assert abs(agreement(groups, rng.integers(0, 3, 1000))) < 0.1
    assert abs(agreement(groups, rng.normal(0, 1, 1000))) < 0.1


def test_agreement_of_hand_made_groups():
    # two pairs agree and two do not; of all 28 pairs 12 agree: (1/2 - 3/7) / (1 - 3/7)
    assert agreement(np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 0, 1, 1, 0, 1, 0, 1])) == pytest.approx(0.125)
    assert agreement(np.arange(9), np.arange(9)) == 0 and agreement(np.zeros(4, int), np.zeros(4, int)) == 0


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("yes/film{:02}_frame{:03}.png", "film03"),
        ("train/yes/film{:02}/{:03}.png", "film03"),
        ("patient{} slice {}.jpg", "patient3"),
        ("{:04}-{}.txt", "0003"),
        ("2024-01-{:02}_cam_{}.png", "2024-01-03"),
    ],
)
def test_files_of_one_film_are_a_group(name, stem):
    names = [name.format(film, frame) for film in range(1, 21) for frame in range(6)]
    found = groups_by_name(files(names, classes=("yes", "no")))
    assert len(found.stems) == 20 and stem in found.stems
    assert len({*zip(found.groups.tolist(), np.repeat(np.arange(20), 6).tolist(), strict=True)}) == 20


@pytest.mark.parametrize("name", ["yes/{}.png", "yes/IMG_{:04}.jpg", "yes/{}_5.txt", "yes/cat.{}.jpg", "{:032x}.png"])
def test_files_that_are_only_counted_are_no_groups(name):
    assert (
        groups_by_name(files([name.format(k * 2654435761 % 2**31) for k in range(200)], classes=("yes", "no"))) is None
    )


def test_a_stem_for_each_class_is_no_group():
    names = [f"{breed}/{breed}_{k}.png" for breed in "abcdef" for k in range(20)]
    assert groups_by_name(files(names, np.repeat(np.arange(6), 20), "abcdef")) is None


def test_a_folder_is_grouped_on_request_and_refused_without_groups():
    dataset = Dataset("films", files([f"f{k // 5}_{k}.png" for k in range(50)]))
    assert grouped(dataset, {"group_on": ""}) is dataset
    asked = grouped(dataset, {"group_on": "name"})
    assert (
        len(np.unique(asked.train.groups)) == 10 and "groups: files whose names begin alike, 10 of them" in asked.notes
    )
    with pytest.raises(BadData, match="group_on=name: no 5 or more groups of files begin alike"):
        group_by_name(files([f"{k}.png" for k in range(50)]))
    assert without_group_by_name({"group_on": "name", "size": 3}) == {"size": 3}
    assert without_group_by_name({"group_on": "patient"}) == {"group_on": "patient"}


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["yes/film07_frame0012.png", "no/film07_frame0013.png", "yes/film08_frame1.png"], [0, 0, 1]),
        (["p031-2.jpg", "p031-3.jpg", "p032-1.jpg"], [0, 0, 1]),
        (["IMG_1234.jpg", "IMG_1234 (2).jpg", "IMG_1235.jpg", "IMG_1235 (12).jpg"], [0, 0, 1, 1]),
        (["cat/a_1.png", "cat/a_2.png", "cat/b.png"], [0, 0, 1]),
    ],
)
def test_a_stem_is_a_name_without_its_running_number(names, groups):
    assert group_by_stem(files(names, classes=("yes", "no", "cat"))).groups.tolist() == groups


def test_a_pattern_groups_by_its_first_group_or_by_all_that_it_finds():
    names = ["a/p1_left.png", "b/p1_right.png", "a/p2_left.png"]
    assert group_by_pattern(files(names), r"(p[0-9])_").groups.tolist() == [0, 0, 1]
    assert group_by_pattern(files(names), r"left|right").groups.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("pattern", "error", "reason"),
    [
        ("(", BadOption, "no regular expression"),
        ("p7", BadData, "finds nothing in 3 of 3 files, the first of them 'a/p1_left.png'"),
        ("p", BadData, "make one group, 'p'; the first file is 'a/p1_left.png'"),
        (".*", BadData, "make a group for every file"),
    ],
)
def test_a_pattern_that_makes_no_groups_is_refused(pattern, error, reason):
    names = ["a/p1_left.png", "b/p1_right.png", "a/p2_left.png"]
    with pytest.raises(error, match=reason):
        group_by_pattern(files(names), pattern)


@pytest.mark.parametrize("asked", ["stem", "name:(p[0-9])"])
def test_a_data_set_of_a_folder_is_grouped_as_asked_and_says_so(asked):
    names = [f"a/p{k}_{n}.png" for k in range(3) for n in range(4)]
    found = grouped(Dataset("photos", files(names, classes=("a",))), {"group_on": asked})
    assert len(np.unique(found.train.groups)) == 3 and found.notes[-1].endswith(", 3 of them")
    assert without_group_by_name({"group_on": asked, "input": "x"}) == {"input": "x"}
