"""dl show --map: any data, with or without a target, in the terminal, as JSON and as a page."""

import numpy as np
import pytest
from PIL import Image

from dl.cli.map import letters
from dl.maps.example_map import CLASS, Colouring


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of 30 images of two sizes, directly in it, one of them twice."""
    path = tmp_path_factory.mktemp("new") / "photos"
    path.mkdir()
    rng = np.random.default_rng(0)
    for k in range(30):
        pixels = rng.integers(0, 255, (12 + k % 2, 12, 3), np.uint8)
        Image.fromarray(pixels).save(path / f"{k:02d}.png")
    (path / "again.png").write_bytes((path / "04.png").read_bytes())
    return path


def test_a_folder_without_classes_is_drawn_with_its_copy_and_a_page(dl_run, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = dl_run("show", str(folder), "--map").out
    assert "photos: 31 examples, vision inputs" in shown and "pca, of 31 examples the two first" in shown
    assert "! 1 of 31 examples repeat another one, bit for bit, as 04.png and again.png" in " ".join(shown.split())
    assert (
        ": all resized to 12x12; size= takes another side" in " ".join(shown.split())
        and "note: without a target:" in shown
    )
    assert max(map(len, shown.splitlines())) <= 80
    page = tmp_path / "map.html"
    dl_run("show", str(folder), "--map", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert text.count('style="left:') == 31 and "default-src" in text and "<script" not in text


def test_a_table_without_a_target_is_drawn_and_constant_columns_and_gaps_are_noted(dl_run, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},5,{'' if k % 9 == 0 else k % 3}" for k, (a, b) in enumerate(rng.normal(size=(60, 2)))]
    (tmp_path / "new.csv").write_text("\n".join(["height,weight,same,grade", *rows]) + "\n", encoding="utf-8")
    found = dl_run("show", str(tmp_path / "new.csv"), "--map", "--json", "--project", "pca").json
    assert found["total"] == 60 and found["coloured_by"] == "" and found["remarks"] == []
    assert any(note.startswith("without a target: new.csv") for note in found["notes"])


def test_a_class_has_the_letter_of_its_name_and_a_sample_is_said(dl_run):
    run = dl_run("show", "digits", "--map", "--sample", "60", "--project", "pca")
    assert "digits: 60 of 1,445 examples, drawn by seed 0, vision inputs" in run.out
    assert "class: 0 " in run.out and "k-means with k = 10, the classes: adjusted Rand index" in run.out


def test_letters_are_names_or_their_first_letters_where_these_differ():
    def of(*names):
        return letters(Colouring(CLASS, names, np.arange(len(names))))

    assert of("7", "1") == ("7", "1") and of("setosa", "virginica") == ("s", "v")
    assert of("class_0", "class_1") == ("a", "b") and of(*map(str, range(60)))[-1] == "*"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere/x", "--map"), "no data set, file or folder named 'nowhere/x'"),
        (("digits", "--map", "--project", "tsn"), "did you mean 'tsne'"),
        (("digits", "--map", "--sample", "1"), "expected a number of examples from 2"),
        (("model", "convnet", "--map"), "'model' is no data; --map draws data"),
        (("digits", "--html", "x.html"), "--html is an option of --map"),
        (("wine", "--map", "--on", "features"), "no model of tabular has learnt features"),
        (("wine", "--map", "--on", "nothing"), "nothing"),
    ],
)
def test_a_mistake_is_one_line(dl_run, words, message):
    run = dl_run("show", *words)
    assert run.code == 2 and message in run.err and len(run.err.strip().splitlines()) == 1
