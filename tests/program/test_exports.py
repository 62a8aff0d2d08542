"""Every shipped network is exported and answers as its run does."""

import numpy as np
import pytest

import dl
from dl.plugins.loading import load_plugins

OF_TEXT = ("text", "phrase-language")
OTHERS = {"task": "reconstruction"}
EXPORTED = {
    ("frames", "conv-lstm"): ("frames", "", {"steps": 4, "width": 4}),
    **{("sequence", name): ("sequence", "digit-rows", {}) for name in ("conv1d", "gru", "lstm", "transformer")},
    **{("tabular", name): ("tabular", "wine", {}) for name in ("dense", "residual")},
    ("tabular", "autoencoder"): ("tabular", "wine", OTHERS),
    **{("text", name): (*OF_TEXT, {}) for name in ("bag", "conv1d", "embedding-bag", "lstm", "transformer")},
    **{
        ("vision", name): ("vision", "", {})
        for name in ("book-convnet", "convnet", "dense", "efficientnet-lite0", "inception", "resnet", "separable")
    },
    **{("vision", name): ("vision", "digits", OTHERS) for name in ("autoencoder", "conv-autoencoder")},
    ("vision", "crnn"): ("vision", "", {}),
}
ELSEWHERE = {("mixed", "branches"), ("vision", "timm"), ("vision", "torchvision")}  # its own test; packages of others


def test_every_shipped_network_is_in_the_table():
    networks = {key for key, model in load_plugins().models.items() if not model.is_learner}
    assert networks == set(EXPORTED) | ELSEWHERE


def pictures():
    """Sixty small colour pictures, bright or dark."""
    rng = np.random.default_rng(0)
    bright = np.arange(60) % 2
    return rng.integers(0, 128, (60, 32, 32, 3)).astype(np.uint8) + 127 * bright[:, None, None, None].astype(
        np.uint8
    ), np.array(["dark", "bright"])[bright]


def films():
    """Twenty films of eight frames."""
    return np.random.default_rng(0).integers(0, 256, (20, 8, 12, 12), np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("key", EXPORTED, ids="-".join)
def test_every_network_is_exported_and_answers_as_its_run(key, tmp_path, one_thread):
    domain, data, options = EXPORTED[key]
    made = data or {"vision": pictures, "frames": films}[domain]()
    run = dl.fit(domain, made, model=key[1], epochs=1, runs=tmp_path / "runs", rivals=False, **options)
    for to, name in (("folder", "network"), ("onnx", "network.onnx")):
        done = run.export(to, out=tmp_path / name)
        assert done.agreement.share == 1.0 and done.agreement.difference < (2 if domain == "frames" else 1e-3)
