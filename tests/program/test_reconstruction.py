"""The task reconstruction through the whole road: what is fitted, reported, predicted, used further, and refused."""

import csv
import io

import numpy as np
import pytest
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import dl
from dl.cli.main import command_line
from dl.errors import BadData, BadOption
from dl.plugins.loading import load_plugins
from dl.training.devices import Devices
from dl_reports.as_json import to_json
from dl_reports.baseline import lead, rival_leads
from dl_reports.build import build_report
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.render.html import to_html

CPU = Devices("cpu", "1")


def blobs(n, seed=0, side=12):
    """Return pictures of one round spot each, (n, side, side): three numbers tell them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    places, sizes = rng.uniform(3, side - 3, (n, 2, 1, 1)), rng.uniform(1.5, 3, (n, 1, 1))
    square = (x - places[:, 0]) ** 2 + (y - places[:, 1]) ** 2
    return (255 * np.exp(-square / sizes**2)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures in one folder and in two, without classes, one of them odd."""
    root = tmp_path_factory.mktemp("pictures")
    for number, pixels in enumerate(blobs(240)):
        place = root / "spots" / ("" if number % 2 else "more")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number:03}.png")
    (root / "spots/readme.txt").write_text("spots", encoding="utf-8")
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (12, 12), np.uint8)).save(root / "odd.png")
    return root


@pytest.fixture(scope="module")
def run(folder, one_thread):
    """A fit of the folder."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DL_CACHE", str(folder / "cache"))
        given = {"width": 64, "code": 4, "epochs": 25, "lr": 0.005}
        return dl.fit(
            "vision", str(folder / "spots"), task="reconstruction", runs=folder / "runs", devices=CPU, **given
        )


def test_a_network_is_certainly_better_than_the_mean_image_and_pca_of_its_width_in_pairs(run):
    facts = Facts(read(run), load_plugins())
    assert run.manifest.task.headline.name == "mse" and run.manifest.task.outputs == 1
    assert [(one.name, one.answer) for one in run.manifest.baselines] == [
        ("mean", "always the mean input"),
        ("PCA", "PCA of 4 numbers"),
    ]
    over_mean, (over_pca,) = lead(facts), rival_leads(facts)
    assert over_mean.form == over_pca.form == "paired" and over_mean.interval[0] > 0 and over_pca.interval[0] > 0


def test_the_report_shows_the_hardest_originals_beside_their_reconstructions(run):
    report = build_report(run)
    assert report.examples and all(one.remade.shape == one.sketch.shape == (12, 12, 1) for one in report.examples)
    assert any((one.remade != one.sketch).any() for one in report.examples)
    assert to_html(report).count('alt="what the network made of example') == len(report.examples)
    assert '"remade"' in to_json(report)


def test_an_odd_input_has_the_largest_error_and_codes_make_a_table(run, folder):
    odd, *others = dl.predict(run, [folder / "odd.png", folder / "spots/more"])
    assert odd.values["squared_error"] > 5 * max(one.values["squared_error"] for one in others)
    words = ["predict", str(run.path), str(folder / "odd.png"), str(folder / "spots/more"), "--features"]
    shown = CliRunner().invoke(command_line(), words)
    rows = list(csv.reader(io.StringIO(shown.stdout)))
    assert rows[0] == ["source", "code_1", "code_2", "code_3", "code_4"] and len(rows) == 122
    read = dl.load(run).features(np.asarray(Image.open(folder / "odd.png"))[None])
    np.testing.assert_allclose(np.array(rows[1][1:], float), read[0].numpy(), rtol=1e-4, atol=1e-5)


def test_what_goes_with_answers_alone_is_refused_beside_features(run, folder):
    shown = CliRunner().invoke(command_line(), ["predict", str(run.path), str(folder), "--features", "--beam", "2"])
    assert isinstance(shown.exception, BadOption) and "--beam changes answers" in str(shown.exception)


def test_labels_are_dropped_and_noise_is_not_told(tmp_path, one_thread):
    images, labels = blobs(150), np.arange(150) % 3
    given = {"task": "reconstruction", "devices": CPU, "runs": tmp_path, "width": 16, "code": 2, "epochs": 1}
    run = dl.fit("vision", (images, labels), reg={"noise": 0.5}, **given)
    assert run.outcomes("val").targets.shape == (30, 0)
    found = dl.evaluate(run, data=(images, labels))
    assert found.metrics["mse"] == pytest.approx(float(dl.load(run)(images).mean()), rel=1e-4)


def test_all_columns_of_a_table_are_inputs_and_a_network_without_a_code_is_scored_beside_the_mean(tmp_path, one_thread):
    lines = [f"{k % 7},{k % 5},{'xyz'[k % 3]}" for k in range(200)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,kind", *lines]), encoding="utf-8")

    def build(shape, outputs):
        return nn.Sequential(nn.Linear(outputs, 2), nn.Linear(2, outputs))

    given = {"task": "reconstruction", "devices": CPU, "runs": tmp_path, "epochs": 1}
    run = dl.fit("tabular", str(tmp_path / "rows.csv"), model=build, **given)
    assert run.manifest.parts.input_shape == (5,)  # two numbers and three kinds
    assert [one.name for one in run.manifest.baselines] == ["mean"]
    with pytest.raises(BadOption, match="target=kind: --task reconstruction has no target but the inputs themselves"):
        dl.fit("tabular", str(tmp_path / "rows.csv"), target="kind", **given)


@pytest.mark.parametrize(
    ("domain", "data", "given", "error", "message"),
    [
        (
            "text",
            "imdb",
            {},
            BadOption,
            "no model of text has a network for the task reconstruction; domains",
        ),
        ("vision", "mnist", {"model": "convnet"}, BadOption, "'convnet' has no network for the task reconstruction"),
        ("vision", "empty", {}, BadData, "holds no image; expected images, in one folder or several"),
    ],
)
def test_what_cannot_be_reconstructed_is_one_line(domain, data, given, error, message, tmp_path):
    (tmp_path / "empty").mkdir()
    data = str(tmp_path / data) if data == "empty" else data
    with pytest.raises(error, match=message):
        dl.fit(domain, data, task="reconstruction", runs=tmp_path / "runs", devices=CPU, **given)
