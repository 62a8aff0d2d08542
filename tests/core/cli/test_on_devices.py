"""A fit on several devices: one document, however its processes end."""

import json
import sys

import pytest

from dl.cli import json_output
from dl.cli.on_devices import run_on_devices

DOCUMENT = """print('{"run": 1}')"""  # a program that prints one


@pytest.mark.parametrize(
    ("source", "code", "status", "document"),
    [
        (DOCUMENT, 0, "", {"run": 1}),
        (f"print(1, flush=True); {DOCUMENT}; raise SystemExit(130)", 130, "", {"run": 1}),
        ("import os; os._exit(143)", 143, "", ("KeyboardInterrupt", "stopped")),
        ("import os; os.kill(os.getpid(), 9)", 1, "failed", ("TrainingFailed", "was killed by signal 9")),
        ("raise SystemExit(75)", 1, "failed", ("TrainingFailed", "a process of this fit lost the connection")),
    ],
)
def test_a_fit_on_two_devices_prints_one_document_however_its_first_process_ends(
    source, code, status, document, monkeypatch, capfd
):
    monkeypatch.setattr("dl.launch.words_of_dl", lambda arguments: [sys.executable, "-S", "-c", source])
    json_output.begin_command()
    end = run_on_devices(["fit", "--json"], "cpu", "2", 1, as_json=True)
    assert (end.code, end.status) == (code, status)
    json_output.print_json({"a": "second one"})
    (line,) = capfd.readouterr().out.splitlines()
    found = json.loads(line)
    if isinstance(document, dict):
        assert found == document
    else:
        error = found["error"]
        assert (error["code"], error["kind"]) == (code, document[0]) and document[1] in error["line"]
