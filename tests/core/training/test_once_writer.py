"""Short fits, of which there are several: what they write at their end, cut off and going on."""

import pytest
from lightning.pytorch.utilities.seed import isolate_rng

from dl import sealed
from dl.recipes.asked import Asked
from dl.runs.commit import commit
from dl.runs.run import open_run
from dl.training.devices import Devices
from dl.training.keeper import StateKeeper
from dl.training.once_writer import OnceWriter
from dl.training.resume import cut_off
from dl.training.run_fit import environment, fit_into
from dl.training.run_writer import RunWriter
from dl.training.setup import set_up
from tests.cutting import Killed, numbers

KINDS = {
    "fold": ({"protocol": "kfold:3", "fold": 1}, {}),
    "short": ({}, {"once": True}),
    "trial": ({}, {"judge": lambda rows, scored: "behind" if len(rows) == 3 else ""}),
    "whole": ({}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_several_fits_that_is_cut_off_goes_on_from_its_state_and_ends_alike(
    kind, plugins_with, blobs, tmp_path, monkeypatch, one_thread
):
    options, how = KINDS[kind]
    plugins = plugins_with(given=blobs())
    given = {"epochs": 4, "batch_size": 10, "save_every": 0, **options}
    recipe = Asked("numbers", "given", "dense", "", "", 0, given, {"dropout": 0.5}).resolved(plugins)
    taken, after_step = [], StateKeeper.after_step

    def fit(name, dies_after=0):
        def step(self, module):
            after_step(self, module)
            taken.append(module.steps_done)
            if module.steps_done == dies_after:
                raise Killed

        taken.clear()
        with monkeypatch.context() as patch, isolate_rng():
            patch.setattr(StateKeeper, "after_step", step)
            if dies_after:
                patch.setattr(RunWriter, "end", lambda *_, **__: None)
                patch.setattr(OnceWriter, "end", lambda *_, **__: None)
            places = (set_up(recipe, plugins), Devices("cpu", "1"), plugins, "one")
            return fit_into(tmp_path / name, *places, **how)

    whole, steps = fit("whole"), len(taken)
    half = steps // 2 + 1
    with pytest.raises(Killed):
        fit("cut", half)
    again = fit("cut")
    assert taken == list(range(half + 1, steps + 1))
    assert len(whole.history) == (3 if kind == "trial" else 4)
    assert numbers(again) == numbers(whole) and again.manifest.message == whole.manifest.message
    names = [name for name in sealed.listed(whole.path) if name.startswith(("outcomes/", "best."))]
    assert names and [name for name in names if sealed.read(again.path / name) != sealed.read(whole.path / name)] == []
    assert (again.path / "checkpoints").exists() is (kind == "whole")


def test_one_of_several_fits_begins_anew_where_its_state_is_that_of_another(plugins_with, blobs, tmp_path, monkeypatch):
    plugins = plugins_with(given=blobs())
    for seed, left in ((0, True), (1, False)):
        given = {"epochs": 2, "save_every": 0}
        recipe = Asked("numbers", "given", "dense", "", "", seed, given, {}).resolved(plugins)
        setup, place = set_up(recipe, plugins), (environment(Devices("cpu", "1")), "one")
        if left:
            monkeypatch.setattr(StateKeeper, "clear", lambda *_: None)
            fit_into(tmp_path / "one", setup, Devices("cpu", "1"), plugins, "one", once=True)
            stored = open_run(tmp_path / "one").manifest.with_status("running")
            commit(tmp_path / "one", stored)
        assert (cut_off(tmp_path / "one", setup, *place) is not None) is left
