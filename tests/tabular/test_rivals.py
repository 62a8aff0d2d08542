"""What the rivals of networks on rows read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl_tabular.rivals import _ordinal, _scaled, rivals
from dl_tabular.rows import rows_of


def examples(**columns):
    rows = rows_of({name: np.array(values) for name, values in columns.items()})
    return whole(Examples(rows, np.zeros(len(rows), np.int64), np.arange(len(rows))))


def test_gaps_and_unseen_categories_are_read_by_both():
    train = examples(age=[1.0, np.nan, 3.0, 4.0] * 3, town=["Ulm", "Rom", "Ulm", "Rom"] * 3)
    new = examples(age=[np.nan], town=["Oslo"])
    first, second = _scaled(train, new)
    assert first.shape == (12, 4) and second.shape == (1, 4)  # age, its gap, two towns
    assert np.isfinite(first.toarray()).all() and np.isfinite(second.toarray()).all()
    trees, unseen = _ordinal(train, new)
    assert np.isnan(trees[1, 0]) and np.isnan(unseen[0, 0]) and unseen[0, 1] == -1


def test_tables_of_one_kind_of_column_are_read_too():
    for columns in ({"age": [1.0, 2.0, 3.0]}, {"town": ["Ulm", "Rom", "Ulm"]}):
        for read in (_scaled, _ordinal):
            first, second = read(examples(**columns), examples(**columns))
            assert first.shape == second.shape and first.shape[0] == 3


def test_both_kinds_have_a_linear_model_and_boosting():
    for learner in ("classifier", "regressor"):
        assert [one.name for one in rivals(learner)] == ["linear", "boosting"]
