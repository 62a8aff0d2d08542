"""Each regularizer in real short fits on a few digits."""

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import dl
from dl.errors import BadOption
from dl.inference.load import reopen
from dl.specs import PLACES
from dl.splits.partition import load_dataset
from dl.training.devices import Devices

REGULARIZERS = {
    "dropout": {"rate": 0.5},
    "noise": {"scale": 0.5},
    "mixup": {"alpha": 1.0},
    "l1": {"strength": 0.001},
    "l2": {"strength": 0.01},
    "label-smoothing": {"share": 0.3},
    "class-weights": {"power": 1.0},
    "resample": {"power": 1.0},
    "focal": {"gamma": 2.0},
    "max-norm": {"bound": 0.5},
    "weight-averaging": {"decay": 0.9},
    "early-stopping": {"patience": 1},
}
SMALLER = {"shrink": {"factor": 0.5}}
TABLES = {"missing": {"share": 0.3}}
DRAWS = ("dropout", "noise", "mixup")


def weights(run):
    return load_file(run.weights)


def test_all_that_the_plugin_registers_is_tried_here(plugins):
    (own,) = [state for state in plugins.states if state.name == "regularizers"]
    registered = {name for names in own.registered.values() for name in names}
    assert registered == {*REGULARIZERS, *SMALLER, *TABLES}
    assert all(plugins.regularizers[name].place in PLACES for name in registered)


@pytest.mark.parametrize("name", REGULARIZERS)
def test_evaluation_stays_as_it_is(fit, name):
    # nothing is learnt, so that what is scored differs only where scoring is touched
    still = {"optimizer": "sgd", "lr": 0.0, "monitor": "loss"}
    options = {"bound": 100.0} if name == "max-norm" else REGULARIZERS[name]
    with_it, without = fit({name: options}, **still), fit(**still)
    for part in ("val", "probe"):
        epochs = len(with_it.history)
        assert np.array_equal(with_it.outcomes(part).loss, without.outcomes(part).loss[:epochs])


@pytest.mark.parametrize("name", [name for name in REGULARIZERS if name != "early-stopping"])
def test_it_changes_what_is_learnt_and_one_seed_gives_one_network(fit, name):
    first, second, without = fit({name: REGULARIZERS[name]}), fit({name: REGULARIZERS[name]}), fit()
    assert all(np.array_equal(value, weights(second)[key]) for key, value in weights(first).items())
    assert not np.array_equal(first.outcomes("val").loss, without.outcomes("val").loss)
    assert first.history.column("val_loss") == second.history.column("val_loss")


@pytest.mark.parametrize("name", DRAWS)
def test_another_seed_draws_something_else(fit, name):
    first, second = (fit({name: REGULARIZERS[name]}, seed=seed, epochs=1) for seed in (0, 1))
    assert not np.array_equal(first.outcomes("probe").loss, second.outcomes("probe").loss)


@pytest.mark.parametrize("name", [*REGULARIZERS, *SMALLER])
def test_the_run_can_be_tested_and_predicts(fit, plugins, name, tmp_path):
    run = fit({name: (REGULARIZERS | SMALLER)[name]}, epochs=2)
    (kept,) = run.recipe.regularizers
    assert kept == name
    look = dl.evaluate(run, plugins=plugins)
    assert look.examples == 100 and 0.05 < look.score.value <= 1
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "black.png")
    (said,) = dl.predict(run, [tmp_path / "black.png"], plugins=plugins)
    assert sum(said.values.values()) == pytest.approx(1, abs=1e-5)


def test_the_kept_weights_score_as_the_history_says(fit, plugins):
    run = fit({"weight-averaging": {"decay": 0.9}}, monitor="loss", epochs=3)
    opened = reopen(run, plugins)
    examples = load_dataset(opened.recipe, plugins, opened.domain).train
    ids, losses = run.outcomes("val").ids, run.outcomes("val").loss[run.manifest.best_epoch - 1]
    order = {number: position for position, number in enumerate(examples.ids.tolist())}
    logits = opened.logits(examples)[[order[number] for number in ids.tolist()]]
    targets = opened.task.encode(examples.targets[[order[number] for number in ids.tolist()]])
    assert opened.task.row.loss(logits, targets, "none").numpy() == pytest.approx(losses, abs=1e-3)


def test_steps_that_lightning_takes_are_regularized_as_blocks_are(fit, monkeypatch):
    reg = {"weight-averaging": {"decay": 0.9}, "l2": 0.01, "max-norm": 1.0, "mixup": 1.0}
    blocks = fit(reg)
    monkeypatch.setattr(Devices, "supports_blocks", False)
    steps = fit(reg)
    for name, value in weights(blocks).items():
        assert value == pytest.approx(weights(steps)[name], abs=1e-5)


def test_shrink_builds_half_the_units(fit):
    small, large = fit({"shrink": 0.5}, epochs=1), fit(width=8, epochs=1)
    assert small.manifest.parameters == large.manifest.parameters
    assert {name: value.shape for name, value in weights(small).items()} == {
        name: value.shape for name, value in weights(large).items()
    }


def test_a_network_that_saw_gaps_answers_rows_with_gaps_from_the_other_columns(tmp_path):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=400)
    inputs = truth[:, None] + 0.1 * rng.normal(size=(400, 2))
    gaps = np.stack([np.full(400, np.nan), inputs[:, 1]], axis=1)
    options = {"epochs": 15, "width": 16, "lr": 0.01, "runs": tmp_path}
    errors = []
    for reg in ({}, TABLES):
        run = dl.fit("tabular", (inputs, truth), reg=reg, **options)
        assert run.recipe.data_options["gaps"] == ("all" if reg else "auto")
        errors.append(float(np.abs(dl.load(run)(gaps)[:, 0].numpy() - truth).mean()))
    assert errors[1] < 0.2 < 0.3 < errors[0]


def test_early_stopping_ends_the_fit_and_says_why(fit):
    run = fit({"early-stopping": {"patience": 2}}, optimizer="sgd", lr=0.0, epochs=50)
    assert len(run.history) == 3 and run.manifest.status == "finished"
    assert run.manifest.message == "early-stopping: val_loss has not improved since epoch 1"


@pytest.mark.parametrize("data", ["mnist", "mnist-even", "mnist-attributes", "mnist-slant", "mnist-ink"])
def test_examples_are_mixed_in_every_task(fit, data):
    run = fit({"mixup": 1.0, "noise": 0.1, "l2": 1e-4}, data=f"few-{data}", epochs=8)
    losses = run.history.column("val_loss")
    assert np.isfinite(losses).all() and min(losses[1:]) < losses[0], "it learns"


@pytest.mark.parametrize("data", ["mnist", "mnist-even", "mnist-attributes"])
def test_labels_are_smoothed_where_there_are_classes_or_labels(fit, data):
    assert fit({"label-smoothing": 0.1}, data=f"few-{data}", epochs=1).manifest.status == "finished"


@pytest.mark.parametrize("data", ["mnist-slant", "mnist-ink"])
def test_numbers_are_not_smoothed_and_no_run_is_kept(fit, data, tmp_path):
    with pytest.raises(BadOption, match="label-smoothing is for binary, multiclass, multilabel, and this task is"):
        fit({"label-smoothing": 0.1}, data=f"few-{data}")
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true", "64-true"])
def test_all_together_work_in_other_number_types(fit, precision):
    others = {name: options for name, options in REGULARIZERS.items() if name != "early-stopping"}
    run = fit(others | SMALLER, precision=precision, epochs=1)
    assert np.isfinite(run.history.rows[0]["val_loss"]) and len(run.recipe.regularizers) == 12
