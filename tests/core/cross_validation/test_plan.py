from dataclasses import replace

import numpy as np

from dl.cross_validation.plan import make_plan
from dl.recipes.resolve import resolve


def plan_of(plugins_with, given, by_size=True, **options):
    plugins = plugins_with(given=given)
    return make_plan(resolve(plugins, "numbers", "given", options=options), given, plugins, by_size=by_size)


def test_copies_count_as_one_example(dataset, plugins_with):
    inputs = np.repeat(np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32), 4, axis=0)
    plan = plan_of(plugins_with, dataset(inputs, np.arange(2_000) // 4 % 2))
    assert str(plan.protocol) == "iterated-kfold:4x3"
    assert plan.reason == "500 are few: each is held out once in each of 3 rounds"


def test_what_depends_on_the_target_is_the_same_in_every_fold(dataset, plugins_with):
    inputs = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    prices = np.exp(inputs[:, 0] * 2 + 5).astype(np.float64)
    plan = plan_of(plugins_with, dataset(inputs, prices))
    assert plan.pinned["target_scale"] == "log" == plan.fold_recipe(1).train["target_scale"]
    found = plan_of(plugins_with, dataset(inputs, (np.arange(200) > 190).astype(np.int64), ("common", "rare")))
    assert found.pinned["positive"] == "rare" and found.recipe.train["positive"] == "auto"


def test_a_fold_has_the_recipe_with_its_number(blobs, plugins_with):
    plan = plan_of(plugins_with, blobs(80), by_size=False, protocol="kfold:3")
    assert plan.fold_recipe(2).split["fold"] == 2 and plan.fold_recipe(2).split["protocol"] == "kfold:3"
    assert plan.recipe.split["fold"] == 0 and not plan.recipe.is_open


def test_forward_in_time_the_protocol_follows_the_number_of_times_and_no_class(dataset, plugins_with):
    inputs = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    rare = (np.arange(30) > 27).astype(np.int64)
    given = dataset(inputs, rare, ("common", "rare"))
    plan = plan_of(plugins_with, replace(given, train=replace(given.train, times=np.arange(30) % 3)))
    assert str(plan.protocol) == "kfold:2"  # three times: the first is never held out
    plan = plan_of(plugins_with, replace(given, train=replace(given.train, times=np.arange(30))))
    assert str(plan.protocol) == "kfold:4"


def test_groups_of_several_classes_have_members_of_each(dataset, plugins_with):
    inputs = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    given = dataset(inputs, np.arange(60) % 2, ("a", "b"))
    plan = plan_of(plugins_with, replace(given, train=replace(given.train, groups=np.arange(60) // 12)))
    assert str(plan.protocol) == "iterated-kfold:4x3"
