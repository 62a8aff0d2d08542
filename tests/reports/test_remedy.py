"""Remedies: next commands that resolve to exactly what is meant."""

import shlex
from dataclasses import replace

import pytest
import tomli_w

from dl.defaults import DataFacts
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle
from dl.runs.run import Run
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.remedy import (
    again,
    against_overfitting,
    as_model,
    cross_validate,
    fit_rival,
    larger,
    longer,
    option,
    slower,
    until,
)

OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}


def test_the_next_command_gives_the_very_recipe_that_is_meant(simulated, plugins, meant_by):
    run = simulated(signal=[3.0], options={"lr": 0.01, "val": 500.0})
    meant = meant_by(again(Facts(read(run), plugins), epochs=7))
    assert meant.train == {**run.recipe.train, "epochs": 7} and meant.split == run.recipe.split


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ({}, "dl fit vision mnist epochs=7"),
        ({"recipe": "book-convnet"}, "dl fit vision mnist --recipe book-convnet epochs=7"),
        ({"model": "dense", "seed": 3}, "dl fit vision mnist --model dense --seed 3 epochs=7"),
        ({"domain": "text", "data": "phrase-languages"}, "dl fit text phrase-languages epochs=7"),
        ({"domain": "text", "data": "phrase-languages", "model": "lstm"}, "--model lstm epochs=7"),
        ({"reg": {"l2": "1e-3"}, "options": {"val": "500"}}, "dl fit vision mnist epochs=7 val=500 --reg l2=0.001"),
    ],
)
def test_the_next_command_says_no_more_than_it_must(simulated, plugins, said, command):
    run = simulated(signal=[3.0])
    recipe = resolve(plugins, **{"domain": "vision", "data": "mnist", **said})
    (run.path / "recipe.toml").write_text(recipe.to_toml())
    assert again(Facts(read(Run(run.path)), plugins), epochs=7).endswith(command)


def test_a_command_that_would_be_the_same_fit_again_is_none(simulated, plugins):
    facts = Facts(read(simulated(signal=[3.0], options={"monitor": "loss"})), plugins)
    assert again(facts, monitor="loss") == "" and again(facts) == "" and again(facts, monitor="metric") != ""


@pytest.mark.parametrize("reg", [{}, {"random-shift": {"pixels": 3}, "dropout": {"rate": 0.1}}])
def test_every_remedy_that_is_offered_is_a_command_that_resolves_to_that_remedy(simulated, plugins, meant_by, reg):
    run = simulated(**OVERFIT)
    recipe = replace(run.recipe, regularizers=reg, model_options={**run.recipe.model_options, "dropout": 0.0})
    (run.path / "recipe.toml").write_text(tomli_w.dumps(as_toml(recipe)))
    offered = against_overfitting(Facts(read(Run(run.path)), plugins))
    assert len(offered) >= 3 and len({one.typed for one in offered}) == len(offered)
    for one in offered:
        assert set(one.typed.split()) <= set(shlex.split(one.command))
        meant = meant_by(one.command)
        added = dict(meant.regularizers)
        assert {name: added.pop(name, None) for name in reg} == {name: given for name, given in reg.items()}
        assert one.typed in [f"--reg {plugins.regularizers[name].typed(given)}" for name, given in added.items()] or (
            one.typed == "dropout=0.5" and meant.model_options["dropout"] == 0.5 and not added
        )


def as_toml(recipe):
    groups = {"model": {"name": recipe.model, **recipe.model_options}, "reg": recipe.regularizers}
    head = {"domain": recipe.domain, "data": recipe.data}
    return head | groups | {"train": recipe.train, "split": recipe.split, "options": recipe.data_options}


def test_a_run_on_a_path_is_gone_on_with_by_its_recipe_file(simulated, plugins):
    run = simulated(signal=[3.0])
    recipe = (run.path / "recipe.toml").read_text()
    (run.path / "recipe.toml").write_text(recipe.replace('data = "mnist"', 'data = "/nowhere/at all"'))
    assert again(Facts(read(run), plugins), epochs=7) == ""  # what cannot be resolved is not offered


