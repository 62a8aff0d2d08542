import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from dl.data.examples import Subset
from dl.errors import BadRun
from dl.finding import Finding
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import Recipe
from dl.runs import outcomes
from dl.runs.history import write_history
from dl.runs.manifest import Baseline, Manifest, MetricInfo, Parts, TaskInfo
from dl.runs.outcomes import Scored
from dl.runs.render import render_report
from dl.runs.run import Run, claim_run, list_runs, list_with_inner, open_any, open_run, read_json, write_findings


@pytest.fixture
def make_run(examples):
    """A function that writes a small run folder by hand."""
    metric = MetricInfo("accuracy", True, 1.0, "proportion")
    task = TaskInfo("binary", "2 classes", 1, ("no", "yes"), (metric,), "binary_cross_entropy")
    parts = Parts("given", 5, 3, 3, "hold-out, seed 0", "0badcafe", (2,), True)
    baselines = (Baseline("majority", "always 'no'", 0.5),)

    def make(root, label="given-linear"):
        path = claim_run(root, label)
        given = (path.name, "finished", "2026-01-01", "0.1.0", "numbers", "linear", 3, task, parts, baselines)
        manifest = Manifest(*given, best_epoch=2)
        (path / "run.json").write_text(manifest.to_json())
        (path / "recipe.toml").write_text(Recipe("numbers", "given", "linear").to_toml())
        row = {"val_accuracy": 0.5, "probe_accuracy": 0.75, "val_loss": 1.0, "probe_loss": 0.5, "gap": 0.25}
        ends = {f"{part}_{end}": 0.5 for part in ("val", "probe", "gap") for end in ("low", "high")}
        write_history(path / "history.csv", [{"epoch": k} | row | ends for k in (1, 2)])
        write_findings(path / "findings.json", [Finding("data-duplicates", "note", "3 copies", {"repeated": 3})])
        part = Subset(examples(np.zeros((3, 2)), np.array([0, 1, 0])), np.arange(3))
        (path / "outcomes").mkdir()
        outcomes.write_examples(path / "outcomes", {"val": part, "probe": part}, np.zeros(3, bool))
        scored = Scored(*(np.ones(3, np.float32) for _ in range(3)), np.ones((3, 1), np.float32))
        for epoch in (1, 2):
            outcomes.write_epoch(path / "outcomes", epoch, {"val": scored, "probe": scored})
        return Run(path)

    return make


def test_a_run_reads_what_was_kept(make_run, runs):
    run = make_run(runs)
    assert run.name == "0001-given-linear" and run.manifest.status == "finished"
    assert run.best["epoch"] == 2.0 and run.best["val_accuracy"] == 0.5
    assert run.guard_findings == (Finding("data-duplicates", "note", "3 copies", {"repeated": 3}),)
    assert run.recipe.model == "linear" and run.outcomes("val").loss.shape == (2, 3)


def damage(path, lines):
    """Keep these lines of a file alone."""
    every = path.read_text().splitlines(keepends=True)
    path.write_text("".join(every[at] for at in lines))


@pytest.mark.parametrize(("lines", "epoch"), [([0, 1], 2), ([0, 2], 1), ([0, 2, 2], 1)])
def test_a_history_that_was_cut_short_is_no_whole_run(make_run, runs, lines, epoch):
    run = make_run(runs)
    damage(run.path / "history.csv", lines)
    message = f"not a complete run: history.csv has no row of epoch {epoch}, and 2 epochs ran; put the file back"
    with pytest.raises(BadRun, match=message):
        Run(run.path).history  # noqa: B018 - reading it is the check


def test_the_epochs_of_a_run_are_known_by_its_outcomes_and_by_its_manifest(make_run, runs):
    for lost, changes in (("outcomes", {"best_epoch": 1, "epochs": 2}), ("nothing", {"best_epoch": 1, "epochs": 0})):
        run = make_run(runs)
        stored = json.loads((run.path / "run.json").read_text())
        (run.path / "run.json").write_text(json.dumps(stored | changes))
        if lost == "outcomes":
            (run.path / "outcomes" / "epoch-00002.npz").unlink()
        damage(run.path / "history.csv", [0, 1])
        with pytest.raises(BadRun, match="no row of epoch 2, and 2 epochs ran"):
            Run(run.path).history  # noqa: B018 - as above


