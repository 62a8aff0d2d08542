"""The steps of a fit: in blocks or one by one they lead to the same weights, and a lost loss stops them."""

import re

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from dl.errors import DLError, TrainingFailed
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.runs.outcomes import read_arrays
from dl.runs.run import open_run
from dl.tasks.table import decide
from dl.testing.numbers import Numbers, NumbersPlugin, clouds
from dl.training.batches import DeviceDataset
from dl.training.devices import Devices, quiet_lightning
from dl.training.fit_data import FitData
from dl.training.module import FitModule
from dl.training.regularizers import Regularizers, build_network
from tests.cutting import numbers


def test_the_training_loss_is_the_mean_over_examples_though_the_last_batch_is_smaller(fit, dataset):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(0, 1, (42, 3)).astype(np.float32), rng.integers(0, 2, 42)
    given = dataset(inputs, targets, val_size=20)  # 22 to train on: batches of 20 and of 2
    run = fit(given, epochs=1, batch_size=20, lr=0.0)  # with no rate the network stays as it is
    everything = fit(given, epochs=1, batch_size=22, lr=0.0)
    assert run.best["train_loss"] == pytest.approx(everything.best["train_loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [("adam", "one-cycle"), ("adamw", "cosine"), ("sgd", "constant"), ("rmsprop", "constant")],
)
def test_blocks_of_steps_and_single_steps_lead_to_the_same_weights(fit, blobs, monkeypatch, optimizer, schedule):
    given = blobs(n=101)
    choices = {"model": "dense", "epochs": 2, "batch_size": 7, "lr": 0.01, "optimizer": optimizer, "schedule": schedule}
    blocks = fit(given, precision="64-true", **choices)
    monkeypatch.setattr(Devices, "supports_blocks", False)
    steps = fit(given, precision="64-true", **choices)
    for mine, theirs in zip(numbers(blocks), numbers(steps), strict=True):
        assert mine.keys() == theirs.keys()
        for name in ("step", "lr", "train_loss", "val_loss", "probe_loss", "train_score"):
            assert mine[name] == pytest.approx(theirs[name], rel=1e-6), name
    states = [read_weights(run) for run in (blocks, steps)]
    for name, value in states[0].items():
        assert value.dtype == np.float64 and value == pytest.approx(states[1][name], abs=1e-6), name


def test_clipping_is_the_same_in_blocks_and_single_steps(fit, blobs, monkeypatch):
    choices = {"epochs": 2, "batch_size": 7, "optimizer": "sgd", "lr": 1.0, "clip": 0.05}
    blocks = fit(blobs(), precision="64-true", **choices)
    monkeypatch.setattr(Devices, "supports_blocks", False)
    steps = fit(blobs(), precision="64-true", **choices)
    free = fit(blobs(), precision="64-true", **{**choices, "clip": 0.0})
    for name, value in read_weights(blocks).items():
        assert value == pytest.approx(read_weights(steps)[name], abs=1e-6)
        assert not np.allclose(value, read_weights(free)[name])


def read_weights(run):
    from safetensors.numpy import load_file

    return load_file(run.weights)


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true", "bf16-true"])
def test_other_number_types_learn_too(fit, blobs, precision):
    assert fit(blobs(2), precision=precision, epochs=15).best["val_accuracy"] == 1.0


@pytest.mark.parametrize("blocks", [True, False])
def test_a_loss_that_is_no_number_stops_with_step_and_advice(fit, line, runs, monkeypatch, blocks):
    monkeypatch.setattr(Devices, "supports_blocks", blocks)
    with pytest.raises(TrainingFailed, match=r"the loss is (nan|inf) at step 2 \(epoch 1, examples .*try: lr=1e\+29"):
        fit(line, lr=1e30, optimizer="sgd")
    run = open_run("last", runs)
    assert run.manifest.status == "failed" and "at step" in run.manifest.message


def test_every_epoch_of_a_fit_takes_the_order_of_its_own_number(fit, blobs, monkeypatch):
    from dl.training import batches

    drawn = []
    order = batches.epoch_permutation

    def noted(seed, epoch, positions):
        drawn.append((seed, epoch))
        return order(seed, epoch, positions)

    monkeypatch.setattr(batches, "epoch_permutation", noted)
    fit(blobs(), epochs=3, seed=7)
    assert drawn == [(7, 0), (7, 1), (7, 2)]


def test_features_are_those_of_the_last_layer_in_the_order_of_the_rows(fit, blobs):
    run = fit(blobs(), model="dense", epochs=1)
    kept = read_arrays(run.outcomes_folder / "features.npz")
    assert kept["val"].shape == (len(kept["val_rows"]), 32) and (kept["val"] >= 0).all()  # after the ReLU
    ids, inputs = run.outcomes("val").ids[kept["val_rows"]], blobs().train.inputs
    assert kept["val_inputs"] == pytest.approx(inputs[ids], rel=1e-3)


EPOCHS = 6


REG = {"dropout": 0.5, "noise": 0.1, "mixup": 0.2, "max-norm": 1.0, "weight-averaging": 0.9}


EVERY = {"model": "dense", "reg": REG}


class Saver(Callback):
    """Saves after each epoch, as a fit does, and stops after some."""

    def __init__(self, path, last):
        self.path, self.last = path, last

    def on_train_epoch_end(self, trainer, module):
        trainer.save_checkpoint(self.path)
        trainer.should_stop = trainer.current_epoch + 1 >= self.last


@pytest.fixture
def trained(tmp_path):
    """A function that trains to an epoch, from the start or a checkpoint: weights, their average and steps."""
    dataset = clouds(70)
    plugins = load_plugins([NumbersPlugin({"given": dataset})])
    task = decide(dataset.train.targets, dataset.train.names)
    place = tmp_path / "checkpoints" / "state.ckpt"

    def train(last=EPOCHS, *, going_on=False, blocks=True, **choices):
        schedule = choices.pop("schedule", "constant")
        options = {"epochs": EPOCHS, "batch_size": 16, "schedule": schedule, "optimizer": "adamw"}
        recipe = resolve(plugins, "numbers", "given", options=options, **choices)
        regularizers = Regularizers.of(recipe, plugins, task)
        torch.manual_seed(0)
        network = build_network(recipe, plugins, Numbers((2,)), task, regularizers)
        feed, rows = DeviceDataset.of(dataset.train, task), np.arange(70)
        data = FitData(feed, feed, rows[:50], rows[50:], rows[:20])
        made = (network, Numbers((2,)), task, data, recipe.train, 0, regularizers, lambda _: False)
        module = FitModule(*made, blocks=blocks)
        trainer = Devices("cpu", "1").trainer(EPOCHS, [Saver(place, last)])
        torch.manual_seed(last)  # what was drawn elsewhere does not matter
        with quiet_lightning():
            trainer.fit(module, ckpt_path=str(place) if going_on else None)
        found = torch.cat([one.detach().flatten() for one in network.parameters()])
        with regularizers.scored_with(network):
            average = torch.cat([one.detach().flatten() for one in network.parameters()])
        return found, average, module.steps_done

    return train


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_stopping_changes_nothing_of_what_follows(trained, blocks, schedule):
    choices = {**EVERY, "blocks": blocks, "schedule": schedule}
    weights, average, steps = trained(**choices)
    trained(3, **choices)
    again, average_again, steps_again = trained(going_on=True, **choices)
    assert steps == steps_again == 4 * EPOCHS
    assert torch.equal(weights, again)
    assert torch.equal(average, average_again)
    assert not torch.allclose(weights, average)


def cross_entropy_step(network, batch, *optimizers):
    """A training step of the user's own that does what dl's does."""
    loss = torch.nn.functional.cross_entropy(network(batch.inputs), batch.targets)
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
    return loss


def test_a_step_of_one_s_own_that_does_what_dl_s_does_makes_the_same_fit(fit, blobs):
    given = {"model": "dense", "epochs": 2, "seed": 3}
    usual = fit(blobs(), optimizer=lambda parameters: torch.optim.SGD(parameters, 0.1), **given)
    own = fit(
        blobs(),
        training_step=cross_entropy_step,
        optimizers=lambda network: [torch.optim.SGD([one], 0.1) for one in network.parameters()],
        **given,
    )
    names = ("train_loss", "val_loss", "probe_loss", "grad_norm")
    assert [[row[name] for name in names] for row in own.history.rows] == [
        [row[name] for name in names] for row in usual.history.rows
    ]
    assert own.manifest.in_memory == ("optimizer",)
    state = torch.load(next((own.path / "checkpoints").glob("*.ckpt")), weights_only=True)
    assert len(state["optimizer_states"]) == 4


def adam(network):
    return [torch.optim.Adam(network.parameters())]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"reg": {"l2": 1e-3}}, "--reg l2 changes a loss or gradients that are those of training_step; leave it out"),
        ({"clip": 1.0}, "clip= changes gradients, which are those of training_step; leave it out"),
        ({"optimizers": lambda network: 3}, "optimizers returned int, not a list of optimizers of torch"),
        ({"optimizers": None}, "optimizers= takes a function from the network to a list, with training_step; 'None'"),
        ({"optimizer": "adam"}, "optimizer= does not go with training_step=; give optimizers=, from the network to"),
        ({"training_step": None}, "optimizers= goes with training_step=; for dl's own step give optimizer="),
        ({"training_step": lambda *given: None}, "training_step returned NoneType, not the loss to show, a scalar"),
    ],
)
def test_what_does_not_go_with_a_step_of_one_s_own_is_refused(choices, message, fit, blobs):
    given = {"model": "dense", "epochs": 1, "training_step": cross_entropy_step, "optimizers": adam}
    with pytest.raises(DLError, match=f"^{re.escape(message)}"):
        fit(blobs(), **given | choices)
