"""Cheap learners are fitted on the training set, and scored as a network is."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from dl.data.examples import Subset
from dl.learner import Learner
from dl.learners.fit_rivals import Rival, examples_of, fit_rivals, ordered
from dl.limits import ending_after
from dl.tasks.table import decide


def rows(_learnt, subset):
    return subset.examples.array[subset.index]


def rivals(task, **sizes):
    make = LogisticRegression if task.row.learner == "classifier" else Ridge
    return [Rival("linear", Learner("a linear model", make, lambda train: (None, rows(None, train)), rows, **sizes))]


@pytest.fixture
def split(examples):
    """A function that splits given targets, 200 to learn from and 100 to judge by; inputs tell them."""

    def make(target_of, names=()):
        inputs = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
        every = examples(inputs, target_of(inputs), names)
        return Subset(every, np.arange(200)), Subset(every, np.arange(200, 300))

    return make


def fitted(train, val, **choices):
    task = decide(train.targets, train.examples.names, **choices)
    return fit_rivals(rivals(task), task, train, val)[0]


def test_what_is_fitted_when_the_time_is_up_is_kept(split):
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64), ("low", "high"))
    task = decide(train.targets, train.examples.names)

    def late(_train):
        limit.over.set()
        raise KeyboardInterrupt

    (first,) = rivals(task)
    slow = Rival("slow", Learner("a slow model", LogisticRegression, late, rows))
    with ending_after("1h") as limit:
        found = fit_rivals([first, slow, first], task, train, val)
    assert [one.baseline.name for one in found] == ["linear"]


def test_classes_are_scored_right_or_wrong(split):
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64), ("low", "high"))
    found = fitted(train, val)
    assert found.baseline.rival and found.baseline.train == 200 and found.baseline.answer == "a linear model"
    by_hand = LogisticRegression().fit(*[train.examples.array[train.index], train.targets])
    right = by_hand.predict(val.examples.array[val.index]) == val.targets
    assert np.array_equal(found.scores.astype(bool), right)
    assert found.baseline.score == pytest.approx(right.mean()) and found.estimate.low < right.mean()


def test_the_class_to_find_may_be_the_first(split):
    train, val = split(lambda x: (x[:, 0] > -1.3).astype(np.int64), ("fraud", "ok"))
    task = decide(train.targets, train.examples.names)
    assert task.info.positive == "fraud" and task.info.headline.name == "average_precision"
    found = fit_rivals(rivals(task), task, train, val)[0]
    assert found.baseline.score > 0.8 and found.estimate.value == pytest.approx(found.baseline.score, abs=1e-6)


def test_a_class_without_a_training_example_has_no_chance_and_is_no_error(split):
    train, val = split(lambda x: np.digitize(x[:, 0], [-0.5, 0.5]).astype(np.int64), ("a", "b", "c", "never"))
    assert fitted(train, val).baseline.score > 0.8


def test_labels_have_a_learner_each_and_one_that_never_holds_is_never_said(split):
    train, val = split(
        lambda x: np.stack([x[:, 0] > 0, x[:, 1] > 0, x[:, 0] > 99], axis=1).astype(np.int64), ("a", "b", "c")
    )
    assert fitted(train, val).baseline.score > 0.9


def test_numbers_are_scored_in_target_units_with_logarithms_where_the_fit_has_them(split):
    train, val = split(lambda x: (x[:, :2] * 10.0).astype(np.float64), ("x", "y"))
    assert fitted(train, val).baseline.score < 0.2
    train, val = split(lambda x: np.exp(2 * x[:, 0] + 8).astype(np.float64))
    task = decide(train.targets, ())
    assert task.info.log_limits
    errors = fit_rivals(rivals(task), task, train, val)[0].scores
    assert errors.mean() < 0.1 * np.abs(val.targets - np.median(train.targets)).mean()


def test_beyond_its_most_it_learns_from_some_examples_and_says_so(split):
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64))
    task = decide(train.targets, ())
    found = fit_rivals(rivals(task, most=50), task, train, val)[0].baseline
    assert found.train == 50 and found.answer == "a linear model on 50 examples"


def test_what_a_learner_imports_at_its_first_use_is_not_its_time(split, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("dl.learners.fit_rivals.time.perf_counter", lambda: now[0])
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64), ("low", "high"))
    task = decide(train.targets, train.examples.names)

    def build():
        now[0] += 5.0 if not now[0] else 0.25
        return LogisticRegression()

    rival = Rival("slow to come", Learner("slow to come", build, lambda train: (None, rows(None, train)), rows))
    assert fit_rivals([rival], task, train, val)[0].baseline.seconds == 0.25


def test_rivals_are_ordered_by_their_score(split):
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64))
    one = fitted(train, val)
    worse = type(one)(type(one.baseline)("w", "", 0.1), one.scores, one.estimate)
    assert ordered([worse, one], higher=True) == [one, worse] and ordered([one, worse], higher=False) == [worse, one]


def test_beside_a_fit_fewer_numbers_are_read_but_never_fewer_than_a_thousand_examples(split):
    train, _ = split(lambda x: (x[:, 0] > 0).astype(np.int64))
    many = Subset(train.examples, np.zeros(9_000, np.int64))  # three numbers in each
    two, values = decide(train.targets, ()), decide(np.random.default_rng(0).normal(size=(300, 2)), ())
    assert [examples_of(rivals(two, quick=q)[0].learner, two, many, quick=True) for q in (99_000, 6_000, 1)] == [
        9_000,
        2_000,
        1_000,
    ]
    assert examples_of(rivals(values, quick=6_000 * 3)[0].learner, values, many, quick=True) == 3_000, "two estimators"
    classes = decide(np.arange(60), tuple(map(str, range(60))), "multiclass")
    assert examples_of(rivals(classes)[0].learner, classes, many, quick=True) == 9_000
    assert examples_of(rivals(classes, by_class=True)[0].learner, classes, many, quick=True) == 0


def test_a_rival_that_fails_is_left_out_and_named(split):
    train, val = split(lambda x: (x[:, 0] > 0).astype(np.int64))
    task, failures = decide(train.targets, ()), []
    broken = Rival("broken", Learner("broken", lambda: 1 / 0, lambda some: (None, rows(None, some)), rows))
    with pytest.raises(ZeroDivisionError):
        fit_rivals([broken], task, train, val)
    both = [broken, *rivals(task)]
    found = fit_rivals(both, task, train, val, failed=lambda name, error: failures.append((name, error)))
    assert [one.baseline.name for one in found] == ["linear"]
    assert failures[0][0] == "broken" and isinstance(failures[0][1], ZeroDivisionError)
