"""The configuration of an exported network names inputs, outputs, words in any case, and the thresholds."""

import json

from dl.exporting.config import describe


def test_a_configuration_is_json_with_words_as_learnt_and_folded(opened, package):
    config = json.loads(json.dumps(describe(opened, package, "")))
    inputs = {one["name"]: one for one in config["inputs"]}
    assert [one["kind"] for one in config["inputs"]] == ["number", "number", "number", "category"]
    words = inputs["city"]["words"]
    assert sorted(words) == ["Köln", "New York", "Oslo"]
    assert inputs["city"]["folded"] == {word.lower(): at for at, word in enumerate(words)}
    assert config["outputs"][1]["thresholds"] == {"yes": 0.3} and "spread" not in config["outputs"][1]
    assert (config["reader"], config["reader_sha256"]) == ("", "")
