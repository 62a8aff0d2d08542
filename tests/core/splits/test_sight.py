"""What is said of names of files, beside what reading found."""

import numpy as np

from dl.data.examples import Dataset, Examples, Subset, whole
from dl.finding import Finding
from dl.splits.sight import check_inputs, check_names, check_unsplit


def films(first, last, frames=5, one_label=True, where="train"):
    names = [f"{where}/f{film:02}_{frame:03}.png" for film in range(first, last) for frame in range(frames)]
    label = np.repeat(np.arange(first, last), frames) if one_label else np.arange(len(names))
    return Examples(np.zeros((len(names), 1)), label % 2, np.arange(len(names)), ("no", "yes"), tuple(names))


def of_names(dataset):
    """What names of files tell; without a validation set, of a split that takes every fifth file."""
    val = np.arange(0, len(dataset.train), 5)
    parts = (np.setdiff1d(np.arange(len(dataset.train)), val), val)
    split = [Subset(dataset.train, part) for part in parts]
    return check_names(dataset, *([whole(dataset.train), whole(dataset.val)] if dataset.val else split))


def test_films_are_an_issue_with_the_option_where_a_film_has_one_label():
    (finding,) = of_names(Dataset("films", films(0, 30)))
    assert (finding.code, finding.severity, finding.evidence["column"]) == ("data-groups-in-sight", "issue", "name")
    assert finding.message.startswith("the names of the files make 30 groups of 5 in the mean, as 'f00', each with one")
    assert finding.message.endswith("keep them together: --group-on name")
    assert of_names(Dataset("films", films(0, 30, one_label=False)))[0].severity == "tip"


def test_a_validation_set_of_other_films_is_silent_and_of_the_same_is_not():
    assert of_names(Dataset("films", films(0, 20), val=films(20, 30, where="val"))) == []
    (finding,) = of_names(Dataset("films", films(0, 20), val=films(10, 30, where="val")))
    assert finding.severity == "issue" and finding.message.endswith("move each to one side")
    assert finding.evidence["share"] == 0.5  # of 20 films ten are in training as well


def test_data_is_looked_at_without_a_split_of_its_own():
    assert [one.code for one in check_unsplit(Dataset("films", films(0, 30)))] == ["data-groups-in-sight"]
    assert check_unsplit(Dataset("films", films(0, 20), val=films(20, 30, where="val"))) == []


def test_what_reading_found_is_kept_and_groups_that_are_known_are_not_said():
    read = Finding("data-row-counter", "tip", "x", {"column": "n"})
    dataset = Dataset("films", films(0, 30), findings=(read,))
    codes = [one.code for one in check_inputs(dataset, whole(dataset.train), whole(dataset.train))]
    assert codes == ["data-row-counter", "data-groups-in-sight"]
    known = Examples(**{**vars(dataset.train), "groups": np.arange(150) // 5})
    assert check_inputs(Dataset("films", known), whole(known), whole(known)) == []
