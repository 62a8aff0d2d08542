import numpy as np
import pytest

from dl.errors import BadData, BadOption
from dl.splits.holdout import holdout_newest, without_overlap
from dl.tables.table import open_table
from dl_sequences.windows import forecast

ASKED = {"time_on": "hour", "target": "value", "horizon": 3}


def windows(path, **options):
    reading = ASKED | options
    return forecast(open_table(path, {"encoding": "utf-8", "header": True, "quotes": "auto"}), reading)


def test_a_window_is_followed_by_the_next_values_of_the_target(waves):
    found = windows(waves, window=5, season=1)
    values = np.array([float(line.split(",")[1]) for line in waves.read_text().splitlines()[1:]])
    examples = found.train
    assert len(examples) == 120 - 5 - 3 + 1 and examples.names == ("value +1", "value +2", "value +3")
    assert np.array_equal(examples.inputs.row(7)["value"], values[7:12]) and np.array_equal(
        examples.targets[7], values[12:15]
    )
    assert examples.source(7) == "waves.csv row 13"  # the header is row 1
    assert examples.times[7] == 14 and examples.windows.begins[7] == 7 and examples.windows.forecasts[7] == 12


def test_the_season_is_found_and_a_window_holds_it(waves):
    found = windows(waves)
    assert found.options["season"] == 6 and found.options["window"] >= 12
    assert "season: 6 steps, by the autocorrelation of the first half of each series" in found.notes


def test_training_windows_lie_wholly_before_those_held_out(waves):
    examples = windows(waves, window=5, season=1).train
    split = without_overlap(holdout_newest(examples.groups, examples.times, 0.2), examples)
    last_step = examples.times[split.train].max()
    assert last_step < examples.windows.begins[split.val].min() and "7 windows between both left out" in split.rule
    assert len(split.train) + len(split.val) + 7 == len(examples)


def test_forecasts_of_the_same_moments_are_a_group(waves):
    groups = windows(waves, window=5, season=1).train.groups
    assert np.unique(groups, return_counts=True)[1].max() == 3


def test_each_of_many_series_is_cut_by_itself(write):
    rows = [f"{name},{k},{k if name == 'a' else 100 + k}" for k in range(10) for name in "ab"]
    path = write("name,hour,value\n" + "\n".join(rows) + "\n")
    examples = windows(path, sequence_on="name", window=4, season=1).train
    assert len(examples) == 2 * 4 and np.array_equal(examples.windows.series, [0] * 4 + [1] * 4)
    assert all(
        np.ptp(np.append(row["value"], target)) == 6
        for row, target in zip(examples.inputs, examples.targets, strict=True)
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": ""}, BadOption, "name the column to forecast: --target COLUMN  columns: hour, value"),
        ({"target": "price"}, BadOption, "has no column 'price' for target"),
        ({"window": 200}, BadData, "the longest series has 120 steps, and a window of 200 with the next 3 needs 203"),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_a_line(waves, options, error, message):
    with pytest.raises(error, match=message):
        windows(waves, **options)
