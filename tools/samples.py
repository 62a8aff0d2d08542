"""The files that the pages name: small, and real where they can be, from what is installed.

Images are scikit-learn's digits, tables its wines and patients, texts the sentences of film reviews, series the rows
of digits and the weather of Seattle.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_diabetes, load_digits, load_wine

from dl.data.examples import row_of
from dl.data.packaged import locate
from dl.data.ragged import as_text
from dl_reviews.reviews import load_rotten_tomatoes
from dl_sequences.data import WEATHER

DIGITS = ("zero", "one", "two")
DIGIT_WORDS = (*DIGITS, "three", "four", "five", "six", "seven", "eight", "nine")
PARTS = ("train", "train", "train", "val", "test")
GOODS = 304  # rows of the table of several kinds
FIRST_DAY = date(2026, 1, 5)


MY_NET = """from dl.graph import *


def build(shape, outputs, width=16):
    image = Input(shape, "image")
    wide = image >> Conv(width, size=5)
    narrow = image >> Conv(width, size=3)
    both = concat(wide, narrow) >> Pool()
    return Graph(image, both >> Conv(32) >> Average() >> Head(outputs))
"""


def write_samples(folder: Path) -> None:
    """Write everything that a page names into this folder."""
    (folder / "my_net.py").write_text(MY_NET, encoding="utf-8")
    _write_images(folder)
    _write_texts(folder)
    _write_tables(folder)
    _write_goods(folder / "goods")
    _write_series(folder)
    _write_films(folder / "films", load_digits().images)


def _write_images(folder: Path) -> None:
    """Write photos by class, new ones, a table of images, and folders with parts, a torn file and two sizes."""
    digits = load_digits()
    chosen = [number for number, digit in enumerate(digits.target[:1500]) if digit < len(DIGITS)]
    rows = []
    for at, number in enumerate(chosen):
        name, pixels = DIGITS[digits.target[number]], digits.images[number]
        path = Path("photos") / name / f"{number:04d}.png"
        _write_image(folder / path, pixels)
        if at < 300:
            _write_image(folder / "parts" / PARTS[at % 5] / name / path.name, pixels)
        if at < 40:
            _write_image(folder / "scans" / name / path.name, pixels)
            _write_image(folder / "mixed" / name / path.name, pixels, (20, 12) if at == 1 else (16, 16))
        patient = at // 9
        labels = ["yes" if holds else "no" for holds in (name == "zero", name != "one")]
        rows.append([path, name, f"{pixels.mean() / 16:.3f}", *labels, patient, FIRST_DAY + timedelta(patient)])
    _write_csv(folder / "labels.csv", ["image", "label", "weight", "loop", "even", "patient", "date"], rows)
    for number in (1766, 1768, 1780):
        _write_image(folder / "new" / f"{number}.png", digits.images[number])
    _write_lines(folder / "notes", digits.images, digits.target)
    (folder / "photos/readme.txt").write_text("digits, drawn by hand", encoding="utf-8")
    (folder / "scans/one/torn.png").write_bytes((folder / "new/1766.png").read_bytes()[:40])


def _write_films(folder: Path, digits: NDArray[np.float64]) -> None:
    """Write ten films of eight frames, in each of which a digit moves to the right."""
    for film in range(10):
        for number in range(8):
            pixels = np.zeros((16, 16), np.uint8)
            pixels[film % 8 : film % 8 + 8, number : number + 8] = digits[film] * 15
            path = folder / f"film{film + 1:02}" / f"frame_{number + 1:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)


def _write_lines(folder: Path, images: NDArray[np.float64], digits: NDArray[np.int64]) -> None:
    """Write 80 lines of two to five digits, as pictures of their own width, and a table of what stands in them."""
    rows, at = [], 0
    for line in range(80):
        places = range(at, at + 2 + line % 4)
        at = places.stop
        pixels = np.concatenate([images[place] for place in places], axis=1)
        _write_image(folder / f"{line}.png", pixels, (20 * len(places), 24))
        rows.append([f"{line}.png", "".join(str(digits[place]) for place in places)])
    _write_csv(folder / "lines.csv", ["file", "text"], rows)


def _write_image(path: Path, pixels: NDArray[np.float64], size: tuple[int, int] = (16, 16)) -> None:
    """Write one digit, (8, 8) from 0 to 16, as a picture of this width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((pixels * 15.9).astype(np.uint8)).resize(size).save(path)


def _write_texts(folder: Path) -> None:
    """Write reviews as a table and as files by class, and a book without labels."""
    reviews = load_rotten_tomatoes().train
    texts = [as_text(row_of(reviews.inputs, k)) for k in range(0, len(reviews), 6)]
    labels = [reviews.names[target] for target in reviews.targets[::6]]
    _write_csv(folder / "reviews.csv", ["review", "label"], zip(texts, labels, strict=True))
    for number, (text, label) in enumerate(zip(texts[::4], labels[::4], strict=True)):
        path = folder / "reviews" / label / f"{number:04d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _write_csv(folder / "one-sided.csv", ["review", "label"], ((text, "positive") for text in texts[:20]))
    (folder / "latin.csv").write_text("review,label\na warm film,positive\ncaf\xe9 noir,negative\n", encoding="latin-1")
    (folder / "open.csv").write_text('review,label\n"a good film,positive\na bad one,negative\n', encoding="utf-8")
    (folder / "book.txt").write_text("\n".join(texts[::5]), encoding="utf-8")


