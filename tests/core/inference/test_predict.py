import json
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

import dl
from dl import sealed
from dl.errors import BadFile, BadOption, BadRun
from dl.finding import Finding
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.specs import ModelSpec


@pytest.fixture
def saved(tmp_path):
    """A function that saves rows as a file to predict on."""

    def save(rows, name="rows.npy"):
        np.save(tmp_path / name, np.asarray(rows, np.float32))
        return tmp_path / name

    return save


def test_classes_are_said_with_their_probabilities(fit, blobs, plugins_with, saved):
    given = blobs(3)
    run = fit(given)
    answers = dl.predict(run, saved([[5, 0], [-2.5, 4.3], [-2.5, -4.3]]), plugins=plugins_with(given=given))
    assert [answer.answer for answer in answers] == ["class 0", "class 1", "class 2"]
    for answer in answers:
        assert sum(answer.values.values()) == pytest.approx(1) and answer.values[answer.answer] > 0.9
    assert answers[1].source == "row 1"


class Lazy:
    """A plugin with a network whose last layer learns its width from the first input."""

    @hookimpl
    def register_models(self):
        return [ModelSpec("lazy", "numbers", "of a test", self.build)]

    def build(self, shape, outputs, options):
        return nn.Sequential(nn.Linear(shape[0], 4), nn.LazyLinear(outputs))


def test_a_network_of_lazy_layers_has_its_shapes_before_its_weights_are_counted_saved_and_opened(
    fit, blobs, plugins_with, saved
):
    given = blobs(3)
    run = fit(given, model="lazy", more=[Lazy()])
    assert run.manifest.parameters == 2 * 4 + 4 + 4 * 3 + 3
    answers = dl.predict(run, saved([[5, 0]]), plugins=plugins_with([Lazy()], given=given))
    assert answers[0].answer == "class 0"


def test_two_classes_have_two_probabilities_that_add_to_one(fit, blobs, plugins_with, saved):
    given = blobs(2)
    (answer,) = dl.predict(fit(given), saved([[-5, 0]]), plugins=plugins_with(given=given))
    assert answer.answer == "class 1" and list(answer.values) == ["class 0", "class 1"]
    assert sum(answer.values.values()) == pytest.approx(1)


def test_labels_that_hold_are_listed_or_none(fit, dataset, plugins_with, saved):
    inputs = np.random.default_rng(0).uniform(-1, 1, (100, 2)).astype(np.float32)
    given = dataset(inputs, (inputs > 0).astype(np.int64), ["left", "up"])
    answers = dl.predict(fit(given), saved([[1, 1], [1, -1], [-1, -1]]), plugins=plugins_with(given=given))
    assert [answer.answer for answer in answers] == ["left, up", "left", "none"]


def test_numbers_are_in_target_units(fit, dataset, plugins_with, saved):
    inputs = np.random.default_rng(0).normal(0, 1, (100, 1)).astype(np.float32)
    given = dataset(inputs, 1000 + 50 * inputs.astype(float), ["price"])
    run = fit(given, epochs=60, schedule="one-cycle")
    (answer,) = dl.predict(run, [saved([[2.0]])], plugins=plugins_with(given=given))
    assert answer.values["price"] == pytest.approx(1100, abs=1) and answer.answer == f"{answer.values['price']:.4g}"


def test_the_last_run_is_meant_where_none_is_named(fit, blobs, plugins_with, saved, runs):
    given = blobs(2)
    fit(given, epochs=1)
    assert dl.predict("last", saved([[0, 0]]), runs=runs, plugins=plugins_with(given=given))


def test_a_file_that_is_no_input_is_refused(fit, blobs, plugins_with, tmp_path):
    given = blobs(2)
    (tmp_path / "words.npy").write_text("words")
    with pytest.raises(BadFile, match="is not an array"):
        dl.predict(fit(given, epochs=1), tmp_path / "words.npy", plugins=plugins_with(given=given))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("best.safetensors", None),
        ("best.safetensors", b"damaged"),
        ("preprocessor.json", None),
        ("preprocessor.json", b"{"),
        ("recipe.toml", b"nonsense"),
        ("run.json", b"{}"),
    ],
)
def test_a_run_that_is_damaged_is_refused(fit, blobs, plugins_with, saved, name, content):
    given = blobs(2)
    run = fit(given, epochs=1)
    path = sealed.place(run.path / name)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRun):
        dl.predict(run.path, saved([[0, 0]]), plugins=plugins_with(given=given))


def test_a_run_of_a_task_that_is_not_known_is_refused(fit, blobs, plugins_with, saved):
    given = blobs(2)
    run = fit(given, epochs=1)
    stored = json.loads((run.path / "run.json").read_text())
    stored["task"]["name"] = "next-word"
    del stored["seal"]
    (run.path / "run.json").write_text(json.dumps(stored))
    with pytest.raises(BadRun, match="'next-word' is not known to this dl"):
        dl.predict(run.path, saved([[0, 0]]), plugins=plugins_with(given=given))


def test_a_finding_is_what_it_says_as_json():
    finding = Finding("code", "note", "message", {"n": 3}, "dl ls")
    assert Finding(**json.loads(json.dumps(finding.as_dict()))) == finding


def test_a_domain_is_given_the_options_of_the_run_s_data_or_those_said_now(blobs, plugins_with, runs, saved):
    plugins, seen = plugins_with(given=blobs(2)), []
    spec = plugins.domain("numbers")
    plain = spec.load()

    def read(paths, preprocessor, options):
        seen.append(dict(options))
        return plain.read(paths, preprocessor)

    choices = (Option("encoding", "utf-8", "of a table"), Option("size", 3, "of nothing that is read raw"))
    optioned = replace(spec, load=lambda: replace(plain, read=read), options=choices)
    plugins = replace(plugins, domains={**plugins.domains, "numbers": optioned})
    run = dl.fit("numbers", "given", plugins=plugins, runs=runs, epochs=1, size=5)
    dl.predict(run, saved([[0, 0]]), plugins=plugins)
    dl.predict(run, saved([[0, 0]]), plugins=plugins, encoding="latin-1")
    assert seen == [{"encoding": "utf-8", "size": 5}, {"encoding": "latin-1", "size": 5}]
    with pytest.raises(BadOption, match="a prediction has no option 'size'"):
        dl.predict(run, saved([[0, 0]]), plugins=plugins, size=2)
