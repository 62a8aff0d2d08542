"""Series from files to answers: real fits of a few epochs."""

import numpy as np
import pytest

import dl
from dl.errors import BadData, BadOption
from dl.options import check
from dl.runs.outcomes import read_rivals
from dl_sequences.domain import draw, open_path, recognize, sketch
from dl_sequences.plugin import READING

LONG = {"sequence_on": "id", "time_on": "day", "target": "outcome"}
FEW = {"epochs": 2, "rivals": False}


def opened(path, **options):
    return open_path(path, check(READING, options, "sequence data"))


def test_rows_of_a_long_table_become_series_in_order_of_time(visits):
    found = opened(visits, **LONG)
    train = found.train
    assert len(train) == 30 and found.title == "30 series of 3 to 5 steps, 2 inputs, target outcome"
    at = list(train.sources).index("visits.csv id p5")
    assert train.inputs.row(at)["pulse"].tolist() == [85, 86, 87, 88, 89] and train.names[train.targets[at]] == "ill"
    assert train.inputs.row(at)["part"].tolist() == ["am", "pm", "am", "pm", "am"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "outcome", "time_on": "day"}, BadOption, "which series does a row belong to.*--sequence-on COLUMN"),
        (LONG | {"sequence_on": "patient"}, BadOption, "has no column 'patient' for sequence_on"),
        (LONG | {"target": "part"}, BadData, "target column 'part' changes within 30 of 30 series"),
        (LONG | {"time_on": "part"}, BadData, "column 'part' is '[ap]m', not a time"),
        (LONG | {"sequence_on": "id", "target": "id"}, BadOption, "named by sequence_on and also as input, target"),
    ],
)
def test_what_is_wrong_with_a_long_table_is_said_in_a_line(visits, options, error, message):
    with pytest.raises(error, match=message):
        opened(visits, **options)


def test_a_long_table_is_fitted_shown_and_predicted(visits, tmp_path):
    run = dl.fit("sequence", str(visits), runs=tmp_path, model="gru", units=8, **LONG, **FEW)
    assert run.manifest.parts.train == 24 and run.manifest.task.name == "binary"
    found = dl.predict(run, [visits])
    assert (
        len(found) == 30 and found[0].source.startswith("visits.csv id p") and set(found[0].values) == {"well", "ill"}
    )
    report = str(run.report())
    assert "validation" in report


def test_a_forecast_is_compared_with_the_last_value_and_a_season_ago(waves, tmp_path):
    asked = {"time_on": "hour", "target": "value", "horizon": 2}
    run = dl.fit("sequence", str(waves), runs=tmp_path, model="gru", units=4, **asked, **FEW)
    rules = {one.name: one for one in run.manifest.baselines if one.rival}
    assert (
        list(rules) == ["last-value", "seasonal-value"] and rules["seasonal-value"].answer == "the value 6 steps before"
    )
    assert rules["seasonal-value"].score == pytest.approx(6 * 0.05, abs=1e-3), "it lags by the rise of a season"
    kept = read_rivals(run.outcomes_folder)
    assert {name: len(scores) for name, scores in kept.items()} == dict.fromkeys(rules, run.manifest.parts.val)
    (one,) = dl.predict(run, [waves])
    assert list(one.values) == ["value +1", "value +2"] and one.source == "waves.csv"
    begins = 10 * np.sin(np.array([120, 121]) * np.pi / 3) + 0.05 * np.array([120, 121])
    assert list(one.values.values()) == pytest.approx(begins, abs=1.5)


def test_arrays_are_fitted_and_predicted(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 6, 2))
    targets = inputs[:, :, 0].mean(axis=1)
    run = dl.fit("sequence", (inputs, targets), runs=tmp_path, width=8, **FEW)
    assert run.manifest.task.name == "regression" and len(dl.predict(run, inputs[:3])) == 3


def test_a_series_is_drawn_as_a_line_a_column(visits):
    row = opened(visits, **LONG).train.inputs.row(1)
    assert [line.split()[0] for line in str(draw(row, 40)).splitlines()] == ["pulse", "part"]
    assert sketch(row).startswith(f"{len(row)} steps: pulse ")


def test_a_table_is_recognized_as_series_by_what_was_typed(visits):
    assert recognize(visits, {"sequence_on": "id"}) == recognize(visits, {"horizon": 3}) == 1.0
    assert recognize(visits, {}) == 0.0
