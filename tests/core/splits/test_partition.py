"""A data set is split as its recipe tells: disjoint, complete, no group cut, the newest held out, leaks found."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dl.data.examples import Dataset, Examples
from dl.errors import BadData, BadOption
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import Recipe
from dl.splits.partition import guarded, load_dataset, split_data

PLUGINS = load_plugins()
SPLIT = {"val": "auto", "probe": 10_000, "duplicates": "together"}


def recipe(task="", seed=0, **split):
    return Recipe("numbers", "given", "linear", task, seed, split=SPLIT | split)


def split(dataset, recipe):
    return guarded(dataset, split_data(dataset, recipe, PLUGINS))


def some(n, targets=None, inputs=None, **fields):
    """Return n examples of two classes, no two alike."""
    targets = np.arange(n) % 2 if targets is None else targets
    inputs = np.arange(2.0 * n).reshape(n, 2) if inputs is None else inputs
    return Examples(inputs, targets, np.arange(n), ("a", "b"), **fields)


@settings(max_examples=40)
@given(st.integers(10, 80), st.floats(0.2, 0.8), st.integers(0, 2**32), st.integers(1, 8), st.integers(1, 100))
def test_parts_are_disjoint_and_complete_no_group_is_cut_and_the_probe_is_of_the_training_part(
    n, share, seed, size, most
):
    assume(min(share, 1 - share) * n > size)  # fewer groups may leave a side empty, which is refused
    groups = np.arange(n) // size
    parts = split(Dataset("given", some(n, groups=groups)), recipe("regression", seed, val=share, probe=most))
    train, val = parts.train.index, parts.val.index
    assert np.array_equal(np.sort(np.concatenate([train, val])), np.arange(n))
    assert not set(groups[train]) & set(groups[val])
    assert set(parts.probe.index) <= set(train) and len(parts.probe) == min(most, len(val), len(train))
    assert not parts.leaked.any() and parts.rule.endswith(", whole groups")


@settings(max_examples=40)
@given(st.lists(st.integers(0, 9), min_size=30, max_size=60), st.integers(0, 100))
def test_exact_duplicates_stay_on_one_side_unless_they_are_ignored(contents, seed):
    inputs = np.array(contents, np.float32)[:, None]
    assume(len(set(contents)) > 1)
    data = Dataset("given", some(len(contents), inputs=inputs))
    parts = split(data, recipe("regression", seed, val=0.3))
    assert not set(inputs[parts.train.index, 0]) & set(inputs[parts.val.index, 0]) and not parts.leaked.any()
    ignored = split(data, recipe("regression", seed, val=0.3, duplicates="ignore"))
    known = set(inputs[ignored.train.index, 0])
    assert ignored.leaked.tolist() == [value in known for value in inputs[ignored.val.index, 0]]


def test_classes_have_their_share_of_validation_and_numbers_that_are_a_regressions_need_none():
    targets = np.array([0] * 90 + [1] * 10)
    parts = split(Dataset("given", some(100, targets)), recipe(val=0.2))
    assert np.bincount(parts.val.targets).tolist() == [18, 2]


def test_the_newest_are_held_out_where_there_are_times():
    times = np.arange(20)[::-1].copy()
    parts = split(Dataset("given", some(20, times=times)), recipe(val=5))
    assert sorted(parts.val.index) == [0, 1, 2, 3, 4]


def test_how_many_are_held_out_is_the_data_sets_own_share_where_the_recipe_leaves_it_open():
    data = Dataset("given", some(100), val_size=0.3)
    assert len(split(data, recipe()).val) == 30 and len(split(data, recipe(val=10)).val) == 10


def test_a_validation_part_of_the_data_sets_own_is_taken_as_it_is_and_its_leak_is_found():
    train, own = some(20), some(4, inputs=np.array([[0.0, 1.0], [-1.0, -1.0], [2.0, 3.0], [-2.0, -2.0]]))
    parts = split(Dataset("given", train, val=own), recipe())
    assert parts.val.examples is own and len(parts.train) == 20 and parts.rule == "as the data set brings it"
    assert parts.leaked.tolist() == [True, False, True, False]
    assert "data-duplicates-across-split" in {finding.code for finding in parts.findings}


def test_what_was_left_out_of_the_data_is_a_finding():
    skipped = tuple(f"{number}.png: damaged" for number in range(5))
    parts = split(Dataset("given", some(20), skipped=skipped), recipe())
    found = next(finding for finding in parts.findings if finding.code == "data-skipped-files")
    assert found.message == "5 files were skipped: 0.png: damaged, 1.png: damaged, 2.png: damaged"
    assert found.evidence == {"files": list(skipped)}
    rows = split(Dataset("given", some(20), source="a.csv", skipped=("a.csv row 3",)), recipe())
    assert [finding.message for finding in rows.findings] == ["1 row was skipped: a.csv row 3"]


def test_classes_of_which_nothing_can_be_learnt_are_refused_and_values_are_not():
    alike = Dataset("given", some(20, np.ones(20, np.int64)))
    with pytest.raises(BadData, match="all examples are of one class"):
        split(alike, recipe())
    assert len(split(alike, recipe("regression")).val) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_target_that_is_no_number_is_refused_on_either_side_and_its_example_named(bad):
    """In the validation set no step would ever meet it, and no epoch would have a score."""
    targets = np.linspace(0.0, 1.0, 20)
    broken = np.where(np.arange(20) == 7, bad, targets)
    sources = [f"a.csv row {k + 2}" for k in range(20)]
    given = Dataset("given", some(20, targets), val=some(20, broken, sources=sources))
    with pytest.raises(BadData, match=r"1 target of the validation set is no finite number, the first in .*row 9"):
        split(given, recipe())
    with pytest.raises(BadData, match=r"2 targets of the training set are no finite number, the first in example #0"):
        split(Dataset("given", some(20, np.where(np.arange(20) < 2, bad, targets)), val=some(20, targets)), recipe())


def test_a_named_data_set_is_loaded_with_its_options(plugins_with, dataset):
    given = dataset(np.zeros((4, 2)), [0, 1, 0, 1])
    plugins = plugins_with(given=given)
    domain = plugins.domain("numbers").load()
    assert load_dataset(recipe(), plugins, domain).train.ids.tolist() == given.train.ids.tolist()


def test_a_path_is_read_by_the_domain_and_the_next_token_is_asked_only_of_rows_of_tokens(tmp_path):
    (tmp_path / "a.csv").write_text("x,z,y\n" + "1,2,a\n3,4,b\n" * 3)
    plugins = load_plugins()
    domain = plugins.domain("tabular").load()
    options = {option.name: option.default for option in plugins.domain("tabular").options}
    read = load_dataset(Recipe("tabular", str(tmp_path / "a.csv"), "", data_options=options), plugins, domain)
    assert read.train.names == ("a", "b") and len(read.train) == 6
    with pytest.raises(BadOption, match="--task next-token: inputs of tabular are no rows of tokens"):
        load_dataset(Recipe("tabular", "a.csv", "", task="next-token", data_options=options), plugins, domain)


def test_a_survey_of_few_questions_is_split_by_its_rows_and_says_nothing():
    rng = np.random.default_rng(0)
    rows = np.empty(500, [(f"q{k}", "U3") for k in range(3)])
    for name in rows.dtype.names:
        rows[name] = rng.choice(["yes", "no"], 500)
    parts = split(Dataset("survey", some(500, inputs=rows, targets=rng.integers(0, 2, 500))), recipe("binary"))
    assert len(parts.val) == 100 and parts.findings == [] and not parts.leaked.any()
    code = rows[["q0"]].copy()
    assert len(split(Dataset("code", some(500, inputs=code)), recipe("binary")).val) == 100


def test_groups_of_the_user_and_copies_kept_together_are_known_of_validation_and_probe():
    groups = np.arange(120) // 10
    parts = split(Dataset("given", some(120, groups=groups)), recipe("regression"))
    for part, subset in (("train", parts.train), ("val", parts.val), ("probe", parts.probe)):
        expected = np.unique(groups[subset.index], return_inverse=True)[1]
        assert np.array_equal(parts.groups[part].numbers, expected)
    copied = np.repeat(np.arange(30.0), 4)[:, None]
    parts = split(Dataset("given", some(120, inputs=copied)), recipe("regression"))
    assert len(parts.groups["val"]) == len(np.unique(copied[parts.val.index]))


def test_examples_without_groups_and_copies_that_are_ignored_are_independent():
    copied = np.repeat(np.arange(30.0), 4)[:, None]
    assert split(Dataset("given", some(120)), recipe("regression")).groups == {
        "train": None,
        "val": None,
        "probe": None,
    }
    ignored = split(Dataset("given", some(120, inputs=copied)), recipe("regression", duplicates="ignore"))
    assert ignored.groups == {"train": None, "val": None, "probe": None}


def test_a_validation_set_that_a_data_set_brings_has_its_own_groups():
    val = some(40, inputs=np.arange(1000.0, 1080).reshape(40, 2), groups=np.arange(40) // 4)
    parts = split(Dataset("given", some(60), val=val), recipe("regression"))
    assert parts.groups["probe"] is None and len(parts.groups["val"]) == 10
