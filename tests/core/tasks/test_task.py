import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from dl.errors import BadData, BadOption, UnknownName
from dl.tasks.plugin import OWN
from dl.tasks.rows import TABLE
from dl.tasks.table import decide

BINARY = np.array([0, 1, 1, 0, 1, 0])
CLASSES = np.array([0, 1, 2, 2, 1, 0])
LABELS = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [1, 1, 1]])
REALS = np.array([[2.0, -10.0], [4.0, 0.0], [6.0, 10.0]])
SHARES = np.array([0.0, 0.25, 1.0])
NOTHING = np.empty((6, 0))


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


# What the target decides


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


@pytest.mark.parametrize("row", TABLE)
def test_every_row_names_as_many_metrics_as_it_has_and_one_loss(row):
    of_row = dict(zip(TABLE, (BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING), strict=True))
    info = decide(of_row[row], ()).info
    assert info.name == row and info.loss == TABLE[row].loss.__name__
    assert {metric.name for metric in info.metrics} == {metric.info.name for metric in TABLE[row].metrics}


def test_a_class_that_is_named_but_not_seen_still_has_an_output():
    task = decide(np.array([0, 1, 0]), ("cat", "dog", "fox"))
    assert task.row.name == "multiclass" and task.info.outputs == 3


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


def test_headlines_are_those_of_the_table():
    found = {decide(target, ()).info.headline.name for target in (LABELS, REALS, SHARES)}
    assert found == {"mean_average_precision", "mae"}


# What the user asks for


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


def test_a_table_knows_how_to_read_its_target_for_every_row():
    read_as = {"binary": "classes", "multiclass": "classes", "multilabel": "labels", "next-token": "none"}
    read_as |= {"regression": "numbers", "unit-regression": "numbers"}
    assert {name: spec.target_as for name, spec in OWN.items()} == read_as and set(OWN) == set(TABLE)


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
            TABLE,
            (decide(target, ()).info for target in (BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING)),
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
    }


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


def test_classes_that_are_taken_for_numbers_leave_their_names_behind():
    info = decide(BINARY, ("no", "yes"), "regression").info
    assert (info.names, info.outputs) == (("target",), 1)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (np.array([], np.int64), "no training examples"),
        (np.array([1.0, np.nan, np.inf]), "2 targets are no finite numbers"),
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


# Losses by hand


def test_a_uniform_guess_over_ten_classes_costs_log_ten_nats():
    task = decide(np.arange(10), ())
    assert float(task.row.loss(torch.zeros(10, 10), task.encode(np.arange(10)), "mean")) == pytest.approx(math.log(10))


def test_an_undecided_binary_answer_costs_log_two_nats():
    task = decide(BINARY, ())
    losses = task.row.loss(torch.zeros(6, 1), task.encode(BINARY), "none")
    assert losses.tolist() == pytest.approx([math.log(2)] * 6)


def test_losses_of_labels_are_summed_over_the_labels():
    task = decide(LABELS, ())
    losses = task.row.loss(torch.zeros(4, 3), task.encode(LABELS), "none")
    assert losses.tolist() == pytest.approx([3 * math.log(2)] * 4)


def test_squared_error_is_in_units_of_the_targets_deviation():
    task = decide(REALS[:, :1], ())  # 2, 4, 6: mean 4, variance 8/3
    losses = task.row.loss(torch.zeros(3, 1), task.encode(REALS[:, :1]), "none")
    assert losses.tolist() == pytest.approx([1.5, 0.0, 1.5])


def test_squared_error_of_shares_reads_the_sigmoid():
    task = decide(SHARES, (), loss="squared-error")
    losses = task.row.loss(torch.zeros(3, 1), task.encode(SHARES), "none")
    assert losses.tolist() == pytest.approx([0.25, 0.0625, 0.25])


def test_cross_entropy_of_a_share_is_least_at_the_share():
    task = decide(SHARES, ())
    logits = torch.logit(tensor([[0.2], [0.25], [0.3]]))
    losses = task.row.loss(logits, tensor([[0.25]] * 3), "none").tolist()
    assert losses[1] < min(losses[0], losses[2])
    assert losses[1] == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))