def test_each_remedy_changes_its_own_option(simulated, plugins, meant_by):
    facts = Facts(read(simulated(signal=[3.0] * 3, options={"lr": 0.01})), plugins)
    assert meant_by(slower(facts)).train["lr"] == 0.001
    assert meant_by(slower(facts, 10.0)).train["lr"] == 0.1
    assert meant_by(longer(facts)).train["epochs"] == 6
    assert meant_by(until(facts, 2)).train["epochs"] == 2
    cyclic = Facts(read(simulated(signal=[3.0] * 3, options={"schedule": "one-cycle"})), plugins)
    assert until(cyclic, 2) == "", "its second epoch would be another"
    assert meant_by(larger(facts)).model_options["width"] == 1024


def test_an_option_is_a_number_of_the_model_the_training_or_the_split(simulated, plugins):
    facts = Facts(read(simulated(signal=[3.0])), plugins)
    assert (option(facts, "width"), option(facts, "epochs"), option(facts, "nothing")) == (512.0, 1.0, None)
    assert option(facts, "optimizer") is None, "a word is no number"


def test_without_a_recipe_there_is_no_remedy(simulated, plugins):
    run = simulated(signal=[3.0])
    (run.path / "recipe.toml").unlink()
    facts = Facts(read(Run(run.path)), plugins)
    assert again(facts, epochs=7) == "" and against_overfitting(facts) == [] and slower(facts) == ""


def test_on_few_examples_the_short_command_means_what_the_data_made_of_the_fit(simulated, plugins):
    run = simulated(signal=[3.0])
    few = DataFacts(150, shape=(28, 28, 1), target="classes", outputs=10)
    manifest = replace(run.manifest, data=few)
    meant = settle(resolve(plugins, "vision", "mnist"), few, plugins)[0]
    for name, text in (("recipe.toml", meant.to_toml()), ("run.json", manifest.to_json())):
        (run.path / name).write_text(text)
    facts = Facts(read(Run(run.path)), plugins)
    assert again(facts, lr=0.001) == "dl fit vision mnist lr=0.001"
    once = replace(meant, train={**meant.train, "epochs": 1})
    (run.path / "recipe.toml").write_text(once.to_toml())
    assert longer(Facts(read(Run(run.path)), plugins)) == "dl fit vision mnist", "with the many epochs of so few digits"
    typed = resolve(plugins, "vision", "mnist", options={"lr": 0.001})
    assert settle(typed, few, plugins)[0] == replace(meant, train={**meant.train, "lr": 0.001})


def test_a_run_that_kept_no_facts_of_its_data_is_gone_on_with_by_its_recipe(simulated, plugins):
    run = simulated(signal=[3.0])
    (run.path / "recipe.toml").write_text(resolve(plugins, "vision", "mnist", recipe="fast").to_toml())
    (run.path / "run.json").write_text(replace(run.manifest, data=None).to_json())
    assert again(Facts(read(Run(run.path)), plugins), epochs=7) == "dl fit vision mnist --recipe fast epochs=7"


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ({}, "dl fit vision mnist --model linear"),
        ({"model": "dense", "seed": 3, "reg": {"l2": 1e-3}}, "dl fit vision mnist --model linear --seed 3"),
        ({"options": {"val": "500", "epochs": 9}}, "dl fit vision mnist --model linear val=500"),
        ({"options": {"protocol": "kfold:4"}}, "dl cv vision mnist --model linear protocol=kfold:4"),
    ],
)
def test_a_rival_that_wins_is_fitted_on_the_same_split(simulated, plugins, said, command):
    run = simulated(signal=[2.5] * 4, rival=0.99)
    recipe = resolve(plugins, **{"domain": "vision", "data": "mnist", **said})
    (run.path / "recipe.toml").write_text(recipe.to_toml())
    facts = Facts(read(Run(run.path)), plugins)
    rival = next(one for one in facts.manifest.baselines if one.rival)
    assert fit_rival(facts, rival) == command
    assert fit_rival(facts, replace(rival, name="bigram")) == as_model(facts, replace(rival, name="bigram")) == ""


def test_no_folds_are_advised_that_the_rarest_class_cannot_fill(simulated, plugins):
    run = simulated(n=40, shares=(0.5, 0.5))

    def advised(counts):
        task = replace(run.manifest.task, counts=counts)
        (run.path / "run.json").write_text(replace(run.manifest, task=task).to_json())
        return cross_validate(Facts(read(Run(run.path)), plugins))

    assert "protocol=" in advised((100, 100)) and "protocol=" in advised((0, 200))
    run = simulated(n=40, shares=(0.97, 0.03))
    assert advised((199, 1)) == "", "two of a class cannot stand in four folds"
