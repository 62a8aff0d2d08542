"""Bad input: whatever is wrong with a run folder gives a report that says so, or one clear line."""

import json
import shutil

import numpy as np
import pytest
from rich.console import Console

from dl.errors import BadRun
from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.render.html import to_html
from dl_reports.render.terminal import print_report

SMALL = {"signal": [2.0, 3.0, 3.5], "n": 60}


@pytest.fixture
def reported(simulated):
    """Simulate, do something to the folder, and report; whatever is reported can be written as JSON."""

    def report(damage=lambda folder: None, **fit):
        run = simulated(**{**SMALL, **fit})
        damage(run.path)
        built = build_report(type(run)(run.path))
        to_json(built)
        assert not [one for one in built.unchecked if "failed" in one.why]
        return built

    return report


def edited(**changes):
    """Damage: other values in the manifest."""

    def damage(folder):
        stored = json.loads((folder / "run.json").read_text())
        for name, value in changes.items():
            *path, last = name.split("__")
            place = stored
            for key in path:
                place = place[key]
            place[last] = value
        (folder / "run.json").write_text(json.dumps(stored))

    return damage


def whys(report):
    return " ".join(one.why for one in report.unchecked)


def test_no_finished_epoch(reported):
    report = reported(signal=[], status="interrupted", message="stopped by a signal")
    assert report.verdict.sentence == "No epoch was finished, so there is nothing to judge."
    assert report.curves is None and report.ladder == () and report.scores is None


def test_an_interrupted_run_is_reported_as_far_as_it_came(reported):
    report = reported(status="interrupted", message="stopped by a signal in epoch 3")
    assert report.header.status == "interrupted" and report.header.epochs == 3


def test_one_epoch_cannot_tell_about_overfitting(reported):
    report = reported(signal=[3.0])
    assert "whether it overfits cannot be told, because it takes two epochs" in report.verdict.sentence


def test_a_lost_epoch_leaves_the_means_of_all_epochs_to_speak(reported):
    """What was kept before it would speak of another last epoch."""

    def damage(folder):
        (folder / "outcomes" / "epoch-00002.npz").unlink()

    report = reported(damage, signal=[2.0, 3.0, 2.9, 2.8])
    assert "the outcomes of the validation set at epoch 2 are missing" in whys(report)
    assert report.verdict.sentence.endswith("deviation of the loss assumed equal to its mean.)")


def test_a_history_that_was_cut_short_is_one_line(simulated):
    run = simulated(**SMALL)
    lines = (run.path / "history.csv").read_text().splitlines(keepends=True)
    (run.path / "history.csv").write_text("".join(lines[:-1]))
    with pytest.raises(BadRun, match=r"not a complete run: history\.csv has no row of epoch 3, and 3 epochs ran"):
        build_report(type(run)(run.path))


def test_five_validation_examples_are_too_few_and_it_says_so(reported):
    report = reported(n=5)
    assert "data-small-validation" in {finding.code for finding in report.findings}
    assert "it takes 20 examples or more; found 5" in whys(report)


def test_one_class_in_validation_makes_the_score_meaningless(reported):
    report = reported(shares=(1.0, 0.0, 0.0))
    found = next(finding for finding in report.findings if finding.code == "data-missing-class")
    assert found.severity == "issue" and "the score is meaningless" in found.message


def test_losses_that_are_no_numbers_are_an_issue_and_skipped_elsewhere(reported):
    def damage(folder):
        lines = (folder / "history.csv").read_text().splitlines()
        where = lines[0].split(",").index("val_loss")
        cells = lines[3].split(",")
        cells[where] = "nan"
        (folder / "history.csv").write_text("\n".join([*lines[:3], ",".join(cells)]) + "\n")
        path = folder / "outcomes" / "epoch-00003.npz"
        arrays = dict(np.load(path))
        arrays["val_loss"] = np.full_like(arrays["val_loss"], np.nan)
        np.savez(path, **arrays)

    report = reported(damage)
    assert report.verdict.severity == "issue" and "stopped being a number at epoch 3" in report.verdict.sentence


def test_a_million_classes_by_name_show_those_that_were_seen(reported):
    names = [f"class {k}" for k in range(1_000_000)]
    report = reported(edited(task__names=names))
    assert len(report.confusion.names) == 10 and report.confusion.left_out == 999_990


def test_names_out_of_the_data_are_short_and_safe_in_sentences(reported):
    evil = ["[bold]\x1b[31m<script>alert(1)</script>" + "x" * 10_000] + [f"c{k}" for k in range(1, 10)]
    report = reported(edited(task__names=evil), shares=(0.0, *(0.1,) * 9))
    message = next(finding.message for finding in report.findings if finding.code == "data-missing-class")
    assert "\x1b" not in message and len(message) < 200


OUTCOMES = ("epoch-00001.npz", "epoch-00003.npz", "examples.npz", "best.npz", "features.npz")


