"""A study as in a notebook, on arrays, without touching a file; and the calls that docstrings show."""

import ast
import inspect
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

import dl

DIGITS = load_digits()
SHOWN = (dl.fit, dl.evaluate, dl.predict, dl.report, dl.compare, dl.load, dl.open_run)


class MyNetwork(nn.Module):
    """A convolution and a layer, as somebody writes them in a cell."""

    def __init__(self, shape, outputs):
        super().__init__()
        self.maps = nn.Conv2d(shape[0], 8, 3)
        self.out = nn.Linear(8 * (shape[1] - 2) * (shape[2] - 2), outputs)

    def forward(self, images):
        return self.out(torch.relu(self.maps(images)).flatten(1))


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def test_a_study_on_arrays_with_a_network_of_one_s_own():
    images, labels = DIGITS.images[:1400], DIGITS.target[:1400]
    held_out = (DIGITS.images[1400:], DIGITS.target[1400:])

    first = dl.fit("vision", (images, labels), test=held_out, model=MyNetwork, epochs=3)
    second = dl.fit("vision", (images, labels), test=held_out, model=MyNetwork, epochs=6, reg={"l2": 1e-4})
    assert second.best["val_accuracy"] > 0.9
    assert "network" in second.report()._repr_html_() and second.name in repr(dl.report())
    assert {finding.severity for finding in second.findings} <= {"issue", "tip", "note"}
    assert second.history.frame()["val_loss"].iloc[-1] < first.history.frame()["val_loss"].iloc[0]
    assert second.name in repr(dl.compare(second, first))

    look = dl.evaluate(second)
    assert look.look == 1 and look.score.low < look.metrics["accuracy"] < look.score.high
    network = dl.load(second)
    shown = [prediction.answer for prediction in dl.predict(second, held_out[0])]
    assert np.mean([int(answer) for answer in shown] == held_out[1]) == pytest.approx(look.metrics["accuracy"])
    assert network(held_out[0][:5]).argmax(dim=1).tolist() == [int(answer) for answer in shown[:5]]


def test_the_command_line_says_what_a_run_from_a_notebook_lacks(dl_run):
    dl.fit("vision", (DIGITS.images[:300], DIGITS.target[:300]), model=MyNetwork, epochs=1)
    assert dl_run("show", "last").code == dl_run("report", "last").code == dl_run("ls", "runs").code == 0
    tested, predicted = dl_run("test", "last"), dl_run("predict", "last", "photo.png")
    assert tested.code == predicted.code == 2
    fault = "0001-in-memory-in-memory was fitted with a network in memory"
    line = f"dl: {fault}; give it again, in Python: dl.load(run, model=build)"
    assert tested.err.strip() == predicted.err.strip() == line


def test_the_command_line_predicts_with_a_run_on_data_in_memory(dl_run):
    dl.fit("vision", (DIGITS.images[:300], DIGITS.target[:300]), epochs=1, width=2)
    Image.fromarray((DIGITS.images[0] * 15).astype(np.uint8)).save("photo.png")
    assert dl_run("predict", "last", "photo.png").code == 0
    tested = dl_run("test", "last")
    assert tested.code == 2 and tested.err.strip() == (
        "dl: 0001-in-memory-convnet was fitted on data in memory; give the examples to score: "
        "dl.evaluate('0001-in-memory-convnet', data=(x, y))"
    )


# The calls that docstrings show


def calls(function):
    """The lines below ``Example:`` in a docstring."""
    block = re.search(r"Example:\n((?:    .*\n?)+)", inspect.getdoc(function))
    return [line.strip().removeprefix(">>> ") for line in block[1].splitlines()]


@pytest.mark.parametrize("function", SHOWN, ids=lambda function: function.__name__)
def test_a_docstring_begins_with_a_verb_and_shows_three_calls_of_its_function(function):
    shown = calls(function)
    assert len(shown) == 3
    for line in shown:
        called = {ast.unparse(node.func) for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call)}
        assert f"dl.{function.__name__}" in called, line
    first = inspect.getdoc(function).splitlines()[0].split()[0]
    assert first in {"Train", "Evaluate", "Predict", "Report", "Compare", "Load", "Find"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """What the docstrings name: data, and a run of each kind."""
    folder = tmp_path_factory.mktemp("study")
    images, labels = DIGITS.images[:300], DIGITS.target[:300]
    diabetes = load_diabetes(as_frame=True)
    frame = diabetes.data.assign(price=diabetes.target)
    inputs, targets = diabetes.data.to_numpy(), diabetes.target.to_numpy()
    words = ("a film to remember", "two hours of my life")
    reviews = pd.DataFrame({"text": [f"{words[k % 2]} {k}" for k in range(60)], "label": [0, 1] * 30})

    def build(shape, outputs):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))

    def fit(*data, **choices):
        return dl.fit(*data, runs=folder, epochs=1, **choices)

    of_images = fit("vision", (images, labels), test=(images, labels), width=2)
    runs = {
        "images": of_images,
        "dense": fit("tabular", (inputs, targets), model="dense"),
        "linear": dl.fit("tabular", (inputs, targets), model="linear", runs=folder),
        "own": fit("vision", (images, labels), model=build),
        "frame": fit("tabular", frame, target="price"),
        "rows": fit("tabular", (inputs, targets), test=(inputs, targets)),
        "texts": fit("text", reviews),
    }
    names = {"images": images, "labels": labels, "frame": frame, "newer": frame[:50], "inputs": inputs}
    return {**names, "targets": targets, "build": build, "MyNetwork": MyNetwork, "runs": runs}


KINDS = {  # which run each docstring calls `run`, and which stand in the folder `runs`, the last one last
    "fit": ("images", ()),
    "evaluate": ("rows", ("frame",)),
    "predict": ("images", ("images",)),
    "report": ("images", ("images", "own", "dense")),
    "compare": ("dense", ("dense", "linear")),
    "load": ("images", ("dense", "linear", "own", "frame")),
    "open_run": ("dense", ("dense",)),
}


@pytest.mark.parametrize("function", SHOWN, ids=lambda function: function.__name__)
def test_the_calls_that_a_docstring_shows_run_as_they_stand(function, study, tmp_path):
    kind, standing = KINDS[function.__name__]
    runs = study["runs"]
    for number, name in enumerate(standing, 1):
        for root in ("runs", "experiments"):
            slug = runs[name].name.partition("-")[2]
            shutil.copytree(runs[name].path, tmp_path / root / f"{number:04d}-{slug}")
    for number in (2, 3) if function is dl.open_run else ():
        shutil.copytree(runs["linear"].path, tmp_path / "experiments" / f"{number:04d}-in-memory-linear")
    Image.fromarray((DIGITS.images[0] * 15).astype(np.uint8)).save("photo.png")
    names = {**study, "dl": dl, "run": runs[kind], "first": runs["dense"], "second": runs["linear"]}
    names["reviews"] = runs["texts"]
    for line in calls(function):
        exec(line, names)
