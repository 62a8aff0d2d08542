"""How far groups have one target, and the groups that names of files show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Dataset, Examples
from dl.data.groups import agreement, group_by_name, grouped, groups_by_name, without_group_by_name
from dl.errors import BadData


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
