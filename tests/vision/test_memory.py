"""Images in memory: which arrays are images, how their values are taken, and what is refused."""

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import dl
from dl.data.memory import take
from dl.errors import BadData, BadFile, BadOption
from dl_vision.memory import from_memory

DIGITS = load_digits()
LEVELS = (DIGITS.images * 15).astype(np.uint8)  # (1797, 8, 8)
OPTIONS = {"size": 0, "colour": "auto", "values": "auto", "bad_files": "stop", "input": ""}


def read(data, **options):
    found = from_memory(take(data), {**OPTIONS, **options}, None)
    return found.train.array, found.options.get("values")


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (LEVELS, "byte"),
        (LEVELS.astype(np.int64), "byte"),
        (LEVELS.astype(np.float32), "byte"),
        (LEVELS / 255, "unit"),
        (LEVELS / 127.5 - 1, "signed"),
        (LEVELS.astype(np.uint16) * 257, "16-bit"),
        (LEVELS[..., None], "byte"),
        (LEVELS[:, None], "byte"),
        (torch.from_numpy(LEVELS / 255)[:, None], "unit"),
    ],
    ids=["uint8", "int64", "whole floats", "0 to 1", "-1 to 1", "uint16", "channels last", "channels first", "tensor"],
)
def test_the_same_digits_are_the_same_pixels_however_they_are_given(data, values):
    pixels, taken = read(data)
    assert taken == values and pixels.shape == (1797, 8, 8, 1) and np.array_equal(pixels[..., 0], LEVELS)


def test_yes_and_no_are_white_and_black():
    pixels, taken = read(LEVELS > 100)
    assert taken == "bool" and set(np.unique(pixels)) == {0, 255}


def test_three_channels_of_a_tensor_stand_first_and_of_an_array_last():
    image = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert np.array_equal(read(image)[0], image)
    assert np.array_equal(read(torch.from_numpy(image.transpose(0, 3, 1, 2).copy()))[0], image)


def test_images_of_pillow_and_paths_are_read_alike(tmp_path):
    images = [Image.fromarray(level) for level in LEVELS[:4]]
    for number, image in enumerate(images):
        image.save(tmp_path / f"{number}.png")
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    frame = pd.DataFrame({"file": map(str, paths), "other": range(4)})
    for data in (images, paths, [str(path) for path in paths], frame):
        assert np.array_equal(read(data)[0][..., 0], LEVELS[:4])
    assert read(images, size=4)[0].shape == (4, 4, 4, 1) and read(images, colour="rgb")[0].shape == (4, 8, 8, 3)


def test_a_data_set_of_hugging_face_brings_images_and_the_names_of_its_classes(tmp_path):
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=list("0123456789")))
    columns = {"image": [Image.fromarray(level) for level in LEVELS[:300]], "label": DIGITS.target[:300].tolist()}
    data = datasets.Dataset.from_dict(columns, features=features)
    run = dl.fit("vision", data, epochs=5, runs=tmp_path / "runs", batch_size=16)
    assert run.manifest.task.names == tuple("0123456789") and run.best["val_accuracy"] > 0.8
    assert dl.evaluate(run, data=data).in_training == 300


@pytest.mark.parametrize(
    ("data", "options", "error", "line"),
    [
        (
            DIGITS.data,
            {},
            BadData,
            "images are (N, height, width) or (N, height, width, channels); an array of float64 (1797, 64) was given; "
            "flat ones have a shape again with .reshape(-1, 8, 8)",
        ),
        (
            np.zeros((2, 7, 8, 9)),
            {},
            BadData,
            "an array of float64 (2, 7, 8, 9): neither the second nor the last axis holds 1, 3 or 4 channels",
        ),
        (
            (LEVELS - 128.0) / 64,
            {},
            BadData,
            "images of float64 with values from -2 to 1.75; expected 0 to 255, 0 to 1 or -1 to 1, since dl "
            "standardizes itself",
        ),
        (np.full((2, 4, 4), np.nan), {}, BadData, "not all values of the images are finite numbers"),
        (LEVELS, {"size": 4}, BadOption, "size=4: the images in the array have 8x8; leave size= out"),
        (LEVELS, {"values": "unit"}, BadData, "images of uint8 with values from 0 to 255; expected values=unit"),
        (["a film"], {}, BadFile, "1 of 1 files cannot be read as images: 'a film: no such file or directory'"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_are_no_images_is_refused_in_one_line(data, options, error, line):
    with pytest.raises(error) as refused:
        read(data, **options)
    assert str(refused.value).startswith(line)


def test_images_of_several_sizes_in_memory_are_resized_and_said():
    images = [Image.new("L", (14, 12)), Image.new("L", (15, 12)), Image.new("L", (12, 30))]
    found = from_memory(take(images), OPTIONS, None)
    assert found.train.inputs.shape == (3, 12, 12, 1) and found.options == {"size": 12}
    assert found.notes == ("images of 3 sizes, as 12x14 and 12x15: all resized to 12x12; size= takes another side",)


def test_later_images_are_taken_as_the_first_ones_were(tmp_path):
    run = dl.fit("vision", (LEVELS / 127.5 - 1, DIGITS.target), epochs=1, width=2, runs=tmp_path / "runs")
    assert run.recipe.data_options["values"] == "signed"
    bright = np.ones((1, 8, 8))  # alone it could be values from 0 to 1 as well
    network = dl.load(run)
    assert torch.allclose(network(bright), network(np.stack([bright[0], -bright[0]]))[:1], atol=1e-6)
    with pytest.raises(dl.BadData, match=r"^images of float64 with values from 0 to 2; expected values=signed$"):
        network(bright * 2 * np.eye(8))
    with pytest.raises(dl.BadData, match=r"^images of 4 x 4 x 1 \(height, width, channels\); the run needs 8 x 8 x 1$"):
        network(np.zeros((1, 4, 4)))
