"""A fit is set up in silence: data, split, task, preprocessor and network, each checked before a run is made."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from dl.data.examples import Dataset
from dl.errors import BadData, PluginFailed
from dl.recipes.resolve import resolve
from dl.training.setup import set_up


def test_whole_numbers_may_be_a_regression_where_that_is_asked(fit, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (60, 1)).astype(np.float32)
    run = fit(dataset(inputs, (1990 + 5 * inputs[:, 0]).round().astype(np.int64)), task="regression", epochs=40)
    assert run.manifest.task.name == "regression" and run.best["val_mae"] < 1.0


@pytest.mark.parametrize("targets", [[0] * 20, [-1, 1] * 10, [0, 2] * 10])
def test_classes_that_nothing_can_be_learnt_from_are_refused(fit, dataset, runs, targets):
    with pytest.raises(BadData):
        fit(dataset(np.random.default_rng(0).normal(0, 1, (20, 2)).astype(np.float32), targets))
    assert not list(runs.iterdir())


def test_the_test_part_is_never_opened_by_a_fit(fit, blobs):
    def open_test():
        raise AssertionError("the fit looked at the test set")

    assert fit(blobs(open_test=open_test), epochs=1).manifest.parts.test


def test_a_data_set_that_brings_its_validation_part_keeps_it(fit, blobs, examples):
    given = blobs(2, n=40)
    val = examples(given.train.inputs[:10] + 0.5, given.train.targets[:10], given.train.names, first=100)
    run = fit(Dataset("given", given.train, val=val), epochs=1)
    assert run.manifest.parts.rule == "as the data set brings it"
    assert (run.manifest.parts.train, run.manifest.parts.val) == (40, 10)
    assert run.outcomes("val").ids.tolist() == list(range(100, 110))


def test_one_validation_example_is_enough(fit, blobs):
    run = fit(blobs(2), epochs=1, val=1)
    assert run.manifest.parts.val == run.manifest.parts.probe == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda logits, training: None, "gives a NoneType, not logits"),
        (
            lambda logits, training: logits[:, :1],
            "gives torch.float32 of shape (1, 1), not real logits of shape (1",
        ),
        (lambda logits, training: logits.long(), "gives torch.int64"),
        (lambda logits, training: logits.detach(), "gives logits without a gradient"),
    ],
)
def test_a_network_that_gives_no_logits_is_blamed_before_a_run_is_made(fit, blobs, runs, net, answer, message):
    with pytest.raises(PluginFailed) as caught:
        fit(blobs(), model="net", more=[net(answer)])
    assert str(caught.value).startswith(
        f"plugin 'Networks-2' given by the program, dl 0.1.0: the model 'net' {message}"
    )
    assert not list(runs.glob("0*"))


def test_a_network_without_anything_to_learn_is_blamed(fit, blobs, net):
    class Fixed(nn.Linear):
        def __init__(self, *shape):
            super().__init__(*shape)
            self.requires_grad_(False)

    with pytest.raises(PluginFailed, match="the model 'net' has no trainable parameter"):
        fit(blobs(), model="net", more=[net(lambda logits, training: logits, Fixed)])


@pytest.fixture
def prepare(plugins_with):
    """A function that sets up the fit of a data set: prepare(dataset, seed=0, ...)."""

    def make(given, **choices):
        plugins = plugins_with(given=given)
        return set_up(resolve(plugins, "numbers", "given", **choices), plugins)

    return make


def test_nothing_is_printed_and_nothing_is_written(prepare, blobs, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare(blobs())
    assert capfd.readouterr() == ("", "") and not list(tmp_path.iterdir())


def test_the_seed_decides_split_and_weights(prepare, blobs):
    first, same, other = (prepare(blobs(), model="dense", seed=seed) for seed in (1, 1, 2))
    weights = [torch.nn.utils.parameters_to_vector(one.network.parameters()) for one in (first, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert np.array_equal(first.data.val, same.data.val) and not np.array_equal(first.data.val, other.data.val)


def test_what_both_splits_share_is_encoded_once(prepare, blobs):
    shared = prepare(blobs())
    assert shared.data.val_data is shared.data.train_data
    given = blobs(2, n=40)
    own = prepare(Dataset("given", given.train, val=given.train.take(np.arange(10))))
    assert own.data.val_data is not own.data.train_data and len(own.data.val_data.ids) == 10


def test_the_manifest_of_a_run_that_has_not_begun_tells_what_is_trained_on_what(prepare, blobs):
    manifest = prepare(blobs(3, n=90)).manifest("0007-given-linear")
    assert (manifest.name, manifest.status, manifest.epochs, manifest.parameters) == (
        "0007-given-linear",
        "running",
        0,
        9,
    )
    assert (manifest.parts.train, manifest.parts.val, manifest.parts.test) == (72, 18, False)
    assert "majority" in {one.name for one in manifest.baselines} and manifest.pid == os.getpid()
