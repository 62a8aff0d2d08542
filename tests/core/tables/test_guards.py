"""The guards on the cells of a table are the same in files, frames and arrays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dl
from dl.data.memory import take
from dl.tables.guards import check_given, count_rows
from dl_tabular.memory import from_memory

RNG = np.random.default_rng(0)
PATIENT = np.repeat(np.arange(40), 10)
SICK = RNG.permutation(40)[PATIENT] % 2
SIZE = RNG.normal(size=400)


def findings(data, target):
    given = take(data)
    dataset = from_memory(given, {}, None)
    train = replace(dataset.train, targets=np.asarray(target))
    return check_given(given, replace(dataset, train=train))


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (pd.DataFrame({"patient": PATIENT, "size": SIZE}), "keep them together: group_on=patient"),
        (np.column_stack([PATIENT, SIZE]), "keep them together: give a frame, with group_on=x0"),
    ],
)
def test_identifiers_in_memory_are_seen_with_the_advice_that_fits(data, advice):
    (found,) = findings(data, SICK)
    assert (found.code, found.severity) == ("data-groups-in-sight", "issue") and found.message.endswith(advice)


def test_a_file_and_a_frame_raise_the_same_finding(tmp_path):
    frame = pd.DataFrame({"patient": PATIENT, "size": SIZE, "sick": SICK})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    of_file = dl.fit("tabular", tmp_path / "rows.csv", target="sick", runs=tmp_path / "a", epochs=1)
    of_frame = dl.fit("tabular", frame, target="sick", runs=tmp_path / "b", epochs=1)
    kept = [(run.path / "findings.json").read_text().replace("--group-on ", "group_on=") for run in (of_file, of_frame)]
    assert kept[0] == kept[1] and "data-groups-in-sight" in kept[0]


def test_the_only_column_of_an_array_that_counts_the_rows_is_kept_and_reported():
    (found,) = findings(np.arange(400.0)[:, None], np.arange(400) * 2.0 + SIZE)
    assert (found.code, found.severity) == ("data-row-counter", "issue")


def test_measured_values_in_memory_raise_nothing():
    values = np.column_stack([SIZE, RNG.integers(0, 9, 400), RNG.integers(0, 2000, 400)])
    assert findings(values, RNG.integers(0, 2, 400)) == [] and count_rows(values) == []
