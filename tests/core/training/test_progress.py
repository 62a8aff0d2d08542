"""The progress of a fit: one plain line an epoch, and a table with a bar on a terminal."""

import io
import math

import pytest
from rich.console import Console

import dl
from dl.intervals import Estimate
from dl.runs.estimates import ScoreEstimates
from dl.runs.manifest import MetricInfo
from dl.training.devices import Devices
from dl.training.progress import ProgressDisplay


def test_progress_is_one_plain_line_an_epoch_off_a_terminal(blobs, plugins_with, runs, tmp_path):
    with (tmp_path / "said").open("w") as stream:
        console = Console(file=stream, width=200, markup=False)
        devices = Devices("cpu", "1")
        plugins = plugins_with(given=blobs(2, title="[bold]\x1b[31m points"))
        dl.fit("numbers", "given", plugins=plugins, runs=runs, console=console, epochs=3, devices=devices)
    said = (tmp_path / "said").read_text()
    lines = said.splitlines()
    assert "\x1b" not in said and lines[0] == "given: [bold]\\x1b[31m points"
    assert [line.split()[0] for line in lines[-4:]] == ["epoch", "1/3", "2/3", "3/3"]
    assert "  task        binary - 2 classes, one for each example" in lines
    assert any(line.startswith("  to beat     50.00 % accuracy by always 'class") for line in lines)


ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
SCORES = ScoreEstimates(
    Estimate(0.9797, 0.975, 0.984), Estimate(0.977, 0.9739, 0.9798), Estimate(0.0027, -0.0013, 0.0067)
)


def shown(terminal, width=80, height=25):
    """Return a console of this size, and what it has been told."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, force_terminal=terminal, color_system=None)
    return console, stream


def test_off_a_terminal_each_epoch_is_one_line_in_columns():
    console, stream = shown(terminal=False)
    with ProgressDisplay(console, ACCURACY, 12, 100) as display:
        display.training(1, 3)
        display.scoring(1)
        display.epoch({"epoch": 1.0, "train_loss": 0.10634}, SCORES)
    assert stream.getvalue() == (
        "epoch  loss    probe     validation                gap\n"
        "1/12   0.1063  97.97 %   97.70 % [97.39, 97.98]    +0.27 % [-0.13, +0.67]\n"
    )


def test_of_many_epochs_the_first_and_the_last_and_about_ten_more_have_a_line():
    console, stream = shown(terminal=False)
    with ProgressDisplay(console, ACCURACY, 100, 5) as display:
        for number in range(1, 38):  # stopped early
            display.epoch({"epoch": float(number), "train_loss": 1.0}, SCORES)
    lines = stream.getvalue().splitlines()[1:]
    assert [line.split("/")[0] for line in lines] == ["1", "10", "20", "30", "37"]


def test_on_a_terminal_the_epochs_are_thinned_at_the_end_and_the_bar_goes():
    console, stream = shown(terminal=True, height=10)
    with ProgressDisplay(console, ACCURACY, 12, 100) as display:
        for number in range(1, 7):
            display.training(number, 50)
            display.epoch({"epoch": float(number), "train_loss": 1.0}, SCORES)
        display.scoring(7)
        assert display.now.plain.startswith("epoch 7/12  scoring probe and validation  ")
        assert display.now.plain.endswith(" left") and display.bar.completed == 50
    last = stream.getvalue().rsplit("epoch", 1)[1]  # from the head of the last table on
    assert [line.split()[0] for line in last.splitlines()[1:] if line.strip()][:4] == ["1/12", "2/12", "4/12", "6/12"]
    assert "scoring" not in last


@pytest.mark.parametrize(("loss", "cell"), [(0.10634, "0.1063"), (99.5, "99.5000"), (123456.789, "1.2346e+05")])
def test_a_loss_beyond_all_reason_is_short_still(loss, cell):
    console, stream = shown(terminal=False)
    with ProgressDisplay(console, ACCURACY, 1, 1) as display:
        display.epoch({"epoch": 1.0, "train_loss": loss}, SCORES)
    assert stream.getvalue().splitlines()[1].split()[1] == cell


def test_a_score_that_is_no_number_is_a_dash():
    nothing = Estimate(math.nan, math.nan, math.nan)
    console, stream = shown(terminal=False)
    with ProgressDisplay(console, ACCURACY, 1, 1) as display:
        display.epoch({"epoch": 1.0, "train_loss": 1.0}, ScoreEstimates(nothing, nothing, nothing))
    assert stream.getvalue().splitlines()[1].split() == ["1/1", "1.0000", "-", "-", "[-,", "-]", "-", "[-,", "-]"]


@pytest.mark.parametrize(("width", "head"), [(80, 5), (69, 4), (60, 3), (45, 2)])
def test_a_narrow_terminal_has_fewer_columns_and_no_cut_number(width, head):
    console, stream = shown(terminal=True, width=width)
    with ProgressDisplay(console, ACCURACY, 12, 100) as display:
        display.epoch({"epoch": 1.0, "train_loss": 0.10634}, SCORES)
    last = stream.getvalue().rsplit("epoch", 1)[1].splitlines()
    names = ["loss", "probe", "validation", "gap"]
    assert [name for name in names if name in last[0]] == {5: names, 4: names[1:], 3: names[2:], 2: ["validation"]}[
        head
    ]
    assert "97.70 % [97.39, 97.98]" in last[1] and "…" not in stream.getvalue()
