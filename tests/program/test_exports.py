"""Every shipped network is exported and answers as its run does, or its one-line reason is known."""

import numpy as np
import pytest

import dl
from dl.errors import BadOption
from dl.plugins.loading import load_plugins

OF_TEXT = ("text", "phrase-language")
EXPORTED = {
    **{("sequence", name): ("sequence", "digit-rows") for name in ("conv1d", "gru", "lstm", "transformer")},
    **{("tabular", name): ("tabular", "wine") for name in ("dense", "residual")},
    **{("text", name): OF_TEXT for name in ("bag", "conv1d", "embedding-bag", "lstm", "transformer")},
    **{
        ("vision", name): ("vision", "")
        for name in ("book-convnet", "convnet", "dense", "efficientnet-lite0", "inception", "resnet", "separable")
    },
}
REFUSED = {
    ("frames", "conv-lstm"): "its answer is an input",
    ("tabular", "autoencoder"): "its answer is an input",
    ("vision", "autoencoder"): "its answer is an input",
    ("vision", "conv-autoencoder"): "its answer is an input",
    ("vision", "crnn"): "its answer is a string",
}
ELSEWHERE = {("mixed", "branches"), ("vision", "timm"), ("vision", "torchvision")}  # its own test; packages of others


def test_every_shipped_network_is_in_the_table():
    networks = {key for key, model in load_plugins().models.items() if not model.is_learner}
    assert networks == set(EXPORTED) | set(REFUSED) | ELSEWHERE


def pictures():
    """Sixty small colour pictures, bright or dark."""
    rng = np.random.default_rng(0)
    bright = np.arange(60) % 2
    return rng.integers(0, 128, (60, 32, 32, 3)).astype(np.uint8) + 127 * bright[:, None, None, None].astype(
        np.uint8
    ), np.array(["dark", "bright"])[bright]


@pytest.mark.slow
@pytest.mark.parametrize("key", EXPORTED, ids="-".join)
def test_every_network_is_exported_and_answers_as_its_run(key, tmp_path, one_thread):
    domain, data = EXPORTED[key]
    run = dl.fit(domain, data or pictures(), model=key[1], epochs=1, runs=tmp_path / "runs", rivals=False)
    for to, name in (("folder", "network"), ("onnx", "network.onnx")):
        done = run.export(to, out=tmp_path / name)
        assert done.agreement.share == 1.0 and done.agreement.difference < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["autoencoder", "conv-autoencoder"])
def test_an_autoencoder_of_pictures_is_refused_in_one_line(name, tmp_path, one_thread):
    options = {"model": name, "task": "reconstruction", "epochs": 1, "rivals": False}
    run = dl.fit("vision", "digits", runs=tmp_path, **options)
    with pytest.raises(BadOption, match=f"^{run.name} cannot be exported: {REFUSED['vision', name]}"):
        run.export("folder", out=tmp_path / "network")
