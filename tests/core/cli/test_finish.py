"""The end of a fit: its report is shown and kept, and its code says whether its end could be written."""

from dataclasses import replace

import numpy as np
import pytest

from dl.cli.finish import finish
from dl.cli.json_output import begin_command
from dl.exit_codes import DONE, FAILED


@pytest.fixture
def ended(fit, dataset):
    """A run of one epoch."""
    inputs = np.random.default_rng(0).normal(size=(60, 3))
    return fit(dataset(inputs, (inputs[:, 0] > 0).astype(int), ("no", "yes")), epochs=1)


def test_the_report_of_a_fit_is_printed_and_kept_in_its_folder(ended, plugins_with, capsys):
    end = finish(ended, plugins_with(), as_json=False)
    shown = capsys.readouterr().out
    assert end.code == DONE and ended.path.name in shown and end.verdict()
    assert (ended.path / "report.txt").read_text(encoding="utf-8") == shown


def test_without_a_report_the_folder_is_named(ended, plugins_with, capsys):
    end = finish(ended, replace(plugins_with(), renderers=(), reporters=()), as_json=False)
    assert end.code == DONE and end.verdict() == ""
    assert "".join(capsys.readouterr().out.split()).startswith(f"wrote{ended.path};install")


def test_a_fit_whose_end_could_not_be_written_has_failed(ended, plugins_with, capsys):
    vars(ended)["manifest"] = replace(ended.manifest, status="running")
    begin_command()
    assert finish(ended, plugins_with(), as_json=True).code == FAILED
    assert '"status": "running"' in capsys.readouterr().out
