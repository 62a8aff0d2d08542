"""What the tests of sequences share: small files, and examples of hand-made series."""

import numpy as np
import pytest

from dl.data.examples import Examples, whole
from dl.data.ragged import Ragged
from dl_tabular.rows import rows_of


@pytest.fixture
def write(tmp_path):
    """A function that writes a file: write("a,b\\n1,2\\n", "t.csv") -> its path."""

    def written(text, name="t.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def visits(write):
    """Thirty patients with three to five visits each, out of order, some without a pulse; the outcome follows it."""
    lines = []
    for k in range(30):
        for day in range(3 + k % 3):
            pulse = "" if day == 1 and k % 4 == 0 else 60 + 20 * (k % 2) + day + k % 7
            lines.append(f"p{k},2024-01-{day + 1:02d},{pulse},{('am', 'pm')[day % 2]},{('well', 'ill')[k % 2]}")
    return write(
        "id,day,pulse,part,outcome\n" + "\n".join(sorted(lines, key=lambda line: line[::-1])) + "\n", "visits.csv"
    )


@pytest.fixture
def waves(write):
    """A table of 120 hours with a season of 6, rising."""
    rows = [f"{k},{10 * np.sin(k * np.pi / 3) + 0.05 * k:.4f}" for k in range(120)]
    return write("hour,value\n" + "\n".join(rows) + "\n", "waves.csv")


def series_of(*columns, names=("x",)):
    """The subset of all series whose columns are lists of steps: series_of([1, 2], [3]) has two of one column."""
    lengths = [len(one) for one in columns]
    flat = np.array([step for one in columns for step in one], np.float64).reshape(sum(lengths), -1)
    steps = rows_of({name: flat[:, k] for k, name in enumerate(names)})
    ragged = Ragged(steps, np.cumsum([0, *lengths]).astype(np.int64))
    return whole(Examples(ragged, np.zeros(len(columns)), np.arange(len(columns))))


@pytest.fixture(name="series_of")
def series_of_fixture():
    return series_of
