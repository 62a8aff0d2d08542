"""Defaults of images: by how many there are and how large they are."""

import numpy as np
import pytest

import dl
from dl.defaults import DataFacts
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, examples, shape=(28, 28, 1), **said):
    data = DataFacts(examples, shape=shape, target="classes", outputs=10)
    return settle(resolve(plugins, "vision", "mnist", **said), data, plugins)[0]


@pytest.mark.parametrize("model", ["convnet", "dense", "book-convnet"])
@pytest.mark.parametrize("examples", [4, 60, 150, 700, 5_000, 20_000, 24_999])
def test_every_network_takes_900_steps_or_60_epochs(plugins, examples, model):
    recipe = settled(plugins, examples, model=model)
    steps = -(-round(0.8 * examples) // recipe.train["batch_size"])
    assert recipe.train["epochs"] == 60 or 900 <= steps * recipe.train["epochs"] < 900 + steps


def test_from_20_000_training_images_nothing_follows(plugins):
    assert settled(plugins, 25_000) == resolve(plugins, "vision", "mnist", recipe="fast")


@pytest.mark.parametrize(("side", "pixels"), [(14, 1), (28, 2), (224, 16)])
def test_few_images_are_shifted_by_a_fourteenth_of_their_side(plugins, side, pixels):
    assert settled(plugins, 500, (side, side, 3)).regularizers["random-shift"] == {"pixels": pixels}
    assert "random-shift" not in settled(plugins, 500, (8, 8, 1)).regularizers, "a pixel is too much of 8"


def test_very_few_images_are_learnt_in_small_steps_and_judged_by_the_loss(plugins):
    few, more = settled(plugins, 150).train, settled(plugins, 500).train
    assert (few["lr"], few["optimizer"], few["monitor"]) == (0.003, "adamw", "loss")
    assert (more["lr"], more["optimizer"], more["monitor"]) == (0.01, "adam", "metric")


@pytest.mark.parametrize(
    ("examples", "shape", "model", "on"),
    [
        (150, (28, 28, 1), "convnet", True),
        (150, (28, 28, 1), "dense", True),
        (9_000, (28, 28, 1), "convnet", True),
        (25_000, (28, 28, 1), "convnet", False),
        (150, (224, 224, 3), "convnet", False),
    ],
)
def test_few_small_images_have_a_linear_path(plugins, examples, shape, model, on):
    assert settled(plugins, examples, shape, model=model).model_options["linear"] is on


def test_a_linear_path_that_knows_no_weights_of_classes_is_left_out_beside_them(plugins):
    for name in ("resample", "class-weights", "focal"):
        assert settled(plugins, 150, reg={name: {}}).model_options["linear"] is False


def test_a_model_without_the_option_has_no_linear_path(plugins):
    assert "linear" not in settled(plugins, 150, model="book-convnet").model_options


def test_templates_under_noise_are_learnt_by_the_linear_path_where_the_network_learns_the_noise(tmp_path):
    rng = np.random.default_rng(0)
    kinds, template = np.arange(520) % 2, rng.normal(0, 16, (2, 12, 12))
    images = (128 + template[kinds] + rng.normal(0, 50, (520, 12, 12))).clip(0, 255).astype(np.uint8)[..., None]
    names, right = np.array(["a", "b"])[kinds], []
    for on in (True, False):
        run = dl.fit("vision", (images[:120], names[:120]), epochs=2, batch_size=32, linear=on, runs=tmp_path)
        found = [prediction.answer for prediction in dl.predict(run, images[120:])]
        right.append(np.mean(np.array(found) == names[120:]))
        assert ("linear_share" in run.history.rows[-1]) is on
    assert right[0] > 0.85 and right[0] > right[1] + 0.1
