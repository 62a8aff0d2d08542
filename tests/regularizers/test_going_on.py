"""A fit that stops and goes on from its checkpoint ends where one that never stopped ends, to the bit."""

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.tasks.table import decide
from dl.testing.numbers import Numbers, NumbersPlugin, clouds
from dl.training.batches import DeviceDataset
from dl.training.devices import Devices, quiet_lightning
from dl.training.module import FitModule, FitParts
from dl.training.regularizers import Regularizers, build_network

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
        parts = FitParts(feed, feed, rows[:50], rows[50:], rows[:20])
        made = (network, Numbers((2,)), task, parts, recipe.train, 0, regularizers, lambda: False)
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
