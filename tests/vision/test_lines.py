"""Lines of digits: read through the command line from a table of images, tested, predicted, and what is refused."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import dl
from dl.cli.main import command_line
from dl.errors import BadData, BadOption
from dl.options import check
from dl.training.devices import Devices
from dl_mnist.idx import read_idx
from dl_mnist.lines import make_lines
from dl_mnist.mnist import FILES, TEST
from dl_vision import plugin
from dl_vision.lines import LineReader

SPEC = next(spec for spec in plugin.register_models() if spec.name == "crnn")
SMALL = {"width": 4, "units": 8, "epochs": 1, "batch_size": 16, "lr": 0.004, "line_height": 32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of 60 lines of digits, each image as wide as its ink."""
    root = tmp_path_factory.mktemp("lines")
    shipped = make_lines(*(read_idx(FILES, known) for known in TEST), 60, first_id=0)
    with (root / "lines.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "text"])
        for at in range(60):
            image, string = shipped.inputs[at, :, :, 0], shipped.targets[at]
            ink = np.flatnonzero(image.any(axis=0))
            Image.fromarray(image[:, ink[0] : ink[-1] + 1]).save(root / f"{at}.png")
            table.writerow([f"{at}.png", "".join(str(digit) for digit in string if digit >= 0)])
    return root


@pytest.fixture(scope="module")
def run(folder):
    return dl.fit(
        "vision",
        folder / "lines.csv",
        task="ctc",
        runs=folder / "runs",
        devices=Devices("cpu", "1"),
        **SMALL,
    )


def test_lines_of_different_width_are_read_into_one_shape(run):
    opened = dl.load(run)
    assert opened.preprocessor.input_shape[1] == 32
    assert opened.preprocessor.input_shape[2] > 100
    assert run.manifest.task.has_strings and set(run.manifest.task.names) <= set("0123456789")


def test_images_are_read_as_strings_greedily_and_by_a_beam(run, folder):
    images = [str(folder / "0.png"), str(folder / "7.png")]
    greedy, wide = (dl.predict(run, images, beam=beam) for beam in (None, 4))
    assert all(set(one.answer) <= set("0123456789") for one in greedy + wide)
    assert all(0 < one.values["confidence"] <= 1 for one in greedy)
    done = CliRunner().invoke(command_line(), ["predict", str(run.path), *images, "--beam", "4", "--json"])
    assert [one["answer"] for one in json.loads(done.stdout)] == [one.answer for one in wide]
    with pytest.raises(BadOption, match="beam=0: expected a whole number from 1 to 1,000"):
        dl.predict(run, images, beam=0)


def test_images_of_different_width_are_refused_with_both_ways_out(folder):
    with pytest.raises(BadData, match=r"size=32, or as lines of text: line_height=32"):
        dl.fit("vision", folder / "lines.csv", task="ctc", runs=folder / "runs", epochs=1)


def test_a_transcript_that_no_path_can_spell_is_refused_by_its_row(folder, tmp_path):
    rows = (folder / "lines.csv").read_text().splitlines()
    rows[3] = "2.png," + "7" * 40
    (folder / "long.csv").write_text("\n".join(rows))
    with pytest.raises(BadData, match=r"2\.png: '7{40}' has more characters than the network has steps, \d+"):
        dl.fit("vision", folder / "long.csv", task="ctc", runs=tmp_path, **SMALL)


def test_a_model_without_steps_is_refused_with_those_that_have_them(folder, tmp_path):
    with pytest.raises(BadOption, match=r"model 'dense' has no network for the task ctc; .* that have one: crnn"):
        dl.fit("vision", folder / "lines.csv", task="ctc", model="dense", runs=tmp_path)


def test_a_reader_has_a_step_for_four_columns_and_one_answer_for_an_image_of_a_class():
    options = check(SPEC.options, {"width": 2, "units": 3}, "crnn")
    reader = SPEC.build_steps((1, 30, 49), 5, options)
    assert isinstance(reader, LineReader) and reader(torch.zeros(2, 1, 30, 49)).shape == (2, 13, 5)
    assert SPEC.build((1, 30, 49), 5, options)(torch.zeros(2, 1, 30, 49)).shape == (2, 5)
    with pytest.raises(BadOption, match="crnn needs images of at least 8x8; found 7x49"):
        SPEC.build_steps((1, 7, 49), 5, options)