def _write_tables(folder: Path) -> None:
    """Write wines with their grower, patients with a number to predict, and new patients without it."""
    wine = load_wine()
    _write_csv(
        folder / "wines.csv",
        [*wine.feature_names, "grower"],
        ([*row, "abc"[grower]] for row, grower in zip(wine.data, wine.target, strict=True)),
    )
    diabetes = load_diabetes(scaled=False)
    rows = [[*row, target] for row, target in zip(diabetes.data.tolist(), diabetes.target.tolist(), strict=True)]
    for number, row in enumerate(rows):
        row[1] = ("female", "male")[int(row[1]) - 1]
        if number % 40 == 7:
            row[3] = ""  # a blood pressure that was not taken
    names = ["age", "sex", "bmi", "pressure", "tc", "ldl", "hdl", "tch", "ltg", "glucose"]
    _write_csv(folder / "patients.csv", [*names, "progress"], rows[:400])
    _write_csv(folder / "new-patients.csv", names, (row[:-1] for row in rows[400:404]))
    _write_wards(folder / "wards.csv", names, rows[:400])
    odd = [row[:-1] for row in rows[400:404]]
    odd[0][2], odd[1][1], odd[2][4], odd[3][2] = 400.0, "unknown", "", "tall"
    _write_csv(folder / "odd-patients.csv", names, odd)
    rows[11][2] = "tall"
    _write_csv(folder / "mistyped.csv", [*names, "progress"], rows[:100])


def _write_wards(path: Path, names: Sequence[str], patients: Sequence[Sequence[float | str]]) -> None:
    """Write patients ten to a ward; those to be seen first are the three whose disease will have progressed most."""
    rows = []
    for ward in range(len(patients) // 10):
        own = patients[10 * ward : 10 * ward + 10]
        third = sorted(float(row[-1]) for row in own)[-3]
        rows += [[f"ward {ward + 1}", *row[:-1], int(float(row[-1]) >= third)] for row in own]
    _write_csv(path, ["ward", *names, "first"], rows)


def _write_goods(folder: Path) -> None:
    """Write a table of several kinds: a digit, a film sentence and a patient in each row, joined by chance.

    Nothing of it belongs together but the price and whether it was sold, which are computed: each of the three carries
    a part of both.
    """
    reviews, digits, patients = load_rotten_tomatoes().train, load_digits(), load_diabetes(scaled=False)
    rng = np.random.default_rng(0)
    rows = []
    for k in range(GOODS):
        review, digit = int(rng.integers(len(reviews))), int(rng.integers(len(digits.target)))
        photo, good = f"photos/{k:03d}.png", int(reviews.targets[review])
        _write_image(folder / photo, digits.images[digit])
        patient, number = patients.data[k].tolist(), int(digits.target[digit])
        price = 20 * number + 60 * good + 0.6 * float(patients.target[k])
        sold = "yes" if (number > 4) + good + (patients.target[k] > 140) >= 2 else "no"
        text = as_text(row_of(reviews.inputs, review))
        rows.append([photo, text, *(f"{patient[at]:g}" for at in (0, 2, 3, 8)), f"{price:.1f}", sold])
    names = ["photo", "review", "age", "bmi", "pressure", "ltg", "price", "sold"]
    _write_csv(folder / "goods.csv", names, rows[:-4])
    new = [row[:-2] for row in rows[-4:]]
    new[1][1], new[2][0] = "", ""
    _write_csv(folder / "new-goods.csv", names[:-2], new)


def _write_series(folder: Path) -> None:
    """Write digits as series of their rows, as a long table, files by class and a list of these, and the weather."""
    digits = load_digits()
    names, long, listed = ["row", *(f"pixel {k}" for k in range(8))], [], []
    for number in range(120):
        rows = [[at, *pixels] for at, pixels in enumerate(digits.images[number].tolist())]
        long += [[number, *row, digits.target[number]] for row in rows]
        path = folder / "strokes" / DIGIT_WORDS[digits.target[number]] / f"{number:03d}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_csv(path, names, rows)
        listed.append([path.relative_to(folder), f"{digits.images[number].mean():.3f}"])
    _write_csv(folder / "strokes.csv", ["id", *names, "digit"], long)
    _write_csv(folder / "strokes.list.csv", ["path", "ink"], listed)
    days = locate(WEATHER).read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "weather.csv").write_text("".join(days[:400]), encoding="utf-8")
    (folder / "new-weather.csv").write_text("".join(days[:1] + days[400:440]), encoding="utf-8")


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])
