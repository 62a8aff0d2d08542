import math
import shutil

import numpy as np
import pytest
import torch

import dl
from dl.data.heads import CLASSES, NUMBERS, Head, HeadNames
from dl.groups import Groups
from dl.inference.load import reopen
from dl.inference.predict import Prediction
from dl.plugins.loading import load_plugins
from dl.tasks.table import decide
from dl_serve.kept import Kept
from dl_serve.uncertainty import Near, Uncertainty, reader_of


def reader(targets, logits, names=(), groups=None, pooled=False, **options):
    """The reader of a task that these targets decide, with these logits kept."""
    task = decide(targets, names, **options)
    logits = torch.tensor(logits, dtype=torch.float32).reshape(len(targets), -1)
    return reader_of(task, Kept(logits, targets, Groups.of(groups)), pooled=pooled)


def ask(reader, *logits):
    return reader(torch.tensor(logits, dtype=torch.float32).reshape(1, -1))[0]


def test_the_nearest_stand_around_a_number_and_equal_ones_belong_together():
    near = Near.of(np.arange(40.0)[::-1].copy())
    assert near.size == 20 and near.at == [*range(40)] and near.order[0] == 39
    assert [near.window(near.place(number)) for number in (-5, 19.6, 100)] == [(0, 20), (10, 30), (20, 40)]
    equal = Near.of(np.zeros(40))
    assert equal.window(equal.place(3)) == (0, 40)
    assert [Near.of(np.arange(float(n))).size for n in (5, 100, 250, 10_000)] == [5, 20, 50, 100]


def test_eighteen_of_twenty_right_answers_are_wilsons_interval():
    targets = np.array([1] * 18 + [0] * 2)  # all twenty are answered with 1
    found = ask(reader(targets, [2.0] * 20, ("no", "yes")), 2.0)
    assert (found["kind"], found["examples"], found["share"]) == ("right", 20, 0.9)
    assert (found["low"], found["high"]) == pytest.approx((0.699, 0.972), abs=5e-4)
    assert found["from"] == found["to"] == pytest.approx(0.8808, abs=1e-4)
    words = "Of 20 validation examples that were answered with a probability of 0.88, 90 % [69.9, 97.2] were right."
    assert found["words"] == words


def test_answers_of_a_common_class_are_compared_with_those_of_that_class():
    odds = np.repeat([3.0, -3.0], 300)
    targets = np.r_[np.ones(300, int), np.ones(150, int), np.zeros(150, int)]  # "no" is right every other time
    read = reader(targets, odds, ("no", "yes"))
    assert ask(read, 3.0)["share"] == 1 and ask(read, -3.0)["share"] == 0.5
    assert "answered 'no' with" in ask(read, -3.0)["words"]
    assert read(torch.tensor([[math.nan]])) == [None]


def test_a_softmax_of_two_is_read_as_a_sigmoid():
    targets = np.arange(100) % 2
    odds = np.random.default_rng(0).normal(size=100)
    two = np.stack([np.full(100, 5.0), 5 + odds], axis=1)
    one = ask(reader(targets, odds), 0.3)
    assert {**ask(reader(targets, two, asked="multiclass"), 5.0, 5.3), "words": ""} == pytest.approx(
        {**one, "words": ""}
    )


def test_shares_of_right_answers_hold_the_truth_of_a_calibrated_network():
    generator = np.random.default_rng(1)
    odds = generator.normal(0, 2, 1000)
    targets = (generator.random(1000) < 1 / (1 + np.exp(-odds))).astype(int)
    new = generator.normal(0, 2, 500)
    found = reader(targets, odds)(torch.tensor(new).float()[:, None])
    truth = 1 / (1 + np.exp(-np.abs(new)))
    held = np.mean([one["low"] <= share <= one["high"] for one, share in zip(found, truth, strict=True)])
    assert 0.9 <= held <= 1


def test_of_nineteen_errors_the_eighteenth_is_the_arm_and_eight_are_too_few():
    targets = np.arange(1.0, 20)  # the errors of an answer of zero; the scale of the target is taken back
    task = decide(targets, ("size",), target_scale="plain")
    zero = (0 - task.info.shift[0]) / task.info.scale[0]
    found = ask(reader(targets, [zero] * 19, ("size",), target_scale="plain"), zero)
    assert found["columns"]["size"] == pytest.approx({"low": -18, "high": 18}, abs=1e-4)
    words = "The true value lies from -18 to 18 in 90 % of cases like this, by the errors of 19 validation examples"
    assert found["words"].startswith(words) and (found["level"], found["examples"]) == (0.9, 19)
    assert ask(reader(targets[:8], [zero] * 8, ("size",), target_scale="plain"), zero) is None


