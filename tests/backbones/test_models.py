"""Fits with EfficientNet-Lite0 on forty tiles of two photographs: features are computed once, and runs can be used."""

from pathlib import Path

import pytest
import torch

import dl
from dl.errors import BadFile, BadRun
from dl.plugins.loading import load_plugins
from dl_backbones import models
from dl_backbones.bodies import PhotoBody

SMALL = {"size": 64, "side": 64, "epochs": 4}


@pytest.fixture(scope="module")
def fit(folder, tmp_path_factory):
    """A function that fits the network on the tiles, in one cache for all."""
    root = tmp_path_factory.mktemp("fits")

    def make(**options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DL_CACHE", str(root / "cache"))
            chosen = {"model": "efficientnet-lite0", **SMALL, **options}
            return dl.fit("vision", str(folder), runs=root / "runs", **chosen)

    make.root = root
    return make


@pytest.fixture(scope="module")
def frozen(fit):
    return fit()


def answers(run, folder):
    return [one.answer for one in dl.predict(run, str(folder))]


def test_a_head_on_features_tells_the_photographs_apart(frozen, folder):
    assert frozen.best["val_accuracy"] == 1
    wanted = [path.parent.name for path in sorted(folder.rglob("*.png"))]
    assert sorted(answers(frozen, folder)) == sorted(wanted)


def test_the_run_keeps_the_head_alone(frozen):
    assert frozen.weights.stat().st_size < 10_000


def test_the_next_fit_computes_no_feature(frozen, fit, monkeypatch):
    read = []
    monkeypatch.setattr(PhotoBody, "forward", lambda body, images: read.append(len(images)) or torch.zeros(1, 1280))
    assert fit(seed=1).best["val_accuracy"] == 1
    assert sum(read) <= 5  # blank images alone, by which the layers are described and tried


def test_a_run_is_refused_where_the_network_has_other_weights(frozen, folder, weights, monkeypatch):
    others = {name: one + 1 if name == "_conv_stem.weight" else one for name, one in weights.items()}
    monkeypatch.setattr(models, "packaged", lambda: others)
    with pytest.raises(BadRun, match="the body efficientnet-lite0 has other weights"):
        dl.predict(frozen, str(folder))


def test_stages_are_trained_from_a_head_that_is_solved_and_the_run_keeps_all(fit, folder):
    run = fit(unfreeze=1, epochs=1, batch_size=32)
    assert run.best["val_accuracy"] == 1
    assert run.weights.stat().st_size > 10_000_000
    assert len(answers(run, folder)) == 40


def test_a_run_from_a_file_of_weights_needs_it_no_longer(fit, folder, weights, tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(weights, path)
    run = fit(weights=str(path), epochs=1)
    before = answers(run, folder)
    path.unlink()
    assert answers(run, folder) == before


def test_weights_that_are_asked_for_and_not_there_are_an_error_before_a_run_is_made(fit):
    before = sorted(fit.root.glob("runs/*"))
    with pytest.raises(BadFile, match=r"weights=.*nowhere\.pth: No such file"):
        fit(weights=str(Path("nowhere.pth").absolute()))
    assert sorted(fit.root.glob("runs/*")) == before


def test_from_the_start_everything_is_trained():
    spec = load_plugins().model("vision", "efficientnet-lite0")
    options = {option.name: option.default for option in spec.options} | {"weights": "none", "side": 32}
    network = spec.network((1, 28, 28), 10, options)
    models.start(network, options)
    assert all(one.requires_grad for one in network.parameters())
    assert network.eval()(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_the_same_network_computes_features_for_learners_once_in_a_process():
    assert models.extractor(3, 64, 64, 64, 128) is models.extractor(3, 64, 64, 64, 128)
