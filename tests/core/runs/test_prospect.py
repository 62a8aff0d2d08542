"""What a check of data found, as JSON."""

import json

from dl.finding import Finding
from dl.runs.prospect import DataCheck


def test_a_check_is_json_with_its_findings():
    found = DataCheck("d", "binary", 8, 2, "hold-out", (Finding("data-x", "tip", "m", {"share": 0.5}),), ("near",))
    stored = json.loads(json.dumps(found.as_dict()))
    assert stored["findings"][0]["evidence"] == {"share": 0.5} and stored["clean"] == ["near"] and stored["val"] == 2
