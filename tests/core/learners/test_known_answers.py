"""What a rival answered on a split is known at the next fit on it."""

import numpy as np
import pytest
import torch

from dl.data.examples import Examples, Subset
from dl.learners import known_answers
from dl.tasks.table import decide


@pytest.fixture
def halves():
    """A function that makes both sets of a split, the last target of the first given: halves(1)."""

    def make(last=1, dtype=np.float32):
        inputs = np.arange(12, dtype=dtype).reshape(6, 2)
        examples = Examples(inputs, np.array([0, 1, 0, last, 1, 0]), np.arange(6), ("a", "b"))
        return Subset(examples, np.arange(4)), Subset(examples, np.arange(4, 6))

    return make


def test_answers_are_kept_under_all_that_they_follow_from(halves):
    train, val = halves()
    task = decide(train.targets, ("a", "b"))
    key = known_answers.key_of("linear", "a linear model", task, train, val)
    assert known_answers.read(key) is None
    known_answers.write(key, torch.tensor([0.25, 0.75]), 1.5)
    preds, seconds = known_answers.read(key)
    assert preds.tolist() == [0.25, 0.75] and seconds == 1.5
    assert key == known_answers.key_of("linear", "a linear model", task, *halves())
    others = [
        known_answers.key_of("boosting", "a linear model", task, train, val),
        known_answers.key_of("linear", "a linear model on 3 examples", task, train, val),
        known_answers.key_of("linear", "a linear model", task, *halves(0)),
        known_answers.key_of("linear", "a linear model", task, *halves(dtype=np.int32)),
        known_answers.key_of("linear", "a linear model", task, val, train),
    ]
    assert len({key, *others}) == 6


def test_a_damaged_entry_is_no_answer(halves, cache):
    train, val = halves()
    key = known_answers.key_of("linear", "", decide(train.targets, ()), train, val)
    known_answers.write(key, torch.zeros(2), 1.0)
    path = cache / "rivals" / f"{key}.npz"
    path.write_bytes(path.read_bytes()[:-30])
    assert known_answers.read(key) is None