def test_nine_of_ten_new_numbers_lie_in_intervals_that_grow_where_errors_do():
    generator = np.random.default_rng(2)
    pred = generator.uniform(1, 5, 3000)
    truth = generator.normal(pred, pred / 5)  # errors as large as the answers
    task = decide(truth[:1000], ("y",), target_scale="plain")
    logits = torch.tensor((pred - task.info.shift[0]) / task.info.scale[0])[:, None].float()
    read = reader_of(task, Kept(logits[:1000], truth[:1000], None), pooled=False)
    ends = [one["columns"]["y"] for one in read(logits[1000:])]
    inside = np.array([one["low"] <= y <= one["high"] for one, y in zip(ends, truth[1000:], strict=True)])
    assert 0.87 <= inside.mean() <= 0.93
    low, high = np.array_split(inside[np.argsort(pred[1000:])], 2)
    assert min(low.mean(), high.mean()) > 0.85


def test_where_logarithms_are_learnt_an_interval_is_a_factor_up_and_down():
    targets = np.exp(np.random.default_rng(3).normal(0, 2, 100))
    read = reader(targets, np.zeros(100), ("price",), target_scale="log")
    ends = ask(read, 0.0)["columns"]["price"]
    task = decide(targets, ("price",), target_scale="log")
    pred = float(task.preds(torch.zeros(1, 1)))
    assert ends["low"] * ends["high"] == pytest.approx(pred**2, rel=1e-3) and ends["low"] > 0


def test_shares_stay_from_zero_to_one():
    targets = np.linspace(0, 1, 50)
    ends = ask(reader(targets, np.zeros(50), ("share",), asked="unit-regression"), 0.0)["columns"]["share"]
    assert 0 <= ends["low"] < 0.5 < ends["high"] <= 1


def test_each_label_has_its_own_share():
    targets = np.stack([np.ones(40), np.arange(40) % 2, np.arange(40) % 4 == 0], axis=1).astype(np.uint8)
    read = reader(targets, np.tile([2.0, -2.0, 1.0], (40, 1)), ("a", "b", "c"))
    found = ask(read, 2.0, -2.0, 1.0)
    assert {name: one["share"] for name, one in found["labels"].items()} == {"a": 1, "b": 0.5, "c": 0.25}
    assert found["kind"] == "labels" and "answered 'not b' with" in found["words"]


def test_each_of_several_targets_has_its_own_uncertainty():
    names = HeadNames.of([Head("kind", CLASSES, ("x", "y")), Head("size", NUMBERS, ("size",))])
    targets = np.stack([np.arange(40) % 2, np.arange(40.0)], axis=1)
    found = ask(reader(targets, np.tile([1.0, 0.0], (40, 1)), names), 1.0, 0.0)
    assert found["kind"] == "heads" and found["heads"]["kind"]["share"] == 0.5
    ends = found["heads"]["size"]["columns"]["size"]
    assert ends["high"] - ends["low"] == pytest.approx(2 * 18.5, abs=1)  # around 19.5


def test_few_groups_tell_nothing_and_pooled_folds_tell_less():
    targets = np.arange(40) % 2
    few = reader(targets, np.ones(40), groups=np.arange(40) % 3)
    assert few == "the validation examples are of 3 groups, too few to tell how far answers err"
    alone, pooled = (ask(reader(targets, np.ones(40), pooled=pooled), 1.0) for pooled in (False, True))
    assert (pooled["high"] - pooled["low"]) == pytest.approx(1.2 * (alone["high"] - alone["low"]))


def test_a_run_without_outcomes_answers_with_none_and_says_why(served_runs, tmp_path):
    run = dl.open_run(1, served_runs)
    gone = shutil.copytree(run.path, tmp_path / "runs" / run.name)
    shutil.rmtree(gone / "outcomes")
    found = Uncertainty(reopen(dl.open_run(gone), load_plugins()))
    assert found.why == "the run keeps no answers on validation examples"
    one, skipped = Prediction("a", "light", {"light": 1.0}), Prediction("b", "", {}, ("skipped: empty",))
    assert [own for _, own in found.beside([one, skipped], torch.zeros(1, 1))] == [None, None]
    kept = Uncertainty(reopen(run, load_plugins()))
    found = kept.beside([skipped, one], torch.tensor([[9.0]]))
    assert [own is None for _, own in found] == [True, False] and kept.why == ""
