"""What a program has at hand - data, a network, an optimizer, callbacks - goes the road of a file."""

import os
import pickle
from dataclasses import replace

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from torch import nn

import dl
from dl.plugins.loading import load_plugins
from dl.testing.numbers import NumbersPlugin, clouds

CLOUDS = clouds(120)
X, Y = CLOUDS.train.array, CLOUDS.train.targets
NAMED = np.array(CLOUDS.train.names)[Y]


class Count(pl.Callback):
    def __init__(self):
        self.epochs = 0

    def on_train_epoch_end(self, trainer, pl_module):
        self.epochs += 1


def build(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), outputs))


@pytest.fixture
def plugins():
    return load_plugins(extra=[NumbersPlugin({"given": CLOUDS})])


@pytest.fixture
def fit(plugins, runs, monkeypatch):
    """A function that fits on one CPU, without waiting for the disk: fit((X, Y), epochs=3, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def run(data, **choices):
        choices.setdefault("epochs", 3)
        return dl.fit("numbers", data, plugins=plugins, runs=runs, devices=dl.Devices("cpu", "1"), **choices)

    return run


def test_a_fit_on_arrays_learns_and_keeps_what_a_fit_on_a_data_set_keeps(fit):
    run, named = fit((X, NAMED)), fit("given")
    assert run.manifest.task.names == ("a", "b", "c") and run.best["val_accuracy"] > 0.9
    assert run.manifest.in_memory == ("data",) and named.manifest.in_memory == ()
    kept = {path.name for path in run.path.iterdir()}
    assert kept == {path.name for path in named.path.iterdir()} - {"identity.json"} | {"seen.npy"}  # not to be resumed
    assert run.manifest.parts.train + run.manifest.parts.val == 120


def test_targets_beside_the_inputs_are_the_same_as_in_a_pair(fit):
    paired, beside = fit((X, Y)), fit(X, target=Y)
    assert paired.history.column("val_loss") == beside.history.column("val_loss")


def test_exact_duplicates_in_arrays_are_found_as_in_files(fit):
    run = fit((np.concatenate([X, X[:10]]), np.concatenate([Y, Y[:10]])))
    assert {finding.code for finding in run.guard_findings} == {"data-duplicates"}


def test_the_test_part_stays_closed_until_it_is_evaluated(fit, runs, plugins):
    run = fit((X[:90], NAMED[:90]), test=(X[90:], NAMED[90:]))
    assert run.manifest.parts.test and not (runs / "test-ledger.jsonl").exists()
    found = dl.evaluate(run, plugins=plugins)
    assert (found.examples, found.look, found.in_training, found.data) == (30, 1, 0, "in-memory")
    assert found.score.value > 0.9


def test_another_program_says_what_to_score_and_copies_are_counted(fit, runs, plugins):
    fit((X[:90], NAMED[:90]))
    again = dl.open_run("last", runs)
    found = dl.evaluate(again, data=(X[85:], NAMED[85:]), plugins=plugins)
    assert (found.examples, found.in_training) == (35, 5)
    with pytest.raises(dl.BadRun) as refused:
        dl.evaluate(again, plugins=plugins)
    assert str(refused.value) == (
        "0001-in-memory-linear was fitted on data in memory; give the examples to score: "
        "dl.evaluate('0001-in-memory-linear', data=(x, y))"
    )


def test_a_run_on_a_named_data_set_scores_other_examples_too(fit, plugins):
    found = dl.evaluate(fit("given"), data=(X[:5] + 0.001, NAMED[:5]), plugins=plugins)
    assert (found.examples, found.in_training) == (5, 0)


def test_a_network_of_one_s_own_is_trained_as_a_copy(fit, plugins):
    network = build((2,), 3)
    before = [parameter.clone() for parameter in network.parameters()]
    first, second = fit((X, Y), model=network), fit((X, Y), model=network)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    assert first.history.column("val_loss") == second.history.column("val_loss")
    assert first.manifest.in_memory == ("data", "model")
    trained = dl.load(first, plugins=plugins)
    assert not torch.equal(before[0], next(trained.network.parameters()))


def test_a_function_builds_a_network_for_a_named_data_set(fit, plugins, runs):
    run = fit("given", model=build)
    assert run.manifest.in_memory == ("model",) and run.name == "0001-clouds-in-memory"
    again = dl.open_run("last", runs)
    with pytest.raises(dl.BadRun) as refused:
        dl.predict(again, X[:1], plugins=plugins)
    assert str(refused.value) == (
        "0001-clouds-in-memory was fitted with a network in memory; give it again, in Python: dl.load(run, model=build)"
    )
    assert dl.predict(again, X[:1], model=build, plugins=plugins)[0].answer == NAMED[0]


def test_an_optimizer_and_callbacks_of_one_s_own_take_part(fit, plugins, runs):
    counted, made = Count(), []

    def slow(parameters):
        made.append(torch.optim.SGD(parameters, lr=0.25))
        return made[-1]

    run = fit((X, Y), optimizer=slow, callbacks=[counted])
    assert counted.epochs == 3 and run.history.column("lr") == [0.25] * 3
    assert run.manifest.in_memory == ("data", "optimizer") and run.recipe.train["optimizer"] == "in-memory"
    assert dl.predict(dl.open_run("last", runs), X[:1], plugins=plugins)[0].answer == str(Y[0])


def test_a_schedule_moves_the_rate_of_an_optimizer_of_one_s_own(fit):
    run = fit((X, Y), optimizer=lambda parameters: torch.optim.Adagrad(parameters, lr=0.5), schedule="one-cycle")
    assert max(run.history.column("lr")) <= 0.5 and run.history.column("lr")[-1] < 0.01


def test_an_optimizer_by_its_name_is_the_recipe_s(fit):
    assert fit((X, Y), optimizer="sgd").recipe.train["optimizer"] == "sgd"


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"model": 3}, "model= takes a name, a network or a function; '3' was given"),
        (
            {"model": nn.Linear(2, 7)},
            "the network given as model= gives torch.float32 of shape (1, 7), not real logits of shape (1, 3)",
        ),
        (
            {"model": lambda shape, outputs: None},
            "the function given as model= returned NoneType, not an nn.Module",
        ),
        ({"optimizer": 3}, "optimizer= takes a name, or a function from parameters to an optimizer; '3' was given"),
        (
            {"optimizer": lambda parameters: None},
            "the function given as optimizer= returned NoneType, not an optimizer of torch",
        ),
        (
            {"optimizer": torch.optim.LBFGS},
            "LBFGS needs a closure in each step, which dl does not support",
        ),
        ({"callbacks": [print]}, "callbacks= takes callbacks of Lightning; a builtin_function_or_method was given"),
        ({"width": 3}, "no option named 'width' for this fit; did you mean 'weights'?  see: dl show linear"),
        (
            {"group_on": "who"},
            "no option named 'group_on' for this fit  see: dl show linear",
        ),
        ({"target": "price"}, "target='price' names a column of a frame; an array of float32 (120, 2) was given"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:40],
)
def test_what_does_not_fit_is_refused_in_one_line_before_a_folder_is_made(fit, runs, choices, line):
    data = X if "target" in choices else (X, Y)
    with pytest.raises(dl.BadOption) as refused:
        fit(data, **choices)
    assert str(refused.value).startswith(line) and not list(runs.glob("0*"))


def test_a_network_that_fails_on_an_input_is_named_with_its_shape(fit):
    with pytest.raises(
        dl.BadOption, match=r"^the network given as model= fails on an input of shape \(2,\): RuntimeError"
    ):
        fit((X, Y), model=nn.Linear(5, 3))


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (X, "an array of float32 (120, 2) was given without a target; give a pair: (inputs, targets)"),
        ((X, Y[:3]), "120 inputs and 3 targets do not match; give one target for each input"),
        ((["a", "b"], [0, 1]), "numbers reads arrays; a list of 2 strings was given"),
        (3, "data is an int; give an array, a tensor, a frame, a list, or a data set with a length"),
    ],
    ids=["without a target", "of two lengths", "of another domain", "of no kind"],
)
def test_data_that_cannot_be_learnt_from_is_refused_in_one_line(fit, data, line):
    with pytest.raises(dl.BadData) as refused:
        fit(data)
    assert str(refused.value) == line


def test_what_is_in_memory_does_not_go_beside_a_name(fit):
    with pytest.raises(dl.BadOption, match=r"^test= needs data in memory; 'given' is a name or a path$"):
        fit("given", test=(X, Y))
    with pytest.raises(
        dl.BadOption, match=r"^with 'given', target= takes names of columns; give targets in memory with inputs$"
    ):
        fit("given", target=Y)


def test_what_is_in_memory_is_trained_on_one_device(plugins, runs):
    with pytest.raises(
        dl.BadDevices, match=r"^data, networks and callbacks in memory need one device, not 2; leave devices= out$"
    ):
        dl.fit("numbers", (X, Y), plugins=plugins, runs=runs, devices=dl.Devices("cpu", "2"))


def test_a_domain_that_takes_nothing_from_memory_says_so(fit, plugins, monkeypatch):
    spec = plugins.domains["numbers"]
    bare = replace(spec, load=lambda: replace(spec.load(), from_memory=None))
    without = replace(plugins, domains={"numbers": bare})
    with pytest.raises(
        dl.BadData, match=r"^numbers takes no inputs from memory; give a path, or the name of a data set$"
    ):
        dl.fit("numbers", (X, Y), plugins=without)


def test_the_recipe_of_such_a_run_says_what_to_give_again(fit, runs, plugins):
    run = fit((X, Y), model=build)
    recipe = str(run.path / "recipe.toml")
    with pytest.raises(dl.UnknownName, match=r"^the network of this recipe was given in memory; give it again: "):
        dl.fit(recipe=recipe, plugins=plugins)
    with pytest.raises(dl.UnknownName, match=r"^the data of this recipe was given in memory; give it again: "):
        dl.fit(recipe=recipe, model=build, plugins=plugins)
    again = fit((X, Y), recipe=recipe, model=build, epochs=3)
    assert again.manifest.parts == run.manifest.parts


def test_open_run_finds_the_last_one_by_itself(fit, runs, monkeypatch):
    run = fit((X, Y), epochs=1)
    monkeypatch.chdir(runs.parent)
    assert {found.name for found in map(dl.open_run, ("last", 1, "1", run.name, run.path))} == {dl.open_run().name}


def test_a_run_forgets_what_is_at_hand_where_it_is_pickled_by_its_path(fit):
    run = fit((X, Y), epochs=1)
    assert pickle.loads(pickle.dumps(dl.Run(run.path))) == run
