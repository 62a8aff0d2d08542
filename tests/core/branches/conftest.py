"""What the tests of branches share: a table of numbers, texts and images, and one fit of it."""

import csv

import numpy as np
import pytest
from PIL import Image

import dl
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.training.devices import Devices

GOOD, BAD = ("lovely", "warm", "clever"), ("dull", "cold", "empty")
HEADER = ("photo", "review", "size", "town", "price", "sold")


def rows_of(folder, n, seed=0):
    """Rows of which each input carries a part of the price; pictures are written into the folder."""
    rng = np.random.default_rng(seed)
    for k in range(n):
        bright, good, size = int(rng.integers(40, 250)), int(rng.integers(2)), float(rng.uniform(1, 9))
        Image.fromarray(np.full((8, 8), bright, np.uint8)).save(folder / f"{seed}-{k}.png")
        word = str(rng.choice(GOOD if good else BAD))
        review = f"the film {k} was {word} in all of its parts"
        price = bright / 10 + 20 * good + 3 * size
        yield f"{seed}-{k}.png", review, f"{size:.2f}", "ABC"[k % 3], f"{price:.1f}", "yes" if price > 38 else "no"


def write(path, rows, header=HEADER):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


@pytest.fixture(scope="session")
def make_rows():
    """A function that makes rows, and their pictures in a folder: make_rows(folder, 120, seed=0)."""
    return rows_of


@pytest.fixture(scope="session")
def write_rows():
    """A function that writes rows as a table: write_rows(path, rows, header=HEADER)."""
    return write


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """The path of a table of 120 rows."""
    folder = tmp_path_factory.mktemp("mixed")
    return write(folder / "shop.csv", rows_of(folder, 120))


@pytest.fixture(scope="session")
def plugins():
    return load_plugins()


@pytest.fixture(scope="session")
def members(plugins):
    """The domains that are composed."""
    from dl.branches.find import Member
    from dl.plugins.composed import merge_options

    specs = [plugins.domain(name) for name in plugins.domain("mixed").composes]
    names = merge_options(specs)[1]
    return [Member(spec.name, spec.branch, spec.load(), names[spec.name]) for spec in specs]


@pytest.fixture(scope="session")
def reading(plugins, table):
    """A function that returns checked options of the domain: reading(target="price")."""
    return lambda **options: resolve(plugins, "mixed", str(table), options=options).data_options


@pytest.fixture(scope="session")
def run(table, tmp_path_factory):
    """A fit of the price; the column sold is left out."""
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(runs / "cache"))
        options = {"target": "price", "leave_out": "sold", "epochs": 12, "width": 16, "batch_size": 8, "lr": 0.01}
        options["reg"] = {"weight-averaging": "off", "random-shift": "off"}
        return dl.fit("mixed", table, rivals=False, runs=runs, devices=Devices("cpu"), **options)
