"""The task next-frame through the whole road: what is fitted, compared in pairs, reported, predicted, and refused."""

import numpy as np
import pytest
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import dl
from dl.cli.main import command_line
from dl.errors import BadOption
from dl.plugins.loading import load_plugins
from dl.training.devices import Devices
from dl_reports.baseline import lead, rival_leads
from dl_reports.build import build_report
from dl_reports.facts import Facts
from dl_reports.read import read

CPU = Devices("cpu", "1")


def movies(n=30, length=7, side=8):
    """Films of one bright bar that moves a column to the right each time and comes back on the left."""
    films = np.zeros((n, length, side, side), np.uint8)
    for film, number in np.ndindex(n, length):
        films[film, number, :, (film + number) % side] = 250
    return films


@pytest.fixture(scope="module")
def run(tmp_path_factory, one_thread):
    """A fit of the films."""
    given = {"width": 8, "epochs": 12, "batch_size": 8, "lr": 0.02, "steps": 2}
    return dl.fit("frames", movies(), runs=tmp_path_factory.mktemp("runs"), devices=CPU, **given)


def test_a_network_is_certainly_better_than_the_last_frame_and_the_line_in_pairs_by_film(run):
    facts = Facts(read(run), load_plugins())
    assert [one.name for one in run.manifest.baselines] == ["mean", "last-frame", "extrapolation"]
    leads = (lead(facts), *rival_leads(facts))
    assert all(one.form == "paired" and one.interval.low > 0 for one in leads)
    assert len(facts.kept.val.groups) == 6 and run.outcomes("val").targets.shape == (30, 0)


def test_the_report_shows_strips_with_the_true_and_the_predicted_frame(run):
    shown = build_report(run).examples
    assert shown and all(one.remade.shape == one.sketch.shape == (8, 26, 1) for one in shown)
    assert all((one.remade[:, :18] == one.sketch[:, :18]).all() for one in shown)
    assert any((one.remade[:, 18:] != one.sketch[:, 18:]).any() for one in shown)


def test_frames_ahead_are_written_as_files_and_follow_the_bar(run, tmp_path):
    for number, frame in enumerate(movies(1)[0], 1):
        (tmp_path / "film").mkdir(exist_ok=True)
        Image.fromarray(frame).save(tmp_path / f"film/frame_{number:02}.png")
    words = ["predict", str(run.path), str(tmp_path / "film"), "--ahead", "2", "--out", str(tmp_path / "next")]
    done = CliRunner().invoke(command_line(), words)
    assert done.exit_code == 0, done.output
    found = [np.asarray(Image.open(tmp_path / f"next/film/frame_{k:02}.png")) for k in (8, 9)]
    assert [int(frame.sum(axis=0).argmax()) for frame in found] == [7, 0]
    (again,) = dl.predict(run, movies(1)[:, 1:], ahead=2)
    np.testing.assert_array_equal(again.frames[..., 0], np.stack(found))


def test_a_network_of_ones_own_reads_frames_and_what_is_for_other_tasks_is_refused(run, tmp_path, one_thread):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = nn.Conv2d(2, 1, 3, padding=1)

        def forward(self, frames):
            return self.mix(frames[:, :, 0])

    own = dl.fit("frames", movies(6), model=lambda shape, outputs: Own(), steps=2, epochs=1, runs=tmp_path, devices=CPU)
    assert own.manifest.task.name == "next-frame"
    with pytest.raises(BadOption, match="ahead=0: expected a whole number from 1"):
        dl.predict(run, movies(1), ahead=0)
    with pytest.raises(BadOption, match="no model of frames has a network for the task reconstruction"):
        dl.fit("frames", movies(6), task="reconstruction", runs=tmp_path, devices=CPU)