def test_an_epoch_whose_row_was_not_written_yet_is_no_damage(make_run, runs):
    run = make_run(runs)
    stored = json.loads((run.path / "run.json").read_text())
    for status in ("running", "interrupted", "failed"):
        (run.path / "run.json").write_text(json.dumps(stored | {"status": status, "best_epoch": 1, "epochs": 1}))
        damage(run.path / "history.csv", [0, 1])
        assert len(Run(run.path).history) == 1


def test_a_run_is_opened_by_number_name_path_or_last(make_run, runs):
    first, second = make_run(runs), make_run(runs, "other")
    assert [run.name for run in list_runs(runs)] == ["0001-given-linear", "0002-other"]
    for which in ("1", "0001", "01", "0001-given-linear", first.path, str(first.path)):
        assert open_run(which, runs) == first, which
    assert open_run("last", runs) == open_run("2", runs) == second


def test_the_newest_run_is_the_one_of_the_highest_number(make_run, runs):
    for _ in range(3):
        make_run(runs)
    (runs / "0003-given-linear").rename(runs / "10003-given-linear")
    assert open_run("last", runs).name == "10003-given-linear"
    assert claim_run(runs, "next").name == "10004-next"


def test_a_run_that_is_not_there_is_refused_with_the_nearest(make_run, runs):
    make_run(runs)
    with pytest.raises(BadRun, match=r"no run '0001-given-liner' in '.*'; did you mean '0001-given-linear'"):
        open_run("0001-given-liner", runs)
    for which in ("7", "", "0", "x" * 5000, "\udcff", "..", "a/b"):
        with pytest.raises(BadRun):
            open_run(which, runs)


def test_without_a_run_there_is_no_last(runs):
    with pytest.raises(BadRun, match=r"there is no run in .* yet"):
        open_run("last", runs)


@pytest.mark.parametrize("which", ["last", "1", "given"])
def test_a_file_in_place_of_the_folder_of_runs_is_said_to_be_one(tmp_path, which):
    (tmp_path / "runs").write_text("a")
    with pytest.raises(BadRun, match=r"runs' is a file, not a folder of runs; pass --runs FOLDER"):
        open_run(which, tmp_path / "runs")


def test_a_run_is_opened_by_its_path_wherever_runs_are_said_to_be(make_run, runs, tmp_path):
    (tmp_path / "file").write_text("a")
    assert open_run(make_run(runs).path, tmp_path / "file").name == "0001-given-linear"


def test_a_folder_that_is_no_run_is_refused(tmp_path, runs):
    with pytest.raises(BadRun, match=r"not a complete run: run\.json is missing"):
        open_run(tmp_path, runs)


def test_a_run_of_an_unknown_version_is_refused(make_run, runs):
    path = make_run(runs).path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(BadRun, match="run format 99; this dl reads format 1"):
        open_run("last", runs)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("pets-dense", "0001-pets-dense"),
        ("../../etc", "0001-etc"),
        ("a b\x1b[31m/c", "0001-a-b-31m-c"),
        ("", "0001-run"),
        ("ねこ", "0001-run"),
        ("x" * 300, "0001-" + "x" * 60),
    ],
)
def test_a_run_folder_has_a_harmless_name_below_its_root(runs, label, name):
    assert claim_run(runs, label) == runs / name


CLAIM = "import sys; from pathlib import Path; from dl.runs.run import claim_run\n"
CLAIM += "for k in range(15): print(claim_run(Path(sys.argv[1]), sys.argv[2]).name)"


def test_runs_that_start_at_once_have_different_numbers_whatever_their_names(runs):
    running = [
        subprocess.Popen([sys.executable, "-c", CLAIM, str(runs), f"data-{k % 3}"], stdout=subprocess.PIPE, text=True)
        for k in range(6)
    ]
    names = [name for process in running for name in process.communicate()[0].splitlines()]
    assert sorted(name.split("-")[0] for name in names) == [f"{number:04d}" for number in range(1, 91)]


