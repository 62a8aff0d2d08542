"""`dl export` writes the file and its card, and shows the agreement."""

import json

import pytest

from dl.cli.main import run as run_line


@pytest.mark.check
def test_the_command_names_what_it_wrote_and_how_far_it_agrees(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_line(["fit", "tabular", "wine", "epochs=1"]) == 0
    capsys.readouterr()
    assert run_line(["export", "last", "--to", "folder", "--licence", "MIT"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("wrote 0001-wine-dense-folder\n")
    assert "of 29 answers on the validation part as dl predict" in " ".join(shown.split())
    assert "model card: 0001-wine-dense-folder/README.md" in shown
    assert run_line(["export", "last", "--to", "folder"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run_line(["export", "last", "--to", "safetensors", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agreement"]["share"] == 1.0
