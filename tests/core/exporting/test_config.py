"""The configuration of an exported network names inputs, outputs, words in any case, and the thresholds."""

import json
from pathlib import Path

from dl.exporting import steps
from dl.exporting.config import describe
from dl.exporting.sums import sum_of


def test_a_configuration_is_json_with_words_as_learnt_and_folded(opened, package):
    config = json.loads(json.dumps(describe(opened, package)))
    inputs = {one["name"]: one for one in config["inputs"]}
    assert [one["kind"] for one in config["inputs"]] == ["number", "number", "number", "category"]
    words = inputs["city"]["words"]
    assert sorted(words) == ["Köln", "New York", "Oslo"]
    assert inputs["city"]["folded"] == {word.lower(): at for word, at in words.items()}
    assert config["outputs"][1]["thresholds"] == {"yes": 0.3} and "spread" not in config["outputs"][1]
    assert config["code"] == {"steps.py": sum_of(Path(steps.__file__).read_bytes())}
