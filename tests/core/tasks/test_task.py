"""A task, a row fitted to one target: what is encoded is decoded again, and answers are targets in words."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.tasks.table import decide

BINARY = np.array([0, 1, 1, 0, 1, 0])
CLASSES = np.array([0, 1, 2, 2, 1, 0])
LABELS = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1]])
REALS = np.array([[2.0, -10.0], [4.0, 0.0], [6.0, 10.0]])
SHARES = np.array([0.0, 0.25, 1.0])
NOTHING = np.empty((6, 0))


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


def test_answers_are_targets_as_they_are_stored():
    assert decide(BINARY, ()).answers(tensor([[1.0], [-1.0]])).tolist() == [1, 0]
    assert decide(CLASSES, ()).answers(tensor([[0.0, 2.0, 1.0]])).tolist() == [1]
    assert decide(LABELS, ()).answers(tensor([[1.0, -1.0, 1.0]])).tolist() == [[1, 0, 1]]
    assert decide(REALS, ()).answers(torch.zeros(1, 2)).tolist() == [pytest.approx([4.0, 0.0])]
    assert decide(NOTHING, ()).answers(torch.zeros(1, 4)) is None


def test_answers_are_put_in_words_by_the_names():
    labels = decide(LABELS, ("a", "b", "c"))
    assert decide(BINARY, ("no", "yes")).in_words(torch.tensor(1)) == "yes"
    assert [labels.in_words(torch.tensor(one)) for one in ([1, 0, 1], [0, 0, 0])] == ["a, c", "none"]
    assert decide(REALS, ()).in_words(tensor([1234.567, 0.5])) == "1235, 0.5"
    assert decide(BINARY, ("no", "yes")).by_name(torch.tensor(0.75)) == {"no": 0.25, "yes": 0.75}


@given(
    st.lists(
        st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 2),
        min_size=2,
        max_size=20,
    ).filter(lambda rows: max(map(max, rows)) - min(map(min, rows)) > 2)
)
def test_decoding_undoes_encoding(rows):
    target = np.array(rows)
    task = decide(target, ())
    spread = max(np.abs(target).max(), 1.0)
    assert task.decode(task.encode(target)).numpy() == pytest.approx(target, abs=1e-5 * spread)


def test_targets_are_encoded_as_the_loss_reads_them():
    assert decide(CLASSES, ()).encode(CLASSES).dtype == torch.int64
    assert decide(BINARY, ()).encode(BINARY).dtype == torch.float32
    assert decide(SHARES, ()).encode(SHARES).shape == (3, 1)


def test_outputs_of_another_scale_are_brought_to_that_of_the_task():
    wanted, own = decide(REALS, ()), decide(REALS * 10 + 3, ())
    logits = tensor([[0.5, -1.0], [2.0, 0.0]])
    values = own.decode(logits.double())
    assert torch.allclose(wanted.decode(wanted.rescale(logits, own.info).double()), values, atol=1e-3)
    classes = decide(CLASSES, ())
    assert classes.rescale(logits, classes.info) is logits


def test_all_answers_are_put_in_words_as_each_alone():
    several = decide(CLASSES, ("a", "b", "c"))
    preds, answers = several.preds(torch.eye(3)[[0, 2, 0]]), torch.tensor([0, 2, 0])
    assert several.all_in_words(answers) == ["a", "c", "a"]
    assert several.all_by_name(preds) == [several.by_name(pred) for pred in preds]
    two = decide(BINARY, ("no", "yes"))
    assert two.all_by_name(tensor([0.75, 0.5])) == [{"no": 0.25, "yes": 0.75}, {"no": 0.5, "yes": 0.5}]
    labels = decide(LABELS, ("a", "b", "c"))
    assert labels.all_in_words(torch.tensor([[1, 0, 1], [0, 0, 0]])) == ["a, c", "none"]
    assert labels.all_by_name(torch.empty(0, 3)) == []