@pytest.mark.parametrize("target", [BINARY, CLASSES, LABELS, REALS, SHARES, NOTHING], ids=list(TABLE))
def test_the_mean_loss_is_the_mean_of_the_examples_losses(target):
    task = decide(target, ())
    logits = torch.randn(len(target), task.info.outputs, generator=torch.Generator().manual_seed(0))
    each = task.row.loss(logits, task.encode(target), "none")
    assert each.shape == (len(target),)
    assert float(each.mean()) == pytest.approx(float(task.row.loss(logits, task.encode(target), "mean")))


# Activation, metrics, scores and margins


def test_activations_turn_logits_into_what_is_shown():
    assert decide(BINARY, ()).preds(torch.zeros(2, 1)).tolist() == [0.5, 0.5]
    assert decide(CLASSES, ()).preds(torch.zeros(1, 3)).tolist() == [pytest.approx([1 / 3] * 3)]
    assert decide(LABELS, ()).preds(torch.zeros(1, 3)).tolist() == [[0.5, 0.5, 0.5]]
    assert decide(SHARES, ()).preds(torch.zeros(1, 1)).tolist() == [[0.5]]
    assert decide(REALS[:, 0], ()).preds(torch.zeros(1, 1)).tolist() == [pytest.approx([4.0])]


@pytest.fixture
def logits():
    """Random logits (n, K)."""
    return lambda n, outputs: torch.randn(n, outputs, generator=torch.Generator().manual_seed(1))


def test_binary_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 2, 200)
    task, z = decide(target, ()), logits(200, 1)
    found, share = task.metrics(z, task.encode(target)), torch.sigmoid(z).squeeze(1).numpy()
    assert found == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target, share > 0.5),
            "roc_auc": reference.roc_auc_score(target, share),
            "average_precision": reference.average_precision_score(target, share),
            "precision": reference.precision_score(target, share > 0.5),
            "recall": reference.recall_score(target, share > 0.5),
        },
        abs=1e-5,
    )


def test_multiclass_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 4, 200)
    task, z = decide(target, ()), logits(200, 4)
    said = z.argmax(dim=1).numpy()
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "accuracy": reference.accuracy_score(target, said),
            "macro_f1": reference.f1_score(target, said, average="macro"),
        },
        abs=1e-5,
    )


def test_multilabel_metrics_are_scikit_learns(logits):
    target = np.random.default_rng(0).integers(0, 2, (200, 3))
    task, z = decide(target, ()), logits(200, 3)
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "mean_average_precision": reference.average_precision_score(target, z.numpy(), average="macro"),
            "label_accuracy": float(((z.numpy() > 0) == target).mean()),
        },
        abs=1e-5,
    )


