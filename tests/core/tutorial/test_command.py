"""Commands that run as if they were typed."""

import os
import signal
import threading

import pytest

from dl.tutorial.command import ask, run_command


@pytest.mark.check
def test_a_command_runs_in_its_folder_and_its_exit_code_is_returned(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("DL_RUNS", str(tmp_path / "elsewhere"))
    assert run_command(["rm", "7"], tmp_path) == 2
    assert "no run '7' in 'runs'" in capfd.readouterr().err
    assert ask(["ls", "models"], tmp_path) and ask(["rm", "7"], tmp_path) is None


@pytest.mark.check
def test_an_interrupt_ends_the_tutorial_after_the_command(tmp_path, capfd):
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run_command(["ls", "recipes"], tmp_path)
    assert "book-dense" in capfd.readouterr().out and signal.getsignal(signal.SIGINT) is before
