import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadRun
from dl.runs.manifest import Baseline, Manifest, MetricInfo, Parts, TaskInfo, parse_manifest

WORDS = st.text(max_size=10)
SMALL = st.floats(allow_nan=False, allow_infinity=False)
METRICS = st.lists(st.builds(MetricInfo, WORDS, st.booleans(), SMALL, WORDS), min_size=1, max_size=3).map(tuple)
MANIFESTS = st.builds(
    Manifest,
    name=WORDS,
    status=st.sampled_from(["running", "finished", "interrupted", "failed"]),
    created=WORDS,
    dl_version=WORDS,
    domain=WORDS,
    model=WORDS,
    parameters=st.integers(0, 10**12),
    task=st.builds(
        TaskInfo,
        name=WORDS,
        reason=WORDS,
        outputs=st.integers(1, 100),
        names=st.lists(WORDS, max_size=3).map(tuple),
        metrics=METRICS,
        loss=WORDS,
        shift=st.lists(SMALL, max_size=2).map(tuple),
    ),
    parts=st.builds(Parts, name=WORDS, rule=WORDS, input_shape=st.lists(st.integers(1, 9), max_size=3).map(tuple)),
    baselines=st.lists(st.builds(Baseline, WORDS, WORDS, SMALL), max_size=3).map(tuple),
    best_epoch=st.integers(0, 100),
    message=WORDS,
)


@pytest.fixture
def manifest():
    """A manifest as a fit writes it."""
    metric = MetricInfo("accuracy", True, 1.0, "proportion")
    task = TaskInfo("binary", "2 classes", 1, ("no", "yes"), (metric,), "binary_cross_entropy")
    parts = Parts("given", 80, 20, 20, "hold-out, seed 0", "0badcafe", (2,), False)
    baselines = (Baseline("majority", "always 'no'", 0.5),)
    return Manifest("0001-x", "finished", "2026-01-01", "0.1.0", "numbers", "linear", 3, task, parts, baselines)


@given(MANIFESTS)
def test_a_manifest_is_read_as_it_was_written(manifest):
    assert parse_manifest(manifest.to_json(), "run.json") == manifest


def test_only_the_status_and_what_is_said_changes(manifest):
    after = manifest.with_status("interrupted", signal=2)
    assert (after.status, after.signal, after.task) == ("interrupted", 2, manifest.task)


def test_the_headline_is_the_first_metric(manifest):
    assert manifest.task.headline.name == "accuracy"


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_a_run_of_an_unknown_version_is_refused_with_the_version(manifest, version):
    text = json.dumps(json.loads(manifest.to_json()) | {"format": version})
    with pytest.raises(BadRun, match=f"run format {version!r}; this dl reads format 1"):
        parse_manifest(text, "run.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"text"', "{}", "[" * 100_000, '{"format": '])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(BadRun, match=r"run\.json is not the manifest of a run"):
        parse_manifest(text, "run.json")


@pytest.mark.parametrize("key", ["task", "parts", "baselines", "name", "status"])
@pytest.mark.parametrize("value", [None, 3, "text", [], {}, ["text"], [3], {"metrics": ["text"]}])
def test_a_manifest_with_something_else_in_a_place_is_refused(manifest, key, value):
    text = json.dumps(json.loads(manifest.to_json()) | {key: value})
    if (key in ("name", "status") and value == "text") or (key == "baselines" and value == []):
        assert parse_manifest(text, "run.json")  # that is what it may hold
        return
    with pytest.raises(BadRun, match=r"run\.json is damaged"):
        parse_manifest(text, "run.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": "9"}, r"Expected `int`, got `str` - at `\$\.parameters`"),
        ({"epochs": 1.5}, r"Expected `int`, got `float` - at `\$\.epochs`"),
        ({"seconds": None}, r"Expected `float`, got `null` - at `\$\.seconds`"),
        ({"baselines": [{"name": "prior", "answer": "", "score": "high"}]}, r"at `\$\.baselines\[0\]\.score`"),
        ({"parts": {"name": "given"}}, r"missing required field `train` - at `\$\.parts`"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(manifest, change, said):
    text = json.dumps(json.loads(manifest.to_json()) | change)
    with pytest.raises(BadRun, match=rf"^run\.json is damaged: .*{said}$"):
        parse_manifest(text, "run.json")


def test_a_score_without_end_and_a_path_that_is_no_unicode_are_read_as_written(manifest):
    strange = replace(manifest, domain="caf\udce9", baselines=(Baseline("prior", "", -math.inf),))
    assert parse_manifest(strange.to_json(), "run.json") == strange


def test_a_key_of_a_later_patch_release_is_passed_over(manifest):
    text = json.dumps(json.loads(manifest.to_json()) | {"mood": "good"})
    assert parse_manifest(text, "run.json") == manifest