def test_a_label_that_nobody_has_is_left_out_of_the_mean(logits):
    target = np.random.default_rng(0).integers(0, 2, (50, 3))
    target[:, 2] = 0
    task, z = decide(target, ()), logits(50, 3)
    expected = reference.average_precision_score(target[:, :2], z.numpy()[:, :2], average="macro")
    assert task.metrics(z, task.encode(target))["mean_average_precision"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", [0, 1])
def test_a_part_of_one_class_is_scored_without_complaint(logits, value):
    task = decide(BINARY, ())
    found = task.metrics(logits(5, 1), task.encode(np.full(5, value)))
    assert 0 <= found["accuracy"] <= 1


def test_regression_metrics_are_scikit_learns_in_target_units(logits):
    rng = np.random.default_rng(0)
    target = rng.normal(100, 30, (200, 2))
    task, z = decide(target, ()), logits(200, 2)
    shown = task.preds(z).numpy()
    assert task.metrics(z, task.encode(target)) == pytest.approx(
        {
            "mae": reference.mean_absolute_error(target, shown),
            "rmse": reference.mean_squared_error(target, shown) ** 0.5,
            "r2": reference.r2_score(target, shown),
        },
        rel=1e-4,
    )


def test_the_headline_of_an_imbalanced_target_comes_first(logits):
    target = np.repeat([0, 1], [90, 10])
    task = decide(target, ())
    assert next(iter(task.metrics(logits(100, 1), task.encode(target)))) == "average_precision"


def test_scores_of_examples_are_right_or_wrong_shares_or_errors():
    assert decide(BINARY, ()).example_scores(tensor([[1.0], [1.0]]), tensor([1.0, 0.0])).tolist() == [1.0, 0.0]
    three = tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    assert decide(CLASSES, ()).example_scores(three, torch.tensor([0, 1])).tolist() == [1.0, 0.0]
    labels = decide(LABELS, ()).example_scores(tensor([[1.0, -1.0, 1.0]]), tensor([[1.0, 0.0, 0.0]]))
    assert labels.tolist() == pytest.approx([2 / 3])
    task = decide(REALS, ())
    errors = task.example_scores(torch.zeros(3, 2), task.encode(REALS))  # always says the mean, (4, 0)
    assert errors.tolist() == pytest.approx([6.0, 0.0, 6.0])


def test_the_mean_of_the_examples_scores_is_the_accuracy(logits):
    task, z = decide(CLASSES, ()), logits(6, 3)
    target = task.encode(CLASSES)
    assert float(task.example_scores(z, target).mean()) == pytest.approx(task.metrics(z, target)["accuracy"])


def test_the_margin_is_the_true_logit_minus_the_largest_other():
    logits = tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    assert decide(CLASSES, ()).margins(logits, torch.tensor([0, 1])).tolist() == [1.0, -2.0]
    assert decide(BINARY, ()).margins(tensor([[3.0], [3.0]]), tensor([1.0, 0.0])).tolist() == [3.0, -3.0]
    assert decide(LABELS, ()).margins(torch.ones(2, 3), torch.ones(2, 3)).tolist() == [0.0, 0.0]


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


# Every row is trained to an answer that is known


def test_separable_classes_are_learnt_without_a_mistake(fit, blobs):
    run = fit(blobs(3))
    assert run.manifest.task.name == "multiclass" and run.best["val_accuracy"] == 1.0


def test_two_separable_classes_are_learnt_without_a_mistake(fit, blobs):
    run = fit(blobs(2))
    assert run.manifest.task.name == "binary"
    assert run.best["val_accuracy"] == run.best["val_roc_auc"] == 1.0


def test_labels_that_are_signs_of_coordinates_are_learnt(fit, dataset):
    inputs = np.random.default_rng(0).uniform(-1, 1, (200, 3)).astype(np.float32)
    inputs += np.sign(inputs) * 0.3
    run = fit(dataset(inputs, (inputs > 0).astype(np.int64), ["a", "b", "c"]))
    assert run.manifest.task.name == "multilabel"
    assert run.best["val_mean_average_precision"] == pytest.approx(1.0)
    assert run.best["val_label_accuracy"] > 0.99


def weights_of(run):
    from safetensors.numpy import load_file

    state = load_file(run.path / "best.safetensors")
    return state["1.weight"], state["1.bias"]


def test_a_linear_law_is_found_with_its_coefficients(fit, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (300, 3)).astype(np.float32)
    targets = inputs @ np.array([[50.0], [-20.0], [5.0]]) + 1000
    run = fit(dataset(inputs, targets, ["price"]), epochs=40, schedule="one-cycle")
    info = run.manifest.task
    weight, bias = weights_of(run)
    assert info.name == "regression"
    assert weight[0] * info.scale[0] == pytest.approx([50, -20, 5], abs=0.05)
    assert bias[0] * info.scale[0] + info.shift[0] == pytest.approx(1000, abs=0.1)
    assert run.best["val_r2"] > 0.9999 and run.best["val_mae"] < 0.1


@pytest.mark.parametrize("loss", ["cross-entropy", "squared-error"])
def test_a_logistic_law_is_found_with_its_coefficients(fit, dataset, loss):
    inputs = np.random.default_rng(0).normal(0, 1, (300, 2)).astype(np.float32)
    targets = 1 / (1 + np.exp(-(inputs @ np.array([[2.0], [-1.0]]) + 0.5)))
    run = fit(dataset(inputs, targets), epochs=60, schedule="one-cycle", loss=loss)
    weight, bias = weights_of(run)
    assert run.manifest.task.name == "unit-regression"
    assert [*weight[0], *bias] == pytest.approx([2, -1, 0.5], abs=0.02)
    assert run.best["val_mae"] < 0.01


def test_a_network_overfits_one_batch_of_noise(fit, dataset):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(0, 1, (40, 8)).astype(np.float32), rng.integers(0, 2, 40)
    run = fit(dataset(inputs, targets, val_size=8), model="dense", width=256, epochs=60, batch_size=32, lr=0.01)
    last = run.history.rows[-1]
    assert last["probe_accuracy"] == 1.0 and last["train_loss"] < 0.02
    assert last["gap"] > 0
