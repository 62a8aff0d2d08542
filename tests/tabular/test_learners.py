"""What the learners on rows read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl_tabular.learners import _prepare_scaled, _scaled, boosting_classifier, ordinal, prepare_ordinal
from dl_tabular.rows import rows_of


def examples(**columns):
    rows = rows_of({name: np.array(values) for name, values in columns.items()})
    return whole(Examples(rows, np.zeros(len(rows), np.int64), np.arange(len(rows))))


def test_gaps_and_unseen_categories_are_read_by_both():
    train = examples(age=[1.0, np.nan, 3.0, 4.0] * 3, town=["Ulm", "Rom", "Ulm", "Rom"] * 3)
    new = examples(age=[np.nan], town=["Oslo"])
    learnt, first = _prepare_scaled(train)
    second = _scaled(learnt, new)
    assert first.shape == (12, 4) and second.shape == (1, 4)  # age, its gap, two towns
    assert np.isfinite(first.toarray()).all() and np.isfinite(second.toarray()).all()
    learnt, trees = prepare_ordinal(train)
    unseen = ordinal(learnt, new)
    assert np.isnan(trees[1, 0]) and np.isnan(unseen[0, 0]) and unseen[0, 1] == -1


def test_tables_of_one_kind_of_column_are_read_too():
    for columns in ({"age": [1.0, 2.0, 3.0]}, {"town": ["Ulm", "Rom", "Ulm"]}):
        for prepare, read in ((_prepare_scaled, _scaled), (prepare_ordinal, ordinal)):
            learnt, first = prepare(examples(**columns))
            second = read(learnt, examples(**columns))
            assert first.shape == second.shape and first.shape[0] == 3


def test_the_options_are_those_of_the_estimator():
    built = boosting_classifier({"iterations": 7, "rate": 0.5, "leaves": 4}).build()
    assert (built.max_iter, built.learning_rate, built.max_leaf_nodes) == (7, 0.5, 4)


def test_numbers_far_outside_are_clipped_half_a_range_beyond_training_as_for_a_network():
    train = examples(age=[0.0, 5.0, 10.0], gone=[np.nan] * 3, town=["Ulm", "Rom", "Ulm"])
    new = examples(age=[1e9, 15.0, -5.0, np.nan], gone=[7.0] * 4, town=["Ulm"] * 4)
    learnt, _ = _prepare_scaled(train)
    found = _scaled(learnt, new).toarray()
    assert found[0, 0] == found[1, 0] == 10 / np.std([0, 5, 10]) and found[2, 0] == -found[0, 0] and found[3, 0] == 0
