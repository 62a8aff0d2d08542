"""Each augmentation in real short fits: on a few digits, and on a few texts."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import dl
from dl.errors import UnknownName
from dl.training.devices import Devices

IMAGES = {
    "augment": {"policy": "strong"},
    "random-shift": {"pixels": 2},
    "random-flip": {"share": 0.5},
    "random-crop": {"least": 0.7},
    "random-rotate": {"degrees": 10.0},
    "random-colour": {"most": 0.2},
    "random-erase": {"share": 0.5},
    "cutmix": {"share": 1.0},
}
STILL = {"optimizer": "sgd", "lr": 0.0, "monitor": "loss"}


@pytest.fixture
def fit_text(plugins, tmp_path):
    """A function that fits an LSTM on eighty short reviews: fit_text({"word-dropout": 0.5}, ...)."""
    words = ("good fine great", "bad dull poor")
    rows = [f"{words[k % 2]} film number {k},{('good', 'bad')[k % 2]}\n" for k in range(80)]
    (tmp_path / "reviews.csv").write_text("review,label\n" + "".join(rows))
    small = {"model": "lstm", "embedding": 8, "units": 8, "epochs": 3}

    def run(reg=None, **choices):
        given = {"plugins": plugins, "runs": tmp_path / "runs", "devices": Devices("cpu", "1"), "reg": reg or {}}
        return dl.fit("text", str(tmp_path / "reviews.csv"), **given, **{**small, **choices})

    return run


def weights(run):
    return load_file(run.weights)


def test_all_that_the_plugin_registers_is_tried_here(plugins):
    (own,) = [state for state in plugins.states if state.name == "augment"]
    registered = {name for names in own.registered.values() for name in names}
    assert registered == {*IMAGES, "word-dropout"}


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_scored_as_they_are(fit, name):
    with_it, without = fit({name: IMAGES[name]}, **STILL), fit(**STILL)
    for part in ("val", "probe"):
        assert np.array_equal(with_it.outcomes(part).loss, without.outcomes(part).loss)


def test_digits_are_neither_mirrored_nor_cut_and_the_recipe_says_so_unless_it_is_asked_for(fit):
    settled = {
        one: fit({"augment": {"policy": "light", **given}}, epochs=1).recipe.regularizers["augment"]
        for one, given in (("auto", {}), ("asked", {"flip": "yes"}))
    }
    assert settled["auto"] == {"policy": "light", "flip": "no", "crop": "no"}
    assert settled["asked"] == {"policy": "light", "flip": "yes", "crop": "no"}


def test_texts_are_scored_as_they_are(fit_text):
    with_it, without = fit_text({"word-dropout": 0.5}, **STILL), fit_text(**STILL)
    for part in ("val", "probe"):
        assert np.array_equal(with_it.outcomes(part).loss, without.outcomes(part).loss)


@pytest.mark.parametrize("name", IMAGES)
def test_one_seed_gives_one_network_of_images_and_another_than_without(fit, name):
    first, second, without = fit({name: IMAGES[name]}), fit({name: IMAGES[name]}), fit()
    assert all(np.array_equal(value, weights(second)[key]) for key, value in weights(first).items())
    assert not np.array_equal(first.outcomes("val").loss, without.outcomes("val").loss)


def test_one_seed_gives_one_network_of_texts_and_another_than_without(fit_text):
    first, second, without = (fit_text(reg, lr=0.05) for reg in ({"word-dropout": 0.5}, {"word-dropout": 0.5}, {}))
    assert all(np.array_equal(value, weights(second)[key]) for key, value in weights(first).items())
    assert not np.array_equal(first.outcomes("val").loss, without.outcomes("val").loss)


def test_images_in_a_shift_of_many_are_learnt_on_a_convnet(fit):
    reg = {"random-crop": 0.9, "random-shift": 2, "random-flip": 0.0, "cutmix": 0.5, "dropout": 0.2}
    run = fit(reg, recipe="book-convnet", model="book-convnet", width=4, epochs=8)
    assert run.history.column("val_loss")[-1] < run.history.column("val_loss")[0]
    assert list(run.recipe.regularizers) == ["dropout", "random-crop", "random-flip", "random-shift", "cutmix"]


def test_the_run_of_texts_can_be_tested_by_its_own_predictions(fit_text, plugins):
    run = fit_text({"word-dropout": 0.3}, epochs=20, lr=0.05)
    good, bad = dl.predict(run, texts=["a great film", "a dull film"], plugins=plugins)
    assert (good.answer, bad.answer) == ("good", "bad")


def test_images_are_not_texts_and_texts_are_no_images(fit, fit_text):
    with pytest.raises(UnknownName, match="the regularizer 'word-dropout' is for text, not for vision"):
        fit({"word-dropout": 0.5})
    with pytest.raises(UnknownName, match="the regularizer 'random-shift' is for vision, not for text"):
        fit_text({"random-shift": 2})


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true", "64-true"])
def test_images_of_other_number_types_are_changed_too(fit, precision):
    run = fit(IMAGES, precision=precision, epochs=1)
    assert np.isfinite(run.history.rows[0]["val_loss"])


def test_no_random_state_of_the_process_is_touched(fit):
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    fit({"random-shift": 2, "cutmix": 1.0, "dropout": 0.5}, epochs=1)
    assert torch.equal(torch.rand(3), wanted)
