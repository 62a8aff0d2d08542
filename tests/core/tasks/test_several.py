"""Several targets: each head alone, side by side; one loss, one score in parts of the best constant answer."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from dl.data.examples import Examples, Subset
from dl.data.heads import CLASSES, NUMBERS, Head, HeadNames, join
from dl.errors import BadOption
from dl.tasks.table import decide, restore

PRICES = np.array([1.0, 2.0, 3.0, 6.0])
SOLD = np.array([0, 0, 0, 1])
SHAPES = np.array([0, 1, 2, 1])
NAMES = HeadNames.of(
    (
        Head("price", NUMBERS, ("price",)),
        Head("sold", CLASSES, ("no", "yes")),
        Head("shape", CLASSES, ("line", "box", "ball")),
    )
)
TARGETS = join([PRICES, SOLD, SHAPES])


@pytest.fixture
def task():
    return decide(TARGETS, NAMES, weights="equal")


def logits_of(price, sold, shape):
    return torch.tensor([[price, sold, *shape]] * 4, dtype=torch.float32)


def test_each_head_gets_its_own_task(task):
    assert task.info.name == "several" and task.info.outputs == 1 + 1 + 3
    assert [one.task.name for one in task.info.heads] == ["regression", "binary", "multiclass"]
    assert task.info.reason == "price: numbers; sold: classes; shape: classes"
    names = [metric.name for metric in task.info.metrics]
    assert names[0] == "relative_error" and {"price_mae", "sold_accuracy", "shape_macro_f1"} <= set(names)


def test_the_loss_is_the_mean_of_the_heads_losses(task):
    logits, encoded = logits_of(0.0, 0.0, [0.0, 0.0, 0.0]), task.encode(TARGETS)
    alone = [1.0, math.log(2), math.log(3)]  # the scaled variance, and a uniform guess
    assert float(task.row.loss(logits, encoded, "mean")) == pytest.approx(sum(alone) / 3)
    assert float(task.row.loss(logits, encoded, "none").mean()) == pytest.approx(sum(alone) / 3)
    weighted = decide(TARGETS, NAMES, weights="price=3,sold=1,shape=0")
    assert float(weighted.row.loss(logits, encoded, "mean")) == pytest.approx((3 * 1.0 + math.log(2)) / 4)


def test_the_score_counts_errors_in_parts_of_those_of_the_best_constant_answer(task):
    units = [one.unit for one in task.info.heads]
    assert units == [
        pytest.approx(1.5),
        pytest.approx(0.25),
        pytest.approx(0.5),
    ]  # about the median 2.5; 1 of 4; 2 of 4
    scale, shift = task.info.heads[0].task.scale[0], task.info.heads[0].task.shift[0]
    constant = logits_of((2.5 - shift) / scale, -9.0, [0.0, 9.0, 0.0])
    encoded = task.encode(TARGETS)
    assert task.metrics(constant, encoded)["relative_error"] == pytest.approx(1.0)
    scores = task.example_scores(constant, encoded)
    assert float(scores.mean()) == pytest.approx(1.0)
    assert scores[3] == pytest.approx((3.5 / 1.5 + 1 / 0.25 + 0) / 3)


def test_answers_are_those_of_each_head(task):
    logits = logits_of(0.0, 2.0, [0.0, 9.0, 0.0])
    answer, pred = task.answers(logits)[0], task.preds(logits)[0]
    assert task.in_words(answer) == "price 3, sold yes, shape box"
    assert task.row.answers_by_head(answer) == {"price": "3", "sold": "yes", "shape": "box"}
    values = task.by_name(pred)
    assert values["price"] == pytest.approx(3.0) and values["sold=yes"] == pytest.approx(1 / (1 + math.exp(-2)))
    assert list(values) == ["price", "sold=no", "sold=yes", "shape=line", "shape=box", "shape=ball"]


def test_learnt_weights_minimize_to_one_over_the_losses():
    task = decide(TARGETS, NAMES)
    network = nn.Linear(1, 5)
    (name,) = task.row.own_parameters
    network.register_parameter(name, nn.Parameter(task.row.own_parameters[name].clone()))
    logits, encoded = logits_of(0.0, 0.0, [0.0, 0.0, 0.0]), task.encode(TARGETS)
    loss = task.row.train_loss(network)
    optimizer = torch.optim.Adam([network.get_parameter(name)], 0.05)
    for _ in range(400):
        optimizer.zero_grad()
        loss(logits, encoded, "mean").backward()
        optimizer.step()
    # the minimum of f exp(-s) L + s / 2 over s is at exp(s) = 2 f L: 1, 2 log 2, 2 log 3
    variances = network.get_parameter(name).exp().tolist()
    assert variances == pytest.approx([1.0, 2 * math.log(2), 2 * math.log(3)], rel=0.02)
    weights = task.row.head_weights(network)
    assert sum(weights.values()) == pytest.approx(1.0) and weights["sold"] > weights["shape"]


def test_a_run_restores_its_heads(task):
    again = restore(task.info)
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    encoded = task.encode(TARGETS)
    assert again.metrics(logits, encoded) == task.metrics(logits, encoded) and again.row.train_loss is None
    assert restore(decide(TARGETS, NAMES).info).row.train_loss is not None


def test_the_baseline_is_the_best_constant_answer_to_each_target(task):
    examples = Examples(np.zeros((4, 1)), TARGETS, np.arange(4), NAMES)
    subset = Subset(examples, np.arange(4))
    (one,) = task.row.baselines(task, subset, subset, None)
    assert one.score == pytest.approx(1.0) and one.answer == "the best constant answer to each target"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("price=1", "the targets are price, sold, shape  example: weights=price=1,sold=1,shape=1"),
        ("price=1,sold=1,shape=-1", "weights are 0 or more, and not all 0"),
        ("much", "expected auto, equal or price=1"),
    ],
)
def test_weights_name_every_head(weights, message):
    with pytest.raises(BadOption, match=message):
        decide(TARGETS, NAMES, weights=weights)


def test_weights_are_for_several_targets():
    with pytest.raises(BadOption, match="weights=equal is for several targets; there is one"):
        decide(SOLD, ("no", "yes"), weights="equal")


def test_logits_of_another_fit_are_rescaled_head_by_head(task):
    other = decide(join([PRICES * 10, SOLD, SHAPES]), NAMES, weights="equal")
    logits = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    again = task.rescale(logits, other.info)
    assert torch.allclose(task.preds(again)[:, 0], other.preds(logits)[:, 0]) and torch.equal(
        again[:, 1:], logits[:, 1:]
    )
