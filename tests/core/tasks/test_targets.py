"""What a target tells: its names, its balance, and what nothing can be learnt from."""

import numpy as np
import pytest

from dl.errors import BadData
from dl.tasks.table import decide
from dl.tasks.targets import (
    are_classes,
    are_labels,
    are_numbers,
    are_shares,
    are_two_classes,
    class_names,
    column_names,
)

CLASSES = np.array([0, 1, 2, 2, 1, 0])
REALS = np.array([[2.0, -10.0], [4.0, 0.0], [6.0, 10.0]])
SHARES = np.array([0.0, 0.25, 1.0])


def test_classes_without_names_are_called_by_their_number():
    assert decide(CLASSES, ()).info.names == ("0", "1", "2")
    assert decide(REALS, ()).info.names == ("target 0", "target 1")
    assert decide(SHARES, ()).info.names == ("target",)


@pytest.mark.parametrize(("binary", "rare"), [(True, 20), (True, 19), (False, 20), (False, 19)])
def test_the_headline_ignores_balance_until_one_class_is_over_four_times_another(binary, rare):
    sizes = [80, rare] if binary else [80, 80, rare]
    headline = decide(np.repeat(np.arange(len(sizes)), sizes), ()).info.headline.name
    imbalanced = "average_precision" if binary else "macro_f1"
    assert headline == ("accuracy" if rare == 20 else imbalanced)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.array([], np.int64), "no training examples"),
        (np.array([1.0, np.nan, np.inf]), "2 targets are not finite numbers"),
        (np.array([3.5, 3.5]), "every target is 3.5"),
        (np.array([[0, 2], [1, 0]]), "labels are 0 or 1"),
        (np.array([-1, 1]), "class numbers start at 0"),
    ],
)
def test_a_target_that_nothing_can_be_learnt_from_is_refused(target, message):
    with pytest.raises(BadData, match=message):
        decide(target, ())


def test_a_class_beyond_the_named_ones_is_refused():
    with pytest.raises(BadData, match="class number 2, but only 2 classes are named"):
        decide(CLASSES, ("cat", "dog"))


@pytest.mark.parametrize(
    ("target", "kinds"),
    [
        (np.array([0, 1]), {"classes", "two classes", "numbers", "shares"}),
        (np.array([0, 2]), {"classes", "numbers"}),
        (np.array([[0, 1], [1, 1]]), {"labels", "shares"}),
        (np.array([0.0, 0.5]), {"numbers", "shares"}),
        (np.array([[0.5], [7.0]]), {"numbers"}),
    ],
)
def test_a_target_may_be_of_several_kinds(target, kinds):
    asked = {
        "classes": are_classes,
        "two classes": are_two_classes,
        "labels": are_labels,
        "numbers": are_numbers,
        "shares": are_shares,
    }
    assert {kind for kind, fits in asked.items() if fits(target)} == kinds


def test_columns_keep_their_names_where_there_are_as_many():
    assert column_names(np.zeros((2, 2)), ("a", "b")) == ("a", "b")
    assert column_names(np.zeros((2, 2)), ("a", "b", "c")) == ("target 0", "target 1")
    assert class_names(np.array([0, 0]), ()) == ("0", "1")
