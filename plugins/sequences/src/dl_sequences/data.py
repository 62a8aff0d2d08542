"""Two real sets: digits of scikit-learn as series of their rows, and four years of weather to forecast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, content_number
from dl.data.packaged import PackagedFile, locate, open_checked
from dl.data.ragged import Ragged
from dl.options import Options, Value
from dl.tables.options import OPTIONS
from dl_sequences.windows import forecast
from dl_tabular.rows import rows_of

TEST_SHARE = 5  # one digit in five is in the test set
WEATHER = PackagedFile(
    "vega-datasets",
    "0.9.0",
    "vega_datasets/_data/seattle-weather.csv",
    "62f0609f787158128aa2bd102967173a4953122dd4f872bf1d502cae1037df0b",
    "weather",
)
TARGET, DAYS = "temp_max", 7


def digit_rows(_options: Options) -> Dataset:
    """Return 1,797 handwritten digits, each a series of the eight rows of its picture, from the top."""
    from sklearn.datasets import load_digits

    found = load_digits()
    numbers = np.array([content_number(image.tobytes()) for image in found.images], np.int64)
    order = np.argsort(numbers)
    test = numbers[order] % TEST_SHARE == 0

    def examples(chosen: NDArray[np.bool_]) -> Examples:
        at = order[chosen]
        steps = found.images[at].reshape(-1, found.images.shape[2])
        rows = rows_of({f"pixel {k}": steps[:, k] for k in range(steps.shape[1])})
        series = Ragged(rows, np.arange(len(at) + 1, dtype=np.int64) * found.images.shape[1])
        return Examples(series, found.target[at].astype(np.int64), numbers[at], tuple(map(str, found.target_names)))

    return Dataset(
        "digit-rows",
        examples(~test),
        open_test=lambda: examples(test),
        title="handwritten digits of 43 people, as scikit-learn ships them, read row by row",
        licence="CC BY 4.0",
        source="UCI, optical recognition of handwritten digits, the part of writers kept apart",
        notes=("the test set is dl's own: the digits whose hash is divisible by 5; it is the same in every run",),
    )


def weather(options: Options) -> Dataset:
    """Return the weather of Seattle, day by day from 2012 to 2015, in windows with the greatest heat of the next days.

    Raises:
        BadFile: If the package's file differs from the published one.
    """
    from dl.tables.delimited import open_delimited

    path = locate(WEATHER)
    with open_checked(path, WEATHER):
        pass
    fixed: dict[str, Value] = {"time_on": "date", "target": TARGET, "horizon": int(options.get("horizon") or DAYS)}
    reading: dict[str, Value] = {option.name: option.default for option in OPTIONS} | {**options, **fixed}
    dataset = forecast(open_delimited(path, reading), reading)
    return replace(
        dataset,
        name="seattle-weather",
        licence="public domain",
        source="NOAA, daily summaries of Seattle-Tacoma airport, as the package vega_datasets ships them",
        options={**dataset.options, **fixed},
    )
