"""Strata: both sides of a split, and every fold, keep the shares of a column, and groups stay whole."""

from dataclasses import replace

import numpy as np
import pytest

from dl.data.examples import Examples
from dl.errors import BadData, BadOption
from dl.recipes.protocol import Protocol
from dl.splits.folds import Division, hold_out_fold, hold_out_stratified
from dl.splits.strata import strata_of


def table(n=400, targets=None, **columns):
    kinds = [(name, "f8" if column.dtype.kind == "f" else "U8") for name, column in columns.items()]
    rows = np.zeros(n, kinds)
    for name, column in columns.items():
        rows[name] = column
    return Examples(rows, np.linspace(0, 1, n) if targets is None else targets, np.arange(n))


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    site = np.array(["north"] * 280 + ["south"] * 100 + [""] * 20)
    return table(site=site, age=np.where(np.arange(400) < 8, np.nan, rng.normal(50, 9, 400)))


def shares(strata, held):
    return np.bincount(strata.numbers[held], minlength=len(strata.names)) / len(held)


@pytest.mark.parametrize("column", ["site", "age", "label"])
def test_hold_out_and_folds_have_the_shares_of_all_rows(rows, column):
    strata = strata_of(rows, column)
    division = Division(np.arange(400), strata, (), None, 0.25, 3)
    every = shares(strata, np.arange(400))
    held = hold_out_stratified(division)
    assert np.abs(shares(strata, held.val) - every).max() <= 0.011 and len(held.val) == 100
    assert held.rule == f"hold-out, stratified on {column}, seed 3"
    fold = hold_out_fold(division, Protocol("kfold", 4), 2)
    assert np.abs(shares(strata, fold.val) - every).max() <= 0.02
    assert fold.rule == f"fold 2 of kfold:4, stratified on {column}, seed 3"


def test_numbers_are_bins_of_like_counts_and_gaps_are_one_of_them(rows):
    strata = strata_of(rows, "age")
    assert strata.names[0] == "missing" and len(strata.names) == 11
    assert np.bincount(strata.numbers)[0] == 8 and np.ptp(np.bincount(strata.numbers)[1:]) <= 2
    few = strata_of(table(age=np.repeat([1.0, 2.0, 7.0], [100, 100, 200])), "age")
    assert few.names == ("1 and more", "2 and more", "7 and more")


def test_groups_of_several_values_stay_whole_and_the_shares_are_near(rows):
    groups = np.random.default_rng(1).permutation(np.arange(400) // 4)
    strata = strata_of(rows, "site")
    held = hold_out_stratified(Division(groups, strata, (), None, 0.25, 0))
    assert not set(groups[held.val]) & set(groups[held.train])
    assert np.abs(shares(strata, held.val) - shares(strata, np.arange(400))).max() < 0.03
    assert abs(len(held.val) - 100) <= 8


def test_classes_are_the_strata_where_nothing_is_asked_for(rows):
    classes = replace(rows, targets=np.arange(400) % 3)
    assert strata_of(classes, "").rule == "stratified" and strata_of(rows, "") is None
    assert strata_of(classes, "", of_classes=False) is None
    assert np.array_equal(strata_of(classes, "label").numbers, np.arange(400) % 3)
    assert strata_of(classes, "sort", "sort").column == "label", "the target, by its own name"


def test_what_cannot_be_balanced_is_refused_in_one_line(rows):
    with pytest.raises(BadOption, match="stratify_on=sit: no such input column; did you mean 'site'"):
        strata_of(rows, "sit")
    with pytest.raises(BadOption, match="the inputs have no columns; use label"):
        strata_of(Examples(np.zeros((4, 2)), np.arange(4), np.arange(4)), "site")
    with pytest.raises(BadOption, match="these examples have an order in time"):
        strata_of(replace(rows, times=np.arange(400)), "site")
    with pytest.raises(BadOption, match="there is 2 target columns; a split is"):
        strata_of(replace(rows, targets=np.zeros((400, 2))), "label")
    alone = table(site=np.array(["north"] * 399 + ["south"]))
    with pytest.raises(BadData, match="'south' stands in one example alone"):
        strata_of(alone, "site")
    few = strata_of(table(site=np.array(["north"] * 397 + ["south"] * 3)), "site")
    with pytest.raises(BadData, match="kfold:4 has more folds than the rarest value of site, 'south', has examples: 3"):
        hold_out_fold(Division(np.arange(400), few, (), None, 0.2, 0), Protocol("kfold", 4), 1)
