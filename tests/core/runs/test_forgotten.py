"""What was forgotten is kept in the run that went on."""

import pytest

from dl.errors import BadRun
from dl.intervals import Estimate
from dl.runs.forgotten import FORGOTTEN, Forgotten, read_forgotten, write_forgotten
from dl.runs.manifest import MetricInfo
from dl.runs.run import Run

METRIC = MetricInfo("accuracy", True, 1.0, "proportion")


@pytest.mark.parametrize("change", [None, Estimate(-0.1, -0.2, 0.0)])
def test_it_is_read_back(tmp_path, change):
    found = Forgotten("0001-a", METRIC, 0.9, 0.8, change, 50)
    write_forgotten(tmp_path, found)
    assert read_forgotten(Run(tmp_path)) == found


def test_most_runs_have_none_and_a_damaged_one_is_one_line(tmp_path):
    assert read_forgotten(Run(tmp_path)) is None
    (tmp_path / FORGOTTEN).write_text("{}")
    with pytest.raises(BadRun, match="is damaged"):
        read_forgotten(Run(tmp_path))