@pytest.mark.parametrize("text", ["", "[", "3", '["text"]', '[{"code": 1}]', '[{"colour": "red"}]', "[" * 100_000])
def test_damaged_findings_are_refused(make_run, runs, text):
    run = make_run(runs)
    (run.path / "findings.json").write_text(text)
    with pytest.raises(BadRun, match=r"findings\.json"):
        run.guard_findings  # noqa: B018 - reading it is the check


def test_findings_of_another_type_are_named_by_their_path(make_run, runs):
    run = make_run(runs)
    (run.path / "findings.json").write_text('[{"code": "a", "severity": "note", "message": 3}]')
    with pytest.raises(BadRun, match=r"findings\.json' is damaged: Expected `str`, got `int` - at `\$\[0\]\.message`"):
        run.guard_findings  # noqa: B018 - reading it is the check


def test_a_severity_that_is_none_is_refused(make_run, runs):
    run = make_run(runs)
    (run.path / "findings.json").write_text('[{"code": "a", "severity": "loud", "message": "m"}]')
    with pytest.raises(BadRun, match=r"findings\.json is damaged: severity loud"):
        run.guard_findings  # noqa: B018 - reading it is the check


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BadRun, match="is missing; the run is not complete"):
        read_json(tmp_path / "gone.json", list)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    deadline=None,
    max_examples=150,
)
@given(data=st.data())
def test_a_damaged_file_never_raises_anything_but_bad_run(make_run, runs, data):
    run = make_run(runs)
    path = run.path / data.draw(st.sampled_from(["run.json", "history.csv", "findings.json", "recipe.toml"]))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        opened = open_run(run.path, runs)
        assert (opened.history, opened.guard_findings, opened.recipe, opened.best) is not None
        render_report(opened, Console(quiet=True), load_plugins())
    except BadRun:
        pass


def test_a_run_whose_epochs_are_known_but_not_its_history_is_not_complete(fit, blobs):
    run = fit(blobs(), epochs=2)
    (run.path / "history.csv").unlink()
    with pytest.raises(BadRun, match=r"not a complete run: history\.csv is missing"):
        open_run("last", run.path.parent).best  # noqa: B018 - reading it is the check


def test_a_run_of_a_workflow_has_the_root_and_the_looks_of_all_runs(make_run, tmp_path):
    plain = make_run(tmp_path / "runs")
    flow = tmp_path / "runs/0002-given-workflow"
    inner = [flow / "0001-given-linear", flow / "0002-given-tune/trials/001", flow / "0003-given-overfit/fits/01"]
    for path in inner:
        shutil.copytree(plain.path, path)
    (flow / "0002-given-tune/study.json").write_text("{}")
    (flow / "0003-given-overfit/fits.json").write_text("{}")
    (flow / "workflow.json").write_text('{"stages": [{"run": ""}]}')
    assert {Run(path).root for path in inner} == {tmp_path / "runs"}
    assert [run.path for run in list_with_inner(tmp_path / "runs")] == [plain.path, *inner]
    with pytest.raises(
        BadRun, match="is a workflow of several fits, not a run  it stands: dl status 0002-given-workflow"
    ):
        open_run("last", tmp_path / "runs")
    assert open_any("last", tmp_path / "runs").path == open_any("2", tmp_path / "runs").path == flow
    assert open_any(str(inner[0]), tmp_path / "runs") == Run(inner[0])


def test_a_trial_lies_in_a_study_whose_folder_lies_among_the_runs(make_run, tmp_path):
    plain = make_run(tmp_path / "runs")
    study = tmp_path / "runs/0002-given-tune"
    for number in (1, 2):
        (study / "trials").mkdir(parents=True, exist_ok=True)
        shutil.copytree(plain.path, study / f"trials/{number:03d}")
    trial = Run(study / "trials/001")
    assert trial.root == study / "trials", "without study.json it is a folder like any other"
    (study / "study.json").write_text('{"best_number": 2}')
    assert trial.root == plain.root == tmp_path / "runs"
    assert [run.path.name for run in list_with_inner(tmp_path / "runs")] == [plain.path.name, "001", "002"]
    with pytest.raises(BadRun, match=f"0002-given-tune is a study of several fits, not a run  take its best: {study}"):
        open_run(2, tmp_path / "runs")
    (study / "study.json").write_text('{"best_number": 0}')
    with pytest.raises(BadRun, match="it has no best trial yet"):
        open_run(2, tmp_path / "runs")
