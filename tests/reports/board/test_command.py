"""The verb board, as it is typed, and in a process of its own that never imports torch."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest


def test_it_writes_a_site_and_refuses_what_it_cannot_do(dl_run, folder, tmp_path):
    written = dl_run("board", folder, "--out", tmp_path / "site", "--reports", "0")
    assert written.code == 0 and "index.html: 7 runs, 0 reports" in written.err
    for words, line in (
        ((tmp_path / "nowhere",), "there is no folder"),
        ((folder / "0001-mine/run.json",), "is a file, not a folder"),
        ((folder, "--reports", "3"), "--reports says how many --out writes"),
        ((folder, "--out", tmp_path / "x", "--reports", "many"), "expected a number, or all"),
    ):
        refused = dl_run("board", *words)
        assert refused.code == 2 and line in refused.err


@pytest.mark.check
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_it_serves_until_it_is_interrupted_without_torch(folder, flags):
    program = (
        "import signal, sys; from dl.cli.main import run; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "code = run(sys.argv[1:]); sys.exit('torch' in sys.modules or code)"
    )  # a shell's background jobs ignore Ctrl-C
    command = [sys.executable, "-c", program, "board", str(folder), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        try:
            line = served.stdout.readline().strip()
            address = json.loads(line)["url"] if flags else line
            with urllib.request.urlopen(f"{address}data/runs.js", timeout=30) as answer:
                assert b"0001-mine" in answer.read()
            served.send_signal(signal.SIGINT)
            assert served.wait(20) == 0, served.stderr.read()
            assert served.stdout.read() == "", "one document"
        finally:
            served.kill()
