import numpy as np
import pytest

from dl.cross_validation.plan import make_plan, set_up_first
from dl.cross_validation.pooled import fit_pooled
from dl.plugins.at_hand import NOTHING
from dl.recipes.resolve import resolve
from dl.runs.commit import commit
from dl.runs.outcomes import write_arrays
from dl.training.devices import Devices
from dl.training.prepared import PreparedData


@pytest.fixture
def fitted(blobs, plugins_with, tmp_path):
    """A function that fits three folds with a learning rate, up to a fold: fitted(lr=0.1, stop_after=2)."""
    given = blobs(60)
    plugins = plugins_with(given=given)

    def fit(lr=0.1, stop_after=0):
        options = {"protocol": "kfold:3", "epochs": 1, "lr": lr}
        recipe = resolve(plugins, "numbers", "given", model="linear", options=options)
        plan = make_plan(recipe, given, plugins, by_size=False)
        prepared = PreparedData(given, plugins, NOTHING, lambda one: plan.split(one, plugins))
        prepared.keep(set_up_first(plan, plugins, NOTHING))
        given_ = (tmp_path / "run", plan, prepared.set_up, Devices("cpu", "1"), plugins)
        return fit_pooled(*given_, "a trial", lambda done: "enough" if len(done) == stop_after else "")

    return fit


def test_folds_that_a_judge_ends_are_pooled_as_far_as_they_are(fitted):
    run = fitted(stop_after=2)
    assert (run.manifest.status, run.manifest.message, run.manifest.name) == ("finished", "enough", "a trial")
    assert len(run.manifest.folds) == len(run.folds) == 2 and len(run.outcomes("val").ids) == 40


def test_finished_folds_of_the_same_recipe_are_kept_and_those_of_another_one_removed(fitted):
    first = fitted()
    logits = np.zeros((1, 20, 1), np.float32)
    for fold in first.folds[:2]:  # as a kill in the third fold leaves them
        write_arrays(fold.outcomes_folder / "logits.npz", {"logits": logits})
        commit(fold.path, fold.manifest)
    (first.folds[2].path / "run.json").unlink()
    whole = {fold.name: fold.path.stat().st_ino for fold in first.folds[:2]}
    again = fitted()
    assert len(again.manifest.folds) == 3
    assert {fold.name: fold.path.stat().st_ino for fold in again.folds[:2]} == whole
    other = fitted(lr=0.2)
    assert len(other.folds) == 3 and other.recipe.train["lr"] == 0.2