@pytest.mark.parametrize("name", OUTCOMES)
@pytest.mark.parametrize("how", ["missing", "cut", "foreign", "another array", "a folder"])
def test_a_damaged_outcome_leaves_a_report_that_says_what_is_missing(reported, name, how):
    def damage(folder):
        path = folder / "outcomes" / name
        content = path.read_bytes()
        path.unlink()
        if how == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif how == "foreign":
            path.write_bytes(b"PK\x03\x04 not what it seems")
        elif how == "another array":
            with path.open("wb") as stream:
                np.savez(stream, other=np.arange(3))
        elif how == "a folder":
            path.mkdir()

    report = reported(damage)
    assert report.header.epochs == 3
    assert report.unchecked


@pytest.mark.parametrize("name", ["recipe.toml", "findings.json"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"{", b"[1, 2]", b'[{"code": 1}]', b"version = 99"])
def test_a_damaged_side_file_is_said_and_the_report_goes_on(reported, name, content):
    def damage(folder):
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)

    assert reported(damage).curves is not None


DAMAGED = {  # the findings of the guards, and what is wrong with them
    '[{"code": 1, "severity": "tip", "message": ""}]': "Expected `str`, got `int` - at `$[0].code`",
    '[{"code": "a", "severity": "tip", "message": "", "evidence": [1]}]': "got `array` - at `$[0].evidence`",
    '[{"code": "a", "severity": "doom", "message": ""}]': "severity doom",
    '[{"code": "a", "severity": "tip"}]': "missing required field `message`",
    '[{"code": "a", "severity": "tip", "message": "", "evidence": {"x": ' + "[" * 100_000: "is damaged",
}


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_the_place_of_what_is_wrong_in_the_findings_of_the_guards_is_named(reported, content):
    report = reported(lambda folder: (folder / "findings.json").write_text(content))
    (why,) = [one.why for one in report.unchecked if "what the guards found" in one.what]
    assert "findings.json" in why and DAMAGED[content] in why


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 7}', b'{"format": 1}', b"\xff"])
def test_a_damaged_manifest_is_one_line(simulated, content):
    run = simulated(**SMALL)
    (run.path / "run.json").write_bytes(content)
    with pytest.raises(BadRun) as caught:
        build_report(type(run)(run.path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"best_epoch": "two"},
        {"task__metrics": []},
        {"task__names": [1, 2]},
        {"parts__val": -1},
        {"seconds": None},
        {"parts__name": 3},
    ],
)
def test_values_of_another_type_in_the_manifest_are_one_line(simulated, change):
    run = simulated(**SMALL)
    edited(**change)(run.path)
    with pytest.raises(BadRun, match=r"run\.json"):
        build_report(type(run)(run.path))


@pytest.mark.parametrize("content", [b"epoch,val_loss\n1,0.5\n", b"a,b\nx,y\n", b"\x00\x01", b"epoch\n1,2,3\n"])
def test_a_foreign_history_is_one_line(simulated, content):
    run = simulated(**SMALL)
    (run.path / "history.csv").write_bytes(content)
    with pytest.raises(BadRun, match=r"history\.csv"):
        build_report(type(run)(run.path))


def test_no_outcomes_at_all_falls_back_to_means_and_says_so(reported):
    report = reported(lambda folder: shutil.rmtree(folder / "outcomes"), n=1000)
    assert "From means alone" in report.verdict.sentence


def test_a_best_epoch_that_does_not_exist_is_found_again(reported):
    assert reported(edited(best_epoch=99)).header.best_epoch in (1, 2, 3)


def test_a_class_without_a_name_is_shown_in_quotes(reported):
    report = reported(edited(task__names=["", " ", *"cdefghij"]), signal=[1.0, 1.2])
    assert report.confusion is not None and report.confusion.names[:3] == ("''", "' '", "c")


LAYERS = [
    {"name": "image", "kind": "Input", "reads": [], "gives": "4", "parameters": 0, "shares": ""},
    {"name": "<b>", "kind": "Dense", "reads": [0], "gives": "4", "parameters": 20, "shares": ""},
    {"name": "add_1", "kind": "add", "reads": [0, 1], "gives": "4", "parameters": 0, "shares": ""},
]


def drawn(*layers):
    """Damage: these layers of the network."""
    return lambda folder: (folder / "network.json").write_text(json.dumps({"branches": True, "layers": layers}))


def test_a_network_with_branches_is_drawn_on_the_screen_and_escaped_on_the_page(reported, capsys):
    report = reported(drawn(*LAYERS))
    print_report(report, Console(width=80))
    assert "  <b>    │ ●  Dense  4  20" in capsys.readouterr().out
    page = to_html(report)
    assert "&lt;b&gt;    │ ●  Dense  4  20" in page and "<b>    " not in page


def test_a_run_without_its_layers_or_with_others_has_no_drawing(reported):
    assert reported().network is None
    assert reported(lambda folder: (folder / "network.json").write_text("[")).network is None
    assert reported(drawn(LAYERS[1])).network is None  # which reads itself
