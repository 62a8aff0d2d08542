"""What holds the regularizers of a fit together, with regularizers of the test's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import dl
from dl.errors import BadOption, PluginFailed, UnknownName
from dl.options import Option, split_named
from dl.recipes.resolve import resolve
from dl.regularizer import FUNCTIONS, Batch, Regularizer, fault_of_place
from dl.specs import PLACES, RegularizerSpec
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
    return load_file(run.path / "best.safetensors")


# Batches


def test_the_loss_of_mixed_examples_is_the_loss_against_both_targets_by_their_shares():
    batch = Batch(torch.zeros(2, 1), torch.tensor([[0.0], [4.0]]))
    mixed = batch.mixed(batch.inputs, torch.tensor([1, 0]), torch.tensor([0.75, 0.5]))
    # 0.75 * 0 + 0.25 * 16 = 4 and 0.5 * 16 + 0.5 * 0 = 8
    assert mixed.loss(squared_error, torch.zeros(2, 1)) == 6.0
    assert batch.loss(squared_error, torch.zeros(2, 1)) == 8.0


def test_examples_are_mixed_once_at_most():
    batch = Batch(torch.zeros(2, 1), torch.zeros(2))
    mixed = batch.mixed(batch.inputs, torch.tensor([1, 0]), torch.ones(2))
    with pytest.raises(BadOption, match="take one of them, like mixup or cutmix"):
        mixed.mixed(mixed.inputs, torch.tensor([1, 0]), torch.ones(2))


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


# Places


def test_the_functions_of_all_places_are_those_that_act():
    acting = [name for functions in FUNCTIONS.values() for name in functions]
    assert tuple(FUNCTIONS) == PLACES and len(set(acting)) == len(acting)
    assert {*acting, "state_dict", "load_state_dict"} == set(Regularizer.__dataclass_fields__)


@pytest.mark.parametrize("place", PLACES)
def test_a_function_of_its_place_is_enough(place):
    for name in FUNCTIONS[place]:
        assert fault_of_place(place, Regularizer(**{name: lambda *_: None}, state_dict=dict)) == ""
    assert fault_of_place(place, Regularizer(state_dict=dict)) == "it does nothing: each of its functions is left out"


def test_a_function_of_another_place_is_refused_before_a_run_is_kept_and_the_line_says_which_fit(
    blobs, plugins_with, runs
):
    spec = RegularizerSpec("mine", "batch", "of a test", lambda options, task: Regularizer(penalty=lambda network: 0))
    plugins = replace(plugins_with(given=blobs()), regularizers={"mine": spec})
    with pytest.raises(PluginFailed) as caught:
        dl.fit("numbers", "given", plugins=plugins, runs=runs, devices=Devices("cpu", "1"), reg={"mine": {}})
    assert str(caught.value) == (
        "the regularizer 'mine' does not act where it says: its place is 'batch', but it has only penalty  functions "
        "by place: network: choices, network; batch: batch; penalty: penalty; "
        "training: loss, gradients, after_step, scored_with, ends"
    )
    assert not list(runs.iterdir())


# Choosing


@pytest.fixture
def placed(plugins_with, blobs):
    """The plugins with regularizers that do nothing: one at each place, and three more on the batch with ranks."""

    def spec(name, place, rank=50):
        size = (Option("size", 1.0, "first", low=0.0), Option("wild", False, "second"))
        return RegularizerSpec(name, place, "of a test", lambda options, task: Regularizer(), size, rank=rank)

    specs = [spec(f"x-{place}", place) for place in reversed(PLACES)]
    specs += [spec("b-late", "batch", 90), spec("a-late", "batch", 90), spec("z-early", "batch", 10)]
    specs.append(replace(spec("for-texts", "batch"), only_for="text"))
    return replace(plugins_with(given=blobs()), regularizers={one.name: one for one in specs})


def chosen(plugins, *words, **choices):
    return dict(resolve(plugins, "numbers", "given", reg=split_named(words), **choices).regularizers)


def test_regularizers_come_by_place_then_rank_then_name_however_they_are_typed(placed):
    wanted = ["x-network", "z-early", "x-batch", "a-late", "b-late", "x-penalty", "x-training"]
    assert list(chosen(placed, *sorted(wanted))) == list(chosen(placed, *reversed(sorted(wanted)))) == wanted


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("x-batch", {"size": 1.0, "wild": False}),
        ("x-batch=2", {"size": 2.0, "wild": False}),
        ("x-batch=1e-4,wild=yes", {"size": 1e-4, "wild": True}),
        ("x-batch=wild=on", {"size": 1.0, "wild": True}),
    ],
)
def test_a_value_alone_is_meant_for_the_first_option(placed, word, options):
    assert chosen(placed, word) == {"x-batch": options}


def test_a_regularizer_is_typed_as_it_is_read(placed):
    for word in ("x-batch=1", "x-batch=0.25,wild=True"):
        (options,) = chosen(placed, word).values()
        assert placed.regularizers["x-batch"].typed(options) == word


def test_recipes_keep_regularizers_and_the_command_line_changes_them(placed, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('[model]\nname = "linear"\n[reg]\nx-penalty = 3\n[reg.x-batch]\nsize = 2\nwild = true\n')
    kept = chosen(placed, recipe=str(mine))
    assert kept == {"x-batch": {"size": 2.0, "wild": True}, "x-penalty": {"size": 3.0, "wild": False}}
    assert list(chosen(placed, "x-batch=off", recipe=str(mine))) == ["x-penalty"]
    assert chosen(placed, "x-batch=5", recipe=str(mine))["x-batch"] == {"size": 5.0, "wild": False}
    mine.write_text(resolve(placed, "numbers", "given", recipe=str(mine)).to_toml())
    assert chosen(placed, recipe=str(mine)) == kept
    mine.write_text('[model]\nname = "linear"\n[reg]\nx-penalty = "off"\n')
    assert chosen(placed, recipe=str(mine)) == {}


@pytest.mark.parametrize(
    ("word", "kind", "message"),
    [
        ("", BadOption, "'' is not of the form name, name=value or name=value,key=value"),
        ("x-batch=", BadOption, "'x-batch=' is not of the form"),
        ("=3", BadOption, "'=3' is not of the form"),
        ("x-batch=x", BadOption, "regularizer x-batch: size=x: expected a number, at least 0"),
        ("x-batch=-1", BadOption, "size=-1: expected a number, at least 0"),
        ("x-batch=1,", BadOption, "'' is not of the form key=value"),
        ("x-batch=1,size=2", BadOption, "regularizer x-batch: 'size' is given twice"),
        ("x-batch=1,wild=yes,wild=no", BadOption, "'wild' is given twice"),
        ("x-batch=1,wlid=yes", BadOption, "regularizer x-batch has no option 'wlid'; did you mean 'wild'"),
        ("x-bacth=1", UnknownName, "no regularizer named 'x-bacth'; did you mean 'x-batch'.*see: dl ls regularizers"),
        ("x-bacth=off", UnknownName, "no regularizer named 'x-bacth'"),
        ("for-texts=1", UnknownName, "the regularizer 'for-texts' is for text, not for numbers"),
    ],
)
def test_a_word_that_means_nothing_is_refused_with_what_would(placed, word, kind, message):
    with pytest.raises(kind, match=message):
        chosen(placed, word)


def test_a_name_is_given_once(placed):
    with pytest.raises(BadOption, match="'x-batch' is given twice"):
        chosen(placed, "x-batch=1", "x-batch=2")
