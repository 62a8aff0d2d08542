"""The target decides the row, the width and the headline; what is asked for must fit it."""

import numpy as np
import pytest

from dl.errors import BadOption, UnknownName
from dl.tasks.rows import TABLE
from dl.tasks.table import decide

BINARY = np.array([0, 1, 1, 0, 1, 0])
CLASSES = np.array([0, 1, 2, 2, 1, 0])
LABELS = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1]])
REALS = np.array([[2.0, -10.0], [4.0, 0.0], [6.0, 10.0]])
SHARES = np.array([0.0, 0.25, 1.0])
NOTHING = np.empty((6, 0))
STRINGS = np.array([[0, 1, -1], [1, -1, -1], [0, 0, -1]])
ALONE = [name for name, row in TABLE.items() if not (row.of_heads or row.by_query)]  # rows of one target


@pytest.mark.parametrize(
    ("target", "row", "outputs", "reason"),
    [
        (BINARY, "binary", 1, "2 classes, one for each example"),
        (CLASSES, "multiclass", 3, "3 classes, one for each example"),
        (LABELS, "multilabel", 3, "3 labels, each yes or no"),
        (REALS, "regression", 2, "2 columns of real numbers from -10 to 10"),
        (REALS[:, 0], "regression", 1, "real numbers from 2 to 6"),
        (SHARES, "unit-regression", 1, "real numbers from 0 to 1"),
        (np.array([True, False]), "binary", 1, "2 classes, one for each example"),
        (NOTHING, "next-token", 4, "no target but the inputs themselves: each token from those before it"),
    ],
)
def test_the_target_decides_the_row_the_width_and_the_reason(target, row, outputs, reason):
    task = decide(target, ())
    assert (task.row.name, task.info.name, task.info.outputs, task.info.reason) == (row, row, outputs, reason)


def test_a_class_that_is_named_but_not_seen_still_has_an_output():
    task = decide(np.array([0, 1, 0]), ("cat", "dog", "fox"))
    assert task.row.name == "multiclass" and task.info.outputs == 3


def test_headlines_are_those_of_the_table():
    found = {decide(target, ()).info.headline.name for target in (LABELS, REALS, SHARES)}
    assert found == {"mean_average_precision", "mae"}


@pytest.mark.parametrize(
    ("target", "asked", "outputs"),
    [
        (BINARY, "multiclass", 2),
        (BINARY, "regression", 1),
        (BINARY, "unit-regression", 1),
        (SHARES, "regression", 1),
        (CLASSES, "regression", 1),
    ],
)
def test_a_row_that_fits_can_be_asked_for_and_the_reason_says_so(target, asked, outputs):
    task = decide(target, (), asked)
    assert (task.row.name, task.info.outputs) == (asked, outputs)
    assert task.info.reason.startswith("as asked with --task")


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (CLASSES, "binary"),
        (CLASSES, "multilabel"),
        (CLASSES, "unit-regression"),
        (LABELS, "multiclass"),
        (LABELS, "binary"),
        (LABELS, "regression"),
        (REALS, "binary"),
        (REALS, "multiclass"),
        (REALS, "unit-regression"),
        (SHARES, "multilabel"),
        (CLASSES, "next-token"),
        (NOTHING, "multiclass"),
        (NOTHING, "regression"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_what_was_found(target, asked):
    with pytest.raises(BadOption, match=rf"--task {asked} needs .*, but the target is"):
        decide(target, (), asked)


def test_an_unknown_row_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="no task named 'multiclas'; did you mean 'multiclass'"):
        decide(CLASSES, (), "multiclas")


def test_a_loss_is_a_choice_for_unit_regression_alone():
    assert decide(SHARES, (), loss="squared-error").info.loss == "squared_error_of_shares"
    assert decide(SHARES, (), loss="cross-entropy").info.loss == "summed_cross_entropy"
    with pytest.raises(BadOption, match="loss=squared-error is for unit-regression"):
        decide(REALS, (), loss="squared-error")


def test_a_loss_that_a_task_does_not_have_is_refused_with_those_that_it_has():
    with pytest.raises(BadOption, match="loss=hinge: unit-regression has cross-entropy, squared-error"):
        decide(SHARES, (), loss="hinge")
    with pytest.raises(BadOption, match="loss=hinge is for no task; multiclass has one loss only"):
        decide(CLASSES, (), loss="hinge")


def test_a_run_keeps_what_the_reports_ask_of_its_task():
    flags = {
        name: (info.has_classes, info.has_labels, info.probabilities, info.score_higher, info.bounded, info.from_inputs)
        for name, info in zip(
            ALONE,
            (
                decide(target, (), name).info
                for name, target in zip(
                    ALONE, (BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING, NOTHING, NOTHING, STRINGS), strict=True
                )
            ),
            strict=True,
        )
    }
    assert flags == {
        "binary": (True, False, "sigmoid", True, True, False),
        "multiclass": (True, False, "softmax", True, True, False),
        "multilabel": (False, True, "sigmoid", True, True, False),
        "regression": (False, False, "", False, False, False),
        "unit-regression": (False, False, "", False, True, False),
        "next-token": (False, False, "", False, False, True),
        "reconstruction": (False, False, "", False, False, True),
        "next-frame": (False, False, "", False, False, True),
        "ctc": (False, False, "", False, False, False),
    }


def test_classes_that_are_taken_for_numbers_leave_their_names_behind():
    info = decide(BINARY, ("no", "yes"), "regression").info
    assert (info.names, info.outputs) == (("target",), 1)


@pytest.mark.parametrize(("names", "flip"), [(("0", "1"), False), (("fraud", "ok"), True), (("ok", "yes"), False)])
def test_the_rarer_of_two_classes_is_to_be_found_whatever_its_name(names, flip):
    rare = np.array([0] * 9 + [1]) if not flip else np.array([1] * 9 + [0])
    assert decide(rare, names).info.positive == names[0 if flip else 1]
    assert decide(rare, names, positive=names[1 if flip else 0]).info.positive == names[1 if flip else 0]


def test_the_second_of_two_equally_common_classes_is_to_be_found():
    assert decide(BINARY, ("a", "b")).info.positive == "b"


def test_a_class_to_find_is_one_of_two():
    with pytest.raises(BadOption, match="positive=maybe: the classes are 'no' and 'yes'"):
        decide(BINARY, ("no", "yes"), positive="maybe")
    with pytest.raises(BadOption, match="positive=a is for two classes; the task is multiclass"):
        decide(CLASSES, ("a", "b", "c"), positive="a")


def test_the_training_examples_of_each_class_and_label_are_counted():
    assert decide(CLASSES, ("a", "b", "c", "d")).info.counts == (2, 2, 2, 0)
    assert decide(LABELS, ()).info.counts == (2, 2, 3)
    assert decide(REALS, ()).info.counts == ()
