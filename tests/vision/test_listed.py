"""Tables of image paths: relative to the table, with classes, labels or numbers to predict."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import dl
from dl.errors import BadData, BadFile, BadOption
from dl.options import check
from dl.training.devices import Devices
from dl_vision.domain import load, open_path, recognize
from dl_vision.plugin import READING
from dl_vision.prepare import VisionPreprocessor
from dl_vision.read import read


def opened(path, **options):
    return open_path(path, check(READING, options, "vision data"))


@pytest.fixture
def listed(tmp_path, photo):
    """A function that writes images and a table of them: listed(n, label=..., mean=...) with a function a column."""

    def write(n=12, name="labels.csv", **columns):
        rows = []
        for number in range(n):
            photo(tmp_path / "data" / "img" / f"{number}.png", seed=number)
            rows.append({"image": f"img/{number}.png"} | {key: str(make(number)) for key, make in columns.items()})
        path = tmp_path / "data" / name
        with path.open("w", newline="") as stream:
            if name.endswith(".csv"):
                writer = csv.DictWriter(stream, rows[0])
                writer.writeheader()
                writer.writerows(rows)
            else:
                stream.writelines(json.dumps(row) + "\n" for row in rows)
        return path

    return write


def parity(number):
    return ("even", "odd")[number % 2]


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_table_of_paths_and_classes_is_a_data_set(listed, name):
    dataset = opened(listed(name=name, label=parity))
    assert dataset.name == "labels" and dataset.train.inputs.shape == (12, 6, 8, 3)
    assert dataset.train.names == ("even", "odd") and dataset.train.targets.tolist() == [0, 1] * 6
    assert dataset.train.sources[3] == "img/3.png" and len(set(dataset.train.ids.tolist())) == 12
    assert dataset.notes == (
        "input: column 'image', the only column of paths of images",
        "target: column 'label', by its name - 2 classes: even, odd",
    )


def test_the_images_are_those_that_the_table_names_in_its_order(listed, tmp_path):
    path = listed(label=parity)
    forwards = opened(path).train
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[:0:-1]]))
    backwards = opened(path).train
    assert np.array_equal(forwards.inputs, backwards.inputs[::-1])
    assert np.array_equal(forwards.ids, backwards.ids[::-1])


def test_several_columns_are_labels(listed):
    train = opened(listed(a=lambda k: k % 2, b=lambda k: int(k > 5)), target="a,b").train
    assert train.names == ("a", "b") and train.targets.dtype == np.uint8 and train.targets[7].tolist() == [1, 1]


def test_missing_and_broken_images_are_named_or_skipped(listed, tmp_path):
    path = listed(label=parity, patient=lambda k: f"p{k // 3}")
    (tmp_path / "data" / "img" / "4.png").unlink()
    (tmp_path / "data" / "img" / "7.png").write_text("no image")
    with pytest.raises(BadFile) as caught:
        opened(path)
    said = str(caught.value)
    assert said.startswith("2 of 12 files in ") and said.endswith("bad_files=skip") and "\n" not in said
    assert "labels.csv row 6: img/4.png: no such file or directory" in said
    assert "labels.csv row 9: img/7.png: not an image" in said
    dataset = opened(path, bad_files="skip", group_on="patient")
    kept = [number for number in range(12) if number not in (4, 7)]
    assert dataset.train.sources == tuple(f"img/{number}.png" for number in kept)
    assert dataset.train.targets.tolist() == [number % 2 for number in kept]
    assert dataset.train.groups.tolist() == [number // 3 for number in kept] and len(dataset.skipped) == 2


def test_a_class_without_a_readable_image_is_refused_even_when_skipping(listed, tmp_path):
    path = listed(label=lambda k: "rare" if k in (2, 3) else parity(k))
    for number in (2, 3):
        (tmp_path / "data" / "img" / f"{number}.png").unlink()
    with pytest.raises(BadData, match="class 'rare' has no readable image"):
        opened(path, bad_files="skip")


def test_a_table_whose_images_are_all_missing_is_one_line(tmp_path):
    path = tmp_path / "gone.csv"
    path.write_text("image,label\na.png,x\nb.png,y\nc.png,x\nd.png,y\n")
    with pytest.raises(BadFile, match=r"4 of 4 files .*gone\.csv row 2: a\.png: no such file"):
        opened(path, bad_files="skip")


def test_paths_of_another_system_absolute_ones_and_one_image_twice(listed, tmp_path):
    path = listed(label=parity)
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("img/", "img\\")
    lines[2] = lines[2].replace("img/", f"{tmp_path}/data/img/")
    path.write_text("\n".join([*lines, lines[3], lines[3]]))
    train = opened(path).train
    assert len(train) == 14 and len(set(train.ids.tolist())) == 14
    assert np.array_equal(train.inputs[2], train.inputs[13])


@pytest.mark.parametrize("name", ["img\0x.png", "img", "x" * 5000 + ".png", "img/\x1b[31m.png"])
def test_a_path_that_can_be_no_file_is_one_line(listed, name):
    path = listed(label=parity)
    with path.open("a") as stream:
        stream.write(f"{name},odd\n")
    with pytest.raises(BadData) as caught:
        opened(path)
    assert str(caught.value).isprintable() and "row 14" in str(caught.value)


def test_choices_about_tables_are_refused_for_a_folder(pets):
    with pytest.raises(BadOption, match=r"target= is for a table"):
        opened(pets, target="label")


def test_images_are_recognized_in_tables_and_folders(listed, pets, tmp_path):
    (tmp_path / "texts.csv").write_text("text,label\na b,x\nc d,y\n")
    (tmp_path / "empty").mkdir()
    found = [recognize(path, {}) for path in (listed(label=parity), pets, tmp_path / "texts.csv", tmp_path / "empty")]
    assert found == [1, 1, 0, 0] and load().recognize(pets, {}) == 1


def test_a_table_can_be_predicted_from(listed):
    path = listed(name="labels.jsonl", label=parity)
    preprocessor = VisionPreprocessor((3, 6, 8), (0.5,) * 3, (0.2,) * 3)
    assert np.array_equal(
        read([path], preprocessor, check(READING, {}, "vision data")).inputs, opened(path).train.inputs
    )
    with path.open("a") as stream:
        stream.write('{"image": "img/gone.png"}\n')
    with pytest.raises(BadFile, match=r"labels\.jsonl line 13: img/gone\.png: no such file"):
        read([path], preprocessor, check(READING, {}, "vision data"))


@pytest.fixture
def bright(tmp_path):
    """A table of 200 grey images with their mean brightness, whether they are light, and a day."""
    path = tmp_path / "bright" / "bright.csv"
    path.parent.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number in range(200):
        pixels = np.clip(rng.normal(rng.uniform(40, 210), 10, (8, 8)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(path.parent / f"{number}.png")
        rows.append(f"{number}.png,{pixels.mean():.2f},{int(pixels.mean() > 125)},{number}\n")
    path.write_text("file,mean,light,day\n" + "".join(rows))
    return path


def fitted(path, tmp_path, **choices):
    return dl.fit(
        "vision",
        str(path),
        model="dense",
        runs=tmp_path / "runs",
        devices=Devices("cpu", "1"),
        width=32,
        batch_size=16,
        **choices,
    )


def test_a_number_an_image_is_learnt_from_a_table(bright, tmp_path):
    run = fitted(bright, tmp_path, target="mean", epochs=30, optimizer="adam", lr=0.003)
    assert run.manifest.task.name == "regression" and run.manifest.task.names == ("mean",)
    assert run.best["val_r2"] > 0.95, run.best


def test_the_newest_images_of_a_table_are_held_out_and_the_task_says_how_the_target_is_read(bright, tmp_path):
    run = fitted(bright, tmp_path, target="light", time_on="day", task="regression", epochs=1)
    assert run.manifest.task.name == "regression" and run.manifest.parts.rule == "newest 20 % by time"
    assert 'target_as = "numbers"' in (run.path / "recipe.toml").read_text()
    run = fitted(bright, tmp_path, target="light", epochs=1)
    assert run.manifest.task.name == "binary"
