"""The models that are registered, and what a command says of a family without its package."""

import subprocess
import sys

import pytest

from dl.errors import BadOption, UnknownName
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.testing import check_model
from dl_backbones import plugin


def test_registering_imports_nothing_heavy():
    code = "import sys; from dl_backbones import plugin; plugin.register_models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "sklearn", "timm", "torchvision"} & set(done.stdout.split())


def test_images_of_a_folder_are_read_as_the_network_needs_them(folder):
    plugins = load_plugins()
    recipe = resolve(plugins, "vision", str(folder), model="efficientnet-lite0")
    assert (recipe.data_options["size"], recipe.data_options["scale"]) == (224, "unit")
    typed = resolve(plugins, "vision", str(folder), model="efficientnet-lite0", options={"size": "64"})
    assert typed.data_options["size"] == 64
    assert resolve(plugins, "vision", "mnist", model="efficientnet-lite0").data_options["size"] == 0


def test_a_file_of_weights_is_stored_absolute_and_words_as_they_are(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    plugins, model = load_plugins(), "efficientnet-lite0"
    for typed, wanted in (("auto", "auto"), ("none", "none"), ("a.pth", str(tmp_path / "a.pth"))):
        recipe = resolve(plugins, "vision", str(folder), model=model, options={"weights": typed})
        assert recipe.model_options["weights"] == wanted


@pytest.mark.parametrize("family", ["timm", "torchvision"])
def test_a_family_without_a_name_says_how_to_name_one(family):
    spec = load_plugins().model("vision", family)
    with pytest.raises(
        BadOption, match=f"'{family}' is a family of networks; name one after a colon, as {family}:NAME"
    ):
        _ = spec.network
    with pytest.raises(UnknownName, match=f"no vision model named '{family}:'"):
        load_plugins().model("vision", f"{family}:")


def test_a_name_after_a_colon_is_a_model():
    spec = load_plugins().model("vision", "timm:resnet18")
    assert spec.name == "timm:resnet18"
    assert spec.options == plugin.OPTIONS


def test_a_family_is_left_out_of_the_rules_for_networks():
    plugins = load_plugins()
    found = {one.rule: one.state for one in check_model(plugins.model("vision", "timm"), plugins)}
    assert found["it is built"] == "skipped" and "failed" not in found.values()


@pytest.mark.slow
def test_a_network_that_begins_with_weights_holds_every_rule():
    plugins = load_plugins()
    found = {one.rule: one.state for one in check_model(plugins.model("vision", "efficientnet-lite0"), plugins)}
    assert found["it overfits one batch"] == found["it survives saving and loading"] == "ok"
