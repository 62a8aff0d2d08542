"""A run on a table with numbers, gaps and words, whose rarer class has a threshold of its own, and its parts."""

import csv

import numpy as np
import pytest

import dl
from dl.exporting.agreement import expected
from dl.exporting.config import describe
from dl.exporting.export import held_out
from dl.exporting.formats import FORMATS, Package
from dl.exporting.whole import need_exportable, trace
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins


def write_visits(path, n=300):
    """Write a table of visits, one in five of which is late."""
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["age", "income", "rain", "city", "late"])
        for _ in range(n):
            late = int(rng.random() < 0.2)
            age = "" if rng.random() < 0.1 else int(rng.integers(18, 90))
            rain = -999 if rng.random() < 0.1 else round(float(rng.random() * 10 + 3 * late), 2)
            city = rng.choice(["Oslo", "New York", "Köln"])
            writer.writerow([age, round(float(rng.lognormal(3, 3)), 3), rain, city, ["no", "yes"][late]])


@pytest.fixture(scope="session")
def visits(tmp_path_factory, one_thread):
    """The run."""
    folder = tmp_path_factory.mktemp("visits")
    write_visits(folder / "visits.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(folder / "cache"))
        return dl.fit(
            "tabular", folder / "visits.csv", target="late", epochs=2, threshold=0.3, runs=folder / "runs", rivals=False
        )


@pytest.fixture(scope="session")
def opened(visits):
    """The run, opened."""
    return reopen(visits, load_plugins())


@pytest.fixture(scope="session")
def preparation(opened):
    """Of its inputs."""
    return need_exportable(opened, opened.recipe.data_options).preparation


@pytest.fixture(scope="session")
def examples(opened):
    """Its raw validation examples."""
    return held_out(opened, load_plugins())[0]


@pytest.fixture(scope="session")
def wanted(opened, preparation, examples):
    """What it answers to them."""
    return expected(opened, preparation, examples)


@pytest.fixture(scope="session")
def packages(opened, preparation):
    """All that its exported network is made of, by the format."""
    outputs = need_exportable(opened, opened.recipe.data_options).outputs
    program, found = trace(opened, preparation), {}
    for name, kind in FORMATS.items():
        found[name] = Package(preparation, outputs, program, code=kind.code(preparation, "visits"))
        found[name].config.update(describe(opened, found[name]))
    return found


@pytest.fixture(scope="session")
def package(packages):
    """That of a folder."""
    return packages["folder"]
