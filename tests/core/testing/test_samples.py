import csv

import numpy as np
import pytest
from PIL import Image

from dl.testing import images, people, texts, write_images, write_table, write_texts


@pytest.mark.parametrize("make", [images, texts, people])
def test_a_seed_gives_the_same_data_and_another_seed_other_data(make):
    first, again, other = make(), make(), make(seed=1)
    for one, two in ((first, again), (first, other)):
        same = one is first and two is again
        values = [np.asarray(getattr(part.train.inputs, "values", part.train.inputs)) for part in (one, two)]
        assert (values[0].tobytes() == values[1].tobytes()) is same


@pytest.mark.parametrize("make", [images, texts])
def test_all_inputs_differ_and_the_test_part_has_others(make):
    dataset = make()
    inputs = [row.tobytes() for part in (dataset.train, dataset.open_test()) for row in part.inputs]
    assert len(inputs) == 80 == len(set(inputs))


def test_the_files_hold_what_the_data_set_holds(tmp_path):
    dataset, folder = images(), write_images(tmp_path / "images")
    for path in sorted(folder.rglob("*.png"))[:10]:
        number = int(path.stem)
        assert np.array_equal(np.asarray(Image.open(path)), dataset.train.inputs[number, ..., 0])
        assert path.parent.name == dataset.train.names[dataset.train.targets[number]]


def test_the_texts_on_disk_are_those_of_the_data_set(tmp_path):
    dataset, folder = texts(), write_texts(tmp_path / "texts")
    found = {int(path.stem): path.read_text() for path in folder.rglob("*.txt")}
    assert [found[k] for k in range(60)] == [bytes(row).decode() for row in dataset.train.inputs]


def test_the_table_has_numbers_words_and_missing_cells(tmp_path):
    rows = list(csv.DictReader(write_table(tmp_path / "people.csv").read_text().splitlines()))
    ours = people().train
    assert [(row["town"], row["label"]) for row in rows] == [
        (row["town"], ours.names[target]) for row, target in zip(ours.inputs, ours.targets, strict=True)
    ]
    assert len(rows) == 60 and {row["label"] for row in rows} == {"yes", "no"}
    assert 0 < sum(row["rent"] == "" for row in rows) < 10 and all(row["age"].isdigit() for row in rows)


@pytest.mark.parametrize(
    ("domain", "write"),
    [
        ("vision", write_images),
        ("text", write_texts),
        ("tabular", lambda folder, n: write_table(folder / "people.csv", n)),
    ],
    ids=["vision", "text", "tabular"],
)
def test_there_is_something_to_learn_in_them(domain, write, dl_run, tmp_path):
    folder = write(tmp_path / "data", n=300)
    fitted = dl_run("fit", domain, folder, "--seed", 1, "epochs=8", "--json")
    assert fitted.code == 0, fitted.err
    assert fitted.json["best"]["val_accuracy"] > 0.85
