"""Exported images: pixels of any size are resized as pillow does, those of the run's size not at all."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import dl
from dl_vision.decode import decode
from dl_vision.exported import ToLine, ToSize


def test_pixels_of_the_size_of_the_run_stay_as_they_are():
    pixels = torch.randint(0, 256, (2, 9, 7, 3), dtype=torch.uint8)
    assert torch.equal(ToSize(9, 7)(pixels), pixels.float())


@pytest.mark.parametrize("size", [(18, 21), (40, 40), (5, 6)])
def test_other_sizes_are_resized_as_pillow_does_within_a_level(size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    wanted = np.asarray(Image.fromarray(pixels).resize((7, 9), Image.Resampling.BILINEAR))
    found = ToSize(9, 7)(torch.from_numpy(pixels)[None])[0].numpy()
    assert np.abs(found - wanted).max() <= 1


@pytest.mark.parametrize("size", [(12, 40), (24, 30), (6, 50), (7, 200), (12, 60)])
def test_lines_keep_their_proportions_and_are_padded_as_files_are(size):
    rng = np.random.default_rng(0)
    pixels = np.clip(rng.normal(90, 40, (*size, 1)).round(), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels[:, :, 0]).save(stream, "png")
    wanted = decode(stream.getvalue(), 12, 60, 1, as_line=True)
    found = ToLine(12, 60)(torch.from_numpy(pixels)[None])[0].numpy()
    assert found.shape == wanted.shape and np.abs(found - wanted).max() <= 2


@pytest.mark.check
@pytest.mark.parametrize(
    "data, model",
    [
        ("digits", "convnet"),
        ("digits", "dense"),
        ("mnist-even", "book-convnet"),
        pytest.param("mnist-even", "inception", marks=pytest.mark.slow),
        pytest.param("mnist-attributes", "separable", marks=pytest.mark.slow),
    ],
)
def test_every_network_on_images_answers_alike(data, model, tmp_path, one_thread, monkeypatch):
    options = {} if data == "digits" else {"val": 500, "width": 4}
    run = dl.fit("vision", data, model=model, epochs=1, runs=tmp_path, rivals=False, **options)
    assert dl.export(run, "folder", out=tmp_path / "network").agreement.share == 1.0
    done = dl.export(run, "onnx", out=tmp_path / "network.onnx")
    assert done.agreement.share == 1.0 and done.agreement.difference < 1e-4
