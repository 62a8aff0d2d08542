"""A report as JSON keeps to the published schema, and holds nothing that JSON does not have."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.report import Example

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}
OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}


@pytest.mark.parametrize(
    "fit",
    [
        HEALTHY,
        OVERFIT,
        {"signal": [3.0]},
        {"signal": []},
        {"n": 5, "signal": [1.0, 2.0]},
        {"flipped": 0.1, "signal": [5.0] * 3},
    ],
)
def test_the_json_keeps_to_the_published_schema(simulated, violations, fit):
    assert violations(json.loads(to_json(build_report(simulated(**fit))))) == []


def test_a_value_out_of_the_schema_is_noticed(simulated, violations):
    stored = json.loads(to_json(build_report(simulated(**HEALTHY))))
    stored["verdict"]["severity"] = "terrible"
    stored["more"] = 1
    assert len(violations(stored)) == 2


def test_json_holds_no_nan(simulated):
    text = to_json(build_report(simulated(**HEALTHY)))
    assert "NaN" not in text and "Infinity" not in text


def test_an_image_is_its_shape_and_its_bytes_row_by_row(simulated):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    report = replace(
        build_report(simulated(**HEALTHY)), examples=(Example(7, "val", "hardest", "1", "2", 0.5, pixels),)
    )
    (stored,) = json.loads(to_json(report))["examples"]
    assert stored["sketch"]["shape"] == [2, 4, 3]
    assert base64.b64decode(stored["sketch"]["base64"]) == bytes(range(24))
