"""The progress of a fit below the cell of a notebook, in a real kernel; nothing elsewhere."""

import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from dl.intervals import Estimate
from dl.runs.estimates import ScoreEstimates
from dl.runs.manifest import MetricInfo
from dl.training import notebook
from dl.training.notebook import NotebookConsole, NotebookDisplay, default_console

CELL = """
import dl
import numpy as np
rows = np.arange(240.0).reshape(120, 2) % 7
run = dl.fit("tabular", (rows, ["a" if row[0] > 3 else "b" for row in rows]), epochs=4, rivals=False, runs={runs!r})
"""
REPORT = "print(run.report())"


def test_a_plain_script_is_silent_as_ever():
    console = default_console()
    assert type(console) is Console and console.quiet


def test_a_display_is_made_once_and_updated_in_place(monkeypatch):
    told = []
    handle = SimpleNamespace(update=lambda shown: told.append(shown._repr_mimebundle_()))

    def display(shown, display_id):
        told.append(shown._repr_mimebundle_())
        return handle

    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(notebook, "BETWEEN", 0.0)
    scores = ScoreEstimates(Estimate(0.9, 0.8, 0.95), Estimate(0.7, 0.6, 0.8), Estimate(0.2, 0.1, 0.3))
    console = default_console()
    assert isinstance(console, NotebookConsole)
    with NotebookDisplay(console, MetricInfo("<b>", True, 1.0, "proportion"), 2, 10) as shown:
        shown.training(1, 5)
        assert "epoch 1/2  step 5/10" in told[-1]["text/plain"] and 'value="0.500"' in told[-1]["text/html"]
        shown.epoch({"epoch": 1.0, "train_loss": 0.5}, scores)
    assert "<td>1/2</td><td>0.5000</td>" in told[-1]["text/html"] and "&lt;b&gt;" in told[-1]["text/html"]
    assert "progress" not in told[-1]["text/html"] and "step" not in told[-1]["text/plain"]


@pytest.mark.check
@pytest.mark.filterwarnings("ignore")  # of the client, whose kernel is another process
def test_a_real_kernel_shows_one_table_with_every_epoch_and_prints_nothing(tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code = nbformat.v4.new_code_cell
    page = nbformat.v4.new_notebook(cells=[code(CELL.format(runs=str(tmp_path))), code(REPORT)])
    NotebookClient(page, timeout=120, kernel_name="python3").execute()
    (output,) = page.cells[0].outputs
    assert output.output_type == "display_data"
    assert [f"<td>{epoch}/4</td>" in output.data["text/html"] for epoch in (1, 2, 3, 4)] == [True] * 4
    assert output.data["text/plain"].splitlines()[0].split()[:3] == ["epoch", "loss", "probe"]
    (printed,) = page.cells[1].outputs
    assert printed.output_type == "stream" and "accuracy on validation" in printed.text
