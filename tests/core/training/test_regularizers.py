"""What holds the regularizers of a fit together, with regularizers of the test's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import dl
from dl.errors import BadOption, PluginFailed
from dl.regularizer import FUNCTIONS, Regularizer
from dl.specs import RegularizerSpec
from dl.tasks.losses import squared_error
from dl.training.devices import Devices
from dl.training.regularizers import Regularizers


@pytest.fixture
def fit_with(blobs, plugins_with, runs):
    """A function that fits clouds of points with one regularizer of the test's own: fit_with(Regularizer(...), ...)."""

    def fit(regularizer, **choices):
        plugins = plugins_with(given=blobs())
        place = next(one for one, names in FUNCTIONS.items() if any(getattr(regularizer, name) for name in names))
        spec = RegularizerSpec("mine", place, "of a test", lambda options, task: regularizer)
        plugins = replace(plugins, regularizers={"mine": spec})
        devices = Devices("cpu", "1")
        return dl.fit("numbers", "given", plugins=plugins, runs=runs, devices=devices, reg={"mine": {}}, **choices)

    return fit


def weights(run):
    return load_file(run.weights)


# All of a fit


def test_penalties_are_summed_and_none_is_nothing():
    network = nn.Linear(1, 1)
    two = {name: Regularizer(penalty=lambda _, by=by: torch.tensor(by)) for name, by in (("a", 1.5), ("b", 2.0))}
    assert Regularizers(two).penalty(network) == 3.5
    assert Regularizers({}).penalty(network) is None


def test_losses_wrap_one_another_in_order():
    doubled = Regularizer(loss=lambda loss: lambda *given: 2 * loss(*given))
    plus_one = Regularizer(loss=lambda loss: lambda *given: loss(*given) + 1)
    given = torch.zeros(1, 1), torch.ones(1, 1), "mean"
    assert Regularizers({"a": doubled, "b": plus_one}).loss(squared_error)(*given) == 3.0
    assert Regularizers({"a": plus_one, "b": doubled}).loss(squared_error)(*given) == 4.0


def test_the_first_that_ends_a_fit_is_named():
    never, now = Regularizer(ends=lambda *_: ""), Regularizer(ends=lambda *_: "it is late")
    assert Regularizers({"a": never, "b": now, "c": now}).ends([], None) == "b: it is late"
    assert Regularizers({"a": never}).ends([], None) == ""


# In a fit


def test_a_penalty_is_learnt_from_and_shown_in_no_loss(fit_with, blobs, fit):
    one_step = {"batch_size": 1000, "epochs": 1}
    pulled = fit_with(Regularizer(penalty=lambda network: 9 * next(network.parameters()).square().sum()), **one_step)
    free = fit(blobs(), **one_step)
    assert pulled.history.rows[0]["train_loss"] == free.history.rows[0]["train_loss"]
    assert not np.allclose(weights(pulled)["1.weight"], weights(free)["1.weight"])


def test_what_a_regularizer_draws_is_a_function_of_seed_and_epoch(fit_with):
    drawn = []

    def draw(batch, generator):
        drawn.append(int(torch.randint(1 << 30, (1,), generator=generator)))
        return batch

    for seed in (0, 0, 1):
        torch.manual_seed(len(drawn))  # what was drawn elsewhere before does not matter
        fit_with(Regularizer(batch=draw), batch_size=1000, epochs=2, seed=seed)
    # each fit draws at its rehearsal, and once an epoch
    (_, a1, a2), (_, b1, b2), (_, c1, c2) = np.array_split(drawn, 3)
    assert (a1, a2) == (b1, b2) and len({a1, a2, c1, c2}) == 4


def test_the_weights_that_are_scored_are_the_weights_that_are_kept(fit_with, blobs, plugins_with):
    from contextlib import contextmanager

    @contextmanager
    def zeroed(network):
        before = [one.clone() for one in network.parameters()]
        for one in network.parameters():
            one.data.zero_()
        yield
        for one, value in zip(network.parameters(), before, strict=True):
            one.data.copy_(value)

    run = fit_with(Regularizer(scored_with=zeroed), epochs=3)
    assert run.history.column("val_loss") == pytest.approx([np.log(3)] * 3, abs=1e-6)  # three classes, no idea
    assert run.history.rows[-1]["train_loss"] < 0.5  # and what is trained has learnt
    assert not weights(run)["1.weight"].any()
    features = np.load(run.path / "outcomes" / "features.npz")
    assert features["val"].any()  # what the last layer reads is there, with the zeroed weights in place


def test_a_fit_that_a_regularizer_ends_is_finished_and_says_why(fit_with):
    run = fit_with(Regularizer(ends=lambda rows, headline: f"{headline.name} is dull" if len(rows) == 2 else ""))
    assert (run.manifest.status, len(run.history)) == ("finished", 2)
    assert run.manifest.message == "mine: accuracy is dull"


@pytest.mark.parametrize("where", ["network", "batch", "loss", "penalty"])
def test_what_does_not_fit_is_said_before_a_run_is_kept(fit_with, runs, where):
    def refuse(*_):
        raise BadOption("not with this network")

    with pytest.raises(BadOption, match="not with this network"):
        fit_with(Regularizer(**{where: refuse}))
    assert not list(runs.iterdir())


@pytest.mark.parametrize(
    ("place", "given", "message"),
    [
        (
            "batch",
            lambda: Regularizer(batch=lambda batch, generator: None),
            "batch of .*'mine' returned None, not a Batch",
        ),
        ("penalty", lambda: Regularizer(penalty=lambda network: 0.5), "penalty of .*'mine' returned 0.5, not a Tensor"),
        (
            "network",
            lambda: Regularizer(network=lambda network: 1 / 0),
            "network of .*'mine' failed: ZeroDivisionError",
        ),
        ("training", lambda: {"l2": 1}, "build of the regularizer 'mine' returned .*, not a Regularizer"),
    ],
)
def test_a_regularizer_that_breaks_its_promise_is_blamed_on_its_plugin(
    blobs, plugins_with, runs, site, place, given, message
):
    from dl.plugins.attribution import wrap_plugin
    from dl.plugins.discovery import FoundPlugin

    spec = RegularizerSpec("mine", place, "of a test", lambda options, task: given())
    found = FoundPlugin("theirs", lambda: None)
    theirs = wrap_plugin(spec, found, "the regularizer 'mine'")
    plugins = replace(plugins_with(given=blobs()), regularizers={"mine": theirs})
    with pytest.raises(PluginFailed, match=message):
        dl.fit("numbers", "given", plugins=plugins, runs=runs, devices=Devices("cpu", "1"), reg={"mine": {}})
    assert not list(runs.iterdir())


def test_a_function_of_another_place_is_refused_before_a_run_is_kept_and_the_line_says_which_fit(
    blobs, plugins_with, runs
):
    spec = RegularizerSpec("mine", "batch", "of a test", lambda options, task: Regularizer(penalty=lambda network: 0))
    plugins = replace(plugins_with(given=blobs()), regularizers={"mine": spec})
    with pytest.raises(PluginFailed) as caught:
        dl.fit("numbers", "given", plugins=plugins, runs=runs, devices=Devices("cpu", "1"), reg={"mine": {}})
    assert str(caught.value) == (
        "the regularizer 'mine' does not act at its place: its place is 'batch', but it has only penalty  functions "
        "by place: network: choices, network; batch: batch; penalty: penalty; "
        "training: chances, loss, gradients, after_step, scored_with, ends"
    )
    assert not list(runs.iterdir())
